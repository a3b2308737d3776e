//! The same CRLs read by the `openssl` command.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use clientcert::certificate::OwnedCertificate;
use clientcert::revocation::{Crl, RevocationReason};

use crate::support::certificate::pem;
use crate::support::crl::{self, List, Revoked};
use crate::support::{Key, Template, name};

/// What `openssl` prints, which must succeed.
fn openssl(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output().expect("the openssl command");
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What OpenSSL reads in a CRL: version, updates, number, and the serial number, date and reason of each entry.
fn theirs(folder: &Path, der: &[u8]) -> Vec<String> {
    fs::write(folder.join("crl.der"), der).expect("a file");
    let text = openssl(folder, &["crl", "-inform", "DER", "-in", "crl.der", "-noout", "-text"]);
    // Long serial numbers go on in the next line.
    let text = String::from_utf8(text).expect("text").replace("\\\n", "");
    let mut lines = text.lines().map(str::trim).peekable();
    let mut found: Vec<String> = Vec::new();
    while let Some(line) = lines.next() {
        match line {
            "X509v3 CRL Number:" => found.push(format!("Number: {}", lines.next().expect("a number"))),
            "X509v3 CRL Reason Code:" => {
                let last = found.last_mut().expect("an entry");
                write!(last, ", {}", lines.next().expect("a reason")).expect("a string");
            }
            _ if line.starts_with("Version ") || line.contains(" Update: ") => found.push(line.to_owned()),
            _ if line.starts_with("Serial Number: ") => {
                let date = lines.next().expect("a date");
                found.push(format!("{line}, {date}"));
            }
            _ => {}
        }
    }
    // Ours are in no order.
    found.sort();
    found
}

/// The same as this library reads it.
fn ours(der: &[u8]) -> Vec<String> {
    let crl = Crl::from_der(der).expect("a CRL");
    let number = |bytes: &[u8]| bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    let mut found = vec![
        format!("Version {} (0x{:x})", crl.version(), crl.version() - 1),
        format!("Last Update: {}", date(crl.this_update())),
        format!("Next Update: {}", crl.next_update().map_or("NONE".to_owned(), date)),
    ];
    found.extend(crl.number().map(|bytes| format!("Number: {}", number(bytes))));
    for (_, serial, entry) in crl.revoked() {
        let reason = entry.reason.map(|reason| format!(", {}", long_name(reason))).unwrap_or_default();
        found.push(format!("Serial Number: {}, Revocation Date: {}{reason}", hexadecimal(&serial), date(entry.date)));
    }
    found.sort();
    found
}

/// `Apr  1 00:00:00 2026 GMT`
fn date(unix: i64) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (mut days, seconds) = (unix.div_euclid(86_400), unix.rem_euclid(86_400));
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut year = 1970;
    while days < 0 {
        year -= 1;
        days += 365 + i64::from(is_leap(year));
    }
    while days >= 365 + i64::from(is_leap(year)) {
        days -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    let mut month = 0;
    for length in [31, 28 + i64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{} {:2} {hour:02}:{minute:02}:{second:02} {year} GMT", MONTHS[month], days + 1)
}

/// OpenSSL prints sign and magnitude.
fn hexadecimal(serial: &[u8]) -> String {
    let negative = serial[0] & 0x80 != 0;
    let mut bytes = serial.to_vec();
    if negative {
        let mut carry = true;
        for byte in bytes.iter_mut().rev() {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count().min(bytes.len() - 1);
    bytes[zeros..].iter().fold(if negative { "-" } else { "" }.to_owned(), |mut text, byte| {
        write!(text, "{byte:02X}").expect("a string");
        text
    })
}

fn long_name(reason: RevocationReason) -> &'static str {
    match reason {
        RevocationReason::Unspecified => "Unspecified",
        RevocationReason::KeyCompromise => "Key Compromise",
        RevocationReason::CaCompromise => "CA Compromise",
        RevocationReason::AffiliationChanged => "Affiliation Changed",
        RevocationReason::Superseded => "Superseded",
        RevocationReason::CessationOfOperation => "Cessation Of Operation",
        RevocationReason::CertificateHold => "Certificate Hold",
        RevocationReason::RemoveFromCrl => "Remove From CRL",
        RevocationReason::PrivilegeWithdrawn => "Privilege Withdrawn",
        RevocationReason::AaCompromise => "AA Compromise",
        other => panic!("no name for {other:?}"),
    }
}

#[test]
fn both_read_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let serials: [&[u8]; 12] = [
        &[0],
        &[1],
        &[0x7f],
        &[0x80],
        &[0xff],
        &[0, 0x80],
        &[0xff, 0x7f],
        &[0x55; 16],
        &[0, 0xaa, 0xaa, 0xaa, 0xaa],
        &[0x55; 20],
        &[0x91; 20],
        &[0x55; 40],
    ];
    let dates = ["500101000000Z", "991231235959Z", "000229120000Z", "260401123456Z", "20500101000000Z"];
    let reasons = [None, Some(0), Some(1), Some(2), Some(3), Some(4), Some(5), Some(6), Some(8), Some(9), Some(10)];
    let entries = serials.iter().enumerate().map(|(number, serial)| {
        let revoked = Revoked::new(serial).since(dates[number % dates.len()]);
        reasons[number % reasons.len()].map_or(revoked.clone(), |code| revoked.because(code))
    });
    let full = List { revoked: entries.collect(), ..List::new("CA").with(crl::crl_number(4_294_967_295)) };
    let simple = List { revoked: serials.iter().map(|serial| Revoked::new(serial)).collect(), ..List::version_1("CA") };
    let other = Revoked::new(&[3]).of(&name::common_name("Other CA"));
    let indirect = List::new("CA").with(crl::issuing_distribution_point(&[crl::flag(4)])).revoke(other);
    let lists = [
        full.clone(),
        List { next_update: Vec::new(), ..full.clone() },
        full.updates("20260501000000Z", "20600101000000Z").with(crl::delta_crl_indicator(1)),
        simple,
        List::new("CA"),
        List { keep_empty: true, ..List::new("CA") },
        indirect,
    ];
    for list in lists {
        let der = list.sign(&Key::ed25519(0));
        assert_eq!(ours(&der), theirs(folder.path(), &der));
    }
}

#[test]
fn both_find_the_same_signature_good() {
    let folder = tempfile::tempdir().expect("a folder");
    let other = Key::ed25519(1);
    for key in [&Key::ed25519(0), Key::p256(0), &Key::p384(), &Key::rsa()] {
        let issuer = Template::authority("CA", "CA", key).sign(key);
        fs::write(folder.path().join("ca.pem"), pem(&issuer)).expect("a file");
        let issuer = OwnedCertificate::from_der(issuer).expect("a CA");
        for signer in [key, &other] {
            let der = List::new("CA").revoke(Revoked::new(&[1])).sign(signer);
            fs::write(folder.path().join("crl.pem"), crl::pem(&der)).expect("a file");
            let output = Command::new("openssl")
                .args(["crl", "-in", "crl.pem", "-noout", "-CAfile", "ca.pem"])
                .current_dir(folder.path())
                .output()
                .expect("the openssl command");
            let good = String::from_utf8_lossy(&output.stderr).contains("verify OK");
            let ours = Crl::from_der(&der).expect("a CRL").is_signed_by(&issuer.view());
            assert_eq!((ours, good), (std::ptr::eq(signer, key), std::ptr::eq(signer, key)));
        }
    }
}

#[test]
fn what_openssl_ca_makes() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let config = "[ca]\ndefault_ca = any\n[any]\ndatabase = index.txt\ncertificate = ca.pem\nprivate_key = ca.key\n\
                  default_md = sha256\ndefault_crl_days = 30\n";
    fs::write(folder.join("version_1.cnf"), config).expect("a file");
    let extensions = "crlnumber = crlnumber\ncrl_extensions = extensions\n\
                      [extensions]\nauthorityKeyIdentifier = keyid:always\n";
    fs::write(folder.join("version_2.cnf"), format!("{config}{extensions}")).expect("a file");
    fs::write(folder.join("crlnumber"), "1234\n").expect("a file");
    let index = "R\t400101000000Z\t260401000000Z,keyCompromise\t01\tunknown\t/CN=alice\n\
                 R\t400101000000Z\t260402000000Z\t4A00000000000000000000000000000000000001\tunknown\t/CN=bob\n\
                 V\t400101000000Z\t\t02\tunknown\t/CN=carol\n\
                 R\t400101000000Z\t260403000000Z,holdInstruction,holdInstructionReject\tFF\tunknown\t/CN=dora\n\
                 R\t400101000000Z\t260404000000Z,keyTime,20260301000000Z\tFE\tunknown\t/CN=eve\n";
    fs::write(folder.join("index.txt"), index).expect("a file");
    openssl(
        folder,
        &[
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=CA",
            "-days", "30",
        ],
    );
    let ca = fs::read(folder.join("ca.pem")).expect("a CA");
    let ca = OwnedCertificate::from_der(clientcert::certificate::decode_pem(&ca).expect("PEM")[0].der.clone())
        .expect("a CA");

    for (version, numbers) in [(1, None), (2, Some(&[0x12, 0x34][..]))] {
        let name = format!("version_{version}.cnf");
        // A CRL of version 1 cannot say why.
        let plain = index.lines().map(|line| line.split(',').collect::<Vec<_>>());
        if version == 1 {
            let plain: Vec<String> = plain
                .map(|parts| match parts[..] {
                    [whole] => format!("{whole}\n"),
                    _ => format!("{}\t{}\n", parts[0], parts[parts.len() - 1].split_once('\t').expect("fields").1),
                })
                .collect();
            fs::write(folder.join("index.txt"), plain.concat()).expect("a file");
        } else {
            fs::write(folder.join("index.txt"), index).expect("a file");
        }
        openssl(folder, &["ca", "-config", &name, "-gencrl", "-out", "crl.pem"]);
        openssl(folder, &["crl", "-in", "crl.pem", "-outform", "DER", "-out", "made.der"]);
        let der = fs::read(folder.join("made.der")).expect("a CRL");
        let crl = Crl::from_der(&der).expect("a CRL");
        assert_eq!((crl.version(), crl.number(), crl.entry_count()), (version, numbers, 4));
        assert!(crl.is_signed_by(&ca.view()) && crl.issuer().matches(&ca.view().subject()));
        assert_eq!(crl.unknown_critical_extension(), None);
        let reason = |serial: &[u8]| crl.find(&crl.issuer(), serial).map(|entry| entry.reason);
        assert_eq!(reason(&[1]), Some((version == 2).then_some(RevocationReason::KeyCompromise)));
        assert_eq!(reason(&[0, 0xff]), Some((version == 2).then_some(RevocationReason::CertificateHold)));
        assert_eq!(reason(&[2]), None);
        assert_eq!(ours(&der), theirs(folder, &der));
    }
}
