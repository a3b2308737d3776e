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
        let mut outer = Reader::new(self.der);
        let inside = outer.any("Name").map_or(&[][..], |tlv| outer.content(&tlv));
        Values { rest: inside }.map(|(_, content, _)| RelativeName { content }).collect::<Vec<_>>().into_iter()
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
        let mut own = self.relative_names();
        base.relative_names().all(|expected| own.next().is_some_and(|found| found.matches(&expected)))
    }

    /// A hash of what `matches` compares: equal for names that match.
    pub(crate) fn canonical_hash(&self, keys: &impl BuildHasher) -> u64 {
        let mut state = keys.build_hasher();
        for relative in self.relative_names() {
            // A sum, because the attributes of a relative name are a set.
            let sum = relative.attributes().fold(0u64, |sum, attribute| {
                let mut bytes = Vec::with_capacity(attribute.value.len() + 4);
                attribute.fold(&mut |byte| bytes.push(byte));
                sum.wrapping_add(keys.hash_one((attribute.oid, bytes)))
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
        // A SET has no order that means anything, so each attribute needs a partner of its own.
        let mut partners: Vec<_> = other.attributes().collect();
        self.attributes().all(|attribute| {
            let found = partners.iter().position(|partner| attribute.matches(partner));
            found.map(|index| partners.swap_remove(index)).is_some()
        }) && partners.is_empty()
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
        let folded = |attribute: &Attribute<'_>| {
            let mut bytes = Vec::with_capacity(attribute.value.len() + 4);
            attribute.fold(&mut |byte| bytes.push(byte));
            bytes
        };
        folded(self) == folded(other)
    }

    /// The bytes that are compared: text in lower case with single inner spaces, anything else as it is.
    fn fold(&self, emit: &mut dyn FnMut(u8)) {
        let mut fold = SpaceFold { emit: &mut *emit, started: false, pending: false };
        // Two passes, so that a value that turns out broken half-way is compared as its plain bytes.
        if decode_string(self.tag, self.value, &mut |_| {}) {
            (fold.emit)(1);
            decode_string(self.tag, self.value, &mut |c| fold.push(c));
        } else {
            emit(0);
            emit(self.tag);
            self.value.iter().for_each(|byte| emit(*byte));
        }
        emit(0xff);
    }
}

/// Whether the value is text whose characters are its bytes.
fn is_ascii_text(attribute: &Attribute<'_>) -> bool {
    let text = [der::UTF8_STRING, der::PRINTABLE_STRING, der::NUMERIC_STRING, der::IA5_STRING, der::VISIBLE_STRING];
    text.contains(&attribute.tag) && attribute.value.is_ascii()
}

/// Whether two ASCII texts are equal without regard to case and to how their words are spaced.
fn same_words(left: &[u8], right: &[u8]) -> bool {
    let words = |text| <[u8]>::split(text, |byte| matches!(byte, b' ' | b'\t'..=b'\r')).filter(|word| !word.is_empty());
    let (mut left, mut right) = (words(left), words(right));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some(left), Some(right)) if left.eq_ignore_ascii_case(right) => {}
            _ => return false,
        }
    }
}

struct SpaceFold<'e> {
    emit: &'e mut dyn FnMut(u8),
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
            (self.emit)(b' ');
            self.pending = false;
        }
        self.started = true;
        if c.is_ascii() {
            (self.emit)(c.to_ascii_lowercase() as u8);
        } else {
            for lower in c.to_lowercase() {
                lower.encode_utf8(&mut [0; 4]).bytes().for_each(&mut *self.emit);
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
        let mut set = rdns.enter(der::SET, field)?;
        if set.is_empty() {
            return set.fail(field, "has an empty relative name");
        }
        while !set.is_empty() {
            let mut attribute = set.enter(der::SEQUENCE, field)?;
            attribute.oid(field)?;
            attribute.any(field)?;
            attribute.finish(field)?;
        }
    }
    Ok(())
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
    let (left, right) = (Name { der: left }.relative_names(), Name { der: right }.relative_names());
    let (left, right): (Vec<_>, Vec<_>) = (left.collect(), right.collect());
    left.len() == right.len() && left.iter().zip(&right).all(|(l, r)| l.matches(r))
}
