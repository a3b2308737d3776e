//! Where certificates and CRLs come from: files, folders, patterns and memory; and whether they have changed since.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use super::crls::InMemory;
use super::options::{Kind, OptionInfo, quoted};
use super::warning::{Warning, WarningKind};
use crate::Error;
use crate::certificate::{OwnedCertificate, Reader, pem, split_der};
use crate::files::{self, Look, identity, is_past, last_change, trace};

/// One setting of an option that takes certificates or CRLs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The absolute path of a file or folder, or a pattern.
    Path(String),
    /// Certificates that were read when they were set.
    Certificates(Arc<[OwnedCertificate]>),
    /// CRLs that were read when they were set.
    RevocationLists(Arc<InMemory>),
}

/// What is looked for in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Certificates,
    RevocationLists,
}

/// A certificate and where it was found.
#[derive(Debug)]
pub(super) struct Pinned {
    pub(super) certificate: OwnedCertificate,
    pub(super) place: Place,
}

/// A file with the line of a PEM block, or with the number of a DER certificate.
#[derive(Clone, Debug)]
pub(super) struct Place {
    origin: Arc<str>,
    position: Position,
}

#[derive(Clone, Copy, Debug)]
enum Position {
    Line(usize),
    /// The number, and what it counts.
    Number(usize, &'static str),
}

/// What an option's sources hold.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) certificates: Vec<Pinned>,
    pub(super) warnings: Vec<Warning>,
}

/// The largest file of certificates or options that is read.
const MAX_FILE_BYTES: u64 = 64 << 20;
const PEM_START: &str = "-----BEGIN";

impl Source {
    /// A path, made absolute so that it names the same file at every reload, or PEM itself. Nothing is read.
    pub(super) fn parse(option: &'static OptionInfo, text: &str) -> Result<Self, Error> {
        if text.trim_start().starts_with(PEM_START) {
            return Self::from_bytes(option, text.as_bytes());
        }
        let refuse = |expected: &str| {
            Err(Error::InvalidValue { option: option.name, value: quoted(text), expected: expected.into() })
        };
        if text.is_empty() || text.contains('\0') {
            return refuse("the path of a file or folder, or a pattern");
        }
        if is_pattern(text) && glob::Pattern::new(text).is_err() && !Path::new(text).exists() {
            return refuse("a path, nor a pattern whose brackets and stars can be understood");
        }
        match std::path::absolute(text).map(PathBuf::into_os_string).map(std::ffi::OsString::into_string) {
            Ok(Ok(path)) => Ok(Self::Path(path)),
            Ok(Err(_)) => refuse("a path in UTF-8"),
            Err(source) => Err(Error::Io { option: option.name, path: text.into(), source }),
        }
    }

    /// Certificates or CRLs in memory: PEM, or DER one after the other.
    pub(super) fn from_bytes(option: &'static OptionInfo, bytes: &[u8]) -> Result<Self, Error> {
        if matches!(option.kind, Kind::RevocationLists) {
            return InMemory::read(bytes).map(|crls| Self::RevocationLists(Arc::new(crls)));
        }
        let mut contents = Contents::default();
        contents.add(option.name, &Arc::from(BYTES), bytes)?;
        Ok(Self::Certificates(contents.certificates.into_iter().map(|pinned| pinned.certificate).collect()))
    }

    /// The text that makes this source again.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Path(path) => Some(path.clone()),
            Self::Certificates(certificates) => {
                let mut text = Vec::new();
                for certificate in &**certificates {
                    pem::write(&mut text, "CERTIFICATE", certificate.view().as_der());
                }
                String::from_utf8(text).ok()
            }
            Self::RevocationLists(crls) if pem::looks_like_pem(&crls.bytes) => {
                Some(String::from_utf8_lossy(&crls.bytes).into())
            }
            Self::RevocationLists(crls) => {
                let mut text = Vec::new();
                split_der(&crls.bytes).flatten().for_each(|der| pem::write(&mut text, "X509 CRL", der));
                String::from_utf8(text).ok()
            }
        }
    }
}

