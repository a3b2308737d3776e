//! `clientcert explain`: why a certificate stands for a user, or for none.

use clap::ArgMatches;
use clientcert::identity::{Explanation, Step};
use clientcert::{Verdict, Verifier};
use serde_json::{Value, json};

use crate::print::Fields;
use crate::{Failure, Found, input, moment, print, settings};

pub fn run(matches: &ArgMatches) -> Result<Found, Failure> {
    let verifier = Verifier::new(&settings::config(matches)?)?;
    let policy = verifier.policy();
    policy.warnings().iter().for_each(|warning| print::warning(&warning.to_string()));
    let chain = input::chain(&input::files(matches)?)?;
    let verdict = verifier.verify_at(&chain, moment::of(matches));
    let explanation = verdict.explain_user(&policy);
    match matches.get_flag("json") {
        true => print::json(&result(&verdict, explanation.as_ref()))?,
        false => print::out(&table(&verdict, explanation.as_ref()))?,
    }
    Ok(if verdict.user().is_some() { Found::Good } else { Found::Bad })
}

fn result(verdict: &Verdict, explanation: Option<&Explanation>) -> Value {
    json!({
        "outcome": verdict.outcome().name(),
        "reasons": verdict.reasons().iter().map(|reason| reason.code.name()).collect::<Vec<_>>(),
        "identity": explanation.map(Explanation::to_json),
    })
}

fn table(verdict: &Verdict, explanation: Option<&Explanation>) -> String {
    let mut fields = Fields::default();
    fields.add("outcome", verdict.outcome().name());
    fields.list("reasons", verdict.reasons().iter().map(|reason| format!("{}: {}", reason.code, reason.code.text())));
    fields.add("user", verdict.user().unwrap_or("none"));
    let Some(explanation) = explanation else {
        fields.add("why", "the certificate is not accepted, so no rule is asked");
        return fields.text();
    };
    fields.add("why", &explanation.why);
    if let Some(mapping) = verdict.mapping() {
        fields.add("strength", mapping.strength.name());
    }
    let rules = (1..).zip(&explanation.steps).map(|(number, step)| rule(number, step));
    rules.fold(fields.text(), |text, rule| text + "\n" + &rule)
}

fn rule(number: usize, step: &Step) -> String {
    let mut fields = Fields::default();
    fields.add(&format!("rule {number}"), &step.rule);
    match &step.saw {
        Ok(values) if values.is_empty() => fields.add("saw", "nothing"),
        Ok(values) => fields.list("saw", values.iter().cloned()),
        Err(problem) => fields.add("saw", format!("what cannot be trusted: {problem}")),
    }
    fields.add("strength", step.strength);
    fields.add("so", format!("{}{}", step.finding, if step.decided { ", and this decides" } else { "" }));
    fields.text()
}
