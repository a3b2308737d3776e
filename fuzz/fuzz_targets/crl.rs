//! One CRL: everything that can be read of it, everything that it lists, and its signature.
#![no_main]

use std::hint::black_box;
use std::sync::LazyLock;

use clientcert::certificate::OwnedCertificate;
use clientcert::revocation::Crl;
use rcgen::{CertificateParams, KeyPair};

/// A certificate of each kind of key, to check signatures with.
static ISSUERS: LazyLock<Vec<OwnedCertificate>> = LazyLock::new(|| {
    [&rcgen::PKCS_ED25519, &rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_RSA_SHA256]
        .into_iter()
        .map(|algorithm| {
            let key = KeyPair::generate_for(algorithm).expect("a key");
            let certificate = CertificateParams::default().self_signed(&key).expect("a certificate");
            OwnedCertificate::from_der(&certificate.der()[..]).expect("a certificate")
        })
        .collect()
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let crl = match Crl::from_der(data) {
        Ok(crl) => crl,
        Err(malformed) => return assert!(malformed.offset <= data.len()),
    };
    assert!(matches!(crl.version(), 1 | 2));
    assert!(crl.memory() < 4 * data.len() + 4096);
    black_box((crl.this_update(), crl.next_update(), crl.number(), crl.base_number(), crl.signature()));
    black_box((crl.authority_key_identifier(), crl.unknown_critical_extension(), crl.to_json()));
    if let Some(name) = &crl.scope().distribution_point {
        black_box((name.full_names().count(), name.relative_to(&crl.issuer())));
    }
    let mut count = 0;
    for (issuer, serial, entry) in crl.revoked() {
        count += 1;
        assert_eq!(crl.find(&issuer, &serial), Some(entry));
        let mut other = serial;
        other.push(1);
        black_box(crl.find(&issuer, &other));
    }
    assert_eq!(count, crl.entry_count());
    // The keys are new in this run, so nobody can have signed it with them.
    assert!(ISSUERS.iter().all(|issuer| !crl.is_signed_by(&issuer.view())));
});
