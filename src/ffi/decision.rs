//! Decision: what a host does with a request, and what it answers.
//!
//! ```c
//! clientcert_decision *decision = clientcert_decide(verifier, verdict, request, CLIENTCERT_NOW);
//! if (clientcert_decision_action(decision) == CLIENTCERT_ACTION_ALLOW)
//!     serve(clientcert_decision_verdict(decision));
//! ```
//!
//! `docs/requests.md` says what to do for every action. Whatever is not `CLIENTCERT_ACTION_ALLOW` protects nothing that a
//! client could be let in by.

use std::ffi::{CString, c_char};
use std::sync::{Arc, OnceLock};

use super::guard::guard;
use super::pointer::{Handle, Owned, borrow, free_owned, into_owned, lend_text};
use super::reason::{ALERT_INTERNAL_ERROR, version};
use super::request::clientcert_request;
use super::text::c_text;
use super::verdict::{clientcert_verdict, failed, moment};
use super::verifier::clientcert_verifier;
use crate::request::{Action, Decision, Format, Request};

/// What to do with one request. Owned by the caller; immutable and safe for threads; free it with
/// `clientcert_decision_free`. It may outlive everything that it was made of.
pub struct clientcert_decision {
    _private: [u8; 0],
}

/// What a host does. Treat a number that is not here as `CLIENTCERT_ACTION_FORBID`.
#[derive(Clone, Copy)]
#[repr(C)]
pub enum clientcert_action {
    /// The request goes on, with the identity of `clientcert_decision_verdict`.
    CLIENTCERT_ACTION_ALLOW = 0,
    /// A CORS preflight: without a status it goes on without an identity, with one it is answered.
    CLIENTCERT_ACTION_PREFLIGHT = 1,
    /// Renegotiate, asking for a certificate, and decide again.
    CLIENTCERT_ACTION_ASK_RENEGOTIATE = 2,
    /// Ask for a certificate after the handshake of TLS 1.3, and decide again.
    CLIENTCERT_ACTION_ASK_POST_HANDSHAKE = 3,
    /// Reset the stream with HTTP_1_1_REQUIRED, 0xd.
    CLIENTCERT_ACTION_USE_HTTP_1_1 = 4,
    /// Redirect to the host that asks in its handshake.
    CLIENTCERT_ACTION_ASK_ELSEWHERE = 5,
    /// Answer with the server's other log-in.
    CLIENTCERT_ACTION_FALL_BACK = 6,
    /// Answer 401 with challenges.
    CLIENTCERT_ACTION_CHALLENGE = 7,
    /// Answer 403.
    CLIENTCERT_ACTION_FORBID = 8,
    /// Answer 425.
    CLIENTCERT_ACTION_TOO_EARLY = 9,
    /// Answer 421.
    CLIENTCERT_ACTION_MISDIRECTED = 10,
    /// Answer and end the connection, so that the client proves anew who it is.
    CLIENTCERT_ACTION_REAUTHENTICATE = 11,
    /// Answer, end the connection, and remember that the user logged out.
    CLIENTCERT_ACTION_LOG_OUT = 12,
    /// Answer 307, so that the client sends the request again.
    CLIENTCERT_ACTION_RESEND = 13,
    /// Answer 408.
    CLIENTCERT_ACTION_TIMED_OUT = 14,
    /// Answer 413.
    CLIENTCERT_ACTION_TOO_LARGE = 15,
}

/// Forms of a page.
#[derive(Clone, Copy)]
#[repr(C)]
pub enum clientcert_body {
    /// `text/plain; charset=utf-8`
    CLIENTCERT_BODY_TEXT = 0,
    /// `text/html; charset=utf-8`
    CLIENTCERT_BODY_HTML = 1,
    /// `application/json`
    CLIENTCERT_BODY_JSON = 2,
}

/// A decision, and the texts that C asked for.
pub(super) struct DecisionHandle {
    decision: Decision,
    headers: OnceLock<Box<[(CString, CString)]>>,
    bodies: [OnceLock<Option<CString>>; 3],
    cause: OnceLock<Option<CString>>,
    audit: OnceLock<CString>,
}

impl Handle for clientcert_decision {
    type Value = DecisionHandle;
}

impl Owned for clientcert_decision {}

