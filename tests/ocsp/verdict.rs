//! OCSP in verdicts: who is asked what, and what an answer, a refusal and silence make of a client.

use std::sync::Arc;

use clientcert::registry::Registration;
use clientcert::revocation::ocsp::{HashAlgorithm, Question};
use clientcert::verify::Code;
use clientcert::{Config, Verdict, Verifier};

use crate::pki::{Pki, read};
use crate::support::ocsp::{self, good, revoked, unknown};
use crate::support::{Extension, Key, NOW, Template, der, extension, name};

const URL: &str = "http://ocsp.example/";
const NEXT_UPDATE: i64 = 1_780_315_200;
const REVOKED: &str = "20260102030405Z";

/// A CA, an intermediate CA and a client of each, all of whom name a responder.
pub struct World {
    pub pki: Pki,
    intermediate_key: Key,
    intermediate: Vec<u8>,
    /// By the CA.
    pub alice: Vec<u8>,
    /// By the intermediate CA.
    bob: Vec<u8>,
}

fn naming(url: &str) -> Extension {
    let access = der::sequence(&[der::oid("1.3.6.1.5.5.7.48.1"), name::uri(url)]);
    Extension::new("1.3.6.1.5.5.7.1.1", der::sequence(&[access]))
}

impl World {
    pub fn new() -> Self {
        let (pki, intermediate_key) = (Pki::new(), Key::ed25519(5));
        let mut intermediate = Template::authority("Test CA", "Test Intermediate", &intermediate_key).with(naming(URL));
        intermediate.serial = vec![0x20, 0x01];
        let intermediate = intermediate.sign(&pki.ca);
        let alice = Self::client("Test CA", 1).with(naming(URL)).sign(&pki.ca);
        let bob = Self::client("Test Intermediate", 2).with(naming(URL)).sign(&intermediate_key);
        Self { pki, intermediate_key, intermediate, alice, bob }
    }

    fn client(issuer: &str, number: u8) -> Template {
        let mut template = Template::client(issuer, "client", &Key::ed25519(1));
        template.serial = vec![0x10, number];
        template
    }

    fn verifier(&self, options: &[(&str, &str)]) -> Verifier {
        Verifier::new(&self.config(options)).expect("a verifier")
    }

    pub fn config(&self, options: &[(&str, &str)]) -> Config {
        let mut config = Config::new();
        config.set_bytes("ca", self.pki.issuer.view().as_der()).expect("a CA");
        for (name, value) in options {
            config.set(name, value).expect(name);
        }
        config
    }

    /// A response of the CA about one of its certificates.
    pub fn by_ca(&self, certificate: &[u8], status: Vec<u8>) -> ocsp::Response {
        response(certificate, self.pki.issuer.view().as_der(), status)
    }

    pub fn answer(&self, certificate: &[u8], status: Vec<u8>) -> Vec<u8> {
        self.by_ca(certificate, status).sign(&self.pki.ca)
    }
}

/// A response by the issuer itself.
fn response(certificate: &[u8], issuer: &[u8], status: Vec<u8>) -> ocsp::Response {
    let (certificate, issuer) = (read(certificate.to_vec()).unwrap(), read(issuer.to_vec()).unwrap());
    let question = Question::new(certificate.view(), issuer.view());
    let id = ocsp::certificate_id(&question.request(HashAlgorithm::Sha1, None)).0;
    ocsp::Response::new(ocsp::by_name(issuer.view().subject().as_der()), id, status)
}

pub fn reasons(verdict: &Verdict) -> Vec<&'static str> {
    assert_eq!(verdict.verified(), verdict.reasons().is_empty());
    verdict.reasons().iter().map(|reason| reason.code.name()).collect()
}

fn text(verdict: &Verdict, name: &str) -> String {
    verdict.get(name).map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
}

fn asked(verdict: &Verdict) -> Vec<(usize, &str)> {
    verdict.ocsp_questions().iter().map(|question| (question.certificate(), question.url())).collect()
}

