"""What applications learn of the client: CGI, FastCGI, expressions, logs, and headers for back ends."""

import base64

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from apache.conftest import Start, host
from apache.server import Apache
from support.clients import Client, curl
from support.pki import Pki


@pytest.fixture(scope="module")
def server(shared_apache: Start) -> Apache:
    return shared_apache(
        host(
            "PORT",
            "ClientCert On",
            "ClientCertOption mode optional_no_ca",
            "ClientCertOption ca @PKI@/root.crt",
            'ClientCertOption identity "subject.cn lower"',
            "SSLOptions +StdEnvVars +ExportCertData",
            "ProxyPass /back http://127.0.0.1:@BACKEND@/",
            "ProxyPass /plain http://127.0.0.1:@BACKEND@/",
            "ProxyPass /nginx http://127.0.0.1:@BACKEND@/",
            "ProxyPass /any http://127.0.0.1:@BACKEND@/",
            "ProxyPass /words http://127.0.0.1:@BACKEND@/",
            "<Location /back>",
            "    ClientCertForward rfc9440 chain",
            "</Location>",
            "<Location /nginx>",
            "    ClientCertForward nginx details",
            "</Location>",
            "<Location /any>",
            "    ClientCertForward rfc9440 unverified",
            "</Location>",
            "<Location /words>",
            "    RequestHeader set X-User expr=%{CLIENTCERT_USER}",
            "    RequestHeader set X-Names expr=%{CLIENTCERT_SAN_DNS_COUNT}",
            "    RequestHeader set X-Json expr=%{CLIENTCERT_JSON}",
            "    RequestHeader set X-Old %{SSL_CLIENT_VERIFY}s",
            "    RequestHeader set X-Environment %{CLIENTCERT_SUBJECT}e",
            "</Location>",
            "RewriteEngine On",
            "RewriteCond %{ENV:CLIENTCERT_USER} =alice",
            "RewriteRule ^/hello$ /page.html [PT]",
            "RewriteCond %{SSL:SSL_CLIENT_VERIFY} =GENEROUS",
            "RewriteRule ^/generous$ /page.html [PT]",
        )
    )


def environment(server: Apache, pki: Pki, client: str | None, path: str = "/cgi") -> dict[str, str]:
    answer = Client(pki, client).get(server.port, path)
    assert answer.status == 200
    if path.endswith(".php"):
        return {key: str(value) for key, value in answer.json().items()}
    return dict(line.split("=", 1) for line in answer.body.splitlines() if "=" in line)


@pytest.mark.parametrize("path", ["/cgi", "/environment.php"])
def test_scripts_learn_who_it_is(server: Apache, pki: Pki, path: str) -> None:
    seen = environment(server, pki, "names", path)
    assert seen["CLIENTCERT_OUTCOME"] == seen["SSL_CLIENT_VERIFY"] == "SUCCESS"
    assert seen["CLIENTCERT_VERIFIED"] == "1"
    assert seen["CLIENTCERT_USER"] == "heidi"
    assert seen["CLIENTCERT_SUBJECT"] == "CN=heidi,O=Example"
    assert seen["CLIENTCERT_SPKI_SHA256"] == pki.fingerprint("names")
    assert seen["CLIENTCERT_SAN_DNS_0"] == "heidi.example"
    assert seen["CLIENTCERT_SAN_DNS_1"] == "laptop.heidi.example"
    assert seen["CLIENTCERT_SAN_EMAIL_0"] == "heidi@example.org"
    assert seen["CLIENTCERT_SAN_URI_0"] == "https://example.org/heidi"
    assert seen["CLIENTCERT_SAN_IP_1"] == "2001:db8::7"
    assert seen["SSL_CLIENT_CERT"].startswith("-----BEGIN CERTIFICATE-----")
    assert "CLIENTCERT_REASON" not in seen
    seen = environment(server, pki, None, path)
    assert seen["CLIENTCERT_OUTCOME"] == seen["SSL_CLIENT_VERIFY"] == "NONE"
    assert "CLIENTCERT_USER" not in seen
    seen = environment(server, pki, "elsewhere", path)
    assert seen["CLIENTCERT_OUTCOME"] == "FAILED"
    assert seen["CLIENTCERT_REASONS"] == "leaf_issuer_unknown@0"
    assert seen["SSL_CLIENT_VERIFY"] == "GENEROUS"
    assert "CLIENTCERT_USER" not in seen


