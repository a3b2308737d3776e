//! `clientcert users`: which key belongs to whom, and the verbs that change it.

use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};
use clientcert::certificate::{Certificate, OwnedCertificate};
use clientcert::identity::{Charset, Client, Rule, Rules};
use clientcert::registry::{
    AuditRecord, Form, Known, NoKey, RegisteredKey, Registration, Registry, from_folder, from_jwks, from_text,
    one_certificate, user_of_path,
};
use serde_json::Value;

use crate::print::Fields;
use crate::{Failure, Found, input, moment, print, settings};

const STATUS: &str = "\
Exit status:
  0  it was done; there is something to show
  1  there is no such registration; for `expiring`: something ends soon
  2  it was not done, and nothing has changed; standard error says why";

/// The commands and their arguments.
pub fn command() -> Command {
    let enrol = Command::new("enrol")
        .about("Register a key to a user, by a certificate or by its fingerprint")
        .arg(Arg::new("user").required(true).value_name("USER").help("Whose the key is"))
        .arg(
            Arg::new("key")
                .required(true)
                .value_name("KEY")
                .help("A file with one certificate, or a fingerprint: spki:sha256:… or cert:sha256:…"),
        )
        .args([by(), text("label", "TEXT", "What the user calls the key")])
        .args([
            moment_argument("not-before", "when it begins to count"),
            moment_argument("not-after", "when it counts for the last time"),
            text("ca", "KEY", "The CA that its certificate must lead to: a file with its certificate, or sha256:…"),
            flag("disabled", "It does not count until it is enabled"),
            flag("no-manage", "Whoever logs in with it may not change the user's keys"),
        ]);
    let list = Command::new("list")
        .about("List the keys of a user, or of all users")
        .arg(Arg::new("user").value_name("USER").help("Only this user's"));
    let import = Command::new("import")
        .about("Register many keys at once, all or none")
        .arg(Arg::new("path").required(true).value_name("PATH").value_hint(ValueHint::AnyPath).value_parser(value_parser!(PathBuf)).help(
            "A text in the form of a file: registry, a JWK set, or a folder of certificates: USER.pem and USER/LABEL.pem",
        ))
        .args([by(), text("user", "USER", "Whose the keys of a JWK set are")])
        .args([
            text("identity", "RULE", "Name the users of a folder's certificates by this identity rule, not by their files"),
            flag("skip-known", "Pass over keys that are registered to the same user already"),
        ]);
    let export = Command::new("export").about("Write all registrations in the form of a file: registry, or as JSON");
    let expiring = Command::new("expiring").about("List what ends soon, with the days that are left").arg(
        Arg::new("days")
            .long("days")
            .value_name("NUMBER")
            .default_value("30")
            .value_parser(value_parser!(u32))
            .help("How soon"),
    );
    let of_key = |name: &'static str, about: &'static str| Command::new(name).about(about).arg(key());
    Command::new("users")
        .about("List and change which key belongs to which user")
        .after_help(STATUS)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .args([
            text("registry", "URL", "Where they are kept: file:PATH, sqlite:PATH or postgres://…").global(true),
            Arg::new("config")
                .long("config")
                .global(true)
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .value_hint(ValueHint::FilePath)
                .help("The option 'registry' of this TOML file says where"),
            text("actor", "NAME", "Who does it, for the audit record; otherwise whoever is logged in").global(true),
            flag("json", "JSON, as docs/registry.md describes it").global(true),
        ])
        .subcommands([enrol, list, of_key("show", "Show everything about a key")])
        .subcommands([
            of_key("disable", "Let a key not count until it is enabled again"),
            of_key("enable", "Let a disabled key count again"),
            of_key("remove", "Take a registration away; the key may then be registered anew"),
            of_key("revoke", "Let a key never count again: it can be neither enabled nor removed nor registered anew"),
            of_key("rename", "Give a key another label")
                .arg(Arg::new("label").required(true).value_name("LABEL").help("What it is called from now on")),
            Command::new("rename-user")
                .about("Give all keys of a user to another name, which has none yet")
                .arg(Arg::new("user").required(true).value_name("USER").help("Whose they are"))
                .arg(Arg::new("name").required(true).value_name("NAME").help("Whose they are from now on")),
        ])
        .subcommands([import, export, expiring])
}

