//! The rows of the decision, in their order: the first that applies decides. `docs/requests.md` is the same table.

use std::sync::Arc;

use super::audit::Record;
use super::authority::{self, Names};
use super::decision::Headers;
use super::deferred::Way;
use super::location::{self, is_field_value};
use super::ticket::{self, Elsewhere};
use super::{
    Action, Cause, Decision, HttpVersion, Late, MinimumStrength, OtherLogin, Request, Requirement, challenge, preflight,
};
use crate::Verifier;
use crate::identity::Strength;
use crate::policy::{Mode, Policy, Preflight};
use crate::verdict::{Outcome, Verdict};
use crate::verifier::{Current, Standing};
use crate::verify::Code;

impl Verifier {
    /// What to do with one request, at `now` in Unix seconds.
    ///
    /// `self` is the verifier of the host that the request names, `verdict` is what the connection was judged, by this or by
    /// another verifier. The places that a request needs are protected by [`Action::Allow`] alone: whatever else comes back
    /// is no authentication. It does no I/O, and nothing is allocated for a request that is allowed.
    pub fn decide(&self, verdict: &Arc<Verdict>, request: &Request<'_>, now: i64) -> Decision {
        self.with_current(|current| {
            let rows = Rows { current, policy: current.policy(), request, requirement: requirement(request), now };
            rows.decide(verdict)
        })
    }
}

impl Decision {
    /// The decision that is left where nothing can be decided.
    pub(crate) fn internal_error(verdict: Arc<Verdict>, request: &Request<'_>, now: i64) -> Self {
        Self {
            action: Action::Forbid,
            status: Some(FORBIDDEN),
            cause: Some(Cause::Reason(Code::InternalError)),
            closes: false,
            session_cacheable: false,
            headers: no_store(),
            verdict,
            refused: request.handshake_open.then_some(Code::InternalError),
            record: Record::of(request, now),
        }
    }
}

/// One request under one policy.
struct Rows<'a> {
    current: &'a Current<'a>,
    policy: &'a Policy,
    request: &'a Request<'a>,
    requirement: Requirement,
    now: i64,
}

const NO_CONTENT: u16 = 204;
const FOUND: u16 = 302;
const TEMPORARY_REDIRECT: u16 = 307;
const BAD_REQUEST: u16 = 400;
const UNAUTHORIZED: u16 = 401;
const FORBIDDEN: u16 = 403;
const REQUEST_TIMEOUT: u16 = 408;
const CONTENT_TOO_LARGE: u16 = 413;
const MISDIRECTED_REQUEST: u16 = 421;
const TOO_EARLY: u16 = 425;

const CERTIFICATE_REQUIRED: Cause = Cause::Reason(Code::CertificateRequired);

/// An answer before it is a decision.
struct Answer {
    action: Action,
    status: Option<u16>,
    cause: Cause,
    closes: bool,
    headers: Headers,
}

impl Answer {
    fn new(action: Action, status: impl Into<Option<u16>>, cause: impl Into<Cause>) -> Self {
        Self { action, status: status.into(), cause: cause.into(), closes: false, headers: Headers::new() }
    }

    fn forbid(cause: impl Into<Cause>) -> Self {
        Self::new(Action::Forbid, FORBIDDEN, cause)
    }

