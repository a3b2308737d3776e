"""Certificates that a location asks for after the handshake (RFC 8446 section 4.6.2)."""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Self, TypeVar

import pytest

from nginx.conftest import Start
from nginx.server import Nginx
from support.clients import Answer, Client, curl, unique_path
from support.pki import Pki
from support.project import HOST

T = TypeVar("T")
JSON = [("Accept", "application/json")]


@pytest.fixture(scope="module")
def server(shared_nginx: Start, lists: None, tmp_path_factory: pytest.TempPathFactory) -> Nginx:
    site = tmp_path_factory.mktemp("site")
    (site / "large").mkdir()
    (site / "large" / "file").write_bytes(b"." * 1_000_000)

    def host(port: str, options: str, listen: str = "http2") -> str:
        return f"""
        server {{
            listen 127.0.0.1:@{port}@ ssl {listen};
            clientcert on;
            clientcert_ca @PKI@/root.crt;
            clientcert_crl @PKI@/late.crl;
            clientcert_identity "subject.cn lower";
            clientcert_mode deferred;
            client_header_timeout 1s;
            {options}
            location / {{ return 200 "in\\n"; }}
            location /large {{ root {site}; }}
            location /user {{ clientcert_require user; return 200 "$clientcert_user $ssl_client_verify\\n"; }}
            location /any {{ satisfy any; allow all; clientcert_require user; proxy_pass http://127.0.0.1:@BACKEND@; }}
            location /other {{ clientcert_require user frank; return 200 "in\\n"; }}
        }}
        """

    attribute = "clientcert_option late_request attribute;"
    return shared_nginx(
        host("PORT", attribute)
        + host("PORT_RESEND", "")
        + host("PORT_SMALL", attribute, "sndbuf=16k")
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


class Manual:
    """A client of TLS 1.3 whose bytes a test carries to the server itself."""

    def __init__(self, pki: Pki, port: int, name: str = "good") -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = asked(pki, name).context.wrap_bio(
            self._incoming, self._outgoing, server_hostname="localhost"
        )
        self.socket = socket.create_connection((HOST, port), timeout=20)
        self._until(self._tls.do_handshake)

    def send(self, data: bytes) -> None:
        self._tls.write(data)
        self.socket.sendall(self._outgoing.read())

    def answer(self) -> bytes:
        """The bytes that answer the server's question, once that has come."""
        while not self._outgoing.pending:
            self._incoming.write(self._received())
            with contextlib.suppress(ssl.SSLWantReadError):
                self._tls.read()
        return self._outgoing.read()

    def read(self) -> bytes:
        return self._until(lambda: self._tls.read(65536))

    def _until(self, call: Callable[[], T]) -> T:
        while True:
            try:
                return call()
            except ssl.SSLWantReadError:
                if self._outgoing.pending:
                    self.socket.sendall(self._outgoing.read())
                self._incoming.write(self._received())
            finally:
                if self._outgoing.pending:
                    self.socket.sendall(self._outgoing.read())

    def _received(self) -> bytes:
        data = self.socket.recv(65536)
        assert data, "the server ended the connection"
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def question(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def test_an_answer_in_pieces(server: Nginx, pki: Pki) -> None:
    with Manual(pki, server.port) as client:
        client.send(question("/user"))
        answer = client.answer()
        for start in range(0, len(answer), 100):
            client.socket.sendall(answer[start : start + 100])
            time.sleep(0.02)
        assert client.read().endswith(b"alice SUCCESS\n")


@pytest.mark.parametrize(
    ("kept", "more", "status"),
    [(0, 200, "499"), (-60, 200, "499"), (-60, 20, "408")],
    ids=["broken behind it", "broken in it", "unfinished"],
)
def test_an_answer_that_breaks_off(
    server: Nginx, pki: Pki, kept: int, more: int, status: str
) -> None:
    """Nobody is answered: nothing can be written on such a connection."""
    path = f"/user?{unique_path()[1:]}"
    with Manual(pki, server.port) as client:
        client.send(question(path))
        answer = client.answer()
        garbage = b"\x17\x03\x03\x00\x20" + bytes(more)
        client.socket.sendall(answer[: kept or len(answer)] + garbage)
        assert server.facts(path).status == status
    assert asked(pki, "good").get(server.port, "/user").status == 200


def test_a_question_that_does_not_fit(server: Nginx, pki: Pki) -> None:
    """A client that does not read what it asked for: at some size the question fills the socket."""
    port = server.port_of("small")
    for size in range(80000, 160000, 2000):
        with socket.socket() as plain:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            plain.settimeout(20)
            plain.connect((HOST, port))
            with asked(pki, "good").context.wrap_socket(plain, server_hostname="localhost") as tls:
                tls.sendall(
                    f"GET /large/file HTTP/1.1\r\nHost: localhost\r\nRange: bytes=1-{size}\r\n\r\n".encode()
                )
                time.sleep(0.05)
                tls.sendall(question("/user"))
                time.sleep(0.05)
                received = b""
                while b"HTTP/1.1" not in received[20:] or not received.endswith(b"\n"):
                    data = tls.recv(65536)
                    assert data, (size, received[-200:])
                    received += data
        assert received.endswith(b"alice SUCCESS\n"), (size, received[-400:])
