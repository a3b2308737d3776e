//! Identity rules: which user a certificate stands for, and when it stands for none.

mod support;

use std::sync::Arc;

use clientcert::identity::{Rule, Strength, certmap, import};
use clientcert::verify::Code;
use clientcert::{Config, Policy, Verdict, Verifier};
use support::certificate::pem;
use support::extension::{self, Extension};
use support::{Key, NOW, Template, der, name};

const EMAIL: u8 = 0x81;
const DNS: u8 = 0x82;
const URI: u8 = 0x86;
const IP: u8 = 0x87;
const UPN: &str = "1.3.6.1.4.1.311.20.2.3";
const XMPP: &str = "1.3.6.1.5.5.7.8.5";

/// `CN=Corp CA`, which signs with the first key.
fn authority() -> Vec<u8> {
    Template::authority("Corp CA", "Corp CA", &Key::ed25519(1)).sign(&Key::ed25519(1))
}

/// A client's certificate by `CN=Corp CA`, for the second key.
fn client(subject: Vec<u8>, names: &[Vec<u8>]) -> Template {
    let mut template = Template::client("Corp CA", "x", &Key::ed25519(2));
    template.subject = subject;
    match names {
        [] => template,
        _ => template.with(extension::subject_alt_name(names)),
    }
}

fn san(tag: u8, value: &str) -> Vec<u8> {
    der::tlv(tag, value.as_bytes())
}

fn other_name(oid: &str, value: &[u8]) -> Vec<u8> {
    der::constructed(0xa0, &[der::oid(oid), der::tlv(0xa0, value)])
}

fn upn(value: &str) -> Vec<u8> {
    other_name(UPN, &der::tlv(der::UTF8_STRING, value.as_bytes()))
}

fn attribute(oid: &str, tag: u8, value: &[u8]) -> Vec<u8> {
    der::constructed(der::SET, &[der::sequence(&[der::oid(oid), der::tlv(tag, value)])])
}

fn config(rules: &[&str], options: &[(&str, &str)]) -> Config {
    let mut config = Config::new();
    config.set_bytes("ca", &authority()).expect("a CA");
    for rule in rules {
        config.set("identity", rule).unwrap_or_else(|error| panic!("{rule}: {error}"));
    }
    for (option, value) in options {
        config.set(option, value).expect(option);
    }
    config
}

fn verify(template: &Template, rules: &[&str], options: &[(&str, &str)]) -> Arc<Verdict> {
    let verifier = Verifier::new(&config(rules, options)).expect("a verifier");
    let verdict = verifier.verify_at(&template.sign(&Key::ed25519(1)), NOW);
    // Whatever the rules say, all that is shown of them is the same.
    let explanation = verdict.explain_user(&verifier.policy()).expect("an explanation");
    let explained = explanation.result.as_ref().ok().and_then(Option::as_ref).map(|mapping| &*mapping.user);
    assert_eq!(explained, verdict.user());
    assert_eq!(explanation.steps.len(), rules.len());
    verdict
}

/// The user, or the primary reason why there is none.
fn user(template: &Template, rules: &[&str]) -> Result<String, Code> {
    with_options(template, rules, &[])
}

