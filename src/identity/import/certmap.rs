//! Rules of SSSD's certificate mapping (sss-certmap(5)).

use super::{ImportError, Imported, pair};
use crate::identity::Rule;

/// The rule for a matching rule and a mapping rule of SSSD. The user is then called by the value that SSSD would look up
/// in the directory.
///
/// `matching` may be empty, which stands for SSSD's default: keyUsage digitalSignature and extKeyUsage clientAuth.
///
/// # Errors
///
/// [`ImportError`] for everything that has no equivalent: nothing of a rule is dropped.
pub fn certmap(matching: &str, mapping: &str) -> Result<Imported, ImportError> {
    let mut imported = Imported::default();
    let Mapped { source, short, attribute } = mapped(mapping)?;
    let mut words = vec![source.to_owned()];
    let mut patterns = Vec::new();
    for (keyword, pattern) in components(matching)? {
        match keyword {
            "ISSUER" => match literal(pattern) {
                Some(name) => words.push(pair("issuer", &name)?),
                None => return fail("<ISSUER> is a regular expression; only ^a whole name$ has an equivalent"),
            },
            "EKU" => {
                for purpose in pattern.split(',') {
                    words.push(format!("eku={}", purpose_name(purpose.trim())));
                }
            }
            "KU" if pattern.trim() == "digitalSignature" => imported.notes.push(
                "digitalSignature or keyAgreement is asked for anyway, where a certificate has a keyUsage".into(),
            ),
            "KU" => return fail("<KU> has an equivalent only for digitalSignature"),
            _ if san(keyword) == Some(source) => patterns.push(pattern),
            _ => {
                return Err(ImportError(format!("<{keyword}> has no equivalent where the user comes from {source}")));
            }
        }
    }
    match (patterns.as_slice(), short) {
        ([], None) => {}
        ([], Some(end)) => words.push(pair("match", &format!("([^{end}]+){end}.*"))?),
        // SSSD looks for the expression anywhere in the value.
        ([pattern], None) => {
            words.push(pair("match", &format!("(?s:.*)(?:{pattern})(?s:.*)"))?);
            words.push(r"user=\0".into());
        }
        _ => return fail("several expressions over one value, or one with .short_name, have no equivalent"),
    }
    let rule = words.join(" ");
    Rule::parse(&rule).map_err(|error| ImportError(format!("it becomes the rule {rule}, where {error}")))?;
    imported.notes.push(format!("the user is called by the value that SSSD looks up as {attribute}"));
    imported.rules.push(rule);
    Ok(imported)
}

fn fail<T>(problem: &str) -> Result<T, ImportError> {
    Err(ImportError(problem.into()))
}

/// The pairs of keyword and pattern; all of them have to hold.
fn components(matching: &str) -> Result<Vec<(&str, &str)>, ImportError> {
    const DEFAULT: &str = "<KU>digitalSignature<EKU>clientAuth";
    let text = matching.trim();
    let text = text.strip_prefix("KRB5:").unwrap_or(text).trim();
    let text = text.strip_prefix("&&").unwrap_or(text);
    let mut rest = if text.is_empty() { DEFAULT } else { text };
    let mut found = Vec::new();
    while !rest.is_empty() {
        if rest.starts_with("||") || rest.trim_end().ends_with("||") {
            return fail("'||' has no equivalent: write one rule for each part");
        }
        let Some((keyword, after)) = keyword(rest) else {
            return fail("a matching rule consists of <KEYWORD>pattern");
        };
        let next = after.match_indices('<').map(|(at, _)| at).find(|at| self::keyword(&after[*at..]).is_some());
        let (pattern, following) = after.split_at(next.unwrap_or(after.len()));
        if following.is_empty() {
            found.push((keyword, pattern));
        } else if pattern.ends_with("||") {
            return fail("'||' has no equivalent: write one rule for each part");
        } else {
            found.push((keyword, pattern.strip_suffix("&&").unwrap_or(pattern)));
        }
        rest = following;
    }
    Ok(found)
}

/// `<KEYWORD>` at the start, and what follows.
fn keyword(text: &str) -> Option<(&str, &str)> {
    let (keyword, after) = text.strip_prefix('<')?.split_once('>')?;
    let known = matches!(keyword, "SUBJECT" | "ISSUER" | "KU" | "EKU" | "SAN") || keyword.starts_with("SAN:");
    known.then_some((keyword, after))
}

/// The source that a keyword is about.
fn san(keyword: &str) -> Option<&'static str> {
    Some(match keyword {
        "SAN:rfc822Name" => "san.email",
        "SAN:dNSName" => "san.dns",
        "SAN:uniformResourceIdentifier" => "san.uri",
        "SAN:iPAddress" => "san.ip",
        "SAN:ntPrincipalName" => "san.upn",
        "SUBJECT" => "subject",
        _ => return None,
    })
}

/// The text that an anchored expression without anything special in it stands for.
fn literal(pattern: &str) -> Option<String> {
    let inside = pattern.trim().strip_prefix('^')?.strip_suffix('$')?;
    let mut text = String::new();
    let mut characters = inside.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => text.push(characters.next().filter(|next| !next.is_alphanumeric())?),
            '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' => return None,
            _ => text.push(c),
        }
    }
    Some(text)
}

fn purpose_name(purpose: &str) -> &str {
    match purpose {
        "KPClientAuth" | "pkinit" => "pkInitClientAuth",
        "msScLogin" => "msSmartcardLogin",
        other => other,
    }
}

