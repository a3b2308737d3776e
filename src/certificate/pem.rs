//! PEM: reading what people have in files, and writing what OpenSSL writes (RFC 7468).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::{memchr, memmem};

/// One block of a PEM text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// What the BEGIN line says that it is, such as `CERTIFICATE` or `RSA PRIVATE KEY`.
    pub label: &'a str,
    /// What the base64 says.
    pub der: Vec<u8>,
    /// The number of the BEGIN line, from 1.
    pub line: usize,
}

impl Block<'_> {
    /// Whether the label says that this is a certificate. OpenSSL's `TRUSTED CERTIFICATE` is none: trust settings
    /// follow the certificate in it.
    pub fn is_certificate(&self) -> bool {
        matches!(self.label, "CERTIFICATE" | "X509 CERTIFICATE")
    }

    /// Whether the label says that this is a private key, of whatever form.
    pub fn is_private_key(&self) -> bool {
        self.label.ends_with("PRIVATE KEY")
    }
}

/// A PEM text that cannot be read: the number of the line, from 1, and what is wrong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PemError {
    /// The number of the line.
    pub line: usize,
    /// What is wrong there.
    pub problem: &'static str,
}

impl fmt::Display for PemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

/// Whether `bytes` are PEM text rather than DER.
///
/// What starts as DER of more than 127 bytes never is, whatever stands in it: a name in a presented certificate must
/// not be able to pass for another certificate.
pub fn looks_like_pem(bytes: &[u8]) -> bool {
    !matches!(bytes, [0x30, length, ..] if *length >= 0x80) && memmem::find(bytes, BEGIN).is_some()
}

/// Reads every block, in order, whatever its label. Text before, between and after the blocks is ignored; lines may
/// end in LF or CRLF; header fields of RFC 1421 are skipped. A text without blocks gives none.
pub fn decode(bytes: &[u8]) -> Result<Vec<Block<'_>>, PemError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut blocks = Vec::new();
    let mut scratch = Vec::new();
    let mut lines = Lines { rest: bytes, number: 0 };
    while let Some(line) = lines.next() {
        if !line.starts_with(b"-----") {
            continue;
        }
        if line.starts_with(END) {
            return Err(PemError { line: lines.number, problem: "is an END without a BEGIN" });
        }
        if let Some(label) = marker(line, BEGIN, lines.number)? {
            blocks.push(block(&mut lines, label, &mut scratch)?);
        }
    }
    Ok(blocks)
}

/// Writes a block as OpenSSL's `PEM_write_bio` does: 64 characters per line, each ended by a LF.
pub(crate) fn write(out: &mut Vec<u8>, label: &str, der: &[u8]) {
    let text = STANDARD.encode(der);
    out.reserve(text.len() + text.len() / 64 + 64);
    out.extend_from_slice(format!("-----BEGIN {label}-----\n").as_bytes());
    for line in text.as_bytes().chunks(64) {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.extend_from_slice(format!("-----END {label}-----\n").as_bytes());
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

struct Lines<'a> {
    rest: &'a [u8],
    /// The number of the line given out last.
    number: usize,
}

impl<'a> Lines<'a> {
    /// The next line, without what ends it and without blanks at its end.
    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr(b'\n', self.rest).unwrap_or(self.rest.len());
        let line = &self.rest[..end];
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        self.number += 1;
        Some(line.trim_ascii_end())
    }
}

/// Reads the block whose BEGIN line was the last one.
fn block<'a>(lines: &mut Lines<'a>, label: &'a str, scratch: &mut Vec<u8>) -> Result<Block<'a>, PemError> {
    let begin = lines.number;
    scratch.clear();
    let mut first = true;
    let mut body = begin + 1;
    loop {
        let Some(line) = lines.next() else {
            return Err(PemError { line: begin, problem: "is a BEGIN without an END" });
        };
        if line.starts_with(b"-----") {
            match marker(line, END, lines.number)? {
                Some(end) if end == label => break,
                Some(_) => return Err(PemError { line: lines.number, problem: "does not end what was begun" }),
                None => return Err(PemError { line: lines.number, problem: "is no END line" }),
            }
        }
        if std::mem::take(&mut first) && memchr(b':', line).is_some() {
            skip_headers(lines, begin)?;
            body = lines.number + 1;
        } else {
            scratch.extend_from_slice(line);
        }
    }
    match STANDARD.decode(&*scratch) {
        Ok(der) => Ok(Block { label, der, line: begin }),
        // Blanks within lines are rare, so only what failed is looked at again.
        Err(_) => {
            scratch.retain(|byte| !byte.is_ascii_whitespace());
            match STANDARD.decode(&*scratch) {
                Ok(der) => Ok(Block { label, der, line: begin }),
                Err(_) => Err(PemError { line: body, problem: "begins base64 that cannot be decoded" }),
            }
        }
    }
}

