//! What a CRL is about: distribution points and partitions as EJBCA and Microsoft's CA write them, reasons, other issuers.

use clientcert::verify::Code;

use crate::support::crl::{self, List, Revoked};
use crate::support::{Extension, Key, Template, der, name};
use crate::world::*;

const HTTP: &str = "http://pki.example/crl/Test%20CA.crl";
const LDAP: &str =
    "ldap:///CN=Test%20CA,CN=CDP,DC=example?certificateRevocationList?base?objectClass=cRLDistributionPoint";
const OTHER: &str = "http://pki.example/crl/partition2.crl";

/// A cRLDistributionPoints of these points, each the content of a DistributionPoint.
fn points(points: &[Vec<u8>]) -> Extension {
    Extension::new("2.5.29.31", der::sequence(points))
}

fn point(names: &[Vec<u8>]) -> Vec<u8> {
    der::sequence(&[crl::full_name(names)])
}

/// `[number]` ReasonFlags of one byte.
fn reasons(number: u8, bits: u8) -> Vec<u8> {
    der::tlv(0x80 | number, &[u8::try_from(bits.trailing_zeros()).expect("at most eight"), bits])
}

/// keyCompromise and cACompromise; all others in the first byte. Together with the ninth they are all.
const COMPROMISE: u8 = 0x60;

fn issuing(fields: &[Vec<u8>]) -> Extension {
    crl::issuing_distribution_point(fields)
}

/// What these CRLs say of a client with this extension.
fn judged_with(extension: Extension, lists: &[List]) -> Result<(), Code> {
    let crls: Vec<Vec<u8>> = lists.iter().map(crl).collect();
    let alice = client().with(extension).sign(&ca_key());
    let verdict = judge(&configured(&crls, &[]), &[&alice]);
    verdict.primary().map_or(Ok(()), |reason| Err(reason.code))
}

/// A CRL's URI among several, as EJBCA (one of each) and Microsoft's CA (LDAP and HTTP in one point) publish.
#[test]
fn one_common_uri_is_enough() {
    let for_http = list().with(issuing(&[crl::full_name(&[name::uri(HTTP)])]));
    let for_both = list().with(issuing(&[crl::full_name(&[name::uri(LDAP), name::uri(HTTP)])]));
    let in_one_point = points(&[point(&[name::uri(LDAP), name::uri(HTTP)])]);
    let in_two_points = points(&[point(&[name::uri(LDAP)]), point(&[name::uri(HTTP)])]);
    for certificate in [in_one_point, in_two_points, points(&[point(&[name::uri(HTTP)])])] {
        for list in [&for_http, &for_both] {
            assert_eq!(judged_with(certificate.clone(), std::slice::from_ref(list)), Ok(()));
            let revoking = list.clone().revoke(revoked());
            assert_eq!(judged_with(certificate.clone(), &[revoking]), Err(Code::CertificateRevoked));
        }
    }
    assert_eq!(judged_with(points(&[point(&[name::uri(LDAP)])]), std::slice::from_ref(&for_http)), Err(Code::CrlScope));
    // URIs are compared byte by byte.
    let louder = HTTP.replace("pki.example", "PKI.example");
    assert_eq!(
        judged_with(points(&[point(&[name::uri(&louder)])]), std::slice::from_ref(&for_http)),
        Err(Code::CrlScope)
    );
    assert_only(&judged(&[crl(&for_http)], &[]), Code::CrlScope);
    assert_good(&judged(&[crl(&for_http)], &[("crl_missing", "allow")]));
}

/// EJBCA's partitioned CRLs: each certificate names the one partition that it is in.
#[test]
fn of_partitions_only_the_right_one_covers() {
    let first = list().with(issuing(&[crl::full_name(&[name::uri(HTTP)])]));
    let second = list().with(issuing(&[crl::full_name(&[name::uri(OTHER)])]));
    let in_first = points(&[point(&[name::uri(HTTP)])]);
    assert_eq!(judged_with(in_first.clone(), &[first.clone(), second.clone()]), Ok(()));
    assert_eq!(judged_with(in_first.clone(), std::slice::from_ref(&second)), Err(Code::CrlScope));
    let revoking = first.revoke(revoked());
    assert_eq!(judged_with(in_first, &[revoking, second]), Err(Code::CertificateRevoked));
}

#[test]
fn a_crl_for_no_distribution_point_covers_whoever_names_one() {
    let certificate = points(&[point(&[name::uri(HTTP)])]);
    assert_eq!(judged_with(certificate.clone(), &[list()]), Ok(()));
    assert_eq!(judged_with(certificate, &[list().revoke(revoked())]), Err(Code::CertificateRevoked));
}

