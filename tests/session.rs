//! Records of sessions: what they hold, whom they bring back, and what makes them worthless.

mod support;

use std::fs;
use std::sync::Arc;

use clientcert::certificate::OwnedCertificate;
use clientcert::policy::{Config, WarningKind};
use clientcert::registry::RegisteredKey;
use clientcert::verify::Code;
use clientcert::{Outcome, Resumed, Status, Verdict, Verifier};
use support::crl::{List, Revoked};
use support::{Key, NOW, Template};

const HOUR: i64 = 3600;

fn authority() -> Vec<u8> {
    Template::authority("Corp CA", "Corp CA", &Key::ed25519(1)).sign(&Key::ed25519(1))
}

fn alice() -> Vec<u8> {
    Template::client("Corp CA", "alice", &Key::ed25519(2)).sign(&Key::ed25519(1))
}

fn intermediate() -> Vec<u8> {
    Template::authority("Corp CA", "Issuing CA", &Key::ed25519(3)).sign(&Key::ed25519(1))
}

/// Alice under the intermediate, and two certificates more that nobody needs.
fn long_chain() -> Vec<Vec<u8>> {
    let leaf = Template::client("Issuing CA", "alice", &Key::ed25519(2)).sign(&Key::ed25519(3));
    let stranger = Template::authority("Other CA", "Other CA", &Key::ed25519(4)).sign(&Key::ed25519(4));
    vec![leaf, stranger, intermediate(), authority()]
}

fn config(options: &[(&str, &str)]) -> Config {
    let mut config = Config::new();
    config.set_bytes("ca", &authority()).expect("a CA");
    for (name, value) in options {
        config.set(name, value).unwrap_or_else(|error| panic!("{name} = {value}: {error}"));
    }
    config
}

fn verifier(options: &[(&str, &str)]) -> Verifier {
    Verifier::new(&config(options)).expect("a verifier")
}

/// The record of a client who is at host `host` now.
fn record(verifier: &Verifier, presented: &[u8], host: &str) -> Vec<u8> {
    verifier.export_session(&verifier.verify_at(presented, NOW), host, NOW).expect("a record")
}

fn code(verdict: &Verdict) -> Option<Code> {
    verdict.primary().map(|reason| reason.code)
}

/// The reason for which a record does not count, and that it lets nobody in.
fn refused(resumed: &Resumed) -> Code {
    let verdict = &resumed.verdict;
    assert_eq!((verdict.outcome(), verdict.accepted(), verdict.user()), (Outcome::Failed, false, None));
    assert_eq!(verdict.reasons().len(), 1);
    verdict.reasons()[0].code
}

fn key(byte: u8) -> String {
    format!("hex:{}", format!("{byte:02x}").repeat(32))
}

#[test]
fn a_client_comes_back_as_who_he_was() {
    let verifier = verifier(&[]);
    for presented in [alice(), long_chain().concat()] {
        let record = record(&verifier, &presented, "");
        for now in [NOW, NOW + 1, NOW + 86_400] {
            let resumed = verifier.resume_session(&record, "", now);
            assert!(resumed.verdict.verified(), "{:?}", resumed.verdict.reasons());
            assert_eq!(resumed.verdict.get("ssl_client_s_dn"), Some(&b"CN=alice"[..]));
            assert_eq!(resumed.handshake_time, Some(NOW));
        }
    }
}

/// What was presented beside the path, and the anchor, which is pinned anyway, do not come back.
#[test]
fn a_record_holds_the_path_and_no_more() {
    let verifier = verifier(&[]);
    let chain = long_chain();
    let bytes = record(&verifier, &chain.concat(), "");
    let resumed = verifier.resume_session(&bytes, "", NOW).verdict;
    assert_eq!(resumed.chain_der(), [&chain[0][..], &chain[2]].concat());
    assert_eq!(bytes.len(), 5 + 32 + 8 + 1 + chain[0].len() + chain[2].len() + 32);
    // It is told apart from PEM, whatever the first byte of a certificate is.
    assert_eq!(record(&verifier, &alice(), "").len(), 5 + 41 + alice().len() + 32);
}

