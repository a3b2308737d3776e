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
//! let mut server = rustls::ServerConfig::builder_with_provider(provider)
//!     .with_safe_default_protocol_versions()?
//!     .with_client_cert_verifier(clients.clone())
//!     .with_single_cert(chain, key)?;
//! clients.install(&mut server);
//!
//! let mut connection = rustls::ServerConnection::new(Arc::new(server))?;
//! // … read and process what the client sends; while `connection.is_handshaking()`, after each `process_new_packets`:
//! clients.begin(&mut connection);
//! // … and when it is complete:
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
//! verifies again, and lets it go on even under `enforcement = handshake`. Therefore a session gets a record
//! ([`ClientVerifier::begin`]) that says by which policy, for which host and when the handshake was, and
//! [`ClientVerifier::verdict`] judges a resumed client anew, by the policy and the time of the moment. It must be asked for
//! every connection, and is what a server has to act on. A resumed client with a certificate and without a record that counts
//! is FAILED with [`Code::SessionInvalid`] or [`Code::SessionExpired`].
//!
//! [`ClientVerifier::install`] sees to it that this does not happen to honest clients: sessions without a record are not kept,
//! and those whose record counts no more are not resumed, so that a full handshake follows. The age counts from the handshake
//! in which the client proved that it holds its key, through all resumptions.
//!
//! - `begin` takes effect once the client's hello is processed and before the handshake is complete, because only then it is
//!   known whether it resumes. In a loop of `read_tls` and `process_new_packets`, call it after each of these. With
//!   `rustls::server::Acceptor`, call it on what `into_connection` returns (with tokio-rustls, in the closure of
//!   `StartHandshake::into_stream_with`). Called earlier it does nothing, and the session is not resumed.
//! - TLS 1.2: rustls 0.23 does not give the record back, so that these sessions are not kept.
//! - rustls resumes a session only under the server name that it was made for, so names that share a policy do not share
//!   sessions here.
//! - rustls sends its tickets before there is a request, and keeps the sessions of clients without a certificate, too: such a
//!   client is asked again after [`Policy::session_max_age`](crate::Policy::session_max_age), or when it starts a new session.
//!
//! Without `install`, and with resumption left on, resumed clients are FAILED. To switch it off:
//! `session_storage = Arc::new(rustls::server::NoServerSessionStorage {})`, `send_tls13_tickets = 0`, and no `ticketer`.
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
use ::rustls::server::{ProducesTickets, StoresServerSessions};
use ::rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error as TlsError, HandshakeKind, OtherError,
    ProtocolVersion, ServerConfig, ServerConnection, SignatureScheme,
};

use crate::error::Error;
use crate::policy::{Enforcement, Mode};
use crate::session::Resumed;
use crate::time::unix_now;
use crate::verdict::Verdict;
use crate::verifier::Verifier;
use crate::verify::{Code, TlsVersion};

