//! Public keys: what kind they are, and how strong (RFC 3279, RFC 5480, RFC 8410, RFC 4055, RFC 9881).

use super::Strength;
use crate::certificate::{self, Certificate, Reader};

/// What a SubjectPublicKeyInfo holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    /// rsaEncryption, with the bits of its modulus.
    Rsa(u32),
    /// id-RSASSA-PSS, which may sign by PSS alone, with the bits of its modulus.
    RsaPss(u32, PssRestriction),
    /// id-ecPublicKey on a named curve.
    Ec(Curve),
    Ed25519,
    Ed448,
    MlDsa44,
    MlDsa65,
    MlDsa87,
    /// Anything else, and keys of the kinds above whose form is broken.
    Other,
}

/// What the parameters of an RSASSA-PSS key allow its signatures to be (RFC 4055 section 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PssRestriction {
    None,
    /// This digest, with salts at least as long; longer ones are not supported.
    Digest(Digest),
    /// Something that is not supported.
    Unsupported,
}

impl PssRestriction {
    fn of_parameters(parameters: &[u8]) -> Self {
        match parameters {
            [] => Self::None,
            parameters => pss_digest(parameters).map_or(Self::Unsupported, Self::Digest),
        }
    }

    pub(super) fn allows(self, digest: Digest) -> bool {
        self == Self::None || self == Self::Digest(digest)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
    /// A curve that no signature is checked on here, with the bits of its order.
    Other(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Digest {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

const OID_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
pub(super) const OID_RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
const OID_EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
pub(super) const OID_ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const OID_ED448: &[u8] = &[0x2b, 0x65, 0x71];
pub(super) const OID_ML_DSA_44: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 17];
pub(super) const OID_ML_DSA_65: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 18];
pub(super) const OID_ML_DSA_87: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 19];

impl KeyKind {
    pub(crate) fn of(certificate: &Certificate<'_>) -> Self {
        let Some((oid, parameters)) = algorithm_parts(certificate.key_algorithm()) else {
            return Self::Other;
        };
        let key = certificate.key();
        match oid {
            OID_RSA if matches!(parameters, [] | [5, 0]) => modulus_bits(key).map_or(Self::Other, Self::Rsa),
            OID_RSA_PSS => modulus_bits(key)
                .map_or(Self::Other, |bits| Self::RsaPss(bits, PssRestriction::of_parameters(parameters))),
            OID_EC => Curve::named(parameters).map_or(Self::Other, Self::Ec),
            OID_ED25519 if parameters.is_empty() && key.len() == 32 => Self::Ed25519,
            OID_ED448 if parameters.is_empty() && key.len() == 57 => Self::Ed448,
            OID_ML_DSA_44 if parameters.is_empty() => Self::MlDsa44,
            OID_ML_DSA_65 if parameters.is_empty() => Self::MlDsa65,
            OID_ML_DSA_87 if parameters.is_empty() => Self::MlDsa87,
            _ => Self::Other,
        }
    }

    /// Whether the key is of a kind that can authenticate, and as strong as is asked.
    pub(crate) fn is_strong_enough(self, strength: Strength) -> bool {
        match self {
            // A modulus of an odd length is a sign of a broken generator (CA/Browser Forum baseline, 6.1.1.3).
            Self::Rsa(bits) | Self::RsaPss(bits, _) => bits >= strength.min_rsa_bits && bits % 8 == 0,
            Self::Ec(curve) => curve.bits() >= strength.min_ec_bits,
            Self::Ed25519 | Self::Ed448 | Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => true,
            Self::Other => false,
        }
    }
}

impl Curve {
    fn named(parameters: &[u8]) -> Option<Self> {
        let [certificate::OID, length, oid @ ..] = parameters else { return None };
        if usize::from(*length) != oid.len() {
            return None;
        }
        Some(match oid {
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7] => Self::P256,
            [0x2b, 0x81, 4, 0, 34] => Self::P384,
            [0x2b, 0x81, 4, 0, 35] => Self::P521,
            // secp224r1, prime192v1, secp256k1.
            [0x2b, 0x81, 4, 0, 33] => Self::Other(224),
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1] => Self::Other(192),
            [0x2b, 0x81, 4, 0, 10] => Self::Other(256),
            // brainpoolP{160,192,224,256,320,384,512}{r,t}1.
            [0x2b, 0x24, 3, 3, 2, 8, 1, 1, arc @ 1..=14] => {
                Self::Other([160, 192, 224, 256, 320, 384, 512][usize::from((arc - 1) / 2)])
            }
            _ => return None,
        })
    }

    fn bits(self) -> u32 {
        match self {
            Self::P256 => 256,
            Self::P384 => 384,
            Self::P521 => 521,
            Self::Other(bits) => bits,
        }
    }
}

