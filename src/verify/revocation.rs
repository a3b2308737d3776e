//! Revocation along a path: what the CRLs say of each certificate, as reasons.

use std::sync::Arc;

use smallvec::SmallVec;

use super::path_checks::Path;
use super::reason::{Code, Culprit, Detail, Reason};
use super::rules::{EkuRule, Rules};
use super::{Basis, search};
use crate::certificate::{Certificate, KeyUsage};
use crate::revocation::ocsp::Answer;
use crate::revocation::{
    self, Conditions, CrlCheck, CrlFault, CrlInfo, CrlStatus, CrlStore, Entry, HeldCrl, Issued, Signers, may_sign_crls,
};
use crate::signature::Key;

/// What was found along a path.
#[derive(Debug)]
pub(crate) struct RevocationReport {
    pub(crate) reasons: Vec<Reason>,
    /// The CRL that decided about each certificate, with its depth.
    pub(crate) evidence: Evidence,
    /// The OCSP answer about each certificate, with its depth.
    pub(crate) answers: Vec<(u32, Arc<Answer>)>,
    /// The seconds for which the answers hold.
    pub(crate) from: i64,
    pub(crate) until: i64,
}

pub(crate) type Evidence = SmallVec<[(u32, Arc<CrlInfo>); 2]>;

/// The search of a CRL issuer's path inside another search: how deep, and the CRL that it is for.
#[derive(Clone, Copy, Default)]
pub(super) struct Nesting<'s> {
    depth: u8,
    /// A CRL issuer's own certificate may be in the scope of the very CRL that it signed.
    assumed: Option<&'s HeldCrl>,
}

/// A CRL issuer may have a certificate whose revocation is published by another CRL issuer, and so on.
const MOST_NESTED: u8 = 2;
/// How many certificates of a CRL issuer's name are looked at.
const MOST_CANDIDATES: usize = 16;

impl Nesting<'_> {
    pub(super) fn is_outermost(&self) -> bool {
        self.depth == 0
    }
}

impl Default for RevocationReport {
    fn default() -> Self {
        Self { reasons: Vec::new(), evidence: Evidence::new(), answers: Vec::new(), from: i64::MIN, until: i64::MAX }
    }
}

/// Looks up the certificates of a path whose signatures are good. `presented` is where other CRL issuers' certificates may
/// be.
pub(super) fn check<'c>(
    path: &Path<'_, 'c>,
    presented: &[Option<Certificate<'c>>],
    basis: &Basis<'_>,
    nesting: Nesting<'_>,
) -> RevocationReport {
    let mut report = RevocationReport::default();
    let Some(store) = basis.crls else { return report };
    let anchor = path.anchor.certificate();
    let count = match basis.rules.crl.check {
        CrlCheck::Off => 0,
        CrlCheck::Leaf => 1,
        CrlCheck::Chain => path.certificates.len(),
    };
    let (conditions, mut signers) =
        (conditions(basis), OtherSigners { store, anchor: &anchor, presented, basis, nesting });
    for (depth, certificate) in (0u32..).zip(path.certificates.iter().take(count)) {
        let issuer = path.certificates.get(depth as usize + 1).unwrap_or(&anchor);
        let unlisted = basis.memory.of(certificate).map(|known| known.unlisted());
        let finding = revocation::check(store, Issued { certificate, issuer, unlisted }, conditions, &mut signers);
        report.from = report.from.max(finding.from);
        report.until = report.until.min(finding.until);
        if let Some((code, detail)) = judged(finding.status, finding.crl) {
            let culprit = path.presented.get(depth as usize).map_or(Culprit::None, |index| Culprit::Presented(*index));
            report.reasons.push(Reason::new(code, depth, culprit).with(detail));
        }
        if let Some(crl) = finding.crl {
            report.evidence.push((depth, Arc::clone(crl)));
        }
    }
    report
}

