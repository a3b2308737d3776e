//! Intermediates that good paths went through, remembered by their exact bytes.
//!
//! That one key signed another certificate is a fact of arithmetic: it holds whatever the policy and the time, so it
//! outlives reloads. Only certificates on accepted paths are kept, so nobody without a genuine chain can fill the memory.

use std::hash::RandomState;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use smallvec::SmallVec;

use super::anchor::hash_of_certificate;
use crate::certificate::{Certificate, Layout, OwnedCertificate};
use crate::revocation::Unlisted;
use crate::signature::Key;

/// A remembered intermediate: its parsed key, the key that signed it, and a CRL that does not list it.
#[derive(Debug)]
pub(crate) struct Known {
    certificate: OwnedCertificate,
    key: Key,
    signer: Box<[u8]>,
    unlisted: Unlisted,
}

impl Known {
    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    pub(super) fn unlisted(&self) -> &Unlisted {
        &self.unlisted
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

    fn recall(&self, der: &[u8]) -> Option<Arc<Known>> {
        let slot = self.slot(der)?.load();
        slot.as_ref().filter(|known| known.certificate.view().as_der() == der).map(Arc::clone)
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

/// The memory as one verification uses it: each certificate is looked up once, when it is read.
#[derive(Debug)]
pub(crate) struct Recollection<'m> {
    memory: &'m Memory,
    /// What is remembered, by the layout of the certificate here; no other bytes have that layout.
    known: SmallVec<[(Arc<Layout>, Arc<Known>); 2]>,
}

impl<'m> Recollection<'m> {
    pub(crate) fn new(memory: &'m Memory) -> Self {
        Self { memory, known: SmallVec::new() }
    }

    /// Looks a certificate up before it is read: where everything is in it, if it is remembered.
    pub(crate) fn layout_of(&mut self, der: &[u8]) -> Option<Arc<Layout>> {
        let known = self.memory.recall(der)?;
        let layout = Arc::clone(known.certificate.view().layout());
        self.known.push((Arc::clone(&layout), known));
        Some(layout)
    }

    /// Looks a certificate up that was read before.
    pub(crate) fn look_up(&mut self, certificate: &Certificate<'_>) {
        let known = self.memory.recall(certificate.as_der());
        self.known.extend(known.map(|known| (Arc::clone(certificate.layout()), known)));
    }

    /// What is remembered of a certificate that was looked up.
    pub(super) fn of(&self, certificate: &Certificate<'_>) -> Option<&Arc<Known>> {
        let known = self.known.iter().find(|(layout, _)| Arc::ptr_eq(layout, certificate.layout()));
        known.map(|(_, known)| known)
    }

    /// Remembers an intermediate of an accepted path with its issuer, and with its key where that was parsed.
    pub(super) fn remember(&self, certificate: &Certificate<'_>, key: Option<Key>, issuer: &Certificate<'_>) {
        if self.of(certificate).is_some_and(|known| known.is_signed_by(issuer)) {
            return;
        }
        let Some(slot) = self.memory.slot(certificate.as_der()) else { return };
        slot.store(Some(Arc::new(Known {
            certificate: certificate.to_owned(),
            key: key.unwrap_or_else(|| Key::of(certificate)),
            signer: issuer.subject_public_key_info().into(),
            unlisted: Unlisted::default(),
        })));
    }
}
