//! The pinned CAs and how one is found among many: by name and key identifier, not by trying.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, OnceLock};

use pki_types::{CertificateDer, TrustAnchor};

use super::signature::Key;
use crate::certificate::{Certificate, Name, OwnedCertificate};

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
            let name = hasher.hash_one(subject.as_der());
            by_certificate.push((hasher.hash_one(view.as_der()), position));
            by_name.push((name, position));
            let canonical = subject.canonical_hash(&hasher);
            by_canonical_name.push((canonical, position));
            match view.subject_key_identifier() {
                Some(key) => by_name_and_key.push((hasher.hash_one((subject.as_der(), key)), position)),
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
        let hash = self.hasher.hash_one(der);
        self.by_certificate
            .get(hash)
            .map(|position| &self.anchors[position])
            .find(|anchor| anchor.certificate().as_der() == der)
    }

    /// Whether any anchor has this subject, so that a certificate by this issuer may lead to it.
    pub(crate) fn may_issue(&self, issuer: &Name<'_>) -> bool {
        self.named(issuer).next().is_some() || self.canonically_named(issuer).next().is_some()
    }

    /// The positions of anchors that may have issued the certificate, likeliest first: those whose name and key
    /// identifier fit, those of that name without a key identifier on either side, then the rest of that name.
    /// Spelling of names differs rarely, so names that are only canonically equal come where nothing else was found.
    pub(crate) fn issuers_of(&self, certificate: &Certificate<'_>, limit: usize) -> Vec<usize> {
        let issuer = certificate.issuer();
        let wanted = certificate.authority_key_identifier().and_then(|aki| aki.key_identifier);
        let mut found = Vec::new();
        if let Some(key) = wanted {
            let hash = self.hasher.hash_one((issuer.as_der(), key));
            found.extend(self.by_name_and_key.get(hash).filter(|position| {
                let anchor = self.anchors[*position].certificate();
                anchor.subject().as_der() == issuer.as_der() && anchor.subject_key_identifier() == Some(key)
            }));
        }
        if found.is_empty() {
            found.extend(self.named(&issuer).take(limit));
            if found.is_empty() {
                found.extend(self.canonically_named(&issuer).take(limit));
            }
            // Key identifiers are hints: a certificate that has none fits them all, a wrong one still may be tried.
            found.sort_by_key(|position| {
                let own = self.anchors[*position].certificate().subject_key_identifier();
                match (wanted, own) {
                    (Some(wanted), Some(own)) if wanted == own => 0,
                    (Some(_), Some(_)) => 2,
                    _ => 1,
                }
            });
        }
        found.truncate(limit);
        found
    }

    fn named(&self, name: &Name<'_>) -> impl Iterator<Item = usize> {
        let der = name.as_der();
        self.by_name
            .get(self.hasher.hash_one(der))
            .filter(move |position| self.anchors[*position].certificate().subject().as_der() == der)
    }

    fn canonically_named<'n>(&self, name: &'n Name<'n>) -> impl Iterator<Item = usize> + use<'_, 'n> {
        self.by_canonical_name
            .get(name.canonical_hash(&self.hasher))
            .filter(move |position| self.anchors[*position].certificate().subject().matches(name))
    }
}

/// Positions by hash: a sorted list, so that loading many costs one allocation.
#[derive(Debug)]
struct Index {
    entries: Box<[(u64, u32)]>,
}

impl Index {
    fn new(mut entries: Vec<(u64, u32)>) -> Self {
        entries.sort_unstable();
        Self { entries: entries.into() }
    }

    fn get(&self, hash: u64) -> impl Iterator<Item = usize> {
        let start = self.entries.partition_point(|entry| entry.0 < hash);
        self.entries[start..].iter().take_while(move |entry| entry.0 == hash).map(|entry| entry.1 as usize)
    }
}
