//! What a decision rests on: the policy in force, the verdict as it is now, and the words of the answer.
//!
//! `tests/decision/` has the whole table of what is decided when.

mod support;

use std::fs;
use std::sync::Arc;

use clientcert::certificate::OwnedCertificate;
use clientcert::registry::RegisteredKey;
use clientcert::request::{
    Action, Cause, Decision, Format, HttpVersion, Late, MinimumStrength, OtherLogin, Request, Requirement,
};
use clientcert::verify::TlsVersion;
use clientcert::{Config, Outcome, Verdict, Verifier};
use serde_json::Value;
use support::crl::{List, Revoked};
use support::{Key, NOW, Template, crl};
use tempfile::TempDir;

fn authority(name: &str) -> Vec<u8> {
    Template::authority(name, name, &Key::ed25519(1)).sign(&Key::ed25519(1))
}

fn client(name: &str) -> Vec<u8> {
    Template::client("Corp CA", name, &Key::ed25519(2)).sign(&Key::ed25519(1))
}

fn config(mode: &str, options: &[(&str, &str)]) -> Config {
    let mut config = Config::new();
    config.set("mode", mode).expect(mode);
    config.set_bytes("ca", &authority("Corp CA")).expect("a CA");
    for (name, value) in options {
        config.set(name, value).expect(name);
    }
    config
}

fn verifier(mode: &str, options: &[(&str, &str)]) -> Verifier {
    Verifier::new(&config(mode, &[&[("identity", "subject.cn")], options].concat())).expect("a verifier")
}

/// A usual request: HTTP/1.1 over TLS 1.3, whose place requires a user.
fn request() -> Request<'static> {
    Request {
        tls: 0x0304,
        http: HttpVersion::Http1_1,
        method: "GET",
        server_name: Some("www.example.com"),
        authority: Some("www.example.com"),
        target: Some("/"),
        handshake_time: Some(NOW - 10),
        ..Request::default()
    }
}

fn public() -> Request<'static> {
    Request { requirement: Requirement::None, ..request() }
}

fn says(decision: &Decision) -> (Action, Option<u16>, Option<&'static str>) {
    (decision.action(), decision.status(), decision.cause().map(Cause::name))
}

fn header<'d>(decision: &'d Decision, name: &str) -> Vec<&'d str> {
    decision.headers().filter(|(known, _)| *known == name).map(|(_, value)| value).collect()
}

fn alice(verifier: &Verifier) -> Arc<Verdict> {
    let verdict = verifier.verify_at(&client("alice"), NOW);
    assert!(verdict.verified(), "{:?}", verdict.reasons());
    verdict
}

#[test]
fn an_allowed_request_costs_no_allocation() {
    let verifier = verifier("optional", &[]);
    let verdict = alice(&verifier);
    let users = ["bob", "alice"];
    let identity = verifier.decide(&verdict, &request(), NOW).identity().to_owned();
    let again = Request { users: &users, maximum_age: Some(60), identity_before: Some(&identity), ..request() };
    let used = allocation_counter::measure(|| {
        for _ in 0..100 {
            assert_eq!(verifier.decide(&verdict, &again, NOW).action(), Action::Allow);
        }
    });
    assert_eq!(used.count_total, 0);
}

mod verdicts {
    use super::*;

    #[test]
    fn of_an_earlier_policy_are_verified_again_and_never_misdirected() {
        let folder = TempDir::new().expect("a folder");
        let list = folder.path().join("list.crl");
        let write = |number, list_of: List| {
            fs::write(&list, list_of.with(crl::crl_number(number)).sign(&Key::ed25519(1))).expect("a CRL");
        };
        write(1, List::new("Corp CA"));
        let verifier = verifier("optional", &[("crl", list.to_str().expect("a path"))]);
        let verdict = alice(&verifier);
        let stranger = Template::client("Other CA", "eve", &Key::ed25519(2)).sign(&Key::ed25519(3));
        let (refused, nobody) = (verifier.verify_at(&stranger, NOW), verifier.verify_at(&[], NOW));
        verifier.reload().expect("the same files");
        let reused = Request { reused: true, ..request() };
        let decision = verifier.decide(&verdict, &reused, NOW);
        assert_eq!(says(&decision), (Action::Allow, None, None));
        assert!(!Arc::ptr_eq(decision.verdict(), &verdict), "the policy is another");
        assert_eq!(says(&verifier.decide(&refused, &reused, NOW)).2, Some("leaf_issuer_unknown"));
        assert_eq!(says(&verifier.decide(&nobody, &reused, NOW)).2, Some("certificate_required"));

        write(2, List::new("Corp CA").revoke(Revoked::new(&[1])));
        verifier.reload().expect("a newer CRL");
        let decision = verifier.decide(&verdict, &public(), NOW);
        assert_eq!(says(&decision), (Action::Reauthenticate, Some(403), Some("certificate_revoked")));
        assert!(decision.closes() && !decision.session_cacheable());
        assert_eq!(header(&decision, "Connection"), ["close"]);
    }

