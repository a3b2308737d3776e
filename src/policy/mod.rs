//! What an operator wants: options, where their values come from, and the immutable policy that they become.

mod anchors;
mod config;
mod crls;
mod file;
mod identity;
mod mode;
mod networks;
mod options;
mod reference;
mod registrations;
mod requests;
mod secret;
mod settings;
mod snapshot;
mod source;
mod table;
mod value;
mod warning;

pub use config::Config;
pub use mode::{Enforcement, Mode, Trust};
pub use networks::Peer;
pub use options::{Alias, ForeignWord, Kind, OptionInfo, System, Word, options};
pub use reference::reference;
pub(crate) use requests::{Preflight, is_host_name};
pub use snapshot::Policy;
pub use warning::{Warning, WarningKind};
