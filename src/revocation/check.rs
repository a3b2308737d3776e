//! Was a certificate revoked, by all CRLs that are about it (RFC 5280 section 6.3.3)?

use std::sync::Arc;

use smallvec::SmallVec;

use super::distribution_point::{self, DistributionPoint, DistributionPoints};
use super::held::{CrlInfo, HeldCrl};
use super::issuing_distribution_point::ReasonFlags;
use super::plain::PlainCrl;
use super::store::{CrlStore, Issuer};
use super::unlisted::Unlisted;
use super::{Entry, RevocationReason};
use crate::certificate::{Certificate, KeyUsage};
use crate::signature::Strength;

/// What the CRLs of a policy are worth.
#[derive(Clone, Debug)]
pub(crate) struct CrlRules {
    pub(crate) check: CrlCheck,
    /// Whether a certificate that no CRL covers is taken as not revoked.
    pub(crate) allow_missing: bool,
    /// Seconds for which a CRL is used beyond its nextUpdate; None for ever.
    pub(crate) grace: Option<i64>,
}

/// Which certificates of a path are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CrlCheck {
    Off,
    Leaf,
    Chain,
}

/// What the CRLs say of one certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finding<'s> {
    pub(crate) status: CrlStatus,
    /// The CRL that decided, or the first that could not.
    pub(crate) crl: Option<&'s Arc<CrlInfo>>,
    /// The seconds for which the answer holds.
    pub(crate) from: i64,
    pub(crate) until: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CrlStatus {
    NotRevoked,
    Revoked(Entry),
    Unknown(CrlFault),
}

/// Why the CRLs do not say whether a certificate was revoked; of several, the last one here is the most telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CrlFault {
    Missing,
    Scope,
    NotYetValid,
    Expired,
    IssuerUnknown,
    SignatureInvalid,
    IssuerUnfit,
    Unsupported,
}

impl CrlFault {
    /// Whether it is as if there were no CRL, rather than one that cannot be trusted.
    pub(crate) fn is_absence(self) -> bool {
        matches!(self, Self::Missing | Self::Scope)
    }
}

/// A certificate with its issuer, on the path under examination.
#[derive(Clone, Copy)]
pub(crate) struct Issued<'p, 'c> {
    pub(crate) certificate: &'p Certificate<'c>,
    pub(crate) issuer: &'p Certificate<'c>,
    /// What is remembered of the certificate, if it is.
    pub(crate) unlisted: Option<&'p Unlisted>,
}

/// Other certificates that a CRL's issuer may have than the one on the path.
pub(crate) trait Signers {
    /// The key of a certificate of this name that signed the CRL, that may sign CRLs for `subject`'s issuer, and that leads
    /// to the CA that the path leads to.
    ///
    /// # Errors
    ///
    /// Why there is none.
    fn authorise(&mut self, held: &HeldCrl, subject: Issued<'_, '_>) -> Result<(), CrlFault>;

    /// Whether the certificate is kept, so that it comes with the same layout again.
    fn keeps(&self, issuer: &Certificate<'_>) -> bool;
}

/// When, and how strict.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conditions<'r> {
    pub(crate) rules: &'r CrlRules,
    pub(crate) strength: Strength,
    pub(crate) time_skew: i64,
    pub(crate) now: i64,
}

/// Looks a certificate up in every CRL that is about it. Its issuer has to be that by name, too, because a CRL may be found by
/// either.
#[inline]
pub(crate) fn check<'s>(
    store: &'s CrlStore,
    subject: Issued<'_, '_>,
    conditions: Conditions<'_>,
    signers: &mut impl Signers,
) -> Finding<'s> {
    let known = store.signed_by(subject.issuer);
    match known.and_then(|plain| cleared(plain, &subject, &conditions)) {
        Some(finding) => finding,
        None => search(store, subject, conditions, signers),
    }
}

/// What the usual list says of a certificate that it does not have; anything else is left to the whole search.
#[inline]
fn cleared<'s>(plain: &'s PlainCrl, subject: &Issued<'_, '_>, conditions: &Conditions<'_>) -> Option<Finding<'s>> {
    let (from, until) = plain.clears(subject, conditions)?;
    Some(Finding { status: CrlStatus::NotRevoked, crl: Some(plain.info()), from, until })
}

