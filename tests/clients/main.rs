//! Real clients against the server of `examples/c/requests`: browsers that choose certificates by policy, and what is
//! asked for a certificate after the handshake.

mod browser;
mod chromium;
mod firefox;
mod late;
mod pki;
mod process;
mod server;
mod visits;

#[allow(dead_code)]
#[path = "../ffi/library.rs"]
mod library;
#[path = "../support/mod.rs"]
mod support;
