//! What the fuzz targets start from: well-formed inputs, made here and checked here. Where `CLIENTCERT_FUZZ_SEEDS` names a folder,
//! they are written there, a folder for each target.

mod support;

use std::path::Path;

use clientcert::Verifier;
use clientcert::certificate::OwnedCertificate;
use clientcert::forwarded::{Dialect, Forward, forward_headers};
use clientcert::identity::Rule;
use clientcert::policy::Config;
use clientcert::registry::{Registry, jwks};
use clientcert::revocation::Crl;
use clientcert::revocation::ocsp::{HashAlgorithm, Question, Rules};

use support::crl::{self, List, Revoked};
use support::{Extension, Key, NOW, Template, der, extension, name, ocsp, pem};

#[test]
fn seeds_are_well_formed() {
    let ca = Key::ed25519(0);
    let root = Template::authority("Test CA", "Test CA", &ca);
    let templates = templates();
    let certificates: Vec<Vec<u8>> = templates.iter().chain([&root]).map(|template| template.sign(&ca)).collect();
    for certificate in &certificates {
        OwnedCertificate::from_der(certificate.as_slice()).expect("a certificate");
    }

    let crls: Vec<Vec<u8>> =
        crls().iter().flat_map(|list| [&ca, Key::p256(0)].map(|issuer| list.sign(issuer))).collect();
    for crl in &crls {
        Crl::from_der(crl).expect("a CRL");
    }

    let mut config = Config::new();
    config.set_bytes("ca", &root.sign(&ca)).expect("a CA");
    let verifier = Verifier::new(&config).expect("a good config");
    for template in &templates {
        let verdict = verifier.verify_at(&template.sign(&ca), NOW);
        assert!(verdict.verified(), "{:?}", verdict.reasons());
    }
    let file = tempfile::NamedTempFile::new().expect("a file");
    for text in OPTIONS {
        std::fs::write(file.path(), text).expect("a file");
        Config::new().load(file.path()).expect("options");
    }

    let records = records(&root, &ca);
    let responses = ocsp_responses(&root, &ca);

    for rule in RULES {
        Rule::parse(rule).expect(rule);
    }

    Registry::from_bytes(REGISTRATIONS.as_bytes()).expect("registrations");
    let key_sets = key_sets(&certificates[0]);
    for set in &key_sets {
        jwks(set.as_bytes()).expect(set);
    }

    let forwarded = forwarded(&verifier, &templates[0].sign(&ca));

    let Some(folder) = std::env::var_os("CLIENTCERT_FUZZ_SEEDS") else { return };
    let folder = Path::new(&folder);
    let tagged = |tag: u8, bytes: Vec<u8>| der::concat(&[&[tag][..], &bytes]);
    let signed = templates.iter().map(|template| tagged(1, template.to_be_signed(&ca.signature_algorithm)));
    write(folder, "certificate", certificates.iter().cloned());
    write(folder, "name", templates.iter().map(|template| template.subject.clone()));
    write(folder, "pem", certificates.iter().map(|certificate| pem(certificate).into_bytes()));
    write(folder, "chain", certificates.iter().map(|certificate| tagged(0, certificate.clone())).chain(signed));
    let tagged_responses = responses.iter().flat_map(|(response, signed)| [(0, response), (1, signed), (3, signed)]);
    write(folder, "ocsp", tagged_responses.map(|(tag, bytes)| tagged(tag, bytes.clone())));
    let value = |rule: &str| [rule.as_bytes(), b"\nalice@corp.example"].concat();
    write(folder, "identity", RULES.iter().copied().chain(FOREIGN_RULES.iter().copied()).map(value));
    write(folder, "registry_file", [REGISTRATIONS.as_bytes().to_vec()].into_iter());
    write(folder, "jwks", key_sets.into_iter().map(String::into_bytes));
    write(folder, "crl", crls.iter().cloned());
    write(folder, "session", records.into_iter());
    let of = |wanted: Dialect| forwarded.iter().filter(move |(dialect, ..)| *dialect == wanted);
    write(folder, "envoy", of(Dialect::Envoy).map(|(_, _, value)| value.clone()));
    write(folder, "proxy_protocol", of(Dialect::ProxyProtocol).map(|(_, _, value)| value.clone()));
    let lines = forwarded.iter().map(|(dialect, name, value)| {
        let dialect = Dialect::ALL.iter().position(|known| known == dialect).expect("a dialect");
        tagged(u8::try_from(dialect).expect("few"), [name.as_bytes(), b"\n", value].concat())
    });
    write(folder, "forwarded", lines);
    write(folder, "options", OPTIONS.iter().map(|text| text.as_bytes().to_vec()));
}

