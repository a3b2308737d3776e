//! Why a certificate was revoked (RFC 5280 section 5.3.1).

/// The reason that a CRL or an OCSP response gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(u8)]
pub enum RevocationReason {
    /// No reason in particular, or one that RFC 5280 does not know.
    Unspecified = 0,
    /// The subject's key is no longer his alone.
    KeyCompromise = 1,
    /// The CA's key is no longer its own.
    CaCompromise = 2,
    /// The subject's name or other data changed.
    AffiliationChanged = 3,
    /// Another certificate took its place.
    Superseded = 4,
    /// It is no longer needed.
    CessationOfOperation = 5,
    /// Revoked for the time being.
    CertificateHold = 6,
    /// No longer revoked: in a delta CRL alone.
    RemoveFromCrl = 8,
    /// What it says the subject may do, he may no longer.
    PrivilegeWithdrawn = 9,
    /// The attribute authority's key is no longer its own.
    AaCompromise = 10,
}

impl RevocationReason {
    /// The reason of a CRLReason's number. One that RFC 5280 does not define revokes all the same, unspecified.
    pub(crate) fn from_code(code: u8) -> Self {
        match code {
            1 => Self::KeyCompromise,
            2 => Self::CaCompromise,
            3 => Self::AffiliationChanged,
            4 => Self::Superseded,
            5 => Self::CessationOfOperation,
            6 => Self::CertificateHold,
            8 => Self::RemoveFromCrl,
            9 => Self::PrivilegeWithdrawn,
            10 => Self::AaCompromise,
            _ => Self::Unspecified,
        }
    }

    /// Its name in RFC 5280, such as `keyCompromise`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "cACompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::CertificateHold => "certificateHold",
            Self::RemoveFromCrl => "removeFromCRL",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
            Self::AaCompromise => "aACompromise",
        }
    }
}
