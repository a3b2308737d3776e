//! nginx, ingress-nginx and Tomcat.

use clientcert::forwarded::{Carrier, Dialect};
use clientcert::verify::Code;

use crate::client::{CLIENT, Header, assert_absent, assert_is, assert_refused, detail, escaped, forwarded};
use crate::support::pem;

#[test]
fn an_escaped_certificate_is_read() {
    let cert = escaped(&[&CLIENT.direct]);
    for (dialect, certificate, verify) in [
        (Dialect::Nginx, "X-SSL-Client-Cert", "x_ssl_client_verify"),
        (Dialect::IngressNginx, "ssl-client-cert", "Ssl-Client-Verify"),
        (Dialect::Tomcat, "ssl_client_escaped_cert", "ssl_client_verify"),
    ] {
        assert_is(&forwarded(dialect, &[(certificate, cert.as_bytes())]), &CLIENT.direct);
        // What the proxy thinks of it changes nothing here.
        for word in [&b"SUCCESS"[..], b"FAILED:certificate has expired", b"FAILED", b"GENEROUS", b""] {
            let headers: [Header<'_>; 2] = [(certificate, cert.as_bytes()), (verify, word)];
            assert_is(&forwarded(dialect, &headers), &CLIENT.direct);
        }
        assert_absent(&forwarded(dialect, &[(certificate, b""), (verify, b"NONE")]));
        assert_absent(&forwarded(dialect, &[(verify, b"NONE")]));
    }
}

#[test]
fn names_are_the_operators_choice() {
    let cert = escaped(&[&CLIENT.leaf]);
    let chain = escaped(&[&CLIENT.intermediate]);
    let carrier = Carrier::of(Dialect::Nginx).certificate("X-Mine").chain("X-Above").verify("X-Said");
    let headers: [Header<'_>; 3] =
        [("x-mine", cert.as_bytes()), ("X_ABOVE", chain.as_bytes()), ("X-SSL-Client-Verify", b"nonsense")];
    assert_is(&forwarded(carrier, &headers), &CLIENT.leaf);
    assert_absent(&forwarded(carrier, &[("X-SSL-Client-Cert", cert.as_bytes())]));
    assert_refused(&forwarded(carrier, &headers[1..2]), Code::ForwardedMalformed);
    assert_refused(&forwarded(carrier, &[headers[0], ("X-Said", b"perhaps")]), Code::ForwardedMalformed);
}

#[test]
fn a_certificate_that_is_missing_is_no_absence() {
    for word in [&b"SUCCESS"[..], b"FAILED:certificate has expired", b"GENEROUS"] {
        let verdict = forwarded(Dialect::Nginx, &[("X-SSL-Client-Verify", word)]);
        assert_refused(&verdict, Code::ForwardedIncomplete);
        assert_eq!(detail(&verdict), "X-SSL-Client-Verify says so");
    }
    let verdict = forwarded(Dialect::IngressNginx, &[("ssl-client-subject-dn", b"CN=alice")]);
    assert_refused(&verdict, Code::ForwardedIncomplete);
    let none = [("ssl-client-verify", &b"NONE"[..]), ("ssl-client-subject-dn", b"CN=alice")];
    assert_refused(&forwarded(Dialect::IngressNginx, &none), Code::ForwardedIncomplete);
}

#[test]
fn a_certificate_that_is_denied_is_a_contradiction() {
    let cert = escaped(&[&CLIENT.direct]);
    let headers: [Header<'_>; 2] = [("ssl-client-cert", cert.as_bytes()), ("ssl-client-verify", b"NONE")];
    assert_refused(&forwarded(Dialect::IngressNginx, &headers), Code::ForwardedMalformed);
}

#[test]
fn words_that_are_not_known_are_malformed() {
    let cert = escaped(&[&CLIENT.direct]);
    for word in [&b"success"[..], b"OK", b"0", b"1", b"SUCCESS, NONE", b"SUCCESS:", b"\xff", b"FAILEDx"] {
        let headers: [Header<'_>; 2] = [("ssl-client-cert", cert.as_bytes()), ("ssl-client-verify", word)];
        assert_refused(&forwarded(Dialect::IngressNginx, &headers), Code::ForwardedMalformed);
    }
}

#[test]
fn only_one_certificate_is_a_clients() {
    let cert = escaped(&[&CLIENT.direct, &CLIENT.leaf]);
    assert_refused(&forwarded(Dialect::Nginx, &[("X-SSL-Client-Cert", cert.as_bytes())]), Code::ForwardedMalformed);
}

#[test]
fn tomcats_forms_agree() {
    let (cert, blanks) = (escaped(&[&CLIENT.direct]), pem(&CLIENT.direct).replace('\n', " "));
    let other = pem(&CLIENT.leaf).replace('\n', " ");
    assert_is(&forwarded(Dialect::Tomcat, &[("ssl_client_cert", blanks.as_bytes())]), &CLIENT.direct);
    let escaped = ("ssl_client_escaped_cert", cert.as_bytes());
    assert_is(&forwarded(Dialect::Tomcat, &[escaped, ("ssl_client_cert", blanks.as_bytes())]), &CLIENT.direct);
    assert_is(&forwarded(Dialect::Tomcat, &[escaped, ("ssl_client_cert", b"(null)")]), &CLIENT.direct);
    let verdict = forwarded(Dialect::Tomcat, &[escaped, ("ssl_client_cert", other.as_bytes())]);
    assert_refused(&verdict, Code::ForwardedMalformed);
    assert_absent(&forwarded(Dialect::Tomcat, &[("ssl_client_cert", b"(null)")]));
}
