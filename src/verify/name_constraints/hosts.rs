//! Constraints on hosts: DNS names, mailboxes and URIs, found by hash.

use std::collections::HashSet;

use super::Unsupported;

/// What kind of names a set of constraints is about, which decides how they are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum HostKind {
    /// `example.com` takes in itself and everything below; `.example.com`, which RFC 5280 does not define for DNS names
    /// but OpenSSL, Go and webpki take, only what is below.
    Dns,
    /// A mailbox, a host (all its mailboxes) or `.domain` (all hosts below it).
    Email,
    /// A host, or `.domain` for all hosts below it.
    Uri,
}

/// Constraints of one kind.
pub(super) struct Hosts {
    kind: HostKind,
    /// As they are written, in lower case but for the local part of a mailbox.
    written: HashSet<Box<[u8]>>,
    /// For each constraint on a DNS name of two labels or more, all labels but the first.
    parents: HashSet<Box<[u8]>>,
    takes_in_all: bool,
    has_broken: bool,
}

impl Hosts {
    pub(super) fn new(kind: HostKind) -> Self {
        Self { kind, written: HashSet::new(), parents: HashSet::new(), takes_in_all: false, has_broken: false }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.written.is_empty() && !self.takes_in_all && !self.has_broken
    }

    pub(super) fn add(&mut self, constraint: &[u8]) {
        if constraint.is_empty() {
            self.takes_in_all = true;
            return;
        }
        let (local, host) = match constraint.iter().rposition(|byte| *byte == b'@') {
            Some(at) if self.kind == HostKind::Email => constraint.split_at(at + 1),
            _ => constraint.split_at(0),
        };
        let domain = host.strip_prefix(b".").unwrap_or(host);
        if !self.is_host(domain) || !local.is_empty() && (local.len() == 1 || domain.len() != host.len()) {
            self.has_broken = true;
            return;
        }
        let host = without_last_dot(host).to_ascii_lowercase();
        if self.kind == HostKind::Dns && domain.len() == constraint.len() {
            self.parents.extend(parent(&host).map(Into::into));
        }
        self.written.insert([local, &host].concat().into());
    }

    /// None where no constraint is about DNS names.
    pub(super) fn takes_in_dns(&self, name: &[u8], excluding: bool) -> Result<Option<bool>, Unsupported> {
        if self.is_empty() {
            return Ok(None);
        }
        if self.has_broken || !is_dns_name(strip_wildcard(name)) {
            return Err(Unsupported);
        }
        let name = name.to_ascii_lowercase();
        // `*.example.com` may stand for any name one label below `example.com`, an excluded one too.
        let wildcard = excluding && name.strip_prefix(b"*.").is_some_and(|parent| self.parents.contains(parent));
        Ok(Some(self.takes_in_all || wildcard || self.written.contains(&*name) || self.has_above(&name, true)))
    }

    /// None where no constraint is about mailboxes.
    pub(super) fn takes_in_email(&self, address: &[u8]) -> Result<Option<bool>, Unsupported> {
        if self.is_empty() {
            return Ok(None);
        }
        let at = address.iter().rposition(|byte| *byte == b'@').ok_or(Unsupported)?;
        let (local, host) = address.split_at(at + 1);
        if self.has_broken || local.len() == 1 || !self.is_host(host) {
            return Err(Unsupported);
        }
        let host = without_last_dot(host).to_ascii_lowercase();
        let mailbox = self.written.contains(&*[local, &host].concat());
        Ok(Some(self.takes_in_all || mailbox || self.written.contains(&*host) || self.has_above(&host, false)))
    }

    /// None where no constraint is about URIs. A URI whose host is no name cannot be judged (RFC 5280 4.2.1.10).
    pub(super) fn takes_in_uri(&self, uri: &[u8]) -> Result<Option<bool>, Unsupported> {
        if self.is_empty() {
            return Ok(None);
        }
        let host = host_of(uri).ok_or(Unsupported)?;
        let is_address = host.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
        if self.has_broken || is_address || !self.is_host(host) {
            return Err(Unsupported);
        }
        let host = without_last_dot(host).to_ascii_lowercase();
        Ok(Some(self.takes_in_all || self.written.contains(&*host) || self.has_above(&host, false)))
    }

    /// Whether it is written as a host may be here: only a URI's and a mailbox's may end with a dot.
    fn is_host(&self, host: &[u8]) -> bool {
        is_dns_name(if self.kind == HostKind::Dns { host } else { without_last_dot(host) })
    }

    /// Whether a domain above the host is written as `.domain`, or, where `plain`, as `domain`.
    fn has_above(&self, host: &[u8], plain: bool) -> bool {
        let mut rest = host;
        while let Some(dot) = rest.iter().position(|byte| *byte == b'.') {
            let (below, domain) = (&rest[dot..], &rest[dot + 1..]);
            if self.written.contains(below) || plain && self.written.contains(domain) {
                return true;
            }
            rest = domain;
        }
        false
    }
}