    #[test]
    fn end_with_the_certificate() {
        let verifier = verifier("optional", &[]);
        let verdict = alice(&verifier);
        let late = verdict.valid_until() + 1;
        let fresh = Request { handshake_time: Some(late), ..request() };
        let decision = verifier.decide(&verdict, &fresh, late);
        assert_eq!(says(&decision), (Action::Reauthenticate, Some(403), Some("certificate_expired")));
    }

    #[test]
    fn of_another_policy_are_misdirected_and_of_an_equal_one_are_not() {
        let (here, equal) =
            (verifier("optional", &[]), verifier("optional", &[("preflight", "pass"), ("cache_size", "7")]));
        let other = verifier("optional", &[("depth", "3")]);
        let allowed = equal.decide(&alice(&here), &request(), NOW);
        assert_eq!(says(&allowed), (Action::Allow, None, None));
        let again = equal.recheck(allowed.verdict(), NOW);
        assert!(Arc::ptr_eq(&again, allowed.verdict()), "judged by the policy of its own host");

        let verdict = alice(&here);
        let says_of = |request: &Request<'_>| says(&other.decide(&verdict, request, NOW));
        let once = (Action::Misdirected, Some(421), Some("misdirected"));
        let never = (Action::Forbid, Some(403), Some("misdirected"));
        assert_eq!(says_of(&Request { reused: true, ..request() }), once);
        assert_eq!(says_of(&Request { reused: true, ..public() }), once);
        assert_eq!(says_of(&Request { reused: true, answered_421: true, ..request() }), never);
        assert_eq!(says_of(&request()), never);
        let nobody = here.verify_at(&[], NOW);
        assert_eq!(says(&other.decide(&nobody, &public(), NOW)), never, "a client who was never asked by that policy");
    }

    #[test]
    fn that_are_not_accepted_end_every_request() {
        let verifier = verifier("optional", &[]);
        let answer = verifier.decide(&verifier.verify_at(b"no certificate", NOW), &public(), NOW);
        assert_eq!(says(&answer), (Action::Forbid, Some(403), Some("chain_malformed")));
    }

    #[test]
    fn change_their_identity_only_with_the_client() {
        let verifier = verifier("optional", &[]);
        let (nobody, alice, bob) =
            (verifier.verify_at(&[], NOW), alice(&verifier), verifier.verify_at(&client("bob"), NOW));
        let identity = |verdict: &Arc<Verdict>| verifier.decide(verdict, &public(), NOW).identity().to_owned();
        assert_eq!(identity(&nobody), "");
        let action = |verdict: &Arc<Verdict>, before: &str| {
            let request = Request { identity_before: Some(before), ..public() };
            verifier.decide(verdict, &request, NOW).action()
        };
        assert_eq!(action(&alice, ""), Action::Allow, "a late certificate");
        assert_eq!(action(&alice, &identity(&alice)), Action::Allow);
        assert_eq!(action(&bob, &identity(&alice)), Action::Reauthenticate);
        assert_eq!(action(&nobody, &identity(&alice)), Action::Reauthenticate);
        assert_eq!(action(&alice, "alice"), Action::Reauthenticate);
    }
}

mod answers {
    use super::*;

