//! The same client again: answered without one allocation.

use clientcert::Verifier;
use clientcert::policy::Config;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

#[test]
fn a_client_seen_before_costs_no_allocation() {
    let (root, chain) = three_certificates();
    let mut config = Config::new();
    config.set_bytes("ca", root.as_bytes()).unwrap();
    let verifier = Verifier::new(&config).unwrap();
    let first = verifier.verify(&chain);
    assert!(first.verified(), "{:?}", first.reasons());

    // What a thread sets up at its first answer is not the answer's.
    drop(verifier.verify(&chain));
    let before = verifier.statistics();
    let used = allocation_counter::measure(|| {
        for _ in 0..100 {
            assert!(verifier.verify(&chain).verified());
        }
    });
    let after = verifier.statistics();

    assert_eq!(used.count_total, 0, "allocations of 100 answers");
    assert_eq!((after.hits - before.hits, after.misses - before.misses), (100, 0));
}

#[test]
fn the_measure_sees_the_allocations_of_a_client_not_seen_before() {
    let (root, chain) = three_certificates();
    let mut config = Config::new();
    config.set_bytes("ca", root.as_bytes()).unwrap();
    let verifier = Verifier::new(&config).unwrap();
    let used = allocation_counter::measure(|| assert!(verifier.verify(&chain).verified()));
    assert!(used.count_total > 0);
}

/// A root in PEM, and the chain of a leaf and an intermediate under it.
fn three_certificates() -> (String, Vec<u8>) {
    let (root_key, intermediate_key, leaf_key) =
        (KeyPair::generate().unwrap(), KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let root_params = params("Root CA", true);
    let root = root_params.self_signed(&root_key).unwrap();
    let intermediate_params = params("Issuing CA", true);
    let by_root = Issuer::from_params(&root_params, &root_key);
    let intermediate = intermediate_params.signed_by(&intermediate_key, &by_root).unwrap();
    let by_intermediate = Issuer::from_params(&intermediate_params, &intermediate_key);
    let leaf = params("Client", false).signed_by(&leaf_key, &by_intermediate).unwrap();
    (root.pem(), [leaf.der().as_ref(), intermediate.der().as_ref()].concat())
}

fn params(common_name: &str, ca: bool) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, common_name);
    if ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    } else {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    }
    params
}
