//! Fingerprints with what each refers to, by perfect hashing: each has one place, so a question reads one byte that says
//! which, a tag, and one entry.
//!
//! Fingerprints fall into groups of less than three on average. Each group has a pilot, a byte that was chosen so that
//! nobody's place is another's, though more than 96 of 100 are taken. A place implies as many bits of the fingerprint as
//! its number has; they are not stored, and make room for the reference: an entry takes 32 bytes, its tag one more, and
//! its share of a pilot a third.
//!
//! Who falls into one group with whom, and their places, depend on a secret: nobody outside can make keys that get into
//! each other's way. A group for which no pilot is found is kept aside, and found by halves. A key is found only if all
//! 256 bits agree.
//!
//! The search for pilots, and who has to move where there is none, is that of PtrHash (Groot Koerkamp 2025).

use std::hash::{BuildHasher, RandomState};

use super::records::Reference;

type Digest = [u8; 32];

#[derive(Debug, Default)]
pub(super) struct Table {
    plan: Plan,
    /// Which place each member of a group has.
    pilots: Box<[u8]>,
    /// The lowest bits of the position in each place.
    tags: Box<[u8]>,
    entries: Box<[Entry]>,
    /// The bits of a position that an entry keeps: those that are neither implied nor its tag.
    kept: u64,
    /// How many bits of a position its place implies.
    implied: u32,
    /// What of the references finds no room in the entries, in so many bytes for each, little-endian; and some more, so
    /// that four can be read at once.
    upper: Box<[u8]>,
    upper_width: usize,
    /// Those that have no place, in order.
    outcasts: Box<[(Digest, Reference)]>,
    len: usize,
}

/// The position, with the reference in the bits that are not kept; and the fingerprint but for its first word, in place of
/// which the position stands. It is in one line of the processor's cache. A free entry has reference 0.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(32))]
struct Entry([u64; 4]);

/// Where fingerprints go.
#[derive(Clone, Copy, Debug, Default)]
struct Plan {
    groups: u64,
    places: u64,
    /// What nobody outside knows.
    secret: [u64; 2],
}

#[derive(Debug, Default)]
pub(super) struct TableBuilder(Vec<(Digest, Reference)>);

const TAG_BITS: u32 = 8;
/// No group becomes so large by itself: its members were made to differ in their first words only, which fingerprints do
/// not. It gets no pilot, so that nobody makes a search long.
const LARGEST: usize = 32;

impl TableBuilder {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    pub(super) fn add(&mut self, digest: Digest, reference: Reference) {
        self.0.push((digest, reference));
    }

    /// Makes the table; no reference is 0, and all are below `end`. Fails with a fingerprint that is there twice.
    pub(super) fn finish(self, end: usize) -> Result<Table, Digest> {
        let all = self.0;
        let mut table = Table::with_room(all.len(), end);
        let groups = Groups::new(&table.plan, &all);
        if let Some(digest) = groups.twins().find_map(|twin| twice(&table.plan, &all, twin)) {
            return Err(digest);
        }
        let mut placing = Placing::new(&table.plan, &groups);
        let mut homeless = placing.run();
        homeless.sort_unstable();
        table.pilots = placing.pilots.into();
        let mut outcasts = Vec::new();
        for one in &all {
            let words = words(&one.0);
            let mixed = table.plan.mixed(&words);
            let group = table.plan.group(mixed);
            match homeless.is_empty() || homeless.binary_search(&group).is_err() {
                true => table.put(&words, position(words[0], mixed, table.pilots[group]), one.1),
                false => outcasts.push(*one),
            }
        }
        outcasts.sort_unstable();
        table.outcasts = outcasts.into();
        Ok(table)
    }
}

impl Table {
    /// What a fingerprint refers to.
    #[inline]
    pub(super) fn find(&self, digest: &Digest) -> Option<Reference> {
        let words = words(digest);
        let mixed = self.plan.mixed(&words);
        let pilot = *self.pilots.get(self.plan.group(mixed))?;
        let position = position(words[0], mixed, pilot);
        let place = self.plan.place(position);
        if *self.tags.get(place)? == tag(position) {
            let entry = &self.entries.get(place)?.0;
            let first = (entry[0] ^ position) & self.kept;
            if first | entry[1] ^ words[1] | entry[2] ^ words[2] | entry[3] ^ words[3] == 0 {
                // A free entry may look like the fingerprint: nobody with such a fingerprint has a place then.
                let reference = self.reference(place, entry[0]);
                if reference != 0 {
                    return Some(reference);
                }
            }
        }
        if self.outcasts.is_empty() { None } else { self.find_outcast(digest) }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Every fingerprint with what it refers to, in no order.
    pub(super) fn unsorted(&self) -> impl Iterator<Item = (Digest, Reference)> + '_ {
        (0..self.entries.len()).filter_map(|place| self.entry(place)).chain(self.outcasts.iter().copied())
    }

