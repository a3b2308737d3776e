//! Who is a TLS client according to its certificate, and may this go on?

pub mod certificate;
pub mod policy;
pub mod verify;

mod crypto;
mod error;

pub use error::{Error, Status};
