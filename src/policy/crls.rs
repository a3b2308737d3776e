//! The CRLs that a configuration names: read once, shared by all policies, and never replaced by what is broken or older.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::SystemTime;
use std::{fs, io};

use parking_lot::Mutex;

use super::config::Config;
use super::options::{Key, quoted};
use super::source::{BYTES, Contents, FilesRead, Fingerprint, Place, Source, Wanted, files_of};
use super::warning::{Warning, WarningKind};
use crate::Error;
use crate::certificate::{Calendar, OwnedCertificate, is_pem, pem, split_der};
use crate::files::{self, Look, Trace, is_settled, trace};
use crate::revocation::{Crl, CrlStore, HeldCrl, may_sign_crls};
use crate::verify::{Anchor, AnchorStore};

/// The CRLs of a policy, indexed, and the files that they are from.
#[derive(Debug)]
pub(super) struct Crls {
    pub(super) store: CrlStore,
    pub(super) warnings: Vec<Warning>,
    lists: Fingerprint,
    issuers: FilesRead,
    files: Vec<Arc<CrlFile>>,
}

/// One file as it was read.
#[derive(Debug)]
struct CrlFile {
    path: String,
    trace: Trace,
    /// Whether a later change shows in the trace.
    settled: AtomicBool,
    crls: Vec<Arc<HeldCrl>>,
    warnings: Vec<Warning>,
}

/// CRLs that were given in memory, and the bytes that make them again.
#[derive(Debug)]
pub(super) struct InMemory {
    pub(super) bytes: Box<[u8]>,
    crls: Vec<Arc<HeldCrl>>,
    warnings: Vec<Warning>,
}

const CRL: &str = "crl";
const CRL_ISSUER: &str = "crl_issuer";
/// The largest file of CRLs that is read.
const MAX_FILE_BYTES: u64 = 512 << 20;

/// Files that some policy of this process has in use, so that many virtual hosts hold one copy.
static FILES: Mutex<Vec<Weak<CrlFile>>> = Mutex::new(Vec::new());

impl Crls {
    /// Reads what changed, checks the signatures whose issuers are known, and puts nothing older in the place of what
    /// `previous` has.
    pub(super) fn load(
        config: &Config,
        anchors: &AnchorStore,
        previous: Option<&Self>,
        now: i64,
    ) -> Result<Self, Error> {
        // Before the files are read, so that a change while they are being read is found later.
        let (lists, issuers_found) = fingerprints(config);
        let given = Contents::read(CRL_ISSUER, config.sources(Key::CrlIssuer))?;
        let issuers: Vec<OwnedCertificate> = given.certificates.into_iter().map(|given| given.certificate).collect();
        let mut loaded = Loaded { warnings: given.warnings, ..Loaded::default() };
        for source in config.sources(Key::Crl) {
            match source {
                Source::Path(path) => {
                    for file in files_of(CRL, Wanted::RevocationLists, path)? {
                        let path = file.to_string_lossy().into_owned();
                        let io = |source| Error::Io { option: CRL, path: file.clone(), source };
                        let file = CrlFile::open(&path).map_err(io)??;
                        loaded.add(&file.crls, &file.warnings);
                        loaded.files.push(file);
                    }
                }
                Source::RevocationLists(memory) => loaded.add(&memory.crls, &memory.warnings),
                Source::Certificates(_) => {}
            }
        }
        let Loaded { mut crls, mut warnings, files } = loaded;
        for held in &crls {
            let before = previous.into_iter().flat_map(|previous| previous.store.crls());
            let before: Vec<&HeldCrl> =
                before.map(|before| &**before).filter(|before| before.is_of_one_series_with(held)).collect();
            find_signer(held, anchors, &issuers, &before, &mut warnings)?;
        }
        if let Some(previous) = previous {
            keep_newer(&mut crls, &previous.store, now, &mut warnings);
        }
        warnings.extend(crls.iter().flat_map(|held| remarks(held, now)));
        Ok(Self {
            store: CrlStore::build(crls, issuers),
            warnings,
            lists,
            issuers: FilesRead::new(issuers_found),
            files,
        })
    }

