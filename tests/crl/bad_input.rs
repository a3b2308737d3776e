//! CRLs that no honest CA makes: a clear answer each, in time and memory that grow with their length alone.

use std::time::{Duration, Instant};

use clientcert::certificate::{Malformed, OwnedCertificate};
use clientcert::revocation::Crl;

use crate::reading::{find, read};
use crate::support::crl::{self, List, Revoked};
use crate::support::{Extension, Key, Template, der, extension, name};

/// What one CRL of a megabyte may take in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);

fn refused(der: &[u8]) -> Malformed {
    Crl::from_der(der).expect_err("this is no CRL")
}

/// The field that is named where the list is refused, and what is said of it.
fn problem(list: &List) -> (&'static str, &'static str) {
    let malformed = refused(&list.sign(&Key::ed25519(0)));
    (malformed.field, malformed.problem)
}

/// A CRL in which everything occurs.
fn rich() -> List {
    let point = crl::full_name(&[name::uri("http://crl.example/")]);
    List::new("CA")
        .with(extension::authority_key_identifier(&[7; 20]))
        .with(crl::delta_crl_indicator(1))
        .with(crl::issuing_distribution_point(&[point, der::tlv(0x83, &[6, 0x40]), crl::flag(4)]))
        .revoke(Revoked::new(&[1]))
        .revoke(Revoked::new(&[0x55; 20]).because(1).since("20260402000000Z"))
        .revoke(Revoked::new(&[0xaa; 3]).of(&name::common_name("Other CA")))
}

#[test]
fn every_truncation_is_refused() {
    let der = rich().sign(&Key::ed25519(0));
    assert!(Crl::from_der(&der).is_ok());
    for length in 0..der.len() {
        assert!(refused(&der[..length]).offset <= length, "{length}");
    }
    for more in [0, 0x30, 0xff] {
        let malformed = refused(&[&der[..], &[more]].concat());
        assert_eq!((malformed.field, malformed.offset), ("CertificateList", der.len()));
    }
}

#[test]
fn whatever_bit_flips_the_signature_says_so() {
    let key = Key::ed25519(0);
    let der = rich().sign(&key);
    let issuer = OwnedCertificate::from_der(Template::authority("CA", "CA", &key).sign(&key)).unwrap();
    assert!(Crl::from_der(&der).unwrap().is_signed_by(&issuer.view()));
    let (mut readable, mut flipped) = (0, der.clone());
    for at in 0..der.len() {
        for bit in 0..8 {
            flipped[at] ^= 1 << bit;
            if let Ok(crl) = Crl::from_der(&flipped) {
                readable += 1;
                assert!(!crl.is_signed_by(&issuer.view()), "byte {at}, bit {bit}");
                for (issuer, serial, entry) in crl.revoked() {
                    assert_eq!(crl.find(&issuer, &serial), Some(entry), "byte {at}, bit {bit}");
                }
            }
            flipped[at] ^= 1 << bit;
        }
    }
    assert!(readable > 500, "{readable} of {} are readable", 8 * der.len());
}

#[test]
fn what_has_extensions_is_version_2() {
    let list = List::version_1("CA");
    assert_eq!(read(&list.clone().revoke(Revoked::new(&[1]))).version(), 1);
    assert_eq!(problem(&list.clone().with(crl::crl_number(1))), ("crlExtensions", "need a version 2 CRL"));
    let revoked = Revoked::new(&[1]).because(1);
    assert_eq!(problem(&list.revoke(revoked)), ("crlEntryExtensions", "need a version 2 CRL"));
    assert_eq!(problem(&List { version: 3, ..List::new("CA") }), ("version", "is neither 1 nor 2"));
    let bare = List { extensions: Vec::new(), ..List::new("CA") };
    assert_eq!((read(&bare).version(), read(&bare).number()), (2, None));
}

#[test]
fn dates_have_seconds_and_end_in_z() {
    let utc = |text: &str| der::tlv(der::UTC_TIME, text.as_bytes());
    let is_bad = |time: Vec<u8>| {
        let list = List::new("CA").revoke(Revoked::new(&[1]));
        let fields = [
            problem(&List { this_update: time.clone(), ..list.clone() }).0,
            problem(&List { next_update: time.clone(), ..list.clone() }).0,
            problem(&List { revoked: vec![Revoked { date: time, ..Revoked::new(&[1]) }], ..list }).0,
        ];
        assert_eq!(fields, ["thisUpdate", "nextUpdate", "revocationDate"]);
    };
    for text in ["2605010000Z", "260501000000", "260501000000+0000", "260532000000Z", "260501000060Z", ""] {
        is_bad(utc(text));
    }
    for text in ["202605010000Z", "20260501000000.5Z", "20260501000000"] {
        is_bad(der::tlv(der::GENERALIZED_TIME, text.as_bytes()));
    }
    // What is no time at all is no nextUpdate.
    let odd = der::tlv(der::OCTET_STRING, b"260501000000Z");
    assert_eq!(problem(&List { this_update: odd.clone(), ..List::new("CA") }).0, "thisUpdate");
    assert_eq!(problem(&List { next_update: odd, ..List::new("CA") }).0, "tbsCertList");
}

