//! Input that no honest client or administrator gives: a clear answer each. What C alone can get wrong is in `tests/c/`.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clientcert::policy::Config;
use clientcert::verdict::{Outcome, Verdict};
use clientcert::verify::Code;
use clientcert::{Error, Status, Verifier};

use support::certificate::armor;
use support::{Extension, Key, NOW, Template, der, extension, name, pem};

/// What one verification of a hostile chain may take in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(2);

/// A CA, and clients that it has certified.
struct World {
    ca: Key,
    root: Vec<u8>,
}

impl World {
    fn new() -> Self {
        let ca = Key::ed25519(0);
        let root = Template::authority("Test CA", "Test CA", &ca).sign(&ca);
        Self { ca, root }
    }

    fn config(&self) -> Config {
        config(&self.root)
    }

    fn verifier(&self) -> Verifier {
        Verifier::new(&self.config()).expect("a good config")
    }

    #[expect(clippy::unused_self, reason = "a client of this world's CA")]
    fn client(&self, name: &str) -> Template {
        Template::client("Test CA", name, &Key::ed25519(1))
    }

    fn alice(&self) -> Vec<u8> {
        self.client("alice").sign(&self.ca)
    }

    fn verify(&self, chain: &[u8]) -> Arc<Verdict> {
        self.verifier().verify_at(chain, NOW)
    }
}

fn config(root: &[u8]) -> Config {
    let mut config = Config::new();
    config.set_bytes("ca", root).expect("a good CA");
    config
}

fn codes(verdict: &Verdict) -> Vec<Code> {
    verdict.reasons().iter().map(|reason| reason.code).collect()
}

fn assert_refused(verdict: &Verdict, code: Code) {
    assert_eq!(verdict.outcome(), Outcome::Failed);
    assert!(!verdict.verified() && !verdict.accepted());
    assert_eq!(verdict.primary().map(|reason| reason.code), Some(code), "{:?}", codes(verdict));
}

fn assert_verified(verdict: &Verdict) {
    assert!(verdict.verified(), "{:?}", codes(verdict));
}

#[test]
fn every_truncation_is_malformed() {
    let world = World::new();
    let alice = world.alice();
    let verifier = world.verifier();
    assert_verified(&verifier.verify_at(&alice, NOW));
    for length in 1..alice.len() {
        let verdict = verifier.verify_at(&alice[..length], NOW);
        assert!(!verdict.accepted(), "{length} bytes");
        let code = verdict.primary().expect("a reason").code;
        assert!(matches!(code, Code::CertificateMalformed | Code::ChainMalformed), "{length} bytes: {code}");
    }
}

#[test]
fn trailing_bytes_are_malformed() {
    let world = World::new();
    let alice = world.alice();
    for trailing in [&[0][..], b"\n", &[0x30], &[0x30, 0x82, 0xff], &alice[..100]] {
        assert_refused(&world.verify(&[&alice[..], trailing].concat()), Code::ChainMalformed);
    }
    let inside = [&alice[..4], &alice[4..], &[0][..]].concat();
    assert_refused(&world.verify(&lengthen(&inside)), Code::CertificateMalformed);
}

/// One certificate whose outer length covers everything.
fn lengthen(bytes: &[u8]) -> Vec<u8> {
    der::tlv(der::SEQUENCE, &bytes[4..])
}

#[test]
fn every_turned_bit_is_refused() {
    let world = World::new();
    let (alice, verifier) = (world.alice(), world.verifier());
    for bit in 0..alice.len() * 8 {
        let mut bent = alice.clone();
        bent[bit / 8] ^= 1 << (bit % 8);
        assert!(!verifier.verify_at(&bent, NOW).accepted(), "bit {bit}");
    }
}

#[test]
fn text_around_pem_is_no_matter() {
    let world = World::new();
    let text = |der: &[u8]| format!("subject=CN = x\r\nissuer: -- y --\n\n{}\ntrailing words\n", pem(der));
    let mut config = Config::new();
    config.set_bytes("ca", text(&world.root).as_bytes()).expect("a CA with text around it");
    let verifier = Verifier::new(&config).expect("a good config");
    assert_verified(&verifier.verify_at(text(&world.alice()).as_bytes(), NOW));
}

