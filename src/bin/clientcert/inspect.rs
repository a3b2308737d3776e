//! `clientcert inspect`: everything that is in a certificate.

use clap::ArgMatches;
use serde_json::{Map, Value};

use crate::print::Fields;
use crate::{Failure, Found, input, moment, print};

pub fn run(matches: &ArgMatches) -> Result<Found, Failure> {
    let now = moment::of(matches);
    let mut all = Vec::new();
    let mut found = Found::Good;
    for (file, bytes) in input::files(matches)? {
        for input::Entry { place, certificate } in input::certificates(&file, &bytes)? {
            match certificate {
                Ok(certificate) => all.push((place, certificate.view().to_json(now))),
                Err(problem) => {
                    print::error(&format!("{place}: {problem}"));
                    found = Found::Broken;
                }
            }
        }
    }
    match matches.get_flag("json") {
        true => print::json(&all.into_iter().map(|(place, certificate)| with_place(place, certificate)).collect())?,
        false => {
            let tables: Vec<String> = all.iter().map(|(place, certificate)| table(place, certificate)).collect();
            print::out(&tables.join("\n"))?;
        }
    }
    Ok(found)
}

/// The general names of a JSON array, each with its kind.
pub fn names(names: &Value) -> Vec<String> {
    let name = |name: &Value| {
        let kind = match (text(&name["oid"]), text(&name["tag"])) {
            (Some(oid), _) => format!(" ({oid})"),
            (_, Some(tag)) => format!(" (tag {tag})"),
            _ => String::new(),
        };
        format!("{}{kind}: {}", text(&name["type"]).unwrap_or_default(), text(&name["value"]).unwrap_or_default())
    };
    names.as_array().into_iter().flatten().map(name).collect()
}

pub fn with_place(place: String, certificate: Map<String, Value>) -> Value {
    let place = std::iter::once(("place".to_owned(), Value::from(place)));
    Value::Object(place.chain(certificate).collect())
}

fn table(place: &str, certificate: &Map<String, Value>) -> String {
    let mut fields = Fields::default();
    let get = |key: &str| certificate.get(key).unwrap_or(&Value::Null);
    for key in ["subject", "issuer"] {
        let name = text(get(key)).unwrap_or_default();
        fields.add(key, if name.is_empty() { "(empty)" } else { &name });
    }
    fields.list("serial", text(get("serial")));
    fields.list("version", text(get("version")));
    fields.list("not before", text(get("not_before")));
    let days = text(get("days_left")).map(|days| format!(" ({days} days left)")).unwrap_or_default();
    fields.list("not after", text(get("not_after")).map(|end| end + &days));
    let key = get("key");
    let bits = text(&key["bits"]).map(|bits| format!(", {bits} bits")).unwrap_or_default();
    fields.list("key", text(&key["algorithm"]).map(|algorithm| algorithm + &bits));
    fields.list("signature", text(&get("signature_algorithm")["name"]));
    fields.list("alternative names", names(get("sans")));
    if let Value::Object(constraints) = get("basic_constraints") {
        let length = constraints.get("path_length").and_then(text).map(|length| format!(", path length {length}"));
        let ca = if constraints.get("ca") == Some(&Value::Bool(true)) { "a CA" } else { "not a CA" };
        fields.add("basic constraints", format!("{ca}{}", length.unwrap_or_default()));
    }
    fields.list("key usage", texts(get("key_usage")));
    fields.list("extended key usage", texts(get("extended_key_usage")));
    fields.list("policies", texts(get("policies")));
    fields.list("subject key identifier", text(get("subject_key_identifier")));
    let authority = get("authority_key_identifier");
    fields.list("authority key identifier", text(&authority["key_identifier"]));
    fields.list("authority certificate issuer", names(&authority["issuer"]));
    fields.list("authority certificate serial", text(&authority["serial"]));
    for (label, key) in [("OCSP", "ocsp"), ("CA issuers", "ca_issuers"), ("CRLs", "crl_distribution_points")] {
        fields.list(label, names(get(key)));
    }
    fields.list("permitted names", names(&get("name_constraints")["permitted"]));
    fields.list("excluded names", names(&get("name_constraints")["excluded"]));
    fields.list("extensions", get("extensions").as_array().into_iter().flatten().map(extension));
    for (label, key) in
        [("SHA-1", "sha1"), ("SHA-256", "sha256"), ("SHA-256 of the key", "spki_sha256"), ("x5t#S256", "x5t#S256")]
    {
        fields.list(label, text(&get("fingerprints")[key]));
    }
    format!("{}\n{}", print::one_line(place), fields.text())
}

fn extension(extension: &Value) -> String {
    let name = text(&extension["name"]).map(|name| format!(" {name}")).unwrap_or_default();
    let critical = if extension["critical"] == true { ", critical" } else { "" };
    let value = text(&extension["value"]).unwrap_or_default();
    format!("{}{name}{critical}, {} bytes", text(&extension["oid"]).unwrap_or_default(), value.len() / 2)
}

pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

pub fn texts(value: &Value) -> impl Iterator<Item = String> {
    value.as_array().into_iter().flatten().filter_map(text)
}
