//! The tool `clientcert`, as a shell sees it: its arguments, what it prints, and its exit status.

#![cfg(feature = "tool")]

mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clientcert::policy::{Kind, options, reference};
use serde_json::Value;
use support::certificate::armor;
use support::{Key, NOW, Template, der, extension, name, pem};
use tempfile::TempDir;

/// A folder with a CA and what its clients have.
struct World {
    folder: TempDir,
    ca: Key,
}

/// What a run left.
struct Run {
    status: Option<i32>,
    out: String,
    err: String,
}

impl World {
    fn new() -> Self {
        let world = Self { folder: TempDir::new().expect("a folder"), ca: Key::ed25519(0) };
        let root = Template::authority("Test CA", "Test CA", &world.ca).sign(&world.ca);
        world.write("ca.pem", pem(&root));
        world.write("ca.crl", support::crl::List::new("Test CA").sign(&world.ca));
        world.write("alice.pem", pem(&alice().sign(&world.ca)));
        world
    }

    fn write(&self, file: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(file);
        fs::write(&path, content).expect("a file");
        path
    }

    /// A run in the folder, with nothing on standard input.
    fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, b"")
    }

    fn run_with(&self, arguments: &[&str], input: &[u8]) -> Run {
        let mut child = Command::new(env!("CARGO_BIN_EXE_clientcert"))
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the tool");
        // A tool that does not read its input leaves a broken pipe, which is its right.
        let _unread = child.stdin.take().expect("its input").write_all(input);
        let output = child.wait_with_output().expect("its output");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Run { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// `verify` with the CA, at the time that tests call now.
    fn verify(&self, arguments: &[&str]) -> Run {
        let now = NOW.to_string();
        self.run(&[&["verify", "--ca", "ca.pem", "--time", &now][..], arguments].concat())
    }

    fn verify_json(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let run = self.verify(&[&["--json"][..], arguments].concat());
        (run.status, run.json())
    }
}

fn alice() -> Template {
    Template::client("Test CA", "alice", &Key::ed25519(1))
        .with(extension::subject_alt_name(&[name::email("alice@example.com"), name::upn("alice@corp")]))
}

impl Run {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }

    fn assert_failed(&self, words: &[&str]) {
        assert_eq!(self.status, Some(2), "{}{}", self.out, self.err);
        for word in words {
            assert!(self.err.contains(word), "no {word:?} in {}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}

fn reasons(verdict: &Value) -> Vec<&str> {
    verdict["reasons"].as_array().expect("reasons").iter().filter_map(|reason| reason["name"].as_str()).collect()
}

/// Every key of a JSON value and of those within, but for the names of variables.
fn keys(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| keys(value, found)),
        Value::Object(object) => {
            for (key, value) in object {
                found.push(key.clone());
                if !key.starts_with("variables") {
                    keys(value, found);
                }
            }
        }
        _ => {}
    }
}

mod verify {
    use super::*;

    #[test]
    fn a_good_client_is_a_success() {
        let world = World::new();
        let run = world.verify(&["alice.pem"]);
        assert_eq!((run.status, run.err.as_str()), (Some(0), ""), "{}", run.out);
        assert!(run.out.starts_with("SUCCESS\nuser "), "{}", run.out);
        for part in ["CN=alice", "email: alice@example.com", "CN=Test CA (pinned)", "agreed", "2040-01-01T00:00:00Z"] {
            assert!(run.out.contains(part), "no {part} in {}", run.out);
        }
        assert!(!run.out.contains('\u{1b}'), "colours without a terminal");
    }

    #[test]
    fn every_outcome_has_its_status() {
        let world = World::new();
        let stranger = Key::ed25519(7);
        let write = |file: &str, der: Vec<u8>| drop(world.write(file, pem(&der)));
        write("expired.pem", alice().valid("200101000000Z", "210101000000Z").sign(&world.ca));
        write("stranger.pem", Template::client("Other CA", "eve", &stranger).sign(&stranger));
        write("self.pem", Template::client("eve", "eve", &stranger).sign(&stranger));
        for (arguments, status, outcome, expected) in [
            (&["alice.pem"][..], 0, "SUCCESS", &[][..]),
            (&["expired.pem"], 1, "FAILED", &["certificate_expired"]),
            (&["stranger.pem"], 1, "FAILED", &["leaf_issuer_unknown"]),
            (&["self.pem"], 1, "FAILED", &["self_signed"]),
            (&["-"], 1, "NONE", &["certificate_required"]),
            (&[], 1, "NONE", &["certificate_required"]),
            // Accepted is not verified.
            (&["--mode", "optional"], 1, "NONE", &[]),
            (&["--mode", "require_any", "alice.pem"], 1, "FAILED", &["not_verified"]),
            (&["--tolerate", "certificate_expired", "expired.pem"], 1, "FAILED", &["certificate_expired"]),
        ] {
            let (found, verdict) = world.verify_json(arguments);
            assert_eq!((found, &verdict["outcome"]), (Some(status), &Value::from(outcome)), "{arguments:?}");
            assert_eq!(reasons(&verdict), expected, "{arguments:?}");
            assert_eq!(verdict["verified"], Value::from(status == 0), "{arguments:?}");
        }
        let (_, tolerated) = world.verify_json(&["--mode", "require_any", "alice.pem"]);
        assert_eq!(tolerated["accepted"], Value::from(true));
    }

    #[test]
    fn a_failure_is_told_whole() {
        let world = World::new();
        let leaf = alice().valid("200101000000Z", "210101000000Z").with(extension::extended_key_usage(&["1.2.3"]));
        world.write("bad.pem", pem(&leaf.sign(&world.ca)));
        let run = world.verify(&["bad.pem"]);
        assert_eq!(run.status, Some(1));
        let lines: Vec<&str> = run.out.lines().collect();
        assert_eq!(lines[0], "FAILED");
        assert!(lines[1].starts_with("user ") && lines[2].starts_with("reason "), "{}", run.out);
        assert!(run.out.contains("0  certificate_expired  CN=alice"), "{}", run.out);
        assert!(run.out.contains("0  extended_key_usage  CN=alice"), "{}", run.out);
        let (_, verdict) = world.verify_json(&["bad.pem"]);
        assert_eq!(reasons(&verdict), ["certificate_expired", "extended_key_usage"]);
        let reason = &verdict["reasons"][0];
        assert_eq!((&reason["code"], &reason["depth"], &reason["certificate"]), (&41.into(), &0.into(), &0.into()));
        assert_eq!((&reason["subject"], &reason["issuer"]), (&"CN=alice".into(), &"CN=Test CA".into()));
        assert_eq!((&reason["serial"], &reason["x509_error"]), (&"01".into(), &10.into()));
    }

    #[test]
    fn the_json_is_what_is_documented() {
        let world = World::new();
        let (_, verdict) = world.verify_json(&["alice.pem"]);
        let top: Vec<&str> = verdict.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(
            top,
            [
                "outcome",
                "verified",
                "accepted",
                "mode",
                "reasons",
                "user",
                "user_rule",
                "user_strength",
                "registration",
                "pending_fingerprint",
                "subject",
                "issuer",
                "serial",
                "not_before",
                "not_after",
                "days_left",
                "sans",
                "fingerprints",
                "path",
                "second_opinion",
                "crls",
                "valid_until",
                "policy_identity",
                "certificate_count",
                "variables",
                "variables_base64"
            ]
        );
        assert_eq!(
            verdict["sans"][1],
            serde_json::json!({
                "type": "upn", "value": "alice@corp", "oid": "1.3.6.1.4.1.311.20.2.3"
            })
        );
        assert_eq!(verdict["valid_until"], Value::from(2_208_988_800_i64));
        assert_eq!(verdict["path"][1]["anchor"], Value::from(true));
        assert_eq!(verdict["variables"]["ssl_client_s_dn"], Value::from("CN=alice"));
        assert_eq!(verdict["variables"]["SSL_CLIENT_S_DN_CN"], Value::from("alice"));
        assert_eq!(verdict["variables"]["SSL_CLIENT_SAN_Email_0"], Value::from("alice@example.com"));
        assert_eq!(verdict["variables_base64"]["ssl_c_serial"], Value::from("AQ=="));

        let documentation = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md")).expect("it");
        let mut found = Vec::new();
        keys(&verdict, &mut found);
        keys(&world.verify_json(&[]).1, &mut found);
        keys(&world.run(&["inspect", "--json", "alice.pem", "ca.pem"]).json(), &mut found);
        keys(&world.run(&["check", "--json", "--ca", "ca.pem", "--sha1", "allow"]).json(), &mut found);
        for key in found {
            assert!(documentation.contains(&format!("`{key}`")), "docs/json.md lacks `{key}`");
        }
    }

    #[test]
    fn without_a_certificate_the_same_keys_are_null() {
        let world = World::new();
        let (_, good) = world.verify_json(&["alice.pem"]);
        let (_, none) = world.verify_json(&[]);
        let keys = |verdict: &Value| verdict.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&none), keys(&good));
        for key in ["subject", "issuer", "serial", "sans", "fingerprints", "user", "valid_until"] {
            assert_eq!(none[key], Value::Null, "{key}");
        }
    }

    #[test]
    fn what_is_no_text_is_not_lost() {
        let world = World::new();
        let mut leaf = alice();
        leaf.subject =
            name::name(&[(name::COMMON_NAME, 0x14, b"caf\xe9"), (name::COMMON_NAME, der::UTF8_STRING, b"\xff")]);
        leaf = leaf.with(extension::subject_alt_name(&[der::tlv(0x81, b"a\xff@b")]));
        world.write("odd.pem", pem(&leaf.sign(&world.ca)));
        let (_, verdict) = world.verify_json(&["odd.pem"]);
        assert_eq!(verdict["sans"][0]["value"], Value::from("a\\FF@b"));
        assert!(verdict["subject"].as_str().expect("a text").contains("#0C01FF"), "{}", verdict["subject"]);
        let binary = verdict["variables_base64"].as_object().expect("an object");
        assert!(binary.contains_key("ssl_c_s_dn"), "{binary:?}");
        assert!(!verdict["variables"].as_object().expect("an object").contains_key("ssl_c_s_dn"));
    }

    #[test]
    fn several_files_are_one_chain() {
        let world = World::new();
        let middle = Key::ed25519(2);
        let intermediate = Template::authority("Test CA", "Middle", &middle).sign(&world.ca);
        let leaf = Template::client("Middle", "bob", &Key::ed25519(1)).sign(&middle);
        world.write("bob.pem", pem(&leaf));
        world.write("bob.der", &leaf);
        world.write("middle.pem", pem(&intermediate));
        world.write("middle.der", &intermediate);
        assert_eq!(world.verify(&["bob.pem"]).status, Some(1));
        for files in [["bob.pem", "middle.pem"], ["bob.der", "middle.der"], ["bob.der", "middle.pem"]] {
            assert_eq!(world.verify(&files).status, Some(0), "{files:?}");
        }
        let now = NOW.to_string();
        let both = [pem(&leaf), pem(&intermediate)].concat();
        for input in [both.as_bytes(), &[leaf, intermediate].concat()] {
            for file in [&["-"][..], &[]] {
                let arguments = [&["verify", "--ca", "ca.pem", "--time", &now][..], file].concat();
                assert_eq!(world.run_with(&arguments, input).status, Some(0));
            }
        }
    }

    #[test]
    fn time_is_seconds_or_rfc3339() {
        let world = World::new();
        for (time, status) in [
            ("2026-06-01T00:00:00Z", 0),
            ("2026-06-01T02:00:00+02:00", 0),
            ("1780272000", 0),
            ("2041-01-01T00:00:00Z", 1),
            ("-1", 1),
        ] {
            let run = world.run(&["verify", "--ca", "ca.pem", "--time", time, "alice.pem"]);
            assert_eq!(run.status, Some(status), "{time}: {}{}", run.out, run.err);
        }
        world
            .run(&["verify", "--ca", "ca.pem", "--time", "noon", "alice.pem"])
            .assert_failed(&["--time", "noon", "RFC 3339"]);
    }

    #[test]
    fn what_cannot_be_read_is_no_verdict() {
        let world = World::new();
        world.write("key.pem", Key::ed25519(1).secret_pem());
        world.write("cut.pem", &pem(&[1, 2, 3])[..40]);
        world.verify(&["absent.pem"]).assert_failed(&["absent.pem"]);
        world.verify(&["."]).assert_failed(&["."]);
        world.verify(&["key.pem"]).assert_failed(&["key.pem", "no certificate"]);
        world.verify(&["cut.pem"]).assert_failed(&["cut.pem:3", "no END line"]);
        world.run(&["verify", "--ca", "absent.pem", "alice.pem"]).assert_failed(&["'ca'", "absent.pem"]);
        world.run(&["verify", "--ca", "key.pem", "alice.pem"]).assert_failed(&["key.pem:1", "private key"]);
        world.run(&["verify", "alice.pem"]).assert_failed(&["'ca' is not set"]);
        // What a client could send is for the verdict to judge.
        world.write("garbage", b"\x30\x82\xff");
        let (status, verdict) = world.verify_json(&["garbage"]);
        assert_eq!((status, reasons(&verdict)), (Some(1), vec!["chain_malformed"]));
    }

    #[test]
    fn a_key_beside_the_certificate_is_ignored_aloud() {
        let world = World::new();
        let both =
            fs::read_to_string(world.folder.path().join("alice.pem")).expect("it") + &Key::ed25519(1).secret_pem();
        world.write("both.pem", both);
        let run = world.verify(&["both.pem"]);
        assert_eq!(run.status, Some(0));
        assert!(run.err.contains("both.pem:") && run.err.contains("is ignored"), "{}", run.err);
    }

    #[test]
    fn warnings_of_the_policy_are_heard() {
        let run = World::new().verify(&["--sha1", "allow", "alice.pem"]);
        assert_eq!(run.status, Some(0));
        assert!(run.err.contains("warning: weak"), "{}", run.err);
    }
}

