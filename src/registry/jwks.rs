//! JSON Web Key Sets as clients register them for `self_signed_tls_client_auth` (RFC 8705 section 2.2), and the
//! confirmation of tokens that are bound to a certificate (section 3).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::registration::{RegisteredKey, digest};
use crate::certificate::{Certificate, OwnedCertificate, Reader, SEQUENCE};

/// A certificate that a key set names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonWebKey {
    /// The certificate: the one that `x5c` begins with, or that `x5t#S256` is of.
    pub key: RegisteredKey,
    /// `kid`, where there is one.
    pub name: Option<String>,
}

/// Why a text is no key set with certificates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", .number.map(|number| format!("key {number}: ")).unwrap_or_default())]
pub struct NoKeySet {
    /// Which key it is about, from 1.
    pub number: Option<usize>,
    /// What is wrong.
    pub problem: String,
}

/// Far more than anybody registers.
const MAX_BYTES: usize = 16 << 20;

/// Reads a JWK set (RFC 7517 section 5), or a single JWK. Keys without `x5c` and `x5t#S256`, which serve other ends, are
/// passed over; a set without any other is an error.
///
/// # Errors
///
/// [`NoKeySet`] where it is none; where a certificate cannot be read, is not of the key beside it (RFC 7517 section 4.7),
/// or not of its thumbprint; where a private key stands there, which has no business in a registry.
pub fn jwks(text: &[u8]) -> Result<Vec<JsonWebKey>, NoKeySet> {
    let fail = |problem: &str| NoKeySet { number: None, problem: problem.to_owned() };
    if text.len() > MAX_BYTES {
        return Err(fail("it is larger than 16 MiB"));
    }
    let value: Value = serde_json::from_slice(text).map_err(|error| fail(&format!("it is no JSON: {error}")))?;
    let keys = match value {
        Value::Object(mut set) => match set.remove("keys") {
            Some(Value::Array(keys)) => keys,
            Some(_) => return Err(fail("its `keys` is no array")),
            None if set.contains_key("kty") => vec![Value::Object(set)],
            None => return Err(fail("it has no `keys`")),
        },
        _ => return Err(fail("it is no JSON object")),
    };
    let mut found = Vec::new();
    for (number, key) in (1..).zip(&keys) {
        let at = |problem: String| NoKeySet { number: Some(number), problem };
        let key = key.as_object().ok_or_else(|| at("it is no JSON object".to_owned()))?;
        found.extend(read(key).map_err(at)?);
    }
    match found.is_empty() {
        true => Err(fail("none of its keys has a certificate (`x5c`) or the thumbprint of one (`x5t#S256`)")),
        false => Ok(found),
    }
}

/// Whether a token that is bound by `confirmation` is bound to this certificate: the JSON of its `cnf`
/// (`{"x5t#S256":"…"}`), or the thumbprint alone, in base64url without padding (RFC 8705 section 3.1).
///
/// Anything else, such as a `cnf` of another kind, confirms nothing. The comparison takes the same time wherever the
/// thumbprints differ.
pub fn confirms(certificate: &Certificate<'_>, confirmation: &str) -> bool {
    let thumbprint = match confirmation.trim_start().starts_with('{') {
        false => Some(confirmation.to_owned()),
        true => match serde_json::from_str::<Map<String, Value>>(confirmation) {
            // Whatever else must be confirmed is nothing that is known here (RFC 7800 section 3.1).
            Ok(cnf) if cnf.len() == 1 => cnf.get("x5t#S256").and_then(Value::as_str).map(str::to_owned),
            _ => None,
        },
    };
    let Some(thumbprint) = thumbprint.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()) else { return false };
    let own = certificate.sha256();
    thumbprint.len() == own.len() && own.iter().zip(&thumbprint).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

/// One JWK; None where it has no certificate.
fn read(key: &Map<String, Value>) -> Result<Option<JsonWebKey>, String> {
    if ["d", "p", "q", "k", "priv"].iter().any(|private| key.contains_key(*private)) {
        return Err("it holds a private key, which nobody should have handed out".to_owned());
    }
    let name = match key.get("kid") {
        None => None,
        Some(Value::String(name)) => Some(name.clone()),
        Some(_) => return Err("its `kid` is no string".to_owned()),
    };
    let thumbprint = match key.get("x5t#S256") {
        None => None,
        Some(Value::String(text)) if text.len() == 43 => {
            Some(digest(text).ok_or("its `x5t#S256` is not 32 bytes in base64url")?)
        }
        Some(_) => return Err("its `x5t#S256` is not 32 bytes in base64url".to_owned()),
    };
    let itself = match key.get("x5c") {
        None => None,
        Some(Value::Array(chain)) => {
            let first = chain.first().and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok());
            let der = first.ok_or("its `x5c` does not begin with a certificate in base64")?;
            let certificate = OwnedCertificate::from_der(der).map_err(|malformed| format!("its `x5c`: {malformed}"))?;
            match is_of(&certificate.view(), key) {
                true => Some(certificate.view().sha256()),
                false => return Err("its `x5c` is the certificate of another key".to_owned()),
            }
        }
        Some(_) => return Err("its `x5c` is no array".to_owned()),
    };
    let digest = match (itself, thumbprint) {
        (Some(itself), Some(thumbprint)) if itself != thumbprint => {
            return Err("its `x5t#S256` is that of another certificate than `x5c`".to_owned());
        }
        (Some(digest), _) | (None, Some(digest)) => digest,
        (None, None) => return Ok(None),
    };
    Ok(Some(JsonWebKey { key: RegisteredKey::Certificate(digest), name }))
}

/// Whether the members of a JWK are those of a certificate's key, as RFC 7518 section 6 and RFC 8037 write them.
fn is_of(certificate: &Certificate<'_>, key: &Map<String, Value>) -> bool {
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(key.get(name)?.as_str()?).ok();
    let own = certificate.key();
    match key.get("kty").and_then(Value::as_str) {
        Some("EC") => bytes("x").zip(bytes("y")).is_some_and(|(x, y)| own == [&[4], &*x, &*y].concat()),
        Some("OKP") => bytes("x").is_some_and(|x| own == x),
        Some("RSA") => bytes("n").zip(bytes("e")).is_some_and(|(n, e)| rsa(own) == Some((&*n, &*e))),
        // A key of a kind that is not known is known by its certificate alone.
        Some(_) => true,
        None => false,
    }
}

/// Modulus and exponent of an RSAPublicKey (RFC 8017 appendix A.1.1), big-endian without leading zeros.
fn rsa(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut numbers = Reader::new(key).enter(SEQUENCE, "RSAPublicKey").ok()?;
    let mut number = || {
        let number = numbers.integer("number").ok()?;
        let bytes = numbers.content(&number);
        Some(bytes.strip_prefix(&[0]).unwrap_or(bytes))
    };
    Some((number()?, number()?))
}
