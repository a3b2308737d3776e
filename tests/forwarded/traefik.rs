//! Traefik's PassTLSClientCert.

use clientcert::forwarded::{Dialect, Forward, forward_headers};
use clientcert::verify::Code;

use crate::client::{CLIENT, assert_absent, assert_is, assert_refused, base64, forwarded};

const NAME: &str = "X-Forwarded-Tls-Client-Cert";

#[test]
fn certificates_are_separated_by_commas() {
    let (leaf, issuer) = (base64(&CLIENT.leaf), base64(&CLIENT.intermediate));
    let both = format!("{leaf},{issuer}");
    let verdict = forwarded(Dialect::Traefik, &[(NAME, both.as_bytes())]);
    assert_is(&verdict, &CLIENT.leaf);
    // Versions before 3 escape it.
    let escaped = both.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D").replace(',', "%2C");
    assert_is(&forwarded(Dialect::Traefik, &[(NAME, escaped.as_bytes())]), &CLIENT.leaf);
    let written = forward_headers(&verdict, Dialect::Traefik, &Forward { chain: true, ..Forward::default() }).unwrap();
    assert_eq!(written, [(NAME.to_owned(), both.into_bytes())]);
    assert_absent(&forwarded(Dialect::Traefik, &[(NAME, b"")]));
}

#[test]
fn information_alone_is_no_certificate() {
    let info = b"Subject%3D%22CN%3Dalice%22";
    let verdict = forwarded(Dialect::Traefik, &[("X-Forwarded-Tls-Client-Cert-Info", info)]);
    assert_refused(&verdict, Code::ForwardedIncomplete);
}

#[test]
fn anything_else_is_malformed() {
    let leaf = base64(&CLIENT.direct);
    for value in [
        format!("{leaf},"),
        format!(",{leaf}"),
        format!("{leaf},,{leaf}"),
        format!("{leaf} {leaf}"),
        leaf[..leaf.len() - 4].to_owned(),
        format!("{leaf}A"),
        format!("-----BEGIN CERTIFICATE-----{leaf}-----END CERTIFICATE-----"),
        base64(&[&CLIENT.direct[..], &CLIENT.leaf].concat()),
        ",".into(),
        "%".into(),
    ] {
        assert_refused(&forwarded(Dialect::Traefik, &[(NAME, value.as_bytes())]), Code::ForwardedMalformed);
    }
}
