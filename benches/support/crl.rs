//! Certificate revocation lists as large as wanted: 16-byte serial numbers, a reason and a date in every entry.

use rcgen::{PublicKeyData, SigningKey};

use super::pki::{Authority, Key};

/// Serial number, date and reason of an entry take so many bytes.
pub const ENTRY_LENGTH: usize = 49;

/// A CRL of `authority`, whose key is one of P-256 or RSA, with `count` entries.
pub fn of(authority: &Authority, count: usize) -> Vec<u8> {
    let algorithm: &[u8] = match authority.key().algorithm() == &rcgen::PKCS_RSA_SHA256 {
        // sha256WithRSAEncryption
        true => &[0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11, 0x05, 0],
        // ecdsa-with-SHA256
        false => &[0x30, 10, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
    };
    let mut entries = Vec::with_capacity(count * ENTRY_LENGTH);
    for number in 0..count {
        entries.extend_from_slice(&entry(number));
    }
    // cRLNumber 1
    let extensions = tlv(0xa0, &tlv(0x30, &tlv(0x30, &[0x06, 3, 0x55, 0x1d, 20, 0x04, 3, 2, 1, 1])));
    let revoked = if count == 0 { Vec::new() } else { tlv(0x30, &entries) };
    let [this_update, next_update] = [*b"240101000000Z", *b"490101000000Z"].map(|text| tlv(0x17, &text));
    let version = [0x02, 1, 1];
    let issuer = subject(authority.der());
    let tbs = [&version[..], algorithm, issuer, &this_update, &next_update, &revoked, &extensions].concat();
    let tbs = tlv(0x30, &tbs);
    let signature = Key::sign(authority.key(), &tbs).expect("a signature");
    tlv(0x30, &[&tbs[..], algorithm, &tlv(0x03, &[&[0], &signature[..]].concat())].concat())
}

/// The serial number of the entry of this number, or, from the count on, of none.
pub fn serial(number: usize) -> [u8; 16] {
    let mut serial = [0; 16];
    // splitmix64: what looks random, and is the same in each run.
    for (half, bytes) in serial.chunks_exact_mut(8).enumerate() {
        let mut word = (2 * number as u64 + half as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.copy_from_slice(&(word ^ word >> 31).to_be_bytes());
    }
    // Neither negative nor shorter.
    serial[0] = serial[0] & 0x7f | 0x40;
    serial
}

fn entry(number: usize) -> [u8; ENTRY_LENGTH] {
    let mut entry = [0; ENTRY_LENGTH];
    entry[..4].copy_from_slice(&[0x30, 47, 0x02, 16]);
    entry[4..20].copy_from_slice(&serial(number));
    let date = format!("\x17\x0d2{}{:02}{:02}{:02}0000Z", number % 6, number % 12 + 1, number % 28 + 1, number % 24);
    entry[20..35].copy_from_slice(date.as_bytes());
    let reason = [1, 3, 4, 5, 9][number % 5];
    // crlEntryExtensions with reasonCode
    entry[35..].copy_from_slice(&[0x30, 12, 0x30, 10, 0x06, 3, 0x55, 0x1d, 21, 0x04, 3, 0x0a, 1, reason]);
    entry
}

/// The subject of a generated authority: the sixth field of its tbsCertificate.
fn subject(certificate: &[u8]) -> &[u8] {
    let tbs = content(content(certificate));
    let mut rest = tbs;
    for _ in 0..5 {
        rest = &rest[length(rest)..];
    }
    &rest[..length(rest)]
}

fn content(value: &[u8]) -> &[u8] {
    &value[header(value)..length(value)]
}

fn header(value: &[u8]) -> usize {
    if value[1] < 0x80 { 2 } else { 2 + usize::from(value[1] & 0x7f) }
}

/// The whole length of the value that `bytes` begin with.
fn length(bytes: &[u8]) -> usize {
    let header = header(bytes);
    header
        + bytes[2..header].iter().fold(if header == 2 { bytes[1].into() } else { 0 }, |n, b| n << 8 | usize::from(*b))
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).expect("less than 4 GiB").to_be_bytes();
    let mut out = match content.len() {
        0..=0x7f => vec![tag, length[3]],
        0x80..=0xff => vec![tag, 0x81, length[3]],
        0x100..=0xffff => vec![tag, 0x82, length[2], length[3]],
        0x1_0000..=0xff_ffff => vec![tag, 0x83, length[1], length[2], length[3]],
        _ => vec![tag, 0x84, length[0], length[1], length[2], length[3]],
    };
    out.extend_from_slice(content);
    out
}
