//! A client, its certificates, and a verifier that trusts its CA and one proxy.

use std::sync::{Arc, LazyLock};

use clientcert::forwarded::{Carrier, Peer};
use clientcert::verify::Code;
use clientcert::{Config, Outcome, Verdict, Verifier};

use crate::support::{Key, NOW, Template, pem};

/// Root, intermediate, leaf.
pub struct Client {
    pub root: Vec<u8>,
    pub intermediate: Vec<u8>,
    /// Issued by the intermediate.
    pub leaf: Vec<u8>,
    /// Issued by the root.
    pub direct: Vec<u8>,
    /// Issued by a CA that nobody trusts.
    pub stranger: Vec<u8>,
}

pub static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let (root, intermediate, key, other) = (Key::ed25519(0), Key::ed25519(1), Key::ed25519(2), Key::ed25519(3));
    Client {
        root: Template::authority("Root", "Root", &root).sign(&root),
        intermediate: Template::authority("Root", "Issuing", &intermediate).sign(&root),
        leaf: Template::client("Issuing", "alice", &key).sign(&intermediate),
        direct: Template::client("Root", "bob", &key).sign(&root),
        stranger: Template::client("Nobody", "mallory", &key).sign(&other),
    }
});

pub const PROXY: &str = "192.0.2.1";

/// `options` besides the CA, the mode `optional` and a trusted proxy.
pub fn verifier_with(options: &[(&str, &str)]) -> Verifier {
    let mut config = Config::new();
    config.set("mode", "optional").unwrap();
    config.set_bytes("ca", &CLIENT.root).unwrap();
    config.set("trusted_proxies", PROXY).unwrap();
    for (name, value) in options {
        config.set(name, value).unwrap();
    }
    Verifier::new(&config).unwrap()
}

pub static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| verifier_with(&[]));

/// The verifier that takes the proxy's word.
pub static BELIEVER: LazyLock<Verifier> = LazyLock::new(|| verifier_with(&[("forwarded_verification", "proxy")]));

pub type Header<'h> = (&'h str, &'h [u8]);

pub fn forwarded<'n>(carrier: impl Into<Carrier<'n>>, headers: &[Header<'_>]) -> Arc<Verdict> {
    VERIFIER.verify_forwarded(carrier, &Peer::parse(PROXY), headers.iter().copied(), NOW)
}

pub fn believed<'n>(carrier: impl Into<Carrier<'n>>, headers: &[Header<'_>]) -> Arc<Verdict> {
    BELIEVER.verify_forwarded(carrier, &Peer::parse(PROXY), headers.iter().copied(), NOW)
}

#[track_caller]
pub fn assert_is(verdict: &Verdict, leaf: &[u8]) {
    assert!(verdict.verified(), "{:?}", verdict.reasons());
    assert_eq!(verdict.certificate_der(0), Some(leaf));
}

#[track_caller]
pub fn assert_absent(verdict: &Verdict) {
    assert_eq!(verdict.outcome(), Outcome::None, "{:?}", verdict.reasons());
    assert!(verdict.accepted());
}

#[track_caller]
pub fn assert_refused(verdict: &Verdict, code: Code) {
    assert_eq!(verdict.outcome(), Outcome::Failed);
    assert!(!verdict.accepted());
    assert_eq!(verdict.primary().map(|reason| reason.code), Some(code), "{:?}", verdict.reasons());
}

/// The detail of the primary reason.
pub fn detail(verdict: &Verdict) -> String {
    let detail = verdict.primary().and_then(|reason| reason.detail.as_ref());
    detail.map(ToString::to_string).unwrap_or_default()
}

/// As nginx escapes PEM.
pub fn escaped(certificates: &[&[u8]]) -> String {
    let text: String = certificates.iter().map(|der| pem(der)).collect();
    let escape = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

pub fn base64(bytes: &[u8]) -> String {
    let armored = pem(bytes);
    armored.lines().filter(|line| !line.starts_with('-')).collect()
}