/// A pinned leaf needs nobody to vouch for it, and so no CRL; one by its issuer that is known to be good and lists it counts
/// all the same.
pub(super) fn check_pinned(leaf: &Certificate<'_>, basis: &Basis<'_>) -> Option<Reason> {
    // Nobody revokes what is its own issuer (RFC 5280 section 6.1: a trust anchor's revocation is for who pinned it).
    if leaf.is_self_issued() {
        return None;
    }
    revocation::find_revocation(basis.crls?, leaf, conditions(basis)).map(leaf_revoked)
}

/// Whether any list by the issuer's name has a certificate that no path speaks for, whoever signed that list: whoever leaves
/// out an issuer's certificate hides the path, not the entry.
pub(crate) fn check_listed(leaf: &Certificate<'_>, crls: Option<&CrlStore>) -> Option<Reason> {
    crls?.lists(leaf).filter(|_| !leaf.is_self_issued()).map(leaf_revoked)
}

fn leaf_revoked(Entry { reason, date }: Entry) -> Reason {
    Reason::new(Code::CertificateRevoked, 0, Culprit::Presented(0)).with(Detail::Revoked { reason, date })
}

/// For which seconds the CRLs say that a certificate beside the path, by an issuer on it, was not revoked; None where they
/// do not say so. There must be CRLs.
pub(super) fn vouched_for<'c>(
    issued: Issued<'_, '_>,
    path: &Path<'_, 'c>,
    presented: &[Option<Certificate<'c>>],
    basis: &Basis<'_>,
) -> Option<(i64, i64)> {
    let (store, anchor) = (basis.crls?, path.anchor.certificate());
    let mut signers = OtherSigners { store, anchor: &anchor, presented, basis, nesting: Nesting::default() };
    let finding = revocation::check(store, issued, conditions(basis), &mut signers);
    (finding.status == CrlStatus::NotRevoked).then_some((finding.from, finding.until))
}

fn conditions<'r>(basis: &Basis<'r>) -> Conditions<'r> {
    let rules = basis.rules;
    Conditions { rules: &rules.crl, strength: rules.strength, time_skew: rules.time_skew, now: basis.now }
}

fn judged(status: CrlStatus, crl: Option<&Arc<CrlInfo>>) -> Option<(Code, Option<Detail>)> {
    let code = match status {
        CrlStatus::NotRevoked => return None,
        CrlStatus::Revoked(Entry { reason, date }) => {
            return Some((Code::CertificateRevoked, Some(Detail::Revoked { reason, date })));
        }
        CrlStatus::Unknown(fault) => match fault {
            CrlFault::Missing => Code::CrlMissing,
            CrlFault::Scope => Code::CrlScope,
            CrlFault::NotYetValid => Code::CrlNotYetValid,
            CrlFault::Expired => Code::CrlExpired,
            CrlFault::IssuerUnknown => Code::CrlIssuerUnknown,
            CrlFault::SignatureInvalid => Code::CrlSignatureInvalid,
            CrlFault::IssuerUnfit => Code::CrlIssuerUnfit,
            CrlFault::Unsupported => Code::CrlUnsupported,
        },
    };
    Some((code, crl.map(|crl| Detail::Text(crl.place().into()))))
}

/// Where else than on the path a CRL issuer's certificate may be.
struct OtherSigners<'s, 'c> {
    store: &'s CrlStore,
    anchor: &'s Certificate<'s>,
    presented: &'s [Option<Certificate<'c>>],
    basis: &'s Basis<'s>,
    nesting: Nesting<'s>,
}

