//! `clientcert crl`, as a shell sees it.

use std::fs;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::certificate::pem;
use crate::support::crl::{self, List, Revoked};
use crate::support::{Extension, Key, Template, extension, name};

/// A folder of CRLs, and clients that some of them list.
struct World(TempDir);

struct Run {
    status: Option<i32>,
    out: String,
    err: String,
}

impl World {
    fn new() -> Self {
        let world = Self(TempDir::new().expect("a folder"));
        let key = Key::ed25519(0);
        let list = List::new("CA").with(extension::authority_key_identifier(&[7; 20]));
        let list = list.revoke(Revoked::new(&[1]).because(1)).revoke(Revoked::new(&[0, 0xaa, 0xbb]));
        world.write("ca.pem", crl::pem(&list.sign(&key)));
        world.write("old.der", List::version_1("Old\u{1b} CA").sign(&key));
        let point =
            crl::issuing_distribution_point(&[crl::full_name(&[name::uri("http://crl.example/")]), crl::flag(4)]);
        let delta = List::new("CA").with(crl::crl_number(300)).with(crl::delta_crl_indicator(256)).with(point);
        let delta =
            delta.revoke(Revoked::new(&[1]).because(8)).revoke(Revoked::new(&[1]).of(&name::common_name("Other CA")));
        world.write("delta.pem", format!("text\n{}{}", crl::pem(&delta.sign(&key)), crl::pem(&list.sign(&key))));
        let client = |issuer: &str, serial: &[u8]| {
            pem(&Template { serial: serial.to_vec(), ..Template::client(issuer, "alice", &key) }.sign(&key))
        };
        world.write("revoked.pem", client("CA", &[1]));
        world.write("good.pem", client("CA", &[2]));
        world.write("other.pem", client("Other CA", &[1]));
        world.write("third.pem", client("Third CA", &[1]));
        world
    }

    fn write(&self, file: &str, content: impl AsRef<[u8]>) {
        fs::write(self.0.path().join(file), content).expect("a file");
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_clientcert"))
            .arg("crl")
            .args(arguments)
            .current_dir(self.0.path())
            .output()
            .expect("the tool");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Run { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let run = self.run(&[arguments, &["--json"]].concat());
        serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}{}", run.out, run.err))
    }
}

#[test]
fn inspects() {
    let world = World::new();
    let run = world.run(&["inspect", "ca.pem", "old.der", "delta.pem"]);
    assert_eq!((run.status, run.err.as_str()), (Some(0), ""));
    for part in [
        "ca.pem:1\nissuer ",
        "CN=CA\n",
        "delta.pem:2\n",
        "12C\n",
        "delta to number     100\n",
        "uri: http://crl.example/\n",
        "also of other issuers\n",
        "2030-01-01T00:00:00Z\n",
        "entries                   2\n",
        "0707070707070707070707070707070707070707",
    ] {
        assert!(run.out.contains(part), "no {part:?} in {}", run.out);
    }
    assert!(!run.out.contains('\u{1b}'), "{}", run.out);

    let all = world.json(&["inspect", "ca.pem", "old.der", "delta.pem"]);
    assert_eq!(all.as_array().map(Vec::len), Some(4));
    assert_eq!((&all[0]["number"], &all[0]["entries"], &all[0]["version"]), (&"1".into(), &2.into(), &2.into()));
    assert_eq!((&all[1]["number"], &all[1]["place"]), (&Value::Null, &"old.der, CRL 1".into()));
    assert_eq!((&all[2]["base_number"], &all[2]["scope"]["indirect"]), (&"100".into(), &true.into()));
    assert_eq!(all[2]["scope"]["distribution_point"][0]["value"], "http://crl.example/");
    assert_eq!(all[0]["signature_algorithm"]["name"], "ED25519");
}

#[test]
fn every_key_is_documented() {
    let world = World::new();
    let reference = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md")).expect("docs/json.md");
    let inspected = world.json(&["inspect", "delta.pem"]);
    let checked = world.json(&["check", "delta.pem", "--serial", "1"]);
    for object in [&inspected[0], &inspected[0]["scope"], &checked[0]] {
        for key in object.as_object().expect("an object").keys() {
            assert!(reference.contains(&format!("`{key}`")), "{key} is not documented");
        }
    }
}

