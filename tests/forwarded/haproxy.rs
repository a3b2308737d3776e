//! HAProxy's X-SSL- headers.

use clientcert::forwarded::{Carrier, Dialect, Forward, forward_headers};
use clientcert::verify::Code;

use crate::client::{CLIENT, Header, assert_absent, assert_is, assert_refused, base64, believed, forwarded};

#[test]
fn the_certificate_is_read() {
    let cert = base64(&CLIENT.direct);
    let cert: Header<'_> = ("X-SSL-Client-Cert", cert.as_bytes());
    assert_is(&forwarded(Dialect::Haproxy, &[cert]), &CLIENT.direct);
    for verify in [&b"0"[..], b"10"] {
        assert_is(&forwarded(Dialect::Haproxy, &[cert, ("X-SSL-Client-Verify", verify)]), &CLIENT.direct);
    }
    assert_refused(&forwarded(Dialect::Haproxy, &[cert, ("X-SSL-Client-Verify", b"-1")]), Code::ForwardedMalformed);
    assert_refused(&forwarded(Dialect::Haproxy, &[("X-SSL-Client-Cert", b"MIIB")]), Code::ForwardedMalformed);
}

/// The documented set has no certificate: a name is no proof.
#[test]
fn the_documented_set_alone_authenticates_nobody() {
    let headers: [Header<'_>; 5] = [
        ("X-SSL-Client-Verify", b"0"),
        ("X-SSL-Client-DN", b"\"/CN=alice\""),
        ("X-SSL-Client-CN", b"\"alice\""),
        ("X-SSL-Issuer", b"\"/CN=Root\""),
        ("X-SSL-Client-SHA1", b"00"),
    ];
    assert_refused(&forwarded(Dialect::Haproxy, &headers), Code::ForwardedIncomplete);
    assert_refused(&believed(Dialect::Haproxy, &headers), Code::ForwardedIncomplete);
    assert_refused(&forwarded(Dialect::Haproxy, &[("X-SSL-Client-Verify", b"20")]), Code::ForwardedIncomplete);
}

/// `ssl_c_verify` is 0 without a certificate, and `%{+Q}` makes quotes of nothing.
#[test]
fn zero_without_a_certificate_is_absence() {
    let headers: [Header<'_>; 4] = [
        ("X-SSL-Client-Verify", b"0"),
        ("X-SSL-Client-DN", b"\"\""),
        ("X-SSL-Client-SHA1", b""),
        ("X-SSL-Client-Cert", b""),
    ];
    assert_absent(&forwarded(Dialect::Haproxy, &headers));
    assert_absent(&believed(Dialect::Haproxy, &headers));
}

#[test]
fn a_fingerprint_of_another_certificate_is_an_attack() {
    let cert = base64(&CLIENT.direct);
    let headers: [Header<'_>; 2] = [("X-SSL-Client-Cert", cert.as_bytes()), ("X-SSL-Client-SHA1", &[b'0'; 40])];
    assert_refused(&forwarded(Dialect::Haproxy, &headers), Code::ForwardedMalformed);
}

#[test]
fn the_set_is_written() {
    let (cert, chain) = (base64(&CLIENT.leaf), base64(&CLIENT.intermediate));
    let carrier = Carrier::of(Dialect::Haproxy).chain("X-SSL-Client-Chain");
    let headers = [("X-SSL-Client-Cert", cert.as_bytes()), ("X-SSL-Client-Chain", chain.as_bytes())];
    let verdict = forwarded(carrier, &headers);
    assert_is(&verdict, &CLIENT.leaf);
    let forward = Forward { chain: true, details: true, ..Forward::default() };
    let written = forward_headers(&verdict, carrier, &forward).unwrap();
    let value = |name: &str| {
        let found = written.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        String::from_utf8(found.unwrap_or_else(|| panic!("{name}"))).unwrap()
    };
    assert_eq!(value("X-SSL-Client-Verify"), "0");
    assert_eq!(value("X-SSL-Client-DN"), "/CN=alice");
    assert_eq!(value("X-SSL-Client-CN"), "alice");
    assert_eq!(value("X-SSL-Issuer"), "/CN=Issuing");
    assert_eq!(value("X-SSL-Client-NotBefore"), "200101000000Z");
    assert_eq!(value("X-SSL-Client-NotAfter"), "400101000000Z");
    assert_eq!(value("X-SSL-Client-SHA1").len(), 40);
    assert_eq!(value("X-SSL-Client-Chain"), chain);
    let again: Vec<Header<'_>> = written.iter().map(|(name, value)| (name.as_str(), &**value)).collect();
    assert_is(&forwarded(carrier, &again), &CLIENT.leaf);
}
