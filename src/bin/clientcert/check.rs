//! `clientcert check`: what an operator should know of a configuration before a server uses it.

use clap::ArgMatches;
use clientcert::Policy;
use clientcert::policy::Warning;
use serde_json::{Value, json};

use crate::{Failure, Found, moment, print, settings};

pub fn run(matches: &ArgMatches) -> Result<Found, Failure> {
    let compiled = settings::config(matches)
        .and_then(|config| Policy::compile_at(&config, moment::of(matches)).map_err(Failure::from));
    let as_json = matches.get_flag("json");
    let policy = match compiled {
        Ok(policy) => policy,
        Err(failure) if as_json => {
            print::json(&json!({ "usable": false, "error": failure.0, "warnings": [] }))?;
            return Err(failure);
        }
        Err(failure) => return Err(failure),
    };
    match as_json {
        true => print::json(&result(&policy))?,
        false => print::out(
            &policy.warnings().iter().map(|warning| print::one_line(&warning.to_string()) + "\n").collect::<String>(),
        )?,
    }
    Ok(if policy.warnings().is_empty() { Found::Good } else { Found::Bad })
}

fn result(policy: &Policy) -> Value {
    let identity: String = policy.identity().iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "usable": true,
        "error": null,
        "warnings": policy.warnings().iter().map(warning).collect::<Vec<_>>(),
        "mode": policy.mode().name(),
        "enforcement": policy.enforcement().name(),
        "policy_identity": identity,
    })
}

fn warning(warning: &Warning) -> Value {
    json!({
        "kind": warning.kind.name(),
        "option": warning.option,
        "place": warning.place,
        "text": warning.text,
    })
}
