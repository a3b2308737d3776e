//! The chains themselves. All but the root and what the root issued is what anyone can make at home.

use rcgen::{
    CertificateParams, CustomExtension, DnType, GeneralSubtree, KeyIdMethod, NameConstraints, PublicKeyData, SanType,
    SignatureAlgorithm, SigningKey,
};

use crate::support::pki::{Authority, Chain, Key, KeyType, authority, client, without_key_identifiers};

/// One chain, the root that is trusted, and what must come out.
pub struct Case {
    pub name: &'static str,
    pub root: Vec<u8>,
    pub chain: Chain,
    /// A genuine chain that the verifier has accepted before.
    pub seen_before: Option<Chain>,
    pub expected: Expected,
}

#[derive(Clone, Copy)]
pub enum Expected {
    Accepted,
    Refused,
    /// A limit may strike, or may not.
    Either,
}

use Expected::{Accepted, Either, Refused};

/// Every case, from the plain to the large.
pub fn all() -> Vec<Case> {
    let site = Site::of("Example");
    let mut cases = vec![
        site.case("bad_signature", Refused, [site.leaf_with_bad_signature(), site.issuing.der().to_vec()]),
        site.case("unknown_ca", Refused, of_unknown_authority()),
        site.case("self_signed", Refused, [Authority::root(client("Client"), p256()).der().to_vec()]),
        site.case("garbage", Refused, [(0..1000).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()]),
        site.case("big64k", Accepted, site.with_one_large_extension(63_000)),
        site.case("dn64k", Either, site.with_many_attributes(1200)),
        site.case("san3k", Accepted, site.with_many_names(2600)),
        site.case("san10k", Either, site.with_many_names(10_000)),
        site.case("san1k_nc1k", Either, site.with_many_names_and_constraints(1000, 1000)),
        site.case("san10k_nc1k", Either, site.with_many_names_and_constraints(10_000, 1000)),
        site.case("policies", Either, site.with_many_policies(400)),
    ];
    cases.extend(crowds(&site));
    cases.extend(mazes(&site));
    cases.extend(large_keys(&site));
    cases
}

/// Candidates for one issuer, of which at most one is genuine.
fn crowds(site: &Site) -> Vec<Case> {
    let forged = site.root.impersonated_with(p256());
    let same_identifier = |_| {
        let mut params = site.issuing.params().clone();
        params.serial_number = authority("").serial_number;
        forged.issue(&params, &p256())
    };
    let other_identifier = |_| forged.issue(&authority("Example Issuing CA"), &p256());
    let no_identifier = |_| forged.issue(&without_key_identifiers(authority("Example Issuing CA")), &p256());

    let stranger = site.issuing.impersonated_with(p256());
    let forged_leaf = stranger.issue(&client("Client"), &p256());
    let bare_leaf = stranger.issue(&without_key_identifiers(client("Client")), &p256());
    let genuine = [site.issuing.der().to_vec()];
    let seen_before = Chain::new([site.leaf("Colleague"), site.issuing.der().to_vec()]);

    let mut cases = vec![
        site.case("cand100_forged", Refused, behind(bare_leaf, (0..100).map(no_identifier), [])),
        site.case("cand100_forged, key ids copied", Refused, behind(forged_leaf, (0..100).map(same_identifier), [])),
        site.case(
            "cand100_onegood",
            Accepted,
            behind(site.leaf("Client"), (0..99).map(other_identifier), genuine.clone()),
        ),
        site.case(
            "  key ids copied",
            Either,
            behind(site.leaf("Client"), (0..99).map(same_identifier), genuine.clone()),
        ),
        site.case(
            "  copied, remembered",
            Accepted,
            behind(site.leaf("Client"), (0..99).map(same_identifier), genuine.clone()),
        ),
        site.case(
            "  no key ids, remembered",
            Accepted,
            behind(site.leaf("Client"), (0..99).map(no_identifier), genuine.clone()),
        ),
        site.case(
            "dup100",
            Accepted,
            behind(site.leaf("Client"), (0..99).map(|_| genuine[0].clone()), genuine.clone()),
        ),
    ];
    for case in &mut cases {
        if case.name.ends_with("remembered") {
            case.seen_before = Some(seen_before.clone());
        }
    }
    cases
}

/// Paths that branch, all of which end at a signature that the root never made.
fn mazes(site: &Site) -> Vec<Case> {
    vec![
        site.case("cross100", Refused, site.mesh(10)),
        site.case("layers5x10", Refused, site.layers(5, 10, false)),
        site.case("layers10x10", Refused, site.layers(10, 10, false)),
        site.case("layers5x10, one key a layer", Refused, site.layers(5, 10, true)),
        site.case("layers10x10, one key a layer", Refused, site.layers(10, 10, true)),
        site.case("deep100", Refused, site.deep(99)),
    ]
}

