//! Ports for programs that have to be told one.

use std::hash::{BuildHasher as _, RandomState};
use std::net::TcpListener;

/// A port of the loopback address that was free a moment ago. It is below those that systems give to connections, one of
/// which could take it before the program does.
pub fn free_port() -> u16 {
    let drawn = |attempt: u64| 10_000 + (RandomState::new().hash_one(attempt) % 20_000) as u16;
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (0..100).map(drawn).find(is_free).expect("a free port")
}
