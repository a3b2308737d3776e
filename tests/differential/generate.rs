//! Chains: a small public key infrastructure each, bent in a few places.

use std::sync::OnceLock;

use crate::random::Random;
use crate::support::certificate::{sign, time};
use crate::support::extension::{self, Extension};
use crate::support::name::{COMMON_NAME, EMAIL_ADDRESS, ORGANIZATION};
use crate::support::{Key, NOW, Template, der, name};

/// What every verifier is asked.
pub struct Case {
    pub anchors: Vec<Vec<u8>>,
    /// Leaf first.
    pub chain: Vec<Vec<u8>>,
    pub time: i64,
    /// What was bent, in words.
    pub story: Vec<String>,
}

/// A certificate before it is signed.
#[derive(Clone)]
struct Link {
    template: Template,
    /// The number of the key that signs it.
    signer: usize,
    /// Another key than the name says has signed.
    forged: bool,
}

/// The certificate of this number in the stream that the seed starts.
pub fn case(seed: u64, number: u64) -> Case {
    let mut random = Random::new(seed, number);
    let mut story = Vec::new();
    let mut links = path(&mut random);

    let bends = *random.pick(&[0, 1, 1, 1, 2, 2, 3, 4]);
    for _ in 0..bends {
        let index = random.below(links.len());
        let (what, bend) = random.pick(BENDS);
        story.push(format!("{index}: {what}"));
        bend(&mut random, &mut links[index], index);
    }
    if random.chance(25) {
        constrain(&mut random, &mut links, &mut story);
    }
    if random.chance(12) {
        respell(&mut random, &mut links, &mut story);
    }

    let mut anchors = vec![links.remove(0)];
    let leaf = links.pop().expect("a path has a leaf");
    let mut others = links;
    rearrange(&mut random, &mut anchors, &leaf, &mut others, &mut story);

    let mut chain: Vec<Vec<u8>> = std::iter::once(&leaf).chain(&others).map(Link::encode).collect();
    if random.chance(10) {
        damage(&mut random, &mut chain, &leaf, &mut story);
    }
    let time = NOW + *random.pick(&[0, 0, 0, 0, 0, 0, -1, 1]);
    Case { anchors: anchors.iter().map(Link::encode).collect(), chain, time, story }
}

impl Link {
    fn put(&mut self, extension: Extension) {
        self.template = self.template.clone().with(extension);
    }

    fn drop(&mut self, oid: &str) {
        self.template = self.template.clone().without(oid);
    }

    fn encode(&self) -> Vec<u8> {
        self.template.sign(key(self.signer + usize::from(self.forged)))
    }
}

/// Keys that are the same in every run; two of them are P-256, whose signatures are not.
fn key(number: usize) -> &'static Key {
    static KEYS: OnceLock<Vec<Key>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| (0..16).map(Key::ed25519).collect());
    match number % 18 {
        number @ 0..16 => &keys[number],
        number => Key::p256(number as u8),
    }
}

/// A path as RFC 5280 wants it, the pinned CA first and the leaf last. The certificate at `index` has the key `index`.
fn path(random: &mut Random) -> Vec<Link> {
    let intermediates = *random.pick(&[0, 1, 1, 1, 2, 2, 3]);
    let first = if random.chance(10) { 14 } else { random.below(8) };
    let names: Vec<String> = (0..=intermediates).map(|index| format!("CA {index}")).collect();
    let mut links = Vec::new();
    for (index, subject) in names.iter().enumerate() {
        let issuer = &names[index.saturating_sub(1)];
        let signer = first + index.saturating_sub(1);
        let template = Template::authority(issuer, subject, key(first + index));
        let authority = extension::authority_key_identifier(&key(signer).identifier());
        links.push(Link { template: template.with(authority), signer, forged: false });
    }
    let signer = first + intermediates;
    let leaf = Template::client(&names[intermediates], "alice", key(signer + 1))
        .with(extension::authority_key_identifier(&key(signer).identifier()))
        .with(extension::subject_alt_name(&[name::email("alice@example.com"), name::dns("alice.example.com")]));
    links.push(Link { template: leaf, signer, forged: false });
    links
}

