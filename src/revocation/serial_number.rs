//! Serial numbers as the integers that they are, however their INTEGER was written.

/// A serial number without the bytes that only DER needs, or that not even DER does: equal for equal integers alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SerialNumber<'a> {
    pub(super) kind: Kind,
    /// Big-endian. Two's complement where it is negative; else without leading zeros.
    pub(super) bytes: &'a [u8],
}

/// How many bytes it has, and whether it is negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind(u64);

impl<'a> SerialNumber<'a> {
    /// Of an INTEGER's content bytes, minimal or not; none of them are zero.
    #[inline]
    pub(super) fn new(content: &'a [u8]) -> Self {
        let mut bytes = content;
        let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
        if negative {
            while let [0xff, second, ..] = bytes
                && second & 0x80 != 0
            {
                bytes = &bytes[1..];
            }
        } else {
            while let [0, rest @ ..] = bytes {
                bytes = rest;
            }
        }
        Self { kind: Kind::new(bytes.len(), negative), bytes }
    }

    /// The content bytes of its minimal INTEGER.
    pub(super) fn content(&self) -> Vec<u8> {
        let zero = self.kind.0 & 1 == 0 && self.bytes.first().is_none_or(|first| first & 0x80 != 0);
        let mut content = Vec::with_capacity(self.bytes.len() + 1);
        content.extend(zero.then_some(0));
        content.extend_from_slice(self.bytes);
        content
    }
}

impl Kind {
    #[inline]
    pub(super) fn new(length: usize, negative: bool) -> Self {
        Self((length as u64) << 1 | u64::from(negative))
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation)] // It is the length of bytes in memory.
    pub(super) fn length(self) -> usize {
        (self.0 >> 1) as usize
    }

    #[inline]
    pub(super) fn is_negative(self) -> bool {
        self.0 & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_integers_are_equal() {
        let all: [&[&[u8]]; 7] = [
            &[&[], &[0], &[0, 0]],
            &[&[1], &[0, 1], &[0, 0, 1]],
            &[&[0, 0x80], &[0, 0, 0x80]],
            &[&[0x80], &[0xff, 0x80], &[0xff, 0xff, 0x80]],
            &[&[0xff], &[0xff, 0xff]],
            &[&[0, 0xff], &[0, 0, 0xff]],
            &[&[0xff, 0x7f], &[0xff, 0xff, 0x7f]],
        ];
        for (place, group) in all.iter().enumerate() {
            for (other_place, other) in all.iter().enumerate() {
                for (serial, other) in group.iter().flat_map(|serial| other.iter().map(move |other| (serial, other))) {
                    let same = SerialNumber::new(serial) == SerialNumber::new(other);
                    assert_eq!(same, place == other_place, "{serial:?} {other:?}");
                }
            }
            let shortest = if place == 0 { group[1] } else { group[0] };
            assert!(group.iter().all(|serial| SerialNumber::new(serial).content() == shortest));
        }
    }
}