#[test]
fn without_a_certificate_a_session_is_nobodys() {
    for mode in ["optional", "deferred", "optional_no_ca", "request_any", "off"] {
        let verifier = verifier(&[("mode", mode)]);
        let resumed = verifier.resume_session(&record(&verifier, &[], "x"), "x", NOW + 5);
        assert_eq!(resumed.verdict.outcome(), Outcome::None, "{mode}");
        assert!(resumed.verdict.accepted() && !resumed.verdict.verified(), "{mode}");
        assert_eq!(resumed.handshake_time, Some(NOW));
    }
    // Where a certificate is required there is nothing to keep: the client is asked again.
    let verifier = verifier(&[("mode", "require")]);
    assert_eq!(verifier.export_session(&verifier.verify_at(&[], NOW), "x", NOW), None);
    // And a session from a host that requires none is of no use there.
    let open = self::verifier(&[("mode", "optional")]);
    assert_eq!(refused(&verifier.resume_session(&record(&open, &[], "x"), "x", NOW)), Code::SessionInvalid);
}

#[test]
fn who_is_not_accepted_has_no_record() {
    let verifier = verifier(&[("mode", "optional")]);
    let stranger = Template::client("Nobody", "mallory", &Key::ed25519(5)).sign(&Key::ed25519(5));
    for presented in [stranger.clone(), b"\x30\x03nonsense".to_vec()] {
        let verdict = verifier.verify_at(&presented, NOW);
        assert_eq!(verifier.export_session(&verdict, "", NOW), None);
    }
    let later = verifier.verify_at(&alice(), NOW + 100 * 365 * 86_400);
    assert_eq!((code(&later), verifier.export_session(&later, "", NOW)), (Some(Code::CertificateExpired), None));
    // What is tolerated comes back as what it is.
    let lenient = self::verifier(&[("mode", "optional_no_ca")]);
    let resumed = lenient.resume_session(&record(&lenient, &stranger, ""), "", NOW);
    assert_eq!((resumed.verdict.outcome(), resumed.verdict.accepted()), (Outcome::Failed, true));
    // Another verifier's verdict is none of ours.
    let verdict = lenient.verify_at(&alice(), NOW);
    assert!(verdict.verified());
    assert_eq!(verifier.export_session(&verdict, "", NOW), None);
}

#[test]
fn no_bit_may_change_and_no_byte_may_lack() {
    let verifier = verifier(&[]);
    let genuine = record(&verifier, &alice(), "");
    for length in 0..genuine.len() {
        let resumed = verifier.resume_session(&genuine[..length], "", NOW);
        assert_eq!((refused(&resumed), resumed.handshake_time), (Code::SessionInvalid, None), "{length}");
    }
    let mut changed = genuine.clone();
    for bit in 0..genuine.len() * 8 {
        changed[bit / 8] ^= 1 << (bit % 8);
        let resumed = verifier.resume_session(&changed, "", NOW);
        assert_eq!((refused(&resumed), resumed.handshake_time), (Code::SessionInvalid, None), "bit {bit}");
        changed[bit / 8] ^= 1 << (bit % 8);
    }
    assert_eq!(refused(&verifier.resume_session(&[&genuine[..], b"x"].concat(), "", NOW)), Code::SessionInvalid);
    assert!(verifier.resume_session(&changed, "", NOW).verdict.verified());
}

/// No resumption renews the age: whoever exports again gives the time that came back.
#[test]
fn the_age_counts_from_the_handshake() {
    let verifier = verifier(&[("session_max_age", "7200")]);
    let mut bytes = record(&verifier, &alice(), "");
    for hours in 0..3 {
        let resumed = verifier.resume_session(&bytes, "", NOW + hours * HOUR);
        assert!(resumed.verdict.verified());
        let time = resumed.handshake_time.expect("a time");
        bytes = verifier.export_session(&resumed.verdict, "", time).expect("a record");
    }
    for (age, expected) in
        [(7200, None), (7201, Some(Code::SessionExpired)), (i64::MAX - NOW, Some(Code::SessionExpired))]
    {
        let resumed = verifier.resume_session(&bytes, "", NOW + age);
        assert_eq!(resumed.handshake_time, Some(NOW), "{age}");
        match expected {
            None => assert!(resumed.verdict.verified()),
            Some(expected) => assert_eq!(refused(&resumed), expected, "{age}"),
        }
    }
}

#[test]
fn a_handshake_that_is_yet_to_come_does_not_count() {
    for (skew, ahead, counts) in [("0", 0, true), ("0", 1, false), ("60", 60, true), ("60", 61, false)] {
        let verifier = verifier(&[("time_skew", skew)]);
        let resumed = verifier.resume_session(&record(&verifier, &alice(), ""), "", NOW - ahead);
        assert_eq!(resumed.verdict.verified(), counts, "{skew} {ahead}");
        if !counts {
            assert_eq!((refused(&resumed), resumed.handshake_time), (Code::SessionInvalid, None));
        }
    }
    let verifier = verifier(&[]);
    for time in [i64::MIN, i64::MAX] {
        let bytes = verifier.export_session(&verifier.verify_at(&alice(), NOW), "", time).expect("a record");
        for now in [i64::MIN, -1, 0, NOW, i64::MAX] {
            let verdict = verifier.resume_session(&bytes, "", now).verdict;
            assert!(!verdict.verified(), "{time} {now}");
        }
    }
}

