//! The written forms of a general name: the plain value, and OpenSSL's.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::der::{self, Reader};
use super::general_name::{GeneralName, OID_SMTP_UTF8, OID_UPN, OID_XMPP};
use super::name_format::is_hidden;
use super::oid;
use super::string_format::{self, Style};
use super::text::{is_plain, push_hex_upper};

impl GeneralName<'_> {
    /// The value alone, safe to put on a line: an address, a host, a URI, an IP address (RFC 5952), a name as
    /// RFC 4514 writes it, a dotted identifier; of an otherName, what UPN, XMPP and SmtpUTF8Mailbox hold.
    ///
    /// A control or hidden character, a byte that is no UTF-8, a backslash, and a `#` at the start stand as `\` and two
    /// hexadecimal digits per byte, so that nothing is lost and nothing reads like something else. An IP address of
    /// neither 4 nor 16 bytes, an otherName of another type, x400Address, ediPartyName and what is unknown are `#` and
    /// hexadecimal.
    pub fn text(&self) -> String {
        match *self {
            Self::Email(value) | Self::Dns(value) | Self::Uri(value) => escape(value),
            Self::Ip(value) => match (<[u8; 4]>::try_from(value), <[u8; 16]>::try_from(value)) {
                (Ok(four), _) => Ipv4Addr::from(four).to_string(),
                (_, Ok(sixteen)) => ipv6(sixteen),
                _ => dump(value),
            },
            Self::Directory(name) => name.rfc4514(),
            Self::RegisteredId(value) => oid::dotted(value),
            Self::Other { value, .. } => match self.upn().or_else(|| self.xmpp()).or_else(|| self.smtp_utf8()) {
                Some(text) => escape(text.as_bytes()),
                None => dump(value),
            },
            Self::X400(value) | Self::EdiParty(value) | Self::Unknown { value, .. } => dump(value),
        }
    }

    /// Appends what OpenSSL's `GENERAL_NAME_print` writes, byte for byte, which HAProxy's `ssl_c_san` gives. It is no
    /// form to decide by: a comma in a value reads like the next name.
    pub(crate) fn push_openssl(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Email(value) => push_labelled(out, "email:", value),
            Self::Dns(value) => push_labelled(out, "DNS:", value),
            Self::Uri(value) => push_labelled(out, "URI:", value),
            Self::Ip(value) => push_ip(out, value),
            Self::Directory(name) => {
                out.extend_from_slice(b"DirName:");
                out.extend_from_slice(&name.openssl_one_line());
            }
            Self::RegisteredId(value) => {
                out.extend_from_slice(b"Registered ID:");
                match oid::long_name(value) {
                    Some(name) => out.extend_from_slice(name.as_bytes()),
                    None => out.extend_from_slice(oid::dotted(value).as_bytes()),
                }
            }
            Self::Other { oid, value } => push_other(out, oid, value),
            Self::X400(_) => out.extend_from_slice(b"X400Name:<unsupported>"),
            Self::EdiParty(_) => out.extend_from_slice(b"EdiPartyName:<unsupported>"),
            // OpenSSL does not read such a list at all.
            Self::Unknown { .. } => out.extend_from_slice(b"<unsupported>"),
        }
    }

    /// The value as Apache's `SSL_CLIENT_SAN_*` give it: converted to UTF-8, control characters escaped; `None` where
    /// it is empty, as there.
    pub(crate) fn apache(&self) -> Option<Vec<u8>> {
        let (tag, value) = match *self {
            Self::Email(value) | Self::Dns(value) => (der::IA5_STRING, value),
            Self::Other { value, .. } => {
                let mut reader = Reader::new(value);
                let tlv = reader.any("otherName").ok()?;
                (tlv.tag, reader.content(&tlv))
            }
            _ => return None,
        };
        let mut out = Vec::new();
        (string_format::push(&mut out, tag, value, &Style::APACHE_VALUE) && !out.is_empty()).then_some(out)
    }
}

/// Text with every character that does not simply show escaped as `\` and two upper-case hexadecimal digits per byte.
pub(crate) fn escape(bytes: &[u8]) -> String {
    if is_plain(bytes)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return text.to_owned();
    }
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '\\' || is_hidden(c) || (c == '#' && out.is_empty()) {
                push_escaped(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                out.push(c);
            }
        }
        push_escaped(&mut out, chunk.invalid());
    }
    out
}

fn push_escaped(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        out.push_str(&format!("\\{byte:02X}"));
    }
}

fn dump(bytes: &[u8]) -> String {
    let mut hex = vec![b'#'];
    push_hex_upper(&mut hex, bytes);
    hex.into_iter().map(char::from).collect()
}

