//! A real responder, `openssl ocsp`, over HTTP: every kind of answer that it gives, and what its answers are worth elsewhere.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clientcert::certificate::OwnedCertificate;
use clientcert::revocation::RevocationReason;
use clientcert::revocation::ocsp::{
    Answer, HashAlgorithm, NONCE_LENGTH, Question, Refusal, Rules, Status, Unfit, get_url, nonce,
};
use clientcert::{Config, Verifier};
use tempfile::TempDir;

use crate::support::ocsp::{NOCHECK, OCSP_SIGNING};
use crate::support::{Extension, Key, Template, der, extension, pem};

/// What the responder's index says of the serial numbers.
const INDEX: &str = "V\t401231235959Z\t\t1001\tunknown\t/CN=alice\n\
    R\t401231235959Z\t260102030405Z,keyCompromise\t1002\tunknown\t/CN=bob\n\
    R\t401231235959Z\t260102030405Z,certificateHold\t1003\tunknown\t/CN=carol\n\
    R\t401231235959Z\t260102030405Z\t1004\tunknown\t/CN=dave\n";

pub const ALICE: u8 = 1;
pub const BOB: u8 = 2;
pub const CAROL: u8 = 3;
pub const DAVE: u8 = 4;
pub const NOBODY: u8 = 9;

/// A running `openssl ocsp`, ended when dropped.
pub struct Responder {
    process: Child,
    pub address: String,
    pub folder: TempDir,
}

/// Who signs the answers.
pub enum By<'a> {
    Ca,
    /// A responder of this certificate; its key is [`responder_key`].
    Delegate(&'a Template),
    /// A CA of the same name with another key.
    Impostor,
}

pub fn ca_key() -> &'static Key {
    Key::p256(0)
}

pub fn responder_key() -> &'static Key {
    Key::p256(2)
}

pub fn ca() -> OwnedCertificate {
    OwnedCertificate::from_der(Template::authority("Test CA", "Test CA", ca_key()).sign(ca_key())).expect("a CA")
}

/// A client whose serial number is 0x1000 and this.
pub fn client(number: u8) -> Template {
    let mut template = Template::client("Test CA", "client", Key::p256(1));
    template.serial = vec![0x10, number];
    template
}

pub fn delegate() -> Template {
    Template::new("Test CA", "Test Responder", responder_key())
        .with(extension::key_usage(&[extension::DIGITAL_SIGNATURE]))
        .with(extension::extended_key_usage(&[OCSP_SIGNING]))
        .with(Extension::new(NOCHECK, der::tlv(0x05, &[])))
}

pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs().cast_signed()
}

impl Responder {
    pub fn start(by: &By<'_>, arguments: &[&str]) -> Self {
        let folder = TempDir::new().expect("a folder");
        let write = |file: &str, content: &str| {
            let path = folder.path().join(file);
            fs::write(&path, content).expect("a file");
            path
        };
        write("index.txt", INDEX);
        write("index.txt.attr", "unique_subject = no\n");
        let impostor = Key::p384();
        let (certificate, key) = match by {
            By::Ca => (ca().view().as_der().to_vec(), ca_key().secret_pem()),
            By::Delegate(template) => (template.sign(ca_key()), responder_key().secret_pem()),
            By::Impostor => {
                (Template::authority("Test CA", "Test CA", &impostor).sign(&impostor), impostor.secret_pem())
            }
        };
        write("ca.pem", &pem(ca().view().as_der()));
        write("signer.pem", &pem(&certificate));
        write("signer.key", &key);
        let mut process = Command::new("openssl")
            .args(["ocsp", "-port", "0", "-index", "index.txt", "-CA", "ca.pem"])
            .args(["-rsigner", "signer.pem", "-rkey", "signer.key"])
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`openssl ocsp` starts: scripts/setup installs it");
        // "ACCEPT [::]:39871 PID=2433"
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let port = line.split_whitespace().nth(1).and_then(|address| address.rsplit(':').next());
        let port: u16 = port.and_then(|port| port.parse().ok()).unwrap_or_else(|| panic!("no port in {line:?}"));
        Self { process, address: format!("127.0.0.1:{port}"), folder }
    }

    /// The body of what it answers to a POST.
    pub fn post(&self, request: &[u8]) -> Vec<u8> {
        let head = format!(
            "POST / HTTP/1.0\r\nContent-Type: application/ocsp-request\r\nContent-Length: {}\r\n\r\n",
            request.len()
        );
        self.exchange(&der::concat(&[head.as_bytes(), request]))
    }

    pub fn get(&self, request: &[u8]) -> Vec<u8> {
        let url = get_url("", request);
        self.exchange(format!("GET {url} HTTP/1.0\r\n\r\n").as_bytes())
    }

