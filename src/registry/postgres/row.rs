//! A row of the table of registrations.

use tokio_postgres::{Error, Row};

use crate::registry::registration::{Found, RegisteredKey, Registration};

/// The columns in the order in which they are read here.
pub(super) const COLUMNS: &str =
    "kind, fingerprint, user_name, label, created, not_before, not_after, disabled, revoked, last_used, no_manage, ca";

/// What the row says, lent by it. None where it is no registration, which the table allows none of.
pub(super) fn found(row: &Row) -> Result<Option<Found<'_>>, Error> {
    let digest = |bytes: &[u8]| bytes.try_into().ok();
    let key = digest(row.try_get(1)?).and_then(|digest| RegisteredKey::of_kind(row.try_get(0).ok()?, digest));
    let Some(key) = key else { return Ok(None) };
    let ca = match row.try_get::<_, Option<&[u8]>>(11)? {
        Some(bytes) => match digest(bytes) {
            None => return Ok(None),
            ca => ca,
        },
        None => None,
    };
    Ok(Some(Found {
        key,
        user: row.try_get(2)?,
        label: row.try_get(3)?,
        created: row.try_get(4)?,
        not_before: row.try_get(5)?,
        not_after: row.try_get(6)?,
        disabled: row.try_get(7)?,
        revoked: row.try_get(8)?,
        last_used: row.try_get(9)?,
        no_manage: row.try_get(10)?,
        ca,
    }))
}

/// What the row says.
pub(super) fn registration(row: &Row) -> Result<Option<Registration>, Error> {
    Ok(found(row)?.map(|found| found.to_registration()))
}
