//! Who is a TLS client according to its certificate, and may this go on?
//!
//! A [`Config`] of named options becomes a [`Verifier`], which any thread may ask. What a client presented goes in, a
//! [`Verdict`] comes out: [`Outcome::None`], [`Outcome::Success`] or [`Outcome::Failed`] with every reason. The TLS stack
//! proves that the client holds the key; a certificate that nobody proved possession of authenticates nobody.
//!
//! ```no_run
//! # fn presented_by_the_client() -> Vec<u8> { Vec::new() }
//! use clientcert::{Config, Verifier};
//!
//! let mut config = Config::new();
//! config.set("mode", "optional")?;
//! config.set("ca", "/etc/ssl/clients-ca.pem")?;
//! let verifier = Verifier::new(&config)?;
//!
//! // DER certificates one after another, leaf first; nothing where the client presented none.
//! let verdict = verifier.verify(&presented_by_the_client());
//! if verdict.verified() {
//!     println!("hello {:?}", verdict.get("subject"));
//! } else if let Some(reason) = verdict.primary() {
//!     println!("{} (depth {:?})", reason.code.text(), reason.depth);
//! }
//! # Ok::<(), clientcert::Error>(())
//! ```
//!
//! Servers in other languages use the C interface of the same library, `include/clientcert.h`.

pub mod certificate;
pub mod forwarded;
pub mod identity;
pub mod policy;
pub mod registry;
pub mod request;
pub mod revocation;
#[cfg(feature = "rustls")]
pub mod rustls;
pub mod verdict;
pub mod verify;

mod crypto;
mod error;
mod ffi;
mod files;
mod seal;
mod session;
mod signature;

mod time;
mod verifier;

pub use error::{Error, Status};
pub use policy::{Config, Enforcement, Mode, Policy};
pub use session::Resumed;
pub use verdict::{Outcome, Verdict};
pub use verifier::{Statistics, Verifier};
