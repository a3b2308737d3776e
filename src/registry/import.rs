//! Registrations from other systems: a text like that of a file, a JWK set, certificates in a folder; and back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::jwks::jwks;
use super::registration::{RegisteredKey, Registration};
use super::text::{self, Origin};
use super::{Registry, grammar};
use crate::certificate::{Certificate, OwnedCertificate, pem};
use crate::error::Error;
use crate::files;

/// What a key of a certificate is registered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Form {
    /// By its SubjectPublicKeyInfo: the registration survives a renewal of the certificate.
    #[default]
    Spki,
    /// By the certificate itself, and until that expires.
    Certificate,
}

impl Registration {
    /// A registration of a certificate that counts from now on, created at `now`. One of the certificate itself ends
    /// with it.
    pub fn of_certificate(user: impl Into<String>, certificate: &Certificate<'_>, form: Form, now: i64) -> Self {
        match form {
            Form::Spki => Self::new(user, RegisteredKey::spki_of(certificate), now),
            Form::Certificate => Self {
                not_after: Some(certificate.not_after()).filter(|moment| grammar::MOMENTS.contains(moment)),
                ..Self::new(user, RegisteredKey::certificate_of(certificate), now)
            },
        }
    }
}

/// Registrations in the form of a file (`docs/registry.md`), which may name certificates by paths relative to `folder`,
/// where one is given. `place` names the text in messages.
///
/// # Errors
///
/// [`Error::Malformed`] with the line.
pub fn from_text(bytes: &[u8], place: &str, folder: Option<&Path>) -> Result<Vec<Registration>, Error> {
    let origin = Origin { place: place.to_owned(), folder: folder.map(Path::to_owned) };
    let mut all = Vec::new();
    text::each(text::utf8(bytes, &origin)?, &origin, None, &mut |registration| {
        all.push(registration);
        Ok(())
    })?;
    Ok(all)
}

/// The certificates of a JWK set, registered to one user as such (RFC 8705 section 2.2.2), with `kid` as the label.
///
/// # Errors
///
/// [`Error::Malformed`] with the number of the key.
pub fn from_jwks(bytes: &[u8], place: &str, user: &str, now: i64) -> Result<Vec<Registration>, Error> {
    let keys = jwks(bytes).map_err(|error| malformed(place, error.to_string()))?;
    let registered = keys
        .into_iter()
        .map(|key| Registration { label: key.name.unwrap_or_default(), ..Registration::new(user, key.key, now) });
    Ok(registered.collect())
}

/// Says whose a certificate is, by its path in a folder and by itself: the user, and a label for the key.
pub type UserOf<'a> = dyn Fn(&Path, &Certificate<'_>) -> Result<(String, String), String> + 'a;

/// The certificates in a folder and in the folders in it, one in a file named `*.pem`, `*.crt`, `*.cer` or `*.der`, in the
/// order of their paths. `user` says whose a certificate is, by its path in the folder and by itself; [`user_of_path`] does
/// by the path.
///
/// # Errors
///
/// [`Error::Io`]; [`Error::Malformed`] with the file, where it does not hold exactly one certificate, or where `user` does
/// not know; [`Error::NoCertificate`] where there is no such file.
pub fn from_folder(folder: &Path, form: Form, now: i64, user: &UserOf<'_>) -> Result<Vec<Registration>, Error> {
    let mut paths = Vec::new();
    collect(folder, &mut paths, FOLDERS)?;
    paths.sort();
    if paths.is_empty() {
        let hint = ": no file in it is named *.pem, *.crt, *.cer or *.der";
        return Err(Error::NoCertificate { option: OPTION, place: folder.display().to_string(), hint });
    }
    let mut all = Vec::with_capacity(paths.len());
    for path in paths {
        let at = |problem: String| malformed(&path.display().to_string(), problem);
        let bytes = files::read(&path, MAX_BYTES).map_err(io_error(&path))?;
        let certificate = only(&bytes).map_err(at)?;
        let (user, label) = user(path.strip_prefix(folder).unwrap_or(&path), &certificate.view()).map_err(at)?;
        all.push(Registration { label, ..Registration::of_certificate(user, &certificate.view(), form, now) });
    }
    Ok(all)
}

/// Whose certificate a file is, by its path: `alice.pem` is alice's, and `alice/laptop.pem` is her key `laptop`.
///
/// # Errors
///
/// Where the path is no UTF-8, or deeper.
pub fn user_of_path(path: &Path) -> Result<(String, String), String> {
    let stem = path.with_extension("");
    let parts: Option<Vec<&str>> = stem.iter().map(|part| part.to_str()).collect();
    match parts.as_deref() {
        None => Err("its path is no UTF-8".to_owned()),
        Some([user]) => Ok(((*user).to_owned(), String::new())),
        Some([user, label]) => Ok(((*user).to_owned(), (*label).to_owned())),
        Some(_) => Err("it is more than one folder below, so that nobody can say whose it is".to_owned()),
    }
}

/// Reads the one certificate in these bytes, PEM or DER, which messages call `place`.
///
/// # Errors
///
/// [`Error::Malformed`] where there is none, or more than one.
pub fn one_certificate(bytes: &[u8], place: &str) -> Result<OwnedCertificate, Error> {
    only(bytes).map_err(|problem| malformed(place, problem))
}

/// The one certificate in these bytes, PEM or DER.
pub(crate) fn only(bytes: &[u8]) -> Result<OwnedCertificate, String> {
    if !pem::looks_like_pem(bytes) {
        return OwnedCertificate::from_der(bytes).map_err(|malformed| malformed.to_string());
    }
    let blocks = pem::decode(bytes).map_err(|error| error.to_string())?;
    let mut certificates = blocks.into_iter().filter(pem::Block::is_certificate);
    match (certificates.next(), certificates.next()) {
        (Some(only), None) => OwnedCertificate::from_der(only.der).map_err(|malformed| malformed.to_string()),
        (None, _) => Err("it holds no certificate".to_owned()),
        // Whichever was meant, the other may be a CA's.
        (Some(_), Some(_)) => Err("it holds more than one certificate".to_owned()),
    }
}

impl Registry {
    /// All registrations in the form of a file, from where they are kept.
    ///
    /// # Errors
    ///
    /// As [`Registry::find`].
    pub fn export_text(&self) -> Result<String, Error> {
        let mut text = String::new();
        self.backend()?.each(None, &mut |registration| {
            text.push_str(&grammar::write(&registration.view()));
            text.push('\n');
            Ok(())
        })?;
        Ok(text)
    }
}

/// A certificate is far smaller.
const MAX_BYTES: u64 = 1 << 20;
/// How deep folders are looked into.
const FOLDERS: usize = 4;
const OPTION: &str = "registry";

fn collect(folder: &Path, found: &mut Vec<PathBuf>, depth: usize) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(io_error(folder))? {
        let path = entry.map_err(io_error(folder))?.path();
        let is_certificate = path.extension().and_then(|extension| extension.to_str()).is_some_and(|extension| {
            ["pem", "crt", "cer", "der"].iter().any(|known| extension.eq_ignore_ascii_case(known))
        });
        match fs::metadata(&path).map_err(io_error(&path))?.is_dir() {
            true if depth > 0 => collect(&path, found, depth - 1)?,
            false if is_certificate => found.push(path),
            _ => {}
        }
    }
    Ok(())
}

fn malformed(place: &str, problem: String) -> Error {
    Error::Malformed { option: OPTION, place: place.to_owned(), problem }
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Io { option: OPTION, path: path.clone(), source }
}
