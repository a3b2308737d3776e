//! What no honest CA or administrator gives to the option `crl`: a clear error that names the place, or a clear reason.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use clientcert::policy::WarningKind;
use clientcert::verify::Code;
use clientcert::{Error, Status, Verifier};

use crate::support::crl::{self, List, Revoked};
use crate::support::{Key, NOW, Template, der};
use crate::world::*;

/// What a debug build on a busy machine may take to refuse a file.
const PATIENCE: Duration = Duration::from_secs(20);

fn given(bytes: &[u8]) -> Result<Verifier, Error> {
    let mut config = config(&[&root()], &[]);
    config.set_bytes("crl", bytes)?;
    Verifier::new(&config)
}

fn in_file(bytes: &[u8]) -> Result<Verifier, Error> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ca.crl");
    fs::write(&path, bytes).expect("a file");
    at(&path)
}

fn at(path: &Path) -> Result<Verifier, Error> {
    let mut config = config(&[&root()], &[]);
    config.set("crl", path.to_str().expect("a path in UTF-8"))?;
    Verifier::new(&config)
}

/// Refused alike from memory and from a file.
#[track_caller]
fn refused(bytes: &[u8], status: Status, words: &str) {
    for (error, place) in [(given(bytes), "bytes"), (in_file(bytes), "ca.crl")] {
        let error = error.expect_err(words);
        let text = error.to_string();
        assert_eq!(error.status(), status, "{text}");
        assert!(text.starts_with("option 'crl': ") && text.contains(place) && text.contains(words), "{text}");
    }
}

#[test]
fn every_truncation_is_refused() {
    let whole = crl(&list().revoke(revoked().because(1)));
    for length in 1..whole.len() {
        let error = given(&whole[..length]).expect_err("a part of a CRL");
        assert_eq!(error.status(), Status::Malformed, "{length} bytes: {error}");
    }
    refused(&whole[..whole.len() - 1], Status::Malformed, "CRL 1: ");
    refused(&[&whole[..], &whole[..50]].concat(), Status::Malformed, "CRL 2: ");
}

#[test]
fn no_turned_bit_covers_anybody() {
    let whole = crl(&list().revoke(Revoked::new(&[8])));
    let mut refused = 0;
    for bit in 0..whole.len() * 8 {
        let mut bent = whole.clone();
        bent[bit / 8] ^= 1 << (bit % 8);
        match given(&bent) {
            Err(_) => refused += 1,
            Ok(verifier) => assert!(!verifier.verify_at(&alice(), NOW).verified(), "bit {bit}"),
        }
    }
    assert!(refused > 0);
}

#[test]
fn what_is_no_crl() {
    refused(b"", Status::NoCrl, "holds no CRL: it is empty");
    refused(b"\n\n", Status::NoCrl, "holds no CRL: it is neither PEM nor DER");
    refused(b"<html>404 Not Found</html>", Status::NoCrl, "holds no CRL: it is neither PEM nor DER");
    refused(&root(), Status::Malformed, "CRL 1: ");
    refused(crate::support::pem(&root()).as_bytes(), Status::NoCrl, "only other PEM blocks");
    refused(Key::p256(0).secret_pem().as_bytes(), Status::Malformed, ":1: is a private key");
    refused(&[&crl(&list())[..], b"\n"].concat(), Status::Malformed, "CRL 2: ");
    refused(b"-----BEGIN X509 CRL-----\nMIIB\n", Status::Malformed, ":1: ");
    refused(b"-----BEGIN X509 CRL-----\n!!!!\n-----END X509 CRL-----\n", Status::Malformed, "");
    refused(b"-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n", Status::Malformed, ":1: ");
}

#[test]
fn places_that_hold_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let (empty, absent) = (folder.path().join("empty"), folder.path().join("absent.crl"));
    fs::create_dir(&empty).expect("a folder");
    let error = at(&empty).expect_err("an empty folder");
    assert_eq!(
        (error.status(), error.to_string().contains("/empty holds no CRL: no file in it")),
        (Status::NoCrl, true)
    );
    fs::write(empty.join("readme.txt"), crl(&list())).expect("a file");
    assert_eq!(at(&empty).map(drop).map_err(|error| error.status()), Err(Status::NoCrl));
    let error = at(&absent).expect_err("no file");
    assert!(error.status() == Status::Io && error.to_string().contains("absent.crl"), "{error}");
    let error = at(&folder.path().join("*.crl")).expect_err("a pattern without files");
    assert!(error.status() == Status::NoCrl && error.to_string().contains("no file matches it"), "{error}");
    // One broken file among good ones is a broken folder.
    fs::write(empty.join("good.crl"), crl(&list())).expect("a file");
    assert_good(&at(&empty).expect("one good file").verify_at(&alice(), NOW));
    fs::write(empty.join("bad.pem"), b"").expect("a file");
    let error = at(&empty).expect_err("a folder with an empty file");
    assert!(error.to_string().contains("bad.pem"), "{error}");
}

