//! RFC 9440, with the example of its appendix A.

use clientcert::forwarded::{Dialect, Forward, Peer, forward_headers};
use clientcert::verify::Code;
use clientcert::{Config, Verifier};

use crate::client::{CLIENT, assert_absent, assert_is, assert_refused, base64, detail, forwarded};

/// The client's certificate of figure 1.
const LEAF: &str = "\
    MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0\
    ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaU\
    gmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAW\
    gBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1w\
    bGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBV\
    oU4hBVZ1yhk=";

const INTERMEDIATE: &str = "\
    MIIB5jCCAYugAwIBAgIBFjAKBggqhkjOPQQDAjBWMQswCQYDVQQGEwJVUzEbMBkGA1UECgwSTGV0J3MgQXV0aGVudGljYXRlMSowKAYDVQQDDCFM\
    ZXQncyBBdXRoZW50aWNhdGUgUm9vdCBBdXRob3JpdHkwHhcNMjAwMTE0MjEzMjMwWhcNMzAwMTExMjEzMjMwWjA6MRswGQYDVQQKDBJMZXQncyBB\
    dXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJf+aA54RC5pyLAR5yfXVYmN\
    pgd+CGUTDp2KOGhc0gK91zxhHesEYkdXkpS2UN8Kati+yHtWCV3kkhCngGyv7RqjZjBkMB0GA1UdDgQWBBRm3WjLa38lbEYCuiCPct0ZaSED2DAf\
    BgNVHSMEGDAWgBTEA2Q6eecKu9g9yb5glbkhhVINGDASBgNVHRMBAf8ECDAGAQH/AgEAMA4GA1UdDwEB/wQEAwIBhjAKBggqhkjOPQQDAgNJADBG\
    AiEA5pLvaFwRRkxomIAtDIwg9D7gC1xzxBl4r28EzmSO1pcCIQCJUShpSXO9HDIQMUgH69fNDEMHXD3RRX5gP7kuu2KGMg==";

const ROOT: &str = "\
    MIICBjCCAaygAwIBAgIJAKS0yiqKtlhoMAoGCCqGSM49BAMCMFYxCzAJBgNVBAYTAlVTMRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxKjAo\
    BgNVBAMMIUxldCdzIEF1dGhlbnRpY2F0ZSBSb290IEF1dGhvcml0eTAeFw0yMDAxMTQyMTI1NDVaFw00MDAxMDkyMTI1NDVaMFYxCzAJBgNVBAYT\
    AlVTMRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxKjAoBgNVBAMMIUxldCdzIEF1dGhlbnRpY2F0ZSBSb290IEF1dGhvcml0eTBZMBMGByqG\
    SM49AgEGCCqGSM49AwEHA0IABFoaHU+Z5bPKmGzlYXtCf+E6HYj62fORaHDOrt+yyh3H/rTcs7ynFfGn+gyFsrSP3Ez88rajv+U2NfD0o0uZ4Pmj\
    YzBhMB0GA1UdDgQWBBTEA2Q6eecKu9g9yb5glbkhhVINGDAfBgNVHSMEGDAWgBTEA2Q6eecKu9g9yb5glbkhhVINGDAPBgNVHRMBAf8EBTADAQH/\
    MA4GA1UdDwEB/wQEAwIBhjAKBggqhkjOPQQDAgNIADBFAiEAmAeg1ycKHriqHnaD4M/UDBpQRpkmdcRFYGMg1Qyrkx4CIB4ivz3wQcQkGhcsUZ1S\
    OImd/lq1Q0FLf09rGfLQPWDc";

/// 2020-06-01, when it was valid.
const THEN: i64 = 1_590_969_600;

fn field(base64: &str) -> String {
    format!(":{base64}:")
}

fn verifier() -> Verifier {
    let mut config = Config::new();
    let root = format!("-----BEGIN CERTIFICATE-----\n{ROOT}\n-----END CERTIFICATE-----\n");
    config.set_bytes("ca", root.as_bytes()).unwrap();
    config.set("trusted_proxies", "10.0.0.0/8").unwrap();
    Verifier::new(&config).unwrap()
}