#[test]
fn pem_that_is_broken_inside_is_named_with_its_line() {
    let world = World::new();
    let good = pem(&world.root);
    let broken = [
        good.replace("-----END CERTIFICATE-----", ""),
        good.replacen("MII", "M*I", 1),
        good.replacen("MII", "MI", 1),
        good.replace("END CERTIFICATE", "END X509 CRL"),
        good.replace("-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE----"),
    ];
    for text in broken {
        let error = Config::new().set_bytes("ca", text.as_bytes()).and_then(|()| {
            let mut config = Config::new();
            config.set_bytes("ca", text.as_bytes())?;
            Verifier::new(&config).map(drop)
        });
        let error = error.expect_err("no CA");
        assert!(matches!(error.status(), Status::Malformed | Status::NoCertificate), "{text}\n{error}");
        assert!(error.to_string().contains("option 'ca'"), "{error}");
        assert!(!world.verify(text.as_bytes()).accepted());
    }
}

#[test]
fn more_than_64_kilobytes_are_not_read() {
    let world = World::new();
    let alice = world.alice();
    let mut chain = alice.clone();
    while chain.len() + alice.len() <= 65_536 {
        chain.extend_from_slice(&alice);
    }
    let started = Instant::now();
    let verdict = world.verify(&chain);
    assert!(started.elapsed() < PATIENCE);
    assert!(verdict.verified() || codes(&verdict).contains(&Code::ChainTooLarge), "{:?}", codes(&verdict));
    chain.resize(65_537, 0);
    assert_refused(&world.verify(&chain), Code::ChainTooLarge);
}

#[test]
fn garbage_of_any_size_is_refused() {
    let world = World::new();
    for length in [1, 2, 100, 65_536, 65_537, 1 << 20] {
        for byte in [0x00, 0x30, 0x80, 0xff, b'-'] {
            assert!(!world.verify(&vec![byte; length]).accepted());
        }
    }
}

#[test]
fn ten_thousand_alternative_names_are_read_or_limited() {
    let world = World::new();
    let names: Vec<Vec<u8>> = (0..10_000u16)
        .map(|number| {
            let [high, low] = number.to_be_bytes();
            name::ip(&[10, 0, high, low])
        })
        .collect();
    let leaf = world.client("alice").with(extension::subject_alt_name(&names)).sign(&world.ca);
    assert!(leaf.len() < 65_536);
    let verdict = world.verify(&leaf);
    assert_verified(&verdict);
    assert_eq!(verdict.certificate(0).expect("the leaf").subject_alternative_names().count(), 10_000);

    let networks: Vec<Vec<u8>> = (0..2_000u16)
        .map(|number| {
            let [high, low] = number.to_be_bytes();
            name::ip(&[172, 16, high, low, 255, 255, 255, 255])
        })
        .collect();
    let constrained = Template::authority("Test CA", "Test CA", &world.ca)
        .with(extension::name_constraints(&[], &networks))
        .sign(&world.ca);
    let verifier = Verifier::new(&config(&constrained)).expect("a good config");
    let started = Instant::now();
    assert_refused(&verifier.verify_at(&leaf, NOW), Code::NameConstraintLimit);
    assert!(started.elapsed() < PATIENCE);
}

#[test]
fn a_hundred_certificates_are_searched_and_more_than_the_limit_are_not() {
    let world = World::new();
    let mut chain = world.alice();
    for number in 0..99u8 {
        let key = Key::ed25519(10 + number);
        chain.extend(Template::authority("nowhere", "Test CA", &key).sign(&key));
    }
    assert_verified(&world.verify(&chain));
    let key = Key::ed25519(9);
    for number in 0..40u8 {
        chain.extend(Template::authority("nowhere", &format!("{number}"), &key).sign(&key));
    }
    assert_refused(&world.verify(&chain), Code::ChainTooLarge);
}

