//! HAProxy: the sample fetches `ssl_c_*`, with arguments in parentheses and the converters `hex`, `base64` and
//! `x509_v_err_str` after them, as its source makes them.

use super::{Subject, Variable, openssl_alternative_names, serial_magnitude};
use crate::certificate::text::{base64, push_decimal, push_hex_upper};
use crate::certificate::{Name, oid};

pub(super) const NAMES: &[Variable] = &[
    Variable { name: "ssl_c_used", help: "`1` if a certificate was presented, else `0`" },
    Variable { name: "ssl_fc_has_crt", help: "the same: the library sees no sessions" },
    Variable {
        name: "ssl_c_verify",
        help: "the X509_V_ERR number of the primary reason; **0 also without a certificate**, so ask `ssl_c_used` too",
    },
    Variable { name: "ssl_c_err", help: "the X509_V_ERR number of the first reason at depth 0, or 0" },
    Variable { name: "ssl_c_ca_err", help: "the X509_V_ERR number of the first reason above depth 0, or 0" },
    Variable { name: "ssl_c_ca_err_depth", help: "the depth of that reason, or 0" },
    Variable {
        name: "ssl_c_s_dn",
        help: "subject as `/CN=..`, **nothing escaped**; `(entry,occurrence,format)`: one value by OpenSSL's short name, \
               the occurrence from 1, or from -1 backwards; `(,0,rfc2253)`: as nginx's",
    },
    Variable { name: "ssl_c_i_dn", help: "issuer, likewise" },
    Variable { name: "ssl_c_r_dn", help: "subject of the trust anchor, likewise" },
    Variable { name: "ssl_c_serial", help: "magnitude of the serial number, binary" },
    Variable { name: "ssl_c_sha1", help: "SHA-1 of the certificate, binary" },
    Variable { name: "ssl_c_der", help: "the certificate, binary" },
    Variable { name: "ssl_c_chain_der", help: "the presented certificates after the leaf, binary" },
    Variable { name: "ssl_c_notbefore", help: "start of validity as `YYMMDDhhmmssZ`; absent outside 2000 to 2099" },
    Variable { name: "ssl_c_notafter", help: "end of validity, likewise" },
    Variable { name: "ssl_c_san", help: "subject alternative names as OpenSSL prints them, joined by `, `" },
    Variable {
        name: "ssl_c_policies",
        help: "certificate policies, dotted, joined by `,`; `(oid)`: that one, if present",
    },
    Variable { name: "ssl_c_sig_alg", help: "signature algorithm: OpenSSL's short name, such as `RSA-SHA256`" },
    Variable { name: "ssl_c_key_alg", help: "key algorithm, likewise" },
    Variable { name: "ssl_c_version", help: "version: `1`, `2` or `3`" },
];

/// `name` is the whole expression.
pub(super) fn render(subject: &dyn Subject, name: &str) -> Option<Vec<u8>> {
    let (fetch, rest) = name.split_at(name.find(['(', ',']).unwrap_or(name.len()));
    let (arguments, converters) = match rest.strip_prefix('(') {
        Some(rest) => rest.split_once(')')?,
        None => ("", rest),
    };
    let mut sample = sample(subject, fetch, arguments)?;
    for converter in converters.split(',').skip(1) {
        sample = match (converter, sample) {
            ("hex", Sample::Bytes(bytes)) => {
                let mut hex = Vec::new();
                push_hex_upper(&mut hex, &bytes);
                Sample::Bytes(hex)
            }
            ("base64", Sample::Bytes(bytes)) => Sample::Bytes(base64(&bytes).into_bytes()),
            ("x509_v_err_str", Sample::Number(number)) => {
                let name = (subject.status()?.error_name)(number);
                Sample::Bytes(name.map_or_else(|| number.to_string(), str::to_owned).into_bytes())
            }
            _ => return None,
        };
    }
    // What is left between the parenthesis and the first converter is no expression.
    if !converters.is_empty() && !converters.starts_with(',') {
        return None;
    }
    Some(match sample {
        Sample::Bytes(bytes) => bytes,
        Sample::Number(number) => {
            let mut out = Vec::new();
            push_decimal(&mut out, number.into());
            out
        }
    })
}

enum Sample {
    Bytes(Vec<u8>),
    Number(i32),
}

