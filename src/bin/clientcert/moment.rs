//! Moments as people write them.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Unix seconds, or RFC 3339 with an offset; fractions of a second are dropped.
pub fn parse(text: &str) -> Result<i64, String> {
    let unix = text.parse().ok();
    unix.or_else(|| OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp))
        .ok_or_else(|| "it is neither Unix seconds nor RFC 3339, such as 2026-11-21T00:00:00Z".to_owned())
}

/// RFC 3339 in UTC; the Unix seconds where the year does not have four digits.
pub fn format(unix: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(unix).ok();
    moment.and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_else(|| unix.to_string())
}

/// The system's clock, or what `--time` says.
pub fn of(matches: &clap::ArgMatches) -> i64 {
    let given = matches.get_one::<i64>("time").copied();
    given.unwrap_or_else(now)
}

/// The system's clock.
pub fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms() {
        assert_eq!(parse("1780272000"), Ok(1_780_272_000));
        assert_eq!(parse("-1"), Ok(-1));
        assert_eq!(parse("2026-06-01T00:00:00Z"), Ok(1_780_272_000));
        assert_eq!(parse("2026-06-01T02:00:00.5+02:00"), Ok(1_780_272_000));
        for wrong in ["", "now", "2026-06-01", "2026-13-01T00:00:00Z", "1e9", "9223372036854775808"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        assert_eq!(format(1_780_272_000), "2026-06-01T00:00:00Z");
        assert_eq!(format(-1), "1969-12-31T23:59:59Z");
        assert_eq!(format(i64::MAX), i64::MAX.to_string());
    }
}
