//! SPIFFE IDs (SPIFFE-ID section 2, X509-SVID sections 2 to 5).

use super::Ambiguity;
use crate::certificate::{Certificate, GeneralName, KeyUsage};

/// Which SPIFFE IDs a rule takes, and what of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spiffe {
    pub(super) trust_domain: Box<str>,
    /// Whether the user is the path without its first `/`, not the whole ID.
    pub(super) path: bool,
}

const SCHEME: &str = "spiffe://";
const MOST_ID_BYTES: usize = 2048;
const MOST_TRUST_DOMAIN_BYTES: usize = 255;

impl Spiffe {
    /// Whether a text is the name of a trust domain: lower-case letters, digits, `.`, `-` and `_`.
    pub(super) fn is_trust_domain(text: &str) -> bool {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
        (1..=MOST_TRUST_DOMAIN_BYTES).contains(&text.len()) && text.bytes().all(allowed)
    }

    /// What the rule takes of a certificate: nothing where it has no SPIFFE ID, or one of another trust domain.
    pub(super) fn value(&self, leaf: &Certificate<'_>) -> Result<Option<String>, Ambiguity> {
        let mut uris = leaf.subject_alternative_names().filter_map(|name| match name {
            GeneralName::Uri(uri) => Some(uri),
            _ => None,
        });
        let is_spiffe = |uri: &[u8]| uri.len() >= 7 && uri[..7].eq_ignore_ascii_case(b"spiffe:");
        let Some(first) = uris.next() else { return Ok(None) };
        if let Some(second) = uris.next() {
            let spiffe = is_spiffe(first) || is_spiffe(second) || uris.any(is_spiffe);
            return if spiffe { Err(Ambiguity::Several) } else { Ok(None) };
        }
        if !is_spiffe(first) {
            return Ok(None);
        }
        let (trust_domain, path) = parse(first)?;
        check_leaf(leaf)?;
        if trust_domain != &*self.trust_domain {
            return Ok(None);
        }
        Ok(Some(if self.path { path.to_owned() } else { format!("{SCHEME}{trust_domain}/{path}") }))
    }
}

/// The trust domain, and the path without its first `/`.
fn parse(uri: &[u8]) -> Result<(&str, &str), Ambiguity> {
    let bad = |problem| Err(Ambiguity::Spiffe(problem));
    if uri.len() > MOST_ID_BYTES {
        return Err(Ambiguity::TooLong);
    }
    if uri.contains(&0) {
        return Err(Ambiguity::Nul);
    }
    let Ok(text) = std::str::from_utf8(uri) else { return Err(Ambiguity::Encoding) };
    let Some(rest) = text.strip_prefix(SCHEME) else { return bad("a SPIFFE ID begins with 'spiffe://'") };
    let Some((trust_domain, path)) = rest.split_once('/') else {
        return bad("the SPIFFE ID of a client has a path");
    };
    if !Spiffe::is_trust_domain(trust_domain) {
        return bad("the trust domain of the SPIFFE ID is not well-formed");
    }
    let sound = |segment: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        !matches!(segment, "" | "." | "..") && segment.bytes().all(allowed)
    };
    if !path.split('/').all(sound) {
        return bad("the path of the SPIFFE ID is not well-formed");
    }
    Ok((trust_domain, path))
}

/// A signing certificate identifies nobody (X509-SVID section 5.2).
fn check_leaf(leaf: &Certificate<'_>) -> Result<(), Ambiguity> {
    let signs = |usage: KeyUsage| usage.allows(KeyUsage::KEY_CERT_SIGN) || usage.allows(KeyUsage::CRL_SIGN);
    if leaf.basic_constraints().is_some_and(|constraints| constraints.ca) || leaf.key_usage().is_some_and(signs) {
        return Err(Ambiguity::Spiffe("the certificate with the SPIFFE ID is one for signing"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_strictly() {
        assert_eq!(parse(b"spiffe://prod.example/ns/a/sa/b"), Ok(("prod.example", "ns/a/sa/b")));
        assert_eq!(parse(b"spiffe://a_b-1/X.y"), Ok(("a_b-1", "X.y")));
        for bad in [
            &b"SPIFFE://prod/a"[..],
            b"spiffe:/prod/a",
            b"spiffe://prod",
            b"spiffe://prod/",
            b"spiffe:///a",
            b"spiffe://Prod/a",
            b"spiffe://prod:80/a",
            b"spiffe://u@prod/a",
            b"spiffe://prod/a/",
            b"spiffe://prod/a//b",
            b"spiffe://prod/./a",
            b"spiffe://prod/../a",
            b"spiffe://prod/%61",
            b"spiffe://prod/a?x",
            b"spiffe://prod/a#x",
            b"spiffe://prod/a b",
            b"spiffe://prod/\xc3\xa9",
            b"spiffe://prod/\xff",
            b"spiffe://prod/a\0",
        ] {
            assert!(parse(bad).is_err(), "{}", String::from_utf8_lossy(bad));
        }
        let long = format!("spiffe://prod/{}", "a".repeat(MOST_ID_BYTES));
        assert_eq!(parse(long.as_bytes()), Err(Ambiguity::TooLong));
        assert!(!Spiffe::is_trust_domain(&"a".repeat(256)) && Spiffe::is_trust_domain(&"a".repeat(255)));
    }
}