#[test]
fn a_client_is_pending_until_there_is_an_answer() {
    let world = World::new();
    let verifier = world.verifier(&[("ocsp", "leaf")]);
    let pending = verifier.verify_at(&world.alice, NOW);
    assert_eq!(reasons(&pending), ["ocsp_pending"]);
    assert!(!pending.accepted());
    assert_eq!(asked(&pending), [(0, URL)]);
    let alice = read(world.alice.clone()).unwrap();
    let question = Question::new(alice.view(), world.pki.issuer.view());
    assert_eq!(pending.ocsp_questions()[0].request(), question.request(HashAlgorithm::Sha1, None));

    let answer = world.answer(&world.alice, good());
    let verdict = verifier.ocsp_response_at(&pending, 0, &answer, NOW);
    assert_eq!(reasons(&verdict), [""; 0]);
    assert!(verdict.ocsp_questions().is_empty());
    assert_eq!(verdict.valid_until(), NEXT_UPDATE + 300);
    assert_eq!(text(&verdict, "ocsp_status"), "good");
    assert_eq!(text(&verdict, "ocsp_responder"), "CN=Test CA");
    assert_eq!(text(&verdict, "ocsp_this_update"), "2026-05-31T12:00:00Z");
    assert_eq!(text(&verdict, "ocsp_next_update"), "2026-06-01T12:00:00Z");
    // What is immutable stays so; whoever comes next need not ask, and after nextUpdate must.
    assert_eq!(reasons(&pending), ["ocsp_pending"]);
    assert!(Arc::ptr_eq(&verifier.verify_at(&world.alice, NOW), &verdict));
    assert_eq!(reasons(&verifier.verify_at(&world.alice, NEXT_UPDATE + 300)), [""; 0]);
    assert_eq!(reasons(&verifier.verify_at(&world.alice, NEXT_UPDATE + 301)), ["ocsp_pending"]);
    // Answers outlive policies.
    verifier.reload().expect("a policy");
    assert_eq!(reasons(&verifier.verify_at(&world.alice, NOW)), [""; 0]);
}

#[test]
fn nothing_is_asked_where_it_is_off_or_only_counts_if_given() {
    let world = World::new();
    let revocation = world.answer(&world.alice, revoked(REVOKED, Some(1)));
    for (word, expected) in [("off", &[][..]), ("if_given", &["certificate_revoked"])] {
        let verifier = world.verifier(&[("ocsp", word)]);
        let verdict = verifier.verify_at(&world.alice, NOW);
        assert_eq!(reasons(&verdict), [""; 0]);
        assert!(verdict.ocsp_questions().is_empty());
        assert_eq!(text(&verdict, "ocsp_status"), "");
        assert_eq!(reasons(&verifier.ocsp_response_at(&verdict, 0, &revocation, NOW)), expected);
        assert_eq!(reasons(&verifier.verify_at(&world.alice, NOW)), expected, "remembered");
    }
}

#[test]
fn a_stapled_answer_counts_and_a_broken_one_refuses() {
    let world = World::new();
    let verifier = world.verifier(&[("ocsp", "if_given")]);
    let verdict = verifier.verify_at(&world.alice, NOW);
    let with = |response: &[u8]| verifier.ocsp_response_at(&verdict, 0, response, NOW);
    assert_eq!(reasons(&with(b"garbage")), ["ocsp_malformed"]);
    assert_eq!(reasons(&with(&world.answer(&world.bob, good()))), ["ocsp_other_certificate"]);
    assert_eq!(reasons(&with(&world.answer(&world.alice, unknown()))), ["ocsp_unknown"]);
    let newer = {
        let mut response = world.by_ca(&world.alice, good());
        response.single[0].this_update = "20260531130000Z".into();
        response.produced_at = "20260531130000Z".into();
        response.sign(&world.pki.ca)
    };
    assert_eq!(text(&with(&newer), "ocsp_status"), "good");
    assert_eq!(reasons(&with(&[])), [""; 0]);
    assert_eq!(reasons(&with(&ocsp::unsuccessful(3))), [""; 0], "tryLater is no answer");
    assert_eq!(reasons(&with(&ocsp::unsuccessful(6))), ["ocsp_refused"]);
    // About certificates that are not on the path, or were not presented, there is nothing to say.
    for index in [1, 2, usize::MAX] {
        assert_eq!(reasons(&verifier.ocsp_response_at(&verdict, index, b"garbage", NOW)), [""; 0]);
    }
}