pub fn run(matches: &ArgMatches) -> Result<Found, Failure> {
    let Some((name, matches)) = matches.subcommand() else { return Err(Failure("no command".into())) };
    let registry = registry(matches)?;
    let actor = matches.get_one::<String>("actor").cloned().unwrap_or_else(whoever);
    let editor = registry.editor(&actor);
    let text = |argument: &str| matches.get_one::<String>(argument).map_or("", String::as_str);
    let records = match name {
        "list" => return list(matches, &registry.list(matches.get_one::<String>("user").map(String::as_str))?),
        "show" => return show(matches, &registry),
        "export" => return export(matches, &registry),
        "expiring" => return expiring(matches, &registry),
        "enrol" => {
            let (registration, certificate) = registration(matches)?;
            vec![match certificate {
                Some(certificate) => editor.enrol_certificate(&certificate.view(), &registration)?,
                None => editor.enrol(&registration)?,
            }]
        }
        "import" => {
            let known = if matches.get_flag("skip-known") { Known::Skip } else { Known::Refuse };
            editor.import(&imported(matches)?, known)?
        }
        "rename-user" => editor.rename_user(text("user"), text("name"))?,
        _ => {
            let key = registered_key(&registry, text("key"))?;
            vec![match name {
                "disable" => editor.disable(&key)?,
                "enable" => editor.enable(&key)?,
                "remove" => editor.remove(&key)?,
                "revoke" => editor.revoke(&key)?,
                "rename" => editor.rename(&key, text("label"))?,
                _ => return Err(Failure("no command".into())),
            }]
        }
    };
    changed(matches, &records)
}

/// The registry that the arguments name.
fn registry(matches: &ArgMatches) -> Result<Registry, Failure> {
    if let Some(url) = matches.get_one::<String>("registry") {
        return Ok(Registry::open(url)?);
    }
    let Some(file) = matches.get_one::<PathBuf>("config") else {
        return Err(Failure("say where the registrations are kept: --registry URL, or --config FILE".into()));
    };
    let config = settings::of_file(file)?;
    let url = config.registry().map(|registry| registry.url());
    url.map_or_else(
        || Err(Failure(format!("--config {}: the option 'registry' is not set", file.display()))),
        |url| Ok(Registry::open(&url)?),
    )
}

