//! Registries in files and in memory: what the verbs do, what files say, and what a reader sees while they are written.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clientcert::registry::{RegisteredKey, Registration, Registry};
use clientcert::{Error, Status};
use proptest::prelude::*;
use tempfile::TempDir;

fn key(number: u8) -> RegisteredKey {
    RegisteredKey::Spki([number; 32])
}

fn registration(user: &str, number: u8) -> Registration {
    Registration { label: format!("key {number}"), ..Registration::new(user, key(number), 1_780_272_000) }
}

fn status<T: std::fmt::Debug>(result: Result<T, Error>) -> Status {
    result.expect_err("it is refused").status()
}

/// A certificate that somebody made for a name.
fn self_signed(name: &str) -> Vec<u8> {
    let key = support::Key::p256(u8::try_from(name.len()).expect("a short name"));
    support::Template::client(name, name, key).sign(key)
}

struct World {
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        Self { folder: TempDir::new().expect("a folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a file");
        path
    }

    fn registry(&self) -> Registry {
        Registry::open(&format!("file:{}", self.path("users").display())).expect("a registry")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path("users")).expect("the file")
    }

    fn audit(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.path("users.audit")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect()
    }
}

mod verbs {
    use super::*;

    /// What registries are held against: the rules in their shortest form.
    #[derive(Default)]
    struct Model(BTreeMap<RegisteredKey, Registration>);

    #[derive(Clone, Debug)]
    enum Verb {
        Enrol(u8, u8),
        Disable(u8),
        Enable(u8),
        Revoke(u8),
        Remove(u8),
        Rename(u8, String),
        RenameUser(u8, u8),
        Used(u8, i64),
    }

    fn verbs() -> impl Strategy<Value = Vec<Verb>> {
        let keys = || 0..6_u8;
        let users = || 0..3_u8;
        let verb = prop_oneof![
            3 => (users(), keys()).prop_map(|(user, key)| Verb::Enrol(user, key)),
            1 => keys().prop_map(Verb::Disable),
            1 => keys().prop_map(Verb::Enable),
            1 => keys().prop_map(Verb::Revoke),
            1 => keys().prop_map(Verb::Remove),
            1 => (keys(), "[a-z\" #\\\\]{0,6}").prop_map(|(key, label)| Verb::Rename(key, label)),
            1 => (users(), users()).prop_map(|(user, name)| Verb::RenameUser(user, name)),
            1 => (keys(), 0..99_i64).prop_map(|(key, moment)| Verb::Used(key, moment)),
        ];
        prop::collection::vec(verb, 1..25)
    }

    fn user(number: u8) -> String {
        ["alice", "bob the builder", "\"eve\""][usize::from(number)].to_owned()
    }

    impl Model {
        fn apply(&mut self, verb: &Verb) -> Status {
            match verb {
                Verb::Enrol(owner, number) => match self.0.get(&key(*number)) {
                    Some(known) if known.revoked.is_some() => Status::KeyRevoked,
                    Some(_) => Status::KeyTaken,
                    None => {
                        self.0.insert(key(*number), registration(&user(*owner), *number));
                        Status::Ok
                    }
                },
                Verb::RenameUser(from, to) => {
                    let has = |owner: u8| self.0.values().any(|one| one.user == user(owner));
                    match (has(*from), has(*to) && from != to) {
                        (false, _) => Status::NotRegistered,
                        (true, true) => Status::KeyTaken,
                        (true, false) => {
                            let own = self.0.values_mut().filter(|one| one.user == user(*from));
                            own.for_each(|one| one.user = user(*to));
                            Status::Ok
                        }
                    }
                }
                Verb::Disable(number)
                | Verb::Enable(number)
                | Verb::Revoke(number)
                | Verb::Remove(number)
                | Verb::Rename(number, _)
                | Verb::Used(number, _) => {
                    let Some(known) = self.0.get_mut(&key(*number)) else { return Status::NotRegistered };
                    match verb {
                        Verb::Enable(_) | Verb::Remove(_) if known.revoked.is_some() => return Status::KeyRevoked,
                        Verb::Disable(_) => known.disabled = true,
                        Verb::Enable(_) => known.disabled = false,
                        Verb::Revoke(_) => known.revoked = known.revoked.or(Some(1)),
                        Verb::Rename(_, label) => known.label.clone_from(label),
                        Verb::Used(_, moment) => known.last_used = known.last_used.max(Some(*moment)),
                        _ => drop(self.0.remove(&key(*number))),
                    }
                    Status::Ok
                }
            }
        }
    }

