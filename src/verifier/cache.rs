//! Verdicts for chains that were seen before: found by a keyed hash of the leaf, believed only after a comparison of every byte.
//!
//! A cache belongs to one snapshot of a policy and dies with it, so nothing decided under one policy is found under
//! another. Only verdicts of SUCCESS are kept: clients without one can mint as many chains as they like.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use crate::certificate::first_value;
use crate::revocation::ocsp::Answers;
use crate::verdict::Verdict;

/// Verdicts in sets of four, read without a lock.
#[derive(Debug)]
pub(super) struct Cache {
    slots: Box<[ArcSwapOption<Entry>]>,
    hasher: RandomState,
    ttl: i64,
    counters: Box<[Counters]>,
}

#[derive(Debug)]
struct Entry {
    hash: u64,
    decided: i64,
    verdict: Arc<Verdict>,
    /// What was presented, where it is not the DER that the verdict has.
    presented: Option<Box<[u8]>>,
}

impl Entry {
    fn presented(&self) -> &[u8] {
        self.presented.as_deref().unwrap_or(self.verdict.chain_der())
    }
}

/// What a cache did since its policy was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Verifications answered from the cache.
    pub hits: u64,
    /// Verifications that were not.
    pub misses: u64,
    /// Verdicts that were kept.
    pub insertions: u64,
    /// Verdicts that gave way to others.
    pub evictions: u64,
    /// Verdicts in the cache now.
    pub entries: u64,
    /// Verdicts that it has room for.
    pub capacity: u64,
}

/// Counters of their own cache lines, so that threads do not wait for each other.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Counters {
    hits: AtomicU64,
    misses: AtomicU64,
    insertions: AtomicU64,
    evictions: AtomicU64,
}

/// Where a chain's verdict would be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    hash: u64,
}

thread_local! {
    /// Which counters this thread uses. It has no destructor, so it outlives nothing that it needs.
    static STRIPE: usize = NEXT_STRIPE.fetch_add(1, Ordering::Relaxed);
}

static NEXT_STRIPE: AtomicUsize = AtomicUsize::new(0);

const WAYS: usize = 4;
const STRIPES: usize = 16;

impl Cache {
    /// `size` 0 keeps nothing.
    pub(super) fn new(size: usize, ttl: Duration) -> Self {
        let slots = size.next_multiple_of(WAYS);
        Self {
            slots: (0..slots).map(|_| ArcSwapOption::empty()).collect(),
            hasher: RandomState::new(),
            ttl: i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX),
            counters: (0..STRIPES).map(|_| Counters::default()).collect(),
        }
    }

    /// The verdict for these very bytes, if it still holds at `now`.
    pub(super) fn find(&self, presented: &[u8], answers: &Answers, now: i64) -> Result<Arc<Verdict>, Place> {
        let place = self.place(presented);
        let counters = self.counters();
        for slot in self.set(place) {
            let guard = slot.load();
            let Some(entry) = &*guard else { continue };
            if entry.hash == place.hash
                && self.is_fresh(entry, now)
                && entry.verdict.knows_all(answers)
                && *entry.presented() == *presented
            {
                counters.hits.fetch_add(1, Ordering::Relaxed);
                return Ok(Arc::clone(&entry.verdict));
            }
        }
        counters.misses.fetch_add(1, Ordering::Relaxed);
        Err(place)
    }

    /// Where the verdict for these bytes is or would be.
    pub(super) fn place(&self, presented: &[u8]) -> Place {
        Place { hash: self.hash(presented) }
    }

    /// Keeps a verdict of SUCCESS that does not rest on what a host or a proxy said once, in place of the one of its set that was decided first.
    pub(super) fn keep(&self, place: Place, presented: &[u8], verdict: &Arc<Verdict>, now: i64) {
        if !verdict.verified() || verdict.is_answered() || verdict.is_by_proxy() {
            return;
        }
        let age = |slot: &&ArcSwapOption<Entry>| match &*slot.load() {
            None => i64::MIN,
            // What no longer holds gives way first, and so does an older verdict for the same leaf.
            Some(entry) if !self.is_fresh(entry, now) || entry.hash == place.hash => i64::MIN + 1,
            Some(entry) => entry.decided,
        };
        let Some(slot) = self.set(place).iter().min_by_key(age) else { return };
        let presented = (*presented != *verdict.chain_der()).then(|| presented.into());
        let entry = Entry { hash: place.hash, decided: now, verdict: Arc::clone(verdict), presented };
        let counters = self.counters();
        counters.insertions.fetch_add(1, Ordering::Relaxed);
        if slot.swap(Some(Arc::new(entry))).is_some() {
            counters.evictions.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn statistics(&self) -> Statistics {
        let sum = |counter: fn(&Counters) -> &AtomicU64| {
            self.counters.iter().map(|stripe| counter(stripe).load(Ordering::Relaxed)).sum()
        };
        Statistics {
            hits: sum(|stripe| &stripe.hits),
            misses: sum(|stripe| &stripe.misses),
            insertions: sum(|stripe| &stripe.insertions),
            evictions: sum(|stripe| &stripe.evictions),
            entries: self.slots.iter().filter(|slot| slot.load().is_some()).count() as u64,
            capacity: self.slots.len() as u64,
        }
    }

    /// A keyed hash of the end of the first certificate, which is its signature: a leaf has one place, so whoever presents
    /// it with a thousand different certificates behind it drives out no verdict but that leaf's own.
    fn hash(&self, presented: &[u8]) -> u64 {
        const LENGTH: usize = 64;
        let leaf = first_value(presented);
        self.hasher.hash_one(&leaf[leaf.len().saturating_sub(LENGTH)..])
    }

    /// A clock that stepped back makes an entry stale, never fresher.
    fn is_fresh(&self, entry: &Entry, now: i64) -> bool {
        let age = now.saturating_sub(entry.decided);
        (0..=self.ttl).contains(&age) && entry.verdict.holds_at(now)
    }

    fn set(&self, place: Place) -> &[ArcSwapOption<Entry>] {
        let sets = self.slots.len() / WAYS;
        if sets == 0 {
            return &[];
        }
        #[expect(clippy::cast_possible_truncation, reason = "the remainder is below the number of sets")]
        let first = (place.hash % sets as u64) as usize * WAYS;
        &self.slots[first..first + WAYS]
    }

    fn counters(&self) -> &Counters {
        &self.counters[STRIPE.with(|stripe| *stripe) % STRIPES]
    }
}
