//! A verdict as JSON: a stable interface, described in `docs/json.md`.

use serde_json::{Map, Value, json};

use super::status::{culprit_index, second_opinion_name};
use super::{Verdict, VerifiedBy};
use crate::certificate::variables::{is_binary, is_copy, render};
use crate::certificate::{self, Calendar, Certificate};
use crate::registry::Registration;
use crate::revocation::CrlInfo;
use crate::verify::{Reason, SecondOpinion, TlsVersion};

impl Verdict {
    /// The whole verdict, at `now` in Unix seconds, which only days left depend on. Keys are only ever added. Nothing in
    /// it is kept in the verdict.
    pub fn to_json(&self, now: i64) -> Value {
        let (text, binary) = self.variables_json(now);
        let mut object = json!({
            "outcome": self.outcome.name(),
            "verified": self.verified(),
            "accepted": self.accepted(),
            "mode": self.mode.name(),
            "reasons": self.reasons.iter().map(|reason| self.reason_json(reason)).collect::<Vec<_>>(),
            "verified_by": self.verified_by().map(VerifiedBy::name),
            "user": self.user(),
            "user_rule": self.mapping().map(|mapping| mapping.by.to_string()),
            "user_strength": self.mapping().map(|mapping| mapping.strength.name()),
            "registration": self.registration().map(registration_json),
            "pending_fingerprint": self.pending_fingerprint().map(|key| key.to_string()),
        });
        let rest = json!({
            "path": self.path().iter().map(|certificate| self.path_entry(certificate)).collect::<Vec<_>>(),
            "second_opinion": second_opinion(&self.second_opinion),
            "crls": self.crls().map(|(depth, crl)| crl_json(depth, crl)).collect::<Vec<_>>(),
            "valid_until": self.verified().then_some(self.valid_until),
            "policy_identity": certificate::hex(&self.policy_identity),
            "certificate_count": self.certificate_count(),
            "variables": text,
            "variables_base64": binary,
        });
        if let (Value::Object(object), Value::Object(rest)) = (&mut object, rest) {
            object.extend(self.identity(now));
            object.extend(rest);
        }
        object
    }

    /// What names the client. Without a certificate that can be read the same keys are null.
    fn identity(&self, now: i64) -> Map<String, Value> {
        const KEYS: [&str; 8] =
            ["subject", "issuer", "serial", "not_before", "not_after", "days_left", "sans", "fingerprints"];
        match self.certificate(0) {
            Some(leaf) => leaf.identity_json(now),
            None => KEYS.into_iter().map(|key| (key.to_owned(), Value::Null)).collect(),
        }
    }

    fn reason_json(&self, reason: &Reason) -> Value {
        let culprit = self.culprit(reason);
        json!({
            "code": reason.code as i32,
            "name": reason.code.name(),
            "text": reason.code.text(),
            "detail": reason.detail.as_ref().map(ToString::to_string),
            "depth": reason.depth,
            "certificate": culprit_index(reason.culprit),
            "subject": culprit.map(|certificate| certificate.subject().rfc4514()),
            "issuer": culprit.map(|certificate| certificate.issuer().rfc4514()),
            "serial": culprit.map(|certificate| certificate.serial_text()),
            "tolerated": reason.tolerated,
            "x509_error": reason.code.openssl_number(),
            "x509_name": reason.code.openssl_name(),
            "alert": { "tls1.2": reason.code.alert(TlsVersion::Tls12), "tls1.3": reason.code.alert(TlsVersion::Tls13) },
            "nginx_status": reason.code.nginx_status(),
            "iis_substatus": reason.code.iis_substatus(),
        })
    }

    fn path_entry(&self, certificate: &Certificate<'_>) -> Value {
        let is_anchor = self.anchor().is_some_and(|anchor| anchor.as_der() == certificate.as_der());
        json!({
            "subject": certificate.subject().rfc4514(),
            "issuer": certificate.issuer().rfc4514(),
            "serial": certificate.serial_text(),
            "sha256": certificate::hex(&certificate.sha256()),
            "anchor": is_anchor,
        })
    }

    /// The variables that have a value: those that are text, and the base64 of those that are not. The certificates
    /// themselves are in it twice, and not a dozen times: who is hostile chooses their size.
    fn variables_json(&self, now: i64) -> (Map<String, Value>, Map<String, Value>) {
        let (mut text, mut binary) = (Map::new(), Map::new());
        let mut set = |name: String| {
            let Some(value) = self.own(&name).or_else(|| render(self, &name, now)) else { return false };
            match String::from_utf8(value) {
                Ok(value) if !is_binary(&name) => text.insert(name, value.into()),
                Ok(value) => binary.insert(name, certificate::base64(value.as_bytes()).into()),
                Err(error) => binary.insert(name, certificate::base64(error.as_bytes()).into()),
            };
            true
        };
        for (_, name, _) in Verdict::variables().filter(|(_, name, _)| !is_copy(name)) {
            if let Some(head) = name.strip_suffix("_x509_N_RAW") {
                for part in X509_PARTS {
                    set(format!("{head}_{part}"));
                    let _last = (0..MOST_NUMBERED).find(|index| !set(format!("{head}_{part}_{index}")));
                }
            } else if let Some(family) = name.strip_suffix("_N") {
                let _last = (0..MOST_NUMBERED).find(|index| !set(format!("{family}_{index}")));
            } else {
                set(name.to_owned());
            }
        }
        (text, binary)
    }
}

/// A hostile certificate may have thousands of names. `sans` has all of them.
const MOST_NUMBERED: usize = 64;

/// The parts of a name that Apache has variables for.
const X509_PARTS: [&str; 14] = ["C", "ST", "SP", "L", "O", "OU", "CN", "T", "I", "G", "S", "D", "UID", "Email"];

fn registration_json(registration: &Registration) -> Value {
    let moment = |moment: Option<i64>| moment.map(|moment| Calendar::from_unix(moment).rfc3339());
    json!({
        "key": registration.key.to_string(),
        "label": registration.label,
        "created": moment(Some(registration.created)),
        "not_before": moment(registration.not_before),
        "not_after": moment(registration.not_after),
        "no_manage": registration.no_manage,
    })
}

fn crl_json(depth: u32, crl: &CrlInfo) -> Value {
    json!({
        "depth": depth,
        "issuer": crl.issuer().rfc4514(),
        "number": crl.number_text(),
        "delta": crl.is_delta(),
        "this_update": Calendar::from_unix(crl.this_update()).rfc3339(),
        "next_update": crl.next_update().map(|next| Calendar::from_unix(next).rfc3339()),
        "source": crl.place(),
    })
}

fn second_opinion(opinion: &SecondOpinion) -> Value {
    let why = match opinion {
        SecondOpinion::Abstained(abstention) => Some(abstention.name().to_owned()),
        SecondOpinion::Disagreed(words) => Some(words.to_string()),
        _ => None,
    };
    json!({ "result": second_opinion_name(opinion), "why": why })
}
