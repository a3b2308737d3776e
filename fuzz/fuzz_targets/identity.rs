//! Identity rules: a line of text becomes a rule, or an error with a column; a rule is applied to what the rest of the input says
//! is a name in a certificate. What imports make of other systems' rules are rules.
#![no_main]

#[path = "../../tests/support"]
mod support {
    pub mod der;
}

use clientcert::certificate::OwnedCertificate;
use clientcert::identity::{Charset, Client, Rule, Rules, certmap, import};
use support::der;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let at = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (line, value) = (String::from_utf8_lossy(&data[..at]), data.get(at + 1..).unwrap_or_default());
    for imported in [import("alice", &line), certmap(&line, &String::from_utf8_lossy(value))].into_iter().flatten() {
        imported.rules.iter().for_each(|rule| drop(Rule::parse(rule).expect("an imported rule")));
    }
    let rule = match Rule::parse(&line) {
        Ok(rule) => rule,
        Err(error) => {
            assert!(error.column >= 1 && error.column <= line.chars().count() + 1, "{error}");
            return;
        }
    };
    assert_eq!(Rule::parse(rule.text()).expect("its own text"), rule);
    let Ok(owned) = OwnedCertificate::from_der(certificate(value)) else { return };
    let leaf = owned.view();
    for charset in [Charset::Printable, Charset::Ascii, Charset::Name] {
        let rules = Rules::new(vec![rule.clone()], false, true, charset);
        let client = Client { leaf, issuers: Some(&[]), registered: Some("alice"), both: false };
        if let Ok(Some(mapping)) = rules.map(&client) {
            assert!(!mapping.user.is_empty() && !mapping.user.contains(|c: char| c.is_control()), "{mapping:?}");
        }
        assert_eq!(rules.explain(&client).result, rules.map(&client));
        // Without a path no rule is asked.
        let by_key = rules.map(&Client { issuers: None, ..client });
        assert_eq!(&*by_key.expect("a registration").expect("a user").user, "alice");
    }
});

/// The bytes as a common name and as every kind of subject alternative name, unless they are themselves a list of these.
fn certificate(value: &[u8]) -> Vec<u8> {
    let algorithm = der::sequence(&[der::oid("1.3.101.112")]);
    let key = der::sequence(&[algorithm.clone(), der::bit_string(&[0; 32])]);
    let time = der::tlv(der::UTC_TIME, b"260601000000Z");
    let validity = der::sequence(&[&time, &time]);
    let attribute = der::sequence(&[der::oid("2.5.4.3"), der::tlv(der::UTF8_STRING, value)]);
    let subject = der::sequence(&[der::constructed(der::SET, &[attribute])]);
    let other = |oid: &str| der::constructed(0xa0, &[der::oid(oid), der::tlv(0xa0, &der::tlv(der::UTF8_STRING, value))]);
    let names = match value.first() {
        Some(0xa0 | 0x81..=0x88) => value.to_vec(),
        _ => der::concat(&[
            der::tlv(0x81, value),
            der::tlv(0x82, value),
            der::tlv(0x86, value),
            der::tlv(0x87, value),
            other("1.3.6.1.4.1.311.20.2.3"),
            other("1.3.6.1.5.5.7.8.5"),
        ]),
    };
    let names = der::tlv(der::OCTET_STRING, &der::tlv(der::SEQUENCE, &names));
    let extensions = der::sequence(&[der::sequence(&[der::oid("2.5.29.17"), names])]);
    let to_be_signed = der::sequence(&[
        der::tlv(0xa0, &der::integer(2)),
        der::integer(1),
        algorithm.clone(),
        subject.clone(),
        validity,
        subject,
        key,
        der::tlv(0xa3, &extensions),
    ]);
    der::sequence(&[to_be_signed, algorithm, der::bit_string(&[0; 64])])
}
