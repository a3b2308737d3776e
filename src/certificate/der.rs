//! A strict DER reader that hands out positions instead of copies (X.690 section 10).
//!
//! Only what certificates need: definite, minimal lengths and tag numbers below 31. Positions are absolute in
//! the input, so an error can say where it happened and a layout can be kept apart from the bytes it describes.

use std::fmt;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const NUMERIC_STRING: u8 = 0x12;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const T61_STRING: u8 = 0x14;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const VISIBLE_STRING: u8 = 0x1a;
pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
pub(crate) const BMP_STRING: u8 = 0x1e;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// Context-specific primitive tag `[n] IMPLICIT`.
pub(crate) const fn context(n: u8) -> u8 {
    0x80 | n
}

/// Context-specific constructed tag `[n]`.
pub(crate) const fn context_constructed(n: u8) -> u8 {
    0xa0 | n
}

/// Bytes that are not the DER they should be: what was being read, what is wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The field or structure that was being read, in the words of RFC 5280.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
    /// Byte offset from the start of the DER that was read.
    pub offset: usize,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} at byte {}", self.field, self.problem, self.offset)
    }
}

impl std::error::Error for Malformed {}

/// A range of bytes in a certificate or CRL, which are refused from 4 GiB on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// A layout refuses what is longer than positions can say.
    #[allow(clippy::cast_possible_truncation)]
    #[inline]
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    #[inline]
    pub(crate) fn of(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start as usize..self.end as usize]
    }

    #[inline]
    pub(crate) fn length(self) -> usize {
        (self.end - self.start) as usize
    }
}

/// One tag-length-value: where it starts, where its content is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tlv {
    pub(crate) tag: u8,
    pub(crate) start: usize,
    pub(crate) content: usize,
    pub(crate) end: usize,
}

impl Tlv {
    #[inline]
    pub(crate) fn whole(&self) -> Span {
        Span::new(self.start, self.end)
    }

    pub(crate) fn inner(&self) -> Span {
        Span::new(self.content, self.end)
    }
}

