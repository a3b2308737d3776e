//! When a rule applies: who issued the certificate, and for what.

use super::Client;
use super::exact::{digest, name};
use crate::certificate::{Certificate, WrittenName, oid_from_dotted};

/// All of a rule's conditions, which must all hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions {
    pub(super) issuer: Option<Authority>,
    pub(super) anchor: Option<Authority>,
    /// Content bytes of object identifiers.
    pub(super) purposes: Vec<Box<[u8]>>,
    pub(super) policies: Vec<Box<[u8]>>,
}

/// A CA, by its name or by its certificate.
#[derive(Clone, Debug)]
pub(super) enum Authority {
    Name(WrittenName),
    Certificate([u8; 32]),
}

impl Authority {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match digest(text).map(<[u8; 32]>::try_from) {
            Some(Ok(digest)) => Ok(Self::Certificate(digest)),
            _ => name(text).map(Self::Name).map_err(|problem| format!("neither a SHA-256 nor a name: {problem}")),
        }
    }

    fn is(&self, certificate: &Certificate<'_>) -> bool {
        match self {
            Self::Name(name) => certificate.subject().matches(&name.view()),
            Self::Certificate(digest) => certificate.sha256() == *digest,
        }
    }
}

/// An object identifier, dotted or as people call a purpose.
pub(super) fn purpose(text: &str) -> Option<Box<[u8]>> {
    let dotted = match text {
        "clientAuth" => "1.3.6.1.5.5.7.3.2",
        "serverAuth" => "1.3.6.1.5.5.7.3.1",
        "codeSigning" => "1.3.6.1.5.5.7.3.3",
        "emailProtection" => "1.3.6.1.5.5.7.3.4",
        "timeStamping" => "1.3.6.1.5.5.7.3.8",
        "OCSPSigning" => "1.3.6.1.5.5.7.3.9",
        "msSmartcardLogin" => "1.3.6.1.4.1.311.20.2.2",
        "pkInitClientAuth" => "1.3.6.1.5.2.3.4",
        _ => text,
    };
    oid_from_dotted(dotted)
}

impl Conditions {
    /// The first condition that does not hold.
    pub(super) fn failing(&self, client: &Client<'_>) -> Option<&'static str> {
        let issuers = client.issuers.unwrap_or_default();
        let issuer = |authority: &Authority| match authority {
            Authority::Name(name) => client.leaf.issuer().matches(&name.view()),
            Authority::Certificate(_) => issuers.first().is_some_and(|issuer| authority.is(issuer)),
        };
        if !self.issuer.as_ref().is_none_or(issuer) {
            return Some("issuer");
        }
        // A pinned leaf is its own anchor.
        let anchor = issuers.last().unwrap_or(&client.leaf);
        if !self.anchor.as_ref().is_none_or(|wanted| client.issuers.is_some() && wanted.is(anchor)) {
            return Some("anchor");
        }
        let has_purpose = |wanted: &[u8]| client.leaf.extended_key_usages().any(|purpose| purpose == wanted);
        if !self.purposes.iter().all(|purpose| has_purpose(purpose)) {
            return Some("eku");
        }
        if !self.policies.iter().all(|policy| covers(client.leaf, issuers, policy)) {
            return Some("policy");
        }
        None
    }
}

/// Whether a policy is the leaf's, and every CA below the pinned one has it, too, or allows any. Stricter than RFC 5280
/// section 6.1: mapped policies do not count, nor anyPolicy anywhere where a CA inhibits it somewhere.
fn covers(leaf: Certificate<'_>, issuers: &[Certificate<'_>], policy: &[u8]) -> bool {
    const ANY_POLICY: &[u8] = &[0x55, 0x1d, 0x20, 0];
    let inhibited = issuers.iter().any(|issuer| issuer.inhibit_any_policy().is_some());
    let intermediates = issuers.split_last().map_or(&[][..], |(_, below)| below);
    leaf.policies().any(|own| own == policy)
        && intermediates
            .iter()
            .all(|issuer| issuer.policies().any(|own| own == policy || (own == ANY_POLICY && !inhibited)))
}
