//! URLs to redirect to. Nothing that a client wrote gets into them but what a URL may hold.

use std::fmt::Write;

use super::{Request, authority};

/// The parameter that names the host that a request came from.
const RETURN: &str = "clientcert_return";

/// Where a request is itself, as a reference to the same host; None where its target is no path.
pub(super) fn itself(request: &Request<'_>) -> Option<String> {
    let mut location = String::new();
    push_target(&mut location, request.target?)?;
    Some(location)
}

/// Where the same request is on the host that asks in its handshake, with the host that it came from.
pub(super) fn elsewhere(host: &str, request: &Request<'_>) -> String {
    let mut location = format!("https://{host}");
    if request.target.is_none_or(|target| push_target(&mut location, target).is_none()) {
        location.push('/');
    }
    if let Some(here) = authority::for_url(request) {
        let first = if location.contains('?') { '&' } else { '?' };
        // Writing to a String cannot fail.
        let _ = write!(location, "{first}{RETURN}={here}");
    }
    location
}

/// Whether a value of the server's own can stand in a header.
pub(super) fn is_field_value(value: &str) -> bool {
    !value.is_empty() && !value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t')
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
        Request { target: Some(target), authority: Some("www.example.com:8443"), ..Request::default() }
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
        assert_eq!(
            elsewhere("certs.example.com", &at("//evil.example/")),
            "https://certs.example.com//evil.example/?clientcert_return=www.example.com:8443"
        );
    }

    #[test]
    fn the_way_back_is_a_parameter() {
        assert_eq!(
            elsewhere("certs.example.com", &at("/a?b=c#d")),
            "https://certs.example.com/a?b=c&clientcert_return=www.example.com:8443"
        );
        let evil = Request { authority: Some("evil\r\nX: y"), target: None, ..Request::default() };
        assert_eq!(elsewhere("certs.example.com", &evil), "https://certs.example.com/");
    }
}
