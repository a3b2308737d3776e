//! Policy: what was in force at one moment, for the handshake of the host.
//!
//! A host asks for the policy where it starts a handshake: whether to request a certificate, which CAs to name, and
//! with which identity to mark the sessions that it lets clients resume.

use std::ffi::{CString, c_char};
use std::sync::{Arc, OnceLock};

use super::guard::guard;
use super::pointer::{Handle, Owned, borrow, free_owned, into_owned, lend_bytes};
use super::text::c_text;
use super::verifier::clientcert_verifier;
use crate::policy::{Enforcement, Mode, Policy};

/// A snapshot of the policy, which no reload changes. Owned by the caller; immutable and safe for threads; free it
/// with `clientcert_policy_free`. It may outlive its verifier.
pub struct clientcert_policy {
    _private: [u8; 0],
}

pub(super) struct PolicyHandle {
    policy: Arc<Policy>,
    warnings: OnceLock<Box<[CString]>>,
}

impl PolicyHandle {
    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }
}

impl Handle for clientcert_policy {
    type Value = PolicyHandle;
}

impl Owned for clientcert_policy {}

/// What happens in the handshake.
#[derive(Clone, Copy)]
#[repr(C)]
pub enum clientcert_mode {
    /// Do not ask for a certificate.
    CLIENTCERT_MODE_OFF = 0,
    /// Ask. None is fine; one that is bad is not.
    CLIENTCERT_MODE_OPTIONAL = 1,
    /// Ask. None is fine, and so is one that fails for what `tolerate` names.
    CLIENTCERT_MODE_OPTIONAL_NO_CA = 2,
    /// Ask, and insist on a good one.
    CLIENTCERT_MODE_REQUIRE = 3,
    /// Ask. Nothing is verified but the form: the outcome is FAILED and the connection goes on.
    CLIENTCERT_MODE_REQUEST_ANY = 4,
    /// Ask and insist. Nothing is verified but the form: the outcome is FAILED and the connection goes on.
    CLIENTCERT_MODE_REQUIRE_ANY = 5,
    /// Do not ask in the first handshake; ask when a request needs it.
    CLIENTCERT_MODE_DEFERRED = 6,
}

/// Where a client that is not accepted notices it.
#[derive(Clone, Copy)]
#[repr(C)]
pub enum clientcert_enforcement {
    /// The handshake completes, and every request is answered by a refusal that a person can read.
    CLIENTCERT_ENFORCEMENT_REQUEST = 0,
    /// The handshake ends with a TLS alert.
    CLIENTCERT_ENFORCEMENT_HANDSHAKE = 1,
}

/// The policy that is in force now.
///
/// @param[in] verifier Borrowed.
/// @return Owned by the caller. NULL for NULL, or where the library failed inside; a host that gets NULL has no policy
/// and refuses.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verifier_policy(verifier: *const clientcert_verifier) -> *mut clientcert_policy {
    guard(std::ptr::null_mut(), || {
        // SAFETY: the header's contract for handles.
        let Some(verifier) = (unsafe { borrow(verifier) }) else { return std::ptr::null_mut() };
        into_owned(PolicyHandle { policy: verifier.policy(), warnings: OnceLock::new() })
    })
}

/// Frees a policy.
///
/// @param[in] policy Taken. NULL does nothing.
/// @since 1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_policy_free(policy: *mut clientcert_policy) {
    guard((), || {
        // SAFETY: the header's contract for handles.
        unsafe { free_owned(policy) }
    });
}

/// What happens in the handshake.
///
/// @param[in] policy Borrowed.
/// @return A `CLIENTCERT_MODE_`; `CLIENTCERT_MODE_REQUIRE` for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_policy_mode(policy: *const clientcert_policy) -> i32 {
    guard(clientcert_mode::CLIENTCERT_MODE_REQUIRE as i32, || {
        // SAFETY: the header's contract for handles.
        let policy = unsafe { borrow(policy) };
        policy.map_or(clientcert_mode::CLIENTCERT_MODE_REQUIRE, |policy| mode(policy.policy.mode())) as i32
    })
}

