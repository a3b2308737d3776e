//! Certificate revocation lists: a template with every field open.

use super::certificate::{sign, time};
use super::der;
use super::extension::Extension;
use super::key::Key;
use super::name;

pub const CRL_NUMBER: &str = "2.5.29.20";
pub const REASON_CODE: &str = "2.5.29.21";
pub const INVALIDITY_DATE: &str = "2.5.29.24";
pub const DELTA_CRL_INDICATOR: &str = "2.5.29.27";
pub const ISSUING_DISTRIBUTION_POINT: &str = "2.5.29.28";
pub const CERTIFICATE_ISSUER: &str = "2.5.29.29";

/// Everything that goes into a CRL but the signature.
#[derive(Clone, Debug)]
pub struct List {
    /// 1 or 2.
    pub version: u8,
    /// A whole Name.
    pub issuer: Vec<u8>,
    /// A whole Time.
    pub this_update: Vec<u8>,
    /// A whole Time, or nothing.
    pub next_update: Vec<u8>,
    /// Whether revokedCertificates is there although it is empty.
    pub keep_empty: bool,
    pub revoked: Vec<Revoked>,
    pub extensions: Vec<Extension>,
}

/// One entry.
#[derive(Clone, Debug)]
pub struct Revoked {
    /// The content bytes of the serial number.
    pub serial: Vec<u8>,
    /// A whole Time.
    pub date: Vec<u8>,
    pub extensions: Vec<Extension>,
}

impl List {
    /// A CRL of version 2 with a number, issued on 2026-05-01, good until 2030, that lists nothing.
    pub fn new(issuer: &str) -> Self {
        Self {
            version: 2,
            issuer: name::common_name(issuer),
            this_update: time("260501000000Z"),
            next_update: time("300101000000Z"),
            keep_empty: false,
            revoked: Vec::new(),
            extensions: vec![crl_number(1)],
        }
    }

    /// The same in version 1, which knows no extensions.
    pub fn version_1(issuer: &str) -> Self {
        Self { version: 1, extensions: Vec::new(), ..Self::new(issuer) }
    }

    /// Adds an entry.
    pub fn revoke(mut self, revoked: Revoked) -> Self {
        self.revoked.push(revoked);
        self
    }

    /// Adds an extension, in place of one of the same kind.
    pub fn with(mut self, extension: Extension) -> Self {
        match self.extensions.iter_mut().find(|present| present.oid == extension.oid) {
            Some(present) => *present = extension,
            None => self.extensions.push(extension),
        }
        self
    }

    /// Sets thisUpdate and nextUpdate.
    pub fn updates(mut self, this: &str, next: &str) -> Self {
        (self.this_update, self.next_update) = (time(this), time(next));
        self
    }

    /// The tbsCertList.
    pub fn to_be_signed(&self, signature_algorithm: &[u8]) -> Vec<u8> {
        let version = match self.version {
            1 => Vec::new(),
            version => der::integer(u32::from(version) - 1),
        };
        let revoked: Vec<Vec<u8>> = self.revoked.iter().map(Revoked::encode).collect();
        let revoked = match revoked.is_empty() && !self.keep_empty {
            true => Vec::new(),
            false => der::sequence(&revoked),
        };
        let extensions: Vec<Vec<u8>> = self.extensions.iter().map(Extension::encode).collect();
        let extensions = match extensions.is_empty() {
            true => Vec::new(),
            false => der::tlv(0xa0, &der::sequence(&extensions)),
        };
        der::sequence(&[
            &version,
            signature_algorithm,
            &self.issuer,
            &self.this_update,
            &self.next_update,
            &revoked,
            &extensions,
        ])
    }

    /// The CRL, signed by its issuer's key.
    pub fn sign(&self, issuer: &Key) -> Vec<u8> {
        sign(&self.to_be_signed(&issuer.signature_algorithm), issuer)
    }
}

impl Revoked {
    /// Without extensions, since 2026-04-01.
    pub fn new(serial: &[u8]) -> Self {
        Self { serial: serial.to_vec(), date: time("260401000000Z"), extensions: Vec::new() }
    }

    pub fn since(mut self, date: &str) -> Self {
        self.date = time(date);
        self
    }

    pub fn with(mut self, extension: Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    /// For the reason of this number.
    pub fn because(self, code: u8) -> Self {
        self.with(reason_code(code))
    }

    /// A certificate of this issuer, and so those that follow; a whole Name.
    pub fn of(self, issuer: &[u8]) -> Self {
        self.with(certificate_issuer(issuer))
    }

    pub fn encode(&self) -> Vec<u8> {
        let extensions: Vec<Vec<u8>> = self.extensions.iter().map(Extension::encode).collect();
        let extensions = if extensions.is_empty() { Vec::new() } else { der::sequence(&extensions) };
        der::sequence(&[der::tlv(der::INTEGER, &self.serial), self.date.clone(), extensions])
    }
}

pub fn crl_number(number: u32) -> Extension {
    Extension::new(CRL_NUMBER, der::integer(number))
}

pub fn delta_crl_indicator(base: u32) -> Extension {
    Extension::new(DELTA_CRL_INDICATOR, der::integer(base)).critical()
}

pub fn reason_code(code: u8) -> Extension {
    Extension::new(REASON_CODE, der::tlv(0x0a, &[code]))
}

pub fn certificate_issuer(name: &[u8]) -> Extension {
    Extension::new(CERTIFICATE_ISSUER, der::sequence(&[name::directory(name)])).critical()
}

/// `fields` are whole fields under their context tags, such as `tlv(0x84, &[0xff])` for indirectCRL.
pub fn issuing_distribution_point(fields: &[Vec<u8>]) -> Extension {
    Extension::new(ISSUING_DISTRIBUTION_POINT, der::sequence(fields)).critical()
}

/// The field distributionPoint with these general names.
pub fn full_name(names: &[Vec<u8>]) -> Vec<u8> {
    der::tlv(0xa0, &der::constructed(0xa0, names))
}

/// A `[number] IMPLICIT BOOLEAN` that is TRUE.
pub fn flag(number: u8) -> Vec<u8> {
    der::tlv(0x80 | number, &[0xff])
}

/// The CRL as PEM.
pub fn pem(crl: &[u8]) -> String {
    super::certificate::armor("X509 CRL", crl)
}
