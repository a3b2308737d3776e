//! Renderings beside the installed OpenSSL's, on generated certificates that go for the corners, and on those of others.

mod support;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use clientcert::certificate::OwnedCertificate;
use clientcert::verdict::Verdict;
use pki_types::CertificateDer;
use pki_types::pem::PemObject as _;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use support::{Extension, Key, NOW, Template, der, extension, name};

/// What OpenSSL says of one certificate; the fields in the order of `tests/oracle/names.c`.
type Answer = Vec<Option<Vec<u8>>>;

/// Variables that are what a field of an answer is.
const ALWAYS_PRESENT: [(usize, &str); 13] = [
    (0, "ssl_client_s_dn"),
    (0, "$ssl_client_s_dn"),
    (1, "ssl_client_i_dn"),
    (4, "ssl_client_s_dn_legacy"),
    (5, "ssl_client_i_dn_legacy"),
    (9, "ssl_client_serial"),
    (9, "SSL_CLIENT_M_SERIAL"),
    (10, "ssl_c_serial"),
    (12, "ssl_client_v_start"),
    (13, "SSL_CLIENT_V_END"),
    (14, "ssl_c_sha1"),
    (18, "ssl_client_raw_cert"),
    (18, "SSL_CLIENT_CERT"),
];

/// The same, for variables that their systems leave unset where they would be empty.
const UNLESS_EMPTY: [(usize, &str); 5] = [
    (2, "SSL_CLIENT_S_DN"),
    (3, "SSL_CLIENT_I_DN"),
    (0, "ssl_c_s_dn(,0,rfc2253)"),
    (6, "ssl_c_s_dn"),
    (17, "ssl_c_san"),
];

#[test]
fn everything_prints_as_openssl_prints_it() {
    let cases = sample(&case(), number_of_cases());
    let certificates: Vec<Vec<u8>> = cases.iter().map(Case::encode).collect();
    let mut compared = 0;
    for ((case, der), answer) in cases.iter().zip(&certificates).zip(ask(&certificates)) {
        let ours = OwnedCertificate::from_der(der.clone()).unwrap_or_else(|error| panic!("{error}: {}", hex(der)));
        let Some(answer) = answer else {
            assert!(!case.is_readable_by_openssl(), "OpenSSL cannot read {case:?}\n{}", hex(der));
            continue;
        };
        compared += 1;
        compare(case, der, &ours, &answer);
    }
    assert!(compared > cases.len() / 2, "OpenSSL could read only {compared}");
}

