//! Pointers from C to Rust and back: handles, buffers, texts and places to write to.

use std::ffi::{CStr, c_char};
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::Arc;

use crate::Error;

/// An opaque type of the header, and what a pointer to it really points at, which belongs to no thread.
pub(super) trait Handle {
    type Value: Send + Sync;
}

/// A handle with one owner: a `Box`.
pub(super) trait Owned: Handle {}

/// A handle with many owners: an `Arc`.
pub(super) trait Shared: Handle {}

/// Makes a handle that the caller must free.
pub(super) fn into_owned<H: Owned>(value: H::Value) -> *mut H {
    Box::into_raw(Box::new(value)).cast()
}

/// Makes a handle that the caller must free.
pub(super) fn into_shared<H: Shared>(value: Arc<H::Value>) -> *mut H {
    Arc::into_raw(value).cast_mut().cast()
}

/// # Safety
///
/// `handle` is NULL or from [`into_owned`], not freed yet, and not used again.
pub(super) unsafe fn free_owned<H: Owned>(handle: *mut H) {
    if !handle.is_null() {
        // SAFETY: it came out of Box::into_raw, as the caller says.
        drop(unsafe { Box::from_raw(handle.cast::<H::Value>()) });
    }
}

/// # Safety
///
/// `handle` is NULL or from [`into_shared`], and this reference to it is not used again.
pub(super) unsafe fn free_shared<H: Shared>(handle: *mut H) {
    if !handle.is_null() {
        // SAFETY: it came out of Arc::into_raw, as the caller says.
        drop(unsafe { Arc::from_raw(handle.cast_const().cast::<H::Value>()) });
    }
}

/// One more owner of a shared handle; NULL stays NULL.
///
/// # Safety
///
/// `handle` is NULL or from [`into_shared`] and not freed yet.
pub(super) unsafe fn add_owner<H: Shared>(handle: *const H) -> *mut H {
    if !handle.is_null() {
        // SAFETY: it came out of Arc::into_raw, and is alive, as the caller says.
        unsafe { Arc::increment_strong_count(handle.cast::<H::Value>()) };
    }
    handle.cast_mut()
}

/// A shared handle as the `Arc` that it is, without a reference of its own.
///
/// # Safety
///
/// `handle` is NULL or from [`into_shared`], and not freed before what is returned is gone.
pub(super) unsafe fn lend_shared<H: Shared>(handle: *const H) -> Option<ManuallyDrop<Arc<H::Value>>> {
    // SAFETY: it came out of Arc::into_raw and is alive, as the caller says; the count is not touched.
    (!handle.is_null()).then(|| ManuallyDrop::new(unsafe { Arc::from_raw(handle.cast::<H::Value>()) }))
}

/// # Safety
///
/// `handle` is NULL, or from this module, alive for `'a`, and not changed meanwhile.
pub(super) unsafe fn borrow<'a, H: Handle>(handle: *const H) -> Option<&'a H::Value> {
    // SAFETY: a handle points at its value, as the caller says.
    unsafe { handle.cast::<H::Value>().as_ref() }
}

/// # Safety
///
/// `handle` is NULL, or from [`into_owned`], alive for `'a`, and used by nobody else meanwhile.
pub(super) unsafe fn borrow_mut<'a, H: Owned>(handle: *mut H) -> Option<&'a mut H::Value> {
    // SAFETY: a handle points at its value, as the caller says.
    unsafe { handle.cast::<H::Value>().as_mut() }
}

/// The bytes of a buffer; NULL is an empty one where `length` is 0.
///
/// # Safety
///
/// `data` is NULL or points at `length` bytes that stay as they are for `'a`.
pub(super) unsafe fn bytes<'a>(data: *const u8, length: usize, argument: &'static str) -> Result<&'a [u8], Error> {
    if length == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(Error::InvalidArgument { argument, problem: "NULL, and the length is not 0" });
    }
    if isize::try_from(length).is_err() {
        return Err(Error::InvalidArgument { argument, problem: "longer than memory can be" });
    }
    // SAFETY: neither NULL nor too long; the rest the caller says.
    Ok(unsafe { std::slice::from_raw_parts(data, length) })
}

/// # Safety
///
/// `text` is NULL or points at bytes up to a NUL that stay as they are for `'a`.
pub(super) unsafe fn text<'a>(text: *const c_char, argument: &'static str) -> Result<&'a str, Error> {
    if text.is_null() {
        return Err(null(argument));
    }
    // SAFETY: not NULL, and it ends with NUL, as the caller says.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map_err(|_| Error::InvalidArgument { argument, problem: "not UTF-8" })
}

/// Writes to a place that the caller may have left out.
///
/// # Safety
///
/// `place` is NULL or may be written.
pub(super) unsafe fn write<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: not NULL, and the caller says that it may be written.
        unsafe { place.write(value) };
    }
}

/// Lends bytes, with their length; NULL and 0 where there are none.
///
/// # Safety
///
/// `length` is NULL or may be written.
pub(super) unsafe fn lend_bytes(bytes: Option<&[u8]>, length: *mut usize) -> *const u8 {
    // SAFETY: passed on from the caller.
    unsafe { write(length, bytes.map_or(0, <[u8]>::len)) };
    bytes.map_or(ptr::null(), <[u8]>::as_ptr)
}

/// Lends text that ends with NUL, with its length; NULL and 0 where there is none. The text may hold other NULs.
///
/// # Safety
///
/// `length` is NULL or may be written.
pub(super) unsafe fn lend_text(with_nul: Option<&[u8]>, length: *mut usize) -> *const c_char {
    let with_nul = with_nul.filter(|text| text.last() == Some(&0));
    // SAFETY: passed on from the caller.
    unsafe { write(length, with_nul.map_or(0, |text| text.len() - 1)) };
    with_nul.map_or(ptr::null(), |text| text.as_ptr().cast())
}

/// The error for a handle or text that must not be NULL.
pub(super) fn null(argument: &'static str) -> Error {
    Error::InvalidArgument { argument, problem: "NULL" }
}
