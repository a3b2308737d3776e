//! What the validator is told: limits, strengths and leniencies, checked before they get here.

use super::ocsp::OcspRules;
use crate::revocation::{CrlCheck, CrlRules};
use crate::signature::Strength;

/// The settings of the validator.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// Which extended key usage a certificate needs.
    pub(crate) eku: EkuRule,
    /// The most intermediate certificates between leaf and anchor.
    pub(crate) depth: u32,
    /// The strength that keys and signatures need.
    pub(crate) strength: Strength,
    /// What CRLs are worth.
    pub(crate) crl: CrlRules,
    /// Which OCSP answers are needed, and what they are worth.
    pub(crate) ocsp: OcspRules,
    /// Seconds by which a validity may be missed on either side.
    pub(crate) time_skew: i64,
    /// The most bytes that a client may present.
    pub(crate) max_chain_bytes: usize,
    /// The most certificates that a client may present, at most 128.
    pub(crate) max_certificates: usize,
    /// The most signatures checked for one chain, but for those against a crowd of anchors.
    pub(crate) max_signatures: u32,
    /// The most signatures checked against anchors that share a name and have no key identifiers.
    pub(crate) max_anchor_candidates: u32,
    /// The most pairs of a name and a name constraint that concerns its certificate.
    pub(crate) max_name_comparisons: u32,
    /// Whether a leaf may be of version 1.
    pub(crate) accept_v1: bool,
    /// Whether a leaf may say that it is a CA.
    pub(crate) accept_ca_leaf: bool,
    /// Whether a leaf that is itself pinned needs no issuer.
    pub(crate) accept_pinned_leaf: bool,
    /// What the second validator's abstention means.
    pub(crate) second_opinion: SecondOpinionRule,
}

/// Which extended key usage a certificate needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EkuRule {
    /// clientAuth, or no extension.
    ClientAuth,
    /// clientAuth in the leaf; in CAs, clientAuth or no extension.
    ClientAuthRequired,
    /// clientAuth or serverAuth, or no extension.
    ClientOrServerAuth,
    /// Anything.
    Any,
    /// One of these, or no extension; the content bytes of object identifiers.
    AnyOf(Vec<Box<[u8]>>),
}

impl EkuRule {
    /// Whether the rule names a usage that `is` recognises, for a leaf.
    pub(crate) fn allows(&self, is: impl Fn(&[u8]) -> bool) -> bool {
        match self {
            Self::ClientAuth | Self::ClientAuthRequired => is(CLIENT_AUTH),
            Self::ClientOrServerAuth => is(CLIENT_AUTH) || is(SERVER_AUTH),
            Self::Any => true,
            Self::AnyOf(allowed) => allowed.iter().any(|oid| is(oid)),
        }
    }

    /// The same for a CA, where anyExtendedKeyUsage restricts nothing (RFC 5280 section 4.2.1.12).
    pub(crate) fn allows_in_ca(&self, is: impl Fn(&[u8]) -> bool) -> bool {
        is(ANY_EXTENDED_KEY_USAGE) || self.allows(is)
    }

    /// Whether it is about clients, whose key must be able to sign a handshake.
    pub(crate) fn is_for_clients(&self) -> bool {
        match self {
            Self::ClientAuth | Self::ClientAuthRequired | Self::ClientOrServerAuth => true,
            Self::AnyOf(allowed) => allowed.iter().any(|oid| **oid == *CLIENT_AUTH),
            Self::Any => false,
        }
    }
}

const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const ANY_EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37, 0];

/// How much the second validator's word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecondOpinionRule {
    /// Its refusal refuses; its abstention does not.
    Agree,
    /// Its refusal and its abstention refuse.
    Strict,
    /// It is not asked.
    Off,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            eku: EkuRule::ClientAuth,
            depth: 10,
            strength: Strength { min_rsa_bits: 2048, min_ec_bits: 256, allow_sha1: false },
            crl: CrlRules { check: CrlCheck::Chain, allow_missing: false, grace: Some(0) },
            ocsp: OcspRules::default(),
            time_skew: 0,
            max_chain_bytes: 65_536,
            max_certificates: 128,
            max_signatures: 16,
            max_anchor_candidates: 64,
            max_name_comparisons: 1 << 20,
            accept_v1: true,
            accept_ca_leaf: true,
            accept_pinned_leaf: true,
            second_opinion: SecondOpinionRule::Agree,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dotted_client_auth_is_about_clients_too() {
        let any_of = |oids: &[&[u8]]| EkuRule::AnyOf(oids.iter().map(|oid| (*oid).into()).collect());
        assert!(EkuRule::ClientAuth.is_for_clients());
        assert!(any_of(&[SERVER_AUTH, CLIENT_AUTH]).is_for_clients());
        assert!(!any_of(&[SERVER_AUTH]).is_for_clients());
    }
}
