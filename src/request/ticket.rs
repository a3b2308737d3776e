//! Handing an identity back: a host that cannot ask for a certificate sends the browser to one that asks in its handshake,
//! which sends it back with a ticket.
//!
//! 1. The host that cannot ask redirects to `certificate_host` with a *question*: who asks, what for, and a nonce that the
//!    browser keeps in a cookie of the asking host.
//! 2. The host that asks in its handshake answers it ([`Verifier::answer_question`]) for a client that it has verified:
//!    back to the asking host, with a *ticket* that holds the client's certificates.
//! 3. The asking host redeems the ticket ([`Verifier::redeem_ticket`]) under its own policy, once, and only from the
//!    browser that has the nonce.
//!
//! Both are sealed with the `session_key` that the two hosts share, so nobody else can ask, answer, or have a browser sent
//! to a host of his choice.

use std::sync::Arc;

use super::{Request, authority, location};
use crate::certificate::{base64url, from_base64url};
use crate::crypto::{random, sha256};
use crate::error::Error;
use crate::policy::Policy;
use crate::seal::{open, seal};
use crate::verdict::Verdict;
use crate::verifier::Verifier;
use crate::verify::Code;

/// The parameter of a URL that carries a question.
pub const QUESTION_PARAMETER: &str = "clientcert_question";
/// The parameter of a URL that carries a ticket.
pub const TICKET_PARAMETER: &str = "clientcert_ticket";
/// The cookie of the asking host that holds the nonce.
pub const NONCE_COOKIE: &str = "__Host-clientcert";

/// Seconds from a question to its answer: a person may have to choose a certificate, and to type its PIN.
const QUESTION_LIFETIME: i64 = 300;
/// Seconds from a ticket to its use: a redirect.
const TICKET_LIFETIME: i64 = 30;
/// Seconds by which the clocks of two hosts may differ.
const CLOCKS: i64 = 5;
/// What a redirect repeats of a target; a longer one is left out.
const LONGEST_TARGET: usize = 2_048;

/// Where a client is sent to be asked in a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Elsewhere {
    /// The URL, for a `Location`.
    pub(super) location: String,
    /// A `Set-Cookie` where the browser has no nonce yet.
    pub(super) cookie: Option<String>,
}

/// What a ticket was redeemed for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Redeemed {
    /// On the client, by the policy and at the time of the redemption. FAILED where the ticket is not good.
    pub verdict: Arc<Verdict>,
    /// When the handshake was in which the client proved that it holds the key, in Unix seconds.
    pub handshake_time: Option<i64>,
}

/// The question of the host that serves a request, addressed to `place`. None where the client alone says which host that
/// is: nobody has identities sent to a host of his choice. None as well where the system has no chance to give.
pub(super) fn question(policy: &Policy, place: &str, request: &Request<'_>, now: i64) -> Option<Elsewhere> {
    let host = authority::served(request)?;
    let known = request.nonce.filter(|nonce| is_nonce(nonce));
    let fresh = match known {
        Some(_) => None,
        None => {
            let mut bytes = [0; 16];
            random(&mut bytes).then(|| base64url(&bytes)).map(Some)?
        }
    };
    let target = request.target.filter(|target| target.len() <= LONGEST_TARGET);
    let mut fields = Writer::new(now);
    fields.text(host);
    fields.0.extend_from_slice(&sha256(known.or(fresh.as_deref())?.as_bytes()));
    fields.text(target.unwrap_or_default());
    let question = base64url(&seal(policy.session_keys(), "question", &fields.0));
    let location = location::elsewhere(place, target, (QUESTION_PARAMETER, &question));
    let cookie = fresh.map(|nonce| {
        format!("{NONCE_COOKIE}={nonce}; Path=/; Max-Age={QUESTION_LIFETIME}; Secure; HttpOnly; SameSite=Lax")
    });
    Some(Elsewhere { location, cookie })
}