    /// Whether the files are still those that were read. One that was read right after it was written is read again.
    pub(super) fn is_current(&self, config: &Config) -> bool {
        let (lists, issuers) = fingerprints(config);
        let same_issuers = || {
            Contents::read(CRL_ISSUER, config.sources(Key::CrlIssuer)).is_ok_and(|contents| {
                let found = contents.certificates.iter().map(|pinned| pinned.certificate.view());
                found.map(|found| found.as_der()).eq(self.store.signers().map(|own| own.as_der()))
            })
        };
        self.lists.equals(&lists)
            && self.issuers.are_current(&issuers, same_issuers)
            && self.files.iter().all(|file| file.is_current())
    }

    /// Whether files would have to be read to tell.
    pub(super) fn look(&self, config: &Config) -> Look {
        let (lists, found) = fingerprints(config);
        let issuers = self.issuers.look(&found);
        let changed = !self.lists.equals(&lists) || self.files.iter().any(|file| file.must_be_read_again());
        Look { changed: changed || issuers.changed, bytes: lists.bytes().saturating_add(issuers.bytes) }
    }
}

/// The traces of the files of CRLs, and of the certificates of their issuers.
fn fingerprints(config: &Config) -> (Fingerprint, Fingerprint) {
    (
        Fingerprint::of(CRL, Wanted::RevocationLists, config.sources(Key::Crl)),
        Fingerprint::of(CRL_ISSUER, Wanted::Certificates, config.sources(Key::CrlIssuer)),
    )
}

#[derive(Default)]
struct Loaded {
    crls: Vec<Arc<HeldCrl>>,
    warnings: Vec<Warning>,
    files: Vec<Arc<CrlFile>>,
}

impl Loaded {
    /// Adds CRLs, each once.
    fn add(&mut self, crls: &[Arc<HeldCrl>], warnings: &[Warning]) {
        for held in crls {
            if !self.crls.iter().any(|known| known.is_same_as(held)) {
                self.crls.push(Arc::clone(held));
            }
        }
        self.warnings.extend_from_slice(warnings);
    }
}

impl CrlFile {
    /// The file as some policy has it, where it has not changed since, or as it is read now.
    fn open(path: &str) -> io::Result<Result<Arc<Self>, Error>> {
        let now = SystemTime::now();
        let trace = trace(&fs::metadata(path)?);
        let settled = is_settled(&trace, now).into();
        let mut files = FILES.lock();
        files.retain(|file| file.strong_count() > 0);
        let mut known = files.iter().filter_map(Weak::upgrade);
        if let Some(file) = known.find(|file| file.is_settled() && file.path == path && file.trace == trace) {
            return Ok(Ok(file));
        }
        drop(files);
        let bytes = files::read(path.as_ref(), MAX_FILE_BYTES)?;
        let mut warnings = Vec::new();
        let crls = match read(&Arc::from(path), &bytes, &mut warnings) {
            Ok(crls) => crls,
            Err(error) => return Ok(Err(error)),
        };
        let file = Arc::new(Self { path: path.to_owned(), trace, settled, crls, warnings });
        FILES.lock().push(Arc::downgrade(&file));
        Ok(Ok(file))
    }

    /// Whether a file of the same trace holds what it held. One that was too new to tell is read again, once.
    fn is_current(&self) -> bool {
        if !self.must_be_read_again() {
            return true;
        }
        let Ok(Ok(again)) = Self::open(&self.path) else { return false };
        let same = self.crls.len() == again.crls.len()
            && self.crls.iter().zip(&again.crls).all(|(held, again)| held.is_same_as(again));
        self.settled.store(same, Ordering::Relaxed);
        same
    }

    /// Whether it was too new to tell, and is no more.
    fn must_be_read_again(&self) -> bool {
        !self.is_settled() && is_settled(&self.trace, SystemTime::now())
    }

    fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Relaxed)
    }
}

impl InMemory {
    /// CRLs in memory: PEM, or DER one after the other.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut warnings = Vec::new();
        let crls = read(&Arc::from(BYTES), bytes, &mut warnings)?;
        Ok(Self { bytes: bytes.into(), crls, warnings })
    }
}

