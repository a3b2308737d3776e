//! Registrations as JSON: what `list` and `export` give, and the fields that a caller may set.

use serde_json::{Map, Value, json};

use super::grammar::MOMENTS;
use super::registration::{Registration, digest};
use crate::certificate::{Calendar, from_rfc3339, hex};
use crate::error::Error;

impl Registration {
    /// One object with every field; moments are RFC 3339 in UTC, and null where there is none.
    pub fn to_json(&self) -> Value {
        let moment = |moment: Option<i64>| moment.map(|moment| Calendar::from_unix(moment).rfc3339());
        json!({
            "user": self.user,
            "key": self.key.to_string(),
            "label": self.label,
            "created": moment(Some(self.created).filter(|created| *created != 0)),
            "not_before": moment(self.not_before),
            "not_after": moment(self.not_after),
            "disabled": self.disabled,
            "revoked": moment(self.revoked),
            "last_used": moment(self.last_used),
            "no_manage": self.no_manage,
            "ca": self.ca.map(|digest| format!("sha256:{}", hex(&digest))),
        })
    }

    /// Sets the fields that an object of JSON names: `label`, `not_before`, `not_after`, `disabled`, `no_manage` and `ca`,
    /// in the form of [`Registration::to_json`]; null is none. Nothing is changed where it fails.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] where it is no such object, or has other members.
    pub fn set_json(&mut self, fields: &str) -> Result<(), Error> {
        let invalid = |problem| Error::InvalidArgument { argument: "fields", problem };
        let object: Map<String, Value> = serde_json::from_str(fields).map_err(|_| invalid("not a JSON object"))?;
        let mut changed = self.clone();
        for (name, value) in &object {
            match (&**name, value) {
                ("label", Value::String(label)) => changed.label.clone_from(label),
                ("label", Value::Null) => changed.label.clear(),
                ("not_before", value) => changed.not_before = moment(value).map_err(invalid)?,
                ("not_after", value) => changed.not_after = moment(value).map_err(invalid)?,
                ("disabled", Value::Bool(flag)) => changed.disabled = *flag,
                ("no_manage", Value::Bool(flag)) => changed.no_manage = *flag,
                ("ca", Value::Null) => changed.ca = None,
                ("ca", Value::String(text)) => {
                    let digest = text.strip_prefix("sha256:").and_then(digest);
                    changed.ca = Some(digest.ok_or(invalid("`ca` is not `sha256:` with 32 bytes"))?);
                }
                ("label" | "disabled" | "no_manage" | "ca", _) => {
                    return Err(invalid("a member is of another type than it should be"));
                }
                _ => return Err(invalid("there is a member that cannot be set")),
            }
        }
        *self = changed;
        Ok(())
    }
}

fn moment(value: &Value) -> Result<Option<i64>, &'static str> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text,
        _ => return Err(NO_MOMENT),
    };
    from_rfc3339(text).filter(|moment| MOMENTS.contains(moment)).map(Some).ok_or(NO_MOMENT)
}

const NO_MOMENT: &str = "a moment is not RFC 3339 in UTC, such as 2026-11-21T12:00:00Z";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::RegisteredKey;

    #[test]
    fn what_is_shown_can_be_set() {
        let plain = Registration::new("alice", RegisteredKey::Spki([1; 32]), 5);
        let set = Registration {
            label: "laptop".into(),
            not_before: Some(0),
            not_after: Some(1_893_542_399),
            disabled: true,
            no_manage: true,
            ca: Some([7; 32]),
            ..plain.clone()
        };
        let json = set.to_json();
        assert_eq!(json["not_after"], "2030-01-01T23:59:59Z");
        assert_eq!((&json["created"], &json["revoked"]), (&"1970-01-01T00:00:05Z".into(), &Value::Null));
        let names = ["label", "not_before", "not_after", "disabled", "no_manage", "ca"];
        let fields: Map<String, Value> = names.iter().map(|name| ((*name).to_owned(), json[*name].clone())).collect();
        let mut again = plain.clone();
        again.set_json(&Value::Object(fields).to_string()).expect("its own fields");
        assert_eq!(again, set);
        again
            .set_json(
                r#"{"label":null,"not_before":null,"not_after":null,"disabled":false,"no_manage":false,"ca":null}"#,
            )
            .expect("none of them");
        assert_eq!(again, plain);
    }

    #[test]
    fn what_cannot_be_set_changes_nothing() {
        let plain = Registration::new("alice", RegisteredKey::Spki([1; 32]), 5);
        for fields in [
            "",
            "[]",
            r#"{"user":"bob"}"#,
            r#"{"revoked":null}"#,
            r#"{"label":"x","disabled":1}"#,
            r#"{"label":"x","not_after":"2030-01-01"}"#,
            r#"{"label":"x","not_after":1}"#,
            r#"{"label":"x","not_after":"1969-01-01T00:00:00Z"}"#,
            r#"{"label":"x","ca":"00"}"#,
        ] {
            let mut same = plain.clone();
            assert!(same.set_json(fields).is_err(), "{fields}");
            assert_eq!(same, plain);
        }
    }
}
