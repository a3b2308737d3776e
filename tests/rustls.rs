//! rustls servers with a [`ClientVerifier`]: real handshakes in memory, with clients of every kind, over TLS 1.2 and 1.3.

mod support;

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clientcert::rustls::ClientVerifier;
use clientcert::verify::Code;
use clientcert::{Config, Outcome, Status, Verdict, Verifier};
use pki_types::pem::PemObject as _;
use pki_types::{CertificateDer, PrivateKeyDer};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, ResolvesClientCert};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::NoServerSessionStorage;
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, Error, HandshakeKind, PeerIncompatible,
    RootCertStore, ServerConfig, ServerConnection, SignatureScheme, SupportedProtocolVersion,
};
use support::crl::{List, Revoked};
use support::extension::{self, SERVER_AUTH};
use support::{Extension, Key, Template, der, pem};
use tempfile::TempDir;

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];
const MODES: [&str; 5] = ["optional", "optional_no_ca", "require", "request_any", "require_any"];

#[test]
fn a_good_client_is_verified_in_every_mode_that_verifies() {
    for version in VERSIONS {
        for enforcement in ["request", "handshake"] {
            for mode in MODES {
                let server = Server::new(mode, enforcement);
                let verdict = server.judge(version, &Client::good());
                let verifies = !mode.ends_with("_any");
                assert!(verdict.accepted(), "{mode}");
                assert_eq!(verdict.verified(), verifies, "{mode}");
                assert_eq!(verdict.get("ssl_client_s_dn"), Some(&b"CN=alice"[..]), "{mode}");
                let intermediates = server.judge(version, &Client::with_intermediate());
                assert_eq!(intermediates.verified(), verifies, "{mode}");
                assert_eq!(intermediates.certificate_count(), 2, "{mode}");
            }
        }
    }
}

#[test]
fn without_a_certificate_only_an_enforced_requirement_ends_the_handshake() {
    for version in VERSIONS {
        for enforcement in ["request", "handshake"] {
            for mode in MODES {
                let server = Server::new(mode, enforcement);
                let required = mode.starts_with("require");
                if required && enforcement == "handshake" {
                    let handshake = server.shake(version, &Client::without_certificate());
                    assert_eq!(handshake.server, Err(Error::NoCertificatesPresented), "{mode}");
                    assert_eq!(handshake.alert(), Some(AlertDescription::CertificateRequired), "{mode}");
                    assert_is_nobody(&server.verdict(&handshake));
                } else {
                    let verdict = server.judge(version, &Client::without_certificate());
                    assert_eq!(verdict.outcome(), Outcome::None, "{mode}");
                    assert_eq!(verdict.accepted(), !required, "{mode}");
                }
            }
        }
    }
}

#[test]
fn bad_clients_are_failed_and_under_enforcement_get_the_alert_of_the_reason() {
    for version in VERSIONS {
        for Bad { client, code, alert } in bad_clients() {
            for mode in MODES {
                let verifies = !mode.ends_with("_any");
                let expected = if verifies { code } else { Code::NotVerified };
                // By default, optional_no_ca lets go on who leads nowhere.
                let accepted = !verifies || mode == "optional_no_ca" && alert == AlertDescription::UnknownCA;

                let verdict = Server::new(mode, "request").judge(version, &client);
                assert_eq!(verdict.outcome(), Outcome::Failed, "{mode} {code}");
                assert_eq!(verdict.primary().expect("a reason").code, expected, "{mode} {code}");
                assert_eq!(verdict.accepted(), accepted, "{mode} {code}");

                let server = Server::new(mode, "handshake");
                if accepted {
                    assert!(!server.judge(version, &client).verified(), "{mode} {code}");
                } else {
                    let handshake = server.shake(version, &client);
                    assert!(matches!(handshake.server, Err(Error::InvalidCertificate(_))), "{mode} {code}");
                    assert_eq!(handshake.alert(), Some(alert), "{mode} {code}");
                    assert_is_nobody(&server.verdict(&handshake));
                }
            }
        }
    }
}

