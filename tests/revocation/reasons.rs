//! Options, and the reason of each case.

use clientcert::policy::{Config, WarningKind};
use clientcert::verify::{Code, Culprit, Detail};
use clientcert::{Error, Outcome, Status, Verifier};

use crate::support::crl::{self, List, Revoked};
use crate::support::extension::{KEY_CERT_SIGN, key_usage};
use crate::support::{Extension, Key, NOW, Template, der};
use crate::world::*;

/// 2026-04-01, when templates are revoked.
const REVOKED_AT: i64 = 1_775_001_600;

#[test]
fn a_current_crl_without_the_certificate_covers_it() {
    let verdict = judged(&[crl(&list().revoke(Revoked::new(&[8])))], &[]);
    assert_good(&verdict);
    let (depth, info) = verdict.crls().next().expect("the CRL that decided");
    assert_eq!((depth, verdict.crls().len()), (0, 1));
    assert_eq!((info.number(), info.is_delta(), info.place()), (Some(&[1][..]), false, "bytes, CRL 1"));
    assert_eq!((info.this_update(), info.next_update()), (1_777_593_600, Some(1_893_456_000)));
}

#[test]
fn a_verdict_holds_no_longer_than_its_crl() {
    let verdict = judged(&[crl(&list().updates("260501000000Z", "260602000000Z"))], &[]);
    assert_eq!((verdict.valid_from(), verdict.valid_until()), (NOW - 31 * DAY, NOW + DAY));
    let graced = judged(&[crl(&list().updates("260501000000Z", "260602000000Z"))], &[("crl_expired", "60")]);
    assert_eq!(graced.valid_until(), NOW + DAY + 60);
}

#[test]
fn a_revoked_certificate_says_why_and_since_when() {
    let names = [
        (None, "no reason given"),
        (Some(0), "unspecified"),
        (Some(1), "keyCompromise"),
        (Some(2), "cACompromise"),
        (Some(3), "affiliationChanged"),
        (Some(4), "superseded"),
        (Some(5), "cessationOfOperation"),
        (Some(6), "certificateHold"),
        (Some(9), "privilegeWithdrawn"),
        (Some(10), "aACompromise"),
        (Some(99), "unspecified"),
    ];
    for (reason, name) in names {
        let entry = reason.map_or(revoked(), |reason| revoked().because(reason));
        let verdict = judged(&[crl(&list().revoke(entry))], &[]);
        assert_only(&verdict, Code::CertificateRevoked);
        let primary = verdict.primary().expect("a reason");
        assert_eq!((primary.culprit, primary.code as i32), (Culprit::Presented(0), 30));
        let detail = primary.detail.as_ref().expect("a detail");
        assert_eq!(detail.to_string(), format!("{name}, since 2026-04-01T00:00:00Z"));
        assert!(matches!(detail, Detail::Revoked { date: REVOKED_AT, .. }));
        assert_eq!(verdict.crls().next().map(|(depth, info)| (depth, info.place())), Some((0, "bytes, CRL 1")));
    }
}

/// A revocation counts even before its date, which may be anything: RFC 5280 gives it no such meaning.
#[test]
fn the_date_of_a_revocation_delays_nothing() {
    assert_only(&judged(&[crl(&list().revoke(revoked().since("350101000000Z")))], &[]), Code::CertificateRevoked);
}

#[test]
fn crls_by_others_say_nothing() {
    let other = Key::ed25519(5);
    let foreign = List::new("Other CA").revoke(revoked()).sign(&other);
    let verdict = judged(std::slice::from_ref(&foreign), &[]);
    assert_only(&verdict, Code::CrlMissing);
    assert_eq!(verdict.reasons()[0].code as i32, 31);
    assert_good(&judged(&[foreign], &[("crl_missing", "allow")]));
}

