//! What holds for any list of entries.

use std::collections::BTreeMap;

use clientcert::certificate::Name;
use clientcert::revocation::{Crl, Entry};
use proptest::prelude::*;

use crate::reading::read;
use crate::support::crl::{self, List, Revoked};
use crate::support::{Key, name};

/// By issuer and serial number: the rank of the entry that counts, its date, and the number of its reason.
type Model = BTreeMap<(usize, Vec<u8>), (u8, i64, Option<u8>)>;

const ISSUERS: [&str; 3] = ["CA", "Other CA", "Third CA"];

/// Days of 2026 beyond its beginning, and the text of each.
fn dates() -> impl Strategy<Value = (i64, String)> {
    (1..=12i64, 1..=28i64, 0..60i64).prop_map(|(month, day, second)| {
        let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][usize::try_from(month).unwrap() - 1];
        (1_767_225_600 + (before + day - 1) * 86_400 + second, format!("26{month:02}{day:02}0000{second:02}Z"))
    })
}

fn serials() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 1..=2),
        prop::collection::vec(prop_oneof![Just(0), Just(1), Just(0x80), Just(0xff)], 1..=6),
        prop::collection::vec(any::<u8>(), 16..=17),
        prop::collection::vec(any::<u8>(), 1..=40),
    ]
}

/// The integer's shortest content bytes.
fn minimal(serial: &[u8]) -> Vec<u8> {
    let mut rest = serial;
    while let [first, second, ..] = rest
        && (*first == 0 && second & 0x80 == 0 || *first == 0xff && second & 0x80 != 0)
    {
        rest = &rest[1..];
    }
    rest.to_vec()
}

/// What a CRL says of a certificate is what remains of all that it says of it.
fn rank(entry: &Entry) -> (u8, i64) {
    let weight = match entry.reason.map(|reason| reason as u8) {
        Some(6) => 1,
        Some(8) => 2,
        _ => 0,
    };
    (weight, entry.date)
}

fn with_names(check: impl FnOnce(&[Name<'_>])) {
    let lists: Vec<Crl> = ISSUERS.iter().map(|issuer| read(&List::new(issuer))).collect();
    check(&lists.iter().map(Crl::issuer).collect::<Vec<_>>());
}

proptest! {
    #[test]
    fn it_finds_what_it_lists_and_nothing_else(
        entries in prop::collection::vec(
            (serials(), dates(), prop::option::of(prop::sample::select(vec![0u8, 1, 2, 3, 4, 5, 6, 8, 9, 10])), prop::option::weighted(0.2, 0..3usize)),
            0..120,
        ),
        others in prop::collection::vec(serials(), 20),
        indirect in any::<bool>(),
    ) {
        let mut list = List::new(ISSUERS[0]);
        let mut expected = Model::new();
        let mut issuer = 0;
        if indirect {
            list = list.with(crl::issuing_distribution_point(&[crl::flag(4)]));
        }
        for (serial, (date, text), reason, next) in &entries {
            let mut revoked = Revoked::new(serial).since(text);
            if let Some(code) = reason {
                revoked = revoked.because(*code);
            }
            if let (true, Some(next)) = (indirect, next) {
                issuer = *next;
                revoked = revoked.of(&name::common_name(&ISSUERS[issuer].to_uppercase()));
            }
            list = list.revoke(revoked);
            let weight = match reason { Some(6) => 1, Some(8) => 2, _ => 0 };
            let found = expected.entry((issuer, minimal(serial))).or_insert((weight, *date, *reason));
            if (weight, *date) < (found.0, found.1) {
                *found = (weight, *date, *reason);
            }
        }
        let crl = Crl::from_der(&list.sign(&Key::ed25519(0))).expect("a CRL");
        prop_assert_eq!(crl.entry_count(), expected.len());
        let absent = others.iter().map(|serial| (serial.as_slice(), 0..3));
        with_names(|names| {
            for (number, serial) in expected.keys() {
                let entry = crl.find(&names[*number], serial).expect("it is listed");
                let wanted = expected[&(*number, serial.clone())];
                assert_eq!((rank(&entry), entry.reason.map(|reason| reason as u8)), ((wanted.0, wanted.1), wanted.2));
            }
            for (serial, issuers) in absent {
                for number in issuers {
                    // A CRL that is not indirect does not look at the issuer.
                    let key = (if indirect { number } else { 0 }, minimal(serial));
                    assert_eq!(crl.find(&names[number], serial).is_some(), expected.contains_key(&key), "{key:?}");
                }
            }
            let mut listed: Vec<(usize, Vec<u8>)> = crl
                .revoked()
                .map(|(issuer, serial, _)| (names.iter().position(|name| name.matches(&issuer)).expect("a name"), serial))
                .collect();
            listed.sort();
            assert!(listed.iter().eq(expected.keys()));
        });
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Crl::from_der(&bytes).is_err_and(|malformed| malformed.offset <= bytes.len()));
    }

    #[test]
    fn any_change_is_read_or_refused(at in 0..400usize, byte in any::<u8>(), cut in any::<bool>()) {
        let list = List::new("CA")
            .with(crl::issuing_distribution_point(&[crl::flag(4)]))
            .revoke(Revoked::new(&[1]).because(1))
            .revoke(Revoked::new(&[2; 20]).of(&name::common_name("Other CA")));
        let mut der = list.sign(&Key::ed25519(0));
        let at = at % der.len();
        match cut {
            true => drop(der.remove(at)),
            false => der[at] = byte,
        }
        if let Ok(crl) = Crl::from_der(&der) {
            for (issuer, serial, entry) in crl.revoked() {
                prop_assert_eq!(crl.find(&issuer, &serial), Some(entry));
            }
        }
    }
}
