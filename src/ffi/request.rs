//! Request: what a host knows of a request and its connection, to have it decided.
//!
//! A field has a number: `CLIENTCERT_REQUEST_` and its name. Those below 100 take text, the others a number. Every field
//! begins with the value that refuses: a host that forgets one lets nobody in by that.

use std::ffi::c_char;

use smallvec::SmallVec;

use super::error::clientcert_error;
use super::guard::{guard, guard_status};
use super::pointer::{Handle, Owned, borrow_mut, bytes, free_owned, into_owned, null};
use crate::Error;
use crate::request::{HttpVersion, Late, MinimumStrength, OtherLogin, Request, Requirement};

/// A request that is being described. Owned by the caller, used by one thread at a time, and as often as he likes, with
/// `clientcert_request_clear` in between; free it with `clientcert_request_free`. After a setter that failed, every
/// decision about it is `CLIENTCERT_ACTION_FORBID`, until it is cleared.
pub struct clientcert_request {
    _private: [u8; 0],
}

/// What can be said of a request, and what its place requires. Texts are copied; what a client wrote may stand in them as
/// it came.
#[derive(Clone, Copy)]
#[repr(C)]
pub enum clientcert_request_field {
    /// Text: a user whom the place is for; each adds one. Whoever names users requires a user.
    CLIENTCERT_REQUEST_USER = 1,
    /// Text: the method, such as `GET`.
    CLIENTCERT_REQUEST_METHOD = 2,
    /// Text: the value of `Origin`.
    CLIENTCERT_REQUEST_ORIGIN = 3,
    /// Text: the value of `Access-Control-Request-Method`.
    CLIENTCERT_REQUEST_ACCESS_CONTROL_REQUEST_METHOD = 4,
    /// Text: the value of `Access-Control-Request-Headers`.
    CLIENTCERT_REQUEST_ACCESS_CONTROL_REQUEST_HEADERS = 5,
    /// Text: the host of the handshake (SNI).
    CLIENTCERT_REQUEST_SERVER_NAME = 6,
    /// Text: the host of the request, `Host` or `:authority`, with its port.
    CLIENTCERT_REQUEST_AUTHORITY = 7,
    /// Text: the name of the virtual host that serves it; may be `*.example.com`.
    CLIENTCERT_REQUEST_VIRTUAL_HOST = 8,
    /// Text: path and query, for redirects.
    CLIENTCERT_REQUEST_TARGET = 9,
    /// Text: the URL of the server's other log-in.
    CLIENTCERT_REQUEST_OTHER_LOGIN_URL = 10,
    /// Text: the server's other log-in as a value of `WWW-Authenticate`.
    CLIENTCERT_REQUEST_OTHER_LOGIN_CHALLENGE = 11,
    /// Text: another value of `WWW-Authenticate` that the server has; each adds one.
    CLIENTCERT_REQUEST_CHALLENGE = 12,
    /// Text: what `clientcert_decision_identity` gave for an earlier request of the connection, the last that was not
    /// empty. Not set for the first.
    CLIENTCERT_REQUEST_IDENTITY_BEFORE = 13,
    /// Text: the value of the browser's cookie `__Host-clientcert`, where it has one: what a ticket of another host is bound
    /// to.
    CLIENTCERT_REQUEST_NONCE = 14,
    /// A `CLIENTCERT_REQUIREMENT_`. `CLIENTCERT_REQUIREMENT_USER` unless it is set.
    CLIENTCERT_REQUEST_REQUIREMENT = 101,
    /// 1 where only strong identity rules count; then a user is required.
    CLIENTCERT_REQUEST_STRONG = 102,
    /// The most seconds since the handshake that proved the key; -1, as unless it is set, for any.
    CLIENTCERT_REQUEST_MAXIMUM_AGE = 103,
    /// The TLS version as on the wire: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3. 0, as unless it is set, where nothing can be
    /// asked.
    CLIENTCERT_REQUEST_TLS_VERSION = 104,
    /// A `CLIENTCERT_HTTP_`.
    CLIENTCERT_REQUEST_HTTP_VERSION = 105,
    /// 1 where an alert can still be sent.
    CLIENTCERT_REQUEST_HANDSHAKE_OPEN = 106,
    /// When the handshake was that proved the key, in seconds since 1970-01-01T00:00:00Z: the original one, which a
    /// resumption does not renew. Unless it is set, it is too old wherever an age is asked for.
    CLIENTCERT_REQUEST_HANDSHAKE_TIME = 107,
    /// 1 where the client offered post-handshake authentication (RFC 8446 section 4.2.6).
    CLIENTCERT_REQUEST_OFFERS_POST_HANDSHAKE_AUTH = 108,
    /// 1 where secure renegotiation was negotiated (RFC 5746).
    CLIENTCERT_REQUEST_SECURE_RENEGOTIATION = 109,
    /// A `CLIENTCERT_LATE_`.
    CLIENTCERT_REQUEST_LATE = 110,
    /// 1 where the request arrived before the certificate that the client presented late.
    CLIENTCERT_REQUEST_ARRIVED_BEFORE_CERTIFICATE = 111,
    /// 1 where the session was resumed.
    CLIENTCERT_REQUEST_RESUMED = 112,
    /// 1 where it is not the first request of its connection, or the connection was made for another host.
    CLIENTCERT_REQUEST_REUSED = 113,
    /// 1 where a request like it was answered 421 on this connection already.
    CLIENTCERT_REQUEST_ANSWERED_421 = 114,
    /// 1 where a preflight was the first request of this connection.
    CLIENTCERT_REQUEST_PREFLIGHT_OPENED = 115,
    /// 1 where it came as early data of TLS 1.3.
    CLIENTCERT_REQUEST_EARLY_DATA = 116,
    /// How many bytes of its body would have to be kept while a certificate is asked for.
    CLIENTCERT_REQUEST_BODY_READ = 117,
    /// 1 where the user asks to be logged out.
    CLIENTCERT_REQUEST_LOG_OUT = 118,
    /// 1 where the user logged out, and has not chosen a certificate since.
    CLIENTCERT_REQUEST_LOGGED_OUT = 119,
}

