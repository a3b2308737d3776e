//! OCSP: what a verdict wants to know from responders, and what they say.
//!
//! With the option `ocsp` at `leaf` or `chain`, a client about whose certificate nothing is known yet is FAILED for
//! `ocsp_pending`, and the verdict has questions. The host asks them, in its own time and way, and gives each answer to
//! `clientcert_verdict_ocsp_response`, which returns a new verdict. Responses that clients staple in TLS 1.3 go there too.

use std::ffi::c_char;
use std::sync::Arc;

use super::guard::guard;
use super::pointer::{borrow, bytes, into_shared, lend_bytes, lend_text};
use super::verdict::{clientcert_verdict, failed, moment, read};
use super::verifier::clientcert_verifier;
use crate::verdict::OcspQuestion;

/// How many questions there are for OCSP responders.
///
/// There are some only where nothing but answers is missing. Several may be about one certificate: its responders, the
/// first choice first; one answer is enough.
///
/// @param[in] verdict Borrowed.
/// @return 0 for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_ocsp_count(verdict: *const clientcert_verdict) -> usize {
    // SAFETY: the header's contract for handles.
    guard(0, || unsafe { read(verdict) }.ocsp_questions().len())
}

/// Whom to ask.
///
/// @param[in] verdict Borrowed.
/// @param[in] index Below `clientcert_verdict_ocsp_count`.
/// @return An http or https URL of printable ASCII, from the certificate, whose issuer is trusted, or from the option
/// `ocsp_responder`. Lives as long as the verdict. NULL for any other index.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_ocsp_url(
    verdict: *const clientcert_verdict,
    index: usize,
) -> *const c_char {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles.
        unsafe { lend_text(read(verdict).ocsp_url_with_nul(index), std::ptr::null_mut()) }
    })
}

/// What to ask: the body of a POST with the Content-Type `application/ocsp-request` (RFC 6960 appendix A.1).
///
/// @param[in] verdict Borrowed.
/// @param[in] index Below `clientcert_verdict_ocsp_count`.
/// @param[out] length May be NULL. In bytes.
/// @return The DER of an OCSPRequest. Lives as long as the verdict. NULL, and a length of 0, for any other index.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_ocsp_request(
    verdict: *const clientcert_verdict,
    index: usize,
    length: *mut usize,
) -> *const u8 {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles and places to write to.
        unsafe { lend_bytes(read(verdict).ocsp_questions().get(index).map(OcspQuestion::request), length) }
    })
}

/// Which certificate a question is about.
///
/// @param[in] verdict Borrowed.
/// @param[in] index Below `clientcert_verdict_ocsp_count`.
/// @return The index of a presented certificate, 0 being the client's own, as `clientcert_verdict_ocsp_response` takes
/// it; SIZE_MAX for any other index.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_ocsp_certificate(
    verdict: *const clientcert_verdict,
    index: usize,
) -> usize {
    guard(usize::MAX, || {
        // SAFETY: the header's contract for handles.
        let verdict = unsafe { read(verdict) };
        verdict.ocsp_questions().get(index).map_or(usize::MAX, OcspQuestion::certificate)
    })
}

/// Judges a client again with what an OCSP responder says about a certificate.
///
/// A response that does not count is a reason of its own (`ocsp_expired` and others), and the new verdict is FAILED for
/// it; to try another responder, give what it says to the verdict that asked. An answer that counts is remembered for all
/// clients of the verifier until it is too old; one that is not good takes back what was decided before. Where the
/// option `ocsp` is `off`, where the certificate is not on the path, and where the client is refused for other reasons,
/// the response changes nothing.
///
/// @param[in] verifier Borrowed. The one that made the verdict. NULL gives a verdict that is FAILED for
/// `internal_error`.
/// @param[in] verdict Borrowed, and not changed: one with questions, or one whose client stapled a response. NULL gives
/// a verdict that is FAILED for `internal_error`.
/// @param[in] certificate The index of a presented certificate, 0 being the client's own: from
/// `clientcert_verdict_ocsp_certificate`, or where the client stapled it.
/// @param[in] response `length` bytes: the DER of an OCSPResponse, which is the body of the responder's answer. More than
/// 65536 do not count. May be NULL where `length` is 0; else NULL gives a verdict that is FAILED for `internal_error`.
/// @param[in] length In bytes; 0 says that nobody answered, which the option `ocsp_missing` judges.
/// @param[in] time The moment to verify for, in seconds since 1970-01-01T00:00:00Z, or `CLIENTCERT_NOW`.
/// @return Owned by the caller. Never NULL. It may wait for further answers.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_ocsp_response(
    verifier: *const clientcert_verifier,
    verdict: *const clientcert_verdict,
    certificate: usize,
    response: *const u8,
    length: usize,
    time: i64,
) -> *mut clientcert_verdict {
    let judged = guard(None, || {
        // SAFETY: the header's contract for handles and buffers.
        let (verifier, verdict, response) =
            unsafe { (borrow(verifier)?, borrow(verdict)?, bytes(response, length, "response").ok()?) };
        Some(verifier.ocsp_response_at(verdict, certificate, response, moment(time)))
    });
    guard(std::ptr::null_mut(), || into_shared(judged.unwrap_or_else(|| Arc::clone(failed()))))
}
