//! The index: all registrations in a few bytes each, immutable, for lookups that touch neither disk nor network.

use std::hash::{BuildHasher, RandomState};

use super::records::{Records, Reference};
use super::registration::{Found, RegisteredKey, Registration};
use super::table::{Table, TableBuilder};
use crate::error::Error;

/// All registrations, by fingerprint. It never changes; it may be shared by all threads.
#[derive(Debug)]
pub struct Index {
    spki: Table,
    certificates: Table,
    records: Records,
    users: usize,
}

/// A registration that was found, and not read yet.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    records: &'a Records,
    key: RegisteredKey,
    record: Reference,
}

/// Collects registrations one by one.
#[derive(Debug, Default)]
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
        let none = || TableBuilder::default().finish(0).unwrap_or_default();
        Self { spki: none(), certificates: none(), records: Records::default(), users: 0 }
    }

    /// Makes an index.
    ///
    /// # Errors
    ///
    /// [`Error::KeyTaken`] where a key has two registrations; [`Error::InvalidArgument`] for a name or label that cannot
    /// be, or where the names and labels are larger than 4 GiB together.
    pub fn build(registrations: impl IntoIterator<Item = Registration>) -> Result<Self, Error> {
        let collect = || {
            let mut builder = IndexBuilder::default();
            registrations.into_iter().try_for_each(|registration| builder.add(&registration.view()))?;
            builder.finish()
        };
        collect().map_err(|error| match error {
            IndexError::Twice(_) => Error::KeyTaken,
            IndexError::Text(_, problem) => Error::InvalidArgument { argument: "registrations", problem },
            IndexError::TooLarge => Error::InvalidArgument { argument: "registrations", problem: "larger than 4 GiB" },
        })
    }

    /// Finds the registration of a presented certificate: by the SHA-256 of its SubjectPublicKeyInfo, and where any
    /// certificate is registered as such, by the SHA-256 of the certificate, which is only then asked for.
    ///
    /// Where both are registered, to one user, the revoked one counts, else a disabled one, else the certificate's. Where
    /// they belong to two users, nobody can say whose it is: it is then as if neither were registered.
    #[inline]
    pub fn find(&self, spki: &[u8; 32], certificate: impl FnOnce() -> [u8; 32]) -> Option<Found<'_>> {
        self.locate(spki, certificate).and_then(|entry| entry.read())
    }

    /// The same, without reading all that is known: finding is then as quick as in a bare hash map.
    #[inline]
    pub fn locate(&self, spki: &[u8; 32], certificate: impl FnOnce() -> [u8; 32]) -> Option<Entry<'_>> {
        let entry = |key, record| Entry { records: &self.records, key, record };
        let by_key = self.spki.find(spki).map(|record| entry(RegisteredKey::Spki(*spki), record));
        if self.certificates.len() == 0 {
            return by_key;
        }
        let digest = certificate();
        let itself = self.certificates.find(&digest).map(|record| entry(RegisteredKey::Certificate(digest), record));
        match (by_key, itself) {
            (Some(by_key), Some(itself)) => weigh(by_key, itself),
            (by_key, itself) => itself.or(by_key),
        }
    }

    /// The registration of exactly this key.
    pub fn get(&self, key: &RegisteredKey) -> Option<Found<'_>> {
        let record = match key {
            RegisteredKey::Spki(digest) => self.spki.find(digest),
            RegisteredKey::Certificate(digest) => self.certificates.find(digest),
        };
        self.records.read(*key, record?)
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

    /// Every registration, in the order of the fingerprints. The index has another order, so they are sorted first, for
    /// which 16 bytes more are needed for each.
    pub fn iter(&self) -> impl Iterator<Item = Found<'_>> {
        let keys = self.spki.iter().map(|(digest, at)| (RegisteredKey::Spki(digest), at));
        let certificates = self.certificates.iter().map(|(digest, at)| (RegisteredKey::Certificate(digest), at));
        keys.chain(certificates).filter_map(|(key, at)| self.records.read(key, at))
    }

    /// The registrations of one user, in the order of the fingerprints. It walks over all of them.
    pub fn of_user<'a>(&'a self, user: &'a str) -> impl Iterator<Item = Found<'a>> {
        let is_theirs = |(_, at): &(_, Reference)| self.records.user(*at) == Some(user.as_bytes());
        let keys = self.spki.unsorted().filter(is_theirs).map(|(digest, at)| (RegisteredKey::Spki(digest), at));
        let certificates = self.certificates.unsorted().filter(is_theirs);
        let certificates = certificates.map(|(digest, at)| (RegisteredKey::Certificate(digest), at));
        let mut found: Vec<_> = keys.chain(certificates).collect();
        found.sort_unstable();
        found.into_iter().filter_map(|(key, at)| self.records.read(key, at))
    }

    /// How many bytes it takes.
    pub fn memory(&self) -> usize {
        size_of::<Self>() + self.spki.memory() + self.certificates.memory() + self.records.memory()
    }
}

