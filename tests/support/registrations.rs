//! Registrations by number, and all that can be done to them.

// Each test program takes what it needs.
#![allow(dead_code)]

use std::ops::Range;

use clientcert::registry::{RegisteredKey, Registration, Registry};
use clientcert::{Error, Status};

/// The key that a number stands for.
pub fn key(number: u64) -> RegisteredKey {
    let mut digest = [0; 32];
    for (part, chunk) in (0..).zip(digest.chunks_mut(8)) {
        chunk.copy_from_slice(&scatter(number.wrapping_mul(4).wrapping_add(part)).to_be_bytes());
    }
    if number.is_multiple_of(10) { RegisteredKey::Certificate(digest) } else { RegisteredKey::Spki(digest) }
}

/// The registration that a number stands for, down to the last field.
pub fn registration(number: u64) -> Registration {
    let mut registration = Registration::new(format!("user {}", number / 3), key(number), 1_700_000_000);
    registration.label = format!("key {number}");
    registration.created += i64::try_from(number).expect("a small number");
    registration.not_after = (number.is_multiple_of(2)).then_some(4_000_000_000);
    registration.no_manage = number.is_multiple_of(5);
    registration.ca = (number.is_multiple_of(7)).then_some([7; 32]);
    registration
}

/// Registers numbers one by one, and says after each that it is there.
pub fn enrol_each(registry: &Registry, numbers: Range<u64>, tell: impl Fn(u64)) {
    for number in numbers.clone() {
        match registry.editor("test").enrol(&registration(number)) {
            Ok(_) => {}
            // The one before was killed after it had been written, and before it could say so.
            Err(Error::KeyTaken) if number == numbers.start => {}
            Err(error) => panic!("{number}: {error}"),
        }
        tell(number);
    }
}

/// The finalizer of SplitMix64, so that the same run comes again.
pub fn scatter(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// Uses every verb on an empty registry, and returns what its audit records must say: actor, action and user.
pub fn use_every_verb(registry: &Registry) -> Vec<String> {
    let editor = registry.editor("root");
    for number in [0, 1, 2, 30] {
        assert_eq!(editor.enrol(&registration(number)).expect("a registration").key, key(number));
    }
    let all = registry.list(None).expect("registrations");
    assert_eq!(all, [0, 1, 2, 30].map(registration));
    assert_eq!(registry.list(Some("user 0")).expect("registrations"), [0, 1, 2].map(registration));
    assert_eq!(registry.list(Some("nobody")).expect("registrations"), []);

    editor.disable(&key(0)).expect("a verb");
    editor.rename(&key(1), "laptop").expect("a verb");
    editor.revoke(&key(2)).expect("a verb");
    editor.rename_user("user 0", "alice").expect("a verb");
    let alice = registry.list(Some("alice")).expect("registrations");
    assert!(alice.len() == 3 && alice[0].disabled && alice[1].label == "laptop" && alice[2].revoked.is_some());
    editor.enable(&key(0)).expect("a verb");
    editor.remove(&key(0)).expect("a verb");
    assert_eq!(registry.find(&key(0)).expect("an answer"), None);
    for refused in [editor.enable(&key(2)), editor.remove(&key(2)), editor.enrol(&registration(2))] {
        assert_eq!(refused.expect_err("a revoked key").status(), Status::KeyRevoked);
    }
    assert_eq!(editor.disable(&key(99)).expect_err("no such key").status(), Status::NotRegistered);

    let expected = "enrol user 0|enrol user 0|enrol user 0|enrol user 10|disable user 0|rename user 0|revoke user 0|\
                    rename_user alice|rename_user alice|rename_user alice|enable alice|remove alice";
    expected.split('|').map(|what| format!("root {what}")).collect()
}
