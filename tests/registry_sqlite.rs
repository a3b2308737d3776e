//! The registry in SQLite: several processes at once, killed at any moment, and whatever can be wrong with a file.

#![cfg(feature = "sqlite")]

#[path = "support/registrations.rs"]
mod registrations;
mod support;
#[path = "support/worker.rs"]
mod worker_process;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use clientcert::certificate::OwnedCertificate;
use clientcert::registry::{RegisteredKey, Registration, Registry};
use clientcert::verify::Code;
use clientcert::{Config, Error, Status, Verifier};
use registrations::{enrol_each, key, registration, scatter, use_every_verb};
use rusqlite::Connection;
use support::{Key, NOW, Template};
use tempfile::TempDir;
use worker_process::{Worker, enrol_under_kills, task, tell};

/// A folder with a registry in it.
struct World {
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        // A killed process loses nothing that the kernel has, so a folder in memory shows as much, and is faster.
        let folder = match Path::new("/dev/shm") {
            memory if memory.is_dir() => TempDir::new_in(memory),
            _ => TempDir::new(),
        };
        Self { folder: folder.expect("a folder") }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("keys.db")
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }

    fn registry(&self) -> Registry {
        Registry::open(&self.url()).expect("a registry")
    }

    fn sql(&self) -> Connection {
        Connection::open(self.path()).expect("a database")
    }
}

/// What the other tests start as processes of their own.
#[test]
#[ignore = "is no test, but a process that the tests start"]
fn worker() {
    let task = task();
    let registry = Registry::open(&task[1]).expect("a registry");
    match &*task[0] {
        "enrol" => enrol_each(&registry, task[2].parse().expect("a number")..task[3].parse().expect("a number"), tell),
        "read" => read(&registry, &task[1], &task[2]),
        "try" => match registry.editor("test").enrol(&registration(task[2].parse().expect("a number"))) {
            Ok(_) => tell("ok"),
            Err(error) => tell(format!("{:?}: {error}", error.status())),
        },
        "fill" => fill(&registry),
        task => panic!("no task: {task}"),
    }
}

/// Reads whenever something changed, until a file is there that says to stop. Nothing that it sees may be half.
fn read(registry: &Registry, url: &str, stop: &str) {
    let path = url.strip_prefix("sqlite:").expect("a path");
    let (mut most, mut loads) = (0, 0);
    while !Path::new(stop).exists() {
        if !registry.changed().expect("a registry to ask") {
            continue;
        }
        let index = registry.load().expect("a registry to read");
        assert!(index.len() >= most, "{} registrations became {}", most, index.len());
        (most, loads) = (index.len(), loads + 1);
        for found in index.iter() {
            let number = found.label.strip_prefix("key ").and_then(|number| number.parse().ok()).expect("a number");
            assert_eq!(found.to_registration(), registration(number));
        }
        let whole: bool = Connection::open(path)
            .expect("a database")
            .query_row(
                "SELECT number = 1 + (SELECT count(*) FROM registration) AND number = 1 + (SELECT count(*) FROM audit) \
                 FROM generation",
                [],
                |row| row.get(0),
            )
            .expect("an answer");
        assert!(whole, "a registration without its audit record");
    }
    tell(loads);
}

/// Registers keys until that fails.
fn fill(registry: &Registry) {
    for number in 0.. {
        match registry.editor("test").enrol(&registration(number)) {
            Ok(_) => tell(number),
            Err(error) => return tell(format!("{:?}: {error}", error.status())),
        }
    }
}

