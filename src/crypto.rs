//! The one place that knows which cryptographic library is built in.

#[cfg(feature = "aws-lc-rs")]
pub(crate) use aws_lc_rs as backend;
#[cfg(all(not(feature = "aws-lc-rs"), feature = "ring"))]
pub(crate) use ring as backend;

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
compile_error!("clientcert needs one of the features `aws-lc-rs` (default) and `ring`");

use backend::digest;
use backend::rand::{SecureRandom as _, SystemRandom};

/// The SHA-256 of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    hash(&digest::SHA256, bytes)
}

/// The SHA-1 of `bytes`: for names that other systems give. It decides only what an operator pinned by it, which takes a
/// second preimage to forge, never what is signed.
pub(crate) fn sha1(bytes: &[u8]) -> [u8; 20] {
    hash(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes)
}

/// Fills `bytes` from the system's source of chance; says whether it could.
#[must_use]
pub(crate) fn random(bytes: &mut [u8]) -> bool {
    SystemRandom::new().fill(bytes).is_ok()
}

/// `N` must be the length that `algorithm` gives.
fn hash<const N: usize>(algorithm: &'static digest::Algorithm, bytes: &[u8]) -> [u8; N] {
    let digest = digest::digest(algorithm, bytes);
    let mut out = [0; N];
    out.copy_from_slice(digest.as_ref());
    out
}