    fn apply(registry: &Registry, verb: &Verb) -> Status {
        let editor = registry.editor("a test");
        let result = match verb {
            Verb::Enrol(owner, number) => editor.enrol(&registration(&user(*owner), *number)).map(drop),
            Verb::Disable(number) => editor.disable(&key(*number)).map(drop),
            Verb::Enable(number) => editor.enable(&key(*number)).map(drop),
            Verb::Revoke(number) => editor.revoke(&key(*number)).map(drop),
            Verb::Remove(number) => editor.remove(&key(*number)).map(drop),
            Verb::Rename(number, label) => editor.rename(&key(*number), label).map(drop),
            Verb::RenameUser(from, to) => editor.rename_user(&user(*from), &user(*to)).map(drop),
            Verb::Used(number, moment) => editor.used(&key(*number), *moment),
        };
        result.map_or_else(|error| error.status(), |()| Status::Ok)
    }

    /// When something was revoked is the clock's matter.
    fn timeless(mut registration: Registration) -> Registration {
        registration.revoked = registration.revoked.map(|_| 1);
        registration
    }

    fn check(registry: &Registry, verbs: &[Verb]) {
        let mut model = Model::default();
        for verb in verbs {
            assert_eq!(apply(registry, verb), model.apply(verb), "{verb:?}");
        }
        let listed = registry.list(None).expect("a list").into_iter().map(timeless);
        let listed: BTreeMap<RegisteredKey, Registration> = listed.map(|one| (one.key, one)).collect();
        assert_eq!(listed, model.0);
        let index = registry.load().expect("an index");
        let indexed: BTreeMap<_, _> = index.iter().map(|one| (one.key, timeless(one.to_registration()))).collect();
        assert_eq!(indexed, model.0);
        for number in 0..6 {
            let found = registry.find(&key(number)).expect("an answer").map(timeless);
            assert_eq!(found.as_ref(), model.0.get(&key(number)));
        }
        for number in 0..3 {
            let own = registry.list(Some(&user(number))).expect("a list");
            assert_eq!(own.len(), model.0.values().filter(|one| one.user == user(number)).count());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn a_memory_registry_is_like_its_model(verbs in verbs()) {
            let registry = Registry::from_bytes(b"# nobody yet\n").expect("a registry");
            check(&registry, &verbs);
            // What it is now opens again.
            let again = Registry::open(&registry.url()).expect("the same registry");
            prop_assert_eq!(again.list(None).expect("a list"), registry.list(None).expect("a list"));
        }

        #[test]
        fn a_file_is_like_its_model(verbs in verbs()) {
            let world = World::new();
            world.write("users", "# nobody yet\n");
            check(&world.registry(), &verbs);
            prop_assert!(world.text().starts_with("# nobody yet\n"));
        }
    }

    #[test]
    fn a_second_claim_names_nobody() {
        let registry = Registry::from_bytes(b"").expect("a registry");
        let editor = registry.editor("mallory");
        editor.enrol(&registration("alice", 1)).expect("a first claim");
        let messages = ["alice", "mallory"].map(|user| {
            let error = editor.enrol(&registration(user, 1)).expect_err("a second claim");
            assert_eq!(error.status(), Status::KeyTaken);
            error.to_string()
        });
        // Nor do they tell whether the key is one's own.
        assert_eq!(messages[0], messages[1]);
        assert!(!messages[0].contains("alice") && !messages[0].contains("mallory"));
    }

    #[test]
    fn what_cannot_be_is_not_registered() {
        let registry = Registry::from_bytes(b"").expect("a registry");
        let editor = registry.editor("root");
        let good = registration("alice", 1);
        for bad in [
            Registration { user: String::new(), ..good.clone() },
            Registration { user: "a\nb".into(), ..good.clone() },
            Registration { label: "a\0".into(), ..good.clone() },
            Registration { not_before: Some(2), not_after: Some(1), ..good.clone() },
            Registration { not_after: Some(i64::MAX), ..good.clone() },
            Registration { created: -1, ..good.clone() },
        ] {
            assert_eq!(status(editor.enrol(&bad)), Status::InvalidArgument, "{bad:?}");
        }
        editor.enrol(&good).expect("a good one");
        assert_eq!(status(editor.rename(&key(1), "\u{7}")), Status::InvalidArgument);
        assert_eq!(status(editor.rename_user("alice", " ")), Status::InvalidArgument);
        assert_eq!(status(editor.used(&key(1), i64::MIN)), Status::InvalidArgument);
        assert_eq!(registry.list(None).expect("a list"), [good]);
    }

    #[test]
    fn a_changed_memory_says_so() {
        let registry = Registry::from_bytes(b"").expect("a registry");
        assert!(registry.changed().expect("an answer"));
        assert!(registry.load().expect("an index").is_empty());
        assert!(!registry.changed().expect("an answer"));
        registry.editor("root").enrol(&registration("alice", 1)).expect("a registration");
        assert!(registry.changed().expect("an answer"));
    }

    #[test]
    fn an_external_registry_has_no_verbs() {
        let registry = Registry::open("external").expect("a registry");
        assert!(registry.is_external() && !registry.changed().expect("an answer"));
        assert_eq!(status(registry.editor("root").disable(&key(1))), Status::NotSupported);
        assert_eq!(status(registry.list(None)), Status::NotSupported);
        assert_eq!(status(registry.find(&key(1))), Status::NotSupported);
    }
}

mod files {
    use super::*;