#[test]
fn authority_key_identifiers_full_of_names_are_not_read_at_every_step() {
    let world = World::new();
    let key = Key::ed25519(2);
    // Twelve layers are more than `depth` allows, so every way up to there is tried, and the tenth has one certificate.
    let names = |count: usize| der::tlv(0xa1, &[0x82, 0].repeat(count));
    let full = der::sequence(&[names(24_000), der::tlv(0x82, &[1])]);
    let mut chain = Template::client("layer 1", "alice", &key).sign(&key);
    for layer in 1..=12 {
        let issuer = if layer == 12 { "Test CA".to_owned() } else { format!("layer {}", layer + 1) };
        for serial in 0..if layer == 10 { 1 } else { 2 } {
            let mut template = Template::authority(&issuer, &format!("layer {layer}"), &key);
            template.serial = vec![serial];
            if layer == 10 {
                template = template.with(Extension::new("2.5.29.35", full.clone()));
            }
            chain.extend(template.sign(&key));
        }
    }
    assert!(chain.len() < 65_536);
    let verifier = world.verifier();
    let started = Instant::now();
    let verdict = verifier.verify_at(&chain, NOW);
    let elapsed = started.elapsed();
    assert_refused(&verdict, Code::IssuerUnknown);
    assert!(elapsed < PATIENCE / 32, "{elapsed:?}");
}

#[test]
fn a_relative_name_of_thousands_of_attributes_does_not_cost_their_square() {
    let world = World::new();
    let key = Key::ed25519(2);
    let values: Vec<[u8; 4]> = (0..2_400u16)
        .map(|number| {
            let [high, low] = [number / 64, number % 64].map(|digit| u8::try_from(digit).expect("below 64"));
            [0xc3, 0x80 | high, 0xc3, 0x80 | low]
        })
        .collect();
    let relative = |values: &mut dyn Iterator<Item = &[u8; 4]>| {
        let attributes: Vec<_> = values.map(|value| (name::COMMON_NAME, der::UTF8_STRING, &value[..])).collect();
        der::sequence(&[name::relative_name(&attributes)])
    };
    let mut template = Template::client("", "", &key);
    template.issuer = relative(&mut values.iter());
    template.subject = relative(&mut values.iter().rev());
    let leaf = template.sign(&key);
    assert!(leaf.len() < 65_536);
    let verifier = world.verifier();
    let started = Instant::now();
    let verdict = verifier.verify_at(&leaf, NOW);
    let elapsed = started.elapsed();
    assert_refused(&verdict, Code::SelfSigned);
    assert!(elapsed < PATIENCE / 4, "{elapsed:?}");
}

#[test]
fn a_long_chain_to_nowhere_is_followed_to_its_end() {
    let world = World::new();
    let key = Key::ed25519(2);
    let long = |number: usize| {
        let mut attributes = vec![(name::COMMON_NAME, der::PRINTABLE_STRING, &b"x"[..]); 8];
        let last = format!("{number}");
        attributes.push((name::COMMON_NAME, der::PRINTABLE_STRING, last.as_bytes()));
        name::name(&attributes)
    };
    let certificate = |number: usize| {
        let mut template = Template::new("", "", &key);
        (template.issuer, template.subject) = (long(number + 1), long(number));
        template.sign(&key)
    };
    // The issuer of each stands before it, but for the leaf's.
    let chain: Vec<u8> = std::iter::once(0).chain((1..128).rev()).flat_map(certificate).collect();
    assert!(chain.len() < 65_536);
    let verdict = world.verify(&chain);
    assert_refused(&verdict, Code::IssuerUnknown);
    assert_eq!(verdict.path().len(), 128);
}