#[test]
fn what_was_acknowledged_outlives_every_kill() {
    const WORKERS: u64 = 8;
    const KEYS: u64 = 10_000;
    const EACH: u64 = KEYS / WORKERS;
    let world = World::new();
    world.registry().load().expect("a new registry");
    let stop = world.folder.path().join("stop");
    let reader = Worker::start(&["read", &world.url(), stop.to_str().expect("a path")]);

    // Some die before their first key, most in the midst.
    let lives = enrol_under_kills(&world.url(), WORKERS, EACH, |next, _| scatter(next) % 200);
    assert!(lives > 5 * WORKERS, "only {lives} processes lived");

    fs::write(&stop, "").expect("a file");
    let (said, content) = reader.finish();
    assert!(content, "the reader saw something that must not be");
    assert!(said.last().and_then(|loads| loads.parse().ok()).is_some_and(|loads: u32| loads > 10), "{said:?}");

    let index = world.registry().load().expect("a registry");
    assert_eq!(index.len() as u64, KEYS);
    for number in 0..KEYS {
        let found = index.get(&key(number)).map(|found| found.to_registration());
        assert_eq!(found, Some(registration(number)));
    }
    let sql = world.sql();
    let text = |query| sql.query_row(query, [], |row| row.get::<_, String>(0)).expect("an answer");
    assert_eq!(text("PRAGMA integrity_check"), "ok");
    assert_eq!(text("SELECT count(DISTINCT fingerprint) || ' of ' || count(*) FROM audit"), "10000 of 10000");
}

#[test]
fn a_full_disk_is_an_error_and_loses_nothing() {
    let world = World::new();
    world.registry().load().expect("a new registry");
    // No file may grow beyond 200 KiB, which is told by a failed write as on a full disk.
    let filler = Worker::start_under("trap '' XFSZ; ulimit -f 400", &["fill", &world.url()]);
    let (said, content) = filler.finish();
    assert!(content, "{said:?}");
    let (error, acknowledged) = said.split_last().expect("an end");
    assert!(error.starts_with("Io: option 'registry': cannot write "), "{error}");
    assert!(acknowledged.len() > 100, "{} fit", acknowledged.len());

    let registry = world.registry();
    assert_eq!(registry.load().expect("a sound registry").len(), acknowledged.len());
    for told in acknowledged {
        let number = told.parse().expect("a number");
        assert_eq!(registry.find(&key(number)).expect("a sound registry"), Some(registration(number)));
    }
    // There is room again.
    registry.editor("test").enrol(&registration(acknowledged.len() as u64)).expect("room for one more");
    assert_eq!(world.sql().query_row("PRAGMA integrity_check", [], |row| row.get(0)), Ok("ok".to_owned()));
}

#[test]
fn a_change_by_another_process_shows_and_nothing_else_does() {
    let world = World::new();
    let registry = world.registry();
    assert!(registry.changed().expect("an answer"), "nothing was loaded yet");
    assert!(registry.load().expect("a new registry").is_empty());
    assert!(!registry.changed().expect("an answer"));

    let elsewhere = |number: u64| {
        let (said, content) = Worker::start(&["try", &world.url(), &number.to_string()]).finish();
        assert!(content);
        said.concat()
    };
    assert_eq!(elsewhere(1), "ok");
    assert!(registry.changed().expect("an answer"));
    assert!(registry.changed().expect("an answer"), "it was not loaded yet");
    let index = registry.load().expect("a registry");
    assert_eq!(index.get(&key(1)).map(|found| found.to_registration()), Some(registration(1)));
    assert!(!registry.changed().expect("an answer"));

    assert_eq!(elsewhere(1), "KeyTaken: this key is registered already");
    assert!(!registry.changed().expect("an answer"), "what was refused is no change");
    registry.editor("test").used(&key(1), 1_800_000_000).expect("its use");
    assert!(!registry.changed().expect("an answer"), "who may do what is as it was");
    assert_eq!(registry.find(&key(1)).expect("an answer").and_then(|found| found.last_used), Some(1_800_000_000));

    registry.editor("test").remove(&key(1)).expect("its removal");
    assert!(registry.changed().expect("an answer"));
    assert!(registry.load().expect("a registry").is_empty());

    // Another database in the same place, with as many changes behind it.
    let other = World::new();
    other.registry().editor("test").enrol(&registration(2)).expect("a registration");
    other.registry().editor("test").remove(&key(2)).expect("its removal");
    fs::copy(other.path(), world.path()).expect("another database");
    assert!(registry.changed().expect("an answer"));
}

