//! The names of a certificate's algorithms, and the size of its key.

use super::der::{self, Reader};
use super::{Certificate, oid};

impl<'a> Certificate<'a> {
    /// OpenSSL's long name of the signature algorithm, such as `ecdsa-with-SHA256`; `None` where it knows none.
    pub fn signature_algorithm_name(&self) -> Option<&'static str> {
        oid::long_name(self.signature_algorithm_oid())
    }

    /// OpenSSL's long name of the key's algorithm, such as `id-ecPublicKey`; `None` where it knows none.
    pub fn key_algorithm_name(&self) -> Option<&'static str> {
        oid::long_name(self.key_algorithm_oid())
    }

    /// The size of the key in bits, as people speak of it: an RSA or DSA modulus, the order of a curve; 256 for
    /// Ed25519 and 456 for Ed448. `None` where the algorithm or curve is unknown or the key is broken.
    pub fn key_bits(&self) -> Option<u32> {
        let (oid, parameters) = algorithm_identifier(self.key_algorithm());
        Some(match oid {
            // rsaEncryption, id-RSASSA-PSS
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1 | 10] => integer_bits(self.key())?,
            // id-dsa: the modulus is the first of the parameters.
            [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1] => integer_bits(parameters)?,
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1] => curve_bits(Reader::new(parameters).oid("namedCurve").ok()?)?,
            [0x2b, 0x65, 0x6e | 0x70] => 256,
            [0x2b, 0x65, 0x6f] => 448,
            [0x2b, 0x65, 0x71] => 456,
            _ => return None,
        })
    }

    /// The content bytes of the signature algorithm's object identifier.
    pub(crate) fn signature_algorithm_oid(&self) -> &'a [u8] {
        algorithm_identifier(self.signature_algorithm()).0
    }

    /// The content bytes of the key algorithm's object identifier.
    pub(crate) fn key_algorithm_oid(&self) -> &'a [u8] {
        algorithm_identifier(self.key_algorithm()).0
    }
}

/// The object identifier and the DER of the parameters, empty where absent. The layout has checked the form.
pub(super) fn algorithm_identifier(der: &[u8]) -> (&[u8], &[u8]) {
    const FIELD: &str = "AlgorithmIdentifier";
    let read = || {
        let mut fields = Reader::new(der).enter(der::SEQUENCE, FIELD)?;
        let oid = fields.oid(FIELD)?;
        let parameters = if fields.is_empty() { &[][..] } else { fields.any(FIELD).map(|tlv| fields.whole(&tlv))? };
        Ok::<_, der::Malformed>((oid, parameters))
    };
    read().unwrap_or_default()
}

/// The bits of the INTEGER that a SEQUENCE starts with.
fn integer_bits(sequence: &[u8]) -> Option<u32> {
    let mut fields = Reader::new(sequence).enter(der::SEQUENCE, "key").ok()?;
    let integer = fields.integer("modulus").ok()?;
    match fields.content(&integer) {
        [first, ..] if first & 0x80 != 0 => None,
        [0, rest @ ..] | rest => {
            let zeros = rest.first().map_or(0, |first| first.leading_zeros());
            Some(u32::try_from(rest.len()).ok()?.checked_mul(8)? - zeros)
        }
    }
}

fn curve_bits(curve: &[u8]) -> Option<u32> {
    Some(match curve {
        // prime192v1, prime256v1
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1] => 192,
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7] => 256,
        // secp256k1, secp224r1, secp384r1, secp521r1
        [0x2b, 0x81, 4, 0, 10] => 256,
        [0x2b, 0x81, 4, 0, 33] => 224,
        [0x2b, 0x81, 4, 0, 34] => 384,
        [0x2b, 0x81, 4, 0, 35] => 521,
        // brainpoolP256r1, brainpoolP384r1, brainpoolP512r1
        [0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7] => 256,
        [0x2b, 0x24, 3, 3, 2, 8, 1, 1, 11] => 384,
        [0x2b, 0x24, 3, 3, 2, 8, 1, 1, 13] => 512,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_bits() {
        assert_eq!(integer_bits(&[0x30, 4, 2, 2, 0, 0x80]), Some(8));
        assert_eq!(integer_bits(&[0x30, 4, 2, 2, 1, 0]), Some(9));
        assert_eq!(integer_bits(&[0x30, 3, 2, 1, 0]), Some(0));
        assert_eq!(integer_bits(&[0x30, 3, 2, 1, 0x80]), None);
        assert_eq!(integer_bits(&[0x30, 0]), None);
    }
}
