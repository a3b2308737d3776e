//! A verdict's variables by name.

use super::Verdict;
use crate::certificate::{self, Calendar, variables};
use crate::revocation::ocsp::Answer;
use crate::revocation::{CrlInfo, RevocationReason};
use crate::verify::{Culprit, Detail, SecondOpinion};

impl Verdict {
    /// The value of a variable by its name, now: any of `docs/variables.md`, nginx's, Apache's and HAProxy's among them,
    /// byte for byte. None where the name is unknown or there is no value. It lives as long as the verdict.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.lend(name, crate::time::unix_now).map(without_nul)
    }

    /// The same at another time in Unix seconds, which only days left depend on.
    pub fn get_at(&self, name: &str, now: i64) -> Option<&[u8]> {
        self.lend(name, || now).map(without_nul)
    }

    /// The same with a NUL behind it, for C. The clock is read only where the text depends on it.
    pub(crate) fn lend(&self, name: &str, now: impl FnOnce() -> i64) -> Option<&[u8]> {
        if let Some(text) = self.renderings.get(name) {
            return Some(text);
        }
        if variables::depends_on_time(name) {
            // Kept under a name that nobody can ask for, so that the next moment makes its own.
            let value = variables::render(self, name, now())?;
            return Some(self.renderings.keep(&format!("{name}\0"), value));
        }
        let value = self.own(name).or_else(|| variables::render(self, name, 0))?;
        Some(self.renderings.keep(name, value))
    }

    /// The verdict as JSON text with a NUL behind it, for C.
    pub(crate) fn json_with_nul(&self, now: i64) -> &[u8] {
        self.renderings.keep("\0json", self.to_json(now).to_string().into_bytes())
    }

    /// The detail of a reason with a NUL behind it, for C. A NUL in it, which would cut it there, becomes U+FFFD.
    pub(crate) fn detail_with_nul(&self, index: usize) -> Option<&[u8]> {
        let detail = self.reasons.get(index)?.detail.as_ref()?.to_string();
        Some(self.renderings.keep("\0detail", detail.replace('\0', "\u{fffd}").into_bytes()))
    }

    pub(super) fn own(&self, name: &str) -> Option<Vec<u8>> {
        let flag = |set: bool| if set { "1" } else { "0" }.to_owned();
        let value = match name {
            "outcome" => self.outcome.name().to_owned(),
            "verified" => flag(self.verified()),
            "accepted" => flag(self.accepted()),
            "mode" => self.mode.name().to_owned(),
            "verified_by" => self.verified_by()?.name().to_owned(),
            "reason" => self.primary()?.code.name().to_owned(),
            "reasons" if self.reasons.is_empty() => return None,
            "reasons" => {
                let names = self.reasons.iter().map(|reason| match reason.depth {
                    Some(depth) => format!("{}@{depth}", reason.code),
                    None => reason.code.to_string(),
                });
                names.collect::<Vec<_>>().join(",")
            }
            "reason_text" => {
                let reason = self.primary()?;
                match reason.depth {
                    Some(depth) => format!("{}, depth {depth}", reason.code.text()),
                    None => reason.code.text().to_owned(),
                }
            }
            "user" => self.user()?.to_owned(),
            "user_rule" => self.mapping()?.by.to_string(),
            "user_strength" => self.mapping()?.strength.name().to_owned(),
            "registration_label" => self.registration()?.label.clone(),
            "registration_key" => self.registration()?.key.to_string(),
            "pending_fingerprint" => self.pending_fingerprint()?.to_string(),
            "second_opinion" => match &self.second_opinion {
                SecondOpinion::Abstained(abstention) => format!("abstained:{}", abstention.name()),
                other => second_opinion_name(other).to_owned(),
            },
            "policy_identity" => certificate::hex(&self.policy_identity),
            "valid_until" if self.verified() => self.valid_until.to_string(),
            "crl_issuer" => self.deciding_crl()?.issuer().rfc4514(),
            "crl_number" => self.deciding_crl()?.number_text()?,
            "crl_this_update" => Calendar::from_unix(self.deciding_crl()?.this_update()).rfc3339(),
            "crl_next_update" => Calendar::from_unix(self.deciding_crl()?.next_update()?).rfc3339(),
            "crl_source" => self.deciding_crl()?.place().to_owned(),
            "ocsp_status" => self.deciding_answer()?.status().name().to_owned(),
            "ocsp_responder" => self.deciding_answer()?.responder_id().to_owned(),
            "ocsp_this_update" => Calendar::from_unix(self.deciding_answer()?.this_update()).rfc3339(),
            "ocsp_next_update" => Calendar::from_unix(self.deciding_answer()?.next_update()?).rfc3339(),
            "revocation_reason" => self.revocation()?.0?.name().to_owned(),
            "revocation_date" => Calendar::from_unix(self.revocation()?.1).rfc3339(),
            _ => return None,
        };
        Some(value.into_bytes())
    }
}

impl Verdict {
    /// The CRL that decided about the certificate that the primary reason blames, or else about the client's.
    fn deciding_crl(&self) -> Option<&CrlInfo> {
        let blamed = self.primary().and_then(|reason| reason.depth);
        let about = |wanted: u32| self.crls().find(|(depth, _)| *depth == wanted).map(|(_, crl)| crl);
        blamed.and_then(about).or_else(|| about(0))
    }

    /// The OCSP answer about the certificate that the primary reason blames, or else about the client's.
    fn deciding_answer(&self) -> Option<&Answer> {
        let blamed = self.primary().and_then(|reason| reason.depth);
        let about = |wanted: u32| self.ocsp_answers().find(|(depth, _)| *depth == wanted).map(|(_, answer)| answer);
        blamed.and_then(about).or_else(|| about(0))
    }

    /// Why and since when the first revoked certificate is.
    fn revocation(&self) -> Option<(Option<RevocationReason>, i64)> {
        self.reasons.iter().find_map(|reason| match reason.detail {
            Some(Detail::Revoked { reason, date }) => Some((reason, date)),
            _ => None,
        })
    }
}

fn without_nul(text: &[u8]) -> &[u8] {
    &text[..text.len() - 1]
}

pub(super) fn second_opinion_name(opinion: &SecondOpinion) -> &'static str {
    match opinion {
        SecondOpinion::NotAsked => "not_asked",
        SecondOpinion::Agreed => "agreed",
        SecondOpinion::Abstained(_) => "abstained",
        SecondOpinion::Disagreed(_) => "disagreed",
    }
}

/// The index of a presented certificate as JSON and C say it: none is -1, the anchor -2.
pub(crate) fn culprit_index(culprit: Culprit) -> i64 {
    match culprit {
        Culprit::None => -1,
        Culprit::Anchor => -2,
        Culprit::Presented(index) => i64::try_from(index).unwrap_or(i64::MAX),
    }
}
