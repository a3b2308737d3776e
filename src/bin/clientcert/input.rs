//! Certificates and CRLs from files and standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clientcert::certificate::{OwnedCertificate, decode_pem, is_pem, split_der};
use clientcert::revocation::Crl;

use crate::{Failure, print};

/// A certificate, and where it stands.
pub struct Entry {
    /// The file, or `standard input`, with the line of a PEM block or the number of the certificate.
    pub place: String,
    /// The certificate, or why it is none.
    pub certificate: Result<OwnedCertificate, String>,
}

/// A CRL, and where it stands.
pub struct CrlEntry {
    /// The file, or `standard input`, with the line of a PEM block or the number of the CRL.
    pub place: String,
    /// The CRL, or why it is none.
    pub crl: Result<Crl, String>,
}

/// The input of a command, one file after the other: its name, and what is in it.
pub fn files(matches: &ArgMatches) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let paths = matches.get_many::<PathBuf>("files").into_iter().flatten();
    paths.map(|path| file(path)).collect()
}

/// One file, or standard input for `-`: its name, and what is in it.
pub fn file(path: &Path) -> Result<(String, Vec<u8>), Failure> {
    limited(path, MAX_MEGABYTES)
}

/// The certificates of a file, readable or not.
pub fn certificates(file: &str, bytes: &[u8]) -> Result<Vec<Entry>, Failure> {
    let read = |place, der: &[u8]| {
        let certificate = OwnedCertificate::from_der(der).map_err(|malformed| malformed.to_string());
        Entry { place, certificate }
    };
    let found: Vec<Entry> = if is_pem(bytes) {
        pem(file, bytes)?.iter().map(|(line, der)| read(format!("{file}:{line}"), der)).collect()
    } else {
        let mut found = Vec::new();
        for (number, der) in (1..).zip(split_der(bytes)) {
            let place = format!("{file}, certificate {number}");
            found.push(match der {
                Ok(der) => read(place, der),
                Err(malformed) if number == 1 && bytes.first() != Some(&0x30) => {
                    return Err(Failure(format!("{file}: it is neither PEM nor DER: {malformed}")));
                }
                Err(malformed) => Entry { place, certificate: Err(malformed.to_string()) },
            });
        }
        found
    };
    match found.is_empty() {
        true => Err(Failure(format!("{file}: it holds no certificate"))),
        false => Ok(found),
    }
}

/// The first certificate of a file.
pub fn one_certificate(path: &Path) -> Result<OwnedCertificate, Failure> {
    let (file, bytes) = file(path)?;
    let first = certificates(&file, &bytes)?.into_iter().next();
    let Entry { place, certificate } = first.ok_or_else(|| Failure(format!("{file}: it holds no certificate")))?;
    certificate.map_err(|problem| Failure(format!("{place}: {problem}")))
}

/// The CRLs of a file of at most 512 MiB, or of standard input for `-`, readable or not.
pub fn crls(path: &Path) -> Result<Vec<CrlEntry>, Failure> {
    const MAX_CRL_MEGABYTES: u64 = 512;
    let (file, bytes) = limited(path, MAX_CRL_MEGABYTES)?;
    let read = |der: &[u8]| Crl::from_der(der).map_err(|malformed| malformed.to_string());
    let mut found = Vec::new();
    if is_pem(&bytes) {
        let blocks =
            decode_pem(&bytes).map_err(|error| Failure(format!("{file}:{}: {}", error.line, error.problem)))?;
        for block in blocks {
            match block.label {
                "X509 CRL" => found.push(CrlEntry { place: format!("{file}:{}", block.line), crl: read(&block.der) }),
                label => print::warning(&format!("{file}:{}: a PEM block '{label}' is ignored", block.line)),
            }
        }
    } else if bytes.first() == Some(&0x30) {
        for (number, der) in (1..).zip(split_der(&bytes)) {
            let place = format!("{file}, CRL {number}");
            let der = der.map_err(|malformed| format!("{} at byte {}", malformed.problem, malformed.offset));
            found.push(CrlEntry { place, crl: der.and_then(read) });
        }
    } else if !bytes.is_empty() {
        return Err(Failure(format!("{file}: it is neither PEM nor DER")));
    }
    match found.is_empty() {
        true => Err(Failure(format!("{file}: it holds no CRL"))),
        false => Ok(found),
    }
}

/// What a client presents: the files' certificates as DER, one after the other, whether or not they can be read.
pub fn chain(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>, Failure> {
    let mut chain = Vec::new();
    for (file, bytes) in files {
        if is_pem(bytes) {
            let certificates = pem(file, bytes)?;
            if certificates.is_empty() {
                return Err(Failure(format!("{file}: it holds no certificate")));
            }
            chain.extend(certificates.into_iter().flat_map(|(_, der)| der));
        } else {
            chain.extend_from_slice(bytes);
        }
    }
    Ok(chain)
}

/// The certificates of a PEM file with their lines. Other blocks, such as the key beside a certificate, are named.
fn pem(file: &str, bytes: &[u8]) -> Result<Vec<(usize, Vec<u8>)>, Failure> {
    let blocks = decode_pem(bytes).map_err(|error| Failure(format!("{file}:{}: {}", error.line, error.problem)))?;
    let mut certificates = Vec::with_capacity(blocks.len());
    for block in blocks {
        match block.is_certificate() {
            true => certificates.push((block.line, block.der)),
            false => print::warning(&format!("{file}:{}: a PEM block '{}' is ignored", block.line, block.label)),
        }
    }
    Ok(certificates)
}

/// The largest file of certificates or answers that is read.
const MAX_MEGABYTES: u64 = 64;

fn limited(path: &Path, megabytes: u64) -> Result<(String, Vec<u8>), Failure> {
    let limit = megabytes << 20;
    let (name, bytes) = match path.as_os_str() == "-" {
        true => ("standard input".to_owned(), up_to(limit, io::stdin().lock())),
        false => (path.display().to_string(), File::open(path).and_then(|file| up_to(limit, file))),
    };
    match bytes {
        Ok(bytes) if bytes.len() as u64 > limit => Err(Failure(format!("{name}: it is larger than {megabytes} MiB"))),
        Ok(bytes) => Ok((name, bytes)),
        Err(error) => Err(Failure(format!("{name}: {error}"))),
    }
}

fn up_to(limit: u64, input: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
