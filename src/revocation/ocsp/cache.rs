//! Answers that were found good, remembered until they are too old.
//!
//! An answer is what a CA signed about one of its certificates: it holds whatever the policy, so it outlives reloads, and
//! whether it still counts is asked under the policy and at the time at hand. Only answers whose signature is good are kept,
//! so nobody who is not in the CA's confidence can fill the memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;

use super::{Answer, Question, Rules, Status};
use crate::crypto::sha256;

/// A table of fixed size in sets of eight, read without a lock.
#[derive(Debug)]
pub(crate) struct Answers {
    slots: Box<[ArcSwapOption<Entry>]>,
    /// How often something was learnt that may take back what was decided before.
    generation: AtomicU64,
}

#[derive(Debug)]
struct Entry {
    about: About,
    answer: Arc<Answer>,
}

/// The digest of an issuer's key and name and of a serial number, which together are one certificate. Clients choose none
/// of its inputs without the CA, and whoever finds two of one digest has broken SHA-256.
pub(crate) type About = [u8; 32];

const WAYS: usize = 8;

impl Answers {
    /// `size` 0 remembers nothing.
    pub(crate) fn new(size: usize) -> Self {
        let slots = (0..size.next_multiple_of(WAYS)).map(|_| ArcSwapOption::empty()).collect();
        Self { slots, generation: AtomicU64::new(0) }
    }

    /// Changes whenever a certificate turns out not to be good, so that what was decided before is asked again.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The newest answer that counts under these rules at `now`.
    pub(crate) fn recall(&self, about: &About, rules: &Rules, now: i64) -> Option<Arc<Answer>> {
        let mut best: Option<Arc<Answer>> = None;
        // Two threads may have put the same certificate into two places.
        for slot in self.set(about) {
            let entry = slot.load();
            let Some(entry) = entry.as_ref().filter(|entry| entry.about == *about) else { continue };
            if best.as_ref().is_none_or(|best| entry.answer.supersedes(best)) {
                best = Some(Arc::clone(&entry.answer));
            }
        }
        best.filter(|answer| answer.holds_at(rules, now))
    }

    /// Keeps an answer, in place of an older one about the same certificate or else of what is worth least: nothing, what no
    /// longer counts, what ends first, and last of all what was revoked for good. An older answer replaces no newer one.
    pub(crate) fn remember(&self, question: &Question<'_>, answer: &Arc<Answer>, rules: &Rules, now: i64) {
        let about = question.about();
        let was_good = self.recall(&about, rules, now).is_none_or(|known| known.status() == Status::Good);
        let worth = |slot: &&ArcSwapOption<Entry>| match &*slot.load() {
            Some(entry) if entry.about == about => (0, 0),
            None => (1, 0),
            Some(entry) if !entry.answer.holds_at(rules, now) => (2, 0),
            Some(entry) => (3, entry.answer.holds_until(rules)),
        };
        let Some(slot) = self.set(&about).iter().min_by_key(worth) else { return };
        let new = Arc::new(Entry { about, answer: Arc::clone(answer) });
        // Another thread may be quicker: what it put there is compared again.
        slot.rcu(|old| match old {
            Some(old) if old.about == about && !answer.supersedes(&old.answer) => Some(Arc::clone(old)),
            _ => Some(Arc::clone(&new)),
        });
        if was_good && answer.status() != Status::Good {
            self.generation.fetch_add(1, Ordering::Release);
        }
    }

    fn set(&self, about: &About) -> &[ArcSwapOption<Entry>] {
        let sets = self.slots.len() / WAYS;
        if sets == 0 {
            return &[];
        }
        let start = about.iter().take(4).fold(0usize, |number, byte| number << 8 | usize::from(*byte)) % sets * WAYS;
        &self.slots[start..start + WAYS]
    }
}

