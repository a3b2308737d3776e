//! The command line: its commands, and an argument for every option of the library.

use std::path::PathBuf;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, ArgAction, ArgGroup, Command, ValueHint, value_parser};
use clientcert::policy::{Kind, OptionInfo, Word, options};
use clientcert::verify::Code;

use crate::{crl, fingerprint, generate, moment, ocsp};

const STATUS: &str = "\
Exit status:
  0  the outcome is SUCCESS
  1  it is NONE or FAILED, whether or not the connection would be accepted
  2  the tool could not run: an argument, option or file is not usable; standard error says which

A certificate is public. Outside of a TLS handshake, which proves that the client holds its key, SUCCESS says only that
the certificate is good.";

const EXPLAIN_STATUS: &str = "\
Exit status:
  0  the certificate stands for a user
  1  it does not: it is not accepted, or nothing names a user
  2  the tool could not run: an argument, option or file is not usable; standard error says which";

const IMPORT_STATUS: &str = "\
Exit status:
  0  every line became a rule
  2  a line has no equivalent, or a file could not be read; standard error says what and where";

const CHECK_STATUS: &str = "\
Exit status:
  0  there is nothing to say
  1  there are warnings: what fails open, is weak, has no effect, or expires within 30 days
  2  no policy can be made of it: something is missing, misspelt, contradictory or unreadable";

const INPUT_STATUS: &str = "\
Exit status:
  0  everything was read
  2  something is no certificate, or could not be read; standard error says what and where";

const CRL_INPUT_STATUS: &str = "\
Exit status:
  0  everything was read
  2  something is no CRL, or could not be read; standard error says what and where";

const CRL_CHECK_STATUS: &str = "\
Exit status:
  0  none of the CRLs lists the certificate
  1  one of them does
  2  something could not be read, or none of the CRLs can be about the certificate; standard error says what

A CRL is looked at as it is: whether its issuer signed it, whether it is fresh and whether it covers the certificate is what
`clientcert verify --crl` says.";

const OCSP_STATUS: &str = "\
Exit status:
  0  the answer counts, and says that the certificate is good
  1  the certificate is revoked or not known to the responder, or the answer does not count
  2  nobody could be asked; standard error says why

An answer is about revocation alone: whether the certificate is valid and its issuer trusted is what `clientcert verify` says.";

/// The whole command line.
pub fn command() -> Command {
    Command::new("clientcert")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Decides who a TLS client is according to its certificate")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([verify(), explain(), identity(), inspect(), fingerprint(), crl_command(), ocsp_command()])
        .subcommands([crate::users::command(), check(), options_command(), generate()])
}

fn verify() -> Command {
    Command::new("verify")
        .about("Judge a client by the certificates that it presented")
        .long_about(
            "Judge a client by the certificates that it presented, leaf first. Empty input is a client that presented none. \
             Every option of the library is an argument; each is described by `clientcert options NAME`.",
        )
        .after_help(STATUS)
        .arg(files("The certificates, leaf first, PEM or DER; several files are one chain; `-` is standard input"))
        .args([time("when to judge, instead of now"), json("The whole verdict as JSON, as docs/json.md describes it")])
        .args(settings())
}

fn explain() -> Command {
    Command::new("explain")
        .about("Show which user a certificate stands for, and why")
        .long_about(
            "Show which user a certificate stands for, and why: every identity rule, what it sees in the certificate, what \
             comes of it, and which of them decides.",
        )
        .after_help(EXPLAIN_STATUS)
        .arg(files("The certificates, leaf first, PEM or DER; several files are one chain; `-` is standard input"))
        .args([time("when to judge, instead of now"), json("The result as JSON, as docs/identity.md describes it")])
        .args(settings())
}

fn identity() -> Command {
    let import = Command::new("import")
        .about("Turn rules of other systems into values of the option `identity`")
        .long_about(
            "Turn rules of other systems into values of the option `identity`, as TOML. Of Active Directory: lines of a \
             user, white space, and one of the user's altSecurityIdentities. Of SSSD: lines of a matching rule, a tab, and a \
             mapping rule. What has no equivalent is an error, and nothing is written then.",
        )
        .after_help(IMPORT_STATUS)
        .arg(
            Arg::new("from")
                .long("from")
                .value_name("SYSTEM")
                .required(true)
                .value_parser(["active-directory", "sssd"])
                .help("Whose rules they are"),
        )
        .arg(files("The rules, one a line; lines that begin with # are skipped; `-` is standard input"));
    Command::new("identity")
        .about("Work with identity rules")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(import)
}

fn inspect() -> Command {
    Command::new("inspect")
        .about("Show everything that is in a certificate")
        .after_help(INPUT_STATUS)
        .arg(files("Certificates, PEM or DER; `-` is standard input"))
        .args([
            time("from when to count the days left, instead of now"),
            json("A JSON array, as docs/json.md describes it"),
        ])
}

