//! Whether a database can have changed, told by what the file system says of its files.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::files;

/// The size, the times and the inode of the database and of its write-ahead log, one of which every change touches.
#[derive(Debug)]
pub(super) struct Trace {
    database: Option<State>,
    log: Option<State>,
    settled: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct State {
    length: u64,
    modified: Option<SystemTime>,
    inode: Option<(u64, u64)>,
}

impl Trace {
    /// Costs two `stat`. What cannot be read is part of it, and no error.
    pub(super) fn of(database: &Path) -> Self {
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        let now = SystemTime::now();
        let (database, log) = (State::of(database), State::of(Path::new(&log)));
        let old = |state: &State| state.modified.is_some_and(|modified| files::is_past(modified, now));
        let settled = database.as_ref().is_some_and(old) && log.as_ref().is_none_or(old);
        Self { database, log, settled }
    }

    /// Whether nothing can have been written between this look and the `later` one.
    pub(super) fn proves_the_same(&self, later: &Self) -> bool {
        self.settled && self.database == later.database && self.log == later.log
    }
}

impl State {
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self { length: metadata.len(), modified: metadata.modified().ok(), inode: files::identity(&metadata) })
    }
}
