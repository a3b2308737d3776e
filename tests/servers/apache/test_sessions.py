"""Resumed sessions: the client is judged again, and by the rules of now."""

from pathlib import Path

import pytest

from apache.conftest import Start, host, leave
from apache.test_revocation import write_crls
from support.clients import Client, s_client
from support.pki import Pki
from support.server import eventually

SITE = host(
    "PORT",
    "ClientCert On",
    "ClientCertOption mode optional",
    "ClientCertOption ca @PKI@/root.crt",
    "ClientCertOption crl @CRL@",
    "ClientCertRefresh 1",
    "SSLOptions +StdEnvVars",
    "<Location /private>",
    "    ClientCertRequire verified",
    "</Location>",
)

# How a session is kept: by the version of TLS, and in a ticket or in the server's cache.
WAYS = [("1.3", True), ("1.2", True), ("1.2", False)]


@pytest.mark.parametrize(("tls", "tickets"), WAYS)
def test_a_session_is_resumed_with_its_verdict(
    apache: Start, pki: Pki, tmp_path: Path, tls: str, tickets: bool
) -> None:
    server = apache(SITE, CRL=write_crls(pki, tmp_path / "all.crl", "revoked"))
    for client, user in [("good", "alice"), ("chain", "bob"), (None, None)]:
        visitor = Client(pki, client, tls=tls, tickets=tickets)
        with visitor.connect(server.port) as first:
            assert "SSL_SESSION_RESUMED=Initial\n" in first.request("/cgi").body
            session = leave(first)
        for _ in range(4):
            with visitor.connect(server.port, session=session) as again:
                # A session is not kept where somebody was refused.
                if user is not None:
                    assert again.request("/private/").body == "private\n"
                page = again.request("/cgi").body
                assert again.resumed
                session = leave(again)
            assert "SSL_SESSION_RESUMED=Resumed\n" in page
            verify = "NONE" if user is None else "SUCCESS"
            assert f"CLIENTCERT_OUTCOME={verify}\n" in page
            assert f"SSL_CLIENT_VERIFY={verify}\n" in page
            assert user is None or f"CLIENTCERT_SUBJECT=CN={user},O=Example\n" in page


@pytest.mark.parametrize(("tls", "tickets"), WAYS)
def test_a_revoked_client_does_not_come_back(
    apache: Start, pki: Pki, tmp_path: Path, tls: str, tickets: bool
) -> None:
    crl = write_crls(pki, tmp_path / "all.crl")
    server = apache(SITE, CRL=crl)
    visitor = Client(pki, "revoked", tls=tls, tickets=tickets)
    with visitor.connect(server.port) as first:
        assert first.request("/private/").body == "private\n"
        session = leave(first)
    write_crls(pki, crl, "revoked", number=2)
    stranger = Client(pki, "revoked")
    eventually(
        lambda: all(stranger.get(server.port).status == 403 for _ in range(6)), "it is revoked"
    )
    for path in ["/private/", "/", "/private/"]:
        with visitor.connect(server.port, session=session) as again:
            assert again.request(path).status == 403


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_a_refused_session_ends_in_a_full_handshake(
    apache: Start, pki: Pki, tmp_path: Path, tls: str
) -> None:
    crl = write_crls(pki, tmp_path / "all.crl")
    session = tmp_path / "session"
    server = apache(SITE, CRL=crl)
    s_client(pki, server.port, "/", "revoked", tls=tls, session_out=session)
    assert s_client(pki, server.port, "/", "revoked", tls=tls, session_in=session).resumed
    write_crls(pki, crl, "revoked", number=2)
    stranger = Client(pki, "revoked")
    eventually(
        lambda: all(stranger.get(server.port).status == 403 for _ in range(6)), "it is revoked"
    )
    again = s_client(pki, server.port, "/", "revoked", tls=tls, session_in=session)
    assert not again.resumed
    assert "403 Forbidden" in again.output


@pytest.mark.parametrize(("tls", "tickets"), WAYS)
def test_a_policy_that_changed_makes_sessions_foreign(
    apache: Start, pki: Pki, tmp_path: Path, tls: str, tickets: bool
) -> None:
    server = apache(SITE, CRL=write_crls(pki, tmp_path / "all.crl"))
    visitor = Client(pki, "good", tls=tls, tickets=tickets)
    with visitor.connect(server.port) as first:
        assert first.request("/private/").body == "private\n"
        session = leave(first)
    server.configure(
        SITE.replace("root.crt", "stranger.crt").replace("    ClientCertOption crl @CRL@\n", "")
    )
    server.graceful()
    eventually(lambda: visitor.get(server.port).status == 403, "the policy is new")
    with visitor.connect(server.port, session=session) as again:
        assert again.request("/private/").status == 403


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_sessions_survive_with_one_key(apache: Start, pki: Pki, tmp_path: Path, tls: str) -> None:
    """The records of sessions are sealed with `session_key`, and tickets with mod_ssl's own."""
    (tmp_path / "session.key").write_bytes(bytes(range(80)))
    (tmp_path / "ticket.key").write_bytes(bytes(range(48)))
    for name in ["session.key", "ticket.key"]:
        (tmp_path / name).chmod(0o640)
    more = (
        f"SSLEngine on\n    ClientCertOption session_key {tmp_path}/session.key\n"
        f"    SSLSessionTicketKeyFile {tmp_path}/ticket.key"
    )
    server = apache(SITE.replace("SSLEngine on", more), CRL=write_crls(pki, tmp_path / "all.crl"))
    visitor = Client(pki, "good", tls=tls)
    with visitor.connect(server.port) as first:
        assert first.request("/private/").body == "private\n"
        session = leave(first)
    server.graceful()
    with visitor.connect(server.port, session=session) as again:
        assert again.request("/private/").body == "private\n"
        assert again.resumed


def test_resumption_switched_off(apache: Start, pki: Pki, tmp_path: Path) -> None:
    off = "SSLEngine on\n    SSLSessionTickets off"
    server = apache(
        SITE.replace("SSLEngine on", off),
        CRL=write_crls(pki, tmp_path / "all.crl"),
        CACHE="none",
    )
    for tls in ["1.2", "1.3"]:
        session = tmp_path / tls
        s_client(pki, server.port, "/", "good", tls=tls, session_out=session)
        if session.exists():
            again = s_client(pki, server.port, "/", "good", tls=tls, session_in=session)
            assert not again.resumed