fn compare(case: &Case, der: &[u8], ours: &OwnedCertificate, answer: &Answer) {
    let get = |name: &str| ours.view().variable(name, NOW);
    let check = |name: &str, expected: Option<Vec<u8>>| {
        let found = get(name);
        assert!(
            found == expected,
            "{name}\n    ours {}\n openssl {}\n{case:?}\n{}",
            show(found.as_deref()),
            show(expected.as_deref()),
            hex(der)
        );
    };
    let field = |index: usize| answer[index].clone();
    let unless_empty = |index: usize| field(index).filter(|value| !value.is_empty());

    for (index, name) in ALWAYS_PRESENT {
        check(name, field(index));
    }
    for (index, name) in UNLESS_EMPTY {
        if name == "ssl_c_san" && answer[index].is_none() {
            assert!(!case.are_alternative_names_readable_by_openssl(), "OpenSSL cannot read the SAN of {case:?}");
        } else {
            check(name, unless_empty(index));
        }
    }
    for (index, name) in [(14, "fingerprint_sha1"), (15, "fingerprint_sha256"), (16, "spki_sha256")] {
        check(name, field(index).map(|digest| hex(&digest).into_bytes()));
    }
    check("ssl_client_fingerprint", field(14).map(|digest| hex(&digest).into_bytes()));
    check("ssl_c_sig_alg", field(19).or(Some(b"UNDEF".to_vec())));
    check("SSL_CLIENT_A_SIG", field(20).or(Some(b"UNKNOWN".to_vec())));
    let key = unless_empty(21).unwrap_or(b"UNDEF\nUNKNOWN".to_vec());
    let (short, long) = key.split_at(key.iter().position(|byte| *byte == b'\n').unwrap());
    check("ssl_c_key_alg", Some(short.to_vec()));
    check("SSL_CLIENT_A_KEY", Some(long[1..].to_vec()));
    if answer[22].is_some() {
        check("key_bits", field(22));
    }
    let [serial, issuer] = [11, 1].map(|index| String::from_utf8(field(index).unwrap()).unwrap());
    check(
        "SSL_CLIENT_CERT_RFC4523_CEA",
        Some(format!("{{ serialNumber {serial}, issuer rdnSequence:\"{issuer}\" }}").into_bytes()),
    );

    let mut seen = HashMap::new();
    let values = split_values(&field(7).unwrap()).into_iter().zip(split_values(&field(8).unwrap()));
    for (attribute, (converted, raw)) in case.subject.iter().flatten().zip(values) {
        let Some(letters) = apache_letters(&attribute.kind) else { continue };
        let count = seen.entry(letters).or_insert(0);
        check(&format!("SSL_CLIENT_S_DN_{letters}_{count}"), Some(converted).filter(|value| !value.is_empty()));
        check(&format!("SSL_CLIENT_S_DN_{letters}_{count}_RAW"), Some(raw).filter(|value| !value.is_empty()));
        *count += 1;
    }
    for (letters, count) in seen {
        check(&format!("SSL_CLIENT_S_DN_{letters}_{count}"), None);
        assert_eq!(get(&format!("SSL_CLIENT_S_DN_{letters}")), get(&format!("SSL_CLIENT_S_DN_{letters}_0")));
    }
}

#[test]
fn certificates_of_others_print_as_openssl_prints_them() {
    let Some(certificates) = certificates_of_others() else {
        println!("certificates of others: NOT RUN, because CLIENTCERT_CORPORA=none");
        return;
    };
    let (mut compared, mut refused) = (0, 0);
    for (der, answer) in certificates.iter().zip(ask(&certificates)) {
        // What OpenSSL reads and we refuse is a matter for the conformance test.
        let Ok(ours) = OwnedCertificate::from_der(der.clone()) else {
            refused += 1;
            continue;
        };
        let answer = answer.unwrap_or_else(|| panic!("OpenSSL cannot read {}", hex(der)));
        let present = ALWAYS_PRESENT.into_iter().map(|(index, name)| (name, answer[index].clone()));
        let filled = UNLESS_EMPTY.map(|(index, name)| (name, answer[index].clone().filter(|value| !value.is_empty())));
        for (name, expected) in present.chain(filled) {
            let found = ours.view().variable(name, NOW);
            let (found, expected) = (show(found.as_deref()), show(expected.as_deref()));
            assert_eq!(found, expected, "{name} of {}", hex(der));
        }
        compared += 1;
    }
    println!("certificates of others: {compared} compared, {refused} not readable here");
    assert!(compared > refused, "only {compared} were readable");
}

#[test]
fn every_object_has_openssls_names() {
    let output = Command::new(oracle()).arg("objects").output().expect("the oracle runs");
    let text = String::from_utf8(output.stdout).expect("names are UTF-8");
    let mut known = 0;
    let mut unknown = Vec::new();
    let mut seen = HashSet::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [oid, short, _long] = fields[..] else { panic!("{line}") };
        // OpenSSL has two names for one identifier, and takes the first.
        if !seen.insert(oid.to_owned()) {
            continue;
        }
        let oid: Vec<u8> =
            (0..oid.len()).step_by(2).map(|at| u8::from_str_radix(&oid[at..at + 2], 16).unwrap()).collect();
        let attribute = clientcert::certificate::Attribute { oid: &oid, tag: der::UTF8_STRING, value: b"" };
        match attribute.short_name() {
            Some(ours) => assert_eq!(ours, short, "{line}"),
            None => unknown.push(line),
        }
        known += 1;
    }
    assert!(known > 1_000, "{known}");
    // Newer versions know more; what they add is printed dotted here until the table is made anew.
    assert!(unknown.len() < 200, "{unknown:?}");
}