/// Records of sessions as they are, and what is sealed in one, each behind the byte that says which.
fn records(root: &Template, ca: &Key) -> Vec<Vec<u8>> {
    let mut config = Config::new();
    config.set("mode", "optional").expect("a mode");
    config.set("session_key", &format!("hex:{}", "07".repeat(32))).expect("a key");
    config.set_bytes("ca", &root.sign(ca)).expect("a CA");
    let verifier = Verifier::new(&config).expect("a verifier");
    let presented = [Vec::new(), templates()[0].sign(ca)];
    let records = presented.iter().map(|presented| {
        let record = verifier.export_session(&verifier.verify_at(presented, NOW), "host", NOW).expect("a record");
        assert!(verifier.resume_session(&record, "host", NOW).verdict.accepted());
        record
    });
    let sealed = |record: &[u8], tag: u8, from: usize| [&[tag][..], &record[from..record.len() - 32]].concat();
    records.flat_map(|record| [[&[0][..], &record].concat(), sealed(&record, 1, 5), sealed(&record, 3, 37)]).collect()
}

/// What every dialect says of a client, each header with its name.
fn forwarded(verifier: &Verifier, certificate: &[u8]) -> Vec<(Dialect, String, Vec<u8>)> {
    let verdict = verifier.verify_at(certificate, NOW);
    let mut all = Vec::new();
    for dialect in Dialect::ALL {
        for forward in [Forward::default(), Forward { chain: true, details: true, ..Forward::default() }] {
            let headers = forward_headers(&verdict, *dialect, &forward).expect(dialect.name());
            assert!(!headers.is_empty(), "{dialect:?}");
            all.extend(headers.into_iter().map(|(name, value)| (*dialect, name, value)));
        }
    }
    all
}

/// A line of every kind.
const REGISTRATIONS: &str = "# who may come in\n\n\
    spki:sha256:0000000000000000000000000000000000000000000000000000000000000000 alice\n\
    cert:sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA alice her laptop\r\n\
    disabled,no-manage,not-before=2026-01-01,not-after=2027-01-01T12:00:00Z,created=2026-01-01,last-used=2026-06-01,\
    ca=sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA \
    spki:sha256:1111111111111111111111111111111111111111111111111111111111111111 \"Jo \\\"J\\\" Doe\" \" a phone \"\n\
    \trevoked spki:sha256:22:22:22:22:22:22:22:22:22:22:22:22:22:22:22:22:22:22:22:22:22:22:22:22:22:22:22:22:22:22:22:22 bob\n";

