//! JWK sets, and what confirms a token.
#![no_main]

use std::sync::LazyLock;

use clientcert::certificate::OwnedCertificate;
use clientcert::registry::{Registry, confirms, from_jwks, jwks};

static CERTIFICATE: LazyLock<Option<OwnedCertificate>> = LazyLock::new(|| {
    let key = rcgen::KeyPair::generate().ok()?;
    let certificate = rcgen::CertificateParams::new(Vec::new()).ok()?.self_signed(&key).ok()?;
    OwnedCertificate::from_der(&**certificate.der()).ok()
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        let certificate = CERTIFICATE.as_ref().expect("a certificate");
        assert!(!confirms(&certificate.view(), text), "nobody guesses a thumbprint");
    }
    let Ok(keys) = jwks(data) else { return };
    assert!(!keys.is_empty());
    let all = from_jwks(data, "fuzz", "alice", 1_780_272_000).expect("what was read");
    let registry = Registry::from_bytes(b"").expect("nobody");
    // One key may stand there twice, and a name may be none.
    if let Ok(records) = registry.editor("fuzz").import(&all, Default::default()) {
        assert_eq!(records.len(), keys.len());
    }
});
