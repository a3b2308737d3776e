//! The issuers whose certificates an indirect CRL lists (RFC 5280 section 5.3.3).

use std::collections::HashMap;
use std::hash::RandomState;

use crate::certificate::Name;
use crate::certificate::der::Span;

/// Names and their numbers, in the order in which they were found. The CRL's own issuer is number 0.
#[derive(Debug)]
pub(super) struct Issuers {
    keys: RandomState,
    /// By the hash of the name, or the next free number above it.
    numbers: HashMap<u64, u32>,
    spans: Vec<Span>,
    names: Vec<u8>,
}

impl Issuers {
    pub(super) fn new(own: &Name<'_>) -> Self {
        let mut issuers =
            Self { keys: RandomState::new(), numbers: HashMap::new(), spans: Vec::new(), names: Vec::new() };
        issuers.insert(own);
        issuers
    }

    /// The number of a name, which is a new one where no name matches it yet.
    pub(super) fn insert(&mut self, name: &Name<'_>) -> u32 {
        let free = match self.look_up(name) {
            Ok(number) => return number,
            Err(free) => free,
        };
        let start = self.names.len();
        self.names.extend_from_slice(name.as_der());
        // Names come out of a CRL of less than 4 GiB, each at most once.
        let number = u32::try_from(self.spans.len()).unwrap_or(u32::MAX);
        self.spans.push(Span::new(start, self.names.len()));
        self.numbers.insert(free, number);
        number
    }

    /// The number of a name.
    pub(super) fn find(&self, name: &Name<'_>) -> Option<u32> {
        self.look_up(name).ok()
    }

    /// The name of a number that was given out here.
    pub(super) fn name(&self, number: u32) -> Name<'_> {
        Name::checked(self.spans[number as usize].of(&self.names))
    }

    pub(super) fn shrink(&mut self) {
        self.numbers.shrink_to_fit();
        self.spans.shrink_to_fit();
        self.names.shrink_to_fit();
    }

    /// The bytes that it holds beside itself.
    pub(super) fn memory(&self) -> usize {
        // A hash table fills at most seven eighths of its places, and has a byte more for each.
        let places = self.numbers.capacity().next_power_of_two();
        places * (size_of::<(u64, u32)>() + 1) + self.spans.capacity() * size_of::<Span>() + self.names.capacity()
    }

    /// The number of the name, or else the key to store it under.
    fn look_up(&self, name: &Name<'_>) -> Result<u32, u64> {
        let mut hash = name.canonical_hash(&self.keys);
        while let Some(number) = self.numbers.get(&hash) {
            if self.name(*number).matches(name) {
                return Ok(*number);
            }
            hash = hash.wrapping_add(1);
        }
        Err(hash)
    }
}
