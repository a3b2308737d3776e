//! What no dialect takes: too much, too often, and bytes that no header has.

use clientcert::forwarded::{Dialect, proxy_protocol};
use clientcert::verify::Code;

use crate::client::{CLIENT, Header, assert_refused, base64, detail, escaped, forwarded};
use crate::support::pem;

/// Every dialect of HTTP with the header of its certificate and a good value.
pub fn good() -> Vec<(Dialect, &'static str, String)> {
    let (escaped, base64) = (escaped(&[&CLIENT.direct]), base64(&CLIENT.direct));
    let blanks = pem(&CLIENT.direct).replace('\n', " ");
    vec![
        (Dialect::Rfc9440, "Client-Cert", format!(":{base64}:")),
        (Dialect::Envoy, "X-Forwarded-Client-Cert", format!("Cert=\"{escaped}\"")),
        (Dialect::Nginx, "X-SSL-Client-Cert", escaped.clone()),
        (Dialect::IngressNginx, "ssl-client-cert", escaped.clone()),
        (Dialect::Tomcat, "ssl_client_escaped_cert", escaped.clone()),
        (Dialect::Tomcat, "ssl_client_cert", blanks.clone()),
        (Dialect::Traefik, "X-Forwarded-Tls-Client-Cert", base64.clone()),
        (Dialect::Haproxy, "X-SSL-Client-Cert", base64.clone()),
        (Dialect::AwsAlb, "X-Amzn-Mtls-Clientcert-Leaf", escaped.clone()),
        (Dialect::AwsAlb, "X-Amzn-Mtls-Clientcert", escaped),
        (Dialect::Apache, "SSL_CLIENT_CERT", blanks.clone()),
        (Dialect::Azure, "X-ARR-ClientCert", base64),
        (Dialect::Azure, "X-ARR-ClientCert", blanks),
    ]
}

#[test]
fn every_dialect_is_here() {
    let all: Vec<Dialect> = good().into_iter().map(|(dialect, ..)| dialect).collect();
    let http = Dialect::ALL.iter().filter(|dialect| **dialect != Dialect::ProxyProtocol);
    assert!(http.clone().count() > 0 && http.into_iter().all(|dialect| all.contains(dialect)));
    for (dialect, name, value) in good() {
        assert!(forwarded(dialect, &[(name, value.as_bytes())]).verified(), "{dialect:?}");
    }
}

#[test]
fn a_header_that_is_there_twice_is_an_attack() {
    for (dialect, name, value) in good() {
        // A list, of which every proxy may add an element.
        if dialect == Dialect::Envoy {
            continue;
        }
        let (dashed, underlined) = (name.replace('_', "-").to_ascii_uppercase(), name.replace('-', "_"));
        for second in [name, &dashed, &underlined] {
            for other in [value.as_bytes(), b"", b"x"] {
                let headers: [Header<'_>; 2] = [(name, value.as_bytes()), (second, other)];
                let verdict = forwarded(dialect, &headers);
                assert_refused(&verdict, Code::ForwardedMalformed);
                assert!(detail(&verdict).ends_with("is there more than once"), "{}", detail(&verdict));
            }
        }
    }
}

#[test]
fn line_ends_and_nul_are_in_no_header() {
    for (dialect, name, value) in good() {
        let middle = value.len() / 2;
        for bad in ["\r", "\n", "\0", "\r\n", "\n\t"] {
            for place in [1, middle, value.len() - 1] {
                let mut value = value.clone();
                value.insert_str(place, bad);
                assert_refused(&forwarded(dialect, &[(name, value.as_bytes())]), Code::ForwardedMalformed);
            }
        }
    }
}

#[test]
fn every_cut_is_refused() {
    for (dialect, name, value) in good() {
        for length in 1..value.len() {
            let verdict = forwarded(dialect, &[(name, &value.as_bytes()[..length])]);
            // `Cert=` alone says nothing, and a cut that leaves whole armour is the armour's business.
            let whole = verdict.certificate_der(0) == Some(&CLIENT.direct[..]);
            assert!(whole || !verdict.verified() && !verdict.accepted(), "{dialect:?}, {length}");
        }
    }
}

#[test]
fn every_other_byte_is_refused_or_changes_nothing() {
    for (dialect, name, value) in good() {
        for place in (0..value.len()).step_by(7) {
            for byte in [b'!', b'%', b'"', b',', 0xff, b' '] {
                let mut bytes = value.clone().into_bytes();
                bytes[place] = byte;
                let verdict = forwarded(dialect, &[(name, &bytes)]);
                let whole = verdict.certificate_der(0) == Some(&CLIENT.direct[..]);
                assert!(whole || !verdict.accepted(), "{dialect:?}, {place}, {byte}");
            }
        }
    }
}

#[test]
fn what_is_too_large_says_so() {
    let huge = vec![b'A'; 4 << 20];
    for (dialect, name, _) in good() {
        let verdict = forwarded(dialect, &[(name, &huge)]);
        assert_refused(&verdict, Code::ChainTooLarge);
        assert_eq!(detail(&verdict), format!("{name} is larger than max_chain_bytes allows"));
    }
    // Small enough to be read, and too large for the chain that is in it.
    let many = vec![&CLIENT.direct[..]; 400];
    let chain = escaped(&many);
    let verdict = forwarded(Dialect::AwsAlb, &[("X-Amzn-Mtls-Clientcert", chain.as_bytes())]);
    assert_refused(&verdict, Code::ChainTooLarge);
    let verdict = forwarded(Dialect::ProxyProtocol, &[(proxy_protocol::NAME, &huge)]);
    assert_refused(&verdict, Code::ChainTooLarge);
}

#[test]
fn names_of_headers_cannot_write_into_a_log() {
    let name = "CLIENT_CERT";
    let verdict = forwarded(Dialect::Rfc9440, &[(name, b"x")]);
    assert_eq!(detail(&verdict), "CLIENT_CERT is no Byte Sequence");
}