    const ZEROS: &str = "spki:sha256:0000000000000000000000000000000000000000000000000000000000000000";

    #[test]
    fn errors_name_file_and_line() {
        let world = World::new();
        let ones = ZEROS.replace('0', "1");
        for (text, line, hint) in [
            (format!("# users\n\nalice {ZEROS}\n"), 3, "neither an option nor a key"),
            (format!("{ZEROS} alice\r\n{ZEROS} bob\r\n"), 2, "stands on line 1 already"),
            (format!("{ones} eve\n{ZEROS} alice\nca=file:ca.pem {ZEROS} alice"), 3, "cannot read ca.pem"),
            ("spki:file:alice.pem alice".to_owned(), 1, "cannot read alice.pem"),
            (format!("{ZEROS} \u{fffd}\u{1}"), 1, "control character"),
        ] {
            let path = world.write("users", &text);
            for result in
                [world.registry().load().map(drop), world.registry().editor("root").disable(&key(1)).map(drop)]
            {
                let error = result.expect_err(&text);
                assert_eq!(error.status(), Status::Malformed, "{error}");
                let place = format!("{}:{line}: ", path.display());
                assert!(error.to_string().contains(&place) && error.to_string().contains(hint), "{error}");
            }
            assert_eq!(world.text(), text);
        }
        world.write("users", b"# \xff\n");
        assert!(world.registry().load().expect_err("no UTF-8").to_string().contains("users:1: it is not UTF-8"));
        assert_eq!(status(Registry::open("file:/nonexistent/users").expect("a URL").load()), Status::Io);
        assert_eq!(
            status(Registry::open(&format!("file:{}", world.folder.path().display())).expect("a URL").load()),
            Status::Io
        );
    }

