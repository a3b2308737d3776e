//! Rules of other systems, as far as they have an equivalent here.

mod alt_security_identities;
mod certmap;

use super::tokens::quote;

pub use alt_security_identities::import;
pub use certmap::certmap;

/// Why a rule of another system has no equivalent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ImportError(String);

/// What a rule of another system becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Rules, in their order.
    pub rules: Vec<String>,
    /// What its operator should know, in English.
    pub notes: Vec<String>,
}

/// `key=value`, quoted where it has to be.
fn pair(key: &str, value: &str) -> Result<String, ImportError> {
    match quote(value) {
        Some(value) => Ok(format!("{key}={value}")),
        None => Err(ImportError(format!("no kind of quotes can hold {value}"))),
    }
}

/// A user's name as a template that gives just that.
fn constant(user: &str) -> String {
    user.replace('\\', "\\\\")
}