    /// The same in order, for which 16 bytes more are needed for each.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Digest, Reference)> + '_ {
        let entry = |at: usize| match at.checked_sub(self.entries.len()) {
            None => self.entry(at),
            Some(outcast) => self.outcasts.get(outcast).copied(),
        };
        let ends = 0..self.entries.len() + self.outcasts.len();
        let head = |(digest, _): (Digest, _)| digest.first_chunk().map_or(0, |head| u64::from_be_bytes(*head));
        let mut order: Vec<_> = ends.filter_map(|at| Some((head(entry(at)?), at))).collect();
        order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| entry(a.1).cmp(&entry(b.1))));
        order.into_iter().filter_map(move |(_, at)| entry(at))
    }

    pub(super) fn memory(&self) -> usize {
        let entries = self.pilots.len() + self.tags.len() + size_of_val(&*self.entries) + self.upper.len();
        entries + size_of_val(&*self.outcasts)
    }

    fn with_room(len: usize, end: usize) -> Self {
        /// So many of a thousand places are taken; and where the references need one byte more.
        const LOAD: [usize; 2] = [965, 985];
        /// So many pilots there are for a thousand.
        const PILOTS: usize = 364;
        let reference_bits = end.saturating_sub(1).checked_ilog2().map_or(0, |log| log + 1);
        let sized = |load: usize| {
            let places = (1000 * len).div_ceil(load);
            let implied = places.checked_ilog2().unwrap_or(0);
            (places, implied, reference_bits.saturating_sub(TAG_BITS + implied).div_ceil(8) as usize)
        };
        let (places, implied, upper_width) = match sized(LOAD[0]) {
            fits @ (.., 0) => fits,
            _ => sized(LOAD[1]),
        };
        let hasher = RandomState::new();
        let secret = [hasher.hash_one(0), hasher.hash_one(1)];
        Self {
            plan: Plan { groups: (PILOTS * len).div_ceil(1000) as u64, places: places as u64, secret },
            tags: vec![0; places].into(),
            entries: vec![Entry::default(); places].into(),
            kept: u64::MAX >> implied & u64::MAX << TAG_BITS,
            implied,
            upper: vec![0; places * upper_width + 4].into(),
            upper_width,
            len,
            ..Self::default()
        }
    }

    /// Puts one into its place.
    fn put(&mut self, words: &[u64; 4], position: u64, reference: Reference) {
        let (place, reference) = (self.plan.place(position), u64::from(reference));
        let first = position & self.kept | reference.rotate_right(self.implied) & !self.kept;
        self.tags[place] = tag(position);
        self.entries[place] = Entry([first, words[1], words[2], words[3]]);
        let (upper, width) = ((reference >> (TAG_BITS + self.implied)).to_le_bytes(), self.upper_width);
        self.upper[place * width..][..width].copy_from_slice(&upper[..width]);
    }

    #[cold]
    fn find_outcast(&self, digest: &Digest) -> Option<Reference> {
        let at = self.outcasts.binary_search_by(|(outcast, _)| outcast.cmp(digest)).ok()?;
        self.outcasts.get(at).map(|(_, reference)| *reference)
    }

    /// The reference of an entry that begins with this word.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "it was one when it was stored")]
    fn reference(&self, place: usize, word: u64) -> Reference {
        let lower = (word & !self.kept).rotate_left(self.implied);
        if self.upper_width == 0 { lower as Reference } else { (lower | self.upper(place)) as Reference }
    }

    /// What of an entry's reference stands apart. Not inline, so that what most tables need stays short.
    #[inline(never)]
    fn upper(&self, place: usize) -> u64 {
        let bytes = self.upper.get(place * self.upper_width..).and_then(|upper| upper.first_chunk());
        let own =
            bytes.map_or(0, |bytes| u64::from(u32::from_le_bytes(*bytes)) & !(u64::MAX << (8 * self.upper_width)));
        own << (TAG_BITS + self.implied)
    }

    /// The fingerprint of an entry, and its reference, unless it is free.
    fn entry(&self, place: usize) -> Option<(Digest, Reference)> {
        let Entry(words) = self.entries.get(place)?;
        let reference = Some(self.reference(place, words[0])).filter(|reference| *reference != 0)?;
        let low = words[0] & self.kept | u64::from(*self.tags.get(place)?);
        // A place has at most as many positions as there are of the bits that are not implied: one of them ends so.
        let first = (u128::from(place as u64) << 64).div_ceil(u128::from(self.plan.places));
        let first = u64::try_from(first).ok()?;
        let position = first.wrapping_add(low.wrapping_sub(first) & u64::MAX >> self.implied);
        let mixed = self.plan.mixed(words);
        let leading = position.wrapping_sub(shift(mixed, *self.pilots.get(self.plan.group(mixed))?));
        let mut digest = [0; 32];
        for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip([leading, words[1], words[2], words[3]]) {
            *bytes = word.to_le_bytes();
        }
        Some((digest, reference))
    }
}

