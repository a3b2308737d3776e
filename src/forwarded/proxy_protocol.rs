//! Version 2 of the PROXY protocol, as HAProxy defines it (doc/proxy-protocol.txt, sections 2.2 and 2.2.6): addresses, and
//! TLVs about the TLS that the proxy ended.
//!
//! The addresses in it are the client's, as the proxy says. Whether it is a proxy is decided by the TCP peer's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crc::{CRC_32_ISCSI, Crc};

use super::armour;
use super::claim::{Claim, Fault, Word};
pub use super::dialect::PROXY_PROTOCOL as NAME;
use super::given::{Given, Part};

/// How many bytes of a header say how long it is.
pub const FIXED_LENGTH: usize = 16;

/// A header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header<'h> {
    /// Whether the proxy speaks for itself (`LOCAL`), as for a health check: then it says nothing of a client.
    pub local: bool,
    /// The client's address and the one that it connected to; None for Unix sockets and where the proxy does not say.
    pub addresses: Option<(SocketAddr, SocketAddr)>,
    /// What it says of TLS; None where the client used none, or it does not say.
    pub tls: Option<Tls<'h>>,
}

/// What a header says of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tls<'h> {
    /// Whether the client presented a certificate, on this connection or on the one that the session began with.
    pub presented: bool,
    /// 0 where the client presented a certificate and it was verified.
    pub verify: u32,
    /// The certificate's DER.
    pub certificate: Option<&'h [u8]>,
    /// Such as `TLSv1.3`.
    pub version: Option<&'h [u8]>,
    /// The common name of its subject.
    pub common_name: Option<&'h [u8]>,
}

/// How long the header is that begins with these bytes, so that it can be read from a socket. None where they do not begin a
/// header of version 2, or are fewer than [`FIXED_LENGTH`].
pub fn length(start: &[u8]) -> Option<usize> {
    let fixed = start.first_chunk::<FIXED_LENGTH>()?;
    let rest = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    (fixed.starts_with(SIGNATURE) && fixed[12] >> 4 == 2).then_some(FIXED_LENGTH + rest)
}

impl<'h> Header<'h> {
    /// Reads a whole header and nothing else. The checksum is checked where there is one.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(bytes: &'h [u8]) -> Result<Self, &'static str> {
        if length(bytes).ok_or("does not begin a header of version 2")? != bytes.len() {
            return Err("is not as long as it says");
        }
        let (command, family, rest) = (bytes[12] & 15, bytes[13], &bytes[FIXED_LENGTH..]);
        match command {
            LOCAL => return Ok(Self { local: true, addresses: None, tls: None }),
            PROXY => {}
            _ => return Err("has a command that is not known"),
        }
        let (addresses, tlvs) = addresses(family, rest)?;
        let mut tls = None;
        let mut checksum = None;
        for tlv in Tlvs(tlvs) {
            let (kind, value) = tlv?;
            match kind {
                TLV_CRC32C if checksum.is_some() => return Err("has two checksums"),
                TLV_CRC32C => checksum = Some(value),
                TLV_SSL if tls.is_some() => return Err("says twice which TLS there was"),
                TLV_SSL => tls = Some(Tls::parse(value)?),
                _ => {}
            }
        }
        if let Some(value) = checksum
            && !has_checksum(bytes, value)
        {
            return Err("has another checksum than it should");
        }
        Ok(Self { local: false, addresses, tls: tls.flatten() })
    }
}

