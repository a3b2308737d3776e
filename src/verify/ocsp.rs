//! OCSP along a path: which answers are needed, and what they and their absence mean.

use super::path_checks::Path;
use super::reason::{Code, Culprit, Detail, Reason};
use super::revocation::{self, RevocationReport};
use super::{Basis, Rules};
use crate::certificate::Certificate;
use crate::revocation::ocsp::{self, Answer, Question, Refusal, Reply, Status, Unfit};
use crate::revocation::{CrlCheck, Issued};

/// Which OCSP answers are needed, and what they are worth.
#[derive(Clone, Debug)]
pub(crate) struct OcspRules {
    pub(crate) check: OcspCheck,
    /// Whether a certificate about which nobody answers is taken as not revoked.
    pub(crate) allow_missing: bool,
    /// Whom to ask instead of the responders that certificates name.
    pub(crate) responder: Option<Box<str>>,
    /// Whether questions carry a nonce.
    pub(crate) nonce: bool,
    /// In seconds from thisUpdate; None is until nextUpdate.
    pub(crate) max_age: Option<i64>,
    /// In seconds.
    pub(crate) time_skew: i64,
}

/// Which certificates of a path need an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OcspCheck {
    /// None does, and none counts.
    Off,
    /// None does.
    IfGiven,
    Leaf,
    Chain,
}

impl Default for OcspRules {
    fn default() -> Self {
        let ocsp::Rules { max_age, time_skew, .. } = ocsp::Rules::default();
        Self { check: OcspCheck::Off, allow_missing: false, responder: None, nonce: false, max_age, time_skew }
    }
}

impl OcspRules {
    /// Whom to ask, the first choice first.
    pub(crate) fn responders(&self, question: &Question<'_>) -> Vec<String> {
        match &self.responder {
            Some(responder) => vec![responder.as_ref().to_owned()],
            None => question.responders(),
        }
    }

    /// Whether an answer must repeat the nonce of a question. Nobody asks for what clients staple.
    pub(crate) fn wants_nonce(&self) -> bool {
        self.nonce && matches!(self.check, OcspCheck::Leaf | OcspCheck::Chain)
    }

    fn needs(&self, depth: u32) -> bool {
        match self.check {
            OcspCheck::Off | OcspCheck::IfGiven => false,
            OcspCheck::Leaf => depth == 0,
            OcspCheck::Chain => true,
        }
    }
}

impl Rules {
    /// What an OCSP answer must be to count.
    pub(crate) fn of_answers(&self) -> ocsp::Rules {
        ocsp::Rules::new(self.ocsp.time_skew, self.ocsp.max_age, self.strength)
    }
}

/// Adds what OCSP says of the certificates of a path whose signatures are good. `presented` is where CRL issuers'
/// certificates may be.
pub(super) fn check<'c>(
    path: &Path<'_, 'c>,
    presented: &[Option<Certificate<'c>>],
    basis: &Basis<'_>,
    report: &mut RevocationReport,
) {
    let Some(known) = basis.answers else { return };
    let (rules, anchor) = (basis.rules.of_answers(), path.anchor.certificate());
    for (depth, certificate) in (0u32..).zip(path.certificates) {
        let issuer = path.certificates.get(depth as usize + 1).unwrap_or(&anchor);
        let question = Question::new(*certificate, *issuer);
        let found = match known.find(&question, &rules, basis.now) {
            Some(Reply::Answer(answer)) => {
                report.from = report.from.max(answer.holds_from(&rules));
                report.until = report.until.min(answer.holds_until(&rules));
                let found = match is_by_revoked_responder(&answer, issuer, path, presented, basis, report) {
                    true => Some(refused(Refusal::ResponderUnfit(Unfit::Revoked))),
                    false => judged(&answer),
                };
                report.answers.push((depth, answer));
                found
            }
            Some(Reply::Refused(refusal)) => Some(refused(refusal)),
            Some(Reply::Absent(_)) if !basis.rules.ocsp.needs(depth) => None,
            Some(Reply::Absent(absence)) if basis.rules.ocsp.allow_missing => {
                report.until = report.until.min(absence.holds_until());
                None
            }
            Some(Reply::Absent(absence)) => Some(absence.refusal.map_or((Code::OcspMissing, None), refused)),
            None if !basis.rules.ocsp.needs(depth) => None,
            None if !basis.rules.ocsp.responders(&question).is_empty() => Some((Code::OcspPending, None)),
            None if basis.rules.ocsp.allow_missing => None,
            None => Some((Code::OcspMissing, None)),
        };
        let Some((code, detail)) = found else { continue };
        // A CRL may have said so before.
        if !report.reasons.iter().any(|reason| reason.code == code && reason.depth == Some(depth)) {
            let culprit = path.presented.get(depth as usize).map_or(Culprit::None, |index| Culprit::Presented(*index));
            report.reasons.push(Reason::new(code, depth, culprit).with(detail));
        }
    }
}

/// Whether the CRLs do not vouch for the responder that answered, where its certificate does not say that they need not
/// (RFC 6960 section 4.2.2.2.1). Where no CRLs are looked at, it is believed for as long as it is valid.
fn is_by_revoked_responder<'c>(
    answer: &Answer,
    issuer: &Certificate<'c>,
    path: &Path<'_, 'c>,
    presented: &[Option<Certificate<'c>>],
    basis: &Basis<'_>,
    report: &mut RevocationReport,
) -> bool {
    let (Some(responder), Some(_)) = (answer.responder(), basis.crls) else { return false };
    if answer.is_nocheck() || basis.rules.crl.check == CrlCheck::Off {
        return false;
    }
    let issued = Issued { certificate: &responder, issuer, unlisted: None };
    match revocation::vouched_for(issued, path, presented, basis) {
        Some((from, until)) => {
            report.from = report.from.max(from);
            report.until = report.until.min(until);
            false
        }
        None => true,
    }
}

fn judged(answer: &Answer) -> Option<(Code, Option<Detail>)> {
    match answer.status() {
        Status::Good => None,
        Status::Revoked { date, reason } => Some((Code::CertificateRevoked, Some(Detail::Revoked { reason, date }))),
        Status::Unknown => Some((Code::OcspUnknown, None)),
    }
}

fn refused(refusal: Refusal) -> (Code, Option<Detail>) {
    (refusal.into(), Some(Detail::Text(refusal.to_string().into())))
}

impl From<Refusal> for Code {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooLarge(_) | Refusal::Malformed(_) | Refusal::UnknownExtension => Self::OcspMalformed,
            Refusal::Unsuccessful(_) | Refusal::OtherType => Self::OcspRefused,
            Refusal::SignatureInvalid | Refusal::SignatureUnsupported => Self::OcspSignatureInvalid,
            Refusal::ResponderUnfit(_) => Self::OcspResponderUnfit,
            Refusal::OtherCertificate => Self::OcspOtherCertificate,
            Refusal::NotYetValid(_) => Self::OcspNotYetValid,
            Refusal::Expired(_) => Self::OcspExpired,
            Refusal::Nonce => Self::OcspNonce,
        }
    }
}
