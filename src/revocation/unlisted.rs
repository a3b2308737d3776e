//! In which CRL a certificate was looked for, and not found.

use std::sync::atomic::{AtomicU64, Ordering};

use super::held::HeldCrl;

/// What is remembered beside a certificate: the CRL that was found not to list it. Neither of them changes, so that it need
/// not be looked for again.
#[derive(Debug, Default)]
pub(crate) struct Unlisted(AtomicU64);

impl Unlisted {
    /// Whether this was the last such CRL.
    #[inline]
    pub(super) fn is_in(&self, held: &HeldCrl) -> bool {
        self.0.load(Ordering::Relaxed) == held.identity()
    }

    pub(super) fn remember(&self, held: &HeldCrl) {
        self.0.store(held.identity(), Ordering::Relaxed);
    }
}
