//! Is the presented chain good? Path building, RFC 5280 validation and the second opinion.

mod reason;

pub use reason::{Code, Culprit, Detail, Reason, TlsVersion};
