//! Behind a proxy: who a client is by what a proxy forwards of it, and what a proxy forwards.
//!
//! A certificate is public: without a proxy that is trusted for its address, that removes these headers from what clients
//! send, and that nobody else can pass for, a header authenticates nobody. See `docs/forwarded.md`.

use std::ffi::{CString, c_char};
use std::sync::Arc;

use super::error::clientcert_error;
use super::guard::{guard, guard_status};
use super::pointer::{
    Handle, Owned, borrow, borrow_mut, bytes, free_owned, into_owned, into_shared, lend_text, null, text,
};
use super::text::{Texts, UNKNOWN, c_text};
use super::verdict::{clientcert_verdict, failed, moment, read};
use super::verifier::clientcert_verifier;
use crate::Error;
use crate::forwarded::{self, Carrier, Dialect, Forward, Peer};

/// Headers of one request, and the names that they have there. Owned by the caller, for one thread at a time; free it with
/// `clientcert_headers_free`. One may serve any number of requests after another.
pub struct clientcert_headers {
    _private: [u8; 0],
}

/// Every text ends with NUL.
#[derive(Default)]
pub(super) struct Headers {
    list: Vec<(CString, Vec<u8>)>,
    certificate: Option<String>,
    chain: Option<String>,
    verify: Option<String>,
    by: Option<String>,
}

impl Handle for clientcert_headers {
    type Value = Headers;
}

impl Owned for clientcert_headers {}

/// How a proxy forwards a client's certificate.
#[derive(Clone, Copy)]
#[repr(C)]
pub enum clientcert_dialect {
    /// `Client-Cert` and `Client-Cert-Chain` (RFC 9440).
    CLIENTCERT_DIALECT_RFC9440 = 1,
    /// Envoy's `X-Forwarded-Client-Cert`; of several elements the last counts.
    CLIENTCERT_DIALECT_ENVOY = 2,
    /// nginx's `$ssl_client_escaped_cert` and `$ssl_client_verify`: `X-SSL-Client-Cert` and `X-SSL-Client-Verify` unless
    /// `clientcert_headers_rename` says otherwise.
    CLIENTCERT_DIALECT_NGINX = 3,
    /// `ssl-client-cert` and `ssl-client-verify` of ingress-nginx.
    CLIENTCERT_DIALECT_INGRESS_NGINX = 4,
    /// `ssl_client_escaped_cert` or `ssl_client_cert`, as Tomcat's SSLValve reads them.
    CLIENTCERT_DIALECT_TOMCAT = 5,
    /// Traefik's `X-Forwarded-Tls-Client-Cert`.
    CLIENTCERT_DIALECT_TRAEFIK = 6,
    /// HAProxy's `X-SSL-` set, with the DER of the certificate in base64 in `X-SSL-Client-Cert`.
    CLIENTCERT_DIALECT_HAPROXY = 7,
    /// `X-Amzn-Mtls-Clientcert` or `X-Amzn-Mtls-Clientcert-Leaf` of AWS Application Load Balancers.
    CLIENTCERT_DIALECT_AWS_ALB = 8,
    /// `SSL_CLIENT_CERT` and `SSL_CLIENT_VERIFY` of Apache's mod_headers.
    CLIENTCERT_DIALECT_APACHE = 9,
    /// `X-ARR-ClientCert` of Azure App Service.
    CLIENTCERT_DIALECT_AZURE = 10,
    /// The header of version 2 of the PROXY protocol, whole, as the value of a header named `:proxy-protocol`.
    CLIENTCERT_DIALECT_PROXY_PROTOCOL = 11,
}

/// What can be renamed for one set of headers.
#[derive(Clone, Copy)]
#[repr(C)]
pub enum clientcert_header_role {
    /// The header with the client's certificate.
    CLIENTCERT_HEADER_CERTIFICATE = 1,
    /// The header with the certificates above it; `_N` at its end stands for a number from 0 where the dialect is Apache's.
    CLIENTCERT_HEADER_CHAIN = 2,
    /// The header that says whether the proxy verified it: `SUCCESS`, `NONE` or `FAILED:` and why; HAProxy's number.
    /// Dialects without one can be given one.
    CLIENTCERT_HEADER_VERIFY = 3,
    /// No header: the URI of whoever writes, which Envoy has as `By`.
    CLIENTCERT_HEADER_BY = 4,
}