    #[test]
    fn with_401_always_have_a_challenge() {
        let nobody_of = |verifier: &Verifier| verifier.verify_at(&[], NOW);
        let plain = verifier("require", &[]);
        assert_eq!(says(&plain.decide(&nobody_of(&plain), &request(), NOW)).1, Some(403));
        let own = Request { challenges: &["Basic realm=\"x\"", "evil\r\nX: y", ""], ..request() };
        let decision = plain.decide(&nobody_of(&plain), &own, NOW);
        assert_eq!(says(&decision), (Action::Challenge, Some(401), Some("certificate_required")));
        assert_eq!(header(&decision, "WWW-Authenticate"), ["Basic realm=\"x\""]);
        let only_evil = Request { challenges: &["evil\r\nX: y"], ..request() };
        assert_eq!(says(&plain.decide(&nobody_of(&plain), &only_evil, NOW)).1, Some(403));

        let both = verifier("optional", &[("challenge", "transport,client_certificate")]);
        let decision = both.decide(&nobody_of(&both), &own, NOW);
        let values = header(&decision, "WWW-Authenticate");
        assert_eq!(values[..2], ["Basic realm=\"x\"", "transport mode=\"tls-client-certificate\""]);
        // CN=Corp CA, as DER in base64url.
        assert!(values[2].starts_with("ClientCertificate realm=\"client certificate\", dn=\"M"), "{}", values[2]);
        assert_eq!((values.len(), header(&decision, "Cache-Control")), (3, vec!["no-store"]));
    }

    #[test]
    fn to_another_log_in_let_the_next_connection_ask_anew() {
        let verifier = verifier("optional", &[]);
        let nobody = verifier.verify_at(&[], NOW);
        let redirect = Request { other_login: Some(OtherLogin::Redirect("/login?a=b")), ..request() };
        let decision = verifier.decide(&nobody, &redirect, NOW);
        assert_eq!(says(&decision), (Action::FallBack, Some(302), Some("certificate_required")));
        assert_eq!(header(&decision, "Location"), ["/login?a=b"]);
        assert!(!decision.session_cacheable() && !decision.closes());
        let basic = Request { other_login: Some(OtherLogin::Challenge("Basic realm=\"x\"")), ..request() };
        let decision = verifier.decide(&nobody, &basic, NOW);
        assert_eq!(says(&decision), (Action::FallBack, Some(401), Some("certificate_required")));
        let evil = Request { other_login: Some(OtherLogin::Redirect("/a\r\nX: y")), ..request() };
        assert_eq!(verifier.decide(&nobody, &evil, NOW).action(), Action::Forbid);
    }

    #[test]
    fn log_out_for_good() {
        let verifier = verifier("optional", &[]);
        let verdict = alice(&verifier);
        let ask = Request { log_out: true, other_login: Some(OtherLogin::Redirect("/")), ..request() };
        let decision = verifier.decide(&verdict, &ask, NOW);
        assert_eq!(says(&decision), (Action::LogOut, Some(302), Some("logged_out")));
        assert!(decision.closes() && !decision.session_cacheable());
        assert_eq!(header(&decision, "Clear-Site-Data"), ["\"cache\", \"storage\""]);
        let bare = verifier.decide(&verdict, &Request { log_out: true, ..request() }, NOW);
        assert_eq!(says(&bare), (Action::LogOut, Some(403), Some("logged_out")));

        let after = Request { logged_out: true, ..request() };
        assert_eq!(says(&verifier.decide(&verdict, &after, NOW)), (Action::Forbid, Some(403), Some("logged_out")));
        let page = verifier.decide(&verdict, &Request { logged_out: true, ..public() }, NOW);
        assert_eq!((page.action(), page.verdict().outcome(), page.identity()), (Action::Allow, Outcome::None, ""));
        assert!(!page.session_cacheable());
    }

