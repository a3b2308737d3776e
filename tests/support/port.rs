//! Ports for programs that are told theirs in advance.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::net::TcpListener;

/// A port of the loopback address that nobody listens on, below those that the kernel gives to clients: none takes it
/// meanwhile.
pub fn free_port() -> u16 {
    loop {
        let port = 10_000 + (RandomState::new().build_hasher().finish() % 22_000) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
