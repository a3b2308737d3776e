//! The verdict: what was found out about one presented chain, immutable and complete.

mod enrolment;
mod json;
mod ocsp;
mod presence;
mod registration;
mod renderings;
mod status;
mod subject;
mod trust;
mod user;

use std::sync::Arc;

use crate::certificate::{Certificate, Chain, ChainFault};
use crate::identity::Mapping;
use crate::policy::{Mode, Policy};
use crate::registry::Registration;
use crate::revocation::CrlInfo;
use crate::revocation::ocsp::{Answers, Known};
use crate::verify::{
    self, Anchor, Basis, Code, Culprit, Detail, Evidence, Examination, Indexes, Memory, OcspCheck, Reason,
    Recollection, Rules, SecondOpinion, SecondOpinionRule, TlsVersion,
};

pub use ocsp::OcspQuestion;
use ocsp::OcspRecord;
pub(crate) use registration::Answer;
use renderings::Renderings;
use trust::Proof;

/// What came out of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Outcome {
    /// The client presented no certificate.
    None = 0,
    /// The client is who its certificate says.
    Success = 1,
    /// The client presented a certificate that was not verified, for the reasons given.
    Failed = 2,
}

impl Outcome {
    /// `NONE`, `SUCCESS` or `FAILED`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Success => "SUCCESS",
            Self::Failed => "FAILED",
        }
    }
}

/// Who verified an accepted certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifiedBy {
    /// The policy here.
    Own,
    /// A trusted proxy, whose word stands in for a path to a pinned CA (`forwarded_verification = proxy`).
    Proxy,
}

impl VerifiedBy {
    /// `own` or `proxy`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Proxy => "proxy",
        }
    }
}

/// The immutable outcome for one presented chain.
///
/// It is shared between connections that presented the same bytes, and holds nothing of a connection. Every method may be
/// called from any thread. What a page is protected by is [`Verdict::verified`], never [`Verdict::accepted`].
#[derive(Debug)]
pub struct Verdict {
    mode: Mode,
    outcome: Outcome,
    accepted: bool,
    reasons: Box<[Reason]>,
    chain: Chain,
    path: Indexes,
    anchor: Option<Arc<Anchor>>,
    registration: Option<Box<Registration>>,
    /// Whether no path speaks for the certificate.
    by_key: bool,
    /// Whether a trusted proxy's word stands in for a path.
    by_proxy: bool,
    mapping: Option<Mapping>,
    may_enrol: bool,
    /// What the host said of the key, where it was asked.
    answer: Option<Box<Answer>>,
    second_opinion: SecondOpinion,
    crls: Evidence,
    /// None where OCSP has nothing to do with it.
    ocsp: Option<Box<OcspRecord>>,
    /// The generation of the OCSP answers that were known.
    answers: u64,
    policy_identity: [u8; 32],
    /// Of the policy that judged.
    epoch: u64,
    /// Of the verifier that judged.
    lineage: u64,
    valid_from: i64,
    valid_until: i64,
    renderings: Renderings,
}

impl Verdict {
    /// Judges what a client presented, at `now` in Unix seconds. Nothing presented is an empty slice.
    pub(crate) fn judge(policy: &Policy, presented: &[u8], memory: &Memory, known: Known<'_>, now: i64) -> Self {
        Self::judge_answered(policy, presented, None, false, memory, known, now)
    }

    /// The same for a certificate that a trusted proxy says it verified, where the policy lets that count.
    pub(crate) fn judge_forwarded(
        policy: &Policy,
        presented: &[u8],
        memory: &Memory,
        known: Known<'_>,
        now: i64,
    ) -> Self {
        Self::judge_answered(policy, presented, None, true, memory, known, now)
    }

