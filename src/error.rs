//! Why a call failed. A client that is refused is no error: that is a verdict.

use std::path::PathBuf;

use crate::certificate::Malformed;

/// The coarse kind of an [`Error`], as a stable number for C.
///
/// Bands: 1 to 15 misuse of the interface, 16 to 31 options, 32 to 47 files, 48 to 63 contents, 64 to 79 the library, 80
/// to 95 the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum Status {
    /// The call succeeded.
    Ok = 0,
    /// An argument is NULL, no UTF-8, or a number without meaning.
    InvalidArgument = 1,
    /// There is no option of this name.
    UnknownOption = 16,
    /// The option does not take this value.
    InvalidValue = 17,
    /// The options contradict each other, or would let everybody in.
    InvalidConfig = 18,
    /// The option needs a part that this build or this version does not have.
    NotSupported = 19,
    /// A file or folder cannot be read.
    Io = 32,
    /// A file or buffer is not what it should be: no PEM, no DER, no TOML.
    Malformed = 48,
    /// A file, folder or buffer holds no certificate.
    NoCertificate = 49,
    /// A certificate cannot serve as a CA here.
    UnusableAnchor = 50,
    /// A file, folder or buffer holds no CRL.
    NoCrl = 51,
    /// A CRL is not by the issuer that it names, or may not be.
    UnusableCrl = 52,
    /// The library failed inside. The call had no effect.
    Internal = 64,
    /// The key is registered already, and not like this.
    KeyTaken = 80,
    /// The key was revoked, which is for good.
    KeyRevoked = 81,
    /// There is no registration of this key, or of this user.
    NotRegistered = 82,
    /// What was presented does not entitle to the change.
    NotEntitled = 83,
    /// The registry is out of reach, or busy for too long.
    RegistryUnavailable = 84,
}

/// Why a call failed: the kind, and a message that names the option, file, line or byte.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument is not usable.
    #[error("{argument}: {problem}")]
    InvalidArgument {
        /// The argument's name.
        argument: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// There is no option of this name.
    #[error("unknown option '{name}'{}", suggest(.suggestion.as_deref()))]
    UnknownOption {
        /// The name that was given.
        name: String,
        /// The nearest name that exists.
        suggestion: Option<&'static str>,
    },
    /// The option does not take this value.
    #[error("option '{option}': '{value}' is not {expected}")]
    InvalidValue {
        /// The option.
        option: &'static str,
        /// The value that was given.
        value: String,
        /// What the option takes.
        expected: String,
    },
    /// The options contradict each other, or would let everybody in.
    #[error("{0}")]
    InvalidConfig(String),
    /// The option needs a part that is missing.
    #[error("option '{option}': '{value}' {missing}")]
    NotSupported {
        /// The option.
        option: &'static str,
        /// The value that was given.
        value: String,
        /// What is missing.
        missing: &'static str,
    },
    /// A file or folder cannot be read.
    #[error("option '{option}': cannot read {}: {source}", .path.display())]
    Io {
        /// The option that named it.
        option: &'static str,
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file or buffer is not what it should be.
    #[error("option '{option}': {place}: {problem}")]
    Malformed {
        /// The option that it was given for.
        option: &'static str,
        /// The file, or `bytes`, with the line or the number of the certificate.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// A file of options has one that cannot be set.
    #[error("{}:{line}: {source}", .path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        source: Box<Self>,
    },
    /// A source holds no certificate.
    #[error("option '{option}': {place} holds no certificate{hint}")]
    NoCertificate {
        /// The option that it was given for.
        option: &'static str,
        /// The file, folder, pattern or `bytes`.
        place: String,
        /// What was found instead, starting with a separator, or nothing.
        hint: &'static str,
    },
    /// A source holds no CRL.
    #[error("option '{option}': {place} holds no CRL{hint}")]
    NoCrl {
        /// The option that it was given for.
        option: &'static str,
        /// The file, folder, pattern or `bytes`.
        place: String,
        /// What was found instead, starting with a separator, or nothing.
        hint: &'static str,
    },
    /// A CRL is not by the issuer that it names, or may not be.
    #[error("option '{option}': {place}: {problem}: {issuer}")]
    UnusableCrl {
        /// The option that it was given for.
        option: &'static str,
        /// The file, or `bytes`, with the line or the number of the CRL.
        place: String,
        /// Why it cannot be used.
        problem: &'static str,
        /// The CRL's issuer, as RFC 4514 writes it.
        issuer: String,
    },
    /// A certificate cannot serve as a CA here.
    #[error("option '{option}': {place}: {problem}: {subject}")]
    UnusableAnchor {
        /// The option that it was given for.
        option: &'static str,
        /// The file, or `bytes`.
        place: String,
        /// Why it cannot.
        problem: &'static str,
        /// The certificate's subject, as RFC 4514 writes it.
        subject: String,
    },
    /// A file or database of registrations cannot be written. It is as it was.
    #[error("option 'registry': cannot write {}: {source}", .path.display())]
    CannotWrite {
        /// What could not be written.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The key is registered already: to whom, nobody is told.
    #[error("this key is registered already")]
    KeyTaken,
    /// The key was revoked, which is for good.
    #[error("this key was revoked, and cannot be used again")]
    KeyRevoked,
    /// There is no such registration.
    #[error("{0}")]
    NotRegistered(&'static str),
    /// What was presented does not entitle to the change.
    #[error("{0}")]
    NotEntitled(String),
    /// The registry is out of reach, or busy for too long.
    #[error("option 'registry': {place}: {problem}")]
    RegistryUnavailable {
        /// Which registry, without a password.
        place: String,
        /// What went wrong.
        problem: String,
    },
    /// The library failed inside.
    #[error("internal error: {0}")]
    Internal(&'static str),
}

impl Error {
    /// The coarse kind.
    pub fn status(&self) -> Status {
        match self {
            Self::InvalidArgument { .. } => Status::InvalidArgument,
            Self::UnknownOption { .. } => Status::UnknownOption,
            Self::InvalidValue { .. } => Status::InvalidValue,
            Self::InvalidConfig(_) => Status::InvalidConfig,
            Self::NotSupported { .. } => Status::NotSupported,
            Self::Io { .. } => Status::Io,
            Self::Malformed { .. } => Status::Malformed,
            Self::InFile { source, .. } => source.status(),
            Self::NoCertificate { .. } => Status::NoCertificate,
            Self::UnusableAnchor { .. } => Status::UnusableAnchor,
            Self::CannotWrite { .. } => Status::Io,
            Self::KeyTaken => Status::KeyTaken,
            Self::KeyRevoked => Status::KeyRevoked,
            Self::NotRegistered(_) => Status::NotRegistered,
            Self::NotEntitled(_) => Status::NotEntitled,
            Self::RegistryUnavailable { .. } => Status::RegistryUnavailable,
            Self::NoCrl { .. } => Status::NoCrl,
            Self::UnusableCrl { .. } => Status::UnusableCrl,
            Self::Internal(_) => Status::Internal,
        }
    }

    pub(crate) fn malformed_certificate(option: &'static str, place: String, malformed: Malformed) -> Self {
        Self::Malformed { option, place, problem: malformed.to_string() }
    }
}

fn suggest(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!(", did you mean '{name}'?")).unwrap_or_default()
}