/// What is forwarded besides the certificate of a client that was verified; to be added up.
#[derive(Clone, Copy)]
#[repr(C)]
pub enum clientcert_forward {
    /// The certificate of a client that was not verified, too. Only for servers that verify it themselves.
    CLIENTCERT_FORWARD_UNVERIFIED = 1,
    /// The certificates above it, where the dialect has a place for them.
    CLIENTCERT_FORWARD_CHAIN = 2,
    /// Names, dates and fingerprints, for readers that cannot read a certificate.
    CLIENTCERT_FORWARD_DETAILS = 4,
}

/// Makes an empty set of headers.
///
/// @return Owned by the caller. NULL only where the library failed inside.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_headers_new() -> *mut clientcert_headers {
    guard(std::ptr::null_mut(), || into_owned(Headers::default()))
}

/// Frees a set of headers.
///
/// @param[in] headers Taken. NULL does nothing.
/// @since 1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_headers_free(headers: *mut clientcert_headers) {
    guard((), || {
        // SAFETY: the header's contract for handles.
        unsafe { free_owned(headers) }
    });
}

/// Takes all headers out, for the next request. Names that were given by `clientcert_headers_rename` stay.
///
/// @param[in] headers Borrowed, and changed. NULL does nothing.
/// @since 1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_headers_clear(headers: *mut clientcert_headers) {
    guard((), || {
        // SAFETY: the header's contract for handles.
        if let Some(headers) = unsafe { borrow_mut(headers) } {
            headers.list.clear();
        }
    });
}

/// Adds a header as it came. A header that came twice is added twice. All of a request's may be added: those that a
/// dialect is not about are passed over.
///
/// @param[in] headers Borrowed, and changed.
/// @param[in] name Text; its case does not count, nor `-` or `_`. `:proxy-protocol` for the PROXY protocol.
/// @param[in] value `length` bytes, copied. May be NULL where `length` is 0.
/// @param[in] length In bytes.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return `CLIENTCERT_OK`; `CLIENTCERT_INVALID_ARGUMENT` where `headers` or `name` is NULL, `name` is no UTF-8, or `value`
/// is NULL with a length. A host that cannot add a header must not go on without it.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_headers_add(
    headers: *mut clientcert_headers,
    name: *const c_char,
    value: *const c_char,
    length: usize,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles, texts, buffers and places to write to.
    unsafe {
        guard_status(error, || {
            let headers = borrow_mut(headers).ok_or(null("headers"))?;
            let (name, value) = (text(name, "name")?, bytes(value.cast(), length, "value")?);
            headers.push(name, value);
            Ok(())
        })
    }
}

/// Says which name a header has here, in place of the dialect's.
///
/// @param[in] headers Borrowed, and changed.
/// @param[in] role A `CLIENTCERT_HEADER_`.
/// @param[in] name Text, copied. NULL: the dialect's name again.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return `CLIENTCERT_OK`; `CLIENTCERT_INVALID_ARGUMENT` where `headers` is NULL, `role` is none, or `name` is empty, no
/// UTF-8, or has a control character.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_headers_rename(
    headers: *mut clientcert_headers,
    role: i32,
    name: *const c_char,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles, texts and places to write to.
    unsafe {
        guard_status(error, || {
            let headers = borrow_mut(headers).ok_or(null("headers"))?;
            let name = if name.is_null() { None } else { Some(text(name, "name")?) };
            if name.is_some_and(|name| name.is_empty() || name.chars().any(char::is_control)) {
                return Err(Error::InvalidArgument { argument: "name", problem: "empty, or with a control character" });
            }
            let place = match role {
                _ if role == clientcert_header_role::CLIENTCERT_HEADER_CERTIFICATE as i32 => &mut headers.certificate,
                _ if role == clientcert_header_role::CLIENTCERT_HEADER_CHAIN as i32 => &mut headers.chain,
                _ if role == clientcert_header_role::CLIENTCERT_HEADER_VERIFY as i32 => &mut headers.verify,
                _ if role == clientcert_header_role::CLIENTCERT_HEADER_BY as i32 => &mut headers.by,
                _ => return Err(Error::InvalidArgument { argument: "role", problem: "no CLIENTCERT_HEADER_" }),
            };
            *place = name.map(str::to_owned);
            Ok(())
        })
    }
}

