//! Answers made field by field: which count, and why others do not.

use clientcert::certificate::OwnedCertificate;
use clientcert::revocation::RevocationReason;
use clientcert::revocation::ocsp::{HashAlgorithm, Question, Refusal, ResponseStatus, Rules, Status, Unfit};

use crate::pki::{Pki, read};
use crate::support::ocsp::{self, NONCE, OCSP_SIGNING, Response, Single, by_key, good, revoked, unknown};
use crate::support::{Extension, Key, NOW, Template, der, extension, name};

/// 2026-05-31 12:00:00 and 24 hours later, as the responses here say.
const THIS_UPDATE: i64 = 1_780_228_800;
const NEXT_UPDATE: i64 = THIS_UPDATE + 86_400;
const SKEW: i64 = 300;

#[test]
fn an_answer_of_the_issuer_says_what_it_says() {
    let pki = Pki::new();
    let answer = pki.check(&pki.response(good()).sign(&pki.ca)).expect("an answer");
    assert_eq!(answer.status(), Status::Good);
    assert_eq!((answer.this_update(), answer.next_update()), (THIS_UPDATE, Some(NEXT_UPDATE)));
    assert_eq!((answer.produced_at(), answer.responder_id()), (THIS_UPDATE, "CN=Test CA"));
    assert!(answer.responder().is_none() && answer.is_nocheck());
    let rules = Rules::default();
    assert_eq!((answer.holds_from(&rules), answer.holds_until(&rules)), (THIS_UPDATE - SKEW, NEXT_UPDATE + SKEW));

    let answer = pki.check(&pki.response(revoked("20260102030405Z", Some(1))).sign(&pki.ca)).expect("an answer");
    let reason = Some(RevocationReason::KeyCompromise);
    assert_eq!(answer.status(), Status::Revoked { date: 1_767_323_045, reason });
    let answer = pki.check(&pki.response(revoked("20260102030405Z", None)).sign(&pki.ca)).expect("an answer");
    assert_eq!(answer.status(), Status::Revoked { date: 1_767_323_045, reason: None });
    let answer = pki.check(&pki.response(unknown()).sign(&pki.ca)).expect("an answer");
    assert_eq!(answer.status(), Status::Unknown);
}

#[test]
fn the_certificate_is_named_by_any_digest() {
    let pki = Pki::new();
    for algorithm in [HashAlgorithm::Sha1, HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512] {
        let mut response = pki.response(good());
        response.single[0].id = pki.id(algorithm);
        assert_eq!(pki.check(&response.sign(&pki.ca)).map(|answer| answer.status()), Ok(Status::Good), "{algorithm:?}");
    }
}

#[test]
fn an_answer_about_another_certificate_is_none() {
    let pki = Pki::new();
    let other = |template: &mut Template| template.serial = vec![0x10, 0x02];
    let mut template = Template::client("Test CA", "alice", &Key::ed25519(1));
    other(&mut template);
    let sibling = read(template.sign(&pki.ca)).unwrap();
    let response = pki.response(good()).sign(&pki.ca);
    let question = Question::new(sibling.view(), pki.issuer.view());
    assert_eq!(question.check(&response, None, &Rules::default(), NOW).unwrap_err(), Refusal::OtherCertificate);

    // The same serial number of another CA that has the same key or the same name.
    for (issuer, key) in [("Other CA", &pki.ca), ("Test CA", &Key::ed25519(7))] {
        let other_ca = read(Template::authority(issuer, issuer, key).sign(key)).unwrap();
        let mut template = Template::client(issuer, "alice", &Key::ed25519(1));
        template.serial = vec![0x10, 0x01];
        let twin = read(template.sign(key)).unwrap();
        let mut response = pki.response(good());
        response.responder = ocsp::by_name(other_ca.view().subject().as_der());
        let question = Question::new(twin.view(), other_ca.view());
        let refusal = question.check(&response.sign(key), None, &Rules::default(), NOW).unwrap_err();
        assert_eq!(refusal, Refusal::OtherCertificate, "{issuer}");
    }

    let mut response = pki.response(good());
    response.single.clear();
    assert_eq!(pki.check(&response.sign(&pki.ca)).unwrap_err(), Refusal::OtherCertificate);
    let mut response = pki.response(good());
    let unknown_digest = [&der::sequence(&[der::oid("1.2.3")])[..], &[4, 0, 4, 0, 2, 2, 0x10, 0x01]];
    response.single[0].id = der::sequence(&unknown_digest);
    assert_eq!(pki.check(&response.sign(&pki.ca)).unwrap_err(), Refusal::OtherCertificate);
}

