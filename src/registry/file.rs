//! Registrations in a text file that a person edits, and that verbs change without a reader ever seeing half of it.

use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;

use super::backend::{Backend, Transaction};
use super::index::Index;
use super::registration::{RegisteredKey, Registration};
use super::text::{self, Draft, Origin};
use crate::error::Error;
use crate::files;

/// A file, and where its audit records go.
#[derive(Debug)]
pub(super) struct TextFile {
    path: PathBuf,
    audit: Option<PathBuf>,
    /// What the file system said before the last `load`.
    seen: Mutex<Option<Seen>>,
}

/// A file and those that it names, as they were when they were read.
#[derive(Debug)]
struct Seen {
    files: Vec<PathBuf>,
    trace: u64,
    /// Whether they were older than the file system's clock is coarse, so that no change can hide.
    settled: bool,
}

/// Ten million registrations need less.
const MAX_FILE_BYTES: u64 = 2 << 30;
/// How long a writer waits for the others.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(5);

impl TextFile {
    /// Nothing is read. Audit records go to `audit`, or nowhere.
    pub(super) fn new(path: PathBuf, audit: Option<PathBuf>) -> Self {
        Self { path, audit, seen: Mutex::new(None) }
    }

    fn read(&self) -> Result<(Vec<u8>, Origin), Error> {
        let io = |source| Error::Io { option: "registry", path: self.path.clone(), source };
        only_trusted_may_write(&fs::metadata(&self.path).map_err(io)?).map_err(io)?;
        Ok((files::read(&self.path, MAX_FILE_BYTES).map_err(io)?, self.origin()))
    }

    fn origin(&self) -> Origin {
        Origin { place: self.path.display().to_string(), folder: self.path.parent().map(Path::to_owned) }
    }

    /// Reads the file under its lock, lets `body` change it, and puts the outcome in its place.
    fn change(&self, body: &mut dyn FnMut(&mut dyn Transaction) -> Result<(), Error>) -> Result<Outcome, Error> {
        // A link stays one: what it points at is replaced.
        let target = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let locked = Locked::open(&target)?;
        let outcome = self.change_locked(&locked.file, &target, body);
        if locked.created && outcome.is_err() {
            // Nothing came of it. An empty file that stays is no harm.
            let _stays = fs::remove_file(&target);
        }
        outcome
    }

    fn change_locked(
        &self,
        mut file: &File,
        target: &Path,
        body: &mut dyn FnMut(&mut dyn Transaction) -> Result<(), Error>,
    ) -> Result<Outcome, Error> {
        let write = |source| Error::CannotWrite { path: self.path.clone(), source };
        let before = file.metadata().map_err(write)?;
        only_trusted_may_write(&before).map_err(write)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(write)?;
        let origin = self.origin();
        let mut draft = Draft::new(text::utf8(&bytes, &origin)?, &origin)?;
        body(&mut draft)?;
        let changed = draft.text();
        if hash_of(&fs::metadata(target).map_err(write)?) != hash_of(&before) {
            // Somebody's editor was faster, and editors know no locks.
            return Ok(Outcome::Overtaken);
        }
        let records: Vec<String> = draft.records.iter().map(|record| record.to_json().to_string() + "\n").collect();
        let audit = self.append(&records.concat(), &before)?;
        if changed.as_bytes() != bytes
            && let Err(source) = replace(target, changed.as_bytes(), &before)
        {
            audit.take_back();
            return Err(write(source));
        }
        Ok(Outcome::Done)
    }

    /// Appends to the audit file, durably, before anything is changed: a change that nobody can read about is none.
    fn append(&self, records: &str, like: &fs::Metadata) -> Result<Appended, Error> {
        let Some(path) = self.audit.as_ref().filter(|_| !records.is_empty()) else { return Ok(Appended(None)) };
        let failed = |source| Error::CannotWrite { path: path.clone(), source };
        let is_new = !path.exists();
        let mut file = OpenOptions::new().append(true).create(true).open(path).map_err(failed)?;
        if is_new {
            belong_like(&file, like).map_err(failed)?;
        }
        let length = file.metadata().map_err(failed)?.len();
        let written = file.write_all(records.as_bytes()).and_then(|()| file.sync_data());
        let appended = Appended(Some((file, length)));
        match written {
            Ok(()) => Ok(appended),
            Err(source) => {
                appended.take_back();
                Err(failed(source))
            }
        }
    }
}

enum Outcome {
    Done,
    /// The file is not the one that was read.
    Overtaken,
}

impl Backend for TextFile {
    fn load(&self) -> Result<Index, Error> {
        // What is looked at before it is read may only seem older than it is.
        let trace = |files: &[PathBuf]| trace(std::iter::once(&self.path).chain(files));
        let (mut before, _) = trace(&[]);
        let (mut bytes, origin) = self.read()?;
        for last in [false, false, true] {
            let reading = text::read(text::utf8(&bytes, &origin)?, &origin)?;
            let (now, settled) = trace(&reading.files);
            if now == before || last {
                // Where it changes all the time, the next look will find it changed.
                let settled = settled && now == before;
                *self.seen.lock() = Some(Seen { files: reading.files, trace: now, settled });
                return Ok(reading.index);
            }
            before = now;
            bytes = self.read()?.0;
        }
        Err(Error::Internal("a file was read three times and not once"))
    }

    fn changed(&self) -> Result<bool, Error> {
        let seen = self.seen.lock();
        let Some(seen) = &*seen else { return Ok(true) };
        Ok(!seen.settled || trace(std::iter::once(&self.path).chain(&seen.files)).0 != seen.trace)
    }

