//! The registry: which key belongs to which user, like authorized_keys for certificates.
//!
//! A [`Registry`] is opened from a URL, whose scheme says where the registrations are kept. An [`Index`] of them in memory
//! is what a verification asks; it is loaded anew when the registry changed.

mod audit;
mod backend;
mod file;
mod grammar;
mod import;
mod index;
mod json;
mod jwks;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod records;
mod registration;
#[cfg(feature = "sqlite")]
mod sqlite;
mod table;
mod text;
mod verbs;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

pub use audit::{Action, AuditRecord};
pub use import::{Form, UserOf, from_folder, from_jwks, from_text, one_certificate, user_of_path};
pub use index::{Entry, Index};
pub use jwks::{JsonWebKey, NoKeySet, confirms, jwks};
pub use registration::{Found, MAX_LABEL_BYTES, MAX_USER_BYTES, NoKey, RegisteredKey, Registration, Standing};
pub use verbs::{Editor, Known};

pub(crate) use registration::digest;

use crate::error::Error;
use backend::Backend;
use file::TextFile;
use memory::Memory;

/// Where registrations are kept. Every method may be called from any thread.
pub struct Registry {
    /// What it was opened by; of what is in memory, only the scheme.
    url: String,
    /// The same as messages show it: without a password.
    place: String,
    /// None where the host keeps them in a database of its own.
    backend: Option<Box<dyn Backend>>,
    /// What was loaded last, by whoever shares this.
    latest: Mutex<Weak<Index>>,
}

impl Registry {
    /// Opens a registry by its URL. Nothing is read or connected to before the first call that needs it.
    ///
    /// `file:PATH`, a text file; `memory:TEXT`, the same text itself; `sqlite:PATH` and `postgres://…`, databases, where
    /// this build has them; `external`, the host's own.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidValue`] where it is none of these; [`Error::NotSupported`] where this build lacks it.
    pub fn open(url: &str) -> Result<Self, Error> {
        let invalid = |expected: &str| {
            let value = without_password(url).escape_debug().to_string();
            Err(Error::InvalidValue { option: "registry", value, expected: expected.into() })
        };
        match url.split_once(':') {
            None if url == "external" => Ok(Self::new(url.into(), None)),
            Some(("memory", text)) => Self::from_bytes(text.as_bytes()),
            Some(("file", rest)) => {
                let (path, audit) = rest.split_once("?audit=").map_or((rest, None), |(path, to)| (path, Some(to)));
                let Some(path) = absolute(path) else { return invalid("a URL with the path of a file: file:PATH") };
                let audit = match audit {
                    Some("none") => None,
                    Some(audit) => match absolute(audit) {
                        None => return invalid("a URL with the path of a file for audit records, or ?audit=none"),
                        path => path,
                    },
                    None => Some(PathBuf::from(format!("{}.audit", path.display()))),
                };
                let url = match rest.split_once("?audit=") {
                    Some((_, "none")) => format!("file:{}?audit=none", path.display()),
                    Some(_) => format!("file:{}?audit={}", path.display(), audit.as_deref().unwrap_or(&path).display()),
                    None => format!("file:{}", path.display()),
                };
                let backend: Box<dyn Backend> = Box::new(TextFile::new(path, audit));
                Ok(Self::new(url, Some(backend)))
            }
            Some(("sqlite", path)) => match absolute(path) {
                None => invalid("a URL with the path of a database: sqlite:PATH"),
                Some(path) => Self::sqlite(path),
            },
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => Self::postgres(url),
            _ => invalid("the URL of a registry, such as file:/etc/clientcert/users"),
        }
    }

    #[cfg(feature = "postgres")]
    fn postgres(url: &str) -> Result<Self, Error> {
        let backend = postgres::Postgres::new(url)?;
        let place = backend.place().to_owned();
        Ok(Self { place, ..Self::new(url.into(), Some(Box::new(backend))) })
    }

    #[cfg(not(feature = "postgres"))]
    fn postgres(url: &str) -> Result<Self, Error> {
        let value = without_password(url).to_owned();
        Err(Error::NotSupported { option: "registry", value, missing: "needs PostgreSQL, which is not built in" })
    }

    #[cfg(feature = "sqlite")]
    #[allow(clippy::unnecessary_wraps, reason = "it fails in a build without SQLite")]
    fn sqlite(path: PathBuf) -> Result<Self, Error> {
        let url = format!("sqlite:{}", path.display());
        Ok(Self::new(url, Some(Box::new(sqlite::Sqlite::new(path)))))
    }

    #[cfg(not(feature = "sqlite"))]
    #[allow(clippy::needless_pass_by_value, reason = "a build with SQLite keeps it")]
    fn sqlite(path: PathBuf) -> Result<Self, Error> {
        let value = "sqlite:".to_owned() + &path.into_os_string().to_string_lossy();
        Err(Error::NotSupported { option: "registry", value, missing: "needs SQLite, which is not built in" })
    }