/// RFC 5952 section 4; the mixed form of section 5 for addresses that embed IPv4 is only for mapped ones, as there.
fn ipv6(bytes: [u8; 16]) -> String {
    Ipv6Addr::from(bytes).to_string()
}

fn push_labelled(out: &mut Vec<u8>, label: &str, value: &[u8]) {
    out.extend_from_slice(label.as_bytes());
    // ASN1_STRING_print, which shows all but line ends as one dot.
    out.extend(value.iter().map(|byte| if matches!(byte, b' '..=b'~' | b'\r' | b'\n') { *byte } else { b'.' }));
}

fn push_ip(out: &mut Vec<u8>, value: &[u8]) {
    let mut text = "IP Address".to_owned();
    match (<[u8; 4]>::try_from(value), value.as_chunks::<2>()) {
        (Ok(four), _) => text.push_str(&format!(":{}", Ipv4Addr::from(four))),
        (_, (groups, [])) if groups.len() == 8 => {
            for group in groups {
                text.push_str(&format!(":{:X}", u16::from_be_bytes(*group)));
            }
        }
        _ => text.push_str(&format!(":<invalid length={}>", value.len())),
    }
    out.extend_from_slice(text.as_bytes());
}

/// SRVName, 1.3.6.1.5.5.7.8.7 (RFC 4985).
pub(crate) const OID_SRV_NAME: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x07];
/// NAIRealm, 1.3.6.1.5.5.7.8.8 (RFC 7585).
const OID_NAI_REALM: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x08];

fn push_other(out: &mut Vec<u8>, oid: &[u8], value: &[u8]) {
    let (kind, tag) = match oid {
        OID_SMTP_UTF8 => ("SmtpUTF8Mailbox:", der::UTF8_STRING),
        OID_XMPP => ("XmppAddr:", der::UTF8_STRING),
        OID_SRV_NAME => ("SRVName:", der::IA5_STRING),
        OID_UPN => ("UPN:", der::UTF8_STRING),
        OID_NAI_REALM => ("NAIRealm:", der::UTF8_STRING),
        _ => return out.extend_from_slice(b"othername:<unsupported>"),
    };
    let mut reader = Reader::new(value);
    match reader.expect(tag, "otherName") {
        Ok(text) => {
            out.extend_from_slice(b"othername:");
            out.extend_from_slice(kind.as_bytes());
            // OpenSSL prints these through a format that ends at a NUL.
            out.extend(reader.content(&text).iter().take_while(|byte| **byte != 0));
        }
        Err(_) => out.extend_from_slice(b"othername:<unsupported>"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_plain_values() {
        assert_eq!(GeneralName::Ip(&[10, 0, 0, 1]).text(), "10.0.0.1");
        let mut v6 = [0; 16];
        (v6[0], v6[1], v6[2], v6[3], v6[15]) = (0x20, 0x01, 0x0d, 0xb8, 1);
        assert_eq!(GeneralName::Ip(&v6).text(), "2001:db8::1");
        assert_eq!(GeneralName::Ip(&[1, 2, 3]).text(), "#010203");
        assert_eq!(GeneralName::Email(b"a@b.example\0evil").text(), "a@b.example\\00evil");
        assert_eq!(GeneralName::Uri(b"a\r\nb\\c\xff").text(), "a\\0D\\0Ab\\5Cc\\FF");
        assert_eq!(GeneralName::Uri(b"#a#").text(), "\\23a#");
        assert_eq!(GeneralName::RegisteredId(&[0x55, 4, 3]).text(), "2.5.4.3");
        let upn = GeneralName::Other { oid: OID_UPN, value: b"\x0c\x05a@b.c" };
        assert_eq!(upn.text(), "a@b.c");
        let broken = GeneralName::Other { oid: OID_UPN, value: b"\x0c\x01\xff" };
        assert_eq!(broken.text(), "#0C01FF");
    }

    #[test]
    fn prints_as_openssl() {
        let print = |name: GeneralName<'_>| {
            let mut out = Vec::new();
            name.push_openssl(&mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(print(GeneralName::Ip(&[127, 0, 0, 1])), "IP Address:127.0.0.1");
        assert_eq!(print(GeneralName::Ip(&[0; 16])), "IP Address:0:0:0:0:0:0:0:0");
        assert_eq!(print(GeneralName::Ip(&[0; 5])), "IP Address:<invalid length=5>");
        assert_eq!(print(GeneralName::Dns(b"a\0b")), "DNS:a.b");
        assert_eq!(print(GeneralName::RegisteredId(&[0x55, 4, 3])), "Registered ID:commonName");
    }
}
