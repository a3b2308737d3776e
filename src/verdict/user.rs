//! Who the client is: what the policy's identity rules make of an accepted certificate.

use smallvec::SmallVec;

use super::Verdict;
use crate::certificate::{Certificate, Chain};
use crate::identity::{Client, Explanation, Mapping, Refusal};
use crate::policy::Policy;
use crate::verify::{Anchor, Code, Culprit, Detail, Reason};

/// The certificates above the leaf on a path.
type Issuers<'c> = SmallVec<[Certificate<'c>; 4]>;

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
        let about_user = |reason: &Reason| reason.code.is_about_identity();
        if !self.reasons.iter().all(about_user) || self.anchor.is_none() {
            return None;
        }
        let issuers = issuers(&self.chain, &self.path, self.anchor.as_deref());
        let client = Client { leaf, issuers: Some(&issuers), registered: None, both: false };
        Some(policy.identity_rules().explain(&client))
    }
}

/// The user of a leaf with a verified path.
pub(super) fn identify(
    policy: &Policy,
    chain: &Chain,
    leaf: Certificate<'_>,
    path: &[usize],
    anchor: Option<&Anchor>,
) -> Result<Option<Mapping>, Reason> {
    let issuers = issuers(chain, path, anchor);
    let client = Client { leaf, issuers: Some(&issuers), registered: None, both: false };
    policy.identity_rules().map(&client).map_err(|refusal| reason(&refusal))
}

fn issuers<'c>(chain: &'c Chain, path: &[usize], anchor: Option<&'c Anchor>) -> Issuers<'c> {
    let leaf = chain.certificate_der(0);
    let pinned_above = anchor.map(Anchor::certificate).filter(|anchor| path.len() > 1 || Some(anchor.as_der()) != leaf);
    path.iter().skip(1).filter_map(|index| chain.certificate(*index)).chain(pinned_above).collect()
}

fn reason(refusal: &Refusal) -> Reason {
    let code = match refusal {
        Refusal::Unknown => Code::IdentityUnknown,
        Refusal::Ambiguous(..) => Code::AmbiguousIdentity,
        Refusal::Weak(_) => Code::IdentityWeak,
    };
    Reason::new(code, 0, Culprit::Presented(0)).with(Detail::Text(refusal.to_string().into()))
}
