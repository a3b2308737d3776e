//! `clientcert ocsp` against a real responder, and against what is none.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::responder::{ALICE, BOB, By, DAVE, NOBODY, Responder, ca, ca_key, client, delegate, now};
use crate::support::{Extension, Key, Template, der, extension, name, pem};

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
        let world = Self { folder: TempDir::new().expect("a folder") };
        world.write("ca.pem", pem(ca().view().as_der()));
        for (file, number) in [("alice.pem", ALICE), ("bob.pem", BOB), ("dave.pem", DAVE), ("nobody.pem", NOBODY)] {
            world.write(file, pem(&client(number).sign(ca_key())));
        }
        world
    }

    fn write(&self, file: &str, content: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join(file), content).expect("a file");
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_clientcert"))
            .args(["ocsp", "--issuer", "ca.pem"])
            .args(arguments)
            .env_remove("http_proxy")
            .env_remove("HTTP_PROXY")
            .env_remove("ALL_PROXY")
            .env_remove("all_proxy")
            .current_dir(self.folder.path())
            .output()
            .expect("the tool");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Run { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn json(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let run = self.run(&[&["--json"], arguments].concat());
        let value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}{}", run.out, run.err));
        (run.status, value)
    }
}

/// Gives this to whoever connects, once, and returns where.
fn serve(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut request = [0; 4096];
        // Whatever was asked; it may go away before all is said.
        drop(stream.read(&mut request));
        drop(stream.write_all(&answer));
        while stream.read(&mut request).is_ok_and(|length| length > 0) {}
    });
    format!("http://{address}/")
}

fn http(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    der::concat(&[head.as_bytes(), body])
}

#[test]
fn every_answer_has_its_status() {
    let (world, responder) = (World::new(), Responder::start(&By::Ca, &["-ndays", "1"]));
    let url = format!("http://{}", responder.address);
    let get_with_nonce = &["--get", "--nonce", "--hash", "sha256"][..];
    for arguments in [&[][..], &["--get"], &["--nonce"], get_with_nonce] {
        for (file, status, word) in [("alice.pem", 0, "good"), ("bob.pem", 1, "revoked"), ("nobody.pem", 1, "unknown")]
        {
            let run = world.run(&[&[file, "--url", &url], arguments].concat());
            assert_eq!((run.status, run.err.as_str()), (Some(status), ""), "{}", run.out);
            assert!(run.out.starts_with(&format!("{word}\n")), "{}", run.out);
        }
    }
    let (_, bob) = world.json(&["bob.pem", "--url", &url]);
    assert_eq!(bob["revoked_at"], 1_767_323_045);
    assert_eq!((&bob["revocation_reason"], &bob["counts_until"]), (&"keyCompromise".into(), &Value::Null));
    let (_, dave) = world.json(&["dave.pem", "--url", &url]);
    assert_eq!((&dave["status"], &dave["revocation_reason"]), (&"revoked".into(), &Value::Null));
    let (_, alice) = world.json(&["alice.pem", "--url", &url]);
    let this_update = alice["this_update"].as_i64().expect("a time");
    assert!((now() - 60..=now()).contains(&this_update));
    assert_eq!(alice["next_update"], this_update + 86_400);
    assert_eq!(alice["counts_until"], this_update + 86_400 + 300);
    assert_eq!((&alice["responder"], &alice["delegated"]), (&"CN=Test CA".into(), &false.into()));
    assert_eq!((&alice["serial"], &alice["from"]), (&"1001".into(), &url.as_str().into()));
}

#[test]
fn what_does_not_count_is_refused_with_its_reason() {
    let world = World::new();
    let by_nobody = delegate().without(extension::EXTENDED_KEY_USAGE);
    let refusal = |by: &By<'_>, arguments: &[&str], more: &[&str]| {
        let responder = Responder::start(by, arguments);
        let url = format!("http://{}/", responder.address);
        let (status, value) = world.json(&[&["alice.pem", "--url", &url], more].concat());
        assert_eq!((status, &value["status"]), (Some(1), &"refused".into()), "{value}");
        assert!(value["refusal_text"].is_string() && value["this_update"].is_null());
        value["refusal"].as_str().expect("a name").to_owned()
    };
    let at = |offset: i64| (now() + offset).to_string();
    assert_eq!(refusal(&By::Impostor, &[], &[]), "ocsp_signature_invalid");
    assert_eq!(refusal(&By::Delegate(&by_nobody), &[], &[]), "ocsp_responder_unfit");
    assert_eq!(refusal(&By::Ca, &["-nmin", "1"], &["--time", &at(3_600)]), "ocsp_expired");
    assert_eq!(refusal(&By::Ca, &["-ndays", "1"], &["--max-age", "60", "--time", &at(3_600)]), "ocsp_expired");
    assert_eq!(refusal(&By::Ca, &[], &["--time", &at(-3_600)]), "ocsp_not_yet_valid");
    assert_eq!(refusal(&By::Ca, &[], &["--skew", "0", "--time", &at(-200)]), "ocsp_not_yet_valid");
}