#[test]
fn of_several_statements_the_worst_counts() {
    let pki = Pki::new();
    let about = |status: Vec<u8>, serial: u8| {
        let mut single: Single = pki.response(status).single.remove(0);
        *single.id.last_mut().unwrap() = serial;
        single
    };
    let check = |single: Vec<Single>| {
        let response = Response { single, ..pki.response(good()) };
        pki.check(&response.sign(&pki.ca)).map(|answer| answer.status())
    };
    let revocation = || revoked("20260102030405Z", Some(4));
    assert_eq!(check(vec![about(revocation(), 2), about(good(), 1), about(unknown(), 3)]), Ok(Status::Good));
    let is_revoked = |status: Result<Status, Refusal>| matches!(status, Ok(Status::Revoked { .. }));
    assert!(is_revoked(check(vec![about(revocation(), 1), about(good(), 1)])));
    assert!(is_revoked(check(vec![about(unknown(), 1), about(good(), 1), about(revocation(), 1)])));
    assert_eq!(check(vec![about(good(), 1), about(unknown(), 1)]), Ok(Status::Unknown));
    let many = (0..200).map(|number| about(good(), number)).collect();
    assert_eq!(check(many), Ok(Status::Good));
}

#[test]
fn an_answer_counts_in_its_time() {
    let pki = Pki::new();
    let response = pki.response(good()).sign(&pki.ca);
    let at = |response: &[u8], rules: &Rules, now| pki.question().check(response, None, rules, now).map(|_| ());
    let rules = Rules::default();
    assert_eq!(at(&response, &rules, THIS_UPDATE - SKEW), Ok(()));
    assert_eq!(at(&response, &rules, THIS_UPDATE - SKEW - 1), Err(Refusal::NotYetValid(THIS_UPDATE)));
    assert_eq!(at(&response, &rules, NEXT_UPDATE + SKEW), Ok(()));
    assert_eq!(at(&response, &rules, NEXT_UPDATE + SKEW + 1), Err(Refusal::Expired(NEXT_UPDATE)));

    let mut strict = Rules::default();
    strict.time_skew = 0;
    strict.max_age = Some(3_600);
    assert_eq!(at(&response, &strict, THIS_UPDATE + 3_600), Ok(()));
    assert_eq!(at(&response, &strict, THIS_UPDATE + 3_601), Err(Refusal::Expired(THIS_UPDATE + 3_600)));
    strict.max_age = Some(1_000_000);
    assert_eq!(at(&response, &strict, NEXT_UPDATE + 1), Err(Refusal::Expired(NEXT_UPDATE)));

    let mut endless = pki.response(good());
    endless.single[0].next_update = None;
    let endless = endless.sign(&pki.ca);
    assert_eq!(at(&endless, &rules, THIS_UPDATE + 300 + SKEW), Ok(()));
    assert_eq!(at(&endless, &rules, THIS_UPDATE + 301 + SKEW), Err(Refusal::Expired(THIS_UPDATE + 300)));
    assert_eq!(at(&endless, &strict, THIS_UPDATE + 1_000_000), Ok(()));

    let mut later = pki.response(good());
    later.produced_at = "20260601120000Z".into();
    let later = later.sign(&pki.ca);
    assert_eq!(at(&later, &rules, NEXT_UPDATE - SKEW - 1), Err(Refusal::NotYetValid(NEXT_UPDATE)));
    assert_eq!(at(&later, &rules, NEXT_UPDATE), Ok(()));
}

