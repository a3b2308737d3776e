//! What a CRL takes: it says so itself, and what it says is counted here.

mod support;

use clientcert::revocation::Crl;

use support::crl::{self, List, Revoked};
use support::{Key, name};

const COUNT: u32 = 50_000;

/// 16 bytes that look random.
fn serial(number: u32) -> [u8; 16] {
    let spread = u128::from(number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    (spread ^ spread >> 64 | 1 << 126).to_be_bytes()
}

/// Loads it, and gives the bytes that it keeps and the most that it had at once.
fn load(der: &[u8]) -> (Crl, u64, u64) {
    let mut crl = None;
    let used = allocation_counter::measure(|| crl = Some(Crl::from_der(der).expect("a CRL")));
    (crl.expect("a CRL"), u64::try_from(used.bytes_current).expect("it keeps something"), used.bytes_max)
}

/// ring checks no signature by a digest, so with it the whole is kept as well.
#[cfg(feature = "aws-lc-rs")]
#[test]
fn an_entry_with_reason_and_date_takes_22_bytes() {
    let entry = |number| {
        let serial = serial(number);
        // Half of such numbers have a zero before them in DER, and none here.
        let padded = [&[0][..], &serial].concat();
        Revoked::new(if serial[0] & 0x80 == 0 { &serial } else { &padded }).because(1)
    };
    let list = List { revoked: (0..COUNT).map(entry).collect(), ..List::new("CA") };
    let (crl, kept, most) = load(&list.sign(Key::p256(0)));
    assert_eq!(crl.entry_count(), COUNT as usize);
    assert_eq!(kept, (crl.memory() - size_of::<Crl>()) as u64);
    assert!(kept < 23 * u64::from(COUNT), "{kept} bytes");
    assert!(most < 64 * u64::from(COUNT), "{most} bytes while it is loaded");
}

#[test]
fn what_it_says_it_takes_is_what_it_takes() {
    let revoked = |count: u32| (0..count).map(|number| Revoked::new(&serial(number))).collect();
    let point = crl::issuing_distribution_point(&[crl::full_name(&[name::uri("http://crl.example/")])]);
    let lists = [
        List::new("CA"),
        List { revoked: revoked(1), ..List::new("CA") },
        List { revoked: revoked(1_000), ..List::version_1("CA") },
        List { revoked: revoked(1_000), ..List::new("CA").with(point) },
        // Twice the same, and dates that are far apart.
        List { revoked: [revoked(500), revoked(500)].concat(), ..List::new("CA") }
            .revoke(Revoked::new(&[1]).since("00010101000000Z")),
    ];
    for list in lists {
        for key in [Key::p256(0), &Key::ed25519(0)] {
            let (crl, kept, _) = load(&list.sign(key));
            assert_eq!(kept, (crl.memory() - size_of::<Crl>()) as u64, "{} entries", crl.entry_count());
        }
    }
}

#[test]
fn issuers_take_about_what_it_says() {
    let entry = |number: u32| Revoked::new(&[1]).of(&name::common_name(&format!("CA {number}")));
    let indirect = crl::issuing_distribution_point(&[crl::flag(4)]);
    let list = List { revoked: (0..1_000).map(entry).collect(), ..List::new("CA").with(indirect) };
    let (crl, kept, _) = load(&list.sign(Key::p256(0)));
    let said = (crl.memory() - size_of::<Crl>()) as u64;
    assert!(kept.abs_diff(said) < kept / 10, "{said} bytes, and really {kept}");
}

#[test]
fn a_question_allocates_nothing() {
    let list = List { revoked: (0..1_000).map(|number| Revoked::new(&serial(number))).collect(), ..List::new("CA") };
    let (crl, ..) = load(&list.sign(Key::p256(0)));
    let issuer = crl.issuer();
    let used = allocation_counter::measure(|| {
        let found = (0..2_000).filter(|number| crl.find(&issuer, &serial(*number)).is_some()).count();
        assert_eq!(found, 1_000);
    });
    assert_eq!(used.count_total, 0);
}