/// Decides what to do with one request.
///
/// It reads no file and makes no system call but for the time, so it may be called for every request. The verdict of the
/// connection is looked at again: a certificate that expired or was revoked meanwhile lets nobody go on.
///
/// @param[in] verifier Borrowed: the verifier of the host that the request names.
/// @param[in] verdict Borrowed: what the connection was judged, by this verifier or by another one.
/// @param[in] request Borrowed, and not changed.
/// @param[in] time The moment to decide for, in seconds since 1970-01-01T00:00:00Z, or `CLIENTCERT_NOW`.
/// @return Owned by the caller. Never NULL: where an argument is NULL, a setter of the request failed, or the library fails
/// inside, it is `CLIENTCERT_ACTION_FORBID` for `internal_error`.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_decide(
    verifier: *const clientcert_verifier,
    verdict: *const clientcert_verdict,
    request: *const clientcert_request,
    time: i64,
) -> *mut clientcert_decision {
    let decision = guard(None, || {
        // SAFETY: the header's contract for handles.
        let (verifier, request) = unsafe { (borrow(verifier)?, borrow(request)?) };
        // SAFETY: the header's contract for handles; the reference that is lent here is not dropped.
        let verdict = unsafe { super::pointer::lend_shared(verdict)? };
        request.with(|request| verifier.decide(&verdict, request, moment(time)))
    });
    guard(std::ptr::null_mut(), || {
        let decision = decision
            .unwrap_or_else(|| Decision::internal_error(Arc::clone(failed()), &Request::default(), moment(time)));
        into_owned(DecisionHandle {
            decision,
            headers: OnceLock::new(),
            bodies: [const { OnceLock::new() }; 3],
            cause: OnceLock::new(),
            audit: OnceLock::new(),
        })
    })
}

/// Frees a decision.
///
/// @param[in] decision Taken. NULL does nothing.
/// @since 1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_decision_free(decision: *mut clientcert_decision) {
    guard((), || {
        // SAFETY: the header's contract for handles.
        unsafe { free_owned(decision) }
    });
}

/// What to do.
///
/// @param[in] decision Borrowed.
/// @return A `CLIENTCERT_ACTION_`; `CLIENTCERT_ACTION_FORBID` for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_decision_action(decision: *const clientcert_decision) -> i32 {
    let forbid = clientcert_action::CLIENTCERT_ACTION_FORBID as i32;
    // SAFETY: the header's contract for handles.
    guard(forbid, || unsafe { read(decision) }.map_or(forbid, |decision| action(decision.action()) as i32))
}

/// The HTTP status of the answer.
///
/// @param[in] decision Borrowed.
/// @return 0 where there is no answer, because the request goes on or the client is asked; 403 for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_decision_status(decision: *const clientcert_decision) -> i32 {
    guard(FORBIDDEN, || {
        // SAFETY: the header's contract for handles.
        let decision = unsafe { read(decision) };
        decision.map_or(FORBIDDEN, |decision| decision.status().map_or(0, i32::from))
    })
}

/// How many header fields the answer has. A name may come several times, such as `WWW-Authenticate`.
///
/// @param[in] decision Borrowed.
/// @return The indices of the next two functions are below it; 0 for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_decision_header_count(decision: *const clientcert_decision) -> usize {
    // SAFETY: the header's contract for handles.
    guard(0, || unsafe { read(decision) }.map_or(0, |decision| decision.headers().len()))
}

/// The name of a header field.
///
/// @param[in] decision Borrowed.
/// @param[in] index Below `clientcert_decision_header_count`.
/// @return Lives as long as the decision. NULL for any other index.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_decision_header_name(
    decision: *const clientcert_decision,
    index: usize,
) -> *const c_char {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles.
        let handle = unsafe { borrow(decision) };
        handle.and_then(|handle| handle.header(index)).map_or(std::ptr::null(), |(name, _)| name.as_ptr())
    })
}

/// The value of a header field. No control character is in it.
///
/// @param[in] decision Borrowed.
/// @param[in] index Below `clientcert_decision_header_count`.
/// @param[out] length May be NULL. In bytes, without the last NUL.
/// @return Lives as long as the decision. NULL, and a length of 0, for any other index.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_decision_header_value(
    decision: *const clientcert_decision,
    index: usize,
    length: *mut usize,
) -> *const c_char {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles and places to write to.
        unsafe {
            let value = borrow(decision).and_then(|handle| handle.header(index));
            lend_text(value.map(|(_, value)| value.as_bytes_with_nul()), length)
        }
    })
}

