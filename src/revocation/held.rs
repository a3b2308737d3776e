//! A CRL in use: its index, where it came from, and whose signature on it was found good.

use std::cmp;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::crl::Crl;
use super::issuing_distribution_point::IssuingDistributionPoint;
use crate::certificate::{Certificate, Name, OwnedCertificate, hex};
use crate::signature::{Key, SignatureFault};

/// A CRL that policies share. That somebody's key signed it is a fact of arithmetic, found out once for all of them.
#[derive(Debug)]
pub(crate) struct HeldCrl {
    /// No two have the same in a process, and none has 0.
    identity: u64,
    crl: Crl,
    info: Arc<CrlInfo>,
    /// Whether it is a complete list of all that its issuer issued, and understood.
    plain: bool,
    /// The SubjectPublicKeyInfo of the key that was found to have signed it.
    key: OnceLock<Box<[u8]>>,
    signer: OnceLock<OwnedCertificate>,
    /// Keys that did not sign it, so that nobody can have them tried again and again.
    refused: Mutex<Vec<Box<[u8]>>>,
}

/// What a verdict says of a CRL, without keeping its entries in memory.
#[derive(Debug, PartialEq, Eq)]
pub struct CrlInfo {
    issuer: Box<[u8]>,
    number: Option<Box<[u8]>>,
    delta: bool,
    this_update: i64,
    next_update: Option<i64>,
    place: Arc<str>,
}

/// How many keys are remembered that did not sign a CRL.
const MOST_REFUSED: usize = 16;

static NEXT_IDENTITY: AtomicU64 = AtomicU64::new(1);

impl HeldCrl {
    /// `place` says where it was found: a file with the line, or with the number of the CRL in it.
    pub(crate) fn new(crl: Crl, place: impl Into<Arc<str>>) -> Self {
        let info = CrlInfo {
            issuer: crl.issuer().as_der().into(),
            number: crl.number().map(Into::into),
            delta: crl.base_number().is_some(),
            this_update: crl.this_update(),
            next_update: crl.next_update(),
            place: place.into(),
        };
        let everything = *crl.scope() == IssuingDistributionPoint::default();
        let plain = everything && !info.delta && crl.unknown_critical_extension().is_none();
        Self {
            identity: NEXT_IDENTITY.fetch_add(1, Ordering::Relaxed),
            crl,
            info: Arc::new(info),
            plain,
            key: OnceLock::new(),
            signer: OnceLock::new(),
            refused: Mutex::default(),
        }
    }

    /// What tells it from every other one that there was in the process, gone ones too.
    pub(super) fn identity(&self) -> u64 {
        self.identity
    }

    pub(crate) fn crl(&self) -> &Crl {
        &self.crl
    }

    /// Whether it is a complete list of all that its issuer issued, and nothing in it is beyond understanding.
    pub(super) fn is_plain(&self) -> bool {
        self.plain
    }

    /// Its nextUpdate in Unix time; the largest number where it has none.
    pub(super) fn end(&self) -> i64 {
        self.info.next_update.unwrap_or(i64::MAX)
    }

    pub(crate) fn info(&self) -> &Arc<CrlInfo> {
        &self.info
    }

