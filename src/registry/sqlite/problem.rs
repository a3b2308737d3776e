//! What SQLite's errors mean to whoever runs the registry.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE;

use crate::error::Error;

const OPTION: &str = "registry";

/// Where the database is.
#[derive(Debug)]
pub(super) struct Place(PathBuf);

impl Place {
    /// `path` is absolute: SQLite would read `file:` at the start of another as the scheme of a URI.
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Reading failed, or whatever does not depend on reading or writing.
    pub(super) fn problem(&self, error: &rusqlite::Error) -> Error {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                self.unavailable("another process has kept it locked for too long")
            }
            Some(ErrorCode::NotADatabase) => self.contents("is no SQLite database"),
            Some(ErrorCode::DatabaseCorrupt) => self.contents(format!("is damaged or cut short: {error}")),
            Some(ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied) => {
                self.io(io::ErrorKind::PermissionDenied.into())
            }
            Some(_) => self.io(io::Error::other(error.to_string())),
            // What is stored is not of the type or form that it should be.
            None => self.contents(error.to_string()),
        }
    }

    /// Writing failed, and left everything as it was.
    pub(super) fn write_problem(&self, error: &rusqlite::Error) -> Error {
        if error.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_CONSTRAINT_UNIQUE) {
            return Error::KeyTaken;
        }
        let kind = match error.sqlite_error_code() {
            Some(ErrorCode::ReadOnly) => io::ErrorKind::ReadOnlyFilesystem,
            Some(ErrorCode::DiskFull) => io::ErrorKind::StorageFull,
            Some(ErrorCode::ConstraintViolation) => io::ErrorKind::InvalidInput,
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => io::ErrorKind::Other,
            _ => return self.problem(error),
        };
        self.cannot_write(io::Error::new(kind, error.to_string()))
    }

    /// What is stored there cannot be used.
    pub(super) fn contents(&self, problem: impl Into<String>) -> Error {
        Error::Malformed { option: OPTION, place: self.0.display().to_string(), problem: problem.into() }
    }

    /// It cannot be used now.
    pub(super) fn unavailable(&self, problem: &str) -> Error {
        Error::RegistryUnavailable { place: self.0.display().to_string(), problem: problem.into() }
    }

    pub(super) fn io(&self, source: io::Error) -> Error {
        Error::Io { option: OPTION, path: self.0.clone(), source }
    }

    pub(super) fn cannot_write(&self, source: io::Error) -> Error {
        Error::CannotWrite { path: self.0.clone(), source }
    }
}