#[test]
fn an_expired_crl_covers_nothing_but_what_it_revokes() {
    let expired = list().updates("260501000000Z", "260531235959Z");
    let verdict = judged(&[crl(&expired)], &[]);
    assert_only(&verdict, Code::CrlExpired);
    assert_eq!(verdict.reasons()[0].detail, Some(Detail::Text("bytes, CRL 1".into())));
    for (grace, good) in [("0", false), ("1", true), ("fail", false), ("allow", true)] {
        let verdict = judged(&[crl(&expired)], &[("crl_expired", grace)]);
        assert_eq!(verdict.verified(), good, "{grace}");
    }
    assert_good(&judged(&[crl(&expired)], &[("time_skew", "1")]));
    // That a CRL has expired is no reason to believe that there is none.
    assert_only(&judged(&[crl(&expired)], &[("crl_missing", "allow")]), Code::CrlExpired);
    assert_only(&judged(&[crl(&expired.revoke(revoked()))], &[]), Code::CertificateRevoked);
}

#[test]
fn the_last_second_of_a_crl_is_in_it() {
    assert_good(&judged(&[crl(&list().updates("260501000000Z", "260601000000Z"))], &[]));
    assert_good(&judged(&[crl(&list().updates("260601000000Z", "260602000000Z"))], &[]));
}

#[test]
fn a_crl_from_the_future_is_not_used() {
    let future = list().updates("260601000001Z", "300101000000Z").with(crl::crl_number(2));
    let verdict = judged(&[crl(&future)], &[]);
    assert_only(&verdict, Code::CrlNotYetValid);
    assert_eq!(verdict.reasons()[0].code as i32, 33);
    assert_only(&judged(&[crl(&future)], &[("crl_missing", "allow")]), Code::CrlNotYetValid);
    assert_good(&judged(&[crl(&future)], &[("time_skew", "1")]));

    // The one before it is, until then, and no verdict outlives that.
    let next = future.revoke(revoked());
    let verifier = Verifier::new(&configured(&[crl(&list()), crl(&next)], &[])).expect("a verifier");
    let before = verifier.verify_at(&alice(), NOW);
    assert_good(&before);
    assert_eq!(before.valid_until(), NOW);
    assert_only(&verifier.verify_at(&alice(), NOW + 1), Code::CertificateRevoked);
}

#[test]
fn a_signature_by_another_key_covers_nothing() {
    let forged = list().sign(&Key::ed25519(5));
    let config = configured(std::slice::from_ref(&forged), &[]);
    let verifier = Verifier::new(&config).expect("a verifier");
    assert_eq!(warnings(&verifier.policy()), [WarningKind::CrlUnverified]);
    assert_only(&verifier.verify_at(&alice(), NOW), Code::CrlSignatureInvalid);
    assert_only(&judged(std::slice::from_ref(&forged), &[("crl_missing", "allow")]), Code::CrlSignatureInvalid);
    // Nor does it revoke.
    assert_good(&judged(
        &[list().revoke(revoked()).with(crl::crl_number(9)).sign(&Key::ed25519(5)), crl(&list())],
        &[],
    ));
    // With a key identifier it says itself whose it is.
    let claimed = with_key_identifier(list(), &ca_key()).sign(&Key::ed25519(5));
    let error = Verifier::new(&configured(&[claimed], &[])).expect_err("a forged CRL");
    assert_eq!(error.status(), Status::UnusableCrl);
    assert_eq!(error.to_string(), "option 'crl': bytes, CRL 1: its signature is not by its issuer's key: CN=Test CA");
}

#[test]
fn an_issuer_without_crl_sign_covers_nothing() {
    let ca = ca_key();
    let unfit = Template::authority(CA, CA, &ca).with(key_usage(&[KEY_CERT_SIGN])).sign(&ca);
    // Where the issuer is pinned, the operator is told at once.
    let error = Verifier::new(&config(&[&unfit], &[crl(&list())])).expect_err("an issuer that may not sign CRLs");
    assert_eq!(error.status(), Status::UnusableCrl);
    assert!(error.to_string().contains("key usage"), "{error}");

    // Where it is seen in a handshake, the client is refused.
    let (between, root) = (Key::ed25519(1), Template::authority("Root", "Root", &ca).sign(&ca));
    let intermediate = Template::authority("Root", CA, &between).with(key_usage(&[KEY_CERT_SIGN])).sign(&ca);
    let crls = [list().sign(&between), List::new("Root").sign(&ca)];
    let verdict = judge(&config(&[&root], &crls), &[&client().sign(&between), &intermediate]);
    assert_only(&verdict, Code::CrlIssuerUnfit);
    assert_eq!(verdict.reasons()[0].code as i32, 35);
}

