//! Secrets: where they come from, and what is wrong with how they are kept.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use parking_lot::Mutex;

use super::config::Config;
use super::options::{Key, OptionInfo};
use super::value::invalid;
use super::warning::{Warning, WarningKind};
use crate::Error;
use crate::certificate::from_hex;
use crate::crypto::{random, sha256};
use crate::files::{self, Look, Trace, is_settled, trace};
use crate::seal::Keys;

/// One setting of an option that takes secrets.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Secret {
    /// The absolute path of a file, which is read when a policy is made.
    File(String),
    Bytes(Arc<[u8]>),
}

/// The keys of a policy, and what they were made of.
#[derive(Debug)]
pub(super) struct SessionKeys {
    pub(super) keys: Keys,
    pub(super) warnings: Vec<Warning>,
    /// The SHA-256 of each secret.
    digests: Vec<[u8; 32]>,
    /// The files before they were read last. None where a later change may not show in them.
    seen: Mutex<Option<Vec<Seen>>>,
}

/// A file's trace, or why there is none.
type Seen = Result<Trace, ErrorKind>;

const SHORTEST: usize = 32;
const LONGEST: usize = 1024;
const HEX: &str = "hex:";
const SESSION_KEY: &str = "session_key";

impl Secret {
    /// A path, made absolute so that it names the same file at every reload, or `hex:` and the secret itself. No message
    /// shows it.
    pub(super) fn parse(option: &'static OptionInfo, text: &str) -> Result<Self, Error> {
        if let Some(digits) = text.strip_prefix(HEX) {
            let bytes = from_hex(digits).filter(|bytes| is_long_enough(bytes));
            let refuse = || invalid(option, "hex:…", format!("`hex:` and {} to {} digits", SHORTEST * 2, LONGEST * 2));
            return bytes.map(|bytes| Self::Bytes(bytes.into())).ok_or_else(refuse);
        }
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(invalid(option, text, "the path of a file, nor `hex:` and digits".into()));
        }
        match std::path::absolute(text).map(PathBuf::into_os_string).map(std::ffi::OsString::into_string) {
            Ok(Ok(path)) => Ok(Self::File(path)),
            Ok(Err(_)) => Err(invalid(option, text, "a path in UTF-8".into())),
            Err(source) => Err(Error::Io { option: option.name, path: text.into(), source }),
        }
    }

    /// A secret in memory.
    pub(super) fn from_bytes(option: &'static OptionInfo, bytes: &[u8]) -> Result<Self, Error> {
        match is_long_enough(bytes) {
            true => Ok(Self::Bytes(bytes.into())),
            false => Err(invalid(option, "(bytes)", format!("{SHORTEST} to {LONGEST} bytes"))),
        }
    }

    /// Whether `text` names no file.
    pub(super) fn is_in(text: &str) -> bool {
        text.starts_with(HEX)
    }

    /// The text that makes this secret again.
    pub(super) fn text(&self) -> String {
        match self {
            Self::File(path) => path.clone(),
            Self::Bytes(bytes) => bytes.iter().fold(String::from(HEX), |text, byte| text + &format!("{byte:02x}")),
        }
    }

    fn read(&self, warnings: &mut Vec<Warning>) -> Result<Arc<[u8]>, Error> {
        let path = match self {
            Self::Bytes(bytes) => return Ok(Arc::clone(bytes)),
            Self::File(path) => Path::new(path),
        };
        let bytes = files::read(path, 1 << 20);
        let bytes = bytes.map_err(|source| Error::Io { option: SESSION_KEY, path: path.into(), source })?;
        let place = path.display().to_string();
        if !is_long_enough(&bytes) {
            let problem = format!("holds {} bytes, where {SHORTEST} to {LONGEST} are expected", bytes.len());
            return Err(Error::Malformed { option: SESSION_KEY, place, problem });
        }
        if is_for_everybody(path) {
            let text =
                "can be read or written by everybody on this machine, who could then make sessions of any client";
            warnings.push(Warning::new(WarningKind::SecretExposed, SESSION_KEY, text).at(place));
        }
        Ok(bytes.into())
    }
}