#[test]
fn fields_and_offsets_are_named() {
    let with = |extension| List::new("CA").with(extension);
    let entry = |extension| List::new("CA").revoke(Revoked::new(&[1]).with(extension));
    let point = |fields: &[Vec<u8>]| with(crl::issuing_distribution_point(fields));
    let issuer = |names: &[Vec<u8>]| entry(Extension::new(crl::CERTIFICATE_ISSUER, der::sequence(names)));
    let ca = || name::directory(&name::common_name("CA"));
    let number = |content: &[u8]| with(Extension::new(crl::CRL_NUMBER, der::tlv(der::INTEGER, content)));
    let reason = |value: Vec<u8>| entry(Extension::new(crl::REASON_CODE, value));
    let cases: [(List, &str, &str); 22] = [
        (List::new("CA").revoke(Revoked::new(&[])), "userCertificate", "is an empty INTEGER"),
        (number(&[0xff]), "cRLNumber", "is negative"),
        (number(&[]), "cRLNumber", "is an empty INTEGER"),
        (with(Extension::new(crl::DELTA_CRL_INDICATOR, vec![])), "deltaCRLIndicator", "is missing"),
        (point(&[crl::flag(1), crl::flag(2)]), "issuingDistributionPoint", "more than one kind"),
        (point(&[crl::flag(2), crl::flag(1)]), "issuingDistributionPoint", "trailing"),
        (point(&[der::tlv(0x84, &[1])]), "indirectCRL", "neither 00 nor FF"),
        (point(&[der::tlv(0x83, &[0, 1, 1, 1])]), "onlySomeReasons", "nine bits"),
        (point(&[der::tlv(0x83, &[1, 1])]), "onlySomeReasons", "nine bits"),
        (point(&[der::tlv(0xa0, &[])]), "issuingDistributionPoint", "truncated"),
        (point(&[der::tlv(0xa0, &der::tlv(0xa0, &[]))]), "issuingDistributionPoint", "empty name"),
        (point(&[der::tlv(0xa0, &der::tlv(0xa2, &[1]))]), "issuingDistributionPoint", "is neither"),
        (point(&[der::tlv(0xa0, &der::tlv(0xa1, &[1, 1, 0]))]), "issuingDistributionPoint", "wrong tag"),
        (reason(der::tlv(0x0a, &[0, 1])), "reasonCode", "one byte"),
        (reason(der::tlv(0x0a, &[0xff])), "reasonCode", "one byte"),
        (reason(der::integer(1)), "reasonCode", "wrong tag"),
        (List::new("CA").revoke(Revoked::new(&[1]).because(1).because(1)), "reasonCode", "twice"),
        (issuer(&[]), "certificateIssuer", "exactly one"),
        (issuer(&[name::uri("http://ca.example/")]), "certificateIssuer", "exactly one"),
        (issuer(&[ca(), ca()]), "certificateIssuer", "exactly one"),
        (
            List::new("CA").revoke(Revoked::new(&[1]).of(&name::common_name("A")).of(&[0x30, 0])),
            "certificateIssuer",
            "twice",
        ),
        (
            with(extension::authority_key_identifier(&[1])).with(Extension::new("2.5.29.35", vec![0x30])),
            "authorityKeyIdentifier",
            "truncated",
        ),
    ];
    for (list, field, text) in cases {
        let found = problem(&list);
        assert!(found.0 == field && found.1.contains(text), "{found:?}, not {field} {text}");
    }
    let mut twice = List::new("CA");
    twice.extensions.push(crl::crl_number(2));
    assert_eq!(problem(&twice), ("crlExtensions", "has an extension that occurs twice"));
    let many = (0..65).fold(List::new("CA"), |list, arc| list.with(Extension::new(&format!("1.2.{arc}"), vec![5, 0])));
    assert_eq!(problem(&many), ("crlExtensions", "has more than 64 extensions"));

    let der = List::new("CA").revoke(Revoked::new(&[1]).since("260401000000X")).sign(&Key::ed25519(0));
    let at = der.windows(15).position(|window| window == b"\x17\x0d260401000000X").expect("the date");
    assert_eq!(refused(&der).offset, at);
}

#[test]
fn other_things_are_no_crl() {
    let key = Key::ed25519(0);
    for other in [Template::authority("CA", "CA", &key).sign(&key), Vec::new(), vec![0x30, 0], vec![0; 1_000]] {
        refused(&other);
    }
    // The algorithm inside is another than that outside.
    let tbs = List::new("CA").to_be_signed(&Key::p256(0).signature_algorithm);
    assert_eq!(refused(&crate::support::certificate::sign(&tbs, &key)).problem, "differs from signatureAlgorithm");
}

