//! Errors: why a call failed, as a number and in words.

use std::ffi::{CStr, CString, c_char};

use super::guard::guard;
use super::pointer::{Handle, Owned, borrow, free_owned, into_owned, write};
use super::text::{UNKNOWN, c_text};
use crate::{Error, Status};

/// What calls return. Bands: 1 to 15 misuse of the interface, 16 to 31 options, 32 to 47 files, 48 to 63 contents, 64
/// to 79 the library, 80 to 95 the registry.
#[derive(Clone, Copy)]
#[repr(C)]
pub enum clientcert_status {
    /// The call succeeded.
    CLIENTCERT_OK = 0,
    /// An argument is NULL, no UTF-8, or a number without meaning.
    CLIENTCERT_INVALID_ARGUMENT = 1,
    /// There is no option of this name. The message suggests the nearest.
    CLIENTCERT_UNKNOWN_OPTION = 16,
    /// The option does not take this value.
    CLIENTCERT_INVALID_VALUE = 17,
    /// The options contradict each other, or would let everybody in.
    CLIENTCERT_INVALID_CONFIG = 18,
    /// The option needs a part that this build or this version does not have.
    CLIENTCERT_NOT_SUPPORTED = 19,
    /// A file or folder cannot be read.
    CLIENTCERT_IO = 32,
    /// A file or buffer is not what it should be: no PEM, no DER, no TOML.
    CLIENTCERT_MALFORMED = 48,
    /// A file, folder or buffer holds no certificate.
    CLIENTCERT_NO_CERTIFICATE = 49,
    /// A certificate cannot serve as a CA here.
    CLIENTCERT_UNUSABLE_ANCHOR = 50,
    /// A file, folder or buffer holds no CRL.
    CLIENTCERT_NO_CRL = 51,
    /// A CRL is not by the issuer that it names, or may not be.
    CLIENTCERT_UNUSABLE_CRL = 52,
    /// The library failed inside.
    CLIENTCERT_INTERNAL = 64,
    /// The key is registered already, and not like this. The message does not say to whom.
    CLIENTCERT_KEY_TAKEN = 80,
    /// The key was revoked, which is for good.
    CLIENTCERT_KEY_REVOKED = 81,
    /// There is no registration of this key, or of this user.
    CLIENTCERT_NOT_REGISTERED = 82,
    /// What was presented does not entitle to the change.
    CLIENTCERT_NOT_ENTITLED = 83,
    /// The registry is out of reach, or busy for too long.
    CLIENTCERT_REGISTRY_UNAVAILABLE = 84,
}

/// Why one call failed. Immutable; owned by the caller; free it with `clientcert_error_free`.
pub struct clientcert_error {
    _private: [u8; 0],
}

pub(super) struct ErrorObject {
    status: clientcert_status,
    message: CString,
}

impl Handle for clientcert_error {
    type Value = ErrorObject;
}

impl Owned for clientcert_error {}

/// The name of a status, such as `invalid_value`.
///
/// @param[in] status A `CLIENTCERT_` status.
/// @return Never NULL; `unknown` for a number that is no status. Lives as long as the process.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_status_name(status: i32) -> *const c_char {
    guard(UNKNOWN.as_ptr(), || name(status).as_ptr())
}

/// The status of an error: the same that the call returned.
///
/// @param[in] error May be NULL.
/// @return A `CLIENTCERT_` status, never `CLIENTCERT_OK`; `CLIENTCERT_INVALID_ARGUMENT` for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_error_status(error: *const clientcert_error) -> i32 {
    guard(clientcert_status::CLIENTCERT_INTERNAL as i32, || {
        // SAFETY: the header's contract for handles.
        let error = unsafe { borrow(error) };
        error.map_or(clientcert_status::CLIENTCERT_INVALID_ARGUMENT as i32, |error| error.status as i32)
    })
}

/// What went wrong, in English: with the name of the option, and the file with its line or the byte where there is
/// one. It is meant for people and their logs; programs compare the status.
///
/// @param[in] error May be NULL.
/// @return Never NULL; empty for NULL. Lives as long as the error.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_error_message(error: *const clientcert_error) -> *const c_char {
    guard(c"".as_ptr(), || {
        // SAFETY: the header's contract for handles.
        let error = unsafe { borrow(error) };
        error.map_or(c"".as_ptr(), |error| error.message.as_ptr())
    })
}