impl Contents {
    /// Reads all sources in order.
    pub(super) fn read(option: &'static str, sources: &[Source]) -> Result<Self, Error> {
        let mut contents = Self::default();
        for source in sources {
            match source {
                Source::Path(path) => {
                    for file in files_of(option, Wanted::Certificates, path)? {
                        let place: Arc<str> = file.to_string_lossy().into();
                        let bytes = read_file(&file).map_err(|source| Error::Io { option, path: file, source })?;
                        contents.add(option, &place, &bytes)?;
                    }
                }
                Source::RevocationLists(_) => {}
                Source::Certificates(certificates) => {
                    let origin: Arc<str> = BYTES.into();
                    contents.certificates.extend((1..).zip(&**certificates).map(|(number, certificate)| Pinned {
                        certificate: certificate.clone(),
                        place: Place { origin: Arc::clone(&origin), position: Position::Number(number, "certificate") },
                    }));
                }
            }
        }
        Ok(contents)
    }

    /// Adds what one file holds, and it must hold a certificate.
    fn add(&mut self, option: &'static str, origin: &Arc<str>, bytes: &[u8]) -> Result<(), Error> {
        let before = self.certificates.len();
        let hint = if pem::looks_like_pem(bytes) {
            self.add_pem(option, origin, bytes)?;
            ", only other PEM blocks"
        } else if bytes.first() == Some(&DER_SEQUENCE) {
            self.add_der(option, origin, bytes)?;
            ""
        } else if bytes.is_empty() {
            ": it is empty"
        } else {
            ": it is neither PEM nor DER"
        };
        match self.certificates.len() == before {
            true => Err(Error::NoCertificate { option, place: origin.to_string(), hint }),
            false => Ok(()),
        }
    }

    fn add_pem(&mut self, option: &'static str, origin: &Arc<str>, bytes: &[u8]) -> Result<(), Error> {
        let at = |line| Place::line(origin, line);
        let fail = |line, problem: &str| Error::Malformed {
            option,
            place: at(line).to_string(),
            problem: problem.to_string(),
        };
        let blocks = pem::decode(bytes).map_err(|error| fail(error.line, error.problem))?;
        self.certificates.reserve(blocks.len());
        for block in blocks {
            let place = at(block.line);
            if block.is_certificate() {
                self.push(option, place, block.der)?;
            } else if block.is_private_key() {
                return Err(fail(block.line, "is a private key, where only certificates are expected"));
            } else if block.label == "TRUSTED CERTIFICATE" {
                return Err(fail(block.line, "has OpenSSL's trust settings, which are not understood here"));
            } else {
                let text = format!("a PEM block '{}' is ignored", quoted(block.label));
                self.warnings.push(Warning::new(WarningKind::ContentIgnored, option, text).at(place.to_string()));
            }
        }
        Ok(())
    }

    fn add_der(&mut self, option: &'static str, origin: &Arc<str>, bytes: &[u8]) -> Result<(), Error> {
        for (number, der) in (1..).zip(split_der(bytes)) {
            let place = Place::number(origin, "certificate", number);
            let der = der.map_err(|malformed| Error::malformed_certificate(option, place.to_string(), malformed))?;
            if is_key_or_bundle(der) {
                let problem = "is a private key or a PKCS #12 file, where only certificates are expected".to_string();
                return Err(Error::Malformed { option, place: place.to_string(), problem });
            }
            self.push(option, place, der)?;
        }
        Ok(())
    }

    fn push(&mut self, option: &'static str, place: Place, der: impl Into<Arc<[u8]>>) -> Result<(), Error> {
        match OwnedCertificate::from_der(der) {
            Ok(certificate) => self.certificates.push(Pinned { certificate, place }),
            Err(malformed) => return Err(Error::malformed_certificate(option, place.to_string(), malformed)),
        }
        Ok(())
    }
}

impl Place {
    pub(super) fn line(origin: &Arc<str>, line: usize) -> Self {
        Self { origin: Arc::clone(origin), position: Position::Line(line) }
    }

    pub(super) fn number(origin: &Arc<str>, kind: &'static str, number: usize) -> Self {
        Self { origin: Arc::clone(origin), position: Position::Number(number, kind) }
    }

