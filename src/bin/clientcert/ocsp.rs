//! `clientcert ocsp`: asks a responder about a certificate.

use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;
use clientcert::certificate::{Certificate, OwnedCertificate};
use clientcert::revocation::RevocationReason;
use clientcert::revocation::ocsp::{Answer, HashAlgorithm, Question, Refusal, Rules, Status, get_url, nonce};
use clientcert::verify::Code;
use serde_json::{Value, json};

use crate::print::{Colour, Fields};
use crate::{Failure, Found, input, moment, print};

/// The digests by which a question names the issuer.
pub const HASHES: [&str; 4] = ["sha1", "sha256", "sha384", "sha512"];

pub fn run(matches: &ArgMatches) -> Result<Found, Failure> {
    let (certificate, issuer) = (one(matches, "certificate")?, one(matches, "issuer")?);
    let (certificate, issuer) = (certificate.view(), issuer.view());
    if !certificate.issuer().matches(&issuer.subject()) {
        let (wanted, found) = (certificate.issuer().rfc4514(), issuer.subject().rfc4514());
        return Err(Failure(format!("the certificate is by {wanted}, and the issuer given is {found}")));
    }
    let question = Question::new(certificate, issuer);
    let mut rules = Rules::default();
    rules.max_bytes = number(matches, "max-size").unwrap_or(rules.max_bytes);
    rules.time_skew = matches.get_one("skew").copied().unwrap_or(rules.time_skew);
    rules.max_age = matches.get_one("max-age").copied();
    let nonce = match matches.get_flag("nonce") {
        true => Some(nonce().ok_or_else(|| Failure("there is no source of chance for a nonce".into()))?),
        false => None,
    };
    let nonce = nonce.as_ref().map(|nonce| &nonce[..]);
    let (from, response) = match matches.get_one::<PathBuf>("response") {
        Some(path) => input::file(path)?,
        None => ask(matches, &question.request(hash(matches), nonce), responders(matches, &question)?, &rules)?,
    };
    let result = question.check(&response, nonce, &rules, moment::of(matches));
    match matches.get_flag("json") {
        true => print::json(&to_json(&certificate, &from, &result, &rules))?,
        false => print::out(&table(&certificate, &from, &result, &rules))?,
    }
    Ok(match result {
        Ok(answer) if answer.status() == Status::Good => Found::Good,
        _ => Found::Bad,
    })
}

/// The first certificate of the file that an argument names.
fn one(matches: &ArgMatches, argument: &str) -> Result<OwnedCertificate, Failure> {
    let path = matches.get_one::<PathBuf>(argument).ok_or_else(|| Failure(format!("no {argument}")))?;
    input::one_certificate(path)
}

fn number(matches: &ArgMatches, argument: &str) -> Option<usize> {
    matches.get_one::<u32>(argument).and_then(|number| usize::try_from(*number).ok())
}

fn hash(matches: &ArgMatches) -> HashAlgorithm {
    match matches.get_one::<String>("hash").map(String::as_str) {
        Some("sha256") => HashAlgorithm::Sha256,
        Some("sha384") => HashAlgorithm::Sha384,
        Some("sha512") => HashAlgorithm::Sha512,
        _ => HashAlgorithm::Sha1,
    }
}

/// Whom to ask: what the command line says, else what the certificate does.
fn responders(matches: &ArgMatches, question: &Question<'_>) -> Result<Vec<String>, Failure> {
    let named = match matches.get_one::<String>("url") {
        Some(url) => vec![url.clone()],
        None => question.responders(),
    };
    match named.is_empty() {
        true => Err(Failure("the certificate names no OCSP responder: --url does".into())),
        false => Ok(named),
    }
}