    /// A registry in memory that begins with these registrations, in the form of a file.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] with the line.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self::new("memory:".into(), Some(Box::new(Memory::new(bytes)?))))
    }

    fn new(url: String, backend: Option<Box<dyn Backend>>) -> Self {
        Self { place: url.clone(), url, backend, latest: Mutex::default() }
    }

    /// The URL that opens it again, passwords included. Of a registry in memory, that is all that is in it.
    pub fn url(&self) -> String {
        let text = self.backend.as_ref().and_then(|backend| backend.text());
        self.url.clone() + &text.unwrap_or_default()
    }

    /// Whether the host keeps the registrations itself (`external`): then there is no index, and no verb.
    pub fn is_external(&self) -> bool {
        self.backend.is_none()
    }

    /// Reads all registrations.
    ///
    /// # Errors
    ///
    /// [`Error`] where they cannot be read, or make no sense: then whatever index there is should be used further.
    pub fn load(&self) -> Result<Arc<Index>, Error> {
        let index = Arc::new(self.backend.as_ref().map_or_else(|| Ok(Index::empty()), |backend| backend.load())?);
        *self.latest.lock() = Arc::downgrade(&index);
        Ok(index)
    }

    /// What the last [`Registry::load`] gave, as long as anybody has it.
    pub(crate) fn latest(&self) -> Option<Arc<Index>> {
        self.latest.lock().upgrade()
    }

    /// Whether there may be something that the last [`Registry::load`] did not see. It is cheap, and true before the
    /// first.
    ///
    /// # Errors
    ///
    /// [`Error::RegistryUnavailable`] where nobody can say.
    pub fn changed(&self) -> Result<bool, Error> {
        self.backend.as_ref().map_or(Ok(false), |backend| backend.changed())
    }

    /// How many bytes a [`Registry::load`] would read from files. None where it would ask a database.
    pub(crate) fn bytes(&self) -> Option<u64> {
        self.backend.as_ref().map_or(Some(0), |backend| backend.bytes())
    }

    /// The registration of a key, from where it is kept.
    ///
    /// # Errors
    ///
    /// As [`Registry::load`]; [`Error::NotSupported`] where the registry is external.
    pub fn find(&self, key: &RegisteredKey) -> Result<Option<Registration>, Error> {
        self.backend()?.find(key)
    }

    /// The registrations of a user, or of all users, from where they are kept.
    ///
    /// # Errors
    ///
    /// As [`Registry::find`].
    pub fn list(&self, user: Option<&str>) -> Result<Vec<Registration>, Error> {
        let mut all = Vec::new();
        self.backend()?.each(user, &mut |registration| {
            all.push(registration);
            Ok(())
        })?;
        Ok(all)
    }

    /// The registrations that end within so many days after `now`, in Unix seconds, and the whole days that are left, the
    /// next one first. What does not count any more is not among them.
    ///
    /// # Errors
    ///
    /// As [`Registry::find`].
    pub fn expiring(&self, within_days: u32, now: i64) -> Result<Vec<(Registration, i64)>, Error> {
        let mut all = Vec::new();
        self.backend()?.each(None, &mut |registration| {
            let left = registration.not_after.map(|last| last.saturating_sub(now));
            let counts = registration.revoked.is_none() && !registration.disabled;
            match left {
                Some(left) if counts && (0..=i64::from(within_days) * DAY).contains(&left) => {
                    all.push((registration, left / DAY));
                }
                _ => {}
            }
            Ok(())
        })?;
        all.sort_by_key(|(registration, _)| registration.not_after);
        Ok(all)
    }

    /// The verbs that change registrations, in the name of `actor`: whom the audit records say that it was.
    pub fn editor<'a>(&'a self, actor: &'a str) -> Editor<'a> {
        Editor::new(self, actor)
    }

    fn backend(&self) -> Result<&dyn Backend, Error> {
        let missing = "keeps the registrations in the host's own database: they can only be read and changed there";
        let none = || Error::NotSupported { option: "registry", value: self.place.clone(), missing };
        self.backend.as_deref().ok_or_else(none)
    }
}

/// The URL, without a password.
impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registry({})", self.place)
    }
}

const DAY: i64 = 86_400;

/// A path that names the same file from everywhere, where it is one in UTF-8.
fn absolute(path: &str) -> Option<PathBuf> {
    let path = path.strip_prefix("//").filter(|path| path.starts_with('/')).unwrap_or(path);
    let usable = !path.is_empty() && !path.ends_with('/') && !path.contains('\0');
    std::path::absolute(path).ok().filter(|path| usable && path.to_str().is_some())
}

/// The URL as it is meant in a file of this folder: there, a relative path is relative to that.
pub(crate) fn beside(folder: &Path, url: &str) -> Option<String> {
    match url.split_once(':') {
        Some((scheme @ ("file" | "sqlite"), path)) if !path.is_empty() && !path.starts_with('/') => {
            Some(format!("{scheme}:{}", folder.join(path).to_str()?))
        }
        _ => Some(url.to_owned()),
    }
}

/// A URL as a message may show it: what stands behind a host's scheme may be a password.
fn without_password(url: &str) -> &str {
    url.find("://").filter(|_| !url.starts_with("file:")).map_or(url, |end| &url[..end + 3])
}
