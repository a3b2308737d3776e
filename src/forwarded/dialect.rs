//! Dialects: how each system forwards a certificate, and under which names.

macro_rules! dialects {
    ($($number:literal $variant:ident $name:literal $text:literal;)*) => {
        /// How a proxy forwards a client's certificate. Numbers and names are stable; new ones may be added.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(i32)]
        pub enum Dialect {
            $(#[doc = concat!($text, ".")] $variant = $number,)*
        }

        impl Dialect {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable name, such as `rfc9440`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What it is, in English.
            pub fn text(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

dialects! {
    1 Rfc9440 "rfc9440" "`Client-Cert` and `Client-Cert-Chain` of RFC 9440";
    2 Envoy "envoy" "Envoy's `X-Forwarded-Client-Cert`";
    3 Nginx "nginx" "nginx's `$ssl_client_escaped_cert` and `$ssl_client_verify`, under names of the operator's choice";
    4 IngressNginx "ingress_nginx" "the same as ingress-nginx names them";
    5 Tomcat "tomcat" "what Tomcat's SSLValve reads: nginx's escaped form, or Apache's with blanks";
    6 Traefik "traefik" "Traefik's `X-Forwarded-Tls-Client-Cert`";
    7 Haproxy "haproxy" "HAProxy's documented `X-SSL-` set, with the DER in base64";
    8 AwsAlb "aws_alb" "`X-Amzn-Mtls-Clientcert` of AWS Application Load Balancers, passthrough or verify";
    9 Apache "apache" "mod_headers' `SSL_CLIENT_CERT`, whose lines are joined by blanks";
    10 Azure "azure" "`X-ARR-ClientCert` of Azure App Service";
    11 ProxyProtocol "proxy_protocol" "version 2 of the PROXY protocol with its TLVs about TLS";
}

impl Dialect {
    /// The dialect with this number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|dialect| *dialect as i32 == number)
    }

    /// The dialect of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|dialect| dialect.name() == name)
    }

    pub(super) fn names(self) -> Names {
        let nothing = Names { certificate: "", other: None, chain: None, verify: None, details: &[] };
        match self {
            Self::Rfc9440 => Names { certificate: "Client-Cert", chain: Some("Client-Cert-Chain"), ..nothing },
            Self::Envoy => Names { certificate: "X-Forwarded-Client-Cert", ..nothing },
            Self::Nginx => Names { certificate: "X-SSL-Client-Cert", verify: Some("X-SSL-Client-Verify"), ..nothing },
            Self::IngressNginx => Names {
                certificate: "ssl-client-cert",
                verify: Some("ssl-client-verify"),
                details: &["ssl-client-subject-dn", "ssl-client-issuer-dn"],
                ..nothing
            },
            Self::Tomcat => Names {
                certificate: "ssl_client_escaped_cert",
                other: Some("ssl_client_cert"),
                verify: Some("ssl_client_verify"),
                ..nothing
            },
            Self::Traefik => Names {
                certificate: "X-Forwarded-Tls-Client-Cert",
                details: &["X-Forwarded-Tls-Client-Cert-Info"],
                ..nothing
            },
            Self::Haproxy => Names {
                certificate: "X-SSL-Client-Cert",
                verify: Some("X-SSL-Client-Verify"),
                details: &[
                    "X-SSL-Client-DN",
                    "X-SSL-Client-CN",
                    "X-SSL-Issuer",
                    "X-SSL-Client-NotBefore",
                    "X-SSL-Client-NotAfter",
                    "X-SSL-Client-SHA1",
                    "X-SSL-Client-SAN",
                ],
                ..nothing
            },
            Self::AwsAlb => Names {
                certificate: "X-Amzn-Mtls-Clientcert-Leaf",
                chain: Some("X-Amzn-Mtls-Clientcert"),
                details: &[
                    "X-Amzn-Mtls-Clientcert-Serial-Number",
                    "X-Amzn-Mtls-Clientcert-Issuer",
                    "X-Amzn-Mtls-Clientcert-Subject",
                    "X-Amzn-Mtls-Clientcert-Validity",
                ],
                ..nothing
            },
            Self::Apache => Names {
                certificate: "SSL_CLIENT_CERT",
                chain: Some("SSL_CLIENT_CERT_CHAIN_N"),
                verify: Some("SSL_CLIENT_VERIFY"),
                details: &["SSL_CLIENT_S_DN", "SSL_CLIENT_I_DN"],
                ..nothing
            },
            Self::Azure => Names { certificate: "X-ARR-ClientCert", ..nothing },
            Self::ProxyProtocol => Names { certificate: PROXY_PROTOCOL, ..nothing },
        }
    }
}

/// The name under which a PROXY protocol header is handed over: one that no HTTP client can send (RFC 9113 section 8.3).
pub const PROXY_PROTOCOL: &str = ":proxy-protocol";

/// The names of a dialect's headers.
pub(super) struct Names {
    pub(super) certificate: &'static str,
    /// Another header with the certificate.
    pub(super) other: Option<&'static str>,
    /// The certificates above it. `_N` at the end stands for a number from 0.
    pub(super) chain: Option<&'static str>,
    /// Whether the proxy verified it.
    pub(super) verify: Option<&'static str>,
    /// What else is said of a certificate, which is not read, but says that there was one.
    pub(super) details: &'static [&'static str],
}

impl Names {
    pub(super) fn all(&self) -> impl Iterator<Item = &'static str> {
        let named = [Some(self.certificate), self.other, self.chain, self.verify];
        named.into_iter().flatten().chain(self.details.iter().copied())
    }
}

/// A dialect, with the names that an operator gave to its headers.
#[derive(Clone, Copy, Debug)]
pub struct Carrier<'n> {
    pub(super) dialect: Dialect,
    pub(super) certificate: Option<&'n str>,
    pub(super) chain: Option<&'n str>,
    pub(super) verify: Option<&'n str>,
    pub(super) by: Option<&'n str>,
}

