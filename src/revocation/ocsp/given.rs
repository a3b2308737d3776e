//! What was given to one verdict, beside the answers that all share.

use std::sync::Arc;

use super::{About, Answer, Answers, Question, Refusal, ResponseStatus, Rules};

/// What came of a question.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Answer(Arc<Answer>),
    Refused(Refusal),
    /// Nobody answered, or only that he will another time.
    Absent(Absence),
}

/// That nobody answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Absence {
    /// What was said instead.
    pub(crate) refusal: Option<Refusal>,
    /// When, in Unix seconds.
    at: i64,
}

/// For how many seconds it is believed that nobody answers, before somebody is asked again.
const ABSENCE_HOLDS: i64 = 300;

impl Reply {
    /// Nobody answered, at `now` in Unix seconds.
    pub(crate) fn absent(now: i64) -> Self {
        Self::Absent(Absence { refusal: None, at: now })
    }

    /// What a refusal is worth: as good as nothing, where the responder says that it will answer another time.
    pub(crate) fn refused(refusal: Refusal, now: i64) -> Self {
        match refusal {
            Refusal::Unsuccessful(ResponseStatus::TryLater | ResponseStatus::InternalError) => {
                Self::Absent(Absence { refusal: Some(refusal), at: now })
            }
            refusal => Self::Refused(refusal),
        }
    }
}

impl Absence {
    /// The last second at which it is believed.
    pub(crate) fn holds_until(&self) -> i64 {
        self.at.saturating_add(ABSENCE_HOLDS)
    }

    fn holds_at(&self, now: i64) -> bool {
        self.at <= now && now <= self.holds_until()
    }
}

/// Replies by what they are about, the last one about each certificate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given(Vec<(About, Reply)>);

impl Given {
    pub(crate) const NOTHING: &'static Self = &Self(Vec::new());

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These, and one more.
    pub(crate) fn with(&self, question: &Question<'_>, reply: Reply) -> Self {
        let about = question.about();
        let others = self.0.iter().filter(|(other, _)| *other != about).cloned();
        Self(others.chain([(about, reply)]).collect())
    }
}

/// Everything that is known of answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'k> {
    pub(crate) answers: &'k Answers,
    pub(crate) given: &'k Given,
}

impl Known<'_> {
    /// The best reply to a question. An answer that was given counts beside those that are remembered, the newest first; a
    /// refusal counts against all but a revocation.
    pub(crate) fn find(&self, question: &Question<'_>, rules: &Rules, now: i64) -> Option<Reply> {
        let about = question.about();
        let remembered = self.answers.recall(&about, rules, now);
        let given = self.given.0.iter().find(|(other, _)| *other == about).map(|(_, reply)| reply);
        match (given, remembered) {
            (Some(Reply::Answer(given)), remembered) if given.holds_at(rules, now) => {
                let newer = remembered.filter(|remembered| remembered.supersedes(given));
                Some(Reply::Answer(newer.unwrap_or_else(|| Arc::clone(given))))
            }
            (Some(Reply::Refused(refusal)), remembered) => {
                let revoked = remembered.filter(|remembered| remembered.status().is_revoked());
                Some(revoked.map_or(Reply::Refused(*refusal), Reply::Answer))
            }
            (_, Some(remembered)) => Some(Reply::Answer(remembered)),
            (Some(Reply::Absent(absence)), None) if absence.holds_at(now) => Some(Reply::Absent(*absence)),
            (Some(Reply::Answer(_) | Reply::Absent(_)) | None, None) => None,
        }
    }
}
