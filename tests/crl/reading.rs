//! What good CRLs say.

use clientcert::certificate::{GeneralName, Name, OwnedCertificate};
use clientcert::revocation::{
    Crl, DistributionPointName, Entry, IssuingDistributionPoint, ReasonFlags, RevocationReason,
};

use crate::support::crl::{self, List, Revoked};
use crate::support::{Extension, Key, Template, der, extension, name};

/// 2026-04-01, when entries are revoked unless they say otherwise.
pub const REVOKED: i64 = 1_775_001_600;

pub fn read(list: &List) -> Crl {
    Crl::from_der(&list.sign(&Key::ed25519(0))).expect("a good CRL")
}

pub fn find(crl: &Crl, serial: &[u8]) -> Option<Entry> {
    crl.find(&crl.issuer(), serial)
}

/// A view of a name: the issuer of a CRL that has it.
fn with_name(name: &[u8], use_it: impl FnOnce(&Name<'_>)) {
    let crl = read(&List { issuer: name.to_vec(), ..List::new("") });
    use_it(&crl.issuer());
}

#[test]
fn header_fields() {
    let crl = read(&List::new("CA").with(extension::authority_key_identifier(&[7; 20])));
    assert_eq!((crl.version(), crl.this_update(), crl.next_update()), (2, 1_777_593_600, Some(1_893_456_000)));
    assert_eq!(crl.issuer().rfc4514(), "CN=CA");
    assert_eq!((crl.number(), crl.base_number(), crl.entry_count()), (Some(&[1][..]), None, 0));
    assert_eq!(crl.authority_key_identifier().and_then(|identifier| identifier.key_identifier), Some(&[7; 20][..]));
    assert_eq!((crl.unknown_critical_extension(), crl.scope().clone()), (None, IssuingDistributionPoint::default()));

    let old = read(&List::version_1("CA"));
    assert_eq!((old.version(), old.number(), old.authority_key_identifier().is_none()), (1, None, true));
    let endless = read(&List { next_update: Vec::new(), ..List::new("CA") });
    assert_eq!(endless.next_update(), None);
    let backwards = read(&List::new("CA").updates("300101000000Z", "20260501000000Z"));
    assert_eq!((backwards.this_update(), backwards.next_update()), (1_893_456_000, Some(1_777_593_600)));
}

#[test]
fn entries_with_reason_and_date() {
    let list = List::new("CA")
        .revoke(Revoked::new(&[1]))
        .revoke(Revoked::new(&[2]).because(1).since("260402000000Z"))
        .revoke(Revoked::new(&[3]).because(6).with(Extension::new(crl::INVALIDITY_DATE, vec![5, 0]).critical()))
        .revoke(Revoked::new(&[0, 0x80]).because(11))
        .revoke(Revoked::new(&[4]).since("18991231235959Z"))
        .revoke(Revoked::new(&[5]).since("99991231235959Z").because(10));
    let crl = read(&list);
    assert_eq!((crl.entry_count(), crl.unknown_critical_extension()), (6, None));
    let entry = |reason, date| Some(Entry { reason, date });
    assert_eq!(find(&crl, &[1]), entry(None, REVOKED));
    assert_eq!(find(&crl, &[2]), entry(Some(RevocationReason::KeyCompromise), REVOKED + 86_400));
    assert_eq!(find(&crl, &[3]), entry(Some(RevocationReason::CertificateHold), REVOKED));
    assert_eq!(find(&crl, &[0, 0x80]), entry(Some(RevocationReason::Unspecified), REVOKED));
    assert_eq!(find(&crl, &[4]), entry(None, -2_208_988_801));
    assert_eq!(find(&crl, &[5]), entry(Some(RevocationReason::AaCompromise), 253_402_300_799));
    for absent in [&[6][..], &[0x80], &[], &[0], &[1, 1], &[0, 0x81]] {
        assert_eq!(find(&crl, absent), None, "{absent:?}");
    }
}

#[test]
fn serial_numbers_are_integers() {
    let long = [0x55; 40];
    let serials: [&[u8]; 10] = [
        &[0],
        &[0x7f],
        &[0x80],
        &[0xff],
        &[0, 0x80],
        &[0xff, 0x7f],
        &[0x11; 20],
        &[0x91; 20],
        &[0, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91],
        &long,
    ];
    let crl = read(&serials.iter().fold(List::new("CA"), |list, serial| list.revoke(Revoked::new(serial))));
    assert_eq!(crl.entry_count(), serials.len());
    for serial in serials {
        assert!(find(&crl, serial).is_some(), "{serial:?}");
        let (extended, other) = match serial[0] & 0x80 {
            0 => ([&[0, 0], serial].concat(), [&[1], serial].concat()),
            _ => ([&[0xff, 0xff], serial].concat(), [&[0], serial].concat()),
        };
        assert!(find(&crl, &extended).is_some(), "{extended:?}");
        // 128 and -128 are both there.
        assert!(find(&crl, &other).is_none() || serial == [0x80], "{other:?}");
        let padded = read(&List::new("CA").revoke(Revoked::new(&extended)));
        assert!(find(&padded, serial).is_some(), "{extended:?}");
        assert!(find(&padded, &other).is_none(), "{other:?}");
    }
    let mut listed: Vec<Vec<u8>> = crl.revoked().map(|(_, serial, _)| serial).collect();
    let mut expected: Vec<Vec<u8>> = serials.map(<[u8]>::to_vec).into();
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected);
}

