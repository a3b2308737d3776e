//! Client certificates for servers that speak TLS with rustls: a [`ClientVerifier`] in the server's
//! configuration, and [`ClientVerifier::verdict`] for each connection.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # fn example(
//! #     provider: Arc<rustls::crypto::CryptoProvider>,
//! #     chain: Vec<rustls::pki_types::CertificateDer<'static>>,
//! #     key: rustls::pki_types::PrivateKeyDer<'static>,
//! # ) -> Result<(), Box<dyn std::error::Error>> {
//! use clientcert::rustls::ClientVerifier;
//! use clientcert::{Config, Verifier};
//!
//! let mut config = Config::new();
//! config.set("mode", "optional")?;
//! config.set("ca", "/etc/ssl/clients-ca.pem")?;
//! let clients = Arc::new(ClientVerifier::new(Arc::new(Verifier::new(&config)?), &provider)?);
//!
//! let server = rustls::ServerConfig::builder_with_provider(provider)
//!     .with_safe_default_protocol_versions()?
//!     .with_client_cert_verifier(clients.clone())
//!     .with_single_cert(chain, key)?;
//!
//! let connection = rustls::ServerConnection::new(Arc::new(server))?;
//! // … the handshake, and then for each request:
//! let verdict = clients.verdict(&connection);
//! if verdict.verified() {
//!     println!("{:?}", verdict.get("ssl_client_s_dn"));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Modes
//!
//! | mode | asks | without a certificate | with one that is not accepted |
//! | --- | --- | --- | --- |
//! | `off` | no | goes on | |
//! | `optional`, `optional_no_ca`, `request_any` | yes | goes on | goes on, or an alert |
//! | `require`, `require_any` | yes | goes on, or an alert | goes on, or an alert |
//! | `deferred` | | an error of [`ClientVerifier::new`] | |
//!
//! It is an alert under `enforcement = handshake`; under `request` the handshake completes, and the verdict is not
//! accepted. `deferred` means to ask a client that is already connected, which rustls cannot do: it knows neither
//! renegotiation nor post-handshake authentication. Not to ask at all would leave everybody `NONE`, so it is refused.
//!
//! # Proof of the key
//!
//! In every mode the client must prove that it holds the key of the certificate that it presents: rustls checks the
//! signature of CertificateVerify with the provider's algorithms, and nothing here can turn that off. A certificate that
//! rustls cannot read for this purpose (one of version 1, whatever `accept_v1` says; one with a critical extension that
//! webpki does not know; broken DER) ends the handshake in every mode, as do raw public keys (RFC 7250).
//!
//! # Resumption
//!
//! A resumed session brings back the certificates of the handshake that it came from; rustls neither asks again nor
//! verifies again, and lets it go on even under `enforcement = handshake`. [`ClientVerifier::verdict`] judges them anew, by
//! the policy and the time of the moment, so it must be asked for every connection, and is what a server has to act on.
//! A server that does not, because `enforcement = handshake` seems enough, has to switch resumption off:
//! `session_storage = Arc::new(rustls::server::NoServerSessionStorage {})`, `send_tls13_tickets = 0`, and no `ticketer`.
//! Sessions prove nothing to a configuration whose verifier did not see the handshake: do not share a session storage or
//! a ticketer with a configuration that verifies clients in another way.
//!
//! # Alerts
//!
//! rustls chooses the alert by its [`CertificateError`], so the one that sends the alert of the reason ([`Code::alert`]) is
//! returned, even where its name says less or something else: a key that is too weak is `BadEncoding`, which is
//! `bad_certificate`. What was wrong is in the verdict, which [`ClientVerifier::on_refusal`] hands out. Two alerts differ
//! because rustls does not let a verifier choose them: a missing certificate is `certificate_required` in TLS 1.2 as well,
//! and a failure inside is `handshake_failure`.

use std::fmt;
use std::sync::Arc;

use ::rustls::client::danger::HandshakeSignatureValid;
use ::rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use ::rustls::pki_types::{CertificateDer, UnixTime};
use ::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use ::rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error as TlsError, OtherError, ServerConnection,
    SignatureScheme,
};

use crate::error::Error;
use crate::policy::{Enforcement, Mode};
use crate::verdict::Verdict;
use crate::verifier::Verifier;
use crate::verify::{Code, TlsVersion};

/// A [`Verifier`] as rustls calls it. Every method may be called from any thread.
pub struct ClientVerifier {
    verifier: Arc<Verifier>,
    algorithms: WebPkiSupportedAlgorithms,
    hints: Vec<DistinguishedName>,
    on_refusal: Option<Box<OnRefusal>>,
}

type OnRefusal = dyn Fn(&Arc<Verdict>) + Send + Sync;