/// A cursor over part of `input`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    input: &'a [u8],
    position: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    #[inline]
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self { input, position: 0, end: input.len() }
    }

    /// A reader of one value's content, in the same coordinates.
    #[inline]
    pub(crate) fn within(&self, tlv: &Tlv) -> Self {
        Self { input: self.input, position: tlv.content, end: tlv.end }
    }

    /// A reader of a part of `input` found earlier, in the coordinates of `input`.
    #[inline]
    pub(crate) fn at(input: &'a [u8], span: Span) -> Self {
        Self { input, position: span.start as usize, end: span.end as usize }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.position == self.end
    }

    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// What it reads from, in whose coordinates positions are.
    pub(crate) fn input(&self) -> &'a [u8] {
        self.input
    }

    /// What is left.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.input[self.position..self.end]
    }

    /// Goes on behind the next `length` bytes, which are there.
    #[inline]
    pub(crate) fn skip(&mut self, length: usize) {
        self.position = self.end.min(self.position + length);
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn fail<T>(&self, field: &'static str, problem: &'static str) -> Result<T, Malformed> {
        Err(Malformed { field, problem, offset: self.position })
    }

    /// The tag of the next value, if there is one.
    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        (self.position < self.end).then(|| self.input[self.position])
    }

    /// Reads one value of any tag.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the compiler would not, and reading takes twice as long then")]
    pub(crate) fn any(&mut self, field: &'static str) -> Result<Tlv, Malformed> {
        let bytes = &self.input[self.position..self.end];
        let (header, length) = match header(bytes) {
            Ok((header, length)) if length <= bytes.len() - header => (header, length),
            Ok(_) => return self.fail(field, "is truncated"),
            Err(problem) => return self.fail(field, problem),
        };
        let start = self.position;
        let content = start + header;
        self.position = content + length;
        Ok(Tlv { tag: bytes[0], start, content, end: self.position })
    }

    /// Reads one value that must have `tag`.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the compiler would not, and reading takes twice as long then")]
    pub(crate) fn expect(&mut self, tag: u8, field: &'static str) -> Result<Tlv, Malformed> {
        match self.peek() {
            Some(found) if found == tag => self.any(field),
            Some(_) => self.fail(field, "has the wrong tag"),
            None => self.fail(field, "is missing"),
        }
    }

    /// Reads one value if the next tag is `tag`.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the compiler would not, and reading takes twice as long then")]
    pub(crate) fn optional(&mut self, tag: u8, field: &'static str) -> Result<Option<Tlv>, Malformed> {
        match self.peek() {
            Some(found) if found == tag => self.any(field).map(Some),
            _ => Ok(None),
        }
    }

    /// Enters a constructed value that must have `tag`.
    #[inline]
    pub(crate) fn enter(&mut self, tag: u8, field: &'static str) -> Result<Self, Malformed> {
        self.expect(tag, field).map(|tlv| self.within(&tlv))
    }

    /// Fails if anything is left.
    #[inline]
    pub(crate) fn finish(&self, field: &'static str) -> Result<(), Malformed> {
        if self.is_empty() { Ok(()) } else { self.fail(field, "is followed by trailing bytes") }
    }

    /// The length of the SEQUENCE that the input begins with, header included.
    pub(crate) fn enclosing_length(&mut self) -> Result<usize, Malformed> {
        self.expect(SEQUENCE, "Certificate").map(|tlv| tlv.end)
    }

    #[inline]
    pub(crate) fn content(&self, tlv: &Tlv) -> &'a [u8] {
        &self.input[tlv.content..tlv.end]
    }

    #[inline]
    pub(crate) fn whole(&self, tlv: &Tlv) -> &'a [u8] {
        &self.input[tlv.start..tlv.end]
    }

    /// Reads an INTEGER with minimal content octets (X.690 8.3.2).
    #[inline]
    pub(crate) fn integer(&mut self, field: &'static str) -> Result<Tlv, Malformed> {
        let at = *self;
        let tlv = self.expect(INTEGER, field)?;
        match self.content(&tlv) {
            [] => at.fail(field, "is an empty INTEGER"),
            [0x00, next, ..] if next & 0x80 == 0 => at.fail(field, "is an INTEGER with a superfluous leading byte"),
            [0xff, next, ..] if next & 0x80 != 0 => at.fail(field, "is an INTEGER with a superfluous leading byte"),
            _ => Ok(tlv),
        }
    }

    /// Reads a non-negative INTEGER, or an IMPLICIT one of another tag, saturating at `u32::MAX`.
    pub(crate) fn small_integer(&mut self, tag: u8, field: &'static str) -> Result<u32, Malformed> {
        let at = *self;
        let tlv = self.expect(tag, field)?;
        match self.content(&tlv) {
            [] => at.fail(field, "is an empty INTEGER"),
            [first, ..] if first & 0x80 != 0 => at.fail(field, "is negative"),
            [0x00, next, ..] if next & 0x80 == 0 => at.fail(field, "is an INTEGER with a superfluous leading byte"),
            bytes => Ok(bytes
                .iter()
                .fold(0u32, |n, b| n.checked_mul(256).map_or(u32::MAX, |n| n.saturating_add(u32::from(*b))))),
        }
    }

    /// Reads a BOOLEAN DEFAULT FALSE. An explicit FALSE is not DER, but is common and harmless; it is taken.
    #[inline]
    pub(crate) fn default_false(&mut self, field: &'static str) -> Result<bool, Malformed> {
        let at = *self;
        match self.optional(BOOLEAN, field)? {
            None => Ok(false),
            Some(tlv) => match self.content(&tlv) {
                [0x00] => Ok(false),
                [0xff] => Ok(true),
                _ => at.fail(field, "is a BOOLEAN that is neither 00 nor FF"),
            },
        }
    }

    /// Reads a BIT STRING and returns where its bits are and how many of the last byte are unused.
    #[inline]
    pub(crate) fn bit_string(&mut self, field: &'static str) -> Result<(Span, u8), Malformed> {
        let at = *self;
        let tlv = self.expect(BIT_STRING, field)?;
        match self.content(&tlv) {
            [unused, rest @ ..] if *unused < 8 && (*unused == 0 || !rest.is_empty()) => {
                if rest.last().is_some_and(|last| last & !(u8::MAX << unused) != 0) {
                    return at.fail(field, "is a BIT STRING whose unused bits are not zero");
                }
                Ok((Span::new(tlv.content + 1, tlv.end), *unused))
            }
            _ => at.fail(field, "is no BIT STRING"),
        }
    }

    /// Reads an OBJECT IDENTIFIER: no empty one, no cut arc, no padding (X.690 8.19).
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the compiler would not, and reading takes twice as long then")]
    pub(crate) fn oid(&mut self, field: &'static str) -> Result<&'a [u8], Malformed> {
        let at = *self;
        let tlv = self.expect(OID, field)?;
        let bytes = self.content(&tlv);
        if is_oid(bytes) { Ok(bytes) } else { at.fail(field, "is no valid OBJECT IDENTIFIER") }
    }
}