#[test]
fn of_duplicates_what_revokes_most_surely_counts() {
    let hold = Revoked::new(&[1]).because(6).since("200101000000Z");
    let removed = Revoked::new(&[1]).because(8).since("190101000000Z");
    let later = Revoked::new(&[1]).because(4).since("260402000000Z");
    let earlier = Revoked::new(&[0, 1]).because(1).since("260401000000Z");
    let mut all = [hold, removed, later, earlier];
    for _ in 0..4 {
        all.rotate_left(1);
        for count in 1..=4 {
            let present = &all[..count];
            let crl = read(&List { revoked: present.to_vec(), ..List::new("CA") }.revoke(Revoked::new(&[2])));
            assert_eq!(crl.entry_count(), 2);
            let weights = |code| match code {
                1 => 0,
                4 => 1,
                6 => 2,
                _ => 3,
            };
            let expected = present
                .iter()
                .map(|revoked| *revoked.extensions[0].value.last().unwrap())
                .min_by_key(|code| weights(*code));
            assert_eq!(find(&crl, &[1]).and_then(|entry| entry.reason).map(|reason| reason as u8), expected);
            assert!(find(&crl, &[2]).is_some());
        }
    }
}

#[test]
fn deltas_say_so() {
    let number = Extension::new(crl::CRL_NUMBER, der::tlv(der::INTEGER, &[0, 0, 0x80, 0]));
    let delta =
        read(&List::new("CA").with(number).with(crl::delta_crl_indicator(0)).revoke(Revoked::new(&[1]).because(8)));
    assert_eq!((delta.number(), delta.base_number()), (Some(&[0x80, 0][..]), Some(&[0][..])));
    assert_eq!(find(&delta, &[1]).and_then(|entry| entry.reason), Some(RevocationReason::RemoveFromCrl));
    assert_eq!(delta.unknown_critical_extension(), None);
}

#[test]
fn issuing_distribution_points() {
    let fields = [
        crl::full_name(&[name::uri("http://crl.example/1.crl"), name::directory(&name::common_name("Point"))]),
        crl::flag(2),
        der::tlv(0x83, &[6, 0b0100_0000]),
        crl::flag(4),
    ];
    let crl = read(&List::new("CA").with(crl::issuing_distribution_point(&fields)));
    let scope = crl.scope();
    assert_eq!((scope.only_user, scope.only_ca, scope.only_attribute, scope.indirect), (false, true, false, true));
    assert_eq!(scope.only_some_reasons.map(|reasons| reasons.names().collect::<Vec<_>>()), Some(vec!["keyCompromise"]));
    let names: Vec<_> = scope.distribution_point.as_ref().expect("a name").full_names().collect();
    assert!(
        matches!(names[..], [GeneralName::Uri(b"http://crl.example/1.crl"), GeneralName::Directory(name)] if name.rfc4514() == "CN=Point")
    );

    let reasons = [der::tlv(0x83, &[7, 0b0111_1111, 0x80]), crl::flag(5)];
    let crl = read(&List::new("CA").with(crl::issuing_distribution_point(&reasons)));
    assert_eq!(crl.scope().only_some_reasons.map(ReasonFlags::bits), Some(0x01fe));
    assert!(crl.scope().only_attribute);

    let relative = name::relative_name(&[(name::COMMON_NAME, der::UTF8_STRING, b"1")]);
    let point = der::tlv(0xa0, &der::tlv(0xa1, &relative[2..]));
    let crl = read(&List::new("CA").with(crl::issuing_distribution_point(&[point])));
    let point = crl.scope().distribution_point.clone().expect("a name");
    assert!(matches!(point, DistributionPointName::Relative(_)) && point.full_names().next().is_none());
    let full = point.relative_to(&crl.issuer()).expect("a whole name");
    with_name(&full, |name| assert_eq!(name.rfc4514(), "CN=1,CN=CA"));
}

