//! A registration: which key belongs to whom.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::certificate::{Certificate, hex};

/// The longest user name, in bytes.
pub const MAX_USER_BYTES: usize = 1024;
/// The longest label, in bytes.
pub const MAX_LABEL_BYTES: usize = 1024;

/// A key that a registry knows, named by its SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RegisteredKey {
    /// The SHA-256 of the SubjectPublicKeyInfo (RFC 7469 section 2.4): every certificate for this key, so that it
    /// survives a renewal.
    Spki([u8; 32]),
    /// The SHA-256 of the certificate: this one alone.
    Certificate([u8; 32]),
}

/// One key of one user. A user may have several, a key has one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The user: 1 to [`MAX_USER_BYTES`] bytes of UTF-8 without control characters, compared byte by byte.
    pub user: String,
    /// The key.
    pub key: RegisteredKey,
    /// What the user calls it, such as `laptop`; may be empty, at most [`MAX_LABEL_BYTES`] bytes.
    pub label: String,
    /// When it was registered, in Unix seconds; 0 where nobody knows.
    pub created: i64,
    /// The first second at which it counts, in Unix time.
    pub not_before: Option<i64>,
    /// The last second at which it counts.
    pub not_after: Option<i64>,
    /// It does not count until it is enabled again.
    pub disabled: bool,
    /// Since when it does not count any more, ever. The registration stays, so that the key cannot come back.
    pub revoked: Option<i64>,
    /// When the key was last used, as far as the host says.
    pub last_used: Option<i64>,
    /// Whoever logs in with this key may not change the user's keys (XEP-0257 section 3).
    pub no_manage: bool,
    /// The SHA-256 of the SubjectPublicKeyInfo of a CA that the certificate must lead to.
    pub ca: Option<[u8; 32]>,
}

/// A registration as an index lends it; its fields are those of [`Registration`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Found<'a> {
    pub user: &'a str,
    pub key: RegisteredKey,
    pub label: &'a str,
    pub created: i64,
    pub not_before: Option<i64>,
    pub not_after: Option<i64>,
    pub disabled: bool,
    pub revoked: Option<i64>,
    pub last_used: Option<i64>,
    pub no_manage: bool,
    pub ca: Option<[u8; 32]>,
}

/// What keeps a registration from counting at some moment, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    Good,
    /// It was revoked, for good.
    Revoked,
    /// It is disabled.
    Disabled,
    /// Its time has not come.
    NotYetValid,
    /// Its time is over.
    Expired,
}

impl Standing {
    /// The stable name, such as `good`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked => "revoked",
            Self::Disabled => "disabled",
            Self::NotYetValid => "not_yet_valid",
            Self::Expired => "expired",
        }
    }
}

impl RegisteredKey {
    /// The key of a certificate, whatever certificate it is in.
    pub fn spki_of(certificate: &Certificate<'_>) -> Self {
        Self::Spki(certificate.spki_sha256())
    }

    /// A certificate itself.
    pub fn certificate_of(certificate: &Certificate<'_>) -> Self {
        Self::Certificate(certificate.sha256())
    }

    /// The SHA-256.
    pub fn digest(&self) -> &[u8; 32] {
        match self {
            Self::Spki(digest) | Self::Certificate(digest) => digest,
        }
    }

    /// `spki` or `cert`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Spki(_) => "spki",
            Self::Certificate(_) => "cert",
        }
    }

    /// The key of a kind, where there is such a kind.
    pub(crate) fn of_kind(kind: &str, digest: [u8; 32]) -> Option<Self> {
        match kind {
            "spki" => Some(Self::Spki(digest)),
            "cert" => Some(Self::Certificate(digest)),
            _ => None,
        }
    }
}

/// `spki:sha256:` or `cert:sha256:` and 64 lower-case hexadecimal digits.
impl fmt::Display for RegisteredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:sha256:{}", self.kind(), hex(self.digest()))
    }
}

impl fmt::Debug for RegisteredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not `spki:sha256:` or `cert:sha256:` with 32 bytes in hexadecimal, base64 or base64url")]
pub struct NoKey;