impl ClientVerifier {
    /// A verifier of clients by `verifier`, which checks the signatures of handshakes with the algorithms of `provider`.
    ///
    /// The names of CAs that are sent to clients are those of now, because rustls borrows them: the policy follows
    /// [`Verifier::reload`] and [`Verifier::refresh`], these names do not. For other names make a new `ClientVerifier` with
    /// the same verifier.
    ///
    /// # Errors
    ///
    /// [`Error::NotSupported`] for the mode `deferred`.
    pub fn new(verifier: Arc<Verifier>, provider: &CryptoProvider) -> Result<Self, Error> {
        let policy = verifier.policy();
        if policy.mode() == Mode::Deferred {
            return Err(Error::NotSupported {
                option: "mode",
                value: policy.mode().name().to_owned(),
                missing: "needs a TLS stack that can ask for a certificate after the handshake, which rustls cannot",
            });
        }
        let hints = policy.ca_names().map(|name| DistinguishedName::from(name.to_vec())).collect();
        let algorithms = provider.signature_verification_algorithms;
        Ok(Self { verifier, algorithms, hints, on_refusal: None })
    }

    /// Has `observe` called with each verdict that ends a handshake, on the thread of that handshake: rustls's error has no
    /// room for its reasons. It is not called where rustls refuses by itself: where no certificate was presented, and
    /// where the client does not prove that it holds the key.
    #[must_use]
    pub fn on_refusal(mut self, observe: impl Fn(&Arc<Verdict>) + Send + Sync + 'static) -> Self {
        self.on_refusal = Some(Box::new(observe));
        self
    }

    /// The verdict for the client of a connection that this verifier is configured for, by the policy and the system's
    /// time of the moment; also for a resumed one. The cache makes it cheap for a client that was verified before.
    ///
    /// Before the handshake is complete, and after it failed, nobody has proved to hold a key: the verdict is then FAILED
    /// with [`Code::InternalError`]. So it is with early data, which comes before that.
    pub fn verdict(&self, connection: &ServerConnection) -> Arc<Verdict> {
        if connection.is_handshaking() {
            return Arc::new(Verdict::internal_error());
        }
        self.verifier.verify(&concatenated(connection.peer_certificates().unwrap_or_default()))
    }

    /// The verifier that judges.
    pub fn verifier(&self) -> &Arc<Verifier> {
        &self.verifier
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn offer_client_auth(&self) -> bool {
        self.verifier.policy().mode().asks()
    }

    fn client_auth_mandatory(&self) -> bool {
        let policy = self.verifier.policy();
        policy.mode().requires() && policy.enforcement() == Enforcement::Handshake
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, TlsError> {
        if self.verifier.policy().enforcement() == Enforcement::Handshake {
            let presented = concatenated(std::iter::once(end_entity).chain(intermediates));
            let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
            let verdict = self.verifier.verify_at(&presented, now);
            if let Some(code) = verdict.refused_for() {
                if let Some(observe) = &self.on_refusal {
                    observe(&verdict);
                }
                return Err(refusal(code));
            }
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        false
    }
}

impl fmt::Debug for ClientVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientVerifier").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

/// The certificates as a verifier takes them. Bytes that are not exactly one certificate may shift its borders; they never
/// pass for a client's, because the check of CertificateVerify takes the first of them for exactly one certificate.
fn concatenated<'c, 'der: 'c>(certificates: impl IntoIterator<Item = &'c CertificateDer<'der>>) -> Vec<u8> {
    certificates.into_iter().map(AsRef::as_ref).collect::<Vec<&[u8]>>().concat()
}

/// What the text of an error says where rustls has no kind for it.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.text())]
struct Refused(Code);

/// The error for which rustls sends the alert of `code`. That of TLS 1.2 differs for missing certificates only.
fn refusal(code: Code) -> TlsError {
    TlsError::InvalidCertificate(match code.alert(TlsVersion::Tls13) {
        42 => CertificateError::BadEncoding,
        43 => CertificateError::InvalidPurpose,
        44 => CertificateError::Revoked,
        45 => CertificateError::Expired,
        46 => CertificateError::Other(OtherError(Arc::new(Refused(code)))),
        48 => CertificateError::UnknownIssuer,
        49 => CertificateError::ApplicationVerificationFailure,
        _ => return TlsError::General(code.text().to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use ::rustls::AlertDescription;

    use super::*;

    #[test]
    fn rustls_sends_the_alert_of_every_reason_that_a_verifier_can_have() {
        for code in Code::all() {
            match (refusal(code), code) {
                (TlsError::InvalidCertificate(error), _) => {
                    assert_eq!(u8::from(AlertDescription::from(error)), code.alert(TlsVersion::Tls13), "{code}");
                    assert_eq!(code.alert(TlsVersion::Tls12), code.alert(TlsVersion::Tls13), "{code}");
                }
                // rustls asks for the certificate itself; for a failure inside it has no kind.
                (TlsError::General(_), Code::CertificateRequired | Code::InternalError | Code::RegistryUnavailable) => {
                }
                (error, code) => panic!("{code}: {error}"),
            }
        }
    }
}