/// Whether `bytes` are the content of a DER OBJECT IDENTIFIER.
#[inline]
pub(crate) fn is_oid(bytes: &[u8]) -> bool {
    // Nearly all that occur in names and extensions.
    if let [first, second, third] = bytes
        && (first | second | third) & 0x80 == 0
    {
        return true;
    }
    let Some(last) = bytes.last() else { return false };
    // Only an arc that is 0x80 at its start is padded, and few have such a byte at all.
    let padded = || bytes[0] == 0x80 || bytes.windows(2).any(|pair| pair[0] & 0x80 == 0 && pair[1] == 0x80);
    last & 0x80 == 0 && !(bytes.contains(&0x80) && padded())
}

/// The lengths of the header and of the content of the value at the start of `bytes`.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the compiler would not, and reading takes twice as long then")]
fn header(bytes: &[u8]) -> Result<(usize, usize), &'static str> {
    match bytes {
        [tag, ..] if tag & 0x1f == 0x1f => Err("has a tag number above 30"),
        [_, short @ 0..=0x7f, ..] => Ok((2, usize::from(*short))),
        [_, long, rest @ ..] => long_header(*long, rest),
        _ => Err("is truncated"),
    }
}

fn long_header(first: u8, rest: &[u8]) -> Result<(usize, usize), &'static str> {
    let count = usize::from(first & 0x7f);
    if count == 0 {
        return Err("has an indefinite length");
    }
    if count > 4 {
        return Err("has a length of more than four bytes");
    }
    let Some(bytes) = rest.get(..count) else {
        return Err("is truncated in its length");
    };
    let length = bytes.iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
    if bytes[0] == 0 || length < 0x80 {
        return Err("has a length that is not minimal");
    }
    Ok((2 + count, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(bytes: &[u8]) -> &'static str {
        Reader::new(bytes).any("value").unwrap_err().problem
    }

    #[test]
    fn reads_short_and_long_lengths() {
        let tlv = Reader::new(&[0x04, 0x01, 0xaa]).any("value").unwrap();
        assert_eq!((tlv.tag, tlv.content, tlv.end), (OCTET_STRING, 2, 3));
        let mut long = vec![0x04, 0x81, 0x80];
        long.resize(3 + 0x80, 0);
        assert_eq!(Reader::new(&long).any("value").unwrap().content, 3);
    }

    #[test]
    fn refuses_what_is_not_der() {
        assert_eq!(problem(&[]), "is truncated");
        assert_eq!(problem(&[0x30]), "is truncated");
        assert_eq!(problem(&[0x30, 0x02, 0x00]), "is truncated");
        assert_eq!(problem(&[0x30, 0x80, 0x00, 0x00]), "has an indefinite length");
        assert_eq!(problem(&[0x30, 0x81, 0x01, 0x00]), "has a length that is not minimal");
        assert_eq!(problem(&[0x30, 0x82, 0x00, 0x81]), "has a length that is not minimal");
        assert_eq!(problem(&[0x30, 0x85, 1, 1, 1, 1, 1]), "has a length of more than four bytes");
        assert_eq!(problem(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), "is truncated");
        assert_eq!(problem(&[0x3f, 0x00]), "has a tag number above 30");
    }

    #[test]
    fn integers_are_minimal() {
        assert!(Reader::new(&[2, 1, 0]).integer("n").is_ok());
        assert!(Reader::new(&[2, 0]).integer("n").is_err());
        assert!(Reader::new(&[2, 2, 0, 1]).integer("n").is_err());
        assert!(Reader::new(&[2, 2, 0xff, 0x80]).integer("n").is_err());
        assert!(Reader::new(&[2, 2, 0, 0x80]).integer("n").is_ok());
        assert_eq!(Reader::new(&[2, 5, 1, 0, 0, 0, 0]).small_integer(INTEGER, "n"), Ok(u32::MAX));
        assert!(Reader::new(&[2, 1, 0x80]).small_integer(INTEGER, "n").is_err());
    }

    #[test]
    fn object_identifiers_have_whole_arcs() {
        assert!(is_oid(&[0x55, 0x04, 0x03]));
        assert!(!is_oid(&[]));
        assert!(!is_oid(&[0x55, 0x84]));
        assert!(!is_oid(&[0x55, 0x80, 0x01]));
    }
}
