//! What is known of each registration beside its fingerprint: the user, and the fields that are set, one after another.
//!
//! A record is a name, or a byte of flags and fields. A name is its length (a byte below 127, or 127 and two bytes) and
//! its UTF-8. Flags have the highest bit set; after them come the user, as a name or as the distance back to one, and the
//! fields in the order of the flags. Numbers are of variable length, seven bits a byte, the lowest first.

use super::registration::{Found, RegisteredKey};

/// Where a record begins.
pub(super) type Reference = u32;

/// All records. The first byte belongs to none, so that no record is at 0.
#[derive(Debug)]
pub(super) struct Records(Vec<u8>);

/// Where a registration was written.
#[derive(Clone, Copy)]
pub(super) struct Written {
    /// Its record.
    pub(super) record: Reference,
    /// The name of its user.
    pub(super) name: Reference,
}

const LONG_NAME: u8 = 0x7f;
const FIELDS: u8 = 0x80;
const NAME_HERE: u8 = 1;
const LABEL: u8 = 1 << 1;
const CREATED: u8 = 1 << 2;
const NOT_BEFORE: u8 = 1 << 3;
const NOT_AFTER: u8 = 1 << 4;
const LAST_USED: u8 = 1 << 5;
/// A second byte of flags follows.
const MORE: u8 = 1 << 6;
const DISABLED: u8 = 1;
const NO_MANAGE: u8 = 1 << 1;
const REVOKED: u8 = 1 << 2;
const CA: u8 = 1 << 3;

/// Moments are counted from here (2020-09-13), so that those of our days are short.
const EPOCH: i64 = 1_600_000_000;

impl Default for Records {
    fn default() -> Self {
        Self(vec![0])
    }
}

impl Records {
    /// Appends a registration, whose user's name stands at `known` already or is written with it. None where that would
    /// be too large to refer to.
    pub(super) fn write(&mut self, of: &Found<'_>, known: Option<Reference>) -> Option<Written> {
        // Far more than one record can take.
        let record = Reference::try_from(self.0.len()).ok().filter(|at| *at < Reference::MAX - (1 << 16))?;
        let more = flags([
            (DISABLED, of.disabled),
            (NO_MANAGE, of.no_manage),
            (REVOKED, of.revoked.is_some()),
            (CA, of.ca.is_some()),
        ]);
        let fields = flags([
            (LABEL, !of.label.is_empty()),
            (CREATED, of.created != 0),
            (NOT_BEFORE, of.not_before.is_some()),
            (NOT_AFTER, of.not_after.is_some()),
            (LAST_USED, of.last_used.is_some()),
            (MORE, more != 0),
        ]);
        if fields == 0 {
            let name = known.unwrap_or(record);
            if known.is_none() {
                self.push_text(of.user);
            }
            return Some(Written { record: name, name });
        }
        self.0.push(FIELDS | fields | if known.is_none() { NAME_HERE } else { 0 });
        if more != 0 {
            self.0.push(more);
        }
        let name = match known {
            Some(name) => {
                self.push_number(u64::from(record - name));
                name
            }
            None => {
                let name = Reference::try_from(self.0.len()).ok()?;
                self.push_text(of.user);
                name
            }
        };
        if !of.label.is_empty() {
            self.push_text(of.label);
        }
        let created = Some(of.created).filter(|created| *created != 0);
        for moment in [created, of.not_before, of.not_after, of.last_used, of.revoked].into_iter().flatten() {
            self.push_moment(moment);
        }
        self.0.extend(of.ca.iter().flatten());
        Some(Written { record, name })
    }

