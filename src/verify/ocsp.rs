//! The reasons that an OCSP response gives.

use super::Code;
use crate::revocation::ocsp::Refusal;

impl From<Refusal> for Code {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooLarge(_) | Refusal::Malformed(_) | Refusal::UnknownExtension => Self::OcspMalformed,
            Refusal::Unsuccessful(_) | Refusal::OtherType => Self::OcspRefused,
            Refusal::SignatureInvalid | Refusal::SignatureUnsupported => Self::OcspSignatureInvalid,
            Refusal::ResponderUnfit(_) => Self::OcspResponderUnfit,
            Refusal::OtherCertificate => Self::OcspOtherCertificate,
            Refusal::NotYetValid(_) => Self::OcspNotYetValid,
            Refusal::Expired(_) => Self::OcspExpired,
            Refusal::Nonce => Self::OcspNonce,
        }
    }
}
