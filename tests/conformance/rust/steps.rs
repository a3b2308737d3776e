//! What a case asks for, step by step.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use clientcert::certificate::Certificate;
use clientcert::forwarded::{Carrier, Dialect, Forward, Peer, forward_headers};
use clientcert::registry::{
    AuditRecord, Editor, Form, Known, RegisteredKey, Registration, from_jwks, from_text, one_certificate,
};
use clientcert::request::{HttpVersion, Late, MinimumStrength, OtherLogin, Request, Requirement};
use clientcert::{Error, Verdict, Verifier};
use serde_json::{Map, Value, json};

use crate::render::{self, hex, unhex};
use crate::text;

/// What the steps of one case work on, one after another.
pub struct Bench<'c> {
    verifier: Verifier,
    variables: &'c [Value],
    /// Of the last step that made one.
    verdict: Option<Arc<Verdict>>,
    /// Of the one before that.
    former: Option<Arc<Verdict>>,
    /// What was forwarded last.
    headers: Vec<(String, Vec<u8>)>,
}

impl<'c> Bench<'c> {
    pub fn new(verifier: Verifier, variables: &'c [Value]) -> Self {
        Self { verifier, variables, verdict: None, former: None, headers: Vec::new() }
    }

    pub fn take(&mut self, step: &Value) -> Value {
        let time = moment(&step["time"]);
        match text(&step["do"]) {
            "verify" => {
                let chain: Vec<u8> = list(&step["chain"]).flat_map(|der| unhex(text(der))).collect();
                self.keep(self.verifier.verify_at(&chain, time), time)
            }
            "recheck" => self.keep(self.verifier.recheck(self.verdict(), time), time),
            "resolve" => {
                let registration = registration(self.verdict(), text(&step["answer"]));
                self.keep(self.verifier.resolve(self.verdict(), registration.as_ref(), time), time)
            }
            "ocsp" => {
                let index = step["certificate"].as_u64().and_then(|index| usize::try_from(index).ok()).expect("index");
                let response = unhex(text(&step["response"]));
                self.keep(self.verifier.ocsp_response_at(self.verdict(), index, &response, time), time)
            }
            "export_session" => {
                let (host, handshake) = (text(&step["host"]), moment(&step["handshake_time"]));
                let record = self.verifier.export_session(self.verdict(), host, handshake);
                json!({ "record": record.map(|record| hex(&record)) })
            }
            "resume_session" => {
                let record = unhex(text(&step["record"]));
                let resumed = self.verifier.resume_session(&record, text(&step["host"]), time);
                let mut answer = self.keep(resumed.verdict, time);
                answer["handshake_time"] = resumed.handshake_time.unwrap_or(0).into();
                answer
            }
            "forward" => self.forward(step),
            "verify_forwarded" => {
                if let Some(headers) = step["headers"].as_array() {
                    let pair = |pair: &Value| (text(&pair[0]).to_owned(), unhex(text(&pair[1])));
                    self.headers = headers.iter().map(pair).collect();
                }
                let peer = step["peer"].as_str().map_or(Peer::Unknown, Peer::parse);
                let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
                self.keep(self.verifier.verify_forwarded(carrier(step), &peer, headers, time), time)
            }
            "decide" => json!({ "decision": self.decide(&step["request"], time) }),
            "policy" => json!({ "policy": render::policy(&self.verifier, text(&step["host"])) }),
            "crls" => json!({ "report": render::crls(&self.verifier, time) }),
            "reload" => outcome(&self.verifier.reload()),
            "refresh" => {
                let refreshed = self.verifier.refresh();
                let mut answer = outcome(&refreshed);
                answer["changed"] = refreshed.unwrap_or(false).into();
                answer
            }
            "statistics" => {
                let found = self.verifier.statistics();
                let numbers =
                    [found.hits, found.misses, found.entries, found.evictions, found.insertions, found.capacity];
                json!({ "statistics": numbers })
            }
            "confirms" => json!({ "confirms": self.verdict().confirms(text(&step["confirmation"])) }),
            "ticket" => {
                let handshake = moment(&step["handshake_time"]);
                match self.verifier.answer_question(self.verdict(), text(&step["question"]), handshake, now()) {
                    Ok(location) => json!({ "location": location }),
                    Err(error) => json!({ "error": render::error(&error) }),
                }
            }
            "redeem_ticket" => {
                let [ticket, host, nonce] = ["ticket", "host", "nonce"].map(|name| text(&step[name]));
                let redeemed = self.verifier.redeem_ticket(ticket, host, nonce, time);
                let mut answer = self.keep(redeemed.verdict, time);
                answer["handshake_time"] = redeemed.handshake_time.unwrap_or(0).into();
                answer
            }
            "registry" => self.registry(step),
            "list" => self.list(step),
            other => panic!("{other:?} is no step"),
        }
    }

