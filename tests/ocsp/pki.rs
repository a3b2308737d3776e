//! One CA with a client and a responder, and a question about the client.

use clientcert::certificate::{Malformed, OwnedCertificate};
use clientcert::revocation::ocsp::{Answer, HashAlgorithm, Question, Refusal, Rules};

use crate::support::ocsp::{self, NOCHECK, OCSP_SIGNING, Response};
use crate::support::{Extension, Key, NOW, Template, der, extension, name};

pub struct Pki {
    pub ca: Key,
    pub responder: Key,
    pub issuer: OwnedCertificate,
    pub client: OwnedCertificate,
}

impl Pki {
    pub fn new() -> Self {
        let (ca, client) = (Key::ed25519(0), Key::ed25519(1));
        let issuer = Template::authority("Test CA", "Test CA", &ca).sign(&ca);
        let mut template = Template::client("Test CA", "alice", &client);
        template.serial = vec![0x10, 0x01];
        let client = template.sign(&ca);
        Self { ca, responder: Key::ed25519(2), issuer: read(issuer).unwrap(), client: read(client).unwrap() }
    }

    pub fn question(&self) -> Question<'_> {
        Question::new(self.client.view(), self.issuer.view())
    }

    /// The CertID of the client.
    pub fn id(&self, algorithm: HashAlgorithm) -> Vec<u8> {
        ocsp::certificate_id(&self.question().request(algorithm, None)).0
    }

    /// The SHA-1 of the key of a certificate, which the CertID of what it issues has.
    pub fn key_hash(&self, certificate: &OwnedCertificate) -> Vec<u8> {
        let question = Question::new(self.client.view(), certificate.view());
        ocsp::certificate_id(&question.request(HashAlgorithm::Sha1, None)).1
    }

    /// A response by the CA itself.
    pub fn response(&self, status: Vec<u8>) -> Response {
        Response::new(ocsp::by_name(&name::common_name("Test CA")), self.id(HashAlgorithm::Sha1), status)
    }

    /// The certificate of the responder as it should be.
    pub fn responder_template(&self) -> Template {
        Template::new("Test CA", "Test Responder", &self.responder)
            .with(extension::key_usage(&[extension::DIGITAL_SIGNATURE]))
            .with(extension::extended_key_usage(&[OCSP_SIGNING]))
            .with(Extension::new(NOCHECK, der::tlv(0x05, &[])))
    }

    /// A response by the responder, whose certificate is this.
    pub fn delegated(&self, certificate: Vec<u8>, status: Vec<u8>) -> Response {
        let mut response = self.response(status);
        response.responder = ocsp::by_name(&name::common_name("Test Responder"));
        response.certificates = vec![certificate];
        response
    }

    pub fn check(&self, response: &[u8]) -> Result<Answer, Refusal> {
        self.question().check(response, None, &Rules::default(), NOW)
    }
}

pub fn read(der: Vec<u8>) -> Result<OwnedCertificate, Malformed> {
    OwnedCertificate::from_der(der)
}
