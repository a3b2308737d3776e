//! Certificates made at the start of each run, as large as those that people have.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pem::{EncodeConfig, LineEnding, Pem, encode_config};
use pki_types::CertificateDer;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PublicKeyData, RsaKeySize, SanType, SerialNumber,
    SignatureAlgorithm, SigningKey, date_time_ymd,
};

/// The kinds of key that the report compares.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    Rsa2048,
    P256,
    P384,
    Ed25519,
}

impl KeyType {
    pub const ALL: [Self; 4] = [Self::Rsa2048, Self::P256, Self::P384, Self::Ed25519];

    pub fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "RSA-2048",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::Ed25519 => "Ed25519",
        }
    }

    pub fn generate(self) -> Key {
        let key = match self {
            Self::Rsa2048 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048),
            Self::P256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            Self::P384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
            Self::Ed25519 => KeyPair::generate_for(&rcgen::PKCS_ED25519),
        };
        Key(Arc::new(key.expect("a key of a common kind")))
    }
}

/// A key pair that several certificates may share.
#[derive(Clone)]
pub struct Key(Arc<KeyPair>);

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        self.0.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.0.algorithm()
    }
}

impl SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.0.sign(message)
    }
}

/// A chain as it is presented: the leaf, and the intermediates after it.
#[derive(Clone)]
pub struct Chain {
    der: Vec<u8>,
    certificates: Vec<CertificateDer<'static>>,
}

impl Chain {
    pub fn new(certificates: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let certificates: Vec<Vec<u8>> = certificates.into_iter().collect();
        Self { der: certificates.concat(), certificates: certificates.into_iter().map(CertificateDer::from).collect() }
    }

    /// All certificates in one buffer.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Each certificate, apart.
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.certificates
    }

    pub fn leaf(&self) -> &[u8] {
        &self.certificates[0]
    }
}

/// A certification authority: its certificate, and what it needs to issue more.
#[derive(Clone)]
pub struct Authority<K = Key> {
    params: CertificateParams,
    key: K,
    der: Vec<u8>,
}

impl<K: SigningKey> Authority<K> {
    /// A root. Its key identifier is that of its key, unless `params` says otherwise.
    pub fn root(params: CertificateParams, key: K) -> Self {
        let params = with_fixed_key_identifier(params, &key);
        let der = params.self_signed(&key).expect("a root").der().to_vec();
        Self { params, key, der }
    }

    /// An intermediate under `issuer`.
    pub fn under(issuer: &Authority<impl SigningKey>, params: CertificateParams, key: K) -> Self {
        let params = with_fixed_key_identifier(params, &key);
        let der = issuer.issue(&params, &key);
        Self { params, key, der }
    }

    /// The certificate for `key` that `params` describe.
    pub fn issue(&self, params: &CertificateParams, key: &impl PublicKeyData) -> Vec<u8> {
        let issuer = Issuer::from_params(&self.params, &self.key);
        params.signed_by(key, &issuer).expect("a certificate").der().to_vec()
    }

    /// Someone else who uses this authority's name and key identifier with a key of his own.
    pub fn impersonated_with<O: SigningKey>(&self, key: O) -> Authority<O> {
        Authority { params: self.params.clone(), key, der: Vec::new() }
    }

    pub fn der(&self) -> &[u8] {
        &self.der
    }

    pub fn params(&self) -> &CertificateParams {
        &self.params
    }

    pub fn key(&self) -> &K {
        &self.key
    }
}

