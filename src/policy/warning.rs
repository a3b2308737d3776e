//! What a policy allows, drops or leaves without effect, and its operator should know.

use std::fmt;

/// A remark about a policy that compiled. It changes nothing; an operator should read it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// What it is about.
    pub kind: WarningKind,
    /// The option that it is about.
    pub option: &'static str,
    /// The file with the line, or the number of the certificate, where there is one.
    pub place: Option<String>,
    /// The remark itself, in English.
    pub text: String,
}

/// The kinds of warnings. New ones may be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WarningKind {
    /// A pinned certificate has expired.
    AnchorExpired,
    /// A pinned certificate is not valid yet.
    AnchorNotYetValid,
    /// A pinned certificate expires within 30 days.
    AnchorExpiresSoon,
    /// A pinned certificate is no CA's, so it can only be itself the client's.
    AnchorNotCa,
    /// A pinned certificate can be no client's CA for another cause.
    AnchorUnfit,
    /// The same certificate is pinned more than once.
    AnchorDuplicate,
    /// More pinned CAs share a name, without key identifiers, than `max_anchor_candidates` are tried.
    AnchorCrowd,
    /// Something in a file of certificates is not one, and was ignored.
    ContentIgnored,
    /// The names of the CAs do not fit into a CertificateRequest, so none are sent.
    HintsTooLarge,
    /// An option has no effect with the others.
    NoEffect,
    /// The mode lets connections go on with certificates that are not verified.
    Unverified,
    /// More is tolerated than that a certificate's issuer is unknown.
    ToleratesMuch,
    /// A weak key or signature is accepted.
    Weak,
    /// A CRL has expired.
    CrlExpired,
    /// A CRL is not valid yet.
    CrlNotYetValid,
    /// A CRL expires within a day, or within a quarter of its life.
    CrlExpiresSoon,
    /// A CRL says not when the next one is due.
    CrlNeverExpires,
    /// A CRL is older than the one in use, which stays.
    CrlOlder,
    /// No known certificate of a CRL issuer's name signed its CRL.
    CrlUnverified,
    /// A CRL has a critical extension that is not understood.
    CrlUnsupported,
    /// A revocation that cannot be looked up is no reason to refuse.
    RevocationFailsOpen,
    /// The registry has no registrations.
    RegistryEmpty,
    /// The registry has been away for so long that nobody is accepted by it.
    RegistryAway,
    /// The second validator is not asked.
    SecondOpinionOff,
    /// Certificates for any purpose are accepted.
    AnyPurpose,
    /// A file with a secret can be read or written by everybody.
    SecretExposed,
    /// Clients that should be asked late are clients that cannot be.
    LateAskingImpossible,
    /// No client is asked for a certificate, here or elsewhere.
    NobodyAsked,
}

impl WarningKind {
    /// The stable name, such as `anchor_expired`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AnchorExpired => "anchor_expired",
            Self::AnchorNotYetValid => "anchor_not_yet_valid",
            Self::AnchorExpiresSoon => "anchor_expires_soon",
            Self::AnchorNotCa => "anchor_not_ca",
            Self::AnchorUnfit => "anchor_unfit",
            Self::AnchorDuplicate => "anchor_duplicate",
            Self::AnchorCrowd => "anchor_crowd",
            Self::ContentIgnored => "content_ignored",
            Self::HintsTooLarge => "hints_too_large",
            Self::NoEffect => "no_effect",
            Self::Unverified => "unverified",
            Self::ToleratesMuch => "tolerates_much",
            Self::Weak => "weak",
            Self::CrlExpired => "crl_expired",
            Self::CrlNotYetValid => "crl_not_yet_valid",
            Self::CrlExpiresSoon => "crl_expires_soon",
            Self::CrlNeverExpires => "crl_never_expires",
            Self::CrlOlder => "crl_older",
            Self::CrlUnverified => "crl_unverified",
            Self::CrlUnsupported => "crl_unsupported",
            Self::RevocationFailsOpen => "revocation_fails_open",
            Self::RegistryEmpty => "registry_empty",
            Self::RegistryAway => "registry_away",
            Self::SecondOpinionOff => "second_opinion_off",
            Self::AnyPurpose => "any_purpose",
            Self::SecretExposed => "secret_exposed",
            Self::LateAskingImpossible => "late_asking_impossible",
            Self::NobodyAsked => "nobody_asked",
        }
    }
}

impl fmt::Display for WarningKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `anchor_expired: option 'ca': /etc/ca.pem:1: has expired on 2026-01-01T00:00:00Z: CN=Old CA`
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: option '{}': ", self.kind, self.option)?;
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.text)
    }
}

impl Warning {
    pub(crate) fn new(kind: WarningKind, option: &'static str, text: impl Into<String>) -> Self {
        Self { kind, option, place: None, text: text.into() }
    }

    pub(crate) fn at(self, place: String) -> Self {
        Self { place: Some(place), ..self }
    }
}