/// Who is logged in, also where that is somebody who became root. It proves nothing: the audit record says what was said.
fn whoever() -> String {
    let named = ["SUDO_USER", "DOAS_USER", "LOGNAME", "USER"].iter().find_map(|name| std::env::var(name).ok());
    named.filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

fn changed(matches: &ArgMatches, records: &[AuditRecord]) -> Result<Found, Failure> {
    match matches.get_flag("json") {
        true => print::json(&records.iter().map(AuditRecord::to_json).collect::<Value>())?,
        false => {
            let lines = records.iter().map(|record| {
                let detail = record.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
                let line = format!("{} {} {}{detail}", record.action.name(), record.user, record.key);
                print::one_line(&line) + "\n"
            });
            print::out(&lines.collect::<String>())?;
        }
    }
    Ok(Found::Good)
}

fn list(matches: &ArgMatches, all: &[Registration]) -> Result<Found, Failure> {
    match matches.get_flag("json") {
        true => print::json(&all.iter().map(Registration::to_json).collect::<Value>())?,
        false => {
            let now = moment::now();
            let lines = all.iter().map(|one| {
                let standing = standing(one, now);
                format!("{}\t{}\t{standing}\t{}\n", print::one_line(&one.user), one.key, print::one_line(&one.label))
            });
            print::out(&lines.collect::<String>())?;
        }
    }
    Ok(if all.is_empty() { Found::Bad } else { Found::Good })
}

fn show(matches: &ArgMatches, registry: &Registry) -> Result<Found, Failure> {
    let key = matches.get_one::<String>("key").map_or("", String::as_str);
    let Some(one) = registry.find(&registered_key(registry, key)?)? else {
        print::error("this key is not registered");
        return Ok(Found::Bad);
    };
    if matches.get_flag("json") {
        print::json(&one.to_json())?;
        return Ok(Found::Good);
    }
    let mut fields = Fields::default();
    fields.add("user", &one.user);
    fields.add("key", one.key.to_string());
    fields.add("label", &one.label);
    fields.add("standing", standing(&one, moment::now()));
    let created = Some(one.created).filter(|created| *created != 0);
    for (name, moment) in [
        ("created", created),
        ("not before", one.not_before),
        ("not after", one.not_after),
        ("revoked", one.revoked),
        ("last used", one.last_used),
    ] {
        if let Some(moment) = moment {
            fields.add(name, moment::format(moment));
        }
    }
    if one.no_manage {
        fields.add("no-manage", "whoever logs in with it may not change the user's keys");
    }
    if let Some(ca) = one.ca {
        fields.add("CA", format!("sha256:{}", print::hex(&ca)));
    }
    print::out(&fields.text())?;
    Ok(Found::Good)
}

fn export(matches: &ArgMatches, registry: &Registry) -> Result<Found, Failure> {
    match matches.get_flag("json") {
        true => print::json(&registry.list(None)?.iter().map(Registration::to_json).collect::<Value>())?,
        false => print::out(&registry.export_text()?)?,
    }
    Ok(Found::Good)
}

fn expiring(matches: &ArgMatches, registry: &Registry) -> Result<Found, Failure> {
    let days = matches.get_one::<u32>("days").copied().unwrap_or(30);
    let all = registry.expiring(days, moment::now())?;
    match matches.get_flag("json") {
        true => print::json(
            &all.iter()
                .map(|(one, left)| {
                    let mut object = one.to_json();
                    object["days_left"] = (*left).into();
                    object
                })
                .collect::<Value>(),
        )?,
        false => {
            let lines = all.iter().map(|(one, left)| {
                format!("{left}\t{}\t{}\t{}\n", print::one_line(&one.user), one.key, print::one_line(&one.label))
            });
            print::out(&lines.collect::<String>())?;
        }
    }
    Ok(if all.is_empty() { Found::Good } else { Found::Bad })
}

/// One word for whether a registration counts.
fn standing(one: &Registration, now: i64) -> &'static str {
    one.view().standing(now, 0).name()
}

/// What `enrol` registers, and the certificate where there is one.
fn registration(matches: &ArgMatches) -> Result<(Registration, Option<OwnedCertificate>), Failure> {
    let text = |argument: &str| matches.get_one::<String>(argument).map_or("", String::as_str);
    let now = moment::now();
    let (mut registration, certificate) = match text("key").parse::<RegisteredKey>() {
        Ok(key) => (Registration::new(text("user"), key, now), None),
        Err(_) => {
            let certificate = certificate(text("key"))?;
            (Registration::of_certificate(text("user"), &certificate.view(), form(matches), now), Some(certificate))
        }
    };
    text("label").clone_into(&mut registration.label);
    let moment = |argument: &str| matches.get_one::<i64>(argument).copied();
    registration.not_before = moment("not-before");
    registration.not_after = moment("not-after").or(registration.not_after);
    registration.disabled = matches.get_flag("disabled");
    registration.no_manage = matches.get_flag("no-manage");
    if let Some(ca) = matches.get_one::<String>("ca") {
        registration.ca = Some(match format!("spki:{ca}").parse::<RegisteredKey>() {
            Ok(key) => *key.digest(),
            Err(_) => certificate_of_ca(ca)?,
        });
    }
    Ok((registration, certificate))
}

