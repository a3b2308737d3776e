"""AuthType ClientCert, passwords and other log-ins in its place, and logging out."""

import base64

import pytest

from apache.conftest import Start, host
from apache.server import Apache
from support.clients import Client, Headers, curl
from support.pki import Pki

POLICY = [
    "ClientCert On",
    "ClientCertOption mode optional_no_ca",
    "ClientCertOption ca @PKI@/root.crt",
    'ClientCertOption identity "subject.cn lower"',
]
PASSWORD = "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="
BASIC = ["AuthType Basic", "AuthName members", "AuthUserFile @DIR@/www/users"]


def script(name: str, *directives: str) -> list[str]:
    inside = [f"<Location /{name}>", *directives, "</Location>"]
    return [f"ScriptAlias /{name} @DIR@/www/environment", *inside]


@pytest.fixture(scope="module")
def server(shared_apache: Start) -> Apache:
    started = shared_apache(
        host(
            "PORT",
            *POLICY,
            *script("valid", "AuthType ClientCert", "Require valid-user"),
            *script("alice", "AuthType ClientCert", "Require user alice"),
            *script("authz", "Require clientcert user"),
            *script("either", *BASIC, "ClientCertFallback On", "Require valid-user"),
            *script("either_alice", *BASIC, "ClientCertFallback On", "Require user alice paula"),
            *script(
                "both",
                *BASIC,
                "<RequireAll>",
                "Require clientcert verified",
                "Require valid-user",
                "</RequireAll>",
            ),
            *script("both_again", *BASIC, "ClientCertRequire verified", "Require valid-user"),
            *script(
                "any",
                *BASIC,
                "<RequireAny>",
                "Require clientcert user",
                "Require valid-user",
                "</RequireAny>",
            ),
            *script(
                "login",
                "AuthType ClientCert",
                "ClientCertFallback /log-in?from=there",
                "Require valid-user",
            ),
            *script(
                "place_login", "ClientCertRequire user", "ClientCertFallback https://login.example/"
            ),
            *script("authz_login", "ClientCertFallback /log-in", "Require clientcert user"),
            *script("out", "ClientCertLogOut On"),
        )
    )
    (started.folder / "www" / "users").write_text(f"paula:{PASSWORD}\nalice:{PASSWORD}\n")
    return started


def who(server: Apache, pki: Pki, path: str, client: str | None, headers: Headers = ()) -> str:
    """The status, or whom the application takes for the user and by what."""
    answer = Client(pki, client).get(server.port, path, headers=headers)
    if answer.status != 200:
        return str(answer.status)
    variables = dict(line.split("=", 1) for line in answer.body.splitlines() if "=" in line)
    return f"{variables.get('REMOTE_USER', '')} {variables.get('AUTH_TYPE', '')}"


def basic(user: str, password: str = "password") -> Headers:
    return [("Authorization", f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}")]


def test_the_user_is_the_one_of_the_certificate(server: Apache, pki: Pki) -> None:
    for path in ["/valid", "/authz"]:
        assert who(server, pki, path, "good") == "alice ClientCert"
        assert who(server, pki, path, "chain") == "bob ClientCert"
        assert who(server, pki, path, "elsewhere") == "403"
        assert who(server, pki, path, None) == "403"
    assert who(server, pki, "/alice", "good") == "alice ClientCert"
    assert who(server, pki, "/alice", "chain") == "403", "a 401 has to have a challenge"
    assert who(server, pki, "/valid", None, basic("alice")) == "403", "a password is no certificate"


def test_a_certificate_or_a_password(server: Apache, pki: Pki) -> None:
    assert who(server, pki, "/either", "good") == "alice ClientCert"
    assert who(server, pki, "/either", None, basic("paula")) == "paula Basic"
    assert who(server, pki, "/either", "elsewhere", basic("paula")) == "paula Basic"
    challenge = curl(pki, server.port, "/either")
    assert challenge.status == 401
    assert challenge.header("www-authenticate") == 'Basic realm="members"'
    assert who(server, pki, "/either_alice", "good") == "alice ClientCert"
    assert who(server, pki, "/either_alice", "chain") == "401"
    assert who(server, pki, "/either_alice", None, basic("alice")) == "alice Basic"


def test_a_certificate_and_a_password(server: Apache, pki: Pki) -> None:
    """The user of the certificate must not stand in for the one who knows the password."""
    for path in ["/both", "/both_again"]:
        assert who(server, pki, path, "good") == "401"
        assert who(server, pki, path, "good", basic("paula", "wrong")) == "401"
        assert who(server, pki, path, "good", basic("paula")) == "paula Basic"
        assert who(server, pki, path, "elsewhere", basic("paula")) in ("403", "401")
        assert who(server, pki, path, None, basic("paula")) in ("403", "401")


def test_either_by_mod_authz_core(server: Apache, pki: Pki) -> None:
    assert who(server, pki, "/any", "good") == "alice ClientCert"
    assert who(server, pki, "/any", "elsewhere") == "401"
    assert who(server, pki, "/any", None, basic("paula")) == "paula Basic"


def test_another_log_in(server: Apache, pki: Pki) -> None:
    for path, url in [
        ("/login", "/log-in?from=there"),
        ("/place_login", "https://login.example/"),
        ("/authz_login", "/log-in"),
    ]:
        answer = curl(pki, server.port, path)
        assert (answer.status, path) == (302, path)
        location = answer.header("location")
        assert location is not None and location.endswith(url)
        assert answer.header("cache-control") == "no-store"
        assert curl(pki, server.port, path, "good").status == 200


def test_logging_out(server: Apache, pki: Pki) -> None:
    with Client(pki, "good").connect(server.port) as connection:
        answer = connection.request("/out")
        assert answer.status in (302, 401, 403)
        cookie = answer.header("set-cookie")
        assert cookie == "__Host-logged-out=1; Path=/; Secure; HttpOnly; SameSite=None"
        assert answer.header("connection") == "close"
    assert (
        who(server, pki, "/valid", "good", [("Cookie", "a=b"), ("Cookie", "__Host-logged-out=1")])
        == "403"
    )
    sent = [("Cookie", "a=b; __Host-logged-out=1")]
    assert who(server, pki, "/valid", "good", sent) == "403"
    assert who(server, pki, "/authz", "good", sent) == "403"
    assert (
        who(server, pki, "/valid", "good", [("Cookie", "a=__Host-logged-out=1")])
        == "alice ClientCert"
    )
    page = Client(pki, "good").get(server.port, "/cgi", headers=sent)
    assert page.status == 200
    assert "CLIENTCERT_USER" not in page.body and "CLIENTCERT_OUTCOME=NONE" in page.body


def test_a_challenge(apache: Start, pki: Pki) -> None:
    server = apache(
        host(
            "PORT",
            *POLICY,
            "ClientCertOption challenge transport",
            "<Location /private>",
            "ClientCertRequire verified",
            "</Location>",
        )
    )
    answer = curl(pki, server.port, "/private/")
    assert answer.status == 401
    assert answer.header("www-authenticate") == 'transport mode="tls-client-certificate"'
