//! Name constraints: which names a CA may certify (RFC 5280 sections 4.2.1.10 and 6.1.3).

use super::reason::Code;
use crate::certificate::{Certificate, GeneralName, NameConstraints, OID_SMTP_UTF8, OID_UPN};

/// How many comparisons of a name with a constraint are left.
#[derive(Debug)]
pub(super) struct Comparisons {
    left: u32,
}

impl Comparisons {
    pub(super) fn new(limit: u32) -> Self {
        Self { left: limit }
    }
}

/// Checks every name of `certificate` against the constraints of one CA above it.
///
/// The subject is checked as a directoryName and its e-mail addresses as rfc822Names, so that leaving a SAN out evades
/// nothing. A common name is no host name here: it is never taken for one.
pub(super) fn check(
    certificate: &Certificate<'_>,
    constraints: &NameConstraints<'_>,
    comparisons: &mut Comparisons,
) -> Result<(), Code> {
    let subject = certificate.subject();
    if !subject.is_empty() {
        check_name(&GeneralName::Directory(subject), constraints, comparisons)?;
    }
    for name in certificate.subject_alternative_names() {
        // What is no host name might be read as another one by whoever relies on it.
        if matches!(name, GeneralName::Dns(name) if !is_dns_name(strip_wildcard(name))) {
            return Err(Code::NameConstraintUnsupported);
        }
        check_name(&name, constraints, comparisons)?;
    }
    for attribute in subject.attributes().filter(|attribute| attribute.oid == OID_EMAIL_ADDRESS) {
        let address = attribute.text().ok_or(Code::NameConstraintUnsupported)?;
        check_name(&GeneralName::Email(address.as_bytes()), constraints, comparisons)?;
    }
    Ok(())
}

const OID_EMAIL_ADDRESS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];

