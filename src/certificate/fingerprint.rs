//! Fingerprints: digests that name a certificate or a key.

use super::{Certificate, text};
use crate::crypto;

impl Certificate<'_> {
    /// The SHA-1 of the certificate's DER. It names a certificate to systems that know no better; it proves nothing.
    pub fn sha1(&self) -> [u8; 20] {
        crypto::sha1(self.as_der())
    }

    /// The SHA-256 of the certificate's DER.
    pub fn sha256(&self) -> [u8; 32] {
        crypto::sha256(self.as_der())
    }

    /// The SHA-256 of the SubjectPublicKeyInfo, as pins of keys use it (RFC 7469 section 2.4).
    pub fn spki_sha256(&self) -> [u8; 32] {
        crypto::sha256(self.subject_public_key_info())
    }

    /// The SHA-1 of the SubjectPublicKeyInfo.
    pub fn spki_sha1(&self) -> [u8; 20] {
        crypto::sha1(self.subject_public_key_info())
    }

    /// The confirmation value `x5t#S256` of tokens bound to this certificate: the SHA-256 of its DER in base64url
    /// without padding, 43 characters (RFC 8705 section 3.1).
    pub fn x5t_s256(&self) -> String {
        text::base64url(&self.sha256())
    }
}
