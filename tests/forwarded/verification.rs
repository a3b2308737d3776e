//! Whose verification counts.

use std::sync::Arc;

use clientcert::forwarded::{Carrier, Dialect, Peer};
use clientcert::registry::{RegisteredKey, Registration};
use clientcert::verdict::VerifiedBy;
use clientcert::verify::Code;
use clientcert::{Config, Verdict, Verifier};

use crate::client::{
    BELIEVER, CLIENT, Header, PROXY, assert_absent, assert_is, assert_refused, believed, detail, escaped, forwarded,
    verifier_with,
};
use crate::support::crl::{List, Revoked};
use crate::support::{Key, NOW, Template};

fn said(certificate: &[u8], word: &str) -> (String, String) {
    (escaped(&[certificate]), word.to_owned())
}

fn headers((certificate, word): &(String, String)) -> [Header<'_>; 2] {
    [("ssl-client-cert", certificate.as_bytes()), ("ssl-client-verify", word.as_bytes())]
}

#[track_caller]
fn assert_by(verdict: &Verdict, by: VerifiedBy) {
    assert_eq!(verdict.verified_by(), Some(by));
    assert_eq!(verdict.get("verified_by"), Some(by.name().as_bytes()));
    assert_eq!(verdict.to_json(NOW)["verified_by"], by.name());
}

#[test]
fn by_default_the_proxys_word_is_nothing() {
    let stranger = said(&CLIENT.stranger, "SUCCESS");
    let verdict = forwarded(Dialect::IngressNginx, &headers(&stranger));
    assert_refused(&verdict, Code::LeafIssuerUnknown);
    assert_eq!(verdict.verified_by(), None);
    assert!(verdict.to_json(NOW)["verified_by"].is_null());
    let bob = said(&CLIENT.direct, "FAILED:certificate has expired");
    assert_by(&forwarded(Dialect::IngressNginx, &headers(&bob)), VerifiedBy::Own);
}

#[test]
fn the_proxys_word_stands_in_for_a_path() {
    let stranger = said(&CLIENT.stranger, "SUCCESS");
    let verdict = believed(Dialect::IngressNginx, &headers(&stranger));
    assert_is(&verdict, &CLIENT.stranger);
    assert_by(&verdict, VerifiedBy::Proxy);
    assert!(verdict.anchor().is_none());
    // It is about this client, not about whoever presents the same to us.
    assert!(!BELIEVER.verify_at(&CLIENT.stranger, NOW).verified());
    assert_by(&BELIEVER.verify_at(&CLIENT.direct, NOW), VerifiedBy::Own);
    assert_absent(&believed(Dialect::IngressNginx, &[("ssl-client-verify", b"NONE")]));
}

#[test]
fn silence_is_no_word() {
    let certificate = escaped(&[&CLIENT.direct]);
    let alone: Header<'_> = ("ssl-client-cert", certificate.as_bytes());
    assert_refused(&believed(Dialect::IngressNginx, &[alone]), Code::ForwardedNotVerified);
    assert_refused(&believed(Dialect::IngressNginx, &[alone, ("ssl-client-verify", b"")]), Code::ForwardedNotVerified);
    let failed = said(&CLIENT.direct, "FAILED:self-signed certificate");
    let verdict = believed(Dialect::IngressNginx, &headers(&failed));
    assert_refused(&verdict, Code::ForwardedNotVerified);
    assert!(detail(&verdict).starts_with("FAILED:self-signed"));
    let envoy = format!("Cert=\"{certificate}\"");
    assert_refused(
        &believed(Dialect::Envoy, &[("X-Forwarded-Client-Cert", envoy.as_bytes())]),
        Code::ForwardedNotVerified,
    );
}

