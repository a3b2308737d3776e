//! Distinguished names: reading, walking and comparing them (RFC 5280 sections 4.1.2.4 and 7.1).

use std::hash::{BuildHasher, Hasher};

use super::der::{self, Malformed, Reader};

/// A distinguished name, in the order of its DER: most general attribute first.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    /// The whole Name, its SEQUENCE header included.
    der: &'a [u8],
}

/// A relative distinguished name: one attribute, or several joined by `+`.
#[derive(Clone, Copy, Debug)]
pub struct RelativeName<'a> {
    content: &'a [u8],
}

/// One attribute of a name, exactly as it stands in the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// The content bytes of the type's object identifier.
    pub oid: &'a [u8],
    /// The ASN.1 tag of the value: 12 is UTF8String, 19 PrintableString, and so on.
    pub tag: u8,
    /// The value's bytes, not decoded and not cut at a NUL.
    pub value: &'a [u8],
}

impl<'a> Name<'a> {
    /// A name whose form `check_name` has already accepted.
    pub(crate) fn checked(der: &'a [u8]) -> Self {
        Self { der }
    }

    /// The name's DER, its SEQUENCE header included.
    pub fn as_der(&self) -> &'a [u8] {
        self.der
    }

    /// Whether it has no attributes at all.
    pub fn is_empty(&self) -> bool {
        self.der.len() <= 2
    }

    /// The relative names, in the order of the DER.
    pub fn relative_names(&self) -> impl DoubleEndedIterator<Item = RelativeName<'a>> + Clone + use<'a> {
        self.relative().collect::<Vec<_>>().into_iter()
    }

    /// The same, forwards only, which needs no memory.
    fn relative(&self) -> impl Iterator<Item = RelativeName<'a>> + Clone + use<'a> {
        let mut outer = Reader::new(self.der);
        let inside = outer.any("Name").map_or(&[][..], |tlv| outer.content(&tlv));
        Values { rest: inside }.map(|(_, content, _)| RelativeName { content })
    }

    /// All attributes, in the order of the DER, those of a multi-valued relative name one after the other.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + Clone + use<'a> {
        let mut outer = Reader::new(self.der);
        let inside = outer.any("Name").map_or(&[][..], |tlv| outer.content(&tlv));
        Values { rest: inside }.flat_map(|(_, content, _)| RelativeName { content }.attributes())
    }

    /// Whether both name the same thing: types equal, values equal without regard to case, string type and
    /// repeated or surrounding spaces (RFC 5280 section 7.1, as OpenSSL compares names).
    pub fn matches(&self, other: &Name<'_>) -> bool {
        self.der == other.der || canonically_equal(self.der, other.der)
    }

    /// Whether `self` begins with all relative names of `base`, as a directoryName constraint means it.
    pub(crate) fn is_within(&self, base: &Name<'_>) -> bool {
        let mut own = self.relative();
        base.relative().all(|expected| own.next().is_some_and(|found| found.matches(&expected)))
    }

    /// A hash of what `matches` compares: equal for names that match.
    pub(crate) fn canonical_hash(&self, keys: &impl BuildHasher) -> u64 {
        let mut state = keys.build_hasher();
        let mut folded = Vec::with_capacity(64);
        for relative in self.relative() {
            // A sum, because the attributes of a relative name are a set.
            let sum = relative.attributes().fold(0u64, |sum, attribute| {
                folded.clear();
                attribute.fold(&mut folded);
                sum.wrapping_add(keys.hash_one((attribute.oid, &*folded)))
            });
            state.write_u64(sum);
        }
        state.finish()
    }
}

impl<'a> RelativeName<'a> {
    /// The attributes, in the order of the DER; never none.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + Clone + use<'a> {
        Values { rest: self.content }.filter_map(|(_, content, _)| {
            let mut reader = Reader::new(content);
            let oid = reader.oid("AttributeType").ok()?;
            let value = reader.any("AttributeValue").ok()?;
            Some(Attribute { oid, tag: value.tag, value: reader.content(&value) })
        })
    }

    fn matches(&self, other: &RelativeName<'_>) -> bool {
        if self.content == other.content {
            return true;
        }
        let alone = |name: &RelativeName<'_>| name.attributes().nth(1).is_none();
        if alone(self) && alone(other) {
            return self.attributes().zip(other.attributes()).all(|(own, other)| own.matches(&other));
        }
        self.folded() == other.folded()
    }

    /// The attributes as they are compared, sorted: a SET has no order that means anything, and one of thousands of
    /// attributes must not cost their square.
    fn folded(&self) -> Vec<(&'a [u8], Vec<u8>)> {
        let mut attributes: Vec<_> = self.attributes().map(|attribute| (attribute.oid, attribute.folded())).collect();
        attributes.sort_unstable();
        attributes
    }
}

