//! Name constraints: which names a CA may certify (RFC 5280 sections 4.2.1.10 and 6.1.3).
//!
//! Constraints on hosts are looked up by hash, a look-up for each label, so that a thousand names under a thousand
//! constraints cost no million of comparisons; what has to be compared one by one is counted and limited.

mod hosts;

use super::reason::Code;
use crate::certificate::{Certificate, GeneralName, NameConstraints, OID_SMTP_UTF8, OID_UPN};
use hosts::{HostKind, Hosts, is_dns_name, looks_like_host_name, strip_wildcard};

/// How much work name constraints may still cost.
#[derive(Debug)]
pub(super) struct Comparisons {
    /// Names times constraints, whatever it takes to compare them.
    pairs: u64,
    /// Comparisons made one by one.
    left: u32,
}

/// Comparisons made one by one in a verification.
const MAX_COMPARED: u32 = 50_000;

impl Comparisons {
    /// `limit` is in pairs of a name and a constraint.
    pub(super) fn new(limit: u32) -> Self {
        Self { pairs: u64::from(limit), left: MAX_COMPARED }
    }

    fn spend_pairs(&mut self, names: usize, constraints: usize) -> Result<(), Code> {
        let pairs = (names as u64).saturating_mul(constraints as u64);
        self.pairs = self.pairs.checked_sub(pairs).ok_or(Code::NameConstraintLimit)?;
        Ok(())
    }
}

/// The constraints of one CA, made ready for many names.
pub(super) struct Constraints<'c> {
    permitted: Subtrees<'c>,
    excluded: Subtrees<'c>,
}

impl<'c> Constraints<'c> {
    pub(super) fn new(constraints: &NameConstraints<'c>) -> Self {
        Self { permitted: Subtrees::new(constraints.permitted()), excluded: Subtrees::new(constraints.excluded()) }
    }

