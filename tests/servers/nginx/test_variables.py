"""Variables, the headers of RFC 9440 for a real back end, and the scrub of what clients send."""

import base64
import http.client
import json
from pathlib import Path
from typing import Any

import cffi
import pytest

from nginx.conftest import Start
from nginx.server import Nginx
from support.clients import Client, Headers, curl
from support.pki import Pki
from support.project import HOST, ROOT, STAGE, clientcert

CLIENTCERT = """
    clientcert on;
    clientcert_mode optional_no_ca;
    clientcert_ca @PKI@/root.crt;
    clientcert_identity "subject.cn lower";
"""

FORWARD = """
    proxy_set_header Client-Cert $clientcert_client_cert;
    proxy_set_header Client-Cert-Chain $clientcert_client_cert_chain;
"""


@pytest.fixture(scope="module")
def server(shared_nginx: Start) -> Nginx:
    return shared_nginx(
        f"""
        underscores_in_headers on;
        server {{
            listen 127.0.0.1:@PORT@ ssl http2;
            listen 127.0.0.1:@PORT_PLAIN@;
            {CLIENTCERT}
            location /plain/ {{ proxy_pass http://127.0.0.1:@BACKEND@; }}
            location /forward/ {{ {FORWARD} proxy_pass http://127.0.0.1:@BACKEND@; }}
            location / {{
                proxy_set_header X-Outcome $clientcert_outcome;
                proxy_set_header X-Reasons $clientcert_reasons;
                proxy_set_header X-User $clientcert_user;
                proxy_set_header X-Spki $clientcert_spki_sha256;
                proxy_set_header X-Subject $clientcert_subject;
                proxy_set_header X-Dns-Count $clientcert_san_dns_count;
                proxy_set_header X-Dns-0 $clientcert_san_dns_0;
                proxy_set_header X-Dns-1 $clientcert_san_dns_1;
                proxy_set_header X-Dns-2 $clientcert_san_dns_2;
                proxy_set_header X-Dns $clientcert_san_dns;
                proxy_set_header X-Email $clientcert_san_email;
                proxy_set_header X-Uri $clientcert_san_uri;
                proxy_set_header X-Ip-0 $clientcert_san_ip_0;
                proxy_set_header X-Ip-1 $clientcert_san_ip_1;
                proxy_set_header X-Nonsense $clientcert_no_such_thing;
                proxy_set_header X-Json $clientcert_json;
                proxy_set_header X-Nginx-Verify $ssl_client_verify;
                proxy_set_header X-Nginx-Subject $ssl_client_s_dn;
                proxy_set_header X-Nginx-Fingerprint $ssl_client_fingerprint;
                proxy_set_header X-Nginx-Escaped $ssl_client_escaped_cert;
                proxy_pass http://127.0.0.1:@BACKEND@;
            }}
        }}
        server {{
            listen 127.0.0.1:@PORT_STOCK@ ssl;
            ssl_verify_client optional_no_ca;
            ssl_client_certificate @PKI@/root.crt;
            location / {{ proxy_pass http://127.0.0.1:@BACKEND@; }}
        }}
        """
    )


def received(
    pki: Pki, port: int, path: str, client: str | None, headers: Headers = ()
) -> dict[str, str]:
    """The headers that the back end got, by name in lower case; each at most once."""
    answer = curl(pki, port, path, client, headers=headers)
    assert answer.status == 200, answer
    pairs = [(name.lower(), value) for name, value in answer.json()["headers"]]
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


def test_names(server: Nginx, pki: Pki) -> None:
    seen = received(pki, server.port, "/", "names")
    assert seen["x-outcome"] == "SUCCESS"
    assert "x-reasons" not in seen
    assert seen["x-user"] == "heidi"
    assert seen["x-spki"] == pki.fingerprint("names")
    assert seen["x-subject"] == "CN=heidi,O=Example"
    assert seen["x-dns-count"] == "2"
    assert seen["x-dns-0"] == "heidi.example"
    assert seen["x-dns-1"] == "laptop.heidi.example"
    assert "x-dns-2" not in seen
    assert "x-dns" not in seen, "one of several names is nobody's"
    assert seen["x-email"] == "heidi@example.org"
    assert seen["x-uri"] == "https://example.org/heidi"
    assert seen["x-ip-0"] == "192.0.2.7"
    assert seen["x-ip-1"] == "2001:db8::7"
    assert "x-nonsense" not in seen
    assert seen["x-nginx-verify"] == "SUCCESS"
    assert seen["x-nginx-subject"] == "CN=heidi,O=Example"
    assert seen["x-nginx-fingerprint"] == pki.fingerprint("names", "sha1")


def test_nobody(server: Nginx, pki: Pki) -> None:
    seen = received(pki, server.port, "/", None)
    assert seen["x-outcome"] == "NONE"
    assert seen["x-nginx-verify"] == "NONE"
    for name in ["user", "spki", "subject", "dns-0", "email", "nginx-subject", "nginx-escaped"]:
        assert f"x-{name}" not in seen


