//! Keys that sign test certificates.

use std::sync::OnceLock;

use rcgen::{KeyPair, PublicKeyData, SigningKey};

use super::der;

/// A key pair.
pub struct Key {
    pair: KeyPair,
    /// The AlgorithmIdentifier of its signatures.
    pub signature_algorithm: Vec<u8>,
}

impl Key {
    /// The `number`-th Ed25519 key: the same in every run, and so are its signatures.
    pub fn ed25519(number: u8) -> Self {
        let head = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
        let secret = der::concat(&[&head[..], &[number.wrapping_add(1); 32]]);
        let secret = pki_types::PrivatePkcs8KeyDer::from(secret);
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&secret, &rcgen::PKCS_ED25519).expect("an Ed25519 key");
        Self { pair, signature_algorithm: der::sequence(&[der::oid("1.3.101.112")]) }
    }

    /// One P-256 key of a small pool made in this run.
    pub fn p256(number: u8) -> &'static Self {
        static POOL: [OnceLock<Key>; 8] = [const { OnceLock::new() }; 8];
        POOL[usize::from(number) % POOL.len()].get_or_init(|| {
            let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a P-256 key");
            Self { pair, signature_algorithm: der::sequence(&[der::oid("1.2.840.10045.4.3.2")]) }
        })
    }

    /// A new P-384 key.
    pub fn p384() -> Self {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).expect("a P-384 key");
        Self { pair, signature_algorithm: der::sequence(&[der::oid("1.2.840.10045.4.3.3")]) }
    }

    /// A new RSA key of 2048 bits.
    pub fn rsa() -> Self {
        let pair = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("an RSA key");
        let null = vec![0x05, 0x00];
        Self { pair, signature_algorithm: der::sequence(&[der::oid("1.2.840.113549.1.1.11"), null]) }
    }

    /// The SubjectPublicKeyInfo.
    pub fn public(&self) -> Vec<u8> {
        self.pair.subject_public_key_info()
    }

    /// The key identifier that its certificates carry here: the first bytes of the key itself.
    pub fn identifier(&self) -> Vec<u8> {
        self.pair.der_bytes()[1..21].to_vec()
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).expect("a signature")
    }

    /// The private key, for who needs a key file.
    pub fn secret_pem(&self) -> String {
        self.pair.serialize_pem()
    }
}
