//! Revocation by CRLs, through policies and verdicts: what counts, whose word it is, and what happens when it changes.

#[path = "../support/mod.rs"]
mod support;

mod again;
mod bad_input;
mod openssl;
mod reasons;
mod reload;
mod scopes;
mod series;
mod signers;
mod world;