/// What certification authorities have.
pub fn authority(common_name: &str) -> CertificateParams {
    let mut params = named(common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// What client certificates have.
pub fn client(common_name: &str) -> CertificateParams {
    let mut params = named(common_name);
    let email = format!("{}@example.com", common_name.to_lowercase().replace(' ', "."));
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.subject_alt_names = vec![SanType::Rfc822Name(email.try_into().expect("ASCII"))];
    params
}

/// The same without subjectKeyIdentifier and authorityKeyIdentifier.
pub fn without_key_identifiers(mut params: CertificateParams) -> CertificateParams {
    if matches!(params.is_ca, IsCa::Ca(_)) {
        // rcgen writes both extensions or none, so the constraint is written by hand.
        let mut constraint = CustomExtension::from_oid_content(&[2, 5, 29, 19], vec![0x30, 3, 1, 1, 0xff]);
        constraint.set_criticality(true);
        params.custom_extensions.push(constraint);
    }
    params.is_ca = IsCa::NoCa;
    params.use_authority_key_identifier_extension = false;
    params
}

/// Certificates as PEM.
pub fn pem<'a>(certificates: impl IntoIterator<Item = &'a [u8]>) -> String {
    let lines = EncodeConfig::new().set_line_ending(LineEnding::LF);
    certificates.into_iter().map(|der| encode_config(&Pem::new("CERTIFICATE", der), lines)).collect()
}

/// A root and chains under it, each by another client: `length` certificates with the root, which is not presented.
pub struct Population {
    pub root: Vec<u8>,
    pub chains: Vec<Chain>,
}

impl Population {
    /// Every client has intermediates of his own, which nobody has seen before him.
    pub fn of_strangers(key_type: KeyType, length: usize, clients: usize) -> Self {
        let keys = Keys::new(key_type);
        let root = Authority::root(authority("Example Root CA"), keys.get(0));
        let chains = (0..clients).map(|client| {
            let intermediates = intermediates(&root, &keys, length - 2, client);
            chain(&root, &intermediates, &keys, client)
        });
        Self { chains: chains.collect(), root: root.der }
    }

    /// All clients have the same intermediates.
    pub fn of_colleagues(key_type: KeyType, length: usize, clients: usize) -> Self {
        let keys = Keys::new(key_type);
        let root = Authority::root(authority("Example Root CA"), keys.get(0));
        let intermediates = intermediates(&root, &keys, length - 2, 0);
        let chains = (0..clients).map(|client| chain(&root, &intermediates, &keys, client));
        Self { chains: chains.collect(), root: root.der }
    }
}

/// A few keys that take turns: RSA keys take long to make.
struct Keys(Vec<Key>);

impl Keys {
    fn new(key_type: KeyType) -> Self {
        Self((0..12).map(|_| key_type.generate()).collect())
    }

    fn get(&self, number: usize) -> Key {
        self.0[number % self.0.len()].clone()
    }
}

fn intermediates(root: &Authority, keys: &Keys, count: usize, client: usize) -> Vec<Authority> {
    let mut path: Vec<Authority> = Vec::with_capacity(count);
    for depth in 0..count {
        let params = authority(&format!("Example Issuing CA {client}-{depth}"));
        let key = keys.get(1 + client * count + depth);
        path.push(Authority::under(path.last().unwrap_or(root), params, key));
    }
    path
}

fn chain(root: &Authority, intermediates: &[Authority], keys: &Keys, number: usize) -> Chain {
    let issuer = intermediates.last().unwrap_or(root);
    let leaf = issuer.issue(&client(&format!("Client {number}")), &keys.get(number + 5));
    Chain::new([leaf].into_iter().chain(intermediates.iter().rev().map(|authority| authority.der.clone())))
}

fn named(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2049, 1, 1);
    params.serial_number = Some(next_serial());
    params.distinguished_name = name(common_name);
    params.use_authority_key_identifier_extension = true;
    params
}

fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, "DE");
    name.push(DnType::OrganizationName, "Example Company Ltd");
    name.push(DnType::OrganizationalUnitName, "Client Certificates");
    name.push(DnType::CommonName, common_name);
    name
}

/// Sixteen bytes, as public authorities use, never the same twice.
fn next_serial() -> SerialNumber {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut bytes = [0x5a; 16];
    bytes[8..].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    SerialNumber::from_slice(&bytes)
}

fn with_fixed_key_identifier(mut params: CertificateParams, key: &impl PublicKeyData) -> CertificateParams {
    params.key_identifier_method = KeyIdMethod::PreSpecified(params.key_identifier(key));
    params
}
