//! Every variable by its name: what nginx, Apache and HAProxy give for the same client, byte for byte, and our own.
//!
//! The names of the three systems cannot collide: nginx's start with `ssl_client_`, with or without a `$` before it,
//! Apache's with `SSL_CLIENT_`, HAProxy's with `ssl_c_`. Everything else is ours. Names are case-sensitive.

mod apache;
mod haproxy;
mod nginx;
mod own;

use super::{Certificate, GeneralName, text};

/// Whom variables are about: a client, by what it presented.
pub(crate) trait Subject {
    /// How many certificates were presented.
    fn certificate_count(&self) -> usize;

    /// A presented certificate, leaf first; `None` past the end, and where it cannot be read.
    fn certificate(&self, index: usize) -> Option<Certificate<'_>>;

    /// The presented certificates' DER, one after the other.
    fn chain_der(&self) -> &[u8];

    /// The trust anchor of the path that was accepted, or examined.
    fn anchor(&self) -> Option<Certificate<'_>>;

    /// What came of the verification; `None` where there was none, as for a certificate alone.
    fn status(&self) -> Option<Status<'_>>;
}

/// What came of a verification, in the terms of the three systems.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Status<'a> {
    pub(crate) verify: Verify<'a>,
    /// The X509_V_ERR number of the primary reason, 0 for none.
    pub(crate) openssl_error: i32,
    /// The X509_V_ERR number of the first reason at depth 0.
    pub(crate) leaf_error: i32,
    /// The X509_V_ERR number of the first reason at a depth above 0.
    pub(crate) ca_error: i32,
    /// That reason's depth, or 0.
    pub(crate) ca_error_depth: i32,
    /// The name of an X509_V_ERR number.
    pub(crate) error_name: fn(i32) -> Option<&'static str>,
}

/// The outcome, with OpenSSL's text of the primary reason where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verify<'a> {
    /// No certificate.
    None,
    Success,
    /// Failed, but the connection goes on because the mode tolerates it. Apache has a word of its own for it.
    Generous(&'a str),
    Failed(&'a str),
}

/// A variable for the documentation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variable {
    /// The name; `N` in it stands for a number from 0.
    pub(crate) name: &'static str,
    /// What it holds, in one line.
    pub(crate) help: &'static str,
}

/// The value of the variable `name` at `now` in Unix seconds; `None` where the name is unknown or there is no value.
///
/// HAProxy's binary fetches give raw bytes; every other value is text, of which HAProxy's names without `rfc2253`
/// and Apache's names may hold any byte above 0x7f, and HAProxy's any byte at all.
pub(crate) fn render(subject: &dyn Subject, name: &str, now: i64) -> Option<Vec<u8>> {
    let plain = name.strip_prefix('$').unwrap_or(name);
    if let Some(rest) = plain.strip_prefix("ssl_client_") {
        nginx::render(subject, rest, now)
    } else if let Some(rest) = name.strip_prefix("SSL_CLIENT_") {
        apache::render(subject, rest, now)
    } else if name.starts_with("ssl_c_") || name.starts_with("ssl_fc_") {
        haproxy::render(subject, name)
    } else {
        own::render(subject, name, now)
    }
}

/// Whether the value is another at another moment.
pub(crate) fn depends_on_time(name: &str) -> bool {
    matches!(name.strip_prefix('$').unwrap_or(name), "days_left" | "ssl_client_v_remain" | "SSL_CLIENT_V_REMAIN")
}

/// Whether the value is bytes rather than text, whatever they happen to look like.
pub(crate) fn is_binary(name: &str) -> bool {
    matches!(name, "chain_der" | "ssl_c_serial" | "ssl_c_sha1" | "ssl_c_der" | "ssl_c_chain_der")
}