    /// The same with what the host says of the leaf's key, where it was asked, and with the word of a trusted proxy.
    pub(crate) fn judge_answered(
        policy: &Policy,
        presented: &[u8],
        answer: Option<&Answer>,
        by_proxy: bool,
        memory: &Memory,
        known: Known<'_>,
        now: i64,
    ) -> Self {
        let rules = policy.rules();
        if presented.is_empty() || policy.mode() == Mode::Off {
            return Self::without_certificate(policy);
        }
        let mut memory = Recollection::new(memory);
        let recall = &mut |der: &[u8]| memory.layout_of(der);
        let (chain, fault) = Chain::read(presented, rules.max_chain_bytes, rules.max_certificates, recall);
        if let Some(fault) = fault {
            return Self::refused(policy, chain, vec![fault_reason(fault)]);
        }
        let Some(leaf) = chain.certificate(0) else {
            let reasons = malformed_reasons(&chain);
            return Self::refused(policy, chain, reasons);
        };
        if !policy.mode().verifies() {
            let reason = Reason::new(Code::NotVerified, 0, Culprit::Presented(0));
            return Self { accepted: true, ..Self::refused(policy, chain, vec![reason]) };
        }
        let answer = answer.filter(|_| policy.asks_the_host());
        let lookup = answer.map_or_else(|| policy.look_up(&leaf), |answer| answer.lookup(&leaf));
        let generation = known.answers.generation();
        let basis = basis(policy, &memory, known, now);
        let by_proxy = by_proxy && policy.proxy_verifies();
        let proof = trust::weigh(policy, &chain, leaf, lookup, now, || match by_proxy {
            true => vouched_for(leaf, policy, now),
            false => examine(&chain, leaf, &basis),
        });
        let answer = answer.cloned().map(Box::new);
        Self { answers: generation, answer, by_proxy, ..Self::conclude(policy, chain, proof, known, now) }
    }

    /// What this verdict is under another policy or at another time: everything is looked at again but signatures, on
    /// the path that was accepted. What is not SUCCESS never becomes it.
    pub(crate) fn judge_again(&self, policy: &Policy, memory: &Memory, answers: &Answers, now: i64) -> Self {
        if self.outcome == Outcome::None || policy.mode() == Mode::Off {
            return Self::without_certificate(policy);
        }
        let chain = self.chain.clone();
        let (Some(leaf), true) = (self.certificate(0), self.verified()) else {
            let (path, anchor, crls) = (self.path.clone(), self.anchor.clone(), self.crls.clone());
            let ocsp = self.ocsp.clone();
            return Self { path, anchor, crls, ocsp, ..Self::new(policy, chain, self.reasons.to_vec()) };
        };
        if !policy.mode().verifies() {
            let reason = Reason::new(Code::NotVerified, 0, Culprit::Presented(0));
            return Self { accepted: true, ..Self::refused(policy, chain, vec![reason]) };
        }
        let mut memory = Recollection::new(memory);
        chain.candidates().iter().skip(1).flatten().for_each(|certificate| memory.look_up(certificate));
        let answer = self.answer(policy);
        let lookup = answer.map_or_else(|| policy.look_up(&leaf), |answer| answer.lookup(&leaf));
        let (generation, known) = (answers.generation(), Known { answers, given: self.given() });
        let basis = basis(policy, &memory, known, now);
        let by_proxy = self.by_proxy && policy.proxy_verifies();
        let again = || match self.anchor() {
            _ if by_proxy => vouched_for(leaf, policy, now),
            Some(anchor) => verify::examine_again(&chain.candidates(), leaf, &self.path, &anchor, &basis),
            None => examine(&chain, leaf, &basis),
        };
        let proof = trust::weigh(policy, &chain, leaf, lookup, now, again);
        let answer = answer.cloned().map(Box::new);
        Self { answers: generation, answer, by_proxy, ..Self::conclude(policy, chain, proof, known, now) }
    }

    fn conclude(policy: &Policy, chain: Chain, proof: Proof, known: Known<'_>, now: i64) -> Self {
        let Proof { examination, registration, by_key, mapping, may_enrol, from, until } = proof;
        let Examination { mut reasons, path, anchor, second_opinion, revocation } = examination;
        // Nobody is asked about a client who is refused anyway.
        if reasons.iter().any(|reason| !reason.code.is_pending() && !policy.tolerates(reason.code)) {
            reasons.retain(|reason| !reason.code.is_pending());
        }
        reasons.sort_by_key(|reason| (reason.code.rank(), reason.depth));
        reasons.dedup();
        let (valid_from, valid_until) = match reasons.is_empty() {
            true => {
                let path = path.iter().filter_map(|index| chain.certificate(*index));
                let validity = validity(path, anchor.as_deref(), policy.rules());
                (validity.0.max(revocation.from).max(from), validity.1.min(revocation.until).min(until))
            }
            false => (now, now),
        };
        let crls = revocation.evidence;
        let ocsp = OcspRecord::new(known.given, revocation.answers);
        let mut verdict = Self {
            path,
            anchor,
            registration,
            by_key,
            mapping,
            may_enrol,
            second_opinion,
            crls,
            ocsp,
            valid_from,
            valid_until,
            ..Self::new(policy, chain, reasons)
        };
        verdict.prepare_questions(policy);
        verdict
    }