/// RSA keys that make one signature dear: forged, and issued by the root itself.
fn large_keys(site: &Site) -> Vec<Case> {
    let sizes = [
        ("rsa8k_forged", "rsa8k_subca", 8192, 3),
        ("rsa16k_forged", "rsa16k_subca", 16_384, 3),
        ("rsa3k_bige_forged", "rsa3k_bige_subca", 3072, 3071),
        ("rsa4k_e64_forged", "rsa4k_e64_subca", 4096, 64),
    ];
    let mut cases = Vec::new();
    for (forged, genuine, modulus_bits, exponent_bits) in sizes {
        let key = FakeRsaKey::new(modulus_bits, exponent_bits);
        let impostor = site.root.impersonated_with(p256());
        let sub_ca = Authority::under(&impostor, authority("Large Key CA"), key.clone());
        let leaf = sub_ca.issue(&client("Client"), &p256());
        cases.push(site.case(forged, Refused, [leaf, sub_ca.der().to_vec()]));
        let sub_ca = Authority::under(&site.root, authority("Large Key CA"), key);
        let leaf = sub_ca.issue(&client("Client"), &p256());
        cases.push(site.case(genuine, Refused, [leaf, sub_ca.der().to_vec()]));
    }
    cases
}

/// A genuine root and a genuine issuing authority.
struct Site {
    root: Authority,
    issuing: Authority,
}

impl Site {
    fn of(company: &str) -> Self {
        let root = Authority::root(authority(&format!("{company} Root CA")), p256());
        let issuing = Authority::under(&root, authority(&format!("{company} Issuing CA")), p256());
        Self { root, issuing }
    }

    fn case(&self, name: &'static str, expected: Expected, chain: impl IntoIterator<Item = Vec<u8>>) -> Case {
        Case { name, root: self.root.der().to_vec(), chain: Chain::new(chain), seen_before: None, expected }
    }

    fn leaf(&self, common_name: &str) -> Vec<u8> {
        self.issuing.issue(&client(common_name), &p256())
    }

    fn issued(&self, params: &CertificateParams) -> Vec<Vec<u8>> {
        vec![self.issuing.issue(params, &p256()), self.issuing.der().to_vec()]
    }

    fn leaf_with_bad_signature(&self) -> Vec<u8> {
        let mut leaf = self.leaf("Client");
        *leaf.last_mut().expect("a certificate has bytes") ^= 1;
        leaf
    }

    fn with_one_large_extension(&self, bytes: usize) -> Vec<Vec<u8>> {
        let mut params = client("Client");
        params
            .custom_extensions
            .push(CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 55_555, 1], vec![0; bytes]));
        self.issued(&params)
    }

    fn with_many_attributes(&self, count: u64) -> Vec<Vec<u8>> {
        let mut params = client("Client");
        for number in 0..count {
            let kind = DnType::CustomDnType(vec![1, 3, 6, 1, 4, 1, 55_555, 2, number]);
            params.distinguished_name.push(kind, format!("Attribute number {number:05}, ä"));
        }
        self.issued(&params)
    }

    fn with_many_names(&self, count: usize) -> Vec<Vec<u8>> {
        self.issued(&named_many_times(count))
    }

    /// A sub-CA that the root restricts in many ways, and a leaf with many names.
    fn with_many_names_and_constraints(&self, names: usize, constraints: usize) -> Vec<Vec<u8>> {
        let mut params = authority("Restricted CA");
        let permitted_subtrees = vec![GeneralSubtree::DnsName("example.com".into())];
        let excluded = (0..constraints).map(|i| GeneralSubtree::DnsName(format!("x{i:05}.example.com")));
        params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: excluded.collect() });
        let restricted = Authority::under(&self.root, params, p256());
        vec![restricted.issue(&named_many_times(names), &p256()), restricted.der().to_vec()]
    }

    /// Three genuine sub-CAs, each of which maps every policy to every other of a group.
    fn with_many_policies(&self, count: u32) -> Vec<Vec<u8>> {
        let mut chain = Vec::new();
        let mut issuer = self.root.clone();
        for depth in 0..3 {
            let mut params = authority(&format!("Policy CA {depth}"));
            params.custom_extensions.extend([policies(count), policy_mappings(count)]);
            let sub_ca = Authority::under(&issuer, params, p256());
            chain.insert(0, sub_ca.der().to_vec());
            issuer = sub_ca;
        }
        let mut params = client("Client");
        params.custom_extensions.push(policies(count));
        chain.insert(0, issuer.issue(&params, &p256()));
        chain
    }

    /// Authorities that have all certified each other, and each claims to be certified by the root.
    fn mesh(&self, size: usize) -> Vec<Vec<u8>> {
        let forged_root = self.root.impersonated_with(p256());
        let members: Vec<Authority> =
            (0..size).map(|i| Authority::under(&forged_root, authority(&format!("Mesh CA {i}")), p256())).collect();
        let mut chain = vec![members[0].issue(&client("Client"), &p256())];
        for subject in &members {
            for issuer in members.iter().filter(|issuer| issuer.der() != subject.der()) {
                chain.push(issuer.issue(subject.params(), subject.key()));
            }
        }
        chain.extend(members.iter().map(|member| member.der().to_vec()));
        chain
    }

    /// Layers of authorities of one name a layer; the last claims to be certified by the root.
    fn layers(&self, depth: usize, width: usize, one_key: bool) -> Vec<Vec<u8>> {
        let mut issuer = self.root.impersonated_with(p256());
        let mut chain = Vec::new();
        for layer in 0..depth {
            let key = p256();
            let members: Vec<Authority> = (0..width)
                .map(|_| {
                    let key = if one_key { key.clone() } else { p256() };
                    let mut params = authority(&format!("Layer {layer} CA"));
                    // One identifier for all, so that nothing but the signatures tells them apart.
                    params.key_identifier_method = KeyIdMethod::PreSpecified(vec![0x77; 20]);
                    Authority::under(&issuer, params, key)
                })
                .collect();
            chain.splice(0..0, members.iter().map(|member| member.der().to_vec()));
            issuer = members.into_iter().next_back().expect("a layer has members");
        }
        chain.insert(0, issuer.issue(&client("Client"), &p256()));
        chain
    }

    /// A genuine chain of so many intermediates, deeper than the depth that is allowed.
    fn deep(&self, depth: usize) -> Vec<Vec<u8>> {
        let mut chain = Vec::new();
        let mut issuer = self.root.clone();
        for level in 0..depth {
            issuer = Authority::under(&issuer, authority(&format!("Deep CA {level}")), p256());
            chain.insert(0, issuer.der().to_vec());
        }
        chain.insert(0, issuer.issue(&client("Client"), &p256()));
        chain
    }
}