#[test]
fn a_client_without_the_key_is_refused_in_every_mode() {
    for version in VERSIONS {
        for enforcement in ["request", "handshake"] {
            for mode in MODES {
                let server = Server::new(mode, enforcement);
                let handshake = server.shake(version, &Client::good().with_key(Key::p256(7)));
                let expected = Error::InvalidCertificate(CertificateError::BadSignature);
                assert_eq!(handshake.server, Err(expected), "{mode} {enforcement}");
                assert_eq!(handshake.alert(), Some(AlertDescription::DecryptError), "{mode} {enforcement}");
                assert_is_nobody(&server.verdict(&handshake));
            }
        }
    }
}

/// The bytes in the place of the leaf are no certificate, but a reader of all bytes would find alice in them.
#[test]
fn what_is_not_exactly_one_certificate_in_the_place_of_the_leaf_proves_nothing() {
    let good = Client::good();
    let alice = good.chain[0].clone();
    let chains = [
        vec![pem(&alice).into_bytes()],
        vec![[alice.clone(), alice.clone()].concat()],
        vec![Vec::new(), alice.clone()],
        vec![alice[..10].to_vec(), alice[10..].to_vec()],
        vec![b"nonsense".to_vec()],
    ];
    for version in VERSIONS {
        for mode in MODES {
            for chain in &chains {
                let server = Server::new(mode, "request");
                let handshake = server.shake(version, &Client { chain: chain.clone(), ..good.clone() });
                assert!(handshake.server.is_err(), "{mode} {:?}", handshake.server);
                assert_is_nobody(&server.verdict(&handshake));
            }
        }
    }
}

#[test]
fn off_asks_nobody() {
    for version in VERSIONS {
        let server = Server::new("off", "handshake");
        let handshake = server.shake(version, &Client::good());
        assert!(handshake.connection.peer_certificates().is_none());
        let verdict = server.verdict(&handshake);
        assert_eq!(verdict.outcome(), Outcome::None);
        assert!(verdict.accepted());
    }
}

#[test]
fn deferred_is_refused_where_the_server_is_made() {
    let pki = Pki::new();
    let verifier = Verifier::new(&pki.config("deferred", "request")).expect("a verifier");
    let error = ClientVerifier::new(Arc::new(verifier), &provider()).expect_err("rustls cannot ask later");
    assert_eq!(error.status(), Status::NotSupported);
    assert!(error.to_string().contains("'mode': 'deferred'"), "{error}");
}

#[test]
fn raw_public_keys_are_refused() {
    let server = Server::new("request_any", "request");
    let key = Key::p256(3);
    let raw = CertifiedKey::new(vec![CertificateDer::from(key.public())], signing_key(key));
    let resolver = Arc::new(AlwaysResolvesClientRawPublicKeys::new(Arc::new(raw)));
    let handshake = shake(&client_config(&TLS13, resolver), &server.config(&TLS13));
    let expected = Error::PeerIncompatible(PeerIncompatible::IncorrectCertificateTypeExtension);
    assert_eq!(handshake.server, Err(expected));
    assert_is_nobody(&server.verdict(&handshake));
}

#[test]
fn a_leaf_of_version_1_is_refused_because_rustls_cannot_check_its_key() {
    let mut template = Template::new("root", "erin", Key::p256(3));
    template.version = 1;
    let server = Server::new("require", "request");
    let presented = template.sign(Key::p256(0));
    assert!(server.clients.verifier().verify(&presented).verified(), "the verifier takes it");
    for version in VERSIONS {
        let handshake = server.shake(version, &Client::of(&[&presented]));
        assert!(matches!(handshake.server, Err(Error::InvalidCertificate(_))), "{:?}", handshake.server);
        assert_is_nobody(&server.verdict(&handshake));
    }
}

#[test]
fn a_critical_extension_that_rustls_does_not_know_is_refused_in_every_mode() {
    let unknown = Extension::new("1.3.6.1.4.1.99999.1", der::tlv(0x05, &[])).critical();
    let client = Client::of(&[&Template::client("root", "alice", Key::p256(3)).with(unknown).sign(Key::p256(0))]);
    for version in VERSIONS {
        for mode in MODES {
            let server = Server::new(mode, "request");
            let handshake = server.shake(version, &client);
            assert!(matches!(handshake.server, Err(Error::InvalidCertificate(_))), "{:?}", handshake.server);
            assert_is_nobody(&server.verdict(&handshake));
        }
    }
}

