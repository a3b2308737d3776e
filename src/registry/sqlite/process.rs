//! Which process uses SQLite now.

use std::sync::atomic::{AtomicU64, Ordering};

/// SQLite is in use by this process as long as this lives.
///
/// SQLite's table of files and locks is one for the process, whatever the file. A child that was forked by another thread
/// while it was in use has a copy of it that nobody will ever clean up, and maybe a lock in memory that nobody will open:
/// in there SQLite must not be used.
#[derive(Debug)]
pub(super) struct InUse(());

/// The number of the process, and in the lower half how often SQLite is in use there.
static USERS: AtomicU64 = AtomicU64::new(0);

const COUNT_BITS: u32 = 32;
const COUNT: u64 = (1 << COUNT_BITS) - 1;

impl InUse {
    /// Fails for good in a child of a `fork` that came in between.
    pub(super) fn enter() -> Result<Self, &'static str> {
        enter(&USERS, std::process::id()).map(|()| Self(()))
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        USERS.fetch_sub(1, Ordering::Release);
    }
}

fn enter(users: &AtomicU64, process: u32) -> Result<(), &'static str> {
    let process = u64::from(process) << COUNT_BITS;
    let entered = users.fetch_update(Ordering::Acquire, Ordering::Relaxed, |users| match users & COUNT {
        0 => Some(process + 1),
        _ if users & !COUNT == process => Some(users + 1),
        _ => None,
    });
    entered.map(|_| ()).map_err(|_| "this process was forked while the database was open, and can never use it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_of_a_process_that_was_at_it_is_refused() {
        let users = AtomicU64::new(0);
        for _ in 0..3 {
            assert_eq!(enter(&users, 7), Ok(()));
        }
        assert!(enter(&users, 8).is_err());
        users.fetch_sub(2, Ordering::Release);
        assert!(enter(&users, 8).is_err());
        users.fetch_sub(1, Ordering::Release);
        assert_eq!((enter(&users, 8), enter(&users, 8)), (Ok(()), Ok(())));
        assert!(enter(&users, 7).is_err());
    }
}
