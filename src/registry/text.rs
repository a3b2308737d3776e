//! Texts of registrations: reading one whole, and changing lines of it while the others stay as they are.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;

use super::audit::AuditRecord;
use super::backend::Transaction;
use super::grammar::{self, CaText, KeyText, Kind, Line, Problem};
use super::import;
use super::index::{Index, IndexBuilder, IndexError};
use super::registration::{Found, RegisteredKey, Registration};
use crate::certificate::OwnedCertificate;
use crate::error::Error;
use crate::files;

/// Where a text came from, for messages and for the paths in it.
#[derive(Debug)]
pub(crate) struct Origin {
    /// How messages name it.
    pub(crate) place: String,
    /// What relative paths in it are relative to; None where there can be no paths.
    pub(crate) folder: Option<PathBuf>,
}

/// What a text says, and the files that it names.
pub(crate) struct Reading {
    pub(crate) index: Index,
    pub(crate) files: Vec<PathBuf>,
}

/// A text that is being changed.
pub(crate) struct Draft<'t> {
    origin: &'t Origin,
    /// The lines without their ends; None where one was taken away.
    lines: Vec<Option<Cow<'t, str>>>,
    keys: HashMap<RegisteredKey, usize>,
    /// What was recorded on the way.
    pub(crate) records: Vec<AuditRecord>,
}

/// A certificate in a file is far smaller.
const MAX_CERTIFICATE_FILE: u64 = 1 << 20;

/// Reads a whole text into an index.
pub(crate) fn read(text: &str, origin: &Origin) -> Result<Reading, Error> {
    // A line is seldom shorter than a fingerprint in hexadecimal and a name.
    let mut builder = IndexBuilder::with_capacity(text.len() / 80);
    let mut files = Vec::new();
    let mut plain = Plain::default();
    for (number, line) in lines(text) {
        let at = |problem: Problem| malformed(origin, number, &problem);
        if let Some(found) = grammar::parse_plain(line) {
            plain.add(number, found, &mut builder, origin)?;
            continue;
        }
        plain.flush(&mut builder, origin)?;
        let Some(line) = grammar::parse(trimmed(line)).map_err(at)? else { continue };
        let found = resolve(&line, origin, &mut files).map_err(at)?;
        builder.add(&found).map_err(|error| at(error.to_string().into()))?;
    }
    plain.flush(&mut builder, origin)?;
    match builder.finish() {
        Ok(index) => Ok(Reading { index, files }),
        Err(IndexError::Twice(key)) => Err(twice(text, origin, &key)),
        Err(error) => Err(Error::Malformed { option: OPTION, place: origin.place.clone(), problem: error.to_string() }),
    }
}

/// Plain lines that wait to be added together.
#[derive(Default)]
struct Plain<'t> {
    numbers: Vec<usize>,
    found: Vec<Found<'t>>,
}

impl<'t> Plain<'t> {
    fn add(
        &mut self,
        number: usize,
        found: Found<'t>,
        builder: &mut IndexBuilder,
        origin: &Origin,
    ) -> Result<(), Error> {
        self.numbers.push(number);
        self.found.push(found);
        if self.found.len() == IndexBuilder::BATCH { self.flush(builder, origin) } else { Ok(()) }
    }

    fn flush(&mut self, builder: &mut IndexBuilder, origin: &Origin) -> Result<(), Error> {
        let added = builder.add_all(&self.found).map_err(|(at, error)| {
            let number = self.numbers.get(at).copied().unwrap_or_default();
            malformed(origin, number, &Problem::from(error.to_string()))
        });
        self.numbers.clear();
        self.found.clear();
        added
    }
}

/// Hands out every registration in order, those of one user where one is given.
pub(crate) fn each(
    text: &str,
    origin: &Origin,
    user: Option<&str>,
    body: &mut dyn FnMut(Registration) -> Result<(), Error>,
) -> Result<(), Error> {
    for (number, line) in lines(text) {
        let at = |problem: Problem| malformed(origin, number, &problem);
        let Some(line) = grammar::parse(trimmed(line)).map_err(at)? else { continue };
        if user.is_none_or(|user| user == line.user) {
            body(resolve(&line, origin, &mut Vec::new()).map_err(at)?.to_registration())?;
        }
    }
    Ok(())
}

impl<'t> Draft<'t> {
    /// Begins to change a text. It must make sense as it stands.
    pub(crate) fn new(text: &'t str, origin: &'t Origin) -> Result<Self, Error> {
        let mut draft = Self { origin, lines: Vec::new(), keys: HashMap::new(), records: Vec::new() };
        for (number, raw) in lines(text) {
            let at = |problem: Problem| malformed(origin, number, &problem);
            if let Some(line) = grammar::parse(trimmed(raw)).map_err(at)? {
                let key = resolve(&line, origin, &mut Vec::new()).map_err(at)?.key;
                if let Some(first) = draft.keys.insert(key, draft.lines.len()) {
                    return Err(at(format!("{key} stands on line {} already", first + 1).into()));
                }
            }
            draft.lines.push(Some(Cow::Borrowed(raw)));
        }
        Ok(draft)
    }