/// What a place requires of a client.
#[derive(Clone, Copy)]
#[repr(C)]
pub enum clientcert_requirement {
    /// Nothing but that the verdict is accepted.
    CLIENTCERT_REQUIREMENT_NONE = 0,
    /// A certificate under whatever the mode accepts. This is no authentication.
    CLIENTCERT_REQUIREMENT_CERTIFICATE = 1,
    /// A verdict of `CLIENTCERT_SUCCESS`.
    CLIENTCERT_REQUIREMENT_VERIFIED = 2,
    /// The same, and a user.
    CLIENTCERT_REQUIREMENT_USER = 3,
}

/// Versions of HTTP.
#[derive(Clone, Copy)]
#[repr(C)]
pub enum clientcert_http {
    /// Not known: nothing can be asked.
    CLIENTCERT_HTTP_UNKNOWN = 0,
    /// HTTP/1.0
    CLIENTCERT_HTTP_1_0 = 10,
    /// HTTP/1.1
    CLIENTCERT_HTTP_1_1 = 11,
    /// HTTP/2
    CLIENTCERT_HTTP_2 = 20,
    /// HTTP/3
    CLIENTCERT_HTTP_3 = 30,
}

/// What came of asking for a certificate after the handshake.
#[derive(Clone, Copy)]
#[repr(C)]
pub enum clientcert_late {
    /// Nobody asked on this connection.
    CLIENTCERT_LATE_NOT_ASKED = 0,
    /// The client presented a certificate.
    CLIENTCERT_LATE_ANSWERED = 1,
    /// The client presented none.
    CLIENTCERT_LATE_DECLINED = 2,
    /// The client said nothing for too long.
    CLIENTCERT_LATE_TIMED_OUT = 3,
}

/// The texts and numbers of a request, which stay allocated when it is cleared.
#[derive(Default)]
pub(super) struct RequestHandle {
    /// Whether a setter failed: what it would have said is not known.
    broken: bool,
    texts: [Text; 15],
    users: Several,
    challenges: Several,
    /// Which of the two ways of another log-in was set last.
    other_login: Option<usize>,
    /// Everything but the texts.
    numbers: Request<'static>,
}

#[derive(Default)]
struct Text {
    set: bool,
    text: String,
}

/// Texts of which the first `count` are set.
#[derive(Default)]
struct Several {
    count: usize,
    texts: Vec<String>,
}

impl Handle for clientcert_request {
    type Value = RequestHandle;
}

impl Owned for clientcert_request {}

/// Makes a request in which every field has the value that refuses.
///
/// @return Owned by the caller. NULL only where the library failed inside; every call takes that NULL and refuses.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_request_new() -> *mut clientcert_request {
    guard(std::ptr::null_mut(), || into_owned(RequestHandle::default()))
}

/// Frees a request. Decisions about it stay as they are.
///
/// @param[in] request Taken. NULL does nothing.
/// @since 1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_request_free(request: *mut clientcert_request) {
    guard((), || {
        // SAFETY: the header's contract for handles.
        unsafe { free_owned(request) }
    });
}

