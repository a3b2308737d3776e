//! Files: reading them with a limit, and noticing that they changed.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A change within the same tick of the file system's clock leaves no trace.
const COARSE: Duration = Duration::from_millis(100);

/// Reads a file of at most `limit` bytes, and nothing but a file.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    // Before opening, because opening a pipe would wait for its writer.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is neither a file nor a folder"));
    }
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let too_large =
        || Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {} MiB", limit >> 20)));
    if size > limit {
        return too_large();
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
    // It may grow while it is read.
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { too_large() } else { Ok(bytes) }
}

/// What changes when a file does: size, date, the time of the last change where systems have it, device and inode.
pub(crate) type Trace = (u64, Option<SystemTime>, Option<SystemTime>, Option<(u64, u64)>);

/// The trace of a file as it is now.
pub(crate) fn trace(metadata: &Metadata) -> Trace {
    (metadata.len(), metadata.modified().ok(), changed(metadata), identity(metadata))
}

/// What the file system says of files, without opening one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    /// Whether they would have to be read.
    pub(crate) changed: bool,
    /// Their sizes.
    pub(crate) bytes: u64,
}

/// Whether a file was older at `now` than the file system's clock is coarse, so that a later change shows in its trace.
pub(crate) fn is_settled(trace: &Trace, now: SystemTime) -> bool {
    trace.1.max(trace.2).is_some_and(|changed| is_past(changed, now))
}

/// Whether a moment is longer ago at `now` than the file system's clock is coarse. For what was changed then, `now` is from
/// before it was looked at.
pub(crate) fn is_past(moment: SystemTime, now: SystemTime) -> bool {
    moment.checked_add(COARSE).is_some_and(|safe| safe < now)
}

/// Device and inode, which only some systems have.
pub(crate) fn identity(metadata: &Metadata) -> Option<(u64, u64)> {
    #[cfg(unix)]
    let identity = Some((std::os::unix::fs::MetadataExt::dev(metadata), std::os::unix::fs::MetadataExt::ino(metadata)));
    #[cfg(not(unix))]
    let identity = None;
    identity
}

/// When the contents, or anything else about the file, changed last; never before its date, which may be ahead.
pub(crate) fn last_change(metadata: &Metadata) -> Option<SystemTime> {
    metadata.modified().ok().max(changed(metadata))
}

/// What nobody can set: when the contents, or anything else about the file, changed last.
#[cfg(unix)]
fn changed(metadata: &Metadata) -> Option<SystemTime> {
    use std::os::unix::fs::MetadataExt;
    let since = Duration::new(metadata.ctime().try_into().ok()?, metadata.ctime_nsec().try_into().ok()?);
    SystemTime::UNIX_EPOCH.checked_add(since)
}

#[cfg(not(unix))]
fn changed(metadata: &Metadata) -> Option<SystemTime> {
    metadata.modified().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_that_is_ahead_hides_no_change() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let date = SystemTime::now() + Duration::from_secs(86_400);
        let write = |bytes| {
            fs::write(file.path(), bytes).expect("a file");
            file.as_file().set_modified(date).expect("a date");
            trace(&fs::metadata(file.path()).expect("a file"))
        };
        let before = write("one");
        std::thread::sleep(2 * COARSE);
        let after = write("two");
        assert_ne!(before, after);
        let settles = SystemTime::now() + 2 * COARSE;
        assert!(!is_settled(&after, settles) && is_settled(&after, date + 2 * COARSE));
    }
}