#[test]
fn our_own_variables_are_safe_on_a_line() {
    const NAMES: [&str; 27] = [
        "subject",
        "issuer",
        "serial",
        "version",
        "not_before",
        "not_after",
        "days_left",
        "fingerprint_sha1",
        "fingerprint_sha256",
        "spki_sha256",
        "x5t#S256",
        "san_email_0",
        "san_dns_0",
        "san_uri_0",
        "san_ip_0",
        "san_dirname_0",
        "san_rid_0",
        "san_upn_0",
        "san_xmpp_0",
        "san_smtp_utf8_0",
        "key_algorithm",
        "signature_algorithm",
        "eku",
        "key_usage",
        "policies",
        "san_email_count",
        "certificate_count",
    ];
    let mut present = HashMap::new();
    for case in sample(&case(), 1_000) {
        let ours = OwnedCertificate::from_der(case.encode()).expect("a readable certificate");
        for name in NAMES {
            let Some(value) = ours.view().variable(name, NOW) else { continue };
            *present.entry(name).or_insert(0) += 1;
            let text = String::from_utf8(value).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!text.chars().any(char::is_control), "{name}: {text:?}");
        }
    }
    for name in ["subject", "san_email_0", "san_dns_0", "san_uri_0", "san_ip_0", "san_dirname_0", "san_upn_0"] {
        assert!(present.contains_key(name), "{name} never occurred");
    }
}

#[test]
fn rfc4514_loses_nothing() {
    let mut text_of_name = HashMap::new();
    for case in sample(&case(), 4_000) {
        let ours = OwnedCertificate::from_der(case.encode()).expect("a readable certificate");
        let text = ours.view().subject().rfc4514();
        let expected: Vec<Vec<(String, Vec<u8>)>> =
            case.subject.iter().rev().map(|set| set.iter().map(Attribute::expected).collect()).collect();
        assert_eq!(parse_rfc4514(&text), expected, "{text}");
        // One text, one name, but for the string types that the same text may stand in.
        let previous = text_of_name.insert(text.clone(), expected.clone());
        assert!(previous.is_none_or(|previous| previous == expected), "{text}");
    }
}

#[test]
fn nothing_panics_on_what_is_still_readable() {
    let names: Vec<String> = Verdict::variables().map(|(_, name, _)| name.replace("_N", "_0")).collect();
    let mut readable = 0;
    let mutation = (case(), prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4));
    for (case, changes) in sample(&mutation, 4_000) {
        let mut der = case.encode();
        for (index, byte) in changes {
            let index = index.index(der.len());
            der[index] = byte;
        }
        let Ok(certificate) = OwnedCertificate::from_der(der) else { continue };
        readable += 1;
        for name in &names {
            certificate.view().variable(name, NOW);
        }
    }
    assert!(readable > 400, "only {readable} were readable");
}

/// A certificate to generate: what goes into its corners.
#[derive(Clone, Debug)]
struct Case {
    subject: Vec<Vec<Attribute>>,
    issuer: Vec<Vec<Attribute>>,
    serial: Vec<u8>,
    not_before: String,
    not_after: String,
    alternative: Vec<Alternative>,
    key: usize,
    signature: &'static str,
}

