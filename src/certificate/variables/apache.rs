//! Apache: `SSL_CLIENT_*` (mod_ssl), as its source makes them.

use super::{
    Subject, Variable, Verify, days_until, openssl_alternative_names, openssl_serial, openssl_time, pem,
    serial_magnitude,
};
use crate::certificate::general_name_format::OID_SRV_NAME;
use crate::certificate::string_format::{self, Style};
use crate::certificate::text::{base64, decimal_of_magnitude};
use crate::certificate::{Certificate, GeneralName, Name, OID_UPN, oid};

pub(super) const NAMES: &[Variable] = &[
    Variable {
        name: "SSL_CLIENT_VERIFY",
        help: "`NONE`, `SUCCESS`, `GENEROUS` where a failure is tolerated, or `FAILED:` and OpenSSL's text of the reason",
    },
    Variable { name: "SSL_CLIENT_VERIFY_ERRSTR", help: "OpenSSL's text of the reason alone; absent without one" },
    Variable { name: "SSL_CLIENT_M_VERSION", help: "version: `1`, `2` or `3`" },
    Variable { name: "SSL_CLIENT_M_SERIAL", help: "serial number, as nginx's" },
    Variable { name: "SSL_CLIENT_S_DN", help: "subject, as `XN_FLAG_RFC2253` without `ASN1_STRFLGS_ESC_MSB`" },
    Variable { name: "SSL_CLIENT_I_DN", help: "issuer, likewise" },
    Variable {
        name: "SSL_CLIENT_S_DN_x509_N_RAW",
        help: "the subject's N-th value of the type `x509`, one of C ST SP L O OU CN T I G S D UID Email; `_N` and \
               `_RAW` (no conversion to UTF-8) may be left out",
    },
    Variable { name: "SSL_CLIENT_I_DN_x509_N_RAW", help: "the issuer's, likewise" },
    Variable { name: "SSL_CLIENT_SAN_Email_N", help: "the N-th rfc822Name" },
    Variable { name: "SSL_CLIENT_SAN_DNS_N", help: "the N-th dNSName" },
    Variable { name: "SSL_CLIENT_SAN_OTHER_msUPN_N", help: "the N-th Microsoft user principal name" },
    Variable { name: "SSL_CLIENT_SAN_OTHER_dnsSRV_N", help: "the N-th SRVName" },
    Variable { name: "SSL_CLIENT_V_START", help: "start of validity, as nginx's" },
    Variable { name: "SSL_CLIENT_V_END", help: "end of validity, as nginx's" },
    Variable { name: "SSL_CLIENT_V_REMAIN", help: "days until the end of validity, the day begun included" },
    Variable { name: "SSL_CLIENT_A_SIG", help: "signature algorithm: OpenSSL's long name, or `UNKNOWN`" },
    Variable { name: "SSL_CLIENT_A_KEY", help: "key algorithm, likewise" },
    Variable { name: "SSL_CLIENT_CERT", help: "PEM" },
    Variable { name: "SSL_CLIENT_B64CERT", help: "base64 of the DER, on one line" },
    Variable { name: "SSL_CLIENT_CERT_CHAIN_N", help: "PEM of the N-th certificate after the leaf" },
    Variable { name: "SSL_CLIENT_B64CERT_CHAIN_N", help: "base64 of the same" },
    Variable {
        name: "SSL_CLIENT_CERT_RFC4523_CEA",
        help: "`{ serialNumber 123, issuer rdnSequence:\"CN=..\" }` (RFC 4523)",
    },
];

/// `name` is what follows `SSL_CLIENT_`.
pub(super) fn render(subject: &dyn Subject, name: &str, now: i64) -> Option<Vec<u8>> {
    match name {
        "VERIFY" => return subject.status().map(|status| verify(status.verify).into_bytes()),
        "VERIFY_ERRSTR" => {
            return match subject.status()?.verify {
                Verify::Generous(reason) | Verify::Failed(reason) => Some(reason.as_bytes().to_vec()),
                Verify::None | Verify::Success => None,
            };
        }
        _ => {}
    }
    if let Some(index) = name.strip_prefix("CERT_CHAIN_").map(number) {
        return Some(pem(chained(subject, index?)?.as_der()));
    }
    if let Some(index) = name.strip_prefix("B64CERT_CHAIN_").map(number) {
        return Some(base64(chained(subject, index?)?.as_der()).into_bytes());
    }
    let leaf = subject.certificate(0)?;
    Some(match name {
        "M_VERSION" => vec![b'0' + leaf.version()],
        "M_SERIAL" => openssl_serial(leaf.serial()),
        // An empty name leaves these two unset.
        "S_DN" => Some(leaf.subject().apache()).filter(|dn| !dn.is_empty())?,
        "I_DN" => Some(leaf.issuer().apache()).filter(|dn| !dn.is_empty())?,
        "V_START" => openssl_time(leaf.not_before()),
        "V_END" => openssl_time(leaf.not_after()),
        "V_REMAIN" => days_until(end_of_validity(&leaf).saturating_add(86_400), now),
        "A_SIG" => leaf.signature_algorithm_name().unwrap_or("UNKNOWN").into(),
        "A_KEY" => leaf.key_algorithm_name().unwrap_or("UNKNOWN").into(),
        "CERT" => pem(leaf.as_der()),
        "B64CERT" => base64(leaf.as_der()).into_bytes(),
        "CERT_RFC4523_CEA" => exact_assertion(&leaf)?,
        _ => {
            return match name.split_at_checked(5)? {
                ("S_DN_", rest) => component(&leaf.subject(), rest),
                ("I_DN_", rest) => component(&leaf.issuer(), rest),
                _ => alternative_name(&leaf, name.strip_prefix("SAN_")?),
            };
        }
    })
}

