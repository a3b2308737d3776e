//! What holds of every request, whatever a client and a careless host put into it.

use std::cell::RefCell;
use std::collections::HashMap;

use clientcert::Outcome;
use clientcert::identity::Strength;
use clientcert::request::{Action, HttpVersion, Late, MinimumStrength, OtherLogin, Request, Requirement};
use proptest::prelude::*;
use proptest::sample::select;

use crate::cell::{Cell, FIELDS, Field};
use crate::random::Random;
use crate::soundness;
use crate::support::NOW;
use crate::walk;
use crate::world::{Certificates, World};

/// How many configurations there are to choose from.
const CONFIGURATIONS: u64 = 60;

/// What a `Request` borrows.
#[derive(Clone, Debug)]
struct Sent {
    verdict: (&'static str, &'static str),
    configuration: u64,
    requirement: Requirement,
    users: Vec<String>,
    minimum_strength: MinimumStrength,
    maximum_age: Option<u32>,
    handshake_time: Option<i64>,
    now: i64,
    tls: u16,
    http: HttpVersion,
    late: Late,
    flags: u16,
    body_read: u64,
    identity_before: Option<String>,
    method: String,
    /// Origin, Access-Control-Request-Method and -Headers, SNI, authority, virtual host, target, nonce.
    texts: [Option<String>; 8],
    other_login: Option<(bool, String)>,
    challenges: Vec<String>,
}

impl Sent {
    fn flag(&self, number: u16) -> bool {
        self.flags >> number & 1 == 1
    }

    fn with_request<T>(&self, use_it: impl FnOnce(&Request<'_>) -> T) -> T {
        let users: Vec<&str> = self.users.iter().map(String::as_str).collect();
        let challenges: Vec<&str> = self.challenges.iter().map(String::as_str).collect();
        let [origin, asked_method, asked_headers, server_name, authority, virtual_host, target, nonce] =
            self.texts.each_ref().map(Option::as_deref);
        use_it(&Request {
            requirement: self.requirement,
            users: &users,
            minimum_strength: self.minimum_strength,
            maximum_age: self.maximum_age,
            tls: self.tls,
            http: self.http,
            handshake_open: self.flag(0),
            handshake_time: self.handshake_time,
            offers_post_handshake_auth: self.flag(1),
            secure_renegotiation: self.flag(2),
            late: self.late,
            arrived_before_certificate: self.flag(3),
            identity_before: self.identity_before.as_deref(),
            resumed: self.flag(4),
            reused: self.flag(5),
            answered_421: self.flag(6),
            preflight_opened: self.flag(7),
            early_data: self.flag(8),
            method: &self.method,
            origin,
            access_control_request_method: asked_method,
            access_control_request_headers: asked_headers,
            server_name,
            authority,
            virtual_host,
            target,
            nonce,
            other_login: self.other_login.as_ref().map(|(redirect, text)| match redirect {
                true => OtherLogin::Redirect(text),
                false => OtherLogin::Challenge(text),
            }),
            challenges: &challenges,
            body_read: self.body_read,
            log_out: self.flag(9),
            logged_out: self.flag(10),
        })
    }

    /// The verdict and options of this number.
    fn cell(&self) -> Cell {
        let mut random = Random::new(7, self.configuration);
        let mut cell = Cell::DEFAULT;
        for field in FIELDS.iter().take_while(|field| **field != Field::Verdict) {
            cell.set(*field, u8::try_from(random.below(field.values().len())).expect("few values"));
        }
        if cell.is(Field::CertificateHost, "this") {
            cell = cell.with("certificate_host=other");
        }
        cell.with(&format!("verdict={} made_by={}", self.verdict.0, self.verdict.1))
    }
}

/// What clients try: headers of their own, other hosts, pages of their own, text that ends early or hides.
const HOSTILE: &[&str] = &[
    "",
    "/",
    "/a",
    "GET",
    "OPTIONS",
    "options",
    "*",
    "null",
    "//evil.example.net",
    "/\\evil.example.net",
    "\\\\evil.example.net",
    "/\t/evil.example.net",
    "/%2f/evil.example.net",
    "https://evil.example.net/",
    "https:evil.example.net",
    "javascript:alert(1)",
    "@evil.example.net/",
    ".evil.example.net/",
    "/a\r\nSet-Cookie: a=b",
    "/a\nLocation: https://evil.example.net",
    "/a\0b",
    "/\u{7f}",
    "/\u{85}",
    "/\u{2028}",
    "/\u{202e}gpj",
    "/ü",
    "/ a",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "/?a=\"&b='<!--",
    "{\"a\":\"b\"}",
    "https://app.example.com",
    "https://app.example.com.evil.example.net",
    "https://app.example.com\r\n",
    "HTTPS://APP.EXAMPLE.COM",
    "shop.example.com",
    "SHOP.example.com.:443",
    "shop.example.com:443:443",
    "shop.example.com:99999",
    "shop.example.com..",
    "user@shop.example.com",
    "*.example.com",
    "*",
    ".example.com",
    "xn--",
    "login.example.com",
    "[::1]:443",
    "[::1",
    "127.0.0.1",
    "alice",
    "Basic realm=\"x\"",
    "Basic realm=\"x\"\r\nSet-Cookie: a=b",
    "PUT",
    "PUT\r\nX: y",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        24 => select(HOSTILE).prop_map(str::to_owned),
        4 => any::<String>(),
        4 => "/[!-~]{0,40}",
        4 => (select(HOSTILE), select(HOSTILE)).prop_map(|(a, b)| format!("{a}{b}")),
        1 => select(HOSTILE).prop_map(|text| format!("/{}{text}", "a".repeat(65_536))),
        1 => select(HOSTILE).prop_map(|text| text.repeat(2_048)),
    ]
}

