//! What RFC 5280 section 6 asks of a whole path whose signatures are good, reported in full.

use super::anchor::Anchor;
use super::certificate_policies;
use super::name_constraints::{Comparisons, Constraints};
use super::reason::{Code, Culprit, Detail, Reason};
use super::rules::{EkuRule, Rules};
use crate::certificate::{Certificate, ExtensionKind, KeyUsage};
use crate::signature::{KeyKind, SignatureAlgorithm, SignatureFault};

/// A path under examination: certificates leaf first, where each was presented, and the anchor on top.
pub(super) struct Path<'p, 'c> {
    pub(super) certificates: &'p [Certificate<'c>],
    pub(super) presented: &'p [usize],
    pub(super) anchor: &'p Anchor,
}

impl Path<'_, '_> {
    /// The depth of the anchor.
    fn top(&self) -> usize {
        self.certificates.len()
    }

    fn reason(&self, code: Code, depth: usize) -> Reason {
        let culprit = self.presented.get(depth).map_or(Culprit::Anchor, |index| Culprit::Presented(*index));
        Reason::new(code, u32::try_from(depth).unwrap_or(u32::MAX), culprit)
    }
}

/// Everything that is wrong with the path but its signatures; nothing if it is good.
pub(super) fn check(path: &Path<'_, '_>, rules: &Rules, now: i64, comparisons: &mut Comparisons) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut blame = |code, depth| reasons.push(path.reason(code, depth));
    let anchor = path.anchor.certificate();
    for (depth, certificate) in path.certificates.iter().enumerate() {
        check_any(certificate, rules, now, |code| blame(code, depth));
        if SignatureAlgorithm::of(certificate.signature_algorithm())
            .is_some_and(|algorithm| !algorithm.is_strong_enough(rules.strength))
        {
            blame(Code::SignatureAlgorithmWeak, depth);
        }
        if depth == 0 {
            check_leaf(certificate, rules, |code| blame(code, depth));
        } else {
            check_issuer(certificate, false, rules, |code| blame(code, depth));
        }
    }
    check_any(&anchor, rules, now, |code| blame(code, path.top()));
    check_issuer(&anchor, true, rules, |code| blame(code, path.top()));
    if !path.anchor.key().kind().is_strong_enough(rules.strength) {
        blame(Code::CaKeyTooWeak, path.top());
    }
    check_lengths(path, rules, &mut blame);
    check_tls_features(path, &mut blame);
    if let Err((code, depth)) = certificate_policies::check(path.certificates) {
        blame(code, depth);
    }
    check_names(path, comparisons, &mut blame);
    reasons
}

/// Everything that is wrong with a leaf, whoever may have issued it.
pub(super) fn check_leaf_alone(leaf: &Certificate<'_>, rules: &Rules, now: i64) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut blame = |code| reasons.push(Reason::new(code, 0, Culprit::Presented(0)));
    check_any(leaf, rules, now, &mut blame);
    check_leaf(leaf, rules, &mut blame);
    reasons
}

/// Whether a reason ended the examination before the leaf's own defects were looked at.
pub(super) fn hides_leaf(code: Code) -> bool {
    code.is_trust_failure()
        || matches!(code, Code::SignatureInvalid | Code::SignatureAlgorithmUnsupported | Code::IssuerKeyUnsupported)
}

/// Whether a certificate could be an issuer at all, whatever path it is on.
pub(super) fn could_issue(certificate: &Certificate<'_>, rules: &Rules, now: i64) -> bool {
    let mut could = true;
    check_any(certificate, rules, now, |_| could = false);
    check_issuer(certificate, false, rules, |_| could = false);
    could
}

/// What keeps a pinned certificate from being a client's CA, whatever was issued by it; its validity, and a key below the
/// rules' strength, which pinning allows, are among it.
pub(crate) fn check_anchor(anchor: &Certificate<'_>, rules: &Rules, now: i64) -> Vec<Code> {
    let mut codes = Vec::new();
    check_any(anchor, rules, now, |code| codes.push(code));
    check_issuer(anchor, true, rules, |code| codes.push(code));
    if !KeyKind::of(anchor).is_strong_enough(rules.strength) {
        codes.push(Code::CaKeyTooWeak);
    }
    codes
}

fn check_any(certificate: &Certificate<'_>, rules: &Rules, now: i64, mut blame: impl FnMut(Code)) {
    if now < certificate.not_before().saturating_sub(rules.time_skew) {
        blame(Code::CertificateNotYetValid);
    }
    if now > certificate.not_after().saturating_add(rules.time_skew) {
        blame(Code::CertificateExpired);
    }
    if certificate.unknown_critical_extension().is_some() {
        blame(Code::CriticalExtension);
    }
}

fn check_leaf(leaf: &Certificate<'_>, rules: &Rules, mut blame: impl FnMut(Code)) {
    if leaf.version() != 3 && !rules.accept_v1 {
        blame(Code::VersionRefused);
    }
    if leaf.basic_constraints().is_some_and(|constraints| constraints.ca) && !rules.accept_ca_leaf {
        blame(Code::CaAsLeaf);
    }
    let is_ca = leaf.basic_constraints().is_some_and(|constraints| constraints.ca);
    // RFC 5280 section 4.2.1.10: only a CA constrains names.
    if leaf.name_constraints().is_some() && !is_ca {
        blame(Code::NameConstraintUnsupported);
    }
    // RFC 5280 section 4.1.2.6: without a subject, the alternative names are who it is.
    if leaf.subject().is_empty() && !leaf.is_critical(ExtensionKind::SubjectAltName) {
        blame(Code::SubjectMissing);
    }
    // What OpenSSL's purpose sslclient asks: the key must be able to take part in the handshake. A CA's key that may sign
    // certificates is excused where `accept_ca_leaf` takes such certificates at all.
    let unusable = |usage: KeyUsage| {
        let signs = usage.allows(KeyUsage::DIGITAL_SIGNATURE) || usage.allows(KeyUsage::KEY_AGREEMENT);
        !(signs || is_ca && usage.allows(KeyUsage::KEY_CERT_SIGN))
    };
    if rules.eku.is_for_clients() && leaf.key_usage().is_some_and(unusable) {
        blame(Code::KeyUsage);
    }
    let purpose_allowed = match leaf.has_extended_key_usage() {
        true => leaf.extended_key_usages().any(|usage| rules.eku.allows(|oid| oid == usage)),
        false => rules.eku != EkuRule::ClientAuthRequired,
    };
    if !purpose_allowed {
        blame(Code::ExtendedKeyUsage);
    }
    if !KeyKind::of(leaf).is_strong_enough(rules.strength) {
        blame(Code::LeafKeyTooWeak);
    }
}