impl Plan {
    /// What decides on the group: the fingerprint but for its first word.
    #[inline]
    fn mixed(&self, words: &[u64; 4]) -> u64 {
        let product =
            u128::from(words[1] ^ self.secret[0]) * u128::from((words[2] ^ self.secret[1]).wrapping_add(words[3]));
        #[expect(clippy::cast_possible_truncation, reason = "the other half is added")]
        let folded = product as u64 ^ (product >> 64) as u64;
        folded
    }

    #[inline]
    fn group(&self, mixed: u64) -> usize {
        scaled(mixed, self.groups)
    }

    #[inline]
    fn place(&self, position: u64) -> usize {
        scaled(position, self.places)
    }
}

/// All fingerprints, group by group, while their places are looked for.
struct Groups {
    /// Where each group begins, and where the last one ends.
    starts: Vec<u32>,
    members: Vec<Member>,
}

/// What decides on the place of a fingerprint: its first word, and what the others come to.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Member {
    leading: u64,
    mixed: u64,
}

/// Who has which place so far.
struct Placing<'a> {
    plan: &'a Plan,
    groups: &'a Groups,
    pilots: Vec<u8>,
    /// The member in each place.
    owners: Vec<u32>,
    /// A bit for each place that has one: few enough that they stay at hand.
    taken: Vec<u64>,
}

/// A place that is nobody's.
const FREE: u32 = u32::MAX;

impl Member {
    fn new(plan: &Plan, digest: &Digest) -> Self {
        let words = words(digest);
        Self { leading: words[0], mixed: plan.mixed(&words) }
    }
}

impl Groups {
    fn new(plan: &Plan, all: &[(Digest, Reference)]) -> Self {
        // References are of 32 bits, so there are not more fingerprints than that.
        let mut next = vec![0_u32; scaled(u64::MAX, plan.groups) + 2];
        let members = || all.iter().map(|(digest, _)| Member::new(plan, digest));
        for one in members() {
            next[plan.group(one.mixed) + 1] += 1;
        }
        for group in 1..next.len() {
            next[group] += next[group - 1];
        }
        let starts = next.clone();
        let mut sorted = vec![Member::default(); all.len()];
        for one in members() {
            let at = &mut next[plan.group(one.mixed)];
            sorted[*at as usize] = one;
            *at += 1;
        }
        Self { starts, members: sorted }
    }

    /// Those that look like another of their group.
    fn twins(&self) -> impl Iterator<Item = Member> + '_ {
        (0..self.count()).filter_map(|group| {
            let members = self.of(group);
            if members.len() > LARGEST {
                let mut sorted = members.to_vec();
                sorted.sort_unstable();
                return sorted.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
            }
            let twin = members.iter().enumerate().find(|(at, one)| members[..*at].contains(one));
            twin.map(|(_, twin)| *twin)
        })
    }

    fn count(&self) -> usize {
        self.starts.len() - 1
    }

    fn of(&self, group: usize) -> &[Member] {
        &self.members[self.starts[group] as usize..self.starts[group + 1] as usize]
    }
}

impl<'a> Placing<'a> {
    fn new(plan: &'a Plan, groups: &'a Groups) -> Self {
        let places = usize::try_from(plan.places).unwrap_or(0);
        let (owners, taken) = (vec![FREE; places], vec![0; places.div_ceil(64)]);
        Self { plan, groups, pilots: vec![0; groups.count()], owners, taken }
    }