type Bend = fn(&mut Random, &mut Link, usize);

const BENDS: &[(&str, Bend)] = &[
    ("version 1", |_, link, _| {
        link.template.version = 1;
        link.template.extensions.clear();
    }),
    ("version 2", |_, link, _| {
        link.template.version = 2;
        link.template.extensions.clear();
    }),
    ("extensions in version 1", |_, link, _| link.template.version = 1),
    ("dates", |random, link, _| {
        let dates = [
            "190101000000Z",
            "200101000000Z",
            "260531235959Z",
            "260601000000Z",
            "260601000001Z",
            "400101000000Z",
            "500101000000Z",
            "99991231235959Z",
            "20260601000000Z",
            "20500101000000Z",
            "000101000000Z",
            "491231235959Z",
            "19491231235959Z",
        ];
        let [from, to] = [(); 2].map(|()| *random.pick(&dates));
        link.template.not_before = time(from);
        link.template.not_after = time(to);
    }),
    ("no basicConstraints", |_, link, _| link.drop(extension::BASIC_CONSTRAINTS)),
    ("basicConstraints", |random, link, _| {
        let length = *random.pick(&[None, None, Some(0), Some(1), Some(2), Some(70_000)]);
        let constraints = extension::basic_constraints(random.chance(60), length);
        link.put(soften(random, constraints));
    }),
    ("pathLenConstraint", |random, link, _| {
        let constraints = extension::basic_constraints(true, Some(random.below(3) as u32));
        link.put(constraints);
    }),
    ("no keyUsage", |_, link, _| link.drop(extension::KEY_USAGE)),
    ("keyUsage", |random, link, _| {
        let bits: Vec<u8> = random.some(&[0, 1, 2, 3, 4, 5, 6, 7, 8], 3).into_iter().copied().collect();
        let usage = extension::key_usage(&bits);
        link.put(soften(random, usage));
    }),
    ("no extKeyUsage", |_, link, _| link.drop(extension::EXTENDED_KEY_USAGE)),
    ("extKeyUsage", |random, link, _| {
        let purposes = random.some(PURPOSES, 2);
        let purposes: Vec<&str> = purposes.into_iter().copied().chain([*random.pick(PURPOSES)]).collect();
        let usage = extension::extended_key_usage(&purposes);
        link.put(soften(random, usage));
    }),
    ("criticality turned", |random, link, _| {
        if !link.template.extensions.is_empty() {
            let index = random.below(link.template.extensions.len());
            let extension = &mut link.template.extensions[index];
            extension.critical = !extension.critical;
        }
    }),
    ("unknown extension", |random, link, _| {
        let unknown = Extension::new("1.3.6.1.4.1.55555.1", der::integer(1));
        let unknown = if random.chance(50) { unknown.critical() } else { unknown };
        link.template.extensions.push(unknown);
    }),
    ("extension twice", |random, link, _| {
        if !link.template.extensions.is_empty() {
            let twice = random.pick(&link.template.extensions).clone();
            link.template.extensions.push(twice);
        }
    }),
    ("extension of rubbish", |random, link, _| {
        if !link.template.extensions.is_empty() {
            let index = random.below(link.template.extensions.len());
            link.template.extensions[index].value = random.pick(RUBBISH).to_vec();
        }
    }),
    ("extensions in another order", |random, link, _| random.shuffle(&mut link.template.extensions)),
    ("nameConstraints", |random, link, index| {
        let permitted = general_names(random, &bases(), 2);
        let excluded = general_names(random, &bases(), if permitted.is_empty() || index == 0 { 2 } else { 1 });
        if !permitted.is_empty() || !excluded.is_empty() {
            let constraints = extension::name_constraints(&permitted, &excluded);
            link.put(soften(random, constraints));
        }
    }),
    ("nameConstraints", |random, link, _| {
        let permitted = general_names(random, &bases(), 3);
        if !permitted.is_empty() {
            link.put(extension::name_constraints(&permitted, &[]));
        }
    }),
    ("subjectAltName", |random, link, _| {
        let names = general_names(random, &alternative_names(), 3);
        match names.is_empty() {
            true => link.drop(extension::SUBJECT_ALT_NAME),
            false => link.put(extension::subject_alt_name(&names)),
        }
    }),
    ("certificatePolicies", |random, link, _| {
        let policies: Vec<&str> = random.some(POLICIES, 3).into_iter().copied().collect();
        if !policies.is_empty() {
            let policies = extension::certificate_policies(&policies);
            link.put(policies);
        }
    }),
    ("certificatePolicies and policyConstraints", |random, link, _| {
        let constraints = extension::policy_constraints(Some(random.below(3) as u8), None);
        let policies = extension::certificate_policies(&[*random.pick(POLICIES)]);
        link.put(constraints);
        link.put(policies);
    }),
    ("policyMappings", |random, link, _| {
        let mappings = extension::policy_mappings(&[(*random.pick(POLICIES), *random.pick(POLICIES))]);
        let policies = extension::certificate_policies(&[*random.pick(POLICIES)]);
        link.put(mappings);
        link.put(policies);
    }),
    ("inhibitAnyPolicy", |random, link, _| {
        link.put(extension::inhibit_any_policy(random.below(2) as u32));
    }),
    ("other key identifiers", |random, link, _| {
        let identifier = vec![random.below(256) as u8; 20];
        let extension = match random.chance(50) {
            true => extension::subject_key_identifier(&identifier),
            false => extension::authority_key_identifier(&identifier),
        };
        link.put(extension);
    }),
    ("no key identifiers", |_, link, _| {
        link.drop(extension::SUBJECT_KEY_IDENTIFIER);
        link.drop(extension::AUTHORITY_KEY_IDENTIFIER);
    }),
    ("serial number", |random, link, _| {
        let serials: [&[u8]; 6] = [&[0], &[0xff, 0x01], &[0x80], &[0x7f; 100], &[0, 1], &[]];
        link.template.serial = random.pick(&serials).to_vec();
    }),
    ("subject", |random, link, _| {
        let subjects = [
            der::sequence(&[[]; 0]),
            name::name(&[(ORGANIZATION, der::PRINTABLE_STRING, b"Example"), (COMMON_NAME, der::UTF8_STRING, b"alice")]),
            name::name(&[
                (COMMON_NAME, der::UTF8_STRING, b"alice"),
                (EMAIL_ADDRESS, der::IA5_STRING, b"alice@example.com"),
            ]),
            name::name(&[(COMMON_NAME, der::UTF8_STRING, b"eve"), (EMAIL_ADDRESS, der::IA5_STRING, b"eve@other.org")]),
            name::common_name("www.example.com"),
        ];
        link.template.subject.clone_from(random.pick(&subjects));
    }),
    ("issuer", |random, link, _| link.template.issuer = name::common_name(&format!("CA {}", random.below(4)))),
    ("signed by another", |_, link, _| link.forged = true),
];

