//! Who may say which certificate a client presented.

use clientcert::forwarded::{Dialect, Peer};
use clientcert::verify::Code;
use clientcert::{Outcome, Verdict, Verifier};

use crate::client::{CLIENT, Header, assert_absent, assert_is, assert_refused, base64, detail, verifier_with};
use crate::support::NOW;

fn from(verifier: &Verifier, peer: &str, headers: &[Header<'_>]) -> std::sync::Arc<Verdict> {
    verifier.verify_forwarded(Dialect::Rfc9440, &Peer::parse(peer), headers.iter().copied(), NOW)
}

fn field() -> String {
    format!(":{}:", base64(&CLIENT.direct))
}

#[test]
fn headers_from_anyone_else_are_an_attack() {
    let field = field();
    let headers = [("Client-Cert", field.as_bytes())];
    let verifier = verifier_with(&[("trusted_proxies", "10.0.0.0/8, 2001:db8::/32, unix")]);
    for peer in ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::7", "unix", "192.0.2.1"] {
        assert_is(&from(&verifier, peer, &headers), &CLIENT.direct);
    }
    for peer in ["11.0.0.1", "::1", "127.0.0.1", "192.0.2.2", "", "unknown", "10.1.2.3:443", "fe80::1%lo"] {
        assert_refused(&from(&verifier, peer, &headers), Code::UntrustedProxy);
    }
}

#[test]
fn nobody_is_trusted_unless_named() {
    let mut config = clientcert::Config::new();
    config.set("mode", "optional").unwrap();
    config.set_bytes("ca", &CLIENT.root).unwrap();
    let verifier = Verifier::new(&config).unwrap();
    let field = field();
    for peer in ["127.0.0.1", "::1", "unix", "192.0.2.1", ""] {
        assert_refused(&from(&verifier, peer, &[("Client-Cert", field.as_bytes())]), Code::UntrustedProxy);
        assert_absent(&from(&verifier, peer, &[]));
    }
}

#[test]
fn whatever_is_in_them() {
    let verifier = verifier_with(&[]);
    for value in [&b""[..], b"nonsense", b"\0\r\n"] {
        assert_refused(&from(&verifier, "192.0.2.2", &[("client_CERT", value)]), Code::UntrustedProxy);
        assert_refused(&from(&verifier, "192.0.2.2", &[("Client-Cert-Chain", value)]), Code::UntrustedProxy);
    }
}

#[test]
fn other_headers_concern_nobody() {
    let verifier = verifier_with(&[]);
    let headers: [Header<'_>; 3] =
        [("Host", b"example.com"), ("X-SSL-Client-Cert", b"x"), ("Client-Certificate", b"x")];
    for peer in ["192.0.2.1", "192.0.2.2", ""] {
        assert_absent(&from(&verifier, peer, &headers));
        assert_absent(&from(&verifier, peer, &[]));
    }
}

#[test]
fn absence_is_judged_by_the_mode() {
    let verifier = verifier_with(&[("mode", "require")]);
    let verdict = from(&verifier, "192.0.2.1", &[]);
    assert_eq!(verdict.outcome(), Outcome::None);
    assert!(!verdict.accepted());
}

#[test]
fn an_attack_is_never_tolerated() {
    for code in ["untrusted_proxy", "forwarded_malformed", "forwarded_incomplete"] {
        let error = clientcert::Config::new().set("tolerate", code).unwrap_err();
        assert!(error.to_string().contains(code), "{error}");
    }
    let verifier = verifier_with(&[("mode", "optional_no_ca"), ("tolerate", "all")]);
    let field = field();
    let verdict = from(&verifier, "192.0.2.2", &[("Client-Cert", field.as_bytes())]);
    assert_refused(&verdict, Code::UntrustedProxy);
    assert_eq!(detail(&verdict), "Client-Cert");
    assert_eq!(verdict.certificate_count(), 0);
}

#[test]
fn who_is_trusted_is_a_part_of_the_policy() {
    let identity = |options: &[(&str, &str)]| *verifier_with(options).policy().identity();
    assert_ne!(identity(&[]), identity(&[("trusted_proxies", "10.0.0.0/8")]));
    assert_ne!(identity(&[]), identity(&[("forwarded_verification", "proxy")]));
    let (one, other) =
        ([("trusted_proxies", "::1,10.0.0.0/8")], [("trusted_proxies", "10.0.0.0/8"), ("trusted_proxies", "::1")]);
    assert_eq!(identity(&one), identity(&other));
}

/// The same bytes have the same verdict, wherever they come from: it is remembered once.
#[test]
fn a_verdict_says_nothing_of_its_connection() {
    let verifier = verifier_with(&[]);
    let direct = verifier.verify_at(&CLIENT.direct, NOW);
    let field = field();
    let forwarded = from(&verifier, "192.0.2.1", &[("Client-Cert", field.as_bytes())]);
    assert!(std::sync::Arc::ptr_eq(&direct, &forwarded));
    assert_eq!(forwarded.get("verified_by"), Some(&b"own"[..]));
}

#[test]
fn proxies_add_up_and_survive_a_file() {
    let mut config = clientcert::Config::new();
    config.set("trusted_proxies", "unix, 10.0.0.0/8").unwrap();
    config.set("trusted-proxies", "::ffff:192.0.2.0/120,10.0.0.0/8").unwrap();
    let dump = config.dump();
    assert!(dump.contains("\ntrusted_proxies = [\"10.0.0.0/8\", \"192.0.2.0/24\", \"unix\"]\n"), "{dump}");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &dump).unwrap();
    let mut loaded = clientcert::Config::new();
    loaded.load(file.path()).unwrap();
    assert_eq!(loaded.dump(), dump);
    assert!(config.set_bytes("trusted_proxies", &[10, 0, 0, 1]).is_err());
    assert_eq!(config.dump(), dump);
}