    /// Finds a pilot for each group, for the large ones first. Where none leaves all others their places, those whom it
    /// costs least have to look for another one, as long as there is hope. Returns the groups that have none in the end.
    fn run(&mut self) -> Vec<usize> {
        let mut waiting: Vec<u32> = (0..).take(self.groups.count()).collect();
        waiting.sort_by_key(|group| self.groups.of(*group as usize).len());
        let mut moves = self.groups.count() + 64;
        let mut homeless = Vec::new();
        while let Some(group) = waiting.pop() {
            let members = self.groups.of(group as usize);
            if members.len() > LARGEST {
                homeless.push(group as usize);
                continue;
            }
            let pilot = self.free_pilot(members).or_else(|| {
                moves = moves.checked_sub(1)?;
                // Whoever comes again begins elsewhere, so that two do not drive out each other for ever.
                self.cheapest_pilot(members, moves.to_le_bytes()[0])
            });
            let Some(pilot) = pilot else {
                homeless.push(group as usize);
                continue;
            };
            self.pilots[group as usize] = pilot;
            for (member, at) in members.iter().zip(self.groups.starts[group as usize]..) {
                let place = self.place(member, pilot);
                if let Some(group) = self.group_at(place) {
                    self.remove(group);
                    waiting.push(group);
                }
                self.owners[place] = at;
                self.taken[place / 64] |= 1 << (place % 64);
            }
        }
        homeless
    }

    /// A pilot that gives each member a place of its own that is free.
    fn free_pilot(&self, members: &[Member]) -> Option<u8> {
        // Eight at once: no branch depends on a single place, which nobody could predict.
        (0..=u8::MAX).step_by(8).find_map(|first| {
            let taken = |pilot: u8| {
                let places = members.iter().map(|member| self.place(member, pilot));
                places.fold(0, |taken, place| taken | self.taken[place / 64] >> (place % 64)) & 1
            };
            let all_taken = (0..8).fold(0, |all, pilot| all | taken(first + pilot) << pilot);
            let free = |pilot: &u8| all_taken >> (pilot - first) & 1 == 0;
            (first..=first + 7).filter(free).find(|pilot| self.are_apart(members, *pilot))
        })
    }

    /// The pilot that drives out least: the squares of how many lose their places, summed up by groups.
    fn cheapest_pilot(&self, members: &[Member], first: u8) -> Option<u8> {
        let cost = |pilot: u8| {
            let groups = members.iter().filter_map(|member| self.group_at(self.place(member, pilot)));
            groups.map(|group| self.groups.of(group as usize).len().pow(2)).sum::<usize>()
        };
        let pilots = (0..=u8::MAX).map(|pilot| pilot.wrapping_add(first));
        pilots.filter(|pilot| self.are_apart(members, *pilot)).min_by_key(|pilot| cost(*pilot))
    }

    fn are_apart(&self, members: &[Member], pilot: u8) -> bool {
        let place = |member| self.place(member, pilot);
        members.iter().enumerate().all(|(at, one)| members[..at].iter().all(|other| place(other) != place(one)))
    }

    fn place(&self, member: &Member, pilot: u8) -> usize {
        self.plan.place(position(member.leading, member.mixed, pilot))
    }

    /// The group of whoever has a place.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "there are fewer groups than members, whose numbers are of 32 bits"
    )]
    fn group_at(&self, place: usize) -> Option<u32> {
        self.groups.members.get(self.owners[place] as usize).map(|owner| self.plan.group(owner.mixed) as u32)
    }

    fn remove(&mut self, group: u32) {
        let pilot = self.pilots[group as usize];
        for member in self.groups.of(group as usize) {
            let place = self.place(member, pilot);
            self.owners[place] = FREE;
            self.taken[place / 64] &= !(1 << (place % 64));
        }
    }
}

