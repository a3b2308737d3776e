//! Keys that check signatures, parsed once.

use std::sync::OnceLock;

use super::algorithm::SignatureAlgorithm;
use super::key_kind::KeyKind;
use crate::certificate::Certificate;
#[cfg(feature = "aws-lc-rs")]
use crate::crypto::backend::digest::{self, Digest};
use crate::crypto::backend::signature::{self, VerificationAlgorithm};

/// An issuer's public key, parsed at its first use and then kept with it.
#[derive(Debug)]
pub(crate) struct Key {
    kind: KeyKind,
    parsed: OnceLock<Parsed>,
}

/// Something signed: the AlgorithmIdentifier's DER, the bytes that were signed, and the signature.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed<'a> {
    pub(crate) algorithm: &'a [u8],
    pub(crate) message: Message<'a>,
    pub(crate) signature: &'a [u8],
}

/// What was signed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Message<'a> {
    Whole(&'a [u8]),
    /// By the digest of [`SignatureAlgorithm::digest`], for what is too large to keep.
    #[cfg(feature = "aws-lc-rs")]
    Digest(&'a Digest),
}

impl<'a> From<&Certificate<'a>> for Signed<'a> {
    fn from(certificate: &Certificate<'a>) -> Self {
        Self {
            algorithm: certificate.signature_algorithm(),
            message: Message::Whole(certificate.tbs()),
            signature: certificate.signature(),
        }
    }
}

/// Why a signature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureFault {
    /// It is not by this key.
    Invalid,
    /// Its algorithm is not supported.
    AlgorithmUnsupported,
    /// Its algorithm is not one for this key.
    KeyUnsupported,
}

impl Key {
    pub(crate) fn of(certificate: &Certificate<'_>) -> Self {
        Self { kind: KeyKind::of(certificate), parsed: OnceLock::new() }
    }

    pub(crate) fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Checks that `issuer`, whose key this is, signed something.
    pub(crate) fn verify(&self, issuer: &Certificate<'_>, signed: Signed<'_>) -> Result<(), SignatureFault> {
        let algorithm = SignatureAlgorithm::of(signed.algorithm).ok_or(SignatureFault::AlgorithmUnsupported)?;
        let verification = algorithm.verification(self.kind).ok_or(SignatureFault::KeyUnsupported)?;
        if matches!(self.kind, KeyKind::Ec(_)) && !matches!(issuer.key().first(), Some(2..=4)) {
            return Err(SignatureFault::KeyUnsupported);
        }
        let parsed = self.parsed.get_or_init(|| Parsed::new(algorithm, verification, issuer.key()));
        parsed.verify(algorithm, verification, issuer.key(), signed).map_err(|()| SignatureFault::Invalid)
    }
}

/// A key in the library's own form, bound to the algorithm that it was first used with.
#[cfg(feature = "aws-lc-rs")]
#[derive(Debug)]
struct Parsed(Option<(SignatureAlgorithm, signature::ParsedPublicKey)>);

#[cfg(feature = "aws-lc-rs")]
impl Parsed {
    fn new(algorithm: SignatureAlgorithm, verification: &'static dyn VerificationAlgorithm, key: &[u8]) -> Self {
        Self(signature::ParsedPublicKey::new(verification, key).ok().map(|parsed| (algorithm, parsed)))
    }

    fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        verification: &'static dyn VerificationAlgorithm,
        key: &[u8],
        signed: Signed<'_>,
    ) -> Result<(), ()> {
        let other;
        let parsed = match &self.0 {
            Some((bound, parsed)) if *bound == algorithm => parsed,
            Some(_) => {
                other = signature::ParsedPublicKey::new(verification, key).map_err(drop)?;
                &other
            }
            None => return Err(()),
        };
        match signed.message {
            // Given the message, the library would set up a context for its digest, and copy it at the end.
            Message::Whole(message) => match algorithm.digest() {
                Some(digest) => parsed.verify_digest_sig(&digest::digest(digest, message), signed.signature),
                None => parsed.verify_sig(message, signed.signature),
            },
            Message::Digest(digest) => parsed.verify_digest_sig(digest, signed.signature),
        }
        .map_err(drop)
    }
}

/// ring has no parsed form; the key is read at each use.
#[cfg(not(feature = "aws-lc-rs"))]
#[derive(Debug)]
struct Parsed;

#[cfg(not(feature = "aws-lc-rs"))]
impl Parsed {
    fn new(_: SignatureAlgorithm, _: &'static dyn VerificationAlgorithm, _: &[u8]) -> Self {
        Self
    }

    #[allow(clippy::unused_self)] // The interface is that of the other library's keys.
    fn verify(
        &self,
        _: SignatureAlgorithm,
        verification: &'static dyn VerificationAlgorithm,
        key: &[u8],
        signed: Signed<'_>,
    ) -> Result<(), ()> {
        let Message::Whole(message) = signed.message;
        signature::UnparsedPublicKey::new(verification, key).verify(message, signed.signature).map_err(drop)
    }
}
