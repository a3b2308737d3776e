//! OCSPResponse as a responder sends it, read strictly (RFC 6960 section 4.2.1). Nothing here is verified yet.

use super::certificate_id::CertificateId;
use super::{NONCE, Status};
use crate::certificate::{Extension, Malformed, Name, Reader, Time, der, hex, read_algorithm, read_name};
use crate::revocation::RevocationReason;
use crate::signature::{Message, Signed};

/// What a responder says instead of an answer (RFC 6960 section 4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseStatus {
    /// It could not read the question.
    MalformedRequest,
    /// It failed inside.
    InternalError,
    /// It will be able to answer later.
    TryLater,
    /// It wants questions that are signed.
    SigRequired,
    /// It does not answer us, or not about this issuer.
    Unauthorized,
    /// A number that RFC 6960 does not define.
    Other(u8),
}

impl ResponseStatus {
    /// The name in RFC 6960, such as `tryLater`.
    pub fn name(self) -> &'static str {
        match self {
            Self::MalformedRequest => "malformedRequest",
            Self::InternalError => "internalError",
            Self::TryLater => "tryLater",
            Self::SigRequired => "sigRequired",
            Self::Unauthorized => "unauthorized",
            Self::Other(_) => "a status that RFC 6960 does not define",
        }
    }
}

/// A response, read.
#[derive(Debug)]
pub(super) enum Response<'a> {
    /// There is no answer in it.
    Unsuccessful(ResponseStatus),
    /// An answer of another type than id-pkix-ocsp-basic.
    OtherType,
    Basic(BasicResponse<'a>),
}

/// BasicOCSPResponse, with the ResponseData in it.
#[derive(Debug)]
pub(super) struct BasicResponse<'a> {
    /// What is signed, with the signature.
    pub(super) signed: Signed<'a>,
    pub(super) responder: ResponderId<'a>,
    pub(super) produced_at: i64,
    pub(super) single: Vec<SingleResponse<'a>>,
    /// The extnValue of the nonce.
    pub(super) nonce: Option<&'a [u8]>,
    /// The DER of the certificates beside it, not read yet.
    pub(super) certificates: Vec<&'a [u8]>,
    pub(super) unknown_critical: bool,
}

/// Who says that it signed.
#[derive(Clone, Copy, Debug)]
pub(super) enum ResponderId<'a> {
    Name(Name<'a>),
    /// The SHA-1 of the bits of its key.
    Key(&'a [u8]),
}

/// What is said about one certificate.
#[derive(Clone, Copy, Debug)]
pub(super) struct SingleResponse<'a> {
    pub(super) id: CertificateId<'a>,
    pub(super) status: Status,
    pub(super) this_update: i64,
    pub(super) next_update: Option<i64>,
    pub(super) unknown_critical: bool,
}

/// id-pkix-ocsp-basic.
const BASIC: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1, 1];
/// id-pkix-ocsp-archive-cutoff, which extends what an answer covers into the past.
const ARCHIVE_CUTOFF: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1, 6];
/// id-pkix-ocsp-extended-revoke, by which a responder may call certificates revoked that were never issued.
const EXTENDED_REVOKE: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1, 9];

impl<'a> Response<'a> {
    /// Reads a whole OCSPResponse.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        const FIELD: &str = "OCSPResponse";
        let mut outer = Reader::new(bytes);
        let mut fields = outer.enter(der::SEQUENCE, FIELD)?;
        outer.finish(FIELD)?;
        let at_status = fields;
        let status = fields.small_integer(der::ENUMERATED, "responseStatus")?;
        let wrapper = fields.optional(der::context_constructed(0), "responseBytes")?;
        fields.finish(FIELD)?;
        let unsuccessful = match status {
            0 => None,
            1 => Some(ResponseStatus::MalformedRequest),
            2 => Some(ResponseStatus::InternalError),
            3 => Some(ResponseStatus::TryLater),
            5 => Some(ResponseStatus::SigRequired),
            6 => Some(ResponseStatus::Unauthorized),
            other => match u8::try_from(other) {
                Ok(other) => Some(ResponseStatus::Other(other)),
                Err(_) => return at_status.fail("responseStatus", "is above 255"),
            },
        };
        match (unsuccessful, wrapper) {
            (Some(status), None) => Ok(Self::Unsuccessful(status)),
            (Some(_), Some(_)) => at_status.fail(FIELD, "has responseBytes in spite of its status"),
            (None, None) => fields.fail("responseBytes", "is missing"),
            (None, Some(wrapper)) => {
                let mut wrapped = fields.within(&wrapper);
                let mut inside = wrapped.enter(der::SEQUENCE, "responseBytes")?;
                wrapped.finish("responseBytes")?;
                let kind = inside.oid("responseType")?;
                let response = inside.expect(der::OCTET_STRING, "response")?;
                inside.finish("responseBytes")?;
                match kind == BASIC {
                    true => BasicResponse::read(inside.within(&response)).map(Self::Basic),
                    false => Ok(Self::OtherType),
                }
            }
        }
    }
}

