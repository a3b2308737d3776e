//! `clientcert fingerprint`: what names a certificate, for scripts.

use clap::ArgMatches;
use clientcert::certificate::Certificate;

use crate::{Failure, Found, input, print};

/// The kinds, as variables and the JSON call them.
pub const KINDS: [(&str, &str); 4] = [
    ("sha1", "SHA-1 of the certificate in hexadecimal"),
    ("sha256", "SHA-256 of the certificate in hexadecimal"),
    ("spki_sha256", "SHA-256 of the SubjectPublicKeyInfo in hexadecimal"),
    ("x5t#S256", "SHA-256 of the certificate in base64url (RFC 8705)"),
];

pub fn run(matches: &ArgMatches) -> Result<Found, Failure> {
    let wanted = matches.get_one::<String>("kind");
    let mut lines = String::new();
    let mut found = Found::Good;
    for (file, bytes) in input::files(matches)? {
        for input::Entry { place, certificate } in input::certificates(&file, &bytes)? {
            match (certificate, wanted) {
                (Ok(certificate), Some(kind)) => lines.push_str(&format!("{}\n", value(&certificate.view(), kind))),
                (Ok(certificate), None) => {
                    for (kind, _) in KINDS {
                        let place = print::one_line(&place);
                        lines.push_str(&format!("{kind}\t{}\t{place}\n", value(&certificate.view(), kind)));
                    }
                }
                (Err(problem), _) => {
                    print::error(&format!("{place}: {problem}"));
                    found = Found::Broken;
                }
            }
        }
    }
    print::out(&lines)?;
    Ok(found)
}

fn value(certificate: &Certificate<'_>, kind: &str) -> String {
    match kind {
        "sha1" => print::hex(&certificate.sha1()),
        "sha256" => print::hex(&certificate.sha256()),
        "spki_sha256" => print::hex(&certificate.spki_sha256()),
        _ => certificate.x5t_s256(),
    }
}