fn key_sets(certificate: &[u8]) -> [String; 3] {
    let certificate = OwnedCertificate::from_der(certificate).expect("a certificate");
    let thumbprint = certificate.view().x5t_s256();
    let x5c = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, certificate.view().as_der());
    [
        format!(r#"{{"keys":[{{"kty":"EC","kid":"one","x5t#S256":"{thumbprint}"}},{{"kty":"oct"}}]}}"#),
        format!(r#"{{"kty":"other","x5c":["{x5c}"],"x5t#S256":"{thumbprint}"}}"#),
        format!(r#"{{"x5t#S256":"{thumbprint}","kty":"RSA","n":"AQAB","e":"AQAB"}}"#),
    ]
}

/// Clients with much to read in them, all of them good.
fn templates() -> Vec<Template> {
    let key = Key::ed25519(1);
    let client = || Template::client("Test CA", "alice", &key);
    let mut old = client();
    old.version = 1;
    old.extensions.clear();
    let mut named = client();
    named.subject = name::name(&[
        (name::COUNTRY, der::PRINTABLE_STRING, b"NL"),
        (name::ORGANIZATION, der::TELETEX_STRING, b"Caf\xe9, \"Inc\""),
        (name::COMMON_NAME, der::BMP_STRING, b"\0a\0l\x20\xac"),
        (name::COMMON_NAME, der::UTF8_STRING, b" #alice+bob\0 "),
        (name::EMAIL_ADDRESS, der::IA5_STRING, b"alice@example.com"),
    ]);
    let names = [
        name::email("alice@example.com"),
        name::dns("alice.example.com"),
        name::uri("spiffe://example.com/alice"),
        name::ip(&[192, 0, 2, 1]),
        name::directory(&name::common_name("alice")),
        name::registered_id("1.2.3"),
        name::upn("alice@example.com"),
        name::other("1.3.6.1.5.5.7.8.5", &der::tlv(der::UTF8_STRING, b"alice@example.com")),
    ];
    vec![
        client(),
        old,
        named,
        client().with(extension::subject_alt_name(&names)).with(extension::authority_key_identifier(&[1; 20])),
        client().with(extension::certificate_policies(&[extension::ANY_POLICY, "1.2.3"])),
    ]
}

/// Responses about the first client, with what is signed in each; all of them count.
fn ocsp_responses(root: &Template, ca: &Key) -> Vec<(Vec<u8>, Vec<u8>)> {
    let read = |der: Vec<u8>| OwnedCertificate::from_der(der).expect("a certificate");
    let (client, issuer) = (read(templates()[0].sign(ca)), read(root.sign(ca)));
    let question = Question::new(client.view(), issuer.view());
    let (id, key) = ocsp::certificate_id(&question.request(HashAlgorithm::Sha1, None));
    let (other, _) = ocsp::certificate_id(&question.request(HashAlgorithm::Sha256, None));
    let response = |status| ocsp::Response::new(ocsp::by_name(&root.subject), id.clone(), status);
    let mut full = response(ocsp::revoked("20260102030405Z", Some(1)));
    full.responder = ocsp::by_key(&key);
    full.extensions = vec![ocsp::nonce(&[7; 32]), Extension::new("1.2.3", vec![5, 0])];
    full.single.extend(response(ocsp::good()).single);
    full.single[1].id = other;
    full.single[1].next_update = None;
    full.certificates = vec![root.sign(ca)];
    let all = [response(ocsp::good()), response(ocsp::unknown()), full];
    let sign = |response: ocsp::Response| (response.sign(ca), response.to_be_signed());
    let responses: Vec<_> = all.into_iter().map(sign).collect();
    for (response, _) in &responses {
        question.check(response, None, &Rules::default(), NOW).expect("an answer");
    }
    responses
}

/// CRLs in which everything occurs that they can have.
fn crls() -> Vec<List> {
    let serials: [&[u8]; 6] = [&[1], &[0, 0x80], &[0x80], &[0, 0, 1], &[0x55; 16], &[0xaa; 40]];
    let listing = |list: List| serials.iter().fold(list, |list, serial| list.revoke(Revoked::new(serial)));
    let point = [crl::full_name(&[name::uri("http://crl.example.com/1")]), der::tlv(0x83, &[6, 0x40]), crl::flag(4)];
    let relative = name::relative_name(&[(name::COMMON_NAME, der::UTF8_STRING, b"1")]);
    let relative = der::tlv(0xa0, &der::tlv(0xa1, &relative[2..]));
    let critical = Extension::new("1.2.3", vec![5, 0]).critical();
    vec![
        listing(List::version_1("Test CA")),
        listing(List { next_update: Vec::new(), ..List::new("Test CA") }).revoke(Revoked::new(&[2]).because(1)),
        List::new("Test CA")
            .with(extension::authority_key_identifier(&[1; 20]))
            .with(crl::delta_crl_indicator(1))
            .with(crl::issuing_distribution_point(&point))
            .revoke(Revoked::new(&[1]).because(8).since("20260402000000Z"))
            .revoke(Revoked::new(&[1]).of(&name::common_name("Other CA")).with(critical.clone()))
            .revoke(Revoked::new(&[1]).since("18500101000000Z")),
        List { keep_empty: true, ..List::new("Test CA") }
            .with(crl::issuing_distribution_point(&[relative, crl::flag(2)]))
            .with(critical),
    ]
}

const OPTIONS: &[&str] = &[
    "mode = \"optional\"\ndepth = 3\n",
    "eku = \"client_or_server_auth\"\ntolerate = [\"certificate_expired\"]\nsecond_opinion = \"strict\"\n",
    "ca = [\"/etc/ssl/clients/*.pem\"]\nmin_rsa_bits = 3072\naccept_v1 = false\n",
];

const RULES: &[&str] = &[
    "san.email issuer=\"CN=Corp CA\" match=\"^([^@]+)@corp\\.example$\" user=\"\\1\" lower",
    "san.upn filter strip=@corp.example eku=clientAuth policy=1.2.3",
    "serial+issuer equals='1A2B,CN=Corp CA' user=alice",
    "oid:2.5.4.3 anchor=CN=x",
    "spiffe trust_domain=prod.example path",
];

const FOREIGN_RULES: &[&str] = &[
    "X509:<I>DC=com,CN=CA<SR>2B00AC11",
    "X509:<SHA1-PUKEY>ed913fa41377dbfb8eac2bc6fcae71ecd4a974fd",
    "<ISSUER>^CN=My-CA,DC=MY$&&<EKU>clientAuth<SAN:rfc822Name>.*@corp",
];

fn write(folder: &Path, target: &str, seeds: impl Iterator<Item = Vec<u8>>) {
    let folder = folder.join(target);
    std::fs::create_dir_all(&folder).expect("a folder for the seeds");
    for (number, seed) in seeds.enumerate() {
        std::fs::write(folder.join(format!("seed-{number}")), seed).expect("a seed");
    }
}
