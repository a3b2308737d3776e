//! What a responder said, once its signature was found good.

use std::sync::Arc;

use super::check::Rules;
use crate::certificate::{Certificate, OwnedCertificate};
use crate::revocation::RevocationReason;
use crate::signature::{KeyKind, SignatureAlgorithm};

/// What is said about a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was not revoked.
    Good,
    /// It was revoked, perhaps for the time being.
    Revoked {
        /// When, in Unix seconds.
        date: i64,
        /// Why, if the responder says so.
        reason: Option<RevocationReason>,
    },
    /// The responder does not know it.
    Unknown,
}

impl Status {
    /// `good`, `revoked` or `unknown`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked { .. } => "revoked",
            Self::Unknown => "unknown",
        }
    }

    pub(crate) fn is_revoked(self) -> bool {
        matches!(self, Self::Revoked { .. })
    }

    /// Which of several counts: the greatest.
    pub(super) fn severity(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Unknown => 1,
            Self::Revoked { .. } => 2,
        }
    }

    /// Whether no later answer can take it back (RFC 5280 section 5.3.1: only a certificate on hold comes back).
    pub(super) fn is_final(self) -> bool {
        match self {
            Self::Good | Self::Unknown => false,
            Self::Revoked { reason, .. } => {
                !matches!(reason, Some(RevocationReason::CertificateHold | RevocationReason::RemoveFromCrl))
            }
        }
    }
}

/// An answer whose signature is good, immutable. Whether it still counts depends on the time and on [`Rules`].
#[derive(Clone, Debug)]
pub struct Answer {
    pub(super) status: Status,
    pub(super) produced_at: i64,
    pub(super) this_update: i64,
    pub(super) next_update: Option<i64>,
    /// How the responder names itself.
    pub(super) responder_id: Arc<str>,
    pub(super) responder: Option<OwnedCertificate>,
    pub(super) nocheck: bool,
    /// The kinds of signatures, and of the keys that they are by, that it counts by.
    pub(super) signatures: [Option<(SignatureAlgorithm, KeyKind)>; 2],
}

impl Answer {
    /// What it says.
    pub fn status(&self) -> Status {
        self.status
    }

    /// When it was signed, in Unix seconds.
    pub fn produced_at(&self) -> i64 {
        self.produced_at
    }

    /// When what it says was known to be so, in Unix seconds.
    pub fn this_update(&self) -> i64 {
        self.this_update
    }

    /// Until when there will be newer information, in Unix seconds; None where there always is.
    pub fn next_update(&self) -> Option<i64> {
        self.next_update
    }

    /// How the responder names itself: a name as RFC 4514 writes it, or the SHA-1 of its key in hexadecimal.
    pub fn responder_id(&self) -> &str {
        &self.responder_id
    }

    /// The certificate of the responder; None where the issuer signed with its own key.
    pub fn responder(&self) -> Option<Certificate<'_>> {
        self.responder.as_ref().map(OwnedCertificate::view)
    }

    /// Whether the responder's certificate says that nobody need ask whether it was revoked (id-pkix-ocsp-nocheck, RFC 6960
    /// section 4.2.2.2.1). True also where the issuer signed with its own key.
    pub fn is_nocheck(&self) -> bool {
        self.nocheck
    }

    /// The first second, in Unix time, at which it counts.
    pub fn holds_from(&self, rules: &Rules) -> i64 {
        let responder = self.responder().map_or(i64::MIN, |responder| responder.not_before());
        let made = self.this_update.max(self.produced_at).max(responder);
        made.saturating_sub(rules.time_skew)
    }

    /// The last second, in Unix time, at which it counts: nextUpdate or what the maximum age allows, whatever comes first,
    /// and not beyond the validity of the responder's certificate. That a certificate was revoked for good counts for ever.
    pub fn holds_until(&self, rules: &Rules) -> i64 {
        if self.status.is_final() {
            return i64::MAX;
        }
        let responder = self.responder().map_or(i64::MAX, |responder| responder.not_after());
        self.stated_end(rules).min(responder).saturating_add(rules.time_skew)
    }

    /// The end of what it says by itself.
    pub(super) fn stated_end(&self, rules: &Rules) -> i64 {
        let age = match (self.next_update, rules.max_age) {
            (Some(next), None) => return next,
            (Some(next), Some(age)) => return next.min(self.this_update.saturating_add(age)),
            (None, age) => age.unwrap_or(Rules::AGE_WITHOUT_NEXT_UPDATE),
        };
        self.this_update.saturating_add(age)
    }

    /// Whether it counts at `now` under these rules, also other ones than it was checked under.
    pub(crate) fn holds_at(&self, rules: &Rules, now: i64) -> bool {
        let strong = |(algorithm, key): (SignatureAlgorithm, KeyKind)| {
            algorithm.is_strong_enough(rules.strength) && key.is_strong_enough(rules.strength)
        };
        self.holds_from(rules) <= now
            && now <= self.holds_until(rules)
            && self.signatures.into_iter().flatten().all(strong)
    }

    /// Whether it is worth more than another about the same certificate: it is newer, or as new and worse.
    pub(super) fn supersedes(&self, other: &Self) -> bool {
        let age = |answer: &Self| (answer.this_update, answer.status.severity(), answer.produced_at);
        age(self) >= age(other)
    }
}