fn verify(verify: Verify<'_>) -> String {
    match verify {
        Verify::None => "NONE".to_owned(),
        Verify::Success => "SUCCESS".to_owned(),
        Verify::Generous(_) => "GENEROUS".to_owned(),
        Verify::Failed(reason) => format!("FAILED:{reason}"),
    }
}

/// OpenSSL leaves the client's own certificate out of the chain that a server sees.
fn chained(subject: &dyn Subject, index: usize) -> Option<Certificate<'_>> {
    subject.certificate(index.checked_add(1)?)
}

/// Apache reads the year 50 of a UTCTime as 2050.
fn end_of_validity(certificate: &Certificate<'_>) -> i64 {
    const CENTURY: i64 = 36_525 * 86_400;
    let [_, (text, generalized)] = certificate.validity_text();
    let not_after = certificate.not_after();
    if !generalized && text.starts_with(b"50") { not_after + CENTURY } else { not_after }
}

/// A component of a name: `CN`, `CN_1`, `CN_RAW` or `CN_1_RAW`.
fn component(name: &Name<'_>, wanted: &str) -> Option<Vec<u8>> {
    let (wanted, style) = match wanted.strip_suffix("_RAW") {
        Some(wanted) => (wanted, &Style::APACHE_RAW),
        None => (wanted, &Style::APACHE_VALUE),
    };
    let (kind, index) = match wanted.split_once('_') {
        Some((kind, index)) => (kind, number(index)?),
        None => (wanted, 0),
    };
    let kind = match kind {
        "SP" => "ST",
        "T" => "title",
        "I" => "initials",
        "G" => "GN",
        "S" => "SN",
        "D" => "description",
        "Email" => "emailAddress",
        "C" | "ST" | "L" | "O" | "OU" | "CN" | "UID" => kind,
        _ => return None,
    };
    let attribute = name.attributes().filter(|found| oid::short_name(found.oid) == Some(kind)).nth(index)?;
    let mut out = Vec::new();
    if !string_format::push(&mut out, attribute.tag, &attribute.asn1_string(), style) {
        // What OpenSSL cannot print it does not read either; it stays visible here.
        out.push(b'#');
        crate::certificate::text::push_hex_upper(&mut out, &attribute.value_der());
    }
    // An empty value leaves the variable unset.
    Some(out).filter(|value| !value.is_empty())
}

fn alternative_name(certificate: &Certificate<'_>, wanted: &str) -> Option<Vec<u8>> {
    let (kind, index) = wanted.rsplit_once('_')?;
    let index = Some(index).filter(|digits| digits.len() <= 4).and_then(number)?;
    let mut names = openssl_alternative_names(certificate).filter(|name| match (kind, name) {
        ("Email", GeneralName::Email(_)) | ("DNS", GeneralName::Dns(_)) => true,
        ("OTHER_msUPN", GeneralName::Other { oid, .. }) => *oid == OID_UPN,
        ("OTHER_dnsSRV", GeneralName::Other { oid, .. }) => *oid == OID_SRV_NAME,
        _ => false,
    });
    names.nth(index)?.apache()
}

/// Absent for a serial number of more than 1024 bytes, whose decimal form nobody should have to compute.
fn exact_assertion(certificate: &Certificate<'_>) -> Option<Vec<u8>> {
    let (negative, magnitude) = serial_magnitude(certificate.serial());
    let sign = if negative { "-" } else { "" };
    let serial = (magnitude.len() <= 1024).then(|| decimal_of_magnitude(&magnitude))?;
    let issuer = certificate.issuer().openssl_rfc2253();
    Some(format!("{{ serialNumber {sign}{serial}, issuer rdnSequence:\"{issuer}\" }}").into_bytes())
}

fn number(digits: &str) -> Option<usize> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}
