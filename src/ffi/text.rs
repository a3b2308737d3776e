//! Texts of tables, made to end with NUL once in the life of the process.

use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::OnceLock;

/// Copies of a fixed list of texts.
pub(super) struct Texts(OnceLock<Box<[CString]>>);

impl Texts {
    pub(super) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The text at `index` of `list`, which must be the same list at every call; NULL beyond its end.
    pub(super) fn at(&'static self, index: usize, list: impl Iterator<Item: AsRef<str>>) -> *const c_char {
        let texts = self.0.get_or_init(|| list.map(|text| c_text(text.as_ref())).collect());
        texts.get(index).map_or(ptr::null(), |text| text.as_ptr())
    }
}

/// A copy that ends with NUL. A NUL inside, which would cut it, becomes U+FFFD.
pub(super) fn c_text(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
}

/// What the texts of numbers without a meaning are.
pub(super) const UNKNOWN: &CStr = c"unknown";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_cuts_nothing() {
        assert_eq!(c_text("a\0b").as_c_str(), c"a\u{fffd}b");
    }
}
