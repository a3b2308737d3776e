//! Whose word a CRL is: keys of one name, renewed keys, keys for CRLs alone, intermediates.

use clientcert::policy::WarningKind;
use clientcert::verify::Code;
use clientcert::{Status, Verifier};

use crate::support::crl::{self, List, Revoked};
use crate::support::extension::{KEY_CERT_SIGN, SUBJECT_KEY_IDENTIFIER, authority_key_identifier, key_usage};
use crate::support::{Key, NOW, Template, der, extension, name};
use crate::world::*;

/// Two CAs that share a name and nothing else, each with its own client of the same serial number.
struct Namesakes {
    keys: [Key; 2],
    roots: [Vec<u8>; 2],
    clients: [Vec<u8>; 2],
    identifiers: bool,
}

impl Namesakes {
    /// With or without key identifiers in what they issue.
    fn new(identifiers: bool) -> Self {
        let keys = [Key::ed25519(0), Key::ed25519(1)];
        let root = |key: &Key| {
            let root = Template::authority(CA, CA, key);
            if identifiers { root } else { root.without(SUBJECT_KEY_IDENTIFIER) }.sign(key)
        };
        let client = |key: &Key| {
            let client = client();
            if identifiers { client.with(authority_key_identifier(&key.identifier())) } else { client }.sign(key)
        };
        Self {
            roots: [root(&keys[0]), root(&keys[1])],
            clients: [client(&keys[0]), client(&keys[1])],
            keys,
            identifiers,
        }
    }

    fn crl(&self, ca: usize, list: List) -> Vec<u8> {
        let key = &self.keys[ca];
        if self.identifiers { with_key_identifier(list, key) } else { list }.sign(key)
    }

    fn judged(&self, crls: &[Vec<u8>]) -> [Result<(), Code>; 2] {
        let config = config(&[&self.roots[0], &self.roots[1]], crls);
        [0, 1].map(|ca| {
            let verdict = judge(&config, &[&self.clients[ca]]);
            verdict.primary().map_or(Ok(()), |reason| Err(reason.code))
        })
    }
}

#[test]
fn two_cas_of_one_name_speak_for_their_own() {
    for identifiers in [true, false] {
        let cas = Namesakes::new(identifiers);
        let both = [cas.crl(0, list()), cas.crl(1, list())];
        assert_eq!(cas.judged(&both), [Ok(()), Ok(())], "{identifiers}");
        for (ca, other) in [(0, 1), (1, 0)] {
            // One covers its own clients alone.
            let judged = cas.judged(&[cas.crl(ca, list())]);
            assert_eq!((judged[ca], judged[other]), (Ok(()), Err(Code::CrlIssuerUnknown)), "{identifiers}");
            // It revokes its own alone.
            let crls = [cas.crl(ca, list().revoke(revoked())), cas.crl(other, list())];
            let judged = cas.judged(&crls);
            assert_eq!((judged[ca], judged[other]), (Err(Code::CertificateRevoked), Ok(())), "{identifiers}");
            // It releases no hold of the other's.
            let held = cas.crl(other, list().revoke(revoked().because(HOLD)));
            let newer = list().with(crl::crl_number(9)).updates("260510000000Z", "300101000000Z");
            let judged = cas.judged(&[cas.crl(ca, newer.clone()), held.clone()]);
            assert_eq!((judged[ca], judged[other]), (Ok(()), Err(Code::CertificateRevoked)), "{identifiers}");
            let removing = newer.with(crl::delta_crl_indicator(1)).revoke(revoked().because(REMOVED));
            let judged = cas.judged(&[cas.crl(ca, removing), cas.crl(ca, list()), held]);
            assert_eq!((judged[ca], judged[other]), (Ok(()), Err(Code::CertificateRevoked)), "{identifiers}");
            // Its delta keeps no base of the other's in use.
            let base = list().with(crl::crl_number(5)).updates("260501000000Z", "260520000000Z");
            let delta = list().with(crl::crl_number(6)).with(crl::delta_crl_indicator(5));
            let judged = cas.judged(&[cas.crl(other, base), cas.crl(ca, delta)]);
            assert!(judged[other].is_err(), "{identifiers}: {judged:?}");
        }
    }
}