def test_a_failure_that_is_tolerated(server: Nginx, pki: Pki) -> None:
    seen = received(pki, server.port, "/", "elsewhere")
    assert seen["x-outcome"] == "FAILED"
    assert seen["x-reasons"] == "leaf_issuer_unknown@0"
    assert seen["x-nginx-verify"] == "FAILED:unable to verify the first certificate"
    assert "x-user" not in seen, "who is not verified is nobody"


@pytest.mark.parametrize("client", ["good", "chain", "names"])
def test_json_is_that_of_the_tool(server: Nginx, pki: Pki, tmp_path: Path, client: str) -> None:
    shown = json.loads(received(pki, server.port, "/", client)["x-json"])
    options = tmp_path / "clientcert.toml"
    options.write_text(
        f'mode = "optional_no_ca"\nca = "{pki.root}"\nidentity = ["subject.cn lower"]\n'
    )
    # curl completes what it presents with the CAs that it knows itself.
    presented = [f"{client}.crt", "intermediate.crt" if client == "chain" else "root.crt"]
    chain = tmp_path / "chain.pem"
    chain.write_text("".join((pki.folder / name).read_text() for name in presented))
    expected = json.loads(
        clientcert("verify", "--json", "--config", options, chain, check=False).stdout
    )
    for volatile in ["time", "variables"]:
        shown.pop(volatile, None)
        expected.pop(volatile, None)
    assert shown == expected


def test_the_chain_is_presented(server: Nginx, pki: Pki) -> None:
    seen = received(pki, server.port, "/forward/", "chain")
    assert seen["client-cert"] == byte_sequence(pki, "chain")
    assert seen["client-cert-chain"] == byte_sequence(pki, "intermediate")


@pytest.mark.parametrize("client", [None, "elsewhere", "self", "chain-cut"])
def test_who_is_not_verified_is_not_forwarded(server: Nginx, pki: Pki, client: str | None) -> None:
    forged = [
        ("Client-Cert", byte_sequence(pki, "good")),
        ("Client_Cert", byte_sequence(pki, "good")),
        ("client-cert-chain", byte_sequence(pki, "intermediate")),
    ]
    seen = received(pki, server.port, "/forward/", client, forged)
    assert not [name for name in seen if name.startswith("client")]


@pytest.mark.parametrize("client", [None, "good", "elsewhere"])
def test_scrub(server: Nginx, pki: Pki, client: str | None) -> None:
    """Nothing that could pass for a proxy's word about a certificate gets through, whoever sends it."""
    names = forwarded_headers()
    assert len(names) > 20
    spelt = [name.title() if i % 2 else name for i, name in enumerate(names)]
    with Client(pki, client).connect(server.port) as connection:
        for start in range(0, len(spelt), 16):
            batch = [(name, "forged") for name in spelt[start : start + 16]]
            answer = connection.request("/plain/", headers=[*batch, ("X-Harmless", "kept")])
            assert answer.status == 200
            seen = dict(answer.json()["headers"])
            assert seen["X-Harmless"] == "kept"
            assert "forged" not in seen.values(), seen


def test_scrub_without_tls(server: Nginx) -> None:
    connection = http.client.HTTPConnection(HOST, server.port_of("plain"), timeout=10)
    for name in forwarded_headers():
        connection.request("GET", "/plain/", headers={name: "forged", "X-Harmless": "kept"})
        seen = dict(json.loads(connection.getresponse().read())["headers"])
        assert seen["X-Harmless"] == "kept"
        assert "forged" not in seen.values(), seen
    connection.close()


def test_scrub_over_http_2(server: Nginx, pki: Pki) -> None:
    with Client(pki, "good").connect_h2(server.port) as connection:
        batch = [(name, "forged") for name in forwarded_headers()]
        answer = connection.request("/plain/", headers=[*batch, ("x-harmless", "kept")])
        seen = {name.lower(): value for name, value in answer.json()["headers"]}
        assert seen["x-harmless"] == "kept"
        assert "forged" not in seen.values(), seen


def test_a_server_without_the_module_is_left_alone(server: Nginx, pki: Pki) -> None:
    seen = received(pki, server.port_of("stock"), "/", "good", [("X-SSL-Client-Verify", "SUCCESS")])
    assert seen["x-ssl-client-verify"] == "SUCCESS"


def byte_sequence(pki: Pki, name: str) -> str:
    """A certificate as RFC 9440 has it in a header."""
    pem = (pki.folder / f"{name}.crt").read_text()
    body = pem.split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0]
    return f":{base64.b64encode(base64.b64decode(body)).decode()}:"


def forwarded_headers() -> list[str]:
    """The names that the library itself knows."""
    ffi: Any = cffi.FFI()
    ffi.cdef((ROOT / "bindings" / "clientcert.cdef.h").read_text())
    library = ffi.dlopen(str(STAGE / "lib" / "libclientcert.so.1"))
    names: list[str] = []
    while True:
        name = library.clientcert_forwarded_header_at(len(names))
        if name == ffi.NULL:
            return [name for name in names if not name.startswith(":")]
        names.append(bytes(ffi.string(name)).decode())
