"""SSLVerifyClient of a place: mod_ssl asks late, and clientcert judges what comes."""

import contextlib
import socket
import subprocess

import pytest
from OpenSSL import SSL

from apache.conftest import Start, host
from apache.server import Apache
from support.clients import Answer, Client, curl
from support.pki import Pki
from support.project import HOST, program

PLACES = [
    "SSLOptions +StdEnvVars",
    "<Location /private>",
    "    SSLVerifyClient require",
    "</Location>",
    "<Location /cgi>",
    "    SSLVerifyClient optional",
    "</Location>",
    "Alias /bob @DIR@/www/private",
    "<Location /bob>",
    "    SSLVerifyClient require",
    "    Require clientcert user bob",
    "</Location>",
    "Alias /nobody @DIR@/www/private",
    "<Location /nobody>",
    "    SSLVerifyClient require",
    "    SSLRequire false",
    "</Location>",
    "ProxyPass /back http://127.0.0.1:@BACKEND@/",
    "<Location /back>",
    "    SSLVerifyClient require",
    "</Location>",
]


@pytest.fixture(scope="module")
def server(shared_apache: Start) -> Apache:
    ours = ["ClientCert On", 'ClientCertOption identity "subject.cn lower"']
    cas = ["SSLCACertificateFile @PKI@/root.crt", "SSLVerifyDepth 3"]
    return shared_apache(
        host("PORT", *ours, *cas, *PLACES)
        + host(
            "PORT_RESEND",
            *ours,
            *cas,
            *PLACES,
            "ClientCertOption mode deferred",
            "ClientCertOption late_request resend",
        )
        + host(
            "PORT_NAMED",
            *ours,
            "ClientCertOption mode deferred",
            "ClientCertOption ca @PKI@/root.crt",
            "ClientCertOption late_request attribute",
            *PLACES,
        )
        + host(
            "PORT_OPTIONAL",
            *ours,
            "ClientCertOption mode optional",
            "ClientCertOption ca @PKI@/root.crt",
            *PLACES,
        )
        + host(
            "PORT_CHANGE",
            *ours,
            *cas,
            "SSLVerifyClient optional_no_ca",
            "ErrorDocument 403 /cgi",
            "<Location /private>",
            "    SSLVerifyClient require",
            "</Location>",
        )
        + host("PORT_ALERT", *ours, *cas, *PLACES, "ClientCertOption enforcement handshake")
    )


def visit(
    pki: Pki, port: int, client: str | None, path: str, tls: str, **options: object
) -> Answer:
    visitor = Client(pki, client, tls=tls)
    visitor.context.post_handshake_auth = True
    return visitor.get(port, path, **options)


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("port", ["", "named"])
def test_who_is_asked_late(server: Apache, pki: Pki, tls: str, port: str) -> None:
    number = server.port_of(port) if port else server.port
    for client in [None, "good", "chain", "expired", "elsewhere"]:
        assert visit(pki, number, client, "/", tls).status == 200, "nobody is asked for this"
        verified = client in ("good", "chain")
        answer = visit(pki, number, client, "/private/", tls)
        if client is None:
            assert answer.status in (0, 403), "OpenSSL ends the connection"
        else:
            assert answer.status == (200 if verified else 403)
        page = visit(pki, number, client, "/cgi", tls)
        assert page.status == (200 if verified or client is None else 403)
        if page.status == 200:
            assert f"CLIENTCERT_OUTCOME={'SUCCESS' if verified else 'NONE'}\n" in page.body
            assert f"SSL_CLIENT_VERIFY={'SUCCESS' if verified else 'NONE'}\n" in page.body
    assert visit(pki, number, "chain", "/bob/", tls).body == "private\n"
    assert visit(pki, number, "good", "/bob/", tls).status == 403
    assert "The certificate has expired." in visit(pki, number, "expired", "/private/", tls).body


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_what_mod_ssl_refuses_for_its_own_reasons_stays_refused(
    server: Apache, pki: Pki, tls: str
) -> None:
    answer = visit(pki, server.port, "good", "/nobody/", tls)
    assert answer.status == 403
    assert "<title>403 Forbidden</title>" in answer.body
    assert '"action":"allow"' not in server.log()


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_a_body_survives_the_question(server: Apache, pki: Pki, tls: str) -> None:
    answer = visit(pki, server.port, "good", "/back/", tls, method="POST", body=b"x" * 9000)
    assert answer.status == 200
    assert answer.json()["body"] == "x" * 9000


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_who_is_verified_is_not_asked_again(server: Apache, pki: Pki, tls: str) -> None:
    visitor = Client(pki, "good", tls=tls)
    visitor.context.post_handshake_auth = True
    with visitor.connect(server.port) as connection:
        assert connection.request("/").body == "public\n"
        for _ in range(3):
            assert connection.request("/private/").body == "private\n"
            assert connection.request("/back/").status == 200
    asked = server.log().count("Awaiting re-negotiation handshake")
    with visitor.connect(server.port) as connection:
        for path, status in [("/private/", 200), ("/bob/", 403), ("/private/", 200)]:
            assert connection.request(path).status == status
    assert server.log().count("Awaiting re-negotiation handshake") - asked == (
        1 if tls == "1.2" else 0
    )


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_a_certificate_of_the_handshake_is_enough(server: Apache, pki: Pki, tls: str) -> None:
    """mod_ssl alone asks again where a place is stricter than the server, and browsers cannot answer."""
    port = server.port_of("optional")
    visitor = Client(pki, "good", tls=tls)
    assert visitor.get(port, "/private/").body == "private\n"
    with visitor.connect_h2(port) as quick:
        assert quick.request("/private/").body == "private\n"
        assert quick.request("/").body == "public\n"
    assert Client(pki, None, tls=tls).get(port, "/private/").status in (0, 403)
    with Client(pki, None, tls=tls).connect_h2(port) as quick:
        assert quick.request("/private/").error == "reset 0xd"


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_curl(server: Apache, pki: Pki, tls: str) -> None:
    """curl offers post-handshake authentication, and repeats over HTTP/1.1 what HTTP/2 cannot ask."""
    for http in ["1.1", "2"]:
        answer = curl(pki, server.port, "/private/", "good", tls=tls, http=http)
        assert (answer.body, answer.http) == ("private\n", "1.1")
        assert curl(pki, server.port, "/private/", "expired", tls=tls, http=http).status == 403
    with Client(pki, "good", tls=tls).connect_h2(server.port) as quick:
        assert quick.request("/private/").error == "reset 0xd"
        assert quick.request("/").body == "public\n"


