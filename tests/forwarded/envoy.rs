//! Envoy's X-Forwarded-Client-Cert.

use clientcert::forwarded::envoy::{Element, parse};
use clientcert::forwarded::{Carrier, Dialect, Forward, forward_headers};
use clientcert::verify::Code;

use crate::client::{CLIENT, assert_absent, assert_is, assert_refused, detail, escaped, forwarded};
use crate::support::{Extension, Key, Template, extension, name};

const NAME: &str = "x-forwarded-client-cert";

/// The example of Envoy's documentation.
const EXAMPLE: &str = "By=http://frontend.lyft.com;\
    Hash=468ed33be74eee6556d90c0149c1309e9ba61d6425303443c0748a02dd8de688;\
    Subject=\"/C=US/ST=CA/L=San Francisco/OU=Lyft/CN=Test Client\";\
    URI=http://testclient.lyft.com;DNS=lyft.com;DNS=www.lyft.com";

fn read(value: &str) -> std::sync::Arc<clientcert::Verdict> {
    forwarded(Dialect::Envoy, &[(NAME, value.as_bytes())])
}

fn with_names(names: &[Vec<u8>]) -> Vec<u8> {
    let names: Extension = extension::subject_alt_name(names);
    Template::client("Root", "carol", &Key::ed25519(5)).with(names).sign(&Key::ed25519(0))
}

#[test]
fn the_documented_example_is_read_and_written() {
    let elements = parse(EXAMPLE.as_bytes()).unwrap();
    let [element] = &elements[..] else { panic!("{} elements", elements.len()) };
    assert_eq!(element.get("by"), Some(&b"http://frontend.lyft.com"[..]));
    assert_eq!(element.get("SUBJECT"), Some(&b"/C=US/ST=CA/L=San Francisco/OU=Lyft/CN=Test Client"[..]));
    assert_eq!(element.all("DNS").collect::<Vec<_>>(), [&b"lyft.com"[..], b"www.lyft.com"]);
    assert_eq!(element.write(), EXAMPLE.as_bytes());
    // It has no certificate, so it authenticates nobody.
    assert_refused(&read(EXAMPLE), Code::ForwardedIncomplete);
}