    #[test]
    fn comments_order_and_words_stay() {
        let world = World::new();
        let (cert, other) = (self_signed("Alice"), self_signed("Root"));
        world.write("keys/alice.pem", support::pem(&cert));
        world.write("keys/root.der", &other);
        let text = format!(
            "\u{feff}# Who may come in\n\n  not-after=2030-01-01,ca=\"file:keys/root.der\" \"spki:file:keys/alice.pem\"   alice\r\n\
             \t# bob is on holidays\ndisabled {ZEROS} bob his old one\n\n# the end"
        );
        world.write("users", &text);
        let registry = world.registry();
        let index = registry.load().expect("an index");
        let certificate = clientcert::certificate::OwnedCertificate::from_der(cert).expect("a certificate");
        let alice = RegisteredKey::spki_of(&certificate.view());
        let found = index.get(&alice).expect("alice's key");
        assert_eq!((found.user, found.not_after), ("alice", Some(1_893_542_399)));
        let root = clientcert::certificate::OwnedCertificate::from_der(other).expect("a certificate");
        assert_eq!(found.ca, Some(root.view().spki_sha256()));

        let editor = registry.editor("root");
        editor.enable(&RegisteredKey::Spki([0; 32])).expect("bob is back");
        editor.rename(&alice, "laptop").expect("a label");
        editor.enrol(&Registration { created: 0, ..registration("carol", 1) }).expect("carol");
        let ones = key(1);
        assert_eq!(
            world.text(),
            format!(
                "# Who may come in\n\nnot-after=2030-01-01T23:59:59Z,ca=\"file:keys/root.der\" \"spki:file:keys/alice.pem\" \
                 alice laptop\r\n\t# bob is on holidays\n{ZEROS} bob his old one\n\n# the end\n{ones} carol key 1\n"
            )
        );
        editor.remove(&RegisteredKey::Spki([0; 32])).expect("bob leaves");
        assert!(world.text().contains("\t# bob is on holidays\n\n# the end\n"));
    }

    #[test]
    fn a_file_with_two_certificates_is_nobodys() {
        let world = World::new();
        let both = [self_signed("Alice"), self_signed("Root")].map(|der| support::pem(&der));
        world.write("both.pem", both.concat());
        world.write("users", "cert:file:both.pem alice\n");
        assert!(world.registry().load().expect_err("which one").to_string().contains("more than one certificate"));
        world.write("both.pem", "no PEM");
        assert!(world.registry().load().is_err());
    }

    #[test]
    fn a_change_is_noticed_in_every_file() {
        let world = World::new();
        world.write("alice.pem", support::pem(&self_signed("Alice")));
        world.write("users", "cert:file:alice.pem alice\n");
        let registry = world.registry();
        assert!(registry.changed().expect("an answer"), "nothing was loaded yet");
        let settle = || std::thread::sleep(Duration::from_millis(150));
        for (name, text) in [
            ("users", "# more\ncert:file:alice.pem alice\n".to_owned()),
            ("alice.pem", support::pem(&self_signed("Alice the Second"))),
        ] {
            settle();
            registry.load().expect("an index");
            assert!(!registry.changed().expect("an answer"), "before {name} changes");
            world.write(name, text);
            assert!(registry.changed().expect("an answer"), "{name} changed");
        }
        fs::remove_file(world.path("users")).expect("a removal");
        assert!(registry.changed().expect("an answer"), "it is gone");
        assert_eq!(status(registry.load()), Status::Io);
    }

    #[test]
    fn every_verb_leaves_a_record() {
        let world = World::new();
        let registry = world.registry();
        let editor = registry.editor("root@console");
        let record = editor.enrol(&registration("alice", 1)).expect("a new file");
        assert_eq!(world.audit(), [record.to_json()]);
        editor.rename(&key(1), "phone").expect("a label");
        editor.rename_user("alice", "alicia").expect("a name");
        editor.disable(&key(1)).expect("a pause");
        editor.enable(&key(1)).expect("an end to it");
        editor.used(&key(1), 5).expect("a use");
        editor.revoke(&key(1)).expect("an end");
        assert_eq!(status(editor.remove(&key(1))), Status::KeyRevoked);
        let audit = world.audit();
        let actions: Vec<&str> = audit.iter().filter_map(|record| record["action"].as_str()).collect();
        assert_eq!(actions, ["enrol", "rename", "rename_user", "disable", "enable", "revoke"]);
        for record in &audit {
            assert_eq!((&record["actor"], &record["key"]), (&"root@console".into(), &key(1).to_string().into()));
        }
        assert_eq!((&audit[1]["detail"], &audit[1]["label"]), (&"formerly \"key 1\"".into(), &"phone".into()));
        assert_eq!((&audit[2]["detail"], &audit[2]["user"]), (&"formerly \"alice\"".into(), &"alicia".into()));
    }