const PURPOSES: &[&str] = &[
    extension::CLIENT_AUTH,
    extension::CLIENT_AUTH,
    extension::SERVER_AUTH,
    extension::EMAIL_PROTECTION,
    extension::ANY_EXTENDED_KEY_USAGE,
    "1.3.6.1.4.1.311.20.2.2",
];

const POLICIES: &[&str] = &["1.3.6.1.4.1.55555.7.1", "1.3.6.1.4.1.55555.7.2", extension::ANY_POLICY];

const RUBBISH: &[&[u8]] = &[
    &[],
    &[0x05, 0x00],
    &[0x30, 0x00],
    &[0x30, 0x03, 0x01, 0x01, 0x01],
    &[0x30, 0x80, 0x00, 0x00],
    &[0x03, 0x02, 0x07, 0x80],
    &[0x03, 0x02, 0x00, 0x00],
    &[0x03, 0x01, 0x00],
    &[0x30, 0x06, 0x01, 0x01, 0x00, 0x02, 0x01, 0x00],
    &[0x02, 0x01, 0xff],
];

/// Sometimes not critical.
fn soften(random: &mut Random, mut extension: Extension) -> Extension {
    extension.critical = random.chance(70);
    extension
}

fn general_names(random: &mut Random, among: &[Vec<u8>], most: usize) -> Vec<Vec<u8>> {
    random.some(among, most).into_iter().cloned().collect()
}