#[test]
fn directory_names_whole_and_relative() {
    let whole = name::name(&[(name::COMMON_NAME, der::UTF8_STRING, CA.as_bytes()), ("2.5.4.11", 0x0c, b"clients")]);
    let relative = der::tlv(0xa0, &der::tlv(0xa1, &name::relative_name(&[("2.5.4.11", 0x0c, b"clients")])[2..]));
    let by_whole = || list().with(issuing(&[crl::full_name(&[name::directory(&whole)])]));
    let by_relative = || list().with(issuing(std::slice::from_ref(&relative)));
    let to_whole = points(&[point(&[name::directory(&whole)])]);
    let to_relative = points(&[der::sequence(&[&relative])]);
    for certificate in [&to_whole, &to_relative] {
        for list in [by_whole(), by_relative()] {
            assert_eq!(judged_with(certificate.clone(), &[list]), Ok(()));
        }
        let other = list().with(issuing(&[crl::full_name(&[name::directory(&name::common_name("clients"))])]));
        assert_eq!(judged_with(certificate.clone(), &[other]), Err(Code::CrlScope));
    }
}

#[test]
fn users_and_cas_apart() {
    let (ca, between) = (ca_key(), Key::ed25519(1));
    let root = Template::authority("Root", "Root", &ca).sign(&ca);
    let intermediate = Template { serial: vec![3], ..Template::authority("Root", CA, &between) }.sign(&ca);
    let chain = [&client().sign(&between)[..], &intermediate];
    let scoped = |issuer: &str, flag: u8| List::new(issuer).with(issuing(&[crl::flag(flag)]));
    let judged = |crls: &[Vec<u8>]| found(&judge(&config(&[&root], crls), &chain));
    let (users, cas, attributes) = (1, 2, 5);
    let with = |by_root: u8, by_intermediate: u8| {
        judged(&[scoped("Root", by_root).sign(&ca), scoped(CA, by_intermediate).sign(&between)])
    };
    assert_eq!(with(cas, users), []);
    assert_eq!(with(users, users), [(Code::CrlScope, 1)]);
    assert_eq!(with(cas, cas), [(Code::CrlScope, 0)]);
    assert_eq!(with(cas, attributes), [(Code::CrlScope, 0)]);
    // The code for a scope has the number that it always had.
    assert_eq!(Code::CrlScope as i32, 38);
    let revoking =
        [scoped("Root", cas).revoke(Revoked::new(&[3])).sign(&ca), scoped(CA, users).revoke(revoked()).sign(&between)];
    assert_eq!(judged(&revoking), [(Code::CertificateRevoked, 0), (Code::CertificateRevoked, 1)]);
    // Both partitions of both issuers, as EJBCA makes them.
    let all: Vec<Vec<u8>> = [users, cas]
        .into_iter()
        .flat_map(|flag| [scoped("Root", flag).sign(&ca), scoped(CA, flag).sign(&between)])
        .collect();
    assert_eq!(judged(&all), []);
}

#[test]
fn all_reasons_have_to_be_covered() {
    let some = |bits: &[u8]| list().with(issuing(&[der::tlv(0x83, bits)]));
    let compromise = some(&[5, COMPROMISE]);
    let rest = some(&[7, !COMPROMISE & 0x7f, 0x80]);
    let anything = points(&[point(&[name::uri(HTTP)])]);
    assert_eq!(judged_with(anything.clone(), std::slice::from_ref(&compromise)), Err(Code::CrlScope));
    assert_eq!(judged_with(anything.clone(), std::slice::from_ref(&rest)), Err(Code::CrlScope));
    assert_eq!(judged_with(anything.clone(), &[compromise.clone(), rest.clone()]), Ok(()));
    assert_eq!(judged_with(anything.clone(), &[compromise.clone(), list()]), Ok(()));
    // An entry counts whatever its reason and that of the list.
    for revoking in [&compromise, &rest] {
        let entry = revoked().because(4);
        let lists = [revoking.clone().revoke(entry), list()];
        assert_eq!(judged_with(anything.clone(), &lists), Err(Code::CertificateRevoked));
    }
    // A distribution point that is for some reasons.
    let partial = points(&[der::sequence(&[crl::full_name(&[name::uri(HTTP)]), reasons(1, COMPROMISE)])]);
    let for_point = list().with(issuing(&[crl::full_name(&[name::uri(HTTP)])]));
    assert_eq!(judged_with(partial, &[for_point]), Err(Code::CrlScope));
}

const INDIRECT: u8 = 4;

/// The CA's CRLs are made by another issuer, whom its certificates name.
struct Indirect {
    signer: Key,
}

impl Indirect {
    const NAME: &'static str = "CRL Signer";

    fn new() -> Self {
        Self { signer: Key::ed25519(3) }
    }

    /// A list by the other issuer; with an entry for the CA's client.
    fn list(revoking: bool) -> List {
        let list = List::new(Self::NAME).with(issuing(&[crl::flag(INDIRECT)])).revoke(Revoked::new(ALICE));
        match revoking {
            true => list.revoke(revoked().of(&name::common_name(CA))),
            false => list,
        }
    }