mod arguments {
    use super::*;

    #[test]
    fn every_option_of_the_library_is_an_argument() {
        let world = World::new();
        let help = world.run(&["verify", "--help"]);
        assert_eq!(help.status, Some(0));
        for option in options() {
            assert!(help.out.contains(&format!("--{} <", option.name)), "{}", option.name);
            let value = match (option.name, &option.kind) {
                (_, Kind::Certificates) => "ca.pem",
                (_, Kind::IdentityRules) => "subject.cn",
                (_, Kind::RevocationLists) => "ca.crl",
                // There is nothing to look in without `--crl`.
                ("crl_check", _) => "off",
                (_, Kind::Registry) => "external",
                (_, Kind::Url) => "http://ocsp.example.com/",
                (_, Kind::Secrets) => "hex:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                _ => option.default,
            };
            for spelling in [option.name.to_owned(), option.name.replace('_', "-")] {
                let run = world.verify(&[&format!("--{spelling}={value}"), "alice.pem"]);
                assert_eq!(run.status, Some(0), "--{spelling}={value}: {}", run.err);
            }
            // It arrives: a value that cannot be is refused in the library's words.
            let wrong = world.verify(&[&format!("--{}=\u{1b}?[", option.name), "alice.pem"]);
            wrong.assert_failed(&[option.name]);
            assert!(!wrong.err.contains('\u{1b}'), "{}", option.name);
        }
    }

