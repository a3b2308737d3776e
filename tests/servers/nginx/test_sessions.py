"""Resumed sessions: the client is judged again, and by the rules of now."""

from pathlib import Path

import pytest

from nginx.conftest import Start
from nginx.server import Nginx
from support.clients import Client, s_client
from support.pki import Pki
from support.server import eventually

SITE = """
    ssl_session_cache shared:sessions:1m;
    server {
        listen 127.0.0.1:@PORT@ ssl;
        clientcert on;
        clientcert_mode optional;
        clientcert_ca @PKI@/root.crt;
        clientcert_crl @CRL@;
        clientcert_refresh 1s;
        location / { return 200 "$ssl_client_verify $ssl_session_reused $clientcert_subject\\n"; }
        location /verified { clientcert_require verified; return 200 "in\\n"; }
    }
"""

# How a session is kept: by the version of TLS, and in a ticket or in the server's cache.
WAYS = [("1.3", True), ("1.2", True), ("1.2", False)]


@pytest.mark.parametrize(("tls", "tickets"), WAYS)
def test_a_session_is_resumed_with_its_verdict(
    nginx: Start, pki: Pki, tmp_path: Path, tls: str, tickets: bool
) -> None:
    crl = pki.write_crls(tmp_path / "all.crl", "revoked")
    server = nginx(SITE, CRL=crl, workers=2)
    for client, subject in [("good", "CN=alice"), ("chain", "CN=bob")]:
        visitor = Client(pki, client, tls=tls, tickets=tickets)
        with visitor.connect(server.port) as first:
            assert first.request("/").body == f"SUCCESS . {subject},O=Example\n"
            session = first.session
        for _ in range(4):
            with visitor.connect(server.port, session=session) as again:
                assert again.request("/").body == f"SUCCESS r {subject},O=Example\n"
                assert again.request("/verified").body == "in\n"
                assert again.resumed
                session = again.session


@pytest.mark.parametrize(("tls", "tickets"), WAYS)
def test_nobody_stays_nobody(
    nginx: Start, pki: Pki, tmp_path: Path, tls: str, tickets: bool
) -> None:
    server = nginx(SITE, CRL=pki.write_crls(tmp_path / "all.crl"))
    visitor = Client(pki, None, tls=tls, tickets=tickets)
    with visitor.connect(server.port) as first:
        assert first.request("/").body == "NONE . \n"
        session = first.session
    with visitor.connect(server.port, session=session) as again:
        assert again.request("/").body.startswith("NONE ")
        assert again.request("/verified").status == 403


@pytest.mark.parametrize(("tls", "tickets"), WAYS)
def test_a_revoked_client_does_not_come_back(
    nginx: Start, pki: Pki, tmp_path: Path, tls: str, tickets: bool
) -> None:
    crl = pki.write_crls(tmp_path / "all.crl")
    server = nginx(SITE, CRL=crl)
    visitor = Client(pki, "revoked", tls=tls, tickets=tickets)
    with visitor.connect(server.port) as first:
        assert first.request("/verified").body == "in\n"
        session = first.session
    pki.write_crls(crl, "revoked", number=2)
    eventually(
        lambda: Client(pki, "revoked").get(server.port).status == 400, "the revocation counts"
    )
    for path in ["/verified", "/"]:
        with visitor.connect(server.port, session=session) as again:
            assert again.request(path).status == 400


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_s_client_does_not_come_back_either(
    nginx: Start, pki: Pki, tmp_path: Path, tls: str
) -> None:
    crl = pki.write_crls(tmp_path / "all.crl")
    session = tmp_path / "session"
    server = nginx(SITE, CRL=crl)

    def come_back() -> tuple[bool, int]:
        seen = s_client(pki, server.port, "/verified", "revoked", tls=tls, session_in=session)
        return seen.resumed, seen.answer.status

    first = s_client(pki, server.port, "/verified", "revoked", tls=tls, session_out=session)
    assert first.answer.status == 200
    assert come_back() == (True, 200)
    pki.write_crls(crl, "revoked", number=2)
    eventually(
        lambda: Client(pki, "revoked").get(server.port).status == 400, "the revocation counts"
    )
    assert come_back() == (False, 400)


@pytest.mark.parametrize(("tls", "tickets"), WAYS)
def test_a_policy_that_changed_makes_sessions_foreign(
    nginx: Start, pki: Pki, tmp_path: Path, tls: str, tickets: bool
) -> None:
    server = nginx(SITE, CRL=pki.write_crls(tmp_path / "all.crl"))
    visitor = Client(pki, "good", tls=tls, tickets=tickets)
    with visitor.connect(server.port) as first:
        assert first.request("/verified").body == "in\n"
        session = first.session
    server.configure(SITE.replace("root.crt", "stranger.crt").replace("clientcert_crl @CRL@;", ""))
    server.reload()
    with visitor.connect(server.port, session=session) as again:
        assert again.request("/verified").status == 400


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_sessions_survive_a_reload_with_one_key(
    nginx: Start, pki: Pki, tmp_path: Path, tls: str
) -> None:
    """The records of sessions are sealed with `session_key`, and tickets with nginx's own."""
    for name, length in [("session.key", 80), ("ticket.key", 80)]:
        (tmp_path / name).write_bytes(bytes(range(length)))
        (tmp_path / name).chmod(0o600)
    configuration = SITE.replace(
        "clientcert on;",
        f"clientcert on; clientcert_option session_key {tmp_path}/session.key;"
        f"ssl_session_ticket_key {tmp_path}/ticket.key;",
    )
    server = nginx(configuration, CRL=pki.write_crls(tmp_path / "all.crl"))
    visitor = Client(pki, "good", tls=tls)
    with visitor.connect(server.port) as first:
        assert first.request("/").body.startswith("SUCCESS .")
        session = first.session
    server.reload()
    with visitor.connect(server.port, session=session) as again:
        assert again.request("/").body.startswith("SUCCESS r")


def test_resumption_switched_off(nginx: Start, pki: Pki, tmp_path: Path) -> None:
    server: Nginx = nginx(
        SITE.replace("shared:sessions:1m", "off").replace(
            "clientcert on;", "clientcert on; ssl_session_tickets off;"
        ),
        CRL=pki.write_crls(tmp_path / "all.crl"),
    )
    for tls in ["1.2", "1.3"]:
        session = tmp_path / tls
        s_client(pki, server.port, "/", "good", tls=tls, session_out=session)
        if session.exists():
            again = s_client(pki, server.port, "/", "good", tls=tls, session_in=session)
            assert not again.resumed
            assert again.answer.status == 200