#[test]
fn a_verdict_that_needs_the_second_validator_does_not_outlive_its_dates() {
    let world = World::new();
    let leaf = world.client("alice").valid("200101000000Z", "300101000000Z").sign(&world.ca);
    let end = 1_893_456_000;
    for (opinion, later) in [("agree", true), ("strict", false)] {
        let mut config = world.config();
        config.set("second_opinion", opinion).expect("a word");
        config.set("time_skew", "60").expect("seconds");
        let verifier = Verifier::new(&config).expect("a good config");
        let before = verifier.verify_at(&leaf, end);
        assert_verified(&before);
        assert_eq!(before.valid_until(), end + if later { 60 } else { 0 });
        assert_eq!(verifier.verify_at(&leaf, end + 1).verified(), later, "{opinion}");
    }
}

#[test]
fn odd_serial_numbers_are_shown_as_they_are() {
    let world = World::new();
    let long = [&[0x7f][..], &[0xab; 99]].concat();
    // OpenSSL's i2a_ASN1_INTEGER, which nginx calls, breaks the line after 35 bytes.
    let lines = [format!("7F{}", "AB".repeat(34)), "AB".repeat(35), "AB".repeat(30)];
    let serials: [(&[u8], &str); 4] =
        [(&[0xff], "-01"), (&[0x80], "-80"), (&[0x00], "00"), (&long, &lines.join("\\\n"))];
    for (serial, shown) in serials {
        let mut template = world.client("alice");
        template.serial = serial.to_vec();
        let verdict = world.verify(&template.sign(&world.ca));
        assert_verified(&verdict);
        assert_eq!(verdict.certificate(0).expect("the leaf").serial(), serial);
        assert_eq!(verdict.get("ssl_client_serial"), Some(shown.as_bytes()));
    }
    for serial in [&[][..], &[0, 1], &[0xff, 0x80]] {
        let mut template = world.client("alice");
        template.serial = serial.to_vec();
        assert_refused(&world.verify(&template.sign(&world.ca)), Code::CertificateMalformed);
    }
}

#[test]
fn years_from_1949_to_9999_count_and_others_are_malformed() {
    let world = World::new();
    let verdict = |not_before: &str, not_after: &str| {
        world.verify(&world.client("alice").valid(not_before, not_after).sign(&world.ca))
    };
    assert_verified(&verdict("19491231235959Z", "99991231235959Z"));
    assert_verified(&verdict("500101000000Z", "20500101000000Z"));
    assert_refused(&verdict("19490101000000Z", "19491231235959Z"), Code::CertificateExpired);
    assert_refused(&verdict("99991231235959Z", "99991231235959Z"), Code::CertificateNotYetValid);
    for odd in [
        "20261301000000Z",
        "20260230000000Z",
        "2026060100000Z",
        "20260601000000",
        "20260601000000+0000",
        "2606010000Z",
        "",
    ] {
        assert_refused(&verdict("200101000000Z", odd), Code::CertificateMalformed);
    }
}

#[test]
fn a_key_file_is_no_ca() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key.pem");
    std::fs::write(&path, Key::p256(0).secret_pem()).expect("a file");
    let error = load(path.to_str().expect("UTF-8")).expect_err("no CA");
    assert_eq!(error.status(), Status::Malformed);
    let message = error.to_string();
    assert!(message.contains("key.pem") && message.contains("private key"), "{message}");
}

#[test]
fn what_holds_no_certificate_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("README"), "nothing here").expect("a file");
    std::fs::write(folder.path().join("empty.pem"), "").expect("a file");
    std::fs::write(folder.path().join("crl.pem"), armor("X509 CRL", &[0x30, 0])).expect("a file");
    let place = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    for place in [place(""), place("empty.pem"), place("crl.pem"), place("README"), place("*.crt")] {
        let error = load(&place).expect_err("no CA");
        let status = error.status();
        assert!(matches!(status, Status::NoCertificate | Status::Io | Status::Malformed), "{place}: {error}");
        assert!(error.to_string().contains(folder.path().to_str().expect("UTF-8")), "{error}");
    }
    let error = load(&place("absent.pem")).expect_err("no CA");
    assert_eq!(error.status(), Status::Io, "{error}");
    let error = Verifier::new(&Config::new()).map(drop).expect_err("no CA at all");
    assert_eq!(error.status(), Status::InvalidConfig, "{error}");
}