    #[test]
    fn lists_may_be_repeated() {
        let world = World::new();
        let leaf = alice().valid("200101000000Z", "210101000000Z").with(extension::extended_key_usage(&["1.2.3"]));
        world.write("bad.pem", pem(&leaf.sign(&world.ca)));
        let both = ["--tolerate", "certificate_expired", "--tolerate", "extended_key_usage", "bad.pem"];
        assert_eq!(world.verify_json(&both).1["accepted"], Value::from(true));
        assert_eq!(
            world.verify_json(&["--tolerate", "extended_key_usage", "bad.pem"]).1["accepted"],
            Value::from(false)
        );
        let other = Template::authority("Other CA", "Other CA", &Key::ed25519(5));
        world.write("other.pem", pem(&other.sign(&Key::ed25519(5))));
        assert_eq!(world.verify(&["--ca", "other.pem", "alice.pem"]).status, Some(0));
    }

    #[test]
    fn a_file_of_options_counts_less_than_the_command_line() {
        let world = World::new();
        world.write("clientcert.toml", "ca = \"ca.pem\"\nmode = \"optional\"\ntolerate = [\"certificate_expired\"]\n");
        let mode = |more: &[&str]| {
            let run =
                world.run(&[&["verify", "--json", "--config", "clientcert.toml", "alice.pem"][..], more].concat());
            assert_eq!(run.status, Some(0), "{}", run.err);
            run.json()["mode"].clone()
        };
        assert_eq!(mode(&[]), Value::from("optional"));
        assert_eq!(mode(&["--mode", "require"]), Value::from("require"));
        assert_eq!(mode(&["--mode", "RequireAndVerifyClientCert"]), Value::from("require"));
    }

