//! The record of a session: as it comes, or, to get past the MAC, as what is sealed in one.
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

use aws_lc_rs::hmac;
use clientcert::policy::Config;
use clientcert::{Outcome, Verifier};
use support::Key;
use support::certificate::{NOW, Template};

const SECRET: [u8; 32] = [7; 32];

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    let key = Key::ed25519(0);
    let mut config = Config::new();
    config.set("mode", "optional").expect("a mode");
    config.set_bytes("session_key", &SECRET).expect("a key");
    config.set_bytes("ca", &Template::authority("Test CA", "Test CA", &key).sign(&key)).expect("a CA");
    Verifier::new(&config).expect("a verifier")
});

/// What the library seals for sessions.
fn seal(payload: &[u8]) -> Vec<u8> {
    let hmac = |key: &[u8], data: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data).as_ref().to_vec();
    let key = hmac(&SECRET, b"clientcert seal 1 session");
    let mut sealed = [&[1][..], &hmac(&key, b"clientcert key id")[..4], payload].concat();
    sealed.extend(hmac(&key, &sealed));
    sealed
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((how, data)) = data.split_first() else { return };
    let record = match how & 3 {
        1 => seal(data),
        3 => seal(&[&VERIFIER.session_identity("host")[..], data].concat()),
        _ => data.to_vec(),
    };
    let resumed = VERIFIER.resume_session(&record, "host", NOW);
    let verdict = &resumed.verdict;
    assert_eq!(verdict.verified(), verdict.outcome() != Outcome::None && verdict.reasons().is_empty());
    if resumed.handshake_time.is_none() {
        assert!(verdict.outcome() == Outcome::Failed && !verdict.accepted());
    }
    if let Some(again) = VERIFIER.export_session(verdict, "host", NOW) {
        assert_eq!(VERIFIER.resume_session(&again, "host", NOW).verdict.outcome(), verdict.outcome());
    }
});