/// Microsoft's CA makes a CRL for each of its keys after a renewal: `CA.crl`, `CA(1).crl`, each with a critical issuing
/// distribution point.
#[test]
fn a_renewed_ca_has_a_crl_for_each_key() {
    let (old, new) = (Key::ed25519(0), Key::ed25519(1));
    let http =
        |number: &str| vec![name::uri("ldap:///CN=CA"), name::uri(&format!("http://pki.example/CA{number}.crl"))];
    let client_of = |key: &Key, number: &str| {
        let points = der::sequence(&[der::sequence(&[crl::full_name(&http(number))])]);
        client()
            .with(authority_key_identifier(&key.identifier()))
            .with(crate::support::Extension::new("2.5.29.31", points))
            .sign(key)
    };
    let list_of = |key: &Key, number: &str| {
        let scope = crl::issuing_distribution_point(&[crl::full_name(&http(number))]);
        with_key_identifier(list().with(scope), key)
    };
    let clients = [client_of(&old, ""), client_of(&new, "(1)")];
    let judged = |crls: &[Vec<u8>]| {
        let config = config(&[&root_of(&old), &root_of(&new)], crls);
        clients.each_ref().map(|client| judge(&config, &[client]).primary().map(|reason| reason.code))
    };
    let (of_old, of_new) = (list_of(&old, "").sign(&old), list_of(&new, "(1)").sign(&new));
    assert_eq!(judged(&[of_old.clone(), of_new.clone()]), [None, None]);
    // Both share a distribution point, so that the key alone tells them apart.
    assert_eq!(judged(std::slice::from_ref(&of_old)), [None, Some(Code::CrlIssuerUnknown)]);
    assert_eq!(judged(std::slice::from_ref(&of_new)), [Some(Code::CrlIssuerUnknown), None]);
    let revoking = list_of(&new, "(1)").revoke(revoked()).sign(&new);
    assert_eq!(judged(&[of_old, revoking]), [None, Some(Code::CertificateRevoked)]);
}

/// RFC 5280 section 3.2 of a CA that signs with its new key alone: a self-issued certificate says that both keys are one CA's.
#[test]
fn a_link_between_two_keys_lets_the_new_one_speak_for_the_old() {
    let (old, new) = (Key::ed25519(0), Key::ed25519(1));
    let roots = [root_of(&old), root_of(&new)];
    let link = Template { serial: vec![3], ..Template::authority(CA, CA, &new) }.sign(&old);
    let alice = client().sign(&old);
    let by_new = |list: List| vec![with_key_identifier(list, &new).sign(&new)];
    let anchors = [&roots[0][..], &roots[1]];
    assert_only(&judge(&config(&anchors, &by_new(list())), &[&alice]), Code::CrlIssuerUnknown);
    assert_good(&judge(&config(&anchors[..1], &by_new(list())), &[&alice, &link]));
    let revoking = by_new(list().revoke(revoked()));
    assert_only(&judge(&config(&anchors[..1], &revoking), &[&alice, &link]), Code::CertificateRevoked);
    let mut given = config(&anchors[..1], &by_new(list()));
    given.set_bytes("crl_issuer", &link).expect("a CRL issuer");
    assert_good(&judge(&given, &[&alice]));
    // A link that nobody signed links nothing.
    let forged = Template { serial: vec![3], ..Template::authority(CA, CA, &new) }.sign(&Key::ed25519(5));
    assert_only(&judge(&config(&anchors[..1], &by_new(list())), &[&alice, &forged]), Code::CrlIssuerUnknown);
}