    /// The file, without the position in it.
    pub(super) fn origin(&self) -> &Arc<str> {
        &self.origin
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Position::Line(line) => write!(f, "{}:{line}", self.origin),
            Position::Number(number, kind) => write!(f, "{}, {kind} {number}", self.origin),
        }
    }
}

/// What the file system says of the sources, without reading them: names, sizes, times and inodes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fingerprint {
    hash: u64,
    settled: bool,
    bytes: u64,
}

impl Fingerprint {
    /// Costs one `stat` a file, and the listing of each folder. What cannot be read is part of it, and no error.
    pub(super) fn of(option: &'static str, wanted: Wanted, sources: &[Source]) -> Self {
        let now = SystemTime::now();
        let mut state = DefaultHasher::new();
        let mut newest = None;
        let mut bytes = 0_u64;
        for source in sources {
            let Source::Path(path) = source else { continue };
            let Ok(files) = files_of(option, wanted, path) else {
                (path, "unreadable").hash(&mut state);
                continue;
            };
            for file in files {
                let metadata = fs::metadata(&file);
                file.hash(&mut state);
                metadata.as_ref().ok().map(trace).hash(&mut state);
                bytes = bytes.saturating_add(metadata.as_ref().map_or(0, fs::Metadata::len));
                newest = newest.max(metadata.ok().and_then(|metadata| last_change(&metadata)));
            }
        }
        let settled = newest.is_none_or(|newest| is_past(newest, now));
        Self { hash: state.finish(), settled, bytes }
    }

    /// Whether the file system says the same. It may say so after a change where the earlier one is not settled.
    pub(super) fn equals(&self, other: &Self) -> bool {
        self.hash == other.hash
    }

    /// Whether every file is older than the file system's clock is coarse, so that no change can hide.
    pub(super) fn is_settled(&self) -> bool {
        self.settled
    }

    /// The sizes of all files together. Reading ends at a source that cannot be listed, so that has none.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// The files of an option as they were when they were read.
#[derive(Debug)]
pub(super) struct FilesRead {
    fingerprint: Fingerprint,
    /// Whether a later change shows in the fingerprint.
    settled: AtomicBool,
}

impl FilesRead {
    /// `fingerprint` is from before they were read.
    pub(super) fn new(fingerprint: Fingerprint) -> Self {
        Self { settled: fingerprint.is_settled().into(), fingerprint }
    }

    /// Whether they are still those that were read. `hold_the_same` reads them, and is asked only where they were read right
    /// after they were written.
    pub(super) fn are_current(&self, found: &Fingerprint, hold_the_same: impl FnOnce() -> bool) -> bool {
        if !self.fingerprint.equals(found) {
            return false;
        }
        if self.settled.load(Ordering::Relaxed) {
            return true;
        }
        let same = hold_the_same();
        if same && found.is_settled() {
            self.settled.store(true, Ordering::Relaxed);
        }
        same
    }

    /// Whether they would have to be read to tell.
    pub(super) fn look(&self, found: &Fingerprint) -> Look {
        let changed = !self.fingerprint.equals(found) || !self.settled.load(Ordering::Relaxed);
        Look { changed, bytes: found.bytes() }
    }

    /// What a coarse clock would leave: the trace of files that may hold something else.
    #[cfg(test)]
    pub(super) fn unsettled(fingerprint: Fingerprint) -> Self {
        Self { fingerprint, settled: false.into() }
    }

    #[cfg(test)]
    pub(super) fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Relaxed)
    }
}

/// What stands for a file where there is none.
pub(super) const BYTES: &str = "bytes";
const DER_SEQUENCE: u8 = crate::certificate::SEQUENCE;

/// A key's or a PKCS #12 file's DER begins with a version number, which a certificate's does not.
fn is_key_or_bundle(der: &[u8]) -> bool {
    let mut reader = Reader::new(der);
    let content = reader.any("value").map(|tlv| reader.content(&tlv));
    content.is_ok_and(|content| matches!(content, [0x02, 0x01, ..]))
}

/// The files that a path or pattern stands for, in the order of their names.
pub(super) fn files_of(option: &'static str, wanted: Wanted, path: &str) -> Result<Vec<PathBuf>, Error> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_pattern(path) => matches(option, wanted, path),
        _ => named(option, wanted, path.into()),
    }
}

