//! A row of the table of registrations.

use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Error, Result, Row};

use crate::registry::registration::{Found, RegisteredKey, Registration};

/// The columns in the order in which they are read here.
pub(super) const COLUMNS: &str =
    "kind, fingerprint, user_name, label, created, not_before, not_after, disabled, revoked, last_used, no_manage, ca";

/// What the row says, lent by it.
pub(super) fn found<'row>(row: &'row Row<'_>) -> Result<Found<'row>> {
    let text = |column| row.get_ref(column).and_then(|value| value.as_str().map_err(|error| wrong(column, error)));
    let kind = text(0)?;
    let key = RegisteredKey::of_kind(kind, row.get(1)?).ok_or_else(|| wrong(0, FromSqlError::InvalidType))?;
    Ok(Found {
        key,
        user: text(2)?,
        label: text(3)?,
        created: row.get(4)?,
        not_before: row.get(5)?,
        not_after: row.get(6)?,
        disabled: row.get(7)?,
        revoked: row.get(8)?,
        last_used: row.get(9)?,
        no_manage: row.get(10)?,
        ca: row.get(11)?,
    })
}

/// What the row says.
pub(super) fn registration(row: &Row<'_>) -> Result<Registration> {
    found(row).map(|found| found.to_registration())
}

fn wrong(column: usize, error: FromSqlError) -> Error {
    Error::FromSqlConversionFailure(column, Type::Text, error.into())
}