#[test]
fn a_revocation_for_good_counts_at_any_age_and_no_other_answer_does() {
    let pki = Pki::new();
    let late = |status: Vec<u8>| {
        let response = pki.response(status).sign(&pki.ca);
        pki.question().check(&response, None, &Rules::default(), NEXT_UPDATE + 10_000_000).map(|answer| answer.status())
    };
    assert!(matches!(late(revoked("20260102030405Z", Some(1))), Ok(Status::Revoked { .. })));
    assert!(matches!(late(revoked("20260102030405Z", None)), Ok(Status::Revoked { .. })));
    for status in [revoked("20260102030405Z", Some(6)), good(), unknown()] {
        assert_eq!(late(status), Err(Refusal::Expired(NEXT_UPDATE)));
    }
}

#[test]
fn the_nonce_is_repeated_where_one_was_sent() {
    let pki = Pki::new();
    let check = |response: &Response, nonce: Option<&[u8]>| {
        pki.question().check(&response.sign(&pki.ca), nonce, &Rules::default(), NOW).map(|_| ())
    };
    let mut response = pki.response(good());
    assert_eq!(check(&response, Some(&[1; 32])), Err(Refusal::Nonce));
    response.extensions = vec![ocsp::nonce(&[1; 32])];
    assert_eq!(check(&response, Some(&[1; 32])), Ok(()));
    assert_eq!(check(&response, None), Ok(()));
    for other in [&[2; 32][..], &[1; 31], &[1; 33], &[]] {
        assert_eq!(check(&response, Some(other)), Err(Refusal::Nonce));
    }
    response.extensions = vec![Extension::new(NONCE, vec![1; 32])];
    assert_eq!(check(&response, Some(&[1; 32])), Err(Refusal::Nonce));
    response.extensions = vec![ocsp::nonce(&[1; 32]), ocsp::nonce(&[1; 32])];
    assert!(matches!(check(&response, Some(&[1; 32])), Err(Refusal::Malformed(_))));
}

#[test]
fn a_critical_extension_must_be_understood() {
    let pki = Pki::new();
    let unknown = || Extension::new("1.2.3.4", vec![5, 0]);
    let mut response = pki.response(good());
    response.extensions = vec![unknown()];
    response.single[0].extensions = vec![unknown()];
    assert!(pki.check(&response.sign(&pki.ca)).is_ok());
    response.extensions = vec![unknown().critical()];
    assert_eq!(pki.check(&response.sign(&pki.ca)).unwrap_err(), Refusal::UnknownExtension);
    response.extensions.clear();
    response.single[0].extensions = vec![unknown().critical()];
    assert_eq!(pki.check(&response.sign(&pki.ca)).unwrap_err(), Refusal::UnknownExtension);
}

#[test]
fn a_responder_without_an_answer_is_named() {
    let pki = Pki::new();
    for (number, status) in [
        (1, ResponseStatus::MalformedRequest),
        (2, ResponseStatus::InternalError),
        (3, ResponseStatus::TryLater),
        (4, ResponseStatus::Other(4)),
        (5, ResponseStatus::SigRequired),
        (6, ResponseStatus::Unauthorized),
        (7, ResponseStatus::Other(7)),
    ] {
        assert_eq!(pki.check(&ocsp::unsuccessful(number)).unwrap_err(), Refusal::Unsuccessful(status));
    }
    let bytes = der::sequence(&[der::oid("1.2.3"), der::tlv(der::OCTET_STRING, b"?")]);
    let other = der::sequence(&[der::tlv(0x0a, &[0]), der::tlv(0xa0, &bytes)]);
    assert_eq!(pki.check(&other).unwrap_err(), Refusal::OtherType);
    let mut limited = Rules::default();
    limited.max_bytes = 100;
    let response = pki.response(good()).sign(&pki.ca);
    assert_eq!(pki.question().check(&response, None, &limited, NOW).unwrap_err(), Refusal::TooLarge(100));
}

