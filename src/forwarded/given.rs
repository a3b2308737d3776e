//! The headers of a request that a carrier is about, in their order.

use smallvec::SmallVec;

use super::claim::{Claim, Fault, Word, shown};
use super::dialect::{Carrier, Dialect, same_name, starts_with};

/// What a header is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Certificate,
    /// The certificate under another name.
    Other,
    /// The certificates above it; the number that the name ends with, where it does.
    Chain(Option<usize>),
    Verify,
    /// What is not read, but says that there was a certificate.
    Detail,
}

/// One header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header<'h> {
    pub(super) part: Part,
    pub(super) name: &'h str,
    /// Without blanks around it.
    pub(super) value: &'h [u8],
}

/// The headers of a carrier that a request has.
#[derive(Debug)]
pub(super) struct Given<'h> {
    dialect: Dialect,
    headers: SmallVec<[Header<'h>; 8]>,
}

/// What the proxy says in a header of its own.
enum Verify {
    Absent,
    Said(Word),
}

impl<'h> Given<'h> {
    pub(super) fn collect<'c>(carrier: &Carrier<'c>, all: impl IntoIterator<Item = (&'h str, &'h [u8])>) -> Self {
        let binary = carrier.dialect == Dialect::ProxyProtocol;
        let trimmed = |value: &'h [u8]| if binary { value } else { trim(value) };
        let headers = all
            .into_iter()
            .filter_map(|(name, value)| Some(Header { part: part(carrier, name)?, name, value: trimmed(value) }));
        Self { dialect: carrier.dialect, headers: headers.collect() }
    }

    /// Whether there is any, an empty one included.
    pub(super) fn is_empty(&self) -> bool {
        self.headers.is_empty()
    }

    /// Looks at what holds for all of them: their size, and bytes that no header can have.
    pub(super) fn check(&self, max_chain_bytes: usize) -> Result<(), Fault> {
        // Base64 in PEM of which every byte is escaped takes a little more than four times as much.
        const BLOWN_UP: usize = 5;
        const ARMOUR: usize = 4_096;
        let limit = max_chain_bytes.saturating_mul(BLOWN_UP).saturating_add(ARMOUR);
        let mut size = 0_usize;
        for header in &self.headers {
            size = size.saturating_add(header.value.len());
            if size > limit {
                return Err(Fault::too_large(header.name));
            }
            if self.dialect != Dialect::ProxyProtocol
                && header.value.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n'))
            {
                return Err(Fault::malformed(header.name, "has a line end or a NUL in it"));
            }
        }
        Ok(())
    }

    /// The only header for a part, if there is one that says something. Two are a fault, whatever is in them.
    pub(super) fn single(&self, part: Part) -> Result<Option<&Header<'h>>, Fault> {
        let mut all = self.all(part);
        let first = all.next();
        if let Some(second) = all.next() {
            return Err(Fault::malformed(second.name, "is there more than once"));
        }
        Ok(first.filter(|header| !self.is_blank(header)))
    }

    pub(super) fn all(&self, part: Part) -> impl Iterator<Item = &Header<'h>> {
        self.headers.iter().filter(move |header| header.part == part)
    }

    /// The headers for the certificates above, in the order of their numbers.
    pub(super) fn numbered_chain(&self) -> Result<SmallVec<[&Header<'h>; 4]>, Fault> {
        let mut numbered: SmallVec<[(usize, &Header<'h>); 4]> = SmallVec::new();
        for header in &self.headers {
            if let Part::Chain(Some(number)) = header.part {
                numbered.push((number, header));
            }
        }
        numbered.sort_by_key(|(number, _)| *number);
        let mut chain = SmallVec::new();
        let mut ended = false;
        for (expected, (number, header)) in numbered.into_iter().enumerate() {
            if number != expected {
                return Err(Fault::malformed(header.name, "is there more than once, or the one before it is missing"));
            }
            match self.is_blank(header) {
                true => ended = true,
                false if ended => return Err(Fault::malformed(header.name, "follows an empty one")),
                false => chain.push(header),
            }
        }
        Ok(chain)
    }

    /// A header that says that there was a certificate, and is not read.
    pub(super) fn detail(&self) -> Option<&Header<'h>> {
        self.all(Part::Detail).find(|header| !self.is_blank(header))
    }

    /// What all of it says, where these certificates were found, and where the dialect implies this word.
    pub(super) fn conclude(&self, found: Option<Vec<u8>>, implied: Word) -> Result<Claim, Fault> {
        let header = self.single(Part::Verify)?;
        let verify = header.map(|header| self.verify(header, found.is_some())).transpose()?;
        match (found, verify, header.or_else(|| self.detail())) {
            (Some(certificates), None, _) => Ok(Claim::Certificates(certificates, implied)),
            (Some(certificates), Some(Verify::Said(word)), _) => Ok(Claim::Certificates(certificates, word)),
            (Some(_), Some(Verify::Absent), header) => {
                let name = header.map_or("", |header| header.name);
                Err(Fault::malformed(name, "says that there is no certificate, and there is one"))
            }
            (None, None | Some(Verify::Absent), _) => match self.detail() {
                Some(detail) => Err(Fault::incomplete(detail.name)),
                None => Ok(Claim::Nothing),
            },
            (None, Some(Verify::Said(_)), header) => Err(Fault::incomplete(header.map_or("", |header| header.name))),
        }
    }

    fn verify(&self, header: &Header<'_>, has_certificate: bool) -> Result<Verify, Fault> {
        let unknown = || Err(Fault::malformed(header.name, "says neither SUCCESS, NONE nor FAILED"));
        let Ok(text) = std::str::from_utf8(header.value) else { return unknown() };
        let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u32>().ok()).flatten();
        Ok(match (text, number) {
            ("SUCCESS", _) => Verify::Said(Word::Verified),
            ("NONE", _) => Verify::Absent,
            // HAProxy's ssl_c_verify is 0 without a certificate, too.
            (_, Some(0)) if self.dialect == Dialect::Haproxy && has_certificate => Verify::Said(Word::Verified),
            (_, Some(0)) if self.dialect == Dialect::Haproxy => Verify::Absent,
            (_, Some(_)) if self.dialect == Dialect::Haproxy => Verify::Said(refused(text)),
            ("GENEROUS" | "FAILED", _) => Verify::Said(refused(text)),
            _ if text.starts_with("FAILED:") => Verify::Said(refused(text)),
            _ => return unknown(),
        })
    }

    /// Whether it says nothing: what systems write for a variable that has no value.
    fn is_blank(&self, header: &Header<'_>) -> bool {
        match self.dialect {
            Dialect::Apache | Dialect::Tomcat => matches!(header.value, b"" | b"(null)"),
            Dialect::Haproxy => matches!(header.value, b"" | b"\"\"" | b"-"),
            Dialect::ProxyProtocol => false,
            _ => header.value.is_empty(),
        }
    }
}

