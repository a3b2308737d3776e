//! Values of options: read from text, and written so that they can be read again.

use std::sync::Arc;

use super::networks::Network;
use super::options::{ForeignWord, Kind, Named, OptionInfo, Word, alternatives, quoted};
use super::requests::{is_authority, is_origin};
use super::secret::Secret;
use super::source::Source;
use crate::Error;
pub(super) use crate::certificate::oid_from_dotted as oid_bytes;
use crate::identity::Rule;
use crate::registry::Registry;
use crate::revocation::ocsp::is_http_url;
use crate::verify::Code;

/// A value that its option takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Word(&'static str),
    Boolean(bool),
    Number(u32),
    /// Object identifiers as dotted text, sorted, each once.
    Purposes(Vec<String>),
    /// Codes in the order of their numbers, each once.
    Reasons(Vec<Code>),
    /// What is taken as it stands.
    Text(String),
    /// The same, several times.
    List(Vec<String>),
    /// Certificates or CRLs.
    Sources(Vec<Source>),
    IdentityRules(Vec<Rule>),
    Registry(Opened),
    Secrets(Vec<Secret>),
    /// Sorted, each once.
    Networks(Vec<Network>),
}

/// A registry, opened once: whoever has a copy of its value shares it. Equal are those of one URL.
#[derive(Clone, Debug)]
pub(super) struct Opened(pub(super) Arc<Registry>);

impl PartialEq for Opened {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.url() == other.0.url()
    }
}

impl Eq for Opened {}

/// A value with what the word that it was given by implies besides.
pub(super) struct Reading {
    pub(super) value: Value,
    pub(super) implies: &'static [(&'static str, &'static str)],
}

impl Reading {
    /// Reads a value as the system means it whose name for the option was used.
    pub(super) fn of(named: Named, text: &str) -> Result<Self, Error> {
        let Named { option, alias } = named;
        let text = text.trim();
        if let Kind::Choice { words, foreign } = &option.kind {
            let own = words.iter().find(|word| same(word.name, text)).filter(|_| alias.is_none());
            if let Some(word) = own {
                return Ok(Self { value: Value::Word(word.name), implies: &[] });
            }
            let spoken = |says: &&ForeignWord| alias.is_none_or(|alias| alias.system == says.system);
            let plain = without_blanks(text);
            return match foreign.iter().filter(spoken).find(|says| same(&without_blanks(says.name), &plain)) {
                Some(says) => Ok(Self { value: Value::Word(says.value), implies: says.implies }),
                None => Err(invalid(option, text, expected_words(words, foreign, alias.map(|alias| alias.system)))),
            };
        }
        let mut value = Value::parse(option, text)?;
        if let (Value::Number(number), Some(alias)) = (&mut value, alias) {
            let Some(less) = number.checked_sub(alias.surplus) else {
                return Err(invalid(
                    option,
                    text,
                    format!("a number that `{}` may have here: 0 would allow no CA at all", alias.name),
                ));
            };
            *number = less;
        }
        Ok(Self { value, implies: &[] })
    }
}