#[test]
fn text_around_pem_is_no_matter_and_other_blocks_are_remarked() {
    let text = format!("Issuer: CN=x\r\n\n{}\ntrailing words\n", crl::pem(&crl(&list())).replace('\n', "\r\n"));
    let verifier = given(text.as_bytes()).expect("PEM with text around it");
    assert_good(&verifier.verify_at(&alice(), NOW));
    assert_eq!(warnings(&verifier.policy()), []);
    let both = format!("{}{}", crate::support::pem(&root()), crl::pem(&crl(&list().revoke(revoked()))));
    let verifier = given(both.as_bytes()).expect("a CRL beside a certificate");
    assert_eq!(warnings(&verifier.policy()), [WarningKind::ContentIgnored]);
    assert_only(&verifier.verify_at(&alice(), NOW), Code::CertificateRevoked);
    // Several in one file.
    let other = List::new("Other CA").sign(&Key::ed25519(5));
    let several = format!("{}{}", crl::pem(&other), crl::pem(&crl(&list())));
    let verifier = in_file(several.as_bytes()).expect("two CRLs");
    let verdict = verifier.verify_at(&alice(), NOW);
    assert_good(&verdict);
    let place = verdict.crls().next().expect("a CRL").1.place().to_owned();
    let line = crl::pem(&other).lines().count() + 1;
    assert!(place.ends_with(&format!("ca.crl:{line}")), "{place}");
}

/// 200 MB, of which a CRL is nothing, or claims to be all.
#[test]
fn enormous_files() {
    const SIZE: u64 = 200 << 20;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("large.crl");
    let sparse = |size: u64, beginning: &[u8]| {
        let mut file = File::create(&path).expect("a file");
        file.write_all(beginning).expect("bytes");
        file.seek(SeekFrom::Start(0)).expect("a position");
        file.set_len(size).expect("a sparse file");
        let start = Instant::now();
        let mut outcome = None;
        let used = allocation_counter::measure(|| outcome = Some(at(&path)));
        let error = outcome.expect("an outcome").expect_err("no CRL");
        assert!(error.to_string().contains("large.crl"), "{error}");
        assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
        (error, used.bytes_max)
    };
    let good = crl(&list().revoke(revoked()));
    let beginnings: [(&[u8], Status); 4] = [
        (b"", Status::NoCrl),
        // One value that is as long as the file.
        (&[0x30, 0x84, 0x0c, 0x7f, 0xff, 0xfa], Status::Malformed),
        // A list, and zeros behind it.
        (&good, Status::Malformed),
        (b"-----BEGIN X509 CRL-----\n", Status::Malformed),
    ];
    for (beginning, status) in beginnings {
        let (error, bytes) = sparse(SIZE, beginning);
        assert_eq!(error.status(), status, "{error}");
        // The file, and what it decodes to.
        assert!(bytes < SIZE * 2 + (1 << 20), "{bytes} bytes: {error}");
    }
    // More than is ever read is not read.
    let (error, bytes) = sparse(513 << 20, &good);
    assert!(error.status() == Status::Io && error.to_string().contains("larger than 512 MiB"), "{error}");
    assert!(bytes < 1 << 20, "{bytes} bytes");
}

