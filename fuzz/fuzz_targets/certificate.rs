//! One certificate, everything that can be read of it.
#![no_main]

use std::hint::black_box;

use clientcert::certificate::OwnedCertificate;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(owned) = OwnedCertificate::from_der(data) else { return };
    let certificate = owned.view();
    assert_eq!(certificate.as_der(), data);
    assert!(matches!(certificate.version(), 1..=3) && !certificate.serial().is_empty());
    black_box((certificate.not_before(), certificate.not_after(), certificate.subject_public_key_info()));
    black_box((certificate.basic_constraints(), certificate.key_usage(), certificate.subject_key_identifier()));
    black_box((certificate.authority_key_identifier(), certificate.is_self_issued(), certificate.x5t_s256()));
    black_box((certificate.extended_key_usages().count(), certificate.policies().count()));
    black_box((certificate.ocsp_responders(), certificate.ca_issuers(), certificate.crl_distribution_points()));
    for name in certificate.subject_alternative_names() {
        black_box((name.upn(), name.xmpp(), name.smtp_utf8()));
    }
});