#[derive(Clone, Debug)]
struct Attribute {
    kind: String,
    tag: u8,
    value: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Alternative {
    /// A primitive one: its tag and bytes.
    Plain(u8, Vec<u8>),
    Directory(Vec<Vec<Attribute>>),
    Registered(String),
    /// otherName: its type, the tag of its value, and the bytes.
    Other(String, u8, Vec<u8>),
}

impl Case {
    fn encode(&self) -> Vec<u8> {
        let key = Key::p256(0);
        let mut template = Template::new("", "", key);
        template.subject = encode_name(&self.subject);
        template.issuer = encode_name(&self.issuer);
        template.serial.clone_from(&self.serial);
        template = template.valid(&self.not_before, &self.not_after);
        template.public_key.clone_from(&public_keys()[self.key]);
        if !self.alternative.is_empty() {
            let names: Vec<Vec<u8>> = self.alternative.iter().map(Alternative::encode).collect();
            template = template.with(Extension::new(extension::SUBJECT_ALT_NAME, der::sequence(&names)));
        }
        let algorithm = der::sequence(&[der::oid(self.signature)]);
        der::sequence(&[&template.to_be_signed(&algorithm), &algorithm, &der::bit_string(&[0; 8])])
    }

    fn is_readable_by_openssl(&self) -> bool {
        self.subject.iter().chain(&self.issuer).flatten().all(Attribute::is_readable_by_openssl)
    }

    fn are_alternative_names_readable_by_openssl(&self) -> bool {
        !self.alternative.is_empty()
            && self.alternative.iter().all(|name| match name {
                Alternative::Directory(name) => name.iter().flatten().all(Attribute::is_readable_by_openssl),
                _ => true,
            })
    }
}

impl Attribute {
    /// What RFC 4514 lets one read back: the type, and the text or the DER of the value.
    fn expected(&self) -> (String, Vec<u8>) {
        let (known, sound) = match self.kind.as_str() {
            "2.5.4.3"
            | "2.5.4.6"
            | "2.5.4.7"
            | "2.5.4.8"
            | "2.5.4.9"
            | "2.5.4.10"
            | "2.5.4.11"
            | "0.9.2342.19200300.100.1.1"
            | "0.9.2342.19200300.100.1.25" => (true, self.text()),
            _ => (false, None),
        };
        let value = match sound {
            Some(text) if known => text.into_bytes(),
            _ => [b"#", hex(&der::tlv(self.tag, &self.value)).to_uppercase().as_bytes()].concat(),
        };
        (self.kind.clone(), value)
    }

    /// The value's text, where it is of a string type and sound.
    fn text(&self) -> Option<String> {
        let code_points = |width: usize| {
            let unit = |unit: &[u8]| char::from_u32(unit.iter().fold(0, |code, byte| code << 8 | u32::from(*byte)));
            self.value.len().is_multiple_of(width).then(|| self.value.chunks(width).map(unit).collect()).flatten()
        };
        match self.tag {
            der::UTF8_STRING => String::from_utf8(self.value.clone()).ok(),
            0x1c => code_points(4),
            der::BMP_STRING => code_points(2),
            der::TELETEX_STRING => code_points(1),
            der::PRINTABLE_STRING | der::IA5_STRING | 0x12 | 0x1a if self.value.is_ascii() => code_points(1),
            _ => None,
        }
    }

    /// OpenSSL reads only string types in names, and only text that it can compare.
    fn is_readable_by_openssl(&self) -> bool {
        match self.tag {
            der::UTF8_STRING | der::BMP_STRING | 0x1c => self.text().is_some(),
            der::INTEGER | der::OCTET_STRING | 0x1a => false,
            _ => true,
        }
    }
}

impl Alternative {
    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Plain(tag, value) => der::tlv(*tag, value),
            Self::Directory(name) => name::directory(&encode_name(name)),
            Self::Registered(oid) => name::registered_id(oid),
            Self::Other(oid, tag, value) => name::other(oid, &der::tlv(*tag, value)),
        }
    }
}

fn encode_name(relative: &[Vec<Attribute>]) -> Vec<u8> {
    let sets: Vec<Vec<u8>> = relative
        .iter()
        .map(|set| {
            let attributes: Vec<(&str, u8, &[u8])> =
                set.iter().map(|attribute| (attribute.kind.as_str(), attribute.tag, &*attribute.value)).collect();
            name::relative_name(&attributes)
        })
        .collect();
    der::sequence(&sets)
}

