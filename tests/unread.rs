//! How much a refresh would have to read, which a host asks that reads little in its event loop and much in a thread.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use clientcert::certificate::OwnedCertificate;
use clientcert::registry::{RegisteredKey, Registration};
use clientcert::verify::Code;
use clientcert::{Config, Verifier};
use support::crl::{self, List};
use support::{Key, NOW, Template};
use tempfile::TempDir;

/// After which a file that was just written is told from one that is written now.
const SETTLED: Duration = Duration::from_millis(250);
/// How often `refresh` looks, and a little more.
const REFRESH: Duration = Duration::from_millis(1_100);

/// The options that name files, and the file of each.
const FILES: [(&str, &str); 4] =
    [("ca", "ca/ca.der"), ("crl", "crl/ca.crl"), ("registry", "users"), ("session_key", "session.key")];

fn authority(name: &str) -> Vec<u8> {
    Template::authority(name, name, &Key::ed25519(1)).sign(&Key::ed25519(1))
}

fn list(number: u32) -> Vec<u8> {
    List::new("CA").with(crl::crl_number(number)).sign(&Key::ed25519(1))
}

fn alice() -> Vec<u8> {
    Template::client("alice", "alice", &Key::ed25519(2)).sign(&Key::ed25519(2))
}

fn registration() -> String {
    let alice = OwnedCertificate::from_der(alice()).expect("a certificate");
    format!("{} alice\n", RegisteredKey::spki_of(&alice.view()))
}

/// What the file of an option holds at first, and what takes its place.
fn contents(option: &str, first: bool) -> Vec<u8> {
    match (option, first) {
        ("ca", true) => authority("CA"),
        ("ca", false) => [authority("CA"), authority("Another CA")].concat(),
        ("crl", _) => list(if first { 1 } else { 2 }),
        ("registry", true) => registration().into(),
        ("registry", false) => format!("{}\n# and nobody else\n", registration()).into(),
        _ => vec![if first { 7 } else { 8 }; 48],
    }
}

/// A folder of files of every kind, and a configuration that names them.
struct World(TempDir);

impl World {
    fn new() -> Self {
        let world = Self(tempfile::tempdir().expect("a folder"));
        for name in ["ca", "crl"] {
            fs::create_dir(world.at(name)).expect("a folder");
        }
        for (option, name) in FILES {
            world.write(name, contents(option, true));
        }
        sleep(SETTLED);
        world
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.at(name), bytes).expect("a file");
    }

    fn config(&self) -> Config {
        let mut config = Config::new();
        config.set("trust", "ca|key").expect("trust");
        for (option, name) in [("ca", "ca"), ("crl", "crl"), ("session_key", "session.key")] {
            config.set(option, self.at(name).to_str().expect("a path")).expect(option);
        }
        config.set("registry", &format!("file:{}", self.at("users").display())).expect("a registry");
        config
    }

    fn verifier(&self) -> Verifier {
        Verifier::new(&self.config()).expect("a verifier")
    }

    /// The sizes of all files.
    fn bytes(&self) -> u64 {
        bytes(self.0.path())
    }
}

fn bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let sizes = entries.map(|entry| match entry.metadata().expect("an entry") {
        metadata if metadata.is_dir() => bytes(&entry.path()),
        metadata => metadata.len(),
    });
    sizes.sum()
}

fn refresh(verifier: &Verifier) -> bool {
    sleep(REFRESH);
    verifier.refresh().expect("a policy")
}

#[test]
fn what_changed_is_unread_until_it_is_refreshed() {
    let world = World::new();
    let verifier = world.verifier();
    let changed = |what: &str| {
        assert_eq!(verifier.unread(), Some(world.bytes()), "{what}");
        assert!(refresh(&verifier), "{what}");
        assert_eq!(verifier.unread(), Some(0), "{what}, and nothing since");
    };
    assert_eq!(verifier.unread(), Some(0), "nothing");
    for (option, name) in FILES {
        world.write(name, contents(option, false));
        changed(name);
    }
    world.write("crl/beside.crl", list(3));
    changed("a new file in a folder");
    world.write("crl/notes.txt", "not looked at");
    assert_eq!(verifier.unread(), Some(0), "a file that is none of ours");
    fs::remove_file(world.at("crl/notes.txt")).expect("a file");
    fs::remove_file(world.at("crl/beside.crl")).expect("a file");
    changed("a file less");
    fs::rename(world.at("ca/ca.der"), world.at("ca/another.der")).expect("a file");
    changed("a new name");
}

#[test]
fn what_was_only_touched_is_looked_at_once() {
    let world = World::new();
    let verifier = world.verifier();
    for (option, name) in FILES {
        let file = fs::File::options().append(true).open(world.at(name)).expect("a file");
        file.set_modified(SystemTime::now() - Duration::from_secs(3_600)).expect("another date");
        assert_eq!(verifier.unread(), Some(world.bytes()), "{option}");
        refresh(&verifier);
        assert_eq!(verifier.unread(), Some(0), "{option}");
    }
}