    fn keep(&mut self, verdict: Arc<Verdict>, time: i64) -> Value {
        let answer = json!({ "verdict": render::verdict(&verdict, self.variables, time) });
        self.former = self.verdict.replace(verdict);
        answer
    }

    fn verdict(&self) -> &Arc<Verdict> {
        self.verdict.as_ref().expect("a step that made a verdict")
    }

    fn forward(&mut self, step: &Value) -> Value {
        let what = step["what"].as_i64().expect("what");
        let what =
            Forward { unverified: what & 1 != 0, chain: what & 2 != 0, details: what & 4 != 0, ..Forward::default() };
        let forwarded = forward_headers(self.verdict(), carrier(step), &what).map_err(Error::from);
        let mut answer = outcome(&forwarded);
        self.headers = forwarded.unwrap_or_default();
        let pair = |(name, value): &(String, Vec<u8>)| json!([name, hex(value)]);
        answer["headers"] = self.headers.iter().map(pair).collect();
        answer
    }

    fn decide(&self, fields: &Value, time: i64) -> Value {
        let users: Vec<&str> = list(&fields["users"]).map(text).collect();
        let challenges: Vec<&str> = list(&fields["challenges"]).map(text).collect();
        let mut request = Request { users: &users, challenges: &challenges, ..Request::default() };
        for (name, value) in fields.as_object().expect("fields") {
            set_field(&mut request, name, value);
        }
        render::decision(&self.verifier.decide(self.verdict(), &request, time), self.variables, time)
    }

    /// Changes the registry, and lists what is then in it.
    fn registry(&self, step: &Value) -> Value {
        let registry = self.verifier.registry().expect("a registry");
        let records = self.change(&registry.editor(text(&step["actor"])), step);
        let mut answer = outcome(&records);
        let records = records.unwrap_or_default();
        answer["audit"] = records.iter().map(AuditRecord::to_json).collect();
        let list = registry.list(None).expect("a list");
        answer["list"] = list.iter().map(Registration::to_json).collect();
        answer
    }

    fn list(&self, step: &Value) -> Value {
        let registry = self.verifier.registry().expect("a registry");
        let value = || text(&step["value"]);
        let array = |all: Vec<Registration>| all.iter().map(Registration::to_json).collect();
        let found: Result<Value, Error> = match text(&step["what"]) {
            "all" => registry.list(None).map(array),
            "user" => registry.list(Some(value())).map(array),
            "key" => registry.find(&value().parse().expect("a key")).map(|found| array(found.into_iter().collect())),
            "expiring" => registry.expiring(value().parse().expect("days"), now()).map(|all| {
                let with_days = |(registration, left): &(Registration, i64)| {
                    let mut object = registration.to_json();
                    object["days_left"] = (*left).into();
                    object
                };
                all.iter().map(with_days).collect()
            }),
            "text" => registry.export_text().map(Value::from),
            other => panic!("{other:?} is no list"),
        };
        let mut answer = outcome(&found);
        if let Ok(list) = found {
            answer["list"] = list;
        }
        answer
    }

    fn change(&self, editor: &Editor<'_>, step: &Value) -> Result<Vec<AuditRecord>, Error> {
        let word = |name: &str| step[name].as_str();
        let need = |name: &str| text(&step[name]);
        let key = |name: &str| RegisteredKey::from_str(need(name)).expect("a key");
        let data = || unhex(need("data"));
        let record = match need("verb") {
            "enrol_verdict" => {
                let label = word("label").unwrap_or_default();
                editor.enrol_verdict(need("user"), label, self.verdict())?
            }
            "renew_beside" => {
                let former = self.former.as_ref().expect("two verdicts");
                editor.renew_beside(self.verdict(), former, word("label"))?
            }
            "enrol_fingerprint" => {
                let mut registration = Registration::new(need("user"), key("key"), now());
                registration.set_json(word("fields").unwrap_or("{}"))?;
                editor.enrol(&registration)?
            }
            "enrol_certificate" => {
                let certificate = one_certificate(&data(), "certificate")?;
                let mut fields: Map<String, Value> =
                    serde_json::from_str(word("fields").unwrap_or("{}")).expect("fields");
                let form = match fields.remove("by").as_ref().and_then(Value::as_str) {
                    Some("certificate") => Form::Certificate,
                    _ => Form::Spki,
                };
                let certificate = certificate.view();
                let mut registration = Registration::of_certificate(need("user"), &certificate, form, now());
                registration.set_json(&Value::Object(fields).to_string())?;
                editor.enrol_certificate(&certificate, &registration)?
            }
            "renew_signed" => {
                let signer = one_certificate(&data(), "signer")?;
                editor.renew_signed(self.verdict(), &signer.view(), word("label"))?
            }
            "import" => {
                let all = match need("format") {
                    "text" => from_text(&data(), "bytes", None)?,
                    _ => from_jwks(&data(), "bytes", need("user"), now())?,
                };
                return editor.import(&all, Known::Refuse);
            }
            "used" => return editor.used(&key("key"), moment(&step["time"])).map(|()| Vec::new()),
            "disable" => editor.disable(&key("subject"))?,
            "enable" => editor.enable(&key("subject"))?,
            "revoke" => editor.revoke(&key("subject"))?,
            "remove" => editor.remove(&key("subject"))?,
            "rename" => editor.rename(&key("subject"), need("value"))?,
            "rename_user" => return editor.rename_user(need("subject"), need("value")),
            other => panic!("{other:?} is no verb"),
        };
        Ok(vec![record])
    }
}