/// Names of a client.
fn alternative_names() -> Vec<Vec<u8>> {
    let mut names = vec![
        name::email("alice@example.com"),
        name::email("alice@EXAMPLE.com"),
        name::email("Alice@mail.example.com"),
        name::email("eve@other.org"),
        name::email("nobody"),
        name::uri("https://example.com/alice"),
        name::uri("https://alice@www.example.com:8443/"),
        name::uri("spiffe://example.com/alice"),
        name::uri("https://192.0.2.1/"),
        name::uri("urn:alice"),
        name::ip(&[192, 0, 2, 1]),
        name::ip(&[198, 51, 100, 1]),
        name::ip(&[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        name::ip(&[192, 0, 2]),
        name::directory(&name::common_name("alice")),
        name::directory(&name::name(&[(ORGANIZATION, der::PRINTABLE_STRING, b"example")])),
        name::upn("alice@example.com"),
        name::registered_id("1.2.3.4"),
        der::tlv(0x80, b"alice"),
        der::tlv(0x8a, b"alice"),
    ];
    let hosts = [
        "example.com",
        "www.example.com",
        "WWW.Example.com",
        "a.www.example.com",
        "other.org",
        "notexample.com",
        "*.example.com",
        "*.www.example.com",
        "example.com.",
        "two words",
    ];
    names.extend(hosts.map(name::dns));
    names
}

/// What constraints are about.
fn bases() -> Vec<Vec<u8>> {
    let mut bases = vec![
        name::email("alice@example.com"),
        name::email("example.com"),
        name::email(".example.com"),
        name::email("other.org"),
        name::uri("example.com"),
        name::uri(".example.com"),
        name::uri("other.org"),
        name::ip(&[192, 0, 2, 0, 255, 255, 255, 0]),
        name::ip(&[0, 0, 0, 0, 0, 0, 0, 0]),
        name::ip(&[192, 0, 2, 0, 255, 0, 255, 0]),
        name::ip(&[192, 0, 2, 0]),
        name::ip(&[0; 32]),
        name::directory(&name::common_name("alice")),
        name::directory(&name::name(&[(ORGANIZATION, der::UTF8_STRING, b"EXAMPLE")])),
        name::directory(&der::sequence(&[[]; 0])),
        name::upn("alice@example.com"),
        name::registered_id("1.2.3"),
    ];
    let hosts = ["example.com", ".example.com", "www.example.com", "EXAMPLE.COM", "other.org", "com", ""];
    bases.extend(hosts.map(name::dns));
    bases
}

/// Gives a CA constraints of one kind, and a certificate below it names of that kind.
fn constrain(random: &mut Random, links: &mut [Link], story: &mut Vec<String>) {
    let kind = *random.pick(&[0x81, 0x82, 0x82, 0x86, 0x87, 0xa4, 0xa0]);
    let of_kind = |names: Vec<Vec<u8>>| -> Vec<Vec<u8>> { names.into_iter().filter(|name| name[0] == kind).collect() };
    let (bases, names) = (of_kind(bases()), of_kind(alternative_names()));
    let permitted = general_names(random, &bases, 2);
    let excluded =
        if permitted.is_empty() || random.chance(30) { vec![random.pick(&bases).clone()] } else { Vec::new() };
    let below = links.len() - 1;
    let above = random.below(below);
    links[above].put(extension::name_constraints(&permitted, &excluded));
    let named = if random.chance(80) { below } else { above + random.below(below - above) + 1 };
    let mut given = general_names(random, &names, 1);
    given.push(random.pick(&names).clone());
    links[named].put(extension::subject_alt_name(&given));
    story.push(format!("{above}: constraints of kind {kind:02x}; {named}: names of that kind"));
}

/// Writes the issuer's name in one certificate in other characters that mean the same.
fn respell(random: &mut Random, links: &mut [Link], story: &mut Vec<String>) {
    let index = random.below(links.len());
    let issuer = index.saturating_sub(1);
    let spellings: [(u8, String); 4] = [
        (der::PRINTABLE_STRING, format!("CA {issuer}")),
        (der::UTF8_STRING, format!("ca {issuer}")),
        (der::UTF8_STRING, format!(" CA   {issuer} ")),
        (der::TELETEX_STRING, format!("CA {issuer}")),
    ];
    let (tag, text) = random.pick(&spellings);
    links[index].template.issuer = name::name(&[(COMMON_NAME, *tag, text.as_bytes())]);
    story.push(format!("{index}: issuer spelled {text:?} with tag {tag}"));
}

/// Bends the list of certificates, not the certificates.
fn rearrange(
    random: &mut Random,
    anchors: &mut Vec<Link>,
    leaf: &Link,
    others: &mut Vec<Link>,
    story: &mut Vec<String>,
) {
    for _ in 0..*random.pick(&[0, 0, 0, 1, 1, 2]) {
        let what = match random.below(10) {
            0 => {
                random.shuffle(others);
                "order"
            }
            1 if !others.is_empty() => {
                let twice = random.pick(others).clone();
                others.push(twice);
                "one twice"
            }
            2 if !others.is_empty() => {
                others.remove(random.below(others.len()));
                "one missing"
            }
            3 => {
                others.push(anchors[0].clone());
                "the pinned CA presented too"
            }
            4 if !others.is_empty() => {
                let other = random.pick(others).clone();
                anchors.push(other);
                "an intermediate pinned too"
            }
            5 => {
                anchors.push(leaf.clone());
                "the leaf pinned too"
            }
            6 if !others.is_empty() => {
                let mut decoy = random.pick(others).clone();
                decoy.forged = true;
                if random.chance(50) {
                    decoy.drop(extension::SUBJECT_KEY_IDENTIFIER);
                }
                others.insert(random.below(others.len() + 1), decoy);
                "a forged double of an intermediate"
            }
            7 if !others.is_empty() => {
                let mut expired = random.pick(others).clone();
                expired.template.not_after = time("210101000000Z");
                others.insert(0, expired);
                "an expired double of an intermediate"
            }
            8 => {
                let mut unrelated = anchors[0].clone();
                unrelated.template.public_key = key(12).public();
                unrelated.signer = 12;
                if random.chance(50) {
                    unrelated.drop(extension::SUBJECT_KEY_IDENTIFIER);
                }
                anchors.insert(0, unrelated);
                "a pinned CA of the same name with another key"
            }
            9 if !others.is_empty() => {
                let mut crossed = random.pick(others).clone();
                crossed.template.issuer = name::common_name("another CA");
                crossed.signer = 13;
                others.insert(0, crossed);
                "a cross-certificate from nowhere"
            }
            _ => continue,
        };
        story.push(what.to_owned());
    }
}

/// Breaks bytes: as an attacker can, or, signed again, as a careless CA does.
fn damage(random: &mut Random, chain: &mut [Vec<u8>], leaf: &Link, story: &mut Vec<String>) {
    let index = random.below(chain.len());
    let bytes = &mut chain[index];
    match random.below(5) {
        0 => {
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
            story.push(format!("presented {index}: bit turned in byte {at}"));
        }
        1 => {
            bytes.truncate(1 + random.below(bytes.len() - 1));
            story.push(format!("presented {index}: cut to {} bytes", bytes.len()));
        }
        _ => {
            let signer = key(leaf.signer);
            let mut to_be_signed = leaf.template.to_be_signed(&signer.signature_algorithm);
            let at = random.below(to_be_signed.len());
            to_be_signed[at] ^= 1 << random.below(8);
            chain[0] = sign(&to_be_signed, signer);
            story.push(format!("presented 0: bit turned in byte {at} of what is signed"));
        }
    }
}
