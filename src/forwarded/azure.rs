//! Azure App Service: `X-ARR-ClientCert`, which is the DER in base64, or PEM with blanks for line ends. It verifies nothing.

use super::claim::{Claim, Fault, Word};
use super::given::{Given, Header, Part};
use super::{apache, armour};

pub(super) fn read(given: &Given<'_>) -> Result<Claim, Fault> {
    let found = given.single(Part::Certificate)?.map(certificate).transpose()?;
    given.conclude(found, Word::Refused("App Service verifies nothing".into()))
}

fn certificate(header: &Header<'_>) -> Result<Vec<u8>, Fault> {
    if header.value.starts_with(b"-----") {
        return apache::certificate(header);
    }
    let mut der = Vec::new();
    match armour::base64(header.value, &mut der) {
        Some(()) => Ok(der),
        None => Err(Fault::malformed(header.name, "is no certificate in base64")),
    }
}