    #[test]
    fn what_is_misspelt_is_suggested() {
        let world = World::new();
        world.run(&["verify", "--mod", "require"]).assert_failed(&["--mod", "--mode"]);
        world.run(&["verfy"]).assert_failed(&["verify"]);
        world.run(&["options", "modee"]).assert_failed(&["'modee'", "'mode'"]);
        world.write("wrong.toml", "ca = \"ca.pem\"\nmoode = \"optional\"\n");
        world.run(&["verify", "--config", "wrong.toml", "alice.pem"]).assert_failed(&["wrong.toml:2", "'mode'"]);
        world.run(&["check", "--config", "absent.toml"]).assert_failed(&["--config", "absent.toml"]);
        world.run(&["verify", "--ca", "ca.pem", "--mode", "maybe"]).assert_failed(&["'mode'", "'maybe'", "optional"]);
        world.run(&[]).assert_failed(&["Usage"]);
    }

    #[test]
    fn a_reader_that_goes_away_is_no_panic() {
        let world = World::new();
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = Command::new(env!("CARGO_BIN_EXE_clientcert"))
            .args(["options", "--markdown"])
            .stdout(writer)
            .stderr(Stdio::piped())
            .current_dir(world.folder.path())
            .spawn()
            .and_then(std::process::Child::wait_with_output)
            .expect("the tool");
        assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_a_failure() {
        let full = fs::File::options().write(true).open("/dev/full").expect("it");
        let status = Command::new(env!("CARGO_BIN_EXE_clientcert")).arg("options").stdout(full).output().expect("it");
        assert_eq!(status.status.code(), Some(2));
    }
}

mod inspect {
    use super::*;

