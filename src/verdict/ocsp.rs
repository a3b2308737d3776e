//! What a verdict wants to know from OCSP responders, and what they said.

use std::sync::Arc;

use super::Verdict;
use crate::certificate::Certificate;
use crate::policy::Policy;
use crate::revocation::ocsp::{
    self, Answer, Answers, Given, HashAlgorithm, NONCE_LENGTH, Question, Refusal, Reply, Status,
};
use crate::verify::{Code, OcspCheck, Reason};

/// What to ask a responder. Several may be about one certificate: its responders, the first choice first; one answer is
/// enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcspQuestion {
    certificate: usize,
    url: Box<str>,
    request: Arc<[u8]>,
    nonce: Option<[u8; NONCE_LENGTH]>,
}

impl OcspQuestion {
    /// The index of the presented certificate that it is about; the leaf is 0.
    pub fn certificate(&self) -> usize {
        self.certificate
    }

    /// Whom to ask: an http or https URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What to ask: the DER of an OCSPRequest, to be sent by POST as `application/ocsp-request`, or by GET (see
    /// [`ocsp::get_url`]).
    pub fn request(&self) -> &[u8] {
        &self.request
    }
}

/// What a verdict knows of OCSP; most have none.
#[derive(Clone, Debug, Default)]
pub(super) struct OcspRecord {
    pub(super) questions: Vec<OcspQuestion>,
    /// What was given for this verdict and those before it.
    given: Given,
    /// What counted, with the depth of the certificate that it is about.
    answers: Vec<(u32, Arc<Answer>)>,
}

impl OcspRecord {
    /// None where there is nothing to record.
    pub(super) fn new(given: &Given, answers: Vec<(u32, Arc<Answer>)>) -> Option<Box<Self>> {
        let something = !answers.is_empty() || !given.is_empty();
        something.then(|| Box::new(Self { questions: Vec::new(), given: given.clone(), answers }))
    }
}

impl Verdict {
    /// What to ask OCSP responders, where nothing but their answers is missing; each answer goes to
    /// [`crate::Verifier::ocsp_response`]. Empty otherwise.
    pub fn ocsp_questions(&self) -> &[OcspQuestion] {
        self.ocsp.as_ref().map_or(&[], |ocsp| &ocsp.questions)
    }

    /// The URL of a question with a NUL behind it, for C.
    pub(crate) fn ocsp_url_with_nul(&self, index: usize) -> Option<&[u8]> {
        let url = self.ocsp_questions().get(index)?.url();
        Some(self.renderings.keep("\0ocsp", url.into()))
    }

    /// The OCSP answers that counted, each with the depth of the certificate that it is about.
    pub fn ocsp_answers(&self) -> impl ExactSizeIterator<Item = (u32, &Answer)> {
        let answers = self.ocsp.as_ref().map_or(&[][..], |ocsp| &ocsp.answers);
        answers.iter().map(|(depth, answer)| (*depth, &**answer))
    }

    /// What was given for this verdict and those before it.
    pub(crate) fn given(&self) -> &Given {
        self.ocsp.as_ref().map_or(Given::NOTHING, |ocsp| &ocsp.given)
    }

    /// Judges a response to the question about a presented certificate, and remembers a good answer. What comes back is
    /// everything that was given so far; None where the verdict has no use for it.
    pub(crate) fn take_ocsp_response(
        &self,
        policy: &Policy,
        answers: &Answers,
        certificate: usize,
        response: &[u8],
        now: i64,
    ) -> Option<Given> {
        // Whose path is not good chooses whom he calls an issuer.
        let only_answers_missing =
            self.anchor.is_some() && self.reasons.iter().all(|reason| reason.tolerated || is_about_ocsp(reason.code));
        if !only_answers_missing || policy.rules().ocsp.check == OcspCheck::Off {
            return None;
        }
        let question = self.question(certificate)?;
        let asked = self.ocsp_questions().iter().find(|asked| asked.certificate == certificate);
        let nonce = asked.and_then(|asked| asked.nonce.as_ref()).map(|nonce| &nonce[..]);
        let rules = policy.rules().of_answers();
        let reply = match response {
            [] => Reply::absent(now),
            response => match question.check(response, nonce, &rules, now) {
                // An answer that nobody asked for, where one must be to a fresh question.
                Ok(answer) if nonce.is_none() && policy.rules().ocsp.wants_nonce() && !answer.status().is_revoked() => {
                    if self.verified() {
                        return None;
                    }
                    Reply::Refused(Refusal::Nonce)
                }
                Ok(answer) => {
                    let answer = Arc::new(answer);
                    // Who is unknown today may have been issued this minute: the next client asks again.
                    if answer.status() != Status::Unknown {
                        answers.remember(&question, &answer, &rules, now);
                    }
                    Reply::Answer(answer)
                }
                Err(refusal) => Reply::refused(refusal, now),
            },
        };
        Some(self.given().with(&question, reply))
    }

    /// Finds out what to ask about each certificate whose answer is pending. Nothing is asked where there is more to mend
    /// than that, and then nothing is pending.
    pub(super) fn prepare_questions(&mut self, policy: &Policy) {
        let is_pending = |reason: &Reason| reason.code == Code::OcspPending;
        if !self.reasons.iter().any(is_pending) {
            return;
        }
        let mut questions = Vec::new();
        for reason in self.reasons.iter().filter(|reason| is_pending(reason)) {
            let place = reason.depth.and_then(|depth| usize::try_from(depth).ok());
            let Some(certificate) = place.and_then(|place| self.path.get(place).copied()) else { continue };
            let Some(question) = self.question(certificate) else { continue };
            let nonce = match policy.rules().ocsp.wants_nonce() {
                // Without chance there is no question, and so no answer.
                true => match ocsp::nonce() {
                    Some(nonce) => Some(nonce),
                    None => continue,
                },
                false => None,
            };
            let request: Arc<[u8]> =
                question.request(HashAlgorithm::Sha1, nonce.as_ref().map(|nonce| &nonce[..])).into();
            let ask = |url: String| OcspQuestion { certificate, url: url.into(), request: Arc::clone(&request), nonce };
            questions.extend(policy.rules().ocsp.responders(&question).into_iter().take(MOST_RESPONDERS).map(ask));
        }
        self.ocsp.get_or_insert_default().questions = questions;
    }

    /// The question about a presented certificate on the path.
    fn question(&self, certificate: usize) -> Option<Question<'_>> {
        let place = self.path.iter().position(|index| *index == certificate)?;
        let issuer: Certificate<'_> = match self.path.get(place + 1) {
            Some(issuer) => self.certificate(*issuer)?,
            None => self.anchor()?,
        };
        let certificate = self.certificate(certificate)?;
        // A leaf that is pinned itself needs nobody to vouch for it.
        (certificate.as_der() != issuer.as_der()).then(|| Question::new(certificate, issuer))
    }
}

/// Of the responders that a certificate names, how many are asked.
const MOST_RESPONDERS: usize = 4;

/// Whether the reason is one that another answer might take away.
fn is_about_ocsp(code: Code) -> bool {
    matches!(
        code,
        Code::OcspPending
            | Code::OcspMissing
            | Code::OcspMalformed
            | Code::OcspRefused
            | Code::OcspSignatureInvalid
            | Code::OcspResponderUnfit
            | Code::OcspOtherCertificate
            | Code::OcspNotYetValid
            | Code::OcspExpired
            | Code::OcspNonce
            | Code::OcspUnknown
            // The host looks the key up meanwhile.
            | Code::RegistrationPending
    )
}
