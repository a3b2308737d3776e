//! `clientcert users`, as an administrator types it.

mod support;

use std::fs;
use std::process::Command;

use clientcert::certificate::OwnedCertificate;
use clientcert::registry::{RegisteredKey, Registry};
use serde_json::Value;
use support::{Key, Template, pem};
use tempfile::TempDir;

const ZEROS: &str = "spki:sha256:0000000000000000000000000000000000000000000000000000000000000000";

struct World {
    folder: TempDir,
}

struct Run {
    status: Option<i32>,
    out: String,
    err: String,
}

impl World {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("alice.pem"), pem(&certificate("alice"))).expect("a certificate");
        fs::write(folder.path().join("bob.der"), certificate("bob")).expect("a certificate");
        Self { folder }
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_clientcert"))
            .args(["users", "--registry", "file:users"])
            .args(arguments)
            .current_dir(self.folder.path())
            .env("SUDO_USER", "operator")
            .output()
            .expect("the tool starts");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Run { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Runs what must succeed, and gives its output.
    fn good(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!((run.status, &*run.err), (Some(0), ""), "{arguments:?}");
        run.out
    }

    /// Runs what must be refused, and gives its message.
    fn refused(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!((run.status, &*run.out), (Some(2), ""), "{arguments:?}: {}", run.err);
        run.err
    }
}

fn certificate(name: &str) -> Vec<u8> {
    let key = Key::p256(u8::try_from(name.len()).expect("a short name"));
    Template::client(name, name, key).sign(key)
}

fn key_of(name: &str) -> RegisteredKey {
    RegisteredKey::spki_of(&OwnedCertificate::from_der(certificate(name)).expect("a certificate").view())
}

#[test]
fn a_key_goes_through_its_life() {
    let world = World::new();
    let alice = key_of("alice").to_string();
    let out = world.good(&["enrol", "alice", "alice.pem", "--label", "laptop", "--not-after", "2031-01-01T00:00:00Z"]);
    assert_eq!(out, format!("enrol alice {alice}\n"));
    assert_eq!(world.good(&["list"]), format!("alice\t{alice}\tgood\tlaptop\n"));
    let shown = world.good(&["show", "alice.pem"]);
    assert!(shown.contains("not after  2031-01-01T00:00:00Z") && shown.contains("standing   good"), "{shown}");
    world.good(&["rename", &alice, "phone"]);
    world.good(&["disable", "alice.pem"]);
    assert_eq!(world.good(&["list", "alice"]), format!("alice\t{alice}\tdisabled\tphone\n"));
    world.good(&["enable", &alice]);
    world.good(&["rename-user", "alice", "alicia"]);
    world.good(&["remove", &alice]);
    assert_eq!(world.run(&["list"]).status, Some(1));
    world.good(&["enrol", "alice", &alice]);
    world.good(&["revoke", &alice]);
    assert!(world.refused(&["enable", &alice]).contains("revoked"));
    assert!(world.refused(&["remove", &alice]).contains("revoked"));
    assert!(world.refused(&["enrol", "alice", "alice.pem"]).contains("revoked"));
    let audit = fs::read_to_string(world.folder.path().join("users.audit")).expect("an audit file");
    let records: Vec<Value> = audit.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(records.len(), 8);
    assert!(records.iter().all(|record| record["actor"] == "operator" && record["key"] == *alice));
}

#[test]
fn every_field_can_be_set_and_is_exported() {
    let world = World::new();
    world.good(&[
        "enrol",
        "bob",
        "bob.der",
        "--by",
        "certificate",
        "--not-before",
        "2026-01-01T00:00:00Z",
        "--ca",
        "alice.pem",
        "--disabled",
        "--no-manage",
        "--label",
        "his \"old\" one",
        "--actor",
        "root",
    ]);
    let json: Value = serde_json::from_str(&world.good(&["export", "--json"])).expect("JSON");
    let one = &json[0];
    let key = one["key"].as_str().expect("a key");
    assert!(key.starts_with("cert:sha256:"));
    assert_eq!((&one["user"], &one["label"]), (&"bob".into(), &"his \"old\" one".into()));
    assert_eq!((&one["disabled"], &one["no_manage"]), (&true.into(), &true.into()));
    assert_eq!(one["not_before"], "2026-01-01T00:00:00Z");
    assert!(one["not_after"].is_string(), "it ends with the certificate");
    let ca = key_of("alice").to_string();
    assert_eq!(format!("spki:{}", one["ca"].as_str().expect("a CA")), ca);
    // What is exported imports to the same.
    let text = world.good(&["export"]);
    fs::write(world.folder.path().join("exported"), &text).expect("a file");
    let other =
        Registry::open(&format!("file:{}", world.folder.path().join("exported").display())).expect("a registry");
    assert_eq!(
        other.list(None).expect("a list"),
        Registry::open(&format!("file:{}", world.folder.path().join("users").display()))
            .expect("a registry")
            .list(None)
            .expect("a list")
    );
    assert_eq!(world.good(&["import", "exported", "--skip-known"]), "");
    assert!(world.refused(&["import", "exported"]).contains("registered already"));
}