impl Value {
    /// Reads a value in the option's own words.
    pub(super) fn parse(option: &'static OptionInfo, text: &str) -> Result<Self, Error> {
        let refuse = |expected: String| Err(invalid(option, text, expected));
        match &option.kind {
            Kind::Choice { words, .. } => match words.iter().find(|word| same(word.name, text)) {
                Some(word) => Ok(Self::Word(word.name)),
                None => refuse(alternatives(words)),
            },
            Kind::Boolean => match text {
                _ if ["true", "on", "yes"].iter().any(|word| same(word, text)) => Ok(Self::Boolean(true)),
                _ if ["false", "off", "no"].iter().any(|word| same(word, text)) => Ok(Self::Boolean(false)),
                _ => refuse("true or false".into()),
            },
            Kind::Number { minimum, maximum, .. } => match number(text) {
                Some(number) if (*minimum..=*maximum).contains(&number) => Ok(Self::Number(number)),
                _ => refuse(format!("a {}", option.type_text())),
            },
            Kind::Purposes(words) => match words.iter().find(|word| same(word.name, text)) {
                Some(word) => Ok(Self::Word(word.name)),
                None => purposes(option, words, text),
            },
            Kind::Reasons => reasons(option, text),
            Kind::WordOrNumber { words, maximum, .. } => match words.iter().find(|word| same(word.name, text)) {
                Some(word) => Ok(Self::Word(word.name)),
                None => match number(text) {
                    Some(number) if number <= *maximum => Ok(Self::Number(number)),
                    _ => refuse(option.type_text()),
                },
            },
            Kind::Url if is_http_url(text) => Ok(Self::Text(text.into())),
            Kind::Url => refuse("a URL such as http://ocsp.example.com/".into()),
            Kind::Words(words) => list_of_words(option, words, text),
            Kind::Origins if is_origin(text) => Ok(Self::List(vec![text.into()])),
            Kind::Origins => refuse(
                "an origin as browsers write it, such as https://app.example.com: no path, and no port that goes without saying".into(),
            ),
            Kind::Host if is_authority(text) => Ok(Self::Text(text.to_ascii_lowercase())),
            Kind::Host => refuse("the name of a host, such as certificates.example.com or certificates.example.com:8443".into()),
            Kind::Certificates | Kind::RevocationLists => Ok(Self::Sources(vec![Source::parse(option, text)?])),
            Kind::Registry => Ok(Self::Registry(Opened(Arc::new(Registry::open(text)?)))),
            Kind::Secrets => Ok(Self::Secrets(vec![Secret::parse(option, text)?])),
            Kind::IdentityRules => match Rule::parse(text) {
                Ok(rule) => Ok(Self::IdentityRules(vec![rule])),
                Err(error) => refuse(format!("a rule: {error}")),
            },
            Kind::Networks => match items(text).map(Network::parse).collect::<Result<Vec<_>, _>>() {
                Ok(networks) if !networks.is_empty() => Ok(Self::Networks(sorted(networks))),
                Ok(_) => refuse("an IP address, a network such as 10.0.0.0/8, or `unix`".into()),
                Err(expected) => refuse(expected),
            },
        }
    }

    /// The value as a policy's identity contains it. Certificates, CRLs and secrets have no part in it.
    pub(super) fn canonical(&self) -> String {
        match self {
            Self::Word(word) => (*word).to_string(),
            Self::Boolean(value) => value.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::List(items) => items.join(","),
            Self::Purposes(oids) => oids.join(","),
            Self::Reasons(codes) => codes.iter().map(|code| code.name()).collect::<Vec<_>>().join(","),
            Self::Sources(_) | Self::Secrets(_) => String::new(),
            // No rule has a line end in it.
            Self::IdentityRules(rules) => rules.iter().map(Rule::text).collect::<Vec<_>>().join("\n"),
            // Where it is: what it holds changes with every key, and is asked again for every resumed session.
            Self::Registry(Opened(registry)) => registry.to_string(),
            Self::Networks(networks) => networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        }
    }

    /// The value in TOML.
    pub(super) fn to_toml(&self) -> String {
        match self {
            Self::Word(word) => string(word),
            Self::Text(text) => string(text),
            Self::List(items) => array(items.iter().map(|item| string(item))),
            Self::Boolean(value) => value.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Purposes(oids) => array(oids.iter().map(|oid| string(oid))),
            Self::Reasons(codes) => array(codes.iter().map(|code| string(code.name()))),
            Self::Registry(Opened(registry)) => string(&registry.url()),
            Self::IdentityRules(rules) => array(rules.iter().map(|rule| string(rule.text()))),
            Self::Secrets(secrets) => array(secrets.iter().map(|secret| string(&secret.text()))),
            Self::Networks(networks) => array(networks.iter().map(|network| string(&network.to_string()))),
            Self::Sources(sources) => array(sources.iter().filter_map(Source::text).map(|text| string(&text))),
        }
    }
}

pub(super) fn invalid(option: &'static OptionInfo, value: &str, expected: String) -> Error {
    Error::InvalidValue { option: option.name, value: quoted(value), expected }
}

pub(super) fn sorted(mut networks: Vec<Network>) -> Vec<Network> {
    networks.sort_unstable();
    networks.dedup();
    networks
}

/// A number in plain digits.
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