impl SessionKeys {
    /// Reads the secrets that the configuration names. Without any, the one that this process drew.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] and [`Error::Malformed`] with the file; [`Error::Internal`] where the system gives no random bytes.
    pub(super) fn load(config: &Config) -> Result<Self, Error> {
        let mut warnings = Vec::new();
        let seen = settled(config).into();
        let secrets = config.secrets(Key::SessionKeys).iter().map(|secret| secret.read(&mut warnings));
        let mut secrets = secrets.collect::<Result<Vec<_>, Error>>()?;
        if secrets.is_empty() {
            secrets.push(drawn()?);
        }
        let digests = secrets.iter().map(|secret| sha256(secret)).collect();
        let keys =
            Keys::new(secrets.iter().map(|secret| &**secret)).ok_or(Error::Internal("there is no session key"))?;
        Ok(Self { keys, warnings, digests, seen })
    }

    /// The same, or what this process has already where it has given up the right to read it.
    pub(super) fn renew(self: &Arc<Self>, config: &Config) -> Result<Arc<Self>, Error> {
        match Self::load(config) {
            Err(error) if is_out_of_reach(&error) => Ok(Arc::clone(self)),
            result => result.map(Arc::new),
        }
    }

    /// Whether the files still hold the same, as far as this process can tell. They are small, and read.
    pub(super) fn is_current(&self, config: &Config) -> bool {
        let named = config.secrets(Key::SessionKeys);
        let seen = settled(config);
        let same = |(secret, digest): (&Secret, &[u8; 32])| match secret.read(&mut Vec::new()) {
            Ok(secret) => sha256(&secret) == *digest,
            Err(error) => is_out_of_reach(&error),
        };
        let all = named.iter().zip(&self.digests).all(same);
        if all {
            *self.seen.lock() = seen;
        }
        all
    }

    /// Whether the files would have to be read to tell.
    pub(super) fn look(&self, config: &Config) -> Look {
        let found = seen(config);
        let bytes = found.iter().flatten().map(|trace| trace.0).fold(0, u64::saturating_add);
        Look { changed: self.seen.lock().as_ref() != Some(&found), bytes }
    }
}

/// No secret is ever printed.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Bytes(_) => f.write_str("Bytes"),
        }
    }
}

/// What the file system says of the files.
fn seen(config: &Config) -> Vec<Seen> {
    let files = config.secrets(Key::SessionKeys).iter().filter_map(|secret| match secret {
        Secret::File(path) => Some(path),
        Secret::Bytes(_) => None,
    });
    files.map(|path| fs::metadata(path).map(|metadata| trace(&metadata)).map_err(|error| error.kind())).collect()
}

/// The same, where every later change will show in it.
fn settled(config: &Config) -> Option<Vec<Seen>> {
    let now = SystemTime::now();
    let seen = seen(config);
    seen.iter().flatten().all(|trace| is_settled(trace, now)).then_some(seen)
}

/// The secret of this process and of the children that it forks from now on.
fn drawn() -> Result<Arc<[u8]>, Error> {
    static DRAWN: OnceLock<Arc<[u8]>> = OnceLock::new();
    if let Some(secret) = DRAWN.get() {
        return Ok(Arc::clone(secret));
    }
    let mut secret = [0; SHORTEST];
    if !random(&mut secret) {
        return Err(Error::Internal("the system has no random bytes for a session key"));
    }
    Ok(Arc::clone(DRAWN.get_or_init(|| secret.into())))
}

/// Servers read their secrets as root, and then become somebody else.
fn is_out_of_reach(error: &Error) -> bool {
    matches!(error, Error::Io { source, .. } if source.kind() == ErrorKind::PermissionDenied)
}

fn is_long_enough(bytes: &[u8]) -> bool {
    (SHORTEST..=LONGEST).contains(&bytes.len())
}

#[cfg(unix)]
fn is_for_everybody(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.mode() & 0o006 != 0)
}

#[cfg(not(unix))]
fn is_for_everybody(_: &Path) -> bool {
    false
}
