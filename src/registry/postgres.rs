//! Registrations in a PostgreSQL database: one place for many servers.
//!
//! One connection is kept for reading and for hearing of changes; each verb makes one of its own. Nothing here starts a
//! thread, and each call has an end: see the limits below. A connection belongs to the process that made it: its child
//! neither uses nor closes it, but makes another.

mod row;
mod session;
mod target;
mod writer;

use std::process;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use tokio_postgres::Row;

use super::backend::{Backend, Transaction};
use super::index::{Index, IndexBuilder};
use super::registration::{RegisteredKey, Registration};
use crate::error::Error;

use row::{COLUMNS, found, registration};
use session::{Failure, Session};
use target::Target;
use writer::Writer;

/// A database. It is connected to at the first call.
#[derive(Debug)]
pub(crate) struct Postgres {
    target: Target,
    link: Mutex<Link>,
}

/// The kept connection.
#[derive(Debug)]
struct Link {
    /// The process that made it.
    process: u32,
    session: Option<Session>,
    /// What the last `load` on this connection saw.
    seen: Option<Token>,
    /// When the server was last asked.
    asked: Instant,
    /// Not before then the next attempt to connect.
    retry: Option<Instant>,
}

/// Names one state of the registrations: random, and replaced by every change.
type Token = String;

/// How long `changed` waits for an answer, or another thread that is at it.
const LOOK_LIMIT: Duration = Duration::from_secs(1);
/// How long one part of `load` may take.
const LOAD_LIMIT: Duration = Duration::from_secs(30);
/// How long one statement of a verb may take, its wait for other writers included.
const VERB_LIMIT: Duration = Duration::from_secs(10);
/// How often the server is asked though it said nothing: a notification may be lost with a connection that nobody closed.
const ASK_INTERVAL: Duration = Duration::from_secs(5);
/// After a failure, for so many times as long as that took, nobody tries again: a server that is out of reach costs its
/// clients a tenth of their time at most.
const PATIENCE: u32 = 10;

/// How many rows travel at once.
const BATCH: usize = 10_000;

/// The version of the tables of this build, and what leads to each from the one before.
const MIGRATIONS: [&str; 1] = [include_str!("postgres/schema.sql")];
/// The advisory lock of whoever changes the tables: `clct`.
const LOCK: i64 = 0x636c_6374;

impl Postgres {
    /// Reads a URL.
    pub(crate) fn new(url: &str) -> Result<Self, Error> {
        let target = Target::parse(url)?;
        let link = Link { process: process::id(), session: None, seen: None, asked: Instant::now(), retry: None };
        Ok(Self { target, link: Mutex::new(link) })
    }

    /// The database, without a password.
    pub(crate) fn place(&self) -> &str {
        self.target.place()
    }