#[test]
fn a_responder_that_the_issuer_made_may_answer() {
    let pki = Pki::new();
    let certificate = pki.responder_template().sign(&pki.ca);
    let owned = OwnedCertificate::from_der(certificate.clone()).unwrap();
    let mut response = pki.delegated(certificate.clone(), good());
    let answer = pki.check(&response.sign(&pki.responder)).expect("an answer");
    assert_eq!(answer.responder_id(), "CN=Test Responder");
    assert_eq!(answer.responder().map(|responder| responder.as_der().to_vec()), Some(certificate.clone()));
    assert!(answer.is_nocheck());

    let hash = pki.key_hash(&owned);
    response.responder = by_key(&hash);
    assert!(pki.check(&response.sign(&pki.responder)).is_ok());
    // Among others, the issuer's own and broken ones.
    response.certificates = vec![
        pki.issuer.view().as_der().to_vec(),
        pki.client.view().as_der().to_vec(),
        der::sequence(&[b"\x05\x00"]),
        certificate,
    ];
    assert!(pki.check(&response.sign(&pki.responder)).is_ok());
    let without = pki.responder_template().without(ocsp::NOCHECK).sign(&pki.ca);
    let answer = pki.check(&pki.delegated(without, good()).sign(&pki.responder)).expect("an answer");
    assert!(!answer.is_nocheck());
    // An answer ends with the certificate that it counts by.
    let short = pki.responder_template().valid("260101000000Z", "260601000001Z").sign(&pki.ca);
    let answer = pki.check(&pki.delegated(short, good()).sign(&pki.responder)).expect("an answer");
    assert_eq!(answer.holds_until(&Rules::default()), NOW + 1 + SKEW);
}

#[test]
fn nobody_else_may_answer() {
    let pki = Pki::new();
    let fresh = || pki.responder_template();
    let stranger = Key::ed25519(9);
    let check = |certificate: Vec<u8>| pki.check(&pki.delegated(certificate, good()).sign(&pki.responder)).unwrap_err();
    let unfit = Refusal::ResponderUnfit;
    for (what, certificate, why) in [
        ("by a stranger", fresh().sign(&stranger), Unfit::OtherIssuer),
        (
            "of another CA",
            Template { issuer: name::common_name("Other CA"), ..fresh() }.sign(&pki.ca),
            Unfit::OtherIssuer,
        ),
        ("without a purpose", fresh().without(extension::EXTENDED_KEY_USAGE).sign(&pki.ca), Unfit::Usage),
        (
            "for any purpose",
            fresh().with(extension::extended_key_usage(&[extension::ANY_EXTENDED_KEY_USAGE])).sign(&pki.ca),
            Unfit::Usage,
        ),
        (
            "a client",
            fresh().with(extension::extended_key_usage(&[extension::CLIENT_AUTH])).sign(&pki.ca),
            Unfit::Usage,
        ),
        ("for other keys", fresh().with(extension::key_usage(&[extension::KEY_AGREEMENT])).sign(&pki.ca), Unfit::Usage),
        (
            "of unknown kind",
            fresh().with(Extension::new("1.2.3.4", vec![5, 0]).critical()).sign(&pki.ca),
            Unfit::UnknownExtension,
        ),
        ("expired", fresh().valid("200101000000Z", "260531235459Z").sign(&pki.ca), Unfit::Validity),
        ("from the future", fresh().valid("260601000501Z", "400101000000Z").sign(&pki.ca), Unfit::Validity),
        ("broken", der::sequence(&[b"\x05\x00"]), Unfit::Malformed),
        ("somebody else's", pki.client.view().as_der().to_vec(), Unfit::Absent),
    ] {
        assert_eq!(check(certificate), unfit(why), "{what}");
    }
    let purposes = [extension::CLIENT_AUTH, OCSP_SIGNING];
    assert!(
        pki.check(
            &pki.delegated(fresh().with(extension::extended_key_usage(&purposes)).sign(&pki.ca), good())
                .sign(&pki.responder)
        )
        .is_ok()
    );

    let absent = Response { certificates: Vec::new(), ..pki.delegated(Vec::new(), good()) };
    assert_eq!(pki.check(&absent.sign(&pki.responder)).unwrap_err(), unfit(Unfit::Absent));
    let response = pki.delegated(fresh().sign(&pki.ca), good()).sign(&stranger);
    assert_eq!(pki.check(&response).unwrap_err(), Refusal::SignatureInvalid);
    let response = pki.response(good()).sign(&stranger);
    assert_eq!(pki.check(&response).unwrap_err(), Refusal::SignatureInvalid);
}