#[test]
fn its_status_says_whether_one_is_listed() {
    let world = World::new();
    let listed = |arguments: &[&str]| world.run(&[&["check", "ca.pem"], arguments].concat());
    for serial in ["1", "01", "0x01", "AA:BB", "00aabb"] {
        let run = listed(&["--serial", serial]);
        assert_eq!((run.status, run.err.as_str()), (Some(1), ""), "{serial}");
        assert!(run.out.starts_with("ca.pem:1: listed since 2026-04-01T00:00:00Z"), "{}", run.out);
    }
    assert!(listed(&["--serial", "1"]).out.ends_with(", keyCompromise\n"));
    for serial in ["2", "-1", "AABB00", "-5545"] {
        let run = listed(&["--serial", serial]);
        assert_eq!((run.status, run.out.as_str()), (Some(0), "ca.pem:1: not listed\n"), "{serial}");
    }
    assert_eq!(listed(&["--certificate", "revoked.pem"]).status, Some(1));
    assert_eq!(listed(&["--certificate", "good.pem"]).status, Some(0));

    let delta = world.run(&["check", "delta.pem", "--certificate", "revoked.pem"]);
    assert_eq!(delta.status, Some(1));
    assert_eq!(
        delta.out,
        "delta.pem:2: listed since 2026-04-01T00:00:00Z, removeFromCRL\n\
         delta.pem:11: listed since 2026-04-01T00:00:00Z, keyCompromise\n"
    );
    // Of the two, only the indirect one can be about another CA's certificate.
    let other = world.json(&["check", "delta.pem", "--certificate", "other.pem"]);
    assert_eq!((other.as_array().map(Vec::len), &other[0]["listed"]), (Some(1), &true.into()));
    let third = world.run(&["check", "delta.pem", "--certificate", "third.pem"]);
    assert_eq!((third.status, third.out.as_str()), (Some(0), "delta.pem:2: not listed\n"));
}

#[test]
fn what_cannot_be_answered_is_no_answer() {
    let world = World::new();
    let key = Key::ed25519(0);
    world.write("broken.pem", crl::pem(&List::new("CA").revoke(Revoked::new(&[1]).since("2604010000Z")).sign(&key)));
    world.write("odd.pem", crl::pem(&List::new("CA").with(Extension::new("1.2.3", vec![5, 0]).critical()).sign(&key)));
    world.write("empty", "");
    for (arguments, words) in [
        (&["check", "ca.pem", "--certificate", "third.pem"][..], "none of the CRLs"),
        (&["check", "broken.pem", "--serial", "1"], "broken.pem:1: revocationDate: "),
        (&["inspect", "broken.pem"], "broken.pem:1: revocationDate: "),
        (&["check", "ca.pem"], "--serial"),
        (&["check", "ca.pem", "--serial", "xyz"], "hexadecimal"),
        (&["check", "ca.pem", "--serial", "1", "--certificate", "good.pem"], "--certificate"),
        (&["check", "--serial", "1"], "FILE"),
        (&["inspect", "absent"], "absent: "),
        (&["inspect", "empty"], "empty: it holds no CRL"),
        (&["inspect", "good.pem"], "good.pem: it holds no CRL"),
        (&["check", "ca.pem", "--certificate", "ca.pem"], "ca.pem: it holds no certificate"),
    ] {
        let run = world.run(arguments);
        assert_eq!(run.status, Some(2), "{arguments:?}: {}{}", run.out, run.err);
        assert!(run.err.contains(words), "{arguments:?}: {}", run.err);
    }
    let odd = world.run(&["check", "odd.pem", "--serial", "1"]);
    assert!(odd.status == Some(0) && odd.err.contains("unknown critical extension 1.2.3"), "{}", odd.err);
    assert_eq!(world.json(&["inspect", "odd.pem"])[0]["unknown_critical_extension"], "1.2.3");
}
