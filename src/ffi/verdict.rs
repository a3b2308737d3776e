//! Verdict: who the client is, and whether this may go on.

use std::ffi::c_char;
use std::sync::{Arc, LazyLock};

use super::guard::guard;
use super::pointer::{Handle, Shared, add_owner, borrow, bytes, free_shared, into_shared, lend_bytes, lend_text, text};
use super::reason::{ALERT_INTERNAL_ERROR, NGINX_CERT_ERROR, X509_V_ERR_UNSPECIFIED, version};
use super::verifier::clientcert_verifier;
use crate::time::unix_now;
use crate::verdict::{Outcome, Verdict};
use crate::verify::{Code, Culprit, Reason};

/// The outcome for one presented chain. Immutable and safe for threads; counted: free every reference with
/// `clientcert_verdict_free`. It may outlive its verifier.
pub struct clientcert_verdict {
    _private: [u8; 0],
}

impl Handle for clientcert_verdict {
    type Value = Verdict;
}

impl Shared for clientcert_verdict {}

/// What became of the client.
#[derive(Clone, Copy)]
#[repr(C)]
pub enum clientcert_outcome {
    /// The client presented no certificate.
    CLIENTCERT_NONE = 0,
    /// The certificate is good under the policy.
    CLIENTCERT_SUCCESS = 1,
    /// The certificate is not good, or was not verified.
    CLIENTCERT_FAILED = 2,
}

/// Special moments.
#[derive(Clone, Copy)]
#[repr(C)]
pub enum clientcert_time {
    /// The moment of the call, by the system's clock. As a time it would be a second of December 1901, before there
    /// were certificates; it is the least number that every language reads alike as an enumerator, and not -1, which a
    /// failed `mktime` returns.
    CLIENTCERT_NOW = -2_147_483_647,
}

/// Special values of `clientcert_verdict_reason_certificate`.
#[derive(Clone, Copy)]
#[repr(C)]
pub enum clientcert_culprit {
    /// No certificate is to blame.
    CLIENTCERT_CULPRIT_NONE = -1,
    /// The pinned CA at the end of the path.
    CLIENTCERT_CULPRIT_ANCHOR = -2,
}

/// Says who a client is by the certificates that it presented.
///
/// The host must have had the TLS stack check that the client holds the key of the first certificate.
///
/// @param[in] verifier Borrowed. NULL gives a verdict that is FAILED for `internal_error`.
/// @param[in] chain `length` bytes: the certificates in DER one after the other, as the client sent them, its own
/// first; PEM is recognised. May be NULL where `length` is 0; else NULL gives a verdict that is FAILED for
/// `internal_error`.
/// @param[in] length In bytes; 0 says that the client presented none.
/// @param[in] time The moment to verify for, in seconds since 1970-01-01T00:00:00Z (may be negative), or
/// `CLIENTCERT_NOW`.
/// @return Owned by the caller. Never NULL: where the library fails inside, it is FAILED for `internal_error`.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verify(
    verifier: *const clientcert_verifier,
    chain: *const u8,
    length: usize,
    time: i64,
) -> *mut clientcert_verdict {
    let verdict = guard(None, || {
        // SAFETY: the header's contract for handles and buffers.
        let (verifier, chain) = unsafe { (borrow(verifier)?, bytes(chain, length, "chain").ok()?) };
        Some(if time == NOW { verifier.verify(chain) } else { verifier.verify_at(chain, time) })
    });
    guard(std::ptr::null_mut(), || into_shared(verdict.unwrap_or_else(|| Arc::clone(&FAILED))))
}

/// Whether a verdict still holds, for a connection that lasts or a session that is resumed: the pinned CAs, the CRLs, the
/// dates and the options that are in force now are looked at again, on the path that was accepted.
///
/// No signature is checked, so it costs microseconds, and nothing where neither the policy nor an answer has changed.
/// What is not `CLIENTCERT_SUCCESS` never becomes it: for that, verify what was presented.
///
/// @param[in] verifier Borrowed. NULL gives a verdict that is FAILED for `internal_error`.
/// @param[in] verdict Borrowed, and not changed. NULL gives a verdict that is FAILED for `internal_error`.
/// @param[in] time The moment to look at it for, in seconds since 1970-01-01T00:00:00Z, or `CLIENTCERT_NOW`.
/// @return Owned by the caller: the same verdict with one more reference, or a new one. Never NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_recheck(
    verifier: *const clientcert_verifier,
    verdict: *const clientcert_verdict,
    time: i64,
) -> *mut clientcert_verdict {
    let found = guard(None, || {
        // SAFETY: the header's contract for handles.
        let (verifier, known) = unsafe { (borrow(verifier)?, borrow(verdict)?) };
        Some(verifier.changed(known, moment(time)))
    });
    guard(std::ptr::null_mut(), || match found {
        // SAFETY: it was borrowed before.
        Some(None) => unsafe { add_owner(verdict) },
        Some(Some(changed)) => into_shared(changed),
        None => into_shared(Arc::clone(&FAILED)),
    })
}

