//! Resumption: what a TLS session is to remember of its client, and what that is worth when it comes back.
//!
//! TLS libraries resume a session without asking their verify callbacks again. So put the record of
//! `clientcert_session_export` into the session or ticket, and give it to `clientcert_session_resume` when the session is
//! resumed: the client is then verified again, now, by the policy of now. `clientcert_openssl.h` does both.

use std::ffi::c_char;
use std::sync::Arc;

use super::error::clientcert_error;
use super::guard::{guard, guard_status};
use super::pointer::{borrow, bytes, into_shared, null, text, write};
use super::verdict::{clientcert_verdict, failed, moment};
use super::verifier::clientcert_verifier;
use crate::Error;

/// What a session must have been made under to be resumed here: 32 bytes over every option that decides, every pinned CA,
/// and the name of the virtual host. For the session id context (`SSL_CTX_set_session_id_context`) or a ticket's additional
/// data. A new CRL or registration does not change it.
///
/// Virtual hosts share sessions where they have equal policies and give the same name here. Two hosts that are to share
/// them give both an empty name; hosts that are not, each its own.
///
/// @param[in] verifier Borrowed.
/// @param[in] host The name of the virtual host as it is configured, never the one that the client sent. Case and one
/// trailing dot do not count. May be NULL, which is the same as an empty name.
/// @param[out] identity Room for 32 bytes.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return `CLIENTCERT_OK`; `CLIENTCERT_INVALID_ARGUMENT` where `verifier` or `identity` is NULL or `host` is no UTF-8:
/// resume nothing then.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verifier_policy_id(
    verifier: *const clientcert_verifier,
    host: *const c_char,
    identity: *mut u8,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles, texts and places to write to.
    unsafe {
        guard_status(error, || {
            let (verifier, host) = (borrow(verifier).ok_or(null("verifier"))?, name(host)?);
            if identity.is_null() {
                return Err(null("identity"));
            }
            write(identity.cast(), verifier.session_identity(host));
            Ok(())
        })
    }
}

/// The record of a client for a TLS session: to be kept with the session, and given to `clientcert_session_resume` when it
/// is resumed. It is sealed by the option `session_key`, and not secret; it holds the certificates that the verdict rests
/// on.
///
/// @param[in] verifier Borrowed. The one that made the verdict.
/// @param[in] verdict Borrowed.
/// @param[in] host As for `clientcert_verifier_policy_id`.
/// @param[in] handshake_time When the handshake was in which the client proved that it holds its key, in seconds since
/// 1970-01-01T00:00:00Z, or `CLIENTCERT_NOW`. For a session that was itself resumed: what `clientcert_session_resume` wrote.
/// @param[out] out Room for `capacity` bytes. May be NULL where `capacity` is 0.
/// @param[in] capacity In bytes. Nothing is written where it is too small.
/// @return The length of the record; where it is more than `capacity`, call again with so much room. 0 where there is no
/// record, because an argument is NULL, the verdict is not accepted, or the policy has changed since: such a session is
/// not to be resumed.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_session_export(
    verifier: *const clientcert_verifier,
    verdict: *const clientcert_verdict,
    host: *const c_char,
    handshake_time: i64,
    out: *mut u8,
    capacity: usize,
) -> usize {
    guard(None, || {
        // SAFETY: the header's contract for handles and texts.
        let (verifier, verdict, host) = unsafe { (borrow(verifier)?, borrow(verdict)?, name(host).ok()?) };
        let record = verifier.export_session(verdict, host, moment(handshake_time))?;
        if !out.is_null() && record.len() <= capacity {
            // SAFETY: the caller says that `out` has room for `capacity` bytes, which are not those of the record.
            unsafe { std::ptr::copy_nonoverlapping(record.as_ptr(), out, record.len()) };
        }
        Some(record.len())
    })
    .unwrap_or(0)
}

/// Judges the client of a resumed session by the record that came back with it: as it is now, under the policy of now, with
/// its CAs, CRLs, registrations and dates.
///
/// A record that does not count gives a verdict that is FAILED: for `session_invalid` where it is empty, cut, changed, sealed
/// with another key, or made under another `clientcert_verifier_policy_id` than that of `host` now; for `session_expired`
/// where the handshake is longer ago than `session_max_age`. Where the TLS library can still refuse the session, let it: a
/// full handshake follows. So a resumed session with a certificate and without a record is judged with a `length` of 0.
///
/// @param[in] verifier Borrowed: that of the host that the client named. NULL gives a verdict that is FAILED for
/// `internal_error`.
/// @param[in] host As for `clientcert_verifier_policy_id`. No UTF-8 gives a verdict that is FAILED for `internal_error`.
/// @param[in] record `length` bytes. May be NULL where `length` is 0; else NULL gives a verdict that is FAILED for
/// `internal_error`.
/// @param[in] length In bytes; 0 says that the session has no record.
/// @param[in] time The moment to judge for, in seconds since 1970-01-01T00:00:00Z, or `CLIENTCERT_NOW`.
/// @param[out] handshake_time May be NULL. When the handshake was in which the client proved that it holds its key: the
/// first of all sessions that were resumed from one another. 0 where the record is none of ours.
/// @return Owned by the caller. Never NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_session_resume(
    verifier: *const clientcert_verifier,
    host: *const c_char,
    record: *const u8,
    length: usize,
    time: i64,
    handshake_time: *mut i64,
) -> *mut clientcert_verdict {
    let resumed = guard(None, || {
        // SAFETY: the header's contract for handles, texts, buffers and places to write to.
        unsafe {
            write(handshake_time, 0);
            let (verifier, host) = (borrow(verifier)?, name(host).ok()?);
            let resumed = verifier.resume_session(bytes(record, length, "record").ok()?, host, moment(time));
            write(handshake_time, resumed.handshake_time.unwrap_or(0));
            Some(resumed.verdict)
        }
    });
    guard(std::ptr::null_mut(), || into_shared(resumed.unwrap_or_else(|| Arc::clone(failed()))))
}

/// # Safety
///
/// `host` is NULL or ends with NUL, and stays as it is for `'a`.
unsafe fn name<'a>(host: *const c_char) -> Result<&'a str, Error> {
    match host.is_null() {
        true => Ok(""),
        // SAFETY: passed on from the caller.
        false => unsafe { text(host, "host") },
    }
}
