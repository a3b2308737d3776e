//! CRLs and OCSP together: each must be satisfied by its own rule, and either one revokes.

use clientcert::Verifier;

use crate::support::crl::{List, Revoked};
use crate::support::ocsp::{self, NOCHECK, good, revoked};
use crate::support::{NOW, name};
use crate::verdict::{World, reasons};

const ALICE: &[u8] = &[0x10, 1];
const RESPONDER: &[u8] = &[0x30, 1];

fn verifier(world: &World, options: &[(&str, &str)], list: Option<List>) -> Verifier {
    let mut config = world.config(options);
    if let Some(list) = list {
        config.set_bytes("crl", &list.sign(&world.pki.ca)).expect("a CRL");
    }
    Verifier::new(&config).expect("a verifier")
}

#[test]
fn either_one_revokes() {
    let world = World::new();
    let listed = || List::new("Test CA").revoke(Revoked::new(ALICE).because(4));
    for (list, status, expected) in [
        (List::new("Test CA"), good(), &[][..]),
        (List::new("Test CA"), revoked("20260102030405Z", Some(1)), &["certificate_revoked"]),
        (listed(), good(), &["certificate_revoked"]),
        // Said once, with the reason that the CRL gives.
        (listed(), revoked("20260102030405Z", Some(1)), &["certificate_revoked"]),
    ] {
        let is_listed = !list.revoked.is_empty();
        let verifier = verifier(&world, &[("ocsp", "if_given")], Some(list));
        let first = verifier.verify_at(&world.alice, NOW);
        assert_eq!(first.verified(), !is_listed);
        let verdict = verifier.ocsp_response_at(&first, 0, &world.answer(&world.alice, status), NOW);
        assert_eq!(reasons(&verdict), expected);
    }
}

#[test]
fn a_good_answer_stands_for_no_crl_nor_a_crl_for_an_answer() {
    let world = World::new();
    let other_ca = List::new("Other CA");
    let verifier = verifier(&world, &[("ocsp", "leaf")], Some(other_ca));
    let verdict = verifier.verify_at(&world.alice, NOW);
    assert_eq!(reasons(&verdict), ["crl_missing"], "nobody is asked about who is refused anyway");
    let verifier = self::verifier(&world, &[("ocsp", "leaf")], Some(List::new("Test CA")));
    let pending = verifier.verify_at(&world.alice, NOW);
    assert_eq!(reasons(&pending), ["ocsp_pending"]);
    let verdict = verifier.ocsp_response_at(&pending, 0, &world.answer(&world.alice, good()), NOW);
    assert!(verdict.verified());
    assert!(verdict.crls().len() == 1 && verdict.ocsp_answers().len() == 1);
}

#[test]
fn a_responder_is_looked_up_unless_its_ca_says_otherwise() {
    let world = World::new();
    let listed = || Some(List::new("Test CA").revoke(Revoked::new(RESPONDER)));
    let empty = || Some(List::new("Test CA"));
    let elsewhere = || Some(List::new("Other CA"));
    for (nocheck, options, list, expected) in [
        (false, &[][..], None, None),
        (false, &[], empty(), None),
        (false, &[], listed(), Some("ocsp_responder_unfit")),
        (true, &[], listed(), None),
        (false, &[("crl_check", "off")], listed(), None),
        (false, &[("crl_missing", "allow")], elsewhere(), None),
        (false, &[("crl_missing", "allow")], listed(), Some("ocsp_responder_unfit")),
    ] {
        let mut template = world.pki.responder_template();
        template.serial = RESPONDER.to_vec();
        if !nocheck {
            template = template.without(NOCHECK);
        }
        let mut response = world.by_ca(&world.alice, good());
        response.responder = ocsp::by_name(&name::common_name("Test Responder"));
        response.certificates = vec![template.sign(&world.pki.ca)];
        let response = response.sign(&world.pki.responder);
        let options = [&[("ocsp", "leaf")], options].concat();
        let verifier = verifier(&world, &options, list);
        let pending = verifier.verify_at(&world.alice, NOW);
        assert_eq!(reasons(&pending), ["ocsp_pending"]);
        let verdict = verifier.ocsp_response_at(&pending, 0, &response, NOW);
        assert_eq!(reasons(&verdict), expected.into_iter().collect::<Vec<_>>(), "{nocheck} {options:?}");
    }
}