fn purposes(option: &'static OptionInfo, words: &[Word], text: &str) -> Result<Value, Error> {
    let mut oids: Vec<String> = items(text).map(str::to_string).collect();
    if oids.is_empty() || !oids.iter().all(|oid| oid_bytes(oid).is_some()) {
        let expected = format!("{}, or a list of object identifiers such as 1.3.6.1.5.5.7.3.2", alternatives(words));
        return Err(invalid(option, text, expected));
    }
    oids.sort();
    oids.dedup();
    Ok(Value::Purposes(oids))
}

/// Words in the order of the table, each once.
fn list_of_words(option: &'static OptionInfo, words: &[Word], text: &str) -> Result<Value, Error> {
    let only_none = items(text).eq(["none"]);
    let given = || items(text).filter(|_| !only_none);
    if let Some(unknown) = given().find(|item| !words.iter().any(|word| same(word.name, item))) {
        return Err(invalid(option, unknown, alternatives(words)));
    }
    let chosen = words.iter().filter(|word| given().any(|item| same(word.name, item)));
    Ok(Value::List(chosen.map(|word| word.name.to_owned()).collect()))
}

fn reasons(option: &'static OptionInfo, text: &str) -> Result<Value, Error> {
    let mut codes = Vec::new();
    for item in items(text) {
        match item {
            "none" if items(text).count() == 1 => {}
            "all" => codes.extend(Code::all().filter(|code| code.is_tolerable())),
            _ => codes.extend(tolerable(option, item)?),
        }
    }
    codes.sort();
    codes.dedup();
    Ok(Value::Reasons(codes))
}

/// The reasons of a name. An OpenSSL name stands for several; those that can be tolerated are meant.
fn tolerable(option: &'static OptionInfo, name: &str) -> Result<Vec<Code>, Error> {
    let named = Code::named(name);
    let tolerable: Vec<Code> = named.iter().copied().filter(|code| code.is_tolerable()).collect();
    match named.first() {
        Some(code) if tolerable.is_empty() => {
            Err(invalid(option, name, format!("a reason that can be tolerated, because it means that {}", code.text())))
        }
        Some(_) => Ok(tolerable),
        None => {
            let scored = Code::all().map(|code| (strsim::normalized_damerau_levenshtein(code.name(), name), code));
            let nearest = scored.filter(|(score, _)| *score >= 0.6).max_by(|a, b| a.0.total_cmp(&b.0));
            let hint = nearest.map(|(_, code)| format!(", did you mean '{code}'?")).unwrap_or_default();
            Err(invalid(option, name, format!("the name or X509_V_ERR number of a reason{hint}")))
        }
    }
}

