//! Apache's mod_headers.

use clientcert::forwarded::{Dialect, Forward, forward_headers};
use clientcert::verify::Code;

use crate::client::{CLIENT, Header, assert_absent, assert_is, assert_refused, forwarded};
use crate::support::pem;

fn blanks(der: &[u8], joint: &str) -> String {
    pem(der).replace('\n', joint)
}

#[test]
fn blanks_stand_for_line_ends() {
    for joint in [" ", "\t", "  ", " \t"] {
        let cert = blanks(&CLIENT.direct, joint);
        assert_is(&forwarded(Dialect::Apache, &[("SSL_CLIENT_CERT", cert.as_bytes())]), &CLIENT.direct);
        assert_is(&forwarded(Dialect::Apache, &[("Ssl-Client-Cert", cert.as_bytes())]), &CLIENT.direct);
    }
    let unfolded = blanks(&CLIENT.direct, "\n");
    assert_refused(&forwarded(Dialect::Apache, &[("SSL_CLIENT_CERT", unfolded.as_bytes())]), Code::ForwardedMalformed);
}

#[test]
fn null_is_no_certificate() {
    let headers: [Header<'_>; 4] = [
        ("SSL_CLIENT_CERT", b"(null)"),
        ("SSL_CLIENT_VERIFY", b"NONE"),
        ("SSL_CLIENT_S_DN", b"(null)"),
        ("SSL_CLIENT_CERT_CHAIN_0", b"(null)"),
    ];
    assert_absent(&forwarded(Dialect::Apache, &headers));
    assert_refused(
        &forwarded(Dialect::Apache, &[("SSL_CLIENT_CERT", b"(null)"), ("SSL_CLIENT_S_DN", b"CN=alice")]),
        Code::ForwardedIncomplete,
    );
}

#[test]
fn a_chain_is_numbered_without_gaps() {
    let (leaf, issuer) = (blanks(&CLIENT.leaf, " "), blanks(&CLIENT.intermediate, " "));
    let cert: Header<'_> = ("SSL_CLIENT_CERT", leaf.as_bytes());
    let at = |name| (name, issuer.as_bytes());
    assert_is(&forwarded(Dialect::Apache, &[at("SSL_CLIENT_CERT_CHAIN_0"), cert]), &CLIENT.leaf);
    let both =
        [cert, at("ssl-client-cert-chain-1"), at("SSL_CLIENT_CERT_CHAIN_0"), ("SSL_CLIENT_CERT_CHAIN_2", b"(null)")];
    assert_is(&forwarded(Dialect::Apache, &both), &CLIENT.leaf);
    for bad in [
        &[cert, at("SSL_CLIENT_CERT_CHAIN_1")][..],
        &[cert, at("SSL_CLIENT_CERT_CHAIN_0"), at("SSL_CLIENT_CERT_CHAIN-0")],
        &[cert, at("SSL_CLIENT_CERT_CHAIN_0"), at("SSL_CLIENT_CERT_CHAIN_2")],
        &[cert, ("SSL_CLIENT_CERT_CHAIN_0", b"(null)"), at("SSL_CLIENT_CERT_CHAIN_1")],
        &[at("SSL_CLIENT_CERT_CHAIN_0")],
    ] {
        assert_refused(&forwarded(Dialect::Apache, bad), Code::ForwardedMalformed);
    }
}

#[test]
fn it_is_written_as_mod_headers_does() {
    let (leaf, issuer) = (blanks(&CLIENT.leaf, " "), blanks(&CLIENT.intermediate, " "));
    let headers = [("SSL_CLIENT_CERT", leaf.as_bytes()), ("SSL_CLIENT_CERT_CHAIN_0", issuer.as_bytes())];
    let verdict = forwarded(Dialect::Apache, &headers);
    let written = forward_headers(&verdict, Dialect::Apache, &Forward { chain: true, ..Forward::default() }).unwrap();
    let expected = [
        ("SSL_CLIENT_CERT", leaf.trim_end()),
        ("SSL_CLIENT_CERT_CHAIN_0", issuer.trim_end()),
        ("SSL_CLIENT_VERIFY", "SUCCESS"),
    ];
    assert_eq!(written, expected.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())));
}