impl<'h> Tls<'h> {
    fn parse(value: &'h [u8]) -> Result<Option<Self>, &'static str> {
        let (head, tlvs) = value.split_first_chunk::<5>().ok_or("has a TLV about TLS that is too short")?;
        let [client, verify @ ..] = *head;
        let presented = client & (CLIENT_CERT_CONN | CLIENT_CERT_SESS) != 0;
        let verify = u32::from_be_bytes(verify);
        let mut tls = Self { presented, verify, certificate: None, version: None, common_name: None };
        for tlv in Tlvs(tlvs) {
            let (kind, value) = tlv?;
            let place = match kind {
                SUB_CERTIFICATE => &mut tls.certificate,
                SUB_VERSION => &mut tls.version,
                SUB_COMMON_NAME => &mut tls.common_name,
                _ => continue,
            };
            if place.replace(value).is_some() {
                return Err("has something about TLS twice");
            }
        }
        match (client & CLIENT_SSL != 0, presented) {
            (false, true) => Err("has a certificate without TLS"),
            (false, false) if tls.certificate.is_some() => Err("has a certificate without TLS"),
            (false, false) => Ok(None),
            (true, false) if tls.certificate.is_some() => Err("has a certificate that was not presented"),
            (true, _) => Ok(Some(tls)),
        }
    }
}

pub(super) fn read(given: &Given<'_>) -> Result<Claim, Fault> {
    let Some(bytes) = given.single(Part::Certificate)? else { return Ok(Claim::Nothing) };
    let header = Header::parse(bytes.value).map_err(|problem| Fault::malformed(NAME, problem))?;
    let Some(tls) = header.tls.filter(|tls| tls.presented) else { return Ok(Claim::Nothing) };
    let word = match tls.verify {
        0 => Word::Verified,
        error => Word::Refused(error.to_string()),
    };
    match tls.certificate {
        Some(der) if armour::is_one(der) => Ok(Claim::Certificates(der.to_vec(), word)),
        Some(_) => Err(Fault::malformed(NAME, "has a certificate that is none")),
        None => Err(Fault::incomplete(NAME)),
    }
}

/// What [`write`] puts into a header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content<'c> {
    pub(super) addresses: Option<(SocketAddr, SocketAddr)>,
    pub(super) verify: u32,
    pub(super) certificate: Option<&'c [u8]>,
    pub(super) version: Option<&'c str>,
    pub(super) common_name: Option<&'c [u8]>,
}

/// A whole header, with a checksum. None where it is too large for one.
pub(super) fn write(content: &Content<'_>) -> Option<Vec<u8>> {
    let mut tls =
        vec![CLIENT_SSL | if content.certificate.is_some() { CLIENT_CERT_CONN | CLIENT_CERT_SESS } else { 0 }];
    tls.extend(content.verify.to_be_bytes());
    push_tlv(&mut tls, SUB_VERSION, content.version.map(str::as_bytes))?;
    push_tlv(&mut tls, SUB_COMMON_NAME, content.common_name)?;
    push_tlv(&mut tls, SUB_CERTIFICATE, content.certificate)?;
    let mut rest = Vec::new();
    let family = push_addresses(&mut rest, content.addresses);
    push_tlv(&mut rest, TLV_CRC32C, Some(&[0; 4]))?;
    let checksum = FIXED_LENGTH + rest.len() - 4;
    push_tlv(&mut rest, TLV_SSL, Some(&tls))?;
    let mut header = SIGNATURE.to_vec();
    header.extend([0x20 | PROXY, family]);
    header.extend(u16::try_from(rest.len()).ok()?.to_be_bytes());
    header.extend(rest);
    let sum = CRC.checksum(&header);
    header.get_mut(checksum..checksum + 4)?.copy_from_slice(&sum.to_be_bytes());
    Some(header)
}

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const LOCAL: u8 = 0;
const PROXY: u8 = 1;

const TLV_CRC32C: u8 = 0x03;
const TLV_SSL: u8 = 0x20;
const SUB_VERSION: u8 = 0x21;
const SUB_COMMON_NAME: u8 = 0x22;
const SUB_CERTIFICATE: u8 = 0x28;

const CLIENT_SSL: u8 = 1;
const CLIENT_CERT_CONN: u8 = 2;
const CLIENT_CERT_SESS: u8 = 4;

