//! The policy in force, held for as long as one request is decided.

use std::sync::Arc;

use super::{Snapshot, Verifier};
use crate::policy::Policy;
use crate::verdict::{Outcome, Verdict};

/// A verifier under the policy that was in force when it was asked: no reload changes it.
pub(crate) struct Current<'v> {
    verifier: &'v Verifier,
    snapshot: &'v Snapshot,
}

/// What a connection's verdict is worth to a verifier.
pub(crate) enum Standing {
    /// It holds as it is.
    Holds,
    /// It was looked at again, and this is what it is now.
    Renewed(Arc<Verdict>),
    /// It was made under a policy that judges otherwise.
    Foreign,
}

impl Verifier {
    /// Does something with the policy in force.
    pub(crate) fn with_current<T>(&self, act: impl FnOnce(&Current<'_>) -> T) -> T {
        let snapshot = self.current.load();
        act(&Current { verifier: self, snapshot: &snapshot })
    }
}

impl Current<'_> {
    pub(crate) fn policy(&self) -> &Policy {
        &self.snapshot.policy
    }

    /// The verdict on a client without a certificate.
    pub(crate) fn without_certificate(&self) -> &Arc<Verdict> {
        &self.snapshot.without_certificate
    }

    /// Whether a verdict was made by this verifier, under whichever of its policies.
    pub(crate) fn made(&self, verdict: &Verdict) -> bool {
        verdict.lineage() == self.policy().lineage()
    }

    /// What a verdict is worth here at `now`. One that this verifier made, or another whose policy judges alike, is verified
    /// again from its own chain where it was made by other files (CRLs, registrations) than those in force, and else
    /// rechecked.
    pub(crate) fn standing(&self, verdict: &Verdict, now: i64) -> Standing {
        let policy = self.policy();
        if !self.made(verdict) && verdict.policy_identity() != policy.identity() {
            return Standing::Foreign;
        }
        if verdict.epoch() != policy.epoch() {
            return Standing::Renewed(self.verify_again(verdict, now));
        }
        // What was refused under this policy stays refused, with its reasons.
        if !verdict.verified() || verdict.knows_all(&self.verifier.answers) && verdict.holds_at(now) {
            return Standing::Holds;
        }
        let (memory, answers) = (&self.verifier.memory, &self.verifier.answers);
        Standing::Renewed(Arc::new(verdict.judge_again(policy, memory, answers, now)))
    }

    /// Verifies what was presented once more, with what was given for it: OCSP responses, and the host's word on the key.
    fn verify_again(&self, verdict: &Verdict, now: i64) -> Arc<Verdict> {
        let presented = verdict.chain_der();
        let (answers, cache) = (&self.verifier.answers, &self.snapshot.cache);
        match verdict.outcome() {
            Outcome::None => return Arc::clone(self.without_certificate()),
            // A session or a ticket that does not count is not made good by what it does not hold.
            _ if presented.is_empty() => {
                return Arc::new(verdict.judge_again(self.policy(), &self.verifier.memory, answers, now));
            }
            _ => {}
        }
        let place = match cache.find(presented, answers, now) {
            Ok(again) => return again,
            Err(place) => place,
        };
        let again = Arc::new(Verdict::judge_answered(
            self.policy(),
            presented,
            verdict.answer(self.policy()),
            verdict.is_by_proxy(),
            &self.verifier.memory,
            self.verifier.known(verdict.given()),
            now,
        ));
        cache.keep(place, presented, &again, now);
        again
    }
}