impl Attribute<'_> {
    /// The value's text where its string type and bytes are sound: UTF8String, PrintableString, NumericString,
    /// IA5String, VisibleString, BMPString, UniversalString, and T61String read as Latin-1 (what OpenSSL does).
    pub fn text(&self) -> Option<String> {
        let mut text = String::new();
        decode_string(self.tag, self.value, &mut |c| text.push(c)).then_some(text)
    }

    fn matches(&self, other: &Attribute<'_>) -> bool {
        if self.oid != other.oid {
            return false;
        }
        if self.tag == other.tag && self.value == other.value {
            return true;
        }
        if is_ascii_text(self) && is_ascii_text(other) {
            return same_words(self.value, other.value);
        }
        self.folded() == other.folded()
    }

    fn folded(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.value.len() + 4);
        self.fold(&mut bytes);
        bytes
    }

    /// Appends the bytes that are compared: text in lower case with single inner spaces, anything else as it is.
    fn fold(&self, out: &mut Vec<u8>) {
        if is_ascii_text(self) {
            out.push(1);
            for (place, word) in words(self.value).enumerate() {
                if place > 0 {
                    out.push(b' ');
                }
                out.extend(word.iter().map(u8::to_ascii_lowercase));
            }
        } else {
            let start = out.len();
            out.push(1);
            let mut fold = SpaceFold { out, started: false, pending: false };
            // A value that turns out broken half-way is compared as its plain bytes.
            if !decode_string(self.tag, self.value, &mut |c| fold.push(c)) {
                out.truncate(start);
                out.extend_from_slice(&[0, self.tag]);
                out.extend_from_slice(self.value);
            }
        }
        out.push(0xff);
    }
}

/// Whether the value is text whose characters are its bytes.
fn is_ascii_text(attribute: &Attribute<'_>) -> bool {
    let text = [der::UTF8_STRING, der::PRINTABLE_STRING, der::NUMERIC_STRING, der::IA5_STRING, der::VISIBLE_STRING];
    text.contains(&attribute.tag) && attribute.value.is_ascii()
}

/// Whether two ASCII texts are equal without regard to case and to how their words are spaced.
fn same_words(left: &[u8], right: &[u8]) -> bool {
    let (mut left, mut right) = (words(left), words(right));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some(left), Some(right)) if left.eq_ignore_ascii_case(right) => {}
            _ => return false,
        }
    }
}

/// The words of an ASCII text.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| matches!(byte, b' ' | b'\t'..=b'\r')).filter(|word| !word.is_empty())
}

struct SpaceFold<'o> {
    out: &'o mut Vec<u8>,
    started: bool,
    pending: bool,
}

