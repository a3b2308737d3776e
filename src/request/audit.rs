//! The record of a decision: one line of JSON.

use serde_json::{Map, Value, json};
use smallvec::SmallVec;

use super::{Decision, HttpVersion, Request};
use crate::certificate::{self, Calendar};

/// What a decision keeps of its request. Names of usual length stay in place, so that keeping them allocates nothing.
#[derive(Clone, Debug)]
pub(super) struct Record {
    now: i64,
    age: Option<i64>,
    tls: u16,
    http: HttpVersion,
    resumed: bool,
    logged_out: bool,
    method: Kept<16>,
    authority: Kept<64>,
    server_name: Kept<64>,
}

/// The most of a text that is kept: what a client writes is not to fill a log.
const LONGEST: usize = 256;

#[derive(Clone, Debug, Default)]
struct Kept<const N: usize>(Option<SmallVec<[u8; N]>>)
where
    [u8; N]: smallvec::Array<Item = u8>;

impl Record {
    pub(super) fn of(request: &Request<'_>, now: i64) -> Self {
        Self {
            now,
            age: request.handshake_time.map(|time| now.saturating_sub(time)),
            tls: request.tls,
            http: request.http,
            resumed: request.resumed,
            logged_out: request.logged_out,
            method: Kept::of(Some(request.method)),
            authority: Kept::of(request.authority),
            server_name: Kept::of(request.server_name),
        }
    }

    pub(super) fn line(&self, decision: &Decision) -> String {
        let verdict = &decision.verdict;
        let leaf = verdict.certificate(0);
        let mut line = Map::new();
        let mut put = |name: &str, value: Value| {
            line.insert(name.to_owned(), value);
        };
        put("time", json!(Calendar::from_unix(self.now).rfc3339()));
        put("action", json!(decision.action.name()));
        put("status", json!(decision.status));
        put("cause", json!(decision.cause.map(super::Cause::name)));
        put("iis_substatus", json!(decision.cause.and_then(super::Cause::iis_substatus)));
        put("outcome", json!(verdict.outcome().name()));
        put("reasons", json!(verdict.reasons().iter().map(|reason| reason.code.name()).collect::<Vec<_>>()));
        put("user", json!(verdict.user()));
        put("fingerprint_sha256", json!(leaf.map(|leaf| certificate::hex(&leaf.sha256()))));
        put("spki_sha256", json!(leaf.map(|leaf| certificate::hex(&leaf.spki_sha256()))));
        put("method", json!(self.method.text()));
        put("host", json!(self.authority.text()));
        put("server_name", json!(self.server_name.text()));
        put("tls", json!(tls_name(self.tls)));
        put("http", json!(Some(self.http.name()).filter(|name| !name.is_empty())));
        put("resumed", json!(self.resumed));
        put("logged_out", json!(self.logged_out));
        put("handshake_age", json!(self.age));
        put("closes", json!(decision.closes));
        one_line(&Value::Object(line).to_string())
    }
}

impl<const N: usize> Kept<N>
where
    [u8; N]: smallvec::Array<Item = u8>,
{
    fn of(text: Option<&str>) -> Self {
        Self(text.map(|text| SmallVec::from_slice(&text.as_bytes()[..text.len().min(LONGEST)])))
    }

    fn text(&self) -> Option<String> {
        self.0.as_ref().map(|text| String::from_utf8_lossy(text).into_owned())
    }
}

/// JSON in which everything is escaped that some reader takes for a line end or acts on. Outside of its strings JSON has
/// none of it, and the control characters of ASCII are escaped already.
fn one_line(json: &str) -> String {
    let acts = |character: char| match character {
        '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => true,
        // They reorder what follows.
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        _ => false,
    };
    if !json.contains(acts) {
        return json.to_owned();
    }
    let mut line = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        match acts(character) {
            true => line.push_str(&format!("\\u{:04x}", u32::from(character))),
            false => line.push(character),
        }
    }
    line
}

fn tls_name(version: u16) -> Option<&'static str> {
    match version {
        0x0300 => Some("3.0"),
        0x0301 => Some("1.0"),
        0x0302 => Some("1.1"),
        0x0303 => Some("1.2"),
        0x0304 => Some("1.3"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_or_log_acts_on_is_escaped() {
        let hostile = "a\u{7f}\u{85}\u{9b}2J\u{2028}\u{2029}\u{202e}\u{2066}\u{200f}ü\n\u{1b}";
        let line = one_line(&json!({ "host": hostile }).to_string());
        assert!(line.chars().all(|character| character == 'ü' || (' '..='~').contains(&character)), "{line}");
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["host"], hostile);
    }
}
