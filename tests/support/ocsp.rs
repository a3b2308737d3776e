//! OCSP responses, made field by field.

use super::der;
use super::extension::Extension;
use super::key::Key;

pub const OCSP_SIGNING: &str = "1.3.6.1.5.5.7.3.9";
pub const NOCHECK: &str = "1.3.6.1.5.5.7.48.1.5";
pub const NONCE: &str = "1.3.6.1.5.5.7.48.1.2";

/// Everything that is signed in a response, and what stands beside it.
#[derive(Clone)]
pub struct Response {
    /// A whole ResponderID.
    pub responder: Vec<u8>,
    pub produced_at: String,
    pub single: Vec<Single>,
    pub extensions: Vec<Extension>,
    /// The DER of the certificates beside it.
    pub certificates: Vec<Vec<u8>>,
}

/// What is said about one certificate.
#[derive(Clone)]
pub struct Single {
    /// A whole CertID.
    pub id: Vec<u8>,
    /// A whole CertStatus.
    pub status: Vec<u8>,
    pub this_update: String,
    pub next_update: Option<String>,
    pub extensions: Vec<Extension>,
}

impl Response {
    /// Of 2026-06-01, good for a day, by a responder of this ID.
    pub fn new(responder: Vec<u8>, id: Vec<u8>, status: Vec<u8>) -> Self {
        let single = Single {
            id,
            status,
            this_update: "20260531120000Z".into(),
            next_update: Some("20260601120000Z".into()),
            extensions: Vec::new(),
        };
        Self {
            responder,
            produced_at: "20260531120000Z".into(),
            single: vec![single],
            extensions: Vec::new(),
            certificates: Vec::new(),
        }
    }

    /// The tbsResponseData.
    pub fn to_be_signed(&self) -> Vec<u8> {
        let single: Vec<Vec<u8>> = self.single.iter().map(Single::encode).collect();
        der::sequence(&[
            self.responder.clone(),
            time(&self.produced_at),
            der::sequence(&single),
            extensions(&self.extensions),
        ])
    }

    /// The OCSPResponse, signed.
    pub fn sign(&self, key: &Key) -> Vec<u8> {
        sign(&self.to_be_signed(), key, &self.certificates)
    }
}

impl Single {
    pub fn encode(&self) -> Vec<u8> {
        let next = self.next_update.as_deref().map(|next| der::tlv(0xa0, &time(next))).unwrap_or_default();
        der::sequence(&[
            self.id.clone(),
            self.status.clone(),
            time(&self.this_update),
            next,
            extensions(&self.extensions),
        ])
    }
}

/// A successful OCSPResponse of any bytes to be signed.
pub fn sign(to_be_signed: &[u8], key: &Key, certificates: &[Vec<u8>]) -> Vec<u8> {
    let certificates = match certificates {
        [] => Vec::new(),
        certificates => der::tlv(0xa0, &der::sequence(certificates)),
    };
    let signature = der::bit_string(&key.sign(to_be_signed));
    successful(&der::sequence(&[to_be_signed, &key.signature_algorithm, &signature, &certificates]))
}

/// The OCSPResponse that holds this BasicOCSPResponse.
pub fn successful(basic: &[u8]) -> Vec<u8> {
    let bytes = der::sequence(&[der::oid("1.3.6.1.5.5.7.48.1.1"), der::tlv(der::OCTET_STRING, basic)]);
    der::sequence(&[der::tlv(0x0a, &[0]), der::tlv(0xa0, &bytes)])
}

/// An OCSPResponse that says this status alone.
pub fn unsuccessful(status: u8) -> Vec<u8> {
    der::sequence(&[der::tlv(0x0a, &[status])])
}

pub fn by_name(name: &[u8]) -> Vec<u8> {
    der::tlv(0xa1, name)
}

/// `hash` is the SHA-1 of the key's bits.
pub fn by_key(hash: &[u8]) -> Vec<u8> {
    der::tlv(0xa2, &der::tlv(der::OCTET_STRING, hash))
}

pub fn good() -> Vec<u8> {
    der::tlv(0x80, &[])
}

pub fn unknown() -> Vec<u8> {
    der::tlv(0x82, &[])
}

pub fn revoked(date: &str, reason: Option<u8>) -> Vec<u8> {
    let reason = reason.map(|code| der::tlv(0xa0, &der::tlv(0x0a, &[code]))).unwrap_or_default();
    der::tlv(0xa1, &der::concat(&[time(date), reason]))
}

/// What stands in the nonce's extnValue is an OCTET STRING again.
pub fn nonce(bytes: &[u8]) -> Extension {
    Extension::new(NONCE, der::tlv(der::OCTET_STRING, bytes))
}

/// The CertID in a request for one certificate, and the key's digest in that.
pub fn certificate_id(request: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let request_list = content(content(request));
    let id = content(content(request_list));
    let mut fields = content(id);
    for _ in 0..2 {
        fields = &fields[length(fields)..];
    }
    (id[..length(id)].to_vec(), content(fields).to_vec())
}

/// The length of the first value, header included.
fn length(der: &[u8]) -> usize {
    content(der).as_ptr() as usize - der.as_ptr() as usize + content(der).len()
}

/// The content of the first value; it is shorter than 256 bytes.
fn content(der: &[u8]) -> &[u8] {
    match der {
        [_, 0x81, length, rest @ ..] => &rest[..usize::from(*length)],
        [_, length, rest @ ..] => &rest[..usize::from(*length)],
        _ => panic!("no DER"),
    }
}

fn time(text: &str) -> Vec<u8> {
    super::certificate::time(text)
}

fn extensions(extensions: &[Extension]) -> Vec<u8> {
    match extensions {
        [] => Vec::new(),
        extensions => {
            let encoded: Vec<Vec<u8>> = extensions.iter().map(Extension::encode).collect();
            der::tlv(0xa1, &der::sequence(&encoded))
        }
    }
}
