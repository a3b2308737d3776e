//! General names: subject alternative names of every kind, and the subtrees of name constraints
//! (RFC 5280 section 4.2.1.6).

use super::der::{self, Malformed, Reader};
use super::name::{Name, Values, check_name};

/// One general name, its bytes as they stand in the certificate.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum GeneralName<'a> {
    /// otherName: the content bytes of its type, and the whole DER of its value.
    Other {
        /// The content bytes of the type's object identifier.
        oid: &'a [u8],
        /// The value's DER, tag and length included.
        value: &'a [u8],
    },
    /// rfc822Name: a mailbox.
    Email(&'a [u8]),
    /// dNSName.
    Dns(&'a [u8]),
    /// x400Address, not decoded.
    X400(&'a [u8]),
    /// directoryName.
    Directory(Name<'a>),
    /// ediPartyName, not decoded.
    EdiParty(&'a [u8]),
    /// uniformResourceIdentifier.
    Uri(&'a [u8]),
    /// iPAddress: 4 or 16 bytes (twice that in a constraint); other lengths are kept as they are.
    Ip(&'a [u8]),
    /// registeredID: the content bytes of an object identifier.
    RegisteredId(&'a [u8]),
    /// Something that RFC 5280 does not know, or a known kind whose inside is broken. It identifies nobody.
    Unknown {
        /// The identifier octet of its tag.
        tag: u8,
        /// The content bytes.
        value: &'a [u8],
    },
}

/// The type of an otherName that holds a Microsoft user principal name, 1.3.6.1.4.1.311.20.2.3.
pub(crate) const OID_UPN: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x14, 0x02, 0x03];
/// The type of an otherName that holds an XMPP address, 1.3.6.1.5.5.7.8.5 (RFC 6120).
pub(crate) const OID_XMPP: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x05];
/// The type of an otherName that holds an internationalised mailbox, 1.3.6.1.5.5.7.8.9 (RFC 9598).
pub(crate) const OID_SMTP_UTF8: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x09];

impl<'a> GeneralName<'a> {
    /// The number of its tag, which tells kinds apart in name constraints.
    pub(crate) fn tag_number(&self) -> u8 {
        match self {
            Self::Other { .. } => 0,
            Self::Email(_) => 1,
            Self::Dns(_) => 2,
            Self::X400(_) => 3,
            Self::Directory(_) => 4,
            Self::EdiParty(_) => 5,
            Self::Uri(_) => 6,
            Self::Ip(_) => 7,
            Self::RegisteredId(_) => 8,
            Self::Unknown { tag, .. } => tag & 0x1f,
        }
    }

    /// A general name of any form; what is not a known one stays visible as unknown.
    fn from_value(tag: u8, content: &'a [u8]) -> Self {
        let known = match tag {
            0xa0 => read_other_name(content).ok(),
            0x81 => Some(Self::Email(content)),
            0x82 => Some(Self::Dns(content)),
            0xa3 => Some(Self::X400(content)),
            0xa4 => read_directory_name(content).ok(),
            0xa5 => Some(Self::EdiParty(content)),
            0x86 => Some(Self::Uri(content)),
            0x87 => Some(Self::Ip(content)),
            0x88 if der::is_oid(content) => Some(Self::RegisteredId(content)),
            _ => None,
        };
        known.unwrap_or(Self::Unknown { tag, value: content })
    }

    /// The user principal name that this otherName holds, if it is one and a sound UTF8String.
    pub fn upn(&self) -> Option<&'a str> {
        self.utf8_of(OID_UPN)
    }

    /// The XMPP address that this otherName holds, if it is one and a sound UTF8String.
    pub fn xmpp(&self) -> Option<&'a str> {
        self.utf8_of(OID_XMPP)
    }

    /// The internationalised mailbox that this otherName holds, if it is one and a sound UTF8String.
    pub fn smtp_utf8(&self) -> Option<&'a str> {
        self.utf8_of(OID_SMTP_UTF8)
    }

    fn utf8_of(&self, wanted: &[u8]) -> Option<&'a str> {
        match *self {
            Self::Other { oid, value } if oid == wanted => {
                let mut reader = Reader::new(value);
                let text = reader.expect(der::UTF8_STRING, "otherName").ok()?;
                std::str::from_utf8(reader.content(&text)).ok()
            }
            _ => None,
        }
    }
}

/// The general names of one list, whose form was checked before.
#[derive(Clone, Debug)]
pub struct GeneralNames<'a> {
    rest: &'a [u8],
}

impl<'a> GeneralNames<'a> {
    /// `content` is the inside of a GeneralNames that `check_general_names` has accepted.
    pub(crate) fn checked(content: &'a [u8]) -> Self {
        Self { rest: content }
    }
}

impl<'a> Iterator for GeneralNames<'a> {
    type Item = GeneralName<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut values = Values { rest: self.rest };
        let (tag, content, _) = values.next()?;
        self.rest = values.rest;
        Some(GeneralName::from_value(tag, content))
    }
}

/// Checks a whole GeneralNames value: a list that is not empty, each name of a known form.
pub(crate) fn check_general_names(mut reader: Reader<'_>, field: &'static str) -> Result<(), Malformed> {
    let mut list = reader.enter(der::SEQUENCE, field)?;
    reader.finish(field)?;
    if list.is_empty() {
        return list.fail(field, "is an empty list");
    }
    while !list.is_empty() {
        check_general_name(&mut list, field)?;
    }
    Ok(())
}

/// Checks that there is a value. What it holds is not judged here: what is odd stays visible, and rules that need it
/// refuse it.
pub(crate) fn check_general_name(reader: &mut Reader<'_>, field: &'static str) -> Result<(), Malformed> {
    reader.any(field).map(drop)
}

fn read_other_name(content: &[u8]) -> Result<GeneralName<'_>, Malformed> {
    const FIELD: &str = "otherName";
    let mut other = Reader::new(content);
    let oid = other.oid(FIELD)?;
    let wrapper = other.expect(der::context_constructed(0), FIELD)?;
    other.finish(FIELD)?;
    let mut value = other.within(&wrapper);
    value.any(FIELD)?;
    value.finish(FIELD)?;
    Ok(GeneralName::Other { oid, value: other.content(&wrapper) })
}

fn read_directory_name(content: &[u8]) -> Result<GeneralName<'_>, Malformed> {
    const FIELD: &str = "directoryName";
    let mut directory = Reader::new(content);
    let name = directory.expect(der::SEQUENCE, FIELD)?;
    directory.finish(FIELD)?;
    check_name(directory.within(&name), FIELD)?;
    Ok(GeneralName::Directory(Name::checked(content)))
}
