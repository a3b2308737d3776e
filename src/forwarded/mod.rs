//! Behind a proxy: which certificate a client presented to it, read from what it forwards and written for those behind us.
//!
//! A certificate is public. Whoever can send a header can send anybody's, so a forwarded certificate authenticates
//! nobody unless it comes from a proxy that had the client prove possession of the key, that removes what clients send
//! under the same names, and that nobody else can pass for: the peers that `trusted_proxies` names, on a network or a
//! connection that keeps others out. By default the certificate is verified again here, by our own policy.

mod alb;
mod apache;
mod armour;
mod azure;
mod claim;
mod dialect;
pub mod envoy;
mod escaped;
mod given;
mod haproxy;
mod percent;
pub mod proxy_protocol;
mod rfc9440;
mod scrub;
mod traefik;
mod verify;
mod write;

pub use crate::policy::Peer;
pub use dialect::{Carrier, Dialect};
pub use scrub::{forwarded_headers, is_forwarded_header, vary, vary_for_clients};
pub use write::{Forward, NotForwarded, forward_headers};
