//! Resumption: what a TLS session is to remember of its client, and what that is worth when it is resumed.
//!
//! TLS libraries resume a session without asking their verify callbacks again. So the server puts a *record* into the session,
//! which says who the client was, when the handshake was that proved it, and by which policy and for which host it was
//! accepted. When the session comes back, the client is verified again, now, by the policy of now.
//!
//! A record is, sealed ([`crate::seal`]): the session identity under which it was made, the time of the handshake in Unix
//! seconds, one byte that says whether a certificate was presented, and the certificates, leaf first.

use std::sync::Arc;

use crate::crypto::backend::digest::{Context, SHA256};
use crate::policy::Policy;
use crate::verdict::{Outcome, Verdict};
use crate::verifier::Verifier;
use crate::verify::{Code, Detail};

/// What came of a record.
#[derive(Clone, Debug)]
pub struct Resumed {
    /// The verdict on the client, now. FAILED with [`Code::SessionInvalid`] or [`Code::SessionExpired`] where the record
    /// does not count.
    pub verdict: Arc<Verdict>,
    /// When the handshake was in which the client proved that it holds its key, in Unix seconds: the first of all sessions
    /// that were resumed from one another. None where the record is not ours.
    pub handshake_time: Option<i64>,
}

impl Verifier {
    /// What a session must have been made under to be resumed here: 32 bytes over the identity of the current policy
    /// ([`Policy::identity`]) and the name of the virtual host. For the session id context of OpenSSL, or the additional data
    /// of a ticket. A new CRL or registration does not change it; every option that decides does, and every pinned CA.
    ///
    /// `host` says which virtual hosts share sessions: those that give the same name and have equal policies. It is the name
    /// of the virtual host as it is configured, never the one that the client sent; empty for all hosts of a policy. Case
    /// and one trailing dot do not count.
    pub fn session_identity(&self, host: &str) -> [u8; 32] {
        identity(&self.policy(), host)
    }

    /// The record for a session whose full handshake was at `handshake_time`, in Unix seconds, with this verdict. For a
    /// resumed session that is the time that [`Verifier::resume_session`] gave, never that of the resumption.
    ///
    /// None where the verdict is not accepted, or was made under another policy identity than the current one: such a session
    /// is not to be resumed. The record holds the certificates of the path that was accepted but for the anchor, or all that
    /// were presented where none was. It is not secret, but it is personal data as a certificate is.
    pub fn export_session(&self, verdict: &Verdict, host: &str, handshake_time: i64) -> Option<Vec<u8>> {
        let policy = self.policy();
        if !verdict.accepted() || verdict.policy_identity() != policy.identity() {
            return None;
        }
        let certificates = verdict.decisive_certificates();
        let kind = match (verdict.outcome(), certificates.is_empty()) {
            (Outcome::None, true) => WITHOUT_CERTIFICATE,
            (Outcome::Success | Outcome::Failed, false) => CERTIFICATES,
            _ => return None,
        };
        let head = (identity(&policy, host), handshake_time.to_be_bytes(), [kind]);
        let mut parts: Vec<&[u8]> = vec![&head.0, &head.1, &head.2];
        parts.extend(certificates);
        Some(policy.sessions().seal(&parts))
    }

    /// Judges the client of a resumed session by the record that the session brought back, at `now` in Unix seconds: as it is
    /// under the current policy, with its pinned CAs, CRLs and registrations, and not as it was.
    ///
    /// FAILED with [`Code::SessionInvalid`] where the record is empty, cut, changed, sealed with none of the keys, or made
    /// under another [`Verifier::session_identity`] than that of `host` now; with [`Code::SessionExpired`] where the handshake
    /// is longer ago than `session_max_age`. Where the session can still be refused, refuse it: a full handshake follows.
    pub fn resume_session(&self, record: &[u8], host: &str, now: i64) -> Resumed {
        let snapshot = self.snapshot();
        let policy = snapshot.policy();
        let refuse = |code, remark, handshake_time| Resumed {
            verdict: Arc::new(Verdict::of_connection(policy, code, Detail::Remark(remark))),
            handshake_time,
        };
        if record.is_empty() {
            return refuse(Code::SessionInvalid, "the session has no record", None);
        }
        let Some(record) = policy.sessions().open(record).and_then(Record::read) else {
            return refuse(Code::SessionInvalid, "the record is sealed with none of the keys, or was changed", None);
        };
        if *record.identity != identity(policy, host) {
            return refuse(Code::SessionInvalid, "it was made under another policy, or for another host", None);
        }
        match age(policy, record.handshake_time, now) {
            Ok(()) => {}
            Err(Code::SessionExpired) => {
                return refuse(Code::SessionExpired, "session_max_age", Some(record.handshake_time));
            }
            Err(code) => return refuse(code, "its handshake is in the future", None),
        }
        let verdict = self.verify_under(&snapshot, record.certificates, now);
        Resumed { verdict, handshake_time: Some(record.handshake_time) }
    }

