//! What is kept of a tbsCertList so that its signature can be checked later, when its issuer's key is seen.

use std::ops::Range;

#[cfg(feature = "aws-lc-rs")]
use crate::crypto::backend::digest;
use crate::signature::{Message, SignatureAlgorithm};

/// What stands for the tbsCertList.
#[derive(Debug)]
pub(super) enum Kept {
    /// The digest that is signed in its place.
    #[cfg(feature = "aws-lc-rs")]
    Digest(digest::Digest),
    /// The whole, where the algorithm signs that or the cryptographic library takes nothing else.
    Whole(Box<[u8]>),
    /// Nothing, because no signature of an unsupported algorithm will ever be found good.
    Nothing,
}

/// Takes the tbsCertList in while it is read, so that a large one passes through the processor's cache once.
pub(super) struct Intake<'a> {
    der: &'a [u8],
    tbs: Range<usize>,
    #[cfg(feature = "aws-lc-rs")]
    context: Option<digest::Context>,
    supported: bool,
}

impl<'a> Intake<'a> {
    /// `tbs` are the positions of the tbsCertList in `der`, its header included.
    pub(super) fn new(der: &'a [u8], tbs: Range<usize>, algorithm: Option<SignatureAlgorithm>) -> Self {
        Self {
            der,
            tbs,
            #[cfg(feature = "aws-lc-rs")]
            context: algorithm.and_then(SignatureAlgorithm::digest).map(digest::Context::new),
            supported: algorithm.is_some(),
        }
    }

    /// Says how far reading has come.
    #[cfg(feature = "aws-lc-rs")]
    #[inline]
    pub(super) fn reach(&mut self, position: usize) {
        /// Half of a usual first-level cache.
        const CHUNK: usize = 16 * 1024;
        if position - self.tbs.start >= CHUNK {
            self.digest_to(position);
        }
    }

    #[cfg(feature = "aws-lc-rs")]
    fn digest_to(&mut self, position: usize) {
        if let Some(context) = &mut self.context {
            context.update(&self.der[self.tbs.start..position]);
            self.tbs.start = position;
        }
    }

    #[cfg(not(feature = "aws-lc-rs"))]
    #[allow(clippy::unused_self)] // The interface is that of the other library.
    pub(super) fn reach(&mut self, _: usize) {}

    /// The end of reading.
    pub(super) fn finish(self) -> Kept {
        #[cfg(feature = "aws-lc-rs")]
        if let Some(mut context) = self.context {
            context.update(&self.der[self.tbs]);
            return Kept::Digest(context.finish());
        }
        match self.supported {
            true => Kept::Whole(self.der[self.tbs].into()),
            false => Kept::Nothing,
        }
    }
}

impl Kept {
    /// What was signed.
    pub(super) fn message(&self) -> Message<'_> {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Self::Digest(digest) => Message::Digest(digest),
            Self::Whole(bytes) => Message::Whole(bytes),
            Self::Nothing => Message::Whole(&[]),
        }
    }

    /// Whether both stand for the same; nothing is the same as nothing.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            #[cfg(feature = "aws-lc-rs")]
            (Self::Digest(own), Self::Digest(other)) => own.as_ref() == other.as_ref(),
            (Self::Whole(own), Self::Whole(other)) => own == other,
            _ => false,
        }
    }

    /// The bytes that it holds beside itself.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Whole(bytes) => bytes.len(),
            #[cfg(feature = "aws-lc-rs")]
            Self::Digest(_) => 0,
            Self::Nothing => 0,
        }
    }
}
