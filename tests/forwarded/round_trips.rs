//! What is written is what was read.

use std::sync::LazyLock;

use clientcert::forwarded::envoy::{Element, parse};
use clientcert::forwarded::{Carrier, Dialect, Forward, Peer, forward_headers};
use clientcert::{Outcome, Verdict, Verifier};
use proptest::prelude::*;

use crate::client::{Header, PROXY};
use crate::support::{Key, NOW, Template, extension, name};

/// A verifier that verifies nothing, so that any certificate comes through.
static ANY: LazyLock<Verifier> = LazyLock::new(|| {
    let mut config = clientcert::Config::new();
    config.set("mode", "request_any").unwrap();
    config.set("trusted_proxies", PROXY).unwrap();
    Verifier::new(&config).unwrap()
});

static KEYS: LazyLock<[Key; 2]> = LazyLock::new(|| [Key::ed25519(1), Key::ed25519(2)]);

fn carriers() -> impl Strategy<Value = Carrier<'static>> {
    let carriers: Vec<Carrier<'static>> = Dialect::ALL
        .iter()
        .map(|dialect| match dialect {
            Dialect::Nginx | Dialect::IngressNginx | Dialect::Haproxy => Carrier::of(*dialect).chain("X-Above"),
            _ => Carrier::of(*dialect),
        })
        .collect();
    prop::sample::select(carriers)
}

/// Whether a dialect, as these carriers have it, has a place for more than the leaf.
fn has_chain(carrier: &Carrier<'_>) -> bool {
    !matches!(carrier.dialect(), Dialect::Tomcat | Dialect::Azure | Dialect::ProxyProtocol)
}

fn names() -> impl Strategy<Value = Vec<Vec<u8>>> {
    // But for quotes and backslashes, which Envoy's form cannot tell apart in every order: those are refused.
    let text = "[ !#-\\[\\]-~]{0,40}";
    prop::collection::vec(
        prop_oneof![
            text.prop_map(|text| name::uri(&text)),
            text.prop_map(|text| name::dns(&text)),
            Just(name::email("a@b.c"))
        ],
        0..4,
    )
}

fn certificates() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let one = ("[ -~]{1,40}", names(), prop::collection::vec(1..=127u8, 1..20)).prop_map(|(subject, names, serial)| {
        let mut template = Template::client("CA", &subject, &KEYS[0]);
        template.serial = serial;
        let template = if names.is_empty() { template } else { template.with(extension::subject_alt_name(&names)) };
        template.sign(&KEYS[1])
    });
    prop::collection::vec(one, 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_chain_comes_back(chain in certificates(), carrier in carriers(), wanted in any::<(bool, bool)>()) {
        let presented = chain.concat();
        let verdict = ANY.verify_at(&presented, NOW);
        prop_assert_eq!(verdict.certificate_count(), chain.len());
        let forward = Forward { unverified: true, chain: wanted.0, details: wanted.1, ..Forward::default() };
        let written = forward_headers(&verdict, carrier, &forward).unwrap();
        let back = read(carrier, &written);
        // RFC 9440 forbids the leaf in its chain, so that a chain of one certificate twice is none.
        let repeated = carrier.dialect() == Dialect::Rfc9440 && forward.chain && chain[1..].contains(&chain[0]);
        if !repeated {
            let expected = if forward.chain && has_chain(&carrier) { &presented } else { &chain[0] };
            prop_assert_eq!(back.chain_der(), &expected[..]);
        }
    }

    #[test]
    fn elements_come_back(pairs in prop::collection::vec(("[A-Za-z]{1,8}", "[ !#-\\[\\]-~\"][ -\\[\\]-~\"]{0,20}"), 1..6)) {
        let mut element = Element::new();
        for (key, value) in &pairs {
            element.push(key, value.trim());
        }
        let again = parse(&element.write());
        prop_assert_eq!(again, Some(vec![element]));
    }

    #[test]
    fn no_bytes_are_somebody(carrier in carriers(), value in prop::collection::vec(any::<u8>(), 0..200)) {
        let name = certificate_header(&carrier);
        let headers: [Header<'_>; 1] = [(&name, &value)];
        let verdict = ANY.verify_forwarded(carrier, &Peer::parse(PROXY), headers, NOW);
        prop_assert!(!verdict.verified());
        prop_assert!(verdict.outcome() == Outcome::None || !verdict.accepted() || verdict.certificate_count() > 0);
    }
}

fn certificate_header(carrier: &Carrier<'_>) -> String {
    let key = Template::client("CA", "x", &KEYS[0]).sign(&KEYS[1]);
    let verdict = ANY.verify_at(&key, NOW);
    let forward = Forward { unverified: true, ..Forward::default() };
    let written = forward_headers(&verdict, *carrier, &forward).unwrap();
    let longest = written.into_iter().max_by_key(|(_, value)| value.len());
    longest.map(|(name, _)| name).unwrap()
}

fn read(carrier: Carrier<'_>, headers: &[(String, Vec<u8>)]) -> std::sync::Arc<Verdict> {
    let headers = headers.iter().map(|(name, value)| (name.as_str(), &**value));
    ANY.verify_forwarded(carrier, &Peer::parse(PROXY), headers, NOW)
}
