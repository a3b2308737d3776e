//! Options: what they take, where their values come from, and what is said of values and files that cannot be used.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::slice::from_ref;

use clientcert::policy::{Config, Enforcement, Kind, Mode, OptionInfo, Policy, WarningKind, options, reference};
use clientcert::verify::Code;
use clientcert::{Error, Status};
use support::certificate::armor;
use support::extension::{self, KEY_USAGE};
use support::{Key, NOW, Template, pem};
use tempfile::TempDir;

mod setting {
    use super::*;

    #[test]
    fn every_option_takes_what_it_says_and_nothing_else() {
        for option in options() {
            for good in good_values(option) {
                Config::new().set(option.name, &good).unwrap_or_else(|error| panic!("{good}: {error}"));
            }
            for bad in bad_values(option) {
                let error = Config::new().set(option.name, &bad).expect_err(&format!("{} took '{bad}'", option.name));
                assert_eq!(error.status(), Status::InvalidValue, "{error}");
                assert!(error.to_string().contains(&format!("'{}'", option.name)), "{error}");
            }
        }
    }

    #[test]
    fn every_misspelt_name_gets_the_nearest() {
        for option in options() {
            let misspelt = format!("{}x", option.name);
            match Config::new().set(&misspelt, "on") {
                Err(Error::UnknownOption { name, suggestion }) => {
                    assert_eq!((name.as_str(), suggestion), (misspelt.as_str(), Some(option.name)));
                }
                other => panic!("{misspelt}: {other:?}"),
            }
        }
        let error = Config::new().set("ssl_verify_cleint", "on").expect_err("misspelt");
        assert_eq!(error.to_string(), "unknown option 'ssl_verify_cleint', did you mean 'ssl_verify_client'?");
        assert_eq!(error.status(), Status::UnknownOption);
    }

    #[test]
    fn a_failed_setting_changes_nothing() {
        let mut config = Config::new();
        config.set("mode", "optional").expect("optional");
        let before = config.dump();
        assert!(config.set("mode", "maybe").is_err());
        assert!(config.set_bytes("ca", b"nothing").is_err());
        assert!(config.set_bytes("mode", b"require").is_err());
        assert_eq!(config.dump(), before);
    }

    #[test]
    fn messages_carry_nothing_that_a_log_acts_on() {
        let error = Config::new().set("mode", &format!("\u{1b}[2J\n{}", "x".repeat(100_000))).expect_err("no mode");
        assert!(error.to_string().len() < 400 && !error.to_string().contains(['\u{1b}', '\n']), "{error}");
    }

