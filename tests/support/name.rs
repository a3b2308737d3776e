//! Distinguished names and general names.

use super::der::{self, UTF8_STRING};

pub const COMMON_NAME: &str = "2.5.4.3";
pub const COUNTRY: &str = "2.5.4.6";
pub const ORGANIZATION: &str = "2.5.4.10";
pub const EMAIL_ADDRESS: &str = "1.2.840.113549.1.9.1";

/// A Name of one common name.
pub fn common_name(text: &str) -> Vec<u8> {
    name(&[(COMMON_NAME, UTF8_STRING, text.as_bytes())])
}

/// A Name of one attribute per relative name: type, string tag, bytes.
pub fn name(attributes: &[(&str, u8, &[u8])]) -> Vec<u8> {
    let relative: Vec<Vec<u8>> = attributes.iter().map(|attribute| relative_name(&[*attribute])).collect();
    der::sequence(&relative)
}

/// A relative name of several attributes, in the order given.
pub fn relative_name(attributes: &[(&str, u8, &[u8])]) -> Vec<u8> {
    let values: Vec<Vec<u8>> =
        attributes.iter().map(|(kind, tag, value)| der::sequence(&[der::oid(kind), der::tlv(*tag, value)])).collect();
    der::constructed(der::SET, &values)
}

pub fn email(text: &str) -> Vec<u8> {
    der::tlv(0x81, text.as_bytes())
}

pub fn dns(text: &str) -> Vec<u8> {
    der::tlv(0x82, text.as_bytes())
}

pub fn directory(name: &[u8]) -> Vec<u8> {
    der::tlv(0xa4, name)
}

pub fn uri(text: &str) -> Vec<u8> {
    der::tlv(0x86, text.as_bytes())
}

pub fn ip(bytes: &[u8]) -> Vec<u8> {
    der::tlv(0x87, bytes)
}

pub fn registered_id(dotted: &str) -> Vec<u8> {
    der::tlv(0x88, &der::oid_content(dotted))
}

/// otherName: its type, and the whole DER of its value.
pub fn other(dotted: &str, value: &[u8]) -> Vec<u8> {
    der::constructed(0xa0, &[der::oid(dotted), der::tlv(0xa0, value)])
}

/// A Microsoft user principal name.
pub fn upn(text: &str) -> Vec<u8> {
    other("1.3.6.1.4.1.311.20.2.3", &der::tlv(UTF8_STRING, text.as_bytes()))
}