fn check_name(
    name: &GeneralName<'_>,
    constraints: &NameConstraints<'_>,
    comparisons: &mut Comparisons,
) -> Result<(), Code> {
    let mut compare = |constraint: &GeneralName<'_>, subtree: Subtree| {
        comparisons.left = comparisons.left.checked_sub(1).ok_or(Code::NameConstraintLimit)?;
        relate(name, constraint, subtree).map_err(|Unsupported| Code::NameConstraintUnsupported)
    };
    for constraint in constraints.excluded() {
        if compare(&constraint, Subtree::Excluded)? == Relation::Within {
            return Err(Code::NameExcluded);
        }
    }
    let mut restricted = false;
    for constraint in constraints.permitted() {
        match compare(&constraint, Subtree::Permitted)? {
            Relation::Within => return Ok(()),
            Relation::Outside => restricted = true,
            Relation::OtherKind => {}
        }
    }
    if restricted { Err(Code::NameNotPermitted) } else { Ok(()) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Subtree {
    Permitted,
    Excluded,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    Within,
    Outside,
    OtherKind,
}

/// A constraint or a name that it applies to cannot be understood, so nothing follows from it but refusal.
struct Unsupported;

fn relate(name: &GeneralName<'_>, constraint: &GeneralName<'_>, subtree: Subtree) -> Result<Relation, Unsupported> {
    let within = match (name, constraint) {
        (GeneralName::Dns(name), GeneralName::Dns(constraint)) => dns_within(name, constraint, subtree)?,
        (GeneralName::Email(name), GeneralName::Email(constraint)) => email_within(name, constraint)?,
        (GeneralName::Uri(name), GeneralName::Uri(constraint)) => uri_within(name, constraint)?,
        (GeneralName::Ip(name), GeneralName::Ip(constraint)) => match ip_within(name, constraint)? {
            Some(within) => within,
            // An IPv4 constraint says nothing permitting about an IPv6 address: it is outside (RFC 5280 6.1.3 b).
            None => false,
        },
        (GeneralName::Directory(name), GeneralName::Directory(constraint)) => name.is_within(constraint),
        (GeneralName::RegisteredId(name), GeneralName::RegisteredId(constraint)) => name.starts_with(constraint),
        (GeneralName::Other { oid, .. }, GeneralName::Other { oid: constrained, value }) => {
            if oid != constrained {
                return Ok(Relation::OtherKind);
            }
            other_within(name, oid, value)?
        }
        // RFC 9598 section 6: rfc822Name constraints apply to internationalised mailboxes too.
        (GeneralName::Other { oid, .. }, GeneralName::Email(constraint)) if *oid == OID_SMTP_UTF8 => {
            email_within(name.smtp_utf8().ok_or(Unsupported)?.as_bytes(), constraint)?
        }
        // Forms that cannot be compared refuse names of their own kind, which is all that they can be about.
        (GeneralName::X400(_), _) | (GeneralName::EdiParty(_), _) | (GeneralName::Unknown { .. }, _)
            if name.tag_number() == constraint.tag_number() =>
        {
            return Err(Unsupported);
        }
        (_, GeneralName::Unknown { .. }) if name.tag_number() == constraint.tag_number() => return Err(Unsupported),
        _ => return Ok(Relation::OtherKind),
    };
    Ok(if within { Relation::Within } else { Relation::Outside })
}

/// `example.com` takes in itself and everything below; `.example.com`, which RFC 5280 does not define for DNS names but
/// OpenSSL, Go and webpki take, only what is below.
fn dns_within(name: &[u8], constraint: &[u8], subtree: Subtree) -> Result<bool, Unsupported> {
    if !is_dns_name(strip_wildcard(name)) {
        return Err(Unsupported);
    }
    let (constraint, below_only) = match constraint {
        [b'.', rest @ ..] => (rest, true),
        rest => (rest, false),
    };
    if constraint.is_empty() {
        return Ok(true);
    }
    if !is_dns_name(constraint) {
        return Err(Unsupported);
    }
    let name = name.strip_suffix(b".").unwrap_or(name);
    let constraint = constraint.strip_suffix(b".").unwrap_or(constraint);
    if let (Some(parent), Subtree::Excluded) = (name.strip_prefix(b"*."), subtree) {
        // `*.example.com` may stand for any excluded name one label below `example.com`.
        let label_and_rest = constraint.iter().position(|byte| *byte == b'.').map(|dot| &constraint[dot + 1..]);
        if !below_only && label_and_rest.is_some_and(|rest| rest.eq_ignore_ascii_case(parent)) {
            return Ok(true);
        }
    }
    Ok(match ends_with_ignoring_case(name, constraint) {
        Some([]) => !below_only,
        Some([.., b'.']) => true,
        _ => false,
    })
}

/// A constraint is a mailbox, a host (all its mailboxes) or `.domain` (all hosts below it).
fn email_within(address: &[u8], constraint: &[u8]) -> Result<bool, Unsupported> {
    let at = address.iter().rposition(|byte| *byte == b'@').ok_or(Unsupported)?;
    let (local, host) = (&address[..at], &address[at + 1..]);
    if local.is_empty() || !is_dns_name(host) {
        return Err(Unsupported);
    }
    match constraint.iter().rposition(|byte| *byte == b'@') {
        Some(at) => Ok(local == &constraint[..at] && host.eq_ignore_ascii_case(&constraint[at + 1..])),
        None => host_within(host, constraint),
    }
}

/// A constraint is a host, or `.domain` for all hosts below it. A URI without a host that is a name cannot be judged.
fn uri_within(uri: &[u8], constraint: &[u8]) -> Result<bool, Unsupported> {
    let colon = uri.iter().position(|byte| *byte == b':').ok_or(Unsupported)?;
    let rest = uri[colon + 1..].strip_prefix(b"//").ok_or(Unsupported)?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let authority = &rest[..end];
    let host = authority.iter().rposition(|byte| *byte == b'@').map_or(authority, |at| &authority[at + 1..]);
    let host = host.iter().position(|byte| *byte == b':').map_or(host, |colon| &host[..colon]);
    let is_address = host.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    if host.is_empty() || is_address || !is_dns_name(host) {
        return Err(Unsupported);
    }
    host_within(host, constraint)
}

fn host_within(host: &[u8], constraint: &[u8]) -> Result<bool, Unsupported> {
    let host = host.strip_suffix(b".").unwrap_or(host);
    match constraint {
        [] => Ok(true),
        [b'.', domain @ ..] if is_dns_name(domain) => {
            Ok(matches!(ends_with_ignoring_case(host, domain), Some([_, .., b'.'])))
        }
        exact if is_dns_name(exact) => Ok(host.eq_ignore_ascii_case(exact)),
        _ => Err(Unsupported),
    }
}

/// None where address and constraint are of different families.
fn ip_within(address: &[u8], constraint: &[u8]) -> Result<Option<bool>, Unsupported> {
    if !matches!(address.len(), 4 | 16) || !matches!(constraint.len(), 8 | 32) {
        return Err(Unsupported);
    }
    let (network, mask) = constraint.split_at(constraint.len() / 2);
    let ones = mask.iter().take_while(|byte| **byte == 0xff).count();
    let rest = &mask[ones..];
    let contiguous = rest.first().is_none_or(|byte| byte.leading_ones() + byte.trailing_zeros() >= 8)
        && rest.iter().skip(1).all(|byte| *byte == 0);
    if !contiguous {
        return Err(Unsupported);
    }
    if address.len() != network.len() {
        return Ok(None);
    }
    Ok(Some(address.iter().zip(network).zip(mask).all(|((a, n), m)| a & m == n & m)))
}

/// User principal names are compared as mailboxes are; any other otherName can only be refused.
fn other_within(name: &GeneralName<'_>, oid: &[u8], constraint: &[u8]) -> Result<bool, Unsupported> {
    let constraint = GeneralName::Other { oid, value: constraint };
    match oid {
        OID_UPN => {
            let (name, constraint) = (name.upn().ok_or(Unsupported)?, constraint.upn().ok_or(Unsupported)?);
            let host = &name[name.rfind('@').ok_or(Unsupported)? + 1..];
            match constraint.strip_prefix('@') {
                Some(domain) => Ok(host.eq_ignore_ascii_case(domain)),
                None => email_within(name.as_bytes(), constraint.as_bytes()),
            }
        }
        OID_SMTP_UTF8 => {
            let (name, constraint) = (name.smtp_utf8().ok_or(Unsupported)?, constraint.smtp_utf8().ok_or(Unsupported)?);
            email_within(name.as_bytes(), constraint.as_bytes())
        }
        _ => Err(Unsupported),
    }
}

fn strip_wildcard(name: &[u8]) -> &[u8] {
    name.strip_prefix(b"*.").unwrap_or(name)
}

/// Labels of letters, digits, `-` and `_`, each of 1 to 63 bytes; a last dot is allowed. UTF-8 beyond ASCII is not.
fn is_dns_name(name: &[u8]) -> bool {
    let name = name.strip_suffix(b".").unwrap_or(name);
    !name.is_empty()
        && name.len() <= 253
        && name.split(|byte| *byte == b'.').all(|label| {
            (1..=63).contains(&label.len())
                && label.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        })
}

/// What stands before `suffix` in `name`, if `name` ends with it.
fn ends_with_ignoring_case<'n>(name: &'n [u8], suffix: &[u8]) -> Option<&'n [u8]> {
    let split = name.len().checked_sub(suffix.len())?;
    name[split..].eq_ignore_ascii_case(suffix).then_some(&name[..split])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dns(name: &str, constraint: &str) -> Option<bool> {
        dns_within(name.as_bytes(), constraint.as_bytes(), Subtree::Permitted).ok()
    }

    #[test]
    fn dns_constraints_take_in_what_is_below() {
        assert_eq!(dns("example.com", "example.com"), Some(true));
        assert_eq!(dns("a.b.EXAMPLE.com", "example.COM"), Some(true));
        assert_eq!(dns("badexample.com", "example.com"), Some(false));
        assert_eq!(dns("example.com", ".example.com"), Some(false));
        assert_eq!(dns("a.example.com", ".example.com"), Some(true));
        assert_eq!(dns("anything.org", ""), Some(true));
        assert_eq!(dns("*.example.com", "example.com"), Some(true));
        assert_eq!(dns("a..com", "com"), None);
        assert_eq!(dns("a\0.com", "com"), None);
    }

    #[test]
    fn a_wildcard_touches_an_excluded_name_below_it() {
        let excluded =
            |name: &str, constraint: &str| dns_within(name.as_bytes(), constraint.as_bytes(), Subtree::Excluded).ok();
        assert_eq!(excluded("*.example.com", "foo.example.com"), Some(true));
        assert_eq!(excluded("*.example.com", "foo.bar.example.com"), Some(false));
        assert_eq!(dns("*.example.com", "foo.example.com"), Some(false));
    }

    #[test]
    fn mailboxes_hosts_and_domains() {
        let email = |name: &str, constraint: &str| email_within(name.as_bytes(), constraint.as_bytes()).ok();
        assert_eq!(email("a@example.com", "a@EXAMPLE.com"), Some(true));
        assert_eq!(email("A@example.com", "a@example.com"), Some(false));
        assert_eq!(email("a@example.com", "example.com"), Some(true));
        assert_eq!(email("a@sub.example.com", "example.com"), Some(false));
        assert_eq!(email("a@sub.example.com", ".example.com"), Some(true));
        assert_eq!(email("a@example.com", ".example.com"), Some(false));
        assert_eq!(email("no-at-sign", "example.com"), None);
    }

    #[test]
    fn hosts_of_uris() {
        let uri = |name: &str, constraint: &str| uri_within(name.as_bytes(), constraint.as_bytes()).ok();
        assert_eq!(uri("spiffe://example.org/a", "example.org"), Some(true));
        assert_eq!(uri("https://u:p@host.example.org:8443/a", ".example.org"), Some(true));
        assert_eq!(uri("https://example.org/", ".example.org"), Some(false));
        assert_eq!(uri("https://10.0.0.1/", "example.org"), None);
        assert_eq!(uri("https://[::1]/", "example.org"), None);
        assert_eq!(uri("urn:uuid:1", "example.org"), None);
    }

    #[test]
    fn networks() {
        let ip = |address: &[u8], constraint: &[u8]| ip_within(address, constraint).ok();
        assert_eq!(ip(&[10, 1, 2, 3], &[10, 0, 0, 0, 255, 0, 0, 0]), Some(Some(true)));
        assert_eq!(ip(&[11, 1, 2, 3], &[10, 0, 0, 0, 255, 0, 0, 0]), Some(Some(false)));
        assert_eq!(ip(&[10, 1, 2, 3], &[10, 0, 0, 0, 255, 0, 255, 0]), None);
        assert_eq!(ip(&[10, 1, 2, 3], &[0; 32]), Some(None));
        assert_eq!(ip(&[10, 1, 2], &[10, 0, 0, 0, 255, 0, 0, 0]), None);
        assert_eq!(ip(&[10, 1, 2, 3], &[10, 0, 0, 0, 254, 0, 0, 0]), Some(Some(true)));
    }
}
