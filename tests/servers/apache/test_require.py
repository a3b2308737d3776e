"""What places require, and every way around it."""

import http.client

import pytest

from apache.conftest import Start, host
from apache.server import Apache
from support.clients import Client, Connection, Http2Connection, curl
from support.pki import Pki

POLICY = [
    "ClientCert On",
    "ClientCertOption mode optional_no_ca",
    "ClientCertOption ca @PKI@/root.crt",
    'ClientCertOption identity "subject.cn lower"',
]


def places(**directives: list[str]) -> list[str]:
    lines = []
    for name, inside in directives.items():
        lines += [f"Alias /{name} @DIR@/www/private", f"<Location /{name}>", *inside, "</Location>"]
    return lines


# Who of nobody, alice (verified), bob (verified) and an unknown one by another CA gets in.
WHO: dict[str, tuple[set[str | None], list[str]]] = {
    "none": ({None, "good", "chain", "elsewhere"}, ["ClientCertRequire none"]),
    "certificate": ({"good", "chain", "elsewhere"}, ["ClientCertRequire certificate"]),
    "verified": ({"good", "chain"}, ["ClientCertRequire verified"]),
    "user": ({"good", "chain"}, ["ClientCertRequire user"]),
    "alice": ({"good"}, ["ClientCertRequire user alice carol"]),
    "strong": (set(), ["ClientCertRequire user strength=strong"]),
    "fresh": ({"good", "chain"}, ["ClientCertRequire verified max_age=3600"]),
    "authz_none": ({None, "good", "chain", "elsewhere"}, ["Require clientcert none"]),
    "authz_certificate": ({"good", "chain", "elsewhere"}, ["Require clientcert certificate"]),
    "authz_verified": ({"good", "chain"}, ["Require clientcert verified"]),
    "authz_alice": ({"good"}, ["Require clientcert user alice"]),
    "authz_not": (
        {"chain"},
        [
            "<RequireAll>",
            "Require clientcert verified",
            "<RequireNone>",
            "Require clientcert user alice",
            "</RequireNone>",
            "</RequireAll>",
        ],
    ),
    "authz_any": (
        {"good", None, "chain", "elsewhere"},
        ["Require clientcert user alice", "Require ip 127.0.0.1"],
    ),
    "expression": ({"good"}, ["Require expr %{CLIENTCERT_USER} == 'alice'"]),
    "old_expression": ({"good", "chain"}, ["Require expr %{SSL_CLIENT_VERIFY} == 'SUCCESS'"]),
}


@pytest.fixture(scope="module")
def server(shared_apache: Start) -> Apache:
    return shared_apache(
        host("PORT", *POLICY, *places(**{name: inside for name, (_, inside) in WHO.items()}))
    )


@pytest.mark.parametrize("name", WHO)
def test_who_gets_in(server: Apache, pki: Pki, name: str) -> None:
    allowed = WHO[name][0]
    for client in [None, "good", "chain", "elsewhere"]:
        for tls in ["1.2", "1.3"]:
            answer = Client(pki, client, tls=tls).get(server.port, f"/{name}/")
            assert (answer.status, client) == (200 if client in allowed else 403, client)
            assert answer.body == "private\n" or client not in allowed


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_early_data_of_a_proxy(server: Apache, pki: Pki, http: str) -> None:
    """RFC 8470 section 5.1: several headers, and any other value, are a 1."""
    for values in [["1"], ["0"], ["x"], ["0", "0"]]:
        headers = [("Early-Data", value) for value in values]
        answer = curl(pki, server.port, "/alice/", "good", http=http, headers=headers)
        assert answer.status == 425
    assert curl(pki, server.port, "/alice/", "good", http=http).status == 200


# A place that requires alice, and something else that would let others in.
DODGES = {
    "granted": ["Require all granted", "ClientCertRequire user alice"],
    "satisfy": [
        "Satisfy Any",
        "Order allow,deny",
        "Allow from all",
        "ClientCertRequire user alice",
    ],
    "satisfy_nothing": ["Satisfy Any", "ClientCertRequire user alice"],
    "other_authz": ["Require ip 127.0.0.1", "ClientCertRequire user alice"],
    "below": ["ClientCertRequire user alice", "AllowOverride All"],
    "verify_client": [
        "SSLVerifyClient require",
        "Satisfy Any",
        "Order allow,deny",
        "Allow from all",
    ],
}


@pytest.fixture(scope="module")
def dodged(shared_apache: Start) -> Apache:
    dodges = places(**DODGES)
    return shared_apache(
        host(
            "PORT",
            *POLICY,
            *dodges,
            "<Location /alice>",
            "    ClientCertRequire user alice",
            "</Location>",
            "Alias /alice @DIR@/www/private",
            "ErrorDocument 404 /alice/index.html",
            "RewriteEngine On",
            "RewriteRule ^/rewritten$ /alice/index.html [PT]",
            "<Location /granted/below>",
            "    Require all granted",
            "</Location>",
            "<Directory @DIR@/www>",
            "    AddOutputFilter INCLUDES .shtml",
            "    AddType text/html .shtml",
            "</Directory>",
        )
    )