/// Its verdict has no certificates, and is not that on a client without one.
#[test]
fn who_is_refused_for_his_session_stays_refused() {
    let verifier = verifier(&[("mode", "optional"), ("ocsp", "if_given")]);
    let refused = verifier.resume_session(b"nonsense", "", NOW).verdict;
    let again = [
        verifier.recheck(&refused, NOW),
        verifier.ocsp_response_at(&refused, 0, &[], NOW),
        verifier.ocsp_response_at(&refused, 0, b"nonsense", NOW),
        verifier.resolve(&refused, None, NOW),
    ];
    for verdict in again {
        assert_eq!((verdict.outcome(), code(&verdict)), (Outcome::Failed, Some(Code::SessionInvalid)));
        assert!(!verdict.accepted());
    }
}

/// CVE-2025-23419, CVE-2025-23048, CVE-2025-68121: the session of one host, offered to another.
#[test]
fn a_host_resumes_its_own_sessions_alone() {
    let open = verifier(&[("mode", "optional")]);
    let closed = verifier(&[("mode", "require")]);
    for (from, to) in [(&open, &closed), (&closed, &open)] {
        let bytes = record(from, &alice(), "");
        assert_eq!(refused(&to.resume_session(&bytes, "", NOW)), Code::SessionInvalid);
    }
    let bytes = record(&open, &alice(), "a.example");
    for host in ["", "b.example", "a.example.com", "*.example", "a.example\0", "a.example.."] {
        assert_eq!(refused(&open.resume_session(&bytes, host, NOW)), Code::SessionInvalid, "{host}");
    }
    assert!(open.resume_session(&bytes, "A.Example.", NOW).verdict.verified());
}

/// Two names, two verifiers, one policy, and the name that both give: legitimate.
#[test]
fn hosts_that_share_a_policy_and_a_name_share_sessions() {
    let (one, two) = (verifier(&[("mode", "optional")]), verifier(&[("mode", "optional")]));
    for host in ["", "both.example"] {
        assert_eq!(one.session_identity(host), two.session_identity(host));
        assert!(two.resume_session(&record(&one, &alice(), host), host, NOW).verdict.verified());
    }
}

#[test]
fn the_identity_is_that_of_policy_and_host() {
    let one = verifier(&[]);
    let same = [("A.example", "a.EXAMPLE."), ("", "."), ("x", "x")];
    for (host, other) in same {
        assert_eq!(one.session_identity(host), one.session_identity(other), "{host}");
    }
    let mut identities = vec![one.session_identity(""), one.session_identity("a"), one.session_identity("a..")];
    identities.push(verifier(&[("depth", "3")]).session_identity(""));
    identities.push(verifier(&[("session_max_age", "60")]).session_identity(""));
    identities.push(*one.policy().identity());
    for (index, identity) in identities.iter().enumerate() {
        assert!(!identities[..index].contains(identity), "{index}");
    }
    for same in [("session_key", key(1)), ("cache_size", "0".to_string()), ("cache_ttl", "5".to_string())] {
        assert_eq!(verifier(&[(same.0, &same.1)]).session_identity("a"), one.session_identity("a"), "{}", same.0);
    }
}

/// A world whose files change while sessions wait.
struct World {
    folder: tempfile::TempDir,
    verifier: Verifier,
}

impl World {
    fn new(options: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
        fs::write(at("ca.der"), authority()).expect("a CA");
        fs::write(at("ca.crl"), List::new("Corp CA").sign(&Key::ed25519(1))).expect("a CRL");
        fs::write(at("keys"), registration("")).expect("registrations");
        fs::write(at("session.key"), [7; 48]).expect("a key");
        let mut config = Config::new();
        for (name, value) in [("ca", at("ca.der")), ("crl", at("ca.crl")), ("session_key", at("session.key"))] {
            config.set(name, &value).expect(name);
        }
        config.set("registry", &format!("file:{}", at("keys"))).expect("a registry");
        for (name, value) in options {
            config.set(name, value).expect(name);
        }
        let verifier = Verifier::new(&config).expect("a verifier");
        Self { folder, verifier }
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join(name), bytes).expect("a file");
        self.verifier.reload().expect("a policy");
    }

    fn resume(&self, record: &[u8]) -> Arc<Verdict> {
        self.verifier.resume_session(record, "", NOW).verdict
    }
}

