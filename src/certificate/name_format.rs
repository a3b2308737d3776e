//! The written forms of a name: RFC 4514, and what nginx, Apache, OpenSSL and HAProxy make of the same bytes.
//!
//! None of them cuts a value at a NUL or drops what it cannot decode. Only `rfc4514` is meant for people and for
//! comparing as text: it never gives two different names one form. The others have the weaknesses of what they copy.

use super::der;
use super::name::{Attribute, Name, decode_string};
use super::oid;
use super::string_format::{self, Style};
use super::text::{is_plain, push_hex_upper};

impl Name<'_> {
    /// The name as RFC 4514 writes it: most specific relative name first, UTF-8, special characters escaped.
    ///
    /// Attribute types without a short name in RFC 4514 section 3, and values that are no sound text, are written as
    /// `1.2.3=#hex` of the value's DER. Control characters, and characters that reorder or hide the text around them,
    /// are escaped as `\` and two hexadecimal digits per UTF-8 byte, so that the result stands on one line as it is.
    pub fn rfc4514(&self) -> String {
        let mut out = String::with_capacity(self.as_der().len() + 16);
        for (index, relative) in self.relative_names().rev().enumerate() {
            if index > 0 {
                out.push(',');
            }
            for (index, attribute) in relative.attributes().enumerate() {
                if index > 0 {
                    out.push('+');
                }
                push_rfc4514(&mut out, &attribute);
            }
        }
        out
    }

    /// The name as OpenSSL prints it with `XN_FLAG_RFC2253`, byte for byte: nginx's `$ssl_client_s_dn`. ASCII.
    pub fn openssl_rfc2253(&self) -> String {
        // Every byte above 0x7f is escaped by this style, so nothing is lost here.
        let bytes = self.openssl(&Style::RFC2253, Separators::COMPACT);
        bytes.into_iter().map(char::from).collect()
    }

    /// The name as Apache prints it, byte for byte: `XN_FLAG_RFC2253` without `ASN1_STRFLGS_ESC_MSB`. A UTF8String
    /// stands there as its raw bytes, so the result need not be UTF-8.
    pub fn apache(&self) -> Vec<u8> {
        self.openssl(&Style { escape_high: false, ..Style::RFC2253 }, Separators::COMPACT)
    }

    /// The name as OpenSSL's `X509_NAME_oneline` prints it, byte for byte: nginx's `$ssl_client_s_dn_legacy`. ASCII.
    pub fn one_line(&self) -> String {
        let mut out = String::with_capacity(self.as_der().len() + 16);
        for relative in self.relative_names() {
            for (index, attribute) in relative.attributes().enumerate() {
                out.push(if index == 0 { '/' } else { '+' });
                out.push_str(&openssl_type(attribute.oid));
                out.push('=');
                let value = attribute.asn1_string();
                if is_plain(&value)
                    && let Ok(text) = std::str::from_utf8(&value)
                {
                    out.push_str(text);
                    continue;
                }
                for byte in value.iter() {
                    match byte {
                        b'/' | b'+' => out.extend(['\\', char::from(*byte)]),
                        b' '..=b'~' => out.push(char::from(*byte)),
                        _ => out.push_str(&format!("\\x{byte:02X}")),
                    }
                }
            }
        }
        out
    }

    /// The name as HAProxy's `ssl_c_s_dn` without arguments gives it, byte for byte. Nothing is escaped: a value that
    /// contains `/CN=` reads like an attribute of its own. Prefer any other form.
    pub fn haproxy(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.as_der().len() + 16);
        for attribute in self.attributes() {
            out.push(b'/');
            out.extend_from_slice(openssl_type(attribute.oid).as_bytes());
            out.push(b'=');
            out.extend_from_slice(&attribute.asn1_string());
        }
        out
    }

    /// The name as OpenSSL prints it with `XN_FLAG_ONELINE`, as in a general name.
    pub(crate) fn openssl_one_line(&self) -> Vec<u8> {
        self.openssl(&Style { quote: true, ..Style::RFC2253 }, Separators::SPACED)
    }

    /// `X509_NAME_print_ex`.
    fn openssl(&self, style: &Style, separators: Separators) -> Vec<u8> {
        let mut entries: Vec<_> = self
            .relative_names()
            .enumerate()
            .flat_map(|(set, relative)| relative.attributes().map(move |attribute| (set, attribute)))
            .collect();
        if separators.reversed {
            entries.reverse();
        }
        let mut out = Vec::with_capacity(self.as_der().len() + 16);
        let mut previous = None;
        for (set, attribute) in entries {
            if let Some(previous) = previous.replace(set) {
                out.extend_from_slice(
                    if previous == set { separators.attribute } else { separators.relative }.as_bytes(),
                );
            }
            let known = oid::short_name(attribute.oid);
            match known {
                Some(name) => out.extend_from_slice(name.as_bytes()),
                None => out.extend_from_slice(openssl_type(attribute.oid).as_bytes()),
            }
            out.extend_from_slice(separators.equals.as_bytes());
            let dumped = known.is_none() && separators.dump_unknown;
            if dumped || !string_format::push(&mut out, attribute.tag, &attribute.asn1_string(), style) {
                push_dump(&mut out, &attribute);
            }
        }
        out
    }
}

