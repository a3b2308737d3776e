//! Certificates in text: PEM whose line ends may have become blanks, and base64 without armour. Strict, because what is
//! between, before or after them would be read by one and not by another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;

use crate::certificate::{Reader, split_der};

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// Adds the DER of every certificate of a PEM text (RFC 7468) to `out`, and says how many there were. Blanks and tabs count
/// like line ends. None where there is none, and for anything else in it.
pub(super) fn pem(text: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let mut rest = text.trim_ascii();
    let mut count = 0;
    while !rest.is_empty() || count == 0 {
        let body = rest.strip_prefix(BEGIN)?;
        let end = memmem::find(body, END)?;
        let plain: Vec<u8> = body[..end].iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        base64(&plain, out)?;
        rest = body[end + END.len()..].trim_ascii_start();
        count += 1;
    }
    Some(count)
}

/// Adds the DER of one certificate in padded base64 (RFC 4648 section 4) without line ends to `out`.
pub(super) fn base64(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    STANDARD.decode_vec(text, out).ok()?;
    is_one(&out[start..]).then_some(())
}

/// Adds certificates in DER one after another, which together are in base64, to `out`.
pub(super) fn base64_list(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    STANDARD.decode_vec(text, out).ok()?;
    split_der(&out[start..]).all(|one| one.is_ok_and(is_one)).then_some(())
}

/// Whether bytes are one SEQUENCE and nothing after it, as a certificate is.
pub(super) fn is_one(der: &[u8]) -> bool {
    Reader::new(der).enclosing_length().is_ok_and(|length| length == der.len())
}

/// The first of several certificates in DER, and the others.
pub(super) fn split_leaf(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = Reader::new(der).enclosing_length().ok()?;
    der.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(usize, Vec<u8>)> {
        let mut out = Vec::new();
        pem(text.as_bytes(), &mut out).map(|count| (count, out))
    }

    #[test]
    fn line_ends_may_be_blanks() {
        let expected = Some((1, vec![0x30, 3, 2, 1, 5]));
        for text in [
            "-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE----- MAMC AQU= -----END CERTIFICATE----- ",
            "-----BEGIN CERTIFICATE-----\n\tMAMCAQU=\n\t-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----MAMCAQU=-----END CERTIFICATE-----",
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        let twice = "-----BEGIN CERTIFICATE----- MAMCAQU= -----END CERTIFICATE-----".repeat(2);
        assert_eq!(read(&twice).map(|(count, _)| count), Some(2));
    }

    #[test]
    fn nothing_else_may_be_in_it() {
        for text in [
            "",
            " ",
            "MAMCAQU=",
            "x-----BEGIN CERTIFICATE----- MAMCAQU= -----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE----- MAMCAQU= -----END CERTIFICATE-----x",
            "-----BEGIN CERTIFICATE----- MAMCAQU -----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE----- MAMCAQV= -----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE----- MAMCAQU=MAMCAQU= -----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE----- MAMCAQUA -----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE----- -----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE----- MAMCAQU=",
            "-----BEGIN CERTIFICATE-----%0AMAMCAQU=%0A-----END CERTIFICATE-----",
            "-----BEGIN TRUSTED CERTIFICATE----- MAMCAQU= -----END TRUSTED CERTIFICATE-----",
            "-----BEGIN PRIVATE KEY----- MAMCAQU= -----END PRIVATE KEY-----",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
