//! Is the presented chain good? Path building, RFC 5280 validation and the second opinion.

mod anchor;
mod key;
mod reason;
mod rules;
mod signature;

pub use reason::{Code, Culprit, Detail, Reason, TlsVersion};

pub(crate) use anchor::{Anchor, AnchorStore};
pub(crate) use rules::{EkuRule, Rules, SecondOpinionRule};