/// The object identifier and the parameters' DER of an AlgorithmIdentifier; None where it is longer than those that are
/// known, which are all shorter than 128 bytes.
pub(super) fn algorithm_parts(der: &[u8]) -> Option<(&[u8], &[u8])> {
    match der {
        [certificate::SEQUENCE, length @ ..=0x7f, certificate::OID, oid_length, rest @ ..]
            if usize::from(*length) == rest.len() + 2 =>
        {
            rest.split_at_checked(usize::from(*oid_length))
        }
        _ => None,
    }
}

/// The digest of RSASSA-PSS-params where digest, mask digest and salt length agree, which is all that is supported
/// (RFC 4055 section 3.1; RFC 8446 section 4.2.3 asks for the same).
pub(super) fn pss_digest(parameters: &[u8]) -> Option<Digest> {
    const FIELD: &str = "RSASSA-PSS-params";
    let mut outer = Reader::new(parameters);
    let mut fields = outer.enter(certificate::SEQUENCE, FIELD).ok()?;
    outer.finish(FIELD).ok()?;
    let hash = fields.optional(0xa0, FIELD).ok()??;
    let mask = fields.optional(0xa1, FIELD).ok()??;
    let salt = fields.optional(0xa2, FIELD).ok()??;
    if let Some(trailer) = fields.optional(0xa3, FIELD).ok()?
        && fields.content(&trailer) != [2, 1, 1]
    {
        return None;
    }
    fields.finish(FIELD).ok()?;
    let digest = digest_of(fields.content(&hash))?;
    let (mgf1, mask_hash) = algorithm_parts(fields.content(&mask))?;
    let salt_length = fields.within(&salt).small_integer(2, FIELD).ok()?;
    let agrees = mgf1 == [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8]
        && digest_of(mask_hash) == Some(digest)
        && salt_length as usize == digest.length();
    agrees.then_some(digest)
}

impl Digest {
    fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

fn digest_of(algorithm: &[u8]) -> Option<Digest> {
    let (oid, parameters) = algorithm_parts(algorithm)?;
    if !matches!(parameters, [] | [5, 0]) {
        return None;
    }
    match oid {
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1] => Some(Digest::Sha256),
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2] => Some(Digest::Sha384),
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3] => Some(Digest::Sha512),
        _ => None,
    }
}

/// The bits of the modulus of an RSAPublicKey (RFC 8017 appendix A.1.1).
fn modulus_bits(key: &[u8]) -> Option<u32> {
    const FIELD: &str = "RSAPublicKey";
    let mut outer = Reader::new(key);
    let mut fields = outer.enter(certificate::SEQUENCE, FIELD).ok()?;
    outer.finish(FIELD).ok()?;
    // Only its size counts here, so the bytes are read as a magnitude, as OpenSSL does: signatures are checked by others.
    let modulus = fields.expect(certificate::INTEGER, FIELD).ok()?;
    fields.expect(certificate::INTEGER, FIELD).ok()?;
    fields.finish(FIELD).ok()?;
    let bytes = fields.content(&modulus);
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[zeros..];
    let first = bytes.first()?;
    u32::try_from(bytes.len() * 8).ok().map(|bits| bits - first.leading_zeros())
}