#[test]
fn clients_learn_the_names_of_the_cas_unless_they_are_not_to() {
    let root = Template::authority("root", "root", Key::p256(0)).subject;
    for version in VERSIONS {
        let hints = |config: &Config| {
            let server = Server::of(config, Pki::new());
            let seen = Arc::new(Hints::default());
            shake(&client_config(version, seen.clone()), &server.config(version));
            seen.0.lock().expect("hints").clone()
        };
        let pki = Pki::new();
        let mut config = pki.config("optional", "request");
        assert_eq!(hints(&config), Some(vec![root.clone()]));
        config.set("ca_hints", "none").expect("an option");
        assert_eq!(hints(&config), Some(vec![]));
    }
}

#[test]
fn refusals_are_observed_with_all_reasons() {
    let seen: Arc<Mutex<Vec<Arc<Verdict>>>> = Arc::default();
    let mut server = Server::new("require", "handshake");
    let kept = Arc::clone(&seen);
    let clients = ClientVerifier::new(Arc::clone(server.clients.verifier()), &provider()).expect("a verifier");
    server.clients =
        Arc::new(clients.on_refusal(move |verdict| kept.lock().expect("verdicts").push(Arc::clone(verdict))));

    assert!(server.judge(&TLS13, &Client::good()).verified());
    assert!(seen.lock().expect("verdicts").is_empty());

    let expired_server = Template::client("root", "www", Key::p256(3))
        .with(extension::extended_key_usage(&[SERVER_AUTH]))
        .valid("200101000000Z", "210101000000Z")
        .sign(Key::p256(0));
    assert!(server.shake(&TLS13, &Client::of(&[&expired_server])).server.is_err());
    let seen = seen.lock().expect("verdicts");
    let codes: Vec<Code> = seen[0].reasons().iter().map(|reason| reason.code).collect();
    assert_eq!((seen.len(), &*codes), (1, &[Code::CertificateExpired, Code::ExtendedKeyUsage][..]));
}

#[test]
fn a_reason_that_rustls_has_no_kind_for_is_told_in_words() {
    let client = bad_clients().pop().expect("a client").client;
    let handshake = Server::new("require", "handshake").shake(&TLS13, &client);
    let Err(Error::InvalidCertificate(CertificateError::Other(error))) = handshake.server else {
        panic!("{:?}", handshake.server)
    };
    assert_eq!(error.to_string(), Code::PolicyRequired.text());
}

#[test]
fn without_resumption_every_handshake_is_verified() {
    for version in VERSIONS {
        let server = Server::new("require", "handshake");
        let mut configured = Arc::unwrap_or_clone(server.config(version));
        configured.session_storage = Arc::new(NoServerSessionStorage {});
        configured.send_tls13_tickets = 0;
        let (client, configured) = (Client::good().config(version), Arc::new(configured));

        assert!(server.verdict(&shake(&client, &configured)).verified());
        server.pki.trust("other", Key::p256(1));
        server.clients.verifier().reload().expect("another CA");
        let refused = shake(&client, &configured);
        assert_eq!(refused.server, Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)));
        assert_eq!(refused.alert(), Some(AlertDescription::UnknownCA));
    }
}

#[test]
fn a_resumed_session_is_judged_anew_and_again_and_again() {
    let server = Server::new("require", "handshake");
    let (client, configured) = (Client::with_intermediate().config(&TLS13), server.config(&TLS13));
    assert_eq!(server.visit(&client, &configured), (HandshakeKind::Full, Ok(())));
    for _ in 0..3 {
        assert_eq!(server.visit(&client, &configured), (HandshakeKind::Resumed, Ok(())));
    }
}

/// rustls 0.23 gives the record back in TLS 1.3 only.
#[test]
fn sessions_of_tls_1_2_are_not_kept() {
    let server = Server::new("require", "handshake");
    let (client, configured) = (Client::good().config(&TLS12), server.config(&TLS12));
    for _ in 0..2 {
        assert_eq!(server.visit(&client, &configured), (HandshakeKind::Full, Ok(())));
    }
}

#[test]
fn a_policy_that_changed_asks_for_a_full_handshake() {
    let server = Server::new("require", "request");
    for stateless in [false, true] {
        let (client, configured) = (Client::good().config(&TLS13), server.config_with(&TLS13, stateless));
        assert_eq!(server.visit(&client, &configured), (HandshakeKind::Full, Ok(())));
        assert_eq!(server.visit(&client, &configured), (HandshakeKind::Resumed, Ok(())));
        server.pki.trust("other", Key::p256(1));
        server.clients.verifier().reload().expect("another CA");
        let refused = Err(Code::LeafIssuerUnknown);
        assert_eq!(server.visit(&client, &configured), (HandshakeKind::Full, refused));
        server.pki.trust("root", Key::p256(0));
        server.clients.verifier().reload().expect("the first CA");
    }
}

