//! Intermediates that good paths went through, remembered by their exact bytes.
//!
//! That one key signed another certificate is a fact of arithmetic: it holds whatever the policy and the time, so it
//! outlives reloads. Only certificates on accepted paths are kept, so nobody without a genuine chain can fill the memory.

use std::hash::RandomState;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

use super::anchor::hash_of_certificate;
use crate::certificate::{Certificate, Layout, OwnedCertificate};
use crate::signature::Key;

/// A remembered intermediate: its parsed key, and the key that signed it.
#[derive(Debug)]
pub(crate) struct Known {
    certificate: OwnedCertificate,
    key: Key,
    signer: Box<[u8]>,
}

impl Known {
    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// Whether the signature by this issuer's key was checked before.
    pub(crate) fn is_signed_by(&self, issuer: &Certificate<'_>) -> bool {
        *self.signer == *issuer.subject_public_key_info()
    }
}

/// A table of fixed size, read without a lock; a newcomer replaces what shares its place.
#[derive(Debug)]
pub(crate) struct Memory {
    slots: Box<[ArcSwapOption<Known>]>,
    hasher: RandomState,
}

impl Memory {
    /// `size` 0 remembers nothing.
    pub(crate) fn new(size: usize) -> Self {
        Self { slots: (0..size).map(|_| ArcSwapOption::empty()).collect(), hasher: RandomState::new() }
    }

    pub(crate) fn recall(&self, der: &[u8]) -> Option<Arc<Known>> {
        let slot = self.slot(der)?.load();
        slot.as_ref().filter(|known| known.certificate.view().as_der() == der).map(Arc::clone)
    }

    /// Where everything is in a remembered certificate of these bytes.
    pub(crate) fn layout_of(&self, der: &[u8]) -> Option<Arc<Layout>> {
        self.recall(der).map(|known| Arc::clone(known.certificate.view().layout()))
    }

    /// Remembers who signed whom above the leaf of an accepted path, leaf first.
    pub(crate) fn remember_path(&self, path: &[Certificate<'_>], anchor: &Certificate<'_>) {
        let signers = path.iter().skip(2).chain(std::iter::once(anchor));
        for (certificate, issuer) in path.iter().skip(1).zip(signers) {
            self.remember(certificate, issuer);
        }
    }

    fn remember(&self, certificate: &Certificate<'_>, issuer: &Certificate<'_>) {
        let Some(slot) = self.slot(certificate.as_der()) else { return };
        if self.recall(certificate.as_der()).is_some_and(|known| known.is_signed_by(issuer)) {
            return;
        }
        slot.store(Some(Arc::new(Known {
            certificate: certificate.to_owned(),
            key: Key::of(certificate),
            signer: issuer.subject_public_key_info().into(),
        })));
    }

    fn slot(&self, der: &[u8]) -> Option<&ArcSwapOption<Known>> {
        if self.slots.is_empty() {
            return None;
        }
        let hash = hash_of_certificate(&self.hasher, der);
        #[expect(clippy::cast_possible_truncation, reason = "the remainder is below the number of slots")]
        let slot = (hash % self.slots.len() as u64) as usize;
        self.slots.get(slot)
    }
}