/// What the first responder says that can be reached, and its URL.
fn ask(
    matches: &ArgMatches,
    request: &[u8],
    responders: Vec<String>,
    rules: &Rules,
) -> Result<(String, Vec<u8>), Failure> {
    const TYPES: [&str; 2] = ["application/ocsp-request", "application/ocsp-response"];
    let timeout = matches.get_one::<u32>("timeout").map(|seconds| Duration::from_secs(u64::from(*seconds)));
    let config = ureq::Agent::config_builder()
        .timeout_global(timeout)
        .max_redirects(3)
        .user_agent(concat!("clientcert/", env!("CARGO_PKG_VERSION")))
        .build();
    let agent = ureq::Agent::new_with_config(config);
    let limit = u64::try_from(rules.max_bytes).unwrap_or(u64::MAX);
    let exchange = |url: &str| -> Result<Vec<u8>, ureq::Error> {
        let mut response = match matches.get_flag("get") {
            true => agent.get(get_url(url, request)).header("Accept", TYPES[1]).call()?,
            false => agent.post(url).header("Content-Type", TYPES[0]).header("Accept", TYPES[1]).send(request)?,
        };
        response.body_mut().with_config().limit(limit).read_to_vec()
    };
    let mut problems = Vec::new();
    for url in responders {
        match exchange(&url) {
            Ok(response) => return Ok((url, response)),
            Err(error) => problems.push(format!("{url}: {error}")),
        }
    }
    Err(Failure(problems.join("; ")))
}

fn table(certificate: &Certificate<'_>, from: &str, result: &Result<Answer, Refusal>, rules: &Rules) -> String {
    let mut fields = Fields::default();
    let (word, colour) = match result {
        Ok(answer) => match answer.status() {
            Status::Good => ("good", Colour::Green),
            Status::Revoked { .. } => ("revoked", Colour::Red),
            Status::Unknown => ("unknown", Colour::Yellow),
        },
        Err(_) => ("refused", Colour::Red),
    };
    match result {
        Ok(answer) => {
            if let Status::Revoked { date, reason } = answer.status() {
                fields.add("revoked at", moment::format(date));
                fields.add("reason", reason.map_or("not said", |reason| reason.name()));
            }
            fields.add("this update", moment::format(answer.this_update()));
            fields.add("next update", answer.next_update().map_or("not said".to_owned(), moment::format));
            fields.add("counts until", counts_until(answer, rules).map_or("for ever".to_owned(), moment::format));
            fields.add("responder", answer.responder_id());
            let by = match answer.responder() {
                None => "the issuer's own key".to_owned(),
                Some(responder) => {
                    let nocheck = if answer.is_nocheck() { ", not to be checked for revocation itself" } else { "" };
                    format!("{}{nocheck}", responder.subject().rfc4514())
                }
            };
            fields.add("signed by", by);
        }
        Err(refusal) => fields.add("reason", format!("{}: {refusal}", Code::from(*refusal).name())),
    }
    fields.add("from", from);
    fields.add("certificate", certificate.subject().rfc4514());
    fields.add("issuer", certificate.issuer().rfc4514());
    fields.add("serial", print::hex(certificate.serial()).to_uppercase());
    format!("{}\n{}", print::painted(word, colour), fields.text())
}

fn to_json(certificate: &Certificate<'_>, from: &str, result: &Result<Answer, Refusal>, rules: &Rules) -> Value {
    let answer = result.as_ref().ok();
    let refusal = result.as_ref().err();
    let revocation = answer.and_then(|answer| match answer.status() {
        Status::Revoked { date, reason } => Some((date, reason)),
        _ => None,
    });
    json!({
        "status": answer.map_or("refused", |answer| answer.status().name()),
        "refusal": refusal.map(|refusal| Code::from(*refusal).name()),
        "refusal_text": refusal.map(ToString::to_string),
        "revoked_at": revocation.map(|(date, _)| date),
        "revocation_reason": revocation.and_then(|(_, reason)| reason).map(RevocationReason::name),
        "this_update": answer.map(Answer::this_update),
        "next_update": answer.and_then(Answer::next_update),
        "produced_at": answer.map(Answer::produced_at),
        "counts_until": answer.and_then(|answer| counts_until(answer, rules)),
        "responder": answer.map(Answer::responder_id),
        "delegated": answer.map(|answer| answer.responder().is_some()),
        "nocheck": answer.map(Answer::is_nocheck),
        "from": from,
        "subject": certificate.subject().rfc4514(),
        "issuer": certificate.issuer().rfc4514(),
        "serial": print::hex(certificate.serial()).to_uppercase(),
    })
}

/// None where that is for ever.
fn counts_until(answer: &Answer, rules: &Rules) -> Option<i64> {
    Some(answer.holds_until(rules)).filter(|until| *until != i64::MAX)
}