#[test]
fn a_revoked_certificate_is_revoked_with_reason_and_date() {
    let world = World::new();
    let verifier = world.verifier(&[("ocsp", "leaf")]);
    let pending = verifier.verify_at(&world.alice, NOW);
    let verdict = verifier.ocsp_response_at(&pending, 0, &world.answer(&world.alice, revoked(REVOKED, Some(1))), NOW);
    assert_eq!(reasons(&verdict), ["certificate_revoked"]);
    let detail = verdict.reasons()[0].detail.as_ref().expect("a detail").to_string();
    assert_eq!(detail, "keyCompromise, since 2026-01-02T03:04:05Z");
    assert_eq!(text(&verdict, "ocsp_status"), "revoked");
    // It is not asked about again, however old the answer gets, and no older answer takes it back.
    let later = verifier.verify_at(&world.alice, NEXT_UPDATE + 100_000);
    assert_eq!((reasons(&later), asked(&later)), (vec!["certificate_revoked"], vec![]));
    let verdict = verifier.ocsp_response_at(&pending, 0, &world.answer(&world.alice, good()), NOW);
    assert_eq!(reasons(&verdict), ["certificate_revoked"]);
    let verdict = verifier.ocsp_response_at(&pending, 0, b"garbage", NOW);
    assert_eq!(reasons(&verdict), ["certificate_revoked"]);
}

#[test]
fn what_was_decided_before_is_taken_back_by_a_revocation() {
    let world = World::new();
    let verifier = world.verifier(&[("ocsp", "leaf")]);
    let pending = verifier.verify_at(&world.alice, NOW);
    let success = verifier.ocsp_response_at(&pending, 0, &world.answer(&world.alice, good()), NOW);
    assert!(success.verified());
    assert!(Arc::ptr_eq(&verifier.recheck(&success, NOW), &success));
    let mut revocation = world.by_ca(&world.alice, revoked(REVOKED, None));
    revocation.single[0].this_update = "20260531130000Z".into();
    verifier.ocsp_response_at(&success, 0, &revocation.sign(&world.pki.ca), NOW);
    assert_eq!(reasons(&verifier.verify_at(&world.alice, NOW)), ["certificate_revoked"]);
    assert_eq!(reasons(&verifier.recheck(&success, NOW)), ["certificate_revoked"]);
}

#[test]
fn an_established_verdict_needs_a_new_answer_in_time() {
    let world = World::new();
    let verifier = world.verifier(&[("ocsp", "leaf")]);
    let pending = verifier.verify_at(&world.alice, NOW);
    let success = verifier.ocsp_response_at(&pending, 0, &world.answer(&world.alice, good()), NOW);
    let again = verifier.recheck(&success, NEXT_UPDATE + 301);
    assert_eq!((reasons(&again), asked(&again)), (vec!["ocsp_pending"], vec![(0, URL)]));
    let mut newer = world.by_ca(&world.alice, good());
    newer.single[0].this_update = "20260601120000Z".into();
    newer.single[0].next_update = Some("20260602120000Z".into());
    let verdict = verifier.ocsp_response_at(&again, 0, &newer.sign(&world.pki.ca), NEXT_UPDATE + 301);
    assert!(verdict.verified());
}

