//! Traefik's PassTLSClientCert: base64 without armour, the certificates separated by commas. Older versions escape it.

use super::claim::{Claim, Fault, Word};
use super::given::{Given, Header, Part};
use super::{armour, percent};

pub(super) fn read(given: &Given<'_>) -> Result<Claim, Fault> {
    let found = given.single(Part::Certificate)?.map(certificates).transpose()?;
    given.conclude(found, Word::Silent)
}

fn certificates(header: &Header<'_>) -> Result<Vec<u8>, Fault> {
    let Some(text) = percent::decode(header.value) else {
        return Err(Fault::malformed(header.name, "is not percent-encoded"));
    };
    let mut der = Vec::new();
    match text.split(|byte| *byte == b',').try_for_each(|one| armour::base64(one, &mut der)) {
        Some(()) => Ok(der),
        None => Err(Fault::malformed(header.name, "is no list of certificates in base64")),
    }
}