    #[test]
    fn everything_is_shown() {
        let world = World::new();
        let uri = |text: &str| name::uri(text);
        let access = der::sequence(&[
            der::sequence(&[der::oid("1.3.6.1.5.5.7.48.1"), uri("http://ocsp.example/")]),
            der::sequence(&[der::oid("1.3.6.1.5.5.7.48.2"), uri("http://ca.example/")]),
        ]);
        let point = der::tlv(0xa0, &der::tlv(0xa0, &uri("http://crl.example/")));
        let mut template = alice()
            .with(extension::subject_alt_name(&[
                name::email("alice@example.com"),
                name::dns("a.example"),
                uri("https://a.example/"),
                name::ip(&[10, 0, 0, 1]),
                name::directory(&name::common_name("other alice")),
                name::registered_id("1.2.3"),
                name::upn("alice@corp"),
                name::other("1.2.3.4", &der::tlv(der::UTF8_STRING, b"x")),
                der::tlv(0x89, b"?"),
            ]))
            .with(extension::certificate_policies(&["2.5.29.32.0"]))
            .with(extension::subject_key_identifier(&[0xab, 0xcd]))
            .with(extension::authority_key_identifier(&[0xef]))
            .with(extension::name_constraints(&[name::dns("a.example")], &[name::ip(&[10, 0, 0, 0, 255, 0, 0, 0])]))
            .with(support::Extension::new("1.3.6.1.5.5.7.1.1", access))
            .with(support::Extension::new("2.5.29.31", der::sequence(&[der::sequence(&[point])])))
            .with(support::Extension::new("1.2.3.4.5", vec![5, 0]).critical());
        template.serial = vec![0xff, 0x00];
        world.write("all.der", template.sign(&world.ca));
        let run = world.run(&["inspect", "--time", &NOW.to_string(), "all.der"]);
        assert_eq!((run.status, run.err.as_str()), (Some(0), ""));
        for part in [
            "all.der, certificate 1",
            "CN=alice",
            "CN=Test CA",
            "-0100",
            "2020-01-01T00:00:00Z",
            "2040-01-01T00:00:00Z (4962 days left)",
            "ED25519, 256 bits",
            "email: alice@example.com",
            "dns: a.example",
            "uri: https://a.example/",
            "ip: 10.0.0.1",
            "dirname: CN=other alice",
            "rid: 1.2.3",
            "upn (1.3.6.1.4.1.311.20.2.3): alice@corp",
            "other (1.2.3.4): #0C0178",
            "unknown (tag 137): #3F",
            "not a CA",
            "digitalSignature",
            "clientAuth",
            "2.5.29.32.0",
            "abcd",
            "http://ocsp.example/",
            "http://ca.example/",
            "http://crl.example/",
            "ip: 10.0.0.0/255.0.0.0",
            "2.5.29.15 keyUsage",
            "1.2.3.4.5, critical, 2 bytes",
            "x5t#S256",
        ] {
            assert!(run.out.contains(part), "no {part} in {}", run.out);
        }
        let json = world.run(&["inspect", "--json", "all.der"]).json();
        assert_eq!(json[0]["extensions"].as_array().map(Vec::len), Some(template.extensions.len()));
        assert_eq!(json[0]["serial"], Value::from("-0100"));
    }

