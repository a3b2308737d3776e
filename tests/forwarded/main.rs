//! What proxies forward of a client: read in every dialect, written in every dialect, and refused where it must be.

#[path = "../support/mod.rs"]
mod support;

mod apache;
mod bad_input;
mod client;
mod envoy;
mod haproxy;
mod load_balancers;
mod nginx;
mod proxy_protocol;
mod real_proxies;
mod rfc9440;
mod round_trips;
mod traefik;
mod trust;
mod verification;
mod writing;
