//! What may be used once: the identifiers that were, for as long as they could be used again.

use std::collections::HashMap;

use parking_lot::Mutex;

/// Identifiers that were used. Where there is no room for another, nothing can be used: it fails closed.
#[derive(Debug, Default)]
pub(crate) struct Used(Mutex<HashMap<[u8; 16], i64>>);

/// As many are remembered at a time. Whoever uses one had a good certificate a moment ago.
const MOST: usize = 65_536;

impl Used {
    /// Whether it is the first use of `id`, which could be used until `until`; from now on it is not.
    #[must_use]
    pub(crate) fn is_first(&self, id: [u8; 16], until: i64, now: i64) -> bool {
        let mut used = self.0.lock();
        if used.len() >= MOST {
            used.retain(|_, until| *until >= now);
        }
        if used.len() >= MOST || used.contains_key(&id) {
            return false;
        }
        used.insert(id, until);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> [u8; 16] {
        (number as u128).to_le_bytes()
    }

    #[test]
    fn once_is_once() {
        let used = Used::default();
        assert!(used.is_first(id(1), 10, 0));
        assert!(!used.is_first(id(1), 10, 0));
        assert!(used.is_first(id(2), 10, 0));
    }

    #[test]
    fn a_full_memory_refuses_until_something_is_too_old_to_be_used() {
        let used = Used::default();
        assert!((0..MOST).all(|number| used.is_first(id(number), 10, 0)));
        assert!(!used.is_first(id(MOST), 10, 10));
        assert!(used.is_first(id(MOST), 20, 11));
        assert!(!used.is_first(id(MOST), 20, 11));
    }
}
