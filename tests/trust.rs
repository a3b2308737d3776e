//! What makes a certificate acceptable: a path to a pinned CA, a registered key, both, or either.

mod support;

use std::sync::Arc;

use clientcert::certificate::OwnedCertificate;
use clientcert::policy::WarningKind;
use clientcert::registry::{RegisteredKey, Registration, Registry};
use clientcert::verify::Code;
use clientcert::{Config, Outcome, Policy, Verdict, Verifier};
use support::crl::{List, Revoked};
use support::{Key, NOW, Template, der, extension};

const TRUSTS: [&str; 4] = ["ca", "key", "ca+key", "ca|key"];

fn authority() -> Vec<u8> {
    Template::authority("Corp CA", "Corp CA", &Key::ed25519(1)).sign(&Key::ed25519(1))
}

/// Alice's key, in a certificate of the CA.
fn issued() -> Vec<u8> {
    Template::client("Corp CA", "alice", &Key::ed25519(2)).sign(&Key::ed25519(1))
}

/// Alice's key, in a certificate of her own.
fn self_signed() -> Vec<u8> {
    Template::client("alice", "alice", &Key::ed25519(2)).sign(&Key::ed25519(2))
}

/// The same of version 1.
fn version_1() -> Vec<u8> {
    let mut template = Template::client("alice", "alice", &Key::ed25519(2));
    template.version = 1;
    template.extensions.clear();
    template.sign(&Key::ed25519(2))
}

fn read(certificate: &[u8]) -> OwnedCertificate {
    OwnedCertificate::from_der(certificate).expect("a certificate")
}

fn key(certificate: &[u8]) -> RegisteredKey {
    RegisteredKey::spki_of(&read(certificate).view())
}

/// A registration of Alice's key, with these options before it.
fn registered(options: &str) -> String {
    format!("{options} {} alice laptop\n", key(&issued()))
}

fn config(trust: &str, registry: Option<&str>, options: &[(&str, &str)]) -> Config {
    let mut config = Config::new();
    config.set("trust", trust).expect(trust);
    config.set_bytes("ca", &authority()).expect("a CA");
    match registry {
        Some("external") => config.set("registry", "external").expect("external"),
        Some(lines) => {
            config.set_bytes("registry", lines.as_bytes()).unwrap_or_else(|error| panic!("{lines}: {error}"));
        }
        None => {}
    }
    for (name, value) in options {
        config.set(name, value).expect(name);
    }
    config
}

fn verifier(trust: &str, registry: Option<&str>, options: &[(&str, &str)]) -> Verifier {
    Verifier::new(&config(trust, registry, options)).expect("a verifier")
}

fn verify(trust: &str, registry: Option<&str>, chain: &[u8]) -> Arc<Verdict> {
    checked(verifier(trust, registry, &[]).verify_at(chain, NOW))
}

/// What holds of every verdict.
fn checked(verdict: Arc<Verdict>) -> Arc<Verdict> {
    assert_eq!(verdict.verified(), verdict.reasons().is_empty());
    if !verdict.verified() {
        assert_eq!((verdict.user(), verdict.registration(), verdict.get("user")), (None, None, None));
        assert!(!verdict.accepted() && !verdict.accepted_by_key());
    }
    verdict
}

fn codes(verdict: &Verdict) -> Vec<Code> {
    verdict.reasons().iter().map(|reason| reason.code).collect()
}

mod matrix {
    use super::*;

    /// `Ok` with the user, or the reasons.
    fn outcome(trust: &str, registry: Option<&str>, chain: &[u8]) -> Result<Option<String>, Vec<Code>> {
        let verdict = verify(trust, registry, chain);
        match verdict.outcome() {
            Outcome::Success => Ok(verdict.user().map(str::to_owned)),
            _ => Err(codes(&verdict)),
        }
    }

