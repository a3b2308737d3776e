//! Apache: `RequestHeader set SSL_CLIENT_CERT "%{SSL_CLIENT_CERT}s"`, where mod_headers puts a blank for each line end, and
//! `(null)` for nothing.

use super::armour;
use super::claim::{Claim, Fault, Word};
use super::given::{Given, Header, Part};

pub(super) fn read(given: &Given<'_>) -> Result<Claim, Fault> {
    let mut found = given.single(Part::Certificate)?.map(certificate).transpose()?;
    for header in given.numbered_chain()? {
        let Some(found) = &mut found else {
            return Err(Fault::malformed(header.name, "is there without the client's certificate"));
        };
        found.extend(certificate(header)?);
    }
    given.conclude(found, Word::Silent)
}

/// The only certificate of a header.
pub(super) fn certificate(header: &Header<'_>) -> Result<Vec<u8>, Fault> {
    let mut der = Vec::new();
    match armour::pem(header.value, &mut der) {
        Some(1) => Ok(der),
        Some(_) => Err(Fault::malformed(header.name, "has more than one certificate")),
        None => Err(Fault::malformed(header.name, "is no certificate in PEM with blanks for line ends")),
    }
}
