//! URLs to redirect to. Nothing that a client wrote gets into them but what a URL may hold.

use std::borrow::Cow;
use std::fmt::Write;

use super::Request;
use crate::certificate::text::from_hex_digits;

/// The longest target that is written back.
const LONGEST: usize = 8_192;

/// Where a request is itself, as a reference to the same host; None where its target is no path, or a very long one.
pub(super) fn itself(request: &Request<'_>) -> Option<String> {
    let mut location = String::new();
    push_target(&mut location, request.target.filter(|target| target.len() <= LONGEST)?)?;
    Some(location)
}

/// Where the same request is on another host, with a parameter more. Whatever the client has of the same name is left out, so
/// that no reader takes the client's for ours.
pub(super) fn elsewhere(host: &str, target: Option<&str>, parameter: (&str, &str)) -> String {
    let mut location = format!("https://{host}");
    let (name, value) = parameter;
    let target = target.map(|target| without(target, name));
    if target.is_none_or(|target| push_target(&mut location, &target).is_none()) {
        location.push('/');
    }
    let separator = if location.contains('?') { '&' } else { '?' };
    // Writing to a String cannot fail.
    let _ = write!(location, "{separator}{name}={value}");
    location
}

/// Whether a value of the server's own can stand in a header.
pub(super) fn is_field_value(value: &str) -> bool {
    !value.is_empty() && !value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t')
}

/// A target whose query has no parameter of this name.
fn without<'t>(target: &'t str, name: &str) -> Cow<'t, str> {
    let target = target.split('#').next().unwrap_or_default();
    let Some((path, query)) = target.split_once('?') else { return Cow::Borrowed(target) };
    // Some readers take `;` for `&`.
    let is_named = |parameter: &str| {
        decoded(parameter.split('=').next().unwrap_or_default()).eq_ignore_ascii_case(name.as_bytes())
    };
    if !query.split(['&', ';']).any(is_named) {
        return Cow::Borrowed(target);
    }
    let kept: Vec<&str> = query.split(['&', ';']).filter(|parameter| !is_named(parameter)).collect();
    match kept.is_empty() {
        true => Cow::Borrowed(path),
        false => Cow::Owned(format!("{path}?{}", kept.join("&"))),
    }
}

/// The bytes that a percent-encoded name stands for, without white space around them.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        let pair = behind.first_chunk().and_then(|[high, low]| from_hex_digits(*high, *low));
        match (*byte, pair) {
            (b'%', Some(decoded)) => {
                bytes.push(decoded);
                rest = &behind[2..];
            }
            (b'+', _) => bytes.push(b' '),
            (other, _) => bytes.push(other),
        }
    }
    bytes.trim_ascii().to_vec()
}

/// A path with its query, with everything that may not stand in one percent-encoded. None where it is no path.
fn push_target(out: &mut String, target: &str) -> Option<()> {
    if !target.starts_with('/') {
        return None;
    }
    // `//host` and `/\host` would be another host.
    if out.is_empty() && target[1..].starts_with(['/', '\\']) {
        out.push_str("/.");
    }
    let target = target.split('#').next().unwrap_or_default();
    for byte in target.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(char::from(byte)),
            b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':'
            | b'@' | b'/' | b'?' | b'%' => out.push(char::from(byte)),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(target: &str) -> Request<'_> {
        Request { target: Some(target), ..Request::default() }
    }

    #[test]
    fn a_request_is_where_it_is() {
        assert_eq!(itself(&at("/a/b?c=d&e=%20")).as_deref(), Some("/a/b?c=d&e=%20"));
        assert_eq!(itself(&at("/ü\"<>' x\\")).as_deref(), Some("/%C3%BC%22%3C%3E%27%20x%5C"));
        for target in ["", "*", "http://evil.example/", "evil.example:443", "\\evil", "?a"] {
            assert_eq!(itself(&at(target)), None, "{target}");
        }
    }

    #[test]
    fn no_target_leads_to_another_host_or_header() {
        assert_eq!(itself(&at("//evil.example/")).as_deref(), Some("/.//evil.example/"));
        assert_eq!(itself(&at("/\\evil.example/")).as_deref(), Some("/./%5Cevil.example/"));
        assert_eq!(itself(&at("/a\r\nX: y\0")).as_deref(), Some("/a%0D%0AX:%20y%00"));
    }

    #[test]
    fn the_same_request_elsewhere_has_a_parameter_more() {
        let there = |target| elsewhere("certs.example.com", target, ("x", "1"));
        assert_eq!(there(Some("/a?b=c#d")), "https://certs.example.com/a?b=c&x=1");
        assert_eq!(there(Some("/a")), "https://certs.example.com/a?x=1");
        assert_eq!(there(Some("//evil.example/")), "https://certs.example.com//evil.example/?x=1");
        assert_eq!(there(Some("http://evil.example/")), "https://certs.example.com/?x=1");
        assert_eq!(there(None), "https://certs.example.com/?x=1");
    }

    #[test]
    fn the_parameter_is_there_once_however_the_client_spells_it() {
        let there = |target| elsewhere("certs.example.com", Some(target), ("xy", "1"));
        for target in
            ["/a?xy=2", "/a?xy", "/a?%78y=2", "/a?%78%79=2&xy=3", "/a?XY=2", "/a?+xy=2", "/a?xy%20=2", "/a?xy=2;xy=3"]
        {
            assert_eq!(there(target), "https://certs.example.com/a?xy=1", "{target}");
        }
        assert_eq!(there("/a?b=xy&xyz=2&xy=3&%zz"), "https://certs.example.com/a?b=xy&xyz=2&%zz&xy=1");
        assert_eq!(there("/xy=2?b;c=d"), "https://certs.example.com/xy=2?b;c=d&xy=1");
    }

    #[test]
    fn what_is_very_long_is_not_repeated() {
        let long = format!("/{}", "a".repeat(LONGEST));
        assert_eq!(itself(&at(&long)), None);
        assert!(itself(&at(&long[..LONGEST])).is_some());
    }
}
