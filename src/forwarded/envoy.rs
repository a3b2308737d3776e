//! Envoy's `X-Forwarded-Client-Cert`: elements separated by commas, one for each proxy, of pairs separated by semicolons.
//!
//! Of several elements the last counts: it is that of the proxy that is nearest. Envoy copies URIs and DNS names out of
//! the certificate without quoting them, so a certificate with a comma in a name could add an element of its own. So every
//! element that has a certificate must name what that certificate has, and nothing else.

use crate::certificate::{GeneralName, OwnedCertificate, hex};

use super::claim::{Claim, Fault, Word};
use super::given::{Given, Part};
use super::{armour, percent};

/// What one proxy says of its client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    pairs: Vec<(String, Vec<u8>)>,
}

impl Element {
    /// An element without pairs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a pair.
    pub fn push(&mut self, key: &str, value: impl Into<Vec<u8>>) {
        self.pairs.push((key.into(), value.into()));
    }

    /// The first value of a key, without quotes. Case does not count in keys.
    pub fn get<'e>(&'e self, key: &'e str) -> Option<&'e [u8]> {
        self.all(key).next()
    }

    /// Every value of a key.
    pub fn all<'e>(&'e self, key: &'e str) -> impl Iterator<Item = &'e [u8]> {
        let same = move |pair: &&(String, Vec<u8>)| pair.0.eq_ignore_ascii_case(key);
        self.pairs.iter().filter(same).map(|(_, value)| &**value)
    }

    /// The element as Envoy writes it: certificates and subjects in quotes always, other values where they must be.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (key, value) in &self.pairs {
            if !out.is_empty() {
                out.push(b';');
            }
            out.extend(key.as_bytes());
            out.push(b'=');
            let always = ["Cert", "Chain", "Subject"].iter().any(|quoted| key.eq_ignore_ascii_case(quoted));
            let special = value.iter().any(|byte| matches!(byte, b',' | b';' | b'=' | b'"'));
            if always || special || value.trim_ascii() != value {
                quote(&mut out, value);
            } else {
                out.extend(value);
            }
        }
        out
    }
}

/// Reads a header's value. None where it is no list of elements.
pub fn parse(value: &[u8]) -> Option<Vec<Element>> {
    let mut elements = Vec::new();
    let mut rest = value;
    loop {
        let mut element = Element::new();
        rest = rest.trim_ascii_start();
        let mut joint = b';';
        while joint == b';' {
            let equals = rest.iter().position(|byte| matches!(byte, b'=' | b',' | b';' | b'"'))?;
            let (key, tail) = rest.split_at(equals);
            let key = str::from_utf8(key).ok().filter(|key| is_key(key))?;
            let (value, tail) = read_value(tail.strip_prefix(b"=")?)?;
            element.push(key, value);
            (joint, rest) = match tail.trim_ascii_start().split_first() {
                None => (0, &[][..]),
                Some((joint @ (b',' | b';'), tail)) => (*joint, tail),
                Some(_) => return None,
            };
        }
        elements.push(element);
        if joint != b',' {
            return Some(elements);
        }
    }
}

pub(super) fn read(given: &Given<'_>) -> Result<Claim, Fault> {
    let mut last = None;
    for header in given.all(Part::Certificate).filter(|header| !header.value.is_empty()) {
        let Some(elements) = parse(header.value) else {
            return Err(Fault::malformed(header.name, "is no list of elements"));
        };
        for element in elements {
            let certificates = certificates(&element).map_err(|problem| Fault::malformed(header.name, problem))?;
            last = Some((header, certificates));
        }
    }
    match last {
        None => given.conclude(None, Word::Silent),
        Some((header, None)) => Err(Fault::incomplete(header.name)),
        Some((_, found)) => given.conclude(found, Word::Silent),
    }
}