def test_back_ends_get_headers(server: Apache, pki: Pki) -> None:
    got = received(server, pki, "/back/", "chain")
    assert got["client-cert"] == [byte_sequence(pki, "chain")]
    assert got["client-cert-chain"] == [byte_sequence(pki, "intermediate")]
    got = received(server, pki, "/nginx/", "good")
    assert got["x-ssl-client-verify"] == ["SUCCESS"]
    for client in [None, "elsewhere"]:
        assert "client-cert" not in received(server, pki, "/back/", client)
        assert received(server, pki, "/nginx/", client).get("x-ssl-client-verify") != ["SUCCESS"]
    assert "client-cert" not in received(server, pki, "/plain/", "good")
    assert received(server, pki, "/any/", "elsewhere")["client-cert"] == [
        byte_sequence(pki, "elsewhere")
    ]


def test_what_a_client_writes_there_is_gone(server: Apache, pki: Pki) -> None:
    forged = [
        ("Client-Cert", byte_sequence(pki, "good")),
        ("client_cert", byte_sequence(pki, "good")),
        ("X-SSL-Client-Verify", "SUCCESS"),
        ("X-SSL_Client-Cert", "x"),
        ("SSL_CLIENT_CERT", "x"),
        ("X-Forwarded-Client-Cert", "Hash=00"),
        ("X-Client-Something", "kept"),
    ]
    for path in ["/plain/", "/back/", "/nginx/", "/words/"]:
        for client in [None, "elsewhere", "good"]:
            got = received(server, pki, path, client, forged)
            assert got["x-client-something"] == ["kept"]
            for name, value in forged[:-1]:
                for key in [name.lower(), name.lower().replace("-", "_")]:
                    mine = client == "good" and path in ("/back/", "/nginx/")
                    assert value not in got.get(key, []) or mine, (path, client, name)
    with Client(pki, None).connect_h2(server.port) as quick:
        headers = [("client-cert", byte_sequence(pki, "good"))]
        answer = quick.request("/plain/", headers=headers)
        assert "client-cert" not in {name.lower() for name, _ in answer.json()["headers"]}
    seen = Client(pki, None).get(server.port, "/cgi", headers=forged)
    assert "HTTP_CLIENT_CERT" not in seen.body and "HTTP_SSL_CLIENT" not in seen.body


def test_expressions(server: Apache, pki: Pki) -> None:
    got = received(server, pki, "/words/", "names")
    assert got["x-user"] == ["heidi"]
    assert got["x-names"] == ["2"]
    assert '"outcome":"SUCCESS"' in got["x-json"][0].replace(" ", "")
    assert got["x-old"] == ["SUCCESS"]
    assert got["x-environment"] == ["CN=heidi,O=Example"]
    for tls in ["1.2", "1.3"]:
        answer = Client(pki, "elsewhere", tls=tls).get(server.port, "/words/").json()["headers"]
        assert ["X-Old", "GENEROUS"] in answer
        assert not [value for name, value in answer if name == "X-User" and value]


def test_mod_rewrite_knows_the_client_in_time(server: Apache, pki: Pki) -> None:
    assert curl(pki, server.port, "/hello", "good").body == "page\n"
    assert curl(pki, server.port, "/hello", "chain").status == 404
    for tls in ["1.2", "1.3"]:
        for http in ["1.1", "2"]:
            assert (
                curl(pki, server.port, "/generous", "elsewhere", tls=tls, http=http).body
                == "page\n"
            )
            assert curl(pki, server.port, "/generous", "good", tls=tls, http=http).status == 404


def test_the_access_log(server: Apache, pki: Pki) -> None:
    curl(pki, server.port, "/log-of-alice", "good")
    curl(pki, server.port, "/log-of-expired", "expired")
    alice, expired = server.facts("/log-of-alice"), server.facts("/log-of-expired")
    assert (alice.outcome, alice.user) == ("SUCCESS", "alice")
    assert (expired.status, expired.outcome) == ("403", "FAILED")
    assert expired.reasons == "certificate_expired@0"


def received(
    server: Apache,
    pki: Pki,
    path: str,
    client: str | None,
    headers: list[tuple[str, str]] | None = None,
) -> dict[str, list[str]]:
    answer = Client(pki, client).get(server.port, path, headers=headers or [])
    assert answer.status == 200, answer
    got: dict[str, list[str]] = {}
    for name, value in answer.json()["headers"]:
        got.setdefault(name.lower(), []).append(value)
    return got


def byte_sequence(pki: Pki, name: str) -> str:
    der = pki.certificate(name).public_bytes(Encoding.DER)
    return f":{base64.b64encode(der).decode()}:"
