//! What the integration tests share: certificates made field by field, so that hostile ones are as easy as good ones.

// Each test program takes what it needs.
#![allow(dead_code, unused_imports)]
// Lengths in DER are cut into bytes.
#![allow(clippy::cast_possible_truncation)]

pub mod c;
pub mod certificate;
pub mod crl;
pub mod der;
pub mod extension;
pub mod key;
pub mod name;
pub mod ocsp;
pub mod port;

pub use certificate::{NOW, Template, pem};
pub use extension::Extension;
pub use key::Key;