/// P-256, P-384, RSA, and something that nobody knows.
fn public_keys() -> &'static [Vec<u8>; 4] {
    static KEYS: OnceLock<[Vec<u8>; 4]> = OnceLock::new();
    KEYS.get_or_init(|| {
        let unknown = der::sequence(&[der::sequence(&[der::oid("1.2.3.4.5.6")]), der::bit_string(&[1, 2, 3])]);
        [Key::p256(0).public(), Key::p384().public(), Key::rsa().public(), unknown]
    })
}

fn case() -> impl Strategy<Value = Case> {
    let validity = (time(), time());
    let signature = select(vec![
        "1.2.840.113549.1.1.11",
        "1.2.840.10045.4.3.2",
        "1.2.840.113549.1.1.10",
        "1.3.101.112",
        "2.16.840.1.101.3.4.3.17",
        "1.2.3.4.5.6.7",
    ]);
    let alternative = prop::collection::vec(alternative(), 0..4);
    (relative_names(), relative_names(), serial(), validity, alternative, 0..4usize, signature).prop_map(
        |(subject, issuer, serial, (not_before, not_after), alternative, key, signature)| Case {
            subject,
            issuer,
            serial,
            not_before,
            not_after,
            alternative,
            key,
            signature,
        },
    )
}

fn relative_names() -> impl Strategy<Value = Vec<Vec<Attribute>>> {
    let relative =
        prop_oneof![4 => prop::collection::vec(attribute(), 1), 1 => prop::collection::vec(attribute(), 1..4)];
    prop::collection::vec(relative, 0..5)
}

fn attribute() -> impl Strategy<Value = Attribute> {
    let known = select(vec![
        "2.5.4.3",
        "2.5.4.4",
        "2.5.4.5",
        "2.5.4.6",
        "2.5.4.7",
        "2.5.4.8",
        "2.5.4.9",
        "2.5.4.10",
        "2.5.4.11",
        "2.5.4.12",
        "2.5.4.13",
        "2.5.4.42",
        "2.5.4.43",
        "2.5.4.97",
        "0.9.2342.19200300.100.1.1",
        "0.9.2342.19200300.100.1.25",
        "1.2.840.113549.1.9.1",
        "1.3.6.1.4.1.311.60.2.1.3",
        // Known to OpenSSL, though no attribute type.
        "1.2.840.113549.1.1.11",
        "2.5.29.17",
    ])
    .prop_map(str::to_owned);
    let unknown =
        select(vec!["1.2.3.4.5", "2.999.18446744073709551", "0.39", "2.5.4.200", "1.3.6.1.4.1.99999.1.2.3.4.5.6"])
            .prop_map(str::to_owned);
    // Longer than the 80 bytes that OpenSSL prints an unknown type into.
    let long = prop::collection::vec(1_000_000u32.., 8..12)
        .prop_map(|arcs| arcs.iter().fold("1.2".to_owned(), |oid, arc| format!("{oid}.{arc}")));
    let kind = prop_oneof![12 => known, 2 => unknown, 1 => long];
    (kind, value()).prop_map(|(kind, (tag, value))| Attribute { kind, tag, value })
}