    /// The verdict that is left when a verification fails inside the library.
    pub(crate) fn internal_error() -> Self {
        Self {
            mode: Mode::Require,
            outcome: Outcome::Failed,
            accepted: false,
            reasons: Box::new([Reason::of_connection(Code::InternalError)]),
            chain: Chain::empty(),
            path: Indexes::new(),
            anchor: None,
            registration: None,
            by_key: false,
            by_proxy: false,
            mapping: None,
            may_enrol: false,
            answer: None,
            second_opinion: SecondOpinion::NotAsked,
            crls: Evidence::new(),
            ocsp: None,
            answers: 0,
            policy_identity: [0; 32],
            epoch: 0,
            lineage: 0,
            valid_from: i64::MIN,
            valid_until: i64::MIN,
            renderings: Renderings::default(),
        }
    }

    /// The verdict on a client of whom nothing is known but what somebody brings: a session, a ticket or a header that does not count.
    pub(crate) fn of_connection(policy: &Policy, code: Code, detail: impl Into<Option<Detail>>) -> Self {
        Self::refused(policy, Chain::empty(), vec![Reason::of_connection(code).with(detail)])
    }

    fn without_certificate(policy: &Policy) -> Self {
        let required = policy.mode().requires();
        let reasons = match required {
            true => vec![Reason::of_connection(Code::CertificateRequired)],
            false => Vec::new(),
        };
        Self {
            outcome: Outcome::None,
            accepted: !required,
            valid_from: i64::MIN,
            valid_until: i64::MAX,
            ..Self::new(policy, Chain::empty(), reasons)
        }
    }

    fn refused(policy: &Policy, chain: Chain, reasons: Vec<Reason>) -> Self {
        // Whoever is refused without a reason is refused all the same: SUCCESS is the absence of reasons.
        let reasons = if reasons.is_empty() { vec![Reason::of_connection(Code::InternalError)] } else { reasons };
        Self { accepted: false, ..Self::new(policy, chain, reasons) }
    }

    fn new(policy: &Policy, chain: Chain, mut reasons: Vec<Reason>) -> Self {
        for reason in &mut reasons {
            reason.tolerated = reason.code.is_tolerable() && policy.tolerates(reason.code);
        }
        Self {
            mode: policy.mode(),
            outcome: if reasons.is_empty() { Outcome::Success } else { Outcome::Failed },
            accepted: reasons.iter().all(|reason| reason.tolerated),
            reasons: reasons.into(),
            chain,
            path: Indexes::new(),
            anchor: None,
            registration: None,
            by_key: false,
            by_proxy: false,
            mapping: None,
            may_enrol: false,
            answer: None,
            second_opinion: SecondOpinion::NotAsked,
            crls: Evidence::new(),
            ocsp: None,
            answers: 0,
            policy_identity: *policy.identity(),
            epoch: policy.epoch(),
            lineage: policy.lineage(),
            valid_from: i64::MIN,
            valid_until: i64::MIN,
            renderings: Renderings::default(),
        }
    }

    /// NONE, SUCCESS or FAILED.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Whether the client is who its certificate says: the outcome is SUCCESS. This is what protects a page.
    pub fn verified(&self) -> bool {
        self.outcome == Outcome::Success
    }

    /// Whether the connection may go on under the mode. It is true without a certificate where none is required, and for
    /// what `tolerate` names, so it is no authentication.
    pub fn accepted(&self) -> bool {
        self.accepted
    }

