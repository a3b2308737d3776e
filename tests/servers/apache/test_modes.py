"""Every mode, over both versions of TLS and of HTTP, for every client of the demo."""

import itertools

import pytest

from apache.conftest import Start, host
from apache.server import Apache
from support.clients import Answer, Client, curl, s_client
from support.expected import ASKED, GOOD, SERVED, VERDICTS
from support.pki import Pki

# The alerts of `enforcement handshake`, as RFC 8446 names them.
ALERTS: dict[str | None, dict[str, str]] = {
    None: {"1.3": "certificate_required", "1.2": "handshake_failure"},
    "chain-cut": {"1.3": "unknown_ca", "1.2": "unknown_ca"},
    "elsewhere": {"1.3": "unknown_ca", "1.2": "unknown_ca"},
    "self": {"1.3": "unknown_ca", "1.2": "unknown_ca"},
    "elsewhere-expired": {"1.3": "unknown_ca", "1.2": "unknown_ca"},
    "expired": {"1.3": "certificate_expired", "1.2": "certificate_expired"},
    "future": {"1.3": "bad_certificate", "1.2": "bad_certificate"},
    "purpose": {"1.3": "unsupported_certificate", "1.2": "unsupported_certificate"},
}


@pytest.fixture(scope="module")
def server(shared_apache: Start) -> Apache:
    hosts = "".join(
        host(
            f"PORT_{mode.upper()}",
            "ClientCert On",
            f"ClientCertOption mode {mode}",
            ""
            if mode in ("off", "request_any", "require_any")
            else "ClientCertOption ca @PKI@/root.crt",
            "SSLOptions +StdEnvVars",
            "<Location /private>",
            "    ClientCertRequire verified",
            "</Location>",
            "<Location /page.html>",
            "    Require clientcert certificate",
            "</Location>",
        )
        for mode in SERVED
    )
    return shared_apache(
        hosts
        + host(
            "PORT_HANDSHAKE",
            "ClientCert On",
            "ClientCertOption mode require",
            "ClientCertOption enforcement handshake",
            "ClientCertOption ca @PKI@/root.crt",
        )
    )


def ask(pki: Pki, port: int, path: str, client: str | None, tls: str, http: str) -> Answer:
    visitor = Client(pki, client, tls=tls)
    if http == "1.1":
        return visitor.get(port, path)
    with visitor.connect_h2(port) as connection:
        return connection.request(path)


@pytest.mark.parametrize(("tls", "http"), list(itertools.product(["1.2", "1.3"], ["1.1", "2"])))
@pytest.mark.parametrize("mode", SERVED)
def test_modes(server: Apache, pki: Pki, mode: str, tls: str, http: str) -> None:
    port = server.port_of(mode)
    for client, (outcome, reasons) in VERDICTS.items():
        page = ask(pki, port, "/cgi", client, tls, http)
        if client not in SERVED[mode]:
            assert page.status == 403, (client, page)
            assert page.header("cache-control") == "no-store"
            assert "presented no certificate" in page.body or client is not None
            continue
        assert page.status == 200, (client, page)
        seen = dict(line.split("=", 1) for line in page.body.splitlines() if "=" in line)
        if mode in ASKED:
            assert seen["CLIENTCERT_OUTCOME"] == outcome, client
            assert seen.get("CLIENTCERT_REASONS", "-") == reasons, client
        # mod_ssl's own variable says the same.
        verify = {"NONE": "NONE", "SUCCESS": "SUCCESS", "FAILED": "GENEROUS"}[
            seen["CLIENTCERT_OUTCOME"]
        ]
        if mode in ASKED | {"off", "deferred"}:
            assert seen["SSL_CLIENT_VERIFY"] == verify, client
        else:
            assert not seen["SSL_CLIENT_VERIFY"].startswith("SUCCESS"), client


@pytest.mark.parametrize(("tls", "http"), list(itertools.product(["1.2", "1.3"], ["1.1", "2"])))
@pytest.mark.parametrize("mode", SERVED)
def test_only_a_verified_client_meets_verified(
    server: Apache, pki: Pki, mode: str, tls: str, http: str
) -> None:
    for client in VERDICTS:
        answer = ask(pki, server.port_of(mode), "/private/", client, tls, http)
        verified = mode in ASKED and client in GOOD
        assert answer.status == (200 if verified else 403), (client, answer)


@pytest.mark.parametrize("mode", SERVED)
def test_a_certificate_is_enough_where_one_is_required(server: Apache, pki: Pki, mode: str) -> None:
    asks = mode not in ("off", "deferred")
    for client in VERDICTS:
        answer = ask(pki, server.port_of(mode), "/page.html", client, "1.3", "1.1")
        meets = asks and client is not None and client in SERVED[mode]
        assert answer.status == (200 if meets else 403), (client, answer)


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_alerts(server: Apache, pki: Pki, tls: str) -> None:
    for client, alert in ALERTS.items():
        seen = s_client(pki, server.port_of("handshake"), "/", client, tls=tls, more=["-quiet"])
        assert seen.alert == alert[tls], (client, seen.output)
        assert seen.answer.status == 0
    for client in GOOD:
        seen = s_client(pki, server.port_of("handshake"), "/", client, tls=tls, more=["-quiet"])
        assert seen.answer.status == 200


def test_the_reason_is_in_the_page_and_in_the_log(server: Apache, pki: Pki) -> None:
    port = server.port_of("optional")
    plain = curl(pki, port, "/the-log", "expired")
    assert "The certificate has expired." in plain.body
    assert plain.header("content-type") == "text/plain; charset=utf-8"
    page = curl(pki, port, "/", "expired", headers=[("Accept", "text/html")])
    assert page.body.startswith("<!doctype html>")
    assert page.header("content-type") == "text/html; charset=utf-8"
    data = curl(pki, port, "/", "expired", headers=[("Accept", "application/json")])
    assert data.json()["cause"] == "certificate_expired"
    assert data.header("content-type") == "application/json"
    assert server.facts("/the-log").reasons == "certificate_expired@0"
    assert curl(pki, port, "/", "expired", more=["--head"]).status == 403