    #[test]
    fn every_trust_with_every_certificate() {
        let (good, other) = (registered(""), format!("spki:sha256:{} bob\n", "0".repeat(64)));
        let alice = || Ok(Some("alice".to_owned()));
        let missing = || Err(vec![Code::KeyNotRegistered]);
        let foreign = Template::client("Other CA", "alice", &Key::ed25519(2)).sign(&Key::ed25519(7));
        for (name, chain, path) in [
            ("issued", issued(), None),
            ("self-signed", self_signed(), Some(Code::SelfSigned)),
            ("version 1", version_1(), Some(Code::SelfSigned)),
            ("of a foreign CA", foreign, Some(Code::LeafIssuerUnknown)),
        ] {
            let trusted = |user: Option<&str>| match path {
                None => Ok(user.map(str::to_owned)),
                Some(code) => Err(vec![code]),
            };
            let both = |code| path.into_iter().chain([code]).collect::<Vec<_>>();
            for (trust, registry, expected) in [
                ("ca", None, trusted(None)),
                ("ca", Some(&good), trusted(None)),
                ("key", Some(&good), alice()),
                ("key", Some(&other), missing()),
                ("ca+key", Some(&good), trusted(Some("alice"))),
                ("ca+key", Some(&other), Err(both(Code::KeyNotRegistered))),
                ("ca|key", Some(&good), alice()),
                ("ca|key", Some(&other), if path.is_none() { Ok(None) } else { Err(both(Code::KeyNotRegistered)) }),
            ] {
                assert_eq!(outcome(trust, registry.map(String::as_str), &chain), expected, "{trust}, {name}");
            }
        }
    }

    #[test]
    fn every_trust_with_every_state_of_a_registration() {
        let other_ca = format!("ca=spki:sha256:{}", "0".repeat(64));
        for (options, code) in [
            ("disabled", Code::RegistrationDisabled),
            ("revoked=2026-01-01T00:00:00Z", Code::RegistrationRevoked),
            ("not-before=2026-06-01T00:00:01Z", Code::RegistrationNotYetValid),
            ("not-after=2026-05-31T23:59:59Z", Code::RegistrationExpired),
            (other_ca.as_str(), Code::RegistrationOtherCa),
        ] {
            let registry = registered(options);
            let refused = |trust: &str, chain: &[u8]| outcome(trust, Some(&registry), chain);
            assert_eq!(refused("key", &issued()), Err(vec![code]), "{options}");
            assert_eq!(refused("key", &self_signed()), Err(vec![code]), "{options}");
            assert_eq!(refused("ca+key", &issued()), Err(vec![code]), "{options}");
            assert_eq!(refused("ca|key", &self_signed()), Err(vec![Code::SelfSigned, code]), "{options}");
            // Where the CA vouches for it, only the word against the key itself counts.
            let either = if code == Code::RegistrationRevoked { Err(vec![code]) } else { Ok(None) };
            assert_eq!(refused("ca|key", &issued()), either, "{options}");
        }
    }

    #[test]
    fn a_registration_of_the_certificate_is_for_it_alone() {
        let registry = format!("{} alice\n", RegisteredKey::certificate_of(&read(&self_signed()).view()));
        assert_eq!(outcome("key", Some(&registry), &self_signed()), Ok(Some("alice".into())));
        assert_eq!(outcome("key", Some(&registry), &version_1()), Err(vec![Code::KeyNotRegistered]));
    }

    #[test]
    fn a_registration_may_name_its_ca() {
        let registry = registered(&format!("ca={}", key(&authority())));
        for trust in ["key", "ca+key", "ca|key"] {
            assert_eq!(outcome(trust, Some(&registry), &issued()), Ok(Some("alice".into())), "{trust}");
        }
        assert_eq!(outcome("key", Some(&registry), &self_signed()), Err(vec![Code::RegistrationOtherCa]));
        // That a certificate says so is nothing: the CA has to have signed it.
        let forged = Template::client("Corp CA", "alice", &Key::ed25519(2)).sign(&Key::ed25519(2));
        assert_eq!(outcome("key", Some(&registry), &forged), Err(vec![Code::RegistrationOtherCa]));
    }

