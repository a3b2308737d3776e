//! Several CRLs of one issuer: newest first, complete and delta, holds and their release.

use clientcert::Verifier;
use clientcert::verify::Code;

use crate::support::crl::{self, List, Revoked};
use crate::support::{Extension, Key, NOW, der};
use crate::world::*;

/// A complete list of this number, issued on that day of May.
fn complete(number: u32, day: u32) -> List {
    list().with(crl::crl_number(number)).updates(&format!("2605{day:02}000000Z"), "300101000000Z")
}

/// What changed since the complete list of number `base`.
fn delta(number: u32, base: u32, day: u32) -> List {
    complete(number, day).with(crl::delta_crl_indicator(base))
}

/// In both orders, because the order of files is no matter.
fn both_orders(lists: &[List]) -> [Result<(), Code>; 2] {
    let crls: Vec<Vec<u8>> = lists.iter().map(crl).collect();
    let turned: Vec<Vec<u8>> = crls.iter().rev().cloned().collect();
    [crls, turned].map(|crls| judged(&crls, &[]).primary().map_or(Ok(()), |reason| Err(reason.code)))
}

#[track_caller]
fn assert_accepted(lists: &[List]) {
    assert_eq!(both_orders(lists), [Ok(()), Ok(())]);
}

#[track_caller]
fn assert_refused(lists: &[List], code: Code) {
    assert_eq!(both_orders(lists), [Err(code), Err(code)]);
}

#[test]
fn a_revocation_in_an_older_list_still_counts() {
    assert_refused(&[complete(1, 1).revoke(revoked()), complete(2, 2)], Code::CertificateRevoked);
    assert_refused(&[complete(1, 1), complete(2, 2).revoke(revoked())], Code::CertificateRevoked);
    assert_accepted(&[complete(1, 1), complete(2, 2)]);
}

/// CAs drop what has expired, and old lists lie about in folders.
#[test]
fn a_revocation_in_an_expired_list_is_overruled_by_a_current_one() {
    let old = complete(1, 1).updates("260501000000Z", "260520000000Z").revoke(revoked());
    assert_accepted(&[old.clone(), complete(2, 2)]);
    assert_refused(std::slice::from_ref(&old), Code::CertificateRevoked);
    assert_refused(&[old, complete(2, 2).updates("260502000000Z", "260521000000Z")], Code::CertificateRevoked);
}

#[test]
fn a_hold_is_released_by_a_newer_list() {
    let held = complete(1, 1).revoke(revoked().because(HOLD));
    assert_refused(std::slice::from_ref(&held), Code::CertificateRevoked);
    assert_accepted(&[held.clone(), complete(2, 2)]);
    assert_refused(&[held.clone(), complete(2, 2).revoke(revoked().because(HOLD))], Code::CertificateRevoked);
    assert_refused(&[held.clone(), complete(2, 2).revoke(revoked().because(1))], Code::CertificateRevoked);
    assert_refused(&[complete(1, 1), complete(2, 2).revoke(revoked().because(HOLD))], Code::CertificateRevoked);
    // A list that is not used releases nothing.
    assert_refused(&[held.clone(), complete(2, 2).updates("260701000000Z", "300101000000Z")], Code::CertificateRevoked);
    assert_refused(&[held.clone(), complete(2, 2).updates("260502000000Z", "260521000000Z")], Code::CertificateRevoked);
    let unreadable = Extension::new("1.2.3.4", der::sequence(&[b""])).critical();
    assert_refused(&[held, complete(2, 2).with(unreadable)], Code::CertificateRevoked);
}

/// A CA that is set up anew counts from 1 again, and some count not at all.
#[test]
fn a_hold_is_released_only_by_what_is_newer_in_every_respect() {
    let without_number = |day: u32| List { extensions: Vec::new(), ..complete(0, day) };
    let held = revoked().because(HOLD);
    assert_refused(&[complete(900, 1), without_number(2).revoke(held.clone())], Code::CertificateRevoked);
    assert_accepted(&[complete(900, 1).revoke(held.clone()), without_number(2)]);
    assert_accepted(&[without_number(1).revoke(held.clone()), complete(900, 2)]);
    assert_refused(&[without_number(2).revoke(held.clone()), complete(900, 1)], Code::CertificateRevoked);
    assert_refused(&[complete(900, 1), complete(1, 2).revoke(held.clone())], Code::CertificateRevoked);
    assert_refused(&[complete(900, 1).revoke(held.clone()), complete(1, 2)], Code::CertificateRevoked);
    // Of the same number and second, nothing is newer.
    assert_refused(&[complete(5, 1).revoke(held), complete(5, 1)], Code::CertificateRevoked);
}

#[test]
fn a_delta_revokes_and_covers_nothing_alone() {
    assert_refused(&[complete(1, 1), delta(2, 1, 2).revoke(revoked())], Code::CertificateRevoked);
    assert_refused(&[delta(2, 1, 2).revoke(revoked())], Code::CertificateRevoked);
    assert_refused(&[delta(2, 1, 2)], Code::CrlMissing);
    assert_accepted(&[complete(1, 1), delta(2, 1, 2)]);
}

