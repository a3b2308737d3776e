"""Every server and framework, told apart by nothing: the same clients get the same answers everywhere, on direct
connections and behind nginx."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

import pytest
from conftest import PKI
from servers import PROXY, Browser, Process, Response, free_port, nginx, python

HTTP = "clientcert.uvicorn:HTTPProtocol"


@dataclass(frozen=True)
class Stack:
    """A server with a framework."""

    name: str
    command: Callable[[int, list[object]], list[object]]
    #: Whether it says when the handshake was.
    knows_handshake: bool = True
    #: Whether its rules go by path.
    by_path: bool = False
    #: Whether it ends a connection where clientcert says so.
    closes: bool = True


def gunicorn(app: str, *words: object) -> Callable[[int, list[object]], list[object]]:
    def command(port: int, files: list[object]) -> list[object]:
        tls = []
        if files:
            tls = [
                "--certfile",
                files[0],
                "--keyfile",
                files[1],
                "--config",
                "apps/gunicorn_conf.py",
            ]
        return python(
            "gunicorn", "--bind", f"127.0.0.1:{port}", "--log-level", "warning", *words, *tls, app
        )

    return command


def uvicorn(app: str, http: str = HTTP) -> Callable[[int, list[object]], list[object]]:
    return lambda port, files: python("apps.uvicorn_main", app, port, http, *files)


STACKS = [
    Stack("gunicorn-sync", gunicorn("apps.plain_wsgi:app"), by_path=True),
    Stack("gunicorn-gthread-flask", gunicorn("apps.flask_app:app", "--threads", "4"), closes=False),
    Stack("gunicorn-django", gunicorn("apps.django_app:wsgi", "--threads", "2"), closes=False),
    Stack("uvicorn-django", uvicorn("apps.django_app:asgi"), closes=False),
    Stack("uvicorn", uvicorn("apps.plain_asgi:app"), by_path=True),
    Stack("uvicorn-fastapi", uvicorn("apps.fastapi_app:app")),
    Stack(
        "aiohttp",
        lambda port, files: python("apps.aiohttp_app", port, *files),
        knows_handshake=False,
    ),
]


@dataclass
class Site:
    """A running server, and how to reach it."""

    stack: Stack
    pki: Path
    port: int
    #: The port of the server behind the proxy.
    backend: int
    dialect: Optional[str]

    def client(self, name: str | None = None) -> Browser:
        return Browser(
            self.port, self.pki / "root.crt", None if name is None else self.pki / f"{name}.pem"
        )


def start(
    stack: Stack, pki: Path, folder: Path, files: list[object], **environment: str
) -> tuple[Process, int]:
    options = {
        "mode": "optional",
        "ca": str(pki / "root.crt"),
        "identity": "subject.cn",
        "trusted_proxies": PROXY,
    }
    port = free_port()
    environment = {
        "TEST_OPTIONS": json.dumps(options),
        "TEST_DATABASE": str(folder / "users.sqlite"),
        **environment,
    }
    return Process(stack.command(port, files), port, folder / "server.log", environment), port


#: Servers that clients connect to, and servers behind nginx in one of its dialects.
Setting = tuple[Stack, Optional[str]]
DIRECT: list[Setting] = [(stack, None) for stack in STACKS]
BEHIND: list[Setting] = [(stack, "rfc9440") for stack in STACKS]
BEHIND += [(stack, "nginx") for stack in STACKS if stack.by_path]


def named(setting: Setting) -> str:
    return f"{setting[0].name}-{setting[1] or 'direct'}"


@pytest.fixture(scope="module")
def site(
    request: pytest.FixtureRequest, pki: PKI, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A running server."""
    stack, dialect = request.param
    files = pki.folder
    folder = tmp_path_factory.mktemp("site")
    if dialect is None:
        server, port = start(stack, files, folder, [files / "server.crt", files / "server.key"])
        yield Site(stack, files, port, port, None)
    else:
        server, backend = start(stack, files, folder, [], TEST_FORWARDED=dialect)
        proxy, port = nginx(folder, files, backend, dialect)
        yield Site(stack, files, port, backend, dialect)
        proxy.stop()
    server.stop()