/// Completes a verdict that asks the host whose a key is (`registry` is `external`, and the reason `registration_pending`).
///
/// The variable `pending_fingerprint` is what to look up: `spki:sha256:` and the SHA-256 of the key; where certificates
/// are registered as such, `fingerprint_sha256` is the other name to look for. The host looks it up as it likes, and says
/// here what it found. What it says counts for this verdict alone: the next connection asks again. Its registration is
/// judged as any other, with its dates and whether it is disabled or revoked.
///
/// @param[in] verifier Borrowed. NULL gives a verdict that is FAILED for `internal_error`.
/// @param[in] verdict Borrowed, and not changed. NULL gives a verdict that is FAILED for `internal_error`.
/// @param[in] answer `length` bytes of UTF-8: a JSON object with `user`, and perhaps `label`, `disabled`, `revoked`,
/// `not_before`, `not_after` (Unix seconds, or text of RFC 3339), `no_manage`, `key`, `ca`; or a line as in a file of
/// registrations; or `null`, which says that the key is not registered. Anything else, about another key, NULL or of
/// length 0, is no answer: the new verdict is FAILED for `registry_unavailable`.
/// @param[in] length In bytes.
/// @param[in] time The moment to judge for, in seconds since 1970-01-01T00:00:00Z, or `CLIENTCERT_NOW`.
/// @return Owned by the caller: a new verdict, or the same with one more reference where it asks nothing. Never NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_resolve(
    verifier: *const clientcert_verifier,
    verdict: *const clientcert_verdict,
    answer: *const u8,
    length: usize,
    time: i64,
) -> *mut clientcert_verdict {
    let found = guard(None, || {
        // SAFETY: the header's contract for handles and buffers.
        let (verifier, known) = unsafe { (borrow(verifier)?, borrow(verdict)?) };
        // SAFETY: the header's contract for buffers.
        let answer = unsafe { bytes(answer, length, "answer") };
        let text = answer.ok().and_then(|answer| std::str::from_utf8(answer).ok()).unwrap_or_default();
        Some(verifier.resolved_by_text(known, text, moment(time)))
    });
    guard(std::ptr::null_mut(), || match found {
        // SAFETY: it was borrowed before.
        Some(None) => unsafe { add_owner(verdict) },
        Some(Some(resolved)) => into_shared(resolved),
        None => into_shared(Arc::clone(&FAILED)),
    })
}

/// One more reference to a verdict: cheap, and safe for threads.
///
/// @param[in] verdict May be NULL.
/// @return The same verdict, to be freed once more. NULL for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_ref(verdict: *const clientcert_verdict) -> *mut clientcert_verdict {
    guard(std::ptr::null_mut(), || {
        // SAFETY: the header's contract for handles.
        unsafe { add_owner(verdict) }
    })
}

/// Frees one reference to a verdict.
///
/// @param[in] verdict Taken. NULL does nothing.
/// @since 1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_free(verdict: *mut clientcert_verdict) {
    guard((), || {
        // SAFETY: the header's contract for handles.
        unsafe { free_shared(verdict) }
    });
}

/// Whether the client is authenticated: the question that protects a page.
///
/// @param[in] verdict Borrowed.
/// @return 1 where the outcome is `CLIENTCERT_SUCCESS`, else 0; 0 for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_verified(verdict: *const clientcert_verdict) -> i32 {
    // SAFETY: the header's contract for handles.
    guard(0, || i32::from(unsafe { read(verdict) }.verified()))
}