    #[test]
    fn validity_usage_and_strength_of_the_leaf_count() {
        let template = || Template::client("alice", "alice", &Key::ed25519(2));
        let critical = extension::Extension::new("1.2.3.4", der::sequence(&[[0u8; 0]])).critical();
        for (template, code) in [
            (template().valid("200101000000Z", "210101000000Z"), Code::CertificateExpired),
            (template().valid("270101000000Z", "280101000000Z"), Code::CertificateNotYetValid),
            (template().with(extension::extended_key_usage(&[extension::SERVER_AUTH])), Code::ExtendedKeyUsage),
            (template().with(extension::key_usage(&[extension::KEY_ENCIPHERMENT])), Code::KeyUsage),
            (template().with(critical), Code::CriticalExtension),
        ] {
            let chain = template.sign(&Key::ed25519(2));
            assert_eq!(outcome("key", Some(&registered("")), &chain), Err(vec![code]));
            let either = outcome("ca|key", Some(&registered("")), &chain).expect_err("a bad leaf");
            assert!(either.contains(&code), "{either:?}");
        }
        let options = [("accept_v1", "false")];
        let verdict = verifier("key", Some(&registered("")), &options).verify_at(&version_1(), NOW);
        assert_eq!(codes(&verdict), [Code::VersionRefused]);
    }

    #[test]
    fn what_else_was_presented_does_not_matter_to_a_key() {
        let junk = [self_signed(), vec![0x30, 0x03, 1, 2, 3], issued()].concat();
        for trust in ["key", "ca|key"] {
            assert_eq!(outcome(trust, Some(&registered("")), &junk), Ok(Some("alice".into())), "{trust}");
        }
        let leaf_broken = [vec![0x30, 0x03, 1, 2, 3], self_signed()].concat();
        assert_eq!(outcome("key", Some(&registered("")), &leaf_broken), Err(vec![Code::CertificateMalformed]));
        assert_eq!(verify("key", Some(&registered("")), &[]).outcome(), Outcome::None);
    }
}

mod revoked {
    use super::*;

    fn crl(revoked: bool, next_update: &str) -> Vec<u8> {
        let list = List::new("Corp CA").updates("250101000000Z", next_update);
        let list = if revoked { list.revoke(Revoked::new(&[1]).since("260101000000Z")) } else { list };
        list.sign(&Key::ed25519(1))
    }

    fn judge(trust: &str, crl: &[u8], chain: &[u8], options: &[(&str, &str)]) -> Vec<Code> {
        let mut config = config(trust, Some(&registered("")), options);
        config.set_bytes("crl", crl).expect("a CRL");
        codes(&checked(Verifier::new(&config).expect("a verifier").verify_at(chain, NOW)))
    }

    #[test]
    fn no_registration_rescues_what_its_issuer_revoked() {
        for trust in ["ca", "ca+key", "ca|key"] {
            assert_eq!(
                judge(trust, &crl(true, "270101000000Z"), &issued(), &[]),
                [Code::CertificateRevoked],
                "{trust}"
            );
            assert_eq!(judge(trust, &crl(false, "270101000000Z"), &issued(), &[]), [], "{trust}");
        }
        // Nobody's word but the key's is asked there.
        assert_eq!(judge("key", &crl(true, "270101000000Z"), &issued(), &[]), []);
    }

    #[test]
    fn nor_what_may_have_been_revoked() {
        assert_eq!(judge("ca|key", &crl(false, "260101000000Z"), &issued(), &[]), [Code::CrlExpired]);
        assert_eq!(judge("ca|key", &crl(false, "260101000000Z"), &self_signed(), &[]), []);
    }

    #[test]
    fn nor_a_revoked_certificate_whose_path_fails_for_another_cause_too() {
        let codes = judge("ca|key", &crl(true, "270101000000Z"), &issued(), &[("eku", "1.2.3.4")]);
        assert!(codes.contains(&Code::CertificateRevoked), "{codes:?}");
    }

