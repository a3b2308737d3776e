//! The index: all registrations in a few bytes each, immutable, for lookups that touch neither disk nor network.

use super::records::{Records, Reference};
use super::registration::{Found, RegisteredKey, Registration};
use super::table::{Table, TableBuilder};

/// All registrations, by fingerprint. It never changes; it may be shared by all threads.
#[derive(Debug)]
pub struct Index {
    spki: Table,
    certificates: Table,
    records: Records,
    users: usize,
}

/// Collects registrations one by one.
#[derive(Debug)]
pub(crate) struct IndexBuilder {
    spki: TableBuilder,
    certificates: TableBuilder,
    records: Records,
    names: Names,
}

/// Why registrations make no index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IndexError {
    /// A key has two registrations.
    #[error("{0} is registered twice")]
    Twice(RegisteredKey),
    /// A user's name or a label is not usable.
    #[error("{1} of {0}")]
    Text(RegisteredKey, &'static str),
    /// There are more than an index can address.
    #[error("the users and labels are larger than 4 GiB together")]
    TooLarge,
}

impl Index {
    /// An index of nothing.
    pub(crate) fn empty() -> Self {
        let none = || TableBuilder::default().finish(3).unwrap_or_default();
        Self { spki: none(), certificates: none(), records: Records::default(), users: 0 }
    }

    /// Makes an index.
    pub(crate) fn build(registrations: impl IntoIterator<Item = Registration>) -> Result<Self, IndexError> {
        let mut builder = IndexBuilder::default();
        registrations.into_iter().try_for_each(|registration| builder.add(&registration.view()))?;
        builder.finish()
    }

    /// Finds the registration of a presented certificate: by the SHA-256 of its SubjectPublicKeyInfo, and where any
    /// certificate is registered as such, by the SHA-256 of the certificate, which is only then asked for.
    ///
    /// Where both are registered, to one user, the revoked one counts, else a disabled one, else the certificate's. Where
    /// they belong to two users, nobody can say whose it is: it is then as if neither were registered.
    #[inline]
    pub fn find(&self, spki: &[u8; 32], certificate: impl FnOnce() -> [u8; 32]) -> Option<Found<'_>> {
        let by_key = self.get(&RegisteredKey::Spki(*spki));
        if self.certificates.len() == 0 {
            return by_key;
        }
        match (by_key, self.get(&RegisteredKey::Certificate(certificate()))) {
            (Some(by_key), Some(itself)) => weigh(by_key, itself),
            (by_key, itself) => itself.or(by_key),
        }
    }

    /// The registration of exactly this key.
    #[inline]
    pub fn get(&self, key: &RegisteredKey) -> Option<Found<'_>> {
        let reference = match key {
            RegisteredKey::Spki(digest) => self.spki.find(digest),
            RegisteredKey::Certificate(digest) => self.certificates.find(digest),
        }?;
        self.records.read(*key, reference)
    }

    /// How many registrations there are.
    pub fn len(&self) -> usize {
        self.spki.len() + self.certificates.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many users have any.
    pub fn users(&self) -> usize {
        self.users
    }

    /// Every registration, in the order of the fingerprints.
    pub fn iter(&self) -> impl Iterator<Item = Found<'_>> {
        let keys = self.spki.iter().map(|(digest, at)| (RegisteredKey::Spki(digest), at));
        let certificates = self.certificates.iter().map(|(digest, at)| (RegisteredKey::Certificate(digest), at));
        keys.chain(certificates).filter_map(|(key, at)| self.records.read(key, at))
    }

    /// The registrations of one user. It walks over all of them.
    pub fn of_user<'a>(&'a self, user: &'a str) -> impl Iterator<Item = Found<'a>> {
        self.iter().filter(move |found| found.user == user)
    }

    /// How many bytes it takes.
    pub fn memory(&self) -> usize {
        size_of::<Self>() + self.spki.memory() + self.certificates.memory() + self.records.memory()
    }
}