fn sample(subject: &dyn Subject, fetch: &str, arguments: &str) -> Option<Sample> {
    let takes_arguments = matches!(fetch, "ssl_c_s_dn" | "ssl_c_i_dn" | "ssl_c_r_dn" | "ssl_c_policies");
    if !takes_arguments && !arguments.is_empty() {
        return None;
    }
    Some(match fetch {
        "ssl_c_used" | "ssl_fc_has_crt" => Sample::Number(i32::from(subject.certificate_count() > 0)),
        "ssl_c_verify" => Sample::Number(subject.status()?.openssl_error),
        "ssl_c_err" => Sample::Number(subject.status()?.leaf_error),
        "ssl_c_ca_err" => Sample::Number(subject.status()?.ca_error),
        "ssl_c_ca_err_depth" => Sample::Number(subject.status()?.ca_error_depth),
        "ssl_c_version" => Sample::Number(subject.certificate(0)?.version().into()),
        "ssl_c_r_dn" => Sample::Bytes(distinguished_name(&subject.anchor()?.subject(), arguments)?),
        _ => Sample::Bytes(bytes(subject, fetch, arguments)?),
    })
}

fn bytes(subject: &dyn Subject, fetch: &str, arguments: &str) -> Option<Vec<u8>> {
    let leaf = subject.certificate(0)?;
    Some(match fetch {
        "ssl_c_s_dn" => distinguished_name(&leaf.subject(), arguments)?,
        "ssl_c_i_dn" => distinguished_name(&leaf.issuer(), arguments)?,
        "ssl_c_serial" => serial_magnitude(leaf.serial()).1,
        "ssl_c_sha1" => leaf.sha1().to_vec(),
        "ssl_c_der" => leaf.as_der().to_vec(),
        // OpenSSL leaves the client's own certificate out of the chain that a server sees.
        "ssl_c_chain_der" => subject.chain_der().get(leaf.as_der().len()..).filter(|rest| !rest.is_empty())?.to_vec(),
        "ssl_c_notbefore" => short_time(leaf.validity_text()[0])?,
        "ssl_c_notafter" => short_time(leaf.validity_text()[1])?,
        "ssl_c_san" => {
            let mut out = Vec::new();
            for name in openssl_alternative_names(&leaf) {
                if !out.is_empty() {
                    out.extend_from_slice(b", ");
                }
                name.push_openssl(&mut out);
            }
            Some(out).filter(|names| !names.is_empty())?
        }
        "ssl_c_policies" => {
            let mut policies = leaf.policies().map(oid::dotted);
            match arguments {
                "" => Some(policies.collect::<Vec<_>>().join(",")).filter(|list| !list.is_empty())?.into_bytes(),
                wanted => policies.find(|policy| policy == wanted)?.into_bytes(),
            }
        }
        "ssl_c_sig_alg" => oid::short_name(leaf.signature_algorithm_oid()).unwrap_or("UNDEF").into(),
        "ssl_c_key_alg" => oid::short_name(leaf.key_algorithm_oid()).unwrap_or("UNDEF").into(),
        _ => return None,
    })
}

/// `entry,occurrence,format`, each of which may be empty. An entry makes the format meaningless, as in HAProxy.
fn distinguished_name(name: &Name<'_>, arguments: &str) -> Option<Vec<u8>> {
    let mut arguments = arguments.split(',').map(str::trim);
    let entry = arguments.next().unwrap_or("");
    let occurrence = match arguments.next().unwrap_or("") {
        "" => 1,
        number => number.parse::<i32>().ok()?,
    };
    let format = arguments.next().unwrap_or("");
    if arguments.next().is_some() || !matches!(format, "" | "rfc2253") {
        return None;
    }
    let out = match (entry, format) {
        ("", "") => name.haproxy(),
        ("", _) => name.openssl_rfc2253().into_bytes(),
        _ => return entry_value(name, entry, occurrence),
    };
    Some(out).filter(|name| !name.is_empty())
}

fn entry_value(name: &Name<'_>, entry: &str, occurrence: i32) -> Option<Vec<u8>> {
    let found = |attribute: &super::super::Attribute<'_>| match oid::short_name(attribute.oid) {
        Some(short) => short.eq_ignore_ascii_case(entry),
        None => oid::dotted(attribute.oid) == entry,
    };
    let mut values: Vec<_> = name.attributes().filter(found).collect();
    if occurrence < 0 {
        values.reverse();
    }
    let index = usize::try_from(occurrence.unsigned_abs()).ok()?.checked_sub(1)?;
    values.get(index).map(|attribute| attribute.asn1_string().into_owned())
}

/// HAProxy gives up on a UTCTime of the 20th century and on a GeneralizedTime outside the 21st.
fn short_time((text, generalized): (&[u8], bool)) -> Option<Vec<u8>> {
    match generalized {
        true => text.strip_prefix(b"20").map(<[u8]>::to_vec),
        false => text.first().is_some_and(|first| *first < b'5').then(|| text.to_vec()),
    }
}