fn set_field<'r>(request: &mut Request<'r>, name: &str, value: &'r Value) {
    let number = || value.as_i64().expect("a number");
    let flag = || value.as_bool().expect("a boolean");
    let word = || Some(text(value));
    match name {
        "users" | "challenges" => {}
        "method" => request.method = text(value),
        "origin" => request.origin = word(),
        "access_control_request_method" => request.access_control_request_method = word(),
        "access_control_request_headers" => request.access_control_request_headers = word(),
        "server_name" => request.server_name = word(),
        "authority" => request.authority = word(),
        "virtual_host" => request.virtual_host = word(),
        "target" => request.target = word(),
        "other_login_url" => request.other_login = Some(OtherLogin::Redirect(text(value))),
        "other_login_challenge" => request.other_login = Some(OtherLogin::Challenge(text(value))),
        "identity_before" => request.identity_before = word(),
        "nonce" => request.nonce = word(),
        "requirement" => {
            let all = [Requirement::None, Requirement::Certificate, Requirement::Verified, Requirement::User];
            request.requirement = all.into_iter().find(|one| i64::from(*one as i32) == number()).expect("requirement");
        }
        "strong" if flag() => request.minimum_strength = MinimumStrength::Strong,
        "strong" => request.minimum_strength = MinimumStrength::Any,
        "maximum_age" => request.maximum_age = u32::try_from(number()).ok(),
        "tls_version" => request.tls = u16::try_from(number()).expect("a version"),
        "http_version" => {
            use HttpVersion::{Http1_0, Http1_1, Http2, Http3, Unknown};
            let all = [Unknown, Http1_0, Http1_1, Http2, Http3];
            request.http = all.into_iter().find(|one| i64::from(*one as i32) == number()).expect("a version of HTTP");
        }
        "handshake_open" => request.handshake_open = flag(),
        "handshake_time" => request.handshake_time = Some(number()),
        "offers_post_handshake_auth" => request.offers_post_handshake_auth = flag(),
        "secure_renegotiation" => request.secure_renegotiation = flag(),
        "late" => {
            let all = [Late::NotAsked, Late::Answered, Late::Declined, Late::TimedOut];
            request.late = all.into_iter().find(|one| i64::from(*one as i32) == number()).expect("late");
        }
        "arrived_before_certificate" => request.arrived_before_certificate = flag(),
        "resumed" => request.resumed = flag(),
        "reused" => request.reused = flag(),
        "answered_421" => request.answered_421 = flag(),
        "preflight_opened" => request.preflight_opened = flag(),
        "early_data" => request.early_data = flag(),
        "body_read" => request.body_read = u64::try_from(number()).expect("a length"),
        "log_out" => request.log_out = flag(),
        "logged_out" => request.logged_out = flag(),
        other => panic!("{other:?} is no field"),
    }
}

/// What a host answers to a verdict that asks whose a key is; none for `null`.
fn registration(verdict: &Verdict, answer: &str) -> Option<Registration> {
    let mut fields: Map<String, Value> = serde_json::from_str::<Option<_>>(answer).expect("an answer")?;
    let user = fields.remove("user").expect("a user");
    let key = verdict.certificate(0).map(|leaf: Certificate<'_>| RegisteredKey::spki_of(&leaf)).expect("a key");
    let mut registration = Registration::new(text(&user), key, 0);
    registration.set_json(&Value::Object(fields).to_string()).expect("fields");
    Some(registration)
}

fn carrier(step: &Value) -> Carrier<'_> {
    let number = step["dialect"].as_i64().and_then(|number| i32::try_from(number).ok());
    let mut carrier = Carrier::of(number.and_then(Dialect::from_number).expect("a dialect"));
    for (role, name) in step["names"].as_object().into_iter().flatten() {
        carrier = match role.as_str() {
            "certificate" => carrier.certificate(text(name)),
            "chain" => carrier.chain(text(name)),
            "verify" => carrier.verify(text(name)),
            "by" => carrier.by(text(name)),
            other => panic!("{other:?} is no role"),
        };
    }
    carrier
}

fn outcome<T>(result: &Result<T, Error>) -> Value {
    match result {
        Ok(_) => json!({}),
        Err(error) => json!({ "error": render::error(error) }),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A moment that is missing is now.
fn moment(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(now)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(since.as_secs()).expect("a clock before the end of time")
}