def on(settings: list[Setting]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("site", settings, indirect=True, ids=named, scope="module")


either = on(DIRECT + BEHIND)
direct = on(DIRECT)
behind = on(BEHIND)


def nobody_came_in(response: Response) -> None:
    assert response.status == 403, response
    assert response["Cache-Control"] == "no-store"
    assert b"alice" not in response.body


@either
def test_nobody_sees_public_places_alone(site: Site) -> None:
    client = site.client()
    page = client.get("/").json
    assert (page["user"], page["verified"], page["outcome"]) == (None, False, "NONE")
    for path in ("/verified", "/user", "/alice", "/nobody", "/fresh"):
        nobody_came_in(client.get(path))


@either
def test_a_user_comes_in_where_it_is_listed(site: Site) -> None:
    alice, erin = site.client("good"), site.client("old")
    for path in ("/", "/verified", "/user", "/alice"):
        page = alice.get(path)
        assert page.status == 200, (path, page)
        assert (page.json["user"], page.json["verified"], page.json["outcome"]) == (
            "alice",
            True,
            "SUCCESS",
        )
    assert erin.get("/user").json["user"] == "erin"
    nobody_came_in(erin.get("/alice"))
    for client in (alice, erin):
        assert client.get("/nobody").status == 403


@either
def test_early_data_of_a_proxy_is_too_early(site: Site) -> None:
    alice = site.client("good")
    for value in ("1", "0", "1, 1", "x"):
        assert alice.get("/user", headers={"Early-Data": value}).status == 425, value
        assert alice.get("/", headers={"Early-Data": value}).status == 200, value
    assert alice.get("/user").status == 200


@either
def test_what_the_framework_calls_its_user(site: Site) -> None:
    page = site.client("good").get("/user").json
    assert page.get("remote_user", "alice") == "alice"
    assert page.get("django_user", "alice") == "alice"
    page = site.client("good").get("/alice").json
    # A session would outlive the certificate.
    assert page.get("django_user", "alice") == "alice"
    assert page.get("sessions", 0) == 0
    page = site.client().get("/").json
    assert page.get("remote_user") is None
    assert page.get("django_user") is None


@either
def test_a_page_says_why_in_the_form_that_is_preferred(site: Site) -> None:
    client = site.client()
    forms = {"text/html": b"<!", "application/json": b"{", "text/plain": b""}
    for accept, start in forms.items():
        page = client.get("/user", headers={"Accept": accept})
        assert page.status == 403
        assert page["Content-Type"].startswith(accept)
        assert page.body.lower().lstrip().startswith(start)
    assert b"certificate" in page.body
    assert client.get("/user", method="HEAD").body == b""


@either
def test_a_recent_handshake_is_known_or_refused(site: Site) -> None:
    knows = site.stack.knows_handshake and site.dialect is None
    assert site.client("good").get("/fresh").status == (200 if knows else 403)


@either
def test_who_has_no_certificate_is_sent_to_the_other_log_in(site: Site) -> None:
    answer = site.client().get("/elsewhere")
    assert (answer.status, answer["Location"]) == (302, "/log-in")
    assert site.client("good").get("/elsewhere").status == 200


@either
def test_logging_out_makes_the_certificate_count_for_nobody(site: Site) -> None:
    alice = site.client("good")
    answer = alice.get("/log-out")
    assert answer.status == 403, answer
    cookies = [value for name, value in answer.headers if name.lower() == "set-cookie"]
    cookie = next(value for value in cookies if value.startswith("__Host-clientcert-logged-out=1;"))
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=None"} <= set(cookie.split("; "))
    marked = {"Cookie": cookie.split(";")[0]}
    assert alice.get("/user", headers=marked).status == 403
    page = alice.get("/", headers=marked).json
    assert (page["user"], page["verified"], page["logged_out"]) == (None, False, True)
    # Reading the page of the log-in logs nobody in, sending its form does.
    assert "logged-out" not in alice.get("/log-in", headers=marked)["Set-Cookie"]
    answer = alice.get("/log-in", method="POST", headers=marked, body="")
    assert answer.status == 200, answer
    assert "__Host-clientcert-logged-out=" in answer["Set-Cookie"]
    assert "Max-Age=0" in answer["Set-Cookie"]
    assert alice.get("/user").status == 200


def forged(pki: Path) -> list[dict[str, str]]:
    """Headers with the certificate of somebody else, in the words of several proxies."""
    pem = (pki / "good.crt").read_text()
    encoded = base64.b64encode(ssl.PEM_cert_to_DER_cert(pem)).decode()
    escaped = pem.replace("\n", "%0A").replace("+", "%2B").replace("/", "%2F").replace(" ", "%20")
    return [
        {"Client-Cert": f":{encoded}:"},
        {"client-cert": f":{encoded}:", "Client-Cert-Chain": ""},
        {"Client_Cert": f":{encoded}:"},
        {"X-SSL-Client-Cert": escaped, "X-SSL-Client-Verify": "SUCCESS"},
        {"X-Forwarded-Client-Cert": f'Cert="{escaped}"'},
    ]


@either
def test_headers_of_clients_say_nothing(site: Site) -> None:
    for headers in forged(site.pki):
        page = site.client().get("/", headers=headers)
        assert page.status == 200, page
        assert (page.json["user"], page.json["verified"], page.json["forwarding"]) == (
            None,
            False,
            [],
        )
        nobody_came_in(site.client().get("/user", headers=headers))
    page = site.client("old").get("/user", headers=forged(site.pki)[0]).json
    assert (page["user"], page["forwarding"]) == ("erin", [])


@behind
def test_who_passes_by_the_proxy_is_refused(site: Site) -> None:
    headers = forged(site.pki)[0 if site.dialect == "rfc9440" else 3]
    client = Browser(site.backend)
    assert client.get("/", headers=headers).status == 403
    # Uvicorn believes this header of anybody on this machine.
    for spoofed in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):
        value = f"for={PROXY}" if spoofed == "Forwarded" else PROXY
        assert client.get("/user", headers={**headers, spoofed: value}).status == 403
    assert client.get("/").json["user"] is None


