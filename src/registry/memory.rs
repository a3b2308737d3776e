//! Registrations in memory: a text, and calls that change it.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::backend::{Backend, Transaction};
use super::index::Index;
use super::registration::{RegisteredKey, Registration};
use super::text::{self, Draft, Origin};
use crate::error::Error;

/// A text like that of a file, which goes with its registry.
#[derive(Debug)]
pub(super) struct Memory {
    origin: Origin,
    text: Mutex<String>,
    /// Counts the changes.
    version: AtomicU64,
    /// The version that was loaded last.
    loaded: AtomicU64,
}

impl Memory {
    /// Nothing is read yet.
    pub(super) fn new(bytes: &[u8]) -> Result<Self, Error> {
        let origin = Origin { place: "memory".into(), folder: None };
        let text = text::utf8(bytes, &origin)?.to_owned();
        text::read(&text, &origin)?;
        Ok(Self { origin, text: Mutex::new(text), version: AtomicU64::new(1), loaded: AtomicU64::new(0) })
    }
}

impl Backend for Memory {
    fn text(&self) -> Option<String> {
        Some(self.text.lock().clone())
    }

    fn load(&self) -> Result<Index, Error> {
        let text = self.text.lock();
        let index = text::read(&text, &self.origin)?.index;
        self.loaded.store(self.version.load(Ordering::Acquire), Ordering::Release);
        Ok(index)
    }

    fn changed(&self) -> Result<bool, Error> {
        Ok(self.loaded.load(Ordering::Acquire) != self.version.load(Ordering::Acquire))
    }

    fn bytes(&self) -> Option<u64> {
        Some(0)
    }

    fn transaction(&self, body: &mut dyn FnMut(&mut dyn Transaction) -> Result<(), Error>) -> Result<(), Error> {
        let mut text = self.text.lock();
        let mut draft = Draft::new(&text, &self.origin)?;
        body(&mut draft)?;
        let changed = draft.text();
        *text = changed;
        self.version.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    fn each(&self, user: Option<&str>, body: &mut dyn FnMut(Registration) -> Result<(), Error>) -> Result<(), Error> {
        let text = self.text.lock().clone();
        text::each(&text, &self.origin, user, body)
    }

    fn find(&self, key: &RegisteredKey) -> Result<Option<Registration>, Error> {
        Draft::new(&self.text.lock(), &self.origin)?.find(key)
    }
}
