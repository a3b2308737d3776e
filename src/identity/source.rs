//! What of a certificate a rule reads.

use smallvec::SmallVec;

use super::spiffe::Spiffe;
use super::{Ambiguity, Client, Strength};
use crate::certificate::{Attribute, Certificate, GeneralName, OID_UPN, OID_XMPP, Reader, SEQUENCE, hex};
use crate::certificate::{oid_from_dotted, oid_of_attribute};

/// Where a rule finds the name of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// An attribute of the subject, by the content bytes of its type's object identifier: `subject.cn`, `oid:2.5.4.3`.
    Attribute(Box<[u8]>),
    /// The whole subject, as RFC 4514 writes it.
    Subject,
    /// rfc822Name.
    Email,
    /// Microsoft's user principal name.
    Upn,
    /// dNSName.
    Dns,
    /// uniformResourceIdentifier.
    Uri,
    /// iPAddress, as RFC 5952 writes it.
    Ip,
    /// An XMPP address (RFC 6120).
    Xmpp,
    /// The serial number in upper-case hexadecimal, a comma, and the issuer as RFC 4514 writes it.
    SerialAndIssuer,
    /// subjectKeyIdentifier in lower-case hexadecimal.
    KeyIdentifier,
    /// The SHA-256 of the certificate in lower-case hexadecimal.
    Fingerprint,
    /// The SHA-256 of the SubjectPublicKeyInfo in lower-case hexadecimal.
    Spki,
    /// The security identifier that Active Directory's CAs write into certificates.
    Sid,
    /// The user to whom the key or certificate is registered.
    Registry,
    /// A SPIFFE ID.
    Spiffe(Spiffe),
}

/// The values of a source; nearly always one.
pub(super) type Values = SmallVec<[String; 1]>;

/// More values than this are several, whatever a rule looks for.
const MOST_VALUES: usize = 64;
const MOST_BYTES: usize = 4096;

/// The name of the extension with Active Directory's security identifier, and of what is in it.
const OID_SID_EXTENSION: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 25, 2];
const OID_SID: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 25, 2, 1];
/// The URI that stands for it where a CA cannot write the extension (KB5014754).
const SID_TAG: &[u8] = b"tag:microsoft.com,2022-09-14:sid:";

/// The names of the sources that take nothing further.
pub(super) const NAMES: &[(&str, Source)] = &[
    ("subject", Source::Subject),
    ("san.email", Source::Email),
    ("san.upn", Source::Upn),
    ("san.dns", Source::Dns),
    ("san.uri", Source::Uri),
    ("san.ip", Source::Ip),
    ("san.xmpp", Source::Xmpp),
    ("serial+issuer", Source::SerialAndIssuer),
    ("ski", Source::KeyIdentifier),
    ("fingerprint", Source::Fingerprint),
    ("spki", Source::Spki),
    ("sid", Source::Sid),
    ("registry", Source::Registry),
];

impl Source {
    /// The source of this name: one of the list, `subject.` and the name of an attribute, or `oid:` and its identifier.
    pub(super) fn named(name: &str) -> Option<Self> {
        if let Some((_, source)) = NAMES.iter().find(|(known, _)| *known == name) {
            return Some(source.clone());
        }
        match (name.strip_prefix("subject."), name.strip_prefix("oid:")) {
            (Some(attribute), _) if !attribute.starts_with(|first: char| first.is_ascii_digit()) => {
                oid_of_attribute(attribute).map(Self::Attribute)
            }
            (_, Some(dotted)) => oid_from_dotted(dotted).map(Self::Attribute),
            _ => None,
        }
    }

    /// How sure a mapping by it is.
    pub fn strength(&self) -> Strength {
        match self {
            Self::SerialAndIssuer
            | Self::KeyIdentifier
            | Self::Fingerprint
            | Self::Spki
            | Self::Sid
            | Self::Registry => Strength::Strong,
            _ => Strength::Weak,
        }
    }

    /// What a certificate has of it.
    pub(super) fn values(&self, client: &Client<'_>) -> Result<Values, Ambiguity> {
        let leaf = &client.leaf;
        let mut values = match self {
            Self::Attribute(oid) => attributes(leaf.subject().attributes().filter(|attribute| attribute.oid == &**oid)),
            Self::Subject => subject(leaf),
            Self::SerialAndIssuer => {
                check_all(leaf.issuer().attributes())?;
                Ok(one(format!("{},{}", leaf.serial_text(), leaf.issuer().rfc4514())))
            }
            Self::KeyIdentifier => match leaf.subject_key_identifier() {
                Some([]) => Err(Ambiguity::Empty),
                identifier => Ok(identifier.map(hex).into_iter().collect()),
            },
            Self::Fingerprint => Ok(one(hex(&leaf.sha256()))),
            Self::Spki => Ok(one(hex(&leaf.spki_sha256()))),
            Self::Sid => security_identifiers(leaf),
            Self::Registry => Ok(client.registered.map(str::to_owned).into_iter().collect()),
            Self::Spiffe(spiffe) => Ok(spiffe.value(leaf)?.into_iter().collect()),
            Self::Email | Self::Upn | Self::Dns | Self::Uri | Self::Ip | Self::Xmpp => self.alternative_names(leaf),
        }?;
        for value in &mut values {
            check(value)?;
        }
        Ok(values)
    }

    fn alternative_names(&self, leaf: &Certificate<'_>) -> Result<Values, Ambiguity> {
        let mut values = Values::new();
        for name in leaf.subject_alternative_names() {
            let Some(value) = self.alternative_name(&name) else { continue };
            if values.len() == MOST_VALUES {
                return Err(Ambiguity::Several);
            }
            values.push(value?);
        }
        Ok(values)
    }

