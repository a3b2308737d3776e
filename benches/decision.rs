//! From a connection's verdict and a request to the decision.

use clientcert::Verifier;
use clientcert::policy::Config;
use clientcert::request::{Action, HttpVersion, Request, Requirement};

use crate::Bench;
use crate::support::measure::{per_operation, rounds};
use crate::support::pki::{KeyType, Population, pem};
use crate::support::table::{Goal, Row, Table};

const REPEAT: usize = 20_000;
/// What one decision may take.
const LIMIT: f64 = 500.0;

/// Requests of a client who was verified, and answers to one without a certificate.
pub fn decision(bench: &mut Bench) {
    Table::section("Decision", "one request, on a connection whose verdict is known");
    let people = Population::of_strangers(KeyType::P256, 3, 1);
    let verifier = |mode: &str| {
        let mut config = Config::new();
        config.set("mode", mode).expect("a mode");
        config.set("identity", "fingerprint").expect("a rule");
        config.set("identity_required", "false").expect("a value");
        config.set_bytes("ca", pem([&*people.root]).as_bytes()).expect("an anchor");
        Verifier::new(&config).expect("a verifier")
    };
    let (optional, deferred) = (verifier("optional"), verifier("deferred"));
    let verdict = optional.verify(people.chains[0].der());
    assert!(verdict.verified());
    let (nobody, nobody_yet) = (optional.verify(&[]), deferred.verify(&[]));
    let now = verdict.valid_from() + 1;
    let plain = Request {
        requirement: Requirement::Verified,
        tls: 0x0304,
        http: HttpVersion::Http1_1,
        method: "GET",
        server_name: Some("www.example.com"),
        authority: Some("www.example.com"),
        virtual_host: Some("www.example.com"),
        target: Some("/index.html"),
        handshake_time: Some(now),
        ..Request::default()
    };
    let identity = optional.decide(&verdict, &plain, now).identity().to_owned();
    let again = Request { maximum_age: Some(60), reused: true, identity_before: Some(&identity), ..plain.clone() };
    let basic = ["Basic realm=\"x\""];
    let challenged = Request { challenges: &basic, ..plain.clone() };
    let cases = [
        ("allow, first request", &optional, &verdict, &plain, Action::Allow),
        ("allow, with identity and age", &optional, &verdict, &again, Action::Allow),
        ("forbid, no certificate", &optional, &nobody, &plain, Action::Forbid),
        ("challenge", &optional, &nobody, &challenged, Action::Challenge),
        ("late certificate impossible", &deferred, &nobody_yet, &plain, Action::Forbid),
    ];
    for (label, verifier, verdict, request, action) in cases {
        let all = || (0..REPEAT).all(|_| verifier.decide(verdict, request, now).action() == action);
        let samples =
            rounds(bench.rounds, &mut [Box::new(|| per_operation(REPEAT, || assert!(all(), "as it was expected")))]);
        let goals = vec![Goal::time(&samples[0], LIMIT)];
        bench.table.row(&Row { label: label.into(), ours: Some(samples[0].clone()), goals, ..Row::default() });
    }
}