impl<'a> Entry<'a> {
    /// The user's name in UTF-8, whether or not the registration counts: what [`Found::standing`] says.
    #[inline]
    pub fn user_bytes(&self) -> &'a [u8] {
        self.records.user(self.record).unwrap_or_default()
    }

    /// All that is known.
    pub fn read(&self) -> Option<Found<'a>> {
        self.records.read(self.key, self.record)
    }
}

impl IndexBuilder {
    /// With room for about so many keys.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { spki: TableBuilder::with_capacity(capacity), names: Names::with_capacity(capacity), ..Self::default() }
    }

    /// Adds a registration. That its key is new is seen at the end.
    pub(crate) fn add(&mut self, registration: &Found<'_>) -> Result<(), IndexError> {
        self.add_hashed(registration, self.names.hash(registration.user))
    }

    /// Adds up to [`Self::BATCH`] registrations, the same as one by one, but the memory is asked for the places of all their
    /// names at once, where it would be waited for each. Fails with how many were added before the one at fault.
    pub(crate) fn add_all(&mut self, registrations: &[Found<'_>]) -> Result<(), (usize, IndexError)> {
        let mut hashes = [0; Self::BATCH];
        for (hash, registration) in hashes.iter_mut().zip(registrations) {
            *hash = self.names.hash(registration.user);
        }
        self.names.fetch(&hashes[..registrations.len().min(Self::BATCH)]);
        for (number, (registration, hash)) in registrations.iter().zip(hashes).enumerate() {
            self.add_hashed(registration, hash).map_err(|error| (number, error))?;
        }
        Ok(())
    }

    /// How many registrations are worth being added together.
    pub(crate) const BATCH: usize = 16;

    fn add_hashed(&mut self, registration: &Found<'_>, hash: u64) -> Result<(), IndexError> {
        if let Some(problem) = registration.problem() {
            return Err(IndexError::Text(registration.key, problem));
        }
        let known = self.names.find(registration.user, hash, &self.records);
        let written = self.records.write(registration, known).ok_or(IndexError::TooLarge)?;
        if known.is_none() {
            self.names.insert(hash, written.name, &self.records);
        }
        match registration.key {
            RegisteredKey::Spki(digest) => self.spki.add(digest, written.record),
            RegisteredKey::Certificate(digest) => self.certificates.add(digest, written.record),
        }
        Ok(())
    }

    /// Makes the index of what was added.
    pub(crate) fn finish(self) -> Result<Index, IndexError> {
        let users = self.names.len;
        drop(self.names);
        let records = self.records.shrunk();
        let end = records.memory();
        let spki = self.spki.finish(end).map_err(|digest| IndexError::Twice(RegisteredKey::Spki(digest)))?;
        let certificates =
            self.certificates.finish(end).map_err(|digest| IndexError::Twice(RegisteredKey::Certificate(digest)))?;
        Ok(Index { spki, certificates, records, users })
    }
}

/// Which of two registrations of one certificate counts.
fn weigh<'a>(by_key: Entry<'a>, itself: Entry<'a>) -> Option<Entry<'a>> {
    let (key, own) = (by_key.read()?, itself.read()?);
    if key.user != own.user {
        return None;
    }
    let by_key_counts = own.revoked.is_none() && (key.revoked.is_some() || key.disabled && !own.disabled);
    Some(if by_key_counts { by_key } else { itself })
}

/// Where the name of each user stands, while an index is built: open addressing, at most half full. A slot is half a hash
/// and a place, so that hardly any name is looked at that is another's.
#[derive(Debug, Default)]
struct Names {
    slots: Vec<(u32, Reference)>,
    len: usize,
    /// Which slots a name takes nobody outside can foresee.
    hasher: RandomState,
}