#[test]
fn each_refusal_has_its_reason() {
    let world = World::new();
    let verifier = world.verifier(&[("ocsp", "leaf"), ("ocsp_nonce", "true"), ("ocsp_missing", "allow")]);
    let pending = verifier.verify_at(&world.alice, NOW);
    let stranger = Key::ed25519(9);
    let plain = || world.by_ca(&world.alice, good());
    let mut old = plain();
    old.single[0].next_update = Some("20260531120000Z".into());
    let mut early = plain();
    early.single[0].this_update = "20260601003000Z".into();
    let by_responder = |template: Template| {
        let mut response = plain();
        response.responder = ocsp::by_name(&name::common_name("Test Responder"));
        response.certificates = vec![template.sign(&world.pki.ca)];
        response.sign(&world.pki.responder)
    };
    let client_only = world.pki.responder_template().with(extension::extended_key_usage(&[extension::CLIENT_AUTH]));
    for (response, reason) in [
        (plain().sign(&world.pki.ca)[1..].to_vec(), "ocsp_malformed"),
        (ocsp::unsuccessful(6), "ocsp_refused"),
        (plain().sign(&stranger), "ocsp_signature_invalid"),
        (by_responder(client_only), "ocsp_responder_unfit"),
        (world.answer(&world.bob, good()), "ocsp_other_certificate"),
        (plain().sign(&world.pki.ca), "ocsp_nonce"),
        (by_responder(world.pki.responder_template()), "ocsp_nonce"),
    ] {
        let verdict = verifier.ocsp_response_at(&pending, 0, &response, NOW);
        assert_eq!((reasons(&verdict), verdict.accepted()), (vec![reason], false));
        assert!(verdict.ocsp_questions().is_empty());
        // Nothing of it is remembered.
        assert_eq!(reasons(&verifier.verify_at(&world.alice, NOW)), ["ocsp_pending"]);
        // An answer to nobody's question does not count either.
        let again = verifier.ocsp_response_at(&verdict, 0, &plain().sign(&world.pki.ca), NOW);
        assert_eq!(reasons(&again), ["ocsp_nonce"]);
    }
    let verifier = world.verifier(&[("ocsp", "leaf")]);
    let refused = |response: ocsp::Response| {
        let pending = verifier.verify_at(&world.alice, NOW);
        reasons(&verifier.ocsp_response_at(&pending, 0, &response.sign(&world.pki.ca), NOW))
    };
    assert_eq!(refused(old), ["ocsp_expired"]);
    assert_eq!(refused(early), ["ocsp_not_yet_valid"]);
    assert_eq!(refused(world.by_ca(&world.alice, unknown())), ["ocsp_unknown"]);
    // Another responder's answer is given to the verdict that asked, or to the one that refused.
    let other = World::new();
    let verifier = other.verifier(&[("ocsp", "leaf")]);
    let pending = verifier.verify_at(&other.alice, NOW);
    let refused = verifier.ocsp_response_at(&pending, 0, b"garbage", NOW);
    for verdict in [&pending, &refused] {
        assert!(verifier.ocsp_response_at(verdict, 0, &other.answer(&other.alice, good()), NOW).verified());
    }
}

#[test]
fn a_question_carries_a_nonce_where_that_is_asked_for() {
    let world = World::new();
    let verifier = world.verifier(&[("ocsp", "leaf"), ("ocsp_nonce", "true")]);
    let [one, two] = [(); 2].map(|()| verifier.verify_at(&world.alice, NOW));
    let (first, second) = (one.ocsp_questions()[0].request(), two.ocsp_questions()[0].request());
    assert_ne!(first, second);
    let nonce_of = |request: &[u8]| request[request.len() - 32..].to_vec();
    let answer = |nonce: Vec<u8>| {
        let mut response = world.by_ca(&world.alice, good());
        response.extensions = vec![ocsp::nonce(&nonce)];
        response.sign(&world.pki.ca)
    };
    let mixed = verifier.ocsp_response_at(&one, 0, &answer(nonce_of(second)), NOW);
    assert_eq!(reasons(&mixed), ["ocsp_nonce"]);
    assert!(verifier.ocsp_response_at(&one, 0, &answer(nonce_of(first)), NOW).verified());
}

#[test]
fn silence_is_an_answer_where_that_is_allowed() {
    let world = World::new();
    let nameless = World::client("Test CA", 7).sign(&world.pki.ca);
    for (missing, expected) in [("fail", &["ocsp_missing"][..]), ("allow", &[])] {
        let verifier = world.verifier(&[("ocsp", "leaf"), ("ocsp_missing", missing)]);
        let verdict = verifier.verify_at(&nameless, NOW);
        assert_eq!((reasons(&verdict), asked(&verdict)), (expected.to_vec(), vec![]), "{missing}");
        let pending = verifier.verify_at(&world.alice, NOW);
        assert_eq!(reasons(&pending), ["ocsp_pending"]);
        let verdict = verifier.ocsp_response_at(&pending, 0, &[], NOW);
        assert_eq!(reasons(&verdict), expected);
        let busy = verifier.ocsp_response_at(&pending, 0, &ocsp::unsuccessful(3), NOW);
        assert_eq!(busy.verified(), missing == "allow");
        if missing == "allow" {
            // It is not believed for long.
            assert_eq!(verdict.valid_until(), NOW + 300);
            assert!(verifier.verify_at(&world.alice, NOW + 300).verified());
            assert_eq!(reasons(&verifier.verify_at(&world.alice, NOW + 301)), ["ocsp_pending"]);
            assert!(verifier.recheck(&verdict, NOW + 300).verified());
            assert_eq!(reasons(&verifier.recheck(&verdict, NOW + 301)), ["ocsp_pending"]);
        } else {
            assert_eq!(reasons(&busy), ["ocsp_refused"]);
            assert_eq!(reasons(&verifier.verify_at(&world.alice, NOW)), ["ocsp_pending"]);
        }
    }
}

