//! The registry: which key belongs to which user, like authorized_keys for certificates.
//!
//! A [`Registry`] is opened from a URL, whose scheme says where the registrations are kept. An [`Index`] of them in memory
//! is what a verification asks; it is loaded anew when the registry changed.

mod audit;
mod backend;
mod index;
mod records;
mod registration;
mod table;
mod verbs;

use std::fmt;
use std::sync::Arc;

pub use audit::{Action, AuditRecord};
pub use index::Index;
pub use registration::{Found, MAX_LABEL_BYTES, MAX_USER_BYTES, NoKey, RegisteredKey, Registration, Standing};
pub use verbs::Editor;

pub(crate) use backend::{Backend, Transaction};
pub(crate) use index::{IndexBuilder, IndexError};

use crate::error::Error;

/// Where registrations are kept. Every method may be called from any thread.
pub struct Registry {
    /// The URL without a password.
    place: String,
    /// None where the host keeps them in a database of its own.
    backend: Option<Box<dyn Backend>>,
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
        let expected = "the URL of a registry, such as file:/etc/clientcert/users".to_owned();
        match url.split_once(':').map_or(url, |(scheme, _)| scheme) {
            "external" if url == "external" => Ok(Self { place: url.into(), backend: None }),
            _ => Err(Error::InvalidValue { option: "registry", value: url.escape_debug().to_string(), expected }),
        }
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
        match &self.backend {
            Some(backend) => backend.load().map(Arc::new),
            None => Ok(Arc::new(Index::empty())),
        }
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
