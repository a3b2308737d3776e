//! What every place that keeps registrations can do. The verbs are written once, on top of it.

use std::fmt;

use super::audit::AuditRecord;
use super::index::Index;
use super::registration::{RegisteredKey, Registration};
use crate::error::Error;

/// A place that keeps registrations. Making one does no I/O: files are read and databases connected to at the first call,
/// in the process that makes it. Every method may be called from any thread.
pub(crate) trait Backend: fmt::Debug + Send + Sync {
    /// Reads all registrations.
    fn load(&self) -> Result<Index, Error>;

    /// Whether there may be something that the last `load` did not see; cheap. True before the first.
    fn changed(&self) -> Result<bool, Error>;

    /// The sizes of the files that `load` reads, without opening them; None where that is not all that it does.
    fn bytes(&self) -> Option<u64> {
        None
    }

    /// Runs `body` alone among all writers, in every process. Where it returns Ok, everything it did is kept, durably
    /// and at once for every reader; where it fails, or the process dies before, nothing of it.
    ///
    /// `body` may be run again where the place asks for a second try: it must do nothing that cannot be repeated.
    fn transaction(&self, body: &mut dyn FnMut(&mut dyn Transaction) -> Result<(), Error>) -> Result<(), Error>;

    /// Hands out the registrations of a user, or of all users, without writing anything, in the order of the file or
    /// by user, creation and key.
    fn each(&self, user: Option<&str>, body: &mut dyn FnMut(Registration) -> Result<(), Error>) -> Result<(), Error>;

    /// The registration of one key.
    fn find(&self, key: &RegisteredKey) -> Result<Option<Registration>, Error>;

    /// All that it keeps, where that is only in memory.
    fn text(&self) -> Option<String> {
        None
    }
}

/// What a verb does inside of [`Backend::transaction`]. The rules are the verbs'; here is only what is stored.
pub(crate) trait Transaction {
    /// The registration of a key, as this transaction left it.
    fn find(&mut self, key: &RegisteredKey) -> Result<Option<Registration>, Error>;

    /// All registrations of a user.
    fn of_user(&mut self, user: &str) -> Result<Vec<Registration>, Error>;

    /// Adds a registration whose key has none. A key that another writer took meanwhile is [`Error::KeyTaken`].
    fn insert(&mut self, registration: &Registration) -> Result<(), Error>;

    /// Writes all fields of the registration with this key, which exists.
    fn update(&mut self, registration: &Registration) -> Result<(), Error>;

    /// Takes away the registration of a key, which exists.
    fn delete(&mut self, key: &RegisteredKey) -> Result<(), Error>;

    /// Keeps a record of what this transaction did.
    fn audit(&mut self, record: &AuditRecord) -> Result<(), Error>;
}