    /// Whoever leaves out an intermediate certificate hides the path, not what the CRL says.
    #[test]
    fn nor_a_revoked_certificate_that_comes_without_its_issuer() {
        let (authority, intermediate) = (Key::ed25519(1), Key::ed25519(3));
        let issuer = Template::authority("Corp CA", "Branch CA", &intermediate).sign(&authority);
        let leaf = Template::client("Branch CA", "alice", &Key::ed25519(2)).sign(&intermediate);
        let roots = List::new("Corp CA").updates("250101000000Z", "270101000000Z").sign(&authority);
        let branch = List::new("Branch CA").updates("250101000000Z", "270101000000Z");
        let revokes = branch.clone().revoke(Revoked::new(&[1]).since("260101000000Z")).sign(&intermediate);
        let whole = [leaf.clone(), issuer].concat();
        for chain in [&whole, &leaf] {
            let found = judge("ca|key", &[roots.clone(), revokes.clone()].concat(), chain, &[]);
            assert!(found.contains(&Code::CertificateRevoked), "{found:?}");
            assert_eq!(judge("ca|key", &[roots.clone(), branch.sign(&intermediate)].concat(), chain, &[]), []);
        }
    }

    #[test]
    fn a_registration_that_names_its_ca_heeds_it() {
        let mut config = config("key", Some(&registered(&format!("ca={}", key(&authority())))), &[]);
        config.set_bytes("crl", &crl(true, "270101000000Z")).expect("a CRL");
        let verdict = Verifier::new(&config).expect("a verifier").verify_at(&issued(), NOW);
        assert!(codes(&verdict).contains(&Code::CertificateRevoked), "{:?}", codes(&verdict));
    }
}

mod users {
    use super::*;

    fn user(trust: &str, registry: &str, rules: &[&str], chain: &[u8]) -> Result<Option<String>, Vec<Code>> {
        let rules: Vec<(&str, &str)> = rules.iter().map(|rule| ("identity", *rule)).collect();
        let verdict = checked(verifier(trust, Some(registry), &rules).verify_at(chain, NOW));
        if verdict.verified() { Ok(verdict.user().map(str::to_owned)) } else { Err(codes(&verdict)) }
    }

    /// Mallory's key is registered, and his certificate says that he is the administrator.
    fn mallory() -> (String, Vec<u8>) {
        let chain = Template::client("admin", "admin", &Key::ed25519(9)).sign(&Key::ed25519(9));
        (format!("{} mallory\n", key(&chain)), chain)
    }

    #[test]
    fn a_key_gets_its_registrations_user_whatever_the_certificate_says() {
        let (registry, chain) = mallory();
        for trust in ["key", "ca|key"] {
            for rules in
                [&["subject.cn"][..], &["spki"], &["registry", "subject.cn"], &["subject equals=CN=admin user=root"]]
            {
                assert_eq!(user(trust, &registry, rules, &chain), Ok(Some("mallory".into())), "{trust} {rules:?}");
            }
        }
    }

    #[test]
    fn a_path_lets_rules_name_the_user() {
        let registry = registered("");
        assert_eq!(
            user("ca|key", &registry, &["subject.cn match=(.*) user=cn-\\1"], &issued()),
            Ok(Some("cn-alice".into()))
        );
        assert_eq!(user("ca|key", &registry, &["registry"], &issued()), Ok(Some("alice".into())));
        assert_eq!(user("ca", &registry, &["registry"], &issued()), Ok(Some("alice".into())));
        assert_eq!(user("ca", "", &["registry"], &issued()), Err(vec![Code::IdentityUnknown]));
        assert_eq!(user("ca", &registered("disabled"), &["registry"], &issued()), Err(vec![Code::IdentityUnknown]));
    }

    #[test]
    fn a_ca_and_a_registry_must_not_name_two_users() {
        let registry = format!("{} bob\n", key(&issued()));
        assert_eq!(user("ca+key", &registry, &["subject.cn"], &issued()), Err(vec![Code::AmbiguousIdentity]));
        assert_eq!(user("ca+key", &registered(""), &["subject.cn"], &issued()), Ok(Some("alice".into())));
        assert_eq!(user("ca+key", &registry, &["registry"], &issued()), Ok(Some("bob".into())));
        assert_eq!(user("ca+key", &registry, &[], &issued()), Ok(Some("bob".into())));
    }