/// CRC-32C (RFC 4960 appendix B).
const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// Type, length and value, one after another.
struct Tlvs<'t>(&'t [u8]);

impl<'t> Iterator for Tlvs<'t> {
    type Item = Result<(u8, &'t [u8]), &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        const CUT: &str = "has a TLV that is cut off";
        if self.0.is_empty() {
            return None;
        }
        let Some(([kind, length @ ..], rest)) = std::mem::take(&mut self.0).split_first_chunk::<3>() else {
            return Some(Err(CUT));
        };
        match rest.split_at_checked(usize::from(u16::from_be_bytes(*length))) {
            Some((value, rest)) => {
                self.0 = rest;
                Some(Ok((*kind, value)))
            }
            None => Some(Err(CUT)),
        }
    }
}

type Addresses = Option<(SocketAddr, SocketAddr)>;

/// The addresses of a family, and what follows them.
fn addresses(family: u8, rest: &[u8]) -> Result<(Addresses, &[u8]), &'static str> {
    const CUT: &str = "has addresses that are cut off";
    let pair = |source: IpAddr, destination: IpAddr, rest| {
        let (ports, rest) = <[u8]>::split_first_chunk::<4>(rest).ok_or(CUT)?;
        let [from @ .., to_high, to_low] = *ports;
        let addresses = (
            SocketAddr::new(source, u16::from_be_bytes(from)),
            SocketAddr::new(destination, u16::from_be_bytes([to_high, to_low])),
        );
        Ok((Some(addresses), rest))
    };
    match family {
        0x00 => Ok((None, rest)),
        0x11 | 0x12 => {
            let (source, rest) = rest.split_first_chunk::<4>().ok_or(CUT)?;
            let (destination, rest) = rest.split_first_chunk::<4>().ok_or(CUT)?;
            pair(Ipv4Addr::from(*source).into(), Ipv4Addr::from(*destination).into(), rest)
        }
        0x21 | 0x22 => {
            let (source, rest) = rest.split_first_chunk::<16>().ok_or(CUT)?;
            let (destination, rest) = rest.split_first_chunk::<16>().ok_or(CUT)?;
            pair(Ipv6Addr::from(*source).into(), Ipv6Addr::from(*destination).into(), rest)
        }
        0x31 | 0x32 => rest.split_at_checked(216).map(|(_, rest)| (None, rest)).ok_or(CUT),
        _ => Err("has an address family that is not known"),
    }
}

fn push_addresses(out: &mut Vec<u8>, addresses: Addresses) -> u8 {
    let Some((source, destination)) = addresses else { return 0x00 };
    let family = match (source.ip(), destination.ip()) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            out.extend(source.octets());
            out.extend(destination.octets());
            0x11
        }
        (source, destination) => {
            for address in [source, destination] {
                out.extend(match address {
                    IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
                    IpAddr::V6(address) => address.octets(),
                });
            }
            0x21
        }
    };
    out.extend(source.port().to_be_bytes());
    out.extend(destination.port().to_be_bytes());
    family
}

fn push_tlv(out: &mut Vec<u8>, kind: u8, value: Option<&[u8]>) -> Option<()> {
    if let Some(value) = value {
        out.push(kind);
        out.extend(u16::try_from(value.len()).ok()?.to_be_bytes());
        out.extend(value);
    }
    Some(())
}

/// Whether `value`, which is a part of `header`, is the CRC-32C of the header with four zeros in its place.
fn has_checksum(header: &[u8], value: &[u8]) -> bool {
    let Ok(said) = <[u8; 4]>::try_from(value) else { return false };
    let Some(start) = value.as_ptr().addr().checked_sub(header.as_ptr().addr()) else { return false };
    let (Some(before), Some(after)) = (header.get(..start), header.get(start + said.len()..)) else { return false };
    let mut sum = CRC.digest();
    sum.update(before);
    sum.update(&[0; 4]);
    sum.update(after);
    sum.finalize() == u32::from_be_bytes(said)
}