fn value() -> impl Strategy<Value = (u8, Vec<u8>)> {
    let wide = |tag: u8, width: usize| {
        text().prop_map(move |text| {
            (tag, text.chars().flat_map(|c| u32::from(c).to_be_bytes()[4 - width..].to_vec()).collect())
        })
    };
    let bytes = || prop::collection::vec(any::<u8>(), 0..12);
    prop_oneof![
        8 => text().prop_map(|text| (der::UTF8_STRING, text.into_bytes())),
        3 => text().prop_map(|text| (der::PRINTABLE_STRING, text.into_bytes())),
        2 => wide(der::BMP_STRING, 2),
        2 => wide(0x1c, 4),
        2 => bytes().prop_map(|bytes| (der::TELETEX_STRING, bytes)),
        2 => bytes().prop_map(|bytes| (der::IA5_STRING, bytes)),
        1 => bytes().prop_map(|bytes| (0x12, bytes)),
        1 => bytes().prop_map(|bytes| (der::BIT_STRING, [&[0][..], &bytes].concat())),
        1 => bytes().prop_map(|bytes| (der::SEQUENCE, der::tlv(der::OCTET_STRING, &bytes))),
        // Rare: OpenSSL mostly refuses the whole certificate.
        1 => (select(vec![der::UTF8_STRING, der::BMP_STRING, 0x1c, 0x1a, 0x09, der::INTEGER]), bytes())
            .prop_map(|(tag, bytes)| (tag, if tag == der::INTEGER { vec![7] } else { bytes })),
    ]
}

/// Text of the characters that some printer treats specially.
fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        6 => select(" #\"+,;<>\\=/*()'\0\r\n\t\x7f".chars().collect::<Vec<_>>()),
        6 => prop::char::range('A', 'z'),
        2 => select(vec!['ö', 'é', '€', '\u{80}', '\u{ff}', '\u{100}', '\u{202e}', '\u{2028}', '\u{ffff}']),
        1 => select(vec!['😀', '\u{10ffff}']),
    ];
    prop_oneof![
        6 => prop::collection::vec(character, 0..10).prop_map(|characters| characters.into_iter().collect()),
        1 => Just("#".to_owned()),
        1 => Just(" ".to_owned()),
        1 => Just("alice, OU=admins".to_owned()),
    ]
}

fn alternative() -> impl Strategy<Value = Alternative> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..12);
    let plain = prop_oneof![text().prop_map(String::into_bytes), bytes()];
    let address = prop_oneof![
        2 => prop::collection::vec(any::<u8>(), 4),
        2 => prop::collection::vec(prop_oneof![Just(0u8), any::<u8>()], 16),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ];
    let identifiers = vec!["2.5.4.3", "1.2.3.4", "2.999.1", "1.3.6.1.5.5.7.3.2"];
    let kinds = vec![
        "1.3.6.1.4.1.311.20.2.3",
        "1.3.6.1.5.5.7.8.5",
        "1.3.6.1.5.5.7.8.7",
        "1.3.6.1.5.5.7.8.8",
        "1.3.6.1.5.5.7.8.9",
        "1.2.3.4",
    ];
    prop_oneof![
        4 => (select(vec![0x81u8, 0x82, 0x86]), plain).prop_map(|(tag, value)| Alternative::Plain(tag, value)),
        2 => address.prop_map(|value| Alternative::Plain(0x87, value)),
        1 => relative_names().prop_map(Alternative::Directory),
        1 => select(identifiers).prop_map(|oid| Alternative::Registered(oid.to_owned())),
        2 => (select(kinds), select(vec![der::UTF8_STRING, der::UTF8_STRING, der::IA5_STRING]), text())
            .prop_map(|(oid, tag, text)| Alternative::Other(oid.to_owned(), tag, text.into_bytes())),
    ]
}

/// Minimal two's complement of up to 100 bytes.
fn serial() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 1..24),
        1 => prop::collection::vec(any::<u8>(), 30..110),
        2 => (select(vec![0x00u8, 0xff, 0x80, 0x7f]), prop::collection::vec(select(vec![0u8, 0xff, 1]), 0..4))
            .prop_map(|(first, rest)| [&[first][..], &rest].concat()),
    ];
    bytes.prop_map(|mut bytes| {
        while let [first, second, ..] = bytes[..] {
            if (first == 0 && second & 0x80 == 0) || (first == 0xff && second & 0x80 != 0) {
                bytes.remove(0);
            } else {
                break;
            }
        }
        bytes
    })
}