/// What a mapping rule takes of the certificate.
struct Mapped<'m> {
    source: &'static str,
    /// Where the short name ends.
    short: Option<&'static str>,
    /// What SSSD compares it with.
    attribute: &'m str,
}

fn mapped(mapping: &str) -> Result<Mapped<'_>, ImportError> {
    let text = mapping.trim();
    let text = ["LDAPU1:", "LDAP:"].into_iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
    let pair =
        text.trim().strip_prefix('(').and_then(|text| text.strip_suffix(')')).and_then(|text| text.split_once('='));
    let Some((attribute, template)) = pair.filter(|(attribute, template)| {
        attribute.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-;".contains(&byte)) && !template.contains('(')
    }) else {
        return fail("a mapping rule has an equivalent only where it is (attribute={template})");
    };
    let Some(template) = template.strip_prefix('{').and_then(|text| text.strip_suffix('}')) else {
        return fail("a mapping rule with text around its template has no equivalent");
    };
    let directory = ["altSecurityIdentities", "ipacertmapdata", "userCertificate;binary", "userCertificate"];
    if directory.iter().any(|known| known.eq_ignore_ascii_case(attribute)) {
        return Err(ImportError(format!(
            "the directory says whose '{attribute}' it is: import its values, user by user"
        )));
    }
    let (name, short) = match template.strip_suffix(".short_name") {
        Some(name) => (name, true),
        None => (template, false),
    };
    let (source, end) = match name {
        "subject_rfc822_name" => ("san.email", Some("@")),
        "subject_nt_principal" => ("san.upn", Some("@")),
        "subject_dns_name" => ("san.dns", Some(".")),
        "subject_uri" => ("san.uri", None),
        "subject_ip_address" => ("san.ip", None),
        "subject_dn" | "subject_dn!ldap" => ("subject", None),
        "subject_dn_component.CN" => ("subject.cn", None),
        "subject_dn_component.UID" => ("subject.uid", None),
        "subject_key_id!hex" | "subject_key_id" => ("ski", None),
        "cert!sha256" => ("fingerprint", None),
        "sid" => ("sid", None),
        _ => return Err(ImportError(format!("the template {{{template}}} has no equivalent"))),
    };
    match (short, end) {
        (false, _) => Ok(Mapped { source, short: None, attribute }),
        (true, Some("@")) => Ok(Mapped { source, short: Some("@"), attribute }),
        (true, Some(_)) => Ok(Mapped { source, short: Some("\\."), attribute }),
        (true, None) => Err(ImportError(format!("there is no short name of {{{name}}}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_an_equivalent_becomes_a_rule() {
        for (matching, mapping, rule) in [
            (
                r"<ISSUER>^CN=My-CA,DC=MY,DC=DOMAIN$",
                "LDAP:(mail={subject_rfc822_name})",
                "san.email issuer=CN=My-CA,DC=MY,DC=DOMAIN",
            ),
            ("", "(uid={subject_rfc822_name.short_name})", "san.email eku=clientAuth match=([^@]+)@.*"),
            (
                r"KRB5:<EKU>clientAuth,1.3.6.1.5.2.3.4&&<SAN:ntPrincipalName>.*@MY\.REALM$",
                "LDAPU1:(samAccountName={subject_nt_principal})",
                r"san.upn eku=clientAuth eku=1.3.6.1.5.2.3.4 match=(?s:.*)(?:.*@MY\.REALM$)(?s:.*) user=\0",
            ),
            (
                "<EKU>msScLogin",
                "(host={subject_dns_name.short_name})",
                r"san.dns eku=msSmartcardLogin match=([^\.]+)\..*",
            ),
        ] {
            assert_eq!(certmap(matching, mapping).expect(mapping).rules, [rule], "{mapping}");
        }
    }

    #[test]
    fn nothing_is_dropped_in_silence() {
        let mapping = "(mail={subject_rfc822_name})";
        for (matching, mapping, why) in [
            ("<ISSUER>My-CA", mapping, "<ISSUER>"),
            ("<ISSUER>^CN=.*$", mapping, "<ISSUER>"),
            ("<SUBJECT>^CN=a$", mapping, "<SUBJECT>"),
            ("<KU>keyAgreement", mapping, "<KU>"),
            ("<SAN:dNSName>x", mapping, "<SAN:dNSName>"),
            ("||<EKU>clientAuth<EKU>pkinit", mapping, "'||'"),
            ("<EKU>clientAuth||<EKU>pkinit", mapping, "'||'"),
            ("clientAuth", mapping, "<KEYWORD>"),
            ("<EKU>nothing", mapping, "purpose"),
            ("", "", "(attribute={template})"),
            ("", "(|(mail={subject_rfc822_name})(uid={subject_dn}))", "(attribute={template})"),
            ("", "(mail=x{subject_rfc822_name})", "around"),
            ("", "(userCertificate;binary={cert!bin})", "directory"),
            ("", "(altSecurityIdentities=X509:<I>{issuer_dn!ad_x500}<S>{subject_dn!ad_x500})", "around"),
            ("", "(x={subject_pkinit_principal})", "no equivalent"),
            ("", "(x={subject_uri.short_name})", "short name"),
        ] {
            let error = certmap(matching, mapping).expect_err(&format!("{matching} {mapping}")).to_string();
            assert!(error.contains(why), "{matching} {mapping}: {error}");
        }
    }
}