    /// Who verified the certificate; None unless the outcome is SUCCESS. It says nothing of how the certificate came here: the
    /// verdict on the same bytes is the same, from a client or from a proxy, where the policy verified it itself.
    pub fn verified_by(&self) -> Option<VerifiedBy> {
        self.verified().then_some(if self.by_proxy && !self.by_key { VerifiedBy::Proxy } else { VerifiedBy::Own })
    }

    /// Whether it rests on what a proxy said once, which says nothing of the next client with the same certificate.
    pub(crate) fn is_by_proxy(&self) -> bool {
        self.by_proxy
    }

    /// The mode that the policy had.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Everything that is wrong, the primary reason first ([`Code::rank`] has the order). Empty for SUCCESS.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// The reason that a person should mend first.
    pub fn primary(&self) -> Option<&Reason> {
        self.reasons.first()
    }

    /// The TLS alert to end the handshake with (RFC 8446 section 6.2), or None where it may go on.
    pub fn alert(&self, version: TlsVersion) -> Option<u8> {
        self.refused_for().map(|code| code.alert(version))
    }

    /// The reason for which the connection may not go on, or None where it may.
    pub(crate) fn refused_for(&self) -> Option<Code> {
        if self.accepted {
            return None;
        }
        // Fails closed: a verdict that is not accepted and says nothing is an internal error.
        Some(self.reasons.iter().find(|reason| !reason.tolerated).map_or(Code::InternalError, |reason| reason.code))
    }

    /// OpenSSL's number for the primary reason, an `X509_V_ERR_…`; 0, `X509_V_OK`, only without reasons.
    pub fn openssl_error(&self) -> i32 {
        self.primary().map_or(0, |reason| reason.code.openssl_number())
    }

    /// The status that nginx gives inside: 495 for a certificate that is not accepted, 496 for a missing one.
    pub fn nginx_status(&self) -> Option<u16> {
        if self.accepted { None } else { Some(self.primary().map_or(495, |reason| reason.code.nginx_status())) }
    }

    /// How many certificates the client presented, as far as they could be told apart.
    pub fn certificate_count(&self) -> usize {
        self.chain.len()
    }

    /// A presented certificate, the leaf being 0; None where there is none or it could not be read.
    pub fn certificate(&self, index: usize) -> Option<Certificate<'_>> {
        self.chain.certificate(index)
    }

    /// The DER of a presented certificate, whether or not it could be read.
    pub fn certificate_der(&self, index: usize) -> Option<&[u8]> {
        self.chain.certificate_der(index)
    }

    /// The DER of each certificate that a verification needs to come to this verdict again, leaf first: those of the accepted
    /// path that were presented, or all where no path was accepted.
    pub(crate) fn decisive_certificates(&self) -> Vec<&[u8]> {
        let on_path = || self.path.iter().filter_map(|index| self.chain.certificate_der(*index)).collect();
        match self.verified() && self.path.first() == Some(&0) {
            true => on_path(),
            false => Some(self.chain.der()).filter(|der| !der.is_empty()).into_iter().collect(),
        }
    }

    /// The DER of all presented certificates, one after another.
    pub fn chain_der(&self) -> &[u8] {
        self.chain.der()
    }

    /// The path that was accepted, or the one that came closest, leaf first, its anchor last if it reached one. A leaf
    /// that is itself pinned stands there once.
    pub fn path(&self) -> Vec<Certificate<'_>> {
        let presented = self.path.iter().filter_map(|index| self.chain.certificate(*index));
        let leaf = self.chain.certificate_der(0);
        let anchor = self.anchor().filter(|anchor| self.path.len() > 1 || Some(anchor.as_der()) != leaf);
        presented.chain(anchor).collect()
    }

    /// The pinned certificate that the path ends at.
    pub fn anchor(&self) -> Option<Certificate<'_>> {
        self.anchor.as_deref().map(Anchor::certificate)
    }

    /// The certificate that a reason is about.
    pub fn culprit(&self, reason: &Reason) -> Option<Certificate<'_>> {
        match reason.culprit {
            Culprit::None => None,
            Culprit::Presented(index) => self.certificate(index),
            Culprit::Anchor => self.anchor(),
        }
    }

    /// What the second validator says of the accepted path.
    pub fn second_opinion(&self) -> &SecondOpinion {
        &self.second_opinion
    }

    /// The CRLs that decided, each with the depth of the certificate that it decided about: one that revokes, one that says
    /// that it did not, or one that could not be used.
    pub fn crls(&self) -> impl ExactSizeIterator<Item = (u32, &CrlInfo)> {
        self.crls.iter().map(|(depth, crl)| (*depth, &**crl))
    }

    /// The identity of the policy that judged: 32 bytes that change with every option that decides.
    pub fn policy_identity(&self) -> &[u8; 32] {
        &self.policy_identity
    }

    /// The first second, in Unix time, for which the verdict holds under its policy.
    pub fn valid_from(&self) -> i64 {
        self.valid_from
    }

    /// The last second, in Unix time, for which the verdict holds under its policy.
    pub fn valid_until(&self) -> i64 {
        self.valid_until
    }

    /// Whether nothing was learnt from OCSP since that may take it back.
    pub(crate) fn knows_all(&self, answers: &Answers) -> bool {
        self.answers == answers.generation()
    }

    /// The epoch of the policy that judged.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The lineage of the policy that judged: which verifier's it is; 0 where none judged.
    pub(crate) fn lineage(&self) -> u64 {
        self.lineage
    }

    /// Whether it can be given again to a client that presents the same at `now`.
    pub(crate) fn holds_at(&self, now: i64) -> bool {
        self.valid_from <= now && now <= self.valid_until
    }
}