    #[test]
    fn hostile_names_cannot_act() {
        let world = World::new();
        let hostile = "a\0b\nSUCCESS\u{1b}[2J\u{202e}c";
        let mut template = alice().with(extension::subject_alt_name(&[name::dns(hostile), name::email("\u{9b}1m")]));
        template.subject = name::common_name(hostile);
        template.issuer = name::common_name(hostile);
        world.write("hostile.pem", pem(&template.sign(&world.ca)));
        for arguments in [
            &["inspect", "hostile.pem"][..],
            &["inspect", "--json", "hostile.pem"],
            &["fingerprint", "hostile.pem"],
            &["verify", "--ca", "ca.pem", "hostile.pem"],
            &["verify", "--ca", "ca.pem", "--json", "hostile.pem"],
            &["check", "--ca", "hostile.pem"],
        ] {
            let run = world.run(arguments);
            let odd = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || c == '\u{202e}';
            assert!(!run.out.contains(odd) && !run.err.contains(odd), "{arguments:?}: {:?}{:?}", run.out, run.err);
            assert!(!run.out.lines().any(|line| line.starts_with("SUCCESS")), "{arguments:?}: {}", run.out);
        }
        let json = world.run(&["inspect", "--json", "hostile.pem"]).json();
        assert_eq!(json[0]["subject"], Value::from("CN=a\\00b\\0ASUCCESS\\1B[2J\\E2\\80\\AEc"));
    }

    #[test]
    fn what_is_malformed_is_named() {
        let world = World::new();
        let good = alice().sign(&world.ca);
        let mut broken = good.clone();
        broken[4] = 0x31;
        world.write("broken.pem", [pem(&good), pem(&broken)].concat());
        world.write("cut.der", &good[..good.len() - 1]);
        world.write("text", "hello");
        world.write("empty", "");
        world.write("key.pem", armor("PRIVATE KEY", &[0x30, 0]));
        for command in ["inspect", "fingerprint"] {
            let run = world.run(&[command, "broken.pem"]);
            let second = pem(&good).lines().count() + 1;
            run.assert_failed(&[&format!("broken.pem:{second}: "), "byte"]);
            assert!(!run.out.is_empty(), "the first is shown");
            world.run(&[command, "cut.der"]).assert_failed(&["cut.der", "certificate 1", "byte"]);
            world.run(&[command, "text"]).assert_failed(&["text", "neither PEM nor DER"]);
            world.run(&[command, "empty"]).assert_failed(&["empty", "no certificate"]);
            world.run(&[command, "key.pem"]).assert_failed(&["key.pem", "no certificate"]);
            world.run(&[command, "absent"]).assert_failed(&["absent"]);
        }
    }
}

mod fingerprint {
    use super::*;

    #[test]
    fn openssl_prints_the_same() {
        let world = World::new();
        let all = world.run(&["fingerprint", "alice.pem"]).out;
        let line = |kind: &str| {
            let line = all.lines().find(|line| line.starts_with(&format!("{kind}\t"))).expect(kind);
            line.split('\t').nth(1).expect("a value").to_owned()
        };
        for (kind, flag) in [("sha1", "-sha1"), ("sha256", "-sha256")] {
            let output = Command::new("openssl")
                .args(["x509", "-noout", "-fingerprint", flag, "-in"])
                .arg(world.folder.path().join("alice.pem"))
                .output()
                .expect("openssl");
            let text = String::from_utf8(output.stdout).expect("text");
            let expected = text.trim().rsplit('=').next().expect("a value").replace(':', "").to_lowercase();
            assert_eq!(line(kind), expected);
        }
        assert_eq!(line("x5t#S256").len(), 43);
        assert!(all.lines().all(|line| line.ends_with("\talice.pem:1")), "{all}");
        for kind in ["sha1", "sha256", "spki_sha256", "x5t#S256"] {
            let alone = world.run(&["fingerprint", "--kind", kind, "alice.pem", "alice.pem"]);
            assert_eq!(alone.out, format!("{0}\n{0}\n", line(kind)));
        }
        world.run(&["fingerprint", "--kind", "md5", "alice.pem"]).assert_failed(&["md5", "sha256"]);
    }
}

mod explain {
    use super::*;