    /// The record for a session that keeps the certificates of its client itself, sealed by the TLS library.
    #[cfg(feature = "rustls")]
    pub(crate) fn export_handshake(&self, host: &str, handshake_time: i64) -> Vec<u8> {
        let policy = self.policy();
        policy.sessions().seal(&[&identity(&policy, host), &handshake_time.to_be_bytes(), &[BESIDE]])
    }

    /// The verdict on the client of a session that keeps the certificates itself, which are `presented`.
    #[cfg(feature = "rustls")]
    pub(crate) fn resume_handshake(&self, record: &[u8], host: &str, presented: &[u8], now: i64) -> Resumed {
        let snapshot = self.snapshot();
        match handshake_time(snapshot.policy(), record, host, now) {
            Ok(time) => Resumed { verdict: self.verify_under(&snapshot, presented, now), handshake_time: Some(time) },
            Err(code) => {
                let detail = Detail::Remark("the session has no record that counts here");
                let verdict = Arc::new(Verdict::of_connection(snapshot.policy(), code, detail));
                Resumed { verdict, handshake_time: None }
            }
        }
    }

    /// Whether a session is to be kept, or resumed, at `now`: whether its bytes, as the TLS library has them, hold a record
    /// that counts.
    #[cfg(feature = "rustls")]
    pub(crate) fn finds_handshake(&self, session: &[u8], host: &str, now: i64) -> bool {
        let policy = self.policy();
        // The record stands near the end.
        let mut places = session.windows(crate::seal::length(HANDSHAKE_FIELDS)).rev();
        places.any(|place| handshake_time(&policy, place, host, now).is_ok())
    }
}

/// What a record says, once its seal is known to be good.
struct Record<'r> {
    identity: &'r [u8; 32],
    handshake_time: i64,
    /// Empty where none was presented.
    certificates: &'r [u8],
}

struct Fields<'r> {
    identity: &'r [u8; 32],
    handshake_time: i64,
    kind: u8,
    rest: &'r [u8],
}

/// No certificate was presented.
const WITHOUT_CERTIFICATE: u8 = 0;
/// Certificates follow.
const CERTIFICATES: u8 = 1;
/// What was presented is kept beside the record.
#[cfg(feature = "rustls")]
const BESIDE: u8 = 2;
/// The length of a record that says no more, before it is sealed.
#[cfg(feature = "rustls")]
const HANDSHAKE_FIELDS: usize = 32 + 8 + 1;

impl<'r> Record<'r> {
    fn read(payload: &'r [u8]) -> Option<Self> {
        let Fields { identity, handshake_time, kind, rest: certificates } = Fields::read(payload)?;
        let expected = if certificates.is_empty() { WITHOUT_CERTIFICATE } else { CERTIFICATES };
        (kind == expected).then_some(Self { identity, handshake_time, certificates })
    }
}

impl<'r> Fields<'r> {
    fn read(payload: &'r [u8]) -> Option<Self> {
        let (identity, rest) = payload.split_first_chunk()?;
        let (time, rest) = rest.split_first_chunk()?;
        let (kind, rest) = rest.split_first()?;
        Some(Self { identity, handshake_time: i64::from_be_bytes(*time), kind: *kind, rest })
    }
}

/// When the handshake was, by a record that says no more and still counts at `now`.
#[cfg(feature = "rustls")]
fn handshake_time(policy: &Policy, record: &[u8], host: &str, now: i64) -> Result<i64, Code> {
    let fields = policy.sessions().open(record).and_then(Fields::read).ok_or(Code::SessionInvalid)?;
    if fields.kind != BESIDE || !fields.rest.is_empty() || *fields.identity != identity(policy, host) {
        return Err(Code::SessionInvalid);
    }
    age(policy, fields.handshake_time, now).map(|()| fields.handshake_time)
}

/// Whether a handshake at `time` still counts at `now`. One that is yet to come does not, but for the skew of clocks.
fn age(policy: &Policy, time: i64, now: i64) -> Result<(), Code> {
    match now.saturating_sub(time) {
        age if age > policy.session_max_age() => Err(Code::SessionExpired),
        age if age < policy.rules().time_skew.saturating_neg() => Err(Code::SessionInvalid),
        _ => Ok(()),
    }
}

/// The SHA-256 over a name for this format, the identity of the policy, and the host's name in lower case without a trailing
/// dot.
fn identity(policy: &Policy, host: &str) -> [u8; 32] {
    let host = host.strip_suffix('.').unwrap_or(host);
    let mut context = Context::new(&SHA256);
    context.update(b"clientcert session 1");
    context.update(policy.identity());
    match host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => context.update(host.to_ascii_lowercase().as_bytes()),
        false => context.update(host.as_bytes()),
    }
    let mut identity = [0; 32];
    identity.copy_from_slice(context.finish().as_ref());
    identity
}
