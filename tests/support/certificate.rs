//! Certificates: a template with every field open, and what signs it.

use super::der::{self, GENERALIZED_TIME, UTC_TIME};
use super::extension::{self, Extension};
use super::key::Key;
use super::name;

/// The time that tests call now: 2026-06-01 00:00:00 UTC. Templates are valid from 2020 to 2040.
pub const NOW: i64 = 1_780_272_000;

/// Everything that goes into a certificate but the signature.
#[derive(Clone, Debug)]
pub struct Template {
    /// 1, 2 or 3.
    pub version: u8,
    /// The content bytes of the serial number.
    pub serial: Vec<u8>,
    /// A whole Name.
    pub issuer: Vec<u8>,
    /// A whole Name.
    pub subject: Vec<u8>,
    /// A whole Time.
    pub not_before: Vec<u8>,
    /// A whole Time.
    pub not_after: Vec<u8>,
    /// A whole SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
    pub extensions: Vec<Extension>,
}

impl Template {
    /// A certificate of version 3 without extensions.
    pub fn new(issuer: &str, subject: &str, key: &Key) -> Self {
        Self {
            version: 3,
            serial: vec![1],
            issuer: name::common_name(issuer),
            subject: name::common_name(subject),
            not_before: der::tlv(UTC_TIME, b"200101000000Z"),
            not_after: der::tlv(UTC_TIME, b"400101000000Z"),
            public_key: key.public(),
            extensions: Vec::new(),
        }
    }

    /// A CA as RFC 5280 wants it.
    pub fn authority(issuer: &str, subject: &str, key: &Key) -> Self {
        Self::new(issuer, subject, key)
            .with(extension::basic_constraints(true, None))
            .with(extension::key_usage(&[extension::KEY_CERT_SIGN, extension::CRL_SIGN]))
            .with(extension::subject_key_identifier(&key.identifier()))
    }

    /// A client as RFC 5280 wants it.
    pub fn client(issuer: &str, subject: &str, key: &Key) -> Self {
        Self::new(issuer, subject, key)
            .with(extension::basic_constraints(false, None))
            .with(extension::key_usage(&[extension::DIGITAL_SIGNATURE]))
            .with(extension::extended_key_usage(&[extension::CLIENT_AUTH]))
    }

    /// Adds an extension, in place of one of the same kind.
    pub fn with(mut self, extension: Extension) -> Self {
        match self.extensions.iter_mut().find(|present| present.oid == extension.oid) {
            Some(present) => *present = extension,
            None => self.extensions.push(extension),
        }
        self
    }

    /// Leaves out an extension.
    pub fn without(mut self, oid: &str) -> Self {
        self.extensions.retain(|extension| extension.oid != oid);
        self
    }

    pub fn valid(mut self, not_before: &str, not_after: &str) -> Self {
        (self.not_before, self.not_after) = (time(not_before), time(not_after));
        self
    }

    /// The tbsCertificate.
    pub fn to_be_signed(&self, signature_algorithm: &[u8]) -> Vec<u8> {
        let version = match self.version {
            1 => Vec::new(),
            version => der::tlv(0xa0, &der::integer(u32::from(version) - 1)),
        };
        let extensions: Vec<Vec<u8>> = self.extensions.iter().map(Extension::encode).collect();
        let extensions = match extensions.is_empty() {
            true => Vec::new(),
            false => der::tlv(0xa3, &der::sequence(&extensions)),
        };
        der::sequence(&[
            version,
            der::tlv(der::INTEGER, &self.serial),
            signature_algorithm.to_vec(),
            self.issuer.clone(),
            der::sequence(&[&self.not_before, &self.not_after]),
            self.subject.clone(),
            self.public_key.clone(),
            extensions,
        ])
    }

    /// The certificate, signed by its issuer's key.
    pub fn sign(&self, issuer: &Key) -> Vec<u8> {
        sign(&self.to_be_signed(&issuer.signature_algorithm), issuer)
    }
}

/// A certificate of any bytes to be signed.
pub fn sign(to_be_signed: &[u8], issuer: &Key) -> Vec<u8> {
    let signature = der::bit_string(&issuer.sign(to_be_signed));
    der::sequence(&[to_be_signed, &issuer.signature_algorithm, &signature])
}

/// A Time: UTCTime where the text is `YYMMDDHHMMSSZ`, else GeneralizedTime.
pub fn time(text: &str) -> Vec<u8> {
    der::tlv(if text.len() == 13 { UTC_TIME } else { GENERALIZED_TIME }, text.as_bytes())
}

/// A certificate as PEM.
pub fn pem(certificate: &[u8]) -> String {
    armor("CERTIFICATE", certificate)
}

/// Any bytes as PEM.
pub fn armor(label: &str, der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (index, group) in der.chunks(3).enumerate() {
        if index % 16 == 0 {
            text.push('\n');
        }
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for position in 0..4 {
            let symbol = ALPHABET[(bits >> (18 - 6 * position)) as usize & 63];
            text.push(if position <= group.len() { char::from(symbol) } else { '=' });
        }
    }
    format!("-----BEGIN {label}-----{text}\n-----END {label}-----\n")
}
