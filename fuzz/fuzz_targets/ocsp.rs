//! An OCSP response about a fixed certificate: as it comes, or, to get past the signature, as what the issuer signs.
#![no_main]

#[path = "../../tests/support"]
mod support {
    pub mod certificate;
    pub mod der;
    pub mod extension;
    pub mod key;
    pub mod name;
    pub mod ocsp;
    pub use extension::Extension;
    pub use key::Key;
}

use std::hint::black_box;
use std::sync::LazyLock;

use clientcert::certificate::OwnedCertificate;
use clientcert::revocation::ocsp::{HashAlgorithm, Question, Rules};
use support::certificate::{NOW, Template};
use support::{Key, ocsp};

static CA: LazyLock<Key> = LazyLock::new(|| Key::ed25519(0));

static CERTIFICATES: LazyLock<(OwnedCertificate, OwnedCertificate)> = LazyLock::new(|| {
    let client = Template::client("Test CA", "alice", &Key::ed25519(1)).sign(&CA);
    let issuer = Template::authority("Test CA", "Test CA", &CA).sign(&CA);
    let read = |der: Vec<u8>| OwnedCertificate::from_der(der).expect("a certificate");
    (read(client), read(issuer))
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((how, data)) = data.split_first() else { return };
    let question = Question::new(CERTIFICATES.0.view(), CERTIFICATES.1.view());
    let response = if how & 1 == 1 { ocsp::sign(data, &CA, &[]) } else { data.to_vec() };
    let nonce = (how & 2 == 2).then_some(&[7; 32][..]);
    let rules = Rules::default();
    match question.check(&response, nonce, &rules, NOW) {
        Ok(answer) => {
            assert!(answer.holds_from(&rules) <= NOW && NOW <= answer.holds_until(&rules));
            black_box((answer.status(), answer.responder_id().len(), answer.is_nocheck()));
        }
        Err(refusal) => assert!(!refusal.to_string().is_empty()),
    }
    if let Ok(stranger) = OwnedCertificate::from_der(data) {
        let question = Question::new(stranger.view(), CERTIFICATES.1.view());
        black_box((question.responders(), question.request(HashAlgorithm::Sha256, nonce)));
    }
});
