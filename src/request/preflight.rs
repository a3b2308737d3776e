//! CORS preflights (Fetch, section 4.8), which carry neither a certificate nor cookies.

use super::Request;
use super::decision::Headers;

/// Whether a request is a preflight.
pub(super) fn is_preflight(request: &Request<'_>) -> bool {
    request.method == "OPTIONS" && request.origin.is_some() && request.access_control_request_method.is_some()
}

/// The headers that let an origin send its request with credentials, the same for every path; None where it may not, or
/// what it asks for is malformed.
///
/// `origins` are those of the policy, so that what is written back is not what the client wrote. The method and the names
/// of fields are, after it was seen that they are tokens: `*` would not stand for all of them with credentials.
pub(super) fn answer(origins: &[String], request: &Request<'_>) -> Option<Headers> {
    let origin = origins.iter().find(|origin| request.origin == Some(origin))?;
    let method = request.access_control_request_method.filter(|method| method.len() <= 64 && is_token(method))?;
    let mut headers = vec![
        ("Access-Control-Allow-Origin", origin.clone()),
        ("Access-Control-Allow-Credentials", "true".to_owned()),
        ("Access-Control-Allow-Methods", method.to_owned()),
    ];
    if let Some(names) = request.access_control_request_headers.filter(|names| !names.trim().is_empty()) {
        let names: Vec<&str> = names.split(',').map(|name| name.trim_matches([' ', '\t'])).collect();
        if names.len() > 64 || !names.iter().all(|name| name.len() <= 128 && is_token(name)) {
            return None;
        }
        headers.push(("Access-Control-Allow-Headers", names.join(", ")));
    }
    headers.push(("Vary", "Origin".to_owned()));
    Some(headers)
}

/// RFC 9110 section 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preflight<'r>(origin: &'r str, method: &'r str, headers: Option<&'r str>) -> Request<'r> {
        Request {
            method: "OPTIONS",
            origin: Some(origin),
            access_control_request_method: Some(method),
            access_control_request_headers: headers,
            ..Request::default()
        }
    }

    #[test]
    fn all_three_make_a_preflight() {
        let whole = preflight("https://a.example", "PUT", None);
        assert!(is_preflight(&whole));
        assert!(!is_preflight(&Request { method: "options", ..whole.clone() }));
        assert!(!is_preflight(&Request { origin: None, ..whole.clone() }));
        assert!(!is_preflight(&Request { access_control_request_method: None, ..whole }));
    }

    #[test]
    fn only_an_exact_origin_is_answered_and_only_tokens_are_written_back() {
        let origins = ["https://a.example".to_owned()];
        let headers = answer(&origins, &preflight("https://a.example", "PUT", Some("X-One, x-two")));
        let headers = headers.expect("an answer");
        assert!(headers.contains(&("Access-Control-Allow-Headers", "X-One, x-two".to_owned())));
        for origin in ["https://a.example.evil", "https://A.example", "http://a.example", "null", "*", ""] {
            assert!(answer(&origins, &preflight(origin, "PUT", None)).is_none(), "{origin}");
        }
        for method in ["", "P T", "PUT\r\nX: y", "PUT,GET"] {
            assert!(answer(&origins, &preflight("https://a.example", method, None)).is_none(), "{method:?}");
        }
        for headers in ["a,,b", "a b", "a\r\nX: y", "a\0"] {
            assert!(answer(&origins, &preflight("https://a.example", "PUT", Some(headers))).is_none(), "{headers:?}");
        }
    }
}