    fn good_values(option: &OptionInfo) -> Vec<String> {
        let words: Vec<&str> = match &option.kind {
            Kind::Choice { words, foreign } => {
                words.iter().map(|word| word.name).chain(foreign.iter().map(|word| word.name)).collect()
            }
            Kind::Boolean => vec!["true", "false", "on", "off", "yes", "no", " TRUE "],
            Kind::Number { minimum, maximum, .. } => return vec![minimum.to_string(), maximum.to_string()],
            Kind::Purposes(_) => vec!["any", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.2, 1.3.6.1.4.1.311.20.2.2"],
            Kind::Reasons => vec!["none", "all", "self_signed", "10,X509_V_ERR_CERT_NOT_YET_VALID"],
            Kind::Certificates | Kind::RevocationLists => vec!["/nowhere", "relative", "*.pem"],
            Kind::Registry => vec!["external", "file:/etc/users", "memory:", "memory:# nobody"],
            Kind::Secrets => return vec!["/nowhere".into(), "relative".into(), format!("hex:{}", "aB".repeat(32))],
            Kind::Url => vec!["http://ocsp.example.com/", "https://[::1]:8080/a?b"],
            Kind::Words(_) => vec!["none", "transport", "client_certificate, TRANSPORT"],
            Kind::Origins => vec!["https://app.example.com", "http://localhost:3000", "https://[::1]:8443"],
            Kind::Host => vec!["certs.example.com", "Certs.Example.com:8443", "[2001:db8::1]:8443"],
            Kind::IdentityRules => vec!["san.email", " registry ", "subject.cn match=\"(a),(b)\" user=\"\\1\" lower"],
            Kind::Networks => vec!["unix", "192.0.2.1, 10.0.0.0/8", "::1", "2001:db8::/32,UNIX"],
            Kind::WordOrNumber { words, maximum, .. } => {
                return words.iter().map(|word| word.name.into()).chain(["0".into(), maximum.to_string()]).collect();
            }
            _ => vec![],
        };
        assert!(!words.is_empty(), "{} has a new kind", option.name);
        words.into_iter().map(str::to_string).collect()
    }

    fn bad_values(option: &OptionInfo) -> Vec<String> {
        let bad: &[&str] = match &option.kind {
            Kind::Choice { .. } => &["", "7", "true", "maybe", "\0"],
            Kind::Boolean => &["", "1", "maybe", "tru\0e"],
            Kind::Number { minimum, maximum, .. } => {
                let below = minimum.checked_sub(1).map_or("-1".to_string(), |below| below.to_string());
                let bad = ["", "on", "1.5", "0x10", "99999999999999999999"].map(str::to_string);
                return bad.into_iter().chain([below, (maximum + 1).to_string()]).collect();
            }
            Kind::Purposes(_) => &["", "clientAuth", "1", "1.3.6.", "any,1.3.6"],
            Kind::Reasons => &["expired", "-1", "signature_invalid", "X509_V_ERR_CERT_REVOKED", "23", "none,10"],
            Kind::Registry => &["", "users", "file:", "file:a\0b", "external:x", "ldap://host"],
            Kind::Secrets => &["", "a\0b", "\u{1b}[", "hex:", "hex:00", "hex:/etc/session.key"],
            Kind::Url => &["", "ocsp.example.com", "ftp://ocsp.example.com/", "http://", "http://a b/", "http://a\0/"],
            Kind::Words(_) => &["basic", "none,transport", "transport client_certificate"],
            Kind::Origins => {
                &["", "*", "null", "app.example.com", "https://app.example.com/", "https://app.example.com:443"]
            }
            Kind::Host => &["", "https://certs.example.com", "certs.example.com/", "a b", "a:b", "a\r\nX: y", "a\0"],
            Kind::IdentityRules => &["", "san.mail", "san.email lower=1", "subject.cn match=(", "san.dns user=root"],
            Kind::Networks => {
                &["", ",", "10.0.0.1/8", "10.0.0.0/33", "example.com", "*", "10.0.0.1 10.0.0.2", "::1%lo"]
            }
            Kind::Certificates => &["", "a\0b", "/etc/[", "/etc/***"],
            _ => &[],
        };
        bad.iter().map(|text| (*text).to_string()).collect()
    }
}

mod other_systems {
    use super::*;

    #[test]
    fn a_word_brings_its_enforcement() {
        for (name, word, mode, enforcement) in [
            ("ssl_verify_client", "on", Mode::Require, Enforcement::Request),
            ("ssl_verify_client", "optional_no_ca", Mode::OptionalNoCa, Enforcement::Request),
            ("SSLVerifyClient", "require", Mode::Require, Enforcement::Handshake),
            ("verify", "required", Mode::Require, Enforcement::Handshake),
            ("mode", "VerifyClientCertIfGiven", Mode::Optional, Enforcement::Handshake),
            ("mode", "CERT_REQUIRED", Mode::Require, Enforcement::Handshake),
            ("mode", "SSL_VERIFY_PEER", Mode::Optional, Enforcement::Handshake),
            ("mode", "want", Mode::Optional, Enforcement::Handshake),
            ("mode", "accept", Mode::Optional, Enforcement::Request),
            ("mode", "require", Mode::Require, Enforcement::Request),
        ] {
            let policy = compile(&with_ca(&[(name, word)])).expect(word);
            assert_eq!((policy.mode(), policy.enforcement()), (mode, enforcement), "{name} {word}");
        }
    }

    #[test]
    fn what_a_word_implies_never_overrides_what_was_set() {
        let explicit = ("enforcement", "request");
        let foreign = ("mode", "RequireAndVerifyClientCert");
        for order in [[explicit, foreign], [foreign, explicit]] {
            assert_eq!(compile(&with_ca(&order)).expect("a policy").enforcement(), Enforcement::Request);
        }
    }

    #[test]
    fn a_later_word_takes_back_what_an_earlier_one_implied() {
        let policy = compile(&with_ca(&[("mode", "RequireAndVerifyClientCert"), ("mode", "require")]));
        assert_eq!(policy.expect("a policy").enforcement(), Enforcement::Request);
    }
}

mod toml {
    use super::*;