    /// The certificate of who signed it, once somebody knew that it is good.
    pub(crate) fn signer(&self) -> Option<Certificate<'_>> {
        self.signer.get().map(OwnedCertificate::view)
    }

    /// Remembers who signed it. A client can show any certificate of the right key: this is for one that is known to be its
    /// CA's, and allowed to sign CRLs.
    pub(crate) fn remember_signer(&self, signer: &Certificate<'_>) {
        if self.signer.get().is_none() && self.is_signed_by(signer) {
            self.signer.get_or_init(|| signer.to_owned());
        }
    }

    /// Whether the issuer's key was found to have signed it, without finding out.
    #[inline]
    pub(crate) fn is_signed_by(&self, issuer: &Certificate<'_>) -> bool {
        self.key.get().is_some_and(|key| **key == *issuer.subject_public_key_info())
    }

    /// Whether both are known to be signed by different keys.
    pub(crate) fn is_by_another_key_than(&self, other: &Self) -> bool {
        self.key.get().zip(other.key.get()).is_some_and(|(own, other)| own != other)
    }

    /// Whether the issuer's key signed it, found out at most once for each key.
    pub(crate) fn check_signature(&self, issuer: &Certificate<'_>) -> Result<(), SignatureFault> {
        let spki = issuer.subject_public_key_info();
        if let Some(key) = self.key.get() {
            return if **key == *spki { Ok(()) } else { Err(SignatureFault::Invalid) };
        }
        if self.refused.lock().iter().any(|refused| **refused == *spki) {
            return Err(SignatureFault::Invalid);
        }
        let result = self.crl.verify(&Key::of(issuer), issuer);
        match result {
            Ok(()) => drop(self.key.set(spki.into())),
            Err(_) => {
                let mut refused = self.refused.lock();
                if refused.len() == MOST_REFUSED {
                    refused.remove(0);
                }
                refused.push(spki.into());
            }
        }
        result
    }

    /// The keyIdentifier of its authorityKeyIdentifier.
    pub(crate) fn issuer_key_identifier(&self) -> Option<&[u8]> {
        self.crl.authority_key_identifier()?.key_identifier
    }

    /// Whether it lists only what changed since a complete CRL (RFC 5280 section 5.2.4).
    pub(crate) fn is_delta(&self) -> bool {
        self.info.delta
    }

    /// Whether both are by the same issuer and about the same certificates, so that the newer one takes the place of the
    /// other, or completes it.
    pub(crate) fn is_of_one_series_with(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
            || self.crl.scope() == other.crl.scope()
                && self.issuer_key_identifier() == other.issuer_key_identifier()
                && self.crl.issuer().matches(&other.crl.issuer())
    }

    /// Whether it is a delta that says what changed since `base` (RFC 5280 section 5.2.4).
    pub(crate) fn completes(&self, base: &Self) -> bool {
        let (Some(since), Some(number), Some(base_number)) =
            (self.crl.base_number(), self.crl.number(), base.crl.number())
        else {
            return false;
        };
        !base.info.delta && order(since) <= order(base_number) && order(base_number) < order(number)
    }

    /// Whether both are the same CRL, wherever they were found.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.crl.is_same_as(&other.crl)
    }

    /// The order of age: by thisUpdate, then by number, which not every CRL has.
    pub(crate) fn age_order(&self) -> impl Ord + use<'_> {
        (self.info.this_update, self.number_order())
    }

    /// Whether this is a newer list than the other in every respect, so that what it lists no more may be over.
    pub(crate) fn is_newer_than(&self, other: &Self) -> bool {
        let dates = self.info.this_update.cmp(&other.info.this_update);
        let numbers = match (self.number_order(), other.number_order()) {
            (Some(own), Some(other)) => own.cmp(&other),
            _ => cmp::Ordering::Equal,
        };
        dates.is_ge() && numbers.is_ge() && (dates.is_gt() || numbers.is_gt())
    }

    /// Whether this is an older list than the other.
    pub(crate) fn is_older_than(&self, other: &Self) -> bool {
        match (&self.info.number, &other.info.number) {
            (Some(_), Some(_)) if self.number_order() != other.number_order() => {
                self.number_order() < other.number_order()
            }
            _ => self.info.this_update < other.info.this_update,
        }
    }

    fn number_order(&self) -> Option<(usize, &[u8])> {
        self.info.number.as_deref().map(order)
    }
}

/// Numbers are not negative and have no superfluous leading bytes, so the longer one is the larger.
fn order(number: &[u8]) -> (usize, &[u8]) {
    (number.len(), number)
}

impl CrlInfo {
    /// The issuer's name.
    pub fn issuer(&self) -> Name<'_> {
        Name::checked(&self.issuer)
    }

    /// The content bytes of cRLNumber, if there is one: big-endian, without superfluous leading bytes.
    pub fn number(&self) -> Option<&[u8]> {
        self.number.as_deref()
    }

    /// cRLNumber in upper-case hexadecimal, if there is one.
    pub fn number_text(&self) -> Option<String> {
        self.number.as_deref().map(|number| hex(number).to_ascii_uppercase())
    }

    /// Whether it is a delta CRL.
    pub fn is_delta(&self) -> bool {
        self.delta
    }

    /// The second from which it holds, in Unix time.
    pub fn this_update(&self) -> i64 {
        self.this_update
    }

    /// The last second for which it holds, in Unix time; None where it does not say.
    pub fn next_update(&self) -> Option<i64> {
        self.next_update
    }

    /// Where it was found: a file with the line, or with the number of the CRL in it, or `bytes`.
    pub fn place(&self) -> &str {
        &self.place
    }
}