#[test]
fn the_issuer_of_an_entry_holds_until_the_next() {
    let (other, third) = (name::common_name("Other CA"), name::common_name("Third CA"));
    let list = List::new("CA")
        .with(crl::issuing_distribution_point(&[crl::flag(4)]))
        .revoke(Revoked::new(&[1]))
        .revoke(Revoked::new(&[2]).of(&other).because(1))
        .revoke(Revoked::new(&[3]))
        .revoke(Revoked::new(&[4]).of(&third))
        .revoke(Revoked::new(&[5]).of(&name::common_name("OTHER  ca")))
        .revoke(Revoked::new(&[6]).of(&name::common_name("ca")));
    let crl = read(&list);
    assert_eq!((crl.entry_count(), crl.unknown_critical_extension()), (6, None));
    for (issuer, listed) in
        [("CA", [1, 6].as_slice()), ("other CA", &[2, 3, 5]), ("Third CA", &[4]), ("Fourth CA", &[])]
    {
        with_name(&name::common_name(issuer), |name| {
            let found: Vec<u8> = (0..8).filter(|serial| crl.find(name, &[*serial]).is_some()).collect();
            assert_eq!(found, listed, "{issuer}");
        });
    }
    let mut all: Vec<(String, Vec<u8>)> = crl.revoked().map(|(issuer, serial, _)| (issuer.rfc4514(), serial)).collect();
    all.sort();
    assert_eq!(all[0], ("CN=CA".into(), vec![1]));
    assert_eq!(all[2], ("CN=Other CA".into(), vec![2]));
}

#[test]
fn entries_of_others_make_a_direct_crl_unusable() {
    let list = List::new("CA").revoke(Revoked::new(&[2]).of(&name::common_name("Other CA")));
    assert_eq!(read(&list).unknown_critical_extension(), Some(&[0x55, 0x1d, 29][..]));
}

#[test]
fn critical_extensions_that_are_not_understood_are_seen() {
    let odd = Extension::new("1.2.3", vec![5, 0]);
    let list = List::new("CA").revoke(Revoked::new(&[1]));
    assert_eq!(read(&list.clone().with(odd.clone())).unknown_critical_extension(), None);
    assert_eq!(read(&list.with(odd.clone().critical())).unknown_critical_extension(), Some(&[0x2a, 3][..]));
    let entry = |extension| List::new("CA").revoke(Revoked::new(&[1]).with(extension)).revoke(Revoked::new(&[2]));
    assert_eq!(read(&entry(odd.clone())).unknown_critical_extension(), None);
    assert_eq!(read(&entry(odd.critical())).unknown_critical_extension(), Some(&[0x2a, 3][..]));
}

#[test]
fn signatures_of_every_kind_of_key() {
    let other = Key::ed25519(9);
    for key in [&Key::ed25519(0), Key::p256(0), &Key::p384(), &Key::rsa()] {
        let list = List {
            revoked: (0..2_000u32).map(|serial| Revoked::new(&serial.to_be_bytes())).collect(),
            ..List::new("CA")
        };
        let mut der = list.sign(key);
        let issuer = OwnedCertificate::from_der(Template::authority("CA", "CA", key).sign(key)).unwrap();
        let stranger = OwnedCertificate::from_der(Template::authority("CA", "CA", &other).sign(&other)).unwrap();
        let crl = Crl::from_der(&der).unwrap();
        assert!(crl.is_signed_by(&issuer.view()));
        assert!(!crl.is_signed_by(&stranger.view()));
        // The last digit of a date.
        let last = der.len() - crl.signature().len() - 60;
        let digit = (last - 40..last).rev().find(|at| der[*at..*at + 2] == *b"0Z").unwrap();
        der[digit] = b'1';
        assert!(!Crl::from_der(&der).unwrap().is_signed_by(&issuer.view()));
    }
}

#[test]
fn one_that_lists_nothing_may_say_so() {
    let crl = read(&List { keep_empty: true, ..List::new("CA") });
    assert_eq!((crl.entry_count(), find(&crl, &[1])), (0, None));
}
