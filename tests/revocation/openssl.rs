//! CRLs of a real CA: `openssl ca` with what it does by default and what it can, and lists that are made beside it and signed
//! by `openssl dgst`. `openssl verify` has to agree.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use clientcert::policy::WarningKind;
use clientcert::revocation::RevocationReason;
use clientcert::verify::{Code, Detail};
use clientcert::{Config, Verdict, Verifier};
use tempfile::TempDir;

use crate::support::certificate::time;
use crate::support::crl::{self, List, Revoked};
use crate::support::der;
use crate::world::*;

/// A CA in a folder, as the manual of `openssl ca` has it.
struct Authority {
    folder: TempDir,
}

const CONFIG: &str = "
[req]
distinguished_name = none
[none]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[client]
basicConstraints = CA:FALSE
extendedKeyUsage = clientAuth
authorityKeyIdentifier = keyid
[signer]
keyUsage = critical, cRLSign
[ca]
default_ca = plain
[plain]
database = index.txt
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
rand_serial = yes
default_md = sha256
default_days = 30
default_crl_days = 30
policy = any
x509_extensions = client
[any]
commonName = supplied
[full]
database = index.txt
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_crl_days = 30
crlnumber = crlnumber
crl_extensions = crl
[crl]
authorityKeyIdentifier = keyid:always
freshestCRL = URI:http://pki.example/delta.crl
[partition]
database = index.txt
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_crl_days = 30
crlnumber = crlnumber
crl_extensions = partitioned
[partitioned]
authorityKeyIdentifier = keyid:always
issuingDistributionPoint = critical, @scope
[scope]
fullname = URI:http://pki.example/ca.crl
onlyuser = TRUE
";

impl Authority {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let ca = Self { folder };
        for (name, text) in [("ca.cnf", CONFIG), ("index.txt", ""), ("crlnumber", "01\n")] {
            fs::write(ca.path().join(name), text).expect("a file");
        }
        let new = "req -x509 -newkey rsa:2048 -nodes -config ca.cnf -extensions authority -days 300";
        ca.run(&format!("{new} -subj /CN=Real-CA -keyout ca.key -out ca.pem"));
        ca
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn try_run(&self, arguments: &str) -> Output {
        let mut command = Command::new("openssl");
        command.args(arguments.split(' ')).current_dir(self.path());
        command.output().unwrap_or_else(|error| panic!("the openssl command, which scripts/setup installs: {error}"))
    }