fn registration(options: &str) -> String {
    let alice = OwnedCertificate::from_der(alice()).expect("a certificate");
    format!("{options} {} alice\n", RegisteredKey::spki_of(&alice.view()))
}

#[test]
fn what_happened_meanwhile_counts() {
    let world = World::new(&[("trust", "ca+key")]);
    let bytes = record(&world.verifier, &alice(), "");
    assert_eq!(world.resume(&bytes).user(), Some("alice"));

    world.write("ca.crl", List::new("Corp CA").revoke(Revoked::new(&[1])).sign(&Key::ed25519(1)));
    assert_eq!(code(&world.resume(&bytes)), Some(Code::CertificateRevoked));
    world.write("ca.crl", List::new("Corp CA").sign(&Key::ed25519(1)));
    assert!(world.resume(&bytes).verified(), "a CRL is no part of the identity");

    world.write("keys", registration("disabled"));
    assert_eq!(code(&world.resume(&bytes)), Some(Code::RegistrationDisabled));
    world.write("keys", registration("revoked"));
    assert_eq!(code(&world.resume(&bytes)), Some(Code::RegistrationRevoked));
    world.write("keys", registration(""));
    assert!(world.resume(&bytes).verified());

    let expired = world.verifier.resume_session(&bytes, "", NOW + 100 * 365 * 86_400).verdict;
    assert_eq!(code(&expired), Some(Code::SessionExpired));
    let other = Template::authority("Other CA", "Other CA", &Key::ed25519(4)).sign(&Key::ed25519(4));
    world.write("ca.der", &other);
    assert_eq!(code(&world.resume(&bytes)), Some(Code::SessionInvalid));
    world.write("ca.der", authority());
    assert!(world.resume(&bytes).verified());
}

#[test]
fn a_certificate_that_expired_meanwhile_is_refused_for_it() {
    let verifier = verifier(&[]);
    let brief = Template::client("Corp CA", "alice", &Key::ed25519(2)).valid("260101000000Z", "260601000100Z");
    let bytes = record(&verifier, &brief.sign(&Key::ed25519(1)), "");
    assert!(verifier.resume_session(&bytes, "", NOW + 60).verdict.verified());
    let resumed = verifier.resume_session(&bytes, "", NOW + 61);
    assert_eq!((code(&resumed.verdict), resumed.handshake_time), (Some(Code::CertificateExpired), Some(NOW)));
}

#[test]
fn keys_are_rotated() {
    let (old, new) = (key(1), key(2));
    let one = verifier(&[("session_key", &old)]);
    let both = verifier(&[("session_key", &new), ("session_key", &old)]);
    let two = verifier(&[("session_key", &new)]);
    let early = record(&one, &alice(), "");
    let late = record(&both, &alice(), "");
    let resumes = |verifier: &Verifier, bytes: &[u8]| verifier.resume_session(bytes, "", NOW).verdict.verified();
    assert!(resumes(&both, &early) && resumes(&both, &late) && resumes(&two, &late));
    assert!(!resumes(&one, &late) && !resumes(&two, &early));
    // The key of the process is another than these, and every verifier without keys has it.
    let (drawn, also) = (verifier(&[]), verifier(&[("cache_size", "0")]));
    assert!(resumes(&also, &record(&drawn, &alice(), "")));
    assert!(!resumes(&drawn, &early) && !resumes(&one, &record(&drawn, &alice(), "")));
}

#[test]
fn a_key_file_is_read_again_and_an_error_names_it() {
    let world = World::new(&[]);
    let bytes = record(&world.verifier, &alice(), "");
    world.verifier.reload().expect("the same");
    assert!(world.resume(&bytes).verified());
    world.write("session.key", [8; 32]);
    assert_eq!(refused(&world.verifier.resume_session(&bytes, "", NOW)), Code::SessionInvalid);

    let path = world.folder.path().join("session.key");
    for length in [0, 31, 1025, 2_000_000] {
        fs::write(&path, vec![9; length]).expect("a file");
        let error = world.verifier.reload().expect_err("a bad length");
        assert!(error.to_string().contains("session.key") && error.to_string().contains("'session_key'"), "{error}");
    }
    fs::remove_file(&path).expect("a file");
    let error = world.verifier.reload().expect_err("no file");
    assert_eq!(error.status(), Status::Io);
    assert!(error.to_string().contains("session.key"), "{error}");
    // The keys that it had serve on.
    assert!(world.resume(&record(&world.verifier, &alice(), "")).verified());
    world.write("session.key", [7; 48]);
    assert!(world.resume(&bytes).verified());
}

