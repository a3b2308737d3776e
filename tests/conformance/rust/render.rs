//! What the library says, as JSON. Numbers are those of the C header, and -1 stands for none where it does there.

use std::fmt::Write as _;

use clientcert::forwarded::{Dialect, forwarded_headers, is_forwarded_header, vary};
use clientcert::policy::{OptionInfo, options};
use clientcert::request::{Cause, Decision, Format};
use clientcert::revocation::{CrlState, metrics};
use clientcert::verify::{Code, Culprit, Reason, TlsVersion};
use clientcert::{Error, Outcome, Verdict, Verifier};
use serde_json::{Map, Value, json};

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).expect("hexadecimal");
    let pair = |pair: &[u8]| u8::try_from(digit(pair[0]) << 4 | digit(pair[1])).expect("two digits");
    text.as_bytes().chunks_exact(2).map(pair).collect()
}

pub fn error(error: &Error) -> Value {
    json!({
        "status": error.status() as i32,
        "name": snake_case(&format!("{:?}", error.status())),
        "message": error.to_string(),
    })
}

/// The names of statuses in C are those of their variants.
fn snake_case(variant: &str) -> String {
    let word = |(index, letter): (usize, char)| match letter.is_uppercase() && index > 0 {
        true => format!("_{}", letter.to_lowercase()),
        false => letter.to_lowercase().to_string(),
    };
    variant.chars().enumerate().map(word).collect()
}

pub fn verdict(verdict: &Verdict, names: &[Value], time: i64) -> Value {
    let outcome = match verdict.outcome() {
        Outcome::None => 0,
        Outcome::Success => 1,
        Outcome::Failed => 2,
    };
    let alert = |version| verdict.alert(version).map_or(-1, i32::from);
    let names = names.iter().filter_map(Value::as_str);
    let variables: Map<String, Value> =
        names.filter_map(|name| Some((name.to_owned(), hex(verdict.get_at(name, time)?).into()))).collect();
    let questions = verdict.ocsp_questions().iter().map(|question| {
        json!({ "url": question.url(), "certificate": question.certificate(), "request": hex(question.request()) })
    });
    json!({
        "outcome": outcome,
        "verified": verdict.verified(),
        "accepted": verdict.accepted(),
        "reasons": verdict.reasons().iter().map(reason).collect::<Value>(),
        "alerts": [alert(TlsVersion::Tls12), alert(TlsVersion::Tls13)],
        "x509_error": verdict.openssl_error(),
        "nginx_status": verdict.nginx_status().unwrap_or(0),
        "valid_until": verdict.valid_until(),
        "policy_identity": hex(verdict.policy_identity()),
        "certificates": (0..verdict.certificate_count())
            .map(|index| hex(verdict.certificate_der(index).expect("one that is counted")))
            .collect::<Value>(),
        "questions": questions.collect::<Value>(),
        "variables": variables,
        "json": verdict.to_json(time).to_string(),
    })
}

fn reason(reason: &Reason) -> Value {
    let certificate = match reason.culprit {
        Culprit::None => -1,
        Culprit::Anchor => -2,
        Culprit::Presented(index) => i32::try_from(index).expect("few certificates"),
    };
    json!({
        "code": reason.code as i32,
        "name": reason.code.name(),
        "depth": reason.depth.map_or(-1, i64::from),
        "certificate": certificate,
        "tolerated": reason.tolerated,
        "detail": reason.detail.as_ref().map(|detail| detail.to_string().replace('\0', "\u{fffd}")),
    })
}

pub fn decision(decision: &Decision, names: &[Value], time: i64) -> Value {
    let alert = |version| decision.alert(version).map_or(0, i32::from);
    let bodies = [Format::Text, Format::Html, Format::Json].map(|format| decision.body(format));
    json!({
        "action": decision.action() as i32,
        "status": decision.status().unwrap_or(0),
        "headers": decision.headers().map(|(name, value)| json!([name, value])).collect::<Value>(),
        "bodies": bodies,
        "cause": decision.cause().map(Cause::name),
        "alerts": [alert(TlsVersion::Tls12), alert(TlsVersion::Tls13)],
        "closes": decision.closes(),
        "session_cacheable": decision.session_cacheable(),
        "http2_error": decision.http2_error().unwrap_or(0),
        "identity": decision.identity(),
        "audit": decision.audit(),
        "verdict": verdict(decision.verdict(), names, time),
    })
}

pub fn policy(verifier: &Verifier, host: &str) -> Value {
    use clientcert::{Enforcement, Mode};
    let policy = verifier.policy();
    let mode = match policy.mode() {
        Mode::Off => 0,
        Mode::Optional => 1,
        Mode::OptionalNoCa => 2,
        Mode::Require => 3,
        Mode::RequestAny => 4,
        Mode::RequireAny => 5,
        Mode::Deferred => 6,
        _ => panic!("a mode without a number"),
    };
    let enforcement = match policy.enforcement() {
        Enforcement::Request => 0,
        Enforcement::Handshake => 1,
        _ => panic!("an enforcement without a number"),
    };
    json!({
        "mode": mode,
        "enforcement": enforcement,
        "identity": hex(policy.identity()),
        "session_identity": hex(&verifier.session_identity(host)),
        "warnings": policy.warnings().iter().map(ToString::to_string).collect::<Value>(),
        "ca_names": policy.ca_names().map(hex).collect::<Value>(),
    })
}

pub fn crls(verifier: &Verifier, time: i64) -> Value {
    let states = verifier.policy().crl_states();
    // How much memory a CRL takes is a matter of the allocator's rounding.
    let names = CrlState::ATTRIBUTES.iter().filter(|name| **name != "memory");
    let crl = |state: &CrlState| -> Value {
        names.clone().map(|name| ((*name).to_owned(), state.get(name, time).into())).collect::<Map<_, _>>().into()
    };
    json!({ "crls": states.iter().map(crl).collect::<Value>(), "metrics": metrics(&states, time) })
}

pub fn library(headers: &[Value]) -> Value {
    let removed = |name: &Value| name.as_str().is_none_or(is_forwarded_header);
    let option = |option: &OptionInfo| json!([option.name, option.type_text(), option.default, option.help]);
    let reason = |code: Code| {
        json!([
            code as i32,
            code.name(),
            code.text(),
            code.openssl_name(),
            code.openssl_number(),
            code.alert(TlsVersion::Tls12),
            code.alert(TlsVersion::Tls13),
            code.nginx_status(),
            code.iis_substatus(),
        ])
    };
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "options": options().iter().map(option).collect::<Value>(),
        "reasons": Code::all().map(reason).collect::<Value>(),
        "dialects": Dialect::ALL.iter().map(|dialect| json!([*dialect as i32, dialect.name(), vary(*dialect)]))
            .collect::<Value>(),
        "forwarded_headers": forwarded_headers(),
        "removed": headers.iter().map(removed).collect::<Value>(),
    })
}