    fn exchange(&self, message: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        stream.write_all(message).expect("a request");
        let mut response = Vec::new();
        stream.read_to_end(&mut response).expect("a response");
        let end = response.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
        response.split_off(end)
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        // It runs until it is killed.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Asks about a client, and checks the answer.
fn ask(responder: &Responder, number: u8, algorithm: HashAlgorithm, nonce: Option<&[u8]>) -> Result<Answer, Refusal> {
    let (client, ca) = (OwnedCertificate::from_der(client(number).sign(ca_key())).expect("a client"), ca());
    let question = Question::new(client.view(), ca.view());
    let response = responder.post(&question.request(algorithm, nonce));
    question.check(&response, nonce, &Rules::default(), now())
}

fn status(responder: &Responder, number: u8) -> Status {
    ask(responder, number, HashAlgorithm::Sha1, None).expect("an answer").status()
}

#[test]
fn every_status_is_what_the_index_says() {
    let responder = Responder::start(&By::Ca, &["-ndays", "1"]);
    let date = 1_767_323_045;
    assert_eq!(status(&responder, ALICE), Status::Good);
    let revoked = |reason| Status::Revoked { date, reason };
    assert_eq!(status(&responder, BOB), revoked(Some(RevocationReason::KeyCompromise)));
    assert_eq!(status(&responder, CAROL), revoked(Some(RevocationReason::CertificateHold)));
    assert_eq!(status(&responder, DAVE), revoked(None));
    assert_eq!(status(&responder, NOBODY), Status::Unknown);
}

#[test]
fn it_understands_every_question() {
    let responder = Responder::start(&By::Ca, &[]);
    let algorithms = [HashAlgorithm::Sha1, HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512];
    for algorithm in algorithms {
        let fresh = nonce().expect("a nonce");
        for nonce in [None, Some(&fresh[..])] {
            let answer = ask(&responder, ALICE, algorithm, nonce);
            assert_eq!(answer.expect("an answer").status(), Status::Good, "{algorithm:?}");
        }
    }
    let (client, ca) = (OwnedCertificate::from_der(client(ALICE).sign(ca_key())).expect("a client"), ca());
    let question = Question::new(client.view(), ca.view());
    // By GET; with base64 that needs its percent signs.
    for start in 0..=16 {
        let nonce = [start * 15; NONCE_LENGTH];
        let response = responder.get(&question.request(HashAlgorithm::Sha1, Some(&nonce)));
        assert!(question.check(&response, Some(&nonce), &Rules::default(), now()).is_ok());
    }
}

#[test]
fn an_answer_counts_in_its_time_alone() {
    let responder = Responder::start(&By::Ca, &["-ndays", "1"]);
    let endless = Responder::start(&By::Ca, &[]);
    let (client, ca) = (OwnedCertificate::from_der(client(ALICE).sign(ca_key())).expect("a client"), ca());
    let question = Question::new(client.view(), ca.view());
    let (hour, day, now) = (3_600, 86_400, now());
    let request = question.request(HashAlgorithm::Sha1, None);
    let check = |response: &[u8], at| question.check(response, None, &Rules::default(), at);
    let response = responder.post(&request);
    assert!(check(&response, now + day - hour).is_ok());
    assert!(matches!(check(&response, now + day + hour), Err(Refusal::Expired(_))));
    assert!(matches!(check(&response, now - hour), Err(Refusal::NotYetValid(_))));
    let response = endless.post(&request);
    assert_eq!(check(&response, now).expect("an answer").next_update(), None);
    assert!(matches!(check(&response, now + hour), Err(Refusal::Expired(_))));
}

#[test]
fn an_answer_with_another_nonce_is_refused() {
    let responder = Responder::start(&By::Ca, &[]);
    let (client, ca) = (OwnedCertificate::from_der(client(ALICE).sign(ca_key())).expect("a client"), ca());
    let question = Question::new(client.view(), ca.view());
    let (one, two) = (nonce().expect("a nonce"), nonce().expect("a nonce"));
    assert_ne!(one, two);
    let response = responder.post(&question.request(HashAlgorithm::Sha1, Some(&one)));
    assert!(question.check(&response, Some(&one), &Rules::default(), now()).is_ok());
    assert_eq!(question.check(&response, Some(&two), &Rules::default(), now()).unwrap_err(), Refusal::Nonce);
    let response = responder.post(&question.request(HashAlgorithm::Sha1, None));
    assert_eq!(question.check(&response, Some(&one), &Rules::default(), now()).unwrap_err(), Refusal::Nonce);
}

#[test]
fn a_delegate_answers_where_the_ca_made_it_one() {
    let check = |template: &Template, arguments: &[&str]| {
        ask(&Responder::start(&By::Delegate(template), arguments), ALICE, HashAlgorithm::Sha1, None)
    };
    let answer = check(&delegate(), &[]).expect("an answer");
    assert_eq!((answer.status(), answer.responder_id()), (Status::Good, "CN=Test Responder"));
    assert!(answer.responder().is_some() && answer.is_nocheck());
    let by_key = check(&delegate(), &["-resp_key_id"]).expect("an answer");
    assert_eq!(by_key.responder_id().len(), 40);
    assert!(!check(&delegate().without(NOCHECK), &[]).expect("an answer").is_nocheck());
    let usage = Refusal::ResponderUnfit(Unfit::Usage);
    assert_eq!(check(&delegate().without(extension::EXTENDED_KEY_USAGE), &[]).unwrap_err(), usage);
    let absent = Refusal::ResponderUnfit(Unfit::Absent);
    assert_eq!(check(&delegate(), &["-resp_no_certs"]).unwrap_err(), absent);
    let weak = check(&delegate(), &["-rmd", "sha1"]).unwrap_err();
    assert_eq!(weak, Refusal::SignatureUnsupported);
}

#[test]
fn a_wrong_signer_is_found_out() {
    let impostor = Responder::start(&By::Impostor, &[]);
    for number in [ALICE, BOB, NOBODY] {
        let refusal = ask(&impostor, number, HashAlgorithm::Sha1, None).unwrap_err();
        assert_eq!(refusal, Refusal::SignatureInvalid);
    }
    let impostor = Responder::start(&By::Impostor, &["-resp_key_id"]);
    let refusal = ask(&impostor, ALICE, HashAlgorithm::Sha1, None).unwrap_err();
    assert_eq!(refusal, Refusal::ResponderUnfit(Unfit::Usage));
    let bad = Responder::start(&By::Ca, &["-badsig"]);
    assert_eq!(ask(&bad, ALICE, HashAlgorithm::Sha1, None).unwrap_err(), Refusal::SignatureInvalid);
}

/// What a host does: verify, ask, verify with the answer.
#[test]
fn a_verdict_is_completed_by_what_it_says() {
    let responder = Responder::start(&By::Delegate(&delegate()), &["-ndays", "1"]);
    let mut config = Config::new();
    config.set_bytes("ca", ca().view().as_der()).expect("a CA");
    config.set("ocsp", "leaf").expect("an option");
    config.set("ocsp_nonce", "true").expect("an option");
    config.set("ocsp_responder", &format!("http://{}/", responder.address)).expect("an option");
    let verifier = Verifier::new(&config).expect("a verifier");
    for (number, reason) in [
        (ALICE, None),
        (BOB, Some("certificate_revoked")),
        (CAROL, Some("certificate_revoked")),
        (NOBODY, Some("ocsp_unknown")),
    ] {
        let pending = verifier.verify(&client(number).sign(ca_key()));
        assert_eq!(pending.primary().map(|reason| reason.code.name()), Some("ocsp_pending"));
        let [question] = pending.ocsp_questions() else { panic!("no question") };
        let response = responder.post(question.request());
        let verdict = verifier.ocsp_response(&pending, question.certificate(), &response);
        assert_eq!(verdict.primary().map(|reason| reason.code.name()), reason);
        assert_eq!(verdict.verified(), reason.is_none());
        let next = verifier.verify(&client(number).sign(ca_key()));
        // Nobody needs to ask again, but about who was unknown.
        let next = next.primary().map(|reason| reason.code.name());
        assert_eq!(next, if number == NOBODY { Some("ocsp_pending") } else { reason });
    }
}

/// Requests and responses as files, both ways.
#[test]
fn files_of_openssl_are_understood_and_ours_by_it() {
    let responder = Responder::start(&By::Delegate(&delegate()), &["-ndays", "1"]);
    let client = OwnedCertificate::from_der(client(ALICE).sign(ca_key())).expect("a client");
    let ca = ca();
    let question = Question::new(client.view(), ca.view());
    let file = |name: &str| responder.folder.path().join(name);
    fs::write(file("client.pem"), pem(client.view().as_der())).expect("a file");

    let openssl = |arguments: &[&str]| -> String {
        let output = Command::new("openssl").arg("ocsp").args(arguments).current_dir(responder.folder.path()).output();
        let output = output.expect("openssl");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    // It asks as we do, byte for byte.
    openssl(&["-issuer", "ca.pem", "-cert", "client.pem", "-no_nonce", "-reqout", "request.der"]);
    assert_eq!(read(&file("request.der")), question.request(HashAlgorithm::Sha1, None));
    openssl(&["-issuer", "ca.pem", "-sha256", "-cert", "client.pem", "-no_nonce", "-reqout", "request.der"]);
    assert_eq!(read(&file("request.der")), question.request(HashAlgorithm::Sha256, None));
    let text = question.request(HashAlgorithm::Sha512, Some(&[0xab; 32]));
    fs::write(file("request.der"), text).expect("a file");
    let text = openssl(&["-reqin", "request.der", "-req_text"]);
    assert!(text.contains("sha512") && text.contains("OCSP Nonce") && text.contains("ABABABABABABABAB"), "{text}");

    // What it kept of an answer counts here too.
    let url = format!("http://{}/", responder.address);
    let verified = openssl(&[
        "-issuer",
        "ca.pem",
        "-cert",
        "client.pem",
        "-url",
        &url,
        "-CAfile",
        "ca.pem",
        "-respout",
        "response.der",
    ]);
    assert!(verified.contains("good"), "{verified}");
    let response = read(&file("response.der"));
    assert_eq!(question.check(&response, None, &Rules::default(), now()).expect("an answer").status(), Status::Good);
}

fn read(path: &PathBuf) -> Vec<u8> {
    fs::read(path).expect("a file")
}
