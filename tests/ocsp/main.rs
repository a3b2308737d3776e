//! OCSP without network: questions, answers made field by field and by a real responder, and what must never count.

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod bad_bytes;
mod crl;
mod pki;
mod responder;
#[cfg(feature = "tool")]
mod tool;
mod verdict;
