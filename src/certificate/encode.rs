//! DER, written: the little that names and OCSP requests need.

use super::der;

/// One value: tag, shortest length, the parts of its content.
pub(crate) fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = vec![tag];
    if let Ok(short @ 0..=0x7f) = u8::try_from(length) {
        out.push(short);
    } else {
        let bytes = length.to_be_bytes();
        let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
        out.push(0x80 | u8::try_from(bytes.len() - first).unwrap_or(u8::MAX));
        out.extend_from_slice(&bytes[first..]);
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// A SEQUENCE of these parts.
pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    value(der::SEQUENCE, parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::Reader;

    #[test]
    fn lengths_are_those_that_the_reader_wants() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000] {
            let content = vec![7; length];
            let written = value(der::OCTET_STRING, &[&content[..length / 2], &content[length / 2..]]);
            let mut reader = Reader::new(&written);
            let tlv = reader.expect(der::OCTET_STRING, "value").expect("DER");
            assert_eq!(reader.content(&tlv), content);
            assert!(reader.is_empty());
        }
    }
}