impl Signers for OtherSigners<'_, '_> {
    fn authorise(&mut self, held: &HeldCrl, subject: Issued<'_, '_>) -> Result<(), CrlFault> {
        if self.nesting.assumed.is_some_and(|assumed| std::ptr::eq(assumed, held)) {
            return Ok(());
        }
        let name = held.crl().issuer();
        let of_own_issuer = name.matches(&subject.certificate.issuer());
        let mut fault = if of_own_issuer { CrlFault::SignatureInvalid } else { CrlFault::IssuerUnknown };
        let presented = self.presented.iter().flatten().filter(|candidate| candidate.subject().matches(&name)).copied();
        let known = held.signer().into_iter().chain(self.basis.anchors.named(&name).map(super::Anchor::certificate));
        let candidates = known.chain(self.store.signers_named(&name)).chain(presented).take(MOST_CANDIDATES);
        for candidate in candidates {
            let own_key = candidate.subject_public_key_info() == subject.issuer.subject_public_key_info();
            if own_key && of_own_issuer || held.check_signature(&candidate).is_err() {
                continue;
            }
            fault = if !may_sign_crls(&candidate) {
                CrlFault::IssuerUnfit
            } else if of_own_issuer && !self.is_same_authority(&candidate, subject.issuer)
                || !self.leads_to_anchor(&candidate, held)
            {
                CrlFault::IssuerUnknown
            } else {
                held.remember_signer(&candidate);
                return Ok(());
            };
        }
        Err(fault)
    }

    fn keeps(&self, issuer: &Certificate<'_>) -> bool {
        Arc::ptr_eq(issuer.layout(), self.anchor.layout()) || self.basis.memory.of(issuer).is_some()
    }
}

impl OtherSigners<'_, '_> {
    /// Whether another key of an issuer's name is the same authority's: it may sign nothing but CRLs, and has its certificate
    /// from that authority or from the one above it, or a self-issued certificate links both keys (RFC 5280 section 3.2).
    /// Otherwise it is another CA of the same name.
    fn is_same_authority(&self, candidate: &Certificate<'_>, issuer: &Certificate<'_>) -> bool {
        let is_ca = candidate.basic_constraints().is_some_and(|constraints| constraints.ca);
        if !is_ca || candidate.key_usage().is_some_and(|usage| !usage.allows(KeyUsage::KEY_CERT_SIGN)) {
            let by = candidate.issuer();
            return by.matches(&issuer.subject()) || by.matches(&issuer.issuer());
        }
        let links = |link: &Certificate<'_>, key: &Certificate<'_>, by: &Certificate<'_>| {
            link.subject_public_key_info() == key.subject_public_key_info()
                && link.is_self_issued()
                && link.subject().matches(&by.subject())
                && Key::of(by).verify(by, link.into()).is_ok()
        };
        let others = self.presented.iter().flatten().filter(|other| other.subject().matches(&issuer.subject()));
        [*candidate, *issuer]
            .iter()
            .chain(others)
            .take(MOST_CANDIDATES)
            .any(|link| links(link, candidate, issuer) || links(link, issuer, candidate))
    }

    /// Whether the certificate is good for the CA that the path under examination leads to (RFC 5280 section 6.3.3 (f)).
    fn leads_to_anchor(&self, candidate: &Certificate<'_>, held: &HeldCrl) -> bool {
        if candidate.as_der() == self.anchor.as_der() {
            return true;
        }
        if self.nesting.depth >= MOST_NESTED {
            return false;
        }
        let given = self.store.signers().map(Some);
        let certificates: Vec<Option<Certificate<'_>>> =
            std::iter::once(Some(*candidate)).chain(self.presented.iter().copied()).chain(given).collect();
        let rules = Rules { eku: EkuRule::Any, ..self.basis.rules.clone() };
        let basis = Basis { rules: &rules, answers: None, ..*self.basis };
        let nesting = Nesting { depth: self.nesting.depth + 1, assumed: Some(held) };
        // With `leaf`, nobody but the client's certificate is looked up.
        let basis = match self.basis.rules.crl.check {
            CrlCheck::Chain => basis,
            CrlCheck::Leaf | CrlCheck::Off => Basis { crls: None, ..basis },
        };
        search::search(&certificates, &basis, nesting).is_some_and(|outcome| {
            let anchor = outcome.anchor.as_ref();
            outcome.reasons.is_empty()
                && anchor.is_some_and(|anchor| anchor.certificate().as_der() == self.anchor.as_der())
        })
    }
}