fn certificate_of_ca(path: &str) -> Result<[u8; 32], Failure> {
    Ok(certificate(path)?.view().spki_sha256())
}

/// The one certificate of a file.
fn certificate(path: &str) -> Result<OwnedCertificate, Failure> {
    // Whoever misspells a fingerprint means no file.
    if path.starts_with("spki:") || path.starts_with("cert:") {
        return Err(Failure(format!("'{path}' {NoKey}")));
    }
    let (file, bytes) = input::file(Path::new(path))?;
    Ok(one_certificate(&bytes, &file)?)
}

/// A key as it was given: a fingerprint, or a file with a certificate that is registered in one form or the other.
fn registered_key(registry: &Registry, text: &str) -> Result<RegisteredKey, Failure> {
    if let Ok(key) = text.parse() {
        return Ok(key);
    }
    let certificate = certificate(text)?;
    let itself = RegisteredKey::certificate_of(&certificate.view());
    match registry.find(&itself)? {
        Some(_) => Ok(itself),
        None => Ok(RegisteredKey::spki_of(&certificate.view())),
    }
}

/// What `import` registers.
fn imported(matches: &ArgMatches) -> Result<Vec<Registration>, Failure> {
    let path = matches.get_one::<PathBuf>("path").map_or(Path::new(""), PathBuf::as_path);
    let rule = matches.get_one::<String>("identity").map(|rule| Rule::parse(rule)).transpose()?;
    let rules = rule.map(|rule| Rules::new(vec![rule], false, true, Charset::Printable));
    if path.is_dir() {
        let user = |path: &Path, certificate: &Certificate<'_>| match &rules {
            Some(rules) => named(rules, certificate),
            None => user_of_path(path),
        };
        return Ok(from_folder(path, form(matches), moment::now(), &user)?);
    }
    let (place, bytes) = input::file(path)?;
    match matches.get_one::<String>("user") {
        Some(user) => Ok(from_jwks(&bytes, &place, user, moment::now())?),
        None if bytes.trim_ascii_start().starts_with(b"{") => {
            Err(Failure(format!("{place}: a JWK set does not say whose its keys are: --user USER")))
        }
        None => Ok(from_text(&bytes, &place, path.parent())?),
    }
}

/// Whom a rule says that a certificate stands for: here it is the administrator who vouches for it.
fn named(rules: &Rules, certificate: &Certificate<'_>) -> Result<(String, String), String> {
    let client = Client { leaf: *certificate, issuers: Some(&[]), registered: None, both: false };
    match rules.map(&client) {
        Ok(Some(mapping)) => Ok((mapping.user.into(), String::new())),
        Ok(None) => Err("the rule names nobody".to_owned()),
        Err(refusal) => Err(refusal.to_string()),
    }
}

fn form(matches: &ArgMatches) -> Form {
    match matches.get_one::<String>("by").map(String::as_str) {
        Some("certificate") => Form::Certificate,
        _ => Form::Spki,
    }
}

fn by() -> Arg {
    Arg::new("by")
        .long("by")
        .value_name("WHAT")
        .default_value("spki")
        .value_parser([
            PossibleValue::new("spki").help("Its key, which survives a renewal of the certificate"),
            PossibleValue::new("certificate").help("The certificate itself, until it expires"),
        ])
        .help("What of a certificate is registered")
}

fn key() -> Arg {
    let help = "A fingerprint (spki:sha256:… or cert:sha256:…), or a file with the certificate";
    Arg::new("key").required(true).value_name("KEY").help(help)
}

fn text(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help)
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

fn moment_argument(name: &'static str, help: &str) -> Arg {
    let help = format!("Unix seconds or RFC 3339 (2026-11-21T00:00:00Z): {help}");
    Arg::new(name).long(name).value_name("TIME").value_parser(moment::parse).help(help)
}
