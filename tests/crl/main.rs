//! CRLs as bytes: what is read, what is refused, and what OpenSSL reads in the same.

#[path = "../support/mod.rs"]
mod support;

mod bad_input;
mod openssl;
mod properties;
mod reading;
#[cfg(feature = "tool")]
mod tool;
