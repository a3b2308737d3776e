//! Ticket: the identity of a client that another host asked for its certificate, handed back.
//!
//! A host that cannot ask (`CLIENTCERT_ACTION_ASK_ELSEWHERE`) sends the browser to `certificate_host`, with a question in
//! the parameter `clientcert_question` of the URL and a nonce in the cookie `__Host-clientcert`. That host verifies the
//! client in its handshake, answers the question with `clientcert_ticket_new`, and redirects to
//! `clientcert_ticket_location`. The first host finds the ticket in the parameter `clientcert_ticket` and redeems it with
//! `clientcert_ticket_redeem`. Both hosts need the same `session_key`, which verifiers of one process share by default.

use std::ffi::{CString, c_char};
use std::sync::Arc;

use super::error::clientcert_error;
use super::guard::{guard, guard_status};
use super::pointer::{Handle, Owned, borrow, free_owned, into_owned, into_shared, lend_text, null, text, write};
use super::text::c_text;
use super::verdict::{FAILED, clientcert_verdict, moment};
use super::verifier::clientcert_verifier;
use crate::time::unix_now;

/// The answer to a question of another host. Owned by the caller; immutable and safe for threads; free it with
/// `clientcert_ticket_free`.
pub struct clientcert_ticket {
    _private: [u8; 0],
}

impl Handle for clientcert_ticket {
    type Value = CString;
}

impl Owned for clientcert_ticket {}

/// Answers a question of another host about the client of this connection.
///
/// @param[in] verifier Borrowed: of this host, which asked the client in its handshake.
/// @param[in] verdict Borrowed: on this client. Only `CLIENTCERT_SUCCESS` is vouched for.
/// @param[in] question Text: the value of the parameter `clientcert_question` of the request's URL.
/// @param[in] handshake_time When this client proved that it holds the key, in seconds since 1970-01-01T00:00:00Z, or
/// `CLIENTCERT_NOW`. A resumption does not renew it.
/// @param[out] out Owned by the caller. NULL on failure.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return `CLIENTCERT_OK`; `CLIENTCERT_NOT_ENTITLED` where the client is not verified; `CLIENTCERT_INVALID_ARGUMENT` where
/// the question was not made with one of the session keys or is older than five minutes, or where a pointer is NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_ticket_new(
    verifier: *const clientcert_verifier,
    verdict: *const clientcert_verdict,
    question: *const c_char,
    handshake_time: i64,
    out: *mut *mut clientcert_ticket,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles, texts and places to write to.
    unsafe {
        write(out, std::ptr::null_mut());
        guard_status(error, || {
            let verifier = borrow(verifier).ok_or(null("verifier"))?;
            let verdict = borrow(verdict).ok_or(null("verdict"))?;
            let question = text(question, "question")?;
            if out.is_null() {
                return Err(null("out"));
            }
            let location = verifier.answer_question(verdict, question, moment(handshake_time), unix_now())?;
            write(out, into_owned(c_text(&location)));
            Ok(())
        })
    }
}

/// Where to redirect the browser (status 303): back to the host that asked, with the ticket. Nobody without the session key
/// can have chosen it.
///
/// @param[in] ticket Borrowed.
/// @param[out] length May be NULL. In bytes.
/// @return ASCII; lives as long as the ticket. NULL, and a length of 0, for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_ticket_location(
    ticket: *const clientcert_ticket,
    length: *mut usize,
) -> *const c_char {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles and places to write to.
        unsafe { lend_text(borrow(ticket).map(CString::as_bytes_with_nul), length) }
    })
}

/// Frees a ticket. What the browser has of it stays good.
///
/// @param[in] ticket Taken. NULL does nothing.
/// @since 1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_ticket_free(ticket: *mut clientcert_ticket) {
    guard((), || {
        // SAFETY: the header's contract for handles.
        unsafe { free_owned(ticket) }
    });
}

/// Redeems a ticket, once: verifies the client that it is about by the policy of this verifier.
///
/// The browser proved to the other host that it holds the key, and that host vouches for it. Keep the verdict for later
/// requests under a random cookie of your own, redirect to the URL without the ticket, and ask `clientcert_decide` or
/// `clientcert_verdict_recheck` with it. Used tickets are remembered by the verifier, that is by its process.
///
/// @param[in] verifier Borrowed: of this host. NULL gives a verdict that is FAILED for `internal_error`.
/// @param[in] ticket Text: the value of the parameter `clientcert_ticket` of the request's URL.
/// @param[in] host Text: the name of this host as in the request (Host or :authority), with its port if it has one.
/// @param[in] nonce Text: the value of the browser's cookie `__Host-clientcert`.
/// @param[in] time The moment to redeem it for, in seconds since 1970-01-01T00:00:00Z, or `CLIENTCERT_NOW`.
/// @param[out] handshake_time May be NULL. When the client proved that it holds the key, in seconds since
/// 1970-01-01T00:00:00Z; 0 where the ticket is not good.
/// @return Owned by the caller, never NULL. FAILED for `ticket_invalid` (also where a text is NULL or not UTF-8),
/// `ticket_expired` (more than 30 seconds old) or `ticket_used` where the ticket is not good; else what
/// `clientcert_verify` says of the client.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_ticket_redeem(
    verifier: *const clientcert_verifier,
    ticket: *const c_char,
    host: *const c_char,
    nonce: *const c_char,
    time: i64,
    handshake_time: *mut i64,
) -> *mut clientcert_verdict {
    let redeemed = guard(None, || {
        // SAFETY: the header's contract for handles and texts.
        let (verifier, read) = unsafe { (borrow(verifier)?, |value| text(value, "").unwrap_or_default()) };
        Some(verifier.redeem_ticket(read(ticket), read(host), read(nonce), moment(time)))
    });
    // SAFETY: the header's contract for places to write to.
    unsafe { write(handshake_time, redeemed.as_ref().and_then(|redeemed| redeemed.handshake_time).unwrap_or(0)) };
    guard(std::ptr::null_mut(), || {
        into_shared(redeemed.map_or_else(|| Arc::clone(&FAILED), |redeemed| redeemed.verdict))
    })
}