/// How many headers there are.
///
/// @param[in] headers Borrowed.
/// @return 0 for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_headers_count(headers: *const clientcert_headers) -> usize {
    // SAFETY: the header's contract for handles.
    guard(0, || unsafe { borrow(headers) }.map_or(0, |headers| headers.list.len()))
}

/// The name of a header.
///
/// @param[in] headers Borrowed.
/// @param[in] index Below `clientcert_headers_count`.
/// @return Lives until the set is changed or freed. NULL for any other index.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_headers_name(headers: *const clientcert_headers, index: usize) -> *const c_char {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles.
        let header = unsafe { borrow(headers) }.and_then(|headers| headers.list.get(index));
        header.map_or(std::ptr::null(), |(name, _)| name.as_ptr())
    })
}

/// The value of a header. Those that `clientcert_forward_headers` writes are one line of printable characters, but the
/// one for the PROXY protocol, which is binary.
///
/// @param[in] headers Borrowed.
/// @param[in] index Below `clientcert_headers_count`.
/// @param[out] length May be NULL. In bytes, without the last NUL.
/// @return Lives until the set is changed or freed. NULL, and a length of 0, for any other index.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_headers_value(
    headers: *const clientcert_headers,
    index: usize,
    length: *mut usize,
) -> *const c_char {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles and places to write to.
        unsafe {
            let header = borrow(headers).and_then(|headers| headers.list.get(index));
            lend_text(header.map(|(_, value)| &**value), length)
        }
    })
}

/// Says who a client is by what a proxy forwards of it.
///
/// Without any header of the dialect the outcome is `CLIENTCERT_NONE`, whoever the peer is. With one, the peer must be in
/// `trusted_proxies`, else the verdict is FAILED for `untrusted_proxy`. What is forwarded twice, or cannot be read, is FAILED
/// for `forwarded_malformed` or `chain_too_large`; a certificate that is mentioned and not there is FAILED for
/// `forwarded_incomplete`. Everything else is verified as `clientcert_verify` does it, or, under
/// `forwarded_verification = proxy`, by the proxy's word, which `verified_by` then says.
///
/// @param[in] verifier Borrowed. NULL gives a verdict that is FAILED for `internal_error`.
/// @param[in] dialect A `CLIENTCERT_DIALECT_`. Any other gives a verdict that is FAILED for `internal_error`.
/// @param[in] peer The address of the other end of the socket, as `inet_ntop` writes it, or `unix`. NULL, and what is
/// neither, is nobody who is trusted.
/// @param[in] headers Borrowed, and not changed. NULL gives a verdict that is FAILED for `internal_error`.
/// @param[in] time The moment to verify for, in seconds since 1970-01-01T00:00:00Z, or `CLIENTCERT_NOW`.
/// @return Owned by the caller. Never NULL: where the library fails inside, it is FAILED for `internal_error`.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verify_forwarded(
    verifier: *const clientcert_verifier,
    dialect: i32,
    peer: *const c_char,
    headers: *const clientcert_headers,
    time: i64,
) -> *mut clientcert_verdict {
    let verdict = guard(None, || {
        // SAFETY: the header's contract for handles and texts.
        let (verifier, headers) = unsafe { (borrow(verifier)?, borrow(headers)?) };
        // SAFETY: as above.
        let peer = unsafe { text(peer, "peer") }.map_or(Peer::Unknown, Peer::parse);
        let carrier = headers.carrier(dialect_of(dialect)?);
        let list = headers.list.iter().map(|(name, value)| (name.to_str().unwrap_or_default(), without_nul(value)));
        Some(verifier.verify_forwarded(carrier, &peer, list, moment(time)))
    });
    guard(std::ptr::null_mut(), || into_shared(verdict.unwrap_or_else(|| Arc::clone(failed()))))
}