/// Whether the connection may go on under the mode. This is no authentication: it is 1 for a client without a
/// certificate where the mode makes that optional, and for whatever else the policy tolerates.
///
/// @param[in] verdict Borrowed.
/// @return 1 or 0; 0 for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_accepted(verdict: *const clientcert_verdict) -> i32 {
    // SAFETY: the header's contract for handles.
    guard(0, || i32::from(unsafe { read(verdict) }.accepted()))
}

/// What became of the client.
///
/// @param[in] verdict Borrowed.
/// @return `CLIENTCERT_NONE`, `CLIENTCERT_SUCCESS` or `CLIENTCERT_FAILED`; the last for NULL. Treat any other value as
/// `CLIENTCERT_FAILED`.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_outcome(verdict: *const clientcert_verdict) -> i32 {
    guard(clientcert_outcome::CLIENTCERT_FAILED as i32, || {
        // SAFETY: the header's contract for handles.
        let outcome = match unsafe { read(verdict) }.outcome() {
            Outcome::None => clientcert_outcome::CLIENTCERT_NONE,
            Outcome::Success => clientcert_outcome::CLIENTCERT_SUCCESS,
            Outcome::Failed => clientcert_outcome::CLIENTCERT_FAILED,
        };
        outcome as i32
    })
}

/// How many reasons there are: everything that is wrong, not only the first that was found.
///
/// @param[in] verdict Borrowed. NULL has one, `internal_error`.
/// @return 0 where the outcome is `CLIENTCERT_SUCCESS`, or `CLIENTCERT_NONE` and accepted.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_reason_count(verdict: *const clientcert_verdict) -> usize {
    // SAFETY: the header's contract for handles.
    guard(1, || unsafe { read(verdict) }.reasons().len())
}

/// The code of a reason. The first is the primary one: what a person should fix first. The others follow in the same
/// order of urgency.
///
/// @param[in] verdict Borrowed.
/// @param[in] index Below `clientcert_verdict_reason_count`.
/// @return A `CLIENTCERT_REASON_`; 0, which is no code, for any other index.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_reason(verdict: *const clientcert_verdict, index: usize) -> i32 {
    // SAFETY: the header's contract for handles.
    guard(Code::InternalError as i32, || unsafe { reason(verdict, index) }.map_or(0, |reason| reason.code as i32))
}

/// How far the certificate to blame is from the client's own, on the path that was examined.
///
/// @param[in] verdict Borrowed.
/// @param[in] index Below `clientcert_verdict_reason_count`.
/// @return 0 for the client's own certificate, 1 for its issuer's, and so on; -1 where no certificate is to blame, and
/// for any other index.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_reason_depth(verdict: *const clientcert_verdict, index: usize) -> i32 {
    guard(-1, || {
        // SAFETY: the header's contract for handles.
        let depth = unsafe { reason(verdict, index) }.and_then(|reason| reason.depth);
        depth.and_then(|depth| i32::try_from(depth).ok()).unwrap_or(-1)
    })
}

/// Which certificate is to blame.
///
/// @param[in] verdict Borrowed.
/// @param[in] index Below `clientcert_verdict_reason_count`.
/// @return The index for `clientcert_verdict_certificate`; `CLIENTCERT_CULPRIT_ANCHOR` for the pinned CA;
/// `CLIENTCERT_CULPRIT_NONE` where no certificate is to blame, and for any other index.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_reason_certificate(
    verdict: *const clientcert_verdict,
    index: usize,
) -> i32 {
    let none = clientcert_culprit::CLIENTCERT_CULPRIT_NONE as i32;
    guard(none, || {
        // SAFETY: the header's contract for handles.
        match unsafe { reason(verdict, index) }.map(|reason| reason.culprit) {
            Some(Culprit::Presented(index)) => i32::try_from(index).unwrap_or(none),
            Some(Culprit::Anchor) => clientcert_culprit::CLIENTCERT_CULPRIT_ANCHOR as i32,
            Some(Culprit::None) | None => none,
        }
    })
}

/// Whether `tolerate` lets the connection go on in spite of a reason. The outcome stays `CLIENTCERT_FAILED`.
///
/// @param[in] verdict Borrowed.
/// @param[in] index Below `clientcert_verdict_reason_count`.
/// @return 1 or 0; 0 for any other index.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_reason_tolerated(verdict: *const clientcert_verdict, index: usize) -> i32 {
    // SAFETY: the header's contract for handles.
    guard(0, || i32::from(unsafe { reason(verdict, index) }.is_some_and(|reason| reason.tolerated)))
}

