//! Why a response is no answer.

use std::fmt;

use super::response::ResponseStatus;
use crate::certificate::Malformed;

/// Why a response does not count. None of them says anything about the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// It is longer than [`super::Rules::max_bytes`], which this is.
    TooLarge(usize),
    /// It is not the DER that RFC 6960 section 4.2.1 defines.
    Malformed(Malformed),
    /// It has a critical extension that is not understood (RFC 6960 section 4.4).
    UnknownExtension,
    /// The responder did not answer.
    Unsuccessful(ResponseStatus),
    /// It is of another type than id-pkix-ocsp-basic.
    OtherType,
    /// Its signature is not by the key that it should be by.
    SignatureInvalid,
    /// Its signature is of a kind that is not supported, or too weak.
    SignatureUnsupported,
    /// Nobody who may answer for this issuer signed it.
    ResponderUnfit(Unfit),
    /// It does not speak of the certificate in question.
    OtherCertificate,
    /// It was made in the future: this is its thisUpdate or producedAt, in Unix seconds.
    NotYetValid(i64),
    /// It is too old: it counted until then, in Unix seconds.
    Expired(i64),
    /// It does not repeat the nonce that was sent.
    Nonce,
}

/// Why a signer may not answer for an issuer (RFC 6960 section 4.2.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unfit {
    /// The responderID is not the issuer's, and no certificate beside the answer has it.
    Absent,
    /// The responder's certificate is not well-formed.
    Malformed,
    /// The responder's certificate is not by the issuer itself.
    OtherIssuer,
    /// The responder's certificate does not say id-kp-OCSPSigning, or its keyUsage allows no signatures.
    Usage,
    /// The responder's certificate has a critical extension that is not understood.
    UnknownExtension,
    /// The responder's certificate is not valid at the time.
    Validity,
    /// The responder's key, or the signature on its certificate, is too weak or of a kind that is not supported.
    Weak,
    /// The responder's certificate is the very one in question.
    Itself,
    /// The responder's certificate was revoked.
    Revoked,
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(limit) => write!(f, "the response is longer than {limit} bytes"),
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::UnknownExtension => f.write_str("the response has a critical extension that is not understood"),
            Self::Unsuccessful(ResponseStatus::Other(number)) => write!(f, "the responder says {number}"),
            Self::Unsuccessful(status) => write!(f, "the responder says {}", status.name()),
            Self::OtherType => f.write_str("the response is of another type than id-pkix-ocsp-basic"),
            Self::SignatureInvalid => f.write_str("the response's signature is invalid"),
            Self::SignatureUnsupported => {
                f.write_str("the response's signature is too weak, or of an unsupported kind")
            }
            Self::ResponderUnfit(unfit) => unfit.fmt(f),
            Self::OtherCertificate => f.write_str("the response is not about this certificate"),
            Self::NotYetValid(time) => write!(f, "the response is from the future, of {}", rfc3339(*time)),
            Self::Expired(time) => write!(f, "the response counted until {}", rfc3339(*time)),
            Self::Nonce => f.write_str("the response does not repeat the nonce"),
        }
    }
}

impl std::error::Error for Refusal {}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "the signer is neither the issuer nor a responder whose certificate is in the response",
            Self::Malformed => "the responder's certificate is not well-formed",
            Self::OtherIssuer => "the responder's certificate is not by the issuer itself",
            Self::Usage => "the responder's certificate does not allow it to sign OCSP responses",
            Self::UnknownExtension => "the responder's certificate has a critical extension that is not understood",
            Self::Validity => "the responder's certificate is not valid at the time",
            Self::Weak => "the responder's key or certificate is too weak, or of an unsupported kind",
            Self::Itself => "the responder vouches for its own certificate",
            Self::Revoked => "the responder's certificate was revoked",
        })
    }
}

pub(super) fn rfc3339(unix: i64) -> String {
    crate::certificate::Calendar::from_unix(unix).rfc3339()
}
