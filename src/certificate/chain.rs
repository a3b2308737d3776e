//! What a client presented: certificates one after another, each read once.

use std::sync::Arc;

use smallvec::SmallVec;

use super::der::{Malformed, Reader};
use super::layout::Layout;
use super::{Certificate, pem};

/// The presented certificates, leaf first, with the bytes that they came in.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    bytes: Box<[u8]>,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    start: usize,
    end: usize,
    layout: Result<Arc<Layout>, Malformed>,
    duplicate: bool,
}

/// Why what was presented is no list of certificates within the limits.
#[derive(Debug)]
pub(crate) enum ChainFault {
    /// More bytes than `max_chain_bytes`.
    TooManyBytes,
    /// More certificates than `max_certificates`.
    TooManyCertificates,
    /// The bytes stop being a list of certificates.
    Malformed(Box<str>),
}

impl Chain {
    /// A chain of nothing.
    pub(crate) fn empty() -> Self {
        Self { bytes: Box::default(), entries: Vec::new() }
    }

    /// Takes presented bytes apart: DER certificates one after another, or PEM. A certificate that cannot be read keeps
    /// its place. What came before a fault is there beside it, so that it can be shown.
    ///
    /// `recall` gives the layout of a certificate that was read before, byte for byte the same, so that it is not read again.
    pub(crate) fn read(
        presented: &[u8],
        max_bytes: usize,
        max_certificates: usize,
        recall: &mut dyn FnMut(&[u8]) -> Option<Arc<Layout>>,
    ) -> (Self, Option<ChainFault>) {
        if presented.len() > max_bytes {
            return (Self::empty(), Some(ChainFault::TooManyBytes));
        }
        if !pem::looks_like_pem(presented) {
            return Self::from_der(presented.into(), max_certificates, recall);
        }
        match decode_pem(presented) {
            Ok(der) => Self::from_der(der.into(), max_certificates, recall),
            Err(problem) => (Self::empty(), Some(ChainFault::Malformed(problem.into()))),
        }
    }

    fn from_der(
        bytes: Box<[u8]>,
        max_certificates: usize,
        recall: &mut dyn FnMut(&[u8]) -> Option<Arc<Layout>>,
    ) -> (Self, Option<ChainFault>) {
        let mut chain = Self { bytes, entries: Vec::with_capacity(4) };
        let mut start = 0;
        let fault = loop {
            if start == chain.bytes.len() {
                break None;
            }
            if chain.entries.len() == max_certificates {
                break Some(ChainFault::TooManyCertificates);
            }
            let rest = &chain.bytes[start..];
            let length = match Reader::new(rest).enclosing_length() {
                Ok(length) => length,
                Err(malformed) => {
                    let index = chain.entries.len();
                    break Some(ChainFault::Malformed(format!("certificate {index}, {malformed}").into()));
                }
            };
            let certificate = &rest[..length];
            let same = |entry: &Entry| chain.bytes[entry.start..entry.end] == *certificate;
            let duplicate = chain.entries.iter().any(same);
            let recalled = if start == 0 { None } else { recall(certificate) };
            let layout = recalled.map_or_else(|| Layout::read(certificate).map(Arc::new), Ok);
            chain.entries.push(Entry { start, end: start + length, layout, duplicate });
            start += length;
        };
        (chain, fault)
    }

    /// All of the DER.
    pub(crate) fn der(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The DER of one certificate, whether or not it could be read.
    pub(crate) fn certificate_der(&self, index: usize) -> Option<&[u8]> {
        self.entries.get(index).map(|entry| &self.bytes[entry.start..entry.end])
    }

    /// One certificate, if it is there and could be read.
    pub(crate) fn certificate(&self, index: usize) -> Option<Certificate<'_>> {
        let entry = self.entries.get(index)?;
        let layout = entry.layout.as_ref().ok()?;
        Some(Certificate::new(&self.bytes[entry.start..entry.end], layout))
    }

    /// The certificates that a path may use: a gap for each that could not be read, or that came before.
    pub(crate) fn candidates(&self) -> SmallVec<[Option<Certificate<'_>>; 8]> {
        let usable = |(index, entry): (usize, &Entry)| if entry.duplicate { None } else { self.certificate(index) };
        self.entries.iter().enumerate().map(usable).collect()
    }

    /// The certificates that could not be read, and why.
    pub(crate) fn malformed(&self) -> impl Iterator<Item = (usize, Malformed)> {
        self.entries.iter().enumerate().filter_map(|(index, entry)| Some((index, *entry.layout.as_ref().err()?)))
    }
}

/// The first DER value of what was presented; all of it where that is no DER.
pub(crate) fn first_value(presented: &[u8]) -> &[u8] {
    Reader::new(presented).enclosing_length().map_or(presented, |length| &presented[..length])
}

fn decode_pem(presented: &[u8]) -> Result<Vec<u8>, String> {
    let blocks = pem::decode(presented).map_err(|error| error.to_string())?;
    let mut der = Vec::with_capacity(presented.len());
    for block in &blocks {
        if !block.is_certificate() {
            return Err(format!("line {}: {} instead of CERTIFICATE", block.line, block.label));
        }
        der.extend_from_slice(&block.der);
    }
    if der.is_empty() { Err("PEM without a certificate".to_owned()) } else { Ok(der) }
}