fn with_options(template: &Template, rules: &[&str], options: &[(&str, &str)]) -> Result<String, Code> {
    let verdict = verify(template, rules, options);
    assert_eq!(verdict.user().is_some(), verdict.verified());
    match verdict.user() {
        Some(user) => Ok(user.to_owned()),
        None => {
            assert_eq!(verdict.reasons().len(), 1);
            Err(verdict.primary().expect("a reason").code)
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is what outcomes are compared with")]
fn named(user: &str) -> Result<String, Code> {
    Ok(user.to_owned())
}

mod sources {
    use super::*;

    fn rich() -> Template {
        let subject = der::sequence(&[
            attribute("2.5.4.10", der::UTF8_STRING, b"Corp, Inc."),
            attribute("0.9.2342.19200300.100.1.1", der::UTF8_STRING, b"al"),
            attribute("1.2.840.113549.1.9.1", der::IA5_STRING, b"alice@mail.example"),
            attribute("1.2.3.4", der::PRINTABLE_STRING, b"E-4711"),
            attribute("2.5.4.3", der::UTF8_STRING, "Alice Ö".as_bytes()),
        ]);
        let names = [
            san(EMAIL, "Alice@corp.example"),
            san(DNS, "alice.corp.example"),
            san(URI, "https://example.org/~alice"),
            der::tlv(IP, &[10, 0, 0, 7]),
            upn("ALICE@corp.example"),
            other_name(XMPP, &der::tlv(der::UTF8_STRING, b"alice@xmpp.example")),
        ];
        let mut template = client(subject, &names).with(extension::subject_key_identifier(&[0xab, 0xcd]));
        template.serial = vec![0x00, 0x9a, 0x0b];
        template
    }

    #[test]
    fn every_source_is_read() {
        for (rule, expected) in [
            ("subject.cn", "Alice Ö"),
            ("subject.commonName", "Alice Ö"),
            ("subject.uid", "al"),
            ("subject.emailAddress", "alice@mail.example"),
            ("oid:1.2.3.4", "E-4711"),
            ("oid:2.5.4.3", "Alice Ö"),
            ("san.email", "Alice@corp.example"),
            ("san.upn", "ALICE@corp.example"),
            ("san.dns", "alice.corp.example"),
            ("san.uri", "https://example.org/~alice"),
            ("san.ip", "10.0.0.7"),
            ("san.xmpp", "alice@xmpp.example"),
            ("serial+issuer", "9A0B,CN=Corp CA"),
            ("ski", "abcd"),
        ] {
            assert_eq!(user(&rich(), &[rule]), named(expected), "{rule}");
        }
        let subject = user(&rich(), &["subject"]).expect("a subject");
        assert!(subject.starts_with("CN=Alice Ö,1.2.3.4=#") && subject.ends_with(",O=Corp\\, Inc."), "{subject}");
    }

    #[test]
    fn digests_are_those_of_the_variables() {
        let verdict = verify(&rich(), &["fingerprint"], &[]);
        assert_eq!(verdict.get("user"), verdict.get("fingerprint_sha256"));
        let verdict = verify(&rich(), &["spki"], &[]);
        assert_eq!(verdict.get("user"), verdict.get("spki_sha256"));
        assert_eq!(verdict.get("user_strength"), Some(&b"strong"[..]));
        assert_eq!(verdict.get("user_rule"), Some(&b"spki"[..]));
        assert_eq!(verdict.to_json(NOW)["user_rule"], "spki");
    }

    #[test]
    fn what_a_certificate_lacks_is_left_to_the_next_rule() {
        let bare = client(name::common_name("alice"), &[]);
        let absent = ["san.email", "san.upn", "san.dns", "san.uri", "san.ip", "san.xmpp", "ski", "sid"];
        for rule in absent.into_iter().chain(["subject.uid", "oid:1.2.3", "spiffe trust_domain=prod"]) {
            assert_eq!(user(&bare, &[rule]), Err(Code::IdentityUnknown), "{rule}");
            assert_eq!(user(&bare, &[rule, "subject.cn"]), named("alice"), "{rule}");
        }
    }

    #[test]
    fn the_first_rule_that_matches_wins() {
        assert_eq!(user(&rich(), &["subject.uid", "subject.cn"]), named("al"));
        assert_eq!(user(&rich(), &["subject.cn", "subject.uid"]), named("Alice Ö"));
    }

    #[test]
    fn a_security_identifier_is_read_from_the_extension_and_from_the_uri() {
        const SID: &str = "S-1-5-21-1004336348-1177238915-682003330-512";
        let extension = |sid: &[u8]| {
            let value = der::sequence(&[other_name("1.3.6.1.4.1.311.25.2.1", &der::tlv(der::OCTET_STRING, sid))]);
            Extension::new("1.3.6.1.4.1.311.25.2", value)
        };
        let tag = san(URI, &format!("tag:microsoft.com,2022-09-14:sid:{SID}"));
        let with = |sid: &[u8], names: &[Vec<u8>]| client(name::common_name("alice"), names).with(extension(sid));
        assert_eq!(user(&with(SID.as_bytes(), &[]), &["sid"]), named(SID));
        assert_eq!(user(&client(name::common_name("alice"), std::slice::from_ref(&tag)), &["sid"]), named(SID));
        assert_eq!(user(&with(SID.as_bytes(), std::slice::from_ref(&tag)), &["sid"]), named(SID));
        assert_eq!(user(&with(b"S-1-5-21-1", &[tag]), &["sid"]), Err(Code::AmbiguousIdentity));
        for bad in [&b"alice"[..], b"", b"S-1-", b"S-1-5-", b"S-1-5\0", b"S-1-5-\xff"] {
            assert_eq!(user(&with(bad, &[]), &["sid"]), Err(Code::AmbiguousIdentity), "{bad:?}");
        }
        let mut broken = with(SID.as_bytes(), &[]);
        broken.extensions.last_mut().expect("it").value.truncate(5);
        assert_eq!(user(&broken, &["sid", "subject.cn"]), Err(Code::AmbiguousIdentity));
    }
}

mod ambiguity {
    use super::*;

    /// None of these falls through to the rule behind it.
    fn refuses(template: &Template, rule: &str) {
        assert_eq!(user(template, &[rule]), Err(Code::AmbiguousIdentity), "{rule}");
        assert_eq!(user(template, &[rule, "spki"]), Err(Code::AmbiguousIdentity), "{rule}");
    }

    #[test]
    fn two_values_are_no_user() {
        let cn = |value: &[u8]| attribute("2.5.4.3", der::UTF8_STRING, value);
        refuses(&client(der::sequence(&[cn(b"alice"), cn(b"bob")]), &[]), "subject.cn");
        refuses(&client(der::sequence(&[cn(b"alice"), cn(b"alice")]), &[]), "subject.cn");
        for (kind, rule) in [(EMAIL, "san.email"), (DNS, "san.dns"), (URI, "san.uri")] {
            refuses(&client(name::common_name("x"), &[san(kind, "a@b"), san(kind, "c@d")]), rule);
            refuses(
                &client(name::common_name("x"), &[san(kind, "a@b"), san(kind, "c@d")]),
                &format!("{rule} match=a@b"),
            );
        }
        refuses(&client(name::common_name("x"), &[upn("a@b"), upn("c@d")]), "san.upn");
        let many: Vec<Vec<u8>> = (0..500).map(|number| san(EMAIL, &format!("a{number}@b"))).collect();
        refuses(&client(name::common_name("x"), &many), "san.email filter match=a7@b");
    }

    #[test]
    fn a_filter_chooses_one() {
        let two = client(name::common_name("x"), &[san(EMAIL, "a@private.example"), san(EMAIL, "b@corp.example")]);
        assert_eq!(user(&two, &["san.email filter strip=@corp.example"]), named("b"));
        assert_eq!(user(&two, &["san.email filter match=b@.*"]), named("b@corp.example"));
        assert_eq!(user(&two, &["san.email filter match=z@.*"]), Err(Code::IdentityUnknown));
        refuses(&two, "san.email filter match=.*@.*");
    }

    #[test]
    fn what_is_no_sound_text_is_no_user() {
        let subject = |tag: u8, value: &[u8]| client(der::sequence(&[attribute("2.5.4.3", tag, value)]), &[]);
        for (tag, value) in [
            (der::UTF8_STRING, &b"admin\0.evil"[..]),
            (der::UTF8_STRING, b"\0"),
            (der::UTF8_STRING, b"a\xff"),
            (der::PRINTABLE_STRING, b"a\xe9"),
            (der::BMP_STRING, b"a"),
        ] {
            refuses(&subject(tag, value), "subject.cn");
            refuses(&subject(tag, value), "subject");
            refuses(&subject(tag, value), "subject.cn match=nobody");
        }
        for (tag, value) in [
            (der::UTF8_STRING, &b""[..]),
            (der::UTF8_STRING, b"a\nb"),
            (der::UTF8_STRING, b" a"),
            (der::UTF8_STRING, "a\u{202e}b".as_bytes()),
            (der::OCTET_STRING, b"a"),
        ] {
            refuses(&subject(tag, value), "subject.cn");
        }
        refuses(&subject(der::UTF8_STRING, &[b'a'; 5000]), "subject.cn");
        refuses(&subject(der::UTF8_STRING, &[b'a'; 5000]), "subject");
    }

    #[test]
    fn broken_alternative_names_are_no_user() {
        let with = |names: &[Vec<u8>]| client(name::common_name("x"), names);
        refuses(&with(&[der::tlv(EMAIL, b"admin@corp.example\0.evil")]), "san.email");
        refuses(&with(&[der::tlv(EMAIL, "jörg@corp.example".as_bytes())]), "san.email");
        refuses(&with(&[der::tlv(URI, b"\xff")]), "san.uri");
        refuses(&with(&[san(DNS, "*.corp.example")]), "san.dns");
        refuses(&with(&[der::tlv(IP, &[1, 2, 3])]), "san.ip");
        refuses(&with(&[other_name(UPN, &der::tlv(der::IA5_STRING, b"a@b"))]), "san.upn");
        refuses(&with(&[other_name(UPN, &der::tlv(der::UTF8_STRING, b"\xff"))]), "san.upn");
        refuses(&with(&[der::tlv(0xa0, b"broken"), upn("a@b")]), "san.upn");
    }

    #[test]
    fn what_comes_of_a_value_has_to_be_a_name_too() {
        let alice = client(name::common_name("x"), &[san(EMAIL, "@corp.example")]);
        refuses(&alice, "san.email strip=@corp.example");
        refuses(&alice, r#"san.email match="(x?)@.*" user="\1""#);
    }

    #[test]
    fn the_characters_are_an_option() {
        let jorg = client(der::sequence(&[attribute("2.5.4.3", der::UTF8_STRING, "Jörg A".as_bytes())]), &[]);
        assert_eq!(with_options(&jorg, &["subject.cn"], &[("identity_charset", "printable")]), named("Jörg A"));
        for charset in ["ascii", "name"] {
            let refused = with_options(&jorg, &["subject.cn"], &[("identity_charset", charset)]);
            assert_eq!(refused, Err(Code::AmbiguousIdentity));
        }
    }
}

mod transformations {
    use super::*;

    fn alice() -> Template {
        client(name::common_name("x"), &[san(EMAIL, "Alice@Corp.Example")])
    }

    #[test]
    fn a_value_is_matched_stripped_and_lowered() {
        for (rule, expected) in [
            ("san.email lower", Ok("alice@corp.example")),
            ("san.email strip=@corp.example", Ok("Alice")),
            ("san.email strip=@corp.example lower", Ok("alice")),
            ("san.email strip=@other.example", Err(Code::IdentityUnknown)),
            ("san.email strip=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", Err(Code::IdentityUnknown)),
            (r#"san.email match="(?i)^([^@]+)@corp\.example$" user="\1""#, Ok("Alice")),
            (r#"san.email match="(?i)^([^@]+)@corp\.example$""#, Ok("Alice")),
            (r#"san.email match="(.)(.*)@(.*)" user="\3.\1\2" lower"#, Ok("corp.example.alice")),
            (r#"san.email match="^([^@]+)@corp\.example$" user="\1""#, Err(Code::IdentityUnknown)),
            ("san.email match=Alice", Err(Code::IdentityUnknown)),
            (r#"san.email user="corp\\\0""#, Ok(r"corp\Alice@Corp.Example")),
            ("san.email equals=Alice@corp.example user=al", Ok("al")),
            ("san.email equals=alice@corp.example user=al", Err(Code::IdentityUnknown)),
        ] {
            assert_eq!(user(&alice(), &[rule]), expected.map(str::to_owned), "{rule}");
        }
    }

    #[test]
    fn a_value_can_be_named_outright() {
        let mut template = client(name::common_name("Alice"), &[san(DNS, "A.example"), der::tlv(IP, &[0; 16])]);
        template.serial = vec![0x12, 0x34];
        let template = template.with(extension::subject_key_identifier(&[0xab]));
        let verdict = verify(&template, &["spki"], &[]);
        let text = |name: &str| String::from_utf8(verdict.get(name).expect(name).to_vec()).expect("text");
        for (source, value) in [
            ("subject", "cn=alice".to_owned()),
            ("subject.cn", "Alice".to_owned()),
            ("san.dns", "a.EXAMPLE".to_owned()),
            ("san.ip", "0:0::0".to_owned()),
            ("ski", "AB".to_owned()),
            ("serial+issuer", "'001234,cn=corp ca'".to_owned()),
            ("fingerprint", text("fingerprint_sha256")),
            ("fingerprint", text("fingerprint_sha1")),
            ("spki", text("spki_sha256").to_uppercase()),
        ] {
            let rule = format!("{source} equals={value} user=al");
            assert_eq!(user(&template, &[&rule]), named("al"), "{rule}");
        }
        for rule in [
            "subject equals=CN=bob user=al",
            "subject equals=CN=Alice,O=x user=al",
            "serial+issuer equals='1234,CN=Other CA' user=al",
            "serial+issuer equals='1235,CN=Corp CA' user=al",
            "ski equals=abab user=al",
            "fingerprint equals=0000000000000000000000000000000000000000 user=al",
        ] {
            assert_eq!(user(&template, &[rule]), Err(Code::IdentityUnknown), "{rule}");
        }
    }
}

mod conditions {
    use super::*;

    fn digest(certificate: &[u8]) -> String {
        let owned = clientcert::certificate::OwnedCertificate::from_der(certificate).expect("a certificate");
        let key = clientcert::registry::RegisteredKey::certificate_of(&owned.view()).to_string();
        key.trim_start_matches("cert:sha256:").to_owned()
    }

    #[test]
    fn issuer_and_anchor_are_asked() {
        let alice = client(name::common_name("alice"), &[]);
        let (right, wrong) = (digest(&authority()), digest(&alice.sign(&Key::ed25519(1))));
        let colons = right.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair)).collect::<Vec<_>>().join(":");
        for key in ["issuer", "anchor"] {
            for (value, holds) in [
                ("CN=Corp CA", true),
                ("cn=CORP  ca", true),
                (right.as_str(), true),
                (colons.as_str(), true),
                ("CN=Corp CA,O=x", false),
                ("CN=Other CA", false),
                (wrong.as_str(), false),
            ] {
                let rule = format!("subject.cn {key}=\"{value}\"");
                let expected = if holds { named("alice") } else { Err(Code::IdentityUnknown) };
                assert_eq!(user(&alice, &[&rule]), expected, "{rule}");
            }
        }
    }

    #[test]
    fn an_intermediate_is_the_issuer_and_not_the_anchor() {
        let middle = Template::authority("Corp CA", "Middle CA", &Key::ed25519(3)).sign(&Key::ed25519(1));
        let leaf = Template::client("Middle CA", "alice", &Key::ed25519(2)).sign(&Key::ed25519(3));
        let chain = [leaf, middle.clone()].concat();
        for (rule, holds) in [
            ("subject.cn issuer=\"CN=Middle CA\" anchor=\"CN=Corp CA\"".to_owned(), true),
            (format!("subject.cn issuer={} anchor={}", digest(&middle), digest(&authority())), true),
            ("subject.cn issuer=\"CN=Corp CA\"".to_owned(), false),
            (format!("subject.cn anchor={}", digest(&middle)), false),
        ] {
            let verifier = Verifier::new(&config(&[&rule], &[])).expect("a verifier");
            assert_eq!(verifier.verify_at(&chain, NOW).verified(), holds, "{rule}");
        }
    }

    #[test]
    fn a_pinned_leaf_is_its_own_anchor_and_has_no_known_issuer() {
        let alone = Template::client("alice", "alice", &Key::ed25519(2)).sign(&Key::ed25519(2));
        let rule = |rule: &str| {
            let mut config = Config::new();
            config.set_bytes("ca", &alone).expect("a certificate");
            config.set("identity", rule).expect(rule);
            Verifier::new(&config).expect("a verifier").verify_at(&alone, NOW).user().map(str::to_owned)
        };
        assert_eq!(rule(&format!("subject.cn anchor={}", digest(&alone))).as_deref(), Some("alice"));
        assert_eq!(rule(&format!("subject.cn issuer={}", digest(&alone))), None);
    }

    #[test]
    fn purposes_are_asked() {
        let both = client(name::common_name("alice"), &[])
            .with(extension::extended_key_usage(&[extension::CLIENT_AUTH, extension::EMAIL_PROTECTION]));
        for (rule, holds) in [
            ("subject.cn eku=clientAuth", true),
            ("subject.cn eku=clientAuth eku=1.3.6.1.5.5.7.3.4", true),
            ("subject.cn eku=clientAuth eku=msSmartcardLogin", false),
        ] {
            assert_eq!(user(&both, &[rule]).is_ok(), holds, "{rule}");
        }
        let none = both.without(extension::EXTENDED_KEY_USAGE);
        assert_eq!(user(&none, &["subject.cn eku=clientAuth"]), Err(Code::IdentityUnknown));
    }

    #[test]
    fn a_policy_is_asked_of_every_certificate_below_the_anchor() {
        const POLICY: &str = "1.2.3.4";
        let leaf = Template::client("Middle CA", "alice", &Key::ed25519(2))
            .with(extension::certificate_policies(&[POLICY]))
            .sign(&Key::ed25519(3));
        let middle = Template::authority("Corp CA", "Middle CA", &Key::ed25519(3));
        let any = extension::certificate_policies(&[extension::ANY_POLICY]);
        for (middle, holds) in [
            (middle.clone().with(extension::certificate_policies(&[POLICY])), true),
            (middle.clone().with(any.clone()), true),
            (middle.clone().with(extension::certificate_policies(&["1.2.3.5"])), false),
            (middle.clone().with(any).with(extension::inhibit_any_policy(3)), false),
            (middle, false),
        ] {
            let chain = [leaf.clone(), middle.sign(&Key::ed25519(1))].concat();
            let verifier = Verifier::new(&config(&["subject.cn policy=1.2.3.4"], &[])).expect("a verifier");
            assert_eq!(verifier.verify_at(&chain, NOW).verified(), holds);
        }
    }

    #[test]
    fn a_rule_that_does_not_apply_is_never_ambiguous() {
        let cn = |value: &[u8]| attribute("2.5.4.3", der::UTF8_STRING, value);
        let two = client(der::sequence(&[cn(b"alice"), cn(b"bob")]), &[san(EMAIL, "a@b")]);
        assert_eq!(user(&two, &["subject.cn issuer=\"CN=Other CA\"", "san.email"]), named("a@b"));
    }
}

mod spiffe {
    use super::*;

    fn workload(uris: &[&str]) -> Template {
        let names: Vec<Vec<u8>> = uris.iter().map(|uri| san(URI, uri)).collect();
        client(name::common_name("x"), &names)
    }

    #[test]
    fn an_id_of_the_trust_domain_is_the_user() {
        let api = workload(&["spiffe://prod.example/ns/api"]);
        assert_eq!(user(&api, &["spiffe trust_domain=prod.example"]), named("spiffe://prod.example/ns/api"));
        assert_eq!(user(&api, &["spiffe trust_domain=prod.example path"]), named("ns/api"));
        let rules = ["spiffe trust_domain=test.example", "spiffe path trust_domain=prod.example match=ns/(.*)"];
        assert_eq!(user(&api, &rules), named("api"));
        assert_eq!(user(&api, &rules[..1]), Err(Code::IdentityUnknown));
    }

    #[test]
    fn other_uris_are_none() {
        let rule = "spiffe trust_domain=prod.example";
        assert_eq!(user(&workload(&["https://prod.example/a"]), &[rule, "subject.cn"]), named("x"));
        assert_eq!(user(&workload(&["https://a", "https://b"]), &[rule, "subject.cn"]), named("x"));
    }

    #[test]
    fn what_is_nearly_one_is_refused() {
        let rule = "spiffe trust_domain=prod.example";
        let id = "spiffe://prod.example/a";
        for uris in [
            &[id, "https://example.org"][..],
            &["https://example.org", "urn:x", id],
            &[id, id],
            &["spiffe://prod.example"],
            &["spiffe://prod.example/"],
            &["SPIFFE://prod.example/a"],
            &["spiffe://Prod.example/a"],
            &["spiffe://prod.example/../a"],
            &["spiffe://prod.example/a?b"],
        ] {
            assert_eq!(user(&workload(uris), &[rule, "subject.cn"]), Err(Code::AmbiguousIdentity), "{uris:?}");
        }
        let mut authority = workload(&[id]).with(extension::basic_constraints(true, None));
        assert_eq!(user(&authority, &[rule]), Err(Code::AmbiguousIdentity));
        let usage = extension::key_usage(&[extension::DIGITAL_SIGNATURE, extension::CRL_SIGN]);
        authority = workload(&[id]).with(usage);
        assert_eq!(user(&authority, &[rule]), Err(Code::AmbiguousIdentity));
    }
}

mod outcome {
    use super::*;

    #[test]
    fn without_rules_there_is_no_user_and_nothing_is_refused() {
        let verdict = verify(&client(name::common_name("alice"), &[]), &[], &[]);
        assert!(verdict.verified() && verdict.user().is_none() && verdict.get("user").is_none());
        assert!(verdict.to_json(NOW)["user"].is_null());
    }

    #[test]
    fn whom_nothing_names_is_refused_unless_that_is_optional() {
        let nobody = client(name::common_name("alice"), &[]);
        let verdict = verify(&nobody, &["san.email"], &[]);
        assert_eq!(verdict.primary().map(|reason| reason.code), Some(Code::IdentityUnknown));
        assert!(!verdict.accepted() && verdict.user().is_none());
        let optional = verify(&nobody, &["san.email"], &[("identity_required", "false")]);
        assert!(optional.verified() && optional.user().is_none());
        // What is ambiguous is refused all the same.
        let two = client(name::common_name("x"), &[san(EMAIL, "a@b"), san(EMAIL, "c@d")]);
        let refused = with_options(&two, &["san.email"], &[("identity_required", "false")]);
        assert_eq!(refused, Err(Code::AmbiguousIdentity));
    }

    #[test]
    fn only_strong_rules_count_where_that_is_asked() {
        let alice = client(name::common_name("alice"), &[]);
        let strong = [("identity_strength", "strong")];
        assert_eq!(with_options(&alice, &["subject.cn"], &strong), Err(Code::IdentityWeak));
        assert_eq!(with_options(&alice, &["subject.cn", "spki"], &strong), Err(Code::IdentityWeak));
        assert!(with_options(&alice, &["spki", "subject.cn"], &strong).is_ok());
        assert!(with_options(&alice, &["serial+issuer equals='01,CN=Corp CA' user=alice"], &strong).is_ok());
        let warnings = |rules: &[&str]| {
            let policy = Policy::compile_at(&config(rules, &strong), NOW).expect("a policy");
            policy.warnings().iter().filter(|warning| warning.option == "identity").count()
        };
        assert_eq!((warnings(&["subject.cn", "spki"]), warnings(&["spki"])), (1, 0));
    }

    #[test]
    fn a_failed_certificate_has_no_user() {
        let expired = client(name::common_name("alice"), &[]).valid("200101000000Z", "210101000000Z");
        let verifier = Verifier::new(&config(&["subject.cn"], &[])).expect("a verifier");
        let verdict = verifier.verify_at(&expired.sign(&Key::ed25519(1)), NOW);
        assert!(!verdict.verified() && verdict.user().is_none() && verdict.explain_user(&verifier.policy()).is_none());
        let forged = client(name::common_name("admin"), &[]).sign(&Key::ed25519(2));
        let verdict = verifier.verify_at(&forged, NOW);
        assert!(!verdict.verified() && verdict.user().is_none());
    }

    #[test]
    fn tolerated_is_not_named() {
        let nobody = client(name::common_name("alice"), &[]);
        let options = [("mode", "optional_no_ca"), ("tolerate", "identity_unknown")];
        let verdict = verify(&nobody, &["san.email"], &options);
        assert!(verdict.accepted() && !verdict.verified() && verdict.user().is_none());
    }

    #[test]
    fn rules_are_part_of_the_identity_of_a_policy() {
        let identity = |rules: &[&str]| *Policy::compile_at(&config(rules, &[]), NOW).expect("a policy").identity();
        let all = [identity(&[]), identity(&["spki"]), identity(&["ski", "spki"]), identity(&["spki", "ski"])];
        for (index, one) in all.iter().enumerate() {
            assert!(all[index + 1..].iter().all(|other| other != one));
        }
        assert_eq!(identity(&["spki"]), all[1]);
    }

    #[test]
    fn an_explanation_shows_every_rule() {
        let alice = client(name::common_name("alice"), &[san(EMAIL, "a@b"), san(EMAIL, "c@d")]);
        let rules = ["subject.uid", "subject.cn eku=serverAuth", "subject.cn match=bob", "subject.cn", "san.email"];
        let verifier = Verifier::new(&config(&rules, &[])).expect("a verifier");
        let verdict = verifier.verify_at(&alice.sign(&Key::ed25519(1)), NOW);
        let json = verdict.explain_user(&verifier.policy()).expect("an explanation").to_json();
        assert_eq!((&json["user"], &json["user_strength"]), (&"alice".into(), &"weak".into()));
        let findings: Vec<&str> = json["rules"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|rule| rule["finding"].as_str().expect("text"))
            .collect();
        for (finding, part) in findings.iter().zip(["no such value", "'eku'", "not one that", "alice", "too late"]) {
            assert!(finding.contains(part), "{finding}");
        }
        let decided: Vec<bool> =
            json["rules"].as_array().expect("a list").iter().map(|rule| rule["decided"] == true).collect();
        assert_eq!(decided, [false, false, false, true, false]);
        assert_eq!(json["rules"][3]["saw"][0], "alice");
        assert!(json["rules"][4]["problem"].is_null() && json["rules"][4]["saw"][1] == "c@d");
    }
}

mod text {
    use super::*;

    #[test]
    fn errors_name_the_rule_and_the_place() {
        for (rule, place, problem) in [
            ("", "column 1", "begins with a source"),
            ("san.mail", "column 1", "did you mean 'san.email'?"),
            ("subject.2.5.4.3", "column 1", "there is no source"),
            ("san.email upper", "column 11", "there is no 'upper'"),
            ("san.email upper=1", "column 11", "there is no 'upper='"),
            ("san.email lower lower", "column 17", "twice"),
            ("san.email strip", "column 11", "needs a value"),
            ("san.email match=(", "column 17", "regular expression"),
            ("san.email match=a)|(b", "column 17", "regular expression"),
            ("san.email match=a user=\\1", "column 24", "0 groups"),
            ("san.email match=(a)(b)", "column 17", "'user' has to say"),
            ("san.email user=root", "column 16", "everybody"),
            ("san.email filter", "column 1", "'filter' needs"),
            ("san.email issuer=Corp", "column 18", "neither a SHA-256 nor a name"),
            ("san.email eku=clientauth", "column 15", "a purpose"),
            ("san.email policy=x", "column 18", "a policy"),
            ("san.ip equals=x", "column 15", "an IP address"),
            ("spki equals=ab", "column 13", "a SHA-256 or SHA-1"),
            ("serial+issuer equals=ab", "column 22", "a comma"),
            ("spiffe", "column 1", "trust_domain"),
            ("spiffe trust_domain=Prod", "column 21", "lower-case"),
            ("san.uri trust_domain=prod", "column 22", "belongs to spiffe"),
            ("san.uri path", "column 9", "belongs to spiffe"),
            ("san.email lower=yes", "column 17", "takes no value"),
        ] {
            let error = Config::new().set("identity", rule).expect_err(rule).to_string();
            assert!(
                error.contains("'identity'") && error.contains(place) && error.contains(problem),
                "{rule}: {error}"
            );
        }
        assert!(Rule::parse(&format!("san.email match={}", "a".repeat(9000))).is_err());
    }

    #[test]
    fn a_dump_is_read_again() {
        let rules =
            [r#"san.email match="^([^@]+)@corp\.example$" user="\1""#, "sid", "subject.cn equals='a \"b\"' user=c"];
        let config = config(&rules, &[]);
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.toml");
        std::fs::write(&file, config.dump()).expect("a file");
        let mut again = Config::new();
        again.load(&file).expect("a dump");
        assert_eq!(again.dump(), config.dump());
        let policy = Policy::compile_at(&again, NOW).expect("a policy");
        let texts: Vec<&str> = policy.identity_rules().rules().iter().map(Rule::text).collect();
        assert_eq!(texts, rules);
    }

    #[test]
    fn strength_is_that_of_the_source() {
        for (rule, strength) in [
            ("registry", Strength::Strong),
            ("sid", Strength::Strong),
            ("ski", Strength::Strong),
            ("fingerprint", Strength::Strong),
            ("serial+issuer", Strength::Strong),
            ("subject", Strength::Weak),
            ("san.upn", Strength::Weak),
            ("spiffe trust_domain=a", Strength::Weak),
        ] {
            assert_eq!(Rule::parse(rule).expect(rule).strength(), strength, "{rule}");
        }
    }
}

mod imported {
    use super::*;

    #[test]
    fn alt_security_identities_map_the_certificates_that_they_name() {
        let mut alice = client(name::common_name("Alice"), &[san(EMAIL, "alice@corp.example")]);
        alice.serial = vec![0x12, 0x34, 0x56];
        let alice = alice.with(extension::subject_key_identifier(&[0xab, 0xcd]));
        let sha1 = verify(&alice, &[], &[]).get("fingerprint_sha1").expect("a digest").to_vec();
        let sha1 = format!("X509:<SHA1-PUKEY>{}", String::from_utf8(sha1).expect("digits"));
        let other = client(name::common_name("Bob"), &[san(EMAIL, "bob@corp.example")]);
        for value in [
            "X509:<I>CN=Corp CA<S>CN=Alice",
            "X509:<S>CN=alice",
            "X509:<I>CN=Corp CA<SR>563412",
            "X509:<SKI>abcd",
            "X509:<RFC822>alice@corp.example",
            &sha1,
        ] {
            let rules = import("CORP\\alice", value).expect(value).rules;
            let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
            assert_eq!(user(&alice, &rules), named("CORP\\alice"), "{value}");
            assert_eq!(user(&other, &rules), Err(Code::IdentityUnknown), "{value}");
        }
    }

    #[test]
    fn rules_of_sssd_name_whom_sssd_would_look_up() {
        let alice = client(name::common_name("Alice"), &[san(EMAIL, "alice@corp.example")]);
        let rule = certmap("<ISSUER>^CN=Corp CA$<EKU>clientAuth", "LDAP:(uid={subject_rfc822_name.short_name})");
        assert_eq!(user(&alice, &[&rule.expect("a rule").rules[0]]), named("alice"));
        let rule = certmap("<SAN:rfc822Name>@corp\\.example", "(mail={subject_rfc822_name})");
        assert_eq!(user(&alice, &[&rule.expect("a rule").rules[0]]), named("alice@corp.example"));
    }
}

#[test]
fn pem_is_read_as_der_is() {
    let alice = client(name::common_name("alice"), &[]).sign(&Key::ed25519(1));
    let verifier = Verifier::new(&config(&["subject.cn"], &[])).expect("a verifier");
    assert_eq!(verifier.verify_at(pem(&alice).as_bytes(), NOW).user(), Some("alice"));
}
