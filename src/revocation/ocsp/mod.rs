//! OCSP without network (RFC 6960, RFC 5019, RFC 9654): what to ask a responder, and whether its answer counts.
//!
//! ```no_run
//! # fn post(url: &str, request: &[u8]) -> Vec<u8> { Vec::new() }
//! use clientcert::certificate::OwnedCertificate;
//! use clientcert::revocation::ocsp::{HashAlgorithm, Question, Rules, Status, nonce};
//! # let (certificate, issuer) = (Vec::new(), Vec::new());
//! # let now = 0;
//!
//! let (certificate, issuer) = (OwnedCertificate::from_der(certificate)?, OwnedCertificate::from_der(issuer)?);
//! let question = Question::new(certificate.view(), issuer.view());
//! let nonce = nonce().expect("a source of chance");
//! for responder in question.responders() {
//!     let response = post(&responder, &question.request(HashAlgorithm::Sha1, Some(&nonce)));
//!     match question.check(&response, Some(&nonce), &Rules::default(), now) {
//!         Ok(answer) if answer.status() == Status::Good => println!("good until {}", answer.holds_until(&Rules::default())),
//!         Ok(answer) => println!("{:?}", answer.status()),
//!         Err(refusal) => println!("no answer: {refusal}"),
//!     }
//! }
//! # Ok::<(), clientcert::certificate::Malformed>(())
//! ```
//!
//! What is asked and checked is one certificate and its issuer. That the issuer is to be trusted is for a verification to
//! find out, before or after.

mod answer;
mod cache;
mod certificate_id;
mod check;
mod given;
mod refusal;
mod request;
mod response;

pub use answer::{Answer, Status};
pub use certificate_id::HashAlgorithm;
pub use check::Rules;
pub use refusal::{Refusal, Unfit};
pub use request::{NONCE_LENGTH, get_url, nonce};
pub use response::ResponseStatus;

pub(crate) use cache::{About, Answers};
pub(crate) use given::{Given, Known, Reply};
pub(crate) use request::is_http_url;

use crate::certificate::Certificate;

/// id-pkix-ocsp-nonce.
const NONCE: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1, 2];

/// What a responder is asked: whether this issuer revoked this certificate. Copying it copies references.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    certificate: Certificate<'a>,
    issuer: Certificate<'a>,
}

impl<'a> Question<'a> {
    /// `issuer` is the certificate of the CA whose key signed `certificate`, which is not checked here.
    pub fn new(certificate: Certificate<'a>, issuer: Certificate<'a>) -> Self {
        Self { certificate, issuer }
    }
}