/// A CRL is no part of the policy's identity: the session is resumed, and its client is judged by the new one.
#[test]
fn a_client_revoked_meanwhile_is_failed() {
    let pki = Pki::new();
    let crl = pki.folder.path().join("ca.crl");
    fs::write(&crl, List::new("root").sign(Key::p256(0))).expect("a CRL");
    let mut config = pki.config("require", "request");
    config.set("crl", crl.to_str().expect("a path")).expect("a CRL");
    let server = Server::of(&config, pki);
    let (client, configured) = (Client::good().config(&TLS13), server.config(&TLS13));
    assert_eq!(server.visit(&client, &configured), (HandshakeKind::Full, Ok(())));
    fs::write(&crl, List::new("root").revoke(Revoked::new(&[1])).sign(Key::p256(0))).expect("a CRL");
    server.clients.verifier().reload().expect("another CRL");
    assert_eq!(server.visit(&client, &configured), (HandshakeKind::Resumed, Err(Code::CertificateRevoked)));
}

/// No resumption renews the age, and the handshake that follows it does.
#[test]
fn the_age_counts_from_the_handshake() {
    let pki = Pki::new();
    let mut config = pki.config("require", "request");
    config.set("session_max_age", "3").expect("an age");
    let server = Server::of(&config, pki);
    let (client, configured) = (Client::good().config(&TLS13), server.config(&TLS13));
    let first = server.connect(&client, &configured);
    assert_eq!(server.clients.resumed(&first.connection).handshake_time, None);
    let (begun, mut times) = (Instant::now(), Vec::new());
    while begun.elapsed() < Duration::from_secs(6) {
        let handshake = server.connect(&client, &configured);
        let resumed = server.clients.resumed(&handshake.connection);
        assert!(resumed.verdict.verified());
        times.push(resumed.handshake_time);
        sleep(Duration::from_millis(500));
    }
    let full = times.iter().filter(|time| time.is_none()).count();
    let mut seen: Vec<i64> = times.iter().flatten().copied().collect();
    assert!(seen.len() > full && (1..=2).contains(&full), "{times:?}");
    seen.dedup();
    assert!(seen.len() <= full + 1, "a resumption renewed it: {times:?}");
}

/// CVE-2025-68121, CVE-2025-23419: one storage, one ticketer, two hosts.
#[test]
fn a_session_of_one_host_is_none_of_another() {
    for stateless in [false, true] {
        for same_name in [false, true] {
            let pki = Pki::new();
            let (config, other) = (pki.config("require", "request"), pki.config("optional", "request"));
            let other = if same_name { other } else { config.clone() };
            let clients = |config: &Config, host: &str| {
                let verifier = Arc::new(Verifier::new(config).expect("a verifier"));
                Arc::new(ClientVerifier::new(verifier, &provider()).expect("a verifier of clients").for_host(host))
            };
            let one = Server { clients: clients(&config, "a.example"), pki };
            let host = if same_name { "a.example" } else { "b.example" };
            let two = Server { clients: clients(&other, host), pki: Pki::new() };
            let first = one.config_with(&TLS13, stateless);
            let mut second = Arc::unwrap_or_clone(two.plain_config(&TLS13));
            second.session_storage = first.session_storage.clone();
            second.ticketer = first.ticketer.clone();
            let unguarded = Arc::new(second.clone());
            two.clients.install(&mut second);
            let (client, second) = (Client::good().config(&TLS13), Arc::new(second));

            assert_eq!(one.visit(&client, &first), (HandshakeKind::Full, Ok(())));
            assert_eq!(two.visit(&client, &second), (HandshakeKind::Full, Ok(())));
            assert_eq!(one.visit(&client, &first).1, Ok(()));
            // Where the second host forgot to install, the session is resumed, and is worth nothing.
            let (kind, verdict) = two.visit(&client, &unguarded);
            assert_eq!((kind, verdict), (HandshakeKind::Resumed, Err(Code::SessionInvalid)));
        }
    }
}