impl PartialEq for InMemory {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for InMemory {}

/// Reads what one file holds, and it must hold a CRL.
fn read(origin: &Arc<str>, bytes: &[u8], warnings: &mut Vec<Warning>) -> Result<Vec<Arc<HeldCrl>>, Error> {
    let mut crls = Vec::new();
    let fault = |place: Place, problem: String| Error::Malformed { option: CRL, place: place.to_string(), problem };
    let mut push = |place: Place, der: &[u8]| match Crl::from_der(der) {
        Ok(crl) => {
            crls.push(Arc::new(HeldCrl::new(crl, place.to_string())));
            Ok(())
        }
        Err(malformed) => Err(fault(place, malformed.to_string())),
    };
    let hint = if is_pem(bytes) {
        let blocks =
            pem::decode(bytes).map_err(|error| fault(Place::line(origin, error.line), error.problem.into()))?;
        for block in blocks {
            let place = Place::line(origin, block.line);
            if block.label == "X509 CRL" {
                push(place, &block.der)?;
            } else if block.is_private_key() {
                return Err(fault(place, "is a private key, where only CRLs are expected".into()));
            } else {
                let text = format!("a PEM block '{}' is ignored", quoted(block.label));
                warnings.push(Warning::new(WarningKind::ContentIgnored, CRL, text).at(place.to_string()));
            }
        }
        ", only other PEM blocks"
    } else if bytes.first() == Some(&crate::certificate::SEQUENCE) {
        for (number, der) in (1..).zip(split_der(bytes)) {
            let place = Place::number(origin, "CRL", number);
            match der {
                Ok(der) => push(place, der)?,
                Err(malformed) => {
                    let problem = format!("CertificateList: {} at byte {}", malformed.problem, malformed.offset);
                    return Err(fault(place, problem));
                }
            }
        }
        ""
    } else if bytes.is_empty() {
        ": it is empty"
    } else {
        ": it is neither PEM nor DER"
    };
    match crls.is_empty() {
        true => Err(Wanted::RevocationLists.missing(CRL, origin.to_string(), hint)),
        false => Ok(crls),
    }
}

/// Where a list is older than the one of its series that was in use, and which is gone, that one stays; also where it is
/// from the future, until then.
fn keep_newer(crls: &mut Vec<Arc<HeldCrl>>, previous: &CrlStore, now: i64, warnings: &mut Vec<Warning>) {
    let is_in_use = |held: &HeldCrl| previous.crls().any(|before| before.is_same_as(held));
    for before in previous.crls() {
        let of_series = |held: &HeldCrl| {
            held.is_delta() == before.is_delta()
                && held.is_of_one_series_with(before)
                && !held.is_by_another_key_than(before)
        };
        let series: Vec<&Arc<HeldCrl>> = crls.iter().filter(|held| of_series(held)).collect();
        let Some(first) = series.first() else { continue };
        if series.iter().any(|held| held.is_same_as(before)) {
            continue;
        }
        let mut newer = series.iter().filter(|held| !held.is_older_than(before)).peekable();
        if newer.peek().is_none() {
            let since = date(before.info().this_update());
            let text = format!("is older than the one in use, of {since}, which stays in use");
            warnings.push(Warning::new(WarningKind::CrlOlder, CRL, text).at(first.info().place().to_owned()));
            crls.retain(|held| !of_series(held) || is_in_use(held));
        } else if newer.any(|held| held.info().this_update() <= now) {
            continue;
        }
        crls.push(Arc::clone(before));
    }
}

/// Checks the signature of a CRL whose issuer is pinned, was given, or signed the one before.
///
/// # Errors
///
/// [`Error::UnusableCrl`] where the issuer is certain, and did not sign it or may not sign CRLs.
fn find_signer(
    held: &HeldCrl,
    anchors: &AnchorStore,
    issuers: &[OwnedCertificate],
    before: &[&HeldCrl],
    warnings: &mut Vec<Warning>,
) -> Result<(), Error> {
    let (name, wanted) = (held.crl().issuer(), held.issuer_key_identifier());
    let place = || held.info().place().to_owned();
    let refuse = |problem| Err(Error::UnusableCrl { option: CRL, place: place(), problem, issuer: name.rfc4514() });
    if held.crl().signature_algorithm().is_none() {
        return refuse("its signature's algorithm is not supported");
    }
    if held.signer().is_some() {
        return Ok(());
    }
    let pinned = anchors.named(&name).map(Anchor::certificate);
    let given = issuers.iter().map(OwnedCertificate::view).filter(|certificate| certificate.subject().matches(&name));
    let (mut known, mut certain) = (false, false);
    for issuer in before.iter().filter_map(|before| before.signer()).chain(pinned).chain(given).take(MOST_CANDIDATES) {
        let own = issuer.subject_key_identifier();
        if wanted.is_some() && own.is_some() && wanted != own {
            continue;
        }
        known = true;
        certain |= wanted.is_some() && wanted == own;
        if held.check_signature(&issuer).is_ok() {
            if !may_sign_crls(&issuer) {
                return refuse("its issuer's key usage does not allow to sign CRLs");
            }
            held.remember_signer(&issuer);
            return Ok(());
        }
    }
    // Where nobody knows yet who signed one of those before, it may be somebody else of the same name.
    let succeeds = !before.is_empty() && before.iter().all(|before| before.signer().is_some());
    if certain || succeeds && known {
        return refuse("its signature is not by its issuer's key");
    }
    if known {
        let text = format!("no pinned CA of its issuer's name signed it: {}", name.rfc4514());
        warnings.push(Warning::new(WarningKind::CrlUnverified, CRL, text).at(place()));
    }
    Ok(())
}

/// How many certificates of a CRL issuer's name are tried when it is loaded.
const MOST_CANDIDATES: usize = 16;

/// What the operator should know of a CRL that was read.
fn remarks(held: &HeldCrl, now: i64) -> Vec<Warning> {
    const DAY: i64 = 86_400;
    let info = held.info();
    let mut remarks = Vec::new();
    let mut warn = |kind, text: String| {
        let text = format!("{text}: {}", info.issuer().rfc4514());
        remarks.push(Warning::new(kind, CRL, text).at(info.place().to_owned()));
    };
    if info.this_update() > now {
        warn(WarningKind::CrlNotYetValid, format!("is not valid before {}", date(info.this_update())));
    }
    match info.next_update() {
        None => warn(WarningKind::CrlNeverExpires, "has no nextUpdate, so that it is used however old it is".into()),
        Some(next) if next < now => warn(WarningKind::CrlExpired, format!("has expired on {}", date(next))),
        // Soon is a quarter of its life, or a day.
        Some(next) if next - now < DAY.min(next.saturating_sub(info.this_update()) / 4) => {
            warn(WarningKind::CrlExpiresSoon, format!("expires on {}", date(next)));
        }
        Some(_) => {}
    }
    if held.crl().unknown_critical_extension().is_some() {
        let text = "has a critical extension that is not understood: whoever it may be about is refused";
        warn(WarningKind::CrlUnsupported, text.into());
    }
    remarks
}

fn date(unix: i64) -> String {
    Calendar::from_unix(unix).rfc3339()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::unix_now;

    fn certificate() -> Vec<u8> {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
        let mut parameters = rcgen::CertificateParams::default();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        parameters.self_signed(&key).expect("a certificate").der().to_vec()
    }

    #[test]
    fn an_issuer_that_changed_within_the_same_tick_and_to_the_same_size_is_noticed() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let (one, two) = (certificate(), std::iter::repeat_with(certificate));
        fs::write(file.path(), &one).expect("a file");
        let mut config = Config::new();
        config.set("crl_issuer", file.path().to_str().expect("a path")).expect("a file");
        let anchors = AnchorStore::build(Vec::new());
        let mut crls = Crls::load(&config, &anchors, None, unix_now()).expect("issuers without CRLs");
        assert!(crls.is_current(&config));
        let two = two.into_iter().find(|two| two.len() == one.len()).expect("one of that size");
        fs::write(file.path(), two).expect("a file");
        crls.issuers = FilesRead::unsettled(fingerprints(&config).1);
        assert!(crls.look(&config).changed && !crls.is_current(&config));
    }
}
