"""Every mode, over both versions of TLS and of HTTP, for every client of the demo."""

import itertools

import pytest

from nginx.conftest import Start
from nginx.server import Nginx
from support.clients import curl, s_client, unique_path
from support.expected import ASKED, GOOD, SERVED, VERDICTS
from support.pki import Pki

# How `enforcement handshake` ends a handshake.
ALERTS = {
    "chain-cut": "unknown_ca",
    "elsewhere": "unknown_ca",
    "self": "unknown_ca",
    "elsewhere-expired": "unknown_ca",
    "expired": "certificate_expired",
    "future": "bad_certificate",
    "purpose": "unsupported_certificate",
}
NO_CERTIFICATE = {"1.3": "certificate_required", "1.2": "handshake_failure"}


@pytest.fixture(scope="module")
def server(shared_nginx: Start) -> Nginx:
    servers = "".join(
        f"""
        server {{
            listen 127.0.0.1:@PORT_{mode.upper()}@ ssl http2;
            clientcert on;
            clientcert_mode {mode};
            {"" if mode in ("off", "request_any", "require_any") else "clientcert_ca @PKI@/root.crt;"}
            location / {{ return 200 "$clientcert_mode $ssl_client_verify\\n"; }}
            location /certificate {{ clientcert_require certificate; return 200 "in\\n"; }}
            location /verified {{ clientcert_require verified; return 200 "in\\n"; }}
        }}
        """
        for mode in SERVED
    )
    return shared_nginx(
        servers
        + """
        server {
            listen 127.0.0.1:@PORT_HANDSHAKE@ ssl;
            clientcert on;
            clientcert_mode require;
            clientcert_option enforcement handshake;
            clientcert_ca @PKI@/root.crt;
            location / { return 200 "in\\n"; }
        }
        """
    )


@pytest.mark.parametrize("http", ["1.1", "2"])
@pytest.mark.parametrize("tls", ["1.3", "1.2"])
@pytest.mark.parametrize("mode", SERVED)
def test_who_is_served(server: Nginx, pki: Pki, mode: str, tls: str, http: str) -> None:
    for client, verdict in VERDICTS.items():
        path = unique_path()
        answer = curl(pki, server.port_of(mode), path, client, tls=tls, http=http)
        facts = server.facts(path)
        expected = verdict if mode in ASKED else ("NONE", "-")
        if mode in ("request_any", "require_any") and client is not None:
            expected = ("FAILED", "not_verified@0")
        if client is None and mode in ("require", "require_any"):
            expected = ("NONE", "certificate_required")
        assert (facts.outcome, facts.reasons) == expected, client
        if client in SERVED[mode]:
            assert answer.status == 200, client
            assert answer.body.startswith(f"{mode} {expected[0]}"), client
        else:
            assert answer.status == 400, client
            assert "in\n" not in answer.body
        assert answer.http == http


@pytest.mark.parametrize("mode", SERVED)
def test_what_a_place_requires(server: Nginx, pki: Pki, mode: str) -> None:
    """A verdict that is accepted is no authentication: only SUCCESS is."""
    for client, place in itertools.product(VERDICTS, ["/certificate", "/verified"]):
        # Who can be asked late is in test_late.py.
        tls = "1.2" if mode == "deferred" else "1.3"
        answer = curl(pki, server.port_of(mode), place, client, tls=tls)
        allowed = client in SERVED[mode] and client is not None and mode not in ("off", "deferred")
        if place == "/verified":
            allowed = client in GOOD and mode in ASKED
        refused = 403 if client in SERVED[mode] else 400
        assert answer.status == (200 if allowed else refused), (client, place)
        assert ("in\n" == answer.body) == allowed, (client, place)


@pytest.mark.parametrize("tls", ["1.3", "1.2"])
def test_alerts_in_the_handshake(server: Nginx, pki: Pki, tls: str) -> None:
    # nginx takes what ends a handshake for grave.
    server.allowed_alerts = ["SSL_do_handshake() failed"]
    for client in VERDICTS:
        seen = s_client(pki, server.port_of("handshake"), "/", client, tls=tls)
        alert = NO_CERTIFICATE[tls] if client is None else ALERTS.get(client, "")
        assert seen.alert == alert, client
        assert seen.answer.status == (200 if client in GOOD else 0), client