/// What a code alone does not say, in English: the byte where a certificate is malformed, the limit that was passed,
/// the other validator's words.
///
/// @param[in] verdict Borrowed.
/// @param[in] index Below `clientcert_verdict_reason_count`.
/// @return Lives as long as the verdict. NULL where there is nothing to add, and for any other index.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_reason_detail(
    verdict: *const clientcert_verdict,
    index: usize,
) -> *const c_char {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles; no length is asked for.
        unsafe { lend_text(read(verdict).detail_with_nul(index), std::ptr::null_mut()) }
    })
}

/// The TLS alert to end the handshake with.
///
/// @param[in] verdict Borrowed.
/// @param[in] tls_version As on the wire: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3; DTLS likewise. A number that is no
/// version counts as TLS 1.3.
/// @return The description of a fatal alert (RFC 8446 section 6.2), by the first reason that is not tolerated; -1
/// where the verdict is accepted; 80, internal_error, for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_alert(verdict: *const clientcert_verdict, tls_version: i32) -> i32 {
    // SAFETY: the header's contract for handles.
    guard(ALERT_INTERNAL_ERROR, || unsafe { read(verdict) }.alert(version(tls_version)).map_or(-1, i32::from))
}

/// The number that OpenSSL 3 has for the outcome, as for `SSL_set_verify_result`.
///
/// @param[in] verdict Borrowed.
/// @return 0, `X509_V_OK`, for `CLIENTCERT_SUCCESS`, and, as in OpenSSL, for `CLIENTCERT_NONE` where that is accepted;
/// else the `X509_V_ERR_` of the primary reason; 1, `X509_V_ERR_UNSPECIFIED`, for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_x509_error(verdict: *const clientcert_verdict) -> i32 {
    // SAFETY: the header's contract for handles.
    guard(X509_V_ERR_UNSPECIFIED, || unsafe { read(verdict) }.openssl_error())
}

/// The status that nginx has for it, which `error_page` can name.
///
/// @param[in] verdict Borrowed.
/// @return 0 where the verdict is accepted; 496 for a missing certificate that is required; else 495, also for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_nginx_status(verdict: *const clientcert_verdict) -> i32 {
    // SAFETY: the header's contract for handles.
    guard(NGINX_CERT_ERROR, || unsafe { read(verdict) }.nginx_status().map_or(0, i32::from))
}

/// A variable by name: those of nginx (`ssl_client_s_dn`), Apache (`SSL_CLIENT_S_DN`) and HAProxy (`ssl_c_s_dn`), byte
/// for byte, and this library's own; `docs/variables.md` lists them.
///
/// What depends on the moment, such as the days that a certificate is still valid, is that of the call.
///
/// @param[in] verdict Borrowed. NULL reads like a verdict that is FAILED for `internal_error`.
/// @param[in] name Case counts.
/// @param[out] length May be NULL. In bytes, without the last NUL.
/// @return Lives as long as the verdict, ends with NUL, and may hold other NULs and anything else that a client likes
/// to put there. NULL, and a length of 0, where there is no such variable, where it has no value for this client, or
/// where `name` is NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_get(
    verdict: *const clientcert_verdict,
    name: *const c_char,
    length: *mut usize,
) -> *const c_char {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles, texts and places to write to.
        unsafe { get(verdict, name, NOW, length) }
    })
}

/// A variable by name, as `clientcert_verdict_get` gives it, for a moment. Different texts for different moments are
/// all kept as long as the verdict.
///
/// @param[in] verdict Borrowed. NULL reads like a verdict that is FAILED for `internal_error`.
/// @param[in] name Case counts.
/// @param[in] time In seconds since 1970-01-01T00:00:00Z, or `CLIENTCERT_NOW`.
/// @param[out] length May be NULL. In bytes, without the last NUL.
/// @return As from `clientcert_verdict_get`.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_get_at(
    verdict: *const clientcert_verdict,
    name: *const c_char,
    time: i64,
    length: *mut usize,
) -> *const c_char {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles, texts and places to write to.
        unsafe { get(verdict, name, time, length) }
    })
}