#[test]
fn the_example_of_the_appendix_is_read_and_written() {
    let verifier = verifier();
    let (leaf, chain) = (field(LEAF), format!("{}, {}", field(INTERMEDIATE), field(ROOT)));
    let headers = [("client-cert", leaf.as_bytes()), ("client-cert-chain", chain.as_bytes())];
    let verdict = verifier.verify_forwarded(Dialect::Rfc9440, &Peer::parse("10.1.2.3"), headers, THEN);
    assert!(verdict.verified(), "{:?}", verdict.reasons());
    assert_eq!(verdict.get("subject"), Some(&b"CN=BC"[..]));
    assert_eq!(verdict.get("san_email_0"), Some(&b"bdc@example.com"[..]));
    assert_eq!(verdict.certificate_count(), 3);

    let forward = Forward { chain: true, ..Forward::default() };
    let written = forward_headers(&verdict, Dialect::Rfc9440, &forward).unwrap();
    let expected =
        [("Client-Cert".to_owned(), leaf.into_bytes()), ("Client-Cert-Chain".to_owned(), chain.into_bytes())];
    assert_eq!(written, expected);
    let alone = forward_headers(&verdict, Dialect::Rfc9440, &Forward::default()).unwrap();
    assert_eq!(alone, expected[..1]);
}

#[test]
fn the_example_needs_its_chain() {
    let verifier = verifier();
    let leaf = field(LEAF);
    let headers = [("Client-Cert", leaf.as_bytes())];
    let verdict = verifier.verify_forwarded(Dialect::Rfc9440, &Peer::parse("10.1.2.3"), headers, THEN);
    assert_refused(&verdict, Code::LeafIssuerUnknown);
}

#[test]
fn a_chain_may_be_spread_over_fields() {
    let (leaf, intermediate) = (field(&base64(&CLIENT.leaf)), field(&base64(&CLIENT.intermediate)));
    let root = field(&base64(&CLIENT.root));
    let headers: [(&str, &[u8]); 3] = [
        ("Client-Cert-Chain", intermediate.as_bytes()),
        ("Client-Cert", leaf.as_bytes()),
        ("CLIENT_CERT_CHAIN", root.as_bytes()),
    ];
    assert_is(&forwarded(Dialect::Rfc9440, &headers), &CLIENT.leaf);
    // The order does not matter to whoever looks for a path.
    let reversed = [headers[2], headers[1], headers[0]];
    assert_is(&forwarded(Dialect::Rfc9440, &reversed), &CLIENT.leaf);
    assert_absent(&forwarded(Dialect::Rfc9440, &[("Client-Cert", b""), ("Client-Cert-Chain", b" ")]));
}

#[test]
fn parameters_are_allowed_and_mean_nothing() {
    let leaf = format!("{};a=1;b", field(&base64(&CLIENT.direct)));
    assert_is(&forwarded(Dialect::Rfc9440, &[("Client-Cert", leaf.as_bytes())]), &CLIENT.direct);
}

#[test]
fn what_is_no_byte_sequence_is_malformed() {
    let (leaf, other) = (base64(&CLIENT.direct), base64(&CLIENT.leaf));
    let both = base64(&[&CLIENT.direct[..], &CLIENT.leaf].concat());
    for value in [
        leaf.clone(),
        format!(":{leaf}"),
        format!("{leaf}:"),
        format!("\"{leaf}\""),
        format!(":{leaf}: x"),
        format!(":{leaf}:, :{other}:"),
        format!("(:{leaf}:)"),
        format!(":{}:", &leaf[1..]),
        format!(":{}:", &leaf[..leaf.len() - 8]),
        format!(":*{leaf}:"),
        format!(":{both}:"),
        "::".into(),
        "?1".into(),
    ] {
        let verdict = forwarded(Dialect::Rfc9440, &[("Client-Cert", value.as_bytes())]);
        assert_refused(&verdict, Code::ForwardedMalformed);
        assert!(detail(&verdict).starts_with("Client-Cert "), "{}", detail(&verdict));
    }
}

#[test]
fn a_chain_is_issuers_and_nothing_else() {
    let leaf = field(&base64(&CLIENT.leaf));
    for chain in [
        "x".into(),
        format!("{},", field(&base64(&CLIENT.intermediate))),
        format!("({})", field(&base64(&CLIENT.intermediate))),
        leaf.clone(),
        "::".into(),
    ] {
        let headers: [(&str, &[u8]); 2] = [("Client-Cert", leaf.as_bytes()), ("Client-Cert-Chain", chain.as_bytes())];
        assert_refused(&forwarded(Dialect::Rfc9440, &headers), Code::ForwardedMalformed);
    }
    let alone = field(&base64(&CLIENT.intermediate));
    assert_refused(&forwarded(Dialect::Rfc9440, &[("Client-Cert-Chain", alone.as_bytes())]), Code::ForwardedMalformed);
}