/// Without `install` and `begin` a session has no record.
#[test]
fn a_resumed_client_without_a_record_is_failed() {
    for version in VERSIONS {
        let server = Server::new("require", "handshake");
        let (client, configured) = (Client::good().config(version), server.plain_config(version));
        assert!(server.verdict(&shake(&client, &configured)).verified());
        let resumed = shake(&client, &configured);
        assert_eq!(resumed.connection.handshake_kind(), Some(HandshakeKind::Resumed));
        assert_eq!(server.verdict(&resumed).primary().expect("a reason").code, Code::SessionInvalid);
        assert!(!server.verdict(&resumed).accepted());
    }
}

/// With `install` and without `begin`, or with one that comes too early, nothing is resumed.
#[test]
fn a_session_without_a_record_is_not_kept() {
    for version in VERSIONS {
        for stateless in [false, true] {
            let server = Server::new("require", "handshake");
            let (client, configured) = (Client::good().config(version), server.config_with(version, stateless));
            for _ in 0..2 {
                let handshake = shake(&client, &configured);
                assert_eq!(handshake.connection.handshake_kind(), Some(HandshakeKind::Full));
                assert!(server.verdict(&handshake).verified());
            }
        }
    }
    let server = Server::new("require", "handshake");
    let mut connection = ServerConnection::new(server.config(&TLS13)).expect("a connection");
    server.clients.begin(&mut connection);
    assert!(connection.received_resumption_data().is_none());
}

#[test]
fn a_session_of_nobody_resumes_as_nobody() {
    for mode in ["optional", "require"] {
        let server = Server::new(mode, "request");
        let (client, configured) = (Client::without_certificate().config(&TLS13), server.config(&TLS13));
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let handshake = server.connect(&client, &configured);
            assert_eq!(handshake.connection.handshake_kind(), Some(kind));
            let verdict = server.verdict(&handshake);
            assert_eq!(verdict.outcome(), Outcome::None);
            assert_eq!(verdict.accepted(), mode == "optional");
        }
    }
}

#[test]
fn a_connection_before_its_handshake_is_nobodys() {
    let server = Server::new("optional", "request");
    let connection = ServerConnection::new(server.config(&TLS13)).expect("a connection");
    assert_is_nobody(&server.clients.verdict(&connection));
}

fn assert_is_nobody(verdict: &Verdict) {
    assert_eq!(verdict.outcome(), Outcome::Failed);
    assert!(!verdict.accepted());
    assert_eq!(verdict.primary().expect("a reason").code, Code::InternalError);
    assert_eq!(verdict.certificate_count(), 0);
}

/// A client that is refused, by which reason, and with which alert.
struct Bad {
    client: Client,
    code: Code,
    alert: AlertDescription,
}

/// One at least for each alert that a certificate can cause.
fn bad_clients() -> Vec<Bad> {
    let [root, other, intermediate, leaf] = [0, 1, 2, 3].map(Key::p256);
    let alice = Template::client("root", "alice", leaf);
    let expired = alice.clone().valid("200101000000Z", "210101000000Z").sign(root);
    let future = alice.clone().valid("390101000000Z", "400101000000Z").sign(root);
    let nameless = Template { subject: der::tlv(der::SEQUENCE, &[]), ..alice.clone() }.sign(root);
    let server = alice.with(extension::extended_key_usage(&[SERVER_AUTH])).sign(root);
    let stranger = Template::client("other", "alice", leaf).sign(other);
    let self_signed = Template::client("alice", "alice", leaf).sign(leaf);
    let policies = extension::policy_constraints(Some(0), None);
    let between = Template::authority("root", "intermediate", intermediate).with(policies).sign(root);
    let without_policy = Template::client("intermediate", "alice", leaf).sign(intermediate);

    let bad = |chain: &[&[u8]], code, alert| Bad { client: Client::of(chain), code, alert };
    vec![
        bad(&[&expired], Code::CertificateExpired, AlertDescription::CertificateExpired),
        bad(&[&future], Code::CertificateNotYetValid, AlertDescription::BadCertificate),
        bad(&[&nameless], Code::SubjectMissing, AlertDescription::BadCertificate),
        bad(&[&server], Code::ExtendedKeyUsage, AlertDescription::UnsupportedCertificate),
        bad(&[&stranger], Code::LeafIssuerUnknown, AlertDescription::UnknownCA),
        bad(&[&self_signed], Code::SelfSigned, AlertDescription::UnknownCA),
        bad(&[&without_policy, &between], Code::PolicyRequired, AlertDescription::CertificateUnknown),
    ]
}

