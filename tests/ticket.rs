//! A host that cannot ask for a certificate sends the browser to one that can, and gets the identity back by a ticket.

mod support;

use std::sync::{Arc, LazyLock};

use clientcert::request::{Action, Decision, HttpVersion, NONCE_COOKIE, Redeemed, Request, Requirement};
use clientcert::verify::Code;
use clientcert::{Config, Error, Outcome, Verdict, Verifier};
use proptest::prelude::*;
use support::{Key, NOW, Template};

const HOST: &str = "www.example.com";
const KEY: &str = "hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn authority() -> Vec<u8> {
    Template::authority("Corp CA", "Corp CA", &Key::ed25519(1)).sign(&Key::ed25519(1))
}

fn client(name: &str) -> Vec<u8> {
    Template::client("Corp CA", name, &Key::ed25519(2)).sign(&Key::ed25519(1))
}

fn verifier(mode: &str, options: &[(&str, &str)]) -> Verifier {
    let mut config = Config::new();
    config.set("mode", mode).expect(mode);
    config.set_bytes("ca", &authority()).expect("a CA");
    for (name, value) in options {
        config.set(name, value).expect(name);
    }
    Verifier::new(&config).expect("a verifier")
}

/// The host that cannot ask, and the one that asks in its handshake.
fn hosts(options: &[(&str, &str)]) -> (Verifier, Verifier) {
    let asking: Vec<_> = [("certificate_host", "cert.example.com")].iter().chain(options).copied().collect();
    (verifier("deferred", &asking), verifier("require", options))
}

/// What a client without a certificate is told over TLS 1.3 without post-handshake authentication.
fn ask(asking: &Verifier, target: &str, nonce: Option<&str>, now: i64) -> Decision {
    let request = Request {
        requirement: Requirement::User,
        tls: 0x0304,
        http: HttpVersion::Http2,
        method: "GET",
        server_name: Some(HOST),
        authority: Some(HOST),
        virtual_host: Some(HOST),
        target: Some(target),
        nonce,
        ..Request::default()
    };
    let decision = asking.decide(&asking.verify(&[]), &request, now);
    assert_eq!(decision.action(), Action::AskElsewhere);
    decision
}

fn header<'d>(decision: &'d Decision, name: &str) -> Option<&'d str> {
    decision.headers().find(|(known, _)| *known == name).map(|(_, value)| value)
}

fn parameter<'u>(url: &'u str, name: &str) -> &'u str {
    let (_, value) = url.split_once(&format!("{name}=")).unwrap_or_else(|| panic!("no {name} in {url}"));
    value
}

/// The whole way: question, answer, and what the browser comes back with: the URL, and the nonce in its cookie.
fn way(asking: &Verifier, asked: &Verifier, target: &str) -> (String, String) {
    let decision = ask(asking, target, None, NOW);
    let cookie = header(&decision, "Set-Cookie").expect("a cookie");
    let nonce =
        cookie.strip_prefix(&format!("{NONCE_COOKIE}=")).and_then(|rest| rest.split(';').next()).expect("a nonce");
    let question = parameter(header(&decision, "Location").expect("a URL"), "clientcert_question");
    let verdict = asked.verify_at(&client("alice"), NOW);
    let back = asked.answer_question(&verdict, question, NOW - 7, NOW).expect("an answer");
    (back, nonce.to_owned())
}

fn refused(redeemed: &Redeemed, code: Code) {
    assert_eq!(redeemed.verdict.outcome(), Outcome::Failed);
    assert!(!redeemed.verdict.accepted());
    assert_eq!(redeemed.verdict.primary().map(|reason| reason.code), Some(code));
    assert_eq!(redeemed.handshake_time, None);
}

fn subject(verdict: &Arc<Verdict>) -> Option<&[u8]> {
    verdict.get("ssl_client_s_dn")
}

