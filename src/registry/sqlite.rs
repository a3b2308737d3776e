//! Registrations in an SQLite database: the place for keys that are enrolled at run time, by several processes at once.
//!
//! A connection lives as long as one call. SQLite counts the files and locks of its process in a table that fork()
//! copies, so a process whose parent had the database open would trust in locks that it does not have, even on a
//! connection of its own. Between two calls nothing is open, so whoever forks there is safe.

mod open;
mod problem;
mod process;
mod row;
mod trace;

use std::path::PathBuf;

use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::audit::AuditRecord;
use super::backend::{Backend, Transaction};
use super::index::{Index, IndexBuilder};
use super::registration::{RegisteredKey, Registration};
use crate::error::Error;

use open::{Opened, Patience};
use problem::Place;
use row::{COLUMNS, found, registration};
use trace::Trace;

/// A database file. It is made at the first call where there is none.
#[derive(Debug)]
pub(crate) struct Sqlite {
    place: Place,
    seen: Mutex<Option<Seen>>,
}

/// What the last `load` saw.
#[derive(Debug)]
struct Seen {
    /// What the files looked like before it.
    trace: Trace,
    token: Token,
}

/// Names one state of the registrations: random, and replaced by every change.
type Token = [u8; 16];

impl Sqlite {
    /// `path` is absolute.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { place: Place::new(path), seen: Mutex::new(None) }
    }

    fn open(&self, patience: Patience) -> Result<Opened, Error> {
        Opened::open(&self.place, patience)
    }
}

impl Backend for Sqlite {
    fn load(&self) -> Result<Index, Error> {
        // Before anything is read, so that a change meanwhile is found later.
        let before = Trace::of(self.place.path());
        let mut opened = self.open(Patience::Reader)?;
        let snapshot = opened.connection().transaction().map_err(|error| self.place.problem(&error))?;
        let token = token(&snapshot).map_err(|error| self.place.problem(&error))?;
        let index = index(&snapshot, &self.place)?;
        *self.seen.lock() = Some(Seen { trace: before, token });
        Ok(index)
    }

    fn changed(&self) -> Result<bool, Error> {
        let now = Trace::of(self.place.path());
        if self.seen.lock().as_ref().is_some_and(|seen| seen.trace.proves_the_same(&now)) {
            return Ok(false);
        }
        let opened = self.open(Patience::Reader)?;
        let found = token(&opened).map_err(|error| self.place.problem(&error))?;
        let mut seen = self.seen.lock();
        match &mut *seen {
            Some(seen) if seen.token == found => {
                seen.trace = now;
                Ok(false)
            }
            _ => Ok(true),
        }
    }

    fn transaction(&self, body: &mut dyn FnMut(&mut dyn Transaction) -> Result<(), Error>) -> Result<(), Error> {
        let mut opened = self.open(Patience::Writer)?;
        let transaction = opened
            .connection()
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| self.place.write_problem(&error))?;
        body(&mut Writer { connection: &transaction, place: &self.place })?;
        transaction.commit().map_err(|error| self.place.write_problem(&error))
    }

    fn each(&self, user: Option<&str>, body: &mut dyn FnMut(Registration) -> Result<(), Error>) -> Result<(), Error> {
        let opened = self.open(Patience::Reader)?;
        each(&opened, &self.place, user, body)
    }

    fn find(&self, key: &RegisteredKey) -> Result<Option<Registration>, Error> {
        let opened = self.open(Patience::Reader)?;
        find(&opened, key).map_err(|error| self.place.problem(&error))
    }
}

/// One transaction that writes.
struct Writer<'a> {
    connection: &'a Connection,
    place: &'a Place,
}

