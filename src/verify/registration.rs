//! Registrations of keys: whether one speaks for a certificate.

use super::reason::Code;
use crate::registry::{Found, Standing};

/// What a registry says of a key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lookup<'r> {
    Registered(Found<'r>),
    NotRegistered,
    /// The host has to look it up.
    Pending,
    /// Nobody can say: the registry has been away for too long.
    Unavailable,
}

impl<'r> Lookup<'r> {
    /// The registration, if it counts at `now`; otherwise why not. `leads_to` says whether the certificate has a verified path
    /// by the CA of a key with this SHA-256.
    pub(crate) fn judge(
        self,
        now: i64,
        skew: i64,
        leads_to: impl FnOnce(&[u8; 32]) -> bool,
    ) -> Result<Found<'r>, Code> {
        let found = match self {
            Self::Registered(found) => found,
            Self::NotRegistered => return Err(Code::KeyNotRegistered),
            Self::Pending => return Err(Code::RegistrationPending),
            Self::Unavailable => return Err(Code::RegistryUnavailable),
        };
        match found.standing(now, skew) {
            Standing::Revoked => Err(Code::RegistrationRevoked),
            Standing::Disabled => Err(Code::RegistrationDisabled),
            Standing::NotYetValid => Err(Code::RegistrationNotYetValid),
            Standing::Expired => Err(Code::RegistrationExpired),
            Standing::Good if !found.ca.as_ref().is_none_or(leads_to) => Err(Code::RegistrationOtherCa),
            Standing::Good => Ok(found),
        }
    }

    /// The registration, whether or not it counts.
    pub(crate) fn found(self) -> Option<Found<'r>> {
        match self {
            Self::Registered(found) => Some(found),
            _ => None,
        }
    }
}

/// Whether a certificate with this reason against its path may still be accepted by its key alone. Not where its trusted
/// issuer revoked it or may have, and not where the validators contradict each other.
pub(crate) fn may_be_rescued(code: Code) -> bool {
    !code.is_about_revocation() && !matches!(code, Code::ValidatorsDisagree | Code::InternalError)
}