impl SpaceFold<'_> {
    fn push(&mut self, c: char) {
        if c == ' ' || ('\t'..='\r').contains(&c) {
            self.pending = self.started;
            return;
        }
        if self.pending {
            self.out.push(b' ');
            self.pending = false;
        }
        self.started = true;
        if c.is_ascii() {
            self.out.push(c.to_ascii_lowercase() as u8);
        } else {
            for lower in c.to_lowercase() {
                self.out.extend_from_slice(lower.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
}

/// Decodes a string of a known type into characters; false where the type is unknown or the bytes are broken.
pub(crate) fn decode_string(tag: u8, value: &[u8], emit: &mut dyn FnMut(char)) -> bool {
    match tag {
        der::UTF8_STRING => match std::str::from_utf8(value) {
            Ok(text) => text.chars().for_each(emit),
            Err(_) => return false,
        },
        der::PRINTABLE_STRING | der::NUMERIC_STRING | der::IA5_STRING | der::VISIBLE_STRING => {
            if !value.is_ascii() {
                return false;
            }
            for byte in value {
                emit(char::from(*byte));
            }
        }
        der::T61_STRING => value.iter().for_each(|byte| emit(char::from(*byte))),
        der::BMP_STRING => {
            let (units, []) = value.as_chunks::<2>() else { return false };
            for unit in units {
                match char::from_u32(u16::from_be_bytes(*unit).into()) {
                    Some(c) => emit(c),
                    None => return false,
                }
            }
        }
        der::UNIVERSAL_STRING => {
            let (units, []) = value.as_chunks::<4>() else { return false };
            for unit in units {
                match char::from_u32(u32::from_be_bytes(*unit)) {
                    Some(c) => emit(c),
                    None => return false,
                }
            }
        }
        _ => return false,
    }
    true
}

/// Checks the form of a Name's content: sets that are not empty, of a type and one value each.
pub(crate) fn check_name(mut rdns: Reader<'_>, field: &'static str) -> Result<(), Malformed> {
    while !rdns.is_empty() {
        if let Some(length) = usual_relative_name(rdns.rest()) {
            rdns.skip(length);
            continue;
        }
        let mut set = rdns.enter(der::SET, field)?;
        if set.is_empty() {
            return set.fail(field, "has an empty relative name");
        }
        while !set.is_empty() {
            let mut attribute = set.enter(der::SEQUENCE, field)?;
            attribute.oid(field)?;
            let at = attribute;
            // DER allows no string in parts (X.690 section 10.2).
            if matches!(attribute.any(field)?.tag, 0x2c | 0x32..=0x36 | 0x39..=0x3c | 0x3e) {
                return at.fail(field, "has a string in constructed form");
            }
            attribute.finish(field)?;
        }
    }
    Ok(())
}

/// The length of the relative name that `bytes` begin with, if it is what nearly all are: one attribute of a type in
/// X.520, a string in one piece, and every length in one byte.
fn usual_relative_name(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [
            der::SET,
            set,
            der::SEQUENCE,
            attribute,
            der::OID,
            3,
            0x55,
            4,
            0..=0x7f,
            tag,
            length @ 0..=0x70,
            rest @ ..,
        ] if matches!(*tag, der::UTF8_STRING | der::PRINTABLE_STRING | der::IA5_STRING)
            && *attribute == length + 7
            && *set == attribute + 2
            && rest.len() >= usize::from(*length) =>
        {
            Some(usize::from(*set) + 2)
        }
        _ => None,
    }
}

/// The values of a content that was checked before: tag, content, whole.
#[derive(Clone)]
pub(crate) struct Values<'a> {
    pub(crate) rest: &'a [u8],
}

impl<'a> Iterator for Values<'a> {
    type Item = (u8, &'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let mut reader = Reader::new(self.rest);
        let tlv = reader.any("value").ok()?;
        let item = (tlv.tag, reader.content(&tlv), reader.whole(&tlv));
        self.rest = &self.rest[tlv.end..];
        Some(item)
    }
}

fn canonically_equal(left: &[u8], right: &[u8]) -> bool {
    let (mut left, mut right) = (Name { der: left }.relative(), Name { der: right }.relative());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some(left), Some(right)) if left.matches(&right) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::hash::RandomState;

    use super::*;

    /// A name of one common name.
    fn name(tag: u8, value: &[u8]) -> Vec<u8> {
        let wrap = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
        let attribute = [wrap(der::OID, &[0x55, 4, 3]), wrap(tag, value)].concat();
        wrap(der::SEQUENCE, &wrap(der::SET, &wrap(der::SEQUENCE, &attribute)))
    }

    #[test]
    fn names_that_match_have_one_hash() {
        let keys = RandomState::new();
        let latin: &[u8] = b"J\xf6rg  A";
        let alike: [&[(u8, &[u8])]; 2] = [
            &[
                (der::UTF8_STRING, b"Alice Example"),
                (der::PRINTABLE_STRING, b"  alice   EXAMPLE "),
                (der::IA5_STRING, b"ALICE EXAMPLE"),
                (der::T61_STRING, b"Alice Example"),
                (der::BMP_STRING, b"\0A\0l\0i\0c\0e\0 \0E\0x\0a\0m\0p\0l\0e"),
            ],
            &[
                (der::UTF8_STRING, "J\u{f6}rg A".as_bytes()),
                (der::UTF8_STRING, "j\u{d6}RG a".as_bytes()),
                (der::T61_STRING, latin),
                (der::BMP_STRING, b"\0J\0\xf6\0r\0g\0 \0A"),
            ],
        ];
        for group in alike {
            let names: Vec<Vec<u8>> = group.iter().map(|(tag, value)| name(*tag, value)).collect();
            for other in &names {
                let (first, other) = (Name::checked(&names[0]), Name::checked(other));
                assert!(first.matches(&other) && other.matches(&first));
                assert_eq!(first.canonical_hash(&keys), other.canonical_hash(&keys));
            }
        }
    }

    #[test]
    fn strings_in_parts_are_no_der() {
        let constructed = name(der::UTF8_STRING | 0x20, &[der::UTF8_STRING, 1, b'a']);
        let mut outer = Reader::new(&constructed);
        let inside = outer.enter(der::SEQUENCE, "subject").unwrap();
        assert_eq!(check_name(inside, "subject").unwrap_err().problem, "has a string in constructed form");
    }

    #[test]
    fn what_differs_does_not_match() {
        let alice = name(der::UTF8_STRING, b"alice");
        let others: [(u8, &[u8]); 6] = [
            (der::UTF8_STRING, b"alice\0"),
            (der::UTF8_STRING, b"al ice"),
            (der::UTF8_STRING, b""),
            (der::UTF8_STRING, b"alic\xe9"),
            (der::BMP_STRING, b"\0a\0l\0i\0c\0e\0"),
            (der::OCTET_STRING, b"alice"),
        ];
        for (tag, value) in others {
            assert!(!Name::checked(&alice).matches(&Name::checked(&name(tag, value))), "{tag} {value:?}");
        }
        let broken = name(der::UTF8_STRING, b"alic\xe9");
        assert!(Name::checked(&broken).matches(&Name::checked(&broken)));
    }
}