    #[test]
    fn records_go_where_the_url_says() {
        let world = World::new();
        for (audit, expected) in [(world.path("trail").display().to_string(), 1), ("none".to_owned(), 0)] {
            let url = format!("file:{}?audit={audit}", world.path(&format!("users{expected}")).display());
            let registry = Registry::open(&url).expect("a registry");
            assert_eq!(registry.url(), url);
            registry.editor("root").enrol(&registration("alice", 1)).expect("a registration");
            assert_eq!(fs::read_to_string(world.path("trail")).expect("a trail").lines().count(), 1);
        }
        assert!(!world.path("users0.audit").exists() && !world.path("users1.audit").exists());
    }

    #[test]
    fn a_change_that_cannot_be_recorded_is_not_made() {
        let world = World::new();
        let text = format!("{ZEROS} alice\n");
        world.write("users", &text);
        fs::create_dir(world.path("users.audit")).expect("something in the way");
        assert_eq!(status(world.registry().editor("root").disable(&RegisteredKey::Spki([0; 32]))), Status::Io);
        assert_eq!(world.text(), text);
    }

    #[test]
    fn a_failed_verb_makes_no_file() {
        let world = World::new();
        assert_eq!(status(world.registry().editor("root").disable(&key(1))), Status::NotRegistered);
        assert_eq!(fs::read_dir(world.folder.path()).expect("a folder").count(), 0);
        let nowhere = Registry::open(&format!("file:{}", world.path("no/users").display())).expect("a registry");
        assert_eq!(status(nowhere.editor("root").enrol(&registration("alice", 1))), Status::Io);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let world = World::new();
        let mode = |path: &Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
        let file = world.write("real/users", "# nobody\n");
        fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).expect("permissions");
        symlink("real/users", world.path("users")).expect("a link");
        let registry = world.registry();
        registry.editor("root").enrol(&registration("alice", 1)).expect("a registration");
        assert!(fs::symlink_metadata(world.path("users")).expect("a link").is_symlink());
        assert_eq!(mode(&file), 0o640);
        assert_eq!(mode(&world.path("users.audit")), 0o640);
        assert!(world.text().contains("alice"));

        let fresh = World::new();
        fresh.registry().editor("root").enrol(&registration("alice", 1)).expect("a registration");
        assert_eq!((mode(&fresh.path("users")), mode(&fresh.path("users.audit"))), (0o600, 0o600));

        fs::set_permissions(&file, PermissionsExt::from_mode(0o646)).expect("permissions");
        for result in [registry.load().map(drop), registry.editor("root").disable(&key(1)).map(drop)] {
            assert!(result.expect_err("anybody could").to_string().contains("everybody may write to it"));
        }
    }

    /// Whatever a writer that was killed left behind is in nobody's way.
    #[test]
    fn leftovers_are_cleared_away() {
        let world = World::new();
        world.write("users", "# nobody\n");
        world.write("users.new", "half of a li");
        world.registry().editor("root").enrol(&registration("alice", 1)).expect("a registration");
        assert!(!world.path("users.new").exists());
        assert_eq!(world.registry().load().expect("an index").len(), 1);
    }

    #[test]
    fn writers_wait_for_each_other_and_readers_see_all_or_nothing() {
        const WRITERS: u8 = 4;
        const EACH: u8 = 12;
        let world = World::new();
        world.write("users", "# users\n");
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let registry = world.registry();
                let mut seen = 0;
                while !done.load(Ordering::Relaxed) {
                    let now = registry.load().expect("a whole file").len();
                    assert!(now >= seen);
                    seen = now;
                }
            });
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| {
                    let world = &world;
                    scope.spawn(move || {
                        let registry = world.registry();
                        for number in 0..EACH {
                            let number = writer * EACH + number;
                            registry.editor("a writer").enrol(&registration("alice", number)).expect("a registration");
                        }
                    })
                })
                .collect();
            for writer in writers {
                writer.join().expect("a writer");
            }
            done.store(true, Ordering::Relaxed);
            reader.join().expect("the reader");
        });
        assert_eq!(world.registry().load().expect("an index").len(), usize::from(WRITERS * EACH));
        assert_eq!(world.audit().len(), usize::from(WRITERS * EACH));
    }
}