    #[test]
    fn sets_every_kind_of_option() {
        let folder = folder(&[("ca/one.pem", &pem(&authority(1))), ("ca/two.pem", &pem(&authority(2)))]);
        let path = write(
            &folder,
            "clientcert.toml",
            "mode = 'optional'\nca = ['ca/one.pem', 'ca/two.pem']\ndepth = 3\naccept_v1 = false\n\
             tolerate = ['certificate_expired', '9']\neku = ['1.3.6.1.5.5.7.3.4']\nSSLVerifyClient = 'require'\n",
        );
        let mut config = Config::new();
        config.load(&path).expect("a good file");
        let policy = compile(&config).expect("a policy");
        assert_eq!((policy.mode(), policy.enforcement()), (Mode::Require, Enforcement::Handshake));
        assert_eq!(policy.ca_names().len(), 2);
        assert!(policy.tolerates(Code::CertificateExpired) && policy.tolerates(Code::CertificateNotYetValid));
        assert!(!policy.tolerates(Code::IssuerUnknown));
    }

    #[test]
    fn errors_name_file_and_line_and_change_nothing() {
        let folder = TempDir::new().expect("a folder");
        for (text, line, status, words) in [
            ("mode = 'require'\nmod = 'off'\n", 2, Status::UnknownOption, "did you mean 'mode'?"),
            ("\n\nmode = 'maybe'\n", 3, Status::InvalidValue, "'maybe' is not off, optional"),
            ("mode = true\n", 1, Status::InvalidValue, "(a boolean)"),
            ("depth = '3'\n", 1, Status::InvalidValue, "without quotes"),
            ("depth = 3.0\n", 1, Status::InvalidValue, "intermediate certificates from 0 to"),
            ("depth = -3\n", 1, Status::InvalidValue, "'-3'"),
            ("accept_v1 = 1\n", 1, Status::InvalidValue, "true or false"),
            ("accept_v1 = 'true'\n", 1, Status::InvalidValue, "true or false"),
            ("# c\nca = [1, 2]\n", 2, Status::InvalidValue, "list of strings"),
            ("tolerate = 10\n", 1, Status::InvalidValue, "list of strings"),
            ("eku = []\n", 1, Status::InvalidValue, "client_auth"),
            ("[mode]\nx = 1\n", 1, Status::InvalidValue, "(a table)"),
            ("mode = 2026-01-01\n", 1, Status::InvalidValue, "(a date)"),
            ("mode = 'off'\nmode = 'off'\n", 2, Status::Malformed, "duplicate"),
            ("mode = 'off'\ndepth 3\n", 2, Status::Malformed, "TOML"),
            ("mode = 'off\n", 1, Status::Malformed, "TOML"),
        ] {
            let path = write(&folder, "bad.toml", text);
            let mut config = Config::new();
            let before = config.dump();
            let error = config.load(&path).expect_err(text);
            let message = error.to_string();
            assert_eq!(error.status(), status, "{message}");
            assert!(message.starts_with(&format!("{}:{line}: ", path.display())), "{text}: {message}");
            assert!(message.contains(words), "{message}");
            assert_eq!(config.dump(), before);
        }
    }

    #[test]
    fn what_is_no_text_or_no_file_is_refused() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("binary.toml");
        fs::write(&path, b"mode = 'off'\n\xff\xfe\n").expect("a file");
        let error = Config::new().load(&path).expect_err("no text").to_string();
        assert!(error.contains(":2:") && error.contains("UTF-8"), "{error}");
        assert_eq!(Config::new().load(folder.path()).expect_err("a folder").status(), Status::Io);
        assert_eq!(Config::new().load(folder.path().join("none")).expect_err("nothing").status(), Status::Io);
    }

    #[test]
    fn a_dump_loads_to_the_same_settings() {
        let folder = folder(&[("ca.pem", &pem(&authority(1)))]);
        let mut config = Config::new();
        for (name, value) in [
            ("mode", "RequireAndVerifyClientCert"),
            ("ca", folder.path().join("ca.pem").to_str().expect("a path")),
            ("ca", "/a \"quoted\"\tpath/*.pem"),
            ("tolerate", "10"),
            ("eku", "1.3.6.1.5.5.7.3.4,1.3.6.1.5.5.7.3.2"),
            ("sha1", "allow"),
            ("accept_ca_leaf", "off"),
            ("cache_size", "0"),
            ("trust", "ca|key"),
        ] {
            config.set(name, value).expect(name);
        }
        config.set_bytes("ca", &[authority(2), authority(3)].concat()).expect("DER");
        let path = write(&folder, "dump.toml", &config.dump());
        let mut loaded = Config::new();
        loaded.load(&path).expect("a dump");
        assert_eq!(loaded.dump(), config.dump());
        assert!(config.dump().contains("\nmode = \"require\"\n") || config.dump().contains("# mode = \"require\"\n"));
        assert!(config.dump().contains("\nenforcement = \"handshake\"\n"), "{}", config.dump());
        assert_eq!(config.dump().matches("BEGIN CERTIFICATE").count(), 2);
    }

