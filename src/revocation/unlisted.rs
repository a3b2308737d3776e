//! In which CRL a certificate was looked for, and not found.

use std::sync::atomic::{AtomicU64, Ordering};

/// What is remembered beside a certificate: the CRL that was found not to list it. Neither of them changes, so that it need
/// not be looked for again.
#[derive(Debug, Default)]
pub(crate) struct Unlisted(AtomicU64);

impl Unlisted {
    /// Whether the CRL of this identity was the last such one.
    #[inline]
    pub(super) fn is_in(&self, identity: u64) -> bool {
        self.0.load(Ordering::Relaxed) == identity
    }

    pub(super) fn remember(&self, identity: u64) {
        self.0.store(identity, Ordering::Relaxed);
    }
}