#[test]
fn signatures_that_are_none() {
    // Nothing is signed: the field is empty, or not there.
    let tbs = list().to_be_signed(&ca_key().signature_algorithm);
    let empty = der::sequence(&[&tbs, &ca_key().signature_algorithm, &der::bit_string(&[])]);
    let verifier = given(&empty).expect("it may be somebody else's");
    assert_only(&verifier.verify_at(&alice(), NOW), Code::CrlSignatureInvalid);
    refused(&der::sequence(&[&tbs, &ca_key().signature_algorithm]), Status::Malformed, "CRL 1: ");
    refused(&der::sequence(&[&tbs]), Status::Malformed, "CRL 1: ");
    // By an algorithm that nobody knows.
    let unknown = der::sequence(&[der::oid("1.2.3.4")]);
    let signed = der::sequence(&[list().to_be_signed(&unknown), unknown, der::bit_string(&[0; 64])]);
    refused(&signed, Status::UnusableCrl, "algorithm is not supported");
    // The signature of another list.
    let other = crl(&list().revoke(revoked()));
    let mut mixed = crl(&list());
    let end = mixed.len();
    mixed[end - 64..].copy_from_slice(&other[other.len() - 64..]);
    assert_only(&given(&mixed).expect("a CRL").verify_at(&alice(), NOW), Code::CrlSignatureInvalid);
    // A copy of the signature beside the list that it is of.
    for crls in [[mixed.clone(), crl(&list())], [crl(&list()), mixed]] {
        assert_good(&judged(&crls, &[]));
    }
}

/// A copy with the same signature and as many entries is another list, which nobody signed.
#[test]
fn a_bent_copy_hides_nothing() {
    let revoking = crl(&list().revoke(revoked()));
    let position = revoking.windows(4).position(|bytes| bytes == [0x02, 0x01, ALICE[0], 0x17]).expect("the entry");
    let mut bent = revoking.clone();
    bent[position + 2] = 8;
    for crls in [[bent.clone(), revoking.clone()], [revoking, bent]] {
        assert_only(&judged(&crls, &[]), Code::CertificateRevoked);
    }
}

#[test]
fn serial_numbers_that_occur_twice() {
    let twice = list().revoke(revoked().because(1)).revoke(revoked().because(1)).revoke(revoked());
    let verdict = judged(&[crl(&twice)], &[]);
    assert_only(&verdict, Code::CertificateRevoked);
    assert_good(&judged(&[crl(&list().revoke(Revoked::new(&[8])).revoke(Revoked::new(&[8])))], &[]));
}

#[test]
fn dates_that_are_odd() {
    let malformed = |list: List| refused(&crl(&list), Status::Malformed, "CRL 1: ");
    malformed(list().updates("2605010000Z", "300101000000Z"));
    malformed(list().updates("260501000000Z", "3001010000Z"));
    malformed(list().updates("260501000000+0100", "300101000000Z"));
    malformed(list().updates("261301000000Z", "300101000000Z"));
    malformed(list().revoke(revoked().since("2604010000Z")));
    malformed(List { this_update: Vec::new(), next_update: Vec::new(), ..list() });
    // It has expired before it began.
    assert_only(&judged(&[crl(&list().updates("260501000000Z", "260401000000Z"))], &[]), Code::CrlExpired);
    assert_only(
        &judged(&[crl(&list().updates("260501000000Z", "260401000000Z").revoke(revoked()))], &[]),
        Code::CertificateRevoked,
    );
    // Without an end it never expires, and the operator is told.
    let endless = List { next_update: Vec::new(), ..list() };
    let verifier = given(&crl(&endless)).expect("a CRL without nextUpdate");
    assert_eq!(warnings(&verifier.policy()), [WarningKind::CrlNeverExpires]);
    let verdict = verifier.verify_at(&alice(), NOW);
    assert_good(&verdict);
    assert_eq!(verdict.crls().next().expect("a CRL").1.next_update(), None);
    // Years in four digits before 2050, as some CAs write them.
    assert_good(&judged(&[crl(&list().updates("20260501000000Z", "20300101000000Z"))], &[]));
}

#[test]
fn the_wrong_issuer() {
    // Somebody else's list, signed by this CA's key.
    assert_only(&judged(&[List::new("Other CA").sign(&ca_key())], &[]), Code::CrlMissing);
    // A client that makes a list of its own: nobody asks it.
    let client_key = Key::ed25519(9);
    let own = List::new("alice").sign(&client_key);
    assert_only(&judged(std::slice::from_ref(&own), &[]), Code::CrlMissing);
    let claimed = list().with(crl::crl_number(99)).updates("260531000000Z", "300101000000Z").sign(&client_key);
    let verdict = judged(&[claimed, crl(&list().revoke(revoked()))], &[]);
    assert_only(&verdict, Code::CertificateRevoked);
    // Neither does a client speak for its CA by presenting a certificate under the CA's name that it signed itself.
    let forged = Template::authority(CA, CA, &client_key).sign(&client_key);
    let config = configured(&[list().sign(&client_key)], &[]);
    assert!(!judge(&config, &[&alice(), &forged]).verified());
}