/// What a policy examines a chain by.
fn basis<'p>(policy: &'p Policy, memory: &'p Recollection<'p>, known: Known<'p>, now: i64) -> Basis<'p> {
    let rules = policy.rules();
    let answers = (rules.ocsp.check != OcspCheck::Off).then_some(known);
    Basis { anchors: policy.anchors(), crls: policy.crls(), answers, rules, memory, now }
}

/// Looks for a path. What cannot be read among the certificates is to blame, too, where none is good.
fn examine(chain: &Chain, leaf: Certificate<'_>, basis: &Basis<'_>) -> Examination {
    let mut examination = verify::examine(&chain.candidates(), leaf, basis);
    if !examination.reasons.iter().all(|reason| reason.code.is_pending()) {
        examination.reasons.extend(malformed_reasons(chain));
    }
    examination
}

/// Examines a leaf for which a trusted proxy's word stands in for a path. Lists of revoked certificates still count.
fn vouched_for(leaf: Certificate<'_>, policy: &Policy, now: i64) -> Examination {
    let mut examination = verify::examine_leaf(leaf, policy.rules(), now);
    examination.reasons.extend(verify::check_listed(&leaf, policy.crls()));
    examination
}

fn fault_reason(fault: ChainFault) -> Reason {
    let (code, detail) = match fault {
        ChainFault::TooManyBytes => (Code::ChainTooLarge, Detail::Remark("max_chain_bytes")),
        ChainFault::TooManyCertificates => (Code::ChainTooLarge, Detail::Remark("max_certificates")),
        ChainFault::Malformed(problem) => (Code::ChainMalformed, Detail::Text(problem)),
    };
    Reason::of_connection(code).with(detail)
}

fn malformed_reasons(chain: &Chain) -> Vec<Reason> {
    let reason = |(index, malformed)| {
        let depth = u32::try_from(index).unwrap_or(u32::MAX);
        Reason::new(Code::CertificateMalformed, depth, Culprit::Presented(index)).with(Detail::Malformed(malformed))
    };
    chain.malformed().map(reason).collect()
}

/// The seconds for which every certificate of a good path is valid.
fn validity<'c>(path: impl Iterator<Item = Certificate<'c>>, anchor: Option<&'c Anchor>, rules: &Rules) -> (i64, i64) {
    // The second validator knows no skew, and looks at no anchor's dates: where its word is needed, the path has none.
    let skew = if rules.second_opinion == SecondOpinionRule::Strict { 0 } else { rules.time_skew };
    let path = path.map(|certificate| (certificate, skew));
    let all = path.chain(anchor.map(|anchor| (anchor.certificate(), rules.time_skew)));
    all.fold((i64::MIN, i64::MAX), |(from, until), (certificate, skew)| {
        (
            from.max(certificate.not_before().saturating_sub(skew)),
            until.min(certificate.not_after().saturating_add(skew)),
        )
    })
}
