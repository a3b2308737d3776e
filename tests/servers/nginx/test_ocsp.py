"""`ssl_ocsp`: nginx asks the responder, and a client is in where both it and the library say so."""

from pathlib import Path

import pytest

from nginx.conftest import Start
from support.clients import Client, curl
from support.ocsp import Responder
from support.pki import Pki

SITE = """
    server {
        listen 127.0.0.1:@PORT@ ssl http2;
        clientcert on;
        ssl_verify_client optional;
        ssl_client_certificate @PKI@/root.crt;
        ssl_ocsp leaf;
        ssl_ocsp_responder @RESPONDER@;
        location / { return 200 "$ssl_client_verify\\n"; }
        location /verified { clientcert_require verified; return 200 "in\\n"; }
    }
"""


@pytest.mark.parametrize("http", ["1.1", "2"])
@pytest.mark.parametrize("tls", ["1.3", "1.2"])
def test_who_gets_in(nginx: Start, pki: Pki, tmp_path: Path, tls: str, http: str) -> None:
    with Responder(pki, tmp_path, ["good"], ["revoked"]) as responder:
        server = nginx(SITE, RESPONDER=responder.url)
        assert curl(pki, server.port, "/verified", "good", tls=tls, http=http).body == "in\n"
        for client in ["revoked", "frank", "expired", "elsewhere"]:
            answer = curl(pki, server.port, "/verified", client, tls=tls, http=http)
            assert answer.status == 400, client
        assert curl(pki, server.port, "/", tls=tls, http=http).body == "NONE\n"


def test_a_responder_that_is_away_lets_nobody_in(nginx: Start, pki: Pki) -> None:
    server = nginx(SITE, RESPONDER="http://127.0.0.1:9/")
    server.allowed_alerts = ["connect() failed"]
    assert curl(pki, server.port, "/verified", "good").status == 400


@pytest.mark.parametrize(("tls", "tickets"), [("1.3", True), ("1.2", True), ("1.2", False)])
def test_sessions(nginx: Start, pki: Pki, tmp_path: Path, tls: str, tickets: bool) -> None:
    with Responder(pki, tmp_path, ["good"], []) as responder:
        server = nginx("ssl_session_cache shared:s:1m;" + SITE, RESPONDER=responder.url)
        visitor = Client(pki, "good", tls=tls, tickets=tickets)
        with visitor.connect(server.port) as first:
            assert first.request("/verified").body == "in\n"
            session = first.session
        with visitor.connect(server.port, session=session) as again:
            assert again.request("/verified").body == "in\n"
