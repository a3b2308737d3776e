//! What an option is, and how its name is found.

use super::table::OPTIONS;
use crate::Error;

/// One option: everything that the setter, the TOML files, the dump, the tool and the documentation need to know.
#[derive(Debug)]
#[non_exhaustive]
pub struct OptionInfo {
    /// The name, which is also the key in a TOML file and, with `--` before it, the tool's argument.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Its value where nobody sets it; empty where that is no value at all.
    pub default: &'static str,
    /// One line about it.
    pub help: &'static str,
    /// What one line cannot say, in Markdown; may be empty.
    pub details: &'static str,
    /// Names that other systems have for it.
    pub aliases: &'static [Alias],
    /// Whether it can change a verdict, so that it is part of the policy's identity.
    pub decides: bool,
    pub(super) key: Key,
}

/// What an option takes.
#[derive(Debug)]
#[non_exhaustive]
pub enum Kind {
    /// One of these words, or a word that another system has for one of them.
    Choice {
        /// The words.
        words: &'static [Word],
        /// Other systems' words.
        foreign: &'static [ForeignWord],
    },
    /// `true` or `false`; `on`, `off`, `yes` and `no` are understood.
    Boolean,
    /// A whole number.
    Number {
        /// The least that it takes.
        minimum: u32,
        /// The most that it takes.
        maximum: u32,
        /// What it counts, in the plural.
        unit: &'static str,
    },
    /// One of these words, or a list of dotted object identifiers.
    Purposes(&'static [Word]),
    /// A list of reasons.
    Reasons,
    /// One of these words, or a whole number.
    WordOrNumber {
        /// The words.
        words: &'static [Word],
        /// The most that it takes.
        maximum: u32,
        /// What it counts, in the plural.
        unit: &'static str,
    },
    /// Certificates: a file, folder or pattern, or PEM itself. Every setting adds to those before it.
    Certificates,
    /// CRLs: a file, folder or pattern, or PEM itself. Every setting adds to those before it.
    RevocationLists,
    /// An http or https URL.
    Url,
    /// A list of these words.
    Words(&'static [Word]),
    /// Origins, as browsers write them. Every setting adds one.
    Origins,
    /// The name of a host, with a port where it is not 443.
    Host,
    /// Rules that map a certificate to a user. Every setting adds one.
    IdentityRules,
    /// The URL of a registry of keys.
    Registry,
    /// Secrets: a file, or `hex:` and the secret itself. Every setting adds one.
    Secrets,
    /// IP addresses and networks, and the word `unix`. Every setting adds to those before it.
    Networks,
}

/// A word that an option takes.
#[derive(Debug)]
#[non_exhaustive]
pub struct Word {
    /// The word.
    pub name: &'static str,
    /// What it means.
    pub help: &'static str,
}

/// A word of another system.
#[derive(Debug)]
#[non_exhaustive]
pub struct ForeignWord {
    /// Whose word it is.
    pub system: System,
    /// The word.
    pub name: &'static str,
    /// The word that it stands for here.
    pub value: &'static str,
    /// The options that it sets besides, unless they are set by their own names.
    pub implies: &'static [(&'static str, &'static str)],
}

/// A name that another system has for an option. Values are then read as that system means them.
#[derive(Debug)]
#[non_exhaustive]
pub struct Alias {
    /// Whose name it is.
    pub system: System,
    /// The name.
    pub name: &'static str,
    /// Where the other system's number is larger by this much for the same thing.
    pub surplus: u32,
}

/// Systems whose names and words are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum System {
    Nginx,
    Apache,
    Haproxy,
    OpenSsl,
    Go,
    Java,
    Tomcat,
    Python,
    Iis,
}

impl System {
    /// Its name as people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Apache => "Apache",
            Self::Haproxy => "HAProxy",
            Self::OpenSsl => "OpenSSL",
            Self::Go => "Go",
            Self::Java => "Java",
            Self::Tomcat => "Tomcat",
            Self::Python => "Python",
            Self::Iis => "IIS",
        }
    }
}

