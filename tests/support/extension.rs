//! Certificate extensions.

use super::der;

pub const SUBJECT_KEY_IDENTIFIER: &str = "2.5.29.14";
pub const KEY_USAGE: &str = "2.5.29.15";
pub const SUBJECT_ALT_NAME: &str = "2.5.29.17";
pub const BASIC_CONSTRAINTS: &str = "2.5.29.19";
pub const NAME_CONSTRAINTS: &str = "2.5.29.30";
pub const CERTIFICATE_POLICIES: &str = "2.5.29.32";
pub const POLICY_MAPPINGS: &str = "2.5.29.33";
pub const AUTHORITY_KEY_IDENTIFIER: &str = "2.5.29.35";
pub const POLICY_CONSTRAINTS: &str = "2.5.29.36";
pub const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
pub const INHIBIT_ANY_POLICY: &str = "2.5.29.54";

pub const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
pub const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
pub const EMAIL_PROTECTION: &str = "1.3.6.1.5.5.7.3.4";
pub const ANY_EXTENDED_KEY_USAGE: &str = "2.5.29.37.0";
pub const ANY_POLICY: &str = "2.5.29.32.0";

/// The bits of keyUsage by their numbers in RFC 5280 section 4.2.1.3.
pub const DIGITAL_SIGNATURE: u8 = 0;
pub const KEY_ENCIPHERMENT: u8 = 2;
pub const KEY_AGREEMENT: u8 = 4;
pub const KEY_CERT_SIGN: u8 = 5;
pub const CRL_SIGN: u8 = 6;

/// One extension, not yet encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    pub oid: String,
    pub critical: bool,
    /// The DER inside the OCTET STRING.
    pub value: Vec<u8>,
}

impl Extension {
    pub fn new(oid: &str, value: Vec<u8>) -> Self {
        Self { oid: oid.to_owned(), critical: false, value }
    }

    pub fn critical(mut self) -> Self {
        self.critical = true;
        self
    }

    pub fn encode(&self) -> Vec<u8> {
        let critical = if self.critical { der::boolean(true) } else { Vec::new() };
        der::sequence(&[der::oid(&self.oid), critical, der::tlv(der::OCTET_STRING, &self.value)])
    }
}

pub fn basic_constraints(ca: bool, path_length: Option<u32>) -> Extension {
    let ca = if ca { der::boolean(true) } else { Vec::new() };
    let length = path_length.map(der::integer).unwrap_or_default();
    Extension::new(BASIC_CONSTRAINTS, der::sequence(&[ca, length])).critical()
}

pub fn key_usage(bits: &[u8]) -> Extension {
    let mut bytes = [0u8; 2];
    for bit in bits {
        bytes[usize::from(bit / 8)] |= 0x80 >> (bit % 8);
    }
    let length = if bytes[1] == 0 { 1 } else { 2 };
    let unused = bytes[length - 1].trailing_zeros().min(7) as u8;
    let value = der::tlv(der::BIT_STRING, &der::concat(&[&[unused], &bytes[..length]]));
    Extension::new(KEY_USAGE, value).critical()
}

pub fn extended_key_usage(purposes: &[&str]) -> Extension {
    let purposes: Vec<Vec<u8>> = purposes.iter().map(|purpose| der::oid(purpose)).collect();
    Extension::new(EXTENDED_KEY_USAGE, der::sequence(&purposes))
}

/// `names` are encoded general names.
pub fn subject_alt_name(names: &[Vec<u8>]) -> Extension {
    Extension::new(SUBJECT_ALT_NAME, der::sequence(names))
}

/// `permitted` and `excluded` are encoded general names; an empty list is left out.
pub fn name_constraints(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Extension {
    let subtrees = |tag: u8, bases: &[Vec<u8>]| {
        let subtrees: Vec<Vec<u8>> = bases.iter().map(|base| der::sequence(&[base])).collect();
        if subtrees.is_empty() { Vec::new() } else { der::constructed(tag, &subtrees) }
    };
    let value = der::sequence(&[subtrees(0xa0, permitted), subtrees(0xa1, excluded)]);
    Extension::new(NAME_CONSTRAINTS, value).critical()
}

pub fn certificate_policies(policies: &[&str]) -> Extension {
    let policies: Vec<Vec<u8>> = policies.iter().map(|policy| der::sequence(&[der::oid(policy)])).collect();
    Extension::new(CERTIFICATE_POLICIES, der::sequence(&policies))
}

pub fn policy_mappings(pairs: &[(&str, &str)]) -> Extension {
    let pairs: Vec<Vec<u8>> =
        pairs.iter().map(|(issuer, subject)| der::sequence(&[der::oid(issuer), der::oid(subject)])).collect();
    Extension::new(POLICY_MAPPINGS, der::sequence(&pairs)).critical()
}

pub fn policy_constraints(require_explicit: Option<u8>, inhibit_mapping: Option<u8>) -> Extension {
    let field = |tag: u8, skip: Option<u8>| skip.map(|skip| der::tlv(tag, &[skip])).unwrap_or_default();
    let value = der::sequence(&[field(0x80, require_explicit), field(0x81, inhibit_mapping)]);
    Extension::new(POLICY_CONSTRAINTS, value).critical()
}

pub fn inhibit_any_policy(skip: u32) -> Extension {
    Extension::new(INHIBIT_ANY_POLICY, der::integer(skip)).critical()
}

pub fn subject_key_identifier(identifier: &[u8]) -> Extension {
    Extension::new(SUBJECT_KEY_IDENTIFIER, der::tlv(der::OCTET_STRING, identifier))
}

pub fn authority_key_identifier(identifier: &[u8]) -> Extension {
    Extension::new(AUTHORITY_KEY_IDENTIFIER, der::sequence(&[der::tlv(0x80, identifier)]))
}
