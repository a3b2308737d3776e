//! The one guard that every export runs under: no panic crosses into C.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::{clientcert_error, clientcert_status, report};
use crate::Error;

/// Runs the body of an export; a panic ends here and becomes `refusal`.
///
/// The body may be asserted to be unwind safe: what threads share is immutable or swapped whole, and a config that is
/// being changed is taken out of its handle meanwhile.
pub(super) fn guard<T>(refusal: T, body: impl FnOnce() -> T) -> T {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(value) => value,
        Err(panic) => {
            // Dropping what was thrown could panic again.
            std::mem::forget(panic);
            refusal
        }
    }
}

/// Runs the body of an export that returns a status; a failure goes to `error` where the caller wants it.
///
/// # Safety
///
/// `error` is NULL or may be written.
pub(super) unsafe fn guard_status(error: *mut *mut clientcert_error, body: impl FnOnce() -> Result<(), Error>) -> i32 {
    guard(clientcert_status::CLIENTCERT_INTERNAL as i32, || {
        let result = guard(Err(Error::Internal("a panic was caught")), body);
        // SAFETY: passed on from the caller.
        unsafe { report(error, result) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::error::{clientcert_error_free, clientcert_error_status};

    struct PanicsAgain;

    impl Drop for PanicsAgain {
        fn drop(&mut self) {
            panic!("while it is dropped");
        }
    }

    #[test]
    fn a_panic_becomes_the_refusal() {
        assert_eq!(guard(-1, || panic!("on purpose")), -1);
        assert_eq!(guard(-1, || std::panic::panic_any(PanicsAgain)), -1);
        assert_eq!(guard(-1, || 5), 5);
    }

    #[test]
    fn a_panic_becomes_a_status_and_an_error() {
        let internal = clientcert_status::CLIENTCERT_INTERNAL as i32;
        let mut error = std::ptr::null_mut();
        // SAFETY: `error` may be written, and is freed once.
        unsafe {
            assert_eq!(guard_status(&raw mut error, || panic!("on purpose")), internal);
            assert_eq!(clientcert_error_status(error), internal);
            clientcert_error_free(error);
            assert_eq!(guard_status(std::ptr::null_mut(), || panic!("on purpose")), internal);
        }
    }
}
