//! A CRL in use: its index, where it came from, and whose signature on it was found good.

use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::crl::Crl;
use crate::certificate::{Certificate, Name, OwnedCertificate};
use crate::signature::{Key, SignatureFault};

/// A CRL that policies share. That somebody's key signed it is a fact of arithmetic, found out once for all of them.
#[derive(Debug)]
pub(crate) struct HeldCrl {
    crl: Crl,
    info: Arc<CrlInfo>,
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
        Self { crl, info: Arc::new(info), signer: OnceLock::new(), refused: Mutex::default() }
    }

    pub(crate) fn crl(&self) -> &Crl {
        &self.crl
    }

    pub(crate) fn info(&self) -> &Arc<CrlInfo> {
        &self.info
    }

    /// The certificate whose key was found to have signed it.
    pub(crate) fn signer(&self) -> Option<Certificate<'_>> {
        self.signer.get().map(OwnedCertificate::view)
    }

    /// Whether the issuer's key was found to have signed it, without finding out.
    pub(crate) fn is_signed_by(&self, issuer: &Certificate<'_>) -> bool {
        self.signer().is_some_and(|signer| signer.subject_public_key_info() == issuer.subject_public_key_info())
    }

    /// Whether the issuer's key signed it, found out at most once for each key.
    pub(crate) fn check_signature(&self, issuer: &Certificate<'_>) -> Result<(), SignatureFault> {
        if let Some(signer) = self.signer() {
            let same = signer.subject_public_key_info() == issuer.subject_public_key_info();
            return if same { Ok(()) } else { Err(SignatureFault::Invalid) };
        }
        let spki = issuer.subject_public_key_info();
        if self.refused.lock().iter().any(|refused| **refused == *spki) {
            return Err(SignatureFault::Invalid);
        }
        let result = self.crl.verify(&Key::of(issuer), issuer);
        match result {
            Ok(()) => drop(self.signer.set(issuer.to_owned())),
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
        self.crl.scope() == other.crl.scope()
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
        self.crl.signature() == other.crl.signature()
            && self.info.this_update == other.info.this_update
            && self.info.issuer == other.info.issuer
            && self.crl.entry_count() == other.crl.entry_count()
    }

    /// The order of age: by number where both have one, then by thisUpdate.
    pub(crate) fn age_order(&self) -> impl Ord + use<'_> {
        (self.number_order(), self.info.this_update)
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
        let number = self.number.as_deref()?;
        Some(number.iter().map(|byte| format!("{byte:02X}")).collect())
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
