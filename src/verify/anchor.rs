//! The pinned CAs and how one is found among many: by name and key identifier, not by trying.

use std::cell::LazyCell;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, OnceLock};

use pki_types::{CertificateDer, TrustAnchor};
use smallvec::SmallVec;

use crate::certificate::{Certificate, Name, OwnedCertificate};
use crate::signature::Key;

/// Positions of anchors; as a rule there is one, and it needs no memory of its own.
pub(crate) type Positions = SmallVec<[usize; 4]>;

/// A pinned certificate. Its key is parsed at its first use, once.
#[derive(Debug)]
pub(crate) struct Anchor {
    certificate: OwnedCertificate,
    key: OnceLock<Key>,
    second: OnceLock<Option<TrustAnchor<'static>>>,
}

impl Anchor {
    pub(crate) fn certificate(&self) -> Certificate<'_> {
        self.certificate.view()
    }

    pub(crate) fn key(&self) -> &Key {
        self.key.get_or_init(|| Key::of(&self.certificate()))
    }

    /// This anchor as the second validator knows it, unless it cannot read it.
    pub(crate) fn second(&self) -> Option<&TrustAnchor<'static>> {
        let make = || {
            let der = CertificateDer::from(self.certificate().as_der());
            webpki::anchor_from_trusted_cert(&der).ok().map(|anchor| anchor.to_owned())
        };
        self.second.get_or_init(make).as_ref()
    }
}

/// All anchors of a policy, indexed.
#[derive(Debug)]
pub(crate) struct AnchorStore {
    anchors: Vec<Arc<Anchor>>,
    hasher: RandomState,
    by_certificate: Index,
    by_name: Index,
    by_name_and_key: Index,
    by_canonical_name: Index,
    largest_crowd: usize,
}

impl AnchorStore {
    /// Indexes the anchors. Equal certificates should have been dropped before.
    pub(crate) fn build(certificates: Vec<OwnedCertificate>) -> Self {
        let hasher = RandomState::new();
        let count = certificates.len();
        let [mut by_certificate, mut by_name, mut by_name_and_key, mut by_canonical_name] =
            [(); 4].map(|()| Vec::with_capacity(count));
        let mut nameless: Vec<u64> = Vec::new();
        for (position, certificate) in (0u32..).zip(&certificates) {
            let view = certificate.view();
            let subject = view.subject();
            let name = hash_of_name(&hasher, &subject);
            by_certificate.push((hash_of_certificate(&hasher, view.as_der()), position));
            by_name.push((name, position));
            let canonical = subject.canonical_hash(&hasher);
            by_canonical_name.push((canonical, position));
            match view.subject_key_identifier() {
                Some(key) => by_name_and_key.push((with_key(name, key), position)),
                None => nameless.push(canonical),
            }
        }
        nameless.sort_unstable();
        let largest_crowd = nameless.chunk_by(|a, b| a == b).map(<[_]>::len).max().unwrap_or(0);
        Self {
            anchors: certificates
                .into_iter()
                .map(|certificate| Arc::new(Anchor { certificate, key: OnceLock::new(), second: OnceLock::new() }))
                .collect(),
            hasher,
            by_certificate: Index::new(by_certificate),
            by_name: Index::new(by_name),
            by_name_and_key: Index::new(by_name_and_key),
            by_canonical_name: Index::new(by_canonical_name),
            largest_crowd,
        }
    }

    /// The anchors, in the order in which they were given.
    pub(crate) fn anchors(&self) -> &[Arc<Anchor>] {
        &self.anchors
    }

    /// The most anchors that share a subject and have no key identifiers to tell them apart.
    pub(crate) fn largest_crowd(&self) -> usize {
        self.largest_crowd
    }

    /// The anchor that is this very certificate.
    pub(crate) fn find(&self, der: &[u8]) -> Option<&Arc<Anchor>> {
        self.by_certificate
            .get(|| hash_of_certificate(&self.hasher, der))
            .map(|position| &self.anchors[position])
            .find(|anchor| anchor.certificate().as_der() == der)
    }