    #[test]
    fn to_preflights_know_nobody() {
        let origin = "https://app.example.com";
        let preflight = Request {
            method: "OPTIONS",
            origin: Some(origin),
            access_control_request_method: Some("PUT"),
            access_control_request_headers: Some("x-one"),
            ..request()
        };
        let pass = verifier("require", &[("preflight", "pass")]);
        for verdict in [pass.verify_at(&[], NOW), alice(&pass)] {
            let decision = pass.decide(&verdict, &preflight, NOW);
            assert_eq!(says(&decision), (Action::Preflight, None, None));
            assert_eq!((decision.verdict().outcome(), decision.identity()), (Outcome::None, ""));
            assert!(!decision.session_cacheable());
        }
        let answer = verifier("require", &[("preflight", "answer"), ("preflight_origin", origin)]);
        let nobody = answer.verify_at(&[], NOW);
        let decision = answer.decide(&nobody, &preflight, NOW);
        assert_eq!(says(&decision), (Action::Preflight, Some(204), None));
        assert_eq!(header(&decision, "Access-Control-Allow-Origin"), [origin]);
        assert_eq!(header(&decision, "Vary"), ["Origin"]);
        assert_eq!(decision.body(Format::Html).as_deref(), Some(""));
        let elsewhere = Request { origin: Some("https://evil.example"), ..preflight.clone() };
        assert_eq!(
            says(&answer.decide(&nobody, &elsewhere, NOW)),
            (Action::Forbid, Some(403), Some("origin_not_allowed"))
        );
        let refuse = verifier("deferred", &[]);
        let free = Request { requirement: Requirement::None, ..preflight.clone() };
        let decision = refuse.decide(&refuse.verify_at(&[], NOW), &free, NOW);
        assert_eq!((decision.action(), decision.session_cacheable()), (Action::Allow, false));
        let asked = Request { offers_post_handshake_auth: true, ..preflight };
        let decision = refuse.decide(&refuse.verify_at(&[], NOW), &asked, NOW);
        assert_eq!(says(&decision), (Action::Forbid, Some(403), Some("preflight_refused")));
    }

    #[test]
    fn to_a_handshake_are_alerts() {
        let verifier = verifier("require", &[]);
        let nobody = verifier.verify_at(&[], NOW);
        let open = Request { handshake_open: true, ..request() };
        let decision = verifier.decide(&nobody, &open, NOW);
        assert_eq!((decision.alert(TlsVersion::Tls13), decision.alert(TlsVersion::Tls12)), (Some(116), Some(40)));
        assert_eq!(verifier.decide(&nobody, &request(), NOW).alert(TlsVersion::Tls13), None);
        assert_eq!(verifier.decide(&alice(&verifier), &open, NOW).alert(TlsVersion::Tls13), None);
    }

    #[test]
    fn are_recorded_in_one_line() {
        let verifier = verifier("optional", &[]);
        let hostile = "a\r\n{\"action\":\"allow\"}\u{2028}\0";
        let asked =
            Request { method: hostile, authority: Some(hostile), server_name: None, resumed: true, ..request() };
        let line = verifier.decide(&alice(&verifier), &asked, NOW).audit();
        assert!(!line.contains(['\n', '\r', '\0']), "{line}");
        let record: Value = serde_json::from_str(&line).expect("JSON");
        let get = |name: &str| record[name].clone();
        assert_eq!(get("time"), "2026-06-01T00:00:00Z");
        assert_eq!((get("action"), get("outcome"), get("user")), ("allow".into(), "SUCCESS".into(), "alice".into()));
        assert_eq!((get("host"), get("server_name")), (hostile.into(), Value::Null));
        assert_eq!((get("tls"), get("http"), get("resumed")), ("1.3".into(), "1.1".into(), true.into()));
        assert_eq!((get("handshake_age"), get("cause"), get("status")), (10.into(), Value::Null, Value::Null));
        assert_eq!(get("fingerprint_sha256").as_str().map(str::len), Some(64));
        let endless = "a".repeat(100_000);
        let decision = verifier.decide(&alice(&verifier), &Request { authority: Some(&endless), ..request() }, NOW);
        assert!(decision.audit().len() < 2_000);
    }
}

mod requirements {
    use super::*;

    #[test]
    fn are_not_met_by_a_request_that_came_before_the_certificate() {
        let (resend, attribute) = (verifier("deferred", &[]), verifier("deferred", &[("late_request", "attribute")]));
        let early = Request { late: Late::Answered, arrived_before_certificate: true, ..request() };
        let decision = resend.decide(&alice(&resend), &early, NOW);
        assert_eq!(says(&decision), (Action::Resend, Some(307), Some("before_certificate")));
        assert_eq!(header(&decision, "Location"), ["/"]);
        let lost = resend.decide(&alice(&resend), &Request { target: None, ..early.clone() }, NOW);
        assert_eq!(says(&lost), (Action::Forbid, Some(403), Some("before_certificate")));
        let open = Request { requirement: Requirement::None, ..early.clone() };
        let page = resend.decide(&alice(&resend), &open, NOW);
        assert_eq!((page.action(), page.verdict().outcome()), (Action::Allow, Outcome::None));
        let decision = attribute.decide(&alice(&attribute), &early, NOW);
        assert_eq!((decision.action(), decision.verdict().user()), (Action::Allow, Some("alice")));
    }

