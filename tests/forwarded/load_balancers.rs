//! AWS Application Load Balancers, and Azure App Service.

use clientcert::forwarded::{Dialect, Forward, forward_headers};
use clientcert::verify::Code;

use crate::client::{
    CLIENT, Header, assert_absent, assert_is, assert_refused, base64, believed, detail, escaped, forwarded,
};
use crate::support::pem;

/// With `+`, `=` and `/` as they are, as the documentation says, and with `=` escaped, as its example has it.
fn forms(certificates: &[&[u8]]) -> [String; 2] {
    let escaped = escaped(certificates);
    let plain = escaped.replace("%2B", "+").replace("%2F", "/");
    [plain.replace("%3D", "="), plain]
}

#[test]
fn both_modes_are_read() {
    for leaf in forms(&[&CLIENT.direct]) {
        assert_is(&forwarded(Dialect::AwsAlb, &[("X-Amzn-Mtls-Clientcert-Leaf", leaf.as_bytes())]), &CLIENT.direct);
    }
    for chain in forms(&[&CLIENT.leaf, &CLIENT.intermediate]) {
        assert_is(&forwarded(Dialect::AwsAlb, &[("x-amzn-mtls-clientcert", chain.as_bytes())]), &CLIENT.leaf);
    }
    assert_absent(&forwarded(Dialect::AwsAlb, &[("x-amzn-mtls-clientcert", b"")]));
}

/// A load balancer in passthrough mode looks at nothing.
#[test]
fn passthrough_is_no_verification() {
    let [leaf, _] = forms(&[&CLIENT.direct]);
    assert_is(&believed(Dialect::AwsAlb, &[("X-Amzn-Mtls-Clientcert-Leaf", leaf.as_bytes())]), &CLIENT.direct);
    let verdict = believed(Dialect::AwsAlb, &[("X-Amzn-Mtls-Clientcert", leaf.as_bytes())]);
    assert_refused(&verdict, Code::ForwardedNotVerified);
    assert_eq!(detail(&verdict), "passthrough mode verifies nothing");
}

#[test]
fn both_modes_at_once_are_an_attack() {
    let [leaf, _] = forms(&[&CLIENT.direct]);
    let headers: [Header<'_>; 2] =
        [("X-Amzn-Mtls-Clientcert-Leaf", leaf.as_bytes()), ("X-Amzn-Mtls-Clientcert", leaf.as_bytes())];
    assert_refused(&forwarded(Dialect::AwsAlb, &headers), Code::ForwardedMalformed);
    let subject = [("X-Amzn-Mtls-Clientcert-Subject", &b"CN=alice"[..])];
    assert_refused(&forwarded(Dialect::AwsAlb, &subject), Code::ForwardedIncomplete);
}

#[test]
fn both_modes_are_written() {
    let [leaf, _] = forms(&[&CLIENT.direct]);
    let verdict = forwarded(Dialect::AwsAlb, &[("X-Amzn-Mtls-Clientcert-Leaf", leaf.as_bytes())]);
    let written = forward_headers(&verdict, Dialect::AwsAlb, &Forward::default()).unwrap();
    let expected = [
        ("X-Amzn-Mtls-Clientcert-Serial-Number", "01"),
        ("X-Amzn-Mtls-Clientcert-Issuer", "CN=Root"),
        ("X-Amzn-Mtls-Clientcert-Subject", "CN=bob"),
        ("X-Amzn-Mtls-Clientcert-Validity", "NotBefore=2020-01-01T00:00:00Z;NotAfter=2040-01-01T00:00:00Z"),
        ("X-Amzn-Mtls-Clientcert-Leaf", &leaf),
    ];
    assert_eq!(written, expected.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())));
    let written = forward_headers(&verdict, Dialect::AwsAlb, &Forward { chain: true, ..Forward::default() }).unwrap();
    assert_eq!(written, [("X-Amzn-Mtls-Clientcert".to_owned(), leaf.into_bytes())]);
}

#[test]
fn azure_has_two_forms() {
    let (der, blanks) = (base64(&CLIENT.direct), pem(&CLIENT.direct).replace('\n', " "));
    for value in [&der, &blanks] {
        assert_is(&forwarded(Dialect::Azure, &[("X-ARR-ClientCert", value.as_bytes())]), &CLIENT.direct);
    }
    for value in [format!("{der}="), der[4..].to_owned(), format!("{der} {der}"), blanks.repeat(2), "-----".into()] {
        assert_refused(&forwarded(Dialect::Azure, &[("X-ARR-ClientCert", value.as_bytes())]), Code::ForwardedMalformed);
    }
    assert_refused(&believed(Dialect::Azure, &[("X-ARR-ClientCert", der.as_bytes())]), Code::ForwardedNotVerified);
}