mod enrolment {
    use clientcert::certificate::OwnedCertificate;
    use clientcert::{Config, Verdict, Verifier};
    use std::sync::Arc;
    use support::{Key, NOW, Template};

    use super::*;

    /// A server that knows clients by their keys alone, and nobody yet.
    struct Server {
        verifier: Verifier,
    }

    impl Server {
        fn new(text: &str) -> Self {
            let mut config = Config::new();
            config.set("mode", "optional_no_ca").expect("a mode");
            config.set("trust", "key").expect("a trust");
            let root = RegisteredKey::Spki([0xff; 32]);
            config.set_bytes("registry", format!("{root} root\n{text}").as_bytes()).expect("a registry");
            Self { verifier: Verifier::new(&config).expect("a verifier") }
        }

        fn registry(&self) -> &Registry {
            self.verifier.registry().expect("a registry")
        }

        fn verdict(&self, certificate: &[u8]) -> Arc<Verdict> {
            self.verifier.reload().expect("the registry as it is");
            self.verifier.verify_at(certificate, NOW)
        }

        fn registered(&self, certificate: &[u8]) -> Registration {
            self.registry().find(&spki(certificate)).expect("an answer").expect("a registration")
        }
    }

    fn spki(certificate: &[u8]) -> RegisteredKey {
        RegisteredKey::spki_of(&OwnedCertificate::from_der(certificate).expect("a certificate").view())
    }

    /// A client's certificate for the key of this number, signed by that of another.
    fn certificate(number: u8, signer: u8) -> Vec<u8> {
        Template::client("me", "me", Key::p256(number)).sign(Key::p256(signer))
    }

    #[test]
    fn users_enrol_the_key_of_their_connection() {
        let server = Server::new("");
        let own = certificate(1, 1);
        let before = server.verdict(&own);
        let record = server.registry().editor("alice").enrol_verdict("alice", "laptop", &before).expect("her own key");
        assert_eq!((record.action.name(), &*record.user, &*record.label), ("enrol_self", "alice", "laptop"));
        let after = server.verdict(&own);
        assert!(after.verified());
        assert_eq!(after.user(), Some("alice"));
        // A renewed certificate for the same key needs nothing.
        assert_eq!(
            server.verdict(&Template::client("me", "me again", Key::p256(1)).sign(Key::p256(1))).user(),
            Some("alice")
        );
        // What was decided before does not know of it.
        assert_eq!(status(server.registry().editor("bob").enrol_verdict("bob", "", &before)), Status::KeyTaken);
    }

    #[test]
    fn only_a_missing_registration_may_be_mended() {
        let server = Server::new("");
        let refused = |verdict: &Verdict| {
            let result = server.registry().editor("alice").enrol_verdict("alice", "", verdict);
            assert_eq!(status(result), Status::NotEntitled, "{:?}", verdict.reasons());
        };
        let key = Key::p256(1);
        refused(&server.verdict(&Template::client("me", "me", key).valid("100101000000Z", "110101000000Z").sign(key)));
        refused(&server.verdict(&[]));
        refused(&server.verdict(b"no certificate"));
        let weak = Key::rsa();
        let mut other = Config::new();
        other.set("mode", "request_any").expect("a mode");
        refused(
            &Verifier::new(&other)
                .expect("a verifier")
                .verify_at(&Template::client("me", "me", &weak).sign(&weak), NOW),
        );
        let revoked = certificate(2, 2);
        let server = Server::new(&format!("disabled,revoked {} alice\n", spki(&revoked)));
        assert_eq!(
            status(server.registry().editor("alice").enrol_verdict("alice", "", &server.verdict(&revoked))),
            Status::NotEntitled
        );
        assert_eq!(server.registry().list(None).expect("a list").len(), 2);
    }

