"""mod_ssl's own directives: with and without `ClientCert On` the same clients see the same."""

import dataclasses
import re

import pytest

from apache.conftest import Start, host
from apache.server import Apache
from support.clients import Client, s_client
from support.expected import CLIENTS
from support.pki import Pki

CA = "SSLCACertificateFile @PKI@/root.crt"
CRL = ["SSLCARevocationFile @CRL@", "SSLVerifyDepth 3"]

# What mod_ssl is told about clients.
CONFIGURATIONS = {
    "none": [CA],
    "require": ["SSLVerifyClient require", CA],
    "optional": ["SSLVerifyClient optional", CA],
    "optional_no_ca": ["SSLVerifyClient optional_no_ca", CA],
    "depth_1": ["SSLVerifyClient optional", CA, "SSLVerifyDepth 1"],
    "depth_2": ["SSLVerifyClient require", CA, "SSLVerifyDepth 2"],
    "crl_chain": ["SSLVerifyClient require", CA, *CRL, "SSLCARevocationCheck chain"],
    "crl_leaf": ["SSLVerifyClient optional", CA, *CRL, "SSLCARevocationCheck leaf"],
    "crl_unused": ["SSLVerifyClient optional", CA, *CRL],
    "names": ["SSLVerifyClient optional", CA, "SSLCADNRequestFile @PKI@/stranger.crt"],
    "place_require": [CA, "<Location /cgi>", "    SSLVerifyClient require", "</Location>"],
    "place_optional": [CA, "<Location /cgi>", "    SSLVerifyClient optional", "</Location>"],
    "place_deep": [
        CA,
        "<Location /cgi>",
        "    SSLVerifyClient require",
        "    SSLVerifyDepth 10",
        "</Location>",
    ],
    "shallow_place": [
        "SSLVerifyClient optional",
        CA,
        "SSLVerifyDepth 3",
        "<Location /cgi>",
        "    SSLVerifyDepth 1",
        "</Location>",
    ],
    "place_other_deep": [
        CA,
        "<Location /other>",
        "    SSLVerifyClient require",
        "    SSLVerifyDepth 10",
        "</Location>",
        "<Location /cgi>",
        "    SSLVerifyClient require",
        "</Location>",
    ],
    "fake": [
        "SSLVerifyClient optional_no_ca",
        CA,
        "<Location /cgi>",
        "    SSLOptions +FakeBasicAuth +StdEnvVars",
        "    AuthType Basic",
        "    AuthName members",
        "    AuthUserFile @DIR@/www/users",
        "    Require valid-user",
        "</Location>",
    ],
    "user_name": [
        "SSLVerifyClient optional_no_ca",
        CA,
        "SSLUserName SSL_CLIENT_S_DN_CN",
    ],
    "ssl_require": [
        "SSLVerifyClient optional_no_ca",
        CA,
        "<Location /cgi>",
        '    SSLRequire %{SSL_CLIENT_VERIFY} eq "SUCCESS"',
        "</Location>",
    ],
    "ssl_verify_client": [
        "SSLVerifyClient optional_no_ca",
        CA,
        "<Location /cgi>",
        "    Require ssl-verify-client",
        "</Location>",
    ],
}


USERS = ["/O=Example/CN=alice", "/O=Elsewhere/CN=alice", "/O=Example/CN=erin"]
PASSWORD = "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="  # `password`, which FakeBasicAuth takes

UNVERIFIED = {"chain-cut", "elsewhere", "self"}
REFUSED = {
    "chain",
    *UNVERIFIED,
    "expired",
    "future",
    "elsewhere-expired",
    "purpose",
    "revoked-below",
}


@pytest.fixture(scope="module")
def server(shared_apache: Start, pki: Pki) -> Apache:
    crl = pki.write_crls(pki.folder / "takeover.crl", "revoked", "revoked-below")
    hosts = ""
    for name, directives in CONFIGURATIONS.items():
        both = ["SSLOptions +StdEnvVars", *directives]
        hosts += host(f"PORT_{name.upper()}_STOCK", *both)
        hosts += host(f"PORT_{name.upper()}_OURS", "ClientCert On", *both)
    started = shared_apache(hosts, CRL=crl)
    (started.folder / "www" / "users").write_text("".join(f"{dn}:{PASSWORD}\n" for dn in USERS))
    return started


@dataclasses.dataclass
class Seen:
    """What a client gets, and what a CGI script learns of it from mod_ssl; status 0 is no answer."""

    status: int
    variables: dict[str, str]


def see(pki: Pki, port: int, client: str | None, tls: str) -> Seen:
    visitor = Client(pki, client, tls=tls)
    visitor.context.post_handshake_auth = True
    answer = visitor.get(port, "/cgi")
    pairs = (line.split("=", 1) for line in answer.body.splitlines() if "=" in line)
    names = ("SSL_CLIENT", "REMOTE_USER", "AUTH_TYPE")
    return Seen(answer.status, {key: value for key, value in pairs if key.startswith(names)})


def differ(name: str, client: str | None, tls: str, stock: Seen) -> None:
    """Makes of what mod_ssl alone says what docs/apache.md says is different."""
    if name.startswith("place_") and client in REFUSED and stock.status == 0:
        stock.status = 403
    elif name == "shallow_place" and client in {"chain", "revoked-below"}:
        stock.status, stock.variables = 403, {}
    elif name == "fake" and client in UNVERIFIED and stock.status == 200:
        stock.status, stock.variables = 401, {}
    elif client in UNVERIFIED and stock.variables.get("SSL_CLIENT_VERIFY", "NONE") != "NONE":
        stock.variables["SSL_CLIENT_VERIFY"] = "GENEROUS"
        stock.variables.pop("REMOTE_USER", None)


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_takeover(server: Apache, pki: Pki, name: str, tls: str) -> None:
    for client in CLIENTS:
        stock = see(pki, server.port_of(f"{name}_stock"), client, tls)
        differ(name, client, tls, stock)
        assert see(pki, server.port_of(f"{name}_ours"), client, tls) == stock, client


def test_the_names_of_cas_are_those_that_mod_ssl_sends(server: Apache, pki: Pki) -> None:
    for name in ["require", "names"]:
        stock, ours = (
            sent_names(pki, server.port_of(f"{name}_{which}")) for which in ["stock", "ours"]
        )
        assert stock == ours
        assert ("Elsewhere" if name == "names" else "Example") in str(stock)


def sent_names(pki: Pki, port: int) -> list[str]:
    output = s_client(pki, port, more=["-prexit"]).output
    names = re.search(r"Acceptable client certificate CA names\n((?:.+=.+\n)*)", output)
    return names[1].splitlines() if names else []