#[test]
fn one_responder_may_be_asked_for_all() {
    let world = World::new();
    let nameless = World::client("Test CA", 7).sign(&world.pki.ca);
    let verifier = world.verifier(&[("ocsp", "leaf"), ("ocsp_responder", "http://other.example/")]);
    for client in [&nameless, &world.alice] {
        assert_eq!(asked(&verifier.verify_at(client, NOW)), [(0, "http://other.example/")]);
    }
}

#[test]
fn every_certificate_of_the_path_needs_an_answer_with_chain() {
    let world = World::new();
    let chain = der::concat(&[&world.bob, &world.intermediate]);
    let about_bob = response(&world.bob, &world.intermediate, good()).sign(&world.intermediate_key);
    let about_intermediate = world.answer(&world.intermediate, good());

    let verifier = world.verifier(&[("ocsp", "leaf")]);
    let pending = verifier.verify_at(&chain, NOW);
    assert_eq!(asked(&pending), [(0, URL)]);
    assert!(verifier.ocsp_response_at(&pending, 0, &about_bob, NOW).verified());

    for order in [[0, 1], [1, 0]] {
        // Without a memory, what was given must do.
        for size in ["0", "64"] {
            let verifier = world.verifier(&[("ocsp", "chain"), ("cache_size", size)]);
            let pending = verifier.verify_at(&chain, NOW);
            assert_eq!(reasons(&pending), ["ocsp_pending", "ocsp_pending"]);
            assert_eq!(asked(&pending), [(0, URL), (1, URL)]);
            let answers = [&about_bob, &about_intermediate];
            let one = verifier.ocsp_response_at(&pending, order[0], answers[order[0]], NOW);
            assert_eq!((reasons(&one), asked(&one)), (vec!["ocsp_pending"], vec![(order[1], URL)]));
            let both = verifier.ocsp_response_at(&one, order[1], answers[order[1]], NOW);
            assert!(both.verified(), "{:?}", both.reasons());
            assert_eq!(both.ocsp_answers().map(|(depth, _)| depth).collect::<Vec<_>>(), [0, 1]);
            // Mixed up, they are about other certificates, and then nothing more is asked.
            let mixed = verifier.ocsp_response_at(&pending, 0, &about_intermediate, NOW);
            assert!(!mixed.verified() || size != "0");
        }
    }
    let verifier = world.verifier(&[("ocsp", "chain")]);
    let pending = verifier.verify_at(&chain, NOW);
    let revoked = world.answer(&world.intermediate, revoked(REVOKED, Some(2)));
    let verdict = verifier.ocsp_response_at(&pending, 1, &revoked, NOW);
    assert_eq!((reasons(&verdict), asked(&verdict)), (vec!["certificate_revoked"], vec![]));
    assert_eq!(verdict.reasons()[0].depth, Some(1));
}

#[test]
fn nobody_is_asked_about_who_is_refused_anyway() {
    let world = World::new();
    let expired =
        World::client("Test CA", 8).with(naming(URL)).valid("200101000000Z", "210101000000Z").sign(&world.pki.ca);
    let stranger = Key::ed25519(9);
    let forged = World::client("Test CA", 1).with(naming(URL)).sign(&stranger);
    let own = Template::authority("Evil CA", "Evil CA", &stranger).sign(&stranger);
    let unknown = World::client("Evil CA", 1).with(naming(URL)).sign(&stranger);
    let verifier = world.verifier(&[("ocsp", "chain")]);
    for (chain, reason) in [
        (expired.clone(), "certificate_expired"),
        (forged, "signature_invalid"),
        (der::concat(&[&unknown, &own]), "self_signed_in_chain"),
        (b"garbage".to_vec(), "chain_malformed"),
    ] {
        let verdict = verifier.verify_at(&chain, NOW);
        assert_eq!(verdict.primary().map(|reason| reason.code.name()), Some(reason));
        assert!(!reasons(&verdict).contains(&"ocsp_pending") && verdict.ocsp_questions().is_empty());
        // Nor is anything believed that he brings along.
        let response = response(&unknown, &own, good()).sign(&stranger);
        assert_eq!(reasons(&verifier.ocsp_response_at(&verdict, 0, &response, NOW)), reasons(&verdict));
    }
    // What is tolerated may go on, so it is asked about; the client is not verified all the same.
    let verifier = world.verifier(&[("ocsp", "leaf"), ("mode", "optional_no_ca"), ("tolerate", "certificate_expired")]);
    let pending = verifier.verify_at(&expired, NOW);
    assert_eq!(reasons(&pending), ["certificate_expired", "ocsp_pending"]);
    assert_eq!((pending.accepted(), asked(&pending)), (false, vec![(0, URL)]));
    let verdict = verifier.ocsp_response_at(&pending, 0, &world.answer(&expired, good()), NOW);
    assert_eq!((reasons(&verdict), verdict.accepted()), (vec!["certificate_expired"], true));
    let verdict = verifier.ocsp_response_at(&pending, 0, &world.answer(&expired, revoked(REVOKED, None)), NOW);
    assert_eq!((reasons(&verdict).len(), verdict.accepted()), (2, false));
    assert!(!Code::OcspPending.is_tolerable());
}