#[test]
fn a_crl_that_nobody_can_read_whole_refuses() {
    let unknown = Extension::new("1.2.3.4", der::sequence(&[b""])).critical();
    let in_list = crl(&list().with(unknown.clone()));
    let in_entry = crl(&list().revoke(Revoked::new(&[8]).with(unknown)));
    for unreadable in [in_list, in_entry] {
        let config = configured(std::slice::from_ref(&unreadable), &[("crl_missing", "allow")]);
        let verifier = Verifier::new(&config).expect("a verifier");
        assert_eq!(warnings(&verifier.policy()), [WarningKind::CrlUnsupported]);
        let verdict = verifier.verify_at(&alice(), NOW);
        assert_only(&verdict, Code::CrlUnsupported);
        assert_eq!(verdict.reasons()[0].code as i32, 37);
        // Another one that covers the certificate does not say what this one says.
        assert_only(&judged(&[unreadable, crl(&list())], &[]), Code::CrlUnsupported);
    }
}

#[test]
fn leaf_and_chain() {
    let (ca, between) = (ca_key(), Key::ed25519(1));
    let root = Template::authority("Root", "Root", &ca).sign(&ca);
    let intermediate = Template { serial: vec![3], ..Template::authority("Root", CA, &between) }.sign(&ca);
    let chain = [&client().sign(&between)[..], &intermediate];
    let by_root = List::new("Root").revoke(Revoked::new(&[3]).because(2)).sign(&ca);
    let by_intermediate = list().sign(&between);
    let with = |crls: &[&[u8]], check: &str| {
        let crls: Vec<Vec<u8>> = crls.iter().map(|crl| crl.to_vec()).collect();
        let mut config = config(&[&root], &crls);
        config.set("crl_check", check).expect("a good option");
        judge(&config, &chain)
    };
    let revoked = with(&[&by_root, &by_intermediate], "chain");
    assert_eq!(found(&revoked), [(Code::CertificateRevoked, 1)]);
    assert_eq!(revoked.reasons()[0].culprit, Culprit::Presented(1));
    assert_eq!(revoked.crls().map(|(depth, _)| depth).collect::<Vec<_>>(), [0, 1]);
    assert_good(&with(&[&by_root, &by_intermediate], "leaf"));
    assert_eq!(found(&with(&[&by_root], "chain")), [(Code::CertificateRevoked, 1), (Code::CrlMissing, 0)]);
    assert_eq!(found(&with(&[&by_intermediate], "chain")), [(Code::CrlMissing, 1)]);
    assert_eq!(found(&with(&[&by_root], "leaf")), [(Code::CrlMissing, 0)]);
    assert_good(&with(&[&by_root], "off"));
}

#[test]
fn the_chain_is_looked_up_as_soon_as_there_is_a_crl() {
    let (ca, between) = (ca_key(), Key::ed25519(1));
    let root = Template::authority("Root", "Root", &ca).sign(&ca);
    let intermediate = Template::authority("Root", CA, &between).sign(&ca);
    let verdict = judge(&config(&[&root], &[list().sign(&between)]), &[&client().sign(&between), &intermediate]);
    assert_eq!(found(&verdict), [(Code::CrlMissing, 1)]);
}