fn named(option: &'static str, wanted: Wanted, path: PathBuf) -> Result<Vec<PathBuf>, Error> {
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => folder(option, wanted, path),
        Ok(_) => Ok(vec![path]),
        Err(source) => Err(Error::Io { option, path, source }),
    }
}

fn matches(option: &'static str, wanted: Wanted, pattern: &str) -> Result<Vec<PathBuf>, Error> {
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    let none = |hint| wanted.missing(option, pattern.to_string(), hint);
    let mut found = Vec::new();
    for entry in glob::glob_with(pattern, options).map_err(|_| none(": it is no valid pattern"))? {
        let entry = entry.map_err(|error| Error::Io { option, path: error.path().into(), source: error.into() })?;
        found.extend(named(option, wanted, entry)?);
    }
    match found.is_empty() {
        true => Err(none(": no file matches it")),
        false => Ok(found),
    }
}

fn folder(option: &'static str, wanted: Wanted, path: PathBuf) -> Result<Vec<PathBuf>, Error> {
    let listing = fs::read_dir(&path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries: Vec<PathBuf> = match listing {
        Ok(entries) => entries.iter().map(fs::DirEntry::path).filter(|file| wanted.names(file)).collect(),
        Err(source) => return Err(Error::Io { option, path, source }),
    };
    // A message had better name a file as people do than by a hash.
    entries.sort_by_cached_key(|file| (wanted.is_hashed_name(file), file.clone()));
    let mut seen = HashSet::new();
    let mut found = Vec::with_capacity(entries.len());
    for file in entries {
        match fs::metadata(&file) {
            Ok(metadata) if metadata.is_dir() => {}
            // OpenSSL's hashed names are links to files that usually stand beside them.
            Ok(metadata) if identity(&metadata).is_some_and(|identity| !seen.insert(identity)) => {}
            Ok(_) => found.push(file),
            Err(source) => return Err(Error::Io { option, path: file, source }),
        }
    }
    match found.is_empty() {
        true => Err(wanted.missing(option, path.to_string_lossy().into(), wanted.folder_hint())),
        false => Ok(found),
    }
}

impl Wanted {
    /// Whether a file in a folder is meant.
    fn names(self, path: &Path) -> bool {
        let extensions: &[&str] = match self {
            Self::Certificates => &["pem", "crt", "cer", "der"],
            Self::RevocationLists => &["crl", "pem", "der"],
        };
        let Some((stem, extension)) = name_parts(path) else { return false };
        let has_extension = extensions.iter().any(|known| extension.eq_ignore_ascii_case(known));
        self.is_hashed_name(path) || !stem.is_empty() && has_extension
    }

    /// Whether the name is one that `openssl rehash` gives, such as `1a2b3c4d.0` or, for a CRL, `1a2b3c4d.r0`.
    fn is_hashed_name(self, path: &Path) -> bool {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_hash = |text: &str| text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let prefix = match self {
            Self::Certificates => "",
            Self::RevocationLists => "r",
        };
        name_parts(path)
            .is_some_and(|(stem, extension)| is_hash(stem) && extension.strip_prefix(prefix).is_some_and(is_number))
    }

    /// The error for a place that holds none.
    pub(super) fn missing(self, option: &'static str, place: String, hint: &'static str) -> Error {
        match self {
            Self::Certificates => Error::NoCertificate { option, place, hint },
            Self::RevocationLists => Error::NoCrl { option, place, hint },
        }
    }

    fn folder_hint(self) -> &'static str {
        match self {
            Self::Certificates => ": no file in it is named *.pem, *.crt, *.cer, *.der or as OpenSSL hashes names",
            Self::RevocationLists => ": no file in it is named *.crl, *.pem, *.der or as OpenSSL hashes names",
        }
    }
}

fn name_parts(path: &Path) -> Option<(&str, &str)> {
    path.file_name()?.to_str()?.rsplit_once('.')
}

fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// Reads a file of at most 64 MiB, and nothing but a file.
pub(super) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    files::read(path, MAX_FILE_BYTES)
}