    fn explain(world: &World, arguments: &[&str]) -> Run {
        let now = NOW.to_string();
        world.run(&[&["explain", "--ca", "ca.pem", "--time", &now][..], arguments].concat())
    }

    #[test]
    fn every_rule_is_shown_and_why_one_wins() {
        let world = World::new();
        world.write("a.toml", "identity = ['san.dns', 'san.upn strip=@corp', \"subject.cn\"]\n");
        let run = explain(&world, &["--config", "a.toml", "alice.pem"]);
        assert_eq!(run.status, Some(0), "{}{}", run.out, run.err);
        for words in ["user      alice", "rule 2 is the first that matches", "no such value", "alice@corp", "too late"]
        {
            assert!(run.out.contains(words), "no {words:?} in {}", run.out);
        }
        let json = explain(&world, &["--config", "a.toml", "--json", "alice.pem"]).json();
        assert_eq!(json["identity"]["user_rule"], "san.upn strip=@corp");
        assert_eq!(json["identity"]["rules"][1]["decided"], true);
        let documentation =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/identity.md")).expect("it");
        let mut found = Vec::new();
        keys(&json, &mut found);
        for key in found {
            assert!(documentation.contains(&format!("`{key}`")), "docs/identity.md lacks `{key}`");
        }
    }

    #[test]
    fn who_has_no_user_learns_why() {
        let world = World::new();
        let run = explain(&world, &["--identity", "san.dns", "alice.pem"]);
        assert_eq!(run.status, Some(1), "{}", run.err);
        assert!(run.out.contains("identity_unknown") && run.out.contains("no such value"), "{}", run.out);
        world.write("mallory.pem", pem(&alice().sign(&Key::ed25519(5))));
        let run = explain(&world, &["--identity", "subject.cn", "mallory.pem"]);
        assert_eq!(run.status, Some(1));
        assert!(run.out.contains("no rule is asked"), "{}", run.out);
        explain(&world, &["--identity", "subject.cm", "alice.pem"]).assert_failed(&[
            "identity",
            "column 1",
            "subject.cn",
        ]);
        let verified = world.verify(&["--identity", "san.email", "alice.pem"]);
        assert!(verified.out.contains("alice@example.com (weak: san.email)"), "{}", verified.out);
    }
}

mod identity {
    use super::*;

    #[test]
    fn rules_of_active_directory_are_imported_and_hold() {
        let world = World::new();
        let rules = "# users\nal X509:<I>CN=Test CA<SR>01\n\nbob X509:<SKI>0102\n";
        world.write("users", rules);
        let run = world.run(&["identity", "import", "--from", "active-directory", "users"]);
        assert_eq!(run.status, Some(0), "{}", run.err);
        world.write("a.toml", &run.out);
        let now = NOW.to_string();
        let explained =
            world.run(&["explain", "--ca", "ca.pem", "--config", "a.toml", "--time", &now, "--json", "alice.pem"]);
        assert_eq!(explained.json()["identity"]["user"], "al", "{}", run.out);
        assert_eq!(explained.json()["identity"]["user_strength"], "strong");
    }

