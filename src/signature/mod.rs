//! Who signed what: the kinds of keys, the algorithms that count, and the check itself.

mod algorithm;
mod key;
mod key_kind;

pub(crate) use algorithm::SignatureAlgorithm;
pub(crate) use key::{Key, Message, SignatureFault, Signed};
pub(crate) use key_kind::KeyKind;

/// The strength that keys and signatures need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strength {
    /// The least bits of an RSA modulus.
    pub(crate) min_rsa_bits: u32,
    /// The least bits of an elliptic curve's order.
    pub(crate) min_ec_bits: u32,
    /// Whether SHA-1 signatures count.
    pub(crate) allow_sha1: bool,
}