impl<'a> BasicResponse<'a> {
    fn read(mut outer: Reader<'a>) -> Result<Self, Malformed> {
        const FIELD: &str = "BasicOCSPResponse";
        let mut fields = outer.enter(der::SEQUENCE, FIELD)?;
        outer.finish(FIELD)?;
        let data = fields.expect(der::SEQUENCE, "tbsResponseData")?;
        let algorithm = read_algorithm(&mut fields, "signatureAlgorithm")?;
        let at_signature = fields;
        let (signature, unused) = fields.bit_string("signature")?;
        if unused != 0 {
            return at_signature.fail("signature", "is no whole number of bytes");
        }
        let mut certificates = Vec::new();
        if let Some(wrapper) = fields.optional(der::context_constructed(0), "certs")? {
            let mut wrapped = fields.within(&wrapper);
            let mut list = wrapped.enter(der::SEQUENCE, "certs")?;
            wrapped.finish("certs")?;
            while !list.is_empty() {
                let certificate = list.expect(der::SEQUENCE, "certs")?;
                certificates.push(list.whole(&certificate));
            }
        }
        fields.finish(FIELD)?;
        let input = fields.input();
        let signed = Signed {
            algorithm: algorithm.of(input),
            message: Message::Whole(fields.whole(&data)),
            signature: signature.of(input),
        };
        Self::read_data(fields.within(&data), signed, certificates)
    }

    /// Reads ResponseData.
    fn read_data(mut data: Reader<'a>, signed: Signed<'a>, certificates: Vec<&'a [u8]>) -> Result<Self, Malformed> {
        const FIELD: &str = "tbsResponseData";
        let at_version = data;
        if let Some(wrapper) = data.optional(der::context_constructed(0), "version")? {
            let mut wrapped = data.within(&wrapper);
            let version = wrapped.small_integer(der::INTEGER, "version")?;
            wrapped.finish("version")?;
            if version != 0 {
                return at_version.fail("version", "is not 1");
            }
        }
        let responder = ResponderId::read(&mut data)?;
        let produced_at = read_time(&mut data, "producedAt")?;
        let mut list = data.enter(der::SEQUENCE, "responses")?;
        let mut single = Vec::new();
        while !list.is_empty() {
            single.push(SingleResponse::read(&mut list)?);
        }
        let mut extensions = Extensions::default();
        extensions.read(&mut data, "responseExtensions")?;
        data.finish(FIELD)?;
        Ok(Self {
            signed,
            responder,
            produced_at,
            single,
            nonce: extensions.nonce,
            certificates,
            unknown_critical: extensions.unknown_critical,
        })
    }
}

impl<'a> ResponderId<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        const FIELD: &str = "responderID";
        const BY_NAME: u8 = der::context_constructed(1);
        const BY_KEY: u8 = der::context_constructed(2);
        let at = *reader;
        let tlv = reader.any(FIELD)?;
        let mut inside = reader.within(&tlv);
        let id = match tlv.tag {
            BY_NAME => {
                let name = read_name(&mut inside, FIELD)?;
                Self::Name(Name::checked(name.of(inside.input())))
            }
            BY_KEY => {
                let key = inside.expect(der::OCTET_STRING, FIELD)?;
                Self::Key(inside.content(&key))
            }
            _ => return at.fail(FIELD, "is neither byName nor byKey"),
        };
        inside.finish(FIELD)?;
        Ok(id)
    }
}