    #[test]
    fn rules_of_sssd_are_imported() {
        let world = World::new();
        let line = b"<ISSUER>^CN=Test CA$\t(uid={subject_rfc822_name.short_name})\n";
        let run = world.run_with(&["identity", "import", "--from", "sssd"], line);
        assert_eq!(run.status, Some(0), "{}", run.err);
        assert!(run.out.contains(r#"'san.email issuer="CN=Test CA" match=([^@]+)@.*'"#), "{}", run.out);
        assert!(run.err.contains("looks up as uid"), "{}", run.err);
    }

    #[test]
    fn nothing_is_written_where_a_line_has_no_equivalent() {
        let world = World::new();
        let lines = b"al X509:<SKI>01\nbob Kerberos:bob@EXAMPLE.ORG\n";
        let run = world.run_with(&["identity", "import", "--from", "active-directory"], lines);
        run.assert_failed(&["standard input:2", "Kerberos"]);
        assert!(run.out.is_empty());
    }
}

mod check {
    use super::*;

    #[test]
    fn its_status_says_what_it_found() {
        let world = World::new();
        let key = Key::ed25519(3);
        let old = Template::authority("Old CA", "Old CA", &key).valid("200101000000Z", "260615000000Z").sign(&key);
        world.write("old.pem", pem(&old));
        world.write("key.pem", Key::ed25519(1).secret_pem());
        world.write("open.toml", "ca = \"ca.pem\"\nmode = \"optional_no_ca\"\nsecond_opinion = \"off\"\n");
        let now = NOW.to_string();
        let check = |arguments: &[&str]| world.run(&[&["check", "--time", &now][..], arguments].concat());
        let clean = check(&["--ca", "ca.pem"]);
        assert_eq!((clean.status, clean.out.as_str(), clean.err.as_str()), (Some(0), "", ""));
        for (arguments, kinds) in [
            (&["--ca", "old.pem"][..], &["anchor_expires_soon"][..]),
            (&["--config", "open.toml"], &["unverified", "second_opinion_off"]),
            (&["--ca", "ca.pem", "--eku", "any", "--min_rsa_bits", "1024"], &["any_purpose", "weak"]),
        ] {
            let run = check(arguments);
            assert_eq!((run.status, run.out.lines().count()), (Some(1), kinds.len()), "{}{}", run.out, run.err);
            let json = check(&[arguments, &["--json"]].concat());
            assert_eq!(json.status, Some(1));
            for (index, kind) in kinds.iter().enumerate() {
                assert!(run.out.lines().nth(index).expect("a line").starts_with(&format!("{kind}: option '")));
                assert_eq!(json.json()["warnings"][index]["kind"], Value::from(*kind));
            }
            assert_eq!(json.json()["usable"], Value::from(true));
        }
        check(&[]).assert_failed(&["'ca' is not set"]);
        check(&["--ca", "key.pem"]).assert_failed(&["key.pem:1", "private key"]);
        check(&["--ca", "ca.pem", "--trust", "key"]).assert_failed(&["'trust'", "registry"]);
        let json = check(&["--json", "--ca", "key.pem"]);
        json.assert_failed(&["private key"]);
        assert_eq!(json.json()["usable"], Value::from(false));
        assert!(json.json()["error"].as_str().expect("a text").contains("private key"));
    }
}

mod reference {
    use super::*;

    #[test]
    fn options_come_from_the_table() {
        let world = World::new();
        let list = world.run(&["options"]);
        assert_eq!(list.status, Some(0));
        assert_eq!(list.out.lines().count(), options().len());
        for option in options() {
            let one = world.run(&["options", option.name]);
            assert_eq!(one.status, Some(0), "{}", one.err);
            assert!(one.out.starts_with(option.name) && one.out.contains(&option.type_text()), "{}", one.out);
            for alias in option.aliases {
                assert_eq!(world.run(&["options", alias.name]).out, one.out, "{}", alias.name);
            }
        }
        assert_eq!(world.run(&["options", "--markdown"]).out, super::reference());
    }

    #[test]
    fn man_pages_and_completions_are_written() {
        let world = World::new();
        assert_eq!(world.run(&["generate", "man", "man"]).status, Some(0));
        assert_eq!(world.run(&["generate", "completions", "share"]).status, Some(0));
        let read = |file: &str| fs::read_to_string(world.folder.path().join(file)).expect(file);
        assert!(read("man/man1/clientcert.1").contains("clientcert\\-verify"));
        let page = read("man/man1/clientcert-verify.1");
        assert!(page.contains("Exit status") && page.contains("\\-\\-max_signatures"));
        for file in [
            "share/bash-completion/completions/clientcert",
            "share/zsh/site-functions/_clientcert",
            "share/fish/vendor_completions.d/clientcert.fish",
        ] {
            let text = read(file);
            assert!(text.contains("max_signatures") && text.contains("optional_no_ca"), "{file}");
        }
        let script = "source share/bash-completion/completions/clientcert; COMP_WORDS=(clientcert verify --mode opt); \
                      COMP_CWORD=3; _clientcert clientcert opt --mode; echo \"${COMPREPLY[@]}\"";
        let output = Command::new("bash").args(["-c", script]).current_dir(world.folder.path()).output().expect("bash");
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "optional optional_no_ca");
        fs::write(world.folder.path().join("file"), "").expect("a file");
        world.run(&["generate", "man", "file"]).assert_failed(&["file"]);
    }
}