    /// The text as it is now, with an end after its last line.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for line in self.lines.iter().flatten() {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    fn at(&self, index: usize) -> Result<Registration, Error> {
        let broken = |problem: Problem| malformed(self.origin, index + 1, &problem);
        let line = self.lines.get(index).and_then(Option::as_deref).unwrap_or_default();
        let line = grammar::parse(trimmed(line)).map_err(broken)?;
        let line = line.ok_or(Error::Internal("a line of the registry is not where it was"))?;
        Ok(resolve(&line, self.origin, &mut Vec::new()).map_err(broken)?.to_registration())
    }
}

impl Transaction for Draft<'_> {
    fn find(&mut self, key: &RegisteredKey) -> Result<Option<Registration>, Error> {
        self.keys.get(key).map(|index| self.at(*index)).transpose()
    }

    fn of_user(&mut self, user: &str) -> Result<Vec<Registration>, Error> {
        let mut places: Vec<usize> = self.keys.values().copied().collect();
        places.sort_unstable();
        let all = places.into_iter().map(|index| self.at(index));
        all.filter(|registration| registration.as_ref().map_or(true, |registration| registration.user == user))
            .collect()
    }

    fn insert(&mut self, registration: &Registration) -> Result<(), Error> {
        if self.keys.contains_key(&registration.key) {
            return Err(Error::KeyTaken);
        }
        self.keys.insert(registration.key, self.lines.len());
        self.lines.push(Some(grammar::write(&registration.view()).into()));
        Ok(())
    }

    fn update(&mut self, registration: &Registration) -> Result<(), Error> {
        let gone = Error::Internal("a registration that is not there was to be changed");
        let Some(index) = self.keys.get(&registration.key) else { return Err(gone) };
        let Some(Some(line)) = self.lines.get_mut(*index) else { return Err(gone) };
        let end = if line.ends_with('\r') { "\r" } else { "" };
        let (key, ca) = grammar::words(trimmed(line)).ok_or(gone)?;
        *line = (grammar::write_as(key, ca, &registration.view()) + end).into();
        Ok(())
    }

    fn delete(&mut self, key: &RegisteredKey) -> Result<(), Error> {
        let line = self.keys.remove(key).and_then(|index| self.lines.get_mut(index)).and_then(Option::take);
        line.map(drop).ok_or(Error::Internal("a registration that is not there was to be removed"))
    }

    fn audit(&mut self, record: &AuditRecord) -> Result<(), Error> {
        self.records.push(record.clone());
        Ok(())
    }
}

/// A text in UTF-8, without the mark that some editors put before it.
pub(crate) fn utf8<'b>(bytes: &'b [u8], origin: &Origin) -> Result<&'b str, Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let line = memchr::memchr_iter(b'\n', &bytes[..error.valid_up_to()]).count() + 1;
        malformed(origin, line, "it is not UTF-8")
    })
}

/// What a line says, with the files that it names read.
fn resolve<'l>(line: &'l Line<'_>, origin: &Origin, files: &mut Vec<PathBuf>) -> Result<Found<'l>, Problem> {
    let key = match &line.key {
        KeyText::Digest(key) => *key,
        KeyText::File { kind, path } => {
            let certificate = certificate(path, origin, files)?;
            match kind {
                Kind::Spki => RegisteredKey::spki_of(&certificate.view()),
                Kind::Certificate => RegisteredKey::certificate_of(&certificate.view()),
            }
        }
    };
    let options = &line.options;
    let ca = match &options.ca {
        None => None,
        Some(CaText::Digest(digest)) => Some(*digest),
        Some(CaText::File(path)) => Some(certificate(path, origin, files)?.view().spki_sha256()),
    };
    Ok(Found {
        user: &line.user,
        key,
        label: &line.label,
        created: options.created.unwrap_or(0),
        not_before: options.not_before,
        not_after: options.not_after,
        disabled: options.disabled,
        revoked: options.revoked,
        last_used: options.last_used,
        no_manage: options.no_manage,
        ca,
    })
}

/// The one certificate of a file, PEM or DER.
fn certificate(path: &str, origin: &Origin, files: &mut Vec<PathBuf>) -> Result<OwnedCertificate, Problem> {
    let folder = origin.folder.as_deref().ok_or("a text in memory cannot name files")?;
    let shown = path.escape_debug();
    let path = folder.join(path);
    let bytes = files::read(&path, MAX_CERTIFICATE_FILE).map_err(|error| format!("cannot read {shown}: {error}"))?;
    files.push(path);
    import::only(&bytes).map_err(|problem| format!("{shown}: {problem}").into())
}

/// Lines with their numbers from 1, without the line feed.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.split_terminator('\n'))
}

fn trimmed(line: &str) -> &str {
    line.strip_suffix('\r').unwrap_or(line)
}

/// The error for a key that stands on two lines, which an index no longer knows.
fn twice(text: &str, origin: &Origin, key: &RegisteredKey) -> Error {
    let mut first = None;
    for (number, line) in lines(text) {
        let Ok(Some(line)) = grammar::parse(trimmed(line)) else { continue };
        if resolve(&line, origin, &mut Vec::new()).is_ok_and(|found| found.key == *key) {
            match first {
                None => first = Some(number),
                Some(first) => return malformed(origin, number, &format!("{key} stands on line {first} already")),
            }
        }
    }
    Error::Malformed { option: OPTION, place: origin.place.clone(), problem: format!("{key} stands there twice") }
}

fn malformed(origin: &Origin, line: usize, problem: &str) -> Error {
    Error::Malformed { option: OPTION, place: format!("{}:{line}", origin.place), problem: problem.to_owned() }
}

const OPTION: &str = "registry";
