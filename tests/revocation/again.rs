//! One verifier asked again and again: what it learnt from one client speaks for no other, and for no other time.

use clientcert::Verifier;
use clientcert::verify::Code;

use crate::support::crl::{List, Revoked};
use crate::support::extension::{CRL_SIGN, KEY_CERT_SIGN, key_usage};
use crate::support::{Key, NOW, Template};
use crate::world::*;

/// A client under an intermediate of the CA's name.
fn chain(serial: u8, key: &Key, intermediate: &[u8]) -> Vec<u8> {
    [&Template { serial: vec![serial], ..client() }.sign(key), intermediate].concat()
}

/// The root, the intermediate below it and its key, and a verifier that has a list of each.
fn verifier(lists: [List; 2]) -> (Key, Vec<u8>, Verifier) {
    let [root_key, ca] = [4, 1].map(Key::ed25519);
    let root = Template::authority("Root", "Root", &root_key).sign(&root_key);
    let intermediate = Template { serial: vec![3], ..Template::authority("Root", CA, &ca) }.sign(&root_key);
    let [of_root, of_ca] = lists;
    let config = config(&[&root], &[of_root.sign(&root_key), of_ca.sign(&ca)]);
    (ca, intermediate, Verifier::new(&config).expect("a verifier"))
}

#[test]
fn a_known_list_ends_when_it_says() {
    let lists =
        [List::new("Root").updates("260530000000Z", "260605000000Z"), list().updates("260531000000Z", "260603000000Z")];
    let (ca, intermediate, verifier) = verifier(lists);
    let at = |serial, now| found(&verifier.verify_at(&chain(serial, &ca, &intermediate), now));
    for serial in (10..40).step_by(6) {
        assert_eq!(at(serial, NOW), []);
        assert_eq!(at(serial + 1, NOW + 2 * DAY), []);
        assert_eq!(at(serial + 2, NOW + 2 * DAY + 1), [(Code::CrlExpired, 0)]);
        assert_eq!(at(serial + 3, NOW + 5 * DAY), [(Code::CrlExpired, 0), (Code::CrlExpired, 1)]);
        assert_eq!(at(serial + 4, NOW - DAY - 1), [(Code::CrlNotYetValid, 0)]);
        assert_eq!(at(serial + 5, NOW - 3 * DAY), [(Code::CrlNotYetValid, 0), (Code::CrlNotYetValid, 1)]);
    }
}

#[test]
fn a_known_list_is_looked_into_for_each_client() {
    let (ca, intermediate, verifier) = verifier([List::new("Root"), list().revoke(Revoked::new(&[20]))]);
    let judged = |serial| found(&verifier.verify_at(&chain(serial, &ca, &intermediate), NOW));
    for serial in 10..30 {
        let expected: &[_] = if serial == 20 { &[(Code::CertificateRevoked, 0)] } else { &[] };
        assert_eq!(judged(serial), expected, "{serial}");
    }
}

#[test]
fn a_known_signer_speaks_for_no_namesake() {
    let keys = [Key::ed25519(0), Key::ed25519(1)];
    let roots = keys.each_ref().map(root_of);
    let verifier = Verifier::new(&config(&[&roots[0], &roots[1]], &[list().sign(&keys[0])])).expect("a verifier");
    for serial in 10..14 {
        let judged = |key| found(&verifier.verify_at(&Template { serial: vec![serial], ..client() }.sign(key), NOW));
        assert_eq!(judged(&keys[0]), []);
        assert_eq!(judged(&keys[1]), [(Code::CrlIssuerUnknown, 0)]);
    }
}

/// A CA may have several certificates for one key.
#[test]
fn each_certificate_of_a_known_signer_has_to_allow_it() {
    let [root_key, ca] = [4, 1].map(Key::ed25519);
    let root = Template::authority("Root", "Root", &root_key).sign(&root_key);
    let intermediate = |serial, usages: &[u8]| {
        let authority = Template { serial: vec![serial], ..Template::authority("Root", CA, &ca) };
        authority.with(key_usage(usages)).sign(&root_key)
    };
    let (fit, unfit) = (intermediate(3, &[KEY_CERT_SIGN, CRL_SIGN]), intermediate(4, &[KEY_CERT_SIGN]));
    let revoked = Revoked::new(&[40]);
    let lists = [List::new("Root").sign(&root_key), list().revoke(revoked).sign(&ca)];
    let verifier = Verifier::new(&config(&[&root], &lists)).expect("a verifier");
    let judged = |serial, intermediate: &[u8]| found(&verifier.verify_at(&chain(serial, &ca, intermediate), NOW));
    let renewed = intermediate(5, &[KEY_CERT_SIGN, CRL_SIGN]);
    for serial in (10..20).step_by(3) {
        assert_eq!(judged(serial, &fit), []);
        assert_eq!(judged(serial + 1, &unfit), [(Code::CrlIssuerUnfit, 0)]);
        assert_eq!(judged(serial + 2, &renewed), []);
    }
    for intermediate in [&fit, &renewed] {
        assert_eq!(judged(40, intermediate), [(Code::CertificateRevoked, 0)]);
    }
}

/// With few lists they are looked through, with many they are found by name.
#[test]
fn many_cas_have_a_list_each() {
    for count in [1u8, 8, 9, 40] {
        let name = |number: u8| format!("CA {number}");
        let keys: Vec<Key> = (0..count).map(Key::ed25519).collect();
        let root = |(number, key): (u8, &Key)| Template::authority(&name(number), &name(number), key).sign(key);
        let roots: Vec<Vec<u8>> = (0..).zip(&keys).map(root).collect();
        let lists: Vec<Vec<u8>> = (0..)
            .zip(&keys)
            .map(|(number, key)| List::new(&name(number)).revoke(Revoked::new(&[number + 1])).sign(key))
            .collect();
        let roots: Vec<&[u8]> = roots.iter().map(Vec::as_slice).collect();
        let verifier = Verifier::new(&config(&roots, &lists)).expect("a verifier");
        for serial in 1..=count {
            for (number, key) in (0..).zip(&keys) {
                let client =
                    Template { serial: vec![serial], ..Template::client(&name(number), "c", &Key::ed25519(99)) };
                let expected: &[_] = if serial == number + 1 { &[(Code::CertificateRevoked, 0)] } else { &[] };
                assert_eq!(found(&verifier.verify_at(&client.sign(key), NOW)), expected, "{serial} by {number}");
            }
        }
    }
}