fn expected_words(words: &[Word], foreign: &[ForeignWord], system: Option<super::System>) -> String {
    let Some(system) = system else { return alternatives(words) };
    let known: Vec<&str> = foreign.iter().filter(|says| says.system == system).map(|says| says.name).collect();
    format!("one of {}'s words: {}", system.name(), known.join(", "))
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

fn same(known: &str, given: &str) -> bool {
    known.eq_ignore_ascii_case(given)
}

fn string(text: &str) -> String {
    toml::Value::String(text.to_string()).to_string()
}

fn array(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::options::find;

    fn read(name: &str, text: &str) -> Result<Reading, String> {
        Reading::of(find(name).expect(name), text).map_err(|error| error.to_string())
    }

    fn canonical(name: &str, text: &str) -> Result<String, String> {
        read(name, text).map(|reading| reading.value.canonical())
    }

    #[test]
    fn foreign_words_mean_what_they_mean_there() {
        let implied = |name: &str, text: &str| {
            let reading = read(name, text).expect(text);
            (reading.value.canonical(), reading.implies.first().map(|(_, value)| *value))
        };
        assert_eq!(implied("mode", "optional"), ("optional".into(), None));
        assert_eq!(implied("mode", "on"), ("require".into(), Some("request")));
        assert_eq!(implied("ssl_verify_client", "optional"), ("optional".into(), Some("request")));
        assert_eq!(implied("SSLVerifyClient", "optional"), ("optional".into(), Some("handshake")));
        assert_eq!(implied("SSLVerifyClient", "Require"), ("require".into(), Some("handshake")));
        assert_eq!(implied("verify", "required"), ("require".into(), Some("handshake")));
        assert_eq!(implied("mode", "RequestClientCert"), ("request_any".into(), Some("handshake")));
        let both = "SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT";
        assert_eq!(implied("mode", both), ("require".into(), Some("handshake")));
    }

    #[test]
    fn an_alias_takes_the_words_of_its_system_alone() {
        let error = canonical("ssl_verify_client", "require").expect_err("Apache's word");
        assert!(error.contains("'mode'") && error.contains("nginx") && error.contains("optional_no_ca"), "{error}");
        assert!(canonical("SSLVerifyClient", "on").is_err());
    }

    #[test]
    fn apache_counts_one_more() {
        assert_eq!(canonical("ssl_verify_depth", "1"), Ok("1".into()));
        assert_eq!(canonical("SSLVerifyDepth", "1"), Ok("0".into()));
        assert!(canonical("SSLVerifyDepth", "0").expect_err("no CA").contains("SSLVerifyDepth"));
    }

    #[test]
    fn numbers_are_plain_and_within_their_range() {
        assert_eq!(canonical("depth", " 7 "), Ok("7".into()));
        for bad in ["", "-1", "+1", "256", "1.0", "0x1", "4294967296", "1 0", "ten", "１"] {
            let error = canonical("depth", bad).expect_err(bad);
            assert!(error.contains("'depth'") && error.contains("from 0 to 255"), "{error}");
        }
    }

    #[test]
    fn object_identifiers_are_encoded() {
        assert_eq!(oid_bytes("1.3.6.1.5.5.7.3.2").as_deref(), Some(&[0x2b, 6, 1, 5, 5, 7, 3, 2][..]));
        assert_eq!(oid_bytes("2.999.3").as_deref(), Some(&[0x88, 0x37, 3][..]));
        assert_eq!(oid_bytes("1.2.840.0").as_deref(), Some(&[0x2a, 0x86, 0x48, 0][..]));
        for bad in ["", "1", "1.", ".1", "3.1", "1.40", "1.2.03", "1.2.-3", "1.2.18446744073709551616", "a.b"] {
            assert_eq!(oid_bytes(bad), None, "{bad}");
        }
    }

    #[test]
    fn purposes_are_a_word_or_identifiers() {
        assert_eq!(canonical("eku", "any"), Ok("any".into()));
        assert_eq!(
            canonical("eku", "1.3.6.1.5.5.7.3.4, 1.3.6.1.5.5.7.3.2"),
            Ok("1.3.6.1.5.5.7.3.2,1.3.6.1.5.5.7.3.4".into())
        );
        for bad in ["", ",", "client_auth,any", "clientauth", "1.3.6.1.5.5.7.3.2,any"] {
            assert!(canonical("eku", bad).expect_err(bad).contains("client_auth_required"));
        }
    }

    #[test]
    fn reasons_have_openssl_names_too() {
        assert_eq!(canonical("tolerate", "none"), Ok(String::new()));
        assert_eq!(canonical("tolerate", "certificate_expired"), Ok("certificate_expired".into()));
        assert_eq!(
            canonical("tolerate", "10, X509_V_ERR_CERT_NOT_YET_VALID"),
            Ok("certificate_not_yet_valid,certificate_expired".into())
        );
        assert_eq!(canonical("tolerate", "20"), Ok("issuer_unknown,search_exhausted".into()));
    }

    #[test]
    fn what_can_never_be_tolerated_is_refused_with_its_cause() {
        for code in Code::all().filter(|code| !code.is_tolerable()) {
            let error = canonical("tolerate", code.name()).expect_err(code.name());
            assert!(error.contains(code.name()) && error.contains(code.text()), "{error}");
        }
        assert!(canonical("tolerate", "X509_V_ERR_CERT_REVOKED").expect_err("revoked").contains("was revoked"));
        assert!(canonical("tolerate", "certificate_expird").expect_err("misspelt").contains("'certificate_expired'"));
        assert!(canonical("tolerate", "none,self_signed").is_err());
        let all = canonical("tolerate", "all").expect("all");
        let all: Vec<&str> = all.split(',').collect();
        assert!(all.contains(&"certificate_expired") && !all.contains(&"signature_invalid"));
    }
}
