//! Whether a certificate was revoked: CRLs as compact, immutable tables, and OCSP without network.
//!
//! A [`Crl`] says what its issuer signed, if its issuer signed it: whether that is so, whether it is fresh and whether it
//! is about a certificate at hand is judged above it.

pub mod ocsp;

mod check;
mod crl;
mod crl_extensions;
mod distribution_point;
mod draft;
mod entries;
mod held;
mod index;
mod issuers;
mod issuing_distribution_point;
mod json;
mod plain;
mod reason;
mod record;
mod rows;
mod serial_number;
mod signed;
mod state;
mod store;
mod universal_hash;
mod unlisted;

pub use crl::Crl;
pub use held::CrlInfo;
pub use issuing_distribution_point::{DistributionPointName, IssuingDistributionPoint, ReasonFlags};
pub use reason::RevocationReason;
pub use record::Entry;
pub use state::{CrlState, metrics};

pub(crate) use check::{
    Conditions, CrlCheck, CrlFault, CrlRules, CrlStatus, Issued, Signers, check, find_revocation, may_sign_crls,
};
pub(crate) use held::HeldCrl;
pub(crate) use store::CrlStore;
pub(crate) use unlisted::Unlisted;
