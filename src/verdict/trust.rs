//! What makes a certificate acceptable: a path to a pinned CA, a registered key, both, or either.

use smallvec::SmallVec;

use super::user;
use crate::certificate::{Certificate, Chain};
use crate::identity::{Client, Mapping};
use crate::policy::{Policy, Trust};
use crate::registry::{Found, Registration};
use crate::verify::{Anchor, Code, Culprit, Examination, Lookup, Reason, check_listed, examine_leaf, may_be_rescued};

/// What speaks for a client, and against it.
pub(super) struct Proof {
    /// The path that was accepted or came closest; the leaf alone where its key alone speaks for it. Its reasons are all
    /// that there are.
    pub(super) examination: Examination,
    /// The registration, where it counts.
    pub(super) registration: Option<Box<Registration>>,
    /// Whether a path was not looked for, or not accepted.
    pub(super) by_key: bool,
    pub(super) mapping: Option<Mapping>,
    /// Whether nothing is missing but a registration of the key.
    pub(super) may_enrol: bool,
    /// The seconds for which the registration stays what it is.
    pub(super) from: i64,
    pub(super) until: i64,
}

/// The certificates above the leaf on a path.
pub(super) type Issuers<'c> = SmallVec<[Certificate<'c>; 4]>;

/// Weighs a leaf at `now`. `examine` looks for a path, or at the one that was accepted before.
pub(super) fn weigh(
    policy: &Policy,
    chain: &Chain,
    leaf: Certificate<'_>,
    lookup: Lookup<'_>,
    now: i64,
    examine: impl FnOnce() -> Examination,
) -> Proof {
    let needs_issuers = !policy.identity_rules().rules().is_empty();
    let rules = policy.rules();
    let trust = policy.trust();
    let restricted = lookup.found().is_some_and(|found| found.ca.is_some());
    let alone = || examine_leaf(leaf, rules, now);
    let path = (trust != Trust::Key || restricted).then(examine);
    let accepted = path.as_ref().filter(|path| path.reasons.is_empty() && (needs_issuers || restricted));
    let accepted = accepted.map(|path| (path.path.clone(), path.anchor.clone()));
    let issuers = accepted.as_ref().map(|(path, anchor)| issuers(chain, path, anchor.as_deref()));
    let leads_to = |ca: &[u8; 32]| issuers.iter().flatten().any(|issuer| issuer.spki_sha256() == *ca);
    let judged = lookup.judge(now, rules.time_skew, leads_to);
    let missing = judged.as_ref().err().copied();
    let mut by_key = trust == Trust::Key;
    let mut examination = match (trust, path) {
        // What names a CA is bound to what that CA says of it.
        (Trust::Key, Some(path)) if path.reasons.iter().all(|reason| reason.code.is_about_revocation()) => path,
        (Trust::Key, path) => {
            let mut examination = alone();
            let against = path.into_iter().flat_map(|path| path.reasons);
            examination.reasons.extend(against.filter(|reason| reason.code == Code::CertificateRevoked));
            examination
        }
        (Trust::CaOrKey, Some(mut path)) if !path.reasons.is_empty() => {
            if !path.reasons.iter().any(|reason| reason.code == Code::CertificateRevoked) {
                path.reasons.extend(check_listed(&leaf, policy.crls()));
            }
            let rescue = path.reasons.iter().all(|reason| may_be_rescued(reason.code));
            let key_speaks = matches!(missing, None | Some(Code::RegistrationPending));
            let by_leaf = alone();
            if rescue && key_speaks && by_leaf.reasons.is_empty() {
                by_key = true;
                by_leaf
            } else {
                path
            }
        }
        (_, Some(path)) => path,
        (_, None) => alone(),
    };
    let sound = examination.reasons.is_empty();
    let enrolled_would_be_good = || {
        sound
            || trust == Trust::CaOrKey
                && examination.reasons.iter().all(|reason| may_be_rescued(reason.code))
                && alone().reasons.is_empty()
    };
    let may_enrol = missing == Some(Code::KeyNotRegistered) && policy.registry().is_some() && enrolled_would_be_good();
    match missing {
        // An answer would change nothing.
        Some(Code::RegistrationPending)
            if !examination.reasons.iter().all(|reason| reason.code.is_pending() || policy.tolerates(reason.code)) => {}
        Some(code) if refuses(trust, by_key, sound, code) => {
            examination.reasons.push(Reason::new(code, 0, Culprit::Presented(0)));
        }
        _ => {}
    }
    let registered = judged.ok();
    let mut mapping = None;
    if examination.reasons.is_empty() {
        let issuers = (!by_key).then(|| issuers.as_deref().unwrap_or_default());
        let client =
            Client { leaf, issuers, registered: registered.map(|found| found.user), both: trust == Trust::CaAndKey };
        match policy.identity_rules().map(&client) {
            Ok(named) => mapping = named,
            Err(refusal) => examination.reasons.push(user::reason(&refusal)),
        }
    }
    let (from, until) = bounds(lookup.found(), rules.time_skew, now);
    let registration = registered.map(|found| Box::new(found.to_registration()));
    Proof { examination, registration, by_key, mapping, may_enrol, from, until }
}

/// Whether a certificate is refused because its registration does not count for this cause.
fn refuses(trust: Trust, by_key: bool, sound: bool, code: Code) -> bool {
    match trust {
        Trust::Ca => false,
        Trust::Key | Trust::CaAndKey => true,
        // Where a CA vouches for it, the operator's word against this key counts, and that it may have been given.
        Trust::CaOrKey if sound && !by_key => {
            matches!(code, Code::RegistrationRevoked | Code::RegistrationPending | Code::RegistryUnavailable)
        }
        Trust::CaOrKey => true,
    }
}

/// The certificates above the leaf on a path, the anchor last unless it is the leaf itself.
pub(super) fn issuers<'c>(chain: &'c Chain, path: &[usize], anchor: Option<&'c Anchor>) -> Issuers<'c> {
    let leaf = chain.certificate_der(0);
    let anchor = anchor.map(Anchor::certificate).filter(|anchor| path.len() > 1 || Some(anchor.as_der()) != leaf);
    path.iter().skip(1).filter_map(|index| chain.certificate(*index)).chain(anchor).collect()
}

/// The seconds around `now` in which no date of a registration changes anything.
fn bounds(found: Option<Found<'_>>, skew: i64, now: i64) -> (i64, i64) {
    let Some(found) = found else { return (i64::MIN, i64::MAX) };
    let (mut from, mut until) = (i64::MIN, i64::MAX);
    if let Some(first) = found.not_before.map(|first| first.saturating_sub(skew)) {
        if now < first {
            until = until.min(first - 1);
        } else {
            from = from.max(first);
        }
    }
    if let Some(last) = found.not_after.map(|last| last.saturating_add(skew)) {
        if now > last {
            from = from.max(last.saturating_add(1));
        } else {
            until = until.min(last);
        }
    }
    (from, until)
}
