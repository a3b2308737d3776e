"""Several servers on one address: what the client proved to one of them is worth nothing at another."""

import pytest

from nginx.conftest import Start
from nginx.server import Nginx
from support.clients import Client, curl, s_client
from support.pki import Pki

HOSTS = """
    ssl_session_cache shared:hosts:1m;
    server {
        listen 127.0.0.1:@PORT@ ssl http2 default_server;
        server_name one.test;
        clientcert on;
        clientcert_mode optional;
        clientcert_ca @PKI@/root.crt;
        location / { clientcert_require verified; return 200 "ONE $clientcert_subject\n"; }
        location /open { return 200 "ONE open\n"; }
    }
    server {
        listen 127.0.0.1:@PORT@ ssl http2;
        server_name two.test;
        clientcert on;
        clientcert_mode optional;
        clientcert_ca @PKI@/stranger.crt;
        location / { clientcert_require verified; return 200 "TWO $clientcert_subject\n"; }
        location /open { return 200 "TWO open\n"; }
    }
    server {
        listen 127.0.0.1:@PORT@ ssl http2;
        server_name three.test;
        location / { return 200 "THREE $ssl_client_verify\n"; }
    }
"""

# Who is at home where.
HOME = {"good": "one.test", "chain": "one.test", "elsewhere": "two.test"}
REFUSED = (400, 403, 421)


@pytest.fixture(scope="module")
def server(shared_nginx: Start) -> Nginx:
    return shared_nginx(HOSTS)


@pytest.mark.parametrize("http", ["1.1", "2"])
@pytest.mark.parametrize("tls", ["1.3", "1.2"])
def test_each_host_has_its_own_rules(server: Nginx, pki: Pki, tls: str, http: str) -> None:
    for client in [None, *HOME]:
        for host in ["one.test", "two.test"]:
            answer = curl(pki, server.port, "/", client, tls=tls, http=http, host=host)
            if client is not None and HOME[client] == host:
                assert answer.status == 200 and answer.body.startswith(host[:3].upper())
            else:
                assert answer.status == (403 if client is None else 400), (client, host)
        other = curl(pki, server.port, "/", client, tls=tls, http=http, host="three.test")
        assert other.body == "THREE NONE\n"


@pytest.mark.parametrize("tls", ["1.3", "1.2"])
@pytest.mark.parametrize(("client", "name"), [*HOME.items(), (None, "one.test")])
def test_a_request_for_another_host(
    server: Nginx, pki: Pki, client: str | None, name: str, tls: str
) -> None:
    visitor = Client(pki, client, tls=tls)
    for other in {"one.test", "two.test"} - {name}:
        with visitor.connect(server.port, name) as first:
            answer = first.request("/", host=other)
            assert answer.status in REFUSED and other[:3].upper() not in answer.body
        with visitor.connect(server.port, name) as second:
            assert second.request("/open").status == 200
            answer = second.request("/", host=other)
            assert answer.status in REFUSED and other[:3].upper() not in answer.body
        with visitor.connect_h2(server.port, name) as third:
            assert third.request("/open").status == 200
            answer = third.request("/", host=other)
            assert answer.status == 421
            assert third.request("/", host=other).status == 403, (
                "it did not open another connection"
            )
            assert third.request("/open").status == 200, "its own host goes on"


def test_from_a_host_that_asks_nobody(server: Nginx, pki: Pki) -> None:
    for client in [None, *HOME]:
        for other in ["one.test", "two.test"]:
            with Client(pki, client).connect(server.port, "three.test") as connection:
                assert connection.request("/").body == "THREE NONE\n"
                assert connection.request("/", host=other).status in REFUSED
            with Client(pki, client).connect_h2(server.port, "three.test") as connection:
                assert connection.request("/", host=other).status in REFUSED


def test_without_a_name_the_first_host_answers(server: Nginx, pki: Pki) -> None:
    for tls in ["1.2", "1.3"]:
        here = s_client(pki, server.port, "/", "good", tls=tls, server_name="", host="one.test")
        assert here.answer.status == 200
        there = s_client(pki, server.port, "/", "good", tls=tls, server_name="", host="two.test")
        assert there.answer.status in REFUSED


