//! What the registry has to do with a verdict: whose key it is, and what a host says that keeps the registry itself.

use serde_json::{Map, Value};

use super::Verdict;
use crate::certificate::{Certificate, from_rfc3339};
use crate::policy::Policy;
use crate::registry::{RegisteredKey, Registration, Registry};
use crate::verify::{Code, Lookup};

/// What a host says of a key that it was asked about.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Registered(Box<Registration>),
    NotRegistered,
    /// The host does not know, or what it says makes no sense.
    Unusable,
}

impl Answer {
    /// Reads an answer: a line as in a file of registrations, a JSON object with at least `user`, or JSON's `null` for a key
    /// that is not registered. Everything else is unusable, nothing at all included.
    pub(crate) fn parse(text: &str, leaf: &Certificate<'_>) -> Self {
        let text = text.trim();
        let registration = match text.as_bytes().first() {
            Some(b'{') => match serde_json::from_str(text) {
                Ok(Value::Object(fields)) => from_json(&fields, leaf),
                _ => None,
            },
            _ if text == "null" => return Self::NotRegistered,
            _ => from_line(text),
        };
        registration.map_or(Self::Unusable, |registration| Self::Registered(Box::new(registration)))
    }

    /// What it says of a leaf. An answer about another key says nothing.
    pub(super) fn lookup(&self, leaf: &Certificate<'_>) -> Lookup<'_> {
        match self {
            Self::Registered(registration) => {
                let same = match registration.key {
                    RegisteredKey::Spki(digest) => digest == leaf.spki_sha256(),
                    RegisteredKey::Certificate(digest) => digest == leaf.sha256(),
                };
                if same { Lookup::Registered(registration.view()) } else { Lookup::Unavailable }
            }
            Self::NotRegistered => Lookup::NotRegistered,
            Self::Unusable => Lookup::Unavailable,
        }
    }
}

impl Verdict {
    /// The key that the host should look up in its own database, where nothing else is missing (`registry = external`):
    /// [`crate::Verifier::resolve`] takes the answer. Where certificates are registered as such,
    /// [`RegisteredKey::certificate_of`] the leaf is the other name to look for.
    pub fn pending_fingerprint(&self) -> Option<RegisteredKey> {
        let asked = self.reasons.iter().any(|reason| reason.code == Code::RegistrationPending);
        let leaf = self.certificate(0)?;
        asked.then(|| RegisteredKey::spki_of(&leaf))
    }

    /// What the host said of the key, where a policy asks it. What it said under another policy was about another question.
    pub(crate) fn answer(&self, policy: &Policy) -> Option<&Answer> {
        let same = policy.asks_the_host() && self.policy_identity == *policy.identity();
        self.answer.as_deref().filter(|_| same)
    }

    /// Whether the host has said something that it may not say the next time.
    pub(crate) fn is_answered(&self) -> bool {
        self.answer.is_some()
    }

    /// The registration of the client's key; only where the outcome is SUCCESS and the registration counts.
    pub fn registration(&self) -> Option<&Registration> {
        self.registration.as_deref().filter(|_| self.verified())
    }

    /// Whether the certificate was accepted by its registered key alone, without a path to a pinned CA.
    pub fn accepted_by_key(&self) -> bool {
        self.by_key && self.verified()
    }

    /// Whether nothing is missing but that the key is registered: whoever proved in the handshake to hold it may be
    /// allowed to register it.
    pub fn may_enrol(&self) -> bool {
        self.may_enrol
    }
}

/// A registration as the host's database has it.
fn from_json(fields: &Map<String, Value>, leaf: &Certificate<'_>) -> Option<Registration> {
    const KNOWN: [&str; 11] = [
        "user",
        "key",
        "label",
        "created",
        "not_before",
        "not_after",
        "disabled",
        "revoked",
        "last_used",
        "no_manage",
        "ca",
    ];
    // What is not understood might be what forbids it.
    if !fields.keys().all(|key| KNOWN.contains(&key.as_str())) {
        return None;
    }
    let text = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Some(None),
        Some(Value::String(text)) => Some(Some(text.as_str())),
        _ => None,
    };
    let moment = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Some(None),
        Some(Value::Number(seconds)) => seconds.as_i64().map(Some),
        Some(Value::String(text)) => from_rfc3339(text).map(Some),
        _ => None,
    };
    let flag = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Some(false),
        Some(Value::Bool(flag)) => Some(*flag),
        _ => None,
    };
    let key = text("key")?.map_or_else(|| Some(RegisteredKey::spki_of(leaf)), |key| key.parse().ok())?;
    let mut registration = Registration::new(text("user")??, key, moment("created")?.unwrap_or_default());
    text("label")?.unwrap_or_default().clone_into(&mut registration.label);
    registration.not_before = moment("not_before")?;
    registration.not_after = moment("not_after")?;
    registration.revoked = moment("revoked")?;
    registration.last_used = moment("last_used")?;
    registration.disabled = flag("disabled")?;
    registration.no_manage = flag("no_manage")?;
    registration.ca = match text("ca")? {
        Some(text) => {
            // As a registry shows it, as a file has it, or bare.
            let digest =
                ["sha256:", "spki:sha256:"].iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
            Some(crate::registry::digest(digest)?)
        }
        None => None,
    };
    registration.view().problem().is_none().then_some(registration)
}

/// The only registration in a text in the form of a file of registrations.
fn from_line(text: &str) -> Option<Registration> {
    let index = Registry::from_bytes(text.as_bytes()).ok()?.load().ok()?;
    let mut all = index.iter();
    let registration = all.next()?.to_registration();
    all.next().is_none().then_some(registration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::OwnedCertificate;

    #[test]
    fn what_a_registry_shows_is_an_answer() {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
        let leaf = rcgen::CertificateParams::default().self_signed(&key).expect("a certificate");
        let leaf = OwnedCertificate::from_der(&**leaf.der()).expect("a certificate");
        let key = RegisteredKey::spki_of(&leaf.view());
        let shown = Registration { ca: Some([7; 32]), ..Registration::new("alice", key, 1_700_000_000) };
        let answered = |text: &str| match Answer::parse(text, &leaf.view()) {
            Answer::Registered(registration) => Some(*registration),
            _ => None,
        };
        assert_eq!(answered(&shown.to_json().to_string()), Some(shown.clone()));
        let digits = "07".repeat(32);
        for (ca, is_understood) in [
            (format!("sha256:{digits}"), true),
            (format!("spki:sha256:{digits}"), true),
            (digits.clone(), true),
            (format!("cert:sha256:{digits}"), false),
            (format!("sha1:{digits}"), false),
            (format!("spki:{digits}"), false),
            (digits[2..].to_owned(), false),
            (String::new(), false),
        ] {
            let answer = answered(&format!(r#"{{"user":"alice","ca":"{ca}"}}"#));
            assert_eq!(answer.map(|registration| registration.ca), is_understood.then_some(shown.ca), "{ca}");
        }
    }
}