/// Where a client that is not accepted notices it.
///
/// @param[in] policy Borrowed.
/// @return A `CLIENTCERT_ENFORCEMENT_`; `CLIENTCERT_ENFORCEMENT_HANDSHAKE` for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_policy_enforcement(policy: *const clientcert_policy) -> i32 {
    guard(clientcert_enforcement::CLIENTCERT_ENFORCEMENT_HANDSHAKE as i32, || {
        // SAFETY: the header's contract for handles.
        let policy = unsafe { borrow(policy) };
        let refusal = clientcert_enforcement::CLIENTCERT_ENFORCEMENT_HANDSHAKE;
        policy.map_or(refusal, |policy| enforcement(policy.policy.enforcement())) as i32
    })
}

/// The identity of the policy: 32 bytes that are the same for the same options and files, in every process, and differ
/// where anything differs that decides. Put it into the session id context, or the sessions of one policy will be
/// resumed under another.
///
/// @param[in] policy Borrowed.
/// @param[out] length May be NULL. 32.
/// @return Lives as long as the policy. NULL, and a length of 0, for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_policy_identity(policy: *const clientcert_policy, length: *mut usize) -> *const u8 {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles and places to write to.
        unsafe { lend_bytes(borrow(policy).map(|policy| policy.policy.identity().as_slice()), length) }
    })
}

/// How many warnings the files and options gave: what is accepted, but should be seen to.
///
/// @param[in] policy Borrowed.
/// @return 0 for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_policy_warning_count(policy: *const clientcert_policy) -> usize {
    guard(0, || {
        // SAFETY: the header's contract for handles.
        unsafe { borrow(policy) }.map_or(0, |policy| policy.policy.warnings().len())
    })
}

/// A warning, in English, with the file that it is about.
///
/// @param[in] policy Borrowed.
/// @param[in] index Below `clientcert_policy_warning_count`.
/// @return Lives as long as the policy. NULL for any other index or a NULL policy.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_policy_warning(policy: *const clientcert_policy, index: usize) -> *const c_char {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles.
        let Some(policy) = (unsafe { borrow(policy) }) else { return std::ptr::null() };
        let texts = || policy.policy.warnings().iter().map(|warning| c_text(&warning.to_string())).collect();
        policy.warnings.get_or_init(texts).get(index).map_or(std::ptr::null(), |text| text.as_ptr())
    })
}

/// How many CAs to name in a CertificateRequest, so that a client picks the right certificate. None where `ca_hints`
/// is `none`, and where all names together are too large for one.
///
/// @param[in] policy Borrowed.
/// @return 0 for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_policy_ca_name_count(policy: *const clientcert_policy) -> usize {
    guard(0, || {
        // SAFETY: the header's contract for handles.
        unsafe { borrow(policy) }.map_or(0, |policy| policy.policy.ca_names().len())
    })
}

/// The name of a CA to ask for.
///
/// @param[in] policy Borrowed.
/// @param[in] index Below `clientcert_policy_ca_name_count`.
/// @param[out] length May be NULL. In bytes.
/// @return A DER Name (RFC 5280 section 4.1.2.4), as certificate_authorities (RFC 8446 section 4.2.4) and the
/// CertificateRequest of TLS 1.2 hold it, without their length in front. Lives as long as the policy. NULL, and a
/// length of 0, for any other index or a NULL policy.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_policy_ca_name(
    policy: *const clientcert_policy,
    index: usize,
    length: *mut usize,
) -> *const u8 {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles and places to write to.
        unsafe { lend_bytes(borrow(policy).and_then(|policy| policy.policy.ca_names().nth(index)), length) }
    })
}

fn mode(mode: Mode) -> clientcert_mode {
    match mode {
        Mode::Off => clientcert_mode::CLIENTCERT_MODE_OFF,
        Mode::Optional => clientcert_mode::CLIENTCERT_MODE_OPTIONAL,
        Mode::OptionalNoCa => clientcert_mode::CLIENTCERT_MODE_OPTIONAL_NO_CA,
        Mode::Require => clientcert_mode::CLIENTCERT_MODE_REQUIRE,
        Mode::RequestAny => clientcert_mode::CLIENTCERT_MODE_REQUEST_ANY,
        Mode::RequireAny => clientcert_mode::CLIENTCERT_MODE_REQUIRE_ANY,
        Mode::Deferred => clientcert_mode::CLIENTCERT_MODE_DEFERRED,
    }
}

fn enforcement(enforcement: Enforcement) -> clientcert_enforcement {
    match enforcement {
        Enforcement::Request => clientcert_enforcement::CLIENTCERT_ENFORCEMENT_REQUEST,
        Enforcement::Handshake => clientcert_enforcement::CLIENTCERT_ENFORCEMENT_HANDSHAKE,
    }
}