/// All options, in the order of the documentation.
pub fn options() -> &'static [OptionInfo] {
    OPTIONS
}

impl OptionInfo {
    /// What it takes, in a few words, such as `off, optional or require` or `number from 0 to 100`.
    pub fn type_text(&self) -> String {
        match &self.kind {
            Kind::Choice { words, .. } => alternatives(words),
            Kind::Boolean => "true or false".into(),
            Kind::Number { minimum, maximum, unit } => format!("number of {unit} from {minimum} to {maximum}"),
            Kind::Purposes(words) => format!("{}, or a list of dotted object identifiers", alternatives(words)),
            Kind::Reasons => "list of reasons, `none` or `all`".into(),
            Kind::WordOrNumber { words, maximum, unit } => {
                format!("{}, or a number of {unit} up to {maximum}", alternatives(words))
            }
            Kind::Certificates => "file, folder or pattern of certificates; repeatable".into(),
            Kind::Url => "http or https URL".into(),
            Kind::Words(words) => format!("list of {}, or none", alternatives(words)),
            Kind::Origins => "origin, such as `https://app.example.com`; repeatable".into(),
            Kind::Host => "host name, with a port where it is not 443".into(),
            Kind::RevocationLists => "file, folder or pattern of CRLs; repeatable".into(),
            Kind::Registry => "URL: `file:PATH`, `sqlite:PATH`, `postgres://…`, `external` or `memory:TEXT`".into(),
            Kind::Secrets => "file of 32 to 1024 bytes, or `hex:` and 64 to 2048 digits; repeatable".into(),
            Kind::IdentityRules => "rule, such as `san.email lower`; repeatable".into(),
            Kind::Networks => "list of IP addresses, networks such as `10.0.0.0/8`, and `unix`; repeatable".into(),
        }
    }

    /// Whether it holds a list, which is an array in a TOML file.
    pub fn is_list(&self) -> bool {
        matches!(self.kind, Kind::Purposes(_) | Kind::Reasons | Kind::Words(_)) || self.is_repeatable()
    }

    /// Whether every setting adds to those before it.
    pub fn is_repeatable(&self) -> bool {
        matches!(
            self.kind,
            Kind::Certificates
                | Kind::RevocationLists
                | Kind::IdentityRules
                | Kind::Secrets
                | Kind::Origins
                | Kind::Networks
        )
    }

    pub(super) fn of(key: Key) -> &'static Self {
        &OPTIONS[key as usize]
    }
}

/// An option as it was named: by its own name, or by another system's.
#[derive(Clone, Copy)]
pub(super) struct Named {
    pub(super) option: &'static OptionInfo,
    pub(super) alias: Option<&'static Alias>,
}

/// Finds an option by its name or another system's, without regard to case and to `-` or `_`.
pub(super) fn find(name: &str) -> Result<Named, Error> {
    let own = OPTIONS.iter().find(|option| same_name(option.name, name));
    if let Some(option) = own {
        return Ok(Named { option, alias: None });
    }
    let mut aliases = OPTIONS.iter().flat_map(|option| option.aliases.iter().map(move |alias| (option, alias)));
    match aliases.find(|(_, alias)| same_name(alias.name, name)) {
        Some((option, alias)) => Ok(Named { option, alias: Some(alias) }),
        None => Err(Error::UnknownOption { name: quoted(name), suggestion: nearest(name) }),
    }
}

