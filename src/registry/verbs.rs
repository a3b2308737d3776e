//! The verbs: what can be done to registrations. Each is one transaction and leaves one audit record a key.

use super::Registry;
use super::audit::{Action, AuditRecord};
use super::backend::Transaction;
use super::grammar::MOMENTS;
use super::import::Form;
use super::registration::{RegisteredKey, Registration, Standing, label_problem, user_problem};
use crate::certificate::Certificate;
use crate::error::Error;
use crate::time::unix_now;

/// Changes registrations in somebody's name.
#[derive(Clone, Copy, Debug)]
pub struct Editor<'a> {
    registry: &'a Registry,
    actor: &'a str,
}

impl<'a> Editor<'a> {
    pub(super) fn new(registry: &'a Registry, actor: &'a str) -> Self {
        Self { registry, actor }
    }

    /// Registers a key to a user: an administrator's verb, because it asks for no proof that the user holds the key.
    ///
    /// To register a key again that the same user has already is an error, too: whoever wants other fields changes the
    /// registration that is there.
    ///
    /// # Errors
    ///
    /// [`Error::KeyTaken`], whoever has it; [`Error::KeyRevoked`]; [`Error::InvalidArgument`] for a name, label or span
    /// of time that cannot be; [`Error::CannotWrite`], [`Error::RegistryUnavailable`] and what [`Registry::load`] has,
    /// after all of which nothing has changed.
    pub fn enrol(&self, registration: &Registration) -> Result<AuditRecord, Error> {
        self.add(Action::Enrol, registration)
    }

    /// Registers a certificate, by its key or by itself, as [`Registration::of_certificate`] makes it: an administrator's
    /// verb, as [`Editor::enrol`] is. A certificate is known in two forms, and neither may be another user's.
    ///
    /// # Errors
    ///
    /// As [`Editor::enrol`]; [`Error::InvalidArgument`] where the registration is of another certificate.
    pub fn enrol_certificate(
        &self,
        certificate: &Certificate<'_>,
        registration: &Registration,
    ) -> Result<AuditRecord, Error> {
        self.add_certificate(Action::Enrol, certificate, registration, None)
    }

    /// Registers many keys at once, all or none: an administrator's verb, as [`Editor::enrol`] is. What is registered to
    /// the same user already is an error, or passed over, as `known` says; it is not changed.
    ///
    /// # Errors
    ///
    /// As [`Editor::enrol`].
    pub fn import(&self, all: &[Registration], known: Known) -> Result<Vec<AuditRecord>, Error> {
        all.iter().try_for_each(check)?;
        self.transact(|transaction| {
            let mut records = Vec::new();
            for one in all {
                let own = match known {
                    Known::Skip => transaction.find(&one.key)?.is_some_and(|known| known.user == one.user),
                    Known::Refuse => false,
                };
                if !own {
                    records.push(self.insert(transaction, Action::Import, one, None)?);
                }
            }
            Ok(records)
        })
    }

    /// Disables a key: it does not count until it is enabled again. To disable what is disabled changes nothing, and is
    /// recorded all the same.
    ///
    /// # Errors
    ///
    /// [`Error::NotRegistered`]; the last ones of [`Editor::enrol`].
    pub fn disable(&self, key: &RegisteredKey) -> Result<AuditRecord, Error> {
        self.change(Action::Disable, key, |registration| {
            registration.disabled = true;
            Ok(None)
        })
    }

    /// Lets a disabled registration count again.
    ///
    /// # Errors
    ///
    /// [`Error::KeyRevoked`]; as [`Editor::disable`].
    pub fn enable(&self, key: &RegisteredKey) -> Result<AuditRecord, Error> {
        self.change(Action::Enable, key, |registration| {
            registration.disabled = false;
            match registration.revoked {
                Some(_) => Err(Error::KeyRevoked),
                None => Ok(None),
            }
        })
    }

    /// Revokes a key, for good: the registration stays, so that nobody can register the key again, and can be neither
    /// enabled nor removed. To revoke what is revoked changes nothing.
    ///
    /// # Errors
    ///
    /// As [`Editor::disable`].
    pub fn revoke(&self, key: &RegisteredKey) -> Result<AuditRecord, Error> {
        let now = unix_now();
        self.change(Action::Revoke, key, |registration| {
            registration.revoked = registration.revoked.or(Some(now));
            Ok(None)
        })
    }

    /// Gives a key another label.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a label that cannot be; as [`Editor::disable`].
    pub fn rename(&self, key: &RegisteredKey, label: &str) -> Result<AuditRecord, Error> {
        if let Some(problem) = label_problem(label) {
            return Err(Error::InvalidArgument { argument: "label", problem });
        }
        self.change(Action::Rename, key, |registration| {
            let former = std::mem::replace(&mut registration.label, label.to_owned());
            Ok(Some(format!("formerly {former:?}")))
        })
    }