/// Gives every field the value again that it had at first. Memory is kept for the next request.
///
/// @param[in,out] request NULL does nothing.
/// @since 1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_request_clear(request: *mut clientcert_request) {
    guard((), || {
        // SAFETY: the header's contract for handles.
        if let Some(request) = unsafe { borrow_mut(request) } {
            request.clear();
        }
    });
}

/// Sets a field that takes text. `CLIENTCERT_REQUEST_USER` and `CLIENTCERT_REQUEST_CHALLENGE` add one.
///
/// @param[in,out] request After a failure every decision about it refuses, until it is cleared.
/// @param[in] field A `CLIENTCERT_REQUEST_` below 100.
/// @param[in] value `length` bytes of UTF-8, which are copied. May be NULL where `length` is 0.
/// @param[in] length In bytes.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return `CLIENTCERT_OK`; `CLIENTCERT_INVALID_ARGUMENT` where a pointer is NULL, the text is not UTF-8, the field takes no
/// text, or a control character stands in what becomes a header: the other log-in and the challenges.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_request_set_text(
    request: *mut clientcert_request,
    field: i32,
    value: *const c_char,
    length: usize,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles, buffers and places to write to.
    unsafe {
        guard_status(error, || {
            let request = borrow_mut(request).ok_or(null("request"))?;
            request.change(|request| {
                let value = std::str::from_utf8(bytes(value.cast(), length, "value")?)
                    .map_err(|_| Error::InvalidArgument { argument: "value", problem: "not UTF-8" })?;
                request.set_text(field, value)
            })
        })
    }
}

/// Sets a field that takes a number.
///
/// @param[in,out] request After a failure every decision about it refuses, until it is cleared.
/// @param[in] field A `CLIENTCERT_REQUEST_` from 101.
/// @param[in] value The number.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return `CLIENTCERT_OK`; `CLIENTCERT_INVALID_ARGUMENT` where `request` is NULL, or the field takes no number, or not this
/// one.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_request_set_number(
    request: *mut clientcert_request,
    field: i32,
    value: i64,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles and places to write to.
    unsafe {
        guard_status(error, || {
            let request = borrow_mut(request).ok_or(null("request"))?;
            request.change(|request| request.set_number(field, value))
        })
    }
}

use clientcert_request_field as Field;

const FIELD: Error = Error::InvalidArgument { argument: "field", problem: "no field that takes this" };
const VALUE: Error = Error::InvalidArgument { argument: "value", problem: "no value of this field" };

const REQUIREMENTS: &[(clientcert_requirement, Requirement)] = &[
    (clientcert_requirement::CLIENTCERT_REQUIREMENT_NONE, Requirement::None),
    (clientcert_requirement::CLIENTCERT_REQUIREMENT_CERTIFICATE, Requirement::Certificate),
    (clientcert_requirement::CLIENTCERT_REQUIREMENT_VERIFIED, Requirement::Verified),
    (clientcert_requirement::CLIENTCERT_REQUIREMENT_USER, Requirement::User),
];

const HTTP_VERSIONS: &[(clientcert_http, HttpVersion)] = &[
    (clientcert_http::CLIENTCERT_HTTP_UNKNOWN, HttpVersion::Unknown),
    (clientcert_http::CLIENTCERT_HTTP_1_0, HttpVersion::Http1_0),
    (clientcert_http::CLIENTCERT_HTTP_1_1, HttpVersion::Http1_1),
    (clientcert_http::CLIENTCERT_HTTP_2, HttpVersion::Http2),
    (clientcert_http::CLIENTCERT_HTTP_3, HttpVersion::Http3),
];

const LATE: &[(clientcert_late, Late)] = &[
    (clientcert_late::CLIENTCERT_LATE_NOT_ASKED, Late::NotAsked),
    (clientcert_late::CLIENTCERT_LATE_ANSWERED, Late::Answered),
    (clientcert_late::CLIENTCERT_LATE_DECLINED, Late::Declined),
    (clientcert_late::CLIENTCERT_LATE_TIMED_OUT, Late::TimedOut),
];

/// The value that a number of the header stands for.
fn of<N: Copy, T: Copy>(table: &[(N, T)], number: fn(N) -> i32, value: i64) -> Result<T, Error> {
    table.iter().find(|(known, _)| i64::from(number(*known)) == value).map(|(_, value)| *value).ok_or(VALUE)
}

impl RequestHandle {
    fn clear(&mut self) {
        self.broken = false;
        self.texts.iter_mut().for_each(|text| text.set = false);
        (self.users.count, self.challenges.count) = (0, 0);
        self.other_login = None;
        self.numbers = Request::default();
    }