fn check_issuer(issuer: &Certificate<'_>, is_anchor: bool, rules: &Rules, mut blame: impl FnMut(Code)) {
    let certifies = || issuer.key_usage().is_some_and(|usage| usage.allows(KeyUsage::KEY_CERT_SIGN));
    match issuer.basic_constraints() {
        // RFC 5280 section 4.1.2.6: a CA has a name.
        Some(constraints) if constraints.ca && !issuer.subject().is_empty() => {}
        // A version 1 root has no extensions that could say it; pinning it did. Old version 3 roots have keyUsage alone.
        None if is_anchor && (issuer.version() != 3 || issuer.is_self_issued() && certifies()) => {}
        _ => blame(Code::IssuerNotCa),
    }
    if !is_anchor && issuer.version() != 3 {
        blame(Code::IssuerVersion);
    }
    if issuer.key_usage().is_some_and(|usage| !usage.allows(KeyUsage::KEY_CERT_SIGN)) {
        blame(Code::IssuerKeyUsage);
    }
    if issuer.has_extended_key_usage()
        && !issuer.extended_key_usages().any(|usage| rules.eku.allows_in_ca(|oid| oid == usage))
    {
        blame(Code::ExtendedKeyUsage);
    }
    if !is_anchor && !KeyKind::of(issuer).is_strong_enough(rules.strength) {
        blame(Code::CaKeyTooWeak);
    }
}

fn check_lengths(path: &Path<'_, '_>, rules: &Rules, blame: &mut impl FnMut(Code, usize)) {
    let anchor = path.anchor.certificate();
    let issuers = || (1..).zip(path.certificates.iter().skip(1).chain(std::iter::once(&anchor)));
    let limit = |issuer: &Certificate<'_>| issuer.basic_constraints().and_then(|constraints| constraints.path_length);
    // Few paths have an issuer with more intermediates below it than its limit, even if all of them count.
    if issuers().any(|(depth, issuer)| limit(issuer).is_some_and(|limit| depth - 1 > limit as usize)) {
        // Intermediates below the one in hand that are not self-issued (RFC 5280 section 4.2.1.9).
        let mut below = 0;
        for (depth, issuer) in issuers() {
            if limit(issuer).is_some_and(|limit| below > limit) {
                blame(Code::PathLengthExceeded, depth);
            }
            below += u32::from(!issuer.is_self_issued());
        }
    }
    let intermediates = path.certificates.len() - 1;
    if intermediates > rules.depth as usize {
        blame(Code::ChainTooLong, path.top());
    }
}

/// RFC 7633 section 4.2.2: what a CA's certificate promises of TLS, the certificates that it issues must promise too.
fn check_tls_features(path: &Path<'_, '_>, blame: &mut impl FnMut(Code, usize)) {
    let anchor = path.anchor.certificate();
    let issuers = path.certificates.iter().skip(1).chain(std::iter::once(&anchor));
    for (depth, (certificate, issuer)) in path.certificates.iter().zip(issuers).enumerate() {
        if !issuer.tls_features().all(|feature| certificate.tls_features().any(|own| own == feature)) {
            blame(Code::TlsFeatureMissing, depth);
        }
    }
}

fn check_names(path: &Path<'_, '_>, comparisons: &mut Comparisons, blame: &mut impl FnMut(Code, usize)) {
    let anchor = path.anchor.certificate();
    let issuers = path.certificates.iter().skip(1).chain(std::iter::once(&anchor));
    for (depth, issuer) in (1..).zip(issuers) {
        let Some(constraints) = issuer.name_constraints().map(|constraints| Constraints::new(&constraints)) else {
            continue;
        };
        for (below, certificate) in path.certificates[..depth].iter().enumerate() {
            // RFC 5280 section 6.1.3 (b): a self-issued certificate that is not the last is exempt.
            if below > 0 && certificate.is_self_issued() {
                continue;
            }
            if let Err(code) = constraints.check(certificate, comparisons) {
                blame(code, below);
            }
        }
    }
}

/// The reason for an edge whose signature does not count.
pub(super) fn signature_reason(fault: SignatureFault, depth: usize, presented: usize) -> Reason {
    let code = match fault {
        SignatureFault::Invalid => Code::SignatureInvalid,
        SignatureFault::AlgorithmUnsupported => Code::SignatureAlgorithmUnsupported,
        SignatureFault::KeyUnsupported => Code::IssuerKeyUnsupported,
    };
    Reason::new(code, u32::try_from(depth).unwrap_or(u32::MAX), Culprit::Presented(presented))
}

/// A limit that ended the search.
pub(super) fn exhausted(limit: &'static str) -> Reason {
    Reason::new(Code::SearchExhausted, 0, Culprit::Presented(0)).with(Detail::Remark(limit))
}
