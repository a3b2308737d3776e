//! Verifier: the policy in force, for every thread of the host.

use super::config::clientcert_config;
use super::error::clientcert_error;
use super::guard::{guard, guard_status};
use super::pointer::{Handle, Shared, add_owner, borrow, free_shared, into_shared, null, write};
use crate::{Statistics, Verifier};

/// The policy in force, its swap at a reload, and what is remembered of verified chains. Counted: free every reference
/// with `clientcert_verifier_free`. Safe for threads: all functions take it as `const`.
pub struct clientcert_verifier {
    _private: [u8; 0],
}

impl Handle for clientcert_verifier {
    type Value = Verifier;
}

impl Shared for clientcert_verifier {}

/// What `clientcert_verifier_statistic` can count, each since the policy in force was made.
#[derive(Clone, Copy)]
#[repr(C)]
pub enum clientcert_statistic {
    /// Verifications that were answered from memory: the same bytes, the same policy.
    CLIENTCERT_STATISTIC_HITS = 0,
    /// Verifications that were done.
    CLIENTCERT_STATISTIC_MISSES = 1,
    /// Verdicts that are remembered now.
    CLIENTCERT_STATISTIC_ENTRIES = 2,
    /// Verdicts that were forgotten to make room for others.
    CLIENTCERT_STATISTIC_EVICTIONS = 3,
    /// Verdicts that were remembered, for however long.
    CLIENTCERT_STATISTIC_INSERTIONS = 4,
    /// Verdicts that there is room for.
    CLIENTCERT_STATISTIC_CAPACITY = 5,
}

/// Makes a verifier out of a config. Reads the files that the options name.
///
/// @param[in] config Borrowed; the verifier keeps what it needs.
/// @param[out] out Owned by the caller. NULL on failure.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return `CLIENTCERT_OK`; `CLIENTCERT_INVALID_CONFIG` where options contradict each other or nobody could ever be
/// accepted; `CLIENTCERT_IO`, `CLIENTCERT_MALFORMED`, `CLIENTCERT_NO_CERTIFICATE` and `CLIENTCERT_UNUSABLE_ANCHOR` for
/// the files; `CLIENTCERT_NOT_SUPPORTED`; `CLIENTCERT_INVALID_ARGUMENT` where `config` or `out` is NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verifier_new(
    config: *const clientcert_config,
    out: *mut *mut clientcert_verifier,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles and places to write to.
    unsafe {
        guard_status(error, || {
            write(out, std::ptr::null_mut());
            let config = borrow(config).ok_or(null("config"))?;
            if out.is_null() {
                return Err(null("out"));
            }
            super::verdict::prepare();
            write(out, into_shared(Verifier::new(config.config()?)?.into()));
            Ok(())
        })
    }
}

/// One more reference to a verifier: cheap, and safe for threads.
///
/// @param[in] verifier May be NULL.
/// @return The same verifier, to be freed once more. NULL for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verifier_ref(verifier: *const clientcert_verifier) -> *mut clientcert_verifier {
    guard(std::ptr::null_mut(), || {
        // SAFETY: the header's contract for handles.
        unsafe { add_owner(verifier) }
    })
}

/// Frees one reference to a verifier. Verdicts and policies that came from it stay as they are.
///
/// @param[in] verifier Taken. NULL does nothing.
/// @since 1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verifier_free(verifier: *mut clientcert_verifier) {
    guard((), || {
        // SAFETY: the header's contract for handles.
        unsafe { free_shared(verifier) }
    });
}

/// Reads all files again and puts the new policy in force, whole: verifications that are under way end under the old
/// one. On failure the old policy stays in force. Reads files.
///
/// @param[in] verifier Borrowed.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return `CLIENTCERT_OK`; the statuses of `clientcert_verifier_new`.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verifier_reload(
    verifier: *const clientcert_verifier,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles and places to write to.
    unsafe { guard_status(error, || borrow(verifier).ok_or(null("verifier"))?.reload()) }
}

/// Does what `clientcert_verifier_reload` does, but only if a file or folder changed. It looks once a second at most,
/// so that it may be called for every connection; a call within that second, or while another thread is at it, does
/// nothing.
///
/// Looks at names, dates and sizes, and reads the files where those changed. On failure the registrations of the registry
/// change all the same, where it can be read, or has been out of reach for longer than `registry_max_age`.
///
/// @param[in] verifier Borrowed.
/// @param[out] changed May be NULL. 1 where a new policy is in force, else 0.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return `CLIENTCERT_OK`, also where nothing changed; the statuses of `clientcert_verifier_new`.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verifier_refresh(
    verifier: *const clientcert_verifier,
    changed: *mut i32,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles and places to write to.
    unsafe {
        guard_status(error, || {
            write(changed, 0);
            let refreshed = borrow(verifier).ok_or(null("verifier"))?.refresh()?;
            write(changed, i32::from(refreshed));
            Ok(())
        })
    }
}

/// How many bytes `clientcert_verifier_refresh` would have to read now, at most, for hosts that call it from an event loop
/// where that is little, and from a thread where it is much or a database has to be asked.
///
/// It looks at names, dates and sizes, at every call; it opens no file and asks nobody. A file that was read right after it
/// was written has to be read again. Files that a changed file of registrations names for the first time do not count.
///
/// @param[in] verifier Borrowed.
/// @return 0 where it would find nothing changed; else the sizes of all files that the policy is made of, and 1 at least,
/// also where one is missing. `UINT64_MAX` where it would ask a database, and for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verifier_unread(verifier: *const clientcert_verifier) -> u64 {
    guard(u64::MAX, || {
        // SAFETY: the header's contract for handles.
        unsafe { borrow(verifier) }.and_then(Verifier::unread).unwrap_or(u64::MAX)
    })
}

/// One of the numbers that tell how the verifier is doing.
///
/// @param[in] verifier Borrowed. NULL has only zeros.
/// @param[in] which A `CLIENTCERT_STATISTIC_`.
/// @return The number; 0 for a `which` that is none.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verifier_statistic(verifier: *const clientcert_verifier, which: i32) -> u64 {
    guard(0, || {
        // SAFETY: the header's contract for handles.
        let Some(verifier) = (unsafe { borrow(verifier) }) else { return 0 };
        let statistics = verifier.statistics();
        COUNTS.iter().find(|(number, _)| *number as i32 == which).map_or(0, |(_, count)| count(&statistics))
    })
}

type Count = fn(&Statistics) -> u64;

const COUNTS: &[(clientcert_statistic, Count)] = &[
    (clientcert_statistic::CLIENTCERT_STATISTIC_HITS, |statistics| statistics.hits),
    (clientcert_statistic::CLIENTCERT_STATISTIC_MISSES, |statistics| statistics.misses),
    (clientcert_statistic::CLIENTCERT_STATISTIC_ENTRIES, |statistics| statistics.entries),
    (clientcert_statistic::CLIENTCERT_STATISTIC_EVICTIONS, |statistics| statistics.evictions),
    (clientcert_statistic::CLIENTCERT_STATISTIC_INSERTIONS, |statistics| statistics.insertions),
    (clientcert_statistic::CLIENTCERT_STATISTIC_CAPACITY, |statistics| statistics.capacity),
];
