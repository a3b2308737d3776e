//! Variables by name, on certificates whose every byte is known.

mod support;

use clientcert::Verifier;
use clientcert::certificate::OwnedCertificate;
use clientcert::policy::Config;
use clientcert::verdict::Verdict;
use support::{Extension, Key, NOW, Template, der, extension, name};

/// The subject of the documentation of other systems' variables, two common names and an unknown type.
fn example() -> Template {
    let key = Key::ed25519(0);
    let mut template = Template::client("", "", &key);
    template.subject = name::name(&[
        ("2.5.4.6", der::PRINTABLE_STRING, b"DE"),
        ("2.5.4.10", der::UTF8_STRING, b"Example, Inc."),
        ("2.5.4.11", der::UTF8_STRING, b"R+D"),
        ("2.5.4.3", der::UTF8_STRING, "Jörg".as_bytes()),
        ("1.2.840.113549.1.9.1", der::IA5_STRING, b"j@example.org"),
        ("1.2.3.4.5", der::UTF8_STRING, b"zz"),
    ]);
    template.issuer =
        name::name(&[("2.5.4.6", der::PRINTABLE_STRING, b"DE"), ("2.5.4.3", der::UTF8_STRING, b"CA \"1\"")]);
    template.serial = vec![0x00, 0xab, 0xcd];
    template = template.valid("150203005552Z", "20500101000000Z");
    template
        .with(Extension::new(
            extension::SUBJECT_ALT_NAME,
            der::sequence(&[
                name::email("j@example.org"),
                name::email("a@b.example\0@evil.example"),
                name::dns("host.example"),
                name::uri("spiffe://example/a"),
                name::ip(&[192, 0, 2, 1]),
                name::ip(&[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
                name::directory(&name::name(&[("2.5.4.3", der::UTF8_STRING, b"d, e")])),
                name::registered_id("1.2.3.4"),
                name::upn("j@corp.example"),
                name::other("1.3.6.1.5.5.7.8.5", &der::tlv(der::UTF8_STRING, b"j@chat.example")),
                name::other("1.3.6.1.5.5.7.8.9", &der::tlv(der::UTF8_STRING, "jörg@example.org".as_bytes())),
            ]),
        ))
        .with(Extension::new(
            extension::CERTIFICATE_POLICIES,
            der::sequence(&[der::sequence(&[der::oid("1.2.3")]), der::sequence(&[der::oid("2.5.29.32.0")])]),
        ))
        .with(Extension::new(extension::SUBJECT_KEY_IDENTIFIER, der::tlv(der::OCTET_STRING, &[0xab, 0x01])))
        .with(Extension::new(extension::AUTHORITY_KEY_IDENTIFIER, der::sequence(&[der::tlv(0x80, &[0xcd, 0x02])])))
        .with(Extension::new(
            "1.3.6.1.5.5.7.1.1",
            der::sequence(&[
                der::sequence(&[der::oid("1.3.6.1.5.5.7.48.1"), name::uri("http://ocsp.example/")]),
                der::sequence(&[der::oid("1.3.6.1.5.5.7.48.2"), name::uri("http://ca.example/ca.cer")]),
            ]),
        ))
        .with(Extension::new(
            "2.5.29.31",
            der::sequence(&[der::sequence(&[der::tlv(0xa0, &der::tlv(0xa0, &name::uri("http://crl.example/a")))])]),
        ))
}

fn certificate(template: &Template) -> OwnedCertificate {
    OwnedCertificate::from_der(template.sign(&Key::ed25519(0))).expect("a readable certificate")
}

#[track_caller]
fn check(certificate: &OwnedCertificate, expected: &[(&str, Option<&str>)]) {
    for (name, expected) in expected {
        let found = certificate.view().variable(name, NOW);
        let found = found.as_deref().map(|value| value.escape_ascii().to_string());
        let expected = expected.map(|value| value.as_bytes().escape_ascii().to_string());
        assert_eq!(found, expected, "{name}");
    }
}

const RFC2253: &str = "1.2.3.4.5=#0C027A7A,emailAddress=j@example.org,CN=J\\C3\\B6rg,OU=R\\+D,O=Example\\, Inc.,C=DE";
const ONE_LINE: &str = "/C=DE/O=Example, Inc./OU=R\\+D/CN=J\\xC3\\xB6rg/emailAddress=j@example.org/1.2.3.4.5=zz";

#[test]
fn nginx() {
    let certificate = certificate(&example());
    check(
        &certificate,
        &[
            ("ssl_client_s_dn", Some(RFC2253)),
            ("$ssl_client_s_dn", Some(RFC2253)),
            ("ssl_client_s_dn_legacy", Some(ONE_LINE)),
            ("ssl_client_i_dn", Some("CN=CA \\\"1\\\",C=DE")),
            ("ssl_client_i_dn_legacy", Some("/C=DE/CN=CA \"1\"")),
            ("ssl_client_serial", Some("ABCD")),
            ("ssl_client_v_start", Some("Feb  3 00:55:52 2015 GMT")),
            ("ssl_client_v_end", Some("Jan  1 00:00:00 2050 GMT")),
            ("ssl_client_v_remain", Some("8615")),
            ("ssl_client_verify", None),
            ("ssl_client_nothing", None),
            ("$$ssl_client_serial", None),
        ],
    );
    let get = |name: &str| String::from_utf8(certificate.view().variable(name, NOW).unwrap()).unwrap();
    let pem = support::pem(certificate.view().as_der());
    assert_eq!(get("ssl_client_raw_cert"), pem);
    assert_eq!(get("ssl_client_cert"), pem.trim_end().replace('\n', "\n\t"));
    let escaped = get("ssl_client_escaped_cert");
    assert!(escaped.starts_with("-----BEGIN%20CERTIFICATE-----%0A"));
    assert!(escaped.ends_with("-----END%20CERTIFICATE-----%0A"));
    let unescaped = ["%20 ", "%0A\n", "%2B+", "%2F/", "%3D="]
        .iter()
        .fold(escaped, |text, pair| text.replace(&pair[..3], &pair[3..]));
    assert_eq!(unescaped, pem);
}

#[test]
fn apache() {
    check(
        &certificate(&example()),
        &[
            (
                "SSL_CLIENT_S_DN",
                Some("1.2.3.4.5=#0C027A7A,emailAddress=j@example.org,CN=Jörg,OU=R\\+D,O=Example\\, Inc.,C=DE"),
            ),
            ("SSL_CLIENT_S_DN_CN", Some("Jörg")),
            ("SSL_CLIENT_S_DN_CN_0", Some("Jörg")),
            ("SSL_CLIENT_S_DN_CN_1", None),
            ("SSL_CLIENT_S_DN_O", Some("Example, Inc.")),
            ("SSL_CLIENT_S_DN_Email", Some("j@example.org")),
            ("SSL_CLIENT_S_DN_XX", None),
            ("SSL_CLIENT_I_DN_CN", Some("CA \"1\"")),
            ("SSL_CLIENT_M_VERSION", Some("3")),
            ("SSL_CLIENT_M_SERIAL", Some("ABCD")),
            ("SSL_CLIENT_V_REMAIN", Some("8616")),
            ("SSL_CLIENT_A_SIG", Some("ED25519")),
            ("SSL_CLIENT_A_KEY", Some("ED25519")),
            ("SSL_CLIENT_SAN_Email_0", Some("j@example.org")),
            ("SSL_CLIENT_SAN_Email_1", Some("a@b.example\\00@evil.example")),
            ("SSL_CLIENT_SAN_Email_2", None),
            ("SSL_CLIENT_SAN_Email_00000", None),
            ("SSL_CLIENT_SAN_Email", None),
            ("SSL_CLIENT_SAN_DNS_0", Some("host.example")),
            ("SSL_CLIENT_SAN_OTHER_msUPN_0", Some("j@corp.example")),
            ("SSL_CLIENT_SAN_URI_0", None),
            (
                "SSL_CLIENT_CERT_RFC4523_CEA",
                Some("{ serialNumber 43981, issuer rdnSequence:\"CN=CA \\\"1\\\",C=DE\" }"),
            ),
            ("SSL_CLIENT_CERT_CHAIN_0", None),
            ("SSL_CLIENT_VERIFY", None),
            ("ssl_client_m_serial", None),
            ("$SSL_CLIENT_M_SERIAL", None),
        ],
    );
}

#[test]
fn raw_values_of_apache_are_not_utf8() {
    let certificate = certificate(&example());
    let raw = certificate.view().variable("SSL_CLIENT_S_DN_CN_RAW", NOW);
    assert_eq!(raw.as_deref(), Some(&b"J\xf6rg"[..]));
    assert_eq!(certificate.view().variable("SSL_CLIENT_S_DN_CN_0_RAW", NOW), raw);
}

#[test]
fn haproxy() {
    check(
        &certificate(&example()),
        &[
            ("ssl_c_used", Some("1")),
            ("ssl_c_s_dn", Some("/C=DE/O=Example, Inc./OU=R+D/CN=Jörg/emailAddress=j@example.org/1.2.3.4.5=zz")),
            ("ssl_c_s_dn(CN)", Some("Jörg")),
            ("ssl_c_s_dn(cn,1)", Some("Jörg")),
            ("ssl_c_s_dn(CN,-1)", Some("Jörg")),
            ("ssl_c_s_dn(CN,0)", None),
            ("ssl_c_s_dn(CN,2)", None),
            ("ssl_c_s_dn(1.2.3.4.5)", Some("zz")),
            ("ssl_c_s_dn(,0,rfc2253)", Some(RFC2253)),
            ("ssl_c_s_dn(,0,other)", None),
            ("ssl_c_s_dn(CN", None),
            ("ssl_c_s_dn(CN)x", None),
            ("ssl_c_i_dn(CN)", Some("CA \"1\"")),
            ("ssl_c_r_dn", None),
            ("ssl_c_serial,hex", Some("ABCD")),
            ("ssl_c_serial,base64", Some("q80=")),
            ("ssl_c_serial,other", None),
            ("ssl_c_serial(1)", None),
            ("ssl_c_notbefore", Some("150203005552Z")),
            ("ssl_c_notafter", Some("500101000000Z")),
            ("ssl_c_policies", Some("1.2.3,2.5.29.32.0")),
            ("ssl_c_policies(1.2.3)", Some("1.2.3")),
            ("ssl_c_policies(1.2.4)", None),
            ("ssl_c_version", Some("3")),
            ("ssl_c_sig_alg", Some("ED25519")),
            ("ssl_c_chain_der", None),
            ("ssl_c_verify", None),
            (
                "ssl_c_san",
                Some(
                    "email:j@example.org, email:a@b.example.@evil.example, DNS:host.example, URI:spiffe://example/a, \
                     IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1, DirName:CN = \"d, e\", \
                     Registered ID:1.2.3.4, othername:UPN:j@corp.example, othername:XmppAddr:j@chat.example, \
                     othername:SmtpUTF8Mailbox:jörg@example.org",
                ),
            ),
        ],
    );
}

#[test]
fn our_own() {
    check(
        &certificate(&example()),
        &[
            (
                "subject",
                Some(
                    "1.2.3.4.5=#0C027A7A,1.2.840.113549.1.9.1=#160D6A406578616D706C652E6F7267,CN=Jörg,OU=R\\+D,\
                     O=Example\\, Inc.,C=DE",
                ),
            ),
            ("issuer", Some("CN=CA \\\"1\\\",C=DE")),
            ("serial", Some("ABCD")),
            ("version", Some("3")),
            ("not_before", Some("2015-02-03T00:55:52Z")),
            ("not_after", Some("2050-01-01T00:00:00Z")),
            ("days_left", Some("8615")),
            ("san_email", None),
            ("san_email_count", Some("2")),
            ("san_email_0", Some("j@example.org")),
            ("san_email_1", Some("a@b.example\\00@evil.example")),
            ("san_email_2", None),
            ("san_email_+1", None),
            ("san_email_", None),
            ("san_dns", Some("host.example")),
            ("san_uri_0", Some("spiffe://example/a")),
            ("san_ip_0", Some("192.0.2.1")),
            ("san_ip_1", Some("2001:db8::1")),
            ("san_dirname_0", Some("CN=d\\, e")),
            ("san_rid_0", Some("1.2.3.4")),
            ("san_upn_0", Some("j@corp.example")),
            ("san_xmpp_0", Some("j@chat.example")),
            ("san_smtp_utf8_0", Some("jörg@example.org")),
            ("ocsp_uri_0", Some("http://ocsp.example/")),
            ("ocsp_uri_1", None),
            ("ca_issuers_uri_0", Some("http://ca.example/ca.cer")),
            ("crl_uri_0", Some("http://crl.example/a")),
            ("crl_uri_count", Some("1")),
            ("key_algorithm", Some("ED25519")),
            ("key_bits", Some("256")),
            ("signature_algorithm", Some("ED25519")),
            ("key_usage", Some("digitalSignature")),
            ("eku", Some("clientAuth")),
            ("policies", Some("1.2.3,2.5.29.32.0")),
            ("ski", Some("ab01")),
            ("aki", Some("cd02")),
            ("certificate_count", Some("1")),
            ("nothing", None),
            ("", None),
        ],
    );
}

#[test]
fn fingerprints_agree_across_systems() {
    let certificate = certificate(&example());
    let get = |name: &str| String::from_utf8(certificate.view().variable(name, NOW).unwrap()).unwrap();
    assert_eq!(get("ssl_client_fingerprint"), get("fingerprint_sha1"));
    assert_eq!(get("ssl_c_sha1,hex"), get("fingerprint_sha1").to_uppercase());
    assert_eq!(get("fingerprint_sha256").len(), 64);
    assert_eq!(get("x5t#S256").len(), 43);
    assert_eq!(certificate.view().variable("ssl_c_der", NOW).as_deref(), Some(certificate.view().as_der()));
    assert_eq!(certificate.view().variable("chain_der", NOW).as_deref(), Some(certificate.view().as_der()));
    assert_eq!(get("chain_pem"), get("SSL_CLIENT_CERT"));
}

#[test]
fn two_common_names_stay_two() {
    let mut template = example();
    template.subject = name::name(&[
        (name::COMMON_NAME, der::UTF8_STRING, b"alice"),
        (name::COMMON_NAME, der::UTF8_STRING, b"bob"),
        (name::COMMON_NAME, der::UTF8_STRING, b"a\0b"),
    ]);
    check(
        &certificate(&template),
        &[
            ("subject", Some("CN=a\\00b,CN=bob,CN=alice")),
            ("SSL_CLIENT_S_DN_CN", Some("alice")),
            ("SSL_CLIENT_S_DN_CN_1", Some("bob")),
            ("SSL_CLIENT_S_DN_CN_2", Some("a\\00b")),
            ("ssl_c_s_dn(CN,2)", Some("bob")),
            ("ssl_c_s_dn(CN,-1)", Some("a\0b")),
            ("ssl_c_s_dn(CN,-3)", Some("alice")),
            ("ssl_client_s_dn", Some("CN=a\\00b,CN=bob,CN=alice")),
        ],
    );
}

#[test]
fn serial_numbers_of_every_kind() {
    let long: Vec<u8> = (0..100).map(|byte: u8| byte | 1).collect();
    let hex = long.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02X}"));
    for (serial, nginx, own) in [
        (vec![0x00], "00".to_owned(), "00"),
        (vec![0x80], "-80".to_owned(), "-80"),
        (vec![0xff], "-01".to_owned(), "-01"),
        (vec![0xff, 0x00], "-0100".to_owned(), "-0100"),
        (vec![0x00, 0x80], "80".to_owned(), "80"),
        (long, format!("{}\\\n{}\\\n{}", &hex[..70], &hex[70..140], &hex[140..]), &*hex),
    ] {
        let mut template = example();
        template.serial = serial;
        let certificate = certificate(&template);
        check(&certificate, &[("ssl_client_serial", Some(&nginx)), ("serial", Some(own))]);
    }
}

#[test]
fn days_that_are_left() {
    for (not_after, nginx, apache) in [
        ("260601000000Z", "0", "1"),
        ("260531235959Z", "0", "0"),
        ("260601235959Z", "0", "1"),
        ("260602000000Z", "1", "2"),
        ("19490101000000Z", "0", "0"),
        ("99991231235959Z", "2912291", "2912292"),
    ] {
        let certificate = certificate(&example().valid("19490101000000Z", not_after));
        check(
            &certificate,
            &[("ssl_client_v_remain", Some(nginx)), ("days_left", Some(nginx)), ("SSL_CLIENT_V_REMAIN", Some(apache))],
        );
    }
}

/// A root, an intermediate of it, and a client of the intermediate.
struct Chain {
    root: Vec<u8>,
    intermediate: Vec<u8>,
    client: Template,
}

impl Chain {
    fn new() -> Self {
        let [root, middle, client] = [0, 1, 2].map(Key::ed25519);
        Self {
            root: Template::authority("Root", "Root", &root).sign(&root),
            intermediate: Template::authority("Root", "Middle", &middle).sign(&root),
            client: Template::client("Middle", "alice", &client),
        }
    }

    fn presented(&self) -> Vec<u8> {
        [self.client.sign(&Key::ed25519(1)), self.intermediate.clone()].concat()
    }

    fn verify(&self, mode: &str, presented: &[u8]) -> std::sync::Arc<Verdict> {
        let mut config = Config::new();
        config.set_bytes("ca", &self.root).expect("a root");
        config.set("mode", mode).expect("a mode");
        Verifier::new(&config).expect("a good config").verify_at(presented, NOW)
    }
}

#[track_caller]
fn check_verdict(verdict: &Verdict, expected: &[(&str, Option<&str>)]) {
    for (name, expected) in expected {
        let found = verdict.get_at(name, NOW).map(|value| value.escape_ascii().to_string());
        assert_eq!(found.as_deref(), *expected, "{name}");
    }
}

#[test]
fn a_verified_client() {
    let chain = Chain::new();
    let verdict = chain.verify("require", &chain.presented());
    check_verdict(
        &verdict,
        &[
            ("ssl_client_verify", Some("SUCCESS")),
            ("SSL_CLIENT_VERIFY", Some("SUCCESS")),
            ("SSL_CLIENT_VERIFY_ERRSTR", None),
            ("ssl_c_used", Some("1")),
            ("ssl_c_verify", Some("0")),
            ("ssl_c_verify,x509_v_err_str", Some("X509_V_OK")),
            ("ssl_c_err", Some("0")),
            ("ssl_c_ca_err", Some("0")),
            ("ssl_c_ca_err_depth", Some("0")),
            ("ssl_c_r_dn", Some("/CN=Root")),
            ("ssl_c_r_dn(CN)", Some("Root")),
            ("certificate_count", Some("2")),
            ("subject", Some("CN=alice")),
            ("verified", Some("1")),
        ],
    );
    let pem = support::pem(&chain.intermediate);
    assert_eq!(verdict.get("SSL_CLIENT_CERT_CHAIN_0"), Some(pem.as_bytes()));
    assert_eq!(verdict.get("SSL_CLIENT_CERT_CHAIN_1"), None);
    assert_eq!(verdict.get("ssl_c_chain_der"), Some(&*chain.intermediate));
    assert_eq!(verdict.get("chain_der"), Some(&*chain.presented()));
    let both = support::pem(&chain.client.sign(&Key::ed25519(1))) + &pem;
    assert_eq!(verdict.get("chain_pem"), Some(both.as_bytes()));
}

#[test]
fn a_client_that_fails() {
    let mut chain = Chain::new();
    chain.client = chain.client.valid("200101000000Z", "210101000000Z");
    let expired = [
        ("ssl_client_verify", Some("FAILED:certificate has expired")),
        ("SSL_CLIENT_VERIFY", Some("FAILED:certificate has expired")),
        ("SSL_CLIENT_VERIFY_ERRSTR", Some("certificate has expired")),
        ("ssl_c_verify", Some("10")),
        ("ssl_c_verify,x509_v_err_str", Some("X509_V_ERR_CERT_HAS_EXPIRED")),
        ("ssl_c_err", Some("10")),
        ("ssl_c_ca_err", Some("0")),
        ("ssl_client_v_remain", Some("0")),
        ("verified", Some("0")),
    ];
    check_verdict(&chain.verify("require", &chain.presented()), &expired);

    let leaf = chain.client.clone().valid("200101000000Z", "400101000000Z").sign(&Key::ed25519(1));
    let alone = chain.verify("optional_no_ca", &leaf);
    assert!(alone.accepted() && !alone.verified());
    let text = String::from_utf8(alone.get("ssl_client_verify").unwrap().to_vec()).unwrap();
    assert!(text.starts_with("FAILED:unable to "), "{text}");
    check_verdict(
        &alone,
        &[("SSL_CLIENT_VERIFY", Some("GENEROUS")), ("SSL_CLIENT_VERIFY_ERRSTR", text.strip_prefix("FAILED:"))],
    );
}

#[test]
fn no_client() {
    let chain = Chain::new();
    for mode in ["require", "optional"] {
        check_verdict(
            &chain.verify(mode, &[]),
            &[
                ("ssl_client_verify", Some("NONE")),
                ("SSL_CLIENT_VERIFY", Some("NONE")),
                ("ssl_c_used", Some("0")),
                ("ssl_c_verify", Some("0")),
                ("ssl_client_s_dn", None),
                ("SSL_CLIENT_S_DN", None),
                ("SSL_CLIENT_CERT", None),
                ("ssl_c_s_dn", None),
                ("subject", None),
                ("chain_der", None),
                ("certificate_count", Some("0")),
            ],
        );
    }
}

#[test]
fn what_depends_on_the_moment_is_never_stale() {
    let chain = Chain::new();
    let verdict = chain.verify("require", &chain.presented());
    let days = |now: i64| verdict.get_at("days_left", now).map(<[u8]>::to_vec);
    let today = days(NOW);
    assert_ne!(days(NOW + 86_400), today);
    assert_eq!(days(NOW), today);
    assert_eq!(days(i64::MAX), Some(b"0".to_vec()));
}
