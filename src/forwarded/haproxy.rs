//! HAProxy: the documented `X-SSL-` set, and `X-SSL-Client-Cert` with `%[ssl_c_der,base64]`. Without the latter nothing can be
//! verified: a name and a fingerprint authenticate nobody.

use super::armour;
use super::claim::{Claim, Fault, Word};
use super::dialect::same_name;
use super::escaped::with_chain;
use super::given::{Given, Header, Part};
use crate::certificate::hex;
use crate::crypto;

pub(super) fn read(given: &Given<'_>) -> Result<Claim, Fault> {
    let leaf = given.single(Part::Certificate)?.map(certificate).transpose()?;
    if let Some(leaf) = &leaf {
        check_fingerprint(given, leaf)?;
    }
    let chain = given.single(Part::Chain(None))?.map(chain).transpose()?;
    given.conclude(with_chain(given, leaf, chain)?, Word::Silent)
}

fn certificate(header: &Header<'_>) -> Result<Vec<u8>, Fault> {
    let mut der = Vec::new();
    match armour::base64(header.value, &mut der) {
        Some(()) => Ok(der),
        None => Err(Fault::malformed(header.name, "is no certificate in base64")),
    }
}

/// `%[ssl_c_chain_der,base64]`: all of them one after another.
fn chain(header: &Header<'_>) -> Result<Vec<u8>, Fault> {
    let mut der = Vec::new();
    match armour::base64_list(header.value, &mut der) {
        Some(()) => Ok(der),
        None => Err(Fault::malformed(header.name, "is no list of certificates in base64")),
    }
}

/// A fingerprint of another certificate means that the set was put together by two.
fn check_fingerprint(given: &Given<'_>, leaf: &[u8]) -> Result<(), Fault> {
    let sha1 = hex(&crypto::sha1(leaf));
    for header in given.all(Part::Detail).filter(|header| same_name(header.name, "X-SSL-Client-SHA1")) {
        let said = header.value.strip_prefix(b"\"").unwrap_or(header.value);
        let said = said.strip_suffix(b"\"").unwrap_or(said);
        if !said.eq_ignore_ascii_case(sha1.as_bytes()) {
            return Err(Fault::malformed(header.name, "is the fingerprint of another certificate"));
        }
    }
    Ok(())
}
