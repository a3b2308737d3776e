//! A distinguished name, as the issuer and subject of a certificate: printed in every form, and equal to itself.
#![no_main]

#[path = "../../tests/support"]
mod support {
    pub mod der;
}

use std::hint::black_box;

use clientcert::certificate::OwnedCertificate;
use support::der;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let algorithm = der::sequence(&[der::oid("1.3.101.112")]);
    let key = der::sequence(&[algorithm.clone(), der::bit_string(&[0; 32])]);
    let time = der::tlv(der::UTC_TIME, b"260601000000Z");
    let validity = der::sequence(&[&time, &time]);
    let to_be_signed =
        der::sequence(&[&der::integer(1), &algorithm, data, &validity, data, &key]);
    let certificate = der::sequence(&[to_be_signed, algorithm, der::bit_string(&[0; 64])]);
    let Ok(owned) = OwnedCertificate::from_der(certificate) else { return };
    let (issuer, subject) = (owned.view().issuer(), owned.view().subject());
    assert!(issuer.matches(&subject) && subject.as_der() == data);
    black_box((subject.rfc4514(), subject.openssl_rfc2253(), subject.apache(), subject.one_line(), subject.haproxy()));
    for attribute in subject.attributes() {
        black_box((attribute.text(), attribute.dotted_type(), attribute.short_name()));
    }
});