/// The whole verdict as JSON: what `clientcert verify --json` prints, on one line.
///
/// @param[in] verdict Borrowed. NULL reads like a verdict that is FAILED for `internal_error`.
/// @param[out] length May be NULL. In bytes, without the last NUL.
/// @return Lives as long as the verdict. NULL, and a length of 0, only where the library failed inside.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_json(
    verdict: *const clientcert_verdict,
    length: *mut usize,
) -> *const c_char {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles and places to write to.
        unsafe { lend_text(Some(read(verdict).json_with_nul(unix_now())), length) }
    })
}

/// How many certificates the client presented.
///
/// @param[in] verdict Borrowed.
/// @return 0 for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_certificate_count(verdict: *const clientcert_verdict) -> usize {
    // SAFETY: the header's contract for handles.
    guard(0, || unsafe { read(verdict) }.certificate_count())
}

/// A certificate that the client presented.
///
/// @param[in] verdict Borrowed.
/// @param[in] index Below `clientcert_verdict_certificate_count`; 0 is the client's own.
/// @param[out] length May be NULL. In bytes.
/// @return Its DER, whether or not it could be read. Lives as long as the verdict. NULL, and a length of 0, for any
/// other index.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_certificate(
    verdict: *const clientcert_verdict,
    index: usize,
    length: *mut usize,
) -> *const u8 {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles and places to write to.
        unsafe { lend_bytes(read(verdict).certificate_der(index), length) }
    })
}

/// The identity of the policy that the verdict was made under: what `clientcert_policy_identity` gives for it.
///
/// @param[in] verdict Borrowed.
/// @param[out] length May be NULL. 32.
/// @return Lives as long as the verdict. For NULL, and where the library failed inside, an identity that no policy
/// has.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_policy_identity(
    verdict: *const clientcert_verdict,
    length: *mut usize,
) -> *const u8 {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles and places to write to.
        unsafe { lend_bytes(Some(read(verdict).policy_identity().as_slice()), length) }
    })
}

/// Until when the verdict holds: the last second at which verifying again, under the same policy, would say the same.
///
/// @param[in] verdict Borrowed.
/// @return In seconds since 1970-01-01T00:00:00Z. For `CLIENTCERT_FAILED` the moment that it was made for, or earlier;
/// INT64_MAX for `CLIENTCERT_NONE`; INT64_MIN for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_valid_until(verdict: *const clientcert_verdict) -> i64 {
    // SAFETY: the header's contract for handles.
    guard(i64::MIN, || unsafe { read(verdict) }.valid_until())
}

const NOW: i64 = clientcert_time::CLIENTCERT_NOW as i64;

/// The moment that a caller means.
pub(super) fn moment(time: i64) -> i64 {
    if time == NOW { unix_now() } else { time }
}

/// What NULL reads as, and what stands in where a verification panics. It is never freed: this holds a reference.
pub(super) static FAILED: LazyLock<Arc<Verdict>> = LazyLock::new(|| Arc::new(Verdict::internal_error()));

/// The verdict of the last resort.
pub(super) fn failed() -> &'static Arc<Verdict> {
    &FAILED
}

/// Makes the verdict of the last resort while all is well.
pub(super) fn prepare() {
    LazyLock::force(&FAILED);
}

/// # Safety
///
/// `verdict` is NULL, or a handle that is alive for `'a`.
pub(super) unsafe fn read<'a>(verdict: *const clientcert_verdict) -> &'a Verdict {
    // SAFETY: passed on from the caller.
    unsafe { borrow(verdict) }.unwrap_or(&FAILED)
}

/// # Safety
///
/// `verdict` is NULL, or a handle that is alive for `'a`.
unsafe fn reason<'a>(verdict: *const clientcert_verdict, index: usize) -> Option<&'a Reason> {
    // SAFETY: passed on from the caller.
    unsafe { read(verdict) }.reasons().get(index)
}

/// # Safety
///
/// `verdict` is NULL or alive, `name` is NULL or ends with NUL, `length` is NULL or may be written.
unsafe fn get(verdict: *const clientcert_verdict, name: *const c_char, time: i64, length: *mut usize) -> *const c_char {
    let time = || moment(time);
    // SAFETY: passed on from the caller.
    unsafe {
        let value = text(name, "name").ok().and_then(|name| read(verdict).lend(name, time));
        lend_text(value, length)
    }
}