#[test]
fn a_changed_key_file_is_noticed() {
    let world = World::new(&[]);
    let bytes = record(&world.verifier, &alice(), "");
    fs::write(world.folder.path().join("session.key"), [8; 48]).expect("a key");
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    assert!(world.verifier.refresh().expect("a policy"));
    assert!(!world.resume(&bytes).verified());
}

/// What another process does: nothing but the bytes and the key is the same.
#[test]
fn a_fleet_shares_keys_by_files() {
    let (one, two) = (World::new(&[]), World::new(&[]));
    two.write("session.key", [7; 48]);
    let moved = |world: &World| {
        let mut config = config(&[]);
        let key = world.folder.path().join("session.key");
        config.set("session_key", key.to_str().expect("a path")).expect("a key");
        Verifier::new(&config).expect("a verifier")
    };
    let bytes = record(&moved(&one), &alice(), "");
    assert!(moved(&two).resume_session(&bytes, "", NOW).verdict.verified());
    two.write("session.key", [6; 48]);
    assert_eq!(refused(&moved(&two).resume_session(&bytes, "", NOW)), Code::SessionInvalid);
}

#[cfg(unix)]
#[test]
fn a_key_file_for_everybody_is_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new(&[]);
    for (mode, warned) in [(0o600, false), (0o640, false), (0o644, true), (0o602, true)] {
        let path = world.folder.path().join("session.key");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permissions");
        world.verifier.reload().expect("a policy");
        let policy = world.verifier.policy();
        let warning = policy.warnings().iter().find(|warning| warning.kind == WarningKind::SecretExposed);
        assert_eq!(warning.is_some(), warned, "{mode:o}");
        if let Some(warning) = warning {
            let text = warning.to_string();
            assert!(
                text.starts_with("secret_exposed: option 'session_key': ") && text.contains("session.key"),
                "{text}"
            );
        }
    }
}

#[test]
fn a_secret_is_written_in_the_dump_and_nowhere_else() {
    let secret = "5ec2e7".repeat(12);
    let mut given = config(&[("session_key", &format!("hex:{secret}")), ("ssl_session_ticket_key", "relative.key")]);
    given.set_bytes("session_key", &[0xab; 32]).expect("bytes");
    assert!(!format!("{given:?}").to_lowercase().contains("5ec2e7"));
    let dump = given.dump();
    assert!(dump.contains(&secret) && dump.contains(&"ab".repeat(32)) && dump.contains("/relative.key"), "{dump}");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("dump.toml");
    fs::write(&file, &dump).expect("a file");
    let mut again = Config::new();
    again.load(&file).expect("a dump");
    assert_eq!(again.dump(), dump);
    let verifier = verifier(&[("session_key", &format!("hex:{secret}"))]);
    assert!(!format!("{verifier:?}").contains("5ec2e7"));

    for bad in [&secret[..63], "", "zz", &format!("{secret}x"), &"ab".repeat(1025)] {
        let error = config(&[]).set("session_key", &format!("hex:{bad}")).expect_err("a bad secret");
        assert!(bad.len() < 3 || !error.to_string().contains(bad), "{error}");
        assert!(error.to_string().contains("hex:…"), "{error}");
    }
    for bad in [&[0; 31][..], &[0; 1025]] {
        assert_eq!(config(&[]).set_bytes("session_key", bad).expect_err("a bad length").status(), Status::InvalidValue);
    }
}

#[test]
fn a_key_file_of_a_toml_file_is_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("one.key"), [1; 32]).expect("a key");
    fs::write(folder.path().join("ca.der"), authority()).expect("a CA");
    let file = folder.path().join("options.toml");
    let text = format!(
        "ca = \"ca.der\"\nsession_key = [\"one.key\", \"{}\"]\nSSLSessionTicketKeyFile = \"one.key\"\n",
        key(2)
    );
    fs::write(&file, text).expect("a file");
    let mut loaded = Config::new();
    loaded.load(&file).expect("options");
    let bytes = record(&Verifier::new(&loaded).expect("a verifier"), &alice(), "");
    let same = format!("hex:{}", "01".repeat(32));
    assert!(verifier(&[("session_key", &same)]).resume_session(&bytes, "", NOW).verdict.verified());
}
