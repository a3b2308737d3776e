//! Our own variables: what the others lack, in forms that cannot be mistaken.
//!
//! Every value but `chain_der` is one line of UTF-8 without control characters, PEM apart. What could occur several
//! times has a number; nothing is joined that could contain the joint.

use super::{Subject, Variable, days_until, pem, serial_magnitude};
use crate::certificate::text::{hex_lower, push_hex_upper};
use crate::certificate::{Calendar, Certificate, GeneralName, OID_SMTP_UTF8, OID_UPN, OID_XMPP, oid};

pub(super) const NAMES: &[Variable] = &[
    Variable { name: "subject", help: "subject as RFC 4514 writes it, UTF-8; control and hidden characters escaped" },
    Variable { name: "issuer", help: "issuer, likewise" },
    Variable {
        name: "serial",
        help: "serial number in upper-case hexadecimal, as nginx's but never broken into lines",
    },
    Variable { name: "version", help: "version: `1`, `2` or `3`" },
    Variable { name: "not_before", help: "start of validity (RFC 3339), such as `2026-11-21T00:00:00Z`" },
    Variable { name: "not_after", help: "end of validity, likewise" },
    Variable { name: "days_left", help: "whole days until the end of validity, 0 when past" },
    Variable { name: "fingerprint_sha1", help: "SHA-1 of the certificate in lower-case hexadecimal" },
    Variable { name: "fingerprint_sha256", help: "SHA-256 of the certificate in lower-case hexadecimal" },
    Variable { name: "spki_sha256", help: "SHA-256 of the SubjectPublicKeyInfo in lower-case hexadecimal" },
    Variable { name: "x5t#S256", help: "SHA-256 of the certificate in base64url without padding (RFC 8705)" },
    Variable { name: "san_email_N", help: "the N-th rfc822Name" },
    Variable { name: "san_dns_N", help: "the N-th dNSName" },
    Variable { name: "san_uri_N", help: "the N-th uniformResourceIdentifier" },
    Variable { name: "san_ip_N", help: "the N-th iPAddress, as RFC 5952 writes it" },
    Variable { name: "san_dirname_N", help: "the N-th directoryName, as RFC 4514 writes it" },
    Variable { name: "san_rid_N", help: "the N-th registeredID, dotted" },
    Variable { name: "san_upn_N", help: "the N-th Microsoft user principal name" },
    Variable { name: "san_xmpp_N", help: "the N-th XMPP address" },
    Variable { name: "san_smtp_utf8_N", help: "the N-th internationalised mailbox (RFC 9598)" },
    Variable { name: "ocsp_uri_N", help: "the N-th URI of an OCSP responder" },
    Variable { name: "ca_issuers_uri_N", help: "the N-th URI of the issuer's certificate" },
    Variable { name: "crl_uri_N", help: "the N-th URI of a CRL distribution point" },
    Variable { name: "key_algorithm", help: "key algorithm: OpenSSL's long name, or dotted" },
    Variable { name: "key_bits", help: "size of the key in bits; absent where unknown" },
    Variable { name: "signature_algorithm", help: "signature algorithm: OpenSSL's long name, or dotted" },
    Variable { name: "key_usage", help: "keyUsage, in the words of RFC 5280, joined by `,`" },
    Variable {
        name: "eku",
        help: "extKeyUsage: OpenSSL's short names, such as `clientAuth`, or dotted, joined by `,`",
    },
    Variable { name: "policies", help: "certificatePolicies, dotted, joined by `,`" },
    Variable { name: "aki", help: "keyIdentifier of authorityKeyIdentifier in lower-case hexadecimal" },
    Variable { name: "ski", help: "subjectKeyIdentifier in lower-case hexadecimal" },
    Variable { name: "certificate_count", help: "how many certificates were presented" },
    Variable { name: "chain_pem", help: "the presented certificates that can be read, leaf first, as PEM" },
    Variable { name: "chain_der", help: "the presented certificates as they came, leaf first, binary" },
];