    /// The value of a name, if it is of the kind that is meant, or broken and may have been.
    fn alternative_name(&self, name: &GeneralName<'_>) -> Option<Result<String, Ambiguity>> {
        let text = |text: Option<&str>| text.map(str::to_owned).ok_or(Ambiguity::Encoding);
        let ascii = |bytes: &[u8]| text(std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii()));
        Some(match (self, name) {
            (Self::Email, GeneralName::Email(bytes)) | (Self::Uri, GeneralName::Uri(bytes)) => ascii(bytes),
            (Self::Dns, GeneralName::Dns(bytes)) if bytes.contains(&b'*') => Err(Ambiguity::Wildcard),
            (Self::Dns, GeneralName::Dns(bytes)) => ascii(bytes),
            (Self::Ip, GeneralName::Ip(bytes)) if matches!(bytes.len(), 4 | 16) => Ok(name.text()),
            (Self::Ip, GeneralName::Ip(_)) => Err(Ambiguity::Encoding),
            (Self::Upn, GeneralName::Other { oid: OID_UPN, .. }) => text(name.upn()),
            (Self::Xmpp, GeneralName::Other { oid: OID_XMPP, .. }) => text(name.xmpp()),
            (_, GeneralName::Unknown { tag, .. }) if tag & 0x1f == self.tag_number() => Err(Ambiguity::Encoding),
            _ => return None,
        })
    }

    /// The number of the tag of its kind of general name.
    fn tag_number(&self) -> u8 {
        match self {
            Self::Email => 1,
            Self::Dns => 2,
            Self::Uri => 6,
            Self::Ip => 7,
            _ => 0,
        }
    }
}

fn one(value: String) -> Values {
    std::iter::once(value).collect()
}

fn attributes<'a>(found: impl Iterator<Item = Attribute<'a>>) -> Result<Values, Ambiguity> {
    let mut values = Values::new();
    for attribute in found {
        if values.len() == MOST_VALUES {
            return Err(Ambiguity::Several);
        }
        values.push(attribute.text().ok_or(Ambiguity::Encoding)?);
    }
    Ok(values)
}

/// The whole subject, none where it is empty.
fn subject(leaf: &Certificate<'_>) -> Result<Values, Ambiguity> {
    let subject = leaf.subject();
    if subject.as_der().len() > MOST_BYTES {
        return Err(Ambiguity::TooLong);
    }
    check_all(subject.attributes())?;
    Ok(if subject.is_empty() { Values::new() } else { one(subject.rfc4514()) })
}

/// Within a name, a NUL or broken text would hide behind its escaped form.
fn check_all<'a>(mut attributes: impl Iterator<Item = Attribute<'a>>) -> Result<(), Ambiguity> {
    /// UTF8String to BMPString without the times, which are text.
    const STRINGS: [u8; 8] = [0x0c, 0x12, 0x13, 0x14, 0x16, 0x1a, 0x1c, 0x1e];
    attributes.try_for_each(|attribute| match attribute.text() {
        Some(text) if text.contains('\0') => Err(Ambiguity::Nul),
        None if STRINGS.contains(&attribute.tag) => Err(Ambiguity::Encoding),
        _ => Ok(()),
    })
}

fn check(value: &str) -> Result<(), Ambiguity> {
    match value {
        "" => Err(Ambiguity::Empty),
        _ if value.len() > MOST_BYTES => Err(Ambiguity::TooLong),
        _ if value.contains('\0') => Err(Ambiguity::Nul),
        _ => Ok(()),
    }
}

/// The security identifier, in the extension or in a URI; the same in both counts as one.
fn security_identifiers(leaf: &Certificate<'_>) -> Result<Values, Ambiguity> {
    let mut values = Values::new();
    let mut add = |sid: Option<&str>| {
        let Some(sid) = sid.filter(|sid| is_security_identifier(sid)) else { return Err(Ambiguity::Encoding) };
        if !values.iter().any(|known| known == sid) {
            values.push(sid.to_owned());
        }
        if values.len() > 1 { Err(Ambiguity::Several) } else { Ok(()) }
    };
    for (_, _, value) in leaf.extensions().filter(|(oid, ..)| *oid == OID_SID_EXTENSION) {
        add(sid_in_extension(value))?;
    }
    for name in leaf.subject_alternative_names() {
        if let GeneralName::Uri(uri) = name
            && let Some(sid) = uri.strip_prefix(SID_TAG)
        {
            add(std::str::from_utf8(sid).ok())?;
        }
    }
    Ok(values)
}

/// A list of one otherName, whose value is an OCTET STRING of the identifier's text.
fn sid_in_extension(value: &[u8]) -> Option<&str> {
    const FIELD: &str = "szOID_NTDS_CA_SECURITY_EXT";
    const OTHER_NAME: u8 = 0xa0;
    const OCTET_STRING: u8 = 0x04;
    let mut outer = Reader::new(value);
    let mut list = outer.enter(SEQUENCE, FIELD).ok()?;
    outer.finish(FIELD).ok()?;
    let mut other = list.enter(OTHER_NAME, FIELD).ok()?;
    list.finish(FIELD).ok()?;
    if other.oid(FIELD).ok()? != OID_SID {
        return None;
    }
    let mut inside = other.enter(OTHER_NAME, FIELD).ok()?;
    other.finish(FIELD).ok()?;
    let text = inside.expect(OCTET_STRING, FIELD).ok()?;
    inside.finish(FIELD).ok()?;
    std::str::from_utf8(inside.content(&text)).ok()
}

/// `S-1-` and numbers with `-` between them.
fn is_security_identifier(text: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix("S-1-").is_some_and(|rest| rest.split('-').all(number))
}