impl Verifier {
    /// Answers a question of another host about the client of this connection: returns the URL to redirect the browser to
    /// (303), which takes it back to where it wanted to go, with a ticket in the parameter [`TICKET_PARAMETER`].
    ///
    /// `question` is the value of the parameter [`QUESTION_PARAMETER`]. `handshake_time` is when this client proved that it
    /// holds the key, in Unix seconds; a resumption does not renew it. `now` is in Unix seconds. The URL leads to the host
    /// that asked, which nobody without the `session_key` can have chosen.
    ///
    /// # Errors
    ///
    /// [`Error::NotEntitled`] where the verdict is not SUCCESS; [`Error::InvalidArgument`] where the question was not made
    /// with one of the session keys, or is older than five minutes.
    pub fn answer_question(
        &self,
        verdict: &Verdict,
        question: &str,
        handshake_time: i64,
        now: i64,
    ) -> Result<String, Error> {
        let unusable = |problem| Error::InvalidArgument { argument: "question", problem };
        if !verdict.verified() {
            return Err(Error::NotEntitled("only a verified client can be vouched for".into()));
        }
        let policy = self.policy();
        let bytes = from_base64url(question).ok_or(unusable("not base64url"))?;
        let bytes = open(policy.session_keys(), "question", &bytes).ok_or(unusable("not made with a session key"))?;
        let question = Question::read(bytes).ok_or(unusable("of another version"))?;
        if !is_recent(question.made, QUESTION_LIFETIME, now) {
            return Err(unusable("too old, or from the future"));
        }
        let mut id = [0; 16];
        if !random(&mut id) {
            return Err(Error::Internal("the system has no chance to give"));
        }
        let mut ticket = Writer::new(now);
        ticket.0.extend_from_slice(&handshake_time.to_be_bytes());
        ticket.0.extend_from_slice(&id);
        ticket.0.extend_from_slice(&question.nonce);
        ticket.text(question.host);
        verdict.decisive_certificates().iter().for_each(|certificate| ticket.0.extend_from_slice(certificate));
        let ticket = base64url(&seal(policy.session_keys(), "ticket", &ticket.0));
        Ok(location::elsewhere(question.host, Some(question.target), (TICKET_PARAMETER, &ticket)))
    }

    /// Redeems a ticket, once: verifies the client that it is about, by the policy of this verifier, at `now` in Unix
    /// seconds. The browser proved to the other host that it holds the key; that host vouches for it.
    ///
    /// `ticket` is the value of the parameter [`TICKET_PARAMETER`], `host` the name of this host as the request has it
    /// (Host, :authority), and `nonce` the value of the cookie [`NONCE_COOKIE`]: without it the ticket may have been made
    /// for another browser, and is not good. Whoever keeps the verdict for later requests keeps it under a secret of this
    /// browser, redirects to the URL without the ticket, and asks [`Verifier::recheck`] whether it still holds.
    ///
    /// Used tickets are remembered by the verifier: processes that share a `session_key` each take a ticket once, from the
    /// same browser, within half a minute.
    ///
    /// It never fails: where the ticket is not good, the verdict is FAILED for `ticket_invalid`, `ticket_expired` or
    /// `ticket_used`.
    pub fn redeem_ticket(&self, ticket: &str, host: &str, nonce: &str, now: i64) -> Redeemed {
        let policy = self.policy();
        let opened = from_base64url(ticket);
        let opened = opened.as_deref().and_then(|bytes| open(policy.session_keys(), "ticket", bytes));
        let Some(ticket) = opened.and_then(Ticket::read) else { return self.refused_ticket(Code::TicketInvalid) };
        if !ticket.host.eq_ignore_ascii_case(host) || !is_nonce(nonce) || ticket.nonce != sha256(nonce.as_bytes()) {
            return self.refused_ticket(Code::TicketInvalid);
        }
        if !is_recent(ticket.made, TICKET_LIFETIME, now) {
            return self.refused_ticket(Code::TicketExpired);
        }
        if !self.used().is_first(ticket.id, ticket.made.saturating_add(TICKET_LIFETIME), now) {
            return self.refused_ticket(Code::TicketUsed);
        }
        Redeemed { verdict: self.verify_at(ticket.chain, now), handshake_time: Some(ticket.handshake_time) }
    }