pub(super) fn render(subject: &dyn Subject, name: &str, now: i64) -> Option<Vec<u8>> {
    match name {
        "certificate_count" => return Some(subject.certificate_count().to_string().into_bytes()),
        "chain_der" => return Some(subject.chain_der().to_vec()).filter(|chain| !chain.is_empty()),
        "chain_pem" => {
            let certificates = (0..subject.certificate_count()).filter_map(|index| subject.certificate(index));
            let chain: Vec<u8> = certificates.flat_map(|certificate| pem(certificate.as_der())).collect();
            return Some(chain).filter(|chain| !chain.is_empty());
        }
        _ => {}
    }
    let leaf = subject.certificate(0)?;
    Some(match name {
        "subject" => leaf.subject().rfc4514().into_bytes(),
        "issuer" => leaf.issuer().rfc4514().into_bytes(),
        "serial" => serial(leaf.serial()),
        "version" => vec![b'0' + leaf.version()],
        "not_before" => Calendar::from_unix(leaf.not_before()).rfc3339().into_bytes(),
        "not_after" => Calendar::from_unix(leaf.not_after()).rfc3339().into_bytes(),
        "days_left" => days_until(leaf.not_after(), now),
        "fingerprint_sha1" => hex_lower(&leaf.sha1()),
        "fingerprint_sha256" => hex_lower(&leaf.sha256()),
        "spki_sha256" => hex_lower(&leaf.spki_sha256()),
        "x5t#S256" => leaf.x5t_s256().into_bytes(),
        "key_algorithm" => long_name(leaf.key_algorithm_oid()).into_bytes(),
        "key_bits" => leaf.key_bits()?.to_string().into_bytes(),
        "signature_algorithm" => long_name(leaf.signature_algorithm_oid()).into_bytes(),
        "key_usage" => leaf.key_usage()?.names().collect::<Vec<_>>().join(",").into_bytes(),
        "eku" => joined(leaf.extended_key_usages().map(short_name))?,
        "policies" => joined(leaf.policies().map(oid::dotted))?,
        "aki" => hex_lower(leaf.authority_key_identifier()?.key_identifier?),
        "ski" => hex_lower(leaf.subject_key_identifier()?),
        _ => return numbered(&leaf, name),
    })
}

fn serial(serial: &[u8]) -> Vec<u8> {
    let (negative, magnitude) = serial_magnitude(serial);
    let mut out = if negative { vec![b'-'] } else { Vec::new() };
    push_hex_upper(&mut out, &magnitude);
    out
}

/// `san_email_0` is the first of its kind, `san_email_count` their number, and `san_email` the only one: absent where
/// there are several, because picking one would decide who the client is.
fn numbered(certificate: &Certificate<'_>, name: &str) -> Option<Vec<u8>> {
    if let Some(mut names) = list(certificate, name) {
        let only = names.next()?;
        return names.next().is_none().then(|| only.text().into_bytes());
    }
    let (kind, which) = name.rsplit_once('_')?;
    let mut names = list(certificate, kind)?;
    match which {
        "count" => Some(names.count().to_string().into_bytes()),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            names.nth(digits.parse().ok()?).map(|name| name.text().into_bytes())
        }
        _ => None,
    }
}

type Names<'a> = Box<dyn Iterator<Item = GeneralName<'a>> + 'a>;

fn list<'a>(certificate: &Certificate<'a>, kind: &str) -> Option<Names<'a>> {
    let alternative = |wanted: fn(&GeneralName<'_>) -> bool| -> Option<Names<'a>> {
        Some(Box::new(certificate.subject_alternative_names().filter(wanted)))
    };
    let uris = |names: Vec<GeneralName<'a>>| -> Option<Names<'a>> {
        Some(Box::new(names.into_iter().filter(|name| matches!(name, GeneralName::Uri(_)))))
    };
    match kind {
        "san_email" => alternative(|name| matches!(name, GeneralName::Email(_))),
        "san_dns" => alternative(|name| matches!(name, GeneralName::Dns(_))),
        "san_uri" => alternative(|name| matches!(name, GeneralName::Uri(_))),
        "san_ip" => alternative(|name| matches!(name, GeneralName::Ip(_))),
        "san_dirname" => alternative(|name| matches!(name, GeneralName::Directory(_))),
        "san_rid" => alternative(|name| matches!(name, GeneralName::RegisteredId(_))),
        "san_upn" => alternative(|name| matches!(name, GeneralName::Other { oid: OID_UPN, .. })),
        "san_xmpp" => alternative(|name| matches!(name, GeneralName::Other { oid: OID_XMPP, .. })),
        "san_smtp_utf8" => alternative(|name| matches!(name, GeneralName::Other { oid: OID_SMTP_UTF8, .. })),
        "ocsp_uri" => uris(certificate.ocsp_responders()),
        "ca_issuers_uri" => uris(certificate.ca_issuers()),
        "crl_uri" => uris(certificate.crl_distribution_points()),
        _ => None,
    }
}

fn long_name(algorithm: &[u8]) -> String {
    oid::long_name(algorithm).map_or_else(|| oid::dotted(algorithm), str::to_owned)
}

fn short_name(oid: &[u8]) -> String {
    oid::short_name(oid).map_or_else(|| oid::dotted(oid), str::to_owned)
}

/// Names and dotted identifiers, none of which contains a comma; absent where there are none.
fn joined(parts: impl Iterator<Item = String>) -> Option<Vec<u8>> {
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| parts.join(",").into_bytes())
}
