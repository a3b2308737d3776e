"""Certificates that a location asks for after the handshake (RFC 8446 section 4.6.2)."""

import time
from http.client import HTTPException

import pytest

from nginx.conftest import Start
from nginx.server import Nginx
from support.clients import Answer, Client, curl
from support.pki import Pki

JSON = [("Accept", "application/json")]


@pytest.fixture(scope="module")
def server(shared_nginx: Start, lists: None) -> Nginx:
    def host(port: str, options: str) -> str:
        return f"""
        server {{
            listen 127.0.0.1:@{port}@ ssl http2;
            clientcert on;
            clientcert_ca @PKI@/root.crt;
            clientcert_crl @PKI@/late.crl;
            clientcert_identity "subject.cn lower";
            clientcert_mode deferred;
            client_header_timeout 1s;
            {options}
            location / {{ return 200 "in\\n"; }}
            location /user {{ clientcert_require user; return 200 "$clientcert_user $ssl_client_verify\\n"; }}
            location /any {{ satisfy any; allow all; clientcert_require user; proxy_pass http://127.0.0.1:@BACKEND@; }}
            location /other {{ clientcert_require user frank; return 200 "in\\n"; }}
        }}
        """

    return shared_nginx(
        host("PORT", "clientcert_option late_request attribute;") + host("PORT_RESEND", "")
    )


@pytest.fixture(scope="module")
def lists(pki: Pki) -> None:
    pki.write_crls(pki.root.parent / "late.crl", "revoked")


def asked(pki: Pki, name: str | None) -> Client:
    """A client of TLS 1.3 that can be asked later."""
    client = Client(pki, name)
    client.context.post_handshake_auth = True
    return client


def cause(answer: Answer) -> str:
    assert answer.body, answer
    return str(answer.json()["cause"])


def test_a_client_is_asked_where_it_is_required(server: Nginx, pki: Pki) -> None:
    with asked(pki, "good").connect(server.port) as connection:
        assert connection.request("/").status == 200
        for path in ["/user", "/user", "/any"]:
            answer = connection.request(path)
            assert answer.status == 200, answer
        assert connection.request("/user").body == "alice SUCCESS\n"
        refused = connection.request("/other", headers=JSON)
        assert (refused.status, cause(refused)) == (403, "user_not_allowed")


def test_curl_is_asked(server: Nginx, pki: Pki) -> None:
    assert curl(pki, server.port, "/user", "good", tls="1.3", http="1.1").status == 200


def test_the_first_request_of_a_connection_may_ask(server: Nginx, pki: Pki) -> None:
    assert asked(pki, "good").get(server.port, "/user").body == "alice SUCCESS\n"


def test_what_was_sent_before_is_sent_again(server: Nginx, pki: Pki) -> None:
    port = server.port_of("resend")
    with asked(pki, "good").connect(port) as connection:
        answer = connection.request("/user?a=b")
        assert (answer.status, answer.header("location")) == (307, "/user?a=b")
        assert connection.request("/user?a=b").status == 200


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        (None, "late_declined"),
        ("expired", "certificate_expired"),
        ("revoked", "certificate_revoked"),
        ("elsewhere", "leaf_issuer_unknown"),
    ],
)
def test_an_answer_that_is_not_enough(
    server: Nginx, pki: Pki, client: str | None, expected: str
) -> None:
    with asked(pki, client).connect(server.port) as connection:
        answer = connection.request("/user", headers=JSON)
        assert (answer.status, cause(answer)) == (403, expected)
    assert curl(pki, server.port, "/").status == 200


def test_nobody_is_asked_twice(server: Nginx, pki: Pki) -> None:
    with asked(pki, None).connect(server.port) as connection:
        for _ in range(2):
            answer = connection.request("/user", headers=JSON)
            assert (answer.status, cause(answer)) == (403, "late_declined")
        assert connection.request("/").status == 200


def test_a_client_that_does_not_answer(server: Nginx, pki: Pki) -> None:
    with asked(pki, "good").connect_raw(server.port) as tls:
        # Nothing is read before the time is over, so OpenSSL does not see the question.
        tls.sendall(b"GET /user HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(2)
        answer = tls.recv(65536)
    assert answer.startswith(b"HTTP/1.1 408"), answer


def test_a_client_that_goes_away(server: Nginx, pki: Pki) -> None:
    for _ in range(20):
        tls = asked(pki, "good").connect_raw(server.port)
        tls.sendall(b"GET /user HTTP/1.1\r\nHost: localhost\r\n\r\n")
        tls.close()
    assert asked(pki, "good").get(server.port, "/user").status == 200


@pytest.mark.parametrize(
    ("tls", "http"),
    [("1.2", "1.1"), ("1.2", "2"), ("1.3", "2")],
)
def test_who_cannot_be_asked(server: Nginx, pki: Pki, tls: str, http: str) -> None:
    assert curl(pki, server.port, "/", "good", tls=tls, http=http).status == 200
    answer = curl(pki, server.port, "/user", "good", tls=tls, http=http, headers=JSON)
    assert (answer.status, cause(answer)) == (403, "late_certificate_impossible")


def test_a_client_that_offered_nothing(server: Nginx, pki: Pki) -> None:
    with Client(pki, "good").connect(server.port) as connection:
        for _ in range(2):
            answer = connection.request("/user", headers=JSON)
            assert (answer.status, cause(answer)) == (403, "late_certificate_impossible")


def test_a_body_is_not_taken_for_an_answer(server: Nginx, pki: Pki) -> None:
    with asked(pki, "good").connect(server.port) as connection:
        answer = connection.request("/user", method="POST", body=b"x" * 4096, headers=JSON)
        assert (answer.status, cause(answer)) == (403, "late_certificate_impossible")


def test_requests_that_do_not_wait(server: Nginx, pki: Pki) -> None:
    """Two requests at once: the second one stands where the answer is expected."""
    with asked(pki, "good").connect_raw(server.port) as tls:
        tls.sendall(b"GET /user HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2)
        answer = tls.recv(65536)
    assert answer.startswith(b"HTTP/1.1 403"), answer


def test_sessions_remember_who_answered(server: Nginx, pki: Pki) -> None:
    client = asked(pki, "good")
    with client.connect(server.port) as connection:
        assert connection.request("/user").status == 200
        assert connection.request("/user").status == 200
        session = connection.session
    try:
        with client.connect(server.port, session=session) as connection:
            assert connection.request("/user").body == "alice SUCCESS\n"
    except HTTPException as error:
        pytest.fail(str(error))