impl Attribute<'_> {
    /// The type in dotted decimal, such as `2.5.4.3`.
    pub fn dotted_type(&self) -> String {
        oid::dotted(self.oid)
    }

    /// OpenSSL's short name of the type, such as `CN` or `emailAddress`, if it has one.
    pub fn short_name(&self) -> Option<&'static str> {
        oid::short_name(self.oid)
    }

    /// The whole value, tag and length included.
    pub(crate) fn value_der(&self) -> Vec<u8> {
        string_format::tag_length_value(self.tag, self.value)
    }

    /// What OpenSSL keeps as the string of this value: mostly the content, but for a SEQUENCE all of it, and for a
    /// BIT STRING the bits alone.
    pub(crate) fn asn1_string(&self) -> std::borrow::Cow<'_, [u8]> {
        match (self.tag, self.value) {
            (der::SEQUENCE, _) => self.value_der().into(),
            (der::BIT_STRING, [_, bits @ ..]) => bits.into(),
            _ => self.value.into(),
        }
    }
}

#[derive(Clone, Copy)]
struct Separators {
    relative: &'static str,
    attribute: &'static str,
    equals: &'static str,
    reversed: bool,
    /// Whether the value of an unknown type is written as `#hex` whatever it is.
    dump_unknown: bool,
}

impl Separators {
    const COMPACT: Self = Self { relative: ",", attribute: "+", equals: "=", reversed: true, dump_unknown: true };
    const SPACED: Self = Self { relative: ", ", attribute: " + ", equals: " = ", reversed: false, dump_unknown: false };
}

/// The short name, or what OpenSSL's buffer of 80 bytes takes of the dotted form; nothing where it refuses to print.
fn openssl_type(oid: &[u8]) -> std::borrow::Cow<'static, str> {
    match oid::short_name(oid) {
        Some(name) => name.into(),
        None if oid.len() > oid::LONGEST_DOTTED => "".into(),
        None => {
            let mut dotted = oid::dotted(oid);
            dotted.truncate(79);
            dotted.into()
        }
    }
}

fn push_dump(out: &mut Vec<u8>, attribute: &Attribute<'_>) {
    out.push(b'#');
    push_hex_upper(out, &attribute.value_der());
}

fn push_rfc4514(out: &mut String, attribute: &Attribute<'_>) {
    let Some(name) = oid::rfc4514_name(attribute.oid) else {
        out.push_str(&oid::dotted(attribute.oid));
        out.push('=');
        return push_hex_string(out, attribute);
    };
    out.push_str(name);
    out.push('=');
    let start = out.len();
    if matches!(attribute.tag, der::UTF8_STRING | der::PRINTABLE_STRING | der::IA5_STRING)
        && is_plain(attribute.value)
        && let Ok(text) = std::str::from_utf8(attribute.value)
    {
        return out.push_str(text);
    }
    let mut first = true;
    let sound = decode_string(attribute.tag, attribute.value, &mut |c| {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', c]),
            ' ' | '#' if first => out.extend(['\\', c]),
            _ if is_hidden(c) => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    out.push_str(&format!("\\{byte:02X}"));
                }
            }
            _ => out.push(c),
        }
        first = false;
    });
    if !sound {
        out.truncate(start);
        return push_hex_string(out, attribute);
    }
    // A space at the end that is not the escaped one at the start.
    if out.len() > start + 1 && out.ends_with(' ') && &out[start..] != "\\ " {
        out.insert(out.len() - 1, '\\');
    }
}

fn push_hex_string(out: &mut String, attribute: &Attribute<'_>) {
    let mut hex = Vec::new();
    push_dump(&mut hex, attribute);
    out.extend(hex.into_iter().map(char::from));
}