    #[test]
    fn a_certificate_is_nobody_elses_in_either_form() {
        let own = certificate(1, 1);
        let itself = RegisteredKey::certificate_of(&OwnedCertificate::from_der(&*own).expect("a certificate").view());
        for (options, expected) in [("", Status::KeyTaken), ("revoked ", Status::KeyRevoked)] {
            let server = Server::new("");
            let before = server.verdict(&own);
            let text = format!("{options}{itself} bob\n");
            let bob = clientcert::registry::from_text(text.as_bytes(), "test", None).expect("a text");
            server.registry().editor("root").import(&bob, clientcert::registry::Known::Refuse).expect("bob's");
            let result = server.registry().editor("alice").enrol_verdict("alice", "", &before);
            assert_eq!(status(result), expected);
        }
    }

    #[test]
    fn a_registered_key_vouches_for_another() {
        let (old, new, third) = (certificate(1, 1), certificate(2, 1), certificate(3, 3));
        let server = Server::new(&format!("not-after=2030-01-01 {} alice laptop\n", spki(&old)));
        let registry = server.registry();
        let editor = registry.editor("alice");
        let old_certificate = OwnedCertificate::from_der(&*old).expect("a certificate");

        let record = editor.renew_signed(&server.verdict(&new), &old_certificate.view(), None).expect("a signature");
        assert_eq!((record.action.name(), record.detail), ("renew", Some(format!("signed by {}", spki(&old)))));
        let renewed = server.registered(&new);
        assert_eq!((&*renewed.user, &*renewed.label), ("alice", "laptop"));
        assert_eq!(renewed.not_after, server.registered(&old).not_after, "no longer than the old one");

        let beside = editor.renew_beside(&server.verdict(&third), &server.verdict(&old), Some("phone"));
        assert_eq!(beside.expect("both are hers").detail, Some(format!("beside {}", spki(&old))));
        assert_eq!(server.verdict(&third).user(), Some("alice"));
        assert_eq!(server.registered(&third).label, "phone");
    }

    #[test]
    fn not_every_key_vouches() {
        let (old, new) = (certificate(1, 1), certificate(2, 2));
        let old_certificate = OwnedCertificate::from_der(&*old).expect("a certificate");
        let signed = certificate(2, 1);
        for options in ["no-manage", "disabled", "not-after=2001-01-01", "not-before=2100-01-01", "revoked"] {
            let server = Server::new(&format!("{options} {} alice\n", spki(&old)));
            let editor = server.registry().editor("alice");
            let result = editor.renew_signed(&server.verdict(&signed), &old_certificate.view(), None);
            let expected = if options == "revoked" { Status::KeyRevoked } else { Status::NotEntitled };
            assert_eq!(status(result), expected, "{options}");
            let result = editor.renew_beside(&server.verdict(&new), &server.verdict(&old), None);
            assert_eq!(status(result), Status::NotEntitled, "{options}");
            assert_eq!(server.registry().list(None).expect("a list").len(), 2, "{options}");
        }
        let server = Server::new(&format!("{} alice\n", spki(&old)));
        let editor = server.registry().editor("alice");
        // Signed by another key than the registered one.
        let result = editor.renew_signed(&server.verdict(&new), &old_certificate.view(), None);
        assert_eq!(status(result), Status::NotEntitled);
        // Signed by a key that nobody registered.
        let other = OwnedCertificate::from_der(certificate(3, 3)).expect("a certificate");
        let result = editor.renew_signed(&server.verdict(&certificate(2, 3)), &other.view(), None);
        assert_eq!(status(result), Status::NotRegistered);
        // Whoever is verified needs no further registration.
        let both = server.verdict(&old);
        assert_eq!(status(editor.renew_beside(&both, &both, None)), Status::NotEntitled);
    }
}

mod key_sets {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use clientcert::certificate::OwnedCertificate;
    use clientcert::registry::{confirms, jwks};
    use serde_json::json;
    use support::{Key, Template};

    use super::*;