/// Writes what a proxy forwards of a client: in place of what is in `headers`, the headers to be set in the request after
/// everything that `clientcert_is_forwarded_header` knows was removed from it. A client without a certificate has none, or
/// one that says so.
///
/// @param[in] verdict Borrowed. NULL reads like a verdict that is FAILED for `internal_error`.
/// @param[in] dialect A `CLIENTCERT_DIALECT_`.
/// @param[in] what The sum of some `CLIENTCERT_FORWARD_`, or 0.
/// @param[in] headers Borrowed, and changed; its names by `clientcert_headers_rename` are used. Empty on failure.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return `CLIENTCERT_OK`; `CLIENTCERT_NOT_ENTITLED` where the client was not verified and `what` does not have
/// `CLIENTCERT_FORWARD_UNVERIFIED`; `CLIENTCERT_MALFORMED` where its certificate cannot be written;
/// `CLIENTCERT_INVALID_ARGUMENT` where `headers` is NULL, `dialect` is none, or `what` has other bits.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_forward_headers(
    verdict: *const clientcert_verdict,
    dialect: i32,
    what: i32,
    headers: *mut clientcert_headers,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles and places to write to.
    unsafe {
        guard_status(error, || {
            let headers = borrow_mut(headers).ok_or(null("headers"))?;
            headers.list.clear();
            let dialect = dialect_of(dialect);
            let dialect =
                dialect.ok_or(Error::InvalidArgument { argument: "dialect", problem: "no CLIENTCERT_DIALECT_" })?;
            let forwarded = forwarded::forward_headers(read(verdict), headers.carrier(dialect), &forward(what)?);
            for (name, value) in forwarded.map_err(Error::from)? {
                headers.push(&name, &value);
            }
            Ok(())
        })
    }
}

/// Whether a header must be removed from what clients send, because somebody could pass by it for the holder of a
/// certificate: any of any dialect, in any case, and whatever begins like a family of them. What is neither a letter nor a digit counts
/// as `-`, because servers make `_` of all that in the environment of CGI.
///
/// @param[in] name Text.
/// @return 1 or 0; 1 for NULL, and for what is no UTF-8.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_is_forwarded_header(name: *const c_char) -> i32 {
    guard(1, || {
        // SAFETY: the header's contract for texts.
        let name = unsafe { text(name, "name") };
        i32::from(name.map_or(true, forwarded::is_forwarded_header))
    })
}

/// The names that `clientcert_is_forwarded_header` knows, by index, for servers that need a list: in lower case, each with
/// `-` and with `_`. Names in which both are mixed, and families of names, it knows besides.
///
/// @param[in] index From 0.
/// @return Lives as long as the process. NULL from the first index on that there is no name for.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_forwarded_header_at(index: usize) -> *const c_char {
    static NAMES: Texts = Texts::new();
    guard(std::ptr::null(), || NAMES.at(index, forwarded::forwarded_headers().iter()))
}

/// The value of `Vary` for a response that depends on the certificate that a dialect forwards under its own names
/// (RFC 9440 section 3.1). Not to let it be cached at all is safer.
///
/// @param[in] dialect A `CLIENTCERT_DIALECT_`.
/// @return Never NULL; `*` for a number that is no dialect. Lives as long as the process.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_dialect_vary(dialect: i32) -> *const c_char {
    static VALUES: Texts = Texts::new();
    guard(c"*".as_ptr(), || match DIALECTS.iter().position(|(known, _)| *known as i32 == dialect) {
        Some(index) => VALUES.at(index, DIALECTS.iter().map(|(_, dialect)| forwarded::vary(*dialect))),
        None => c"*".as_ptr(),
    })
}

