//! Why a client is called what it is called: every rule, what it saw, and what came of it.

use serde_json::{Value, json};

use super::source::Values;
use super::{Client, Finding, MappedBy, Mapping, Refusal, Rules};

/// What all rules make of a client, and the outcome.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Every rule, in their order.
    pub steps: Vec<Step>,
    /// What [`Rules::map`] says.
    pub result: Result<Option<Mapping>, Refusal>,
    /// Why, in English.
    pub why: String,
}

/// What one rule makes of a client, whether or not it was needed.
#[derive(Clone, Debug)]
pub struct Step {
    /// The rule's text.
    pub rule: String,
    /// `weak` or `strong`.
    pub strength: &'static str,
    /// The values that it reads, or why they cannot be trusted.
    pub saw: Result<Vec<String>, String>,
    /// The user that it names.
    pub user: Option<String>,
    /// What came of it, in English.
    pub finding: String,
    /// Whether it decided.
    pub decided: bool,
}

impl Rules {
    /// As [`Rules::map`], with all rules shown.
    pub fn explain(&self, client: &Client<'_>) -> Explanation {
        let result = self.map(client);
        let decisive = match &result {
            Ok(Some(Mapping { by: MappedBy::Rule(index, _), .. }))
            | Err(Refusal::Ambiguous(index, _) | Refusal::Weak(index)) => Some(*index),
            _ => None,
        };
        let asked = client.issuers.is_some();
        let steps = self.rules().iter().enumerate().map(|(index, rule)| {
            let mut step = Step {
                rule: rule.text().to_owned(),
                strength: rule.strength().name(),
                saw: Ok(Vec::new()),
                user: None,
                finding: "it is not asked: the key alone speaks for this certificate".into(),
                decided: decisive == Some(index),
            };
            if asked {
                let values = rule.source().values(client);
                step.saw = values.map(Values::into_vec).map_err(|ambiguity| ambiguity.to_string());
                (step.user, step.finding) = describe(rule.apply(client, self.charset));
                if decisive.is_some_and(|decisive| decisive < index) {
                    step.finding = format!("too late, but: {}", step.finding);
                }
            }
            step
        });
        Explanation { steps: steps.collect(), why: self.why(client, &result), result }
    }

    fn why(&self, client: &Client<'_>, result: &Result<Option<Mapping>, Refusal>) -> String {
        match result {
            Ok(Some(Mapping { by: MappedBy::Rule(index, _), .. })) => {
                format!("rule {} is the first that matches", index + 1)
            }
            Ok(Some(_)) if client.issuers.is_none() => "no path was verified, so the registration says it".into(),
            Ok(Some(_)) => "there are no rules, so the registration says it".into(),
            Ok(None) if client.issuers.is_none() => "no path was verified, and the key is not registered".into(),
            Ok(None) if self.rules().is_empty() => "there are no rules, and the key is not registered".into(),
            Ok(None) => "no rule matches, and identity_required is false".into(),
            Err(Refusal::Weak(index)) => format!("rule {} matches, but it is weak", index + 1),
            Err(refusal) => refusal.to_string(),
        }
    }
}

impl Explanation {
    /// As JSON: a stable interface, described in `docs/identity.md`. Keys are only ever added.
    pub fn to_json(&self) -> Value {
        let mapping = self.result.as_ref().ok().and_then(Option::as_ref);
        let reason = match &self.result {
            Ok(_) => None,
            Err(Refusal::Unknown) => Some("identity_unknown"),
            Err(Refusal::Ambiguous(..)) => Some("ambiguous_identity"),
            Err(Refusal::Weak(_)) => Some("identity_weak"),
        };
        json!({
            "user": mapping.map(|mapping| &*mapping.user),
            "user_rule": mapping.map(|mapping| mapping.by.to_string()),
            "user_strength": mapping.map(|mapping| mapping.strength.name()),
            "reason": reason,
            "why": self.why,
            "rules": self.steps.iter().map(|step| json!({
                "rule": step.rule,
                "strength": step.strength,
                "saw": step.saw.as_ref().ok(),
                "problem": step.saw.as_ref().err(),
                "user": step.user,
                "finding": step.finding,
                "decided": step.decided,
            })).collect::<Vec<_>>(),
        })
    }
}

/// The user that a finding names, and the finding in English.
fn describe(finding: Finding) -> (Option<String>, String) {
    match finding {
        Finding::User(user) => {
            let text = format!("it names the user {user}");
            (Some(user), text)
        }
        Finding::Absent => (None, "it does not match: the certificate has no such value".into()),
        Finding::Condition(condition) => (None, format!("it does not apply: '{condition}' does not hold")),
        Finding::Different => (None, "it does not match: the value is not one that it wants".into()),
        Finding::Ambiguous(ambiguity) => (None, format!("it refuses: {ambiguity}")),
    }
}
