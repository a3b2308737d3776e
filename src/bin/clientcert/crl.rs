//! `clientcert crl`: what CRLs say, and whether they list a certificate.

use std::path::PathBuf;

use clap::ArgMatches;
use clientcert::certificate::OwnedCertificate;
use clientcert::revocation::{Crl, Entry, RevocationReason};
use serde_json::{Map, Value, json};

use crate::inspect::{names, text, texts};
use crate::print::{Colour, Fields};
use crate::{Failure, Found, input, moment, print};

pub fn run(matches: &ArgMatches) -> Result<Found, Failure> {
    match matches.subcommand() {
        Some(("inspect", matches)) => inspect(matches),
        Some(("check", matches)) => check(matches),
        _ => Err(Failure("no command".into())),
    }
}

fn inspect(matches: &ArgMatches) -> Result<Found, Failure> {
    let mut all = Vec::new();
    let mut found = Found::Good;
    for path in paths(matches) {
        for input::CrlEntry { place, crl } in input::crls(path)? {
            match crl {
                Ok(crl) => all.push((place, crl.to_json())),
                Err(problem) => {
                    print::error(&format!("{place}: {problem}"));
                    found = Found::Broken;
                }
            }
        }
    }
    match matches.get_flag("json") {
        true => {
            print::json(&all.into_iter().map(|(place, crl)| crate::inspect::with_place(place, crl)).collect())?;
        }
        false => print::out(&all.iter().map(|(place, crl)| table(place, crl)).collect::<Vec<_>>().join("\n"))?,
    }
    Ok(found)
}

/// The question whether a certificate is listed.
enum Wanted {
    /// A certificate of the CRL's issuer.
    Serial(Vec<u8>),
    Certificate(OwnedCertificate),
}

fn check(matches: &ArgMatches) -> Result<Found, Failure> {
    let wanted = match (matches.get_one::<Vec<u8>>("serial"), matches.get_one::<PathBuf>("certificate")) {
        (Some(serial), _) => Wanted::Serial(serial.clone()),
        (_, Some(path)) => Wanted::Certificate(input::one_certificate(path)?),
        _ => return Err(Failure("neither a serial number nor a certificate is given".into())),
    };
    let mut answers = Vec::new();
    for path in paths(matches) {
        for input::CrlEntry { place, crl } in input::crls(path)? {
            let crl = crl.map_err(|problem| Failure(format!("{place}: {problem}")))?;
            if let Some(oid) = crl.to_json()["unknown_critical_extension"].as_str() {
                print::warning(&format!(
                    "{place}: must not be used, because it has the unknown critical extension {oid}"
                ));
            }
            if wanted.is_for(&crl) {
                answers.push((place, wanted.find(&crl)));
            }
        }
    }
    if answers.is_empty() {
        return Err(Failure("none of the CRLs is by the issuer of this certificate, or indirect".into()));
    }
    match matches.get_flag("json") {
        true => print::json(&answers.iter().map(|(place, entry)| answer_json(place, entry.as_ref())).collect())?,
        false => print::out(&answers.iter().map(|(place, entry)| answer(place, entry.as_ref())).collect::<String>())?,
    }
    Ok(if answers.iter().any(|(_, entry)| entry.is_some()) { Found::Bad } else { Found::Good })
}

impl Wanted {
    /// Whether the CRL can say anything: it is by the certificate's issuer, or about several issuers.
    fn is_for(&self, crl: &Crl) -> bool {
        match self {
            Self::Serial(_) => true,
            Self::Certificate(certificate) => {
                crl.scope().indirect || certificate.view().issuer().matches(&crl.issuer())
            }
        }
    }

    fn find(&self, crl: &Crl) -> Option<Entry> {
        match self {
            Self::Serial(serial) => crl.find(&crl.issuer(), serial),
            Self::Certificate(certificate) => crl.find(&certificate.view().issuer(), certificate.view().serial()),
        }
    }
}