@pytest.mark.parametrize(("tls", "tickets"), [("1.3", True), ("1.2", True), ("1.2", False)])
def test_a_session_of_another_host(server: Nginx, pki: Pki, tls: str, tickets: bool) -> None:
    """CVE-2025-23419: a session that one host made is offered to another."""
    for client, home in HOME.items():
        for other in {"one.test", "two.test"} - {home}:
            visitor = Client(pki, client, tls=tls, tickets=tickets)
            with visitor.connect(server.port, home) as first:
                assert first.request("/").status == 200
                session = first.session
            with visitor.connect(server.port, other, session=session) as second:
                answer = second.request("/", host=other)
                assert answer.status in REFUSED, (client, other)
                assert other[:3].upper() not in answer.body
            with visitor.connect(server.port, home, session=session) as third:
                assert third.request("/", host=home).status == 200


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_a_session_of_a_host_that_asks_nobody(server: Nginx, pki: Pki, tls: str) -> None:
    visitor = Client(pki, "good", tls=tls)
    with visitor.connect(server.port, "three.test") as first:
        assert first.request("/").body == "THREE NONE\n"
        session = first.session
    with visitor.connect(server.port, "one.test", session=session) as second:
        answer = second.request("/")
        assert answer.status == 200 if not second.resumed else answer.status in REFUSED


def test_handshakes_that_are_rejected(nginx: Start, pki: Pki) -> None:
    server = nginx(
        """
        server { listen 127.0.0.1:@PORT@ ssl default_server; ssl_reject_handshake on; }
        server {
            listen 127.0.0.1:@PORT@ ssl;
            server_name one.test;
            clientcert on;
            clientcert_mode require;
            clientcert_ca @PKI@/root.crt;
            location / { return 200 "ONE $ssl_client_verify\n"; }
        }
        """
    )
    assert curl(pki, server.port, "/", "good", host="one.test").body == "ONE SUCCESS\n"
    assert curl(pki, server.port, "/", host="one.test").status == 400
    rejected = s_client(pki, server.port, "/", "good", server_name="two.test")
    assert rejected.alert == "unrecognized_name"


def test_a_host_without_a_certificate_of_its_own(nginx: Start, pki: Pki) -> None:
    """nginx serves it with what the first host has: its certificate, and its rules for clients."""
    server = nginx(
        """
        ssl_verify_client optional;
        ssl_client_certificate @PKI@/root.crt;
        clientcert on;
        server {
            listen 127.0.0.1:@PORT@ ssl http2;
            server_name one.test;
            ssl_certificate @PKI@/site.crt;
            ssl_certificate_key @PKI@/site.key;
            return 200 "ONE\n";
        }
        server {
            listen 127.0.0.1:@PORT@;
            server_name two.test;
            location / { return 200 "TWO $ssl_client_verify\n"; }
            location /verified { clientcert_require verified; return 200 "TWO in\n"; }
        }
        """,
        CERTIFICATE="",
    )
    for http in ["1.1", "2"]:
        assert curl(pki, server.port, host="two.test", http=http).body == "TWO NONE\n"
        good = curl(pki, server.port, "/", "good", host="two.test", http=http)
        assert good.body == "TWO SUCCESS\n"
        assert curl(pki, server.port, "/", "expired", host="two.test", http=http).status == 400
        assert curl(pki, server.port, "/verified", host="two.test", http=http).status == 403
        good = curl(pki, server.port, "/verified", "good", host="two.test", http=http)
        assert good.body == "TWO in\n"


def test_beside_a_host_that_nginx_verifies(nginx: Start, pki: Pki) -> None:
    """Each goes by its own: also when sessions come back, and when they are offered to the other."""
    server = nginx(
        """
        server {
            listen 127.0.0.1:@PORT@ ssl http2 default_server;
            server_name one.test;
            clientcert on;
            clientcert_mode optional;
            clientcert_ca @PKI@/root.crt;
            location / { clientcert_require verified; return 200 "ONE $ssl_session_reused\n"; }
        }
        server {
            listen 127.0.0.1:@PORT@ ssl http2;
            server_name two.test;
            ssl_verify_client on;
            ssl_client_certificate @PKI@/stranger.crt;
            location / { return 200 "TWO $ssl_client_verify $ssl_session_reused\n"; }
        }
        """
    )
    homes = {"one.test": ("good", "elsewhere"), "two.test": ("elsewhere", "good")}
    for home, other in [("one.test", "two.test"), ("two.test", "one.test")]:
        guest, stranger = homes[home]
        for tls in ["1.2", "1.3"]:
            visitor = Client(pki, guest, tls=tls)
            with visitor.connect(server.port, home) as first:
                answer = first.request("/")
                assert answer.status == 200 and answer.body.endswith(".\n"), answer
                session = first.session
            with visitor.connect(server.port, home, session=session) as again:
                answer = again.request("/")
                assert answer.status == 200 and answer.body.endswith(" r\n"), answer
            with visitor.connect(server.port, other, session=session) as elsewhere:
                assert elsewhere.request("/").status in REFUSED, (home, tls)
            with visitor.connect(server.port, home) as connection:
                assert connection.request("/", host=other).status in REFUSED
            answer = curl(pki, server.port, "/", stranger, tls=tls, host=home)
            assert answer.status == 400, (home, tls)