/// Without the blanks that may stand around a header's value (RFC 9110 section 5.5), and with any other that does not.
fn trim(value: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().position(|byte| !is_blank(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    &value[start..end]
}

fn refused(text: &str) -> Word {
    Word::Refused(shown(text))
}

fn part(carrier: &Carrier<'_>, name: &str) -> Option<Part> {
    let names = carrier.dialect.names();
    if same_name(name, carrier.certificate.unwrap_or(names.certificate)) {
        return Some(Part::Certificate);
    }
    if carrier.certificate.is_none() && names.other.is_some_and(|other| same_name(name, other)) {
        return Some(Part::Other);
    }
    if carrier.verify.or(names.verify).is_some_and(|verify| same_name(name, verify)) {
        return Some(Part::Verify);
    }
    if let Some(chain) = carrier.chain.or(names.chain) {
        match chain.strip_suffix("_N") {
            Some(head) if starts_with(name, head) => {
                if let Some(number) = number(&name[head.len()..]) {
                    return Some(Part::Chain(Some(number)));
                }
            }
            None if same_name(name, chain) => return Some(Part::Chain(None)),
            _ => {}
        }
    }
    names.details.iter().any(|detail| same_name(name, detail)).then_some(Part::Detail)
}

/// The number behind a joint, such as `_0`.
fn number(tail: &str) -> Option<usize> {
    let digits = tail.strip_prefix(['_', '-'])?;
    let plain = digits == "0" || !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}
