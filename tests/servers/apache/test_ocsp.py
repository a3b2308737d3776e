"""SSLOCSPEnable and the option `ocsp`: the module asks the responder, and the library judges what it says."""

import socket
import threading
from pathlib import Path

import pytest

from apache.conftest import Start, host, leave
from support.clients import Client, curl
from support.ocsp import Responder
from support.pki import Pki
from support.project import HOST

PRIVATE = ["<Location /private>", "    ClientCertRequire verified", "</Location>"]
THEIRS = host(
    "PORT",
    "ClientCert On",
    "SSLVerifyClient optional",
    "SSLCACertificateFile @PKI@/root.crt",
    "SSLOCSPEnable leaf",
    "SSLOCSPDefaultResponder @RESPONDER@",
    "SSLOCSPOverrideResponder On",
    "SSLOCSPResponderTimeout 2",
    *PRIVATE,
)
OURS = host(
    "PORT",
    "ClientCert On",
    "ClientCertOption mode optional",
    "ClientCertOption ca @PKI@/root.crt",
    "ClientCertOption ocsp leaf",
    "ClientCertOption ocsp_responder @RESPONDER@",
    *PRIVATE,
)


@pytest.mark.parametrize("site", [THEIRS, OURS], ids=["mod_ssl", "options"])
@pytest.mark.parametrize("tls", ["1.3", "1.2"])
def test_who_gets_in(apache: Start, pki: Pki, tmp_path: Path, tls: str, site: str) -> None:
    with Responder(pki, tmp_path, ["good"], ["revoked"]) as responder:
        server = apache(site, RESPONDER=responder.url)
        for http in ["1.1", "2"]:
            for _ in range(2):
                answer = curl(pki, server.port, "/private/", "good", tls=tls, http=http)
                assert answer.body == "private\n"
            for client in ["revoked", "frank", "expired", "elsewhere"]:
                answer = curl(pki, server.port, "/private/", client, tls=tls, http=http)
                assert answer.status == 403, client
            assert "revoked" in curl(pki, server.port, "/", "revoked", tls=tls, http=http).body
            assert curl(pki, server.port, "/", tls=tls, http=http).body == "public\n"


def test_a_responder_that_is_away_lets_nobody_in(apache: Start, pki: Pki) -> None:
    server = apache(
        THEIRS
        + host("PORT_ALLOW", *OURS.splitlines()[5:-1], "ClientCertOption ocsp_missing allow"),
        RESPONDER="http://127.0.0.1:9/",
    )
    assert curl(pki, server.port, "/private/", "good").status == 403
    assert "no answer from the OCSP responder http://127.0.0.1:9/" in server.log()
    assert curl(pki, server.port_of("allow"), "/private/", "good").body == "private\n"
    assert curl(pki, server.port_of("allow"), "/private/", "elsewhere").status == 403


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nnothing",
        b"HTTP/1.0 404 Not Found\r\n\r\nnothing",
        b"HTTP/1.0 200 OK\r\n\r\n" + b"\x30" * 100000,
        b"x" * 100000,
    ],
)
def test_nonsense_lets_nobody_in(apache: Start, pki: Pki, nonsense: bytes) -> None:
    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=answer_with, args=(listener, nonsense), daemon=True)
        thread.start()
        server = apache(THEIRS, RESPONDER=f"http://{HOST}:{listener.getsockname()[1]}/a?b")
        assert curl(pki, server.port, "/private/", "good").status == 403
        assert curl(pki, server.port, "/").body == "public\n"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def answer_with(listener: socket.socket, nonsense: bytes) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            assert connection.recv(65536).startswith(b"POST /a?b HTTP/1.0\r\n")
            try:
                connection.sendall(nonsense)
            except OSError:  # it has read enough
                continue


@pytest.mark.parametrize(("tls", "tickets"), [("1.3", True), ("1.2", True), ("1.2", False)])
def test_sessions(apache: Start, pki: Pki, tmp_path: Path, tls: str, tickets: bool) -> None:
    with Responder(pki, tmp_path, ["good"], []) as responder:
        server = apache(THEIRS, RESPONDER=responder.url)
        visitor = Client(pki, "good", tls=tls, tickets=tickets)
        session = None
        for _ in range(4):
            with visitor.connect(server.port, session=session) as connection:
                assert connection.request("/private/").body == "private\n"
                session = leave(connection)
