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
}

/// The type of an otherName that holds a Microsoft user principal name, 1.3.6.1.4.1.311.20.2.3.
pub(crate) const OID_UPN: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x14, 0x02, 0x03];
/// The type of an otherName that holds an XMPP address, 1.3.6.1.5.5.7.8.5 (RFC 6120).
pub(crate) const OID_XMPP: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x05];
/// The type of an otherName that holds an internationalised mailbox, 1.3.6.1.5.5.7.8.9 (RFC 9598).
pub(crate) const OID_SMTP_UTF8: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x09];

impl<'a> GeneralName<'a> {
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
        Some(match tag & 0x1f {
            0 => {
                let mut reader = Reader::new(content);
                let oid = reader.oid("otherName").ok()?;
                let wrapper = reader.any("otherName").ok()?;
                GeneralName::Other { oid, value: reader.content(&wrapper) }
            }
            1 => GeneralName::Email(content),
            2 => GeneralName::Dns(content),
            3 => GeneralName::X400(content),
            4 => GeneralName::Directory(Name::checked(content)),
            5 => GeneralName::EdiParty(content),
            6 => GeneralName::Uri(content),
            7 => GeneralName::Ip(content),
            _ => GeneralName::RegisteredId(content),
        })
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

/// Checks one GeneralName. Text is not judged here: what is odd stays visible, and rules that need it refuse it.
pub(crate) fn check_general_name(reader: &mut Reader<'_>, field: &'static str) -> Result<(), Malformed> {
    let at = *reader;
    let tlv = reader.any(field)?;
    match tlv.tag {
        0xa0 => {
            let mut other = reader.within(&tlv);
            other.oid(field)?;
            let mut value = other.enter(der::context_constructed(0), field)?;
            value.any(field)?;
            value.finish(field)?;
            other.finish(field)
        }
        0x81 | 0x82 | 0x86 | 0x87 | 0xa3 | 0xa5 => Ok(()),
        0xa4 => {
            let mut directory = reader.within(&tlv);
            let name = directory.expect(der::SEQUENCE, field)?;
            directory.finish(field)?;
            check_name(directory.within(&name), field)
        }
        0x88 if der::is_oid(reader.content(&tlv)) => Ok(()),
        0x88 => at.fail(field, "has a registeredID that is no valid OBJECT IDENTIFIER"),
        _ => at.fail(field, "has a general name of an unknown form"),
    }
}
