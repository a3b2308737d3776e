//! Percent-encoding (RFC 3986 section 2.1), read strictly: what one reader passes over, another may take for a certificate.

/// Undoes it. `+` is no blank here: Base64 has it, and some proxies leave it as it is. None where a `%` is not followed by
/// two hexadecimal digits, and for bytes that are no printable ASCII.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'%' => {
                let (pair, tail) = rest.split_first_chunk::<2>()?;
                let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
                out.push(u8::try_from(high? << 4 | low?).ok()?);
                rest = tail;
            }
            b' '..=b'~' => out.push(*first),
            _ => return None,
        }
    }
    Some(out)
}

/// Escapes everything but letters, digits, `-._~` and what is `safe` besides, in upper-case hexadecimal.
pub(super) fn encode(bytes: &[u8], safe: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 4);
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(*byte),
            _ if safe.contains(byte) => out.push(*byte),
            _ => out.extend([b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

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