/// Frees an error.
///
/// @param[in] error Taken. NULL does nothing.
/// @since 1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_error_free(error: *mut clientcert_error) {
    guard((), || {
        // SAFETY: the header's contract for handles.
        unsafe { free_owned(error) }
    });
}

/// Turns a result into a status, with an error object where the caller wants one.
///
/// # Safety
///
/// `place` is NULL or may be written.
pub(super) unsafe fn report(place: *mut *mut clientcert_error, result: Result<(), Error>) -> i32 {
    let Err(error) = result else { return clientcert_status::CLIENTCERT_OK as i32 };
    let status = of(error.status());
    if !place.is_null() {
        // SAFETY: passed on from the caller.
        unsafe { write(place, into_owned(ErrorObject { status, message: c_text(&error.to_string()) })) };
    }
    status as i32
}

fn of(status: Status) -> clientcert_status {
    match status {
        Status::Ok => clientcert_status::CLIENTCERT_OK,
        Status::InvalidArgument => clientcert_status::CLIENTCERT_INVALID_ARGUMENT,
        Status::UnknownOption => clientcert_status::CLIENTCERT_UNKNOWN_OPTION,
        Status::InvalidValue => clientcert_status::CLIENTCERT_INVALID_VALUE,
        Status::InvalidConfig => clientcert_status::CLIENTCERT_INVALID_CONFIG,
        Status::NotSupported => clientcert_status::CLIENTCERT_NOT_SUPPORTED,
        Status::Io => clientcert_status::CLIENTCERT_IO,
        Status::Malformed => clientcert_status::CLIENTCERT_MALFORMED,
        Status::NoCertificate => clientcert_status::CLIENTCERT_NO_CERTIFICATE,
        Status::UnusableAnchor => clientcert_status::CLIENTCERT_UNUSABLE_ANCHOR,
        Status::NoCrl => clientcert_status::CLIENTCERT_NO_CRL,
        Status::UnusableCrl => clientcert_status::CLIENTCERT_UNUSABLE_CRL,
        Status::Internal => clientcert_status::CLIENTCERT_INTERNAL,
        Status::KeyTaken => clientcert_status::CLIENTCERT_KEY_TAKEN,
        Status::KeyRevoked => clientcert_status::CLIENTCERT_KEY_REVOKED,
        Status::NotRegistered => clientcert_status::CLIENTCERT_NOT_REGISTERED,
        Status::NotEntitled => clientcert_status::CLIENTCERT_NOT_ENTITLED,
        Status::RegistryUnavailable => clientcert_status::CLIENTCERT_REGISTRY_UNAVAILABLE,
    }
}

const STATUSES: &[(clientcert_status, &CStr)] = &[
    (clientcert_status::CLIENTCERT_OK, c"ok"),
    (clientcert_status::CLIENTCERT_INVALID_ARGUMENT, c"invalid_argument"),
    (clientcert_status::CLIENTCERT_UNKNOWN_OPTION, c"unknown_option"),
    (clientcert_status::CLIENTCERT_INVALID_VALUE, c"invalid_value"),
    (clientcert_status::CLIENTCERT_INVALID_CONFIG, c"invalid_config"),
    (clientcert_status::CLIENTCERT_NOT_SUPPORTED, c"not_supported"),
    (clientcert_status::CLIENTCERT_IO, c"io"),
    (clientcert_status::CLIENTCERT_MALFORMED, c"malformed"),
    (clientcert_status::CLIENTCERT_NO_CERTIFICATE, c"no_certificate"),
    (clientcert_status::CLIENTCERT_UNUSABLE_ANCHOR, c"unusable_anchor"),
    (clientcert_status::CLIENTCERT_NO_CRL, c"no_crl"),
    (clientcert_status::CLIENTCERT_UNUSABLE_CRL, c"unusable_crl"),
    (clientcert_status::CLIENTCERT_INTERNAL, c"internal"),
    (clientcert_status::CLIENTCERT_KEY_TAKEN, c"key_taken"),
    (clientcert_status::CLIENTCERT_KEY_REVOKED, c"key_revoked"),
    (clientcert_status::CLIENTCERT_NOT_REGISTERED, c"not_registered"),
    (clientcert_status::CLIENTCERT_NOT_ENTITLED, c"not_entitled"),
    (clientcert_status::CLIENTCERT_REGISTRY_UNAVAILABLE, c"registry_unavailable"),
];

fn name(number: i32) -> &'static CStr {
    STATUSES.iter().find(|(status, _)| *status as i32 == number).map_or(UNKNOWN, |(_, name)| *name)
}
