//! Is the presented chain good? Path building, RFC 5280 validation and the second opinion.

mod anchor;
mod certificate_policies;
mod legacy;
mod memory;
mod name_constraints;
mod ocsp;
mod path_checks;
mod reason;
mod registration;
mod revocation;
mod rules;
mod search;
mod second_opinion;

use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

pub use reason::{Code, Culprit, Detail, Reason, TlsVersion};
pub use second_opinion::{Abstention, SecondOpinion};

pub(crate) use anchor::{Anchor, AnchorStore};
pub(crate) use memory::{Memory, Recollection};
pub(crate) use ocsp::{OcspCheck, OcspRules};
pub(crate) use path_checks::check_anchor;
pub(crate) use registration::{Lookup, may_be_rescued};
pub(crate) use revocation::{Evidence, check_listed};
pub(crate) use rules::{EkuRule, Rules, SecondOpinionRule};
pub(crate) use search::{Indexes, MAX_CERTIFICATES};

use crate::certificate::{Certificate, Name};
use crate::revocation::CrlStore;
use crate::revocation::ocsp::Known;
use crate::signature::Key;
use name_constraints::Comparisons;
use revocation::{Nesting, RevocationReport};

/// What a chain is examined by.
#[derive(Clone, Copy)]
pub(crate) struct Basis<'p> {
    pub(crate) anchors: &'p AnchorStore,
    /// None where CRLs are not looked at.
    pub(crate) crls: Option<&'p CrlStore>,
    /// None where OCSP answers are not looked at.
    pub(crate) answers: Option<Known<'p>>,
    pub(crate) rules: &'p Rules,
    pub(crate) memory: &'p Recollection<'p>,
    /// Unix seconds.
    pub(crate) now: i64,
}

/// What the validators found out about a chain.
pub(crate) struct Examination {
    /// Everything that is wrong, the primary reason first. Nothing if the chain is good.
    pub(crate) reasons: Vec<Reason>,
    /// The path that was accepted or came closest: indexes into what was presented, leaf first.
    pub(crate) path: Indexes,
    /// The anchor at its end.
    pub(crate) anchor: Option<Arc<Anchor>>,
    pub(crate) second_opinion: SecondOpinion,
    pub(crate) revocation: RevocationReport,
}