/// Whether the value is nothing but certificates in yet another encoding, beside `chain_pem` and `chain_der`.
pub(crate) fn is_copy(name: &str) -> bool {
    matches!(
        name,
        "ssl_client_cert"
            | "ssl_client_raw_cert"
            | "ssl_client_escaped_cert"
            | "SSL_CLIENT_CERT"
            | "SSL_CLIENT_B64CERT"
            | "SSL_CLIENT_CERT_CHAIN_N"
            | "SSL_CLIENT_B64CERT_CHAIN_N"
            | "ssl_c_der"
            | "ssl_c_chain_der"
    )
}

/// All names, grouped by the system that they come from.
pub(crate) fn names() -> [(&'static str, &'static [Variable]); 4] {
    [
        ("clientcert", own::NAMES),
        ("nginx", nginx::NAMES),
        ("Apache mod_ssl", apache::NAMES),
        ("HAProxy", haproxy::NAMES),
    ]
}

impl Subject for Certificate<'_> {
    fn certificate_count(&self) -> usize {
        1
    }

    fn certificate(&self, index: usize) -> Option<Certificate<'_>> {
        (index == 0).then_some(*self)
    }

    fn chain_der(&self) -> &[u8] {
        self.as_der()
    }

    fn anchor(&self) -> Option<Certificate<'_>> {
        None
    }

    fn status(&self) -> Option<Status<'_>> {
        None
    }
}

impl Certificate<'_> {
    /// A variable of this certificate alone, by the name that nginx, Apache, HAProxy or this library gives it, at `now`
    /// in Unix seconds; see `docs/variables.md`. Variables about a verification are absent here.
    pub fn variable(&self, name: &str, now: i64) -> Option<Vec<u8>> {
        render(self, name, now)
    }
}

/// `ASN1_TIME_print`: `Feb  3 00:55:52 2015 GMT`.
fn openssl_time(unix: i64) -> Vec<u8> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let at = super::Calendar::from_unix(unix);
    let month = usize::try_from(at.month - 1).ok().and_then(|month| MONTHS.get(month)).unwrap_or(&"");
    format!("{month} {:2} {:02}:{:02}:{:02} {} GMT", at.day, at.hour, at.minute, at.second, at.year).into_bytes()
}

/// Whole days from `now` to `then`, 0 where it is less than one or past.
fn days_until(then: i64, now: i64) -> Vec<u8> {
    let mut out = Vec::new();
    text::push_decimal(&mut out, (then.saturating_sub(now) / 86_400).max(0));
    out
}

/// A serial number apart: whether it is negative, and its magnitude without leading zero bytes, never empty.
fn serial_magnitude(serial: &[u8]) -> (bool, Vec<u8>) {
    let negative = serial.first().is_some_and(|first| first & 0x80 != 0);
    let mut magnitude = serial.to_vec();
    if negative {
        let mut carry = true;
        for byte in magnitude.iter_mut().rev() {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
    }
    let zeros = magnitude.iter().take_while(|byte| **byte == 0).count().min(magnitude.len().saturating_sub(1));
    magnitude.drain(..zeros);
    (negative, magnitude)
}

/// `i2a_ASN1_INTEGER`: upper-case hexadecimal, `-` before a negative number, and `\` and LF after every 35 bytes.
fn openssl_serial(serial: &[u8]) -> Vec<u8> {
    const BYTES_PER_LINE: usize = 35;
    let (negative, magnitude) = serial_magnitude(serial);
    let mut out = Vec::with_capacity(magnitude.len() * 2 + 2);
    if negative {
        out.push(b'-');
    }
    for (index, line) in magnitude.chunks(BYTES_PER_LINE).enumerate() {
        if index > 0 {
            out.extend_from_slice(b"\\\n");
        }
        text::push_hex_upper(&mut out, line);
    }
    out
}

fn pem(der: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    super::pem::write(&mut out, "CERTIFICATE", der);
    out
}

/// The subject alternative names as OpenSSL reads them: none at all where one of them is of no known form.
fn openssl_alternative_names<'a>(certificate: &Certificate<'a>) -> impl Iterator<Item = GeneralName<'a>> + use<'a> {
    let names = certificate.subject_alternative_names();
    let readable = !names.clone().any(|name| matches!(name, GeneralName::Unknown { .. }));
    names.filter(move |_| readable)
}