    #[test]
    fn a_verdict_says_what_named_the_user() {
        let verdict = verify("key", Some(&registered("no-manage")), &self_signed());
        for (name, value) in [
            ("user", "alice"),
            ("user_rule", "registration"),
            ("user_strength", "strong"),
            ("registration_label", "laptop"),
            ("registration_key", &key(&issued()).to_string()),
        ] {
            assert_eq!(verdict.get(name), Some(value.as_bytes()), "{name}");
        }
        let json = verdict.to_json(NOW);
        assert_eq!((&json["user"], &json["registration"]["label"]), (&"alice".into(), &"laptop".into()));
        assert!(verdict.registration().is_some_and(|registration| registration.no_manage));
        assert!(verdict.accepted_by_key() && verdict.anchor().is_none() && verdict.path().len() == 1);
        assert!(!verify("ca|key", Some(&registered("")), &issued()).accepted_by_key());
    }

    #[test]
    fn a_weak_rule_is_refused_and_a_registration_is_strong() {
        let strong = [("identity_strength", "strong"), ("identity", "subject.cn")];
        let verifier = verifier("ca|key", Some(&registered("")), &strong);
        assert_eq!(codes(&verifier.verify_at(&issued(), NOW)), [Code::IdentityWeak]);
        assert_eq!(verifier.verify_at(&self_signed(), NOW).user(), Some("alice"));
    }

    #[test]
    fn who_only_lacks_a_registration_may_enrol() {
        let nobody = "";
        for (trust, registry, chain, may) in [
            ("key", nobody, self_signed(), true),
            (
                "key",
                nobody,
                Template::client("a", "a", &Key::ed25519(2))
                    .valid("200101000000Z", "210101000000Z")
                    .sign(&Key::ed25519(2)),
                false,
            ),
            ("key", &registered(""), self_signed(), false),
            ("key", &registered("disabled"), self_signed(), false),
            ("ca+key", nobody, issued(), true),
            ("ca+key", nobody, self_signed(), false),
            ("ca|key", nobody, self_signed(), true),
            ("ca|key", nobody, issued(), true),
            ("ca", nobody, issued(), false),
        ] {
            assert_eq!(verify(trust, Some(registry), &chain).may_enrol(), may, "{trust} {registry}");
        }
    }
}

mod external {
    use super::*;

    fn alice() -> Registration {
        Registration::new("alice", key(&issued()), 0)
    }

    #[test]
    fn the_host_is_asked_and_answers() {
        for (trust, chain) in [
            ("key", self_signed()),
            ("key", issued()),
            ("ca+key", issued()),
            ("ca|key", issued()),
            ("ca|key", self_signed()),
        ] {
            let verifier = verifier(trust, Some("external"), &[]);
            let pending = checked(verifier.verify_at(&chain, NOW));
            assert_eq!(codes(&pending), [Code::RegistrationPending], "{trust}");
            assert_eq!(pending.pending_fingerprint(), Some(key(&chain)));
            assert_eq!(pending.get("pending_fingerprint"), Some(key(&chain).to_string().as_bytes()));

            let known = checked(verifier.resolve(&pending, Some(&alice()), NOW));
            assert_eq!((known.user(), known.pending_fingerprint()), (Some("alice"), None), "{trust}");
            let unknown = checked(verifier.resolve(&pending, None, NOW));
            assert_eq!(unknown.user(), None);
            assert_eq!(unknown.verified(), trust == "ca|key" && chain == issued(), "{trust}");
            // The first is what it was, and nothing was remembered.
            assert_eq!(codes(&pending), [Code::RegistrationPending]);
            assert_eq!(codes(&verifier.verify_at(&chain, NOW)), [Code::RegistrationPending]);
        }
    }

    #[test]
    fn what_is_wrong_otherwise_is_not_asked_about() {
        let expired = Template::client("a", "a", &Key::ed25519(2)).valid("200101000000Z", "210101000000Z");
        for (trust, chain) in [("key", expired.sign(&Key::ed25519(2))), ("ca+key", self_signed())] {
            let verifier = verifier(trust, Some("external"), &[]);
            let verdict = checked(verifier.verify_at(&chain, NOW));
            assert_eq!(verdict.pending_fingerprint(), None, "{trust}");
            let resolved = verifier.resolve(&verdict, Some(&alice()), NOW);
            assert!(Arc::ptr_eq(&resolved, &verdict));
        }
        let elsewhere = verifier("key", Some(&registered("disabled")), &[]);
        let verdict = elsewhere.verify_at(&self_signed(), NOW);
        assert!(Arc::ptr_eq(&elsewhere.resolve(&verdict, Some(&alice()), NOW), &verdict));
    }