@pytest.mark.parametrize("name", DODGES)
def test_nothing_else_lets_others_in(dodged: Apache, pki: Pki, name: str) -> None:
    others = [None, "elsewhere"] + (["chain"] if name != "verify_client" else [])
    assert Client(pki, "good").get(dodged.port, f"/{name}/").body == "private\n"
    for client in others:
        for path in [
            f"/{name}/",
            f"/{name}/below/",
            f"/{name}/index.html",
            f"//{name}/./index.html",
        ]:
            for method in ["GET", "HEAD", "POST", "OPTIONS"]:
                answer = Client(pki, client).get(dodged.port, path, method=method)
                # Where mod_ssl asks anew it ends the connection of a client without an answer.
                assert answer.status in (403, 0 if name == "verify_client" else 403), (path, method)
                assert "private" not in answer.body


def test_htaccess_takes_nothing_back(dodged: Apache, pki: Pki) -> None:
    file = dodged.folder / "www" / "private" / "below" / ".htaccess"
    file.write_text("Require all granted\nSatisfy Any\n")
    try:
        assert Client(pki, "chain").get(dodged.port, "/below/below/").status == 403
        assert Client(pki, "good").get(dodged.port, "/below/below/").body == "below\n"
        file.write_text("ClientCertRequire user bob\n")
        assert Client(pki, "chain").get(dodged.port, "/private/below/").body == "below\n"
        assert Client(pki, "good").get(dodged.port, "/private/below/").status == 403
    finally:
        file.unlink()


def test_no_internal_way_in(dodged: Apache, pki: Pki) -> None:
    """ErrorDocument, mod_rewrite, included pages and directory indices go by the place that they end in."""
    (dodged.folder / "www" / "page.shtml").write_text(
        'before <!--#include virtual="/alice/index.html" --> after\n'
    )
    for client, gets_in in [(None, False), ("chain", False), ("good", True)]:
        visitor = Client(pki, client)
        lost = visitor.get(dodged.port, "/nowhere")
        assert lost.status == 404
        assert ("private" in lost.body) == gets_in
        assert visitor.get(dodged.port, "/rewritten").status == (200 if gets_in else 403)
        included = visitor.get(dodged.port, "/page.shtml")
        assert included.status == 200
        assert ("private" in included.body) == gets_in


def test_a_connection_keeps_nobody_elses_rights(dodged: Apache, pki: Pki) -> None:
    for client, status in [(None, 403), ("good", 200), ("chain", 403)]:
        with Client(pki, client).connect(dodged.port) as connection:
            check_rounds(connection, status)
        with Client(pki, client).connect_h2(dodged.port) as connection:
            check_rounds(connection, status)


def check_rounds(connection: Connection | Http2Connection, status: int) -> None:
    for path, expected in [
        ("/", 200),
        ("/alice/", status),
        ("/page.html", 200),
        ("/alice/", status),
    ]:
        assert connection.request(path).status == expected


def test_without_tls_nobody_is_anybody(apache: Start, pki: Pki) -> None:
    server = apache(
        "ClientCert On\nClientCertOption mode optional\nClientCertOption ca @PKI@/root.crt\n"
        + host("PORT_TLS")
        + """
        <VirtualHost 127.0.0.1:@PORT_PLAIN@>
            <Location /private>
                ClientCertRequire verified
            </Location>
            <Location /page.html>
                Require clientcert certificate
            </Location>
        </VirtualHost>
        """
    )
    for path, status in [("/", 200), ("/private/", 403), ("/page.html", 403)]:
        connection = http.client.HTTPConnection("127.0.0.1", server.port_of("plain"))
        connection.request("GET", path)
        assert connection.getresponse().status == status
        connection.close()
    assert curl(pki, server.port_of("tls"), "/private/").status == 200


def test_a_place_without_clientcert_requires_in_vain(apache: Start, pki: Pki) -> None:
    """Where clientcert does not decide nobody meets a requirement."""
    server = apache(
        host(
            "PORT",
            "SSLVerifyClient require",
            "SSLCACertificateFile @PKI@/root.crt",
            "<Location /private>",
            "    ClientCertRequire certificate",
            "</Location>",
            "<Location /page.html>",
            "    Require clientcert verified",
            "</Location>",
        )
        + "\n<VirtualHost 127.0.0.1:@PORT_OTHER@>\nSSLEngine on\nClientCert On\n"
        "ClientCertOption mode optional\nClientCertOption ca @PKI@/root.crt\n</VirtualHost>\n"
    )
    assert curl(pki, server.port, "/", "good").status == 200
    assert curl(pki, server.port, "/private/", "good").status == 403
    assert curl(pki, server.port, "/page.html", "good").status == 403
