//! CRLs in use: what an operator watches, and a monitoring system collects.
//!
//! A report is taken of a policy at a moment, and does not change afterwards.

use std::ffi::{CString, c_char};

use super::guard::guard;
use super::pointer::{Handle, Owned, borrow, free_owned, into_owned, lend_text, text};
use super::policy::clientcert_policy;
use super::text::c_text;
use super::verdict::moment;
use crate::revocation::{CrlState, metrics};

/// The state of the CRLs of a policy at one moment. Owned by the caller; immutable and safe for threads; free it with
/// `clientcert_crl_report_free`. It may outlive the policy.
pub struct clientcert_crl_report {
    _private: [u8; 0],
}

pub(super) struct Report {
    crls: Vec<Vec<(&'static str, CString)>>,
    metrics: CString,
}

impl Handle for clientcert_crl_report {
    type Value = Report;
}

impl Owned for clientcert_crl_report {}

/// Takes a report of the CRLs that a policy looks certificates up in.
///
/// @param[in] policy Borrowed.
/// @param[in] time The moment for ages, in seconds since 1970-01-01T00:00:00Z, or `CLIENTCERT_NOW`.
/// @return Owned by the caller. NULL for NULL, or where the library failed inside.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_policy_crl_report(
    policy: *const clientcert_policy,
    time: i64,
) -> *mut clientcert_crl_report {
    guard(std::ptr::null_mut(), || {
        // SAFETY: the header's contract for handles.
        let Some(policy) = (unsafe { borrow(policy) }) else { return std::ptr::null_mut() };
        let (states, now) = (policy.policy().crl_states(), moment(time));
        let attributes = |crl: &CrlState| {
            let value = |name| Some((name, c_text(&crl.get(name, now)?)));
            CrlState::ATTRIBUTES.into_iter().filter_map(value).collect()
        };
        let crls = states.iter().map(attributes).collect();
        into_owned(Report { crls, metrics: c_text(&metrics(&states, now)) })
    })
}

/// How many CRLs there are. 0 where CRLs are not looked at.
///
/// @param[in] report Borrowed.
/// @return 0 for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_crl_report_count(report: *const clientcert_crl_report) -> usize {
    guard(0, || {
        // SAFETY: the header's contract for handles.
        unsafe { borrow(report) }.map_or(0, |report| report.crls.len())
    })
}

/// An attribute of a CRL, by name: `issuer` (RFC 4514), `number` (upper-case hexadecimal), `this_update` and
/// `next_update` (RFC 3339), `delta` and `verified` (`1` or `0`), `entries`, `memory` (bytes), `source` (the file with
/// the line, or the number of the CRL in it), `age` and `seconds_left` (seconds; negative for a CRL from the future, and
/// for one that has expired).
///
/// @param[in] report Borrowed.
/// @param[in] index Below `clientcert_crl_report_count`; the CRLs of one issuer stand together, newest first.
/// @param[in] name Text.
/// @param[out] length May be NULL. In bytes.
/// @return Lives as long as the report. NULL, and a length of 0, where the CRL has no such attribute, for any other
/// index, and for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_crl_report_get(
    report: *const clientcert_crl_report,
    index: usize,
    name: *const c_char,
    length: *mut usize,
) -> *const c_char {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles, texts and places to write to.
        unsafe {
            let crl = borrow(report).and_then(|report| report.crls.get(index));
            let value = crl.zip(text(name, "name").ok()).and_then(|(crl, name)| {
                let found = crl.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| value.as_bytes_with_nul())
            });
            lend_text(value, length)
        }
    })
}

/// The whole report as OpenMetrics 1.0 text, for a `/metrics` page: gauges whose names begin with `clientcert_crl_`.
///
/// @param[in] report Borrowed.
/// @param[out] length May be NULL. In bytes.
/// @return Lives as long as the report. NULL, and a length of 0, for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_crl_report_metrics(
    report: *const clientcert_crl_report,
    length: *mut usize,
) -> *const c_char {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles and places to write to.
        unsafe { lend_text(borrow(report).map(|report| report.metrics.as_bytes_with_nul()), length) }
    })
}

/// Frees a report.
///
/// @param[in] report Taken. NULL does nothing.
/// @since 1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_crl_report_free(report: *mut clientcert_crl_report) {
    guard((), || {
        // SAFETY: the header's contract for handles.
        unsafe { free_owned(report) }
    });
}
