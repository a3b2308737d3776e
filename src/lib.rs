//! Who is a TLS client according to its certificate, and may this go on?

pub mod certificate;
pub mod policy;
#[cfg(feature = "rustls")]
pub mod rustls;
pub mod verdict;
pub mod verify;

mod crypto;
mod error;
mod ffi;
mod time;
mod verifier;

pub use error::{Error, Status};
pub use policy::{Config, Enforcement, Mode, Policy};
pub use verdict::{Outcome, Verdict};
pub use verifier::{Statistics, Verifier};