fn fingerprint() -> Command {
    Command::new("fingerprint")
        .about("Print what names a certificate: digests of it and of its key")
        .long_about(
            "Print what names a certificate: digests of it and of its key. One line each: the kind, the value, and the file \
             with the place of the certificate in it, separated by tabs.",
        )
        .after_help(INPUT_STATUS)
        .arg(files("Certificates, PEM or DER; `-` is standard input"))
        .arg(
            Arg::new("kind")
                .long("kind")
                .value_name("KIND")
                .value_parser(fingerprint::KINDS.map(|(name, help)| PossibleValue::new(name).help(help)).to_vec())
                .help("Only this kind, and its value alone on each line"),
        )
}

fn check() -> Command {
    Command::new("check")
        .about("Look for what is missing, fails open or expires soon in a configuration")
        .after_help(CHECK_STATUS)
        .args([
            time("when certificates must be valid, instead of now"),
            json("The result as JSON, as docs/json.md describes it"),
        ])
        .args(settings())
}

fn crl_command() -> Command {
    let crls = || {
        Arg::new("files")
            .value_name("FILE")
            .required(true)
            .num_args(1..)
            .value_parser(value_parser!(PathBuf))
            .value_hint(ValueHint::FilePath)
            .help("CRLs, PEM or DER, several in a file; `-` is standard input")
    };
    let inspect = Command::new("inspect")
        .about(
            "Show what CRLs say of themselves: issuer, numbers, dates, scope, and how many entries in how much memory",
        )
        .after_help(CRL_INPUT_STATUS)
        .args([crls(), json("A JSON array, as docs/json.md describes it")]);
    let check = Command::new("check")
        .about("Look a certificate up in CRLs")
        .after_help(CRL_CHECK_STATUS)
        .arg(crls())
        .arg(
            Arg::new("serial")
                .long("serial")
                .value_name("HEX")
                .allow_hyphen_values(true)
                .value_parser(crl::parse_serial)
                .help("The serial number of a certificate by the issuer of each CRL"),
        )
        .arg(
            Arg::new("certificate")
                .long("certificate")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .value_hint(ValueHint::FilePath)
                .help("The certificate, PEM or DER: the first in the file; CRLs that are not about its issuer are left out"),
        )
        .group(ArgGroup::new("wanted").args(["serial", "certificate"]).required(true))
        .arg(json("A JSON array, as docs/json.md describes it"));
    Command::new("crl")
        .about("Look into certificate revocation lists")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([inspect, check])
}

fn ocsp_command() -> Command {
    let file = |id: &'static str| {
        Arg::new(id).required(true).value_parser(value_parser!(PathBuf)).value_hint(ValueHint::FilePath)
    };
    Command::new("ocsp")
        .about("Ask an OCSP responder whether a certificate was revoked")
        .after_help(OCSP_STATUS)
        .arg(
            file("certificate")
                .value_name("FILE")
                .help("The certificate in question, PEM or DER: the first in the file"),
        )
        .arg(file("issuer").long("issuer").value_name("FILE").help("The certificate of the CA that issued it"))
        .arg(
            Arg::new("url")
                .long("url")
                .value_name("URL")
                .value_hint(ValueHint::Url)
                .help("Whom to ask, by http, instead of the responders that the certificate names"),
        )
        .arg(
            Arg::new("response")
                .long("response")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .value_hint(ValueHint::FilePath)
                .conflicts_with_all(["url", "get", "nonce", "hash", "timeout"])
                .help("Judge this response, DER, and ask nobody"),
        )
        .arg(
            Arg::new("get")
                .long("get")
                .action(ArgAction::SetTrue)
                .help("Ask by GET, which caches like, instead of POST"),
        )
        .arg(
            Arg::new("nonce")
                .long("nonce")
                .action(ArgAction::SetTrue)
                .help("Send a nonce, which the answer must repeat; responders that answer from a store do not"),
        )
        .arg(
            Arg::new("hash")
                .long("hash")
                .value_name("DIGEST")
                .default_value(ocsp::HASHES[0])
                .value_parser(ocsp::HASHES)
                .help("By what the question names the issuer; not every responder knows more than the first"),
        )
        .arg(
            seconds("timeout", "How long all of it may take")
                .default_value("10")
                .value_parser(value_parser!(u32).range(1..)),
        )
        .arg(seconds("skew", "By how much the responder's clock may differ").default_value("300"))
        .arg(seconds("max-age", "How old an answer may be, also before its nextUpdate; 300 where it has none"))
        .arg(
            Arg::new("max-size")
                .long("max-size")
                .value_name("BYTES")
                .default_value("65536")
                .value_parser(value_parser!(u32))
                .help("How long a response may be"),
        )
        .args([
            time("when the answer must count, instead of now"),
            json("The result as JSON, as docs/json.md describes it"),
        ])
}

