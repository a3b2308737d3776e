//! Version: which library is this?

use std::ffi::c_char;

use super::guard::guard;

/// The interface that this header describes.
#[derive(Clone, Copy)]
#[repr(C)]
pub enum clientcert_interface {
    /// The level of the interface: higher by one whenever something was added. Compare with `clientcert_abi_version`.
    CLIENTCERT_ABI_VERSION = 1,
}

/// The version of the library that was loaded, such as `1.2.3`; `CLIENTCERT_VERSION_MAJOR`, `CLIENTCERT_VERSION_MINOR`
/// and `CLIENTCERT_VERSION_PATCH` are the version that this header came with.
///
/// @return Never NULL. Lives as long as the process.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_version() -> *const c_char {
    guard(c"".as_ptr(), || concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast())
}

/// The level of the interface of the library that was loaded. One that is lower than `CLIENTCERT_ABI_VERSION` lacks
/// functions that this header declares: who loads it at run time refuses it then.
///
/// @return A positive number.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_abi_version() -> u32 {
    guard(0, || clientcert_interface::CLIENTCERT_ABI_VERSION as u32)
}