/// What a client presents, and the key that it proves to have.
#[derive(Clone)]
struct Client {
    chain: Vec<Vec<u8>>,
    key: &'static Key,
}

impl Client {
    fn of(chain: &[&[u8]]) -> Self {
        Self { chain: chain.iter().map(|certificate| certificate.to_vec()).collect(), key: Key::p256(3) }
    }

    fn without_certificate() -> Self {
        Self::of(&[])
    }

    fn good() -> Self {
        Self::of(&[&Template::client("root", "alice", Key::p256(3)).sign(Key::p256(0))])
    }

    fn with_intermediate() -> Self {
        let [root, intermediate, leaf] = [0, 2, 3].map(Key::p256);
        let between = Template::authority("root", "intermediate", intermediate).sign(root);
        Self::of(&[&Template::client("intermediate", "alice", leaf).sign(intermediate), &between])
    }

    fn with_key(self, key: &'static Key) -> Self {
        Self { key, ..self }
    }

    fn config(&self, version: &'static SupportedProtocolVersion) -> Arc<ClientConfig> {
        let chain: Vec<CertificateDer<'static>> = self.chain.iter().cloned().map(CertificateDer::from).collect();
        let key = (!chain.is_empty()).then(|| Arc::new(CertifiedKey::new(chain, signing_key(self.key))));
        client_config(version, Arc::new(Presents(key)))
    }
}

/// Presents this, whatever the server asks for.
#[derive(Debug)]
struct Presents(Option<Arc<CertifiedKey>>);

impl ResolvesClientCert for Presents {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.clone()
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}

/// Presents nothing, and remembers the names of CAs that it was sent.
#[derive(Debug, Default)]
struct Hints(Mutex<Option<Vec<Vec<u8>>>>);

