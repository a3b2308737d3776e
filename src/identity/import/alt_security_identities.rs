//! The attribute altSecurityIdentities of Active Directory: `X509:<I>…<SR>…` and its siblings.

use super::{ImportError, Imported, constant, pair};
use crate::certificate::{NotAName, Order, WrittenName, from_hex, hex};
use crate::identity::Rule;

const TAGS: [&str; 6] = ["I", "S", "SR", "SKI", "SHA1-PUKEY", "RFC822"];

/// The rules for one value of altSecurityIdentities of a user. Names in it stand in the order of the DER, and serial
/// numbers with their last byte first, as Windows writes them.
///
/// # Errors
///
/// [`ImportError`] for what is no such value, and for kinds that map no certificate or every one of an issuer.
pub fn import(user: &str, value: &str) -> Result<Imported, ImportError> {
    let fields = fields(value)?;
    let names: Vec<&str> = fields.iter().map(|(tag, _)| *tag).collect();
    let user = pair("user", &constant(user))?;
    let mut notes = Vec::new();
    let rules = match (names.as_slice(), fields.as_slice()) {
        (["I", "S"], [(_, issuer), (_, subject)]) => {
            notes.push("subject and issuer are a weak mapping".into());
            vec![format!("subject {} {} {user}", pair("issuer", &name(issuer)?)?, pair("equals", &name(subject)?)?)]
        }
        (["S"], [(_, subject)]) => {
            notes.push("a subject is a weak mapping, here of whichever CA".into());
            vec![format!("subject {} {user}", pair("equals", &name(subject)?)?)]
        }
        (["I", "SR"], [(_, issuer), (_, serial)]) => {
            let mut bytes = digits(serial)?;
            bytes.reverse();
            let equals = format!("{},{}", hex(&bytes).to_uppercase(), name(issuer)?);
            vec![format!("serial+issuer {} {user}", pair("equals", &equals)?)]
        }
        (["SKI"], [(_, identifier)]) => vec![format!("ski equals={} {user}", hex(&digits(identifier)?))],
        (["SHA1-PUKEY"], [(_, digest)]) => {
            let digest = digits(digest)?;
            if digest.len() != 20 {
                return Err(ImportError("a SHA-1 has 40 hexadecimal digits".into()));
            }
            notes.push("a SHA1-PUKEY is taken for the certificate's digest or the key's".into());
            ["fingerprint", "spki"].map(|source| format!("{source} equals={} {user}", hex(&digest))).into()
        }
        (["RFC822"], [(_, address)]) => {
            notes.push("an address is a weak mapping".into());
            vec![format!("san.email {} {user}", pair("equals", address)?)]
        }
        (["I"], _) => return Err(ImportError("it maps every certificate of an issuer to one user".into())),
        _ => return Err(ImportError(format!("there is no such combination: <{}>", names.join("><")))),
    };
    for rule in &rules {
        Rule::parse(rule).map_err(|error| ImportError(format!("it becomes the rule {rule}, where {error}")))?;
    }
    Ok(Imported { rules, notes })
}

/// The tags of a value, and what stands behind each.
fn fields(value: &str) -> Result<Vec<(&'static str, &str)>, ImportError> {
    let value = value.trim();
    let Some(mut rest) = value.get(..5).filter(|head| head.eq_ignore_ascii_case("X509:")).and(value.get(5..)) else {
        let kind = value.split(':').next().unwrap_or_default();
        return Err(ImportError(format!("'{kind}' is not 'X509:', the only kind that is about certificates")));
    };
    let tag_at = |text: &str| {
        let known = |tag: &&str| {
            text.get(1..=tag.len()).is_some_and(|name| name.eq_ignore_ascii_case(tag))
                && text.as_bytes().get(tag.len() + 1) == Some(&b'>')
        };
        if text.starts_with('<') { TAGS.into_iter().find(known) } else { None }
    };
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let Some(tag) = tag_at(rest) else {
            return Err(ImportError("after 'X509:' come <I>, <S>, <SR>, <SKI>, <SHA1-PUKEY> or <RFC822>".into()));
        };
        let text = &rest[tag.len() + 2..];
        let next = text.match_indices('<').map(|(at, _)| at).find(|at| tag_at(&text[*at..]).is_some());
        let (content, after) = text.split_at(next.unwrap_or(text.len()));
        if content.trim().is_empty() {
            return Err(ImportError(format!("<{tag}> is empty")));
        }
        fields.push((tag, content.trim()));
        rest = after;
    }
    Ok(fields)
}

/// A name as RFC 4514 writes it, without quotes in it.
fn name(text: &str) -> Result<String, ImportError> {
    match WrittenName::parse(text, Order::MostGeneralFirst) {
        Ok(name) => Ok(name.view().rfc4514().replace("\\\"", "\\22")),
        Err(NotAName { at, problem }) => {
            Err(ImportError(format!("'{text}' is no distinguished name, at byte {}: {problem}", at + 1)))
        }
    }
}

fn digits(text: &str) -> Result<Vec<u8>, ImportError> {
    match from_hex(&text.replace([' ', ':'], "")) {
        Some(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err(ImportError(format!("'{text}' is not hexadecimal"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_becomes_a_rule() {
        for (value, rule) in [
            (
                "X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<SR>2B0000000011AC000000000012",
                "serial+issuer equals=120000000000AC11000000002B,CN=CONTOSO-DC-CA,DC=contoso,DC=com user=alice",
            ),
            (
                "X509:<I>DC=local,CN=Root CA<S>CN=gman",
                r#"subject issuer="CN=Root CA,DC=local" equals=CN=gman user=alice"#,
            ),
            ("X509:<S>CN=gman", "subject equals=CN=gman user=alice"),
            ("x509:<SKI>DDDE2ca4", "ski equals=ddde2ca4 user=alice"),
            ("X509:<RFC822>a@example.org", "san.email equals=a@example.org user=alice"),
        ] {
            assert_eq!(import("alice", value).expect(value).rules, [rule], "{value}");
        }
        let sha1 = import("a\\b", "X509:<SHA1-PUKEY>ed913fa41377dbfb8eac2bc6fcae71ecd4a974fd").expect("a digest");
        assert_eq!(sha1.rules.len(), 2);
        assert!(sha1.rules[0].ends_with(r"equals=ed913fa41377dbfb8eac2bc6fcae71ecd4a974fd user=a\\b"));
    }

    #[test]
    fn what_has_no_equivalent_says_why() {
        for (value, why) in [
            ("Kerberos:alice@EXAMPLE.ORG", "'Kerberos' is not"),
            ("X509:<I>CN=Root CA", "every certificate of an issuer"),
            ("X509:<I>CN=Root CA<S>CN=a<SR>01", "no such combination"),
            ("X509:", "no such combination"),
            ("X509:alice", "come <I>"),
            ("X509:<SKI>", "is empty"),
            ("X509:<SKI>xyz", "not hexadecimal"),
            ("X509:<SHA1-PUKEY>00", "40 hexadecimal"),
            ("X509:<S>alice", "no distinguished name"),
        ] {
            let error = import("alice", value).expect_err(value).to_string();
            assert!(error.contains(why), "{value}: {error}");
        }
    }
}
