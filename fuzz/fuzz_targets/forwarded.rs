//! Headers of every dialect: the number of a dialect, and lines of a name and a value. Whoever is verified is one of those
//! whom the CA made, and nobody is by a peer that is not trusted.
#![no_main]

#[path = "../../tests/support"]
mod support {
    pub mod certificate;
    pub mod der;
    pub mod extension;
    pub mod key;
    pub mod name;
    pub use extension::Extension;
    pub use key::Key;
}

use std::sync::LazyLock;

use clientcert::forwarded::{Dialect, Forward, Peer, forward_headers, is_forwarded_header, proxy_protocol};
use clientcert::{Config, Outcome, Verifier};
use support::Key;
use support::certificate::{NOW, Template};

static VERIFIERS: LazyLock<[Verifier; 2]> = LazyLock::new(|| {
    let ca = Key::ed25519(0);
    ["own", "proxy"].map(|verification| {
        let mut config = Config::new();
        config.set("mode", "optional").expect("a mode");
        config.set_bytes("ca", &Template::authority("Test CA", "Test CA", &ca).sign(&ca)).expect("a CA");
        config.set("trusted_proxies", "192.0.2.1").expect("a proxy");
        config.set("forwarded_verification", verification).expect("a word");
        Verifier::new(&config).expect("a verifier")
    })
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((how, data)) = data.split_first() else { return };
    let dialect = Dialect::ALL[usize::from(*how) % Dialect::ALL.len()];
    let split = |line: &'_ [u8]| line.iter().position(|byte| *byte == b'\n').unwrap_or(line.len());
    let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
    if dialect == Dialect::ProxyProtocol {
        let value = data.get(split(data) + 1..).unwrap_or_default();
        headers.push((proxy_protocol::NAME.into(), value.to_vec()));
    } else {
        let mut rest = data;
        while !rest.is_empty() {
            let (name, tail) = rest.split_at(split(rest));
            let tail = tail.get(1..).unwrap_or_default();
            let (value, tail) = tail.split_at(split(tail));
            rest = tail.get(1..).unwrap_or_default();
            headers.push((String::from_utf8_lossy(name).into(), value.to_vec()));
        }
    }
    let given = || headers.iter().map(|(name, value)| (name.as_str(), &**value));
    for verifier in VERIFIERS.iter() {
        let verdict = verifier.verify_forwarded(dialect, &Peer::parse("192.0.2.1"), given(), NOW);
        let foreign = verifier.verify_forwarded(dialect, &Peer::parse("192.0.2.2"), given(), NOW);
        assert!(!foreign.verified());
        assert_eq!(foreign.outcome() == Outcome::None, foreign.accepted());
        if verdict.outcome() == Outcome::Failed {
            assert!(!verdict.accepted() && !verdict.reasons().is_empty());
        }
        if verdict.verified() {
            let headers = forward_headers(&verdict, dialect, &Forward::default()).expect("a verified client");
            assert!(headers.iter().all(|(name, _)| name == proxy_protocol::NAME || is_forwarded_header(name)));
            let again = headers.iter().map(|(name, value)| (name.as_str(), &**value));
            let again = VERIFIERS[0].verify_forwarded(dialect, &Peer::parse("192.0.2.1"), again, NOW);
            assert_eq!(again.certificate_der(0), verdict.certificate_der(0));
        }
    }
});