#[test]
fn a_stored_response_is_judged_without_asking() {
    let (world, responder) = (World::new(), Responder::start(&By::Delegate(&delegate()), &["-ndays", "1"]));
    let fetched = Command::new("openssl")
        .args(["ocsp", "-issuer", "ca.pem", "-cert", "alice.pem", "-no_nonce", "-noverify", "-respout", "alice.der"])
        .args(["-url", &format!("http://{}/", responder.address)])
        .current_dir(world.folder.path())
        .output()
        .expect("openssl");
    assert!(fetched.status.success());
    drop(responder);
    let (status, value) = world.json(&["alice.pem", "--response", "alice.der"]);
    assert_eq!((status, &value["status"]), (Some(0), &"good".into()), "{value}");
    assert_eq!(
        (&value["delegated"], &value["nocheck"], &value["from"]),
        (&true.into(), &true.into(), &"alice.der".into())
    );
    let (status, value) = world.json(&["bob.pem", "--response", "alice.der"]);
    assert_eq!((status, &value["refusal"]), (Some(1), &"ocsp_other_certificate".into()));
    let run = world.run(&["bob.pem", "--response", "alice.der", "--nonce"]);
    assert_eq!(run.status, Some(2), "a stored response repeats no nonce: {}", run.err);
}

#[test]
fn the_certificate_names_its_responders() {
    let (world, responder) = (World::new(), Responder::start(&By::Ca, &[]));
    let access = |url: &str| der::sequence(&[der::oid("1.3.6.1.5.5.7.48.1"), name::uri(url)]);
    let urls = ["http://127.0.0.1:1/".to_owned(), format!("http://{}/", responder.address)];
    let locations = der::sequence(&urls.each_ref().map(|url| access(url)));
    let template = client(ALICE).with(Extension::new("1.3.6.1.5.5.7.1.1", locations));
    world.write("named.pem", pem(&template.sign(ca_key())));
    let (status, value) = world.json(&["named.pem"]);
    assert_eq!((status, &value["from"]), (Some(0), &urls[1].as_str().into()), "{value}");
}

#[test]
fn who_cannot_be_asked_is_no_answer() {
    let world = World::new();
    let fails = |arguments: &[&str], words: &[&str]| {
        let run = world.run(arguments);
        assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{arguments:?}: {}", run.err);
        for word in words {
            assert!(run.err.contains(word), "no {word:?} in {}", run.err);
        }
    };
    let stranger = Key::ed25519(7);
    world.write("stranger.pem", pem(&Template::client("Other CA", "eve", &stranger).sign(&stranger)));
    fails(&["alice.pem"], &["names no OCSP responder"]);
    fails(&["alice.pem", "--url", "http://127.0.0.1:1/"], &["http://127.0.0.1:1/"]);
    fails(&["alice.pem", "--url", "https://127.0.0.1:1/"], &["https://127.0.0.1:1/"]);
    fails(&["alice.pem", "--url", "no url"], &["no url"]);
    fails(&["stranger.pem", "--url", "http://127.0.0.1:1/"], &["CN=Other CA", "CN=Test CA"]);
    fails(&["missing.pem", "--url", "http://127.0.0.1:1/"], &["missing.pem"]);
    fails(&["alice.pem", "--url", &serve(http("500 Oops", b"no"))], &["500"]);
    fails(&["alice.pem", "--url", &serve(http("200 OK", &vec![0x30; 70_000]))], &["limit"]);
    fails(&["alice.pem", "--max-size", "100", "--url", &serve(http("200 OK", &[0x30; 101]))], &["limit"]);
    fails(&["alice.pem", "--url", &serve(b"no http at all\r\n\r\n".to_vec())], &["http://127.0.0.1:"]);
    fails(&["alice.pem", "--url", &serve(Vec::new()), "--timeout", "1"], &["timeout"]);
}

#[test]
fn garbage_is_no_answer() {
    let world = World::new();
    for garbage in [&b""[..], b"<html>404</html>", &[0x30, 0x03, 0x0a, 0x01, 0x00], &[0x30; 1000]] {
        let (status, value) = world.json(&["alice.pem", "--url", &serve(http("200 OK", garbage))]);
        assert_eq!((status, &value["refusal"]), (Some(1), &"ocsp_malformed".into()), "{value}");
    }
    let (status, value) = world.json(&["alice.pem", "--url", &serve(http("200 OK", &[0x30, 3, 0x0a, 1, 6]))]);
    assert_eq!((status, &value["refusal"]), (Some(1), &"ocsp_refused".into()));
    assert_eq!(value["refusal_text"], "the responder says unauthorized");
    // A responder that trickles is cut off, too.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"));
        while stream.write_all(&[0x30]).is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    let run = world.run(&["alice.pem", "--url", &url, "--timeout", "1"]);
    assert_eq!(run.status, Some(2), "{}", run.err);
}
