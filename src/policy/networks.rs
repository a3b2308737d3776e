//! Peers and the networks that they may be in.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

/// Whom a connection comes from: the other end of the socket, never an address out of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A TCP or QUIC peer. An IPv4 address mapped to IPv6 (`::ffff:192.0.2.1`) is that IPv4 address.
    Ip(IpAddr),
    /// A peer on a Unix socket.
    Unix,
    /// A peer whose address is not known, and whom nobody trusts.
    Unknown,
}

impl Peer {
    /// Reads an IP address as `inet_ntop` writes it, or `unix`. Anything else, an IPv6 address with a zone among it, is
    /// [`Peer::Unknown`].
    pub fn parse(text: &str) -> Self {
        match text.parse() {
            Ok(address) => Self::Ip(address),
            Err(_) if text == UNIX => Self::Unix,
            Err(_) => Self::Unknown,
        }
    }
}

impl From<IpAddr> for Peer {
    fn from(address: IpAddr) -> Self {
        Self::Ip(address)
    }
}

/// An item of `trusted_proxies`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Network {
    Ip(IpNet),
    Unix,
}

const UNIX: &str = "unix";

/// Bits before the IPv4 address in one that is mapped to IPv6 (RFC 4291 section 2.5.5.2).
const MAPPED: u8 = 96;

impl Network {
    /// Reads an address, a network in CIDR notation (RFC 4632 section 3.1) or `unix`; else what was expected.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case(UNIX) {
            return Ok(Self::Unix);
        }
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        let Ok(network) = network else {
            return Err("an IP address, a network such as 10.0.0.0/8, or `unix`".into());
        };
        if network.trunc() != network {
            return Err(format!("a network: without bits after its prefix it would be {}", network.trunc()));
        }
        Ok(Self::Ip(canonical(network)))
    }

    pub(super) fn contains(&self, peer: &Peer) -> bool {
        match (self, peer) {
            (Self::Ip(network), Peer::Ip(address)) => network.contains(&address.to_canonical()),
            (Self::Unix, Peer::Unix) => true,
            (Self::Ip(_), Peer::Unix) | (Self::Unix, Peer::Ip(_)) | (_, Peer::Unknown) => false,
        }
    }

    /// Whether every address is in it.
    pub(super) fn is_everybody(&self) -> bool {
        matches!(self, Self::Ip(network) if network.prefix_len() == 0)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(network) if network.prefix_len() == network.max_prefix_len() => network.addr().fmt(f),
            Self::Ip(network) => network.fmt(f),
            Self::Unix => f.write_str(UNIX),
        }
    }
}

/// A network of IPv4 addresses mapped to IPv6 is one of IPv4 addresses, as peers are.
fn canonical(network: IpNet) -> IpNet {
    match (network.addr().to_canonical(), network.prefix_len().checked_sub(MAPPED)) {
        (address @ IpAddr::V4(_), Some(prefix)) if network.addr().is_ipv6() => {
            IpNet::new(address, prefix).unwrap_or(network)
        }
        _ => network,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, peer: &str) -> bool {
        Network::parse(network).expect(network).contains(&Peer::parse(peer))
    }

    #[test]
    fn a_network_contains_its_addresses_alone() {
        assert!(contains("10.0.0.0/8", "10.255.0.1") && !contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("192.0.2.1", "192.0.2.1") && !contains("192.0.2.1", "192.0.2.2"));
        assert!(contains("2001:db8::/32", "2001:db8:1::1") && !contains("2001:db8::/32", "2001:db9::1"));
        assert!(contains("0.0.0.0/0", "192.0.2.1") && !contains("0.0.0.0/0", "2001:db8::1"));
    }

    #[test]
    fn a_mapped_address_is_its_ipv4_address() {
        assert!(contains("10.0.0.0/8", "::ffff:10.0.0.1") && contains("::ffff:10.0.0.0/104", "10.0.0.1"));
        assert!(contains("::ffff:10.0.0.1", "10.0.0.1") && !contains("::/0", "::ffff:10.0.0.1"));
    }

    #[test]
    fn unix_sockets_have_a_word_of_their_own() {
        assert!(contains("unix", "unix") && !contains("unix", "127.0.0.1") && !contains("127.0.0.1", "unix"));
    }

    #[test]
    fn who_is_unknown_is_in_no_network() {
        for peer in ["", "unknown", "10.0.0.1:80", "10.0.0", "010.0.0.1", "fe80::1%eth0", "[::1]", " 10.0.0.1", "UNIX"]
        {
            assert_eq!(Peer::parse(peer), Peer::Unknown, "{peer}");
        }
        for network in ["0.0.0.0/0", "::/0", "unix"] {
            assert!(!Network::parse(network).expect(network).contains(&Peer::Unknown));
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "10.0.0.0/33", "10.0.0.1/8", "::1/64", "10.0.0/8", "example.com", "10.0.0.0/-1", "*"] {
            assert!(Network::parse(text).is_err(), "{text}");
        }
        assert!(Network::parse("10.0.0.1/8").expect_err("bits").contains("10.0.0.0/8"));
    }

    #[test]
    fn texts_can_be_read_again() {
        for text in ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::1", "unix", "0.0.0.0/0"] {
            assert_eq!(Network::parse(text).expect(text).to_string(), text);
        }
    }
}