#[test]
fn options_that_cannot_be_meant_are_refused_or_remarked() {
    let refused = |set: &dyn Fn(&mut Config)| {
        let mut config = config(&[&root()], &[]);
        set(&mut config);
        Verifier::new(&config).expect_err("a configuration that looks up nothing")
    };
    for check in ["leaf", "chain"] {
        let error = refused(&|config| config.set("crl_check", check).expect("a good option"));
        assert!(matches!(error, Error::InvalidConfig(_)), "{error}");
    }
    for (name, value) in [("crl_check", "all"), ("crl_missing", "ignore"), ("crl_expired", "-1"), ("crl_expired", "x")]
    {
        let error = config(&[&root()], &[]).set(name, value).expect_err(value);
        assert_eq!(error.status(), Status::InvalidValue, "{name} = {value}");
    }
    let kinds = |crls: &[Vec<u8>], options: &[(&str, &str)]| {
        let verifier = Verifier::new(&configured(crls, options)).expect("a verifier");
        let policy = verifier.policy();
        policy.warnings().iter().map(|warning| (warning.kind, warning.option)).collect::<Vec<_>>()
    };
    let good = [crl(&list())];
    assert_eq!(kinds(&good, &[]), []);
    assert_eq!(kinds(&good, &[("crl_check", "off")]), [(WarningKind::NoEffect, "crl")]);
    assert_eq!(kinds(&good, &[("crl_missing", "allow")]), [(WarningKind::RevocationFailsOpen, "crl_missing")]);
    assert_eq!(kinds(&good, &[("crl_expired", "allow")]), [(WarningKind::RevocationFailsOpen, "crl_expired")]);
    assert_eq!(kinds(&[], &[("crl_missing", "fail")]), [(WarningKind::NoEffect, "crl_missing")]);
    let expired = [crl(&list().updates("200101000000Z", "210101000000Z"))];
    assert_eq!(kinds(&expired, &[]), [(WarningKind::CrlExpired, "crl")]);
    let endless = [crl(&List { next_update: Vec::new(), ..list() })];
    assert_eq!(kinds(&endless, &[]), [(WarningKind::CrlNeverExpires, "crl")]);
}

/// Nobody has to vouch for a pinned certificate, but its issuer may still take it back.
#[test]
fn a_pinned_leaf_needs_no_crl_and_obeys_one() {
    let (ca, leaf) = (ca_key(), alice());
    let pinned = |authorities: &[&[u8]], lists: &[List]| {
        let crls: Vec<Vec<u8>> = lists.iter().map(|list| list.sign(&ca)).collect();
        judge(&config(authorities, &crls), &[&leaf])
    };
    let number = |number, list: List| list.with(crl::crl_number(number));
    assert_good(&pinned(&[&leaf], &[List::new("Other CA")]));
    assert_good(&pinned(&[&leaf, &root()], &[list()]));
    assert_only(&pinned(&[&leaf, &root()], &[list().revoke(revoked())]), Code::CertificateRevoked);
    let expired = list().updates("260401000000Z", "260501000000Z").revoke(revoked());
    assert_only(&pinned(&[&leaf, &root()], &[expired]), Code::CertificateRevoked);
    // Whose CRL it is cannot be known here.
    assert_good(&pinned(&[&leaf], &[list().revoke(revoked())]));
    // What does not count of others does not count of it.
    let held = list().revoke(revoked().because(HOLD));
    assert_only(&pinned(&[&leaf, &root()], std::slice::from_ref(&held)), Code::CertificateRevoked);
    let released = number(2, list().updates("260502000000Z", "300101000000Z"));
    assert_good(&pinned(&[&leaf, &root()], &[held.clone(), released.clone()]));
    let delta = released.with(crl::delta_crl_indicator(1)).revoke(revoked().because(REMOVED));
    assert_good(&pinned(&[&leaf, &root()], &[held, delta]));
    let future = number(3, list().updates("260701000000Z", "300101000000Z")).revoke(revoked());
    assert_good(&pinned(&[&leaf, &root()], &[future]));
    let attributes = list().with(crl::issuing_distribution_point(&[crl::flag(5)])).revoke(revoked());
    assert_good(&pinned(&[&leaf, &root()], &[attributes]));
}

#[test]
fn what_cannot_be_tolerated() {
    let mut config = configured(&[crl(&list().revoke(revoked()))], &[("mode", "optional_no_ca")]);
    assert_eq!(
        config.set("tolerate", "certificate_revoked").map_err(|error| error.status()),
        Err(Status::InvalidValue)
    );
    let verdict = judge(&config, &[&alice()]);
    assert_eq!((verdict.outcome(), verdict.accepted()), (Outcome::Failed, false));
}