    /// Takes a registration away. The key may then be registered anew, to anyone.
    ///
    /// # Errors
    ///
    /// [`Error::KeyRevoked`], because what was revoked stays known; as [`Editor::disable`].
    pub fn remove(&self, key: &RegisteredKey) -> Result<AuditRecord, Error> {
        self.transact(|transaction| {
            let registration = transaction.find(key)?.ok_or(UNKNOWN_KEY)?;
            if registration.revoked.is_some() {
                return Err(Error::KeyRevoked);
            }
            transaction.delete(key)?;
            self.record(transaction, Action::Remove, &registration, None)
        })
    }

    /// Gives all keys of a user to another name, which has none yet: an account was renamed.
    ///
    /// # Errors
    ///
    /// [`Error::NotRegistered`] where the user has no key; [`Error::KeyTaken`] where the new name has some;
    /// [`Error::InvalidArgument`] for a name that cannot be; the last ones of [`Editor::enrol`].
    pub fn rename_user(&self, user: &str, name: &str) -> Result<Vec<AuditRecord>, Error> {
        if let Some(problem) = user_problem(name) {
            return Err(Error::InvalidArgument { argument: "name", problem });
        }
        self.transact(|transaction| {
            let keys = transaction.of_user(user)?;
            if keys.is_empty() {
                return Err(Error::NotRegistered("this user has no key"));
            }
            if user != name && !transaction.of_user(name)?.is_empty() {
                return Err(Error::KeyTaken);
            }
            let former = format!("formerly {user:?}");
            let renamed = keys.into_iter().map(|registration| Registration { user: name.to_owned(), ..registration });
            renamed
                .map(|registration| {
                    transaction.update(&registration)?;
                    self.record(transaction, Action::RenameUser, &registration, Some(former.clone()))
                })
                .collect()
        })
    }

    /// Says that a key was used at a moment, in Unix seconds. An earlier one than is known changes nothing. It is no
    /// change of who may do what, so it leaves no audit record.
    ///
    /// # Errors
    ///
    /// As [`Editor::disable`].
    pub fn used(&self, key: &RegisteredKey, moment: i64) -> Result<(), Error> {
        check_moment(moment)?;
        self.transact(|transaction| {
            let mut registration = transaction.find(key)?.ok_or(UNKNOWN_KEY)?;
            if registration.last_used.is_some_and(|last| last >= moment) {
                return Ok(());
            }
            registration.last_used = Some(moment);
            transaction.update(&registration)
        })
    }

    /// Adds a registration.
    fn add(&self, action: Action, registration: &Registration) -> Result<AuditRecord, Error> {
        check(registration)?;
        self.transact(|transaction| self.insert(transaction, action, registration, None))
    }

    /// The same for a certificate that is at hand, whose other form is looked at, too.
    pub(crate) fn add_certificate(
        &self,
        action: Action,
        certificate: &Certificate<'_>,
        registration: &Registration,
        detail: Option<&str>,
    ) -> Result<AuditRecord, Error> {
        check(registration)?;
        let other = other_form(certificate, registration)?;
        self.transact(|transaction| {
            free_for(transaction, &other, &registration.user)?;
            self.insert(transaction, action, registration, detail.map(str::to_owned))
        })
    }

    /// Registers a further certificate to whom one of the keys `by` is registered that still count, and may change keys.
    /// It counts no longer than that one, and for the same CA.
    pub(crate) fn add_beside(
        &self,
        by: &Certificate<'_>,
        certificate: &Certificate<'_>,
        label: Option<&str>,
        detail: &str,
    ) -> Result<AuditRecord, Error> {
        let now = unix_now();
        let by = [RegisteredKey::certificate_of(by), RegisteredKey::spki_of(by)];
        self.transact(|transaction| {
            let mut known = Vec::new();
            for key in &by {
                known.extend(transaction.find(key)?);
            }
            let first = known.first().ok_or(UNKNOWN_KEY)?;
            for known in &known {
                entitled(known, first, now)?;
            }
            let registration = Registration {
                label: label.unwrap_or(&first.label).to_owned(),
                not_after: known.iter().filter_map(|known| known.not_after).min(),
                ca: known.iter().find_map(|known| known.ca),
                ..Registration::of_certificate(&first.user, certificate, Form::Spki, now)
            };
            check(&registration)?;
            free_for(transaction, &other_form(certificate, &registration)?, &registration.user)?;
            self.insert(transaction, Action::Renew, &registration, Some(format!("{detail} {}", first.key)))
        })
    }