#[inline(never)]
fn search<'s>(
    store: &'s CrlStore,
    subject: Issued<'_, '_>,
    conditions: Conditions<'_>,
    signers: &mut impl Signers,
) -> Finding<'s> {
    let issuer = store.find(&subject.certificate.issuer());
    if let Some(plain) = issuer.and_then(Issuer::plain).filter(|plain| plain.is_by_key_of(subject.issuer)) {
        if signers.keeps(subject.issuer) {
            plain.remember_signer(subject.issuer);
        }
        if let Some(finding) = cleared(plain, &subject, &conditions) {
            return finding;
        }
    }
    let own = issuer.map_or(&[][..], Issuer::crls);
    let mut search = Search { subject, conditions, signers, answer: Answer::default() };
    let points = match distribution_point::distribution_points(subject.certificate) {
        Some(points) => points,
        // What it names is of no use to lists by its own issuer that are about everything.
        None if !store.has_indirect() => DistributionPoints::new(),
        None => {
            search.answer.fault(CrlFault::Scope, None);
            return search.answer.finish(conditions.rules);
        }
    };
    search.look(own, &points);
    if store.has_indirect() {
        for indirect in points.iter().flat_map(DistributionPoint::crl_issuers) {
            let crls = store.find(&indirect).map_or(&[][..], |issuer| issuer.crls());
            if !std::ptr::eq(crls, own) {
                search.look(crls, &points);
            }
        }
    }
    search.answer.finish(conditions.rules)
}

impl Conditions<'_> {
    /// Whether the algorithm of its signature is supported, and strong enough.
    fn allow_signature(&self, held: &HeldCrl) -> bool {
        held.crl().signature_algorithm().is_some_and(|algorithm| algorithm.is_strong_enough(self.strength))
    }

    /// The last second for which a list of this end is used by itself. Neither skew nor grace is negative.
    #[inline]
    pub(super) fn used_until(&self, end: i64) -> i64 {
        self.rules.grace.map_or(i64::MAX, |grace| end.saturating_add(self.time_skew).saturating_add(grace))
    }
}

/// Whether a certificate that needs no CRL is listed in one all the same, by an issuer who is known to have signed it.
pub(crate) fn find_revocation(
    store: &CrlStore,
    certificate: &Certificate<'_>,
    conditions: Conditions<'_>,
) -> Option<Entry> {
    let crls = store.find(&certificate.issuer())?.crls();
    let wanted = certificate.issuer_key_identifier();
    let is_issuer = |signer: &Certificate<'_>| match (wanted, signer.subject_key_identifier()) {
        (Some(wanted), Some(own)) => wanted == own,
        _ => true,
    };
    crls.iter().filter_map(|held| held.signer()).filter(is_issuer).find_map(|issuer| {
        let subject = Issued { certificate, issuer: &issuer, unlisted: None };
        let mut search = Search { subject, conditions, signers: &mut NobodyElse, answer: Answer::default() };
        for crls in series(crls).filter(|crls| !crls[0].crl().scope().only_attribute) {
            search.look_through(crls, &crls[0], ReasonFlags::NONE);
        }
        search.answer.revoked.map(|(entry, _)| entry)
    })
}

struct NobodyElse;

impl Signers for NobodyElse {
    fn authorise(&mut self, _: &HeldCrl, _: Issued<'_, '_>) -> Result<(), CrlFault> {
        Err(CrlFault::IssuerUnknown)
    }

    fn keeps(&self, _: &Certificate<'_>) -> bool {
        false
    }
}

/// For each series among these CRLs, those from its first on.
fn series(crls: &[Arc<HeldCrl>]) -> impl Iterator<Item = &[Arc<HeldCrl>]> {
    let is_first = |position: &usize| {
        let (earlier, rest) = crls.split_at(*position);
        !earlier.iter().any(|earlier| earlier.is_of_one_series_with(&rest[0]))
    };
    (0..crls.len()).filter(is_first).map(|position| &crls[position..])
}