    fn alice() -> Vec<u8> {
        let crl_issuer = der::tlv(0xa2, &name::directory(&name::common_name(Self::NAME)));
        client().with(points(&[der::sequence(&[crl_issuer])])).sign(&ca_key())
    }

    fn certificate(&self) -> Vec<u8> {
        crl_signer(CA, Self::NAME, &self.signer).sign(&ca_key())
    }
}

#[test]
fn an_indirect_crl_by_an_issuer_below_the_same_ca() {
    let indirect = Indirect::new();
    let good = Indirect::list(false).sign(&indirect.signer);
    let revoking = Indirect::list(true).sign(&indirect.signer);
    // The signer's own certificate is the CA's, so the CA says that it was not revoked.
    let with = |crl: &Vec<u8>, given: bool| {
        let mut config = configured(&[crl.clone(), crate::world::crl(&list())], &[]);
        if given {
            config.set_bytes("crl_issuer", &indirect.certificate()).expect("a CRL issuer");
        }
        config
    };
    // The CA's own list covers the client as well; without it, the indirect one has to.
    let alice = Indirect::alice();
    assert_good(&judge(&with(&good, true), &[&alice]));
    assert_only(&judge(&with(&revoking, true), &[&alice]), Code::CertificateRevoked);
    assert_only(&judge(&with(&revoking, false), &[&alice, &indirect.certificate()]), Code::CertificateRevoked);
    // Who does not name the other issuer has nothing to do with it.
    assert_good(&judge(&with(&revoking, true), &[&crate::world::alice()]));
}

#[test]
fn an_indirect_crl_covers_through_who_is_named() {
    let indirect = Indirect::new();
    let alice = Indirect::alice();
    let mut config = configured(&[Indirect::list(false).sign(&indirect.signer)], &[("crl_check", "leaf")]);
    assert_only(&judge(&config, &[&alice]), Code::CrlIssuerUnknown);
    assert_good(&judge(&config, &[&alice, &indirect.certificate()]));
    config.set_bytes("crl_issuer", &indirect.certificate()).expect("a CRL issuer");
    assert_good(&judge(&config, &[&alice]));
    assert_only(&judge(&config, &[&crate::world::alice()]), Code::CrlMissing);

    // A list that does not say that it is indirect is about its own issuer's certificates alone.
    let mut config = configured(&[List::new(Indirect::NAME).sign(&indirect.signer)], &[("crl_check", "leaf")]);
    config.set_bytes("crl_issuer", &indirect.certificate()).expect("a CRL issuer");
    assert!(!judge(&config, &[&alice]).verified());

    // The issuer has to lead to the CA that the client leads to.
    let stranger = Key::ed25519(6);
    let elsewhere = Template::authority("Elsewhere", "Elsewhere", &stranger).sign(&stranger);
    let signer = crl_signer("Elsewhere", Indirect::NAME, &indirect.signer).sign(&stranger);
    let mut config = config_of_two(&elsewhere, &indirect);
    config.set_bytes("crl_issuer", &signer).expect("a CRL issuer");
    config.set("crl_check", "leaf").expect("a good option");
    assert_only(&judge(&config, &[&alice]), Code::CrlIssuerUnknown);
}

fn config_of_two(elsewhere: &[u8], indirect: &Indirect) -> clientcert::Config {
    config(&[&root(), elsewhere], &[Indirect::list(false).sign(&indirect.signer)])
}

#[test]
fn distribution_points_that_nobody_can_read_are_covered_by_lists_of_everything_alone() {
    let lists = [list()];
    let unreadable = Extension::new("2.5.29.31", der::sequence(&[der::integer(1)]));
    assert_eq!(judged_with(unreadable, &lists), Err(Code::CertificateMalformed));
    let many: Vec<Vec<u8>> = (0..33).map(|number| point(&[name::uri(&format!("{HTTP}{number}"))])).collect();
    assert_eq!(judged_with(points(&many), &lists), Ok(()));
    assert_eq!(judged_with(points(&many), &[list().revoke(revoked())]), Err(Code::CertificateRevoked));
    let for_first = [list().with(issuing(&[crl::full_name(&[name::uri(&format!("{HTTP}0"))])]))];
    assert_eq!(judged_with(points(&many), &for_first), Err(Code::CrlScope));
    assert_eq!(judged_with(points(&many[..32]), &for_first), Ok(()));
    // It may name the issuer of an indirect list, which may list it.
    let indirect = List::new(Indirect::NAME).with(issuing(&[crl::flag(INDIRECT)])).sign(&Key::ed25519(3));
    let alice = client().with(points(&many)).sign(&ca_key());
    assert_only(&judge(&configured(&[crl(&list()), indirect], &[]), &[&alice]), Code::CrlScope);
}
