//! Bytes that others keep for us and give back: a MAC tells that they are as we gave them.
//!
//! Sealed are, one after another: the version of this format, the id of the key, what is to be kept, and a MAC over all of it
//! (HMAC-SHA256, RFC 2104). Each purpose has keys of its own, so that nothing sealed for one is opened for another. Nothing
//! is secret: whoever holds the bytes can read them.

use std::fmt;

use crate::crypto::backend::hmac;

/// The keys that were given: the first seals, all open. There is at least one.
pub(crate) struct Keys(Vec<hmac::Key>);

/// The keys of one purpose.
pub(crate) struct PurposeKeys(Vec<PurposeKey>);

struct PurposeKey {
    /// Tells the keys apart, so that usually one MAC is computed. It protects nothing.
    id: [u8; ID],
    key: hmac::Key,
}

const VERSION: u8 = 1;
const ID: usize = 4;
const HEADER: usize = 1 + ID;
const MAC: usize = 32;

/// How long so many bytes are once they are sealed.
#[cfg(feature = "rustls")]
pub(crate) fn length(payload: usize) -> usize {
    HEADER + payload + MAC
}

impl Keys {
    /// Keys out of secrets of any length, the one that seals first. None where there are none.
    pub(crate) fn new<'s>(secrets: impl IntoIterator<Item = &'s [u8]>) -> Option<Self> {
        let keys: Vec<_> = secrets.into_iter().map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret)).collect();
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// The keys of a purpose: to be kept where it is used often.
    pub(crate) fn of(&self, purpose: &'static str) -> PurposeKeys {
        PurposeKeys(self.0.iter().map(|key| PurposeKey::derive(key, purpose)).collect())
    }
}

/// Seals bytes for a purpose.
pub(crate) fn seal(keys: &Keys, purpose: &'static str, payload: &[u8]) -> Vec<u8> {
    keys.of(purpose).seal(&[payload])
}

/// What was sealed for this purpose, or None where a single bit is not as it was.
pub(crate) fn open<'b>(keys: &Keys, purpose: &'static str, bytes: &'b [u8]) -> Option<&'b [u8]> {
    keys.of(purpose).open(bytes)
}

impl PurposeKeys {
    /// Seals the parts, one after another.
    pub(crate) fn seal(&self, parts: &[&[u8]]) -> Vec<u8> {
        let length = HEADER + parts.iter().map(|part| part.len()).sum::<usize>() + MAC;
        let mut sealed = Vec::with_capacity(length);
        // There is always a first key; without one, what comes out opens nowhere.
        let Some(first) = self.0.first() else { return sealed };
        sealed.push(VERSION);
        sealed.extend_from_slice(&first.id);
        for part in parts {
            sealed.extend_from_slice(part);
        }
        let mac = hmac::sign(&first.key, &sealed);
        sealed.extend_from_slice(mac.as_ref());
        sealed
    }

    /// What was sealed, or None where a single bit is not as it was, or the key is none of these. Takes as long for every MAC
    /// of a length.
    pub(crate) fn open<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let (sealed, mac) = bytes.split_at_checked(bytes.len().checked_sub(MAC)?)?;
        let (header, payload) = sealed.split_first_chunk::<HEADER>()?;
        let [version, id @ ..] = header;
        let mut keys = self.0.iter().filter(|key| *version == VERSION && key.id == *id);
        keys.any(|key| hmac::verify(&key.key, sealed, mac).is_ok()).then_some(payload)
    }
}

impl PurposeKey {
    fn derive(key: &hmac::Key, purpose: &'static str) -> Self {
        let derived = hmac::sign(key, &[b"clientcert seal 1 ", purpose.as_bytes()].concat());
        let key = hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref());
        let named = hmac::sign(&key, b"clientcert key id");
        let id = named.as_ref().first_chunk().copied().unwrap_or_default();
        Self { id, key }
    }
}

/// No key is ever printed.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("count", &self.0.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for PurposeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PurposeKeys").field("count", &self.0.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[u8] = &[1; 32];
    const TWO: &[u8] = &[2; 32];

    fn keys(secrets: &[&[u8]]) -> Keys {
        Keys::new(secrets.iter().copied()).expect("keys")
    }

    #[test]
    fn what_was_sealed_is_opened() {
        for payload in [&b""[..], b"x", &[0; 5000]] {
            let sealed = seal(&keys(&[ONE]), "test", payload);
            assert_eq!(sealed.len(), HEADER + payload.len() + MAC);
            assert_eq!(open(&keys(&[ONE]), "test", &sealed), Some(payload));
        }
        let parts = keys(&[ONE]).of("test").seal(&[b"ab", b"", b"c"]);
        assert_eq!(open(&keys(&[ONE]), "test", &parts), Some(&b"abc"[..]));
    }

    #[test]
    fn keys_are_rotated() {
        let old = seal(&keys(&[ONE]), "test", b"x");
        assert_eq!(open(&keys(&[TWO, ONE]), "test", &old), Some(&b"x"[..]));
        let new = seal(&keys(&[TWO, ONE]), "test", b"x");
        assert_eq!(open(&keys(&[TWO]), "test", &new), Some(&b"x"[..]));
        assert_eq!(open(&keys(&[ONE]), "test", &new), None);
        assert!(Keys::new([]).is_none());
    }

    #[test]
    fn a_purpose_opens_its_own_alone() {
        let sealed = seal(&keys(&[ONE]), "session", b"x");
        assert_eq!(open(&keys(&[ONE]), "ticket", &sealed), None);
        // Nor where the id is made to fit.
        let mut forged = sealed;
        forged[1..HEADER].copy_from_slice(&keys(&[ONE]).of("ticket").0[0].id);
        assert_eq!(open(&keys(&[ONE]), "ticket", &forged), None);
    }

    #[test]
    fn no_bit_may_change_and_no_byte_may_lack() {
        let keys = keys(&[ONE, TWO]);
        let sealed = seal(&keys, "test", b"payload");
        for length in 0..sealed.len() {
            assert_eq!(open(&keys, "test", &sealed[..length]), None, "{length}");
        }
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&keys, "test", &changed), None, "bit {bit}");
        }
        assert_eq!(open(&keys, "test", &[&sealed[..], b"x"].concat()), None);
    }

    /// HMAC-SHA256 of a key that HMAC-SHA256 derives: bytes that another process, or another version, has to understand.
    #[test]
    fn the_format_is_the_same_for_ever() {
        let sealed = seal(&keys(&[ONE]), "test", b"x");
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, ONE), b"clientcert seal 1 test");
        let key = hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref());
        let id = hmac::sign(&key, b"clientcert key id");
        let body = [&[1][..], &id.as_ref()[..4], b"x"].concat();
        assert_eq!(sealed, [&body[..], hmac::sign(&key, &body).as_ref()].concat());
    }

    #[test]
    fn no_key_is_printed() {
        let keys = keys(&[b"secret secret secret secret secr"]);
        let text = format!("{keys:?} {:?}", keys.of("test"));
        assert!(text.contains("count: 1") && !text.contains("115, 101") && !text.contains("secret"), "{text}");
    }
}
