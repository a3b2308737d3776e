//! The system's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Now in Unix seconds, negative before 1970.
pub(crate) fn unix_now() -> i64 {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => seconds(since),
        Err(before) => -seconds(before.duration()),
    }
}
