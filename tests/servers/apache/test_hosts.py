"""Several virtual hosts at one address: server name and Host, policies that differ, hosts without clientcert."""

import ssl

import pytest

from apache.conftest import Start, host, leave
from apache.server import Apache
from support.clients import Client, curl
from support.pki import Pki

VERIFIED = [
    "SSLOptions +StdEnvVars",
    "<Location /private>",
    "    ClientCertRequire verified",
    "</Location>",
]


NAMES = ["localhost", "a.test", "b.test", "c.test", "d.test"]
CERTIFICATE = "SSLCertificateFile @PKI@/many.crt\nSSLCertificateKeyFile @PKI@/many.key\n"


@pytest.fixture(scope="module", autouse=True)
def certificate(pki: Pki) -> None:
    pki.issue("many", "localhost", dns=NAMES, server=True)


@pytest.fixture(scope="module")
def server(shared_apache: Start, certificate: None) -> Apache:
    """The first host is the default one, which has nothing to do with clientcert."""
    own = ["ClientCert On", "ClientCertOption mode optional"]
    return shared_apache(
        CERTIFICATE
        + host("PORT", "SSLOptions +StdEnvVars", name="localhost")
        + host("PORT", *own, "ClientCertOption ca @PKI@/root.crt", *VERIFIED, name="a.test")
        + host("PORT", *own, "ClientCertOption ca @PKI@/root.crt", *VERIFIED, name="b.test")
        + host("PORT", *own, "ClientCertOption ca @PKI@/stranger.crt", *VERIFIED, name="c.test")
        + host(
            "PORT",
            "SSLVerifyClient require",
            "SSLCACertificateFile @PKI@/root.crt",
            "SSLOptions +StdEnvVars",
            name="d.test",
        )
    )


def get(
    server: Apache, pki: Pki, client: str | None, name: str, host: str, tls: str = "1.3"
) -> int:
    """The status of /private/ for a handshake with one name and a request with another."""
    with Client(pki, client, tls=tls).connect(server.port, name) as connection:
        return connection.request("/private/", host=host).status


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_each_host_has_its_policy(server: Apache, pki: Pki, tls: str) -> None:
    for client, name, status in [
        ("good", "a.test", 200),
        ("good", "b.test", 200),
        ("good", "c.test", 403),
        ("elsewhere", "c.test", 200),
        ("elsewhere", "a.test", 403),
        (None, "a.test", 403),
        (None, "localhost", 200),
        ("good", "d.test", 200),
    ]:
        assert get(server, pki, client, name, name, tls) == status, (client, name)


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_a_handshake_counts_for_hosts_of_its_policy(server: Apache, pki: Pki, tls: str) -> None:
    assert get(server, pki, "good", "a.test", "b.test", tls) == 200
    for name, other in [("a.test", "c.test"), ("c.test", "a.test")]:
        for client in ["good", "elsewhere", None]:
            assert get(server, pki, client, name, other, tls) in (403, 421), (client, name)


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_hosts_with_and_without_clientcert_do_not_mix(server: Apache, pki: Pki, tls: str) -> None:
    for name, other in [
        ("localhost", "a.test"),
        ("localhost", "d.test"),
        ("a.test", "d.test"),
        ("a.test", "localhost"),
    ]:
        for client in ["good", None]:
            assert get(server, pki, client, name, other, tls) == 421, (client, name, other)


def test_a_misdirected_request_is_repeated(server: Apache, pki: Pki) -> None:
    with Client(pki, "good").connect_h2(server.port, "a.test") as quick:
        assert quick.request("/private/", host="a.test").status == 200
        assert quick.request("/private/", host="c.test").status == 421
        assert quick.request("/private/", host="c.test").status in (403, 421)
        assert quick.request("/private/", host="b.test").status == 200


def test_without_a_server_name_it_is_the_default_host(apache: Start, pki: Pki) -> None:
    own = ["ClientCert On", "ClientCertOption mode optional"]
    server = apache(
        CERTIFICATE
        + host("PORT", *own, "ClientCertOption ca @PKI@/root.crt", *VERIFIED, name="a.test")
        + host("PORT", *own, "ClientCertOption ca @PKI@/stranger.crt", *VERIFIED, name="c.test")
    )
    for client, name, statuses in [
        ("good", "a.test", [200]),
        ("good", "c.test", [403, 421]),
        ("elsewhere", "c.test", [403, 421]),
    ]:
        visitor = Client(pki, client)
        visitor.context.check_hostname = False
        visitor.context.verify_mode = ssl.CERT_NONE
        with visitor.connect(server.port, None) as connection:  # type: ignore[arg-type]
            assert connection.request("/private/", host=name).status in statuses


@pytest.mark.parametrize(("tls", "tickets"), [("1.3", True), ("1.2", True), ("1.2", False)])
def test_sessions_of_hosts_behind_a_default_one_without_clientcert(
    server: Apache, pki: Pki, tls: str, tickets: bool
) -> None:
    """OpenSSL takes the callbacks for tickets from the default host's context."""
    for client, name, status in [
        ("good", "a.test", 200),
        ("elsewhere", "c.test", 200),
        (None, "localhost", 200),
        ("good", "d.test", 200),
    ]:
        visitor = Client(pki, client, tls=tls, tickets=tickets)
        with visitor.connect(server.port, name) as first:
            assert first.request("/private/").status == status
            session = leave(first)
        with visitor.connect(server.port, name, session=session) as again:
            assert again.request("/private/").status == status, name
            assert again.resumed, name


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_a_session_of_another_host_opens_nothing(server: Apache, pki: Pki, tls: str) -> None:
    """CVE-2025-23048: the session of a host that trusts everybody, at a host that does not."""
    for client, name, other in [("elsewhere", "c.test", "a.test"), (None, "localhost", "a.test")]:
        visitor = Client(pki, client, tls=tls)
        with visitor.connect(server.port, name) as first:
            first.request("/")
            session = leave(first)
        with visitor.connect(server.port, other, session=session) as again:
            assert again.request("/private/").status == 403


def test_many_names_one_host(apache: Start, pki: Pki) -> None:
    own = ["ClientCert On", "ClientCertOption mode require", "ClientCertOption ca @PKI@/root.crt"]
    server = apache(CERTIFICATE + host("PORT", *own, "ServerAlias *.test", name="localhost"))
    for name in ["a.test", "b.test", "localhost"]:
        assert curl(pki, server.port, "/", "good", host=name).body == "public\n"
        assert curl(pki, server.port, "/", None, host=name).status == 403
