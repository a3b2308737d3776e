//! A connection for one call: the file is checked, made where it is missing, and brought to the version of this build.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::problem::Place;
use super::process::InUse;
use crate::error::Error;
use crate::time::unix_now;

/// An open database. It is closed before another process can be forked from the same thread.
#[derive(Debug)]
pub(super) struct Opened {
    // Dropped first: while it is being closed, SQLite is in use.
    connection: Connection,
    _in_use: InUse,
}

/// Whom a lock of another process may keep waiting.
#[derive(Clone, Copy)]
pub(super) enum Patience {
    /// A server that has better things to do. It waits for no writer, only for a crashed one to be cleaned up after.
    Reader,
    /// A verb, which waits its turn among all writers.
    Writer,
}

/// Marks the file as a registry: `clct`.
const APPLICATION: i32 = 0x636c_6374;

/// One page of the smallest size.
const SMALLEST_DATABASE: u64 = 512;

/// The statements that lead to each version of the tables from the one before. Each sets the version.
const MIGRATIONS: [&str; 1] = [include_str!("schema.sql")];

impl Opened {
    /// Opens the database, and makes it where there is none.
    pub(super) fn open(place: &Place, patience: Patience) -> Result<Self, Error> {
        let in_use = InUse::enter().map_err(|problem| place.unavailable(problem))?;
        let metadata = match fs::metadata(place.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(place)?;
                fs::metadata(place.path())
            }
            found => found,
        };
        check(place, &metadata.map_err(|error| place.io(error))?)?;
        let mut connection = connect(place.path(), patience).map_err(|error| cannot_open(place, &error))?;
        migrate(place, &mut connection)?;
        Ok(Self { connection, _in_use: in_use })
    }

    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

impl Deref for Opened {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

fn connect(path: &Path, patience: Patience) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(match patience {
        Patience::Reader => Duration::from_secs(1),
        Patience::Writer => Duration::from_secs(10),
    })?;
    // FULL: what was acknowledged outlives a loss of power. The tables are trusted with no function that has effects.
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;")?;
    Ok(connection)
}

/// That the file could not be opened, SQLite says without the system's reason, which the system repeats.
fn cannot_open(place: &Place, error: &rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::CannotOpen) => match fs::read_dir(folder(place.path())) {
            Err(reason) => place.io(reason),
            Ok(_) => place.io(io::Error::new(io::ErrorKind::PermissionDenied, error.to_string())),
        },
        _ => place.problem(error),
    }
}

/// Refuses what others than its owner and group could have written.
fn check(place: &Place, metadata: &Metadata) -> Result<(), Error> {
    if !metadata.is_file() {
        return Err(place.io(io::Error::new(io::ErrorKind::InvalidInput, "it is no file")));
    }
    if metadata.len() < SMALLEST_DATABASE {
        // SQLite would take it for a new database, and what was revoked would be forgotten.
        return Err(place.contents("is empty or cut short: where it never was a registry, remove it, and one is made"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        const WRITABLE_BY_OTHERS: u32 = 0o002;
        const STICKY: u32 = 0o1000;
        if metadata.permissions().mode() & WRITABLE_BY_OTHERS != 0 {
            return Err(place.contents("is writable by everybody, who could register keys: chmod o-w"));
        }
        let folder = fs::metadata(folder(place.path())).map_err(|error| place.io(error))?;
        let mode = folder.permissions().mode();
        if mode & WRITABLE_BY_OTHERS != 0 && mode & STICKY == 0 {
            return Err(
                place.contents("lies in a folder that everybody can write to, and could put another in its place")
            );
        }
    }
    Ok(())
}

/// Brings the tables to the version of this build, all in one transaction, alone among all processes.
fn migrate(place: &Place, connection: &mut Connection) -> Result<(), Error> {
    if version(place, connection)? == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| place.write_problem(&error))?;
    let found = version(place, &transaction)?;
    apply(&transaction, found).and_then(|()| transaction.commit()).map_err(|error| place.write_problem(&error))
}

/// The version of the tables, at most that of this build.
fn version(place: &Place, connection: &Connection) -> Result<usize, Error> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    if pragma("application_id").map_err(|error| place.problem(&error))? != APPLICATION {
        return Err(place.contents("is a database of another program"));
    }
    let found = pragma("user_version").map_err(|error| place.problem(&error))?;
    let known = MIGRATIONS.len();
    match usize::try_from(found) {
        Ok(version) if version <= known => Ok(version),
        _ => Err(place.contents(format!("has tables of version {found}, and this build knows {known} at most"))),
    }
}

fn apply(connection: &Connection, from: usize) -> rusqlite::Result<()> {
    MIGRATIONS[from..].iter().try_for_each(|statements| connection.execute_batch(statements))
}

/// Makes a registry of nobody, for its owner alone. It is made under another name, and gets its own when it is whole, so
/// that nobody ever finds half of one, and an empty file is always a damaged one.
fn create(place: &Place) -> Result<(), Error> {
    for log in ["-wal", "-journal"] {
        let log = with_suffix(place.path(), log);
        if log.exists() {
            let problem = format!("is missing, and its log {} is there: put it back, or remove both", log.display());
            return Err(place.contents(problem));
        }
    }
    let unfinished = Unfinished::create(place.path()).map_err(|error| place.cannot_write(error))?;
    fill(&unfinished.0).map_err(|error| place.write_problem(&error))?;
    match fs::hard_link(&unfinished.0, place.path()) {
        // Another process was faster; its registry is as good.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked.and_then(|()| File::open(folder(place.path()))?.sync_all()),
    }
    .map_err(|error| place.cannot_write(error))
}

fn fill(path: &Path) -> rusqlite::Result<()> {
    let mut connection = connect(path, Patience::Writer)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let transaction = connection.transaction()?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    apply(&transaction, 0)?;
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)
}

/// A file beside the one that it will be, removed where it never is.
struct Unfinished(PathBuf);

impl Unfinished {
    fn create(path: &Path) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let this = Self(with_suffix(path, &format!(".{}-{count}-{}", std::process::id(), unix_now())));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&this.0)?;
        #[cfg(unix)]
        give_to_owner_of(folder(path), &file)?;
        drop(file);
        Ok(this)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Where it cannot be removed it is in nobody's way.
        let _ = fs::remove_file(&self.0);
    }
}

/// What root makes for a server belongs to the owner of the folder, or the server could not open it.
#[cfg(unix)]
fn give_to_owner_of(folder: &Path, file: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    const ROOT: u32 = 0;
    if file.metadata()?.uid() != ROOT {
        return Ok(());
    }
    let folder = fs::metadata(folder)?;
    fchown(file, Some(folder.uid()), Some(folder.gid()))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// The path is absolute, so there is one.
fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}