fn maybe_text() -> impl Strategy<Value = Option<String>> {
    prop_oneof![1 => Just(None), 2 => text().prop_map(Some)]
}

fn texts() -> impl Strategy<Value = [Option<String>; 8]> {
    let usual = |value: &'static str| prop_oneof![2 => Just(Some(value.to_owned())), 1 => maybe_text()];
    let seldom = || prop_oneof![2 => Just(None), 1 => maybe_text()];
    (
        seldom(),
        seldom(),
        seldom(),
        usual("shop.example.com"),
        usual("shop.example.com"),
        usual("shop.example.com"),
        maybe_text(),
        seldom(),
    )
        .prop_map(|(a, b, c, d, e, f, g, h)| [a, b, c, d, e, f, g, h])
}

fn moment() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => Just(NOW),
        1 => select(vec![i64::MIN, i64::MIN + 1, -1, 0, 1, NOW - 7_200, NOW + 1, i64::MAX - 1, i64::MAX]),
        1 => any::<i64>(),
    ]
}

fn verdict() -> impl Strategy<Value = (&'static str, &'static str)> {
    let likely = select(vec!["none", "strong", "weak", "tolerated", "refused", "revoked_since"]);
    let verdict = prop_oneof![3 => likely, 1 => select(Field::Verdict.values())];
    let made_by = prop_oneof![2 => Just("this"), 1 => select(Field::MadeBy.values())];
    (verdict, made_by)
}

