//! AWS Application Load Balancers: percent-encoded PEM with `+`, `=` and `/` as they are. In verify mode the leaf alone, in
//! passthrough mode, where nothing was verified, all certificates.

use super::claim::{Claim, Fault, Word};
use super::escaped;
use super::given::{Given, Part};

pub(super) fn read(given: &Given<'_>) -> Result<Claim, Fault> {
    let leaf = given.single(Part::Certificate)?;
    let chain = given.single(Part::Chain(None))?;
    match (leaf, chain) {
        (Some(leaf), Some(_)) => Err(Fault::malformed(leaf.name, "is of another mode than X-Amzn-Mtls-Clientcert")),
        (Some(leaf), None) => given.conclude(Some(escaped::certificate(leaf)?), Word::Verified),
        (None, Some(chain)) => {
            let unverified = Word::Refused("passthrough mode verifies nothing".into());
            given.conclude(Some(escaped::certificates(chain)?), unverified)
        }
        (None, None) => given.conclude(None, Word::Silent),
    }
}
