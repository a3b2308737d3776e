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
            print::json(&result(Err(&failure.0)))?;
            return Err(failure);
        }
        Err(failure) => return Err(failure),
    };
    match as_json {
        true => print::json(&result(Ok(&policy)))?,
        false => print::out(
            &policy.warnings().iter().map(|warning| print::one_line(&warning.to_string()) + "\n").collect::<String>(),
        )?,
    }
    Ok(if policy.warnings().is_empty() { Found::Good } else { Found::Bad })
}

/// The same keys, whether or not there is a policy.
fn result(compiled: Result<&Policy, &str>) -> Value {
    let policy = compiled.ok();
    json!({
        "usable": policy.is_some(),
        "error": compiled.err(),
        "warnings": policy.map_or(&[][..], Policy::warnings).iter().map(warning).collect::<Vec<_>>(),
        "mode": policy.map(|policy| policy.mode().name()),
        "enforcement": policy.map(|policy| policy.enforcement().name()),
        "policy_identity": policy.map(|policy| print::hex(policy.identity())),
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
