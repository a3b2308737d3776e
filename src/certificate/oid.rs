//! Object identifiers: their dotted form, and the names that people know them by.

use super::object_names::OBJECT_NAMES;
use super::text::{decimal_of_magnitude, push_decimal, push_hex_upper};

/// The longest identifier that is printed as dotted decimal: 128 arcs of 32 bits (RFC 2578 section 3.5), the limit
/// of OpenSSL too. Longer ones would take time that grows with the square of their length.
pub(crate) const LONGEST_DOTTED: usize = 586;

/// The dotted decimal form of an identifier's content bytes, such as `2.5.4.3`; arcs may be of any size.
///
/// Longer than 586 bytes, it is `#` and the content in upper-case hexadecimal.
pub(crate) fn dotted(oid: &[u8]) -> String {
    let mut text = Vec::with_capacity(oid.len() * 3);
    if oid.len() > LONGEST_DOTTED {
        text.push(b'#');
        push_hex_upper(&mut text, oid);
    } else {
        for (index, arc) in oid.split_inclusive(|byte| byte & 0x80 == 0).enumerate() {
            match (index, small(arc)) {
                (0, Some(first)) => {
                    let root = (first / 40).min(2);
                    push_decimal(&mut text, root);
                    text.push(b'.');
                    push_decimal(&mut text, first - root * 40);
                }
                (0, None) => {
                    text.extend_from_slice(b"2.");
                    text.extend_from_slice(decimal_of_magnitude(&minus_80(magnitude(arc))).as_bytes());
                }
                (_, small) => {
                    text.push(b'.');
                    match small {
                        Some(arc) => push_decimal(&mut text, arc),
                        None => text.extend_from_slice(decimal_of_magnitude(&magnitude(arc)).as_bytes()),
                    }
                }
            }
        }
    }
    // Digits, dots and `#` alone.
    String::from_utf8(text).unwrap_or_default()
}

/// OpenSSL's short name, such as `CN` or `RSA-SHA256`.
pub(crate) fn short_name(oid: &[u8]) -> Option<&'static str> {
    // What nearly every name consists of.
    Some(match oid {
        [0x55, 4, 3] => "CN",
        [0x55, 4, 6] => "C",
        [0x55, 4, 7] => "L",
        [0x55, 4, 8] => "ST",
        [0x55, 4, 10] => "O",
        [0x55, 4, 11] => "OU",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] => "DC",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1] => "emailAddress",
        _ => names(oid)?.0,
    })
}

/// OpenSSL's long name, such as `commonName` or `sha256WithRSAEncryption`.
pub(crate) fn long_name(oid: &[u8]) -> Option<&'static str> {
    names(oid).map(|names| names.1)
}

/// The short name that RFC 4514 section 3 gives to an attribute type.
pub(crate) fn rfc4514_name(oid: &[u8]) -> Option<&'static str> {
    Some(match oid {
        [0x55, 4, 3] => "CN",
        [0x55, 4, 6] => "C",
        [0x55, 4, 7] => "L",
        [0x55, 4, 8] => "ST",
        [0x55, 4, 9] => "STREET",
        [0x55, 4, 10] => "O",
        [0x55, 4, 11] => "OU",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] => "DC",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1] => "UID",
        _ => return None,
    })
}

/// The content bytes of an object identifier in dotted form (X.690 section 8.19).
pub(crate) fn from_dotted(dotted: &str) -> Option<Box<[u8]>> {
    const MOST_ARCS: usize = 64;
    let arcs: Vec<&str> = dotted.split('.').collect();
    let canonical = |arc: &&str| {
        arc.bytes().all(|byte| byte.is_ascii_digit()) && !arc.is_empty() && (!arc.starts_with('0') || *arc == "0")
    };
    if arcs.len() < 2 || arcs.len() > MOST_ARCS || !arcs.iter().all(canonical) {
        return None;
    }
    let arcs = arcs.iter().map(|arc| arc.parse::<u64>().ok()).collect::<Option<Vec<_>>>()?;
    let (first, second) = (arcs[0], arcs[1]);
    if first > 2 || (first < 2 && second > 39) {
        return None;
    }
    let mut bytes = Vec::new();
    push_base128(&mut bytes, second.checked_add(40 * first)?);
    arcs[2..].iter().for_each(|arc| push_base128(&mut bytes, *arc));
    Some(bytes.into())
}