fn seconds(id: &'static str, help: &'static str) -> Arg {
    Arg::new(id).long(id).value_name("SECONDS").value_parser(value_parser!(i64).range(0..=4_000_000_000)).help(help)
}

fn options_command() -> Command {
    let names = options().iter().map(|option| PossibleValue::new(option.name));
    Command::new("options")
        .about("List the options, or describe one")
        .arg(
            Arg::new("name")
                .value_name("NAME")
                .value_parser(Known(names.collect()))
                .hide_possible_values(true)
                .help("An option's name, or another system's name for it"),
        )
        .arg(
            Arg::new("markdown")
                .long("markdown")
                .action(ArgAction::SetTrue)
                .conflicts_with("name")
                .help("The whole reference as Markdown"),
        )
}

fn generate() -> Command {
    Command::new("generate")
        .about("Write man pages or shell completions, for packagers")
        .hide(true)
        .arg(Arg::new("what").required(true).value_name("WHAT").value_parser(generate::KINDS))
        .arg(
            Arg::new("folder")
                .required(true)
                .value_name("FOLDER")
                .value_parser(value_parser!(PathBuf))
                .value_hint(ValueHint::DirPath)
                .help("Where man1/ goes, or the data directory (share/) that shells look into"),
        )
}

fn files(help: &'static str) -> Arg {
    Arg::new("files")
        .value_name("FILE")
        .num_args(0..)
        .value_parser(value_parser!(PathBuf))
        .value_hint(ValueHint::FilePath)
        .default_value("-")
        .hide_default_value(true)
        .help(format!("{help}, which is also read where no file is given"))
}

fn json(help: &'static str) -> Arg {
    Arg::new("json").long("json").action(ArgAction::SetTrue).help(help)
}

fn time(help: &str) -> Arg {
    Arg::new("time")
        .long("time")
        .value_name("TIME")
        .allow_negative_numbers(true)
        .value_parser(moment::parse)
        .help(format!("Unix seconds or RFC 3339 (2026-11-21T00:00:00Z): {help}"))
}

/// `--config`, and an argument for each option.
fn settings() -> Vec<Arg> {
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .value_hint(ValueHint::FilePath)
        .help("Options from a TOML file; those on the command line count more, except that --ca, --crl, --crl_issuer and --identity add to it");
    std::iter::once(config).chain(options().iter().map(option)).collect()
}

fn option(option: &'static OptionInfo) -> Arg {
    let arg = Arg::new(option.name)
        .long(option.name)
        .help_heading("Options of the library")
        .help(help(option))
        .long_help(format!("{}\n[takes: {}]", help(option), option.type_text()))
        .hide_possible_values(true);
    let arg = match option.name.contains('_') {
        true => arg.alias(option.name.replace('_', "-")),
        false => arg,
    };
    match &option.kind {
        Kind::Choice { words, .. } => arg.value_name("WORD").value_parser(Known::words(words)),
        Kind::Boolean => arg.value_name("BOOL").value_parser(Known(["true", "false"].map(PossibleValue::new).into())),
        Kind::Number { .. } => arg.value_name("NUMBER").allow_negative_numbers(true),
        Kind::Purposes(words) => arg.value_name("PURPOSES").action(ArgAction::Append).value_parser(Known::words(words)),
        Kind::Reasons => arg.value_name("REASONS").action(ArgAction::Append).value_parser(Known::reasons()),
        Kind::WordOrNumber { words, .. } => arg.value_name("WORD|NUMBER").value_parser(Known::words(words)),
        Kind::Registry => arg.value_name("URL"),
        Kind::Url => arg.value_name("URL").value_hint(ValueHint::Url),
        Kind::Secrets => arg.value_name("FILE").value_hint(ValueHint::FilePath).action(ArgAction::Append),
        Kind::IdentityRules => arg.value_name("RULE").action(ArgAction::Append),
        Kind::Certificates | Kind::RevocationLists => {
            arg.value_name("PATH").action(ArgAction::Append).value_hint(ValueHint::AnyPath)
        }
        _ => arg,
    }
}

fn help(option: &OptionInfo) -> String {
    let help = option.help.replace('`', "'");
    match option.default {
        "" => help,
        default => format!("{help} [default: {default}]"),
    }
}

/// Values that shells complete. Others are taken too, for the library to judge: it knows the words of other systems.
#[derive(Clone)]
struct Known(Vec<PossibleValue>);

impl Known {
    fn words(words: &'static [Word]) -> Self {
        Self(words.iter().map(|word| PossibleValue::new(word.name).help(word.help)).collect())
    }

    fn reasons() -> Self {
        let names = Code::all().filter(|code| code.is_tolerable()).map(Code::name);
        Self(["none", "all"].into_iter().chain(names).map(PossibleValue::new).collect())
    }
}

impl TypedValueParser for Known {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Self::Value, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().cloned()))
    }
}
