//! Whether pinned certificates can serve: nothing that cannot is taken in silence.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::source::{Contents, Pinned};
use super::warning::{Warning, WarningKind};
use crate::Error;
use crate::certificate::{Calendar, Certificate, KeyUsage, OwnedCertificate};
use crate::crypto::sha256;
use crate::verify::Rules;

/// The certificates of an option, each once, and the SHA-256 of each.
pub(super) struct Checked {
    pub(super) certificates: Vec<OwnedCertificate>,
    pub(super) digests: Vec<[u8; 32]>,
}

/// Drops duplicates, warns of what expired, will expire or is not valid yet, and of what is no CA's.
///
/// # Errors
///
/// [`Error::UnusableAnchor`] where all have expired, or where a certificate could serve neither as a CA nor itself.
pub(super) fn check(
    option: &'static str,
    contents: Contents,
    rules: &Rules,
    now: i64,
    warnings: &mut Vec<Warning>,
) -> Result<Checked, Error> {
    warnings.extend(contents.warnings);
    let count = contents.certificates.len();
    let mut checked = Checked { certificates: Vec::with_capacity(count), digests: Vec::with_capacity(count) };
    let mut seen = HashSet::with_capacity(count);
    let mut duplicates: BTreeMap<Arc<str>, (String, usize)> = BTreeMap::new();
    let mut last_expired = None;
    let mut usable = 0;
    for Pinned { certificate, place } in contents.certificates {
        let digest = sha256(certificate.view().as_der());
        if !seen.insert(digest) {
            let describe = || (format!("{place}: {}", certificate.view().subject().rfc4514()), 0);
            duplicates.entry(Arc::clone(place.origin())).or_insert_with(describe).1 += 1;
            continue;
        }
        let view = certificate.view();
        if let Some(problem) = unfit_as_ca(&view) {
            let subject = view.subject().rfc4514();
            if !rules.accept_pinned_leaf {
                return Err(Error::UnusableAnchor { option, place: place.to_string(), problem, subject });
            }
            let text = format!("the certificate {problem}, so it can only be itself the client's: {subject}");
            warnings.push(Warning::new(WarningKind::AnchorNotCa, option, text).at(place.to_string()));
        }
        match validity(&view, rules, now) {
            None => usable += 1,
            Some(kind) => {
                let text = describe_validity(kind, &view);
                warnings.push(Warning::new(kind, option, text).at(place.to_string()));
                match kind {
                    WarningKind::AnchorExpired => last_expired = Some((place, view.subject().rfc4514())),
                    _ => usable += 1,
                }
            }
        }
        checked.digests.push(digest);
        checked.certificates.push(certificate);
    }
    for (first, count) in duplicates.into_values() {
        let text = match count {
            1 => "the certificate is pinned already".to_string(),
            _ => format!("the certificate and {} more of this source are pinned already", count - 1),
        };
        warnings.push(Warning::new(WarningKind::AnchorDuplicate, option, text).at(first));
    }
    match last_expired {
        Some((place, subject)) if usable == 0 => {
            let problem = if count == 1 { "has expired" } else { "has expired, as have all others" };
            Err(Error::UnusableAnchor { option, place: place.to_string(), problem, subject })
        }
        _ => Ok(checked),
    }
}

/// Why a certificate cannot be a CA's (RFC 5280 sections 4.2.1.3 and 4.2.1.9; version 1 as OpenSSL has it).
fn unfit_as_ca(certificate: &Certificate<'_>) -> Option<&'static str> {
    match (certificate.basic_constraints(), certificate.key_usage()) {
        (_, Some(usage)) if !usage.allows(KeyUsage::KEY_CERT_SIGN) => {
            Some("may not sign certificates by its key usage")
        }
        (Some(constraints), _) if constraints.ca => None,
        (Some(_), _) => Some("says that it is no CA's"),
        (None, _) if certificate.version() < 3 && certificate.is_self_issued() => None,
        (None, _) if certificate.version() < 3 => Some("is of an old version and not self-signed, so it is no CA's"),
        (None, _) => Some("does not say that it is a CA's"),
    }
}

fn validity(certificate: &Certificate<'_>, rules: &Rules, now: i64) -> Option<WarningKind> {
    const SOON: i64 = 30 * 86_400;
    if certificate.not_after().saturating_add(rules.time_skew) < now {
        Some(WarningKind::AnchorExpired)
    } else if certificate.not_before().saturating_sub(rules.time_skew) > now {
        Some(WarningKind::AnchorNotYetValid)
    } else if certificate.not_after() < now.saturating_add(SOON) {
        Some(WarningKind::AnchorExpiresSoon)
    } else {
        None
    }
}

fn describe_validity(kind: WarningKind, certificate: &Certificate<'_>) -> String {
    let (what, when) = match kind {
        WarningKind::AnchorExpired => ("has expired on", certificate.not_after()),
        WarningKind::AnchorNotYetValid => ("is not valid before", certificate.not_before()),
        _ => ("expires on", certificate.not_after()),
    };
    let when = Calendar::from_unix(when).rfc3339();
    format!("the certificate {what} {when}: {}", certificate.subject().rfc4514())
}