    /// The positions of anchors that may have issued the certificate, likeliest first: those whose key identifier fits,
    /// those without a key identifier on either side, then the rest, because key identifiers are hints.
    pub(crate) fn issuers_of(&self, certificate: &Certificate<'_>, limit: usize) -> Positions {
        let issuer = certificate.issuer();
        let hash = LazyCell::new(|| hash_of_name(&self.hasher, &issuer));
        let has_name = |position: &usize| self.anchors[*position].certificate().subject().as_der() == issuer.as_der();
        let mut named = self.by_name.get(|| *hash).filter(has_name).peekable();
        if named.peek().is_none() {
            return Positions::new();
        }
        let wanted = certificate.issuer_key_identifier();
        let has_key = |position: &usize| self.anchors[*position].certificate().subject_key_identifier() == wanted;
        let fitting =
            wanted.map(|key| self.by_name_and_key.get(|| with_key(*hash, key)).filter(has_name).filter(has_key));
        let mut found: Positions = fitting.into_iter().flatten().take(limit).collect();
        // In a crowd of one name, the others are looked at only where none fits.
        let others = if found.is_empty() { limit } else { OTHERS };
        found.extend(named.take(others).filter(|position| wanted.is_none() || !has_key(position)));
        self.likeliest_first(found, wanted, limit)
    }

    /// The same for anchors whose name means the certificate's issuer, however it is spelt. `hash` is the
    /// [`Self::canonical_hash`] of the issuer.
    pub(crate) fn issuers_spelt_otherwise(&self, certificate: &Certificate<'_>, hash: u64, limit: usize) -> Positions {
        let issuer = certificate.issuer();
        let wanted = certificate.issuer_key_identifier();
        let named = self
            .by_canonical_name
            .get(|| hash)
            .filter(|position| self.anchors[*position].certificate().subject().matches(&issuer));
        self.likeliest_first(named.take(limit).collect(), wanted, limit)
    }

    /// The anchors whose subject means this name, however it is spelt.
    pub(crate) fn named<'s>(&'s self, name: &Name<'_>) -> impl Iterator<Item = &'s Anchor> {
        let positions = self.by_canonical_name.get(|| self.canonical_hash(name));
        positions
            .map(|position| &*self.anchors[position])
            .filter(move |anchor| anchor.certificate().subject().matches(name))
    }

    /// A hash that names which mean the same have in common.
    pub(crate) fn canonical_hash(&self, name: &Name<'_>) -> u64 {
        name.canonical_hash(&self.hasher)
    }

    fn likeliest_first(&self, mut found: Positions, wanted: Option<&[u8]>, limit: usize) -> Positions {
        if found.len() > 1 {
            found.sort_by_cached_key(|position| KeyIdentifierFit::of(wanted, &self.anchors[*position].certificate()));
            found.truncate(limit);
        }
        found
    }
}

/// A hash of a certificate's last bytes, which are its signature's: enough to tell apart those that genuine CAs signed and
/// those that are pinned. Whoever finds something by it compares every byte.
pub(super) fn hash_of_certificate(hasher: &RandomState, der: &[u8]) -> u64 {
    hasher.hash_one(der.last_chunk::<32>().map_or(der, |last| &last[..]))
}

fn hash_of_name(hasher: &RandomState, name: &Name<'_>) -> u64 {
    hasher.hash_one(name.as_der())
}

/// The hash of a name together with a key identifier, which the administrator pinned, so nobody can aim at collisions.
fn with_key(name: u64, key: &[u8]) -> u64 {
    let mut first = [0; 8];
    first.iter_mut().zip(key).for_each(|(byte, key)| *byte = *key);
    name ^ u64::from_le_bytes(first)
}

/// How well an issuer's subjectKeyIdentifier fits an authorityKeyIdentifier, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KeyIdentifierFit {
    Fits,
    Unknown,
    Differs,
}

impl KeyIdentifierFit {
    pub(crate) fn of(wanted: Option<&[u8]>, issuer: &Certificate<'_>) -> Self {
        match (wanted, issuer.subject_key_identifier()) {
            (Some(wanted), Some(own)) if wanted == own => Self::Fits,
            (Some(_), Some(_)) => Self::Differs,
            _ => Self::Unknown,
        }
    }
}

/// How many anchors of the right name are tried where another one has the right key identifier as well.
const OTHERS: usize = 8;

/// So many positions need no hash.
const FEW: usize = 4;

/// Positions by hash: a sorted list, so that loading many costs one allocation. Of a few, all are given, because looking
/// at them takes less time than a hash; what is found is compared byte by byte in either case.
#[derive(Debug)]
struct Index {
    entries: Box<[(u64, u32)]>,
}

impl Index {
    fn new(mut entries: Vec<(u64, u32)>) -> Self {
        entries.sort_unstable();
        Self { entries: entries.into() }
    }

    fn get(&self, hash: impl FnOnce() -> u64) -> impl Iterator<Item = usize> {
        let hash = (self.entries.len() > FEW).then(hash);
        let start = hash.map_or(0, |hash| self.entries.partition_point(|entry| entry.0 < hash));
        let fits = move |entry: &&(u64, u32)| hash.is_none_or(|hash| entry.0 == hash);
        self.entries[start..].iter().take_while(fits).map(|entry| entry.1 as usize)
    }
}