    #[test]
    fn answers_are_judged_as_registrations_are() {
        let verifier = verifier("key", Some("external"), &[]);
        let pending = verifier.verify_at(&self_signed(), NOW);
        let with = |change: &dyn Fn(&mut Registration)| {
            let mut registration = alice();
            change(&mut registration);
            codes(&checked(verifier.resolve(&pending, Some(&registration), NOW)))
        };
        assert_eq!(with(&|registration| registration.disabled = true), [Code::RegistrationDisabled]);
        assert_eq!(with(&|registration| registration.revoked = Some(1)), [Code::RegistrationRevoked]);
        assert_eq!(with(&|registration| registration.not_after = Some(NOW - 1)), [Code::RegistrationExpired]);
        assert_eq!(with(&|registration| registration.not_before = Some(NOW + 1)), [Code::RegistrationNotYetValid]);
        assert_eq!(with(&|registration| registration.ca = Some([0; 32])), [Code::RegistrationOtherCa]);
        assert_eq!(with(&|registration| registration.user.clear()), [Code::RegistryUnavailable]);
        assert_eq!(with(&|registration| registration.user = "a\0b".into()), [Code::RegistryUnavailable]);
        let other = RegisteredKey::Spki([7; 32]);
        assert_eq!(with(&|registration| registration.key = other), [Code::RegistryUnavailable]);
        let itself = RegisteredKey::certificate_of(&read(&self_signed()).view());
        assert_eq!(with(&|registration| registration.key = itself), []);
    }

    #[test]
    fn an_answer_is_judged_at_its_own_time() {
        let verifier = verifier("key", Some("external"), &[]);
        let pending = verifier.verify_at(&self_signed(), NOW);
        let late = verifier.resolve(&pending, Some(&alice()), NOW + 20 * 366 * 86_400);
        assert_eq!(codes(&late), [Code::CertificateExpired]);
    }

    #[test]
    fn what_was_answered_counts_when_it_is_rechecked() {
        let here = verifier("key", Some("external"), &[]);
        let pending = here.verify_at(&self_signed(), NOW);
        let mut registration = alice();
        registration.not_after = Some(NOW + 10);
        let verdict = here.resolve(&pending, Some(&registration), NOW);
        assert_eq!(here.recheck(&verdict, NOW + 10).user(), Some("alice"));
        assert_eq!(codes(&here.recheck(&verdict, NOW + 11)), [Code::RegistrationExpired]);
        // Another policy asked another question.
        let there = verifier("key", Some("external"), &[("accept_v1", "false")]);
        assert_eq!(codes(&there.recheck(&verdict, NOW)), [Code::RegistrationPending]);
    }
}

mod enrolment {
    use super::*;

    #[test]
    fn who_only_lacks_a_registration_registers_and_is_let_in() {
        for trust in ["key", "ca|key"] {
            let verifier = verifier(trust, Some(""), &[]);
            let registry = Arc::clone(verifier.policy().registry().expect("a registry"));
            let verdict = verifier.verify_at(&self_signed(), NOW);
            registry.editor("alice").enrol_verdict("alice", "laptop", &verdict).expect(trust);
            verifier.reload().expect("the registry");
            assert_eq!(verifier.verify_at(&self_signed(), NOW).user(), Some("alice"), "{trust}");
        }
    }

    #[test]
    fn who_lacks_more_does_not() {
        let expired = Template::client("a", "a", &Key::ed25519(2)).valid("200101000000Z", "210101000000Z");
        for (trust, registry, chain) in [
            ("key", "", expired.sign(&Key::ed25519(2))),
            ("ca+key", "", self_signed()),
            ("ca|key", &registered("disabled"), self_signed()),
            ("ca|key", "", issued()),
            ("ca", "", issued()),
        ] {
            let registry_of = verifier("key", Some(registry), &[]);
            let verdict = verifier(trust, Some(registry), &[]).verify_at(&chain, NOW);
            let policy = registry_of.policy();
            let editor = policy.registry().expect("a registry").editor("alice");
            assert!(editor.enrol_verdict("alice", "laptop", &verdict).is_err(), "{trust}");
        }
    }
}