impl<'n> Carrier<'n> {
    /// A dialect with its usual names.
    pub fn of(dialect: Dialect) -> Self {
        Self { dialect, certificate: None, chain: None, verify: None, by: None }
    }

    /// The dialect.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The certificate is under this name.
    #[must_use]
    pub fn certificate(self, name: &'n str) -> Self {
        Self { certificate: Some(name), ..self }
    }

    /// The certificates above it are under this name, in the form that the dialect has for one: with RFC 9440 a List, with
    /// HAProxy the base64 of `ssl_c_chain_der`, with Apache several headers, for whose numbers from 0 the `_N` stands that the
    /// name must end with. Envoy, Traefik, Tomcat, Azure and the PROXY protocol have no such header.
    #[must_use]
    pub fn chain(self, name: &'n str) -> Self {
        Self { chain: Some(name), ..self }
    }

    /// Whether the proxy verified it is under this name: `SUCCESS`, `NONE`, or `FAILED:` and why; with HAProxy the number
    /// of `ssl_c_verify`. Dialects that have no such header of their own can be given one.
    #[must_use]
    pub fn verify(self, name: &'n str) -> Self {
        Self { verify: Some(name), ..self }
    }

    /// Who writes: the URI that Envoy puts into `By`. It is only written.
    #[must_use]
    pub fn by(self, uri: &'n str) -> Self {
        Self { by: Some(uri), ..self }
    }
}

impl From<Dialect> for Carrier<'_> {
    fn from(dialect: Dialect) -> Self {
        Self::of(dialect)
    }
}

/// Whether two names are one header: case does not count (RFC 9110 section 5.1), nor `-` or `_`, which CGI and its
/// descendants cannot tell apart (RFC 3875 section 4.1.18).
pub(super) fn same_name(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).all(|(a, b)| fold(a) == fold(b))
}

/// Whether a name begins with another one, in the same sense.
pub(super) fn starts_with(name: &str, start: &str) -> bool {
    name.as_bytes()
        .get(..start.len())
        .is_some_and(|head| head.iter().zip(start.bytes()).all(|(a, b)| fold(*a) == fold(b)))
}

fn fold(byte: u8) -> u8 {
    if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() }
}