def test_who_cannot_be_asked(server: Apache, pki: Pki) -> None:
    """Browsers offer no post-handshake authentication in TLS 1.3."""
    answer = Client(pki, "good").get(server.port, "/private/")
    assert answer.status == 403
    assert "private" not in answer.body


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_a_request_that_came_before_is_sent_again(server: Apache, pki: Pki, tls: str) -> None:
    visitor = Client(pki, "good", tls=tls)
    visitor.context.post_handshake_auth = True
    with visitor.connect(server.port_of("resend")) as connection:
        first = connection.request("/private/?a=b")
        assert (first.status, first.header("location")) == (307, "/private/?a=b")
        assert connection.request("/private/?a=b").body == "private\n"


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_an_alert_instead_of_a_page(server: Apache, pki: Pki, tls: str) -> None:
    port = server.port_of("alert")
    assert visit(pki, port, "good", "/private/", tls).body == "private\n"
    assert visit(pki, port, "expired", "/private/", tls).status == 0


def test_clients_do_not_renegotiate(server: Apache, pki: Pki) -> None:
    """A renegotiation that nobody asked for ends the connection, as without the module."""
    pem = str(pki.client("good"))
    process = subprocess.Popen(
        [
            program("openssl"),
            "s_client",
            "-connect",
            f"{HOST}:{server.port}",
            "-servername",
            "localhost",
            "-tls1_2",
            "-cert",
            pem,
            "-key",
            pem,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = process.communicate(b"R\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n", timeout=20)
    assert b"RENEGOTIATING" in output
    assert b"200 OK" not in output


def test_nothing_is_left_of_another_certificate(server: Apache, pki: Pki) -> None:
    """Who is asked again may answer with another certificate: he is refused, and has no name of the first one."""
    pki.issue("names-of-others", "mallory", issuer=None, dns=["one.example", "two.example"])
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    with socket.create_connection((HOST, server.port_of("change"))) as plain:
        connection = SSL.Connection(context, plain)
        connection.set_tlsext_host_name(b"localhost")
        connection.set_connect_state()
        connection.use_certificate(pki.certificate("names-of-others"))
        connection.use_privatekey(pki.key("names-of-others"))
        connection.do_handshake()
        connection.use_certificate(pki.certificate("good"))
        connection.use_privatekey(pki.key("good"))
        connection.sendall(b"GET /private/ HTTP/1.0\r\nHost: localhost\r\n\r\n")
        received = b""
        with contextlib.suppress(SSL.ZeroReturnError):
            while True:
                received += connection.recv(65536)
    page = received.decode()
    assert "CLIENTCERT_SUBJECT=CN=alice,O=Example\n" in page, page
    assert ".example" not in page