/// Whether a character changes how the text around it is shown: controls, separators of lines, and the marks that
/// reorder or join invisibly (Unicode categories Cc, Zl, Zp and the bidirectional and zero-width members of Cf).
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const UTF8: u8 = der::UTF8_STRING;

    fn attribute(oid: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
        let mut content = string_format::tag_length_value(der::OID, oid);
        content.extend(string_format::tag_length_value(tag, value));
        string_format::tag_length_value(der::SEQUENCE, &content)
    }

    fn name(relative: &[&[Vec<u8>]]) -> Vec<u8> {
        let sets: Vec<u8> =
            relative.iter().flat_map(|set| string_format::tag_length_value(der::SET, &set.concat())).collect();
        string_format::tag_length_value(der::SEQUENCE, &sets)
    }

    fn common_name(tag: u8, value: &[u8]) -> String {
        Name::checked(&name(&[&[attribute(&[0x55, 4, 3], tag, value)]])).rfc4514()
    }

    /// A comma, a plus, an umlaut, mail and an unknown type.
    fn example() -> Vec<u8> {
        name(&[
            &[attribute(&[0x55, 4, 6], der::PRINTABLE_STRING, b"DE")],
            &[attribute(&[0x55, 4, 10], UTF8, b"Example, Inc.")],
            &[attribute(&[0x55, 4, 11], UTF8, b"R+D")],
            &[attribute(&[0x55, 4, 3], UTF8, "Jörg".as_bytes())],
            &[attribute(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], der::IA5_STRING, b"j@example.org")],
            &[attribute(&[0x2a, 3, 4, 5], UTF8, b"zz")],
        ])
    }

    #[test]
    fn prints_as_every_system() {
        let der = example();
        let name = Name::checked(&der);
        let tail = "OU=R\\+D,O=Example\\, Inc.,C=DE";
        let head = "1.2.3.4.5=#0C027A7A,emailAddress=j@example.org,CN=";
        assert_eq!(name.openssl_rfc2253(), format!("{head}J\\C3\\B6rg,{tail}"));
        assert_eq!(name.apache(), format!("{head}Jörg,{tail}").as_bytes());
        assert_eq!(
            name.one_line(),
            "/C=DE/O=Example, Inc./OU=R\\+D/CN=J\\xC3\\xB6rg/emailAddress=j@example.org/1.2.3.4.5=zz"
        );
        assert_eq!(
            name.haproxy(),
            "/C=DE/O=Example, Inc./OU=R+D/CN=Jörg/emailAddress=j@example.org/1.2.3.4.5=zz".as_bytes()
        );
        assert_eq!(
            name.rfc4514(),
            format!("1.2.3.4.5=#0C027A7A,1.2.840.113549.1.9.1=#160D6A406578616D706C652E6F7267,CN=Jörg,{tail}")
        );
    }

    #[test]
    fn rfc4514_escapes() {
        for (value, text) in [
            ("a", "CN=a"),
            ("", "CN="),
            (" ", "CN=\\ "),
            ("  ", "CN=\\ \\ "),
            (" a ", "CN=\\ a\\ "),
            ("a b", "CN=a b"),
            ("#a#", "CN=\\#a#"),
            ("#", "CN=\\#"),
            ("\\ ", "CN=\\\\\\ "),
            ("a=\"+,;<>\\", "CN=a=\\\"\\+\\,\\;\\<\\>\\\\"),
            ("a\0b\r\n\x7f", "CN=a\\00b\\0D\\0A\\7F"),
            ("a\u{202e}b\u{85}\u{2028}", "CN=a\\E2\\80\\AEb\\C2\\85\\E2\\80\\A8"),
            ("ö€😀", "CN=ö€😀"),
        ] {
            assert_eq!(common_name(UTF8, value.as_bytes()), text, "{value:?}");
        }
    }

    #[test]
    fn rfc4514_shows_what_is_no_text_as_bytes() {
        assert_eq!(common_name(UTF8, b"a\xff"), "CN=#0C0261FF");
        assert_eq!(common_name(der::PRINTABLE_STRING, b"\xe9"), "CN=#1301E9");
        assert_eq!(common_name(der::BMP_STRING, b"\0"), "CN=#1E0100");
        assert_eq!(common_name(der::BMP_STRING, &[0xd8, 0]), "CN=#1E02D800");
        assert_eq!(common_name(der::UNIVERSAL_STRING, &[0, 0x11, 0, 0]), "CN=#1C0400110000");
        assert_eq!(common_name(der::INTEGER, &[1]), "CN=#020101");
        assert_eq!(common_name(der::BMP_STRING, &[0, b'A', 0x20, 0xac]), "CN=A€");
        assert_eq!(common_name(der::UNIVERSAL_STRING, &[0, 1, 0xf6, 0]), "CN=😀");
        assert_eq!(common_name(der::T61_STRING, &[0xe9]), "CN=é");
    }

    #[test]
    fn two_names_never_read_as_one() {
        let one = name(&[&[attribute(&[0x55, 4, 3], UTF8, b"alice,OU=admins")]]);
        let two = name(&[&[attribute(&[0x55, 4, 11], UTF8, b"admins")], &[attribute(&[0x55, 4, 3], UTF8, b"alice")]]);
        let joined = name(&[&[attribute(&[0x55, 4, 11], UTF8, b"admins"), attribute(&[0x55, 4, 3], UTF8, b"alice")]]);
        assert_eq!(Name::checked(&one).rfc4514(), "CN=alice\\,OU=admins");
        assert_eq!(Name::checked(&two).rfc4514(), "CN=alice,OU=admins");
        assert_eq!(Name::checked(&joined).rfc4514(), "OU=admins+CN=alice");
        assert_eq!(Name::checked(&joined).openssl_rfc2253(), "CN=alice+OU=admins");
        assert_eq!(Name::checked(&name(&[])).rfc4514(), "");
    }
}