    #[test]
    fn of_users_are_met_by_users() {
        let loose = Verifier::new(&config("optional", &[])).expect("a verifier");
        let nameless = loose.verify_at(&client("alice"), NOW);
        assert!(nameless.verified() && nameless.user().is_none());
        let requires = |requirement| Request { requirement, ..request() };
        let says_of = |request: &Request<'_>| says(&loose.decide(&nameless, request, NOW));
        assert_eq!(says_of(&requires(Requirement::Verified)).0, Action::Allow);
        assert_eq!(says_of(&requires(Requirement::User)), (Action::Forbid, Some(403), Some("user_missing")));
        // Whoever names users means them.
        let named = Request { users: &["alice"], ..requires(Requirement::Verified) };
        assert_eq!(says_of(&named).2, Some("user_missing"));

        let weak = verifier("optional", &[]);
        let strong = Request { minimum_strength: MinimumStrength::Strong, ..request() };
        assert_eq!(says(&weak.decide(&alice(&weak), &strong, NOW)).2, Some("identity_weak"));
        let key = RegisteredKey::spki_of(&OwnedCertificate::from_der(client("alice")).expect("a certificate").view());
        let mut registered = config("optional", &[("trust", "ca+key")]);
        registered.set_bytes("registry", format!("{key} alice laptop\n").as_bytes()).expect("a registration");
        let registered = Verifier::new(&registered).expect("a verifier");
        assert_eq!(registered.decide(&alice(&registered), &strong, NOW).action(), Action::Allow);
    }

    #[test]
    fn of_an_age_are_met_by_a_known_one() {
        let (at_once, late) = (verifier("optional", &[]), verifier("deferred", &[]));
        let of = |handshake_time| Request { maximum_age: Some(60), handshake_time, ..request() };
        for (time, allowed) in
            [(Some(NOW), true), (Some(NOW - 60), true), (Some(NOW - 61), false), (Some(NOW + 1), false), (None, false)]
        {
            let decision = at_once.decide(&alice(&at_once), &of(time), NOW);
            let expected = if allowed { Action::Allow } else { Action::Reauthenticate };
            assert_eq!(decision.action(), expected, "{time:?}");
        }
        let again = Request { offers_post_handshake_auth: true, late: Late::Answered, ..of(None) };
        assert_eq!(late.decide(&alice(&late), &again, NOW).action(), Action::AskPostHandshake);
        let declined = Request { late: Late::Declined, ..again.clone() };
        assert_eq!(late.decide(&alice(&late), &declined, NOW).action(), Action::Reauthenticate);
        let over = Request { body_read: 131_073, ..again };
        assert_eq!(says(&late.decide(&alice(&late), &over, NOW)).1, Some(413));
    }

    #[test]
    fn are_of_one_host_where_names_are_compared() {
        let verifier = verifier("optional", &[("authority", "name")]);
        let verdict = alice(&verifier);
        let to = |server_name, authority| Request { server_name, authority, reused: true, ..request() };
        let says_of = |request: &Request<'_>| says(&verifier.decide(&verdict, request, NOW));
        assert_eq!(says_of(&to(Some("a.example"), Some("A.example.:443"))).0, Action::Allow);
        assert_eq!(says_of(&to(None, Some("b.example"))).0, Action::Allow, "its own verdict");
        assert_eq!(says_of(&to(Some("a.example"), Some("b.example"))).1, Some(421));
        assert_eq!(
            says_of(&to(Some("a.example"), Some("a b"))),
            (Action::Forbid, Some(400), Some("authority_malformed"))
        );
        assert_eq!(says_of(&to(Some("a.example"), None)).1, Some(400));
        let equal = super::verifier("optional", &[]);
        let foreign = verifier.decide(&alice(&equal), &to(None, Some("b.example")), NOW);
        assert_eq!(foreign.status(), Some(421), "no name, and the verdict of another verifier");
    }
}
