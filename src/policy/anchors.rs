//! Whether pinned certificates can serve: nothing that cannot is taken in silence.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::source::{Contents, Pinned, Place};
use super::warning::{Warning, WarningKind};
use crate::Error;
use crate::certificate::{Calendar, Certificate, OwnedCertificate};
use crate::crypto::sha256;
use crate::verify::{Code, Rules, check_anchor};

/// The certificates of an option, each once, and the SHA-256 of each.
pub(super) struct Checked {
    pub(super) certificates: Vec<OwnedCertificate>,
    pub(super) digests: Vec<[u8; 32]>,
}

/// Drops duplicates, and warns of what expired, will expire, is not valid yet, or can be no client's CA.
///
/// # Errors
///
/// [`Error::UnusableAnchor`] where a certificate could serve neither as a CA nor itself. That it has expired is no error: it
/// is judged at the time of each verification, and then refuses.
pub(super) fn check(
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
pub(super) fn digests(contents: &Contents) -> Vec<[u8; 32]> {
    contents.certificates.iter().map(|pinned| sha256(pinned.certificate.view().as_der())).collect()
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
