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
