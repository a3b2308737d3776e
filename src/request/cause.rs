//! Why a request does not simply go on: a reason of the verdict, or a cause that lies in the request.

use std::fmt;

use crate::verify::Code;

/// Why a request does not simply go on. Names are stable, and those of reasons and of other causes differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// A reason of the verdict.
    Reason(Code),
    /// `early_data`.
    EarlyData,
    /// `logged_out`.
    LoggedOut,
    /// `preflight_refused`.
    PreflightRefused,
    /// `origin_not_allowed`.
    OriginNotAllowed,
    /// `preflight_connection`.
    PreflightConnection,
    /// `misdirected`.
    Misdirected,
    /// `authority_malformed`.
    AuthorityMalformed,
    /// `no_longer_verified`.
    NoLongerVerified,
    /// `identity_changed`.
    IdentityChanged,
    /// `handshake_too_old`.
    HandshakeTooOld,
    /// `before_certificate`.
    BeforeCertificate,
    /// `late_declined`.
    LateDeclined,
    /// `late_timed_out`.
    LateTimedOut,
    /// `late_body_too_large`.
    LateBodyTooLarge,
    /// `late_certificate_impossible`.
    LateCertificateImpossible,
    /// `certificate_not_asked`.
    CertificateNotAsked,
    /// `user_missing`.
    UserMissing,
    /// `user_not_allowed`.
    UserNotAllowed,
}

struct Row {
    cause: Cause,
    number: i32,
    name: &'static str,
    text: &'static str,
    /// IIS's sub-status of 403, where it has one for it.
    iis: Option<u8>,
}

const fn row(cause: Cause, number: i32, name: &'static str, text: &'static str, iis: Option<u8>) -> Row {
    Row { cause, number, name, text, iis }
}

/// Numbers above those of all reasons.
static TABLE: &[Row] = &[
    row(
        Cause::EarlyData,
        1001,
        "early_data",
        "the request came as early data, which somebody else could have sent again",
        None,
    ),
    row(Cause::LoggedOut, 1002, "logged_out", "you have logged out", Some(7)),
    row(
        Cause::PreflightRefused,
        1003,
        "preflight_refused",
        "a preflight carries no certificate, and one is required here",
        Some(7),
    ),
    row(Cause::OriginNotAllowed, 1004, "origin_not_allowed", "pages of this origin may not send requests here", None),
    row(
        Cause::PreflightConnection,
        1005,
        "preflight_connection",
        "the connection was opened without a certificate, for a preflight; the request needs another one",
        Some(7),
    ),
    row(Cause::Misdirected, 1006, "misdirected", "the connection was made for another host", None),
    row(
        Cause::AuthorityMalformed,
        1007,
        "authority_malformed",
        "the request names no host, or one that cannot be",
        None,
    ),
    row(Cause::NoLongerVerified, 1008, "no_longer_verified", "the certificate is no longer accepted", Some(16)),
    row(Cause::IdentityChanged, 1009, "identity_changed", "the certificate changed on the connection", Some(16)),
    row(
        Cause::HandshakeTooOld,
        1010,
        "handshake_too_old",
        "it is too long ago that the certificate was proved to be yours",
        Some(16),
    ),
    row(
        Cause::BeforeCertificate,
        1011,
        "before_certificate",
        "the request came before the certificate, and has to be sent again",
        None,
    ),
    row(Cause::LateDeclined, 1012, "late_declined", "a certificate was asked for, and none was presented", Some(7)),
    row(
        Cause::LateTimedOut,
        1013,
        "late_timed_out",
        "a certificate was asked for, and no answer came in time",
        Some(7),
    ),
    row(
        Cause::LateBodyTooLarge,
        1014,
        "late_body_too_large",
        "the request is too large to be kept while a certificate is asked for; open a smaller page of this site first",
        None,
    ),
    row(
        Cause::LateCertificateImpossible,
        1015,
        "late_certificate_impossible",
        "a certificate is required here, and this connection does not allow to ask for it",
        Some(7),
    ),
    row(
        Cause::CertificateNotAsked,
        1016,
        "certificate_not_asked",
        "a certificate is required here, and this server does not ask for one",
        Some(7),
    ),
    row(Cause::UserMissing, 1017, "user_missing", "the certificate stands for no user", Some(12)),
    row(Cause::UserNotAllowed, 1018, "user_not_allowed", "this page is not for you", Some(12)),
];

impl Cause {
    /// Every cause that is no reason of a verdict, in the order of their numbers.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        TABLE.iter().map(|row| row.cause)
    }

    /// The stable number: that of the reason, or one above 1000.
    pub fn number(self) -> i32 {
        match self {
            Self::Reason(code) => code as i32,
            _ => self.row().map_or(0, |row| row.number),
        }
    }

    /// The stable name, such as `certificate_expired` or `late_declined`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reason(code) => code.name(),
            _ => self.row().map_or("unknown", |row| row.name),
        }
    }

    /// The text in English, for people.
    pub fn text(self) -> &'static str {
        match self {
            Self::Reason(code) => code.text(),
            _ => self.row().map_or("the request is refused", |row| row.text),
        }
    }

    /// The sub-status of IIS's 403: 7 a certificate is missing, 12 the user may not, and as [`Code::iis_substatus`].
    pub fn iis_substatus(self) -> Option<u8> {
        match self {
            Self::Reason(code) => Some(code.iis_substatus()),
            _ => self.row().and_then(|row| row.iis),
        }
    }

    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.cause == self)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<Code> for Cause {
    fn from(code: Code) -> Self {
        Self::Reason(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cause_is_taken_for_a_reason() {
        let mut names: Vec<&str> = Cause::all().map(Cause::name).chain(Code::all().map(Code::name)).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
        let least = Cause::all().map(Cause::number).min();
        assert!(Code::all().all(|code| Some(code as i32) < least));
        let numbers: Vec<i32> = Cause::all().map(Cause::number).collect();
        assert!(numbers.is_sorted() && numbers.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