/// The page of the answer: the cause in words. All that is in it is the library's own.
///
/// @param[in] decision Borrowed.
/// @param[in] format A `CLIENTCERT_BODY_`, which is also the `Content-Type` that the host sends.
/// @param[out] length May be NULL. In bytes, without the last NUL.
/// @return Lives as long as the decision. NULL, and a length of 0, where there is no answer, for another format, and for
/// NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_decision_body(
    decision: *const clientcert_decision,
    format: i32,
    length: *mut usize,
) -> *const c_char {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles and places to write to.
        unsafe { lend_text(borrow(decision).and_then(|handle| handle.body(format)), length) }
    })
}

/// Why the request does not simply go on.
///
/// @param[in] decision Borrowed.
/// @return The stable name of a reason (`certificate_expired`) or of another cause (`late_declined`, see
/// `docs/requests.md`). Lives as long as the decision. NULL where the request goes on; `internal_error` for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_decision_cause(decision: *const clientcert_decision) -> *const c_char {
    guard(c"internal_error".as_ptr(), || {
        // SAFETY: the header's contract for handles.
        let Some(handle) = (unsafe { borrow(decision) }) else { return c"internal_error".as_ptr() };
        let cause = handle.cause.get_or_init(|| handle.decision.cause().map(|cause| c_text(cause.name())));
        cause.as_ref().map_or(std::ptr::null(), |cause| cause.as_ptr())
    })
}

/// The TLS alert that says it, where the handshake is still open and the verdict is not accepted.
///
/// @param[in] decision Borrowed.
/// @param[in] tls_version As on the wire: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3.
/// @return The description of a fatal alert (RFC 8446 section 6.2); 0 where there is none to send; 80, internal_error, for
/// NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_decision_alert(decision: *const clientcert_decision, tls_version: i32) -> i32 {
    guard(ALERT_INTERNAL_ERROR, || {
        // SAFETY: the header's contract for handles.
        let decision = unsafe { read(decision) };
        decision.map_or(ALERT_INTERNAL_ERROR, |decision| decision.alert(version(tls_version)).map_or(0, i32::from))
    })
}

/// Whether the connection ends with the answer.
///
/// @param[in] decision Borrowed.
/// @return 1 or 0; 1 for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_decision_closes(decision: *const clientcert_decision) -> i32 {
    // SAFETY: the header's contract for handles.
    guard(1, || unsafe { read(decision) }.map_or(1, |decision| i32::from(decision.closes())))
}

/// Whether the session of the connection may be resumed: a ticket sent, or an entry kept.
///
/// @param[in] decision Borrowed.
/// @return 1 only where a session may be kept; 0 else, and for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_decision_session_cacheable(decision: *const clientcert_decision) -> i32 {
    // SAFETY: the header's contract for handles.
    guard(0, || unsafe { read(decision) }.map_or(0, |decision| i32::from(decision.session_cacheable())))
}

/// The error code to reset the stream with, in HTTP/2.
///
/// @param[in] decision Borrowed.
/// @return 0xd, HTTP_1_1_REQUIRED, for `CLIENTCERT_ACTION_USE_HTTP_1_1`; 0 else, and for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_decision_http2_error(decision: *const clientcert_decision) -> u32 {
    // SAFETY: the header's contract for handles.
    guard(0, || unsafe { read(decision) }.and_then(Decision::http2_error).unwrap_or(0))
}

/// Who the client is, in a text that only equals itself. The host gives it back with the next request of the connection as
/// `CLIENTCERT_REQUEST_IDENTITY_BEFORE`: the last that was not empty.
///
/// @param[in] decision Borrowed.
/// @return Never NULL; empty without a certificate, where it does not count for this request, and for NULL. Lives as long
/// as the decision.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_decision_identity(decision: *const clientcert_decision) -> *const c_char {
    guard(c"".as_ptr(), || {
        // SAFETY: the header's contract for handles; no length is asked for.
        unsafe {
            let identity = read(decision).map(Decision::identity_with_nul);
            lend_text(identity.or(Some(&[0])), std::ptr::null_mut())
        }
    })
}