#[test]
fn a_key_for_crls_alone() {
    let (ca, signer) = (ca_key(), Key::ed25519(3));
    let certificate = crl_signer(CA, CA, &signer).sign(&ca);
    let signed = list().sign(&signer);
    assert_only(&judged(std::slice::from_ref(&signed), &[]), Code::CrlSignatureInvalid);
    let mut config = configured(std::slice::from_ref(&signed), &[]);
    assert_good(&judge(&config, &[&alice(), &certificate]));
    config.set_bytes("crl_issuer", &certificate).expect("a CRL issuer");
    assert_good(&judge(&config, &[&alice()]));
    // The issuer's certificate is itself looked up in its own list.
    let mut retired = configured(&[list().revoke(Revoked::new(&[66])).sign(&signer)], &[]);
    retired.set_bytes("crl_issuer", &certificate).expect("a CRL issuer");
    assert_only(&judge(&retired, &[&alice()]), Code::CrlIssuerUnknown);
    // It may not sign CRLs.
    let unfit = crl_signer(CA, CA, &signer).with(key_usage(&[extension::DIGITAL_SIGNATURE])).sign(&ca);
    assert_only(&judge(&configured(std::slice::from_ref(&signed), &[]), &[&alice(), &unfit]), Code::CrlIssuerUnfit);
    // It has expired.
    let expired = crl_signer(CA, CA, &signer).valid("200101000000Z", "210101000000Z").sign(&ca);
    assert_only(&judge(&configured(std::slice::from_ref(&signed), &[]), &[&alice(), &expired]), Code::CrlIssuerUnknown);
    // Nobody certified it.
    let forged = crl_signer(CA, CA, &signer).sign(&Key::ed25519(5));
    assert_only(&judge(&configured(&[signed], &[]), &[&alice(), &forged]), Code::CrlIssuerUnknown);
}

/// What a CA says of who may speak for it is its own word, or that of the CA above it: another CA below the same root that
/// certifies a key under its name gains nothing.
#[test]
fn another_ca_below_the_same_root_names_no_crl_signer() {
    let [root_key, ca, neighbour, signer] = [0, 1, 2, 3].map(Key::ed25519);
    let root = Template::authority("Root", "Root", &root_key).sign(&root_key);
    let intermediate = Template { serial: vec![3], ..Template::authority("Root", CA, &ca) }.sign(&root_key);
    let other = Template { serial: vec![4], ..Template::authority("Root", "Neighbour", &neighbour) }.sign(&root_key);
    let alice = client().sign(&ca);
    let crls = |signer: &Key, list: List| vec![list.sign(signer), List::new("Root").sign(&root_key)];
    let judged = |by: &[u8], crls: &[Vec<u8>]| {
        let mut config = config(&[&root], crls);
        config.set("crl_check", "leaf").expect("a good option");
        judge(&config, &[&alice, &intermediate, by, &other])
    };
    let by_neighbour = crl_signer("Neighbour", CA, &signer).sign(&neighbour);
    assert_only(&judged(&by_neighbour, &crls(&signer, list())), Code::CrlIssuerUnknown);
    let by_itself = crl_signer(CA, CA, &signer).sign(&ca);
    assert_good(&judged(&by_itself, &crls(&signer, list())));
    let by_root = crl_signer("Root", CA, &signer).sign(&root_key);
    assert_good(&judged(&by_root, &crls(&signer, list())));
}

/// An intermediate CA with a client, below a root that says nothing of anybody.
struct Below {
    root: Vec<u8>,
    intermediate: Vec<u8>,
    key: Key,
    root_crl: Vec<u8>,
}

impl Below {
    fn new() -> Self {
        let (root, key) = (Key::ed25519(4), Key::ed25519(1));
        Self {
            root: Template::authority("Root", "Root", &root).sign(&root),
            intermediate: Template { serial: vec![3], ..Template::authority("Root", CA, &key) }.sign(&root),
            key,
            root_crl: List::new("Root").sign(&root),
        }
    }

