"""nginx's own directives: with and without `clientcert on` the same clients see the same."""

import http.client

import pytest

from nginx.conftest import Start
from support.clients import curl, s_client
from support.expected import CLIENTS
from support.pki import Pki
from support.project import HOST

CA = "ssl_client_certificate @PKI@/root.crt;"
BOTH = "ssl_client_certificate @PKI@/root.crt; ssl_trusted_certificate @PKI@/stranger.crt;"

# What `ssl_verify_client` and its companions are set to.
CONFIGURATIONS = {
    "on": f"ssl_verify_client on; {CA}",
    "optional": f"ssl_verify_client optional; {CA}",
    "optional_no_ca": f"ssl_verify_client optional_no_ca; {CA}",
    "off": "ssl_verify_client off;",
    "depth": f"ssl_verify_client optional_no_ca; {CA} ssl_verify_depth 0;",
    "trusted": f"ssl_verify_client optional; {BOTH}",
    "crl": f"ssl_verify_client on; {CA} ssl_crl @CRL@;",
    "crl_optional_no_ca": f"ssl_verify_client optional_no_ca; {CA} ssl_crl @CRL@;",
    "error_pages": f"""
        ssl_verify_client on; {CA} ssl_crl @CRL@;
        error_page 495 =403 /bad;
        error_page 496 =401 /none;
        error_page 497 =301 https://localhost/;
    """,
}


# Statuses that are not nginx's, by configuration and client: stock, and with the module.
STATUSES: dict[tuple[str, str | None], tuple[int, int]] = {
    # OpenSSL looks no further than the depth, and does not find the root: an error that nginx forgives.
    ("depth", "chain"): (200, 400),
    ("depth", "revoked-below"): (200, 400),
    # OpenSSL misses its own CRL, too: an error that nginx does not forgive.
    ("crl_optional_no_ca", "self"): (400, 200),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_same_with_and_without(nginx: Start, pki: Pki, name: str) -> None:
    crl = pki.write_crls(pki.folder / "takeover.crl", "revoked", "revoked-below")
    server = nginx(
        "".join(
            f"""
            server {{
                listen 127.0.0.1:@PORT_{kind}@ ssl;
                {clientcert}
                {CONFIGURATIONS[name]}
                location / {{
                    return 200 "$ssl_client_verify $ssl_client_s_dn $ssl_client_serial $ssl_client_fingerprint
                        $ssl_client_i_dn $ssl_client_escaped_cert $ssl_client_v_start $ssl_client_v_end\\n";
                }}
                location = /bad {{ return 403 "bad $ssl_client_verify\\n"; }}
                location = /none {{ return 401 "none $ssl_client_verify\\n"; }}
            }}
            """
            for kind, clientcert in [("STOCK", ""), ("OURS", "clientcert on;")]
        ),
        CRL=crl,
    )
    for tls in ["1.2", "1.3"]:
        for client in CLIENTS:
            stock, ours = (
                curl(pki, server.port_of(kind), "/", client, tls=tls) for kind in ["stock", "ours"]
            )
            if (name, client) in STATUSES:
                assert (stock.status, ours.status) == STATUSES[name, client], client
            else:
                assert stock.status == ours.status, client
                # Of several reasons each side tells its first, and without a path nginx misses a CRL.
                brief = client == "elsewhere-expired" or "ssl_crl" in CONFIGURATIONS[name]
                assert page(stock.body, brief) == page(ours.body, brief), client


def page(body: str, brief: bool) -> str:
    """What our configuration answers, and not the page of a refusal; if brief, without the reason."""
    if not body.startswith(("NONE", "SUCCESS", "FAILED", "bad", "none")):
        return ""
    return body.split("FAILED:")[0] if brief else body


def test_names_of_cas_in_the_handshake(nginx: Start, pki: Pki) -> None:
    """`ssl_trusted_certificate` is trusted, and not named: with the module as without."""
    server = nginx(
        "".join(
            f"""
            server {{
                listen 127.0.0.1:@PORT_{kind}@ ssl;
                {clientcert} ssl_verify_client optional; {directives}
                return 200 "$ssl_client_verify\n";
            }}
            """
            for kind, clientcert, directives in [
                ("STOCK", "", BOTH),
                ("OURS", "clientcert on;", BOTH),
                ("ALONE", "clientcert on;", CA),
                ("NONE", "clientcert on; clientcert_option ca_hints none;", CA),
            ]
        )
    )
    for tls in ["1.2", "1.3"]:
        for kind in ["stock", "ours", "alone", "none"]:
            seen = s_client(pki, server.port_of(kind), tls=tls)
            expected = [] if kind == "none" else ["O = Example, CN = Example Root"]
            assert seen.ca_names == expected, kind
    assert curl(pki, server.port_of("ours"), client="elsewhere").body == "SUCCESS\n"


def test_plain_http_on_a_port_for_https(nginx: Start) -> None:
    server = nginx(
        f"""
        server {{
            listen 127.0.0.1:@PORT@ ssl;
            clientcert on;
            ssl_verify_client on; {CA}
            error_page 497 =301 https://localhost/;
        }}
        """
    )
    connection = http.client.HTTPConnection(HOST, server.port, timeout=10)
    connection.request("GET", "/")
    assert connection.getresponse().status == 301


def test_own_options_come_before_nginx_s(nginx: Start, pki: Pki) -> None:
    """`ssl_verify_client on` with `clientcert_mode optional`: ours is what counts, also for who has none."""
    server = nginx(
        """
        server {
            listen 127.0.0.1:@PORT@ ssl http2;
            clientcert on;
            clientcert_mode optional_no_ca;
            clientcert_ca @PKI@/root.crt;
            ssl_verify_client on;
            ssl_client_certificate @PKI@/stranger.crt;
            location / { return 200 "$ssl_client_verify\\n"; }
        }
        server {
            listen 127.0.0.1:@PORT_STRICT@ ssl http2;
            clientcert on;
            clientcert_option tolerate none;
            ssl_verify_client optional_no_ca;
            ssl_client_certificate @PKI@/root.crt;
            location / { return 200 "$ssl_client_verify\\n"; }
        }
        """
    )
    for version in ["1.1", "2"]:
        assert curl(pki, server.port, http=version).body == "NONE\n"
        assert curl(pki, server.port, client="good", http=version).body == "SUCCESS\n"
        assert curl(pki, server.port, client="elsewhere", http=version).body.startswith("FAILED:")
        # The first trap: nginx forgives an unknown issuer under optional_no_ca, whatever was decided.
        strict = server.port_of("strict")
        assert curl(pki, strict, client="good", http=version).body == "SUCCESS\n"
        assert curl(pki, strict, client="elsewhere", http=version).status == 400
        assert curl(pki, strict, client="self", http=version).status == 400
        # The second: without a certificate no callback is called.
        assert curl(pki, strict, http=version).body == "NONE\n"