/// A fingerprint that is there twice, of those that look like this one.
#[cold]
fn twice(plan: &Plan, all: &[(Digest, Reference)], suspect: Member) -> Option<Digest> {
    let alike = all.iter().map(|(digest, _)| *digest).filter(|digest| Member::new(plan, digest) == suspect);
    let mut alike: Vec<Digest> = alike.collect();
    alike.sort_unstable();
    alike.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

/// A fingerprint in words.
#[inline]
fn words(digest: &Digest) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(digest.as_chunks().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    words
}

/// A position is a fraction of 2^64 of the table. Whoever knows all but the first word can tell that from the position.
#[inline]
fn position(first: u64, mixed: u64, pilot: u8) -> u64 {
    first.wrapping_add(shift(mixed, pilot))
}

/// How far a pilot shifts a member of its group.
#[inline]
fn shift(mixed: u64, pilot: u8) -> u64 {
    // Odd numbers whose bits look random: the fractions of the golden ratio and of the square root of 3.
    (mixed ^ u64::from(pilot).wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbb67_ae85_84ca_a73b)
}

#[inline]
fn tag(position: u64) -> u8 {
    position.to_le_bytes()[0]
}

/// The place of a fraction of 2^64 among `count`.
#[inline]
fn scaled(fraction: u64, count: u64) -> usize {
    #[allow(clippy::cast_possible_truncation, reason = "less than the count, which is that of something in memory")]
    let place = ((u128::from(fraction) * u128::from(count)) >> 64) as usize;
    place
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    /// Digests of which the bytes of `random` are those of a hash of their number, and all others alike.
    fn digests(count: u32, random: std::ops::Range<usize>) -> HashMap<Digest, Reference> {
        let digest = |number: u32| {
            let mut digest = [0xa5; 32];
            digest[random.clone()].copy_from_slice(&crate::crypto::sha256(&number.to_be_bytes())[random.clone()]);
            digest
        };
        (0..count).map(|number| (digest(number), number + 1)).collect()
    }

    fn table(of: &HashMap<Digest, Reference>, end: usize) -> Table {
        let mut builder = TableBuilder::default();
        for (digest, reference) in of {
            builder.add(*digest, *reference);
        }
        builder.finish(end).expect("no fingerprint is there twice")
    }

    fn holds_exactly(table: &Table, all: &HashMap<Digest, Reference>) {
        assert_eq!(table.len(), all.len());
        for (digest, reference) in all {
            assert_eq!(table.find(digest), Some(*reference));
            // Every bit of few, and of many each bit of some.
            for bit in (0..256).filter(|bit| all.len() < 10 || bit % 64 == *reference as usize % 64) {
                let mut other = *digest;
                other[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(table.find(&other), all.get(&other).copied(), "bit {bit}");
            }
        }
        let mut sorted: Vec<_> = all.iter().map(|(digest, reference)| (*digest, *reference)).collect();
        sorted.sort_unstable();
        assert!(table.iter().eq(sorted.iter().copied()));
        let mut unsorted: Vec<_> = table.unsorted().collect();
        unsorted.sort_unstable();
        assert_eq!(unsorted, sorted);
    }

    #[test]
    fn a_table_of_any_size_holds_what_it_was_given_and_nothing_else() {
        for count in (0..70).chain([127, 128, 129, 1_000, 4_096]) {
            let all = digests(count, 0..32);
            let table = table(&all, count as usize + 1);
            assert!(table.outcasts.is_empty(), "{count}");
            holds_exactly(&table, &all);
        }
    }

    #[test]
    fn references_are_as_large_as_their_type() {
        for count in [1, 5, 1_000] {
            let all: HashMap<_, _> = digests(count, 0..32).into_iter().map(|(digest, at)| (digest, !at)).collect();
            holds_exactly(&table(&all, usize::try_from(u32::MAX).expect("a 64-bit machine")), &all);
        }
    }

    #[test]
    fn fingerprints_that_are_nearly_alike_need_no_more_than_their_number() {
        // Those that differ at their beginning only share a group, and have no place; all others are spread as always.
        for (random, has_places) in
            [(8..32, true), (16..32, true), (24..32, true), (28..32, true), (0..8, false), (4..8, false)]
        {
            let all = digests(4_000, random.clone());
            let table = table(&all, 4_001);
            assert_eq!(table.outcasts.is_empty(), has_places, "{random:?}");
            assert!(all.iter().all(|(digest, reference)| table.find(digest) == Some(*reference)), "{random:?}");
            assert!(digests(4_100, random).keys().all(|digest| table.find(digest) == all.get(digest).copied()));
            assert_eq!(table.iter().count(), all.len());
        }
    }

    #[test]
    fn a_fingerprint_is_not_there_twice() {
        for random in [0..32, 0..8] {
            let all = digests(3_000, random);
            let mut builder = TableBuilder::default();
            for (digest, reference) in &all {
                builder.add(*digest, *reference);
            }
            let twice = *all.keys().next().expect("a fingerprint");
            builder.add(twice, 7);
            assert_eq!(builder.finish(3_001).map(|table| table.len()), Err(twice));
        }
    }

    proptest! {
        #[test]
        fn it_is_a_map(all in prop::collection::hash_map(digest(), 1..=Reference::MAX, 0..80), others in prop::collection::vec(digest(), 80)) {
            let table = table(&all, usize::try_from(Reference::MAX).unwrap_or(usize::MAX));
            holds_exactly(&table, &all);
            for other in others {
                prop_assert_eq!(table.find(&other), all.get(&other).copied());
            }
        }
    }

    /// Of few values in each word, so that many agree in some of them.
    fn digest() -> impl Strategy<Value = Digest> {
        prop::array::uniform4(prop_oneof![0..3_u64, u64::MAX - 2..=u64::MAX, any::<u64>()]).prop_map(|words| {
            let mut digest = [0; 32];
            digest.as_chunks_mut().0.iter_mut().zip(words).for_each(|(bytes, word)| *bytes = word.to_be_bytes());
            digest
        })
    }
}