#[test]
fn a_responder_does_not_answer_for_itself() {
    let pki = Pki::new();
    let certificate = pki.responder_template().sign(&pki.ca);
    let responder = OwnedCertificate::from_der(certificate.clone()).unwrap();
    let question = Question::new(responder.view(), pki.issuer.view());
    let mut response = pki.delegated(certificate, good());
    response.single[0].id = ocsp::certificate_id(&question.request(HashAlgorithm::Sha1, None)).0;
    let refusal = question.check(&response.sign(&pki.responder), None, &Rules::default(), NOW).unwrap_err();
    assert_eq!(refusal, Refusal::ResponderUnfit(Unfit::Itself));
}

#[test]
fn a_response_full_of_responders_is_not_tried_for_long() {
    let pki = Pki::new();
    let mut response = pki.delegated(Vec::new(), good());
    let genuine = pki.responder_template().sign(&pki.ca);
    let strangers = |count: u8| {
        (0..count).map(|number| {
            let mut template = pki.responder_template();
            template.serial = vec![number + 1];
            template.public_key = Key::ed25519(20).public();
            template.sign(&pki.ca)
        })
    };
    response.certificates = strangers(3).chain([genuine.clone()]).collect();
    assert!(pki.check(&response.sign(&pki.responder)).is_ok());
    response.certificates = strangers(4).chain([genuine]).collect();
    assert_eq!(pki.check(&response.sign(&pki.responder)).unwrap_err(), Refusal::SignatureInvalid);
}

#[test]
fn the_responders_of_a_certificate_are_its_urls() {
    let pki = Pki::new();
    let access = |method: &str, location: Vec<u8>| der::sequence(&[der::oid(method), location]);
    let ocsp = "1.3.6.1.5.5.7.48.1";
    let locations = [
        access("1.3.6.1.5.5.7.48.2", name::uri("http://ca.example/ca.crt")),
        access(ocsp, name::uri("ldap://ocsp.example/")),
        access(ocsp, name::uri("HTTP://ocsp.example/a")),
        access(ocsp, name::dns("ocsp.example")),
        access(ocsp, name::uri("http://ocsp.example/\r\nHost: x")),
        access(ocsp, name::uri("http://")),
        access(ocsp, name::uri("https://ocsp.example/b")),
    ];
    let template = Template::client("Test CA", "alice", &Key::ed25519(1))
        .with(Extension::new("1.3.6.1.5.5.7.1.1", der::sequence(&locations)));
    let client = read(template.sign(&pki.ca)).unwrap();
    let question = Question::new(client.view(), pki.issuer.view());
    assert_eq!(question.responders(), ["HTTP://ocsp.example/a", "https://ocsp.example/b"]);
    assert!(pki.question().responders().is_empty());
}
