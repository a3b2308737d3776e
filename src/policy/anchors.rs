//! Whether pinned certificates can serve: nothing that cannot is taken in silence.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::config::Config;
use super::options::Key;
use super::source::{Contents, FilesRead, Fingerprint, Pinned, Place, Wanted};
use super::warning::{Warning, WarningKind};
use crate::Error;
use crate::certificate::{Calendar, Certificate, OwnedCertificate};
use crate::crypto::sha256;
use crate::files::Look;
use crate::verify::{AnchorStore, Code, Rules, check_anchor};

/// The pinned certificates of a policy, indexed, and the files that they are from.
#[derive(Debug)]
pub(super) struct Anchors {
    pub(super) store: AnchorStore,
    /// The SHA-256 of each.
    pub(super) digests: Vec<[u8; 32]>,
    pub(super) warnings: Vec<Warning>,
    files: FilesRead,
}

const CA: &str = "ca";

impl Anchors {
    /// Reads and checks what `ca` names.
    pub(super) fn load(config: &Config, rules: &Rules, now: i64) -> Result<Self, Error> {
        let sources = config.sources(Key::Ca);
        // Before the files are read, so that a change while they are being read is found later.
        let fingerprint = Fingerprint::of(CA, Wanted::Certificates, sources);
        let mut warnings = Vec::new();
        let contents = Contents::read(CA, sources)?;
        let Checked { certificates, digests } = check(CA, contents, rules, now, &mut warnings)?;
        let store = AnchorStore::build(certificates);
        warnings.extend(crowd(&store, rules));
        Ok(Self { store, digests, warnings, files: FilesRead::new(fingerprint) })
    }

    /// Whether the files are still those that were read. It costs a `stat` for each of them; they are read only where they
    /// were read right after they were written.
    pub(super) fn is_current(&self, config: &Config) -> bool {
        let sources = config.sources(Key::Ca);
        let found = Fingerprint::of(CA, Wanted::Certificates, sources);
        self.files.are_current(&found, || {
            Contents::read(CA, sources).is_ok_and(|contents| {
                let found: HashSet<[u8; 32]> = digests(&contents).into_iter().collect();
                found.len() == self.digests.len() && self.digests.iter().all(|digest| found.contains(digest))
            })
        })
    }

    /// Whether the files would have to be read to tell.
    pub(super) fn look(&self, config: &Config) -> Look {
        self.files.look(&Fingerprint::of(CA, Wanted::Certificates, config.sources(Key::Ca)))
    }
}

/// The certificates of an option, each once, and the SHA-256 of each.
struct Checked {
    certificates: Vec<OwnedCertificate>,
    digests: Vec<[u8; 32]>,
}

/// Drops duplicates, and warns of what expired, will expire, is not valid yet, or can be no client's CA.
///
/// # Errors
///
/// [`Error::UnusableAnchor`] where a certificate could serve neither as a CA nor itself. That it has expired is no error: it
/// is judged at the time of each verification, and then refuses.
fn check(
    option: &'static str,
    contents: Contents,
    rules: &Rules,
    now: i64,
    warnings: &mut Vec<Warning>,
) -> Result<Checked, Error> {
    warnings.extend(contents.warnings);
    let mut pinned = contents.certificates;
    let mut digests = Vec::with_capacity(pinned.len());
    let mut seen = HashSet::with_capacity(pinned.len());
    let mut duplicates = Duplicates::default();
    // Thousands of certificates stay where they are: copying them costs as much as checking them.
    pinned.retain(|Pinned { certificate, place }| {
        let digest = sha256(certificate.view().as_der());
        let is_new = seen.insert(digest);
        match is_new {
            true => digests.push(digest),
            false => duplicates.count(place),
        }
        is_new
    });
    for Pinned { certificate, place } in &pinned {
        let view = certificate.view();
        let faults = check_anchor(&view, rules, now);
        if let Some(problem) = not_a_ca(&faults).filter(|_| !rules.accept_pinned_leaf) {
            let (place, subject) = (place.to_string(), view.subject().rfc4514());
            return Err(Error::UnusableAnchor { option, place, problem, subject });
        }
        warnings.extend(remarks(&view, &faults, now).into_iter().map(|(kind, text)| {
            let text = format!("{text}: {}", view.subject().rfc4514());
            Warning::new(kind, option, text).at(place.to_string())
        }));
    }
    warnings.extend(duplicates.remarks(option));
    Ok(Checked { certificates: pinned.into_iter().map(|pinned| pinned.certificate).collect(), digests })
}

/// The SHA-256 of each certificate.
fn digests(contents: &Contents) -> Vec<[u8; 32]> {
    contents.certificates.iter().map(|pinned| sha256(pinned.certificate.view().as_der())).collect()
}

fn crowd(anchors: &AnchorStore, rules: &Rules) -> Option<Warning> {
    let crowd = anchors.largest_crowd();
    let most = usize::try_from(rules.max_anchor_candidates).unwrap_or(usize::MAX);
    (crowd > most).then(|| {
        let text = format!(
            "{crowd} certificates have the same name and no key identifiers, and of such only {most} are tried \
             (max_anchor_candidates): clients of the others may be refused"
        );
        Warning::new(WarningKind::AnchorCrowd, CA, text)
    })
}