impl Transaction for Writer<'_> {
    fn find(&mut self, key: &RegisteredKey) -> Result<Option<Registration>, Error> {
        find(self.connection, key).map_err(|error| self.place.problem(&error))
    }

    fn of_user(&mut self, user: &str) -> Result<Vec<Registration>, Error> {
        let mut all = Vec::new();
        each(self.connection, self.place, Some(user), &mut |registration| {
            all.push(registration);
            Ok(())
        })?;
        Ok(all)
    }

    fn insert(&mut self, registration: &Registration) -> Result<(), Error> {
        const INSERT: &str = "INSERT INTO registration \
            (kind, fingerprint, user_name, label, created, not_before, not_after, disabled, revoked, last_used, \
             no_manage, ca) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        self.write(INSERT, registration).map(|_| ())
    }

    fn update(&mut self, registration: &Registration) -> Result<(), Error> {
        const UPDATE: &str = "UPDATE registration SET user_name = ?3, label = ?4, created = ?5, not_before = ?6, \
            not_after = ?7, disabled = ?8, revoked = ?9, last_used = ?10, no_manage = ?11, ca = ?12 \
            WHERE kind = ?1 AND fingerprint = ?2";
        self.write(UPDATE, registration).and_then(one_row)
    }

    fn delete(&mut self, key: &RegisteredKey) -> Result<(), Error> {
        const DELETE: &str = "DELETE FROM registration WHERE kind = ?1 AND fingerprint = ?2";
        let deleted = self
            .connection
            .prepare_cached(DELETE)
            .and_then(|mut delete| delete.execute(params![key.kind(), key.digest()]));
        deleted.map_err(|error| self.place.write_problem(&error)).and_then(one_row)
    }

    fn audit(&mut self, record: &AuditRecord) -> Result<(), Error> {
        const AUDIT: &str = "INSERT INTO audit (time, actor, action, user_name, kind, fingerprint, label, detail) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let AuditRecord { time, actor, action, user, key, label, detail } = record;
        let written = self.connection.prepare_cached(AUDIT).and_then(|mut insert| {
            insert.execute(params![time, actor, action.name(), user, key.kind(), key.digest(), label, detail])
        });
        written.map_err(|error| self.place.write_problem(&error)).and_then(one_row)
    }
}

impl Writer<'_> {
    fn write(&self, statement: &str, registration: &Registration) -> Result<usize, Error> {
        let Registration {
            user,
            key,
            label,
            created,
            not_before,
            not_after,
            disabled,
            revoked,
            last_used,
            no_manage,
            ca,
        } = registration;
        let (kind, digest) = (key.kind(), key.digest());
        let written = self.connection.prepare_cached(statement).and_then(|mut statement| {
            statement.execute(params![
                kind, digest, user, label, created, not_before, not_after, disabled, revoked, last_used, no_manage, ca
            ])
        });
        written.map_err(|error| self.place.write_problem(&error))
    }
}

fn token(connection: &Connection) -> rusqlite::Result<Token> {
    connection.query_row("SELECT token FROM generation", [], |row| row.get(0))
}

fn index(connection: &Connection, place: &Place) -> Result<Index, Error> {
    let mut builder = IndexBuilder::default();
    let mut select =
        connection.prepare(&format!("SELECT {COLUMNS} FROM registration")).map_err(|error| place.problem(&error))?;
    let mut rows = select.query([]).map_err(|error| place.problem(&error))?;
    while let Some(row) = rows.next().map_err(|error| place.problem(&error))? {
        let found = found(row).map_err(|error| place.problem(&error))?;
        builder.add(&found).map_err(|error| place.contents(error.to_string()))?;
    }
    builder.finish().map_err(|error| place.contents(error.to_string()))
}

fn find(connection: &Connection, key: &RegisteredKey) -> rusqlite::Result<Option<Registration>> {
    let select = format!("SELECT {COLUMNS} FROM registration WHERE kind = ?1 AND fingerprint = ?2");
    let mut select = connection.prepare_cached(&select)?;
    select.query_row(params![key.kind(), key.digest()], registration).optional()
}

fn each(
    connection: &Connection,
    place: &Place,
    user: Option<&str>,
    body: &mut dyn FnMut(Registration) -> Result<(), Error>,
) -> Result<(), Error> {
    let condition = if user.is_some() { "WHERE user_name = ?1" } else { "" };
    let select =
        format!("SELECT {COLUMNS} FROM registration {condition} ORDER BY user_name, created, kind DESC, fingerprint");
    let mut select = connection.prepare_cached(&select).map_err(|error| place.problem(&error))?;
    let mut rows = select.query(rusqlite::params_from_iter(user)).map_err(|error| place.problem(&error))?;
    while let Some(row) = rows.next().map_err(|error| place.problem(&error))? {
        body(registration(row).map_err(|error| place.problem(&error))?)?;
    }
    Ok(())
}

/// A verb names only what it found in the same transaction.
fn one_row(rows: usize) -> Result<(), Error> {
    match rows {
        1 => Ok(()),
        _ => Err(Error::Internal("a registration is not where it was found")),
    }
}