struct Search<'s, 'p, 'c, S> {
    subject: Issued<'p, 'c>,
    conditions: Conditions<'p>,
    signers: &'p mut S,
    answer: Answer<'s>,
}

impl<'s, S: Signers> Search<'s, '_, '_, S> {
    /// Looks through the CRLs of one issuer's name, series by series.
    fn look(&mut self, crls: &'s [Arc<HeldCrl>], points: &DistributionPoints<'_>) {
        for crls in series(crls) {
            let first = &crls[0];
            let covers = self.covers(first, points);
            match covers == ReasonFlags::NONE {
                true => self.answer.fault(CrlFault::Scope, Some(first)),
                false => self.look_through(crls, first, covers),
            }
        }
    }

    /// The reasons of revocation for which a CRL is about the certificate.
    fn covers(&self, held: &HeldCrl, points: &DistributionPoints<'_>) -> ReasonFlags {
        let (certificate, issuer, scope) = (self.subject.certificate, held.crl().issuer(), held.crl().scope());
        if !distribution_point::includes_kind(certificate, scope) {
            return ReasonFlags::NONE;
        }
        let named = points
            .iter()
            .fold(distribution_point::covered_without_point(certificate, &issuer, scope), |covered, point| {
                covered.union(point.covered_by(certificate, &issuer, scope))
            });
        named.intersection(scope.only_some_reasons.unwrap_or(ReasonFlags::ALL))
    }

    /// Looks through a series, newest first. A revocation counts also where a newer list is without it, but for a hold.
    fn look_through(&mut self, crls: &'s [Arc<HeldCrl>], first: &HeldCrl, covers: ReasonFlags) {
        let Conditions { now, time_skew, .. } = self.conditions;
        let series = || crls.iter().filter(|held| held.is_of_one_series_with(first));
        // Current lists that say, or imply, that it is not revoked.
        let mut without: SmallVec<[&HeldCrl; 2]> = SmallVec::new();
        for held in series() {
            let crl = held.crl();
            if crl.this_update() > now.saturating_add(time_skew) {
                self.answer.wait_for(crl.this_update().saturating_sub(time_skew));
                self.answer.fault(CrlFault::NotYetValid, Some(held));
                continue;
            }
            if let Err(fault) = self.trust(held) {
                self.answer.fault(fault, Some(held));
                continue;
            }
            if crl.unknown_critical_extension().is_some() {
                self.answer.refuse(held);
                continue;
            }
            let until = self.last_second(held, series());
            let (is_delta, expired) = (held.is_delta(), until < now);
            let is_over = || without.iter().any(|newer| newer.is_newer_than(held));
            let entry = crl.find(&self.subject.certificate.issuer(), self.subject.certificate.serial());
            match entry.map(|entry| (entry, entry.reason)) {
                Some((_, Some(RevocationReason::RemoveFromCrl))) if is_delta && !expired => without.push(held),
                Some((_, Some(RevocationReason::RemoveFromCrl))) if is_delta => {}
                Some((_, Some(RevocationReason::CertificateHold))) if is_over() => {}
                Some(_) if expired && is_over() => {}
                Some((entry, _)) => self.answer.revoke(entry, held),
                None if is_delta || expired => {}
                None => without.push(held),
            }
            match (expired, is_delta) {
                (false, true) => self.answer.rely_on(held, until, time_skew),
                (false, false) => {
                    self.answer.rely_on(held, until, time_skew);
                    self.answer.cover(covers, held);
                }
                (true, _) => self.answer.fault(CrlFault::Expired, Some(held)),
            }
        }
    }

    /// Whether it is signed by somebody who may.
    fn trust(&mut self, held: &HeldCrl) -> Result<(), CrlFault> {
        if !self.conditions.allow_signature(held) {
            return Err(CrlFault::SignatureInvalid);
        }
        let issuer = self.subject.issuer;
        let is_named = || held.crl().issuer().matches(&issuer.subject());
        if held.is_signed_by(issuer) || is_named() && held.check_signature(issuer).is_ok() {
            if !may_sign_crls(issuer) {
                return Err(CrlFault::IssuerUnfit);
            }
            held.remember_signer(issuer);
            return Ok(());
        }
        self.signers.authorise(held, self.subject)
    }