#[test]
fn entries_made_to_be_slow_are_not() {
    const COUNT: u32 = 40_000;
    let serial = |number: u32| number.to_be_bytes().to_vec();
    let indirect = List::new("CA").with(crl::issuing_distribution_point(&[crl::flag(4)]));
    let filled = |make: &dyn Fn(u32) -> Revoked| List { revoked: (0..COUNT).map(make).collect(), ..indirect.clone() };
    // Each with how many it lists, and how many of those by its own issuer are asked for below.
    let cases: [(&str, usize, usize, List); 6] = [
        ("one serial number", 1, 1, filled(&|_| Revoked::new(&[1]))),
        (
            "one, with zeros before it",
            1,
            1,
            filled(&|number| Revoked::new(&[vec![0; (number % 60) as usize], vec![1]].concat())),
        ),
        ("consecutive ones", 40_000, 40_000, filled(&|number| Revoked::new(&serial(number)))),
        (
            "of changing length",
            40_000,
            400,
            filled(&|number| Revoked::new(&[vec![1; (number % 100) as usize], serial(number)].concat())),
        ),
        (
            "issuers that are all different",
            40_000,
            0,
            filled(&|number| Revoked::new(&[1]).of(&name::common_name(&number.to_string()))),
        ),
        (
            "two issuers in turns",
            40_000,
            0,
            filled(&|number| {
                Revoked::new(&serial(number)).of(&name::common_name(if number % 2 == 0 { "A" } else { "B" }))
            }),
        ),
    ];
    for (what, count, asked, list) in cases {
        let der = list.sign(&Key::ed25519(0));
        let started = Instant::now();
        let crl = Crl::from_der(&der).expect("a CRL");
        assert_eq!(crl.entry_count(), count, "{what}");
        let found = (0..2 * COUNT).filter(|number| find(&crl, &serial(*number)).is_some()).count();
        assert_eq!(found, asked, "{what}");
        assert!(started.elapsed() < PATIENCE, "{what}: {:?}", started.elapsed());
        assert!(crl.memory() < 3 * der.len(), "{what}: {} bytes of {}", crl.memory(), der.len());
    }
}

#[test]
fn two_hundred_megabytes() {
    const LENGTH: usize = 200 << 20;
    let started = Instant::now();
    let mut entry = Revoked::new(&[0x55; 16]).because(1).encode();
    let mut entries = Vec::with_capacity(LENGTH + entry.len());
    for number in 0u32.. {
        if entries.len() >= LENGTH {
            break;
        }
        entry[4..8].copy_from_slice(&number.to_be_bytes());
        entries.extend_from_slice(&entry);
    }
    let count = entries.len() / entry.len();
    let crl = Crl::from_der(&unsigned(&entries)).expect("a CRL");
    assert_eq!(crl.entry_count(), count);
    assert!(find(&crl, &entry[4..20]).is_some() && find(&crl, &[0x55; 16]).is_none());
    // ring checks no signature by a digest, so with it the whole is kept as well.
    assert!(crl.memory() < 24 * count || cfg!(not(feature = "aws-lc-rs")), "{} bytes", crl.memory());
    drop(crl);

    let vast = [Revoked::new(&[1]).encode(), vast(LENGTH)].concat();
    let crl = Crl::from_der(&unsigned(&vast)).expect("a CRL");
    assert!(find(&crl, &[1]).is_some() && find(&crl, &[0x55; 20]).is_none());

    let mut junk = vast;
    junk.truncate(LENGTH);
    junk[..6].copy_from_slice(&[0x30, 0x84, 0x0c, 0x7f, 0xff, 0xfa]);
    assert_eq!(refused(&junk).field, "tbsCertList");
    assert!(started.elapsed() < 36 * PATIENCE, "{:?}", started.elapsed());
}

/// An entry whose serial number has this length.
fn vast(length: usize) -> Vec<u8> {
    let rest = Revoked::new(&[]).encode();
    der::tlv(der::SEQUENCE, &[der::tlv(der::INTEGER, &vec![0x55; length]), rest[4..].to_vec()].concat())
}

/// A CRL of these entries, quickly made and signed by nobody.
fn unsigned(entries: &[u8]) -> Vec<u8> {
    let list = List::new("CA");
    // Unlike Ed25519, it signs a digest, so that nothing else need be kept.
    let algorithm = &Key::p256(0).signature_algorithm;
    let revoked = der::tlv(der::SEQUENCE, entries);
    let tbs = [&der::integer(1)[..], algorithm, &list.issuer, &list.this_update, &revoked].concat();
    der::tlv(der::SEQUENCE, &[&der::tlv(der::SEQUENCE, &tbs)[..], algorithm, &der::bit_string(&[0; 64])].concat())
}