#[test]
fn the_host_answers_for_keys_and_responders_in_any_order() {
    let world = World::new();
    let options = [("ocsp", "leaf"), ("trust", "ca+key"), ("registry", "external")];
    let verifier = world.verifier(&options);
    let answer = world.answer(&world.alice, good());
    let register = |verifier: &Verifier, verdict: &Arc<Verdict>| {
        let key = verdict.pending_fingerprint().expect("a question");
        verifier.resolve(verdict, Some(&Registration::new("alice", key, NOW)), NOW)
    };
    let pending = verifier.verify_at(&world.alice, NOW);
    assert_eq!(reasons(&pending), ["registration_pending", "ocsp_pending"]);
    let registered = register(&verifier, &pending);
    assert_eq!((reasons(&registered), asked(&registered)), (vec!["ocsp_pending"], vec![(0, URL)]));
    assert_eq!(reasons(&verifier.ocsp_response_at(&registered, 0, b"garbage", NOW)), ["ocsp_malformed"]);
    let verdict = verifier.ocsp_response_at(&registered, 0, &answer, NOW);
    assert_eq!((reasons(&verdict), verdict.user()), (vec![], Some("alice")));

    let verifier = world.verifier(&options);
    let pending = verifier.verify_at(&world.alice, NOW);
    let answered = verifier.ocsp_response_at(&pending, 0, &answer, NOW);
    assert_eq!((reasons(&answered), asked(&answered)), (vec!["registration_pending"], vec![]));
    let verdict = register(&verifier, &answered);
    assert_eq!((reasons(&verdict), verdict.user()), (vec![], Some("alice")));
}

#[test]
fn a_pinned_leaf_needs_nobody() {
    let world = World::new();
    let mut config = Config::new();
    config.set_bytes("ca", &world.alice).expect("a certificate");
    config.set("ocsp", "chain").expect("an option");
    let verifier = Verifier::new(&config).expect("a verifier");
    let verdict = verifier.verify_at(&world.alice, NOW);
    assert!(verdict.verified(), "{:?}", verdict.reasons());
    assert!(verifier.ocsp_response_at(&verdict, 0, b"garbage", NOW).verified());
}

#[test]
fn odd_handles_change_nothing() {
    let world = World::new();
    let verifier = world.verifier(&[("ocsp", "leaf"), ("mode", "optional")]);
    let none = verifier.verify_at(&[], NOW);
    assert_eq!(verifier.ocsp_response_at(&none, 0, b"garbage", NOW).outcome(), clientcert::Outcome::None);
    // Another verifier's verdict is judged by this one.
    let mut config = Config::new();
    let stranger = Key::ed25519(9);
    config.set_bytes("ca", &Template::authority("Evil CA", "Evil CA", &stranger).sign(&stranger)).expect("a CA");
    let other = Verifier::new(&config).expect("a verifier");
    let eve = World::client("Evil CA", 1).sign(&stranger);
    let verdict = other.verify_at(&eve, NOW);
    assert!(verdict.verified());
    assert_eq!(reasons(&verifier.ocsp_response_at(&verdict, 0, &[], NOW)), ["leaf_issuer_unknown"]);
}
