//! All CRLs of a policy, found by their issuer's name.

use std::cmp::Reverse;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use super::held::HeldCrl;
use super::plain::PlainCrl;
use super::{Entry, RevocationReason};
use crate::certificate::{Certificate, Name, OwnedCertificate};

/// CRLs by issuer, and the certificates of issuers that clients need not present.
#[derive(Debug)]
pub(crate) struct CrlStore {
    issuers: Box<[Issuer]>,
    signers: Box<[OwnedCertificate]>,
    hasher: RandomState,
    /// Where there are more issuers than are quickly looked through: the hash of each spelling, sorted, with its issuer.
    index: Box<[(u64, u32)]>,
    has_indirect: bool,
}

/// The CRLs of one issuer, by name: several CAs may have it.
#[derive(Debug)]
pub(crate) struct Issuer {
    /// The name in every way in which the CRLs spell it.
    spellings: SmallVec<[Box<[u8]>; 1]>,
    canonical_hash: u64,
    /// Newest first.
    crls: SmallVec<[Arc<HeldCrl>; 1]>,
    /// The only one of them where it is the usual list; none where any CRL of the store is indirect.
    plain: Option<PlainCrl>,
}

/// How many names are compared one by one.
const FEW: usize = 8;

impl CrlStore {
    /// Indexes CRLs, each of which is there once.
    pub(crate) fn build(crls: Vec<Arc<HeldCrl>>, signers: Vec<OwnedCertificate>) -> Self {
        let hasher = RandomState::new();
        let has_indirect = crls.iter().any(|held| held.crl().scope().indirect);
        let mut issuers: Vec<Issuer> = Vec::new();
        for held in crls {
            let name = held.crl().issuer();
            let canonical_hash = name.canonical_hash(&hasher);
            let same = |issuer: &&mut Issuer| issuer.canonical_hash == canonical_hash && issuer.is_named(&name);
            match issuers.iter_mut().find(same) {
                Some(issuer) => {
                    if !issuer.is_spelt(name.as_der()) {
                        issuer.spellings.push(name.as_der().into());
                    }
                    issuer.crls.push(Arc::clone(&held));
                }
                None => issuers.push(Issuer {
                    spellings: smallvec![name.as_der().into()],
                    canonical_hash,
                    crls: smallvec![Arc::clone(&held)],
                    plain: None,
                }),
            }
        }
        for issuer in &mut issuers {
            issuer.crls.sort_by(|a, b| Reverse(a.age_order()).cmp(&Reverse(b.age_order())));
            if let ([only], false) = (&issuer.crls[..], has_indirect) {
                issuer.plain = PlainCrl::new(only);
            }
        }
        let mut index: Vec<(u64, u32)> = Vec::new();
        if issuers.len() > FEW {
            for (position, issuer) in (0u32..).zip(&issuers) {
                index.extend(issuer.spellings.iter().map(|spelling| (hasher.hash_one(&**spelling), position)));
            }
            index.sort_unstable();
        }
        Self { issuers: issuers.into(), signers: signers.into(), hasher, index: index.into(), has_indirect }
    }

    /// The usual list that is known to be signed with this very certificate. Among many the name finds it sooner.
    #[inline]
    pub(super) fn signed_by(&self, issuer: &Certificate<'_>) -> Option<&PlainCrl> {
        let few = if self.issuers.len() <= FEW { &self.issuers[..] } else { &[] };
        few.iter().filter_map(|issuer| issuer.plain.as_ref()).find(|plain| plain.is_by(issuer))
    }

    /// The CRLs by an issuer of this name, however it is spelt.
    pub(super) fn find(&self, name: &Name<'_>) -> Option<&Issuer> {
        let der = name.as_der();
        let spelt = if self.index.is_empty() {
            self.issuers.iter().find(|issuer| issuer.is_spelt(der))
        } else {
            let hash = self.hasher.hash_one(der);
            let start = self.index.partition_point(|entry| entry.0 < hash);
            let same = self.index[start..].iter().take_while(|entry| entry.0 == hash);
            same.map(|entry| &self.issuers[entry.1 as usize]).find(|issuer| issuer.is_spelt(der))
        };
        spelt.or_else(|| {
            let hash = name.canonical_hash(&self.hasher);
            self.issuers.iter().find(|issuer| issuer.canonical_hash == hash && issuer.is_named(name))
        })
    }

    /// The entry of a certificate in a list by its issuer's name, whoever signed that: for who will not be accepted if there
    /// is one, and need not be accepted.
    pub(crate) fn lists(&self, certificate: &Certificate<'_>) -> Option<Entry> {
        let issuer = certificate.issuer();
        let mut found =
            self.find(&issuer)?.crls().iter().filter_map(|held| held.crl().find(&issuer, certificate.serial()));
        found.find(|entry| entry.reason != Some(RevocationReason::RemoveFromCrl))
    }

    /// The certificates of CRL issuers that clients need not present.
    pub(crate) fn signers(&self) -> impl Iterator<Item = Certificate<'_>> {
        self.signers.iter().map(OwnedCertificate::view)
    }

    /// Those of this name.
    pub(crate) fn signers_named(&self, name: &Name<'_>) -> impl Iterator<Item = Certificate<'_>> {
        self.signers().filter(move |signer| signer.subject().matches(name))
    }

    /// Whether a CRL may be about certificates by others than its issuer.
    pub(super) fn has_indirect(&self) -> bool {
        self.has_indirect
    }

    /// Every CRL, those of one issuer together, newest first.
    pub(crate) fn crls(&self) -> impl Iterator<Item = &Arc<HeldCrl>> {
        self.issuers.iter().flat_map(|issuer| &issuer.crls)
    }
}

impl Issuer {
    pub(super) fn crls(&self) -> &[Arc<HeldCrl>] {
        &self.crls
    }

    pub(super) fn plain(&self) -> Option<&PlainCrl> {
        self.plain.as_ref()
    }

    fn is_spelt(&self, der: &[u8]) -> bool {
        self.spellings.iter().any(|spelling| **spelling == *der)
    }

    fn is_named(&self, name: &Name<'_>) -> bool {
        self.spellings.iter().any(|spelling| Name::checked(spelling).matches(name))
    }
}