    fn insert(
        &self,
        transaction: &mut dyn Transaction,
        action: Action,
        registration: &Registration,
        detail: Option<String>,
    ) -> Result<AuditRecord, Error> {
        match transaction.find(&registration.key)? {
            Some(known) if known.revoked.is_some() => return Err(Error::KeyRevoked),
            Some(_) => return Err(Error::KeyTaken),
            None => transaction.insert(registration)?,
        }
        self.record(transaction, action, registration, detail)
    }

    fn change(
        &self,
        action: Action,
        key: &RegisteredKey,
        change: impl Fn(&mut Registration) -> Result<Option<String>, Error>,
    ) -> Result<AuditRecord, Error> {
        self.transact(|transaction| {
            let mut registration = transaction.find(key)?.ok_or(UNKNOWN_KEY)?;
            let detail = change(&mut registration)?;
            transaction.update(&registration)?;
            self.record(transaction, action, &registration, detail)
        })
    }

    fn record(
        &self,
        transaction: &mut dyn Transaction,
        action: Action,
        registration: &Registration,
        detail: Option<String>,
    ) -> Result<AuditRecord, Error> {
        let record = AuditRecord { detail, ..AuditRecord::new(unix_now(), self.actor, action, registration.view()) };
        transaction.audit(&record)?;
        Ok(record)
    }

    /// Runs a verb and hands out what its last try gave, which is the one that was kept.
    fn transact<T>(&self, verb: impl Fn(&mut dyn Transaction) -> Result<T, Error>) -> Result<T, Error> {
        let mut outcome = None;
        self.registry.backend()?.transaction(&mut |transaction| {
            outcome = Some(verb(transaction)?);
            Ok(())
        })?;
        outcome.ok_or(Error::Internal("a transaction ended without having run"))
    }
}

/// What becomes of keys that an import finds registered to the same user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Known {
    /// The import fails.
    #[default]
    Refuse,
    /// They stay as they are.
    Skip,
}

/// Fails where a key is registered to another user, or was revoked.
fn free_for(transaction: &mut dyn Transaction, key: &RegisteredKey, user: &str) -> Result<(), Error> {
    match transaction.find(key)? {
        Some(known) if known.revoked.is_some() => Err(Error::KeyRevoked),
        Some(known) if known.user != user => Err(Error::KeyTaken),
        _ => Ok(()),
    }
}

/// Whether whoever holds a registered key may register another. Two forms of one certificate may be registered: both must
/// allow it, for the same user.
fn entitled(known: &Registration, first: &Registration, now: i64) -> Result<(), Error> {
    let refuse = |why: &str| Err(Error::NotEntitled(why.to_owned()));
    match known.view().standing(now, 0) {
        _ if known.user != first.user => refuse("the registered key is not one user's alone"),
        Standing::Revoked => Err(Error::KeyRevoked),
        Standing::Good if known.no_manage => refuse("the registered key may not change keys"),
        Standing::Good => Ok(()),
        Standing::Disabled | Standing::NotYetValid | Standing::Expired => {
            refuse("the registered key does not count now")
        }
    }
}

/// The form of a certificate that a registration is not by.
fn other_form(certificate: &Certificate<'_>, registration: &Registration) -> Result<RegisteredKey, Error> {
    match [RegisteredKey::spki_of(certificate), RegisteredKey::certificate_of(certificate)] {
        [spki, other] if registration.key == spki => Ok(other),
        [other, itself] if registration.key == itself => Ok(other),
        _ => Err(Error::InvalidArgument { argument: "registration", problem: "of another certificate" }),
    }
}

const UNKNOWN_KEY: Error = Error::NotRegistered("this key is not registered");

/// Whether a registration can be.
fn check(registration: &Registration) -> Result<(), Error> {
    let invalid = |argument, problem| Err(Error::InvalidArgument { argument, problem });
    if let Some(problem) = user_problem(&registration.user) {
        return invalid("user", problem);
    }
    if let Some(problem) = label_problem(&registration.label) {
        return invalid("label", problem);
    }
    let Registration { created, not_before, not_after, revoked, last_used, .. } = *registration;
    for moment in [Some(created), not_before, not_after, revoked, last_used].into_iter().flatten() {
        check_moment(moment)?;
    }
    match (not_before, not_after) {
        (Some(first), Some(last)) if first > last => invalid("not_after", "before not_before"),
        _ => Ok(()),
    }
}

/// Whether a moment can be written as RFC 3339 does.
fn check_moment(moment: i64) -> Result<(), Error> {
    match MOMENTS.contains(&moment) {
        true => Ok(()),
        false => Err(Error::InvalidArgument { argument: "moment", problem: "not within the years 1970 to 9999" }),
    }
}