#[test]
fn remove_from_crl_releases_a_hold_and_nothing_else() {
    let removed = revoked().because(REMOVED);
    let held = complete(1, 1).revoke(revoked().because(HOLD));
    assert_accepted(&[held.clone(), delta(2, 1, 2).revoke(removed.clone())]);
    assert_refused(&[held.clone(), delta(2, 1, 2)], Code::CertificateRevoked);
    assert_refused(
        &[complete(1, 1).revoke(revoked()), delta(2, 1, 2).revoke(removed.clone())],
        Code::CertificateRevoked,
    );
    // A complete list removes nothing: what it lists is revoked.
    assert_refused(&[complete(1, 1).revoke(removed.clone())], Code::CertificateRevoked);
    assert_refused(&[held.clone(), complete(2, 2).revoke(removed.clone())], Code::CertificateRevoked);
    // Held again since.
    let again = complete(3, 3).revoke(revoked().because(HOLD));
    assert_refused(&[held.clone(), delta(2, 1, 2).revoke(removed.clone()), again], Code::CertificateRevoked);
    let again = delta(3, 1, 3).revoke(revoked().because(HOLD));
    assert_refused(&[held.clone(), delta(2, 1, 2).revoke(removed.clone()), again], Code::CertificateRevoked);
    // A delta by somebody else releases nothing.
    let forged = delta(2, 1, 2).revoke(removed).sign(&Key::ed25519(5));
    for crls in [[crl(&held), forged.clone()], [forged, crl(&held)]] {
        assert_only(&judged(&crls, &[]), Code::CertificateRevoked);
    }
}

#[test]
fn a_current_delta_keeps_its_base_in_use() {
    let base = complete(5, 1).updates("260501000000Z", "260520000000Z");
    assert_refused(std::slice::from_ref(&base), Code::CrlExpired);
    assert_accepted(&[base.clone(), delta(6, 5, 2)]);
    assert_accepted(&[base.clone(), delta(6, 4, 2)]);
    assert_refused(&[base.clone(), delta(6, 5, 2).revoke(revoked())], Code::CertificateRevoked);
    // One for a base that is not there, one that the base has overtaken, and one that has itself expired.
    assert_refused(&[base.clone(), delta(7, 6, 2)], Code::CrlExpired);
    assert_refused(&[base.clone(), delta(5, 4, 2)], Code::CrlExpired);
    assert_refused(&[base.clone(), delta(6, 5, 2).updates("260502000000Z", "260521000000Z")], Code::CrlExpired);
    assert_refused(&[base.clone(), delta(6, 5, 2).updates("260701000000Z", "300101000000Z")], Code::CrlExpired);
    // Without a number nobody knows what it is a delta to.
    let unnumbered = List { extensions: Vec::new(), ..base };
    assert_refused(&[unnumbered, delta(6, 5, 2)], Code::CrlExpired);
}

/// Whoever can write into a folder of CRLs, or answers for the server that they are fetched from, must not keep an old list
/// alive.
#[test]
fn a_delta_that_nobody_trusts_keeps_no_base_in_use() {
    let base = complete(5, 1).updates("260501000000Z", "260520000000Z");
    let forged = delta(6, 5, 2).sign(&Key::ed25519(5));
    for crls in [[crl(&base), forged.clone()], [forged, crl(&base)]] {
        let verdict = judged(&crls, &[]);
        assert!(!verdict.verified(), "an expired CRL covers");
        assert_eq!(verdict.primary().map(|reason| reason.code), Some(Code::CrlSignatureInvalid));
    }
    let unreadable = Extension::new("1.2.3.4", der::sequence(&[b""])).critical();
    assert_refused(&[base, delta(6, 5, 2).with(unreadable)], Code::CrlUnsupported);
}

#[test]
fn a_verdict_ends_when_a_delta_does() {
    let base = complete(5, 1).updates("260501000000Z", "260520000000Z");
    let until = delta(6, 5, 2).updates("260502000000Z", "260602000000Z");
    let verifier = Verifier::new(&configured(&[crl(&base), crl(&until)], &[])).expect("a verifier");
    let verdict = verifier.verify_at(&alice(), NOW);
    assert_good(&verdict);
    assert_eq!(verdict.valid_until(), NOW + DAY);
    assert_only(&verifier.verify_at(&alice(), NOW + DAY + 1), Code::CrlExpired);
}

#[test]
fn of_two_entries_for_one_certificate_the_lasting_one_counts() {
    let (hold, lasting, removed) = (revoked().because(HOLD), revoked().because(1), revoked().because(REMOVED));
    for entries in [[hold.clone(), lasting.clone()], [lasting.clone(), hold.clone()]] {
        let list = entries.into_iter().fold(complete(1, 1), List::revoke);
        assert_refused(&[list, complete(2, 2)], Code::CertificateRevoked);
    }
    for entries in [[lasting.clone(), removed.clone()], [removed, lasting]] {
        let list = entries.into_iter().fold(delta(2, 1, 2), List::revoke);
        assert_refused(&[complete(1, 1), list], Code::CertificateRevoked);
    }
}

#[test]
fn serial_numbers_of_every_kind() {
    let serials: [&[u8]; 10] =
        [&[0], &[1], &[0x7f], &[0x80], &[0xff], &[0, 0x80], &[0xff, 0x7f], &[0x55; 20], &[0x91; 20], &[0x55; 40]];
    let all = serials.iter().map(|serial| Revoked::new(serial)).fold(complete(1, 1), List::revoke);
    for (position, serial) in serials.iter().enumerate() {
        let certificate = clientcert_of(serial);
        let config = configured(&[crl(&all)], &[]);
        assert_only(&judge(&config, &[&certificate]), Code::CertificateRevoked);
        let others = serials.iter().enumerate().filter(|(other, _)| *other != position);
        let others = others.map(|(_, serial)| Revoked::new(serial)).fold(complete(1, 1), List::revoke);
        assert_good(&judge(&configured(&[crl(&others)], &[]), &[&certificate]));
    }
    // A leading zero that needs not be there is none in the number.
    let padded = complete(1, 1).revoke(Revoked::new(&[0, 0, 7]));
    assert_refused(&[padded], Code::CertificateRevoked);
}

fn clientcert_of(serial: &[u8]) -> Vec<u8> {
    crate::support::Template { serial: serial.to_vec(), ..client() }.sign(&ca_key())
}