#[test]
fn a_dialect_without_a_word_can_be_given_one() {
    let certificate = format!("Cert=\"{}\"", escaped(&[&CLIENT.stranger]));
    let carrier = Carrier::of(Dialect::Envoy).verify("X-Verified");
    let headers: [Header<'_>; 2] = [("X-Forwarded-Client-Cert", certificate.as_bytes()), ("x-verified", b"SUCCESS")];
    assert_by(&believed(carrier, &headers), VerifiedBy::Proxy);
}

/// Dates, purposes and strength are looked at whoever verified the path.
#[test]
fn a_certificate_still_has_to_be_one() {
    let (key, ca) = (Key::ed25519(7), Key::ed25519(8));
    let expired = Template::client("Nobody", "x", &key).valid("200101000000Z", "210101000000Z").sign(&ca);
    let server = Template::client("Nobody", "x", &key)
        .with(crate::support::extension::extended_key_usage(&["1.3.6.1.5.5.7.3.1"]))
        .sign(&ca);
    for (certificate, code) in [(&expired, Code::CertificateExpired), (&server, Code::ExtendedKeyUsage)] {
        let said = said(certificate, "SUCCESS");
        assert_refused(&believed(Dialect::IngressNginx, &headers(&said)), code);
    }
}

#[test]
fn what_is_listed_as_revoked_is_revoked() {
    let crl = List::new("Nobody").revoke(Revoked::new(&[1])).sign(&Key::ed25519(3));
    let mut config = Config::new();
    config.set_bytes("ca", &CLIENT.root).unwrap();
    config.set_bytes("crl", &crl).unwrap();
    config.set("trusted_proxies", PROXY).unwrap();
    config.set("forwarded_verification", "proxy").unwrap();
    let verifier = Verifier::new(&config).unwrap();
    let stranger = said(&CLIENT.stranger, "SUCCESS");
    let verdict = verifier.verify_forwarded(Dialect::IngressNginx, &Peer::parse(PROXY), headers(&stranger), NOW);
    assert_refused(&verdict, Code::CertificateRevoked);
}

/// What a verdict rests on, it rests on when it is looked at again.
#[test]
fn the_proxys_word_lasts_as_long_as_the_policy_takes_it() {
    let stranger = said(&CLIENT.stranger, "SUCCESS");
    let verdict = believed(Dialect::IngressNginx, &headers(&stranger));
    assert!(Arc::ptr_eq(&BELIEVER.recheck(&verdict, NOW + 1), &verdict));
    let expired = BELIEVER.recheck(&verdict, NOW + 20 * 365 * 86_400);
    assert_refused(&expired, Code::CertificateExpired);
    let again = verifier_with(&[("forwarded_verification", "proxy")]).recheck(&verdict, NOW);
    assert_by(&again, VerifiedBy::Proxy);
    let without = verifier_with(&[]).recheck(&verdict, NOW);
    assert!(!without.verified() && !without.accepted(), "{:?}", without.reasons());
}

/// The host's answer completes what rests on the proxy's word, and nothing else.
#[test]
fn the_host_may_still_be_asked_whose_the_key_is() {
    let options = [("forwarded_verification", "proxy"), ("trust", "ca+key"), ("registry", "external")];
    let verifier = verifier_with(&options);
    let forwarded = |said: &(String, String)| {
        verifier.verify_forwarded(Dialect::IngressNginx, &Peer::parse(PROXY), headers(said), NOW)
    };
    let pending = forwarded(&said(&CLIENT.stranger, "SUCCESS"));
    assert_refused(&pending, Code::RegistrationPending);
    let registration = Registration::new("mallory", pending.pending_fingerprint().unwrap(), 0);
    let known = verifier.resolve(&pending, Some(&registration), NOW);
    assert_by(&known, VerifiedBy::Proxy);
    assert_eq!(known.user(), Some("mallory"));
    assert_refused(&verifier.resolve(&pending, None, NOW), Code::KeyNotRegistered);
    assert_refused(&forwarded(&said(&CLIENT.stranger, "FAILED:x")), Code::ForwardedNotVerified);
    let own = verifier.resolve(&verifier.verify_at(&CLIENT.direct, NOW), None, NOW);
    assert_refused(&own, Code::KeyNotRegistered);
}

/// Where the key speaks for itself, nobody else has to.
#[test]
fn a_registered_key_needs_no_proxys_word_for_its_path() {
    let stranger = clientcert::certificate::OwnedCertificate::from_der(CLIENT.stranger.as_slice()).unwrap();
    let users = format!("memory:{} mallory", RegisteredKey::spki_of(&stranger.view()));
    let verifier = verifier_with(&[("forwarded_verification", "proxy"), ("trust", "key"), ("registry", &users)]);
    let said = said(&CLIENT.stranger, "SUCCESS");
    let verdict = verifier.verify_forwarded(Dialect::IngressNginx, &Peer::parse(PROXY), headers(&said), NOW);
    assert_by(&verdict, VerifiedBy::Own);
    assert!(verdict.accepted_by_key());
}

#[test]
fn modes_that_verify_nothing_verify_nothing() {
    let verifier = verifier_with(&[("mode", "request_any"), ("forwarded_verification", "proxy")]);
    let stranger = said(&CLIENT.stranger, "SUCCESS");
    let verdict = verifier.verify_forwarded(Dialect::IngressNginx, &Peer::parse(PROXY), headers(&stranger), NOW);
    assert!(!verdict.verified() && verdict.accepted());
    assert_eq!(verdict.primary().map(|reason| reason.code), Some(Code::NotVerified));
}

#[test]
fn operators_are_warned() {
    let warned = |options: &[(&str, &str)], option: &str| {
        let policy = verifier_with(options).policy();
        policy.warnings().iter().any(|warning| warning.option == option)
    };
    assert!(warned(&[("forwarded_verification", "proxy")], "forwarded_verification"));
    assert!(warned(&[("trusted_proxies", "0.0.0.0/0")], "trusted_proxies"));
    assert!(warned(&[("trusted_proxies", "::/0")], "trusted_proxies"));
    assert!(!warned(&[], "trusted_proxies") && !warned(&[], "forwarded_verification"));
    let mut config = Config::new();
    config.set_bytes("ca", &CLIENT.root).unwrap();
    config.set("forwarded_verification", "proxy").unwrap();
    let policy = Verifier::new(&config).unwrap().policy();
    assert!(policy.warnings().iter().any(|warning| warning.option == "forwarded_verification"));
}
