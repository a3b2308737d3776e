//! Who the client is: what the policy's identity rules make of an accepted certificate.

use super::{Verdict, trust};
use crate::identity::{Client, Explanation, Mapping, Refusal};
use crate::policy::{Policy, Trust};
use crate::verify::{Code, Culprit, Detail, Reason};

impl Verdict {
    /// The user whom the certificate stands for; only where the outcome is SUCCESS, and not always then: without
    /// identity rules and without a registration there is none.
    pub fn user(&self) -> Option<&str> {
        self.mapping().map(|mapping| &*mapping.user)
    }

    /// The user with the rule that named it, and how sure that is.
    pub fn mapping(&self) -> Option<&Mapping> {
        self.mapping.as_ref().filter(|_| self.verified())
    }

    /// What every identity rule of a policy makes of the client: as the policy that judged would say it. None where the
    /// certificate cannot be read, or neither a path nor a registration speaks for it.
    pub fn explain_user(&self, policy: &Policy) -> Option<Explanation> {
        let leaf = self.certificate(0)?;
        let speaks = self.anchor.is_some() || self.by_key && self.registration.is_some();
        if !speaks || !self.reasons.iter().all(|reason| reason.code.is_about_identity()) {
            return None;
        }
        let issuers = trust::issuers(&self.chain, &self.path, self.anchor.as_deref());
        let client = Client {
            leaf,
            issuers: (!self.by_key).then_some(&*issuers),
            registered: self.registration.as_deref().map(|registration| &*registration.user),
            both: policy.trust() == Trust::CaAndKey,
        };
        Some(policy.identity_rules().explain(&client))
    }
}

/// The reason for which identity rules refuse.
pub(super) fn reason(refusal: &Refusal) -> Reason {
    let code = match refusal {
        Refusal::Unknown => Code::IdentityUnknown,
        Refusal::Ambiguous(..) => Code::AmbiguousIdentity,
        Refusal::Weak(_) => Code::IdentityWeak,
    };
    Reason::new(code, 0, Culprit::Presented(0)).with(Detail::Text(refusal.to_string().into()))
}