fn p256() -> Key {
    KeyType::P256.generate()
}

fn of_unknown_authority() -> Vec<Vec<u8>> {
    let stranger = Site::of("Other");
    vec![stranger.leaf("Client"), stranger.issuing.der().to_vec()]
}

/// The leaf, the crowd, and who stands behind it.
fn behind<const N: usize>(leaf: Vec<u8>, crowd: impl Iterator<Item = Vec<u8>>, last: [Vec<u8>; N]) -> Vec<Vec<u8>> {
    [leaf].into_iter().chain(crowd).chain(last).collect()
}

fn named_many_times(count: usize) -> CertificateParams {
    let mut params = client("Client");
    let name = |i| SanType::DnsName(format!("host{i:05}.example.com").try_into().expect("ASCII"));
    params.subject_alt_names = (0..count).map(name).collect();
    params
}

/// certificatePolicies with `count` policies 1.3.6.1.4.1.311.n.
fn policies(count: u32) -> CustomExtension {
    let content: Vec<u8> = (0..count).flat_map(|number| sequence(&policy(number))).collect();
    CustomExtension::from_oid_content(&[2, 5, 29, 32], sequence(&content))
}

/// policyMappings from each policy to its neighbour.
fn policy_mappings(count: u32) -> CustomExtension {
    let mapping = |number| sequence(&[policy(number), policy((number + 1) % count)].concat());
    let content: Vec<u8> = (0..count).flat_map(mapping).collect();
    CustomExtension::from_oid_content(&[2, 5, 29, 33], sequence(&content))
}

fn policy(number: u32) -> Vec<u8> {
    let [high, low] = [(number >> 7 & 0x7f) as u8 | 0x80, (number & 0x7f) as u8];
    // The lead byte of an arc may not be 0x80, so arcs start at 128.
    vec![6, 9, 0x2b, 6, 1, 4, 1, 0x82, 0x37, if high == 0x80 { 0xff } else { high }, low]
}

/// A DER SEQUENCE, or an INTEGER in the same way.
fn sequence(content: &[u8]) -> Vec<u8> {
    tagged(0x30, content)
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|&&byte| byte == 0).count()..];
    let mut der = vec![tag];
    match significant {
        [] => der.push(0),
        [short] if *short < 0x80 => der.push(*short),
        long => {
            der.push(0x80 | u8::try_from(long.len()).expect("at most eight"));
            der.extend(long);
        }
    }
    der.extend(content);
    der
}

/// A public RSA key of any size, whose signatures are bytes of the right length and nothing more.
#[derive(Clone)]
struct FakeRsaKey {
    public_key: Vec<u8>,
    signature_length: usize,
}

impl FakeRsaKey {
    fn new(modulus_bits: usize, exponent_bits: usize) -> Self {
        let public_key = sequence(&[odd_integer(modulus_bits), odd_integer(exponent_bits)].concat());
        Self { public_key, signature_length: modulus_bits / 8 }
    }
}

impl PublicKeyData for FakeRsaKey {
    fn der_bytes(&self) -> &[u8] {
        &self.public_key
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

impl SigningKey for FakeRsaKey {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        // Smaller than the modulus, so that the exponentiation really takes place.
        Ok((0..self.signature_length).map(|position| if position == 0 { 1 } else { 0x5a }).collect())
    }
}

/// An INTEGER with its highest and lowest bits set, as moduli and exponents have them.
fn odd_integer(bits: usize) -> Vec<u8> {
    let mut content = vec![0xa5; bits.div_ceil(8)];
    let highest = 1 << ((bits - 1) % 8);
    content[0] = highest | (content[0] & (highest - 1));
    if highest == 0x80 {
        content.insert(0, 0);
    }
    tagged(2, &content)
}