    fn run(&self, arguments: &str) {
        let output = self.try_run(arguments);
        assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A client's certificate, in `<name>.pem`.
    fn certify(&self, name: &str, section: &str) {
        self.run(&format!(
            "req -new -newkey rsa:2048 -nodes -config ca.cnf -subj /CN={name} -keyout {name}.key -out {name}.csr"
        ));
        self.run(&format!("ca -batch -config ca.cnf -extensions {section} -in {name}.csr -out {name}.pem -notext"));
    }

    fn revoke(&self, name: &str, how: &str) {
        self.run(&format!("ca -config ca.cnf -revoke {name}.pem{how}"));
    }

    /// A CRL by one of the configuration's sections.
    fn publish(&self, section: &str, file: &str) {
        self.run(&format!("ca -config ca.cnf -name {section} -gencrl -out {file}"));
    }

    fn config(&self, crls: &[&str]) -> Config {
        let mut config = Config::new();
        config.set("ca", self.path().join("ca.pem").to_str().expect("a path in UTF-8")).expect("a CA");
        for file in crls {
            config.set("crl", self.path().join(file).to_str().expect("a path in UTF-8")).expect("a path");
        }
        config
    }

    fn der(&self, name: &str) -> Vec<u8> {
        let text = fs::read(self.path().join(format!("{name}.pem"))).expect("a certificate");
        clientcert::certificate::decode_pem(&text).expect("PEM")[0].der.clone()
    }

    fn judged(&self, name: &str, crls: &[&str]) -> std::sync::Arc<Verdict> {
        Verifier::new(&self.config(crls)).expect("a verifier").verify(&self.der(name))
    }

    /// Whether `openssl verify` takes the certificate with these CRLs.
    fn openssl_takes(&self, name: &str, crls: &[&str], options: &str) -> bool {
        let all: String = crls.iter().map(|file| fs::read_to_string(self.path().join(file)).expect("PEM")).collect();
        fs::write(self.path().join("all.pem"), all).expect("a file");
        let command = format!("verify -crl_check{options} -CAfile ca.pem -CRLfile all.pem {name}.pem");
        self.try_run(&command).status.success()
    }

    /// A list that `openssl dgst` signs with a key of this folder.
    fn sign(&self, list: &List, key: &str, file: &str) {
        let algorithm = der::sequence(&[der::oid("1.2.840.113549.1.1.11"), vec![0x05, 0x00]]);
        let tbs = list.to_be_signed(&algorithm);
        fs::write(self.path().join("tbs"), &tbs).expect("a file");
        self.run(&format!("dgst -sha256 -sign {key}.key -out signature tbs"));
        let signature = der::bit_string(&fs::read(self.path().join("signature")).expect("a signature"));
        let list = der::sequence(&[&tbs, &algorithm, &signature]);
        fs::write(self.path().join(file), crl::pem(&list)).expect("a file");
    }

    /// The content bytes of a certificate's serial number.
    fn serial(&self, name: &str) -> Vec<u8> {
        let certificate = clientcert::certificate::OwnedCertificate::from_der(self.der(name)).expect("a certificate");
        certificate.view().serial().to_vec()
    }

    /// The whole subject of the CA.
    fn name(&self) -> Vec<u8> {
        let certificate = clientcert::certificate::OwnedCertificate::from_der(self.der("ca")).expect("a certificate");
        certificate.view().subject().as_der().to_vec()
    }

    fn key_identifier(&self) -> Vec<u8> {
        let certificate = clientcert::certificate::OwnedCertificate::from_der(self.der("ca")).expect("a certificate");
        certificate.view().subject_key_identifier().expect("a key identifier").to_vec()
    }
}

fn reason(verdict: &Verdict) -> Option<RevocationReason> {
    match &verdict.primary().expect("a reason").detail {
        Some(Detail::Revoked { reason, .. }) => *reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn version_1_as_openssl_makes_it_by_default() {
    let ca = Authority::new();
    ca.certify("alice", "client");
    ca.certify("bob", "client");
    ca.revoke("bob", "");
    ca.publish("plain", "v1.pem");
    assert_eq!(Verifier::new(&ca.config(&["v1.pem"])).expect("a verifier").policy().warnings(), []);
    assert_good(&ca.judged("alice", &["v1.pem"]));
    let bob = ca.judged("bob", &["v1.pem"]);
    assert_only(&bob, Code::CertificateRevoked);
    assert_eq!(reason(&bob), None);
    assert!(ca.openssl_takes("alice", &["v1.pem"], "") && !ca.openssl_takes("bob", &["v1.pem"], ""));
}

#[test]
fn version_2_with_reasons_and_a_hold_that_is_released() {
    let ca = Authority::new();
    for name in ["alice", "bob", "carol", "dora"] {
        ca.certify(name, "client");
    }
    ca.revoke("bob", " -crl_reason keyCompromise");
    ca.revoke("carol", " -crl_hold holdInstructionCallIssuer");
    ca.revoke("dora", " -crl_compromise 20260101000000Z");
    ca.publish("full", "v2.pem");
    assert_good(&ca.judged("alice", &["v2.pem"]));
    for (name, why) in [
        ("bob", RevocationReason::KeyCompromise),
        ("carol", RevocationReason::CertificateHold),
        ("dora", RevocationReason::KeyCompromise),
    ] {
        let verdict = ca.judged(name, &["v2.pem"]);
        assert_only(&verdict, Code::CertificateRevoked);
        assert_eq!(reason(&verdict), Some(why), "{name}");
        assert!(!ca.openssl_takes(name, &["v2.pem"], ""), "{name}");
    }
    assert!(ca.openssl_takes("alice", &["v2.pem"], ""));

    // `openssl ca` has no word for a release: the line says V again.
    let index = fs::read_to_string(ca.path().join("index.txt")).expect("the database");
    let released: Vec<String> = index
        .lines()
        .map(|line| {
            let mut fields: Vec<&str> = line.split('\t').collect();
            if line.ends_with("/CN=carol") {
                (fields[0], fields[2]) = ("V", "");
            }
            fields.join("\t") + "\n"
        })
        .collect();
    fs::write(ca.path().join("index.txt"), released.concat()).expect("the database");
    // Dates have seconds.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    ca.publish("full", "next.pem");
    assert_good(&ca.judged("carol", &["v2.pem", "next.pem"]));
    assert_only(&ca.judged("bob", &["next.pem", "v2.pem"]), Code::CertificateRevoked);
    assert!(ca.openssl_takes("carol", &["next.pem"], "") && !ca.openssl_takes("bob", &["next.pem"], ""));
}

#[test]
fn an_issuing_distribution_point_by_openssl() {
    let ca = Authority::new();
    fs::write(
        ca.path().join("ca.cnf"),
        format!(
            "{CONFIG}[pointing]\nextendedKeyUsage = clientAuth\ncrlDistributionPoints = URI:http://pki.example/ca.crl\n"
        ),
    )
    .expect("a file");
    ca.certify("alice", "pointing");
    ca.certify("bob", "client");
    ca.publish("partition", "partition.pem");
    assert_good(&ca.judged("alice", &["partition.pem"]));
    assert_only(&ca.judged("bob", &["partition.pem"]), Code::CrlScope);
    assert!(ca.openssl_takes("alice", &["partition.pem"], "") && !ca.openssl_takes("bob", &["partition.pem"], ""));
    ca.revoke("alice", " -crl_reason superseded");
    ca.publish("partition", "later.pem");
    let verdict = ca.judged("alice", &["later.pem"]);
    assert_only(&verdict, Code::CertificateRevoked);
    assert_eq!(reason(&verdict), Some(RevocationReason::Superseded));
}

#[test]
fn a_delta_made_with_a_script() {
    let ca = Authority::new();
    for name in ["alice", "bob", "carol"] {
        ca.certify(name, "client");
    }
    ca.revoke("carol", " -crl_hold holdInstructionReject");
    ca.publish("full", "base.pem");
    assert_good(&ca.judged("bob", &["base.pem"]));
    let now = Command::new("date").args(["-u", "+%y%m%d%H%M%SZ"]).output().expect("the date");
    let now = String::from_utf8(now.stdout).expect("text").trim().to_owned();
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let delta = List {
        issuer: ca.name(),
        this_update: time(&now),
        next_update: time("491231235959Z"),
        ..list().with(crl::crl_number(2)).with(crl::delta_crl_indicator(1))
    };
    let delta = delta
        .with(crate::support::extension::authority_key_identifier(&ca.key_identifier()))
        .revoke(Revoked::new(&ca.serial("bob")).because(4))
        .revoke(Revoked::new(&ca.serial("carol")).because(REMOVED));
    ca.sign(&delta, "ca", "delta.pem");
    let both = ["base.pem", "delta.pem"];
    assert_good(&ca.judged("alice", &both));
    let bob = ca.judged("bob", &both);
    assert_only(&bob, Code::CertificateRevoked);
    assert_eq!(reason(&bob), Some(RevocationReason::Superseded));
    assert_good(&ca.judged("carol", &both));
    assert_only(&ca.judged("alice", &["delta.pem"]), Code::CrlMissing);
    let with_deltas = " -use_deltas -extended_crl";
    assert!(ca.openssl_takes("alice", &both, with_deltas) && !ca.openssl_takes("bob", &both, with_deltas));
}

#[test]
fn an_indirect_crl_made_with_a_script() {
    let ca = Authority::new();
    let crl_issuer = "crlDistributionPoints = there\n[there]\nCRLissuer = dirName:issuer\n[issuer]\nCN = signer\n";
    let config = format!("{CONFIG}[elsewhere]\nextendedKeyUsage = clientAuth\n{crl_issuer}");
    fs::write(ca.path().join("ca.cnf"), config).expect("a file");
    ca.certify("alice", "elsewhere");
    ca.certify("bob", "elsewhere");
    ca.certify("signer", "signer");
    let signer = clientcert::certificate::OwnedCertificate::from_der(ca.der("signer")).expect("a certificate");
    let scope = crl::issuing_distribution_point(&[crl::flag(4)]);
    let list = List { issuer: signer.view().subject().as_der().to_vec(), ..list().with(scope) };
    let bobs = Revoked::new(&ca.serial("bob")).because(5).of(&ca.name());
    ca.sign(&list.revoke(Revoked::new(&ca.serial("alice"))).revoke(bobs), "signer", "indirect.pem");
    let mut config = ca.config(&["indirect.pem"]);
    config.set("crl_check", "leaf").expect("a good option");
    let verifier = Verifier::new(&config).expect("a verifier");
    assert_only(&verifier.verify(&ca.der("alice")), Code::CrlIssuerUnknown);
    config.set("crl_issuer", ca.path().join("signer.pem").to_str().expect("UTF-8")).expect("a CRL issuer");
    let verifier = Verifier::new(&config).expect("a verifier");
    assert_eq!(verifier.policy().warnings().iter().map(|warning| warning.kind).collect::<Vec<WarningKind>>(), []);
    assert_good(&verifier.verify(&ca.der("alice")));
    let bob = verifier.verify(&ca.der("bob"));
    assert_only(&bob, Code::CertificateRevoked);
    assert_eq!(reason(&bob), Some(RevocationReason::CessationOfOperation));
    let options = " -extended_crl -untrusted signer.pem";
    assert!(ca.openssl_takes("alice", &["indirect.pem"], options));
    assert!(!ca.openssl_takes("bob", &["indirect.pem"], options));
}
