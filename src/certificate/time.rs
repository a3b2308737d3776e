//! UTCTime and GeneralizedTime as certificates carry them (RFC 5280 section 4.1.2.5).

use super::der::{self, Malformed, Reader, Span};

/// A moment in a certificate: its Unix time, and where its text stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time {
    /// Seconds since 1970-01-01T00:00:00Z, negative before it.
    pub(crate) unix: i64,
    /// The text, such as `261121000000Z`.
    pub(crate) text: Span,
    /// Whether it is a GeneralizedTime, with four digits of year.
    pub(crate) generalized: bool,
}

impl Time {
    /// Reads `YYMMDDHHMMSSZ` (years 1950 to 2049) or `YYYYMMDDHHMMSSZ`; nothing else is DER for a certificate.
    pub(crate) fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
        let at = *reader;
        let tlv = reader.any(field)?;
        let text = reader.content(&tlv);
        let (generalized, year, rest) = match (tlv.tag, text.len()) {
            (der::UTC_TIME, 13) => {
                let year = two_digits(&text[..2]);
                (false, year.map(|y| if y < 50 { 2000 + y } else { 1900 + y }), &text[2..])
            }
            (der::GENERALIZED_TIME, 15) => {
                let year = two_digits(&text[..2]).zip(two_digits(&text[2..4]));
                (true, year.map(|(century, year)| century * 100 + year), &text[4..])
            }
            (der::UTC_TIME, _) => return at.fail(field, "is no UTCTime of the form YYMMDDHHMMSSZ"),
            (der::GENERALIZED_TIME, _) => return at.fail(field, "is no GeneralizedTime of the form YYYYMMDDHHMMSSZ"),
            _ => return at.fail(field, "is neither UTCTime nor GeneralizedTime"),
        };
        let unix = year.and_then(|year| unix_time(year, rest));
        match unix {
            Some(unix) => Ok(Self { unix, text: tlv.inner(), generalized }),
            None => at.fail(field, "is no valid date and time ending in Z"),
        }
    }
}

/// A moment taken apart in UTC by the proleptic Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Calendar {
    pub(crate) year: i64,
    /// 1 to 12.
    pub(crate) month: i64,
    /// 1 to 31.
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
}

impl Calendar {
    pub(crate) fn from_unix(unix: i64) -> Self {
        let seconds = unix.rem_euclid(86_400);
        // Days since 0000-03-01, so that the leap day is the last of its year.
        let days = unix.div_euclid(86_400) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day,
            hour: seconds / 3_600,
            minute: seconds / 60 % 60,
            second: seconds % 60,
        }
    }

    /// `2026-11-21T00:00:00Z` (RFC 3339).
    pub(crate) fn rfc3339(&self) -> String {
        let Self { year, month, day, hour, minute, second } = self;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// Reads `2026-11-21T00:00:00Z`, the form that [`Calendar::rfc3339`] writes: Unix seconds.
pub(crate) fn from_rfc3339(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let form = bytes.iter().map(|byte| if byte.is_ascii_digit() { b'0' } else { *byte });
    if !form.eq(*b"0000-00-00T00:00:00Z") {
        return None;
    }
    let year = two_digits(&bytes[..2])? * 100 + two_digits(&bytes[2..4])?;
    let rest: Vec<u8> = bytes[4..].iter().copied().filter(|byte| !matches!(byte, b'-' | b'T' | b':')).collect();
    unix_time(year, &rest)
}

/// `rest` is `MMDDHHMMSSZ`.
fn unix_time(year: u32, rest: &[u8]) -> Option<i64> {
    if rest[10] != b'Z' {
        return None;
    }
    let mut fields = [0u32; 5];
    for (field, digits) in fields.iter_mut().zip(rest.chunks_exact(2)) {
        *field = two_digits(digits)?;
    }
    let [month, day, hour, minute, second] = fields;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days_in_month = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=days_in_month).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Years begin in March here, so that the leap day is the last; 400 years more keep the year 0 from going below.
    let (y, m) = if month > 2 { (year + 400, month - 3) } else { (year + 399, month + 9) };
    let era_days = 365 * y + y / 4 - y / 100 + y / 400;
    let days = i64::from(era_days + (153 * m + 2) / 5 + day - 1) - 719_468 - 146_097;
    Some(days * 86_400 + i64::from(hour * 3_600 + minute * 60 + second))
}

#[inline]
fn two_digits(bytes: &[u8]) -> Option<u32> {
    let (tens, ones) = (bytes[0].wrapping_sub(b'0'), bytes[1].wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens * 10 + ones))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: u8, text: &str) -> Result<i64, Malformed> {
        let mut der = vec![tag, u8::try_from(text.len()).unwrap()];
        der.extend_from_slice(text.as_bytes());
        Time::read(&mut Reader::new(&der), "notBefore").map(|time| time.unix)
    }

    #[test]
    fn reads_both_forms() {
        assert_eq!(read(der::UTC_TIME, "700101000000Z"), Ok(0));
        assert_eq!(read(der::UTC_TIME, "491231235959Z"), Ok(2_524_607_999));
        assert_eq!(read(der::UTC_TIME, "500101000000Z"), Ok(-631_152_000));
        assert_eq!(read(der::GENERALIZED_TIME, "19490101000000Z"), Ok(-662_688_000));
        assert_eq!(read(der::GENERALIZED_TIME, "99991231235959Z"), Ok(253_402_300_799));
        assert_eq!(read(der::GENERALIZED_TIME, "00000101000000Z"), Ok(-62_167_219_200));
        assert_eq!(read(der::GENERALIZED_TIME, "20240229120000Z"), Ok(1_709_208_000));
    }

    #[test]
    fn refuses_other_forms() {
        for text in [
            "7001010000Z",
            "700101000000+0000",
            "701301000000Z",
            "700132000000Z",
            "700230000000Z",
            "700101240000Z",
            "700101006000Z",
            "700101000060Z",
            "70010100000aZ",
            "700101000000z",
        ] {
            assert!(read(der::UTC_TIME, text).is_err(), "{text}");
        }
        assert!(read(der::GENERALIZED_TIME, "20230229120000Z").is_err());
        assert!(read(der::GENERALIZED_TIME, "20240229120000.5Z").is_err());
        assert!(read(der::UTF8_STRING, "700101000000Z").is_err());
    }

    #[test]
    fn calendar_inverts_reading() {
        for (unix, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (1_709_208_000, "2024-02-29T12:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (-662_688_000, "1949-01-01T00:00:00Z"),
            (-62_167_219_200, "0000-01-01T00:00:00Z"),
        ] {
            assert_eq!(Calendar::from_unix(unix).rfc3339(), text);
            assert_eq!(from_rfc3339(text), Some(unix));
        }
        for wrong in ["", "2024-02-29", "2023-02-29T00:00:00Z", "2024-02-29T00:00:00+", "2024-02-29 00:00:00Z"] {
            assert_eq!(from_rfc3339(wrong), None, "{wrong}");
        }
    }
}