    /// With the files that it named when it was read.
    fn bytes(&self) -> Option<u64> {
        let seen = self.seen.lock();
        let files = std::iter::once(&self.path).chain(seen.iter().flat_map(|seen| &seen.files));
        let sizes = files.map(|file| fs::metadata(file).map_or(0, |metadata| metadata.len()));
        Some(sizes.fold(0, u64::saturating_add))
    }

    fn transaction(&self, body: &mut dyn FnMut(&mut dyn Transaction) -> Result<(), Error>) -> Result<(), Error> {
        let patience = Instant::now() + PATIENCE;
        while Instant::now() < patience {
            if let Outcome::Done = self.change(body)? {
                return Ok(());
            }
        }
        Err(busy(&self.path))
    }

    fn each(&self, user: Option<&str>, body: &mut dyn FnMut(Registration) -> Result<(), Error>) -> Result<(), Error> {
        let (bytes, origin) = self.read()?;
        text::each(text::utf8(&bytes, &origin)?, &origin, user, body)
    }

    fn find(&self, key: &RegisteredKey) -> Result<Option<Registration>, Error> {
        let (bytes, origin) = self.read()?;
        Draft::new(text::utf8(&bytes, &origin)?, &origin)?.find(key)
    }
}

/// The file under an exclusive lock, which ends with it.
struct Locked {
    file: File,
    /// Whether it was not there before.
    created: bool,
}

impl Locked {
    /// Opens and locks the file that has this name, making an empty one where there is none.
    fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::CannotWrite { path: path.to_owned(), source };
        let patience = Instant::now() + PATIENCE;
        loop {
            let (file, created) = match File::open(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => match create(path) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                    file => (file.map_err(failed)?, true),
                },
                file => (file.map_err(failed)?, false),
            };
            if !file.metadata().map_err(failed)?.is_file() {
                return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "it is no file")));
            }
            let locked = lock(&file).map_err(failed)?;
            // Whoever had the lock before may have put another file in its place.
            let same = |name: &fs::Metadata, file: &fs::Metadata| files::identity(name) == files::identity(file);
            match (locked, fs::metadata(path), file.metadata()) {
                (true, Ok(name), Ok(own)) if same(&name, &own) => return Ok(Self { file, created }),
                (true, ..) => {}
                (false, ..) => std::thread::sleep(PAUSE),
            }
            if Instant::now() > patience {
                return Err(busy(path));
            }
        }
    }
}

/// An audit file that was appended to, and its length before.
struct Appended(Option<(File, u64)>);

impl Appended {
    fn take_back(self) {
        if let Some((file, length)) = self.0 {
            // A record of a change that did not happen is better than the other way round.
            let _stays = file.set_len(length);
        }
    }
}

/// Puts a file with these bytes in the place of another, whole and durably, with its owner and permissions.
fn replace(path: &Path, bytes: &[u8], like: &fs::Metadata) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = folder.join(name);
    // Only whoever has the lock writes here; what is left was left by one that was killed.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let write = || {
        let mut file = create(&new)?;
        file.write_all(bytes)?;
        belong_like(&file, like)?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    if let Err(error) = write() {
        let _stays = fs::remove_file(&new);
        return Err(error);
    }
    // So that the new name outlives a loss of power, too.
    File::open(folder).and_then(|folder| folder.sync_all()).or_else(|error| match cfg!(unix) {
        true => Err(error),
        false => Ok(()),
    })
}

/// A new file that nobody else may read or write.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Gives a file the owner, group and permissions of another, as far as this process may.
#[cfg(unix)]
fn belong_like(file: &File, like: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let own = file.metadata()?;
    let mut permissions = like.permissions();
    if (own.uid(), own.gid()) != (like.uid(), like.gid()) && fchown(file, Some(like.uid()), Some(like.gid())).is_err() {
        // Not its owner's file, so not for its owner's group either.
        let same_group = own.gid() == like.gid() || fchown(file, None, Some(like.gid())).is_ok();
        let bits = std::os::unix::fs::PermissionsExt::mode(&permissions) & if same_group { 0o777 } else { 0o707 };
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, bits);
    }
    file.set_permissions(permissions)
}

#[cfg(not(unix))]
fn belong_like(_: &File, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

/// Whoever may write to the file may log in as anybody.
#[cfg(unix)]
fn only_trusted_may_write(metadata: &fs::Metadata) -> io::Result<()> {
    const OTHERS: u32 = 0o002;
    match std::os::unix::fs::MetadataExt::mode(metadata) & OTHERS {
        0 => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::PermissionDenied, "everybody may write to it (chmod o-w)")),
    }
}

#[cfg(not(unix))]
fn only_trusted_may_write(_: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

/// Whether nobody else had the lock, which is now taken.
#[cfg(unix)]
fn lock(file: &File) -> io::Result<bool> {
    match rustix::fs::flock(file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(unix))]
fn lock(_: &File) -> io::Result<bool> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "files are not locked on this system; edit it by hand"))
}

/// What the file system says of these files, and whether all are older than its clock is coarse.
fn trace<'p>(files: impl Iterator<Item = &'p PathBuf>) -> (u64, bool) {
    let now = SystemTime::now();
    let mut state = DefaultHasher::new();
    let mut settled = true;
    for file in files {
        let metadata = fs::metadata(file).ok();
        metadata.as_ref().map(files::trace).hash(&mut state);
        let changed = metadata.as_ref().and_then(files::last_change);
        settled &= changed.is_none_or(|changed| files::is_past(changed, now));
    }
    (state.finish(), settled)
}

fn hash_of(metadata: &fs::Metadata) -> u64 {
    let mut state = DefaultHasher::new();
    files::trace(metadata).hash(&mut state);
    state.finish()
}

fn busy(path: &Path) -> Error {
    let problem = "another process has been writing to it for 10 seconds".to_owned();
    Error::RegistryUnavailable { place: path.display().to_string(), problem }
}
