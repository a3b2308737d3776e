//! One transaction that writes, alone among all writers.

use super::session::{Failure, Parameters, Session};
use super::{LOOK_LIMIT, Postgres, VERB_LIMIT};
use crate::error::Error;
use crate::registry::audit::AuditRecord;
use crate::registry::backend::Transaction;
use crate::registry::registration::{RegisteredKey, Registration};

/// A transaction. It is rolled back where its connection ends without a commit.
pub(super) struct Writer<'a> {
    registry: &'a Postgres,
    session: &'a mut Session,
    /// What the server calls the transaction.
    number: String,
}

impl<'a> Writer<'a> {
    /// Waits for its turn.
    pub(super) fn begin(registry: &'a Postgres, session: &'a mut Session) -> Result<Self, Error> {
        const TURN: &str = "SELECT pg_current_xact_id()::text FROM generation FOR UPDATE";
        let fail = |failure: Failure| failure.writing(&registry.target);
        session.batch("BEGIN", LOOK_LIMIT).map_err(fail)?;
        let row = session.query_one(TURN, &[], VERB_LIMIT).map_err(fail)?;
        let missing = || registry.target.contents("the row of the table of generations is missing");
        let number = row.ok_or_else(missing)?.get(0);
        Ok(Self { registry, session, number })
    }

    /// Keeps what was done. Where the connection breaks just then, the server is asked on another what became of it.
    pub(super) fn commit(self) -> Result<(), Error> {
        const STATUS: &str = "SELECT pg_xact_status($1::text::xid8)";
        let Self { registry, session, number } = self;
        let Err(failure) = session.batch("COMMIT", VERB_LIMIT) else { return Ok(()) };
        match &failure {
            Failure::Postgres(error) if error.as_db_error().is_some() => return Err(failure.writing(&registry.target)),
            Failure::Postgres(_) | Failure::TimedOut(_) => {}
        }
        let status = registry.connect().ok().and_then(|mut session| {
            let row = session.query_one(STATUS, &[&number], LOOK_LIMIT).ok()??;
            row.try_get::<_, Option<String>>(0).ok()?
        });
        match status.as_deref() {
            Some("committed") => Ok(()),
            Some("aborted") => Err(failure.writing(&registry.target)),
            _ => Err(registry.target.unavailable(format!("{failure}: it is not known whether the change was kept"))),
        }
    }

    /// Drops what was done. Where that cannot be said to the server, it learns it from the end of the connection.
    pub(super) fn roll_back(self) {
        let _ = self.session.batch("ROLLBACK", LOOK_LIMIT);
    }

    fn execute(&mut self, statement: &str, with: Parameters<'_>) -> Result<(), Error> {
        match self.session.execute(statement, with, VERB_LIMIT) {
            Ok(1) => Ok(()),
            // A verb names only what it found in the same transaction.
            Ok(_) => Err(Error::Internal("a registration is not where it was found")),
            Err(failure) => Err(failure.writing(&self.registry.target)),
        }
    }

    fn write(&mut self, statement: &str, registration: &Registration) -> Result<(), Error> {
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
        let (kind, digest, ca) = (key.kind(), &key.digest()[..], ca.as_ref().map(|ca| &ca[..]));
        let with: Parameters<'_> = &[
            &kind, &digest, user, label, created, not_before, not_after, disabled, revoked, last_used, no_manage, &ca,
        ];
        self.execute(statement, with)
    }
}

impl Transaction for Writer<'_> {
    fn find(&mut self, key: &RegisteredKey) -> Result<Option<Registration>, Error> {
        self.registry.find_in(self.session, key)
    }

    fn of_user(&mut self, user: &str) -> Result<Vec<Registration>, Error> {
        let mut all = Vec::new();
        self.registry.each_in(self.session, Some(user), &mut |registration| {
            all.push(registration);
            Ok(())
        })?;
        Ok(all)
    }

    fn insert(&mut self, registration: &Registration) -> Result<(), Error> {
        const INSERT: &str = "INSERT INTO registration \
            (kind, fingerprint, user_name, label, created, not_before, not_after, disabled, revoked, last_used, \
             no_manage, ca) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
        self.write(INSERT, registration)
    }

    fn update(&mut self, registration: &Registration) -> Result<(), Error> {
        const UPDATE: &str = "UPDATE registration SET user_name = $3, label = $4, created = $5, not_before = $6, \
            not_after = $7, disabled = $8, revoked = $9, last_used = $10, no_manage = $11, ca = $12 \
            WHERE kind = $1 AND fingerprint = $2";
        self.write(UPDATE, registration)
    }

    fn delete(&mut self, key: &RegisteredKey) -> Result<(), Error> {
        const DELETE: &str = "DELETE FROM registration WHERE kind = $1 AND fingerprint = $2";
        self.execute(DELETE, &[&key.kind(), &&key.digest()[..]])
    }

    fn audit(&mut self, record: &AuditRecord) -> Result<(), Error> {
        const AUDIT: &str = "INSERT INTO audit (time, actor, action, user_name, kind, fingerprint, label, detail) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let AuditRecord { time, actor, action, user, key, label, detail } = record;
        let (action, kind, digest) = (action.name(), key.kind(), &key.digest()[..]);
        self.execute(AUDIT, &[time, actor, &action, user, &kind, &digest, label, detail])
    }
}
