//! The usual list: the only one by its issuer's name, complete, and about everything that its issuer issued.

use std::sync::{Arc, OnceLock};

use super::check::{Conditions, Issued, may_sign_crls};
use super::held::{CrlInfo, HeldCrl};
use crate::certificate::{Certificate, Layout};
use crate::signature::SignatureAlgorithm;

/// Such a list, with all that it takes to say that it is good in one cache line, because a look-up costs lines of memory more
/// than instructions.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct PlainCrl {
    held: Arc<HeldCrl>,
    info: Arc<CrlInfo>,
    /// The layout of a certificate of its signer, who may sign it. No other certificate has that.
    signer: OnceLock<Arc<Layout>>,
    identity: u64,
    this_update: i64,
    end: i64,
    algorithm: SignatureAlgorithm,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<PlainCrl>() == 64);

impl PlainCrl {
    /// None where it takes more to judge the list.
    pub(super) fn new(held: &Arc<HeldCrl>) -> Option<Self> {
        let algorithm = held.crl().signature_algorithm().filter(|_| held.is_plain())?;
        Some(Self {
            info: Arc::clone(held.info()),
            signer: OnceLock::new(),
            identity: held.identity(),
            this_update: held.crl().this_update(),
            end: held.end(),
            algorithm,
            held: Arc::clone(held),
        })
    }

    pub(super) fn info(&self) -> &Arc<CrlInfo> {
        &self.info
    }

    /// Whether this very certificate is known to be of its signer, which comes with the same layout again and again.
    #[inline]
    pub(super) fn is_by(&self, issuer: &Certificate<'_>) -> bool {
        self.signer.get().is_some_and(|signer| Arc::ptr_eq(signer, issuer.layout()))
    }

    /// Whether the key of this certificate is known to have signed it, and may.
    pub(super) fn is_by_key_of(&self, issuer: &Certificate<'_>) -> bool {
        self.held.is_signed_by(issuer) && may_sign_crls(issuer)
    }

    /// Remembers a certificate of such a key, the first one for good.
    pub(super) fn remember_signer(&self, issuer: &Certificate<'_>) {
        self.signer.get_or_init(|| Arc::clone(issuer.layout()));
    }

    /// The seconds for which it says that a certificate by its signer was not revoked; none where it does not say so now.
    #[inline]
    pub(super) fn clears(&self, subject: &Issued<'_, '_>, conditions: &Conditions<'_>) -> Option<(i64, i64)> {
        let from = self.this_update.saturating_sub(conditions.time_skew);
        let until = conditions.used_until(self.end);
        if !(from..=until).contains(&conditions.now) || !self.algorithm.is_strong_enough(conditions.strength) {
            return None;
        }
        if !subject.unlisted.is_some_and(|unlisted| unlisted.is_in(self.identity)) {
            if self.held.crl().finds_own(subject.certificate.serial()) {
                return None;
            }
            if let Some(unlisted) = subject.unlisted {
                unlisted.remember(self.identity);
            }
        }
        Some((from, until))
    }
}