/// A value as a message shows it: short, and without bytes that a terminal or log would act on.
pub(super) fn quoted(value: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown: String = value.chars().take(LONGEST).collect::<String>().escape_debug().to_string();
    if value.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// `a, b or c`
pub(super) fn alternatives(words: &[Word]) -> String {
    let names: Vec<&str> = words.iter().map(|word| word.name).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_string(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// The options in the order of the table; each is the index of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
pub(super) enum Key {
    Mode,
    Enforcement,
    Trust,
    Ca,
    CaHints,
    Tolerate,
    Eku,
    Depth,
    MinRsaBits,
    MinEcBits,
    Sha1,
    TimeSkew,
    Crl,
    CrlCheck,
    CrlMissing,
    CrlExpired,
    CrlIssuer,
    Ocsp,
    OcspMissing,
    OcspResponder,
    OcspNonce,
    OcspMaxAge,
    OcspTimeSkew,
    Registry,
    RegistryMaxAge,
    AcceptV1,
    AcceptCaLeaf,
    AcceptPinnedLeaf,
    SecondOpinion,
    Identity,
    IdentityStrength,
    IdentityCharset,
    IdentityRequired,
    MaxChainBytes,
    MaxCertificates,
    MaxSignatures,
    MaxAnchorCandidates,
    MaxNameComparisons,
    CacheSize,
    CacheTtl,
    SessionKeys,
    SessionMaxAge,
    Preflight,
    PreflightOrigin,
    Challenge,
    CertificateHost,
    Renegotiation,
    LateBodyLimit,
    LateRequest,
    Authority,
    TrustedProxies,
    ForwardedVerification,
}

/// Names are compared without regard to case, and with `-` for `_`.
fn same_name(known: &str, given: &str) -> bool {
    known.len() == given.len() && known.bytes().zip(given.bytes()).all(|(known, given)| fold(known) == fold(given))
}

fn fold(byte: u8) -> u8 {
    if byte == b'-' { b'_' } else { byte.to_ascii_lowercase() }
}

fn nearest(name: &str) -> Option<&'static str> {
    const LONGEST: usize = 64;
    const ALIKE: f64 = 0.6;
    if name.chars().count() > LONGEST {
        return None;
    }
    let given: String = name.bytes().map(|byte| char::from(fold(byte))).collect();
    let aliases = OPTIONS.iter().flat_map(|option| option.aliases).map(|alias| alias.name);
    let names = OPTIONS.iter().map(|option| option.name).chain(aliases);
    let scored = names.map(|known| {
        let folded: String = known.bytes().map(|byte| char::from(fold(byte))).collect();
        (strsim::normalized_damerau_levenshtein(&folded, &given), known)
    });
    // The first of equals, which is an option's own name.
    let best = scored.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.filter(|(score, _)| *score >= ALIKE).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_spelling() {
        for name in ["max_chain_bytes", "max-chain-bytes", "MAX_CHAIN_BYTES"] {
            assert_eq!(find(name).expect(name).option.name, "max_chain_bytes");
        }
        let found = find("sslverifyclient").expect("an alias");
        assert_eq!(found.option.name, "mode");
        assert_eq!(found.alias.map(|alias| alias.system), Some(System::Apache));
    }

    #[test]
    fn the_nearest_name_is_suggested() {
        let suggestion = |name: &str| match find(name) {
            Err(Error::UnknownOption { suggestion, .. }) => suggestion,
            _ => panic!("{name} is no unknown option"),
        };
        assert_eq!(suggestion("mod"), Some("mode"));
        assert_eq!(suggestion("toleratte"), Some("tolerate"));
        assert_eq!(suggestion("SSLVerifyClients"), Some("SSLVerifyClient"));
        assert_eq!(suggestion("max_signature"), Some("max_signatures"));
        assert_eq!(suggestion("frobnicate"), None);
        assert_eq!(suggestion(""), None);
        assert_eq!(suggestion(&"m".repeat(100_000)), None);
    }

    #[test]
    fn quoting_cuts_and_escapes() {
        assert_eq!(quoted("a\u{1b}[31m\n"), "a\\u{1b}[31m\\n");
        assert_eq!(quoted(&"x".repeat(81)).chars().count(), 81);
    }
}
