//! Values that a rule names outright: `equals=`.

use super::source::Source;
use crate::certificate::{Certificate, NotAName, Order, WrittenName, from_hex};

/// A value to be equal to, in the form that its source has.
#[derive(Clone, Debug)]
pub(super) enum Exact {
    /// Digits of a digest or key identifier.
    Bytes(Vec<u8>),
    /// A name, compared as RFC 5280 section 7.1 says.
    Name(WrittenName),
    /// A serial number without leading zeros, and the issuer.
    Serial(Vec<u8>, WrittenName),
    Text(String),
    /// Text without regard to the case of ASCII letters.
    TextInAnyCase(String),
    /// A mailbox, whose domain has no case.
    Mailbox(String),
}

impl Exact {
    /// Reads a value for a source. `Err` says what is wrong with it.
    pub(super) fn parse(source: &Source, text: &str) -> Result<Self, String> {
        match source {
            Source::Subject => name(text).map(Self::Name),
            Source::SerialAndIssuer => {
                let Some((serial, issuer)) = text.split_once(',') else {
                    return Err("a serial number in hexadecimal, a comma and the issuer's name are expected".into());
                };
                let digits = if serial.len() % 2 == 1 { format!("0{serial}") } else { serial.to_owned() };
                match from_hex(&digits) {
                    Some(serial) => Ok(Self::Serial(magnitude(&serial).to_vec(), name(issuer)?)),
                    None => Err("the serial number is not hexadecimal".into()),
                }
            }
            Source::Fingerprint | Source::Spki => match digest(text) {
                Some(bytes) if matches!(bytes.len(), 20 | 32) => Ok(Self::Bytes(bytes)),
                _ => Err("a SHA-256 or SHA-1 in hexadecimal is expected".into()),
            },
            Source::KeyIdentifier => match digest(text) {
                Some(bytes) if !bytes.is_empty() => Ok(Self::Bytes(bytes)),
                _ => Err("hexadecimal digits are expected".into()),
            },
            Source::Email => Ok(Self::Mailbox(text.to_owned())),
            Source::Dns => Ok(Self::TextInAnyCase(text.to_owned())),
            Source::Ip => match text.parse::<std::net::IpAddr>() {
                Ok(address) => Ok(Self::Text(address.to_string())),
                Err(_) => Err("an IP address is expected".into()),
            },
            _ => Ok(Self::Text(text.to_owned())),
        }
    }

    /// Whether the value, which the source read from this certificate, is it.
    pub(super) fn equals(&self, source: &Source, value: &str, leaf: &Certificate<'_>) -> bool {
        match self {
            Self::Bytes(bytes) => match (source, bytes.len()) {
                (Source::Fingerprint, 20) => leaf.sha1() == **bytes,
                (Source::Spki, 20) => leaf.spki_sha1() == **bytes,
                _ => from_hex(value).is_some_and(|found| found == *bytes),
            },
            Self::Name(name) => leaf.subject().matches(&name.view()),
            Self::Serial(serial, issuer) => {
                leaf.serial().first().is_some_and(|first| *first < 0x80)
                    && magnitude(leaf.serial()) == serial
                    && leaf.issuer().matches(&issuer.view())
            }
            Self::Text(text) => text == value,
            Self::TextInAnyCase(text) => text.eq_ignore_ascii_case(value),
            Self::Mailbox(text) => match (text.rsplit_once('@'), value.rsplit_once('@')) {
                (Some((local, domain)), Some((found, host))) => local == found && domain.eq_ignore_ascii_case(host),
                _ => text == value,
            },
        }
    }
}

/// Hexadecimal digits, bytes perhaps separated by colons.
pub(super) fn digest(text: &str) -> Option<Vec<u8>> {
    let colons = text.contains(':');
    if colons && !text.split(':').all(|byte| byte.len() == 2) {
        return None;
    }
    from_hex(&text.replace(':', ""))
}

pub(super) fn name(text: &str) -> Result<WrittenName, String> {
    WrittenName::parse(text, Order::MostSpecificFirst)
        .map_err(|NotAName { at, problem }| format!("no distinguished name, at byte {} of it: {problem}", at + 1))
}

fn magnitude(serial: &[u8]) -> &[u8] {
    &serial[serial.iter().position(|byte| *byte != 0).unwrap_or(serial.len())..]
}
