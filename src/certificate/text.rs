//! Small writers that every rendering shares: hexadecimal, decimal, base64.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// The two digits of each byte.
static LOWER: [[u8; 2]; 256] = digit_pairs(b"0123456789abcdef");
static UPPER: [[u8; 2]; 256] = digit_pairs(b"0123456789ABCDEF");

/// Lower-case hexadecimal as a text.
pub(crate) fn hex(bytes: &[u8]) -> String {
    // Nothing but digits comes of it.
    String::from_utf8(hex_lower(bytes)).unwrap_or_default()
}

/// Appends two lower-case digits per byte.
pub(crate) fn push_hex_lower(out: &mut Vec<u8>, bytes: &[u8]) {
    push_hex(out, bytes, &LOWER);
}

/// Appends two upper-case digits per byte.
pub(crate) fn push_hex_upper(out: &mut Vec<u8>, bytes: &[u8]) {
    push_hex(out, bytes, &UPPER);
}

/// Two lower-case digits per byte.
pub(crate) fn hex_lower(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    push_hex_lower(&mut out, bytes);
    out
}

/// The bytes of hexadecimal digits in any case; None where there is anything else or a digit too few.
pub(crate) fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| from_hex_digits(*high, *low)).collect()
}

/// The byte of two hexadecimal digits.
pub(crate) fn from_hex_digits(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

/// Percent-encodes (RFC 3986 section 2.1) everything but letters, digits, `-._~` and what is `safe` besides, in upper case.
pub(crate) fn percent_encoded(bytes: &[u8], safe: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() * 5 / 4);
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(*byte),
            _ if safe.contains(byte) => out.push(*byte),
            _ => {
                out.push(b'%');
                push_hex_upper(&mut out, &[*byte]);
            }
        }
    }
    out
}

/// Appends `number` in decimal.
pub(crate) fn push_decimal(out: &mut Vec<u8>, number: i64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

/// The decimal text of a big-endian magnitude of any length.
pub(crate) fn decimal_of_magnitude(magnitude: &[u8]) -> String {
    // Limbs of nine decimal digits, least significant first. The cost is the square of the length, which callers bound.
    let mut limbs: Vec<u64> = vec![0];
    for chunk in magnitude.rchunks(4).rev() {
        let mut carry = chunk.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        for limb in &mut limbs {
            let value = (*limb << (8 * chunk.len())) + carry;
            *limb = value % 1_000_000_000;
            carry = value / 1_000_000_000;
        }
        while carry != 0 {
            limbs.push(carry % 1_000_000_000);
            carry /= 1_000_000_000;
        }
    }
    let mut limbs = limbs.into_iter().rev();
    let mut text = limbs.next().map_or_else(String::new, |first| first.to_string());
    limbs.for_each(|limb| text.push_str(&format!("{limb:09}")));
    text
}

/// Whether every byte is printable ASCII that no printer of names or of general names treats specially, at the start
/// and the end neither: what nearly every value is, so that it can be copied as it stands.
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    bytes.first() != Some(&b' ')
        && bytes.last() != Some(&b' ')
        && bytes.iter().fold(true, |plain, byte| plain & PLAIN[usize::from(*byte)])
}

/// Base64 on one line, padded (RFC 4648 section 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Base64 for URLs, without padding (RFC 4648 section 5).
pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of what [`base64url`] writes; None for anything else.
pub(crate) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn push_hex(out: &mut Vec<u8>, bytes: &[u8], pairs: &[[u8; 2]; 256]) {
    out.reserve(bytes.len() * 2);
    for byte in bytes {
        out.extend_from_slice(&pairs[usize::from(*byte)]);
    }
}

static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0x20;
    while byte < 0x7f {
        plain[byte as usize] = !matches!(byte, b'"' | b'#' | b'+' | b',' | b'/' | b';' | b'<' | b'>' | b'\\');
        byte += 1;
    }
    plain
};

const fn digit_pairs(digits: &[u8; 16]) -> [[u8; 2]; 256] {
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_hexadecimal() {
        let mut out = Vec::new();
        push_hex_lower(&mut out, &[0x00, 0xab]);
        push_hex_upper(&mut out, &[0xcd, 0x0f]);
        assert_eq!(out, b"00abCD0F");
    }

    #[test]
    fn tells_plain_text() {
        assert!(is_plain(b"") && is_plain(b"alice@example.org") && is_plain(b"R and D"));
        for special in [" a", "a ", "a\0", "\x7f", "é", "#", "a,b", "a+b", "a/b", "\\", "\"", "<", ">", ";", "\n"] {
            assert!(!is_plain(special.as_bytes()), "{special:?}");
        }
    }

    #[test]
    fn writes_decimals() {
        for number in [0, 7, -7, 10, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            push_decimal(&mut out, number);
            assert_eq!(out, number.to_string().into_bytes());
        }
        assert_eq!(decimal_of_magnitude(&[]), "0");
        assert_eq!(decimal_of_magnitude(&[0]), "0");
        assert_eq!(decimal_of_magnitude(&[0xff; 4]), u32::MAX.to_string());
        assert_eq!(decimal_of_magnitude(&[1, 0, 0, 0, 0]), (1u64 << 32).to_string());
        assert_eq!(decimal_of_magnitude(&u128::MAX.to_be_bytes()), u128::MAX.to_string());
        assert_eq!(decimal_of_magnitude(&1_000_000_000_000_000_000u64.to_be_bytes()), "1000000000000000000");
    }
}
