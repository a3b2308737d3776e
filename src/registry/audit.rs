//! Audit records: who changed what, and when.

use serde_json::{Value, json};

use super::registration::{Found, RegisteredKey};
use crate::certificate::Calendar;

/// What was done. The names are stable; new ones may be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// An administrator registered a key, by its certificate or fingerprint.
    Enrol,
    /// A user registered the key that its own connection proved to hold.
    EnrolSelf,
    /// A user registered a further key on the strength of one that was registered already.
    Renew,
    /// A key was registered from a file of another system.
    Import,
    /// A registration does not count until it is enabled.
    Disable,
    /// A registration counts again.
    Enable,
    /// A registration was taken away.
    Remove,
    /// A key does not count any more, for good.
    Revoke,
    /// A key has another label.
    Rename,
    /// A user has another name.
    RenameUser,
}

/// One change to one key, as it is kept beside the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// When, in Unix seconds.
    pub time: i64,
    /// Who did it, as the caller said.
    pub actor: String,
    /// What was done.
    pub action: Action,
    /// To whose key. For [`Action::RenameUser`] the new name.
    pub user: String,
    /// To which key.
    pub key: RegisteredKey,
    /// What the key is called, afterwards.
    pub label: String,
    /// What else there is to know: the former label or user, or by which key it was renewed.
    pub detail: Option<String>,
}

impl Action {
    /// The stable name, such as `enrol`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enrol => "enrol",
            Self::EnrolSelf => "enrol_self",
            Self::Renew => "renew",
            Self::Import => "import",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Remove => "remove",
            Self::Revoke => "revoke",
            Self::Rename => "rename",
            Self::RenameUser => "rename_user",
        }
    }
}

impl AuditRecord {
    pub(crate) fn new(time: i64, actor: &str, action: Action, of: Found<'_>) -> Self {
        let (user, label) = (of.user.to_owned(), of.label.to_owned());
        Self { time, actor: actor.to_owned(), action, user, key: of.key, label, detail: None }
    }

    /// One object; `detail` is null where there is none.
    pub fn to_json(&self) -> Value {
        json!({
            "time": Calendar::from_unix(self.time).rfc3339(),
            "actor": self.actor,
            "action": self.action.name(),
            "user": self.user,
            "key": self.key.to_string(),
            "label": self.label,
            "detail": self.detail,
        })
    }
}