fn sent() -> impl Strategy<Value = Sent> {
    let requirement =
        select(vec![Requirement::None, Requirement::Certificate, Requirement::Verified, Requirement::User]);
    let users = prop::collection::vec(prop_oneof![select(vec!["alice".to_owned(), "bob".to_owned()]), text()], 0..3);
    let strength = select(vec![MinimumStrength::Any, MinimumStrength::Strong]);
    let age = prop_oneof![2 => Just(None), 1 => any::<u32>().prop_map(Some), 1 => Just(Some(60))];
    let handshake = prop_oneof![Just(Some(NOW - 30)), Just(Some(NOW - 3_600)), Just(None), moment().prop_map(Some)];
    let tls = prop_oneof![3 => select(vec![0x0303, 0x0304, 0]), 1 => any::<u16>()];
    let http = select(vec![
        HttpVersion::Unknown,
        HttpVersion::Http1_0,
        HttpVersion::Http1_1,
        HttpVersion::Http2,
        HttpVersion::Http3,
    ]);
    let late = select(vec![Late::NotAsked, Late::Answered, Late::Declined, Late::TimedOut]);
    // Seldom all at once: early data and the log-out end most decisions at once.
    let flags = (any::<u16>(), any::<u16>()).prop_map(|(a, b)| a & 0x00ff | a & b & 0x0700);
    let body = prop_oneof![Just(0), Just(131_073), any::<u64>()];
    let method = prop_oneof![Just("GET".to_owned()), Just("OPTIONS".to_owned()), text()];
    let login = prop::option::of((any::<bool>(), text()));
    let challenges = prop::collection::vec(text(), 0..3);
    let first = (verdict(), 0..CONFIGURATIONS, requirement, users, strength, age, handshake, moment());
    let second = (tls, http, late, flags, body, maybe_text(), method, texts(), login, challenges);
    (first, second).prop_map(|(first, second)| {
        let (verdict, configuration, requirement, users, minimum_strength, maximum_age, handshake_time, now) = first;
        let (tls, http, late, flags, body_read, before, method, texts, other_login, challenges) = second;
        Sent {
            verdict,
            configuration,
            requirement,
            users,
            minimum_strength,
            maximum_age,
            handshake_time,
            now,
            tls,
            http,
            late,
            flags,
            body_read,
            identity_before: before,
            method,
            texts,
            other_login,
            challenges,
        }
    })
}

thread_local! {
    static WORLDS: RefCell<HashMap<u64, World>> = RefCell::new(HashMap::new());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6_000, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn nobody_unverified_is_let_in_whatever_was_sent(sent in sent()) {
        let cell = sent.cell();
        WORLDS.with_borrow_mut(|worlds| {
            let world = worlds.entry(sent.configuration).or_insert_with(|| World::new(&cell));
            check(world, &cell, &sent)
        })?;
    }
}

fn check(world: &World, cell: &Cell, sent: &Sent) -> Result<(), TestCaseError> {
    let verifier = &world.verifier;
    // Judged from the bytes, so that neither the decision nor the connection's verdict is believed.
    let truth = verifier.verify_at(Certificates::get().presented(sent.verdict.0), sent.now);
    sent.with_request(|request| {
        let decision = verifier.decide(world.verdict(cell), request, sent.now);
        let fault = soundness::fault(request, &decision);
        prop_assert!(fault.is_none(), "{}\nunder {cell}", fault.unwrap_or_default());
        if decision.action() != Action::Allow {
            return Ok(());
        }
        let what = walk::answer(&decision);
        // What was tolerated is not looked at again under the same policy, so another moment changes nothing.
        let connection = world.verdict(cell);
        let tolerated = connection.outcome() == Outcome::Failed && connection.accepted() && sent.verdict.1 == "this";
        prop_assert!(truth.accepted() || tolerated, "{what}: a verdict that is not accepted");
        prop_assert!(sent.verdict.1 != "other", "{what}: a verdict by another policy");
        if matches!(request.requirement, Requirement::None) {
            return Ok(());
        }
        prop_assert!(!request.logged_out && !request.log_out && !request.early_data, "{what}: it counts as absent");
        prop_assert!(truth.certificate_count() > 0, "{what}: there is no certificate");
        let aged = request.maximum_age.is_some_and(|maximum| {
            request.handshake_time.is_none_or(|time| sent.now.saturating_sub(time) > i64::from(maximum))
        });
        prop_assert!(!aged, "{what}: the handshake is too old");
        if matches!(request.requirement, Requirement::Verified | Requirement::User) {
            prop_assert!(truth.verified() && decision.verdict().verified(), "{what}: nobody is verified");
        }
        if matches!(request.requirement, Requirement::User) {
            let user = truth.user();
            prop_assert!(user.is_some() && user == decision.verdict().user(), "{what}: there is no user");
            let listed = request.users.is_empty() || request.users.iter().any(|listed| Some(*listed) == user);
            prop_assert!(listed, "{what}: another user");
            let strong = truth.mapping().is_some_and(|mapping| mapping.strength == Strength::Strong);
            prop_assert!(strong || request.minimum_strength == MinimumStrength::Any, "{what}: a weak identity");
        }
        Ok(())
    })
}
