//! What the three verifiers say of a case.

use std::time::Duration;

use clientcert::Verifier;
use clientcert::policy::Config;
use clientcert::verify::Code;
use pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use crate::generate::Case;
use crate::support::c::{Answers, Program, Record};

/// What this library says.
#[derive(Debug)]
pub enum Ours {
    Accepts,
    Rejects(Vec<Code>),
    /// The pinned CAs cannot be used.
    RefusesConfig(#[expect(dead_code, reason = "shown by Debug")] String),
}

impl Ours {
    pub fn accepts(&self) -> bool {
        matches!(self, Self::Accepts)
    }
}

pub fn ours(case: &Case) -> Ours {
    let verifier = || {
        let mut config = Config::new();
        config.set("cache_size", "0")?;
        config.set_bytes("ca", &case.anchors.concat())?;
        Verifier::new(&config)
    };
    match verifier() {
        Err(error) => Ours::RefusesConfig(error.to_string()),
        Ok(verifier) => {
            let verdict = verifier.verify_at(&case.chain.concat(), case.time);
            match verdict.verified() {
                true => Ours::Accepts,
                false => Ours::Rejects(verdict.reasons().iter().map(|reason| reason.code).collect()),
            }
        }
    }
}

/// Plain webpki's opinion.
pub fn webpki(case: &Case) -> Result<(), webpki::Error> {
    let owned: Vec<CertificateDer<'_>> = case.anchors.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let anchors: Vec<_> = owned.iter().filter_map(|der| anchor_from_trusted_cert(der).ok()).collect();
    let presented: Vec<CertificateDer<'_>> =
        case.chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let time = UnixTime::since_unix_epoch(Duration::from_secs(case.time.cast_unsigned()));
    let leaf = EndEntityCert::try_from(&presented[0])?;
    leaf.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &anchors,
        &presented[1..],
        time,
        KeyUsage::client_auth(),
        None,
        None,
    )?;
    Ok(())
}

/// OpenSSL's opinion: an X509_V_ERR number and its depth, or what it cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenSsl {
    Accepts,
    Rejects { error: i32, depth: i32 },
    CannotRead { index: usize },
}

impl OpenSsl {
    pub fn accepts(self) -> bool {
        self == Self::Accepts
    }
}

/// The program that asks OpenSSL.
pub fn openssl_program() -> Program {
    Program::compile("tests/oracle/verify.c", &["-lcrypto".to_owned()])
}

pub fn openssl(program: &Program, cases: &[Case]) -> Vec<OpenSsl> {
    let records: Vec<Record> = cases.iter().map(record).collect();
    let Answers(lines) = program.run(&records);
    lines.iter().map(|line| read(line).unwrap_or_else(|| panic!("tests/oracle/verify.c says {line:?}"))).collect()
}

fn record(case: &Case) -> Record {
    let mut record = Record::default();
    for list in [&case.anchors, &case.chain] {
        record.number(list.len() as u64);
        for der in list {
            record.bytes(der);
        }
    }
    record.number(case.time.cast_unsigned());
    record
}

fn read(line: &str) -> Option<OpenSsl> {
    let (first, second) = line.split_once(' ')?;
    Some(match first.parse().ok()? {
        0 => OpenSsl::Accepts,
        -1 => OpenSsl::CannotRead { index: second.parse().ok()? },
        error => OpenSsl::Rejects { error, depth: second.parse().ok()? },
    })
}
