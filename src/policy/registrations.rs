//! The registry that a policy looks keys up in: an index that never changes, and whether it is still what the registry holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use super::config::Config;
use super::mode::Trust;
use super::settings::Settings;
use super::warning::{Warning, WarningKind};
use crate::Error;
use crate::certificate::Certificate;
use crate::files::Look;
use crate::registry::{Index, Registry};
use crate::verify::Lookup;

/// The registry of a policy, and what was in it.
#[derive(Debug)]
pub(super) struct Registrations {
    registry: Arc<Registry>,
    index: Arc<Index>,
    /// False once the registry has been away for longer than its last known state may serve.
    available: bool,
    started: Instant,
    /// Milliseconds after `started` when the index was last known to be what the registry holds.
    confirmed: AtomicI64,
}

const REGISTRY: &str = "registry";

impl Registrations {
    /// The registry of a configuration, none where there is none or nothing asks it. `previous` is what the policy before
    /// had: it is kept where nothing changed, or, for a while, where the registry is away.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidConfig`] where `trust` or a rule needs a registry and there is none; whatever reading it returns,
    /// where there is no previous state, or the registry is there but makes no sense.
    pub(super) fn load(
        config: &Config,
        settings: &Settings,
        previous: Option<&Arc<Self>>,
        changed_only: bool,
    ) -> Result<Option<Arc<Self>>, Error> {
        let Some(registry) = needed(config, settings)? else { return Ok(None) };
        let previous = previous.filter(|previous| Arc::ptr_eq(&previous.registry, registry));
        if let Some(previous) = previous.filter(|_| changed_only) {
            match previous.freshness() {
                Ok(true) if previous.available => return Ok(Some(Arc::clone(previous))),
                Ok(_) => {}
                Err(_) => return Ok(Some(Arc::new(previous.away(settings)))),
            }
        }
        // Whoever else uses this registry may have read it already.
        let shared = match previous.is_some() && changed_only && !registry.changed()? {
            true => registry.latest(),
            false => None,
        };
        let index = match (shared.map_or_else(|| registry.load(), Ok), previous) {
            (Ok(index), _) => index,
            // It says that something changed, and not what: what was known before may serve no longer than if it were away.
            (Err(_), Some(previous)) if changed_only && previous.available && previous.is_too_old(settings) => {
                return Ok(Some(Arc::new(previous.away(settings))));
            }
            (Err(error), _) => return Err(error),
        };
        let loaded = Self {
            registry: Arc::clone(registry),
            index,
            available: true,
            started: Instant::now(),
            confirmed: AtomicI64::new(0),
        };
        let names_file = registry.to_string().starts_with("file:");
        let must = matches!(settings.trust, Trust::Key | Trust::CaAndKey);
        if previous.is_none() && names_file && must && loaded.index.is_empty() {
            return Err(Error::InvalidConfig(format!(
                "option 'registry': {registry} has no registrations, and trust '{}' accepts nobody without",
                settings.trust.name()
            )));
        }
        Ok(Some(Arc::new(loaded)))
    }

    /// What the registry says of a certificate.
    pub(super) fn look_up(&self, leaf: &Certificate<'_>) -> Lookup<'_> {
        if self.registry.is_external() {
            return Lookup::Pending;
        }
        if !self.available {
            return Lookup::Unavailable;
        }
        match self.index.find(&leaf.spki_sha256(), || leaf.sha256()) {
            Some(found) => Lookup::Registered(found),
            None => Lookup::NotRegistered,
        }
    }

    pub(super) fn says_the_same_as(&self, other: &Self) -> bool {
        self.available == other.available && Arc::ptr_eq(&self.index, &other.index)
    }

    pub(super) fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Whether the policy can stay as it is. Fails where the registry is away, and its last known state serves on.
    pub(super) fn is_current(&self, settings: &Settings) -> Result<bool, Error> {
        match self.freshness() {
            Ok(fresh) => Ok(fresh && self.available),
            Err(_) if self.available && self.is_too_old(settings) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether the registry would have to be read. None where nobody can say without asking a database. That it need not
    /// confirms what is known, as [`Registrations::is_current`] does.
    pub(super) fn look(&self) -> Option<Look> {
        let bytes = self.registry.bytes()?;
        let fresh = self.freshness().unwrap_or(false);
        Some(Look { changed: !fresh || !self.available, bytes })
    }

    /// What the operator should know.
    pub(super) fn warnings(&self) -> Option<Warning> {
        if !self.available {
            let text = format!("{} has been away for too long: nobody is accepted by a key", self.registry);
            return Some(Warning::new(WarningKind::RegistryAway, REGISTRY, text));
        }
        (self.index.is_empty() && !self.registry.is_external()).then(|| {
            let text = format!("{} has no registrations: nobody is accepted by a key", self.registry);
            Warning::new(WarningKind::RegistryEmpty, REGISTRY, text)
        })
    }

    /// Whether the index is what the registry holds. Fails where nobody can say.
    fn freshness(&self) -> Result<bool, Error> {
        let is_latest = |latest| Arc::ptr_eq(&latest, &self.index);
        let fresh = !self.registry.changed()? && self.registry.latest().is_some_and(is_latest);
        if fresh {
            self.confirmed.store(self.elapsed(), Ordering::Relaxed);
        }
        Ok(fresh)
    }

    /// The same state, while the registry is away.
    fn away(&self, settings: &Settings) -> Self {
        Self {
            registry: Arc::clone(&self.registry),
            index: Arc::clone(&self.index),
            available: self.available && !self.is_too_old(settings),
            started: self.started,
            confirmed: AtomicI64::new(self.confirmed.load(Ordering::Relaxed)),
        }
    }

    fn is_too_old(&self, settings: &Settings) -> bool {
        let age = self.elapsed() - self.confirmed.load(Ordering::Relaxed);
        age > i64::try_from(settings.registry_max_age.as_millis()).unwrap_or(i64::MAX)
    }

    fn elapsed(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// The registry that a configuration uses.
fn needed<'c>(config: &'c Config, settings: &Settings) -> Result<Option<&'c Arc<Registry>>, Error> {
    let registry = config.registry();
    let by_rule = settings.identity.names_by_registration();
    let used = settings.mode.verifies() && (settings.trust != Trust::Ca || by_rule);
    match registry {
        None if used && settings.trust == Trust::Ca => {
            Err(Error::InvalidConfig("option 'identity': the rule 'registry' needs a registry, and none is set".into()))
        }
        None if used => Err(Error::InvalidConfig(format!(
            "option 'trust': '{}' needs a registry of keys, and option 'registry' is not set",
            settings.trust.name()
        ))),
        Some(registry) if used && settings.trust == Trust::Ca && registry.is_external() => Err(Error::InvalidConfig(
            "option 'identity': under trust 'ca' the host is not asked, so the rule 'registry' names nobody".into(),
        )),
        _ => Ok(registry.filter(|_| used)),
    }
}