@direct
def test_a_chain_is_seen_whole(site: Site) -> None:
    answer = site.client("chain").get("/user")
    if sys.version_info >= (3, 10):
        assert answer.json["user"] == "bob"
    else:
        nobody_came_in(answer)


@direct
def test_the_handshake_ends_for_certificates_that_openssl_refuses(site: Site) -> None:
    for name in ("elsewhere", "self", "purpose", "chain-cut"):
        # An alert, or the end of the connection where it came too late for one.
        with pytest.raises(OSError, match=r"(?i)alert|unknown ca|reset|broken pipe|closed"):
            site.client(name).get("/")
    assert site.client().get("/").status == 200


@direct
def test_a_page_says_what_openssl_leaves_to_the_verdict(site: Site) -> None:
    for name, reason in {
        "expired": b"certificate_expired",
        "future": b"certificate_not_yet_valid",
    }.items():
        for path in ("/", "/user"):
            answer = site.client(name).get(path, headers={"Accept": "application/json"})
            assert answer.status == 403, (name, answer)
            assert reason in answer.body, (name, answer)


@behind
def test_behind_a_proxy_a_page_says_what_is_wrong(site: Site) -> None:
    # Whatever else is wrong, nginx answers itself; of a chain it forwards the first certificate alone.
    reasons = {
        "elsewhere": b"leaf_issuer_unknown",
        "self": b"self_signed",
        "chain": b"leaf_issuer_unknown",
    }
    for name, reason in reasons.items():
        for path in ("/", "/user"):
            answer = site.client(name).get(path, headers={"Accept": "application/json"})
            assert answer.status == 403, (name, answer)
            assert reason in answer.body, (name, answer)


@on([setting for setting in DIRECT if setting[0].closes])
def test_a_refusal_ends_the_connection(site: Site) -> None:
    connection = site.client("good").connect()
    answer = Browser.ask(connection, "/log-out")
    assert answer.status == 403
    assert answer["Connection"].lower() == "close"
    connection.close()


@on([setting for setting in DIRECT if setting[0].by_path])
def test_paths_that_could_be_read_differently_are_refused(site: Site) -> None:
    for path in ("//alice", "/./alice", "/x/../alice", "/x/%2e%2e/alice", "/x//alice", "/alice/.."):
        assert site.client().get(path).status == 400, path
    for path in ("/alice/", "/alice/keys", "/%61lice"):
        assert site.client().get(path).status == 403, path
    assert site.client("good").get("/alice/keys").status == 200
    assert site.client().get("/alicette").status == 200


@direct
def test_curl_is_served_as_well(site: Site) -> None:
    base = f"https://127.0.0.1:{site.port}"
    command = ["curl", "--silent", "--noproxy", "*", "--cacert", str(site.pki / "root.crt")]
    alice = ["--cert", str(site.pki / "good.pem"), "--key", str(site.pki / "good.pem")]
    page = subprocess.run(
        [*command, *alice, f"{base}/user"], capture_output=True, check=True
    ).stdout
    assert json.loads(page)["user"] == "alice"
    status = ["--output", "/dev/null", "--write-out", "%{http_code}"]
    for version in ("1.2", "1.3"):
        tls = [f"--tlsv{version}", "--tls-max", version]
        answer = subprocess.run(
            [*command, *tls, *status, f"{base}/user"], capture_output=True, check=True
        )
        assert answer.stdout == b"403"
