//! What a proxy forwards of a client, in the words of each system.

use std::fmt;
use std::net::SocketAddr;

use sfv::{BareItem, FieldType, Item, List, ListEntry};

use super::dialect::{Carrier, Dialect};
use super::envoy::Element;
use super::proxy_protocol::{self, Content};
use crate::Error;
use crate::certificate::text::percent_encoded;
use crate::certificate::{Calendar, Certificate, GeneralName, base64, hex, pem};
use crate::verdict::{Outcome, Verdict};

/// What is forwarded besides the certificate of a client that was verified.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forward<'f> {
    /// The certificate of a client that was not verified, too. Only for servers that verify it themselves.
    pub unverified: bool,
    /// The certificates above it, where the dialect has a place for them.
    pub chain: bool,
    /// What the certificate says, for readers that cannot read one: names, dates, fingerprints.
    pub details: bool,
    /// The TLS version for the PROXY protocol, such as `TLSv1.3`.
    pub tls_version: Option<&'f str>,
    /// The client's address and the one that it connected to, for the PROXY protocol.
    pub addresses: Option<(SocketAddr, SocketAddr)>,
}

/// Why nothing is forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotForwarded {
    /// The client was not verified, and [`Forward::unverified`] does not ask for it all the same.
    NotVerified,
    /// What the client presented is no certificate.
    NoCertificate,
    /// A value has bytes that no header can have.
    Unprintable(String),
    /// The certificate does not fit.
    TooLarge,
}

impl fmt::Display for NotForwarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotVerified => f.write_str("not verified, and not asked to be forwarded all the same"),
            Self::NoCertificate => f.write_str("what was presented is no certificate"),
            Self::Unprintable(name) => write!(f, "{name} would have bytes that no header can have"),
            Self::TooLarge => f.write_str("the certificate does not fit into a PROXY protocol header"),
        }
    }
}

impl std::error::Error for NotForwarded {}

impl From<NotForwarded> for Error {
    fn from(cause: NotForwarded) -> Self {
        match cause {
            NotForwarded::NotVerified => Self::NotEntitled(cause.to_string()),
            _ => Self::Malformed { option: "forward", place: "the verdict".into(), problem: cause.to_string() },
        }
    }
}

/// The headers that say, in a carrier's dialect, which certificate a client presented: to be set in its request after
/// everything of [`super::forwarded_headers`] was removed from it. The same bytes as the system itself would write.
///
/// A client without a certificate has none, or one that says so. For [`Dialect::ProxyProtocol`] there is one, whose value
/// is the whole header of the connection.
///
/// # Errors
///
/// [`NotForwarded`]; then nothing may be forwarded but what a client without a certificate has.
pub fn forward_headers<'n>(
    verdict: &Verdict,
    carrier: impl Into<Carrier<'n>>,
    what: &Forward<'_>,
) -> Result<Vec<(String, Vec<u8>)>, NotForwarded> {
    let carrier = carrier.into();
    let mut headers = Headers { carrier, verdict, list: Vec::new() };
    if verdict.outcome() == Outcome::None {
        headers.verify();
        if carrier.dialect == Dialect::ProxyProtocol {
            headers.proxy_protocol(what)?;
        }
        return Ok(headers.list);
    }
    if !verdict.verified() && !what.unverified {
        return Err(NotForwarded::NotVerified);
    }
    let leaf = verdict.certificate(0).ok_or(NotForwarded::NoCertificate)?;
    headers.write(leaf, what)?;
    // Names of a certificate are its owner's choice, and a line end in one would begin another header.
    let binary = carrier.dialect == Dialect::ProxyProtocol;
    let bad = headers.list.iter().find(|(_, value)| !binary && value.iter().any(|byte| *byte < b' ' || *byte == 0x7f));
    match bad {
        Some((name, _)) => Err(NotForwarded::Unprintable(name.clone())),
        None => Ok(headers.list),
    }
}

struct Headers<'h> {
    carrier: Carrier<'h>,
    verdict: &'h Verdict,
    list: Vec<(String, Vec<u8>)>,
}