#[test]
fn folders_and_key_sets_are_imported() {
    let world = World::new();
    let folder = world.folder.path().join("keys/carol");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(world.folder.path().join("keys/alice.pem"), pem(&certificate("alice"))).expect("a file");
    fs::write(folder.join("laptop.crt"), certificate("carol's")).expect("a file");
    fs::write(folder.join("notes.txt"), "nothing").expect("a file");
    world.good(&["import", "keys"]);
    let (alice, carol) = (key_of("alice"), key_of("carol's"));
    assert_eq!(world.good(&["list"]), format!("alice\t{alice}\tgood\t\ncarol\t{carol}\tgood\tlaptop\n"));

    let other = World::new();
    fs::create_dir_all(other.folder.path().join("keys")).expect("a folder");
    fs::write(other.folder.path().join("keys/1.pem"), pem(&certificate("alice"))).expect("a file");
    other.good(&["import", "keys", "--identity", "subject.cn", "--by", "certificate"]);
    assert!(other.good(&["list"]).starts_with("alice\tcert:"));
    assert!(other.refused(&["import", "keys", "--identity", "san.email"]).contains("no rule matches"));

    let thumbprint = OwnedCertificate::from_der(fs::read(other.folder.path().join("bob.der")).expect("bob's"))
        .expect("a certificate")
        .view()
        .x5t_s256();
    let jwks = format!(r#"{{"keys":[{{"kty":"EC","kid":"b1","x5t#S256":"{thumbprint}"}},{{"kty":"oct"}}]}}"#);
    fs::write(other.folder.path().join("jwks.json"), jwks).expect("a file");
    assert!(other.refused(&["import", "jwks.json"]).contains("--user"));
    other.good(&["import", "jwks.json", "--user", "bob"]);
    assert!(other.good(&["list", "bob"]).ends_with("\tgood\tb1\n"));
    assert!(other.good(&["show", "bob.der"]).contains("b1"), "found by its certificate");
}

#[test]
fn what_ends_soon_is_listed() {
    let world = World::new();
    let soon = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs()
        + 10 * 86_400
        + 60;
    world.good(&["enrol", "alice", ZEROS, "--not-after", &soon.to_string()]);
    world.good(&["enrol", "bob", "bob.der"]);
    let run = world.run(&["expiring"]);
    assert_eq!((run.status, run.out), (Some(1), format!("10\talice\t{ZEROS}\t\n")));
    let json: Value = serde_json::from_str(&world.run(&["expiring", "--json"]).out).expect("JSON");
    assert_eq!((&json[0]["days_left"], json.as_array().map(Vec::len)), (&10.into(), Some(1)));
    assert_eq!(world.good(&["expiring", "--days", "9"]), "");
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let world = World::new();
    world.good(&["enrol", "alice", ZEROS]);
    let before = fs::read(world.folder.path().join("users")).expect("the file");
    for (arguments, hint) in [
        (&["enrol", "bob", ZEROS][..], "registered already"),
        (&["enrol", "bob", "spki:sha256:00"], "'spki:sha256:00' is not"),
        (&["enrol", "bob", "nowhere.pem"], "nowhere.pem"),
        (&["enrol", "", "bob.der"], "empty"),
        (&["enrol", "bob", "bob.der", "--ca", "nowhere"], "nowhere"),
        (&["enrol", "bob", "bob.der", "--not-after", "soon"], "soon"),
        (&["disable", "bob.der"], "not registered"),
        (&["rename-user", "bob", "carol"], "no key"),
        (&["import", "users"], "registered already"),
    ] {
        let message = world.refused(arguments);
        assert!(message.contains(hint), "{arguments:?}: {message}");
        assert_eq!(fs::read(world.folder.path().join("users")).expect("the file"), before, "{arguments:?}");
    }
    assert_eq!(world.run(&["show", "bob.der"]).status, Some(1));
    let without = Command::new(env!("CARGO_BIN_EXE_clientcert")).args(["users", "list"]).output().expect("the tool");
    assert_eq!(without.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&without.stderr).contains("--registry URL"));
}

#[test]
fn a_configuration_says_where() {
    let world = World::new();
    world.good(&["enrol", "alice", ZEROS]);
    fs::write(world.folder.path().join("clientcert.toml"), "registry = \"file:users\"\n").expect("a file");
    fs::write(world.folder.path().join("empty.toml"), "").expect("a file");
    let config = |name: &str| {
        let path = world.folder.path().join(name);
        Command::new(env!("CARGO_BIN_EXE_clientcert"))
            .args(["users", "list", "--config"])
            .arg(path)
            .output()
            .expect("the tool")
    };
    assert!(String::from_utf8_lossy(&config("clientcert.toml").stdout).starts_with("alice\t"));
    assert_eq!(config("empty.toml").status.code(), Some(2));
}
