//! nginx's `$ssl_client_escaped_cert`: one certificate as percent-encoded PEM. ingress-nginx and Tomcat take the same.

use super::claim::{Claim, Fault, Word};
use super::given::{Given, Header, Part};
use super::{apache, armour, percent};

/// nginx, ingress-nginx.
pub(super) fn read(given: &Given<'_>) -> Result<Claim, Fault> {
    let leaf = given.single(Part::Certificate)?.map(certificate).transpose()?;
    let chain = given.single(Part::Chain(None))?.map(certificates).transpose()?;
    given.conclude(with_chain(given, leaf, chain)?, Word::Silent)
}

/// Tomcat's SSLValve: the escaped form, the one with blanks, or both of the same certificate.
pub(super) fn read_tomcat(given: &Given<'_>) -> Result<Claim, Fault> {
    let escaped = given.single(Part::Certificate)?;
    let blank = given.single(Part::Other)?;
    let found = match (escaped.map(certificate).transpose()?, blank.map(apache::certificate).transpose()?) {
        (Some(escaped), Some(other)) if escaped != other => {
            return Err(Fault::malformed(blank.map_or("", |header| header.name), "has another certificate"));
        }
        (escaped, other) => escaped.or(other),
    };
    given.conclude(found, Word::Silent)
}

/// The only certificate of a header.
pub(super) fn certificate(header: &Header<'_>) -> Result<Vec<u8>, Fault> {
    let (count, der) = decode(header)?;
    match count {
        1 => Ok(der),
        _ => Err(Fault::malformed(header.name, "has more than one certificate")),
    }
}

/// All certificates of a header.
pub(super) fn certificates(header: &Header<'_>) -> Result<Vec<u8>, Fault> {
    decode(header).map(|(_, der)| der)
}

/// A certificate with those above it, which are nothing without it.
pub(super) fn with_chain(
    given: &Given<'_>,
    leaf: Option<Vec<u8>>,
    chain: Option<Vec<u8>>,
) -> Result<Option<Vec<u8>>, Fault> {
    match (leaf, chain) {
        (None, Some(_)) => {
            let header = given.all(Part::Chain(None)).next();
            Err(Fault::malformed(header.map_or("", |header| header.name), "is there without the client's certificate"))
        }
        (Some(mut leaf), Some(chain)) => {
            leaf.extend(chain);
            Ok(Some(leaf))
        }
        (leaf, None) => Ok(leaf),
    }
}

fn decode(header: &Header<'_>) -> Result<(usize, Vec<u8>), Fault> {
    let Some(text) = percent::decode(header.value) else {
        return Err(Fault::malformed(header.name, "is not percent-encoded"));
    };
    let mut der = Vec::new();
    match armour::pem(&text, &mut der) {
        Some(count) => Ok((count, der)),
        None => Err(Fault::malformed(header.name, "is no certificate in percent-encoded PEM")),
    }
}
