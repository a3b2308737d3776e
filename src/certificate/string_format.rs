//! Strings as OpenSSL's `ASN1_STRING_print_ex` writes them.

use super::der;
use super::text::is_plain;

/// The flags of `ASN1_STRING_print_ex` that the systems we follow use. Control characters are always escaped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// Escape what RFC 2253 gives a meaning (`ASN1_STRFLGS_ESC_2253`).
    pub(super) escape_special: bool,
    /// Put a value with special characters in double quotes instead (`ASN1_STRFLGS_ESC_QUOTE`).
    pub(super) quote: bool,
    /// Escape every byte above 0x7f (`ASN1_STRFLGS_ESC_MSB`).
    pub(super) escape_high: bool,
    /// Convert every string type to UTF-8 first (`ASN1_STRFLGS_UTF8_CONVERT`).
    pub(super) utf8: bool,
    /// Leave what is no string to a dump (`ASN1_STRFLGS_DUMP_UNKNOWN`), instead of writing its bytes.
    pub(super) dump: bool,
}

impl Style {
    /// `ASN1_STRFLGS_RFC2253`.
    pub(super) const RFC2253: Self =
        Self { escape_special: true, quote: false, escape_high: true, utf8: true, dump: true };

    /// `ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_UTF8_CONVERT`.
    pub(super) const APACHE_VALUE: Self =
        Self { escape_special: false, quote: false, escape_high: false, utf8: true, dump: false };

    /// `ASN1_STRFLGS_ESC_CTRL`.
    pub(super) const APACHE_RAW: Self = Self { utf8: false, ..Self::APACHE_VALUE };
}

/// Appends a string; false, and nothing appended, where it has to be dumped: no string, or one that OpenSSL cannot
/// print. `value` is what OpenSSL keeps as the string.
pub(super) fn push(out: &mut Vec<u8>, tag: u8, value: &[u8], style: &Style) -> bool {
    if matches!(tag, der::UTF8_STRING | der::PRINTABLE_STRING | der::IA5_STRING) && is_plain(value) {
        out.extend_from_slice(value);
        return true;
    }
    let width = match tag {
        der::UTF8_STRING if style.utf8 => Width::Raw,
        der::UTF8_STRING => Width::Utf8,
        der::NUMERIC_STRING
        | der::PRINTABLE_STRING
        | der::T61_STRING
        | der::IA5_STRING
        | der::UTC_TIME
        | der::GENERALIZED_TIME
        | der::VISIBLE_STRING => Width::One,
        der::UNIVERSAL_STRING => Width::Four,
        der::BMP_STRING => Width::Two,
        _ if style.dump => return false,
        _ => Width::One,
    };
    let mut writer = Writer { out, style, quoted: false };
    let start = writer.out.len();
    if !writer.write(width, value) {
        writer.out.truncate(start);
        return false;
    }
    if writer.quoted {
        writer.out.insert(start, b'"');
        writer.out.push(b'"');
    }
    true
}

/// The DER of a value.
pub(super) fn tag_length_value(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() + 6);
    out.push(tag);
    match u8::try_from(value.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let bytes = value.len().to_be_bytes();
            let significant = bytes.iter().skip_while(|byte| **byte == 0);
            out.push(significant.clone().fold(0x80, |count, _| count + 1));
            out.extend(significant);
        }
    }
    out.extend_from_slice(value);
    out
}

/// How many bytes make a character.
#[derive(Clone, Copy)]
enum Width {
    /// Bytes that are UTF-8 already, or claim to be, and are written as they are.
    Raw,
    Utf8,
    One,
    Two,
    Four,
}

struct Writer<'o> {
    out: &'o mut Vec<u8>,
    style: &'o Style,
    quoted: bool,
}

impl Writer<'_> {
    fn write(&mut self, width: Width, value: &[u8]) -> bool {
        match width {
            Width::Raw => {
                for (index, byte) in value.iter().enumerate() {
                    self.byte(*byte, index == 0, index + 1 == value.len());
                }
                true
            }
            Width::Utf8 => std::str::from_utf8(value).is_ok_and(|text| {
                let last = text.chars().next_back().map_or(0, char::len_utf8);
                text.char_indices().all(|(at, c)| self.character(u32::from(c), at == 0, at + last == text.len()))
            }),
            Width::One => self.units(value.iter().map(|byte| u32::from(*byte))),
            Width::Two => {
                let (units, []) = value.as_chunks::<2>() else { return false };
                self.units(units.iter().map(|unit| u32::from(u16::from_be_bytes(*unit))))
            }
            Width::Four => {
                let (units, []) = value.as_chunks::<4>() else { return false };
                self.units(units.iter().map(|unit| u32::from_be_bytes(*unit)))
            }
        }
    }

    fn units(&mut self, units: impl ExactSizeIterator<Item = u32>) -> bool {
        let count = units.len();
        units.enumerate().all(|(index, unit)| self.character(unit, index == 0, index + 1 == count))
    }

    fn character(&mut self, unit: u32, first: bool, last: bool) -> bool {
        if self.style.utf8 {
            let Some(c) = char::from_u32(unit) else { return false };
            // Only a character of one byte can be special, so first and last are right for it.
            c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| self.byte(byte, first, last));
            return true;
        }
        match (u8::try_from(unit), unit) {
            (Ok(byte), _) => self.byte(byte, first, last),
            (_, 0x100..=0xffff) => self.out.extend_from_slice(format!("\\U{unit:04X}").as_bytes()),
            _ => self.out.extend_from_slice(format!("\\W{unit:08X}").as_bytes()),
        }
        true
    }

    fn byte(&mut self, byte: u8, first: bool, last: bool) {
        let special = self.style.escape_special
            && match byte {
                b'"' | b'+' | b',' | b';' | b'<' | b'>' => true,
                b' ' => first || last,
                // OpenSSL takes the only character for the last, not for the first.
                b'#' => first && !last,
                _ => false,
            };
        if special && self.style.quote && byte != b'"' {
            self.quoted = true;
            self.out.push(byte);
        } else if special || byte == b'\\' {
            self.out.extend_from_slice(&[b'\\', byte]);
        } else if byte < b' ' || byte == 0x7f || (byte > 0x7f && self.style.escape_high) {
            self.out.push(b'\\');
            super::text::push_hex_upper(self.out, &[byte]);
        } else {
            self.out.push(byte);
        }
    }
}