    fn refused_ticket(&self, code: Code) -> Redeemed {
        Redeemed { verdict: Arc::new(Verdict::of_connection(&self.policy(), code, None)), handshake_time: None }
    }
}

/// Whether a text can be a nonce of ours, or of a host that makes its own: hard to guess, and harmless in a header.
fn is_nonce(nonce: &str) -> bool {
    (22..=64).contains(&nonce.len())
        && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn is_recent(made: i64, lifetime: i64, now: i64) -> bool {
    made <= now.saturating_add(CLOCKS) && now <= made.saturating_add(lifetime)
}

/// A question that was opened.
struct Question<'q> {
    made: i64,
    host: &'q str,
    /// The SHA-256 of the nonce: a URL is seen by more than the browser.
    nonce: [u8; 32],
    target: &'q str,
}

impl<'q> Question<'q> {
    fn read(bytes: &'q [u8]) -> Option<Self> {
        let mut fields = Reader::new(bytes)?;
        let (host, nonce, target) = (fields.text()?, fields.array()?, fields.text()?);
        fields.rest.is_empty().then_some(Self { made: fields.made, host, nonce, target })
    }
}

/// A ticket that was opened.
struct Ticket<'t> {
    made: i64,
    handshake_time: i64,
    id: [u8; 16],
    nonce: [u8; 32],
    host: &'t str,
    chain: &'t [u8],
}

impl<'t> Ticket<'t> {
    fn read(bytes: &'t [u8]) -> Option<Self> {
        let mut fields = Reader::new(bytes)?;
        let handshake_time = i64::from_be_bytes(fields.array()?);
        let (id, nonce) = (fields.array()?, fields.array()?);
        let host = fields.text()?;
        // Nothing there would be a client without a certificate, whom nobody vouches for.
        let chain = Some(fields.rest).filter(|chain| !chain.is_empty())?;
        Some(Self { made: fields.made, handshake_time, id, nonce, host, chain })
    }
}

/// The layout of what is sealed. A text has two bytes of length before it.
const LAYOUT: u8 = 1;

struct Writer(Vec<u8>);

impl Writer {
    fn new(made: i64) -> Self {
        let mut bytes = vec![LAYOUT];
        bytes.extend_from_slice(&made.to_be_bytes());
        Self(bytes)
    }

    /// The text is at most 65535 bytes long.
    fn text(&mut self, text: &str) {
        self.0.extend_from_slice(&u16::try_from(text.len()).unwrap_or(0).to_be_bytes());
        self.0.extend_from_slice(text.as_bytes());
    }
}

struct Reader<'b> {
    made: i64,
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    fn new(bytes: &'b [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&[LAYOUT])?;
        let mut reader = Self { made: 0, rest };
        reader.made = i64::from_be_bytes(reader.array()?);
        Some(reader)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*array)
    }

    fn text(&mut self) -> Option<&'b str> {
        let length = usize::from(u16::from_be_bytes(self.array()?));
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        std::str::from_utf8(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_cut_are_no_ticket() {
        let mut fields = Writer::new(7);
        fields.0.extend_from_slice(&[0; 8 + 16 + 32]);
        fields.text("host");
        fields.0.push(b'c');
        assert!(Ticket::read(&fields.0).is_some_and(|ticket| ticket.chain == b"c" && ticket.made == 7));
        for length in 0..fields.0.len() {
            assert!(Ticket::read(&fields.0[..length]).is_none(), "{length}");
        }
    }
}
