//! What a proxy forwards, and what it does not.

use clientcert::forwarded::{Dialect, Forward, NotForwarded, forward_headers, is_forwarded_header};

use crate::client::{CLIENT, VERIFIER, escaped, verifier_with};
use crate::support::{Key, NOW, Template, name};

#[test]
fn who_was_not_verified_is_not_forwarded_unasked() {
    let stranger = VERIFIER.verify_at(&CLIENT.stranger, NOW);
    let garbage = VERIFIER.verify_at(b"garbage", NOW);
    for dialect in Dialect::ALL {
        let unasked = forward_headers(&stranger, *dialect, &Forward::default());
        assert_eq!(unasked, Err(NotForwarded::NotVerified), "{dialect:?}");
        let asked = Forward { unverified: true, ..Forward::default() };
        assert!(!forward_headers(&stranger, *dialect, &asked).unwrap().is_empty(), "{dialect:?}");
        assert_eq!(forward_headers(&garbage, *dialect, &asked), Err(NotForwarded::NoCertificate), "{dialect:?}");
    }
}

/// A verdict that is accepted is not one that is verified.
#[test]
fn tolerance_is_no_verification() {
    let verifier = verifier_with(&[("mode", "optional_no_ca")]);
    let stranger = verifier.verify_at(&CLIENT.stranger, NOW);
    assert!(stranger.accepted());
    assert_eq!(forward_headers(&stranger, Dialect::Nginx, &Forward::default()), Err(NotForwarded::NotVerified));
}

#[test]
fn a_failure_says_so() {
    let stranger = VERIFIER.verify_at(&CLIENT.stranger, NOW);
    let asked = Forward { unverified: true, ..Forward::default() };
    let written = forward_headers(&stranger, Dialect::IngressNginx, &asked).unwrap();
    let expected = [
        ("ssl-client-cert", escaped(&[&CLIENT.stranger])),
        ("ssl-client-subject-dn", "CN=mallory".into()),
        ("ssl-client-issuer-dn", "CN=Nobody".into()),
        ("ssl-client-verify", "FAILED:unable to verify the first certificate".into()),
    ];
    assert_eq!(written, expected.map(|(name, value)| (name.to_owned(), value.into_bytes())));
    let haproxy = forward_headers(&stranger, Dialect::Haproxy, &asked).unwrap();
    assert!(haproxy.contains(&("X-SSL-Client-Verify".into(), b"21".to_vec())));
}

#[test]
fn nobody_is_written_as_nobody() {
    let nobody = VERIFIER.verify_at(&[], NOW);
    let written = |dialect| forward_headers(&nobody, dialect, &Forward::default()).unwrap();
    for dialect in [Dialect::Rfc9440, Dialect::Envoy, Dialect::Traefik, Dialect::AwsAlb, Dialect::Azure] {
        assert_eq!(written(dialect), [], "{dialect:?}");
    }
    assert_eq!(written(Dialect::IngressNginx), [("ssl-client-verify".to_owned(), b"NONE".to_vec())]);
    assert_eq!(written(Dialect::Haproxy), [("X-SSL-Client-Verify".to_owned(), b"0".to_vec())]);
}

#[test]
fn everything_that_is_written_is_scrubbed_first() {
    let verdict = VERIFIER.verify_at(&[&CLIENT.leaf[..], &CLIENT.intermediate].concat(), NOW);
    let everything = Forward { chain: true, details: true, ..Forward::default() };
    for dialect in Dialect::ALL.iter().filter(|dialect| **dialect != Dialect::ProxyProtocol) {
        for (name, value) in forward_headers(&verdict, *dialect, &everything).unwrap() {
            assert!(is_forwarded_header(&name), "{name}");
            assert!(value.iter().all(|byte| (b' '..0x7f).contains(byte)), "{name}");
        }
    }
}

/// HAProxy's names are not escaped: what would begin another header is not written.
#[test]
fn a_name_cannot_begin_another_header() {
    let ca = Key::ed25519(0);
    let mut template = Template::client("Root", "x", &Key::ed25519(9));
    template.subject = name::common_name("x\r\nX-Admin: 1");
    let verdict = VERIFIER.verify_at(&template.sign(&ca), NOW);
    assert!(verdict.verified(), "{:?}", verdict.reasons());
    let details = Forward { details: true, ..Forward::default() };
    let refused = forward_headers(&verdict, Dialect::Haproxy, &details);
    assert_eq!(refused, Err(NotForwarded::Unprintable("X-SSL-Client-DN".into())));
    for dialect in Dialect::ALL.iter().filter(|dialect| !matches!(dialect, Dialect::Haproxy | Dialect::ProxyProtocol)) {
        for (name, value) in forward_headers(&verdict, *dialect, &details).into_iter().flatten() {
            assert!(!value.iter().any(|byte| *byte < b' '), "{dialect:?} {name}");
        }
    }
}
