//! Whether a response is an answer: who signed it, what it is about, and when (RFC 6960 sections 3.2 and 4.2.2.2).

use super::Question;
use super::answer::Answer;
use super::certificate_id::key_hash;
use super::refusal::{Refusal, Unfit};
use super::request::nonce_extension;
use super::response::{BasicResponse, ResponderId, Response, SingleResponse};
use crate::certificate::{Certificate, KeyUsage, OwnedCertificate};
use crate::signature::{Key, KeyKind, SignatureAlgorithm, SignatureFault, Signed, Strength};

/// What an answer must be to count.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Rules {
    /// By how many seconds the responder's clock may differ from ours. Default 300, as nginx and Apache have it.
    pub time_skew: i64,
    /// How many seconds after its thisUpdate an answer counts at most. None, the default: until its nextUpdate, or 300
    /// seconds where it has none.
    pub max_age: Option<i64>,
    /// How many bytes a response may have. Default 65 536.
    pub max_bytes: usize,
    /// What keys and signatures must be. Default: no SHA-1, RSA of 2048 bits, curves of 256.
    pub(crate) strength: Strength,
}

impl Rules {
    /// The age in seconds up to which an answer counts that names no end.
    pub(super) const AGE_WITHOUT_NEXT_UPDATE: i64 = 300;

    pub(crate) fn new(time_skew: i64, max_age: Option<i64>, strength: Strength) -> Self {
        Self { time_skew, max_age, strength, ..Self::default() }
    }
}

impl Default for Rules {
    fn default() -> Self {
        let strength = Strength { min_rsa_bits: 2048, min_ec_bits: 256, allow_sha1: false };
        Self { time_skew: 300, max_age: None, max_bytes: 64 * 1024, strength }
    }
}

/// id-kp-OCSPSigning.
const OCSP_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 9];
/// id-pkix-ocsp-nocheck.
const NOCHECK: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1, 5];
/// How many certificates beside a response are tried, each for two signatures.
const MAX_RESPONDERS: usize = 4;