/// Reads what [`fmt::Display`] writes; the digest may also be in upper case, with a colon between every two digits, or
/// in base64 or base64url with or without padding.
impl FromStr for RegisteredKey {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<Self, NoKey> {
        let (kind, rest) = text.split_once(':').ok_or(NoKey)?;
        let digest = rest.strip_prefix("sha256:").and_then(digest).ok_or(NoKey)?;
        Self::of_kind(kind, digest).ok_or(NoKey)
    }
}

/// Reads 32 bytes in hexadecimal, with or without colons, in base64 or in base64url.
pub(crate) fn digest(text: &str) -> Option<[u8; 32]> {
    let text = text.as_bytes();
    match text.len() {
        64 => hexadecimal(text, 2),
        95 if text.iter().skip(2).step_by(3).all(|byte| *byte == b':') => hexadecimal(text, 3),
        43 | 44 => {
            let mut digest = [0; 33];
            let engine = if text.iter().any(|byte| matches!(byte, b'-' | b'_')) { &FOR_URLS } else { &COMMON };
            let length = engine.decode_slice(text, &mut digest).ok()?;
            digest.get(..length)?.try_into().ok()
        }
        _ => None,
    }
}

impl Registration {
    /// A registration that counts from now on, created at `now`.
    pub fn new(user: impl Into<String>, key: RegisteredKey, now: i64) -> Self {
        Self {
            user: user.into(),
            key,
            label: String::new(),
            created: now,
            not_before: None,
            not_after: None,
            disabled: false,
            revoked: None,
            last_used: None,
            no_manage: false,
            ca: None,
        }
    }

    /// The same, lent.
    pub fn view(&self) -> Found<'_> {
        let Self { created, not_before, not_after, disabled, revoked, last_used, no_manage, ca, .. } = *self;
        let (user, key, label) = (&*self.user, self.key, &*self.label);
        Found { user, key, label, created, not_before, not_after, disabled, revoked, last_used, no_manage, ca }
    }
}

impl<'a> Found<'a> {
    /// A registration of which nothing else is set.
    pub(crate) fn plain(key: RegisteredKey, user: &'a str) -> Self {
        Self {
            user,
            key,
            label: "",
            created: 0,
            not_before: None,
            not_after: None,
            disabled: false,
            revoked: None,
            last_used: None,
            no_manage: false,
            ca: None,
        }
    }

    /// A copy that owns its texts.
    pub fn to_registration(&self) -> Registration {
        let Self { key, created, not_before, not_after, disabled, revoked, last_used, no_manage, ca, .. } = *self;
        let (user, label) = (self.user.to_owned(), self.label.to_owned());
        Registration { user, key, label, created, not_before, not_after, disabled, revoked, last_used, no_manage, ca }
    }

    /// Whether it counts at `now`, in Unix seconds, where clocks may be `skew` seconds apart.
    pub fn standing(&self, now: i64, skew: i64) -> Standing {
        if self.revoked.is_some() {
            Standing::Revoked
        } else if self.disabled {
            Standing::Disabled
        } else if self.not_before.is_some_and(|first| now < first.saturating_sub(skew)) {
            Standing::NotYetValid
        } else if self.not_after.is_some_and(|last| now > last.saturating_add(skew)) {
            Standing::Expired
        } else {
            Standing::Good
        }
    }

    /// What is wrong with the texts, where something is.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        user_problem(self.user).or_else(|| label_problem(self.label))
    }
}

/// What keeps a text from being a user's name.
pub(crate) fn user_problem(user: &str) -> Option<&'static str> {
    match user {
        "" => Some("the user's name is empty"),
        _ if user.len() > MAX_USER_BYTES => Some("the user's name is longer than 1024 bytes"),
        _ if has_control(user) => Some("the user's name holds a control character"),
        _ if user.starts_with(char::is_whitespace) || user.ends_with(char::is_whitespace) => {
            Some("the user's name begins or ends with a space")
        }
        _ => None,
    }
}

/// What keeps a text from being a label.
pub(crate) fn label_problem(label: &str) -> Option<&'static str> {
    match label {
        _ if label.len() > MAX_LABEL_BYTES => Some("the label is longer than 1024 bytes"),
        _ if has_control(label) => Some("the label holds a control character"),
        _ => None,
    }
}

/// ASCII is what nearly all texts are, and needs no look at characters.
fn has_control(text: &str) -> bool {
    match text.is_ascii() {
        true => text.bytes().any(|byte| byte.is_ascii_control()),
        false => text.chars().any(char::is_control),
    }
}

