//! Config: options by name and value, until they are compiled to a verifier.
//!
//! An option has one name in every language and in configuration files. The functions `clientcert_option_` list them
//! all as `clientcert_config_set` takes them; `docs/options.md` is the same list with more words.

use std::ffi::{CString, c_char};
use std::path::Path;

use super::error::clientcert_error;
use super::guard::{guard, guard_status};
use super::pointer::{Handle, Owned, borrow_mut, bytes, free_owned, into_owned, lend_text, null, text};
use super::text::{Texts, c_text};
use crate::Error;
use crate::policy::{Config, OptionInfo, options};

/// Options that are being collected. Owned by the caller, used by one thread at a time; free it with
/// `clientcert_config_free`, which may be done as soon as the verifier is made. After `CLIENTCERT_INTERNAL` it refuses
/// everything.
pub struct clientcert_config {
    _private: [u8; 0],
}

pub(super) struct ConfigHandle {
    /// Away while it is being changed, and for good where that panicked.
    config: Option<Config>,
    dump: CString,
}

impl Handle for clientcert_config {
    type Value = ConfigHandle;
}

impl Owned for clientcert_config {}

impl ConfigHandle {
    pub(super) fn config(&self) -> Result<&Config, Error> {
        self.config.as_ref().ok_or(BROKEN)
    }

    fn change(&mut self, change: impl FnOnce(&mut Config) -> Result<(), Error>) -> Result<(), Error> {
        let mut config = self.config.take().ok_or(BROKEN)?;
        let result = change(&mut config);
        self.config = Some(config);
        result
    }
}

const BROKEN: Error = Error::Internal("an earlier call with this config failed inside of the library");

/// Makes a config in which every option has its default.
///
/// @return Owned by the caller. NULL only where the library failed inside; every call takes that NULL and refuses.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_config_new() -> *mut clientcert_config {
    guard(std::ptr::null_mut(), || into_owned(ConfigHandle { config: Some(Config::new()), dump: CString::default() }))
}

/// Frees a config.
///
/// @param[in] config Taken. NULL does nothing.
/// @since 1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_config_free(config: *mut clientcert_config) {
    guard((), || {
        // SAFETY: the header's contract for handles.
        unsafe { free_owned(config) }
    });
}

/// Sets an option. The last setting counts, except that those of `ca` add up. A word of another system, such as
/// nginx's `on` or Go's `RequireAndVerifyClientCert`, also sets what it implies there, unless that is set by its own
/// name.
///
/// The value is checked by itself. Whether the options fit together, and whether files can be read, is found out when
/// the verifier is made.
///
/// @param[in,out] config Changed only where the call succeeds.
/// @param[in] name The option, such as `mode`, or another system's name for it, such as `ssl_verify_client`. Case does
/// not count, nor does `-` for `_`.
/// @param[in] value The value as text, such as `optional`; numbers in decimal; lists with commas.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return `CLIENTCERT_OK`; `CLIENTCERT_UNKNOWN_OPTION`; `CLIENTCERT_INVALID_VALUE`; for PEM in the value of `ca` the
/// statuses of `clientcert_config_set_bytes`; `CLIENTCERT_INVALID_ARGUMENT` where a pointer is NULL or a text is not
/// UTF-8.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_config_set(
    config: *mut clientcert_config,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles, texts and places to write to.
    unsafe {
        guard_status(error, || {
            let config = borrow_mut(config).ok_or(null("config"))?;
            let (name, value) = (text(name, "name")?, text(value, "value")?);
            config.change(|config| config.set(name, value))
        })
    }
}

/// Adds certificates held in memory to an option that takes certificates, such as `ca`.
///
/// @param[in,out] config Changed only where the call succeeds.
/// @param[in] name The option.
/// @param[in] data `length` bytes, which are copied: PEM, or DER one after the other. May be NULL where `length` is 0.
/// @param[in] length In bytes.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return `CLIENTCERT_OK`; `CLIENTCERT_UNKNOWN_OPTION`; `CLIENTCERT_INVALID_VALUE` where the option takes no
/// certificates; `CLIENTCERT_MALFORMED` and `CLIENTCERT_NO_CERTIFICATE` for the bytes; `CLIENTCERT_INVALID_ARGUMENT`
/// where a pointer is NULL or `name` is not UTF-8.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_config_set_bytes(
    config: *mut clientcert_config,
    name: *const c_char,
    data: *const u8,
    length: usize,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles, texts, buffers and places to write to.
    unsafe {
        guard_status(error, || {
            let config = borrow_mut(config).ok_or(null("config"))?;
            let (name, data) = (text(name, "name")?, bytes(data, length, "data")?);
            config.change(|config| config.set_bytes(name, data))
        })
    }
}

