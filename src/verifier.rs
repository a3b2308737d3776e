//! The verifier: holds the current policy, swaps it whole, and remembers verdicts.

mod cache;
mod current;
mod used;

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use crate::error::Error;
use crate::policy::{Config, Policy};
use crate::registry::{Registration, Registry};
use crate::revocation::ocsp::{Answers, Given, Known};
use crate::time::unix_now;
use crate::verdict::{Answer, Verdict};
use crate::verify::Memory;

use cache::Cache;
pub use cache::Statistics;
pub(crate) use current::{Current, Standing};
use used::Used;

/// A handle that verifies clients under its current policy. Every method may be called from any thread, also in the
/// children of a `fork`; a verification takes no lock and does no I/O.
#[derive(Debug)]
pub struct Verifier {
    config: Config,
    current: ArcSwap<Snapshot>,
    memory: Memory,
    answers: Answers,
    used: Used,
    reloading: Mutex<()>,
    started: Instant,
    /// Milliseconds after `started` when `refresh` last looked.
    looked: AtomicI64,
}

/// A policy with what was decided under it, so that no verdict outlives what it was decided by.
#[derive(Debug)]
pub(crate) struct Snapshot {
    policy: Arc<Policy>,
    cache: Cache,
    without_certificate: Arc<Verdict>,
}

/// How often `refresh` looks at the files at most.
const REFRESH_INTERVAL_MILLISECONDS: i64 = 1_000;