fn time() -> impl Strategy<Value = String> {
    let corners =
        select(vec!["19490101000000Z", "99991231235959Z", "00010203040506Z", "500101000000Z", "491231235959Z"]);
    let moment = (1u8..13, 1u8..29, 0u8..24, 0u8..60, 0u8..60)
        .prop_map(|(month, day, hour, minute, second)| format!("{month:02}{day:02}{hour:02}{minute:02}{second:02}Z"));
    prop_oneof![
        1 => corners.prop_map(str::to_owned),
        2 => (0..100u32, moment.clone()).prop_map(|(year, rest)| format!("{year:02}{rest}")),
        1 => (1..10_000u32, moment).prop_map(|(year, rest)| format!("{year:04}{rest}")),
    ]
}

/// 4000, or what `PROPTEST_CASES` says: a longer run begins with the cases of a shorter one.
fn number_of_cases() -> usize {
    std::env::var("PROPTEST_CASES").map_or(4_000, |count| count.parse().expect("PROPTEST_CASES is a number"))
}

/// The same cases in every run, so that a failure can be found again.
fn sample<T: std::fmt::Debug>(strategy: &impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).expect("a case").current()).collect()
}

fn apache_letters(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "S",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "T",
        "2.5.4.13" => "D",
        "2.5.4.42" => "G",
        "2.5.4.43" => "I",
        "0.9.2342.19200300.100.1.1" => "UID",
        "1.2.840.113549.1.9.1" => "Email",
        _ => return None,
    })
}

/// Reads RFC 4514 back: relative names, of each the types (dotted) and values; a value in hexadecimal stays so.
fn parse_rfc4514(text: &str) -> Vec<Vec<(String, Vec<u8>)>> {
    let mut names: Vec<Vec<(String, Vec<u8>)>> = Vec::new();
    let mut rest = text;
    let mut joined = false;
    while !rest.is_empty() {
        let (kind, tail) = rest.split_once('=').expect("a type");
        let mut value = Vec::new();
        let mut characters = tail.char_indices();
        let mut end = tail.len();
        let mut separator = None;
        while let Some((at, c)) = characters.next() {
            match c {
                ',' | '+' => {
                    (end, separator) = (at, Some(c));
                    break;
                }
                '\\' => {
                    let (_, escaped) = characters.next().expect("something escaped");
                    match escaped.to_digit(16) {
                        Some(_) => {
                            characters.next();
                            value.push(u8::from_str_radix(&tail[at + 1..at + 3], 16).expect("two digits"));
                        }
                        None => value.extend(escaped.to_string().bytes()),
                    }
                }
                '#' if at == 0 => value.push(b'#'),
                '"' | ';' | '<' | '>' => panic!("{c} is not escaped in {text}"),
                _ => value.extend(c.to_string().bytes()),
            }
        }
        let attribute = (dotted(kind).to_owned(), value);
        match names.last_mut() {
            Some(name) if joined => name.push(attribute),
            _ => names.push(vec![attribute]),
        }
        joined = separator == Some('+');
        rest = tail.get(end + 1..).unwrap_or("");
        assert!(separator.is_none() || !rest.is_empty(), "{text} ends in a separator");
    }
    names
}

fn dotted(short: &str) -> &str {
    match short {
        "CN" => "2.5.4.3",
        "C" => "2.5.4.6",
        "L" => "2.5.4.7",
        "ST" => "2.5.4.8",
        "STREET" => "2.5.4.9",
        "O" => "2.5.4.10",
        "OU" => "2.5.4.11",
        "UID" => "0.9.2342.19200300.100.1.1",
        "DC" => "0.9.2342.19200300.100.1.25",
        dotted => dotted,
    }
}