    fn link(&self) -> Result<MutexGuard<'_, Link>, Error> {
        // In the child of a fork that came while another thread was at it, nobody will ever let go.
        let Some(mut link) = self.link.try_lock_for(LOOK_LIMIT) else {
            return Err(self.target.unavailable("another thread is at it"));
        };
        if link.process != process::id() {
            // Dropping it would say good-bye to the server in the parent's name.
            std::mem::forget(link.session.take());
            (link.process, link.seen, link.retry) = (process::id(), None, None);
        }
        Ok(link)
    }

    /// A connection to tables of this build's version, which are made where there are none.
    fn connect(&self) -> Result<Session, Error> {
        let mut session = Session::connect(&self.target)?;
        let limit = VERB_LIMIT.as_millis();
        let settings =
            format!("SET statement_timeout = {limit}; SET lock_timeout = {limit}; SET search_path = clientcert");
        session.batch(&settings, LOOK_LIMIT).map_err(|failure| failure.reading(&self.target))?;
        self.migrate(&mut session)?;
        Ok(session)
    }

    fn migrate(&self, session: &mut Session) -> Result<(), Error> {
        if self.version(session)? == MIGRATIONS.len() {
            return Ok(());
        }
        let fail = |failure: Failure| failure.writing(&self.target);
        // The lock comes before the transaction, which would else not see the tables that another process just made.
        session.batch(&format!("SELECT pg_advisory_lock({LOCK})"), VERB_LIMIT).map_err(fail)?;
        session.batch("BEGIN", LOOK_LIMIT).map_err(fail)?;
        let found = self.version(session)?;
        for statements in &MIGRATIONS[found..] {
            session.batch(statements, VERB_LIMIT).map_err(fail)?;
        }
        session.batch(&format!("COMMIT; SELECT pg_advisory_unlock({LOCK})"), VERB_LIMIT).map_err(fail)
    }

    /// The version of the tables, at most that of this build; 0 where there are none.
    fn version(&self, session: &mut Session) -> Result<usize, Error> {
        const KNOWN: &str = "SELECT to_regclass('clientcert.version') IS NOT NULL";
        const VERSION: &str = "SELECT number FROM clientcert.version";
        let mut ask =
            |query| session.query_one(query, &[], LOOK_LIMIT).map_err(|failure| failure.reading(&self.target));
        if !ask(KNOWN)?.is_some_and(|row| row.get(0)) {
            return Ok(0);
        }
        let found: i32 = ask(VERSION)?.map_or(-1, |row| row.get(0));
        let known = MIGRATIONS.len();
        match usize::try_from(found) {
            Ok(version) if version <= known => Ok(version),
            _ => {
                let problem = format!("has tables of version {found}, and this build knows {known} at most");
                Err(self.target.contents(problem))
            }
        }
    }

    /// Hands out rows in batches, as of one moment. `query` has at most the parameter `user`.
    fn rows(
        &self,
        session: &mut Session,
        query: &str,
        user: Option<&str>,
        body: &mut dyn FnMut(&Row) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let fail = |failure: Failure| failure.reading(&self.target);
        let declare = format!("DECLARE registrations NO SCROLL CURSOR FOR {query}");
        match &user {
            Some(user) => session.execute(&declare, &[user], LOAD_LIMIT),
            None => session.execute(&declare, &[], LOAD_LIMIT),
        }
        .map_err(fail)?;
        let fetch = format!("FETCH {BATCH} FROM registrations");
        loop {
            let rows = session.query(&fetch, &[], LOAD_LIMIT).map_err(fail)?;
            rows.iter().try_for_each(&mut *body)?;
            if rows.len() < BATCH {
                return session.batch("CLOSE registrations", LOOK_LIMIT).map_err(fail);
            }
        }
    }

    fn broken_row(&self) -> Error {
        self.target.contents("a row of the table of registrations is none")
    }

    fn each_in(
        &self,
        session: &mut Session,
        user: Option<&str>,
        body: &mut dyn FnMut(Registration) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let condition = if user.is_some() { "WHERE user_name = $1" } else { "" };
        let query = format!(
            "SELECT {COLUMNS} FROM registration {condition} ORDER BY user_name, created, kind DESC, fingerprint"
        );
        self.rows(session, &query, user, &mut |row| {
            let registration = registration(row).map_err(|error| self.target.problem(&error))?;
            body(registration.ok_or_else(|| self.broken_row())?)
        })
    }

    fn find_in(&self, session: &mut Session, key: &RegisteredKey) -> Result<Option<Registration>, Error> {
        let query = format!("SELECT {COLUMNS} FROM registration WHERE kind = $1 AND fingerprint = $2");
        let row = session.query_one(&query, &[&key.kind(), &&key.digest()[..]], VERB_LIMIT);
        let Some(row) = row.map_err(|failure| failure.reading(&self.target))? else { return Ok(None) };
        let registration = registration(&row).map_err(|error| self.target.problem(&error))?;
        registration.ok_or_else(|| self.broken_row()).map(Some)
    }

    fn index(&self, session: &mut Session) -> Result<(Token, Index), Error> {
        let fail = |failure: Failure| failure.reading(&self.target);
        session.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", LOOK_LIMIT).map_err(fail)?;
        let token = self.token(session)?;
        let mut builder = IndexBuilder::default();
        self.rows(session, &format!("SELECT {COLUMNS} FROM registration"), None, &mut |row| {
            let found = found(row).map_err(|error| self.target.problem(&error))?.ok_or_else(|| self.broken_row())?;
            builder.add(&found).map_err(|error| self.target.contents(error.to_string()))
        })?;
        session.batch("COMMIT", LOOK_LIMIT).map_err(fail)?;
        let index = builder.finish().map_err(|error| self.target.contents(error.to_string()))?;
        Ok((token, index))
    }

    fn token(&self, session: &mut Session) -> Result<Token, Error> {
        let row = session.query_one("SELECT token::text FROM generation", &[], LOOK_LIMIT);
        let row = row.map_err(|failure| failure.reading(&self.target))?;
        row.map(|row| row.get(0)).ok_or_else(|| self.target.contents("the row of the table of generations is missing"))
    }
}