impl Names {
    /// No record is here: the data of records begins with a byte that is none.
    const FREE: (u32, Reference) = (0, 0);

    fn with_capacity(capacity: usize) -> Self {
        Self { slots: vec![Self::FREE; (2 * capacity).next_power_of_two().max(16)], ..Self::default() }
    }

    fn hash(&self, user: &str) -> u64 {
        self.hasher.hash_one(user)
    }

    /// Brings the first slots of some hashes near. None of the reads waits for another.
    fn fetch(&self, hashes: &[u64]) {
        let first = |hash: &u64| self.slots_for(*hash).next().map_or(0, |slot| self.slots[slot].0);
        std::hint::black_box(hashes.iter().map(first).fold(0, |all, half| all ^ half));
    }

    /// The place of a name, where it is known.
    fn find(&self, user: &str, hash: u64, records: &Records) -> Option<Reference> {
        for slot in self.slots_for(hash) {
            match self.slots[slot] {
                Self::FREE => break,
                (half, name) if half == upper(hash) && records.name(name) == Some(user.as_bytes()) => {
                    return Some(name);
                }
                _ => {}
            }
        }
        None
    }

    fn insert(&mut self, hash: u64, name: Reference, records: &Records) {
        if 2 * (self.len + 1) > self.slots.len() {
            let larger = vec![Self::FREE; (2 * self.slots.len()).max(16)];
            for (_, name) in std::mem::replace(&mut self.slots, larger) {
                if let Some(user) = records.name(name).filter(|_| name != 0) {
                    // As `str` hashes itself.
                    let hash = std::str::from_utf8(user).map_or(0, |user| self.hasher.hash_one(user));
                    self.put(hash, name);
                }
            }
        }
        self.put(hash, name);
        self.len += 1;
    }

    fn put(&mut self, hash: u64, name: Reference) {
        let free = self.slots_for(hash).find(|slot| self.slots[*slot] == Self::FREE);
        if let Some(free) = free {
            self.slots[free] = (upper(hash), name);
        }
    }

    /// The slots to look at in turn; their number is a power of two.
    fn slots_for(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let mask = self.slots.len().wrapping_sub(1);
        #[allow(clippy::cast_possible_truncation, reason = "a hash stays one when it is cut")]
        let first = hash as usize;
        (0..self.slots.len()).map(move |step| first.wrapping_add(step) & mask)
    }
}