/// Why it cannot issue at all, so that it can only be itself the client's.
fn not_a_ca(faults: &[Code]) -> Option<&'static str> {
    faults.iter().find_map(|fault| match fault {
        Code::IssuerNotCa => Some("is no CA's certificate"),
        Code::IssuerKeyUsage => Some("may not sign certificates by its key usage"),
        _ => None,
    })
}

fn remarks(certificate: &Certificate<'_>, faults: &[Code], now: i64) -> Vec<(WarningKind, String)> {
    const SOON: i64 = 30 * 86_400;
    let date = |unix| Calendar::from_unix(unix).rfc3339();
    let mut remarks = Vec::new();
    if let Some(problem) = not_a_ca(faults) {
        remarks.push((WarningKind::AnchorNotCa, format!("{problem}, so it can only be itself the client's")));
    }
    for fault in faults {
        remarks.push(match fault {
            Code::IssuerNotCa | Code::IssuerKeyUsage => continue,
            Code::CertificateExpired => {
                (WarningKind::AnchorExpired, format!("has expired on {}", date(certificate.not_after())))
            }
            Code::CertificateNotYetValid => {
                (WarningKind::AnchorNotYetValid, format!("is not valid before {}", date(certificate.not_before())))
            }
            Code::CaKeyTooWeak => (WarningKind::Weak, "has a key that is too weak, or of an unsupported kind".into()),
            other => (WarningKind::AnchorUnfit, format!("can be no client's CA, because {}", other.text())),
        });
    }
    let ends = certificate.not_after();
    if !faults.contains(&Code::CertificateExpired) && ends < now.saturating_add(SOON) {
        remarks.push((WarningKind::AnchorExpiresSoon, format!("expires on {}", date(ends))));
    }
    remarks
}

/// Certificates that were there before, by file: a bundle beside its parts would say the same a hundred times.
#[derive(Default)]
struct Duplicates(BTreeMap<Arc<str>, (Place, usize)>);

impl Duplicates {
    fn count(&mut self, place: &Place) {
        self.0.entry(Arc::clone(place.origin())).or_insert_with(|| (place.clone(), 0)).1 += 1;
    }

    fn remarks(self, option: &'static str) -> impl Iterator<Item = Warning> {
        self.0.into_values().map(move |(first, count)| {
            let text = match count {
                1 => "is pinned already".to_string(),
                _ => format!("is pinned already, as are {} more in it", count - 1),
            };
            Warning::new(WarningKind::AnchorDuplicate, option, text).at(first.to_string())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::thread::sleep;
    use std::time::Duration;

    use super::*;
    use crate::time::unix_now;

    /// Longer than the clock of any file system is coarse.
    const LATER: Duration = Duration::from_millis(200);

    fn certificate(name: &str) -> String {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
        let mut parameters = rcgen::CertificateParams::default();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        parameters.self_signed(&key).expect("a certificate").pem()
    }

    fn load(config: &Config) -> Anchors {
        Anchors::load(config, &Rules::default(), unix_now()).expect("anchors")
    }

    #[test]
    fn a_change_of_files_is_noticed_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.pem");
        let (one, two) = (certificate("one"), certificate("two"));
        fs::write(&file, &one).expect("a file");
        let mut config = Config::new();
        config.set("ca", folder.path().to_str().expect("a path")).expect("a folder");

        let fresh = load(&config);
        assert!(fresh.is_current(&config));
        sleep(LATER);
        assert!(fresh.is_current(&config) && fresh.files.is_settled());
        assert!(fresh.is_current(&config));

        fs::write(folder.path().join("notes.txt"), "not looked at").expect("a file");
        assert!(fresh.is_current(&config));
        fs::write(folder.path().join("b.pem"), &two).expect("a file");
        assert!(!fresh.is_current(&config), "a new file");
        fs::remove_file(folder.path().join("b.pem")).expect("a file");
        assert!(fresh.is_current(&config));
        fs::rename(&file, folder.path().join("c.pem")).expect("a file");
        assert!(!fresh.is_current(&config), "a new name");
        fs::remove_file(folder.path().join("c.pem")).expect("a file");
        assert!(!fresh.is_current(&config), "nothing left");
    }

    #[test]
    fn a_change_within_the_same_tick_and_of_the_same_size_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.pem");
        let one = certificate("one");
        fs::write(&file, &one).expect("a file");
        let mut config = Config::new();
        config.set("ca", file.to_str().expect("a path")).expect("a file");
        let mut anchors = load(&config);
        let mut two = certificate("two");
        while two.len() != one.len() {
            two = certificate("two");
        }
        fs::write(&file, &two).expect("a file");
        anchors.files = FilesRead::unsettled(Fingerprint::of(CA, Wanted::Certificates, config.sources(Key::Ca)));
        assert!(!anchors.is_current(&config));
    }
}