mod time {
    use super::*;

    #[test]
    fn a_verdict_does_not_outlive_its_registration() {
        let last = NOW + 100;
        let registry = registered("not-after=2026-06-01T00:01:40Z");
        for chain in [self_signed(), issued()] {
            let verifier = verifier("ca|key", Some(&registry), &[]);
            let verdict = verifier.verify_at(&chain, NOW);
            assert_eq!((verdict.user(), verdict.valid_until()), (Some("alice"), last));
            assert!(verifier.verify_at(&chain, last).user().is_some());
            assert!(verifier.verify_at(&chain, last + 1).user().is_none());
        }
    }

    #[test]
    fn a_verdict_does_not_outlast_the_day_on_which_a_registration_begins() {
        let registry = registered("not-before=2026-06-01T00:00:10Z");
        let verifier = verifier("ca|key", Some(&registry), &[]);
        assert_eq!(verifier.verify_at(&issued(), NOW).user(), None);
        assert_eq!(verifier.verify_at(&issued(), NOW + 10).user(), Some("alice"));
    }

    #[test]
    fn the_skew_is_for_registrations_too() {
        let registry = registered("not-after=2026-05-31T23:59:50Z");
        assert_eq!(
            codes(&verifier("key", Some(&registry), &[]).verify_at(&self_signed(), NOW)),
            [Code::RegistrationExpired]
        );
        assert!(verifier("key", Some(&registry), &[("time_skew", "10")]).verify_at(&self_signed(), NOW).verified());
    }
}

mod changes {
    use super::*;

    #[test]
    fn what_is_registered_while_the_verifier_runs_counts_after_a_refresh() {
        let config = config("key", Some(""), &[]);
        let verifier = Verifier::new(&config).expect("a verifier");
        let other = Verifier::new(&config).expect("another of the same registry");
        let registry = Arc::clone(verifier.policy().registry().expect("a registry"));
        assert!(!verifier.verify_at(&self_signed(), NOW).verified());
        registry.editor("test").enrol(&Registration::new("alice", key(&issued()), NOW)).expect("a registration");
        for verifier in [&verifier, &other] {
            refresh(verifier, true);
            assert_eq!(verifier.verify_at(&self_signed(), NOW).user(), Some("alice"));
            refresh(verifier, false);
        }
        let verdict = verifier.verify_at(&self_signed(), NOW);
        registry.editor("test").disable(&key(&issued())).expect("disabled");
        assert_eq!(verifier.recheck(&verdict, NOW).user(), Some("alice"), "nobody has looked yet");
        refresh(&verifier, true);
        assert_eq!(codes(&verifier.verify_at(&self_signed(), NOW)), [Code::RegistrationDisabled]);
        assert_eq!(codes(&verifier.recheck(&verdict, NOW)), [Code::RegistrationDisabled]);
    }

    /// It looks once a second.
    fn refresh(verifier: &Verifier, expected: bool) {
        std::thread::sleep(std::time::Duration::from_millis(1_050));
        assert_eq!(verifier.refresh().expect("a refresh"), expected);
    }
}

mod policies {
    use super::*;

    fn compile(config: &Config) -> Result<Vec<WarningKind>, String> {
        let policy = Policy::compile_at(config, NOW).map_err(|error| error.to_string())?;
        Ok(policy.warnings().iter().map(|warning| warning.kind).collect())
    }

    #[test]
    fn a_key_needs_a_registry() {
        for trust in &TRUSTS[1..] {
            let error = compile(&config(trust, None, &[])).expect_err(trust);
            assert!(error.contains("'registry'") && error.contains(trust), "{error}");
            assert!(compile(&config(trust, Some(&registered("")), &[])).is_ok_and(|warnings| warnings.is_empty()));
            // A mode that verifies nothing needs none.
            compile(&config(trust, None, &[("mode", "request_any")])).expect("no registry");
        }
        let error = compile(&config("ca", None, &[("identity", "registry")])).expect_err("no registry");
        assert!(error.contains("'registry'"), "{error}");
        let error = compile(&config("ca", Some("external"), &[("identity", "registry")])).expect_err("nobody asked");
        assert!(error.contains("not asked"), "{error}");
    }

