//! Distinguished names read from text (RFC 4514 section 3), so that they can be compared with those in certificates.

use super::der::{self, Reader};
use super::name::{Name, check_name};
use super::oid;
use super::string_format::tag_length_value;

/// A name that a person wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WrittenName {
    der: Box<[u8]>,
}

/// Where a text stops being a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAName {
    /// The byte, from 0.
    pub(crate) at: usize,
    pub(crate) problem: &'static str,
}

/// Which relative name stands first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// As RFC 4514 writes names: `CN=alice,DC=example,DC=org`.
    MostSpecificFirst,
    /// As the DER has them, and Microsoft's altSecurityIdentities: `DC=org,DC=example,CN=alice`.
    MostGeneralFirst,
}

impl WrittenName {
    /// Reads a name of at least one attribute. Types are RFC 4514's and OpenSSL's short and long names in any case, `E`
    /// for emailAddress, or dotted; values are escaped as RFC 4514 says, or stand in double quotes as RFC 2253 said.
    pub(crate) fn parse(text: &str, order: Order) -> Result<Self, NotAName> {
        let mut parser = Parser { text, at: 0 };
        let mut relative_names = vec![parser.relative_name()?];
        while parser.at < text.len() {
            // A relative name ends at the end or at a comma.
            parser.at += 1;
            relative_names.push(parser.relative_name()?);
        }
        if order == Order::MostSpecificFirst {
            relative_names.reverse();
        }
        let content = relative_names.concat();
        match check_name(Reader::new(&content), "name") {
            Ok(()) => Ok(Self { der: tag_length_value(der::SEQUENCE, &content).into() }),
            Err(_) => Err(NotAName { at: 0, problem: "a value after '#' is not DER" }),
        }
    }