/// The certificates of an element, leaf first.
fn certificates(element: &Element) -> Result<Option<Vec<u8>>, &'static str> {
    let leaf = certificate_list(element, "Cert")?;
    let chain = certificate_list(element, "Chain")?;
    let found = match (leaf, chain) {
        (Some((1, leaf)), None) => leaf,
        (None, Some((_, chain))) => chain,
        (Some((1, leaf)), Some((_, chain))) if armour::split_leaf(&chain).is_some_and(|(first, _)| first == leaf) => {
            chain
        }
        (Some((1, _)), Some(_)) => return Err("has a Chain that does not begin with its Cert"),
        (Some(_), _) => return Err("has more than one certificate in Cert"),
        (None, None) => return Ok(None),
    };
    check_names(element, &found)?;
    Ok(Some(found))
}

/// How many certificates a key has, and their DER.
fn certificate_list(element: &Element, key: &str) -> Result<Option<(usize, Vec<u8>)>, &'static str> {
    let mut values = element.all(key);
    let Some(value) = values.next().filter(|value| !value.is_empty()) else { return Ok(None) };
    if values.next().is_some() {
        return Err("has a certificate twice in one element");
    }
    let mut der = Vec::new();
    let count = percent::decode(value).and_then(|text| armour::pem(&text, &mut der));
    count.map(|count| Some((count, der))).ok_or("has no percent-encoded PEM where a certificate should be")
}

/// What an element says of its certificate must be so, or somebody else wrote a part of it.
fn check_names(element: &Element, found: &[u8]) -> Result<(), &'static str> {
    let Some((leaf, _)) = armour::split_leaf(found) else { return Err("has no certificate") };
    // One that cannot be read is refused by that name, a little later.
    let Ok(leaf) = OwnedCertificate::from_der(leaf) else { return Ok(()) };
    let leaf = leaf.view();
    let sha256 = hex(&leaf.sha256());
    if !element.all("Hash").all(|hash| hash.eq_ignore_ascii_case(sha256.as_bytes())) {
        return Err("has the Hash of another certificate");
    }
    let names = |kind: fn(&GeneralName<'_>) -> bool| leaf.subject_alternative_names().filter(move |name| kind(name));
    let mut uris = names(|name| matches!(name, GeneralName::Uri(uri) if !uri.is_empty()));
    let mut dns = names(|name| matches!(name, GeneralName::Dns(dns) if !dns.is_empty()));
    let same = |said: &[u8], name: Option<GeneralName<'_>>| match name {
        Some(GeneralName::Uri(value) | GeneralName::Dns(value)) => value == said,
        _ => false,
    };
    // Old versions name the first URI alone, and all name an empty one where there is none.
    if !element.all("URI").filter(|uri| !uri.is_empty()).all(|uri| same(uri, uris.next())) {
        return Err("has a URI that the certificate does not have there");
    }
    if !element.all("DNS").filter(|name| !name.is_empty()).all(|name| same(name, dns.next())) {
        return Err("has a DNS name that the certificate does not have there");
    }
    Ok(())
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// A value and what follows it.
fn read_value(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let Some(mut rest) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|byte| matches!(byte, b',' | b';')).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (!value.contains(&b'"')).then(|| (value.trim_ascii_end().to_vec(), rest));
    };
    let mut value = Vec::new();
    loop {
        rest = match rest {
            [b'"', rest @ ..] => return Some((value, rest)),
            [b'\\', b'"', rest @ ..] => {
                value.push(b'"');
                rest
            }
            // Envoy escapes quotes alone; in a subject RFC 2253 has escaped more, and that stays as it is.
            [b'\\', other, rest @ ..] => {
                value.extend([b'\\', *other]);
                rest
            }
            [b'\\'] | [] => return None,
            [other, rest @ ..] => {
                value.push(*other);
                rest
            }
        };
    }
}

/// Quotes a value. What is escaped already, as RFC 2253 has it in a subject, stays as it is.
fn quote(out: &mut Vec<u8>, value: &[u8]) {
    out.push(b'"');
    let mut escaped = false;
    for byte in value {
        if *byte == b'"' && !escaped {
            out.push(b'\\');
        }
        out.push(*byte);
        escaped = *byte == b'\\' && !escaped;
    }
    if escaped {
        out.push(b'\\');
    }
    out.push(b'"');
}
