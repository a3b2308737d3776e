//! Reasons: what each code means, in words and in the numbers of other systems.
//!
//! `CLIENTCERT_REASON_` names every code of this version. Later versions add codes: a code without a name here is a
//! refusal like any other, and these functions, of the library that was loaded, may know it.

use std::ffi::c_char;

use super::guard::guard;
use super::text::{Texts, UNKNOWN};
use crate::verify::{Code, TlsVersion};

/// How many codes there are.
///
/// @return The indices of `clientcert_reason_at` are below it.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_reason_count() -> usize {
    guard(0, || Code::all().len())
}

/// Every code by index, in the order of their numbers.
///
/// @param[in] index Below `clientcert_reason_count()`.
/// @return A `CLIENTCERT_REASON_`; 0, which is no code, for any other index.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_reason_at(index: usize) -> i32 {
    guard(0, || Code::all().nth(index).map_or(0, |code| code as i32))
}

/// The stable name of a code, such as `certificate_expired`: what `tolerate` takes.
///
/// @param[in] code A `CLIENTCERT_REASON_`.
/// @return Never NULL; `unknown` for a number that is no code. Lives as long as the process.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_reason_name(code: i32) -> *const c_char {
    static NAMES: Texts = Texts::new();
    guard(UNKNOWN.as_ptr(), || text(&NAMES, code, Code::name))
}

/// What a code says, in English, for people.
///
/// @param[in] code A `CLIENTCERT_REASON_`.
/// @return Never NULL; `unknown` for a number that is no code. Lives as long as the process.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_reason_text(code: i32) -> *const c_char {
    static TEXTS: Texts = Texts::new();
    guard(UNKNOWN.as_ptr(), || text(&TEXTS, code, Code::text))
}

/// The name that OpenSSL has for it, such as `X509_V_ERR_CERT_HAS_EXPIRED`.
///
/// @param[in] code A `CLIENTCERT_REASON_`.
/// @return Never NULL; `unknown` for a number that is no code. Lives as long as the process.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_reason_x509_name(code: i32) -> *const c_char {
    static NAMES: Texts = Texts::new();
    guard(UNKNOWN.as_ptr(), || text(&NAMES, code, Code::openssl_name))
}

/// The number that OpenSSL 3 has for it, an `X509_V_ERR_`, as for `SSL_set_verify_result`.
///
/// @param[in] code A `CLIENTCERT_REASON_`.
/// @return Never 0, which would be `X509_V_OK`; 1, `X509_V_ERR_UNSPECIFIED`, for a number that is no code.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_reason_x509_error(code: i32) -> i32 {
    guard(X509_V_ERR_UNSPECIFIED, || known(code).openssl_number())
}

/// The TLS alert that says it to the client (RFC 8446 section 6.2, RFC 5246 section 7.2).
///
/// @param[in] code A `CLIENTCERT_REASON_`.
/// @param[in] tls_version As on the wire: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3; DTLS likewise. A number that is no
/// version counts as TLS 1.3.
/// @return The description of a fatal alert; 80, internal_error, for a number that is no code.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_reason_alert(code: i32, tls_version: i32) -> i32 {
    guard(ALERT_INTERNAL_ERROR, || i32::from(known(code).alert(version(tls_version))))
}

/// The status that nginx has for it, which `error_page` can name.
///
/// @param[in] code A `CLIENTCERT_REASON_`.
/// @return 496 for a missing certificate, else 495.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_reason_nginx_status(code: i32) -> i32 {
    guard(NGINX_CERT_ERROR, || i32::from(known(code).nginx_status()))
}

/// The sub-status of the 403 that IIS answers for it.
///
/// @param[in] code A `CLIENTCERT_REASON_`.
/// @return 7 required, 13 revoked, 16 untrusted or invalid, 17 expired or not yet valid; 16 for a number that is no
/// code.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_reason_iis_substatus(code: i32) -> i32 {
    guard(IIS_UNTRUSTED, || i32::from(known(code).iis_substatus()))
}

pub(super) const X509_V_ERR_UNSPECIFIED: i32 = 1;
pub(super) const ALERT_INTERNAL_ERROR: i32 = 80;
pub(super) const NGINX_CERT_ERROR: i32 = 495;
const IIS_UNTRUSTED: i32 = 16;

/// The TLS version that a number on the wire means, as far as alerts differ.
pub(super) fn version(number: i32) -> TlsVersion {
    // SSL 3.0 to TLS 1.2, DTLS 1.0 and 1.2.
    match number {
        0x0300..=0x0303 | 0xfeff | 0xfefd => TlsVersion::Tls12,
        _ => TlsVersion::Tls13,
    }
}

/// A number that is no code is treated as a failure of the library itself.
fn known(number: i32) -> Code {
    Code::from_number(number).unwrap_or(Code::InternalError)
}

fn text(texts: &'static Texts, number: i32, text: fn(Code) -> &'static str) -> *const c_char {
    match Code::all().position(|code| code as i32 == number) {
        Some(index) => texts.at(index, Code::all().map(text)),
        None => UNKNOWN.as_ptr(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_no_code_is_a_refusal() {
        assert_eq!(clientcert_reason_x509_error(0), X509_V_ERR_UNSPECIFIED);
        assert_eq!(clientcert_reason_alert(i32::MIN, 0x0303), ALERT_INTERNAL_ERROR);
        assert_eq!(clientcert_reason_nginx_status(-1), NGINX_CERT_ERROR);
        assert_eq!(clientcert_reason_iis_substatus(9999), IIS_UNTRUSTED);
    }

    #[test]
    fn no_code_has_the_number_of_success() {
        assert!(Code::all().all(|code| code as i32 != 0 && code.openssl_number() != 0));
    }
}