/// Skips to the empty line that ends the header fields.
fn skip_headers(lines: &mut Lines<'_>, begin: usize) -> Result<(), PemError> {
    while let Some(line) = lines.next() {
        if line.is_empty() {
            return Ok(());
        }
        if line.starts_with(END) {
            return Err(PemError { line: lines.number, problem: "ends a block that has only header fields" });
        }
    }
    Err(PemError { line: begin, problem: "is a BEGIN without an END" })
}

/// The label of a BEGIN or END line; none where the line is neither, such as a row of dashes.
fn marker<'a>(line: &'a [u8], kind: &[u8], number: usize) -> Result<Option<&'a str>, PemError> {
    let Some(rest) = line.strip_prefix(kind) else { return Ok(None) };
    let label = rest.strip_suffix(b"-----").filter(|label| label.iter().all(|byte| matches!(byte, b' '..=b'~')));
    match label.and_then(|label| std::str::from_utf8(label).ok()) {
        Some(label) if !label.is_empty() => Ok(Some(label)),
        _ => Err(PemError { line: number, problem: "has a label that is not well-formed" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Result<Vec<(String, Vec<u8>, usize)>, PemError> {
        decode(text.as_bytes())
            .map(|blocks| blocks.into_iter().map(|block| (block.label.to_owned(), block.der, block.line)).collect())
    }

    fn problem(text: &str) -> (usize, &'static str) {
        let error = decode(text.as_bytes()).unwrap_err();
        (error.line, error.problem)
    }

    #[test]
    fn reads_blocks_with_text_around_them() {
        let text = "subject=CN = a\n-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n-----\nmore\n\
                    -----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: X\n\nBA==\n\
                    -----END RSA PRIVATE KEY-----\nend";
        let found = one(text).unwrap();
        assert_eq!(found, [("CERTIFICATE".to_owned(), vec![1, 2, 3], 2), ("RSA PRIVATE KEY".to_owned(), vec![4], 7)]);
        let blocks = decode(text.as_bytes()).unwrap();
        assert!(blocks[0].is_certificate() && !blocks[0].is_private_key());
        assert!(!blocks[1].is_certificate() && blocks[1].is_private_key());
    }

    #[test]
    fn reads_other_line_ends_and_blanks() {
        let crlf = "\u{feff}-----BEGIN CERTIFICATE-----\r\nAQ\r\n  ID\r\n-----END CERTIFICATE-----";
        assert_eq!(one(crlf).unwrap(), [("CERTIFICATE".to_owned(), vec![1, 2, 3], 1)]);
        assert_eq!(one("").unwrap(), []);
        assert_eq!(one("-----BEGIN X-----\n-----END X-----\n").unwrap(), [("X".to_owned(), vec![], 1)]);
    }

    #[test]
    fn names_the_line_of_what_is_wrong() {
        assert_eq!(problem("a\n-----BEGIN A-----\nAQID\n"), (2, "is a BEGIN without an END"));
        assert_eq!(problem("-----BEGIN A-----\nAQID\n-----END B-----\n"), (3, "does not end what was begun"));
        assert_eq!(problem("-----BEGIN A-----\n-----BEGIN A-----\n"), (2, "is no END line"));
        assert_eq!(problem("\n-----END A-----\n"), (2, "is an END without a BEGIN"));
        assert_eq!(problem("-----BEGIN A----\n"), (1, "has a label that is not well-formed"));
        assert_eq!(problem("-----BEGIN -----\n"), (1, "has a label that is not well-formed"));
        for bad in ["AQI", "AQ=D", "AQI$", "AQID=", "AR=="] {
            let text = format!("-----BEGIN A-----\n{bad}\n-----END A-----\n");
            assert_eq!(problem(&text), (2, "begins base64 that cannot be decoded"), "{bad}");
        }
    }

    #[test]
    fn der_never_looks_like_pem() {
        assert!(looks_like_pem(b"-----BEGIN CERTIFICATE-----\n"));
        assert!(looks_like_pem(b"0 s:CN=a\n-----BEGIN CERTIFICATE-----\n"));
        assert!(!looks_like_pem(b"\x30\x82\x01\x00\n-----BEGIN CERTIFICATE-----\n"));
        assert!(!looks_like_pem(b""));
    }

    #[test]
    fn writes_what_it_reads() {
        for length in [0, 1, 47, 48, 49, 500] {
            let der: Vec<u8> = (0..=255).cycle().take(length).collect();
            let mut text = Vec::new();
            write(&mut text, "CERTIFICATE", &der);
            assert_eq!(decode(&text).unwrap()[0].der, der);
            assert!(text.split(|byte| *byte == b'\n').all(|line| line.len() <= 64));
        }
    }
}
