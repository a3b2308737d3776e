//! Texts that were asked for once, kept with the verdict so that asking again costs nothing.
//!
//! The lists only ever grow, without a lock, so a text can be lent out for as long as the verdict lives.

use std::sync::OnceLock;

const BUCKETS: usize = 32;

/// Texts by name. One name may have several, where the text depends on the moment (days left). A verdict that nobody asks
/// for a text has none of the buckets.
#[derive(Debug, Default)]
pub(super) struct Renderings {
    buckets: OnceLock<Box<[OnceLock<Box<Entry>>; BUCKETS]>>,
}

#[derive(Debug)]
struct Entry {
    name: Box<str>,
    /// With a NUL behind it, for C.
    text: Box<[u8]>,
    next: OnceLock<Box<Entry>>,
}

impl Renderings {
    /// The text kept under a name. The NUL behind it is included.
    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        let first = self.buckets.get()?[bucket(name)].get();
        let mut entries = std::iter::successors(first, |entry| entry.next.get());
        entries.find(|entry| *entry.name == *name).map(|entry| &*entry.text)
    }

    /// Keeps a text, or finds the equal one that is kept already. The NUL behind it is included.
    pub(super) fn keep(&self, name: &str, mut text: Vec<u8>) -> &[u8] {
        text.push(0);
        let mut fresh = Box::new(Entry { name: name.into(), text: text.into(), next: OnceLock::new() });
        let buckets = self.buckets.get_or_init(|| Box::new([const { OnceLock::new() }; BUCKETS]));
        let mut place = &buckets[bucket(name)];
        loop {
            if let Some(entry) = place.get() {
                if entry.name == fresh.name && entry.text == fresh.text {
                    return &entry.text;
                }
                place = &entry.next;
                continue;
            }
            // Where another thread was quicker, its entry is looked at next.
            fresh = match place.set(fresh) {
                Ok(()) => match place.get() {
                    Some(entry) => return &entry.text,
                    None => return &[0],
                },
                Err(fresh) => fresh,
            };
        }
    }
}

fn bucket(name: &str) -> usize {
    let bytes = name.as_bytes();
    let byte = |index: usize| usize::from(*bytes.get(index).unwrap_or(&0));
    // Names differ in length, at their ends, and behind common prefixes.
    (bytes.len() + 7 * byte(bytes.len().wrapping_sub(1)) + 31 * byte(bytes.len() / 2) + 3 * byte(0)) % BUCKETS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_where_it_is() {
        let renderings = Renderings::default();
        let first = renderings.keep("name", b"text".to_vec());
        for other in 0..1_000 {
            renderings.keep(&other.to_string(), other.to_string().into_bytes());
        }
        assert_eq!(first, b"text\0");
        assert_eq!(renderings.get("name").map(<[u8]>::as_ptr), Some(first.as_ptr()));
        assert_eq!(renderings.keep("name", b"text".to_vec()).as_ptr(), first.as_ptr());
        assert_eq!(renderings.get("absent"), None);
    }

    #[test]
    fn threads_agree_on_one_text() {
        let renderings = Renderings::default();
        let addresses: Vec<usize> = std::thread::scope(|scope| {
            let ask = || renderings.keep("name", b"text".to_vec()).as_ptr() as usize;
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(addresses.iter().all(|address| *address == addresses[0]));
    }
}