/// Sets the options that a TOML file holds, in the order of the file. A relative path in it is relative to its folder.
/// Reads the file.
///
/// @param[in,out] config Changed only where the call succeeds.
/// @param[in] path UTF-8. A relative one starts at the working directory.
/// @param[out] error May be NULL. Written on failure, with the line; then owned by the caller.
/// @return `CLIENTCERT_OK`; `CLIENTCERT_IO`; `CLIENTCERT_MALFORMED` where it is no TOML; the statuses of
/// `clientcert_config_set` for what is in it; `CLIENTCERT_INVALID_ARGUMENT` where a pointer is NULL or `path` is not
/// UTF-8.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_config_load(
    config: *mut clientcert_config,
    path: *const c_char,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles, texts and places to write to.
    unsafe {
        guard_status(error, || {
            let config = borrow_mut(config).ok_or(null("config"))?;
            let path = text(path, "path")?;
            config.change(|config| config.load(Path::new(path)))
        })
    }
}

/// All options as a TOML file that `clientcert_config_load` reads: those that differ from their defaults, and the
/// others as comments. Certificates in memory are written as PEM.
///
/// @param[in,out] config Keeps the text. NULL has none.
/// @param[out] length May be NULL. In bytes, without the last NUL.
/// @return Lives until the next call with this config. NULL, and a length of 0, for a NULL config or where the library
/// failed inside.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_config_dump(config: *mut clientcert_config, length: *mut usize) -> *const c_char {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles and places to write to.
        unsafe {
            let dump = borrow_mut(config).and_then(|handle| {
                handle.dump = c_text(&handle.config.as_ref()?.dump());
                Some(handle.dump.as_bytes_with_nul())
            });
            lend_text(dump, length)
        }
    })
}

/// How many options there are.
///
/// @return The indices of the next four functions are below it.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_option_count() -> usize {
    guard(0, || options().len())
}

/// The name of an option.
///
/// @param[in] index Below `clientcert_option_count()`.
/// @return Lives as long as the process. NULL for any other index.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_option_name(index: usize) -> *const c_char {
    static NAMES: Texts = Texts::new();
    guard(std::ptr::null(), || NAMES.at(index, options().iter().map(|option| option.name)))
}

/// What an option takes, in a few words: the words of a choice, or a kind and its unit.
///
/// @param[in] index Below `clientcert_option_count()`.
/// @return Lives as long as the process. NULL for any other index.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_option_type(index: usize) -> *const c_char {
    static TYPES: Texts = Texts::new();
    guard(std::ptr::null(), || TYPES.at(index, options().iter().map(OptionInfo::type_text)))
}

/// The default of an option, as `clientcert_config_set` would take it.
///
/// @param[in] index Below `clientcert_option_count()`.
/// @return Empty where nothing is set. Lives as long as the process. NULL for any other index.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_option_default(index: usize) -> *const c_char {
    static DEFAULTS: Texts = Texts::new();
    guard(std::ptr::null(), || DEFAULTS.at(index, options().iter().map(|option| option.default)))
}

/// What an option does, on one line.
///
/// @param[in] index Below `clientcert_option_count()`.
/// @return Lives as long as the process. NULL for any other index.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_option_help(index: usize) -> *const c_char {
    static HELPS: Texts = Texts::new();
    guard(std::ptr::null(), || HELPS.at(index, options().iter().map(|option| option.help)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_that_was_left_half_changed_refuses_everything() {
        let mut handle = ConfigHandle { config: Some(Config::new()), dump: CString::default() };
        let broken = guard(Err(BROKEN), || handle.change(|_| panic!("on purpose")));
        assert!(broken.is_err());
        assert!(handle.config().is_err());
        assert!(handle.change(|_| Ok(())).is_err());
    }
}