/// Examines the presented certificates, leaf first; there is a gap for each one that could not be read, but the first can.
pub(crate) fn examine(presented: &[Option<Certificate<'_>>], leaf: Certificate<'_>, basis: &Basis<'_>) -> Examination {
    if let Some(examination) = pinned(leaf, basis) {
        return examination;
    }
    let (mut examination, keys) = match search::search(presented, basis, Nesting::default()) {
        Some(outcome) => {
            let examination = Examination {
                reasons: outcome.reasons,
                path: outcome.presented,
                anchor: outcome.anchor,
                second_opinion: SecondOpinion::NotAsked,
                revocation: outcome.revocation,
            };
            (examination, outcome.keys)
        }
        None => (no_anchor(presented, leaf, basis.anchors), Vec::new()),
    };
    if examination.reasons.is_empty() {
        confirm(&mut examination, presented, basis);
        if examination.reasons.is_empty() {
            remember(&examination, keys, presented, basis.memory);
        }
    } else if examination.reasons.iter().any(|reason| path_checks::hides_leaf(reason.code)) {
        examination.reasons.extend(path_checks::check_leaf_alone(&leaf, basis.rules, basis.now));
    }
    finish(examination)
}

/// Examines a leaf for which no path has to speak.
pub(crate) fn examine_leaf(leaf: Certificate<'_>, rules: &Rules, now: i64) -> Examination {
    let reasons = path_checks::check_leaf_alone(&leaf, rules, now);
    let (second_opinion, revocation) = (SecondOpinion::NotAsked, RevocationReport::default());
    Examination { reasons, path: smallvec![0], anchor: None, second_opinion, revocation }
}

/// Examines a path again that was accepted before, under what holds now: everything but its signatures, which once were
/// good and so always are. No other path is looked for.
pub(crate) fn examine_again(
    presented: &[Option<Certificate<'_>>],
    leaf: Certificate<'_>,
    path: &[usize],
    anchor: &Certificate<'_>,
    basis: &Basis<'_>,
) -> Examination {
    if anchor.as_der() == leaf.as_der()
        && let Some(examination) = pinned(leaf, basis)
    {
        return examination;
    }
    let (path, second_opinion) = (Indexes::from_slice(path), SecondOpinion::NotAsked);
    let certificates: SmallVec<[Certificate<'_>; 8]> = path.iter().filter_map(|index| presented[*index]).collect();
    let found = basis.anchors.find(anchor.as_der()).filter(|_| certificates.len() == path.len());
    let Some(anchor) = found else {
        let top = path.len() - 1;
        let reason =
            Reason::new(Code::IssuerUnknown, u32::try_from(top).unwrap_or(u32::MAX), Culprit::Presented(path[top]));
        let revocation = RevocationReport::default();
        return Examination { reasons: vec![reason], path, anchor: None, second_opinion, revocation };
    };
    let examined = path_checks::Path { certificates: &certificates, presented: &path, anchor };
    let comparisons = &mut Comparisons::new(basis.rules.max_name_comparisons);
    let mut reasons = path_checks::check(&examined, basis.rules, basis.now, comparisons);
    let mut revocation = revocation::check(&examined, presented, basis, Nesting::default());
    ocsp::check(&examined, presented, basis, &mut revocation);
    reasons.append(&mut revocation.reasons);
    let anchor = Some(Arc::clone(anchor));
    let mut examination = Examination { reasons, path, anchor, second_opinion, revocation };
    if examination.reasons.is_empty() {
        confirm(&mut examination, presented, basis);
    }
    finish(examination)
}

/// The leaf is itself an anchor, so nobody else has to vouch for it.
fn pinned(leaf: Certificate<'_>, basis: &Basis<'_>) -> Option<Examination> {
    let rules = basis.rules;
    if !rules.accept_pinned_leaf {
        return None;
    }
    let anchor = basis.anchors.find(leaf.as_der())?;
    let mut reasons = path_checks::check_leaf_alone(&leaf, rules, basis.now);
    reasons.extend(revocation::check_pinned(&leaf, basis));
    let second_opinion = match reasons.is_empty() && rules.second_opinion != SecondOpinionRule::Off {
        true => SecondOpinion::Abstained(Abstention::PinnedLeaf),
        false => SecondOpinion::NotAsked,
    };
    reasons.extend(second_opinion.objection(rules.second_opinion));
    let (anchor, revocation) = (Some(Arc::clone(anchor)), RevocationReport::default());
    Some(finish(Examination { reasons, path: smallvec![0], anchor, second_opinion, revocation }))
}

/// No anchor can be reached even by names: says where the chain ends.
fn no_anchor(presented: &[Option<Certificate<'_>>], leaf: Certificate<'_>, anchors: &AnchorStore) -> Examination {
    // A hash of each name, so that all of them are not compared with all others.
    let hash = |name: &Name<'_>| anchors.canonical_hash(name);
    let subjects: Vec<Option<u64>> = presented.iter().map(|c| c.map(|c| hash(&c.subject()))).collect();
    let mut path: Indexes = smallvec![0];
    let mut last = leaf;
    while !last.is_self_issued() && path.len() < presented.len() {
        let issuer = last.issuer();
        let wanted = Some(hash(&issuer));
        let next = presented.iter().enumerate().find(|(index, candidate)| {
            subjects[*index] == wanted
                && !path.contains(index)
                && candidate.is_some_and(|candidate| candidate.subject().matches(&issuer))
        });
        let Some((index, Some(certificate))) = next else { break };
        path.push(index);
        last = *certificate;
    }
    let alone = path.len() == 1;
    let code = match (last.is_self_issued(), alone) {
        (true, true) => Code::SelfSigned,
        (true, false) => Code::SelfSignedInChain,
        (false, true) if presented.len() == 1 => Code::LeafIssuerUnknown,
        (false, _) => Code::IssuerUnknown,
    };
    let depth = path.len() - 1;
    let reason = Reason::new(code, u32::try_from(depth).unwrap_or(u32::MAX), Culprit::Presented(path[depth]));
    let (second_opinion, revocation) = (SecondOpinion::NotAsked, RevocationReport::default());
    Examination { reasons: vec![reason], path, anchor: None, second_opinion, revocation }
}

/// Asks the second validator about an accepted path.
fn confirm(examination: &mut Examination, presented: &[Option<Certificate<'_>>], basis: &Basis<'_>) {
    let mut path: SmallVec<[Certificate<'_>; 8]> = SmallVec::new();
    path.extend(examination.path.iter().filter_map(|index| presented[*index]));
    let Some(anchor) = examination.anchor.as_ref() else {
        examination.reasons.push(Reason::of_connection(Code::InternalError));
        return;
    };
    if basis.rules.second_opinion != SecondOpinionRule::Off {
        examination.second_opinion = second_opinion::ask(&path, anchor, basis.rules, basis.now);
        examination.reasons.extend(examination.second_opinion.objection(basis.rules.second_opinion));
    }
}

/// Remembers the intermediates of a path that stays accepted. `keys` are those that were parsed, each with the index of its
/// certificate.
fn remember(
    examination: &Examination,
    mut keys: Vec<(usize, Key)>,
    presented: &[Option<Certificate<'_>>],
    memory: &Recollection<'_>,
) {
    let Some(anchor) = &examination.anchor else { return };
    let mut issuer = anchor.certificate();
    for index in examination.path.iter().skip(1).rev() {
        let Some(certificate) = presented[*index] else { return };
        let key = keys.iter().position(|(of, _)| of == index).map(|position| keys.swap_remove(position).1);
        memory.remember(&certificate, key, &issuer);
        issuer = certificate;
    }
}

/// Puts the primary reason first and drops what is said twice.
fn finish(mut examination: Examination) -> Examination {
    examination.reasons.sort_by_key(|reason| (reason.code.rank(), reason.depth));
    examination.reasons.dedup();
    examination
}
