//! `clientcert verify`: the verdict on a client.

use clap::ArgMatches;
use clientcert::certificate::Certificate;
use clientcert::verify::Reason;
use clientcert::{Outcome, Verdict, Verifier};

use crate::print::{Colour, Fields};
use crate::{Failure, Found, input, moment, print, settings};

pub fn run(matches: &ArgMatches) -> Result<Found, Failure> {
    let config = settings::config(matches)?;
    let verifier = Verifier::new(&config)?;
    verifier.policy().warnings().iter().for_each(|warning| print::warning(&warning.to_string()));
    let chain = input::chain(&input::files(matches)?)?;
    let now = moment::of(matches);
    let verdict = verifier.verify_at(&chain, now);
    match matches.get_flag("json") {
        true => print::json(&verdict.to_json(now))?,
        false => print::out(&table(&verdict, now))?,
    }
    Ok(if verdict.verified() { Found::Good } else { Found::Bad })
}

fn table(verdict: &Verdict, now: i64) -> String {
    let colour = match verdict.outcome() {
        Outcome::Success => Colour::Green,
        Outcome::None => Colour::Yellow,
        Outcome::Failed => Colour::Red,
    };
    let mut fields = Fields::default();
    fields.add("user", user(verdict));
    if let Some(primary) = verdict.primary() {
        fields.add("reason", description(verdict, primary));
    }
    let accepted = match (verdict.accepted(), verdict.verified()) {
        (true, true) => "yes",
        (true, false) => "yes: the connection goes on, but the client is not verified",
        (false, _) => "no: the connection, or every request, ends here",
    };
    fields.add("accepted", accepted);
    fields.list("all reasons", verdict.reasons().iter().map(|reason| line(verdict, reason)));
    identity(&mut fields, verdict, now);
    fields.list("path", path(verdict));
    let variable = |name| text(verdict, name, now);
    fields.list("second opinion", variable("second_opinion").map(|opinion| opinion.replace('_', " ")));
    if verdict.verified() {
        fields.add("valid until", moment::format(verdict.valid_until()));
    }
    fields.list("policy", variable("policy_identity"));
    format!("{}\n{}", print::painted(verdict.outcome().name(), colour), fields.text())
}

fn user(verdict: &Verdict) -> String {
    match verdict.mapping() {
        Some(mapping) => format!("{} ({}: {})", mapping.user, mapping.strength.name(), mapping.by),
        None => "none".into(),
    }
}

/// Who the leaf says that the client is.
fn identity(fields: &mut Fields, verdict: &Verdict, now: i64) {
    let Some(leaf) = verdict.certificate(0) else { return };
    fields.add("subject", name(&leaf));
    fields.add("issuer", leaf.issuer().rfc4514());
    fields.list("serial", text(verdict, "serial", now));
    fields.list("names", crate::inspect::names(&leaf.to_json(now)["sans"]));
    fields.list("SHA-256", text(verdict, "fingerprint_sha256", now));
}

fn path(verdict: &Verdict) -> impl Iterator<Item = String> {
    let anchor = verdict.anchor().map(|anchor| anchor.as_der());
    let line = move |(depth, certificate): (usize, Certificate<'_>)| {
        let pinned = if Some(certificate.as_der()) == anchor { " (pinned)" } else { "" };
        format!("{depth}  {}{pinned}", name(&certificate))
    };
    verdict.path().into_iter().enumerate().map(line).collect::<Vec<_>>().into_iter()
}

/// One of all reasons: its depth, its name, and the certificate to blame.
fn line(verdict: &Verdict, reason: &Reason) -> String {
    let depth = reason.depth.map_or("-".to_owned(), |depth| depth.to_string());
    let tolerated = if reason.tolerated { " (tolerated)" } else { "" };
    let mut line = format!("{depth}  {}{tolerated}", reason.code.name());
    if let Some(culprit) = verdict.culprit(reason) {
        line.push_str(&format!("  {}", name(&culprit)));
    }
    if let Some(detail) = &reason.detail {
        line.push_str(&format!("  [{detail}]"));
    }
    line
}

fn description(verdict: &Verdict, reason: &Reason) -> String {
    let culprit = verdict.culprit(reason).map(|culprit| format!(": {}", name(&culprit))).unwrap_or_default();
    format!("{}: {}{culprit}", reason.code.name(), reason.code.text())
}

fn name(certificate: &Certificate<'_>) -> String {
    let subject = certificate.subject();
    if subject.is_empty() { "(empty subject)".to_owned() } else { subject.rfc4514() }
}

fn text(verdict: &Verdict, name: &str, now: i64) -> Option<String> {
    verdict.get_at(name, now).map(|value| String::from_utf8_lossy(value).into_owned())
}
