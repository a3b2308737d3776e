//! Percent-encoding (RFC 3986 section 2.1), read strictly: what one reader passes over, another may take for a certificate.

use crate::certificate::text::from_hex_digits;

/// Undoes it. `+` is no blank here: Base64 has it, and some proxies leave it as it is. None where a `%` is not followed by
/// two hexadecimal digits, and for bytes that are no printable ASCII.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'%' => {
                let ([high, low], tail) = rest.split_first_chunk()?;
                out.push(from_hex_digits(*high, *low)?);
                rest = tail;
            }
            b' '..=b'~' => out.push(*first),
            _ => return None,
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::text::percent_encoded as encode;

    #[test]
    fn what_is_half_an_escape_is_none() {
        for bad in ["%", "%4", "a%", "%zz", "%+1", "%4g", "%%20", "\u{7f}", "ü", "a\tb", "a\nb"] {
            assert_eq!(decode(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(decode(b"a%2Bb+c%2fd%0A").as_deref(), Some(&b"a+b+c/d\n"[..]));
    }

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&all, b"")).as_deref(), Some(&*all));
        assert_eq!(encode(b"a+/= \n-._~", b"+=/"), b"a+/=%20%0A-._~");
        assert_eq!(encode(b"a+/= \n", b""), b"a%2B%2F%3D%20%0A");
    }
}