/// Every certificate in the conformance cases of the folder that `CLIENTCERT_CORPORA` names; `None` for `none`.
fn certificates_of_others() -> Option<Vec<Vec<u8>>> {
    let folder = match std::env::var_os("CLIENTCERT_CORPORA") {
        Some(value) if value == "none" => return None,
        Some(value) => PathBuf::from(value),
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpora")),
    };
    let entries = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}; CLIENTCERT_CORPORA=none goes without", folder.display()));
    let mut certificates = BTreeSet::new();
    for path in entries.map(|entry| entry.expect("a folder's entry").path()) {
        if !path.to_string_lossy().ends_with(".jsonl.gz") {
            continue;
        }
        let mut text = String::new();
        let file = std::fs::File::open(&path).expect("a readable corpus");
        flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).expect("a whole corpus");
        // In JSON a line's end within PEM is `\n`, and nothing else in it is escaped.
        for block in text.split("-----BEGIN CERTIFICATE-----").skip(1) {
            let (body, _) = block.split_once("-----END").expect("a whole PEM block");
            let pem = format!("-----BEGIN CERTIFICATE-----{}-----END CERTIFICATE-----\n", body.replace("\\n", "\n"));
            if let Ok(der) = CertificateDer::from_pem_slice(pem.as_bytes()) {
                certificates.insert(der.to_vec());
            }
        }
    }
    Some(certificates.into_iter().collect())
}

/// Values that are each followed by their length.
fn split_values(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut values = Vec::new();
    while let Some((rest, length)) = bytes.split_last_chunk::<4>() {
        let (rest, value) = rest.split_at(rest.len() - u32::from_le_bytes(*length) as usize);
        values.push(value.to_vec());
        bytes = rest;
    }
    values.reverse();
    values
}

/// The oracle's answers; `None` where OpenSSL cannot read the certificate.
fn ask(certificates: &[Vec<u8>]) -> Vec<Option<Answer>> {
    let mut child =
        Command::new(oracle()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the oracle starts");
    let mut input = child.stdin.take().expect("a pipe");
    let questions: Vec<u8> =
        certificates.iter().flat_map(|der| [&length(der).to_le_bytes()[..], der].concat()).collect();
    let writer = std::thread::spawn(move || input.write_all(&questions).expect("the oracle listens"));
    let mut output = Vec::new();
    child.stdout.take().expect("a pipe").read_to_end(&mut output).expect("the oracle answers");
    writer.join().expect("the oracle listened");
    assert!(child.wait().expect("the oracle ends").success(), "the oracle failed");

    let mut rest = &output[..];
    let number = |rest: &mut &[u8]| {
        let (number, tail) = rest.split_first_chunk::<4>().expect("a whole answer");
        *rest = tail;
        u32::from_le_bytes(*number)
    };
    let answers = certificates
        .iter()
        .map(|_| {
            let count = number(&mut rest);
            let fields = (0..count).map(|_| match number(&mut rest) {
                u32::MAX => None,
                length => {
                    let (field, tail) = rest.split_at(length as usize);
                    rest = tail;
                    Some(field.to_vec())
                }
            });
            let fields: Answer = fields.collect();
            (count > 0).then_some(fields)
        })
        .collect();
    assert!(rest.is_empty(), "the oracle said too much");
    answers
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("a short certificate")
}

/// Compiles the oracle once per run.
fn oracle() -> &'static PathBuf {
    static ORACLE: OnceLock<PathBuf> = OnceLock::new();
    ORACLE.get_or_init(|| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/names.c");
        let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("names-oracle");
        let compiler = std::env::var("CC").unwrap_or("cc".to_owned());
        let status = Command::new(&compiler)
            .args(["-O1", "-Wall", "-Wextra", "-Werror", "-o"])
            .arg(&program)
            .args([source, "-lcrypto"])
            .status()
            .unwrap_or_else(|error| panic!("{compiler}: {error}; these tests need a C compiler and libssl-dev"));
        assert!(status.success(), "{compiler} failed; these tests need a C compiler and libssl-dev");
        program
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn show(value: Option<&[u8]>) -> String {
    value.map_or("absent".to_owned(), |value| format!("\"{}\"", value.escape_ascii()))
}
