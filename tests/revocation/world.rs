//! A CA, its clients and its CRLs.

use std::sync::Arc;

use clientcert::policy::{Config, WarningKind};
use clientcert::verify::Code;
use clientcert::{Policy, Verdict, Verifier};

use crate::support::crl::{List, Revoked};
use crate::support::extension::{authority_key_identifier, key_usage};
use crate::support::{Key, NOW, Template};

pub const CA: &str = "Test CA";
pub const DAY: i64 = 86_400;
/// The serial number of the client's certificate.
pub const ALICE: &[u8] = &[7];
pub const HOLD: u8 = 6;
pub const REMOVED: u8 = 8;

pub fn ca_key() -> Key {
    Key::ed25519(0)
}

/// The CA of this key, self-signed.
pub fn root_of(key: &Key) -> Vec<u8> {
    Template::authority(CA, CA, key).sign(key)
}

pub fn root() -> Vec<u8> {
    root_of(&ca_key())
}

/// The CA's client, not yet signed.
pub fn client() -> Template {
    Template { serial: ALICE.to_vec(), ..Template::client(CA, "alice", &Key::ed25519(9)) }
}

pub fn alice() -> Vec<u8> {
    client().sign(&ca_key())
}

/// The CA's CRL, which lists nothing.
pub fn list() -> List {
    List::new(CA)
}

/// The entry of the client's certificate.
pub fn revoked() -> Revoked {
    Revoked::new(ALICE)
}

/// Something that the CA signed with its key.
pub fn crl(list: &List) -> Vec<u8> {
    list.sign(&ca_key())
}

/// Says by which key a list is signed.
pub fn with_key_identifier(list: List, key: &Key) -> List {
    list.with(authority_key_identifier(&key.identifier()))
}

/// A certificate of a CRL issuer that signs nothing else.
pub fn crl_signer(issuer: &str, subject: &str, key: &Key) -> Template {
    Template { serial: vec![66], ..Template::new(issuer, subject, key) }
        .with(key_usage(&[crate::support::extension::CRL_SIGN]))
}

/// A configuration that pins these CAs and has these CRLs.
pub fn config(authorities: &[&[u8]], crls: &[Vec<u8>]) -> Config {
    let mut config = Config::new();
    config.set_bytes("ca", &authorities.concat()).expect("good CAs");
    if !crls.is_empty() {
        config.set_bytes("crl", &crls.concat()).expect("good CRLs");
    }
    config
}

/// The same with further options.
pub fn configured(crls: &[Vec<u8>], options: &[(&str, &str)]) -> Config {
    let mut config = config(&[&root()], crls);
    for (name, value) in options {
        config.set(name, value).expect("a good option");
    }
    config
}

pub fn judge(config: &Config, chain: &[&[u8]]) -> Arc<Verdict> {
    Verifier::new(config).expect("a good configuration").verify_at(&chain.concat(), NOW)
}

/// What the CA's CRLs say of its client.
pub fn judged(crls: &[Vec<u8>], options: &[(&str, &str)]) -> Arc<Verdict> {
    judge(&configured(crls, options), &[&alice()])
}

/// The reasons with their depths.
pub fn found(verdict: &Verdict) -> Vec<(Code, u32)> {
    verdict.reasons().iter().map(|reason| (reason.code, reason.depth.expect("a certificate"))).collect()
}

#[track_caller]
pub fn assert_good(verdict: &Verdict) {
    assert!(verdict.verified() && verdict.accepted(), "{:?}", verdict.reasons());
}

/// Refused for this reason alone, about the leaf.
#[track_caller]
pub fn assert_only(verdict: &Verdict, code: Code) {
    assert_eq!(found(verdict), [(code, 0)], "{:?}", verdict.reasons());
    assert!(!verdict.verified() && !verdict.accepted());
}

/// The warnings about CRLs.
pub fn warnings(policy: &Policy) -> Vec<WarningKind> {
    policy.warnings().iter().filter(|warning| warning.option == "crl").map(|warning| warning.kind).collect()
}
