//! Bytes that are no answer, or an answer that somebody changed.

use clientcert::revocation::ocsp::{Refusal, Status};
use proptest::prelude::*;

use crate::pki::Pki;
use crate::support::der;
use crate::support::ocsp::{self, good, revoked, unknown};

#[test]
fn no_cut_answer_counts() {
    let pki = Pki::new();
    let response = pki.delegated(pki.responder_template().sign(&pki.ca), good()).sign(&pki.responder);
    assert!(pki.check(&response).is_ok());
    for length in 0..response.len() {
        assert!(matches!(pki.check(&response[..length]), Err(Refusal::Malformed(_))), "{length}");
    }
    let longer = der::concat(&[&response[..], &[0]]);
    assert!(matches!(pki.check(&longer), Err(Refusal::Malformed(_))));
}

#[test]
fn no_answer_with_another_bit_becomes_good() {
    let pki = Pki::new();
    let certificate = pki.responder_template().sign(&pki.ca);
    let statuses = [revoked("20260102030405Z", Some(1)), unknown()];
    let responses = statuses.into_iter().flat_map(|status| {
        let delegated = pki.delegated(certificate.clone(), status.clone()).sign(&pki.responder);
        [pki.response(status).sign(&pki.ca), delegated]
    });
    for response in responses {
        let honest = pki.check(&response).expect("an answer").status();
        assert_ne!(honest, Status::Good);
        for bit in 0..response.len() * 8 {
            let mut changed = response.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            // What is not signed may change: then it still says the same.
            if let Ok(answer) = pki.check(&changed) {
                assert_eq!(answer.status(), honest, "bit {bit}");
            }
        }
    }
}

#[test]
fn what_is_not_strict_der_of_the_type_is_refused() {
    let pki = Pki::new();
    let response = |change: &dyn Fn(&mut ocsp::Response)| {
        let mut response = pki.response(good());
        change(&mut response);
        pki.check(&response.sign(&pki.ca))
    };
    let refused = |change: &dyn Fn(&mut ocsp::Response), problem: &str| match response(change) {
        Err(Refusal::Malformed(malformed)) => assert_eq!(malformed.problem, problem, "{malformed}"),
        other => panic!("{problem}: {other:?}"),
    };
    assert!(response(&|_| ()).is_ok());
    let time = "is no GeneralizedTime";
    refused(&|response| response.produced_at = "260531120000Z".into(), time);
    refused(&|response| response.single[0].this_update = "260531120000Z".into(), time);
    let odd = "is no GeneralizedTime of the form YYYYMMDDHHMMSSZ";
    refused(&|response| response.single[0].this_update = "2026053112Z".into(), odd);
    refused(&|response| response.single[0].this_update = "20260531120000.5Z".into(), odd);
    refused(&|response| response.single[0].next_update = Some("20260531115959Z".into()), "is before thisUpdate");
    refused(&|response| response.single[0].status = der::tlv(0x83, &[]), "is none of good, revoked and unknown");
    refused(&|response| response.single[0].status = der::tlv(0x80, &[0]), "is followed by trailing bytes");
    refused(&|response| response.single[0].status = der::tlv(0xa1, &[]), "is truncated");
    refused(&|response| response.responder = der::tlv(0xa3, &[]), "is neither byName nor byKey");
    for bytes in
        [&b""[..], b"\0", b"<html>no</html>", b"-----BEGIN OCSP RESPONSE-----", &[0x30, 0x03, 0x0a, 0x01, 0x00]]
    {
        assert!(matches!(pki.check(bytes), Err(Refusal::Malformed(_))), "{bytes:?}");
    }
    let both = der::sequence(&[der::tlv(0x0a, &[1]), der::tlv(0xa0, &[0x30, 0])]);
    assert!(matches!(pki.check(&both), Err(Refusal::Malformed(_))));
}

proptest! {
    #[test]
    fn what_the_issuer_signs_is_read_back(
        date in 0u32..86_400,
        code in proptest::option::of(0u8..=255),
        nonce in proptest::collection::vec(any::<u8>(), 1..=128),
    ) {
        let pki = Pki::new();
        let (hour, minute, second) = (date / 3_600, date / 60 % 60, date % 60);
        let mut response = pki.response(revoked(&format!("20200101{hour:02}{minute:02}{second:02}Z"), code.map(|c| c & 0x7f)));
        response.extensions = vec![ocsp::nonce(&nonce)];
        let answer = pki.question().check(
            &response.sign(&pki.ca),
            Some(&nonce),
            &clientcert::revocation::ocsp::Rules::default(),
            crate::support::NOW,
        );
        let Ok(Status::Revoked { date: found, reason }) = answer.map(|answer| answer.status()) else {
            return Err(TestCaseError::fail("not revoked"));
        };
        prop_assert_eq!(found, 1_577_836_800 + i64::from(date));
        prop_assert_eq!(reason.is_some(), code.is_some());
    }

    #[test]
    fn no_signed_rubbish_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let pki = Pki::new();
        prop_assert!(pki.check(&bytes).is_err());
        prop_assert!(pki.check(&ocsp::sign(&bytes, &pki.ca, &[])).is_err());
        prop_assert!(pki.check(&ocsp::successful(&bytes)).is_err());
    }

    #[test]
    fn no_signed_change_of_a_revocation_panics_or_hides_it(at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let pki = Pki::new();
        let mut signed = pki.response(revoked("20260102030405Z", Some(1))).to_be_signed();
        let at = at.index(signed.len());
        signed[at] = byte;
        // It is signed anew, so it may say anything but in a broken form; good needs more than one byte.
        if let Ok(answer) = pki.check(&ocsp::sign(&signed, &pki.ca, &[])) {
            prop_assert_ne!(answer.status(), Status::Good);
        }
    }
}