/// Refreshes until that says so; it looks once a second at most.
fn refresh_until(verifier: &Verifier, done: impl Fn(Result<bool, Error>) -> bool) {
    let start = Instant::now();
    while !done(verifier.refresh()) {
        assert!(start.elapsed() < Duration::from_secs(20), "nothing comes of it");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_cannot_be_read_any_more_does_not_serve_for_ever() {
    let world = World::new();
    let alice = Template::client("alice", "alice", &Key::ed25519(2)).sign(&Key::ed25519(2));
    let certificate = OwnedCertificate::from_der(&*alice).expect("a certificate");
    let registration = Registration::new("alice", RegisteredKey::spki_of(&certificate.view()), 0);
    let mut config = Config::new();
    config.set("trust", "key").expect("an option");
    config.set("registry", &world.url()).expect("an option");
    config.set("registry_max_age", "3").expect("an option");
    let verifier = Verifier::new(&config).expect("a verifier");
    let primary = || verifier.verify_at(&alice, NOW).primary().map(|reason| reason.code);
    assert_eq!(primary(), Some(Code::KeyNotRegistered));
    world.registry().editor("test").enrol(&registration).expect("a registration");
    refresh_until(&verifier, |refreshed| refreshed.expect("a registry"));
    assert_eq!(primary(), None);

    // What changed is known to have, but not what.
    world
        .sql()
        .execute_batch("ALTER TABLE registration RENAME TO hidden; UPDATE generation SET token = randomblob(16)")
        .expect("a change");
    refresh_until(&verifier, |refreshed| refreshed.is_err());
    assert_eq!(primary(), None, "for a while it serves on");
    refresh_until(&verifier, |refreshed| refreshed.is_ok_and(|changed| changed));
    assert_eq!(primary(), Some(Code::RegistryUnavailable));
    refresh_until(&verifier, |refreshed| refreshed.is_err());
    assert_eq!(primary(), Some(Code::RegistryUnavailable));
    world.sql().execute_batch("ALTER TABLE hidden RENAME TO registration").expect("a change");
    refresh_until(&verifier, |refreshed| refreshed.is_ok_and(|changed| changed));
    assert_eq!(primary(), None);
}

/// Whatever else is broken, a key that was revoked is of no use, and a registry that is away serves no longer than it may.
#[test]
fn a_broken_file_beside_it_holds_no_registration_up() {
    let world = World::new();
    let key = Key::ed25519(2);
    let alice = Template::client("CA", "alice", &key).sign(&Key::ed25519(1));
    let certificate = OwnedCertificate::from_der(&*alice).expect("a certificate");
    let enrol = || {
        let registration = Registration::new("alice", RegisteredKey::spki_of(&certificate.view()), 0);
        world.registry().editor("test").enrol(&registration).expect("a registration");
    };
    enrol();
    let ca = world.folder.path().join("ca.der");
    fs::write(&ca, Template::authority("CA", "CA", &Key::ed25519(1)).sign(&Key::ed25519(1))).expect("a file");
    let mut config = Config::new();
    let path = ca.to_str().expect("a path");
    for (option, value) in [("trust", "ca+key"), ("ca", path), ("registry", &world.url()), ("registry_max_age", "3")] {
        config.set(option, value).expect("an option");
    }
    let verifier = Verifier::new(&config).expect("a verifier");
    let primary = || verifier.verify_at(&alice, NOW).primary().map(|reason| reason.code);
    let becomes = |code: Option<Code>| {
        refresh_until(&verifier, |refreshed| {
            assert!(!refreshed.is_ok_and(|changed| changed), "the file is broken");
            primary() == code
        });
    };
    assert_eq!(primary(), None);
    fs::write(&ca, "broken").expect("a file");
    world.registry().editor("test").remove(&RegisteredKey::spki_of(&certificate.view())).expect("its removal");
    becomes(Some(Code::KeyNotRegistered));
    enrol();
    becomes(None);

    // It is confirmed meanwhile, and serves on from then.
    thread::sleep(Duration::from_secs(2));
    refresh_until(&verifier, |refreshed| refreshed.is_err());
    let hide = "ALTER TABLE registration RENAME TO hidden; UPDATE generation SET token = randomblob(16)";
    world.sql().execute_batch(hide).expect("a change");
    thread::sleep(Duration::from_millis(1_500));
    refresh_until(&verifier, |refreshed| refreshed.is_err());
    assert_eq!(primary(), None, "for a while it serves on");
    becomes(Some(Code::RegistryUnavailable));
    world.sql().execute_batch("ALTER TABLE hidden RENAME TO registration").expect("a change");
    becomes(None);
}

#[test]
fn every_verb_does_what_it_does_elsewhere() {
    let world = World::new();
    let records = use_every_verb(&world.registry());
    let sql = world.sql();
    let mut audit =
        sql.prepare("SELECT actor || ' ' || action || ' ' || user_name FROM audit ORDER BY id").expect("audit");
    let audit = audit.query_map([], |row| row.get(0)).expect("records");
    assert_eq!(audit.collect::<Result<Vec<String>, _>>().expect("records"), records);
}

#[test]
fn the_tables_refuse_what_the_verbs_would() {
    let world = World::new();
    let registry = world.registry();
    registry.editor("root").enrol(&registration(1)).expect("a registration");
    registry.editor("root").revoke(&key(1)).expect("a verb");
    registry.editor("root").enrol(&registration(2)).expect("a registration");
    let sql = world.sql();
    for (statement, refusal) in [
        ("UPDATE registration SET revoked = NULL WHERE revoked", "a revocation is final"),
        ("DELETE FROM registration WHERE revoked", "a revoked registration stays"),
        ("UPDATE registration SET fingerprint = zeroblob(32)", "the key of a registration does not change"),
        ("UPDATE registration SET disabled = 2", "CHECK constraint failed"),
        ("UPDATE registration SET user_name = ''", "CHECK constraint failed"),
        ("UPDATE registration SET user_name = 'a' || char(10)", "CHECK constraint failed"),
        ("UPDATE registration SET user_name = 'a' || char(0)", "CHECK constraint failed"),
        ("UPDATE registration SET label = char(127)", "CHECK constraint failed"),
        ("UPDATE registration SET ca = x'00'", "CHECK constraint failed"),
        ("UPDATE registration SET created = 'now'", "cannot store TEXT value"),
        ("UPDATE audit SET actor = 'nobody'", "an audit record does not change"),
        (
            "INSERT INTO registration (kind, fingerprint, user_name, label, created, disabled, no_manage) \
             SELECT kind, fingerprint, 'eve', '', 0, 0, 0 FROM registration",
            "UNIQUE constraint failed",
        ),
    ] {
        let error = sql.execute(statement, []).expect_err(statement).to_string();
        assert!(error.contains(refusal), "{statement}: {error}");
    }
    assert_eq!(registry.list(Some("eve")).expect("registrations"), []);
}

mod files {
    use super::*;

    /// What is said when the registry cannot be used.
    fn complaint(world: &World) -> String {
        let error = world.registry().load().expect_err("a registry that cannot be used");
        let refused =
            world.registry().editor("test").enrol(&registration(1)).expect_err("a registry that cannot be used");
        assert_eq!(refused.status(), error.status(), "{refused}");
        format!("{:?}: {error}", error.status()).replace(world.folder.path().to_str().expect("a path"), "")
    }

    fn with_keys() -> World {
        let world = World::new();
        for number in 0..200 {
            world.registry().editor("test").enrol(&registration(number)).expect("a registration");
        }
        world
    }

    #[test]
    fn of_a_newer_version() {
        let world = with_keys();
        world.sql().pragma_update(None, "user_version", 2).expect("a version");
        let expected =
            "Malformed: option 'registry': /keys.db: has tables of version 2, and this build knows 1 at most";
        assert_eq!(complaint(&world), expected);
        world.sql().pragma_update(None, "user_version", 1).expect("a version");
        assert_eq!(world.registry().load().expect("a registry").len(), 200);
    }

    #[test]
    fn of_another_program() {
        let world = World::new();
        world.sql().execute_batch("CREATE TABLE users (name TEXT)").expect("a table");
        assert_eq!(complaint(&world), "Malformed: option 'registry': /keys.db: is a database of another program");
    }

    #[test]
    fn full_of_something_else() {
        let world = World::new();
        fs::write(world.path(), "alice spki:sha256:…\n".repeat(100)).expect("a file");
        assert_eq!(complaint(&world), "Malformed: option 'registry': /keys.db: is no SQLite database");
    }

    #[test]
    fn cut_short() {
        let world = with_keys();
        let whole = fs::read(world.path()).expect("a database");
        for length in [1, 50, 100, 4096, 5000, whole.len() / 2, whole.len() - 4096] {
            fs::write(world.path(), &whole[..length]).expect("a file");
            let said = complaint(&world);
            let known = ["is no SQLite database", "is damaged or cut short", "is empty or cut short"];
            assert!(
                said.starts_with("Malformed") && known.iter().any(|known| said.contains(known)),
                "{length}: {said}"
            );
        }
        fs::write(world.path(), "").expect("a file");
        assert!(complaint(&world).contains("/keys.db: is empty or cut short: "));
        fs::write(world.path(), &whole).expect("a file");
        assert_eq!(world.registry().load().expect("a registry").len(), 200);
    }

    #[test]
    fn missing_beside_their_log() {
        let world = World::new();
        fs::write(world.path().with_extension("db-wal"), "what was not yet in the database").expect("a file");
        assert!(complaint(&world).contains("/keys.db: is missing, and its log /keys.db-wal is there"));
    }

    #[test]
    fn that_cannot_be_made() {
        let world = World::new();
        let nowhere = Registry::open(&format!("sqlite:{}/none/keys.db", world.folder.path().display())).expect("a URL");
        let error = nowhere.load().expect_err("no folder");
        assert!(error.status() == Status::Io && error.to_string().contains("No such file or directory"), "{error}");
        fs::create_dir(world.path()).expect("a folder");
        assert!(complaint(&world).ends_with("/keys.db: it is no file"), "{}", complaint(&world));
    }

    #[cfg(unix)]
    mod permissions {
        use super::*;
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};

        fn set(path: &Path, mode: u32) {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
        }

        #[test]
        fn of_a_new_registry_are_its_owners() {
            let world = World::new();
            let is_root = fs::metadata(world.folder.path()).expect("a folder").uid() == 0;
            if is_root {
                chown(world.folder.path(), Some(65_534), Some(65_534)).expect("a folder of nobody");
            }
            world.registry().editor("test").enrol(&registration(1)).expect("a registration");
            let folder = fs::metadata(world.folder.path()).expect("a folder");
            let file = fs::metadata(world.path()).expect("a file");
            assert_eq!(file.mode() & 0o7777, 0o600);
            assert_eq!((file.uid(), file.gid()), (folder.uid(), folder.gid()), "who runs the server can open it");
            let left: Vec<_> = fs::read_dir(world.folder.path()).expect("files").collect();
            assert_eq!(left.len(), 1, "{left:?}");
        }

        #[test]
        fn that_let_everybody_write_are_refused() {
            let world = with_keys();
            set(&world.path(), 0o602);
            assert!(complaint(&world).contains("/keys.db: is writable by everybody"));
            set(&world.path(), 0o600);
            set(world.folder.path(), 0o777);
            assert!(complaint(&world).contains("/keys.db: lies in a folder that everybody can write to"));
            set(world.folder.path(), 0o1777);
            assert_eq!(world.registry().load().expect("a registry").len(), 200);
        }

        #[test]
        fn that_only_let_read_let_only_read() {
            let world = with_keys();
            set(&world.path(), 0o400);
            let attempt = |number: &str| {
                Worker::start_unprivileged(world.folder.path(), &["try", &world.url(), number]).finish().0.concat()
            };
            let said = attempt("1000");
            assert!(said.starts_with("Io: option 'registry': cannot write "), "{said}");
            assert_eq!(world.registry().load().expect("a registry").len(), 200);
            set(&world.path(), 0o000);
            let said = attempt("1000");
            assert!(said.starts_with("Io: option 'registry': cannot read "), "{said}");
            set(&world.path(), 0o600);
            assert_eq!(attempt("1000"), "ok");
            assert_eq!(world.registry().load().expect("a registry").len(), 201);
        }
    }
}
