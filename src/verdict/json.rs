//! A verdict as JSON: a stable interface, described in `docs/json.md`.

use serde_json::{Map, Value, json};

use super::Verdict;
use super::status::{culprit_index, second_opinion_name};
use crate::certificate::{self, Certificate};
use crate::verify::{Reason, SecondOpinion, TlsVersion};

impl Verdict {
    /// The whole verdict, at `now` in Unix seconds, which only days left depend on. Keys are only ever added.
    pub fn to_json(&self, now: i64) -> Value {
        let mut object = json!({
            "outcome": self.outcome.name(),
            "verified": self.verified(),
            "accepted": self.accepted(),
            "mode": self.mode.name(),
            "reasons": self.reasons.iter().map(|reason| self.reason_json(reason)).collect::<Vec<_>>(),
            "user": self.user(),
            "path": self.path().iter().map(|certificate| self.path_entry(certificate)).collect::<Vec<_>>(),
            "second_opinion": second_opinion(&self.second_opinion),
            "policy_identity": certificate::hex(&self.policy_identity),
            "valid_until": self.verified().then_some(self.valid_until),
            "certificate_count": self.certificate_count(),
        });
        if let (Some(leaf), Some(object)) = (self.certificate(0), object.as_object_mut()) {
            object.extend(certificate_json(&leaf, now));
        }
        object
    }

    fn reason_json(&self, reason: &Reason) -> Value {
        json!({
            "code": reason.code as i32,
            "name": reason.code.name(),
            "text": reason.code.text(),
            "detail": reason.detail.as_ref().map(ToString::to_string),
            "depth": reason.depth,
            "certificate": culprit_index(reason.culprit),
            "subject": self.culprit(reason).map(|certificate| certificate.subject().rfc4514()),
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
            "serial": certificate::hex(certificate.serial()),
            "sha256": certificate::hex(&certificate.sha256()),
            "anchor": is_anchor,
        })
    }
}

/// All that a certificate says of itself, as `clientcert inspect --json` gives it.
pub fn certificate_json(certificate: &Certificate<'_>, now: i64) -> Map<String, Value> {
    let Value::Object(object) = json!({
        "version": certificate.version(),
        "subject": certificate.subject().rfc4514(),
        "issuer": certificate.issuer().rfc4514(),
        "serial": certificate::hex(certificate.serial()),
        "days_left": certificate.not_after().saturating_sub(now).div_euclid(86_400),
        "fingerprints": {
            "sha1": certificate::hex(&certificate.sha1()),
            "sha256": certificate::hex(&certificate.sha256()),
            "spki_sha256": certificate::hex(&certificate.spki_sha256()),
            "x5t#S256": certificate.x5t_s256(),
        },
    }) else {
        return Map::new();
    };
    object
}

fn second_opinion(opinion: &SecondOpinion) -> Value {
    let why = match opinion {
        SecondOpinion::Abstained(abstention) => Some(abstention.name().to_owned()),
        SecondOpinion::Disagreed(words) => Some(words.to_string()),
        _ => None,
    };
    json!({ "result": second_opinion_name(opinion), "why": why })
}
