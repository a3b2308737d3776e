//! The state of the CRLs in use, for operators: as attributes, and as OpenMetrics text.

use std::fmt::Write as _;
use std::sync::Arc;

use super::held::{CrlInfo, HeldCrl};
use crate::certificate::Calendar;

/// One CRL in use, as an operator watches it.
#[derive(Clone, Debug)]
pub struct CrlState {
    held: Arc<HeldCrl>,
}

impl CrlState {
    /// The names of all attributes.
    pub const ATTRIBUTES: [&'static str; 11] = [
        "issuer",
        "number",
        "this_update",
        "next_update",
        "delta",
        "verified",
        "entries",
        "memory",
        "source",
        "age",
        "seconds_left",
    ];

    pub(crate) fn of(held: &Arc<HeldCrl>) -> Self {
        Self { held: Arc::clone(held) }
    }

    /// Issuer, number, dates, and where it was found.
    pub fn info(&self) -> &CrlInfo {
        self.held.info()
    }

    /// How many certificates it lists.
    pub fn entries(&self) -> usize {
        self.held.crl().entry_count()
    }

    /// The bytes of memory that it takes. Policies of one process that use the same unchanged file share them.
    pub fn memory(&self) -> usize {
        self.held.crl().memory()
    }

    /// Whether its signature was found good: at load where its issuer is known, else at the first handshake that shows it.
    pub fn is_verified(&self) -> bool {
        self.held.signer().is_some()
    }

    /// Seconds since it was issued, at `now` in Unix seconds; negative where it is from the future.
    pub fn age(&self, now: i64) -> i64 {
        now.saturating_sub(self.info().this_update())
    }

    /// Seconds until the next one is due, negative where that is past; None where it does not say.
    pub fn seconds_left(&self, now: i64) -> Option<i64> {
        self.info().next_update().map(|next| next.saturating_sub(now))
    }

    /// An attribute by its name, as text: `issuer` (RFC 4514), `number` (hexadecimal), `this_update` and `next_update`
    /// (RFC 3339), `delta` and `verified` (`1` or `0`), `entries`, `memory` (bytes), `source`, `age` and `seconds_left`
    /// (seconds at `now`). None where it has none, or there is no such name.
    pub fn get(&self, name: &str, now: i64) -> Option<String> {
        let flag = |set: bool| if set { "1" } else { "0" }.to_owned();
        Some(match name {
            "issuer" => self.info().issuer().rfc4514(),
            "number" => self.info().number_text()?,
            "this_update" => Calendar::from_unix(self.info().this_update()).rfc3339(),
            "next_update" => Calendar::from_unix(self.info().next_update()?).rfc3339(),
            "delta" => flag(self.info().is_delta()),
            "verified" => flag(self.is_verified()),
            "entries" => self.entries().to_string(),
            "memory" => self.memory().to_string(),
            "source" => self.info().place().to_owned(),
            "age" => self.age(now).to_string(),
            "seconds_left" => self.seconds_left(now)?.to_string(),
            _ => return None,
        })
    }
}

/// The state of CRLs as OpenMetrics 1.0 text, `now` in Unix seconds. A CRL is told apart by its issuer, its kind and where it
/// was found.
pub fn metrics(crls: &[CrlState], now: i64) -> String {
    type Value = fn(&CrlState, i64) -> Option<i64>;
    const FAMILIES: [(&str, &str, &str, Value); 6] = [
        ("this_update_timestamp_seconds", "seconds", "When the CRL was issued.", |crl, _| {
            Some(crl.info().this_update())
        }),
        ("next_update_timestamp_seconds", "seconds", "When the next CRL is due.", |crl, _| crl.info().next_update()),
        ("remaining_seconds", "seconds", "Time until the next CRL is due, negative when past.", |crl, now| {
            crl.seconds_left(now)
        }),
        ("entries", "", "Certificates that the CRL lists.", |crl, _| i64::try_from(crl.entries()).ok()),
        ("memory_bytes", "bytes", "Memory that the CRL takes.", |crl, _| i64::try_from(crl.memory()).ok()),
        ("verified", "", "Whether the CRL's signature was found good.", |crl, _| Some(crl.is_verified().into())),
    ];
    let mut text = String::new();
    for (family, unit, help, value) in FAMILIES {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# TYPE clientcert_crl_{family} gauge");
        if !unit.is_empty() {
            let _ = writeln!(text, "# UNIT clientcert_crl_{family} {unit}");
        }
        let _ = writeln!(text, "# HELP clientcert_crl_{family} {help}");
        for crl in crls {
            let Some(value) = value(crl, now) else { continue };
            let (issuer, source) = (escaped(&crl.info().issuer().rfc4514()), escaped(crl.info().place()));
            let kind = if crl.info().is_delta() { "delta" } else { "complete" };
            let labels = format!("issuer=\"{issuer}\",kind=\"{kind}\",source=\"{source}\"");
            let _ = writeln!(text, "clientcert_crl_{family}{{{labels}}} {value}");
        }
    }
    text.push_str("# EOF\n");
    text
}

/// A label's value, as OpenMetrics escapes it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