impl Question<'_> {
    /// Checks a response, the DER of an OCSPResponse, at `now` in Unix seconds. `nonce` is what the request carried.
    ///
    /// It must be signed by the issuer's key, or by a responder whose certificate is in the response, is signed by that very
    /// key and says id-kp-OCSPSigning. It must be about this certificate, of this time, and repeat the nonce if one was sent.
    /// Of several statements about the certificate the worst counts. That it was revoked for good counts at any age.
    ///
    /// Whether a responder's certificate was itself revoked is not looked at: [`Answer::responder`] and
    /// [`Answer::is_nocheck`] are there to do so.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where the response does not count. A certificate that the responder does not know is no error but
    /// [`super::Status::Unknown`], and no reason to accept it.
    pub fn check(&self, response: &[u8], nonce: Option<&[u8]>, rules: &Rules, now: i64) -> Result<Answer, Refusal> {
        if response.len() > rules.max_bytes {
            return Err(Refusal::TooLarge(rules.max_bytes));
        }
        let response = match Response::read(response)? {
            Response::Basic(response) => response,
            Response::Unsuccessful(status) => return Err(Refusal::Unsuccessful(status)),
            Response::OtherType => return Err(Refusal::OtherType),
        };
        let signer = self.signer(&response, rules, now)?;
        let single = self.single(&response.single).ok_or(Refusal::OtherCertificate)?;
        if response.unknown_critical || single.unknown_critical {
            return Err(Refusal::UnknownExtension);
        }
        if nonce.is_some_and(|nonce| response.nonce != Some(&nonce_extension(nonce))) {
            return Err(Refusal::Nonce);
        }
        let answer = Answer {
            status: single.status,
            produced_at: response.produced_at,
            this_update: single.this_update,
            next_update: single.next_update,
            responder_id: response.responder.to_string().into(),
            nocheck: signer.responder.as_ref().is_none_or(|responder| has_nocheck(&responder.view())),
            responder: signer.responder,
            signatures: signer.signatures,
        };
        if now < answer.holds_from(rules) {
            return Err(Refusal::NotYetValid(answer.this_update.max(answer.produced_at)));
        }
        if now > answer.holds_until(rules) {
            return Err(Refusal::Expired(answer.stated_end(rules)));
        }
        Ok(answer)
    }

    /// The worst that is said about this certificate.
    fn single<'r>(&self, all: &'r [SingleResponse<'r>]) -> Option<&'r SingleResponse<'r>> {
        all.iter()
            .filter(|single| single.id.names(&self.certificate, &self.issuer))
            .max_by_key(|single| (single.status.severity(), single.this_update))
    }

    /// Who signed the response, by a signature that is good.
    fn signer(&self, response: &BasicResponse<'_>, rules: &Rules, now: i64) -> Result<Signer, Refusal> {
        let issuer_key = Key::of(&self.issuer);
        let mut refusal = Refusal::ResponderUnfit(Unfit::Absent);
        // That a signature is bad says more than that somebody else may not sign.
        let object = |refusal: &mut Refusal, unfit| {
            if matches!(refusal, Refusal::ResponderUnfit(_)) {
                *refusal = Refusal::ResponderUnfit(unfit);
            }
        };
        if names(response.responder, &self.issuer) {
            match verify(&issuer_key, &self.issuer, response.signed, rules.strength) {
                Ok(signature) => return Ok(Signer { responder: None, signatures: [Some(signature), None] }),
                // Some responder of the CA may have its name.
                Err(fault) => refusal = fault,
            }
        }
        let mut tried = 0;
        for der in &response.certificates {
            let Ok(certificate) = OwnedCertificate::from_der(*der) else {
                object(&mut refusal, Unfit::Malformed);
                continue;
            };
            let responder = certificate.view();
            // The issuer itself may be there too; its key was tried.
            if !names(response.responder, &responder)
                || responder.subject_public_key_info() == self.issuer.subject_public_key_info()
            {
                continue;
            }
            if tried == MAX_RESPONDERS {
                break;
            }
            tried += 1;
            let by_issuer = match self.authorized(&responder, &issuer_key, rules, now) {
                Ok(signature) => signature,
                Err(unfit) => {
                    object(&mut refusal, unfit);
                    continue;
                }
            };
            match verify(&Key::of(&responder), &responder, response.signed, rules.strength) {
                Ok(signature) => {
                    let signatures = [Some(signature), Some(by_issuer)];
                    return Ok(Signer { responder: Some(certificate), signatures });
                }
                Err(fault) => refusal = fault,
            }
        }
        Err(refusal)
    }

    /// Checks that the issuer itself made somebody its responder.
    fn authorized(
        &self,
        responder: &Certificate<'_>,
        issuer_key: &Key,
        rules: &Rules,
        now: i64,
    ) -> Result<(SignatureAlgorithm, KeyKind), Unfit> {
        let signing = KeyUsage::DIGITAL_SIGNATURE;
        let may_sign = |usage: KeyUsage| usage.allows(signing) || usage.allows(KeyUsage::CONTENT_COMMITMENT);
        if !responder.issuer().matches(&self.issuer.subject()) {
            return Err(Unfit::OtherIssuer);
        }
        if responder.as_der() == self.certificate.as_der() {
            return Err(Unfit::Itself);
        }
        // Any purpose is not this one: id-kp-OCSPSigning must be said (RFC 6960 section 4.2.2.2).
        if !responder.extended_key_usages().any(|purpose| purpose == OCSP_SIGNING)
            || !responder.key_usage().is_none_or(may_sign)
        {
            return Err(Unfit::Usage);
        }
        if responder.unknown_critical_extension().is_some() {
            return Err(Unfit::UnknownExtension);
        }
        let (from, until) = (responder.not_before(), responder.not_after());
        if now < from.saturating_sub(rules.time_skew) || now > until.saturating_add(rules.time_skew) {
            return Err(Unfit::Validity);
        }
        if !KeyKind::of(responder).is_strong_enough(rules.strength) {
            return Err(Unfit::Weak);
        }
        verify(issuer_key, &self.issuer, responder.into(), rules.strength).map_err(|refusal| match refusal {
            Refusal::SignatureInvalid => Unfit::OtherIssuer,
            _ => Unfit::Weak,
        })
    }
}

/// Who signed a response.
struct Signer {
    /// None for the issuer itself.
    responder: Option<OwnedCertificate>,
    signatures: [Option<(SignatureAlgorithm, KeyKind)>; 2],
}

/// Whether a responderID is this certificate's.
fn names(id: ResponderId<'_>, certificate: &Certificate<'_>) -> bool {
    match id {
        ResponderId::Name(name) => name.matches(&certificate.subject()),
        ResponderId::Key(hash) => hash == key_hash(certificate),
    }
}

/// Checks a signature and its strength.
fn verify(
    key: &Key,
    signer: &Certificate<'_>,
    signed: Signed<'_>,
    strength: Strength,
) -> Result<(SignatureAlgorithm, KeyKind), Refusal> {
    let algorithm = SignatureAlgorithm::of(signed.algorithm).ok_or(Refusal::SignatureUnsupported)?;
    if !algorithm.is_strong_enough(strength) || !key.kind().is_strong_enough(strength) {
        return Err(Refusal::SignatureUnsupported);
    }
    key.verify(signer, signed).map_err(|fault| match fault {
        SignatureFault::Invalid => Refusal::SignatureInvalid,
        SignatureFault::AlgorithmUnsupported | SignatureFault::KeyUnsupported => Refusal::SignatureUnsupported,
    })?;
    Ok((algorithm, key.kind()))
}

fn has_nocheck(responder: &Certificate<'_>) -> bool {
    responder.extensions().any(|(oid, _, _)| oid == NOCHECK)
}