/// Labels of letters, digits, `-` and `_`, each of 1 to 63 bytes, without a last dot, as RFC 5280 section 4.2.1.6 has it.
pub(super) fn is_dns_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && name.split(|byte| *byte == b'.').all(|label| {
            (1..=63).contains(&label.len())
                && label.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        })
}

pub(super) fn strip_wildcard(name: &[u8]) -> &[u8] {
    name.strip_prefix(b"*.").unwrap_or(name)
}

/// Whether a text could be taken for a host: two labels or more, none beginning or ending with `-`.
pub(super) fn looks_like_host_name(text: &str) -> bool {
    let name = strip_wildcard(text.as_bytes());
    let sound = |label: &[u8]| !label.starts_with(b"-") && !label.ends_with(b"-");
    name.contains(&b'.') && is_dns_name(name) && name.split(|byte| *byte == b'.').all(sound)
}

fn without_last_dot(host: &[u8]) -> &[u8] {
    host.strip_suffix(b".").unwrap_or(host)
}

fn parent(host: &[u8]) -> Option<&[u8]> {
    host.iter().position(|byte| *byte == b'.').map(|dot| &host[dot + 1..])
}

/// The host of a URI with an authority (RFC 3986 section 3.2).
fn host_of(uri: &[u8]) -> Option<&[u8]> {
    let colon = uri.iter().position(|byte| *byte == b':')?;
    let rest = uri[colon + 1..].strip_prefix(b"//")?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let authority = &rest[..end];
    let host = authority.iter().rposition(|byte| *byte == b'@').map_or(authority, |at| &authority[at + 1..]);
    Some(host.iter().position(|byte| *byte == b':').map_or(host, |colon| &host[..colon]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(kind: HostKind, constraint: &str) -> Hosts {
        let mut hosts = Hosts::new(kind);
        hosts.add(constraint.as_bytes());
        hosts
    }

    fn dns(name: &str, constraint: &str) -> Option<bool> {
        hosts(HostKind::Dns, constraint).takes_in_dns(name.as_bytes(), false).ok().flatten()
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
        assert_eq!(dns("example.com.", "example.com"), None);
        assert_eq!(dns("a..com", "com"), None);
        assert_eq!(dns("a\0.com", "com"), None);
        assert_eq!(dns("example.com", "not a host"), None);
    }

    #[test]
    fn a_wildcard_touches_an_excluded_name_below_it() {
        let excluded = |name: &str, constraint: &str| {
            hosts(HostKind::Dns, constraint).takes_in_dns(name.as_bytes(), true).ok().flatten()
        };
        assert_eq!(excluded("*.example.com", "foo.example.com"), Some(true));
        assert_eq!(excluded("*.example.com", "foo.bar.example.com"), Some(false));
        assert_eq!(dns("*.example.com", "foo.example.com"), Some(false));
    }

    #[test]
    fn mailboxes_hosts_and_domains() {
        let email = |name: &str, constraint: &str| {
            hosts(HostKind::Email, constraint).takes_in_email(name.as_bytes()).ok().flatten()
        };
        assert_eq!(email("a@example.com", "a@EXAMPLE.com"), Some(true));
        assert_eq!(email("A@example.com", "a@example.com"), Some(false));
        assert_eq!(email("a@example.com", "example.com"), Some(true));
        assert_eq!(email("a@sub.example.com", "example.com"), Some(false));
        assert_eq!(email("a@sub.example.com", ".example.com"), Some(true));
        assert_eq!(email("a@example.com", ".example.com"), Some(false));
        assert_eq!(email("a@example.com", ""), Some(true));
        assert_eq!(email("no-at-sign", "example.com"), None);
        assert_eq!(email("a@example.com", "a@b@example.com"), Some(false));
        assert_eq!(email("a@example.com", "a@.example.com"), None);
    }

    #[test]
    fn hosts_of_uris() {
        let uri = |name: &str, constraint: &str| {
            hosts(HostKind::Uri, constraint).takes_in_uri(name.as_bytes()).ok().flatten()
        };
        assert_eq!(uri("spiffe://example.org/a", "example.org"), Some(true));
        assert_eq!(uri("https://u:p@host.example.org:8443/a", ".example.org"), Some(true));
        assert_eq!(uri("https://example.org/", ".example.org"), Some(false));
        assert_eq!(uri("https://10.0.0.1/", "example.org"), None);
        assert_eq!(uri("https://[::1]/", "example.org"), None);
        assert_eq!(uri("urn:uuid:1", "example.org"), None);
    }

    #[test]
    fn no_constraint_says_nothing() {
        assert!(matches!(Hosts::new(HostKind::Dns).takes_in_dns(b"not a host", false), Ok(None)));
    }
}