    /// A setter: where it fails or panics, what the request is can no longer be known.
    fn change(&mut self, set: impl FnOnce(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        let broken = std::mem::replace(&mut self.broken, true);
        set(self)?;
        self.broken = broken;
        Ok(())
    }

    fn set_text(&mut self, field: i32, value: &str) -> Result<(), Error> {
        let is_header = [
            Field::CLIENTCERT_REQUEST_OTHER_LOGIN_URL,
            Field::CLIENTCERT_REQUEST_OTHER_LOGIN_CHALLENGE,
            Field::CLIENTCERT_REQUEST_CHALLENGE,
        ];
        if is_header.iter().any(|known| *known as i32 == field) && value.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(Error::InvalidArgument {
                argument: "value",
                problem: "a control character, which no header may hold",
            });
        }
        let index = usize::try_from(field).map_err(|_| FIELD)?;
        if field == Field::CLIENTCERT_REQUEST_USER as i32 {
            self.users.add(value);
        } else if field == Field::CLIENTCERT_REQUEST_CHALLENGE as i32 {
            self.challenges.add(value);
        } else {
            let text = self.texts.get_mut(index).filter(|_| index > 0).ok_or(FIELD)?;
            text.set = true;
            text.text.clear();
            text.text.push_str(value);
            if is_header.iter().any(|known| *known as i32 == field) {
                self.other_login = Some(index);
            }
        }
        Ok(())
    }

    fn set_number(&mut self, field: i32, value: i64) -> Result<(), Error> {
        let flag = || match value {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(VALUE),
        };
        let known = |field: Field| field as i32;
        let numbers = &mut self.numbers;
        match field {
            _ if field == known(Field::CLIENTCERT_REQUEST_REQUIREMENT) => {
                numbers.requirement = of(REQUIREMENTS, |number| number as i32, value)?;
            }
            _ if field == known(Field::CLIENTCERT_REQUEST_STRONG) => {
                numbers.minimum_strength = if flag()? { MinimumStrength::Strong } else { MinimumStrength::Any };
            }
            _ if field == known(Field::CLIENTCERT_REQUEST_MAXIMUM_AGE) => {
                numbers.maximum_age = match value {
                    -1 => None,
                    _ => Some(u32::try_from(value).map_err(|_| VALUE)?),
                };
            }
            _ if field == known(Field::CLIENTCERT_REQUEST_TLS_VERSION) => {
                numbers.tls = u16::try_from(value).map_err(|_| VALUE)?;
            }
            _ if field == known(Field::CLIENTCERT_REQUEST_HTTP_VERSION) => {
                numbers.http = of(HTTP_VERSIONS, |number| number as i32, value)?;
            }
            _ if field == known(Field::CLIENTCERT_REQUEST_HANDSHAKE_OPEN) => numbers.handshake_open = flag()?,
            _ if field == known(Field::CLIENTCERT_REQUEST_HANDSHAKE_TIME) => numbers.handshake_time = Some(value),
            _ if field == known(Field::CLIENTCERT_REQUEST_OFFERS_POST_HANDSHAKE_AUTH) => {
                numbers.offers_post_handshake_auth = flag()?;
            }
            _ if field == known(Field::CLIENTCERT_REQUEST_SECURE_RENEGOTIATION) => {
                numbers.secure_renegotiation = flag()?;
            }
            _ if field == known(Field::CLIENTCERT_REQUEST_LATE) => {
                numbers.late = of(LATE, |number| number as i32, value)?;
            }
            _ if field == known(Field::CLIENTCERT_REQUEST_ARRIVED_BEFORE_CERTIFICATE) => {
                numbers.arrived_before_certificate = flag()?;
            }
            _ if field == known(Field::CLIENTCERT_REQUEST_RESUMED) => numbers.resumed = flag()?,
            _ if field == known(Field::CLIENTCERT_REQUEST_REUSED) => numbers.reused = flag()?,
            _ if field == known(Field::CLIENTCERT_REQUEST_ANSWERED_421) => numbers.answered_421 = flag()?,
            _ if field == known(Field::CLIENTCERT_REQUEST_PREFLIGHT_OPENED) => numbers.preflight_opened = flag()?,
            _ if field == known(Field::CLIENTCERT_REQUEST_EARLY_DATA) => numbers.early_data = flag()?,
            _ if field == known(Field::CLIENTCERT_REQUEST_BODY_READ) => {
                numbers.body_read = u64::try_from(value).map_err(|_| VALUE)?;
            }
            _ if field == known(Field::CLIENTCERT_REQUEST_LOG_OUT) => numbers.log_out = flag()?,
            _ if field == known(Field::CLIENTCERT_REQUEST_LOGGED_OUT) => numbers.logged_out = flag()?,
            _ => return Err(FIELD),
        }
        Ok(())
    }