impl std::fmt::Display for ResponderId<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => f.write_str(&name.rfc4514()),
            Self::Key(hash) => f.write_str(&hex(hash)),
        }
    }
}

impl<'a> SingleResponse<'a> {
    fn read(list: &mut Reader<'a>) -> Result<Self, Malformed> {
        const FIELD: &str = "SingleResponse";
        let mut fields = list.enter(der::SEQUENCE, FIELD)?;
        let id = CertificateId::read(&mut fields)?;
        let status = read_status(&mut fields)?;
        let this_update = read_time(&mut fields, "thisUpdate")?;
        let at_next = fields;
        let next_update = match fields.optional(der::context_constructed(0), "nextUpdate")? {
            None => None,
            Some(wrapper) => {
                let mut wrapped = fields.within(&wrapper);
                let time = read_time(&mut wrapped, "nextUpdate")?;
                wrapped.finish("nextUpdate")?;
                Some(time)
            }
        };
        if next_update.is_some_and(|next| next < this_update) {
            return at_next.fail("nextUpdate", "is before thisUpdate");
        }
        let mut extensions = Extensions::default();
        extensions.read(&mut fields, "singleExtensions")?;
        fields.finish(FIELD)?;
        Ok(Self { id, status, this_update, next_update, unknown_critical: extensions.unknown_critical })
    }
}

/// The extensions of an answer, as far as they count.
#[derive(Default)]
struct Extensions<'a> {
    nonce: Option<&'a [u8]>,
    unknown_critical: bool,
}

impl<'a> Extensions<'a> {
    /// Reads `[1] EXPLICIT Extensions` if they are there.
    fn read(&mut self, fields: &mut Reader<'a>, field: &'static str) -> Result<(), Malformed> {
        let Some(wrapper) = fields.optional(der::context_constructed(1), field)? else { return Ok(()) };
        let mut wrapped = fields.within(&wrapper);
        let mut list = wrapped.enter(der::SEQUENCE, field)?;
        wrapped.finish(field)?;
        while !list.is_empty() {
            let at = list;
            let extension = Extension::read(&mut list)?;
            match extension.oid {
                NONCE if self.nonce.is_some() => return at.fail("nonce", "occurs twice"),
                NONCE => self.nonce = Some(extension.value.of(list.input())),
                ARCHIVE_CUTOFF | EXTENDED_REVOKE => {}
                _ => self.unknown_critical |= extension.critical,
            }
        }
        Ok(())
    }
}

fn read_status(fields: &mut Reader<'_>) -> Result<Status, Malformed> {
    const FIELD: &str = "certStatus";
    const GOOD: u8 = der::context(0);
    const REVOKED: u8 = der::context_constructed(1);
    const UNKNOWN: u8 = der::context(2);
    let at = *fields;
    let tlv = fields.any(FIELD)?;
    let mut inside = fields.within(&tlv);
    let status = match tlv.tag {
        GOOD => Status::Good,
        UNKNOWN => Status::Unknown,
        REVOKED => {
            let date = read_time(&mut inside, "revocationTime")?;
            let reason = match inside.optional(der::context_constructed(0), "revocationReason")? {
                None => None,
                Some(wrapper) => {
                    let mut wrapped = inside.within(&wrapper);
                    let number = wrapped.small_integer(der::ENUMERATED, "revocationReason")?;
                    wrapped.finish("revocationReason")?;
                    Some(number)
                }
            };
            Status::Revoked {
                date,
                reason: reason.map(|code| RevocationReason::from_code(u8::try_from(code).unwrap_or(u8::MAX))),
            }
        }
        _ => return at.fail(FIELD, "is none of good, revoked and unknown"),
    };
    inside.finish(FIELD)?;
    Ok(status)
}

/// Reads a GeneralizedTime, the only one that OCSP has (RFC 6960 section 4.2.1, RFC 5019 section 2.2.4).
fn read_time(reader: &mut Reader<'_>, field: &'static str) -> Result<i64, Malformed> {
    let at = *reader;
    let time = Time::read(reader, field)?;
    match time.generalized {
        true => Ok(time.unix),
        false => at.fail(field, "is no GeneralizedTime"),
    }
}