fn push_base128(bytes: &mut Vec<u8>, arc: u64) {
    let groups = (64 - arc.leading_zeros()).div_ceil(7).max(1);
    for group in (0..groups).rev() {
        let more = if group > 0 { 0x80 } else { 0 };
        bytes.push((arc >> (7 * group)).to_le_bytes()[0] & 0x7f | more);
    }
}

/// The content bytes of an attribute type: its short or long name in RFC 4514, OpenSSL or Windows in any case, or
/// its dotted form.
pub(crate) fn of_attribute(name: &str) -> Option<Box<[u8]>> {
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        return from_dotted(name);
    }
    let same = |known: &str| known.eq_ignore_ascii_case(name);
    if let Some(found) = SHORT_NAMES.iter().find(|(known, _)| same(known)) {
        return Some(found.1.into());
    }
    OBJECT_NAMES.iter().find(|(_, short, long)| same(short) || same(long)).map(|(oid, ..)| (*oid).into())
}

/// What RFC 4514 calls attributes, and Windows those that it has other names for.
static SHORT_NAMES: &[(&str, &[u8])] = &[
    ("S", &[0x55, 4, 8]),
    ("T", &[0x55, 4, 12]),
    ("G", &[0x55, 4, 42]),
    ("CN", &[0x55, 4, 3]),
    ("C", &[0x55, 4, 6]),
    ("L", &[0x55, 4, 7]),
    ("ST", &[0x55, 4, 8]),
    ("STREET", &[0x55, 4, 9]),
    ("O", &[0x55, 4, 10]),
    ("OU", &[0x55, 4, 11]),
    ("DC", &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25]),
    ("UID", &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1]),
    ("E", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1]),
];

fn names(oid: &[u8]) -> Option<(&'static str, &'static str)> {
    let index = OBJECT_NAMES.binary_search_by(|entry| entry.0.cmp(oid)).ok()?;
    let (_, short, long) = OBJECT_NAMES[index];
    Some((short, long))
}

/// The number of at most 63 bits that stands in groups of seven.
fn small(arc: &[u8]) -> Option<i64> {
    (arc.len() <= 9).then(|| arc.iter().fold(0, |value, byte| value << 7 | i64::from(byte & 0x7f)))
}

/// The bytes of a number that stands in groups of seven bits.
fn magnitude(arc: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; (arc.len() * 7).div_ceil(8)];
    for (index, group) in arc.iter().rev().enumerate() {
        let (bit, last) = (index * 7, bytes.len() - 1);
        let [high, low] = (u16::from(group & 0x7f) << (bit % 8)).to_be_bytes();
        bytes[last - bit / 8] |= low;
        if let Some(next) = last.checked_sub(bit / 8 + 1) {
            bytes[next] |= high;
        }
    }
    bytes
}

/// `number` is at least 80.
fn minus_80(mut number: Vec<u8>) -> Vec<u8> {
    let mut borrow = 80;
    for byte in number.iter_mut().rev() {
        let (rest, under) = byte.overflowing_sub(borrow);
        *byte = rest;
        borrow = u8::from(under);
        if !under {
            break;
        }
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_arcs_of_every_size() {
        for (oid, text) in [
            (&[0x55, 4, 3][..], "2.5.4.3"),
            (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], "1.2.840.113549.1.9.1"),
            (&[0x00], "0.0"),
            (&[0x27], "0.39"),
            (&[0x28], "1.0"),
            (&[0x4f], "1.39"),
            (&[0x50], "2.0"),
            (&[0x88, 0x37, 1], "2.999.1"),
            (&[0x69, 0x83, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "2.25.36893488147419103231"),
            (&[0x83, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "2.36893488147419103151"),
        ] {
            assert_eq!(dotted(oid), text);
        }
        let long = vec![0x01; LONGEST_DOTTED + 1];
        assert!(dotted(&long).starts_with("#0101"));
    }

    #[test]
    fn knows_names() {
        assert!(OBJECT_NAMES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(long_name(&[0x55, 4, 3]), Some("commonName"));
        for (oid, short, _) in OBJECT_NAMES {
            assert_eq!(short_name(oid), Some(*short));
        }
        assert_eq!(short_name(&[0x2a, 3, 4, 5]), None);
        assert_eq!(rfc4514_name(&[0x55, 4, 9]), Some("STREET"));
        assert_eq!(rfc4514_name(&[0x55, 4, 4]), None);
    }
}