    fn closing(self) -> Self {
        Self { closes: true, ..self }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl Rows<'_> {
    fn decide(&self, connection: &Arc<Verdict>) -> Decision {
        let request = self.request;
        // No policy has number 0: the verdict is the one that is left where a verification failed inside.
        if connection.epoch() == 0 {
            return self.answered(Answer::forbid(Code::InternalError), connection, connection);
        }
        if request.early_data && self.requirement != Requirement::None {
            return self.answered(Answer::new(Action::TooEarly, TOO_EARLY, Cause::EarlyData), connection, connection);
        }
        if request.log_out {
            return self.answered(self.log_out(), connection, connection);
        }
        if preflight::is_preflight(request) {
            return self.preflight(connection);
        }
        self.ordinary(connection)
    }

    fn log_out(&self) -> Answer {
        let answer = match self.other_url() {
            Some(url) => Answer::new(Action::LogOut, FOUND, Cause::LoggedOut).with(LOCATION, url),
            None => self.challenged(Action::LogOut, Cause::LoggedOut),
        };
        // Not `cookies`: the host's own, which says that the user logged out, comes with the same answer.
        answer.closing().with("Clear-Site-Data", "\"cache\", \"storage\"")
    }

    fn preflight(&self, connection: &Arc<Verdict>) -> Decision {
        let nobody = self.current.without_certificate();
        let options = self.policy.requests();
        match options.preflight {
            Preflight::Pass => Decision {
                action: Action::Preflight,
                status: None,
                cause: None,
                closes: false,
                session_cacheable: false,
                headers: Headers::new(),
                verdict: Arc::clone(nobody),
                refused: None,
                record: Record::of(self.request, self.now),
            },
            Preflight::Answer => match preflight::answer(&options.preflight_origins, self.request) {
                Some(headers) => Decision {
                    action: Action::Preflight,
                    status: Some(NO_CONTENT),
                    cause: None,
                    closes: false,
                    session_cacheable: false,
                    headers: headers.into_iter().chain(no_store()).collect(),
                    verdict: Arc::clone(nobody),
                    refused: None,
                    record: Record::of(self.request, self.now),
                },
                None => {
                    let answer = Answer::forbid(Cause::OriginNotAllowed).with("Vary", "Origin");
                    self.answered(answer, nobody, nobody)
                }
            },
            Preflight::Refuse => {
                let decision = self.ordinary(connection);
                if matches!(decision.action, Action::Allow | Action::Forbid) {
                    return decision;
                }
                self.answered(Answer::forbid(Cause::PreflightRefused), &decision.verdict, &decision.verdict)
            }
        }
    }

    fn ordinary(&self, connection: &Arc<Verdict>) -> Decision {
        let request = self.request;
        let verdict = match self.current.standing(connection, self.now) {
            Standing::Holds => Arc::clone(connection),
            Standing::Renewed(verdict) => verdict,
            Standing::Foreign => return self.answered(self.misdirected(Cause::Misdirected), connection, connection),
        };
        if self.policy.requests().compares_names {
            let answer = match authority::compare(request) {
                Names::Agree => None,
                Names::Unnamed if self.current.made(connection) => None,
                Names::Differ | Names::Unnamed => Some(self.misdirected(Cause::Misdirected)),
                Names::Malformed => Some(Answer::new(Action::Forbid, BAD_REQUEST, Cause::AuthorityMalformed)),
            };
            if let Some(answer) = answer {
                return self.answered(answer, &verdict, &verdict);
            }
        }
        if connection.verified() && !verdict.verified() {
            let cause = verdict.primary().map_or(Cause::NoLongerVerified, |reason| reason.code.into());
            return self.answered(self.reauthenticate(cause), &verdict, &verdict);
        }
        if request.identity_before.is_some_and(|before| !verdict.is_still(before)) {
            return self.answered(self.reauthenticate(Cause::IdentityChanged), &verdict, &verdict);
        }
        if let Some(code) = verdict.refused_for() {
            return self.answered(self.not_accepted(&verdict, code), &verdict, &verdict);
        }
        let nobody = self.current.without_certificate();
        // What came before a certificate is not said by who presented it.
        let unattributed = request.arrived_before_certificate && self.policy.requests().resends;
        if self.requirement == Requirement::None {
            let counts = !request.logged_out && !unattributed;
            return self.allowed(if counts { &verdict } else { nobody });
        }
        if request.logged_out {
            return self.answered(self.without_certificate(Cause::LoggedOut), nobody, &verdict);
        }
        if verdict.outcome() == Outcome::None {
            return self.answered(self.absent(), &verdict, &verdict);
        }
        if let Some(cause) = self.unmet(&verdict) {
            return self.answered(Answer::forbid(cause), &verdict, &verdict);
        }
        if self.is_too_old() {
            return self.answered(self.too_old(), &verdict, &verdict);
        }
        if unattributed {
            let answer = match location::itself(request) {
                Some(location) => {
                    Answer::new(Action::Resend, TEMPORARY_REDIRECT, Cause::BeforeCertificate).with(LOCATION, location)
                }
                // Nobody can follow a redirect to nowhere.
                None => Answer::forbid(Cause::BeforeCertificate),
            };
            return self.answered(answer, &verdict, &verdict);
        }
        self.allowed(&verdict)
    }

    /// What a certificate lacks of what the place requires.
    fn unmet(&self, verdict: &Verdict) -> Option<Cause> {
        if self.requirement == Requirement::Certificate {
            return None;
        }
        if !verdict.verified() {
            return Some(verdict.primary().map_or(Cause::Reason(Code::InternalError), |reason| reason.code.into()));
        }
        if self.requirement == Requirement::Verified {
            return None;
        }
        let Some(mapping) = verdict.mapping() else { return Some(Cause::UserMissing) };
        let users = self.request.users;
        if !users.is_empty() && !users.contains(&&*mapping.user) {
            return Some(Cause::UserNotAllowed);
        }
        let weak = self.request.minimum_strength != MinimumStrength::Any && mapping.strength != Strength::Strong;
        weak.then_some(Cause::Reason(Code::IdentityWeak))
    }

    /// A verdict that is not accepted ends every request, whatever its place requires.
    fn not_accepted(&self, verdict: &Verdict, code: Code) -> Answer {
        let absent = verdict.outcome() == Outcome::None;
        if absent && self.request.preflight_opened {
            return self.misdirected_by_preflight();
        }
        match absent && challenge::exists(self.policy, self.request) {
            true => self.challenged(Action::Challenge, code),
            false => Answer::forbid(code),
        }
        .closing()
    }

    /// No certificate, where one is required and the verdict is accepted without.
    fn absent(&self) -> Answer {
        match self.policy.mode() {
            Mode::Off => match self.elsewhere() {
                Some(elsewhere) => self.ask_elsewhere(elsewhere, Cause::CertificateNotAsked),
                None => self.without_certificate(Cause::CertificateNotAsked),
            },
            Mode::Deferred => self.late(),
            _ if self.request.preflight_opened => self.misdirected_by_preflight(),
            _ => self.without_certificate(CERTIFICATE_REQUIRED),
        }
    }

    /// No certificate yet, under `deferred`.
    fn late(&self) -> Answer {
        match self.request.late {
            Late::NotAsked => {}
            // An answer without a certificate declines: nobody is asked twice.
            Late::Declined | Late::Answered => return self.without_certificate(Cause::LateDeclined),
            Late::TimedOut => return timed_out(),
        }
        if let Some(answer) = self.ask(CERTIFICATE_REQUIRED) {
            return answer;
        }
        if let Some(elsewhere) = self.elsewhere() {
            return self.ask_elsewhere(elsewhere, Cause::LateCertificateImpossible);
        }
        match self.fall_back(Cause::LateCertificateImpossible) {
            Some(answer) => answer,
            None => Answer::forbid(Cause::LateCertificateImpossible),
        }
    }

    /// Asks for a certificate, where that is possible.
    fn ask(&self, cause: Cause) -> Option<Answer> {
        let action = match Way::of(self.policy, self.request) {
            Way::Renegotiate => Action::AskRenegotiate,
            Way::PostHandshake => Action::AskPostHandshake,
            Way::OverHttp1_1 => return Some(Answer::new(Action::UseHttp1_1, None, cause)),
            Way::Impossible => return None,
        };
        if self.request.body_read > self.policy.requests().late_body_limit {
            let answer = Answer::new(Action::TooLarge, CONTENT_TOO_LARGE, Cause::LateBodyTooLarge);
            return Some(answer.closing());
        }
        Some(Answer::new(action, None, cause))
    }

    /// Whoever presented a certificate proves anew to hold its key.
    fn too_old(&self) -> Answer {
        let again = match (self.policy.mode(), self.request.late) {
            (Mode::Deferred, Late::TimedOut) => return timed_out(),
            (Mode::Deferred, Late::NotAsked | Late::Answered) => self.ask(Cause::HandshakeTooOld),
            _ => None,
        };
        again.unwrap_or_else(|| self.reauthenticate(Cause::HandshakeTooOld))
    }

    /// Nobody can be asked, or the client has nothing to say: another log-in, a challenge, or a refusal.
    fn without_certificate(&self, cause: Cause) -> Answer {
        if let Some(answer) = self.fall_back(cause) {
            return answer;
        }
        match challenge::exists(self.policy, self.request) {
            true => self.challenged(Action::Challenge, cause),
            false => Answer::forbid(cause),
        }
    }

    fn fall_back(&self, cause: Cause) -> Option<Answer> {
        if let Some(url) = self.other_url() {
            return Some(Answer::new(Action::FallBack, FOUND, cause).with(LOCATION, url));
        }
        match self.request.other_login {
            Some(OtherLogin::Challenge(value)) if is_field_value(value) => {
                Some(self.challenged(Action::FallBack, cause))
            }
            _ => None,
        }
    }

    fn ask_elsewhere(&self, elsewhere: Elsewhere, cause: Cause) -> Answer {
        // A form goes on as one, and what can be a GET is nothing else.
        let safe = matches!(self.request.method, "GET" | "HEAD");
        let status = if safe { FOUND } else { TEMPORARY_REDIRECT };
        let Elsewhere { location, cookie } = elsewhere;
        let answer = Answer::new(Action::AskElsewhere, status, cause).with(LOCATION, location);
        match cookie {
            Some(cookie) => answer.with("Set-Cookie", cookie),
            None => answer,
        }
    }

    fn misdirected(&self, cause: Cause) -> Answer {
        let retried = self.request.answered_421 || !self.request.reused;
        match retried {
            true => Answer::forbid(cause),
            false => Answer::new(Action::Misdirected, MISDIRECTED_REQUEST, cause),
        }
    }

    /// The client has another connection to make, where it can be asked: this one was opened by a preflight.
    fn misdirected_by_preflight(&self) -> Answer {
        match self.request.answered_421 {
            true => Answer::forbid(Cause::PreflightConnection),
            false => Answer::new(Action::Misdirected, MISDIRECTED_REQUEST, Cause::PreflightConnection).closing(),
        }
    }

    fn reauthenticate(&self, cause: Cause) -> Answer {
        self.challenged(Action::Reauthenticate, cause).closing()
    }

    /// 401 with every challenge; 403 where there is none (RFC 9110 section 15.5.2).
    fn challenged(&self, action: Action, cause: impl Into<Cause>) -> Answer {
        let mut answer = Answer::new(action, UNAUTHORIZED, cause);
        for value in challenge::values(self.policy, self.request) {
            answer = answer.with(challenge::WWW_AUTHENTICATE, value);
        }
        if answer.headers.is_empty() {
            answer.status = Some(FORBIDDEN);
        }
        answer
    }

    fn is_too_old(&self) -> bool {
        let Some(maximum) = self.request.maximum_age else { return false };
        let age = self.request.handshake_time.map(|time| self.now.saturating_sub(time));
        // Nobody knows how old a handshake of the future is.
        !age.is_some_and(|age| (0..=i64::from(maximum)).contains(&age))
    }

    /// The question for the host that asks in its handshake, where there is one and it is another.
    fn elsewhere(&self) -> Option<Elsewhere> {
        let host = self.policy.requests().certificate_host.as_deref()?;
        if authority::is_here(host, self.request) {
            return None;
        }
        ticket::question(self.policy, host, self.request, self.now)
    }

    fn other_url(&self) -> Option<&str> {
        match self.request.other_login {
            Some(OtherLogin::Redirect(url)) => Some(url).filter(|url| is_field_value(url)),
            _ => None,
        }
    }

    fn allowed(&self, verdict: &Arc<Verdict>) -> Decision {
        let request = self.request;
        Decision {
            action: Action::Allow,
            status: None,
            cause: None,
            closes: false,
            session_cacheable: verdict.outcome() != Outcome::Failed
                && !request.preflight_opened
                && !preflight::is_preflight(request)
                && !request.logged_out,
            headers: Headers::new(),
            verdict: Arc::clone(verdict),
            refused: None,
            record: Record::of(request, self.now),
        }
    }

    /// A decision that is not to go on: `shown` is the client that it is about, `judged` what the connection is worth.
    fn answered(&self, answer: Answer, shown: &Arc<Verdict>, judged: &Verdict) -> Decision {
        let Answer { action, status, cause, closes, mut headers } = answer;
        if status.is_some() {
            headers.extend(no_store());
            if closes && matches!(self.request.http, HttpVersion::Http1_0 | HttpVersion::Http1_1) {
                headers.push(("Connection", "close".to_owned()));
            }
        }
        Decision {
            action,
            status,
            cause: Some(cause),
            closes,
            session_cacheable: false,
            headers,
            verdict: Arc::clone(shown),
            refused: self.request.handshake_open.then(|| judged.refused_for()).flatten(),
            record: Record::of(self.request, self.now),
        }
    }
}

const LOCATION: &str = "Location";

fn no_store() -> Headers {
    vec![("Cache-Control", "no-store".to_owned())]
}

fn timed_out() -> Answer {
    Answer::new(Action::TimedOut, REQUEST_TIMEOUT, Cause::LateTimedOut).closing()
}

/// What a place requires. Whoever says which users, or how sure they must be, means users.
fn requirement(request: &Request<'_>) -> Requirement {
    let asks_for_user = !request.users.is_empty() || request.minimum_strength != MinimumStrength::Any;
    match request.requirement {
        Requirement::None => Requirement::None,
        _ if asks_for_user => Requirement::User,
        requirement => requirement,
    }
}