    fn alice(&self) -> Vec<u8> {
        client().sign(&self.key)
    }

    fn chain(&self) -> Vec<u8> {
        [self.alice(), self.intermediate.clone()].concat()
    }
}

#[test]
fn an_intermediates_crl_is_checked_when_the_intermediate_is_seen() {
    let below = Below::new();
    for (signer, code) in [(&below.key, None), (&Key::ed25519(5), Some(Code::CrlSignatureInvalid))] {
        let verifier = Verifier::new(&config(&[&below.root], &[list().sign(signer), below.root_crl.clone()]))
            .expect("nobody knows yet who signed it");
        assert_eq!(warnings(&verifier.policy()), []);
        // The second time, the signature is known.
        for now in [NOW, NOW + 1] {
            let verdict = verifier.verify_at(&below.chain(), now);
            assert_eq!(verdict.primary().map(|reason| reason.code), code);
        }
    }
}

#[test]
fn an_intermediates_crl_is_checked_at_once_where_the_intermediate_was_given() {
    let below = Below::new();
    let with = |crl: Vec<u8>| {
        let mut config = config(&[&below.root], &[crl, below.root_crl.clone()]);
        config.set_bytes("crl_issuer", &below.intermediate).expect("a CRL issuer");
        Verifier::new(&config)
    };
    let good = with(with_key_identifier(list(), &below.key).sign(&below.key)).expect("a good CRL");
    assert_good(&good.verify_at(&below.chain(), NOW));
    let error = with(with_key_identifier(list(), &below.key).sign(&Key::ed25519(5))).expect_err("a forged CRL");
    assert_eq!(error.status(), Status::UnusableCrl);
    // Without a key identifier, it may be another CA's of the same name.
    let unsure = with(list().sign(&Key::ed25519(5))).expect("a CRL by who knows whom");
    assert_eq!(warnings(&unsure.policy()), [WarningKind::CrlUnverified]);
    assert_only(&unsure.verify_at(&below.chain(), NOW), Code::CrlSignatureInvalid);
    // What is given is not trusted for that.
    assert!(!good.verify_at(&below.alice(), NOW).verified());
}

/// Certificates are public, so a client can show one with a CA's key and anything else in it.
#[test]
fn a_forged_certificate_of_the_right_key_changes_nothing_for_others() {
    let [root_key, old, new] = [4, 1, 2].map(Key::ed25519);
    let root = Template::authority("Root", "Root", &root_key).sign(&root_key);
    let intermediate = |key: &Key| Template { serial: vec![3], ..Template::authority("Root", CA, key) }.sign(&root_key);
    let folder = tempfile::tempdir().expect("a folder");
    let write = |number: u32| {
        for (name, key) in [("old.crl", &old), ("new.crl", &new)] {
            let list = with_key_identifier(list().with(crl::crl_number(number)), key);
            std::fs::write(folder.path().join(name), list.sign(key)).expect("a file");
        }
    };
    write(1);
    let mut config = config(&[&root], &[List::new("Root").sign(&root_key)]);
    config.set("crl", folder.path().to_str().expect("a path in UTF-8")).expect("a folder");
    let verifier = Verifier::new(&config).expect("a verifier");
    // It has the new key, may sign no CRLs, and nobody signed it.
    let forged = Template::authority("Root", CA, &new).with(key_usage(&[KEY_CERT_SIGN])).sign(&Key::ed25519(5));
    let mallory = [client().sign(&old), intermediate(&old), forged].concat();
    assert_good(&verifier.verify_at(&mallory, NOW));
    write(2);
    verifier.reload().expect("the CA's new CRLs");
    let alice = [client().sign(&new), intermediate(&new)].concat();
    let verdict = verifier.verify_at(&alice, NOW);
    assert_good(&verdict);
    assert_eq!(verdict.crls().next().and_then(|(_, info)| info.number()), Some(&[2][..]));
}