#[test]
fn what_was_read_right_after_it_was_written_is_read_once_more() {
    for (option, name) in FILES {
        let world = World::new();
        // Where this is interrupted for long, the file is no longer new when it is read.
        let read_at_once = || {
            world.write(name, contents(option, true));
            let verifier = world.verifier();
            sleep(SETTLED);
            (verifier.unread() != Some(0)).then_some(verifier)
        };
        let verifier = (0..20).find_map(|_| read_at_once()).expect("a new file");
        assert_eq!(verifier.unread(), Some(world.bytes()), "{option}");
        refresh(&verifier);
        assert_eq!(verifier.unread(), Some(0), "{option}");
    }
}

#[test]
fn what_is_missing_stays_unread_and_what_is_left_counts() {
    let world = World::new();
    let verifier = world.verifier();
    for (option, name) in FILES {
        let away = tempfile::tempdir().expect("a folder");
        let away = away.path().join("away");
        fs::copy(world.at(name), &away).expect("a copy");
        fs::remove_file(world.at(name)).expect("a file");
        assert_eq!(verifier.unread(), Some(world.bytes()), "{option}");
        sleep(REFRESH);
        verifier.refresh().expect_err(option);
        assert_eq!(verifier.unread(), Some(world.bytes()), "{option}");
        fs::copy(&away, world.at(name)).expect("a file");
        // The same key is no change.
        assert_eq!(refresh(&verifier), option != "session_key", "{option}");
        assert_eq!(verifier.unread(), Some(0), "{option}");
    }

    let mut config = Config::new();
    config.set("ca", world.at("ca").to_str().expect("a path")).expect("a CA");
    let verifier = Verifier::new(&config).expect("a verifier");
    fs::remove_dir_all(world.at("ca")).expect("a folder");
    assert_eq!(verifier.unread(), Some(1), "nothing is left");
}

#[test]
fn what_is_in_memory_is_in_no_file() {
    let mut config = Config::new();
    config.set("trust", "ca|key").expect("trust");
    config.set_bytes("ca", &authority("CA")).expect("a CA");
    config.set_bytes("crl", &list(1)).expect("a CRL");
    config.set_bytes("session_key", &[7; 48]).expect("a key");
    let mut external = config.clone();
    external.set("registry", "external").expect("a registry");
    assert_eq!(Verifier::new(&external).expect("a verifier").unread(), Some(0));

    config.set_bytes("registry", b"").expect("a registry");
    let verifier = Verifier::new(&config).expect("a verifier");
    assert_eq!(verifier.unread(), Some(0));
    let alice = OwnedCertificate::from_der(alice()).expect("a certificate");
    let registration = Registration::new("alice", RegisteredKey::spki_of(&alice.view()), NOW);
    verifier.registry().expect("a registry").editor("test").enrol(&registration).expect("a registration");
    assert_eq!(verifier.unread(), Some(1));
    assert!(refresh(&verifier));
    assert_eq!(verifier.unread(), Some(0));
}

#[cfg(feature = "sqlite")]
#[test]
fn nobody_can_say_what_a_database_holds() {
    let world = World::new();
    let mut config = world.config();
    config.set("registry", &format!("sqlite:{}", world.at("users.db").display())).expect("a registry");
    let verifier = Verifier::new(&config).expect("a verifier");
    assert_eq!(verifier.unread(), None);
    refresh(&verifier);
    assert_eq!(verifier.unread(), None);
    // Nor is it asked where no key counts.
    config.set("trust", "ca").expect("trust");
    assert_eq!(Verifier::new(&config).expect("a verifier").unread(), Some(0));
}

/// Whoever does not refresh what is as it was has not lost sight of the registry.
#[test]
fn a_look_confirms_what_is_registered() {
    let world = World::new();
    let mut config = world.config();
    config.set("trust", "key").expect("trust");
    config.set("registry_max_age", "2").expect("an age");
    let verifier = Verifier::new(&config).expect("a verifier");
    let primary = || verifier.verify_at(&alice(), NOW).primary().map(|reason| reason.code);
    sleep(Duration::from_secs(3));
    assert_eq!(verifier.unread(), Some(0));
    world.write("users", "nonsense\n");
    verifier.refresh().expect_err("nonsense");
    assert_eq!(primary(), None, "what was known serves on");
    sleep(Duration::from_secs(3));
    assert_ne!(verifier.unread(), Some(0));
    assert!(verifier.refresh().expect("a policy"), "but not for ever");
    assert_eq!(primary(), Some(Code::RegistryUnavailable));
    assert_ne!(verifier.unread(), Some(0), "until it can be read again");
    world.write("users", registration());
    assert!(refresh(&verifier));
    assert_eq!((primary(), verifier.unread()), (None, Some(0)));
}