    /// The name, to be compared.
    pub(crate) fn view(&self) -> Name<'_> {
        Name::checked(&self.der)
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn fail<T>(&self, problem: &'static str) -> Result<T, NotAName> {
        Err(NotAName { at: self.at, problem })
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    /// A whole SET.
    fn relative_name(&mut self) -> Result<Vec<u8>, NotAName> {
        let mut attributes = self.attribute()?;
        while self.peek() == Some(b'+') {
            self.at += 1;
            attributes.extend(self.attribute()?);
        }
        Ok(tag_length_value(der::SET, &attributes))
    }

    /// A whole SEQUENCE of type and value; stands at `+`, `,` or the end afterwards.
    fn attribute(&mut self) -> Result<Vec<u8>, NotAName> {
        self.spaces();
        let Some(length) = self.text[self.at..].find(['=', ',', '+', '"', '\\']) else {
            return self.fail("an attribute is written TYPE=value");
        };
        let kind = self.text[self.at..self.at + length].trim_end();
        let Some(oid) = oid::of_attribute(kind) else { return self.fail("there is no attribute type of this name") };
        self.at += length;
        if self.peek() != Some(b'=') {
            return self.fail("an attribute is written TYPE=value");
        }
        self.at += 1;
        self.spaces();
        let value = match self.peek() {
            Some(b'#') => self.hexadecimal()?,
            Some(b'"') => tag_length_value(der::UTF8_STRING, self.quoted()?.as_bytes()),
            _ => tag_length_value(der::UTF8_STRING, self.string()?.as_bytes()),
        };
        Ok(tag_length_value(der::SEQUENCE, &[tag_length_value(der::OID, &oid), value].concat()))
    }

    fn hexadecimal(&mut self) -> Result<Vec<u8>, NotAName> {
        self.at += 1;
        let rest = &self.text[self.at..];
        let digits = rest[..rest.find([',', '+']).unwrap_or(rest.len())].trim_end();
        match super::text::from_hex(digits) {
            Some(bytes) if !bytes.is_empty() => {
                self.at += digits.len();
                self.spaces();
                Ok(bytes)
            }
            _ => self.fail("what follows '#' is not hexadecimal"),
        }
    }

    fn quoted(&mut self) -> Result<String, NotAName> {
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            match self.peek() {
                None => return self.fail("a quote is not closed"),
                Some(b'"') => break,
                Some(b'\\') => bytes.push(self.escaped()?),
                Some(byte) => {
                    bytes.push(byte);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        self.spaces();
        match self.peek() {
            None | Some(b',' | b'+') => self.utf8(bytes),
            _ => self.fail("something follows a quoted value"),
        }
    }

    fn string(&mut self) -> Result<String, NotAName> {
        let mut bytes = Vec::new();
        // The length without spaces at the end that are not escaped.
        let mut kept = 0;
        loop {
            match self.peek() {
                None | Some(b',' | b'+') => break,
                Some(b'"' | b';' | b'<' | b'>') => return self.fail("a special character is not escaped"),
                Some(b'\\') => {
                    bytes.push(self.escaped()?);
                    kept = bytes.len();
                }
                Some(byte) => {
                    bytes.push(byte);
                    self.at += 1;
                    if byte != b' ' {
                        kept = bytes.len();
                    }
                }
            }
        }
        bytes.truncate(kept);
        self.utf8(bytes)
    }

    /// `\` and a special character, or two hexadecimal digits.
    fn escaped(&mut self) -> Result<u8, NotAName> {
        let rest = &self.text.as_bytes()[self.at + 1..];
        let (byte, length) = match *rest {
            [c @ (b' ' | b'"' | b'#' | b'+' | b',' | b';' | b'<' | b'=' | b'>' | b'\\'), ..] => (c, 2),
            [high, low, ..] => match super::text::from_hex_digits(high, low) {
                Some(byte) => (byte, 3),
                None => return self.fail("'\\' is followed by neither a special character nor two digits"),
            },
            _ => return self.fail("'\\' is followed by neither a special character nor two digits"),
        };
        self.at += length;
        Ok(byte)
    }

    fn utf8(&self, bytes: Vec<u8>) -> Result<String, NotAName> {
        String::from_utf8(bytes).or_else(|_| self.fail("a value is no UTF-8"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, NotAName> {
        WrittenName::parse(text, Order::MostSpecificFirst).map(|name| name.view().rfc4514())
    }

    #[test]
    fn what_is_printed_is_read_again() {
        for text in [
            "CN=alice",
            "CN=alice,OU=R\\+D,O=Example\\, Inc.,C=DE",
            "OU=admins+CN=alice,DC=example,DC=org",
            "CN=\\ a\\ ,O=\\#x",
            "CN=a\\00b\\0A",
            "CN=Jörg,1.2.840.113549.1.9.1=#0C016A",
            "1.2.3.4.5=#0C027A7A",
            "CN=",
        ] {
            let name = WrittenName::parse(text, Order::MostSpecificFirst).expect(text);
            let again = read(&name.view().rfc4514()).expect(text);
            assert_eq!(again, name.view().rfc4514(), "{text}");
        }
    }

    #[test]
    fn spellings_of_one_name_match() {
        let name = |text: &str| WrittenName::parse(text, Order::MostSpecificFirst).expect(text);
        let one = name("CN=Corp  CA, O=\"Example, Inc.\", emailAddress=a@example.org");
        for other in [
            "cn=corp ca,o=Example\\, Inc.,1.2.840.113549.1.9.1=a@example.org",
            "commonName = CORP CA , organizationName=Example\\2C Inc. ,E=a@example.org",
        ] {
            assert!(one.view().matches(&name(other).view()), "{other}");
        }
        assert!(!one.view().matches(&name("O=\"Example, Inc.\",CN=Corp CA,E=a@example.org").view()));
        let general = WrittenName::parse("DC=local,DC=dod,CN=Root CA", Order::MostGeneralFirst).expect("a name");
        assert!(general.view().matches(&name("CN=Root CA,DC=dod,DC=local").view()));
    }

    #[test]
    fn what_is_no_name_says_where() {
        for (text, at) in [
            ("", 0),
            ("alice", 0),
            ("CN=alice,", 9),
            ("CN=alice,,O=x", 9),
            ("XY=alice", 0),
            ("CN=a;b", 4),
            ("CN=a\\", 4),
            ("CN=a\\zz", 4),
            ("CN=\"a", 5),
            ("CN=\"a\"b", 6),
            ("CN=#0", 4),
            ("CN=#", 4),
            ("CN=#0C05", 0),
            ("CN=#0C01410C0141", 0),
            ("CN=\\FF", 6),
            ("CN alice=x", 0),
        ] {
            assert_eq!(read(text).expect_err(text).at, at, "{text}");
        }
    }
}
