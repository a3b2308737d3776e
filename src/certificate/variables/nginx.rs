//! nginx: `$ssl_client_*` (ngx_http_ssl_module), as its source makes them.

use super::{Subject, Variable, Verify, days_until, openssl_serial, openssl_time, pem};
use crate::certificate::text::{hex_lower, percent_encoded};

pub(super) const NAMES: &[Variable] = &[
    Variable { name: "ssl_client_verify", help: "`NONE`, `SUCCESS`, or `FAILED:` and OpenSSL's text of the reason" },
    Variable { name: "ssl_client_s_dn", help: "subject, as OpenSSL prints it with `XN_FLAG_RFC2253`" },
    Variable { name: "ssl_client_i_dn", help: "issuer, likewise" },
    Variable { name: "ssl_client_s_dn_legacy", help: "subject, as `X509_NAME_oneline` prints it" },
    Variable { name: "ssl_client_i_dn_legacy", help: "issuer, likewise" },
    Variable {
        name: "ssl_client_serial",
        help: "serial number in upper-case hexadecimal; `\\` and LF after every 35 bytes",
    },
    Variable { name: "ssl_client_fingerprint", help: "SHA-1 of the certificate in lower-case hexadecimal" },
    Variable { name: "ssl_client_v_start", help: "start of validity, such as `Feb  3 00:55:52 2015 GMT`" },
    Variable { name: "ssl_client_v_end", help: "end of validity, likewise" },
    Variable { name: "ssl_client_v_remain", help: "whole days until the end of validity, 0 when past" },
    Variable { name: "ssl_client_cert", help: "PEM without its last LF, a TAB after every LF (deprecated in nginx)" },
    Variable { name: "ssl_client_raw_cert", help: "PEM" },
    Variable { name: "ssl_client_escaped_cert", help: "PEM, percent-encoded" },
];

/// `name` is what follows `ssl_client_`.
pub(super) fn render(subject: &dyn Subject, name: &str, now: i64) -> Option<Vec<u8>> {
    if name == "verify" {
        return subject.status().map(|status| match status.verify {
            Verify::None => b"NONE".to_vec(),
            Verify::Success => b"SUCCESS".to_vec(),
            Verify::Generous(reason) | Verify::Failed(reason) => format!("FAILED:{reason}").into_bytes(),
        });
    }
    let leaf = subject.certificate(0)?;
    Some(match name {
        "s_dn" => leaf.subject().openssl_rfc2253().into_bytes(),
        "i_dn" => leaf.issuer().openssl_rfc2253().into_bytes(),
        "s_dn_legacy" => leaf.subject().one_line().into_bytes(),
        "i_dn_legacy" => leaf.issuer().one_line().into_bytes(),
        "serial" => openssl_serial(leaf.serial()),
        "fingerprint" => hex_lower(&leaf.sha1()),
        "v_start" => openssl_time(leaf.not_before()),
        "v_end" => openssl_time(leaf.not_after()),
        "v_remain" => days_until(leaf.not_after(), now),
        "cert" => indented(&pem(leaf.as_der())),
        "raw_cert" => pem(leaf.as_der()),
        "escaped_cert" => percent_encoded(&pem(leaf.as_der()), b""),
        _ => return None,
    })
}

fn indented(pem: &[u8]) -> Vec<u8> {
    let pem = pem.strip_suffix(b"\n").unwrap_or(pem);
    let mut out = Vec::with_capacity(pem.len() + pem.len() / 60);
    for line in pem.split_inclusive(|byte| *byte == b'\n') {
        out.extend_from_slice(line);
        if line.ends_with(b"\n") {
            out.push(b'\t');
        }
    }
    out
}