    /// A certificate and the members of its key.
    fn ec() -> (OwnedCertificate, String, String) {
        let key = Key::p256(1);
        let der = Template::client("me", "me", key).sign(key);
        // The last 64 bytes of a P-256 SubjectPublicKeyInfo are the point.
        let certificate = OwnedCertificate::from_der(der).expect("a certificate");
        let spki = certificate.view().subject_public_key_info().to_vec();
        let (x, y) = spki[spki.len() - 64..].split_at(32);
        (certificate.clone(), URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y))
    }

    #[test]
    fn certificates_are_found_in_either_member() {
        let (certificate, x, y) = ec();
        let (x5c, thumbprint) = (STANDARD.encode(certificate.view().as_der()), certificate.view().x5t_s256());
        let own = RegisteredKey::certificate_of(&certificate.view());
        for key in [
            json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "x5c": [x5c]}),
            json!({"kty": "EC", "x5t#S256": thumbprint}),
            json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "x5c": [x5c, "ignored"], "x5t#S256": thumbprint}),
        ] {
            for set in [key.clone(), json!({"keys": [key, {"kty": "EC", "use": "sig"}]})] {
                let keys = jwks(set.to_string().as_bytes()).expect("a key set");
                assert_eq!(keys.iter().map(|key| key.key).collect::<Vec<_>>(), [own], "{set}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let (certificate, x, y) = ec();
        let x5c = STANDARD.encode(certificate.view().as_der());
        let other = URL_SAFE_NO_PAD.encode([7; 32]);
        for (key, hint) in [
            (json!({"kty": "EC", "x": other, "y": y, "x5c": [x5c]}), "another key"),
            (json!({"kty": "EC", "x": y, "y": x, "x5c": [x5c]}), "another key"),
            (json!({"kty": "RSA", "n": x, "e": "AQAB", "x5c": [x5c]}), "another key"),
            (json!({"kty": "OKP", "x": x, "x5c": [x5c]}), "another key"),
            (json!({"x5c": [x5c]}), "no `keys`"),
            (json!({"kty": "EC", "x": x, "y": y, "x5c": [x5c], "x5t#S256": other}), "another certificate"),
            (json!({"kty": "EC", "x5c": []}), "does not begin with a certificate"),
            (json!({"kty": "EC", "x5c": x5c}), "no array"),
            (json!({"kty": "EC", "x5t#S256": "AAAA"}), "32 bytes"),
            (json!({"kty": "EC", "x5t#S256": other, "d": other}), "private key"),
            (json!({"kty": "EC", "x5t#S256": other, "kid": 7}), "`kid`"),
            (json!({"kty": "EC"}), "none of its keys"),
            (json!({"keys": {}}), "no array"),
            (json!({"keys": [7]}), "key 1: it is no JSON object"),
            (json!([]), "no JSON object"),
        ] {
            let error = jwks(key.to_string().as_bytes()).expect_err(hint).to_string();
            assert!(error.contains(hint), "{key}: {error}");
        }
        assert!(jwks(b"{").is_err());
    }

    #[test]
    fn a_token_is_confirmed_by_its_thumbprint_alone() {
        let (certificate, ..) = ec();
        let thumbprint = certificate.view().x5t_s256();
        let digest = certificate.view().sha256();
        let says = |confirmation: &str| confirms(&certificate.view(), confirmation);
        assert!(says(&thumbprint) && says(&json!({"x5t#S256": thumbprint}).to_string()));
        for wrong in [
            String::new(),
            "{}".into(),
            format!("{thumbprint}="),
            STANDARD.encode(digest),
            URL_SAFE_NO_PAD.encode(&digest[..31]),
            json!({"x5t#S256": thumbprint, "jkt": "x"}).to_string(),
            json!({"x5t": thumbprint}).to_string(),
            json!({"x5t#S256": [thumbprint]}).to_string(),
            json!([thumbprint]).to_string(),
        ] {
            assert!(!says(&wrong), "{wrong}");
        }
        for byte in 0..32 {
            let mut other = digest;
            other[byte] ^= 0x10;
            assert!(!says(&URL_SAFE_NO_PAD.encode(other)));
        }
    }
}