impl Default for IndexBuilder {
    fn default() -> Self {
        Self {
            spki: TableBuilder::default(),
            certificates: TableBuilder::default(),
            records: Records::default(),
            names: Names::default(),
        }
    }
}

impl IndexBuilder {
    /// Adds a registration. That its key is new is seen at the end.
    pub(crate) fn add(&mut self, registration: &Found<'_>) -> Result<(), IndexError> {
        if let Some(problem) = registration.problem() {
            return Err(IndexError::Text(registration.key, problem));
        }
        let known = self.names.find(registration.user, &self.records);
        let written = self.records.write(registration, known).ok_or(IndexError::TooLarge)?;
        if known.is_none() {
            self.names.insert(written.name, &self.records);
        }
        match registration.key {
            RegisteredKey::Spki(digest) => self.spki.add(digest, written.record),
            RegisteredKey::Certificate(digest) => self.certificates.add(digest, written.record),
        }
        Ok(())
    }

    /// How many were added.
    pub(crate) fn len(&self) -> usize {
        self.spki.len() + self.certificates.len()
    }

    /// Makes the index of what was added.
    pub(crate) fn finish(self) -> Result<Index, IndexError> {
        let users = self.names.len;
        drop(self.names);
        let records = self.records.shrunk();
        let width = if records.memory() < 1 << 24 { 3 } else { 4 };
        let spki = self.spki.finish(width).map_err(|digest| IndexError::Twice(RegisteredKey::Spki(digest)))?;
        let certificates =
            self.certificates.finish(width).map_err(|digest| IndexError::Twice(RegisteredKey::Certificate(digest)))?;
        Ok(Index { spki, certificates, records, users })
    }
}

/// Which of two registrations of one certificate counts.
fn weigh<'a>(by_key: Found<'a>, itself: Found<'a>) -> Option<Found<'a>> {
    if by_key.user != itself.user {
        return None;
    }
    let stopped = [itself, by_key].into_iter().find(|found| found.revoked.is_some());
    let stopped = stopped.or([itself, by_key].into_iter().find(|found| found.disabled));
    Some(stopped.unwrap_or(itself))
}

/// Where the name of each user stands, while an index is built: open addressing, at most half full.
#[derive(Debug, Default)]
struct Names {
    slots: Vec<Reference>,
    len: usize,
    hasher: std::hash::RandomState,
}

impl Names {
    /// No record is here: the data of records begins with a byte that is none.
    const FREE: Reference = 0;

    fn find(&self, user: &str, records: &Records) -> Option<Reference> {
        let mut slots = self.slots_for(user);
        loop {
            match slots.next().map(|slot| self.slots[slot])? {
                Self::FREE => return None,
                name if records.name(name) == Some(user) => return Some(name),
                _ => {}
            }
        }
    }

    fn insert(&mut self, name: Reference, records: &Records) {
        if 2 * (self.len + 1) > self.slots.len() {
            let larger = vec![Self::FREE; (2 * self.slots.len()).max(16)];
            let old = std::mem::replace(&mut self.slots, larger);
            old.into_iter().filter(|name| *name != Self::FREE).for_each(|name| self.put(name, records));
        }
        self.put(name, records);
        self.len += 1;
    }

    fn put(&mut self, name: Reference, records: &Records) {
        let user = records.name(name).unwrap_or_default();
        let free = self.slots_for(user).find(|slot| self.slots[*slot] == Self::FREE);
        if let Some(free) = free {
            self.slots[free] = name;
        }
    }

    /// The slots to look at in turn. Which ones nobody outside can foresee.
    fn slots_for(&self, user: &str) -> impl Iterator<Item = usize> + use<> {
        use std::hash::BuildHasher as _;
        let mask = self.slots.len().wrapping_sub(1);
        #[allow(clippy::cast_possible_truncation, reason = "a hash stays one when it is cut")]
        let first = self.hasher.hash_one(user) as usize;
        (0..self.slots.len()).map(move |step| first.wrapping_add(step) & mask)
    }
}
