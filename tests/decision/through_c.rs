//! The same requests through the C interface.

use std::collections::HashMap;

use clientcert::request::{Action, HttpVersion, Late, MinimumStrength, OtherLogin, Request, Requirement};

use crate::cell::{Cell, Field};
use crate::support::NOW;
use crate::support::c::{Answers, Program, Record};
use crate::table::Answer;
use crate::walk::{answer, sample};
use crate::world::{Certificates, World, options};

/// One of so many of the requests at random.
const ONE_OF: usize = 23;

#[test]
fn a_sample_of_requests_is_decided_alike_through_c() {
    let cells = cells();
    assert!(cells.len() > 1_000, "{} requests are no sample", cells.len());
    let mut worlds = HashMap::new();
    let (mut records, mut expected) = (Vec::new(), Vec::new());
    for cell in &cells {
        let world = worlds.entry(World::key(cell)).or_insert_with(|| World::new(cell));
        let request = world.request(cell);
        records.push(record(cell, &request));
        expected.push(answer(&world.verifier.decide(world.verdict(cell), &request, NOW)));
    }
    let Answers(lines) = Program::linked_with_clientcert("tests/decision/requests.c").run(&records);
    let differ: Vec<String> = cells
        .iter()
        .zip(lines.iter().map(|line| read(line)).zip(&expected))
        .filter(|(_, (c, rust))| c != *rust)
        .map(|(cell, (c, rust))| format!("{rust} in Rust, {c} in C:\n    {cell}"))
        .collect();
    assert!(differ.is_empty(), "{} requests differ:\n{}", differ.len(), differ[..differ.len().min(20)].join("\n"));
}

/// Those whose verdict a program can make anew: by the verifier of the request, or by one with another policy.
fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut number = 0;
    sample(&mut |cell| {
        number += 1;
        let made = matches!(cell.get(Field::MadeBy), "this" | "other");
        if number % ONE_OF == 0 && made && cell.is_possible() {
            cells.push(*cell);
        }
    });
    cells
}

/// What `tests/decision/requests.c` reads.
fn record(cell: &Cell, request: &Request<'_>) -> Record {
    let certificates = Certificates::get();
    let mut record = Record::default();
    let options = options(cell);
    record.number(options.len() as u64);
    for (name, value) in &options {
        record.bytes(name.as_bytes());
        record.bytes(value.as_bytes());
    }
    record.bytes(&certificates.root);
    record.bytes(&certificates.crl_now);
    // The mode of another verifier that judges, or nothing.
    record.bytes(match (cell.get(Field::MadeBy), cell.get(Field::Mode)) {
        ("this", _) => b"",
        (_, "off") => b"optional",
        (_, mode) => mode.as_bytes(),
    });
    let verdict = cell.get(Field::Verdict);
    record.bytes(certificates.presented(verdict));
    record.number((if verdict == "expired_since" { NOW - 7_200 } else { NOW - 60 }).cast_unsigned());
    let texts = texts(request);
    record.number(texts.len() as u64);
    for (name, value) in texts {
        record.bytes(name.as_bytes());
        record.bytes(value.as_bytes());
    }
    let numbers = numbers(request);
    record.number(numbers.len() as u64);
    for (name, value) in numbers {
        record.bytes(name.as_bytes());
        record.number(value.cast_unsigned());
    }
    record.number(NOW.cast_unsigned());
    record
}

/// The fields of text that are set.
fn texts<'r>(request: &Request<'r>) -> Vec<(&'static str, &'r str)> {
    let mut texts = vec![("method", request.method)];
    texts.extend(request.users.iter().map(|user| ("user", *user)));
    texts.extend(request.challenges.iter().map(|challenge| ("challenge", *challenge)));
    texts.extend(request.other_login.map(|login| match login {
        OtherLogin::Redirect(url) => ("login_redirect", url),
        OtherLogin::Challenge(challenge) => ("login_challenge", challenge),
        other => panic!("{other:?} is new"),
    }));
    for (name, value) in [
        ("origin", request.origin),
        ("access_control_request_method", request.access_control_request_method),
        ("access_control_request_headers", request.access_control_request_headers),
        ("server_name", request.server_name),
        ("authority", request.authority),
        ("virtual_host", request.virtual_host),
        ("target", request.target),
        ("identity_before", request.identity_before),
    ] {
        texts.extend(value.map(|value| (name, value)));
    }
    texts
}

/// The fields of a number that are not as by default.
fn numbers(request: &Request<'_>) -> Vec<(&'static str, i64)> {
    let mut numbers = vec![
        (
            "requirement",
            match request.requirement {
                Requirement::None => 0,
                Requirement::Certificate => 1,
                Requirement::Verified => 2,
                _ => 3,
            },
        ),
        ("strong", i64::from(request.minimum_strength == MinimumStrength::Strong)),
        ("tls_version", i64::from(request.tls)),
        (
            "http_version",
            match request.http {
                HttpVersion::Http1_0 => 10,
                HttpVersion::Http1_1 => 11,
                HttpVersion::Http2 => 20,
                HttpVersion::Http3 => 30,
                _ => 0,
            },
        ),
        (
            "late",
            match request.late {
                Late::Answered => 1,
                Late::Declined => 2,
                Late::TimedOut => 3,
                _ => 0,
            },
        ),
        ("body_read", i64::try_from(request.body_read).expect("a small body")),
    ];
    numbers.extend(request.maximum_age.map(|age| ("maximum_age", i64::from(age))));
    numbers.extend(request.handshake_time.map(|time| ("handshake_time", time)));
    for (name, set) in [
        ("handshake_open", request.handshake_open),
        ("offers_post_handshake_auth", request.offers_post_handshake_auth),
        ("secure_renegotiation", request.secure_renegotiation),
        ("arrived_before_certificate", request.arrived_before_certificate),
        ("resumed", request.resumed),
        ("reused", request.reused),
        ("answered_421", request.answered_421),
        ("preflight_opened", request.preflight_opened),
        ("early_data", request.early_data),
        ("log_out", request.log_out),
        ("logged_out", request.logged_out),
    ] {
        numbers.push((name, i64::from(set)));
    }
    numbers
}

/// `action status closes cacheable cause`, numbers but for the cause.
fn read(line: &str) -> Answer {
    let words: Vec<&str> = line.split(' ').collect();
    let [action, status, closes, cacheable, cause] = words[..] else { panic!("{line:?} is no answer") };
    let number: usize = action.parse().expect("the number of an action");
    Answer {
        action: Action::ALL[number].name().to_owned(),
        status: status.parse().expect("a status"),
        closes: closes == "1",
        session_cacheable: cacheable == "1",
        cause: cause.to_owned(),
    }
}