fn upper(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn registration(user: &str, key: RegisteredKey) -> Registration {
        Registration { created: 0, ..Registration::new(user, key, 0) }
    }

    /// Digests that differ only behind `alike` bytes, as somebody might make them who has the time.
    fn digest(alike: usize, number: u32) -> [u8; 32] {
        let mut digest = crate::crypto::sha256(&number.to_be_bytes());
        digest[..alike].fill(0xa5);
        digest
    }

    #[test]
    fn every_registration_is_found_and_no_other() {
        for (count, alike) in [(0, 0), (1, 0), (3, 0), (255, 0), (1000, 0), (20_000, 0), (3000, 5), (300, 12), (40, 31)]
        {
            let all: Vec<Registration> = (0..count)
                .map(|number| registration(&format!("user{}", number / 3), RegisteredKey::Spki(digest(alike, number))))
                .collect();
            let unique: BTreeMap<RegisteredKey, Registration> = all.into_iter().map(|one| (one.key, one)).collect();
            let index = Index::build(unique.values().cloned()).expect("an index");
            assert_eq!(index.len(), unique.len());
            for (key, registration) in &unique {
                assert_eq!(index.get(key), Some(registration.view()), "{count} {alike} {key}");
                for byte in [0, 7, 8, 31] {
                    let mut other = *key.digest();
                    other[byte] ^= 1;
                    let other = RegisteredKey::Spki(other);
                    assert_eq!(index.get(&other).map(|found| found.key), unique.get(&other).map(|one| one.key));
                }
                assert_eq!(index.get(&RegisteredKey::Certificate(*key.digest())), None);
            }
            assert!(index.iter().map(|found| found.to_registration()).eq(unique.into_values()), "{count} {alike}");
        }
    }

    #[test]
    fn a_key_has_one_registration() {
        let (spki, itself) = (RegisteredKey::Spki([7; 32]), RegisteredKey::Certificate([7; 32]));
        for user in ["alice", "bob"] {
            let twice = Index::build([registration("alice", spki), registration(user, spki)]);
            assert!(matches!(twice, Err(Error::KeyTaken)));
        }
        let both = Index::build([registration("alice", spki), registration("bob", itself)]).expect("two keys");
        assert_eq!(both.users(), 2);
    }

    #[test]
    fn a_certificate_is_asked_for_only_where_one_is_registered() {
        let keys = Index::build([registration("alice", RegisteredKey::Spki([1; 32]))]).expect("an index");
        let never = || -> [u8; 32] { panic!("no certificate is registered") };
        assert_eq!(keys.find(&[1; 32], never).map(|found| found.user), Some("alice"));
        assert_eq!(keys.find(&[2; 32], never), None);
        let itself = Index::build([registration("alice", RegisteredKey::Certificate([1; 32]))]).expect("an index");
        assert_eq!(itself.find(&[2; 32], || [1; 32]).map(|found| found.user), Some("alice"));
        assert_eq!(itself.find(&[1; 32], || [2; 32]), None);
    }

    #[test]
    fn of_two_registrations_the_graver_counts_and_two_users_are_nobody() {
        let by_key = registration("alice", RegisteredKey::Spki([1; 32]));
        let itself = registration("alice", RegisteredKey::Certificate([2; 32]));
        let disabled = |one: &Registration| Registration { disabled: true, ..one.clone() };
        let revoked = |one: &Registration| Registration { revoked: Some(1), ..one.clone() };
        let found = |by_key: &Registration, itself: &Registration| {
            let index = Index::build([by_key.clone(), itself.clone()]).expect("an index");
            index.find(&[1; 32], || [2; 32]).map(|found| found.to_registration())
        };
        assert_eq!(found(&by_key, &itself), Some(itself.clone()));
        assert_eq!(found(&disabled(&by_key), &itself), Some(disabled(&by_key)));
        assert_eq!(found(&by_key, &disabled(&itself)), Some(disabled(&itself)));
        assert_eq!(found(&revoked(&by_key), &disabled(&itself)), Some(revoked(&by_key)));
        let other = Registration { user: "bob".into(), ..itself };
        assert_eq!(found(&by_key, &other), None);
    }

    #[test]
    fn a_registration_takes_few_bytes() {
        for count in [1_000, 30_000, 300_000] {
            let name = |number: u32| format!("user{number:08}");
            let all = (0..count).map(|number| registration(&name(number), RegisteredKey::Spki(digest(0, number))));
            let index = Index::build(all).expect("an index");
            let names = count as usize * name(0).len();
            assert!(index.memory() - names <= 36 * count as usize, "{count}: {}", index.memory() - names);
        }
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(all in prop::collection::vec(registrations(), 0..60)) {
            let unique: BTreeMap<RegisteredKey, Registration> = all.into_iter().map(|one| (one.key, one)).collect();
            let index = Index::build(unique.values().cloned()).expect("an index");
            for (key, registration) in &unique {
                prop_assert_eq!(index.get(key), Some(registration.view()));
            }
            let users: std::collections::BTreeSet<&str> = unique.values().map(|one| &*one.user).collect();
            prop_assert_eq!(index.users(), users.len());
            for user in users {
                prop_assert_eq!(index.of_user(user).count(), unique.values().filter(|one| one.user == user).count());
            }
        }
    }

    fn registrations() -> impl Strategy<Value = Registration> {
        let moment = || prop::option::of(any::<i64>());
        let key = (any::<bool>(), any::<u8>(), any::<u8>()).prop_map(|(spki, first, last)| {
            let mut digest = [0; 32];
            (digest[0], digest[31]) = (first, last);
            if spki { RegisteredKey::Spki(digest) } else { RegisteredKey::Certificate(digest) }
        });
        let texts = ("[a-c]{1,2}|[a-z]{120,140}|ü{1,300}", "|[ -~]{0,20}|é{150}");
        let flags = (any::<bool>(), any::<bool>(), prop::option::of(any::<[u8; 32]>()));
        (key, texts, (any::<i64>(), moment(), moment(), moment(), moment()), flags).prop_map(
            |(key, (user, label), (created, not_before, not_after, revoked, last_used), (disabled, no_manage, ca))| {
                Registration {
                    user,
                    key,
                    label,
                    created,
                    not_before,
                    not_after,
                    disabled,
                    revoked,
                    last_used,
                    no_manage,
                    ca,
                }
            },
        )
    }
}