    #[test]
    fn a_dump_of_defaults_is_all_comments_and_names_every_option() {
        let dump = Config::new().dump();
        assert!(dump.lines().all(|line| line.is_empty() || line.starts_with('#')));
        for option in options() {
            assert!(dump.contains(&format!("\n# {} = ", option.name)), "{}", option.name);
        }
        let uncommented: String =
            dump.lines().filter(|line| line.contains(" = ")).flat_map(|line| [&line[2..], "\n"]).collect();
        let folder = TempDir::new().expect("a folder");
        let mut config = Config::new();
        config.load(write(&folder, "defaults.toml", &uncommented)).expect("defaults");
        assert_eq!(config.dump(), dump);
    }
}

mod certificates {
    use super::*;

    #[test]
    fn come_from_files_folders_patterns_and_memory() {
        let two =
            format!("Some CA\n{}between\r\n{}after", pem(&authority(1)), pem(&authority(2)).replace('\n', "\r\n"));
        let folder = folder(&[
            ("two.txt", &two),
            ("all/one.pem", &pem(&authority(1))),
            ("all/2.CRT", &pem(&authority(2))),
            ("all/1a2b3c4d.0", &pem(&authority(3))),
            ("all/README", "no certificate"),
            ("all/below/four.pem", "not looked at"),
        ]);
        fs::write(folder.path().join("all/four.der"), authority(4)).expect("DER");
        fs::write(folder.path().join("pair.der"), [authority(5), authority(6)].concat()).expect("DER");
        let count = |source: &str| {
            let mut config = Config::new();
            config.set("ca", folder.path().join(source).to_str().expect("a path")).expect(source);
            compile(&config).unwrap_or_else(|error| panic!("{source}: {error}")).ca_names().len()
        };
        assert_eq!(count("two.txt"), 2);
        assert_eq!(count("all"), 4);
        assert_eq!(count("all/"), 4);
        assert_eq!(count("all/*.[pd]e[mr]"), 2);
        assert_eq!(count("a?l"), 4);
        assert_eq!(count("pair.der"), 2);

        let mut config = Config::new();
        config.set_bytes("ca", two.as_bytes()).expect("PEM");
        config.set_bytes("ssl_client_certificate", &[authority(5), authority(6)].concat()).expect("DER");
        config.set("ca", &pem(&authority(7))).expect("PEM as text");
        assert_eq!(compile(&config).expect("a policy").ca_names().len(), 5);
    }

    #[test]
    fn a_file_with_brackets_in_its_name_is_no_pattern() {
        let folder = folder(&[("a[1].pem", &pem(&authority(1)))]);
        assert_eq!(compile_with(&folder.path().join("a[1].pem")).expect("a policy").ca_names().len(), 1);
    }

    #[test]
    fn what_cannot_be_used_is_an_error_that_says_where() {
        let good = pem(&authority(1));
        let der = authority(1);
        let key = Key::p256(1).secret_pem();
        let cut = &good[..good.len() / 2];
        let no_certificate = pem(&der[..der.len() - 1]);
        let folder = folder(&[
            ("empty.pem", ""),
            ("text.pem", "no PEM at all\n"),
            ("key.pem", &key),
            ("both.pem", &format!("{good}{key}")),
            ("cut.pem", cut),
            ("second-cut.pem", &format!("{good}{cut}")),
            ("base64.pem", &good.replacen("MI", "M!", 1)),
            ("inside.pem", &no_certificate),
            ("request.pem", &armor("CERTIFICATE REQUEST", &der)),
            ("trusted.pem", &armor("TRUSTED CERTIFICATE", &der)),
            ("none/notes.txt", "nothing"),
            ("bad/good.pem", &good),
            ("bad/bad.pem", "nothing"),
            ("sub.pem/x", "a folder of that name"),
        ]);
        fs::write(folder.path().join("cut.der"), &der[..der.len() - 1]).expect("DER");
        fs::write(folder.path().join("trailing.der"), [&der[..], b"\0"].concat()).expect("DER");
        fs::write(folder.path().join("second.der"), [&der[..], &der[..90]].concat()).expect("DER");
        fs::write(folder.path().join("key.der"), secret_der()).expect("DER");
        for (source, status, words) in [
            ("missing.pem", Status::Io, "No such file"),
            ("*.none", Status::NoCertificate, "no file matches it"),
            ("none", Status::NoCertificate, "*.pem"),
            ("sub.pem", Status::NoCertificate, "*.pem"),
            ("bad", Status::NoCertificate, "bad.pem holds no certificate"),
            ("empty.pem", Status::NoCertificate, "it is empty"),
            ("text.pem", Status::NoCertificate, "neither PEM nor DER"),
            ("request.pem", Status::NoCertificate, "only other PEM blocks"),
            ("key.pem", Status::Malformed, "key.pem:1: is a private key"),
            ("both.pem", Status::Malformed, "is a private key"),
            ("cut.pem", Status::Malformed, "cut.pem:1: "),
            ("second-cut.pem", Status::Malformed, &format!("second-cut.pem:{}: ", good.lines().count() + 1)),
            ("base64.pem", Status::Malformed, "base64.pem:2: "),
            ("inside.pem", Status::Malformed, "inside.pem:1: "),
            ("trusted.pem", Status::Malformed, "trust settings"),
            ("cut.der", Status::Malformed, "cut.der, certificate 1: "),
            ("trailing.der", Status::Malformed, "trailing.der, certificate 2: "),
            ("second.der", Status::Malformed, "second.der, certificate 2: "),
            ("key.der", Status::Malformed, "private key"),
        ] {
            let error = compile_with(&folder.path().join(source)).expect_err(source);
            assert_eq!(error.status(), status, "{source}: {error}");
            assert!(
                error.to_string().contains("option 'ca'") && error.to_string().contains(words),
                "{source}: {error}"
            );
        }
    }