impl Headers<'_> {
    fn write(&mut self, leaf: Certificate<'_>, what: &Forward<'_>) -> Result<(), NotForwarded> {
        let names = self.carrier.dialect.names();
        let certificate = self.carrier.certificate.unwrap_or(names.certificate);
        match self.carrier.dialect {
            Dialect::Rfc9440 => {
                self.push(certificate, Item::new(BareItem::ByteSequence(leaf.as_der().to_vec())).serialize());
                let items = self.issuers().map(|der| ListEntry::Item(Item::new(BareItem::ByteSequence(der.to_vec()))));
                let list: List = items.collect();
                if let Some(text) = list.serialize().filter(|_| what.chain) {
                    self.push(self.carrier.chain.or(names.chain).unwrap_or_default(), text);
                }
            }
            Dialect::Envoy => {
                let element = self.element(leaf, what);
                self.push(certificate, element.write());
            }
            Dialect::Nginx | Dialect::IngressNginx | Dialect::Tomcat => {
                self.push(certificate, percent_encoded(&armoured(leaf.as_der()), b""));
                if let Some(chain) = self.carrier.chain.filter(|_| what.chain && self.issuers().next().is_some()) {
                    let text: Vec<u8> = self.issuers().flat_map(armoured).collect();
                    self.push(chain, percent_encoded(&text, b""));
                }
                self.variables(
                    self.carrier.dialect == Dialect::IngressNginx,
                    &[("ssl-client-subject-dn", "ssl_client_s_dn"), ("ssl-client-issuer-dn", "ssl_client_i_dn")],
                );
            }
            Dialect::Traefik => {
                let all = (0..self.verdict.certificate_count()).filter_map(|index| self.verdict.certificate_der(index));
                let all = all.take(if what.chain { usize::MAX } else { 1 }).map(base64);
                self.push(certificate, all.collect::<Vec<_>>().join(","));
            }
            Dialect::Haproxy => {
                self.push(certificate, base64(leaf.as_der()));
                if let Some(chain) = self.carrier.chain.filter(|_| what.chain && self.issuers().next().is_some()) {
                    self.push(chain, base64(&self.issuers().collect::<Vec<_>>().concat()));
                }
                self.variables(
                    what.details,
                    &[
                        ("X-SSL-Client-DN", "ssl_c_s_dn"),
                        ("X-SSL-Client-CN", "ssl_c_s_dn(cn)"),
                        ("X-SSL-Issuer", "ssl_c_i_dn"),
                        ("X-SSL-Client-NotBefore", "ssl_c_notbefore"),
                        ("X-SSL-Client-NotAfter", "ssl_c_notafter"),
                        ("X-SSL-Client-SHA1", "ssl_c_sha1,hex"),
                        ("X-SSL-Client-SAN", "ssl_c_san"),
                    ],
                );
            }
            Dialect::AwsAlb if what.chain => {
                let all = (0..self.verdict.certificate_count()).filter_map(|index| self.verdict.certificate_der(index));
                let text: Vec<u8> = all.flat_map(armoured).collect();
                self.push(self.carrier.chain.or(names.chain).unwrap_or_default(), percent_encoded(&text, b"+=/"));
            }
            Dialect::AwsAlb => {
                self.variables(
                    true,
                    &[
                        ("X-Amzn-Mtls-Clientcert-Serial-Number", "serial"),
                        ("X-Amzn-Mtls-Clientcert-Issuer", "ssl_client_i_dn"),
                        ("X-Amzn-Mtls-Clientcert-Subject", "ssl_client_s_dn"),
                    ],
                );
                let moment = |moment| Calendar::from_unix(moment).rfc3339();
                let (from, until) = (moment(leaf.not_before()), moment(leaf.not_after()));
                self.push("X-Amzn-Mtls-Clientcert-Validity", format!("NotBefore={from};NotAfter={until}"));
                self.push(certificate, percent_encoded(&armoured(leaf.as_der()), b"+=/"));
            }
            Dialect::Apache => {
                self.push(certificate, with_blanks(leaf.as_der()));
                let chain = self.carrier.chain.or(names.chain).and_then(|name| name.strip_suffix("_N"));
                if let Some(head) = chain.filter(|_| what.chain) {
                    let issuers: Vec<Vec<u8>> = self.issuers().map(with_blanks).collect();
                    for (number, text) in issuers.into_iter().enumerate() {
                        self.push(&format!("{head}_{number}"), text);
                    }
                }
                self.variables(
                    what.details,
                    &[("SSL_CLIENT_S_DN", "SSL_CLIENT_S_DN"), ("SSL_CLIENT_I_DN", "SSL_CLIENT_I_DN")],
                );
            }
            Dialect::Azure => self.push(certificate, base64(leaf.as_der())),
            Dialect::ProxyProtocol => self.proxy_protocol(what)?,
        }
        self.verify();
        Ok(())
    }

    fn push(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.list.push((name.to_owned(), value.into()));
    }

    /// Says whether the client was verified, where there is a header for it.
    fn verify(&mut self) {
        let Some(name) = self.carrier.verify.or(self.carrier.dialect.names().verify) else { return };
        let value = match self.carrier.dialect {
            Dialect::Haproxy => self.verdict.openssl_error().to_string().into_bytes(),
            _ => self.verdict.get("ssl_client_verify").unwrap_or(b"NONE").to_vec(),
        };
        self.push(name, value);
    }

    fn variables(&mut self, wanted: bool, names: &[(&str, &str)]) {
        for (header, variable) in names.iter().filter(|_| wanted) {
            if let Some(value) = self.verdict.get(variable) {
                self.push(header, value);
            }
        }
    }

    /// The presented certificates after the leaf.
    fn issuers(&self) -> impl Iterator<Item = &[u8]> {
        (1..self.verdict.certificate_count()).filter_map(|index| self.verdict.certificate_der(index))
    }

    /// The pairs in the order in which Envoy writes them.
    fn element(&self, leaf: Certificate<'_>, what: &Forward<'_>) -> Element {
        let mut element = Element::new();
        if let Some(uri) = self.carrier.by {
            element.push("By", uri);
        }
        element.push("Hash", hex(&leaf.sha256()));
        element.push("Cert", percent_encoded(&armoured(leaf.as_der()), b""));
        if what.chain {
            let all = std::iter::once(leaf.as_der()).chain(self.issuers()).flat_map(armoured);
            element.push("Chain", percent_encoded(&all.collect::<Vec<u8>>(), b""));
        }
        if what.details {
            element.push("Subject", self.verdict.get("ssl_client_s_dn").unwrap_or_default());
            for name in leaf.subject_alternative_names() {
                if let GeneralName::Uri(uri) = name {
                    element.push("URI", uri);
                }
            }
            if element.get("URI").is_none() {
                element.push("URI", "");
            }
            for name in leaf.subject_alternative_names() {
                if let GeneralName::Dns(dns) = name {
                    element.push("DNS", dns);
                }
            }
        }
        element
    }

    fn proxy_protocol(&mut self, what: &Forward<'_>) -> Result<(), NotForwarded> {
        let verify = match self.verdict.verified() {
            true => 0,
            // Not 0, also where there is no certificate (section 2.2.6).
            false => u32::try_from(self.verdict.openssl_error()).unwrap_or(1).max(1),
        };
        let content = Content {
            addresses: what.addresses,
            verify,
            certificate: self.verdict.certificate_der(0),
            version: what.tls_version,
            common_name: self.verdict.get("ssl_c_s_dn(cn)").filter(|_| what.details),
        };
        let header = proxy_protocol::write(&content).ok_or(NotForwarded::TooLarge)?;
        self.push(proxy_protocol::NAME, header);
        Ok(())
    }
}

/// PEM as OpenSSL writes it.
fn armoured(der: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    pem::write(&mut text, "CERTIFICATE", der);
    text
}

/// PEM with a blank for each line end, and none at its end, where a header has no blanks.
fn with_blanks(der: &[u8]) -> Vec<u8> {
    let mut text = armoured(der);
    text.pop();
    text.iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b' ');
    text
}
