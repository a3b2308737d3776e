//! Version 2 of the PROXY protocol.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clientcert::forwarded::proxy_protocol::{self, Header, NAME};
use clientcert::forwarded::{Dialect, Forward, forward_headers};
use clientcert::verify::Code;
use clientcert::{Outcome, Verdict};

use crate::client::{CLIENT, VERIFIER, assert_absent, assert_is, assert_refused, believed, detail, forwarded};
use crate::support::NOW;

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const TCP4: &[u8] = &[198, 51, 100, 7, 203, 0, 113, 9, 0xc0, 0x01, 0x01, 0xbb];

fn tlv(kind: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap().to_be_bytes();
    [&[kind][..], &length, value].concat()
}

fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[0x20 | command, family], &length, rest].concat()
}

fn tls(client: u8, verify: u32, tlvs: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x20, &[&[client][..], &verify.to_be_bytes(), &tlvs.concat()].concat())
}

/// A connection over IPv4 with these TLVs.
fn connection(tlvs: &[Vec<u8>]) -> Vec<u8> {
    header(1, 0x11, &[TCP4, &tlvs.concat()].concat())
}

fn read(header: &[u8]) -> std::sync::Arc<Verdict> {
    forwarded(Dialect::ProxyProtocol, &[(NAME, header)])
}

/// With all that HAProxy can send.
fn full(client: u8, verify: u32) -> Vec<u8> {
    let subs = [
        tlv(0x21, b"TLSv1.3"),
        tlv(0x22, b"bob"),
        tlv(0x23, b"TLS_AES_256_GCM_SHA384"),
        tlv(0x24, b"ED25519"),
        tlv(0x25, b"ED25519"),
        tlv(0x26, b"x25519"),
        tlv(0x27, b"ed25519"),
        tlv(0x28, &CLIENT.direct),
    ];
    connection(&[tlv(0x01, b"h2"), tlv(0x02, b"example.com"), tls(client, verify, &subs), tlv(0x04, &[0; 3])])
}

#[test]
fn a_header_is_read() {
    let bytes = full(7, 0);
    let header = Header::parse(&bytes).unwrap();
    let (source, destination) = header.addresses.unwrap();
    assert_eq!(source, "198.51.100.7:49153".parse::<SocketAddr>().unwrap());
    assert_eq!(destination, "203.0.113.9:443".parse::<SocketAddr>().unwrap());
    let tls = header.tls.unwrap();
    assert_eq!((tls.presented, tls.verify), (true, 0));
    assert_eq!(tls.version, Some(&b"TLSv1.3"[..]));
    assert_eq!(tls.common_name, Some(&b"bob"[..]));
    assert_eq!(tls.certificate, Some(&CLIENT.direct[..]));
    assert_is(&read(&bytes), &CLIENT.direct);
    // On this connection, or when the session began.
    assert_is(&read(&full(3, 0)), &CLIENT.direct);
    assert_is(&read(&full(5, 0)), &CLIENT.direct);
}

#[test]
fn addresses_of_every_family_are_read() {
    let v6: Vec<u8> = [&[0x20, 1][..], &[0; 13], &[7], &[0; 15], &[1], &[0, 80, 1, 0xbb]].concat();
    let bytes = header(1, 0x21, &v6);
    let read = Header::parse(&bytes).unwrap();
    assert_eq!(read.addresses, Some(("[2001::7]:80".parse().unwrap(), "[::1]:443".parse().unwrap())));
    for (family, length) in [(0x00, 0), (0x31, 216), (0x32, 216)] {
        assert_eq!(Header::parse(&header(1, family, &vec![0; length])).unwrap().addresses, None);
    }
    for (family, length) in
        [(0x11, 11), (0x12, 0), (0x21, 35), (0x22, 16), (0x31, 215), (0x33, 216), (0x01, 0), (0xff, 0)]
    {
        assert!(Header::parse(&header(1, family, &vec![0; length])).is_err(), "{family:x}");
    }
}

#[test]
fn the_proxy_itself_has_no_certificate() {
    let rest = [TCP4, &full(7, 0)[28..]].concat();
    let bytes = header(0, 0x11, &rest);
    assert!(Header::parse(&bytes).unwrap().local);
    assert_absent(&read(&bytes));
    assert_absent(&read(&header(0, 0x00, b"anything")));
}

#[test]
fn no_tls_and_no_certificate_are_absence() {
    assert_absent(&read(&connection(&[])));
    assert_absent(&read(&connection(&[tls(0, 1, &[])])));
    assert_absent(&read(&connection(&[tls(1, 1, &[tlv(0x21, b"TLSv1.3")])])));
}

#[test]
fn a_certificate_that_is_missing_is_no_absence() {
    for client in [3, 5, 7] {
        let verdict = read(&connection(&[tls(client, 0, &[tlv(0x22, b"bob")])]));
        assert_refused(&verdict, Code::ForwardedIncomplete);
        let verdict = believed(Dialect::ProxyProtocol, &[(NAME, &connection(&[tls(client, 0, &[])]))]);
        assert_refused(&verdict, Code::ForwardedIncomplete);
    }
}