#[test]
fn an_identity_comes_back_once_to_the_browser_that_left() {
    let (asking, asked) = hosts(&[]);
    let (back, nonce) = way(&asking, &asked, "/private?page=2");
    assert!(back.starts_with("https://www.example.com/private?page=2&clientcert_ticket="), "{back}");
    let ticket = parameter(&back, "clientcert_ticket");
    refused(&asking.redeem_ticket(ticket, HOST, "another-browsers-nonce-00", NOW), Code::TicketInvalid);
    refused(&asking.redeem_ticket(ticket, HOST, "", NOW), Code::TicketInvalid);
    refused(&asking.redeem_ticket(ticket, "other.example.com", &nonce, NOW), Code::TicketInvalid);
    let redeemed = asking.redeem_ticket(ticket, "WWW.example.com", &nonce, NOW + 1);
    assert!(redeemed.verdict.verified());
    assert_eq!(subject(&redeemed.verdict), Some(&b"CN=alice"[..]));
    assert_eq!(redeemed.handshake_time, Some(NOW - 7));
    refused(&asking.redeem_ticket(ticket, HOST, &nonce, NOW + 1), Code::TicketUsed);
}

#[test]
fn a_ticket_is_soon_too_old() {
    let (asking, asked) = hosts(&[]);
    let (back, nonce) = way(&asking, &asked, "/");
    let ticket = parameter(&back, "clientcert_ticket");
    refused(&asking.redeem_ticket(ticket, HOST, &nonce, NOW + 31), Code::TicketExpired);
    refused(&asking.redeem_ticket(ticket, HOST, &nonce, NOW - 6), Code::TicketExpired);
    assert!(asking.redeem_ticket(ticket, HOST, &nonce, NOW + 30).verdict.verified());
}

#[test]
fn the_asking_host_judges_by_its_own_policy() {
    let (asking, asked) = hosts(&[]);
    let strict = verifier("deferred", &[("eku", "1.3.6.1.5.5.7.3.4")]);
    let (back, nonce) = way(&asking, &asked, "/");
    let redeemed = strict.redeem_ticket(parameter(&back, "clientcert_ticket"), HOST, &nonce, NOW);
    assert!(!redeemed.verdict.verified());
    assert_eq!(redeemed.verdict.primary().map(|reason| reason.code), Some(Code::ExtendedKeyUsage));
}

#[test]
fn nobody_is_vouched_for_who_is_not_verified() {
    let (asking, asked) = hosts(&[]);
    let decision = ask(&asking, "/", None, NOW);
    let question = parameter(header(&decision, "Location").expect("a URL"), "clientcert_question");
    let stranger = Template::client("Elsewhere", "alice", &Key::ed25519(3)).sign(&Key::ed25519(3));
    for verdict in [asked.verify_at(&stranger, NOW), asked.verify(&[])] {
        let error = asked.answer_question(&verdict, question, NOW, NOW).expect_err("nobody");
        assert!(matches!(error, Error::NotEntitled(_)), "{error}");
    }
}

#[test]
fn a_question_is_soon_too_old_and_never_anybody_elses() {
    let (asking, asked) = hosts(&[("session_key", KEY)]);
    let decision = ask(&asking, "/", None, NOW);
    let question = parameter(header(&decision, "Location").expect("a URL"), "clientcert_question");
    let verdict = asked.verify_at(&client("alice"), NOW);
    assert!(asked.answer_question(&verdict, question, NOW, NOW + 300).is_ok());
    assert!(asked.answer_question(&verdict, question, NOW, NOW + 301).is_err());
    let stranger = verifier("require", &[]);
    assert!(stranger.answer_question(&verdict, question, NOW, NOW).is_err(), "another key");
    for unusable in ["", "AAAA", "not base64url!", &question[..question.len() - 1], &question[1..]] {
        assert!(asked.answer_question(&verdict, unusable, NOW, NOW).is_err(), "{unusable}");
    }
    let back = asked.answer_question(&verdict, question, NOW, NOW).expect("an answer");
    let ticket = parameter(&back, "clientcert_ticket");
    assert!(asked.answer_question(&verdict, ticket, NOW, NOW).is_err(), "a ticket is no question");
    refused(&asking.redeem_ticket(question, HOST, "0123456789012345678901", NOW), Code::TicketInvalid);
}