    /// What was said of the request, lent to `act`; None where a setter failed.
    pub(super) fn with<T>(&self, act: impl FnOnce(&Request<'_>) -> T) -> Option<T> {
        if self.broken {
            return None;
        }
        let text = |field: Field| self.texts.get(field as usize).filter(|text| text.set).map(|text| text.text.as_str());
        let users: SmallVec<[&str; 8]> = self.users.iter().collect();
        let challenges: SmallVec<[&str; 4]> = self.challenges.iter().collect();
        let other_login =
            self.other_login.and_then(|index| self.texts.get(index).map(|text| (index, text.text.as_str())));
        let request = Request {
            users: &users,
            challenges: &challenges,
            method: text(Field::CLIENTCERT_REQUEST_METHOD).unwrap_or_default(),
            origin: text(Field::CLIENTCERT_REQUEST_ORIGIN),
            access_control_request_method: text(Field::CLIENTCERT_REQUEST_ACCESS_CONTROL_REQUEST_METHOD),
            access_control_request_headers: text(Field::CLIENTCERT_REQUEST_ACCESS_CONTROL_REQUEST_HEADERS),
            server_name: text(Field::CLIENTCERT_REQUEST_SERVER_NAME),
            authority: text(Field::CLIENTCERT_REQUEST_AUTHORITY),
            virtual_host: text(Field::CLIENTCERT_REQUEST_VIRTUAL_HOST),
            target: text(Field::CLIENTCERT_REQUEST_TARGET),
            identity_before: text(Field::CLIENTCERT_REQUEST_IDENTITY_BEFORE),
            nonce: text(Field::CLIENTCERT_REQUEST_NONCE),
            other_login: other_login.map(|(index, value)| match index {
                _ if index == Field::CLIENTCERT_REQUEST_OTHER_LOGIN_URL as usize => OtherLogin::Redirect(value),
                _ => OtherLogin::Challenge(value),
            }),
            ..self.numbers.clone()
        };
        Some(act(&request))
    }
}

impl Several {
    fn add(&mut self, value: &str) {
        match self.texts.get_mut(self.count) {
            Some(text) => {
                text.clear();
                text.push_str(value);
            }
            None => self.texts.push(value.to_owned()),
        }
        self.count += 1;
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().take(self.count).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setter_that_fails_or_panics_leaves_a_request_that_is_refused() {
        let mut request = RequestHandle::default();
        assert!(request.with(|_| ()).is_some());
        assert!(request.change(|request| request.set_number(0, 1)).is_err());
        assert!(request.with(|_| ()).is_none());
        assert!(request.change(|request| request.set_text(2, "GET")).is_ok());
        assert!(request.with(|_| ()).is_none(), "a later success mends nothing");
        request.clear();
        assert!(request.with(|_| ()).is_some());
        guard((), || drop(request.change(|_| panic!("on purpose"))));
        assert!(request.with(|_| ()).is_none());
    }

    #[test]
    fn clear_leaves_nothing_of_the_request_before() {
        let mut request = RequestHandle::default();
        for field in 1..=14 {
            request.set_text(field, "x").unwrap();
        }
        for field in 101..=119 {
            request.set_number(field, 1).or_else(|_| request.set_number(field, 10)).unwrap();
        }
        request.clear();
        let cleared = request.with(|request| format!("{request:?}"));
        assert_eq!(cleared, Some(format!("{:?}", Request::default())));
    }

    #[test]
    fn a_field_takes_what_is_its_own() {
        let mut request = RequestHandle::default();
        for field in [-1, 0, 15, 100, 101, 120, i32::MAX, i32::MIN] {
            assert!(request.set_text(field, "x").is_err(), "{field}");
        }
        for field in [-1, 0, 1, 14, 100, 120, i32::MAX, i32::MIN] {
            assert!(request.set_number(field, 1).is_err(), "{field}");
        }
        for (field, value) in
            [(101, 4), (101, -1), (102, 2), (103, -2), (104, 0x1_0000), (105, 1), (110, 4), (117, -1), (119, 2)]
        {
            assert!(request.set_number(field, value).is_err(), "{field} {value}");
        }
        for field in [10, 11, 12] {
            assert!(request.set_text(field, "a\r\nX: y").is_err(), "{field}");
        }
    }
}
