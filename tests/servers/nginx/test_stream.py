"""The stream module: TCP behind TLS, where a connection that is refused is closed."""

import http.client
import ssl

import pytest

from nginx.conftest import Start
from nginx.server import Nginx
from support.clients import Client
from support.pki import Pki

CONFIGURATION = """
    ssl_certificate @PKI@/site.crt;
    ssl_certificate_key @PKI@/site.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    server {
        listen 127.0.0.1:@PORT@ ssl;
        clientcert on;
        clientcert_mode optional;
        clientcert_ca @PKI@/root.crt;
        clientcert_identity "subject.cn lower";
        return "$clientcert_outcome $clientcert_user $ssl_client_verify $ssl_client_s_dn";
    }
    server {
        listen 127.0.0.1:@PORT_VERIFIED@ ssl;
        clientcert on;
        clientcert_mode optional_no_ca;
        clientcert_ca @PKI@/root.crt;
        clientcert_require verified;
        proxy_pass 127.0.0.1:@BACKEND@;
    }
    server {
        listen 127.0.0.1:@PORT_RETURN@ ssl;
        clientcert on;
        clientcert_mode optional;
        clientcert_ca @PKI@/root.crt;
        clientcert_identity "subject.cn lower";
        clientcert_require user frank;
        return "in";
    }
    server {
        listen 127.0.0.1:@PORT_STOCK@ ssl;
        clientcert on;
        ssl_verify_client on;
        ssl_client_certificate @PKI@/root.crt;
        ssl_crl @CRL@;
        return "$ssl_client_verify";
    }
    server {
        listen 127.0.0.1:@PORT_PLAIN@;
        clientcert on;
        clientcert_require verified;
        return "in";
    }
    server {
        listen 127.0.0.1:@PORT_LEFT@ ssl;
        ssl_verify_client optional;
        ssl_client_certificate @PKI@/root.crt;
        return "$ssl_client_verify";
    }
"""


@pytest.fixture(scope="module")
def server(shared_nginx: Start, pki: Pki) -> Nginx:
    crl = pki.write_crls(pki.folder / "stream.crl", "revoked")
    return shared_nginx(stream=CONFIGURATION, CRL=crl)


def read(pki: Pki, port: int, client: str | None, tls: str = "1.3") -> str:
    """All that comes before the server closes; an alert is nothing."""
    try:
        with Client(pki, client, tls=tls).connect_raw(port) as connection:
            return b"".join(iter(lambda: connection.recv(4096), b"")).decode()
    except (ssl.SSLError, ConnectionError):
        return ""


@pytest.mark.parametrize("tls", ["1.3", "1.2"])
def test_variables(server: Nginx, pki: Pki, tls: str) -> None:
    assert read(pki, server.port, "good", tls) == "SUCCESS alice SUCCESS CN=alice,O=Example"
    assert read(pki, server.port, "chain", tls) == "SUCCESS bob SUCCESS CN=bob,O=Example"
    assert read(pki, server.port, None, tls) == "NONE  NONE "
    for client in ["expired", "elsewhere", "self"]:
        assert read(pki, server.port, client, tls) == ""


@pytest.mark.parametrize("tls", ["1.3", "1.2"])
def test_what_is_required(server: Nginx, pki: Pki, tls: str) -> None:
    # nginx 1.22 takes it for grave that a client goes on to send while it is refused.
    server.allowed_alerts = ["application data after close notify"]
    port = server.port_of("verified")
    for client in ["good", "chain", None, "elsewhere", "self", "expired"]:
        answer = Client(pki, client, tls=tls).get(port, "/x")
        assert answer.status == (200 if client in ("good", "chain") else 0), client
    assert read(pki, server.port_of("return"), "frank", tls) == "in"
    assert read(pki, server.port_of("return"), "good", tls) == ""
    assert read(pki, server.port_of("return"), None, tls) == ""


@pytest.mark.parametrize("tls", ["1.3", "1.2"])
def test_nginx_s_own_directives(server: Nginx, pki: Pki, tls: str) -> None:
    port = server.port_of("stock")
    assert read(pki, port, "good", tls) == "SUCCESS"
    for client in [None, "revoked", "expired", "elsewhere"]:
        assert read(pki, port, client, tls) == "", client


def test_without_tls_nobody_is_anybody(server: Nginx) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port_of("plain"), timeout=10)
    connection.connect()
    assert connection.sock is not None
    assert connection.sock.recv(16) == b""
    connection.close()


def test_a_server_without_the_module_is_left_alone(server: Nginx, pki: Pki) -> None:
    port = server.port_of("left")
    assert read(pki, port, "good") == "SUCCESS"
    assert read(pki, port, None) == "NONE"
    assert read(pki, port, "expired") == ""


@pytest.mark.parametrize("tls", ["1.3", "1.2"])
def test_a_session_is_resumed_with_its_verdict(server: Nginx, pki: Pki, tls: str) -> None:
    visitor = Client(pki, "good", tls=tls)
    port = server.port_of("verified")
    with visitor.connect(port) as first:
        assert first.request("/x").status == 200
        session = first.session
    with visitor.connect(port, session=session) as again:
        assert again.request("/x").status == 200
        assert again.resumed