/// What a path as CA comes to, whether the option or the verifier is who reads it.
fn load(path: &str) -> Result<(), Error> {
    let mut config = Config::new();
    config.set("ca", path)?;
    Verifier::new(&config).map(drop)
}

#[test]
fn a_misspelt_option_suggests_the_nearest() {
    for (misspelt, meant) in
        [("dept", "depth"), ("mod", "mode"), ("max-certificate", "max_certificates"), ("tolerates", "tolerate")]
    {
        let error = Config::new().set(misspelt, "1").expect_err("no such option");
        assert_eq!(error.status(), Status::UnknownOption);
        assert!(error.to_string().contains(&format!("'{meant}'")), "{error}");
    }
    let error = Config::new().set("entirely different", "1").expect_err("no such option");
    assert_eq!(error.status(), Status::UnknownOption);
    assert!(!error.to_string().contains("did you mean"), "{error}");
}

#[test]
fn a_value_of_the_wrong_type_names_option_and_value() {
    let wrong = [
        ("mode", "perhaps"),
        ("depth", "-1"),
        ("depth", "ten"),
        ("depth", "99999999999999999999"),
        ("accept_v1", "maybe"),
        ("time_skew", "86401"),
        ("second_opinion", "2"),
        ("eku", "1.2..3"),
        ("tolerate", "bad_weather"),
        ("tolerate", "signature_invalid"),
        ("max_certificates", "0"),
        ("mode", ""),
    ];
    for (option, value) in wrong {
        let error = Config::new().set(option, value).expect_err("no such value");
        assert_eq!(error.status(), Status::InvalidValue, "{option}={value}: {error}");
        let message = error.to_string();
        assert!(message.contains(option) && message.contains(value), "{message}");
    }
}

#[test]
fn an_unknown_number_is_no_reason() {
    for number in [i32::MIN, -1, 0, 39, 1000, i32::MAX] {
        assert_eq!(Code::from_number(number), None);
    }
    assert!(Code::named("no_such_reason").is_empty());
    assert!(Code::named("").is_empty());
}

#[test]
fn a_verdict_outlives_its_cache_entry() {
    let world = World::new();
    let mut config = world.config();
    config.set("cache_size", "1").expect("an option");
    let verifier = Verifier::new(&config).expect("a good config");
    let clients: Vec<Vec<u8>> =
        (0..8).map(|number| world.client(&format!("client {number}")).sign(&world.ca)).collect();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for (number, client) in clients.iter().enumerate() {
            let (verifier, over) = (&verifier, &over);
            scope.spawn(move || {
                let kept = verifier.verify_at(client, NOW);
                let mut calls = 0;
                while calls < 100 || !over.load(Ordering::Relaxed) {
                    let verdict = verifier.verify_at(client, NOW);
                    for verdict in [&verdict, &kept] {
                        let subject = verdict.get("ssl_client_s_dn").expect("a subject");
                        assert_eq!(subject, format!("CN=client {number}").as_bytes());
                    }
                    calls += 1;
                }
            });
        }
        for _ in 0..50 {
            verifier.reload().expect("the same files");
        }
        over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_clock_that_steps_back_takes_a_verdict_back() {
    let world = World::new();
    let verifier = world.verifier();
    let short = world.client("alice").valid("260601000000Z", "260601010000Z").sign(&world.ca);
    for _ in 0..2 {
        assert_verified(&verifier.verify_at(&short, NOW));
        assert_refused(&verifier.verify_at(&short, NOW - 1), Code::CertificateNotYetValid);
        assert_verified(&verifier.verify_at(&short, NOW + 3600));
        assert_refused(&verifier.verify_at(&short, NOW + 3601), Code::CertificateExpired);
        assert_refused(&verifier.verify_at(&short, NOW - 86_400 * 365), Code::CertificateNotYetValid);
        assert_verified(&verifier.verify_at(&short, NOW));
    }
    for time in [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX - 1] {
        assert!(!verifier.verify_at(&short, time).verified(), "{time}");
    }
}
