//! Which host a connection and a request are about.

use super::Request;
use crate::policy::is_host_name;

/// What the names of a connection and of a request say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// One host, or one virtual host.
    Agree,
    /// Two.
    Differ,
    /// The handshake named none (no SNI), as for an address.
    Unnamed,
    /// The request names no host.
    Malformed,
}

/// Compares the host of the handshake with that of the request: in lower case, without the root's dot and the port, each by
/// the other or both by the name of the virtual host, in which `*.` stands for one label (RFC 9525 section 6.3).
pub(super) fn compare(request: &Request<'_>) -> Names {
    let Some(authority) = request.authority.and_then(host) else { return Names::Malformed };
    let Some(server_name) = request.server_name else { return Names::Unnamed };
    let Some(server_name) = host(server_name) else { return Names::Differ };
    let covers = |name: &str| {
        let host = name.strip_suffix('.').unwrap_or(name);
        is_covered(authority, host) && is_covered(server_name, host)
    };
    let same = authority.eq_ignore_ascii_case(server_name);
    if same || request.virtual_host.is_some_and(covers) { Names::Agree } else { Names::Differ }
}

/// Whether a request is about the host of this authority already.
pub(super) fn is_here(authority: &str, request: &Request<'_>) -> bool {
    let names = [request.authority, request.server_name, request.virtual_host];
    let known = names.into_iter().flatten().find_map(host);
    match (host(authority), known) {
        (Some(there), Some(here)) => {
            // By the port, too, where the request has an authority that is as exact.
            let port = |text: &str| text.rsplit_once(':').map_or("443", |(_, port)| port).to_owned();
            let same_port =
                request.authority.filter(|_| !here.starts_with('[')).is_none_or(|here| port(here) == port(authority));
            there.eq_ignore_ascii_case(here) && same_port
        }
        _ => false,
    }
}

/// The authority of a request where the virtual host that serves it has that name: never one that only the client says.
pub(super) fn served<'r>(request: &Request<'r>) -> Option<&'r str> {
    let (authority, virtual_host) = (request.authority?, request.virtual_host?);
    is_covered(host(authority)?, virtual_host.strip_suffix('.').unwrap_or(virtual_host)).then_some(authority)
}

/// The host of an authority, without the port and the dot of the root; None where it is none.
pub(super) fn host(authority: &str) -> Option<&str> {
    let is_port = |port: &str| !port.is_empty() && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        address.parse::<std::net::Ipv6Addr>().ok()?;
        let is_end = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
        return is_end.then(|| &authority[..address.len() + 2]);
    }
    let name = match authority.split_once(':') {
        Some((name, port)) => is_port(port).then_some(name)?,
        None => authority,
    };
    is_host_name(name).then(|| name.strip_suffix('.').unwrap_or(name))
}

/// Whether a virtual host's name is the host's, or covers it.
fn is_covered(host: &str, by: &str) -> bool {
    let Some(parent) = by.strip_prefix("*.") else { return host.eq_ignore_ascii_case(by) };
    host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(server_name: Option<&str>, authority: Option<&str>, virtual_host: Option<&str>) -> Names {
        compare(&Request { server_name, authority, virtual_host, ..Request::default() })
    }

    #[test]
    fn one_rule_for_case_dot_and_port_on_both_sides() {
        for (sni, authority) in [
            ("www.example.com", "www.example.com"),
            ("WWW.example.com", "www.EXAMPLE.com:8443"),
            ("www.example.com.", "www.example.com"),
            ("www.example.com", "www.example.com.:443"),
        ] {
            assert_eq!(named(Some(sni), Some(authority), None), Names::Agree, "{sni} {authority}");
        }
        for authority in ["example.com", "www.example.org", "www.example.com.evil", "xwww.example.com"] {
            assert_eq!(named(Some("www.example.com"), Some(authority), None), Names::Differ, "{authority}");
        }
    }

    #[test]
    fn a_wildcard_stands_for_exactly_one_label() {
        let by = |sni, authority| named(Some(sni), Some(authority), Some("*.example.com"));
        assert_eq!(by("a.example.com", "B.example.com:444"), Names::Agree);
        assert_eq!(by("a.example.com", "a.b.example.com"), Names::Differ);
        assert_eq!(by("a.example.com", "example.com"), Names::Differ);
        assert_eq!(by("a.example.com", "a.example.org"), Names::Differ);
        assert_eq!(named(Some("a.example.com"), Some("b.example.com"), Some("b.example.com")), Names::Differ);
    }

    #[test]
    fn what_is_no_host_is_malformed() {
        for authority in [
            "",
            ":",
            "a b",
            "a/b",
            "a@b",
            "a:b",
            "a:",
            "a..b",
            "a\r\nX: y",
            "a\0",
            "[::1",
            "[::1]x",
            "[a]",
            "ü.example",
            "a:123456",
        ] {
            assert_eq!(named(Some("a"), Some(authority), None), Names::Malformed, "{authority:?}");
        }
        assert_eq!(named(Some("a"), None, None), Names::Malformed);
        assert_eq!(named(None, Some("a"), None), Names::Unnamed);
        assert_eq!(named(None, Some("[2001:db8::1]:443"), None), Names::Unnamed);
        assert_eq!(named(Some("a b"), Some("a"), None), Names::Differ);
    }

    #[test]
    fn only_the_server_says_whom_it_serves() {
        let served = |authority, virtual_host| served(&Request { authority, virtual_host, ..Request::default() });
        assert_eq!(served(Some("WWW.example.com:8443"), Some("www.example.com.")), Some("WWW.example.com:8443"));
        assert_eq!(served(Some("a.example.com"), Some("*.example.com")), Some("a.example.com"));
        assert_eq!(served(Some("evil.example"), Some("www.example.com")), None);
        assert_eq!(served(Some("evil.example"), None), None);
        assert_eq!(served(None, Some("www.example.com")), None);
        assert_eq!(served(Some("a\r\nb"), Some("*.example.com")), None);
    }

    #[test]
    fn a_host_knows_itself() {
        let here = |authority, request: Option<&str>| {
            is_here(authority, &Request { authority: request, ..Request::default() })
        };
        assert!(here("certs.example.com", Some("CERTS.example.com")));
        assert!(here("certs.example.com", Some("certs.example.com:443")));
        assert!(!here("certs.example.com:8443", Some("certs.example.com")));
        assert!(!here("certs.example.com", Some("www.example.com")));
        assert!(!here("certs.example.com", None));
    }
}