/// The name of a dialect, such as `rfc9440`.
///
/// @param[in] dialect A `CLIENTCERT_DIALECT_`.
/// @return Never NULL; `unknown` for a number that is no dialect. Lives as long as the process.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn clientcert_dialect_name(dialect: i32) -> *const c_char {
    static NAMES: Texts = Texts::new();
    guard(UNKNOWN.as_ptr(), || match DIALECTS.iter().position(|(known, _)| *known as i32 == dialect) {
        Some(index) => NAMES.at(index, DIALECTS.iter().map(|(_, dialect)| dialect.name())),
        None => UNKNOWN.as_ptr(),
    })
}

impl Headers {
    fn push(&mut self, name: &str, value: &[u8]) {
        self.list.push((c_text(name), [value, &[0]].concat()));
    }

    fn carrier(&self, dialect: Dialect) -> Carrier<'_> {
        let mut carrier = Carrier::of(dialect);
        if let Some(name) = &self.certificate {
            carrier = carrier.certificate(name);
        }
        if let Some(name) = &self.chain {
            carrier = carrier.chain(name);
        }
        if let Some(name) = &self.verify {
            carrier = carrier.verify(name);
        }
        if let Some(uri) = &self.by {
            carrier = carrier.by(uri);
        }
        carrier
    }
}

const DIALECTS: &[(clientcert_dialect, Dialect)] = &[
    (clientcert_dialect::CLIENTCERT_DIALECT_RFC9440, Dialect::Rfc9440),
    (clientcert_dialect::CLIENTCERT_DIALECT_ENVOY, Dialect::Envoy),
    (clientcert_dialect::CLIENTCERT_DIALECT_NGINX, Dialect::Nginx),
    (clientcert_dialect::CLIENTCERT_DIALECT_INGRESS_NGINX, Dialect::IngressNginx),
    (clientcert_dialect::CLIENTCERT_DIALECT_TOMCAT, Dialect::Tomcat),
    (clientcert_dialect::CLIENTCERT_DIALECT_TRAEFIK, Dialect::Traefik),
    (clientcert_dialect::CLIENTCERT_DIALECT_HAPROXY, Dialect::Haproxy),
    (clientcert_dialect::CLIENTCERT_DIALECT_AWS_ALB, Dialect::AwsAlb),
    (clientcert_dialect::CLIENTCERT_DIALECT_APACHE, Dialect::Apache),
    (clientcert_dialect::CLIENTCERT_DIALECT_AZURE, Dialect::Azure),
    (clientcert_dialect::CLIENTCERT_DIALECT_PROXY_PROTOCOL, Dialect::ProxyProtocol),
];

fn dialect_of(number: i32) -> Option<Dialect> {
    DIALECTS.iter().find(|(known, _)| *known as i32 == number).map(|(_, dialect)| *dialect)
}

fn forward(what: i32) -> Result<Forward<'static>, Error> {
    let (unverified, chain, details) = (
        clientcert_forward::CLIENTCERT_FORWARD_UNVERIFIED as i32,
        clientcert_forward::CLIENTCERT_FORWARD_CHAIN as i32,
        clientcert_forward::CLIENTCERT_FORWARD_DETAILS as i32,
    );
    if what & !(unverified | chain | details) != 0 {
        return Err(Error::InvalidArgument { argument: "what", problem: "has other bits than CLIENTCERT_FORWARD_" });
    }
    let has = |bit: i32| what & bit != 0;
    Ok(Forward { unverified: has(unverified), chain: has(chain), details: has(details), ..Forward::default() })
}

fn without_nul(value: &[u8]) -> &[u8] {
    value.split_last().map_or(&[], |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_has_its_number_in_c() {
        assert!(Dialect::ALL.iter().all(|dialect| dialect_of(*dialect as i32) == Some(*dialect)));
        assert_eq!(DIALECTS.len(), Dialect::ALL.len());
    }
}
