"""Handshakes: what CPython's ssl and pyOpenSSL let a server do, with real clients on real sockets."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Optional

import pytest
from conftest import PKI
from OpenSSL import SSL

import clientcert
from clientcert import Config, Late, Outcome, Verdict, Verifier, pyopenssl, tls

TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def made(pki: PKI, **options: Any) -> Verifier:
    return Verifier(
        Config(**{"mode": "optional", "ca": pki.root, "identity": "subject.CN", **options})
    )


class Server:
    """Accepts connections on a loopback port, one after the other, and keeps what `serve` makes of each."""

    def __init__(self, serve: Callable[[socket.socket], Any], connections: int = 1) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(30)
        self.address = self._listener.getsockname()
        self.served: list[Any] = []
        self._thread = threading.Thread(target=self._run, args=(serve, connections))
        self._thread.start()

    def _run(self, serve: Callable[[socket.socket], Any], connections: int) -> None:
        for _ in range(connections):
            connection, _ = self._listener.accept()
            connection.settimeout(30)
            try:
                self.served.append(serve(connection))
            except Exception as error:
                self.served.append(error)
            finally:
                connection.close()

    def results(self) -> list[Any]:
        self._thread.join(60)
        self._listener.close()
        return self.served


def client_context(pki: PKI, client: Optional[str], version: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(pki.root))
    context.minimum_version = context.maximum_version = version
    context.post_handshake_auth = True
    if client is not None:
        context.load_cert_chain(pki.path(f"{client}.pem"))
    return context


def visit(
    server: Server,
    context: ssl.SSLContext,
    session: Optional[ssl.SSLSession] = None,
    send: bytes = b"hello",
) -> tuple[Optional[ssl.SSLSession], bytes]:
    """Visits a server: the session, and what it said."""
    with socket.create_connection(server.address, timeout=30) as connection:
        try:
            with context.wrap_socket(
                connection, server_hostname="localhost", session=session
            ) as secured:
                secured.sendall(send)
                said = secured.recv(100)
                session = secured.session
                with suppress(OSError):
                    secured.unwrap()
                return session, said
        except OSError:
            return None, b""


def served_by(context: ssl.SSLContext, verifier: Verifier) -> Callable[[socket.socket], Any]:
    def serve(connection: socket.socket) -> Any:
        with context.wrap_socket(connection, server_side=True) as secured:
            verdict = tls.verify(verifier, secured)
            secured.recv(100)
            secured.sendall(verdict.outcome.name.encode())
            reused, fields = bool(secured.session_reused), tls.connection_fields(secured)
            with suppress(OSError):
                # An orderly end keeps the session.
                secured.unwrap()
            return verdict, reused, fields

    return serve


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
@pytest.mark.parametrize(
    ("client", "expected"),
    [
        (None, "NONE"),
        ("good", "SUCCESS"),
        ("chain", "SUCCESS"),
        ("old", "SUCCESS"),
        ("expired", "certificate_expired"),
        ("future", "certificate_not_yet_valid"),
        ("chain-cut", "alert"),
        ("elsewhere", "alert"),
        ("purpose", "alert"),
        ("self", "alert"),
    ],
)
def test_cpython_leaves_what_it_can_to_the_verdict(
    pki: PKI, client: Optional[str], version: ssl.TLSVersion, expected: str
) -> None:
    verifier = made(pki)
    context = tls.server_context(
        verifier, pki.path("server.crt"), pki.path("server.key"), ca=pki.root
    )
    server = Server(served_by(context, verifier))
    visit(server, client_context(pki, client, version))
    (result,) = server.results()
    if expected == "alert":
        assert isinstance(result, ssl.SSLError)
        return
    verdict, _, fields = result
    assert (verdict.reason.name if verdict.reason else verdict.outcome.name) == expected
    assert fields["tls_version"] == {TLS_1_2: "TLSv1.2", TLS_1_3: "TLSv1.3"}[version]
    if client is not None:
        # The client adds the CAs that it trusts itself.
        presented = pki.chain(client)
        assert list(verdict.certificates)[: len(presented)] == presented


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
@pytest.mark.parametrize("tickets", [False, True])
def test_a_client_whose_session_is_resumed_is_verified_again(
    pki: PKI, version: ssl.TLSVersion, tickets: bool
) -> None:
    verifier = made(pki)
    context = tls.server_context(
        verifier, pki.path("server.crt"), pki.path("server.key"), ca=pki.root
    )
    if tickets:
        # As a server would have it that undoes what `install` does.
        context.options &= ~ssl.OP_NO_TICKET
        context.num_tickets = 2
    server = Server(served_by(context, verifier), 2)
    visitor = client_context(pki, "chain", version)
    session, _ = visit(server, visitor)
    visit(server, visitor, session)
    (first, was_reused, _), (second, reused, fields) = server.results()
    assert first.verified
    assert not was_reused
    assert fields["resumed"] == reused == (tickets or version is TLS_1_2)
    if tickets:
        # A ticket forgets the certificates above the client's own: that ends as no identity, never as another.
        assert second.reason.name == "leaf_issuer_unknown"
    else:
        assert second.verified


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"mode": "off"}, (ssl.CERT_NONE, False)),
        ({"mode": "optional"}, (ssl.CERT_OPTIONAL, False)),
        ({"mode": "require"}, (ssl.CERT_OPTIONAL, False)),
        ({"mode": "require", "enforcement": "handshake"}, (ssl.CERT_REQUIRED, False)),
        ({"mode": "deferred"}, (ssl.CERT_OPTIONAL, True)),
    ],
)
def test_a_context_asks_as_the_policy_says(
    pki: PKI, options: dict[str, Any], expected: tuple[Any, bool]
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.install(context, made(pki, **options), ca=pki.root)
    assert (context.verify_mode, context.post_handshake_auth) == expected
    assert context.num_tickets == 0
    assert context.options & ssl.OP_NO_TICKET


def test_a_context_without_a_ca_would_refuse_everybody(pki: PKI) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with pytest.raises(ValueError, match="no CA"):
        tls.install(context, made(pki))
    tls.install(context, made(pki, mode="off"))
    sources: list[Any] = [
        pki.root.read_bytes(),
        pki.der("root"),
        [str(pki.root), pki.path("stranger.crt")],
    ]
    for source in sources:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.install(context, made(pki), ca=source)
        assert context.cert_store_stats()["x509"] >= 1


def test_an_intermediate_ca_may_be_pinned(pki: PKI) -> None:
    verifier = made(pki, ca=pki.path("intermediate.crt"))
    context = tls.server_context(
        verifier, pki.path("server.crt"), pki.path("server.key"), ca=pki.path("intermediate.crt")
    )
    server = Server(served_by(context, verifier))
    visit(server, client_context(pki, "chain-cut", TLS_1_3))
    ((verdict, _, _),) = server.results()
    assert verdict.user == "bob"


def asking(
    context: ssl.SSLContext, verifier: Verifier, **options: Any
) -> Callable[[socket.socket], Any]:
    def serve(connection: socket.socket) -> Any:
        with context.wrap_socket(connection, server_side=True) as secured:
            before = tls.verify(verifier, secured)
            secured.recv(5)
            answers = [tls.ask_post_handshake(secured, verifier, **options)]
            if answers[0].late is Late.ANSWERED:
                answers.append(tls.ask_post_handshake(secured, verifier, **options))
            secured.sendall(answers[0].verdict.outcome.name.encode())
            return before, answers

    return serve


@pytest.fixture
def deferred(pki: PKI) -> tuple[Verifier, ssl.SSLContext]:
    verifier = made(pki, mode="deferred")
    return verifier, tls.server_context(
        verifier, pki.path("server.crt"), pki.path("server.key"), ca=pki.root
    )


@pytest.mark.parametrize(
    ("client", "late", "outcome"),
    [
        ("good", Late.ANSWERED, Outcome.SUCCESS),
        ("chain", Late.ANSWERED, Outcome.SUCCESS),
        ("expired", Late.ANSWERED, Outcome.FAILED),
        (None, Late.DECLINED, Outcome.NONE),
    ],
)
def test_a_client_is_asked_after_the_handshake(
    pki: PKI,
    deferred: tuple[Verifier, ssl.SSLContext],
    client: Optional[str],
    late: Late,
    outcome: Outcome,
) -> None:
    verifier, context = deferred
    # Patience beyond the time limit of a test: nobody waits for its end.
    server = Server(asking(context, verifier, timeout=3600))
    _, said = visit(server, client_context(pki, client, TLS_1_3), send=b"hello, and a body")
    ((before, answers),) = server.results()
    assert before.outcome is Outcome.NONE
    assert [(answer.late, answer.verdict.outcome) for answer in answers] == [(late, outcome)] * len(
        answers
    )
    # Whoever was asked before is asked again, and answers again.
    assert len(answers) == (2 if client else 1)
    assert answers[0].early in (b"", b", and a body")
    assert said == outcome.name.encode()


def test_a_bad_certificate_after_the_handshake_is_an_error(
    pki: PKI, deferred: tuple[Verifier, ssl.SSLContext]
) -> None:
    verifier, context = deferred
    server = Server(asking(context, verifier))
    visit(server, client_context(pki, "elsewhere", TLS_1_3))
    (result,) = server.results()
    assert isinstance(result, ssl.SSLError)


def test_a_client_that_did_not_offer_it_is_not_asked(
    pki: PKI, deferred: tuple[Verifier, ssl.SSLContext]
) -> None:
    verifier, context = deferred
    server = Server(asking(context, verifier))
    visitor = client_context(pki, "good", TLS_1_3)
    visitor.post_handshake_auth = False
    _, said = visit(server, visitor)
    ((_, (answer,)),) = server.results()
    assert (answer.late, answer.verdict.outcome, answer.early) == (
        Late.NOT_ASKED,
        Outcome.NONE,
        b"",
    )
    assert said == b"NONE", "the connection goes on"


def test_a_client_that_says_nothing_or_too_much_times_out(
    pki: PKI, deferred: tuple[Verifier, ssl.SSLContext]
) -> None:
    verifier, context = deferred
    for options, extra in (({"timeout": 0.3}, b""), ({"limit": 1000}, b"x" * 20_000)):
        server = Server(asking(context, verifier, **options))
        with socket.create_connection(server.address, timeout=30) as connection:
            visitor = client_context(pki, "good", TLS_1_3)
            # It never reads, so it never sees the question.
            secured = visitor.wrap_socket(connection, server_hostname="localhost")
            secured.sendall(b"hello" + extra)
            ((_, (answer,)),) = server.results()
            secured.close()
        assert (answer.late, answer.verdict.outcome) == (Late.TIMED_OUT, Outcome.NONE)
        assert len(answer.early) >= min(len(extra), 1000)


def test_a_client_that_goes_away_is_an_error(
    pki: PKI, deferred: tuple[Verifier, ssl.SSLContext]
) -> None:
    verifier, context = deferred
    server = Server(asking(context, verifier))
    with socket.create_connection(server.address, timeout=30) as connection:
        secured = client_context(pki, "good", TLS_1_3).wrap_socket(
            connection, server_hostname="localhost"
        )
        secured.sendall(b"hello")
        secured.close()
    (result,) = server.results()
    assert isinstance(result, OSError)


def test_an_old_certificate_does_not_pass_for_an_answer(pki: PKI) -> None:
    """Where nobody counts the messages of the handshake, a certificate that is there already proves nothing new."""
    verifier = made(pki)
    context = tls.server_context(
        verifier, pki.path("server.crt"), pki.path("server.key"), ca=pki.root
    )
    server = Server(asking(context, verifier))
    visit(server, client_context(pki, "good", TLS_1_3))
    ((before, (answer,)),) = server.results()
    assert before.verified
    assert answer.late is Late.NOT_ASKED


def test_curl_is_told_apart(pki: PKI) -> None:
    verifier = made(pki)
    context = tls.server_context(
        verifier, pki.path("server.crt"), pki.path("server.key"), ca=pki.root
    )

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            decision = verifier.decide(
                tls.verify(verifier, secured), clientcert.Request(method="GET")
            )
            secured.recv(10_000)
            page = decision.body() or f"hello {decision.verdict.user}\n".encode()
            head = f"HTTP/1.1 {decision.status or 200} x\r\nContent-Length: {len(page)}\r\nConnection: close\r\n\r\n"
            secured.sendall(head.encode() + page)

    clients: list[Optional[str]] = ["good", "expired", None]
    server = Server(serve, len(clients))
    said = []
    for client in clients:
        command = ["curl", "-sS", "-w", "%{http_code}", "--cacert", str(pki.root)]
        command += ["--cert", str(pki.path(f"{client}.pem"))] if client else []
        url = f"https://localhost:{server.address[1]}/"
        resolve = ["--resolve", f"localhost:{server.address[1]}:127.0.0.1"]
        said.append(
            subprocess.run([*command, *resolve, url], capture_output=True, text=True).stdout
        )
    assert server.results() == [None] * len(clients)
    assert said[0] == "hello alice\n200"
    assert "expired" in said[1]
    assert [text[-3:] for text in said] == ["200", "403", "403"]


def with_pyopenssl(
    pki: PKI, verifier: Verifier
) -> tuple[SSL.Context, Callable[[socket.socket], Verdict]]:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_chain_file(pki.path("server.crt"))
    context.use_privatekey_file(pki.path("server.key"))
    pyopenssl.install(context, verifier, ca_names=pki.root)

    def serve(connection: socket.socket) -> Verdict:
        connection.settimeout(None)
        secured = SSL.Connection(context, connection)
        secured.set_accept_state()
        secured.do_handshake()
        verdict = pyopenssl.verify(verifier, secured)
        secured.recv(100)
        secured.sendall(verdict.outcome.name.encode())
        secured.shutdown()
        return verdict

    return context, serve


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
@pytest.mark.parametrize(
    ("client", "expected"),
    [
        (None, "NONE"),
        ("good", "SUCCESS"),
        ("chain", "SUCCESS"),
        ("expired", "certificate_expired"),
        ("elsewhere", "leaf_issuer_unknown"),
        ("self", "self_signed"),
        ("purpose", "extended_key_usage"),
    ],
)
def test_pyopenssl_leaves_all_to_the_verdict(
    pki: PKI, client: Optional[str], version: ssl.TLSVersion, expected: str
) -> None:
    _, serve = with_pyopenssl(pki, made(pki, mode="optional_no_ca"))
    server = Server(serve)
    _, said = visit(server, client_context(pki, client, version))
    (verdict,) = server.results()
    assert isinstance(verdict, Verdict)
    assert (verdict.reason.name if verdict.reason else verdict.outcome.name) == expected
    assert said == verdict.outcome.name.encode()
    if client is not None:
        presented = pki.chain(client)
        assert list(verdict.certificates)[: len(presented)] == presented


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_pyopenssl_resumes_no_session(pki: PKI, version: ssl.TLSVersion) -> None:
    _, serve = with_pyopenssl(pki, made(pki))
    server = Server(serve, 2)
    visitor = client_context(pki, "chain", version)
    session, _ = visit(server, visitor)
    visit(server, visitor, session)
    assert [verdict.verified for verdict in server.results()] == [True, True]


def test_pyopenssl_names_the_cas_to_clients(pki: PKI) -> None:
    _, serve = with_pyopenssl(pki, made(pki))
    server = Server(serve)
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.address[1]}"]
    done = subprocess.run(command, input=b"hello\n", capture_output=True, timeout=60)
    server.results()
    assert b"Acceptable client certificate CA names\nO = Example, CN = Example Root" in done.stdout


def test_pyopenssl_cannot_ask_later(pki: PKI) -> None:
    with pytest.raises(ValueError, match="after the handshake"):
        pyopenssl.install(SSL.Context(SSL.TLS_SERVER_METHOD), made(pki, mode="deferred"))
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    pyopenssl.install(context, made(pki, enforcement="handshake", mode="require"))
    assert context.get_verify_mode() == SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT
    pyopenssl.install(context, made(pki, mode="off"))
    assert context.get_verify_mode() == SSL.VERIFY_NONE