    #[test]
    fn a_key_needs_no_ca() {
        let mut config = Config::new();
        config.set("trust", "key").expect("key");
        config.set_bytes("registry", registered("").as_bytes()).expect("a registry");
        assert_eq!(Verifier::new(&config).expect("a verifier").verify_at(&self_signed(), NOW).user(), Some("alice"));
        for trust in ["ca+key", "ca|key"] {
            config.set("trust", trust).expect(trust);
            assert!(compile(&config).expect_err(trust).contains("'ca'"));
        }
    }

    #[test]
    fn a_registry_that_nobody_asks_is_a_warning() {
        assert_eq!(compile(&config("ca", Some(&registered("")), &[])), Ok(vec![WarningKind::NoEffect]));
        assert_eq!(compile(&config("ca", Some(&registered("")), &[("identity", "registry")])), Ok(vec![]));
    }

    #[test]
    fn an_empty_file_is_an_error_and_an_empty_database_a_warning() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("users");
        std::fs::write(&file, "# nobody yet\n").expect("a file");
        let url = format!("file:{}", file.display());
        for (trust, is_error) in [("key", true), ("ca+key", true), ("ca|key", false)] {
            let compiled = compile(&config(trust, None, &[("registry", &url)]));
            match is_error {
                true => assert!(compiled.expect_err(trust).contains("no registrations")),
                false => assert_eq!(compiled, Ok(vec![WarningKind::RegistryEmpty])),
            }
            assert_eq!(compile(&config(trust, Some(""), &[])), Ok(vec![WarningKind::RegistryEmpty]), "{trust}");
            assert_eq!(compile(&config(trust, Some("external"), &[])), Ok(vec![]), "{trust}");
        }
        let missing = compile(&config("key", None, &[("registry", "file:/nowhere/users")]));
        assert!(missing.expect_err("no file").contains("/nowhere/users"));
    }

    #[test]
    fn a_file_that_empties_or_breaks_while_it_is_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("users");
        std::fs::write(&file, registered("")).expect("a file");
        let verifier = verifier("key", None, &[("registry", &format!("file:{}", file.display()))]);
        assert!(verifier.verify_at(&self_signed(), NOW).verified());
        // What makes no sense leaves everything as it was.
        std::fs::write(&file, "nonsense\n").expect("a file");
        assert!(verifier.reload().is_err());
        assert!(verifier.verify_at(&self_signed(), NOW).verified());
        // That nobody is registered any more makes sense.
        std::fs::write(&file, "").expect("a file");
        verifier.reload().expect("an empty file");
        assert_eq!(codes(&verifier.verify_at(&self_signed(), NOW)), [Code::KeyNotRegistered]);
    }

    #[test]
    fn the_identity_of_a_policy_is_of_where_registrations_are_not_of_what_they_are() {
        let identity = |trust: &str, lines: &str| {
            *Policy::compile_at(&config(trust, Some(lines), &[]), NOW).expect("a policy").identity()
        };
        assert_eq!(identity("key", &registered("")), identity("key", &registered("disabled")));
        assert_ne!(identity("key", &registered("")), identity("ca|key", &registered("")));
        assert_ne!(identity("key", &registered("")), identity("key", "external"));
    }

    #[test]
    fn tolerated_is_not_registered() {
        let options = [("mode", "optional_no_ca")];
        let verdict = verifier("key", Some(""), &options).verify_at(&self_signed(), NOW);
        assert!(verdict.accepted() && !verdict.verified() && verdict.user().is_none());
        assert!(
            !verifier("key", Some(&registered("revoked=2026-01-01T00:00:00Z")), &options)
                .verify_at(&self_signed(), NOW)
                .accepted()
        );
        assert!(!verifier("key", Some("external"), &options).verify_at(&self_signed(), NOW).accepted());
    }
}

#[test]
fn a_registry_is_opened_by_its_url() {
    assert!(Registry::open("external").expect("external").is_external());
}
