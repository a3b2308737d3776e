//! A presented chain under a fixed policy: as it comes, or, to get past the signature, as what the pinned CA signs.
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

use std::hint::black_box;
use std::sync::LazyLock;

use clientcert::Verifier;
use clientcert::policy::Config;
use clientcert::verdict::Outcome;
use support::Key;
use support::certificate::{NOW, Template, sign};

static CA: LazyLock<Key> = LazyLock::new(|| Key::ed25519(0));

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    let mut config = Config::new();
    let root = Template::authority("Test CA", "Test CA", &CA).sign(&CA);
    config.set_bytes("ca", &root).expect("a CA");
    config.set("cache_size", "16").expect("an option");
    Verifier::new(&config).expect("a verifier")
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((how, data)) = data.split_first() else { return };
    let signed = how & 1 == 1;
    let chain = if signed { sign(data, &CA) } else { data.to_vec() };
    let verdict = VERIFIER.verify_at(&chain, NOW);
    assert_eq!(verdict.verified(), verdict.outcome() == Outcome::Success);
    assert_eq!(verdict.verified(), verdict.outcome() != Outcome::None && verdict.reasons().is_empty());
    for reason in verdict.reasons() {
        assert!(!matches!(reason.code.name(), "internal_error" | "validators_disagree"), "{}", reason.code);
    }
    black_box(verdict.to_json(NOW));
});
