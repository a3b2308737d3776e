//! Options being set, one by one or from a file, before they become a policy.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::file;
use super::mode::Mode;
use super::options::{Key, Kind, Named, OptionInfo, find, options};
use super::secret::Secret;
use super::source::Source;
use super::value::{Opened, Reading, Value, sorted};
use crate::Error;
use crate::identity::Rule;
use crate::registry::Registry;

/// A list of options being built. It may be copied and used for any number of policies; it never changes one that was
/// made of it. Not for use by several threads at a time.
#[derive(Clone, Debug, Default)]
pub struct Config {
    explicit: BTreeMap<Key, Value>,
    /// What a word of another system implied, and the option that it was a value of.
    implied: BTreeMap<Key, (Key, Value)>,
}

impl Config {
    /// A configuration in which every option has its default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an option from text.
    ///
    /// `name` is an option's name, or another system's for it (`ssl_verify_client`); case does not matter, nor `-` or
    /// `_`. `value` is checked at once; lists are separated by commas. The last setting of an option counts, except
    /// that those of `ca`, `crl`, `crl_issuer`, `identity`, `session_key`, `preflight_origin` and `trusted_proxies` add up. A word of another system (`RequireAndVerifyClientCert`) sets what it implies there,
    /// too, unless that option is set by its own name, before or after. No file is read.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownOption`] with the nearest name, [`Error::InvalidValue`] with what is expected, and for PEM in the
    /// value of `ca` what [`Config::set_bytes`] returns. A call that fails changes nothing.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let named = find(name)?;
        let reading = Reading::of(named, value)?;
        self.apply(named.option, reading)
    }

    /// Adds certificates or CRLs in memory to an option that takes them: PEM, or DER one after the other; or sets
    /// `registry` to one in memory, from the text of a file of registrations; or adds a secret. The bytes are copied.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownOption`]; [`Error::InvalidValue`] where the option takes neither;
    /// [`Error::Malformed`], [`Error::NoCertificate`] or [`Error::NoCrl`] where `bytes` are not what they should be. A call that fails
    /// changes nothing.
    pub fn set_bytes(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let option = find(name)?.option;
        if matches!(option.kind, Kind::Registry) {
            let registry = Opened(Arc::new(Registry::from_bytes(bytes)?));
            return self.apply(option, Reading { value: Value::Registry(registry), implies: &[] });
        }
        if matches!(option.kind, Kind::Secrets) {
            let value = Value::Secrets(vec![Secret::from_bytes(option, bytes)?]);
            return self.apply(option, Reading { value, implies: &[] });
        }
        if !matches!(option.kind, Kind::Certificates | Kind::RevocationLists) {
            let expected = format!("what it takes; set it as text: {}", option.type_text());
            return Err(Error::InvalidValue { option: option.name, value: "(bytes)".into(), expected });
        }
        let source = Source::from_bytes(option, bytes)?;
        self.apply(option, Reading { value: Value::Sources(vec![source]), implies: &[] })
    }

    /// Sets options from a TOML file, whose keys are the names of options. Those that take lists take a string or
    /// a list of strings. A relative path in it is relative to its folder.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; [`Error::InFile`] with the line, for what is no TOML, an unknown key, or a value that its option
    /// does not take. A call that fails changes nothing.
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        let mut loaded = self.clone();
        file::load(&mut loaded, path.as_ref())?;
        *self = loaded;
        Ok(())
    }

    /// All options as TOML: those that differ from their defaults, and the others as comments. Loading it into a new
    /// configuration gives the same settings. Certificates and CRLs in memory are written as PEM,
    /// secrets in memory as they are: keep a dump of them as you keep them.
    pub fn dump(&self) -> String {
        file::dump(self)
    }

    pub(super) fn apply(&mut self, option: &'static OptionInfo, reading: Reading) -> Result<(), Error> {
        let mut implied = Vec::with_capacity(reading.implies.len());
        for (name, value) in reading.implies {
            let Named { option, .. } = find(name)?;
            implied.push((option.key, Value::parse(option, value)?));
        }
        self.implied.retain(|_, (by, _)| *by != option.key);
        self.implied.extend(implied.into_iter().map(|(key, value)| (key, (option.key, value))));
        match (self.explicit.get_mut(&option.key), reading.value) {
            (Some(Value::Sources(all)), Value::Sources(more)) => all.extend(more),
            (Some(Value::IdentityRules(all)), Value::IdentityRules(more)) => all.extend(more),
            (Some(Value::Secrets(all)), Value::Secrets(more)) => all.extend(more),
            (Some(Value::List(all)), Value::List(more)) if option.is_repeatable() => all.extend(more),
            (Some(Value::Networks(all)), Value::Networks(more)) => {
                all.extend(more);
                *all = sorted(std::mem::take(all));
            }
            (_, value) => drop(self.explicit.insert(option.key, value)),
        }
        Ok(())
    }

    /// The value that counts, and none for certificates that nobody set.
    pub(super) fn value(&self, key: Key) -> Option<Value> {
        let set = self.explicit.get(&key).or(self.implied.get(&key).map(|(_, value)| value));
        set.cloned().or_else(|| self.unset_value(key))
    }

    /// The value that counts where nobody sets it, next to the other options.
    pub(super) fn unset_value(&self, key: Key) -> Option<Value> {
        let option = OptionInfo::of(key);
        let text = match key {
            Key::Tolerate if self.mode() == Mode::OptionalNoCa => TOLERATED_WITHOUT_CA,
            _ => option.default,
        };
        Value::parse(option, text).ok().filter(|_| !text.is_empty())
    }

    pub(super) fn mode(&self) -> Mode {
        match self.value(Key::Mode) {
            Some(Value::Word(word)) => Mode::named(word).unwrap_or(Mode::Require),
            _ => Mode::Require,
        }
    }

    /// Whether the option was set, by its own name or by what a word of another system implies.
    pub(super) fn is_set(&self, key: Key) -> bool {
        self.explicit.contains_key(&key) || self.implied.contains_key(&key)
    }

    /// The registry of keys, where one is set.
    pub fn registry(&self) -> Option<&Arc<Registry>> {
        match self.explicit.get(&Key::Registry) {
            Some(Value::Registry(Opened(registry))) => Some(registry),
            _ => None,
        }
    }

    pub(super) fn sources(&self, key: Key) -> &[Source] {
        match self.explicit.get(&key) {
            Some(Value::Sources(sources)) => sources,
            _ => &[],
        }
    }

    pub(super) fn secrets(&self, key: Key) -> &[Secret] {
        match self.explicit.get(&key) {
            Some(Value::Secrets(secrets)) => secrets,
            _ => &[],
        }
    }

    pub(super) fn identity_rules(&self) -> &[Rule] {
        match self.explicit.get(&Key::Identity) {
            Some(Value::IdentityRules(rules)) => rules,
            _ => &[],
        }
    }

    pub(super) fn each(&self) -> impl Iterator<Item = (&'static OptionInfo, Option<Value>, Option<Value>)> {
        options().iter().map(|option| (option, self.value(option.key), self.unset_value(option.key)))
    }
}

/// nginx's list for optional_no_ca, which it took from Apache, and where else a search can end.
pub(super) const TOLERATED_WITHOUT_CA: &str =
    "self_signed,self_signed_in_chain,issuer_unknown,leaf_issuer_unknown,search_exhausted,key_not_registered";