impl Verifier {
    /// Compiles a configuration to a policy and holds it. Reads the files that the configuration names.
    ///
    /// # Errors
    ///
    /// [`Error`] where the configuration would let everybody in, contradicts itself, or names files that cannot be used.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let policy = Policy::compile(config)?;
        // A quarter as many intermediates as clients is plenty: few CAs issue for many clients.
        let memory = Memory::new(policy.cache_size().div_ceil(4));
        let answers = Answers::new(policy.cache_size());
        Ok(Self {
            config: config.clone(),
            current: ArcSwap::from_pointee(Snapshot::new(policy, &memory)),
            memory,
            answers,
            used: Used::default(),
            reloading: Mutex::new(()),
            started: Instant::now(),
            looked: AtomicI64::new(0),
        })
    }

    /// Verifies what a client presented, now: DER certificates one after another, leaf first, or PEM; empty where the
    /// client presented none. That the client holds the leaf's key is for the TLS stack to prove.
    pub fn verify(&self, presented: &[u8]) -> Arc<Verdict> {
        self.verify_at(presented, unix_now())
    }

    /// The same at another time, in Unix seconds.
    pub fn verify_at(&self, presented: &[u8], now: i64) -> Arc<Verdict> {
        self.verify_under(&self.current.load(), presented, now)
    }

    /// What is in force now.
    pub(crate) fn snapshot(&self) -> impl Deref<Target = Arc<Snapshot>> {
        self.current.load()
    }

    /// Verifies by what was in force at one moment.
    pub(crate) fn verify_under(&self, snapshot: &Snapshot, presented: &[u8], now: i64) -> Arc<Verdict> {
        if presented.is_empty() {
            return Arc::clone(&snapshot.without_certificate);
        }
        let place = match snapshot.cache.find(presented, &self.answers, now) {
            Ok(verdict) => return verdict,
            Err(place) => place,
        };
        let verdict =
            Arc::new(Verdict::judge(&snapshot.policy, presented, &self.memory, self.known(Given::NOTHING), now));
        snapshot.cache.keep(place, presented, &verdict, now);
        verdict
    }

    /// Verifies what a trusted proxy says it verified, at `now`. Nothing is remembered: the word is about one connection.
    pub(crate) fn verify_vouched(&self, presented: &[u8], now: i64) -> Arc<Verdict> {
        let policy = &self.current.load().policy;
        Arc::new(Verdict::judge_forwarded(policy, presented, &self.memory, self.known(Given::NOTHING), now))
    }

    /// The verdict on a client of whom a proxy says that it has no certificate.
    pub(crate) fn without_certificate(&self) -> Arc<Verdict> {
        Arc::clone(&self.current.load().without_certificate)
    }

    /// Whether a verdict still holds, for a connection that lasts: under the current policy, with its pinned CAs and CRLs, and
    /// `now` in Unix seconds. What comes back is the same verdict where nothing changed, or a new one.
    ///
    /// The path that was accepted is examined again but for its signatures, so it costs microseconds; no other path is
    /// looked for. What is not SUCCESS never becomes it: for that, verify what was presented.
    pub fn recheck(&self, verdict: &Arc<Verdict>, now: i64) -> Arc<Verdict> {
        self.changed(verdict, now).unwrap_or_else(|| Arc::clone(verdict))
    }

    /// What became of a verdict, or None where it holds as it is.
    pub(crate) fn changed(&self, verdict: &Verdict, now: i64) -> Option<Arc<Verdict>> {
        let snapshot = self.current.load();
        let is_known = verdict.epoch() == snapshot.policy.epoch() && verdict.knows_all(&self.answers);
        if is_known && verdict.verified() && verdict.holds_at(now) {
            return None;
        }
        Some(Arc::new(verdict.judge_again(&snapshot.policy, &self.memory, &self.answers, now)))
    }

    /// Takes what an OCSP responder said about a presented certificate, and judges the client again with it, now.
    ///
    /// `verdict` is the one whose [`Verdict::ocsp_questions`] were asked, or one whose client stapled the response.
    /// `certificate` is the index among the presented certificates, the leaf being 0. `response` is the DER of an
    /// OCSPResponse; empty where nobody answered. A response that does not count refuses with its reason (`ocsp_expired`
    /// and others); to try another responder, give what it says to the verdict that asked. An answer that counts is
    /// remembered for all verdicts of this verifier until it is too old, and one that is not good takes back what was
    /// decided before. Where `ocsp` is off, where the certificate is not on the path, and where the client is refused
    /// for other reasons, the response changes nothing.
    pub fn ocsp_response(&self, verdict: &Verdict, certificate: usize, response: &[u8]) -> Arc<Verdict> {
        self.ocsp_response_at(verdict, certificate, response, unix_now())
    }

    /// The same at another time, in Unix seconds.
    pub fn ocsp_response_at(&self, verdict: &Verdict, certificate: usize, response: &[u8], now: i64) -> Arc<Verdict> {
        let snapshot = self.current.load();
        let presented = verdict.chain_der();
        // Nothing was presented, or nothing of it was kept: whoever is refused for that stays refused.
        if presented.is_empty() {
            return Arc::new(verdict.judge_again(&snapshot.policy, &self.memory, &self.answers, now));
        }
        let taken = verdict.take_ocsp_response(&snapshot.policy, &self.answers, certificate, response, now);
        let given = taken.as_ref().unwrap_or(verdict.given());
        let known = self.known(given);
        let verdict = Arc::new(Verdict::judge_answered(
            &snapshot.policy,
            presented,
            verdict.answer(&snapshot.policy),
            verdict.is_by_proxy(),
            &self.memory,
            known,
            now,
        ));
        snapshot.cache.keep(snapshot.cache.place(presented), presented, &verdict, now);
        verdict
    }

    /// The tickets that were redeemed.
    pub(crate) fn used(&self) -> &Used {
        &self.used
    }

    fn known<'k>(&'k self, given: &'k Given) -> Known<'k> {
        Known { answers: &self.answers, given }
    }

    /// Completes a verdict that asks the host whose a key is ([`Verdict::pending_fingerprint`], `registry = external`) under
    /// the current policy, at `now` in Unix seconds: with the registration that the host has for the key, or with None where
    /// it has none. What comes back is a new verdict, or the same where nothing was asked.
    ///
    /// The host answers for itself: a registration of another key than the verdict's counts as no answer. Nothing is
    /// remembered, so that the next connection asks again.
    pub fn resolve(&self, verdict: &Arc<Verdict>, registration: Option<&Registration>, now: i64) -> Arc<Verdict> {
        let answer = match registration {
            Some(registration) if registration.view().problem().is_some() => Answer::Unusable,
            Some(registration) => Answer::Registered(Box::new(registration.clone())),
            None => Answer::NotRegistered,
        };
        self.resolved(verdict, &answer, now).unwrap_or_else(|| Arc::clone(verdict))
    }

    /// The same with an answer in text: a line as in a file of registrations, a JSON object with at least `user`, or
    /// `null`; anything else is no answer, and refuses. None where nothing was asked.
    pub(crate) fn resolved_by_text(&self, verdict: &Verdict, answer: &str, now: i64) -> Option<Arc<Verdict>> {
        let leaf = verdict.certificate(0)?;
        self.resolved(verdict, &Answer::parse(answer, &leaf), now)
    }

    fn resolved(&self, verdict: &Verdict, answer: &Answer, now: i64) -> Option<Arc<Verdict>> {
        verdict.pending_fingerprint()?;
        let policy = &self.current.load().policy;
        let (presented, known) = (verdict.chain_der(), self.known(verdict.given()));
        Some(Arc::new(Verdict::judge_answered(
            policy,
            presented,
            Some(answer),
            verdict.is_by_proxy(),
            &self.memory,
            known,
            now,
        )))
    }

    /// Reads all files again and swaps the policy whole. On failure the old policy stays.
    ///
    /// # Errors
    ///
    /// As [`Verifier::new`].
    pub fn reload(&self) -> Result<(), Error> {
        let _only_one = self.reloading.lock();
        self.swap(false)
    }

    /// The same, but only where a file, folder or pattern changed; says whether it did. It looks once a second at most, so
    /// it may be called for every connection. On failure the old policy stays, too, but for its registrations where those
    /// can be read, or have been out of reach for longer than `registry_max_age`.
    ///
    /// # Errors
    ///
    /// As [`Verifier::new`].
    pub fn refresh(&self) -> Result<bool, Error> {
        let elapsed = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        let looked = self.looked.load(Ordering::Relaxed);
        if elapsed - looked < REFRESH_INTERVAL_MILLISECONDS {
            return Ok(false);
        }
        // Whoever comes first looks; the others go on with the policy that is there.
        let Some(_only_one) = self.reloading.try_lock() else { return Ok(false) };
        self.looked.store(elapsed, Ordering::Relaxed);
        if self.policy().is_current(&self.config)? {
            return Ok(false);
        }
        self.swap(true).map(|()| true).inspect_err(|_| {
            if let Some(policy) = self.policy().with_registrations_of_now(&self.config) {
                self.put_in_force(policy);
            }
        })
    }

    /// How many bytes [`Verifier::refresh`] would have to read now, at most: 0 where it would find nothing changed, else the
    /// sizes of all files that the policy is made of, and 1 at least. None where it would ask a database. For hosts that
    /// refresh in a thread of their own only where it may take long.
    ///
    /// It looks at names, dates and sizes each time it is called, opens no file and asks nobody. A file that was read right
    /// after it was written has to be read again. Files that a changed file of registrations names for the first time do
    /// not count.
    pub fn unread(&self) -> Option<u64> {
        self.policy().unread(&self.config)
    }

    /// The registry of keys, where the configuration names one. Whoever changes it calls [`Verifier::refresh`].
    pub fn registry(&self) -> Option<&Arc<Registry>> {
        self.config.registry()
    }

    /// The current policy.
    pub fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.current.load().policy)
    }

    /// What the verification cache did under the current policy.
    pub fn statistics(&self) -> Statistics {
        self.current.load().cache.statistics()
    }

    fn swap(&self, changed_only: bool) -> Result<(), Error> {
        self.put_in_force(self.policy().renew(&self.config, changed_only)?);
        Ok(())
    }

    fn put_in_force(&self, policy: Policy) {
        self.current.store(Arc::new(Snapshot::new(policy, &self.memory)));
    }
}

impl Snapshot {
    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    fn new(policy: Policy, memory: &Memory) -> Self {
        let cache = Cache::new(policy.cache_size(), policy.cache_ttl());
        // It depends on no time: nothing was presented.
        let known = Known { answers: &Answers::new(0), given: Given::NOTHING };
        let without_certificate = Arc::new(Verdict::judge(&policy, &[], memory, known, 0));
        Self { policy: Arc::new(policy), cache, without_certificate }
    }
}