/// A serial number as the content bytes of its INTEGER: hexadecimal, perhaps with colons, spaces, `0x` or a sign.
pub fn parse_serial(text: &str) -> Result<Vec<u8>, String> {
    let wrong = || "it is no serial number in hexadecimal, such as 4A:00:01".to_owned();
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let digits = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).unwrap_or(digits);
    let digits: Vec<u8> = digits.bytes().filter(|byte| !matches!(byte, b':' | b' ')).collect();
    if digits.is_empty() || digits.len() > 2 * MAX_SERIAL_BYTES {
        return Err(wrong());
    }
    // The leading zero keeps it positive.
    let mut serial = vec![0];
    for pair in digits.rchunks(2).rev() {
        let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
        if !pair.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        serial.push(u8::from_str_radix(pair, 16).map_err(|_| wrong())?);
    }
    if negative {
        let mut carry = true;
        for byte in serial.iter_mut().rev() {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
    }
    Ok(serial)
}

/// Far more than RFC 5280 allows.
const MAX_SERIAL_BYTES: usize = 1_000;

fn paths(matches: &ArgMatches) -> impl Iterator<Item = &PathBuf> {
    matches.get_many::<PathBuf>("files").into_iter().flatten()
}

fn answer(place: &str, entry: Option<&Entry>) -> String {
    let said = match entry {
        None => print::painted("not listed", Colour::Green),
        Some(entry) => {
            let reason = entry.reason.map(|reason| format!(", {}", reason.name())).unwrap_or_default();
            let since = format!(" since {}{reason}", moment::format(entry.date));
            print::painted("listed", Colour::Red) + &since
        }
    };
    format!("{}: {said}\n", print::one_line(place))
}

fn answer_json(place: &str, entry: Option<&Entry>) -> Value {
    json!({
        "place": place,
        "listed": entry.is_some(),
        "date": entry.map(|entry| moment::format(entry.date)),
        "reason": entry.and_then(|entry| entry.reason).map(RevocationReason::name),
    })
}

fn table(place: &str, crl: &Map<String, Value>) -> String {
    let mut fields = Fields::default();
    let get = |key: &str| crl.get(key).unwrap_or(&Value::Null);
    let issuer = text(get("issuer")).unwrap_or_default();
    fields.add("issuer", if issuer.is_empty() { "(empty)" } else { &issuer });
    fields.list("version", text(get("version")));
    fields.list("number", text(get("number")));
    fields.list("delta to number", text(get("base_number")));
    fields.list("this update", text(get("this_update")));
    fields.add("next update", text(get("next_update")).unwrap_or_else(|| "(never)".to_owned()));
    fields.list("signature", text(&get("signature_algorithm")["name"]));
    let authority = get("authority_key_identifier");
    fields.list("authority key identifier", text(&authority["key_identifier"]));
    fields.list("authority certificate issuer", names(&authority["issuer"]));
    fields.list("authority certificate serial", text(&authority["serial"]));
    let scope = get("scope");
    fields.list("distribution point", names(&scope["distribution_point"]));
    let limits = [
        ("only_user", "user certificates only"),
        ("only_ca", "CA certificates only"),
        ("only_attribute", "attribute certificates only"),
        ("indirect", "also of other issuers"),
    ];
    fields.list("scope", limits.iter().filter(|(key, _)| scope[key] == true).map(|(_, words)| (*words).to_owned()));
    fields.list("reasons", texts(&scope["only_some_reasons"]));
    fields.list("unknown critical extension", text(get("unknown_critical_extension")));
    fields.list("entries", text(get("entries")));
    fields.list("memory", text(get("memory")).map(|bytes| format!("{bytes} bytes")));
    format!("{}\n{}", print::one_line(place), fields.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_as_people_write_them() {
        assert_eq!(parse_serial("1"), Ok(vec![0, 1]));
        assert_eq!(parse_serial("4A:00:01"), Ok(vec![0, 0x4a, 0, 1]));
        assert_eq!(parse_serial("0xf00"), Ok(vec![0, 0x0f, 0]));
        assert_eq!(parse_serial("-80"), Ok(vec![0xff, 0x80]));
        assert_eq!(parse_serial("00"), Ok(vec![0, 0]));
        for wrong in ["", ":", "-", "0x", "xyz", "4G", "+1", "1+", &"0".repeat(2_001)] {
            assert!(parse_serial(wrong).is_err(), "{wrong}");
        }
    }
}