impl ResolvesClientCert for Hints {
    fn resolve(&self, names: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        *self.0.lock().expect("hints") = Some(names.iter().map(|name| name.to_vec()).collect());
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// The file of the CA that a server trusts.
struct Pki {
    folder: TempDir,
}

impl Pki {
    /// It trusts `root`.
    fn new() -> Self {
        let pki = Self { folder: tempfile::tempdir().expect("a folder") };
        pki.trust("root", Key::p256(0));
        pki
    }

    fn trust(&self, name: &str, key: &Key) {
        fs::write(self.file(), pem(&Template::authority(name, name, key).sign(key))).expect("a file");
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn config(&self, mode: &str, enforcement: &str) -> Config {
        let mut config = Config::new();
        config.set("mode", mode).expect("a mode");
        config.set("enforcement", enforcement).expect("an enforcement");
        config.set("ca", self.file().to_str().expect("a path")).expect("a CA");
        config
    }
}

/// A server's half: who may connect to it.
struct Server {
    clients: Arc<ClientVerifier>,
    pki: Pki,
}

impl Server {
    fn new(mode: &str, enforcement: &str) -> Self {
        let pki = Pki::new();
        Self::of(&pki.config(mode, enforcement), pki)
    }

    fn of(config: &Config, pki: Pki) -> Self {
        let verifier = Arc::new(Verifier::new(config).expect("a verifier"));
        Self { clients: Arc::new(ClientVerifier::new(verifier, &provider()).expect("a verifier of clients")), pki }
    }

    fn config(&self, version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
        self.config_with(version, false)
    }

    /// With sessions that are guarded, in tickets or kept here.
    fn config_with(&self, version: &'static SupportedProtocolVersion, stateless: bool) -> Arc<ServerConfig> {
        let mut config = Arc::unwrap_or_clone(self.plain_config(version));
        if stateless {
            config.ticketer = aws_lc_rs::Ticketer::new().expect("a ticketer");
        }
        self.clients.install(&mut config);
        Arc::new(config)
    }

    fn plain_config(&self, version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
        let key = Key::p256(5);
        let certificate = Template::new("servers", "localhost", key)
            .with(extension::subject_alt_name(&[der::tlv(0x82, b"localhost")]))
            .with(extension::extended_key_usage(&[SERVER_AUTH]))
            .sign(Key::p256(4));
        let config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[version])
            .expect("a version")
            .with_client_cert_verifier(self.clients.clone())
            .with_single_cert(vec![certificate.into()], private_key(key));
        Arc::new(config.expect("a configuration"))
    }

    fn shake(&self, version: &'static SupportedProtocolVersion, client: &Client) -> Handshake {
        shake(&client.config(version), &self.config(version))
    }

    /// A handshake whose session gets the record of its client.
    fn connect(&self, client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> Handshake {
        shake_and(client, server, |connection| self.clients.begin(connection))
    }

    /// How the handshake was, and the primary reason of the verdict.
    fn visit(&self, client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> (HandshakeKind, Result<(), Code>) {
        let handshake = self.connect(client, server);
        assert_eq!((&handshake.client, &handshake.server), (&Ok(()), &Ok(())));
        let verdict = self.verdict(&handshake);
        let reason = verdict.primary().map_or(Ok(()), |reason| Err(reason.code));
        assert_eq!(verdict.verified(), reason.is_ok());
        (handshake.connection.handshake_kind().expect("a kind"), reason)
    }

    fn verdict(&self, handshake: &Handshake) -> Arc<Verdict> {
        self.clients.verdict(&handshake.connection)
    }

    /// The verdict after a handshake that completes on both sides.
    fn judge(&self, version: &'static SupportedProtocolVersion, client: &Client) -> Arc<Verdict> {
        let handshake = self.shake(version, client);
        assert_eq!((&handshake.client, &handshake.server), (&Ok(()), &Ok(())));
        self.verdict(&handshake)
    }
}

/// How a handshake ended for both sides, and the server's connection after it.
struct Handshake {
    client: Result<(), Error>,
    server: Result<(), Error>,
    connection: ServerConnection,
}

impl Handshake {
    /// What the client was told.
    fn alert(&self) -> Option<AlertDescription> {
        match self.client {
            Err(Error::AlertReceived(alert)) => Some(alert),
            _ => None,
        }
    }
}

/// Carries bytes to and fro until neither side has more to say.
fn shake(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> Handshake {
    shake_and(client, server, |_| {})
}

/// The same, with something to be done whenever the server has read.
fn shake_and(
    client: &Arc<ClientConfig>,
    server: &Arc<ServerConfig>,
    begin: impl Fn(&mut ServerConnection),
) -> Handshake {
    let mut one = ClientConnection::new(client.clone(), "localhost".try_into().expect("a name")).expect("a client");
    let mut other = ServerConnection::new(server.clone()).expect("a server");
    let mut handshake = (Ok(()), Ok(()));
    while one.wants_write() || other.wants_write() {
        let mut bytes = Vec::new();
        while one.wants_write() {
            one.write_tls(&mut bytes).expect("bytes of the client");
        }
        let mut rest = &bytes[..];
        while !rest.is_empty() && handshake.1.is_ok() {
            other.read_tls(&mut rest).expect("bytes for the server");
            handshake.1 = other.process_new_packets().map(drop);
            begin(&mut other);
        }
        let mut bytes = Vec::new();
        while other.wants_write() {
            other.write_tls(&mut bytes).expect("bytes of the server");
        }
        let mut rest = &bytes[..];
        while !rest.is_empty() && handshake.0.is_ok() {
            one.read_tls(&mut rest).expect("bytes for the client");
            handshake.0 = one.process_new_packets().map(drop);
        }
    }
    Handshake { client: handshake.0, server: handshake.1, connection: other }
}

fn client_config(
    version: &'static SupportedProtocolVersion,
    presents: Arc<dyn ResolvesClientCert>,
) -> Arc<ClientConfig> {
    let key = Key::p256(4);
    let mut roots = RootCertStore::empty();
    roots.add(Template::authority("servers", "servers", key).sign(key).into()).expect("a root");
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .expect("a version")
        .with_root_certificates(roots)
        .with_client_cert_resolver(presents);
    Arc::new(config)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn private_key(key: &Key) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_slice(key.secret_pem().as_bytes()).expect("a key")
}

fn signing_key(key: &Key) -> Arc<dyn rustls::sign::SigningKey> {
    aws_lc_rs::sign::any_supported_type(&private_key(key)).expect("a key that signs")
}