/// A [`Verifier`] as rustls calls it. Every method may be called from any thread.
pub struct ClientVerifier {
    verifier: Arc<Verifier>,
    algorithms: WebPkiSupportedAlgorithms,
    hints: Vec<DistinguishedName>,
    on_refusal: Option<Box<OnRefusal>>,
    host: String,
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
        Ok(Self { verifier, algorithms, hints, on_refusal: None, host: String::new() })
    }

    /// Has `observe` called with each verdict that ends a handshake, on the thread of that handshake: rustls's error has no
    /// room for its reasons. It is not called where rustls refuses by itself: where no certificate was presented, and
    /// where the client does not prove that it holds the key.
    #[must_use]
    pub fn on_refusal(mut self, observe: impl Fn(&Arc<Verdict>) + Send + Sync + 'static) -> Self {
        self.on_refusal = Some(Box::new(observe));
        self
    }

    /// Names the virtual host that this is for: its sessions are resumed by no other ([`Verifier::session_identity`]). Without
    /// a name, every host of an equal policy resumes them.
    #[must_use]
    pub fn for_host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    /// Has the sessions of a server's configuration kept and resumed only where they have a record that counts: wraps its
    /// `session_storage` and its `ticketer`, whichever it has by now.
    pub fn install(self: &Arc<Self>, config: &mut ServerConfig) {
        let clients = || Arc::clone(self);
        config.session_storage = Arc::new(Guarded { clients: clients(), inner: config.session_storage.clone() });
        config.ticketer = Arc::new(Guarded { clients: clients(), inner: config.ticketer.clone() });
    }

    /// Has the session of a connection carry the record of its client: of the handshake that is going on, or, where that
    /// resumes one, of the handshake that that one came from, whose time it keeps.
    ///
    /// To be called while the connection is handshaking, after the client's hello was processed; again and again is as good
    /// as once. Before the hello, after the handshake, and for TLS 1.2 it does nothing, so that the session is not resumed.
    pub fn begin(&self, connection: &mut ServerConnection) {
        if !connection.is_handshaking() || connection.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
            return;
        }
        let record = match connection.received_resumption_data() {
            Some(received) => received.to_vec(),
            None => self.verifier.export_handshake(&self.host, unix_now()),
        };
        connection.set_resumption_data(&record);
    }

    /// The verdict for the client of a connection that this verifier is configured for, by the policy and the system's
    /// time of the moment; also for a resumed one. The cache makes it cheap for a client that was verified before.
    ///
    /// Ask once, when the handshake is complete, and look at the verdict again with [`Verifier::recheck`] while the connection
    /// lasts: of a resumed connection the record is looked at in every call, and counts no more once the policy is another.
    ///
    /// Before the handshake is complete, and after it failed, nobody has proved to hold a key: the verdict is then FAILED
    /// with [`Code::InternalError`]. So it is with early data, which comes before that.
    pub fn verdict(&self, connection: &ServerConnection) -> Arc<Verdict> {
        self.resumed(connection).verdict
    }

    /// The verdict, with the time of the handshake in which the client proved that it holds its key. That is known of a resumed
    /// connection only: of a full handshake the server knows it itself.
    pub fn resumed(&self, connection: &ServerConnection) -> Resumed {
        if connection.is_handshaking() {
            return Resumed { verdict: Arc::new(Verdict::internal_error()), handshake_time: None };
        }
        let presented = concatenated(connection.peer_certificates().unwrap_or_default());
        match connection.handshake_kind() {
            Some(HandshakeKind::Resumed) if !presented.is_empty() => {
                let record = connection.received_resumption_data().unwrap_or_default();
                self.verifier.resume_handshake(record, &self.host, &presented, unix_now())
            }
            _ => Resumed { verdict: self.verifier.verify(&presented), handshake_time: None },
        }
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

/// A storage of sessions, or what makes tickets of them, that lets pass only those with a record that counts.
#[derive(Debug)]
struct Guarded<T: ?Sized> {
    clients: Arc<ClientVerifier>,
    inner: Arc<T>,
}

impl<T: ?Sized> Guarded<T> {
    fn passes(&self, session: &[u8]) -> bool {
        self.clients.verifier.finds_handshake(session, &self.clients.host, unix_now())
    }
}

impl StoresServerSessions for Guarded<dyn StoresServerSessions> {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        self.passes(&value) && self.inner.put(key, value)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.inner.get(key).filter(|session| self.passes(session))
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.inner.take(key).filter(|session| self.passes(session))
    }

    fn can_cache(&self) -> bool {
        self.inner.can_cache()
    }
}

impl ProducesTickets for Guarded<dyn ProducesTickets> {
    fn enabled(&self) -> bool {
        self.inner.enabled()
    }

    fn lifetime(&self) -> u32 {
        self.inner.lifetime()
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        if self.passes(plain) { self.inner.encrypt(plain) } else { None }
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        self.inner.decrypt(cipher).filter(|session| self.passes(session))
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
