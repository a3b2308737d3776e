//! What must be removed from what clients send, and how responses that depend on a certificate are cached.

use std::sync::LazyLock;

use smallvec::SmallVec;

use super::dialect::{Carrier, Dialect, PROXY_PROTOCOL};

/// Every header by which somebody could pass for the holder of a certificate, in lower case, with `-` and, where that is
/// another name to some server, with `_`: what a proxy must remove from every request that a client sends, with or without
/// a certificate (RFC 9440 section 4), before it adds its own. Where a proxy can remove by a rule,
/// [`is_forwarded_header`] is more: it knows names in which both joints are mixed, and families of names.
pub fn forwarded_headers() -> &'static [String] {
    static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let own = Dialect::ALL.iter().flat_map(|dialect| dialect.names().all().collect::<Vec<_>>());
        let own = own.filter(|name| *name != PROXY_PROTOCOL).flat_map(|name| match name.strip_suffix("_N") {
            Some(head) => (0..NUMBERED).map(|number| format!("{head}_{number}")).collect(),
            None => vec![name.to_owned()],
        });
        let dashed = own.chain(OTHERS.iter().map(|name| (*name).to_owned()));
        let dashed = dashed.map(|name| name.replace('_', "-").to_ascii_lowercase());
        let mut names: Vec<String> = dashed.flat_map(|name| [name.replace('-', "_"), name]).collect();
        names.sort_unstable();
        names.dedup();
        names
    });
    &NAMES
}

/// Whether a header by this name must be removed from what clients send: one of [`forwarded_headers`], or one that begins
/// like a family of them. Case does not count, and whatever is neither a letter nor a digit is `-`: servers make `_` of all that
/// in the environment of CGI (RFC 3875 section 4.1.18), Apache and PHP of a dot, too.
pub fn is_forwarded_header(name: &str) -> bool {
    // Every header of every request is asked about.
    static KNOWN: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
        let mut known: Vec<Vec<u8>> = forwarded_headers().iter().map(|name| name.bytes().map(fold).collect()).collect();
        known.sort_unstable();
        known.dedup();
        known
    });
    let folded: SmallVec<[u8; 64]> = name.bytes().map(fold).collect();
    FAMILIES.iter().any(|family| folded.starts_with(family.as_bytes()))
        || KNOWN.binary_search_by(|known| (**known).cmp(&folded)).is_ok()
}

fn fold(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b'-' }
}

/// The value of `Vary` for a response that depends on the certificate that a carrier forwards, so that nobody else gets it
/// from a cache (RFC 9440 section 3.1, RFC 9110 section 12.5.5). Not to be cached at all is safer.
pub fn vary<'n>(carrier: impl Into<Carrier<'n>>) -> String {
    let carrier = carrier.into();
    let names = carrier.dialect.names();
    match carrier.certificate {
        Some(name) => name.to_owned(),
        // A connection's header is none that a cache knows.
        None if names.certificate == PROXY_PROTOCOL => "*".to_owned(),
        None => [Some(names.certificate), names.other].into_iter().flatten().collect::<Vec<_>>().join(", "),
    }
}

/// What a proxy makes of the `Vary` of a server behind it before clients see it: where that names a forwarded header, which
/// no client sends, it is `*` (RFC 9440 section 3.1).
pub fn vary_for_clients(vary: &str) -> &str {
    if vary.split(',').any(|name| is_forwarded_header(name.trim())) { "*" } else { vary }
}

/// How many numbered names are listed.
const NUMBERED: usize = 10;

/// Beginnings of names, folded: what follows is a part of a certificate.
const FAMILIES: &[&str] = &[
    "client-cert",
    "x-client-cert",
    "x-forwarded-client-cert",
    "x-forwarded-tls-client-cert",
    "x-forwarded-ssl-client",
    "x-ssl-client",
    "ssl-client",
    "x-amzn-mtls-clientcert",
    "x-arr-clientcert",
    "cf-client-cert",
];

/// What systems forward besides, or were configured to in their documentation.
const OTHERS: &[&str] = &[
    // nginx's variables under their own names, and those of much-read examples.
    "ssl-client-s-dn",
    "ssl-client-i-dn",
    "ssl-client-serial",
    "ssl-client-fingerprint",
    "ssl-client-raw-cert",
    "x-client-cert",
    "x-client-certificate",
    "x-client-verify",
    "x-client-dn",
    "x-ssl-client-s-dn",
    "x-ssl-client-i-dn",
    "x-ssl-cert",
    "x-ssl-client-chain",
    // HAProxy.
    "x-ssl",
    "x-ssl-client-serial",
    "x-ssl-session-id",
    // Tomcat's SSLValve.
    "ssl-secure-protocol",
    "ssl-cipher",
    "ssl-cipher-usekeysize",
    "ssl-session-id",
    // Google Cloud.
    "x-client-cert-present",
    "x-client-cert-chain-verified",
    "x-client-cert-leaf",
    "x-client-cert-chain",
    "x-client-cert-hash",
    "x-client-cert-error",
    // Cloudflare.
    "cf-client-cert-der-base64",
    "cf-client-cert-sha256",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header_of_every_dialect_is_listed() {
        for dialect in Dialect::ALL.iter().filter(|dialect| **dialect != Dialect::ProxyProtocol) {
            for name in dialect.names().all() {
                let name = name.replace("_N", "_3");
                assert!(forwarded_headers().contains(&name.to_ascii_lowercase()), "{name}");
                for spelled in [name.to_ascii_uppercase(), name.replace('-', "_"), name.replace('_', "-")] {
                    assert!(is_forwarded_header(&spelled), "{spelled}");
                }
                let mixed = name.replacen(['-', '_'], "_", 1);
                assert!(is_forwarded_header(&mixed), "{mixed}");
            }
        }
    }

    #[test]
    fn families_are_folded() {
        assert!(FAMILIES.iter().all(|family| family.bytes().all(|byte| fold(byte) == byte)));
    }

    #[test]
    fn other_headers_stay() {
        for name in
            ["host", "authorization", "cookie", "x-forwarded-for", "x-forwarded-proto", "client", "ssl", "", "x-ss"]
        {
            assert!(!is_forwarded_header(name), "{name}");
        }
        assert!(is_forwarded_header("Client.Cert") && is_forwarded_header("X!Client~Cert"));
        assert!(is_forwarded_header("SSL-client_CERT-chain_99") && is_forwarded_header("Cf-Client-Cert-Subject-Dn"));
    }

    #[test]
    fn clients_get_no_vary_that_they_cannot_meet() {
        assert_eq!(vary_for_clients("Accept, client-cert"), "*");
        assert_eq!(vary_for_clients("Accept, Origin"), "Accept, Origin");
        assert_eq!(vary(Dialect::Rfc9440), "Client-Cert");
        assert_eq!(vary(Dialect::ProxyProtocol), "*");
        assert_eq!(vary(Carrier::of(Dialect::Nginx).certificate("X-Mine")), "X-Mine");
    }
}