impl Question<'_> {
    /// What it is about. The lengths stand before the parts, so that none can pass for another.
    pub(crate) fn about(&self) -> About {
        let Self { certificate, issuer } = self;
        let parts = [issuer.subject_public_key_info(), certificate.issuer().as_der(), certificate.serial()];
        let mut all = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
        for part in parts {
            all.extend_from_slice(&(part.len() as u64).to_be_bytes());
            all.extend_from_slice(part);
        }
        sha256(&all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::OwnedCertificate;
    use crate::revocation::RevocationReason;

    const DAY: i64 = 86_400;

    /// A client of a CA, and the CA.
    fn certificates(serial: u64) -> (OwnedCertificate, OwnedCertificate) {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
        let mut authority = rcgen::CertificateParams::default();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let ca = authority.self_signed(&key).expect("a CA");
        let mut client = rcgen::CertificateParams::default();
        client.serial_number = Some(serial.into());
        let client = client.signed_by(&key, &rcgen::Issuer::new(authority, &key)).expect("a client");
        let read = |der: &[u8]| OwnedCertificate::from_der(der).expect("a certificate");
        (read(client.der()), read(ca.der()))
    }

    fn answer(status: Status, this_update: i64) -> Arc<Answer> {
        Arc::new(Answer {
            status,
            produced_at: this_update,
            this_update,
            next_update: Some(this_update + DAY),
            responder_id: "CN=CA".into(),
            responder: None,
            nocheck: true,
            signatures: [None; 2],
        })
    }

    fn revoked(reason: RevocationReason) -> Status {
        Status::Revoked { date: 0, reason: Some(reason) }
    }

    #[test]
    fn the_newest_answer_is_recalled_until_it_is_too_old() {
        let ((client, ca), (other, other_ca)) = (certificates(1), certificates(1));
        let question = Question::new(client.view(), ca.view());
        let (answers, rules) = (Answers::new(64), Rules::default());
        let status = |now| answers.recall(&question.about(), &rules, now).map(|answer| answer.status());
        let learn = |status, this_update| {
            answers.remember(&question, &answer(status, this_update), &rules, this_update);
        };
        assert_eq!(status(DAY), None);
        learn(Status::Good, DAY);
        assert_eq!((status(DAY - 301), status(DAY), status(2 * DAY + 301)), (None, Some(Status::Good), None));
        for (client, ca) in [(&other, &other_ca), (&client, &other_ca)] {
            assert!(answers.recall(&Question::new(client.view(), ca.view()).about(), &rules, DAY).is_none());
        }

        let hold = revoked(RevocationReason::CertificateHold);
        learn(hold, DAY + 10);
        learn(Status::Good, DAY);
        assert_eq!(status(DAY + 10), Some(hold), "an older answer");
        learn(Status::Good, DAY + 10);
        assert_eq!(status(DAY + 10), Some(hold), "as new, but better");
        assert_eq!(status(3 * DAY), None);
        learn(Status::Good, DAY + 20);
        assert_eq!(status(DAY + 20), Some(Status::Good), "released");
        let ever = revoked(RevocationReason::KeyCompromise);
        learn(ever, DAY + 30);
        learn(Status::Good, DAY + 20);
        assert_eq!(status(1000 * DAY), Some(ever));
    }

    #[test]
    fn other_rules_judge_what_was_kept() {
        let (client, ca) = certificates(1);
        let question = Question::new(client.view(), ca.view());
        let (answers, mut rules) = (Answers::new(8), Rules::default());
        let mut weak = Answer::clone(&answer(Status::Good, DAY));
        weak.signatures[0] = Some((
            crate::signature::SignatureAlgorithm::of(&[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]).unwrap(),
            crate::signature::KeyKind::Rsa(1024),
        ));
        answers.remember(&question, &Arc::new(weak), &rules, DAY);
        assert!(answers.recall(&question.about(), &rules, DAY).is_none());
        rules.strength.min_rsa_bits = 1024;
        assert!(answers.recall(&question.about(), &rules, DAY).is_some());
        rules.max_age = Some(60);
        assert!(answers.recall(&question.about(), &rules, DAY + 361).is_none());
    }

    #[test]
    fn what_is_worth_least_gives_way() {
        let (answers, rules) = (Answers::new(WAYS), Rules::default());
        let all: Vec<_> = (0..WAYS as u64 + 2).map(certificates).collect();
        let question = |index: usize| Question::new(all[index].0.view(), all[index].1.view());
        let known = |index: usize, now| answers.recall(&question(index).about(), &rules, now).is_some();
        let ever = revoked(RevocationReason::Superseded);
        answers.remember(&question(0), &answer(ever, DAY), &rules, DAY);
        for (index, later) in (1..WAYS).zip(1..) {
            answers.remember(&question(index), &answer(Status::Good, DAY + later), &rules, 2 * DAY);
        }
        assert!((0..WAYS).all(|index| known(index, 2 * DAY)));
        answers.remember(&question(WAYS), &answer(Status::Good, DAY + 100), &rules, 2 * DAY);
        assert!(known(WAYS, 2 * DAY) && !known(1, 2 * DAY) && known(0, 2 * DAY));
        answers.remember(&question(WAYS + 1), &answer(Status::Good, 9 * DAY), &rules, 9 * DAY);
        assert!(known(WAYS + 1, 9 * DAY) && known(0, 9 * DAY), "the revoked one stays");
        assert!(Answers::new(0).recall(&question(0).about(), &rules, DAY).is_none());
        Answers::new(0).remember(&question(0), &answer(Status::Good, DAY), &rules, DAY);
    }
}