    /// The last second for which a list is used. Once it is over, a delta that completes it speaks for it.
    fn last_second<'h>(&mut self, held: &HeldCrl, series: impl Iterator<Item = &'h Arc<HeldCrl>>) -> i64 {
        let conditions = self.conditions;
        let Conditions { time_skew, now, .. } = conditions;
        let own = conditions.used_until(held.end());
        if own >= now {
            return own;
        }
        let is_used = |delta: &HeldCrl| {
            delta.crl().this_update() <= now.saturating_add(time_skew)
                && delta.crl().unknown_critical_extension().is_none()
        };
        let deltas = series.filter(|delta| delta.completes(held) && is_used(delta));
        deltas
            .filter(|delta| self.trust(delta).is_ok())
            .map(|delta| conditions.used_until(delta.end()))
            .fold(own, i64::max)
    }
}

/// Whether the key usage of a certificate allows its key to sign CRLs (RFC 5280 section 4.2.1.3).
pub(crate) fn may_sign_crls(certificate: &Certificate<'_>) -> bool {
    certificate.key_usage().is_none_or(|usage| usage.allows(KeyUsage::CRL_SIGN))
}

/// What was found so far.
struct Answer<'s> {
    covered: ReasonFlags,
    revoked: Option<(Entry, &'s Arc<CrlInfo>)>,
    fault: Option<(CrlFault, Option<&'s Arc<CrlInfo>>)>,
    decided: Option<&'s Arc<CrlInfo>>,
    from: i64,
    until: i64,
}

impl Default for Answer<'_> {
    fn default() -> Self {
        Self { covered: ReasonFlags::NONE, revoked: None, fault: None, decided: None, from: i64::MIN, until: i64::MAX }
    }
}

impl<'s> Answer<'s> {
    fn fault(&mut self, fault: CrlFault, held: Option<&'s HeldCrl>) {
        if self.fault.as_ref().is_none_or(|(known, _)| *known < fault) {
            self.fault = Some((fault, held.map(HeldCrl::info)));
        }
    }

    /// A list that nobody can read whole may say anything, whatever the others say.
    fn refuse(&mut self, held: &'s HeldCrl) {
        self.fault(CrlFault::Unsupported, Some(held));
    }

    fn revoke(&mut self, entry: Entry, held: &'s HeldCrl) {
        self.revoked.get_or_insert((entry, held.info()));
    }

    fn cover(&mut self, reasons: ReasonFlags, held: &'s HeldCrl) {
        self.covered = self.covered.union(reasons);
        self.decided.get_or_insert(held.info());
    }

    fn rely_on(&mut self, held: &HeldCrl, until: i64, time_skew: i64) {
        self.from = self.from.max(held.crl().this_update().saturating_sub(time_skew));
        self.until = self.until.min(until);
    }

    /// A list that is not used yet may change the answer once it is.
    fn wait_for(&mut self, start: i64) {
        self.until = self.until.min(start.saturating_sub(1));
    }

    fn finish(self, rules: &CrlRules) -> Finding<'s> {
        let unsupported = matches!(self.fault, Some((CrlFault::Unsupported, _)));
        let (status, crl) = match (self.revoked, self.fault) {
            (Some((entry, info)), _) => (CrlStatus::Revoked(entry), Some(info)),
            (None, _) if self.covered.contains(ReasonFlags::ALL) && !unsupported => {
                (CrlStatus::NotRevoked, self.decided)
            }
            (None, fault) => {
                let uncovered = match self.decided.is_some() {
                    true => CrlFault::Scope,
                    false => CrlFault::Missing,
                };
                let (fault, info) = fault.unwrap_or((uncovered, self.decided));
                match rules.allow_missing && fault.is_absence() {
                    true => (CrlStatus::NotRevoked, self.decided),
                    false => (CrlStatus::Unknown(fault), info),
                }
            }
        };
        Finding { status, crl, from: self.from, until: self.until }
    }
}