    /// Checks every name of a certificate.
    ///
    /// The subject is checked as a directoryName and its e-mail addresses as rfc822Names, so that leaving a SAN out
    /// evades nothing. A common name is no host name (RFC 9525 section 2); but where there are several and no dNSName,
    /// nobody can know which one will be read, so those that look like hosts are checked as such.
    pub(super) fn check(&self, certificate: &Certificate<'_>, comparisons: &mut Comparisons) -> Result<(), Code> {
        let subject = certificate.subject();
        let names = subject.attributes().count() + certificate.subject_alternative_names().count();
        comparisons.spend_pairs(names, self.permitted.count + self.excluded.count)?;
        if !subject.is_empty() {
            self.check_name(&GeneralName::Directory(subject), comparisons)?;
        }
        let mut has_dns_name = false;
        for name in certificate.subject_alternative_names() {
            has_dns_name |= matches!(name, GeneralName::Dns(_));
            // What is no host name might be read as another one by whoever relies on it.
            if matches!(name, GeneralName::Dns(name) if !is_dns_name(strip_wildcard(name))) {
                return Err(Code::NameConstraintUnsupported);
            }
            self.check_name(&name, comparisons)?;
        }
        let several = subject.attributes().filter(|attribute| attribute.oid == OID_COMMON_NAME).nth(1).is_some();
        for attribute in subject.attributes() {
            match attribute.oid {
                OID_EMAIL_ADDRESS => {
                    let address = attribute.text().ok_or(Code::NameConstraintUnsupported)?;
                    self.check_name(&GeneralName::Email(address.as_bytes()), comparisons)?;
                }
                OID_COMMON_NAME if several && !has_dns_name => {
                    if let Some(host) = attribute.text().filter(|text| looks_like_host_name(text)) {
                        self.check_name(&GeneralName::Dns(host.as_bytes()), comparisons)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_name(&self, name: &GeneralName<'_>, comparisons: &mut Comparisons) -> Result<(), Code> {
        if self.excluded.relation(name, true, comparisons)? == Relation::Within {
            return Err(Code::NameExcluded);
        }
        match self.permitted.relation(name, false, comparisons)? {
            Relation::Outside => Err(Code::NameNotPermitted),
            Relation::Within | Relation::OtherKind => Ok(()),
        }
    }
}

const OID_EMAIL_ADDRESS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
const OID_COMMON_NAME: &[u8] = &[0x55, 4, 3];

/// The permitted or the excluded subtrees.
struct Subtrees<'c> {
    dns: Hosts,
    email: Hosts,
    uri: Hosts,
    others: Vec<GeneralName<'c>>,
    has_broken_network: bool,
    count: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// The name is in one of the subtrees.
    Within,
    /// There are subtrees of its kind, and it is in none.
    Outside,
    /// No subtree is about names of its kind.
    OtherKind,
}

/// A constraint, or a name that it applies to, cannot be understood, so nothing follows from it but refusal.
struct Unsupported;

impl From<Unsupported> for Code {
    fn from(_: Unsupported) -> Self {
        Self::NameConstraintUnsupported
    }
}

impl<'c> Subtrees<'c> {
    fn new(subtrees: impl Iterator<Item = GeneralName<'c>>) -> Self {
        let mut ready = Self {
            dns: Hosts::new(HostKind::Dns),
            email: Hosts::new(HostKind::Email),
            uri: Hosts::new(HostKind::Uri),
            others: Vec::new(),
            has_broken_network: false,
            count: 0,
        };
        for subtree in subtrees {
            ready.count += 1;
            match subtree {
                GeneralName::Dns(constraint) => ready.dns.add(constraint),
                GeneralName::Email(constraint) => ready.email.add(constraint),
                GeneralName::Uri(constraint) => ready.uri.add(constraint),
                other => {
                    ready.has_broken_network |= matches!(other, GeneralName::Ip(network) if !is_network(network));
                    ready.others.push(other);
                }
            }
        }
        ready
    }

    fn relation(
        &self,
        name: &GeneralName<'_>,
        excluding: bool,
        comparisons: &mut Comparisons,
    ) -> Result<Relation, Code> {
        if self.has_broken_network && matches!(name, GeneralName::Ip(_)) {
            return Err(Unsupported.into());
        }
        let by_host = match name {
            GeneralName::Dns(name) => self.dns.takes_in_dns(name, excluding)?,
            GeneralName::Email(name) => self.email.takes_in_email(name)?,
            GeneralName::Uri(name) => self.uri.takes_in_uri(name)?,
            // RFC 9598 section 6: rfc822Name constraints apply to internationalised mailboxes too.
            GeneralName::Other { oid, .. } if *oid == OID_SMTP_UTF8 && !self.email.is_empty() => {
                let name = name.smtp_utf8().ok_or(Unsupported)?;
                self.email.takes_in_email(name.as_bytes())?
            }
            // A broken name of a kind is not outside of what is said of its kind.
            GeneralName::Unknown { .. } if self.constrains_hosts(name.tag_number()) => return Err(Unsupported.into()),
            _ => None,
        };
        let mut relation = match by_host {
            Some(true) => return Ok(Relation::Within),
            Some(false) => Relation::Outside,
            None => Relation::OtherKind,
        };
        for subtree in &self.others {
            comparisons.left = comparisons.left.checked_sub(1).ok_or(Code::NameConstraintLimit)?;
            match relate(name, subtree)? {
                Relation::Within => return Ok(Relation::Within),
                Relation::Outside => relation = Relation::Outside,
                Relation::OtherKind => {}
            }
        }
        Ok(relation)
    }

    /// Whether there are constraints on the kind of hosts with this tag number.
    fn constrains_hosts(&self, tag_number: u8) -> bool {
        match tag_number {
            1 => !self.email.is_empty(),
            2 => !self.dns.is_empty(),
            6 => !self.uri.is_empty(),
            _ => false,
        }
    }
}

fn relate(name: &GeneralName<'_>, constraint: &GeneralName<'_>) -> Result<Relation, Unsupported> {
    let within = match (name, constraint) {
        (GeneralName::Ip(name), GeneralName::Ip(constraint)) => ip_within(name, constraint)?,
        (GeneralName::Directory(name), GeneralName::Directory(constraint)) => name.is_within(constraint),
        (GeneralName::RegisteredId(name), GeneralName::RegisteredId(constraint)) => name.starts_with(constraint),
        (GeneralName::Other { oid, .. }, GeneralName::Other { oid: constrained, value }) => {
            if oid != constrained {
                return Ok(Relation::OtherKind);
            }
            other_within(name, oid, value)?
        }
        // Forms that cannot be compared refuse names of their own kind, which is all that they can be about.
        (GeneralName::X400(_) | GeneralName::EdiParty(_) | GeneralName::Unknown { .. }, _)
        | (_, GeneralName::Unknown { .. })
            if name.tag_number() == constraint.tag_number() =>
        {
            return Err(Unsupported);
        }
        _ => return Ok(Relation::OtherKind),
    };
    Ok(if within { Relation::Within } else { Relation::Outside })
}

/// An address of one family is outside of every network of the other.
fn ip_within(address: &[u8], network: &[u8]) -> Result<bool, Unsupported> {
    if !matches!(address.len(), 4 | 16) || !is_network(network) {
        return Err(Unsupported);
    }
    let (base, mask) = network.split_at(network.len() / 2);
    Ok(address.len() == base.len() && address.iter().zip(base).zip(mask).all(|((a, n), m)| a & m == n & m))
}

/// Whether it is an address and a mask of its length without gaps (RFC 5280 section 4.2.1.10).
fn is_network(network: &[u8]) -> bool {
    let mask = &network[network.len() / 2..];
    let ones = mask.iter().take_while(|byte| **byte == 0xff).count();
    let rest = &mask[ones..];
    matches!(network.len(), 8 | 32)
        && rest.first().is_none_or(|byte| byte.leading_ones() + byte.trailing_zeros() >= 8)
        && rest.iter().skip(1).all(|byte| *byte == 0)
}

/// User principal names are compared as mailboxes are; any other otherName can only be refused.
fn other_within(name: &GeneralName<'_>, oid: &[u8], constraint: &[u8]) -> Result<bool, Unsupported> {
    let constraint = GeneralName::Other { oid, value: constraint };
    let (name, constraint) = match oid {
        OID_UPN => (name.upn().ok_or(Unsupported)?, constraint.upn().ok_or(Unsupported)?),
        OID_SMTP_UTF8 => (name.smtp_utf8().ok_or(Unsupported)?, constraint.smtp_utf8().ok_or(Unsupported)?),
        _ => return Err(Unsupported),
    };
    let mut hosts = Hosts::new(HostKind::Email);
    // `@example.com` is how Windows CAs write a domain of user principal names.
    hosts.add(constraint.strip_prefix('@').unwrap_or(constraint).as_bytes());
    hosts.takes_in_email(name.as_bytes())?.ok_or(Unsupported)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let ip = |address: &[u8], constraint: &[u8]| ip_within(address, constraint).ok();
        assert_eq!(ip(&[10, 1, 2, 3], &[10, 0, 0, 0, 255, 0, 0, 0]), Some(true));
        assert_eq!(ip(&[11, 1, 2, 3], &[10, 0, 0, 0, 255, 0, 0, 0]), Some(false));
        assert_eq!(ip(&[10, 1, 2, 3], &[10, 0, 0, 0, 255, 0, 255, 0]), None);
        assert_eq!(ip(&[10, 1, 2, 3], &[0; 32]), Some(false));
        assert_eq!(ip(&[10, 1, 2], &[10, 0, 0, 0, 255, 0, 0, 0]), None);
        assert_eq!(ip(&[10, 1, 2, 3], &[10, 0, 0, 0, 254, 0, 0, 0]), Some(true));
    }

    #[test]
    fn a_broken_name_of_a_constrained_kind_is_refused() {
        let relation = |name: &GeneralName<'_>, constraint: GeneralName<'_>| {
            Subtrees::new([constraint].into_iter()).relation(name, false, &mut Comparisons::new(10)).ok()
        };
        for (tag, constraint) in [
            (0xa1, GeneralName::Email(b"example.org")),
            (0xa2, GeneralName::Dns(b"example.org")),
            (0xa6, GeneralName::Uri(b"example.org")),
            (0xa7, GeneralName::Ip(&[10, 0, 0, 0, 255, 0, 0, 0])),
        ] {
            let name = GeneralName::Unknown { tag, value: b"evil.example" };
            assert!(relation(&name, constraint).is_none(), "{constraint:?}");
            let other = GeneralName::Unknown { tag: 0x89, value: b"evil.example" };
            assert!(relation(&other, constraint).is_some_and(|relation| relation == Relation::OtherKind));
        }
    }

    #[test]
    fn work_is_limited() {
        let mut comparisons = Comparisons::new(1_000);
        assert_eq!(comparisons.spend_pairs(100, 10), Ok(()));
        assert_eq!(comparisons.spend_pairs(1, 1), Err(Code::NameConstraintLimit));
    }
}