#[test]
fn a_browser_keeps_its_nonce() {
    let (asking, _) = hosts(&[]);
    let known = "ABCDEFGHIJKLMNOPQRSTUV";
    assert_eq!(header(&ask(&asking, "/", Some(known), NOW), "Set-Cookie"), None);
    for unusable in ["", "short", "with spaces and more than 22", "semicolon;0123456789012345", &"x".repeat(65)] {
        let decision = ask(&asking, "/", Some(unusable), NOW);
        assert!(header(&decision, "Set-Cookie").is_some(), "{unusable}");
    }
}

#[test]
fn the_way_there_and_back_leads_to_the_two_hosts_alone() {
    let (asking, asked) = hosts(&[]);
    for target in
        ["//evil.example", "/\\evil.example", "https://evil.example/", "", "evil", "/a\r\nSet-Cookie: x=y", "/#x"]
    {
        let there = ask(&asking, target, None, NOW);
        let there = header(&there, "Location").expect("a URL");
        let (back, _) = way(&asking, &asked, target);
        for (url, host) in [(there, "https://cert.example.com/"), (&back, "https://www.example.com/")] {
            assert!(url.starts_with(host), "{target}: {url}");
            assert!(url.bytes().all(|byte| byte.is_ascii_graphic()), "{target}: {url}");
        }
    }
}

#[test]
fn a_host_that_only_the_client_names_is_never_sent_anybody() {
    let asking = verifier("deferred", &[("certificate_host", "cert.example.com")]);
    let names = [
        (Some("evil.example"), Some(HOST)),
        (Some("evil.example"), None),
        (Some(HOST), None),
        (None, Some(HOST)),
        (Some("evil.example"), Some("*.example.com")),
    ];
    for (authority, virtual_host) in names {
        let request = Request { authority, virtual_host, tls: 0x0304, http: HttpVersion::Http2, ..Request::default() };
        let decision = asking.decide(&asking.verify(&[]), &request, NOW);
        assert_eq!(decision.action(), Action::Forbid, "{authority:?} {virtual_host:?}");
        assert_eq!(header(&decision, "Location"), None);
    }
}

#[test]
fn a_ticket_that_does_not_count_is_never_made_good() {
    let (asking, _) = hosts(&[]);
    let refused = asking.redeem_ticket("", HOST, "", NOW).verdict;
    asking.reload().expect("a reload");
    let request = Request { requirement: Requirement::None, ..Request::default() };
    assert_eq!(asking.decide(&refused, &request, NOW).action(), Action::Forbid);
    assert_eq!(asking.recheck(&refused, NOW).outcome(), Outcome::Failed);
    assert_eq!(asking.ocsp_response_at(&refused, 0, &[], NOW).outcome(), Outcome::Failed);
}

static HOSTS: LazyLock<(Verifier, Verifier)> = LazyLock::new(|| hosts(&[]));

proptest! {
    #[test]
    fn whatever_is_redeemed_is_judged_and_nothing_else_is(bytes in "[A-Za-z0-9_-]{0,400}", host in ".{0,20}", nonce in ".{0,70}") {
        let (asking, _) = &*HOSTS;
        refused(&asking.redeem_ticket(&bytes, &host, &nonce, NOW), Code::TicketInvalid);
    }

    #[test]
    fn no_bit_of_a_ticket_can_be_changed(place in any::<prop::sample::Index>(), with in "[A-Za-z0-9_-]") {
        let (asking, asked) = &*HOSTS;
        let (back, nonce) = way(asking, asked, "/");
        let ticket = parameter(&back, "clientcert_ticket");
        let place = place.index(ticket.len());
        let changed = format!("{}{with}{}", &ticket[..place], &ticket[place + 1..]);
        prop_assume!(changed != ticket);
        refused(&asking.redeem_ticket(&changed, HOST, &nonce, NOW), Code::TicketInvalid);
    }
}