    #[test]
    fn bytes_are_checked_at_once() {
        let (der, key) = (authority(1), Key::p256(1).secret_pem());
        for (bytes, status) in [
            (&b""[..], Status::NoCertificate),
            (b"no certificate", Status::NoCertificate),
            (key.as_bytes(), Status::Malformed),
            (&der[..der.len() - 1], Status::Malformed),
            (&[0x30; 64], Status::Malformed),
        ] {
            assert_eq!(Config::new().set_bytes("ca", bytes).expect_err("unusable").status(), status);
        }
        let error = Config::new().set_bytes("depth", b"3").expect_err("no certificates");
        assert_eq!(error.status(), Status::InvalidValue);
        assert_eq!(Config::new().set_bytes("cas", &der).expect_err("no option").status(), Status::UnknownOption);
    }

    #[cfg(unix)]
    #[test]
    fn pipes_and_dangling_links_are_refused_without_waiting() {
        let folder = folder(&[("all/good.pem", &pem(&authority(1)))]);
        std::os::unix::fs::symlink("nowhere", folder.path().join("all/12345678.0")).expect("a link");
        assert_eq!(compile_with(&folder.path().join("all")).expect_err("a link to nothing").status(), Status::Io);
        let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe")).status();
        assert!(made.is_ok_and(|status| status.success()), "mkfifo");
        let error = compile_with(&folder.path().join("pipe")).expect_err("a pipe");
        assert!(error.to_string().contains("neither a file nor a folder"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_beside_its_file_is_no_duplicate() {
        let folder = folder(&[("good.pem", &pem(&authority(1)))]);
        std::os::unix::fs::symlink("good.pem", folder.path().join("1a2b3c4d.0")).expect("a link");
        assert_eq!(kinds(&compile_with(folder.path()).expect("a policy")), []);

        let expired = template(2).valid("100101000000Z", "200101000000Z").sign(&Key::ed25519(2));
        let path = write(&folder, "old.pem", &pem(&expired));
        std::os::unix::fs::symlink("old.pem", folder.path().join("00000000.0")).expect("a link");
        let policy = compile_with(folder.path()).expect("a policy");
        assert_eq!(policy.warnings()[0].place.as_deref(), Some(&*format!("{}:1", path.display())), "not the hash");
    }

    fn secret_der() -> Vec<u8> {
        // A PKCS #8 private key: version, algorithm, key.
        let algorithm = support::der::sequence(&[support::der::oid("1.3.101.112")]);
        let key = support::der::tlv(support::der::OCTET_STRING, &[7; 200]);
        support::der::sequence(&[support::der::integer(0), algorithm, key])
    }
}

mod anchors {
    use super::*;

    #[test]
    fn duplicates_are_dropped_with_a_warning() {
        let policy = pinned(&[authority(1), authority(2), authority(1), authority(1)], &[]).expect("a policy");
        assert_eq!(policy.ca_names().len(), 2);
        assert_eq!(kinds(&policy), [WarningKind::AnchorDuplicate]);
        assert!(policy.warnings()[0].to_string().contains("certificate 3: is pinned already, as are 1 more"));
    }

    #[test]
    fn validity_is_a_warning_that_names_the_ca() {
        let expired = template(1).valid("100101000000Z", "200101000000Z").sign(&Key::ed25519(1));
        let future = template(2).valid("350101000000Z", "400101000000Z").sign(&Key::ed25519(2));
        let soon = template(3).valid("200101000000Z", "260620000000Z").sign(&Key::ed25519(3));
        let policy = pinned(&[expired.clone(), future, soon, authority(4)], &[]).expect("a policy");
        let expected = [WarningKind::AnchorExpired, WarningKind::AnchorNotYetValid, WarningKind::AnchorExpiresSoon];
        assert_eq!(kinds(&policy), expected);
        for (warning, name) in policy.warnings().iter().zip(["CN=CA 1", "CN=CA 2", "CN=CA 3"]) {
            assert!(warning.text.ends_with(name) && warning.text.contains("T00:00:00Z"), "{warning}");
        }
        let alone = pinned(&[expired], &[]).expect("a verification refuses by it, so loading warns");
        assert_eq!(kinds(&alone), [WarningKind::AnchorExpired]);
    }

    #[test]
    fn the_skew_counts_for_them_too() {
        let just = template(1).valid("200101000000Z", "260531235959Z").sign(&Key::ed25519(1));
        assert_eq!(kinds(&pinned(from_ref(&just), &[]).expect("a policy")), [WarningKind::AnchorExpired]);
        let lenient = pinned(&[just], &[("time_skew", "60")]).expect("a policy");
        assert_eq!(kinds(&lenient), [WarningKind::AnchorExpiresSoon]);
    }

    #[test]
    fn what_is_no_ca_can_only_be_the_client_itself() {
        let key = Key::ed25519(1);
        let client = Template::client("CA", "client", &key).sign(&key);
        let plain = Template::new("plain", "plain", &key).sign(&key);
        let no_sign = template(2).with(extension::key_usage(&[extension::DIGITAL_SIGNATURE])).sign(&key);
        for der in [client, plain, no_sign] {
            let policy = pinned(from_ref(&der), &[]).expect("a policy");
            assert_eq!(kinds(&policy), [WarningKind::AnchorNotCa]);
            let error = pinned(&[der], &[("accept_pinned_leaf", "false")]).expect_err("of no use");
            assert_eq!(error.status(), Status::UnusableAnchor);
        }
    }

    #[test]
    fn old_roots_are_cas() {
        let key = Key::ed25519(1);
        let mut old = Template::new("old", "old", &key);
        old.version = 1;
        let without_usage = template(2).without(KEY_USAGE).sign(&key);
        assert_eq!(kinds(&pinned(&[old.sign(&key), without_usage], &[]).expect("a policy")), []);
    }

    #[test]
    fn a_ca_for_servers_alone_is_unfit() {
        let servers = template(1).with(extension::extended_key_usage(&[extension::SERVER_AUTH])).sign(&Key::ed25519(1));
        assert_eq!(kinds(&pinned(from_ref(&servers), &[]).expect("a policy")), [WarningKind::AnchorUnfit]);
        assert_eq!(kinds(&pinned(&[servers], &[("eku", "client_or_server_auth")]).expect("a policy")), []);
    }

    #[test]
    fn a_crowd_larger_than_is_tried_is_a_warning() {
        let crowd: Vec<Vec<u8>> = (0..4)
            .map(|number| {
                let mut template = template(1).without(extension::SUBJECT_KEY_IDENTIFIER);
                template.serial = vec![number + 1];
                template.sign(&Key::ed25519(number))
            })
            .collect();
        assert_eq!(kinds(&pinned(&crowd, &[("max_anchor_candidates", "4")]).expect("a policy")), []);
        let policy = pinned(&crowd, &[("max_anchor_candidates", "3")]).expect("a policy");
        assert_eq!(kinds(&policy), [WarningKind::AnchorCrowd]);
        assert_eq!(policy.ca_names().len(), 1, "one name");
    }

    #[test]
    fn names_too_large_for_a_request_are_not_sent() {
        let long = "x".repeat(60_000);
        let key = Key::ed25519(1);
        let large: Vec<Vec<u8>> =
            ["a", "b"].map(|tail| Template::authority("CA", &format!("{long}{tail}"), &key).sign(&key)).to_vec();
        assert_eq!(pinned(&large[..1], &[]).expect("a policy").ca_names().len(), 1);
        let policy = pinned(&large, &[]).expect("a policy");
        assert_eq!((policy.ca_names().len(), kinds(&policy)), (0, vec![WarningKind::HintsTooLarge]));
        let silent = pinned(&large, &[("ca_hints", "none")]).expect("a policy");
        assert_eq!((silent.ca_names().len(), kinds(&silent)), (0, vec![]));
    }

    #[test]
    fn ten_thousand_are_all_taken() {
        let template = Template::authority("CA 10000", "CA 10000", &Key::ed25519(1)).sign(&Key::ed25519(1));
        let text: String =
            (10_000..20_000).map(|number| pem(&renamed(&template, "CA 10000", &format!("CA {number}")))).collect();
        let mut config = Config::new();
        config.set_bytes("ca", text.as_bytes()).expect("PEM");
        let policy = compile(&config).expect("a policy");
        assert_eq!(policy.warnings().len(), 1, "their names are too large for a request");
        config.set("ca_hints", "none").expect("none");
        assert_eq!(kinds(&compile(&config).expect("a policy")), []);
    }

    /// Replaces a text by another of the same length. Nobody looks at a pinned certificate's own signature.
    fn renamed(der: &[u8], from: &str, to: &str) -> Vec<u8> {
        let mut der = der.to_vec();
        let starts: Vec<usize> =
            (0..der.len() - from.len()).filter(|start| der[*start..].starts_with(from.as_bytes())).collect();
        assert_eq!((starts.len(), from.len()), (2, to.len()));
        for start in starts {
            der[start..start + to.len()].copy_from_slice(to.as_bytes());
        }
        der
    }
}

mod compiling {
    use super::*;

    #[test]
    fn a_mode_that_verifies_needs_something_to_trust() {
        for mode in ["optional", "optional_no_ca", "require", "deferred"] {
            let error = compile(&set(&[("mode", mode)])).expect_err(mode);
            assert_eq!(error.status(), Status::InvalidConfig);
            assert!(error.to_string().contains("'ca'") && error.to_string().contains(mode), "{error}");
        }
        assert_eq!(compile(&Config::new()).expect_err("the default").status(), Status::InvalidConfig);
        for mode in ["off", "request_any", "require_any"] {
            assert_eq!(compile(&set(&[("mode", mode)])).expect(mode).mode().name(), mode);
        }
    }

    #[test]
    fn keys_need_a_registry() {
        for trust in ["key", "ca+key", "ca|key"] {
            let error = compile(&with_ca(&[("trust", trust)])).expect_err(trust);
            assert_eq!(error.status(), Status::InvalidConfig);
            assert!(error.to_string().contains("'registry' is not set"), "{error}");
        }
    }

    #[test]
    fn the_default_of_tolerate_depends_on_the_mode() {
        let tolerated = |settings: &[(&str, &str)]| -> Vec<Code> {
            let policy = compile(&with_ca(settings)).expect("a policy");
            Code::all().filter(|code| policy.tolerates(*code)).collect()
        };
        let without_ca = [
            Code::IssuerUnknown,
            Code::LeafIssuerUnknown,
            Code::SelfSigned,
            Code::SelfSignedInChain,
            Code::SearchExhausted,
            Code::KeyNotRegistered,
        ];
        assert_eq!(tolerated(&[("mode", "optional_no_ca")]), without_ca);
        assert_eq!(tolerated(&[("mode", "optional_no_ca"), ("tolerate", "none")]), []);
        for mode in ["optional", "require", "deferred"] {
            assert_eq!(tolerated(&[("mode", mode)]), []);
            assert_eq!(tolerated(&[("mode", mode), ("crt-ignore-err", "10")]), [Code::CertificateExpired]);
        }
        assert!(tolerated(&[("tolerate", "all")]).iter().all(|code| code.is_tolerable()));
    }

    #[test]
    fn what_fails_open_or_is_weak_is_a_warning() {
        for (name, value, kind) in [
            ("mode", "optional_no_ca", WarningKind::Unverified),
            ("tolerate", "certificate_expired", WarningKind::ToleratesMuch),
            ("eku", "any", WarningKind::AnyPurpose),
            ("min_rsa_bits", "1024", WarningKind::Weak),
            ("min_ec_bits", "224", WarningKind::Weak),
            ("sha1", "allow", WarningKind::Weak),
            ("second_opinion", "off", WarningKind::SecondOpinionOff),
        ] {
            let policy = compile(&with_ca(&[(name, value)])).expect(value);
            assert_eq!(kinds(&policy), [kind], "{name}");
            assert_eq!(policy.warnings()[0].option, name);
        }
        let both = [WarningKind::Unverified, WarningKind::NoEffect];
        assert_eq!(kinds(&compile(&with_ca(&[("mode", "request_any")])).expect("a policy")), both);
        assert_eq!(kinds(&compile(&with_ca(&[])).expect("a policy")), []);
    }

    #[test]
    fn the_identity_is_of_what_decides() {
        let identity = |settings: &[(&str, &str)]| *compile(&with_ca(settings)).expect("a policy").identity();
        let plain = identity(&[]);
        // It is no choice without CRLs.
        for option in options().iter().filter(|option| option.name != "crl_check") {
            let other = match &option.kind {
                Kind::WordOrNumber { .. } => "7".to_string(),
                Kind::Choice { words, .. } if option.name != "trust" => words
                    .iter()
                    .map(|word| word.name)
                    .find(|word| *word != option.default)
                    .expect("another")
                    .to_string(),
                Kind::Boolean => (option.default != "true").to_string(),
                Kind::Number { minimum, maximum, .. } if option.default == maximum.to_string() => minimum.to_string(),
                Kind::Number { maximum, .. } => maximum.to_string(),
                Kind::Purposes(_) => "any".to_string(),
                Kind::Reasons => "self_signed".to_string(),
                _ => continue,
            };
            let changed = identity(&[(option.name, &other)]) != plain;
            assert_eq!(changed, option.decides, "{} = {other}", option.name);
            assert_eq!(identity(&[(option.name, option.default)]), plain, "{}", option.name);
        }
        let of = |certificates: &[Vec<u8>]| *pinned(certificates, &[]).expect("a policy").identity();
        assert_eq!(of(&[authority(1), authority(2)]), of(&[authority(2), authority(1), authority(2)]));
        assert_ne!(of(&[authority(1), authority(2)]), of(&[authority(1)]));
    }

    #[test]
    fn an_identity_is_the_digest_that_is_documented() {
        let policy = compile(&set(&[("mode", "off")])).expect("a policy");
        let mut decisive: Vec<&OptionInfo> = options().iter().filter(|option| option.decides).collect();
        decisive.sort_by_key(|option| option.name);
        let field = |bytes: &[u8]| [&(bytes.len() as u64).to_be_bytes(), bytes].concat();
        let mut fields = field(b"clientcert policy 1");
        fields.extend((decisive.len() as u64).to_be_bytes());
        for option in decisive {
            let value = match option.name {
                "mode" => "off",
                "tolerate" => "",
                _ => option.default,
            };
            fields.extend([field(option.name.as_bytes()), field(value.as_bytes())].concat());
        }
        fields.extend(0u64.to_be_bytes());
        assert_eq!(&policy.identity()[..], sha256(&fields));
    }

    fn sha256(bytes: &[u8]) -> Vec<u8> {
        let suite = rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
        let suite = suite.tls13().expect("a suite of TLS 1.3");
        suite.common.hash_provider.hash(bytes).as_ref().to_vec()
    }

    #[test]
    fn epochs_are_never_used_twice() {
        let config = with_ca(&[]);
        let epochs: Vec<u64> = (0..100).map(|_| compile(&config).expect("a policy").epoch()).collect();
        assert!(epochs.is_sorted_by(|a, b| a < b));
    }
}

#[test]
fn the_documentation_is_that_of_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/options.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("docs");
        fs::write(&path, reference()).expect("docs/options.md");
    }
    let written = fs::read_to_string(&path).expect("docs/options.md");
    assert!(written == reference(), "docs/options.md is stale: run UPDATE_DOCS=1 cargo test --test options");
    for option in options() {
        assert!(written.contains(&format!("\n## {}\n", option.name)), "{}", option.name);
        assert!(!option.type_text().is_empty() && !option.help.is_empty());
    }
}

fn template(number: u8) -> Template {
    let name = format!("CA {number}");
    Template::authority(&name, &name, &Key::ed25519(number))
}

fn authority(number: u8) -> Vec<u8> {
    template(number).sign(&Key::ed25519(number))
}

fn set(settings: &[(&str, &str)]) -> Config {
    let mut config = Config::new();
    for (name, value) in settings {
        config.set(name, value).expect(name);
    }
    config
}

fn with_ca(settings: &[(&str, &str)]) -> Config {
    let mut config = set(settings);
    config.set_bytes("ca", &authority(1)).expect("a CA");
    config
}

fn pinned(certificates: &[Vec<u8>], settings: &[(&str, &str)]) -> Result<Policy, Error> {
    let mut config = set(settings);
    config.set_bytes("ca", &certificates.concat()).expect("certificates");
    compile(&config)
}

fn compile(config: &Config) -> Result<Policy, Error> {
    Policy::compile_at(config, NOW)
}

fn compile_with(path: &Path) -> Result<Policy, Error> {
    compile(&set(&[("ca", path.to_str().expect("a path"))]))
}

fn kinds(policy: &Policy) -> Vec<WarningKind> {
    policy.warnings().iter().map(|warning| warning.kind).collect()
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (name, text) in files {
        write(&folder, name, text);
    }
    folder
}

fn write(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    fs::write(&path, text).expect("a file");
    path
}