fn hexadecimal(text: &[u8], step: usize) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    let mut wrong = 0;
    for (byte, pair) in digest.iter_mut().zip(text.chunks(step)) {
        let (high, low) = (DIGITS[usize::from(pair[0])], DIGITS[usize::from(pair[1])]);
        wrong |= high | low;
        *byte = high << 4 | low & 15;
    }
    (wrong < 16).then_some(digest)
}

/// The value of each hexadecimal digit, and 255 for what is none.
static DIGITS: [u8; 256] = {
    let mut digits = [255; 256];
    let mut value = 0;
    while value < 16 {
        let lower = b"0123456789abcdef"[value as usize];
        digits[lower as usize] = value;
        digits[lower.to_ascii_uppercase() as usize] = value;
        value += 1;
    }
    digits
};

const INDIFFERENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
static COMMON: GeneralPurpose = GeneralPurpose::new(&STANDARD, INDIFFERENT);
static FOR_URLS: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, INDIFFERENT);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_key_is_the_same_key() {
        let digest: [u8; 32] = std::array::from_fn(|index| u8::try_from(index * 8 + 3).expect("a byte"));
        let key = RegisteredKey::Spki(digest);
        let text = key.to_string();
        assert_eq!(text.parse(), Ok(key));
        assert_eq!(text.replace("spki", "cert").parse(), Ok(RegisteredKey::Certificate(digest)));
        let digits = hex(&digest).to_uppercase();
        let pairs: Vec<&str> = (0..32).map(|index| &digits[2 * index..2 * index + 2]).collect();
        let base64 = crate::certificate::base64(&digest);
        let url = base64.replace('+', "-").replace('/', "_");
        for form in [&digits, &pairs.join(":"), &base64, base64.trim_end_matches('='), &url, url.trim_end_matches('=')]
        {
            assert_eq!(format!("spki:sha256:{form}").parse(), Ok(key), "{form}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let digits = "0".repeat(64);
        for text in [
            String::new(),
            digits.clone(),
            format!("sha256:{digits}"),
            format!("key:sha256:{digits}"),
            format!("spki:sha1:{digits}"),
            format!("spki:sha256:{digits}0"),
            format!("spki:sha256:{}g", "0".repeat(63)),
            format!("spki:sha256:{}", ["00"; 32].join("-")),
            format!("spki:sha256:{}B", "A".repeat(42)),
            format!("spki:sha256:{}+-A", "A".repeat(40)),
            format!(" spki:sha256:{digits}"),
        ] {
            assert_eq!(text.parse::<RegisteredKey>(), Err(NoKey), "{text}");
        }
    }

    #[test]
    fn a_registration_stands_as_its_gravest_fault() {
        let mut registration = Registration::new("alice", RegisteredKey::Spki([1; 32]), 0);
        let standing = |registration: &Registration, now| registration.view().standing(now, 5);
        assert_eq!(standing(&registration, 0), Standing::Good);
        (registration.not_before, registration.not_after) = (Some(100), Some(200));
        for (now, expected) in [
            (94, Standing::NotYetValid),
            (95, Standing::Good),
            (205, Standing::Good),
            (206, Standing::Expired),
            (i64::MAX, Standing::Expired),
        ] {
            assert_eq!(standing(&registration, now), expected, "{now}");
        }
        registration.disabled = true;
        assert_eq!(standing(&registration, 150), Standing::Disabled);
        registration.revoked = Some(1);
        assert_eq!(standing(&registration, 150), Standing::Revoked);
    }

    #[test]
    fn names_hold_nothing_that_a_log_or_line_would_act_on() {
        for user in ["", " alice", "alice ", "a\nb", "a\0", "a\u{85}b", &"x".repeat(1025)] {
            assert!(user_problem(user).is_some(), "{user:?}");
        }
        for user in ["alice", "alice@example.org", "Jürgen Müller", &"x".repeat(1024)] {
            assert_eq!(user_problem(user), None, "{user:?}");
        }
        assert!(label_problem("a\tb").is_some() && label_problem(&"x".repeat(1025)).is_some());
        assert_eq!(label_problem(""), None);
    }
}