impl Link {
    /// The connection, made where there is none.
    fn session(&mut self, registry: &Postgres) -> Result<&mut Session, Error> {
        if self.session.is_none() {
            let now = Instant::now();
            if self.retry.is_some_and(|retry| now < retry) {
                return Err(registry.target.unavailable("it was out of reach a moment ago"));
            }
            self.seen = None;
            let connected = registry.connect().and_then(|mut session| {
                session.batch("LISTEN clientcert", LOOK_LIMIT).map_err(|failure| failure.reading(&registry.target))?;
                Ok(session)
            });
            self.retry = connected.is_err().then(|| Instant::now() + now.elapsed() * PATIENCE);
            self.session = Some(connected?);
        }
        self.session.as_mut().ok_or(Error::Internal("a connection is gone as soon as it was made"))
    }

    /// Runs something on the connection, and gives that up where it fails: nobody knows what is still on the way.
    fn with<T>(
        &mut self,
        registry: &Postgres,
        work: impl FnOnce(&mut Session) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let done = work(self.session(registry)?);
        if done.is_err() {
            self.session = None;
        }
        done
    }
}

impl Backend for Postgres {
    fn load(&self) -> Result<Index, Error> {
        let mut link = self.link()?;
        let asked = Instant::now();
        let (token, index) = link.with(self, |session| {
            session.take_notified();
            self.index(session)
        })?;
        (link.seen, link.asked) = (Some(token), asked);
        Ok(index)
    }

    fn changed(&self) -> Result<bool, Error> {
        let mut link = self.link()?;
        if link.session.as_mut().is_some_and(|session| !session.listen()) {
            link.session = None;
        }
        let notified = link.with(self, |session| Ok(session.take_notified()))?;
        // What came before a reconnection is not known to hold: it may be another server by now.
        if link.seen.is_none() {
            return Ok(true);
        }
        if !notified && link.asked.elapsed() < ASK_INTERVAL {
            return Ok(false);
        }
        let asked = Instant::now();
        let token = link.with(self, |session| self.token(session))?;
        link.asked = asked;
        if link.seen.as_ref() == Some(&token) {
            return Ok(false);
        }
        link.seen = None;
        Ok(true)
    }

    fn transaction(&self, body: &mut dyn FnMut(&mut dyn Transaction) -> Result<(), Error>) -> Result<(), Error> {
        let mut session = self.connect()?;
        let mut writer = Writer::begin(self, &mut session)?;
        match body(&mut writer) {
            Ok(()) => writer.commit(),
            Err(error) => {
                writer.roll_back();
                Err(error)
            }
        }
    }

    fn each(&self, user: Option<&str>, body: &mut dyn FnMut(Registration) -> Result<(), Error>) -> Result<(), Error> {
        let mut session = self.connect()?;
        let fail = |failure: Failure| failure.reading(&self.target);
        session.batch("BEGIN READ ONLY", LOOK_LIMIT).map_err(fail)?;
        self.each_in(&mut session, user, body)?;
        session.batch("COMMIT", LOOK_LIMIT).map_err(fail)
    }

    fn find(&self, key: &RegisteredKey) -> Result<Option<Registration>, Error> {
        self.find_in(&mut self.connect()?, key)
    }
}