#[test]
fn values_are_quoted_and_escaped() {
    let elements = parse(br#"URI="a,b;c=d";Subject="CN=\"x\", O=a\\";x=1, By=http://a?b=c"#).unwrap();
    assert_eq!(elements.len(), 2);
    assert_eq!(elements[0].get("URI"), Some(&b"a,b;c=d"[..]));
    assert_eq!(elements[0].get("Subject"), Some(&br#"CN="x", O=a\\"#[..]));
    assert_eq!(elements[0].get("X"), Some(&b"1"[..]));
    assert_eq!(elements[1].get("By"), Some(&b"http://a?b=c"[..]));
    let mut element = Element::new();
    element.push("URI", "a,b");
    element.push("Subject", r#"CN=a "b" \"c\" d\\"#);
    assert_eq!(element.write(), br#"URI="a,b";Subject="CN=a \"b\" \"c\" d\\""#);
}

#[test]
fn what_is_no_list_of_elements_is_malformed() {
    for value in [
        "=",
        "a",
        "a=b;",
        "a=b,",
        ",a=b",
        ";a=b",
        "a=b;;c=d",
        "a=\"b",
        "a=\"b\\",
        "a=\"b\\\"",
        "a=\"b\"c",
        "a=b\"c\"",
        "a b=c",
        "\"a\"=b",
        "a=b,c",
        "Cert=",
        "Cert=\"\";",
        "é=b",
    ] {
        let verdict = read(value);
        let expected = if value == "Cert=" { Code::ForwardedIncomplete } else { Code::ForwardedMalformed };
        assert_refused(&verdict, expected);
        assert!(detail(&verdict).starts_with(NAME), "{value}: {}", detail(&verdict));
    }
}

#[test]
fn a_certificate_or_a_chain_is_enough() {
    let (leaf, chain) = (escaped(&[&CLIENT.leaf]), escaped(&[&CLIENT.leaf, &CLIENT.intermediate]));
    assert_is(&read(&format!("Chain=\"{chain}\"")), &CLIENT.leaf);
    assert_is(&read(&format!("Cert=\"{leaf}\";Chain=\"{chain}\"")), &CLIENT.leaf);
    assert_is(&read(&format!("cert={}", escaped(&[&CLIENT.direct]))), &CLIENT.direct);
    assert_refused(&read(&format!("Cert=\"{leaf}\"")), Code::LeafIssuerUnknown);
    assert_absent(&read(""));
}

#[test]
fn a_chain_begins_with_the_certificate() {
    let (leaf, direct) = (escaped(&[&CLIENT.leaf]), escaped(&[&CLIENT.direct]));
    let wrong_order = escaped(&[&CLIENT.intermediate, &CLIENT.leaf]);
    for value in [
        format!("Cert=\"{leaf}\";Chain=\"{wrong_order}\""),
        format!("Cert=\"{direct}\";Chain=\"{}\"", escaped(&[&CLIENT.leaf, &CLIENT.intermediate])),
        format!("Cert=\"{leaf}\";Cert=\"{direct}\""),
        format!("Cert=\"{}\"", escaped(&[&CLIENT.leaf, &CLIENT.intermediate])),
        format!("Cert=\"{}\"", &direct[..direct.len() - 30]),
        format!("Cert=\"{}\"", direct.replace("%2B", "%2").replace("%0A", "%A")),
        "Cert=\"x\"".into(),
    ] {
        assert_refused(&read(&value), Code::ForwardedMalformed);
    }
}

#[test]
fn the_last_element_counts() {
    let (direct, stranger) = (escaped(&[&CLIENT.direct]), escaped(&[&CLIENT.stranger]));
    let value = format!("Cert=\"{stranger}\",Cert=\"{direct}\"");
    assert_is(&read(&value), &CLIENT.direct);
    let value = format!("Cert=\"{direct}\",Cert=\"{stranger}\"");
    assert_refused(&read(&value), Code::LeafIssuerUnknown);
    let value = format!("Cert=\"{direct}\",By=spiffe://mesh/proxy;Hash=00");
    assert_refused(&read(&value), Code::ForwardedIncomplete);
    // The same where each proxy adds a field of its own.
    let (first, last) = (format!("Cert=\"{stranger}\""), format!("Cert=\"{direct}\""));
    let headers: [(&str, &[u8]); 2] = [(NAME, first.as_bytes()), (NAME, last.as_bytes())];
    assert_is(&forwarded(Dialect::Envoy, &headers), &CLIENT.direct);
}

#[test]
fn a_hash_of_another_certificate_is_an_attack() {
    let direct = escaped(&[&CLIENT.direct]);
    let value = format!("Hash={};Cert=\"{direct}\"", "0".repeat(64));
    assert_refused(&read(&value), Code::ForwardedMalformed);
}

/// Envoy copies names without quotes: a certificate with a comma in one would add an element, with anybody's certificate.
#[test]
fn a_name_in_a_certificate_cannot_add_an_element() {
    let victim = escaped(&[&CLIENT.direct]);
    for injected in [format!("spiffe://a,Cert={victim}"), format!("spiffe://a,By=b;Cert={victim};DNS=x")] {
        for names in [
            vec![name::uri(&injected)],
            vec![name::uri("spiffe://a"), name::uri(&injected)],
            vec![name::uri(&injected), name::dns("a.example")],
        ] {
            let attacker = with_names(&names);
            // As Envoy writes it.
            let uris = injected.as_str();
            let first = if names.len() == 2 && names[0] == name::uri("spiffe://a") { "URI=spiffe://a;" } else { "" };
            let value = format!("By=c;Cert=\"{}\";{first}URI={uris}", escaped(&[&attacker]));
            assert_refused(&read(&value), Code::ForwardedMalformed);
        }
        let attacker = with_names(&[name::dns(&injected)]);
        let value = format!("By=c;Cert=\"{}\";URI=;DNS={injected}", escaped(&[&attacker]));
        assert_refused(&read(&value), Code::ForwardedMalformed);
    }
}

#[test]
fn names_are_those_of_the_certificate() {
    let names = [name::uri("spiffe://mesh/carol"), name::dns("a.example"), name::uri("urn:b"), name::dns("b.example")];
    let carol = with_names(&names);
    let cert = escaped(&[&carol]);
    for rest in [
        "",
        ";URI=spiffe://mesh/carol",
        ";URI=spiffe://mesh/carol;URI=urn:b;DNS=a.example;DNS=b.example",
        ";DNS=a.example",
    ] {
        assert_is(&read(&format!("Cert=\"{cert}\"{rest}")), &carol);
    }
    for rest in [";URI=urn:b", ";URI=spiffe://mesh/dave", ";DNS=b.example", ";URI=spiffe://mesh/carol;URI=urn:b;URI=x"]
    {
        assert_refused(&read(&format!("Cert=\"{cert}\"{rest}")), Code::ForwardedMalformed);
    }
}

#[test]
fn an_element_is_written_as_envoy_does() {
    let carol = with_names(&[name::uri("spiffe://mesh/carol"), name::dns("a.example")]);
    let cert = escaped(&[&carol]);
    let verdict = read(&format!("Cert=\"{cert}\""));
    let forward = Forward { chain: true, details: true, ..Forward::default() };
    let carrier = Carrier::of(Dialect::Envoy).by("spiffe://mesh/proxy");
    let written = forward_headers(&verdict, carrier, &forward).unwrap();
    let hash = String::from_utf8(verdict.get("fingerprint_sha256").unwrap().to_vec()).unwrap();
    let expected = format!(
        "By=spiffe://mesh/proxy;Hash={hash};Cert=\"{cert}\";Chain=\"{cert}\";Subject=\"CN=carol\";\
         URI=spiffe://mesh/carol;DNS=a.example"
    );
    assert_eq!(written, [("X-Forwarded-Client-Cert".to_owned(), expected.clone().into_bytes())]);
    assert_is(&read(&expected), &carol);
}