/// The verdict that decided: the connection's, looked at again where that was due, or one without a certificate where the
/// certificate does not count for this request (a preflight, a user who logged out). An application learns here who the
/// client is. The verdict of the connection stays the host's to keep.
///
/// @param[in] decision Borrowed.
/// @return Lives as long as the decision; `clientcert_verdict_ref` makes it live longer. NULL for NULL, which reads as a
/// verdict that is FAILED.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_decision_verdict(
    decision: *const clientcert_decision,
) -> *const clientcert_verdict {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles.
        unsafe { read(decision) }.map_or(std::ptr::null(), |decision| Arc::as_ptr(decision.verdict()).cast())
    })
}

/// The record of the decision for a log: one line of JSON, without a line end, whatever a client wrote.
///
/// @param[in] decision Borrowed.
/// @param[out] length May be NULL. In bytes, without the last NUL.
/// @return Lives as long as the decision. NULL, and a length of 0, for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_decision_audit(
    decision: *const clientcert_decision,
    length: *mut usize,
) -> *const c_char {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles and places to write to.
        unsafe {
            let audit = borrow(decision).map(|handle| handle.audit.get_or_init(|| c_text(&handle.decision.audit())));
            lend_text(audit.map(CString::as_bytes_with_nul), length)
        }
    })
}

const FORBIDDEN: i32 = 403;

const FORMATS: &[(clientcert_body, Format)] = &[
    (clientcert_body::CLIENTCERT_BODY_TEXT, Format::Text),
    (clientcert_body::CLIENTCERT_BODY_HTML, Format::Html),
    (clientcert_body::CLIENTCERT_BODY_JSON, Format::Json),
];

fn action(action: Action) -> clientcert_action {
    match action {
        Action::Allow => clientcert_action::CLIENTCERT_ACTION_ALLOW,
        Action::Preflight => clientcert_action::CLIENTCERT_ACTION_PREFLIGHT,
        Action::AskRenegotiate => clientcert_action::CLIENTCERT_ACTION_ASK_RENEGOTIATE,
        Action::AskPostHandshake => clientcert_action::CLIENTCERT_ACTION_ASK_POST_HANDSHAKE,
        Action::UseHttp1_1 => clientcert_action::CLIENTCERT_ACTION_USE_HTTP_1_1,
        Action::AskElsewhere => clientcert_action::CLIENTCERT_ACTION_ASK_ELSEWHERE,
        Action::FallBack => clientcert_action::CLIENTCERT_ACTION_FALL_BACK,
        Action::Challenge => clientcert_action::CLIENTCERT_ACTION_CHALLENGE,
        Action::Forbid => clientcert_action::CLIENTCERT_ACTION_FORBID,
        Action::TooEarly => clientcert_action::CLIENTCERT_ACTION_TOO_EARLY,
        Action::Misdirected => clientcert_action::CLIENTCERT_ACTION_MISDIRECTED,
        Action::Reauthenticate => clientcert_action::CLIENTCERT_ACTION_REAUTHENTICATE,
        Action::LogOut => clientcert_action::CLIENTCERT_ACTION_LOG_OUT,
        Action::Resend => clientcert_action::CLIENTCERT_ACTION_RESEND,
        Action::TimedOut => clientcert_action::CLIENTCERT_ACTION_TIMED_OUT,
        Action::TooLarge => clientcert_action::CLIENTCERT_ACTION_TOO_LARGE,
    }
}

/// # Safety
///
/// `decision` is NULL, or a handle that is alive for `'a`.
unsafe fn read<'a>(decision: *const clientcert_decision) -> Option<&'a Decision> {
    // SAFETY: passed on from the caller.
    unsafe { borrow(decision) }.map(|handle| &handle.decision)
}

impl DecisionHandle {
    fn header(&self, index: usize) -> Option<&(CString, CString)> {
        let all = || self.decision.headers().map(|(name, value)| (c_text(name), c_text(value))).collect();
        self.headers.get_or_init(all).get(index)
    }

    fn body(&self, format: i32) -> Option<&[u8]> {
        let (_, known) = FORMATS.iter().find(|(number, _)| *number as i32 == format)?;
        let body =
            self.bodies.get(*known as usize)?.get_or_init(|| self.decision.body(*known).map(|body| c_text(&body)));
        body.as_ref().map(CString::as_bytes_with_nul)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_the_header_are_those_of_the_library() {
        for (index, known) in Action::ALL.into_iter().enumerate() {
            assert_eq!(usize::try_from(action(known) as i32), Ok(index));
            assert_eq!(usize::try_from(known as i32), Ok(index));
        }
        assert!(FORMATS.iter().all(|(number, format)| *number as i32 == *format as i32));
    }
}