    /// Reads a record back, of this key.
    #[inline]
    pub(super) fn read(&self, key: RegisteredKey, record: Reference) -> Option<Found<'_>> {
        let mut cursor = Cursor(self.0.get(record as usize..)?);
        let none = Found::plain(key, "");
        match cursor.0.first()? & FIELDS {
            0 => Some(Found { user: cursor.text()?, ..none }),
            _ => self.read_fields(none, record, cursor),
        }
    }

    /// The name that stands here, in UTF-8.
    #[inline]
    pub(super) fn name(&self, at: Reference) -> Option<&[u8]> {
        Cursor(self.0.get(at as usize..)?).bytes()
    }

    /// The name of a record's user, in UTF-8.
    #[inline]
    pub(super) fn user(&self, record: Reference) -> Option<&[u8]> {
        let (first, rest) = self.0.get(record as usize..)?.split_first()?;
        match *first < LONG_NAME {
            true => rest.get(..usize::from(*first)),
            false => self.user_among_fields(record),
        }
    }

    pub(super) fn shrunk(mut self) -> Self {
        self.0.shrink_to_fit();
        self
    }

    pub(super) fn memory(&self) -> usize {
        self.0.capacity()
    }

    #[inline(never)]
    fn user_among_fields(&self, record: Reference) -> Option<&[u8]> {
        let mut cursor = Cursor(self.0.get(record as usize..)?);
        match cursor.0.first()? & FIELDS {
            0 => cursor.bytes(),
            _ => {
                let fields = cursor.byte()?;
                if fields & MORE != 0 {
                    cursor.byte()?;
                }
                self.user_of(fields, record, &mut cursor)
            }
        }
    }

    fn read_fields<'a>(&'a self, none: Found<'a>, record: Reference, mut cursor: Cursor<'a>) -> Option<Found<'a>> {
        let fields = cursor.byte()?;
        let more = if fields & MORE != 0 { cursor.byte()? } else { 0 };
        let user = std::str::from_utf8(self.user_of(fields, record, &mut cursor)?).ok()?;
        let label = if fields & LABEL != 0 { cursor.text()? } else { "" };
        let mut moment = |is_set: bool| match is_set {
            true => cursor.moment().map(Some),
            false => Some(None),
        };
        Some(Found {
            user,
            label,
            created: moment(fields & CREATED != 0)?.unwrap_or(0),
            not_before: moment(fields & NOT_BEFORE != 0)?,
            not_after: moment(fields & NOT_AFTER != 0)?,
            last_used: moment(fields & LAST_USED != 0)?,
            revoked: moment(more & REVOKED != 0)?,
            ca: if more & CA != 0 { Some(*cursor.0.first_chunk()?) } else { None },
            disabled: more & DISABLED != 0,
            no_manage: more & NO_MANAGE != 0,
            ..none
        })
    }

    fn user_of<'a>(&'a self, fields: u8, record: Reference, cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
        match fields & NAME_HERE {
            0 => self.name(record.checked_sub(cursor.number()?.try_into().ok()?)?),
            _ => cursor.bytes(),
        }
    }

    fn push_text(&mut self, text: &str) {
        match u8::try_from(text.len()) {
            Ok(length) if length < LONG_NAME => self.0.push(length),
            _ => {
                // Texts are at most 1024 bytes long, which was checked.
                let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
                self.0.push(LONG_NAME);
                self.0.extend_from_slice(&length.to_le_bytes());
            }
        }
        self.0.extend_from_slice(text.as_bytes());
    }

    fn push_moment(&mut self, moment: i64) {
        let since = moment.wrapping_sub(EPOCH);
        // The sign goes last, so that small numbers of either sign are short.
        self.push_number(((since << 1) ^ (since >> 63)).cast_unsigned());
    }

    fn push_number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.0.push(number.to_le_bytes()[0]);
    }
}

/// What is left to read. Nothing in here can fail on what [`Records::write`] wrote; if it did, nobody would be found.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    #[inline]
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    #[inline]
    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    #[inline]
    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = match self.byte()? {
            LONG_NAME => usize::from(u16::from_le_bytes([self.byte()?, self.byte()?])),
            length => usize::from(length),
        };
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn moment(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some(((number >> 1).cast_signed() ^ -(number & 1).cast_signed()).wrapping_add(EPOCH))
    }
}

fn flags<const N: usize>(flags: [(u8, bool); N]) -> u8 {
    flags.into_iter().filter(|(_, is_set)| *is_set).fold(0, |all, (flag, _)| all | flag)
}