#[test]
fn contradictions_are_malformed() {
    let certificate = tlv(0x28, &CLIENT.direct);
    for tlvs in [
        vec![tls(1, 0, &[certificate.clone()])],
        vec![tls(0, 0, &[certificate.clone()])],
        vec![tls(2, 0, &[])],
        vec![tls(7, 0, &[certificate.clone(), certificate.clone()])],
        vec![tls(7, 0, &[certificate.clone()]), tls(7, 0, &[certificate])],
        vec![tls(7, 0, &[tlv(0x28, &[&CLIENT.direct[..], &CLIENT.leaf].concat())])],
        vec![tls(7, 0, &[tlv(0x28, b"")])],
        vec![tls(7, 0, &[tlv(0x28, &CLIENT.direct[1..])])],
        vec![tlv(0x20, &[7, 0, 0, 0])],
        vec![tlv(0x03, &[0; 4])],
        vec![tlv(0x03, &[0; 3])],
    ] {
        assert_refused(&read(&connection(&tlvs)), Code::ForwardedMalformed);
    }
}

#[test]
fn every_cut_is_malformed() {
    let bytes = full(7, 0);
    for length in 0..bytes.len() {
        let cut = &bytes[..length];
        let verdict = read(cut);
        assert_refused(&verdict, Code::ForwardedMalformed);
        // And where the length says so, too: a TLV is cut, or the certificate is missing.
        // The last TLV says nothing, and its absence nothing else.
        if (28..bytes.len() - 6).contains(&length) {
            let cut = header(1, 0x11, &bytes[16..length]);
            assert!(!read(&cut).verified(), "{length}");
        }
    }
    let mut longer = bytes;
    longer.push(0);
    assert_refused(&read(&longer), Code::ForwardedMalformed);
}

#[test]
fn other_versions_and_commands_are_malformed() {
    let good = full(7, 0);
    for (place, value) in [(12, 0x11), (12, 0x31), (12, 0x22), (12, 0x2f), (0, b'P'), (11, b'\r')] {
        let mut bytes = good.clone();
        bytes[place] = value;
        assert_refused(&read(&bytes), Code::ForwardedMalformed);
    }
    assert_refused(&read(b"PROXY TCP4 198.51.100.7 203.0.113.9 49153 443\r\n"), Code::ForwardedMalformed);
}

#[test]
fn the_length_is_known_from_the_start() {
    let bytes = full(7, 0);
    assert_eq!(proxy_protocol::length(&bytes[..16]), Some(bytes.len()));
    assert_eq!(proxy_protocol::length(&bytes[..15]), None);
    assert_eq!(proxy_protocol::length(&[0; 16]), None);
}

#[test]
fn a_checksum_is_written_and_checked() {
    let verdict = VERIFIER.verify_at(&CLIENT.direct, NOW);
    let addresses =
        (SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1), SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 2));
    let forward =
        Forward { details: true, tls_version: Some("TLSv1.3"), addresses: Some(addresses), ..Forward::default() };
    let written = forward_headers(&verdict, Dialect::ProxyProtocol, &forward).unwrap();
    let [(name, bytes)] = &written[..] else { panic!("{written:?}") };
    assert_eq!(name, NAME);
    let parsed = Header::parse(bytes).unwrap();
    assert_eq!(parsed.addresses, Some(addresses));
    assert_eq!(parsed.tls.and_then(|tls| tls.common_name), Some(&b"bob"[..]));
    assert_is(&read(bytes), &CLIENT.direct);
    // Behind the addresses is the type of the TLV with the checksum: who changes that has taken it away.
    for place in (16..28).chain(29..bytes.len()) {
        let mut forged = bytes.clone();
        forged[place] ^= 1;
        assert!(!read(&forged).verified(), "{place}");
    }
}

/// The checksum of the value that CRC catalogues have for CRC-32C: 0xe3069283 for `123456789`.
#[test]
fn the_checksum_is_crc_32c() {
    let crc = |bytes: &[u8]| {
        !bytes.iter().fold(u32::MAX, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0x82f6_3b78 } else { sum >> 1 })
        })
    };
    assert_eq!(crc(b"123456789"), 0xe306_9283);
    let mut bytes = connection(&[tlv(0x03, &[0; 4]), tls(7, 0, &[tlv(0x28, &CLIENT.direct)])]);
    let sum = crc(&bytes);
    bytes[31..35].copy_from_slice(&sum.to_be_bytes());
    assert_is(&read(&bytes), &CLIENT.direct);
    bytes[34] ^= 1;
    let verdict = read(&bytes);
    assert_refused(&verdict, Code::ForwardedMalformed);
    assert!(detail(&verdict).contains("checksum"));
}

#[test]
fn the_proxys_word_is_the_verify_field() {
    let read = |verify| believed(Dialect::ProxyProtocol, &[(NAME, &full(7, verify))]);
    assert_is(&read(0), &CLIENT.direct);
    let refused = read(20);
    assert_refused(&refused, Code::ForwardedNotVerified);
    assert_eq!(detail(&refused), "20");
}

#[test]
fn a_client_without_a_certificate_is_written() {
    let verdict = VERIFIER.verify_at(&[], NOW);
    assert_eq!(verdict.outcome(), Outcome::None);
    let written = forward_headers(&verdict, Dialect::ProxyProtocol, &Forward::default()).unwrap();
    assert_absent(&read(&written[0].1));
    let tls = Header::parse(&written[0].1).unwrap().tls.unwrap();
    assert!(!tls.presented && tls.verify != 0);
}
