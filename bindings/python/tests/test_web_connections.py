"""What connections add: files that change under them, WebSockets, preflights, Unix sockets, and servers that believe
what clients say about their address."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable, Optional, TypeVar
from urllib.parse import parse_qs, urlsplit

import pytest
import websocket
from conftest import PKI
from servers import PROXY, Browser, Start, free_port, proxied, python
from test_web_servers import HTTP, forged

from clientcert import Config, Registry, Verifier
from clientcert.web import LOGGED_OUT

GUNICORN = ["gunicorn", "--threads", "4", "--keep-alive", "60", "--log-level", "warning"]

T = TypeVar("T")


def gunicorn(pki: PKI, port: int, app: str = "apps.plain_wsgi:app") -> list[object]:
    files = ["--certfile", pki.path("server.crt"), "--keyfile", pki.path("server.key")]
    return python(
        *GUNICORN, "--bind", f"127.0.0.1:{port}", *files, "--config", "apps/gunicorn_conf.py", app
    )


def uvicorn(pki: PKI, port: int, http: str = HTTP) -> list[object]:
    files = [pki.path("server.crt"), pki.path("server.key")]
    return python("apps.uvicorn_main", "apps.plain_asgi:app", port, http, *files)


def alice(pki: PKI, port: int) -> Browser:
    return Browser(port, pki.root, pki.path("good.pem"))


@pytest.mark.parametrize("server", [gunicorn, uvicorn])
def test_who_is_locked_out_goes_no_further_on_an_open_connection(
    server: Callable[[PKI, int], list[object]], pki: PKI, tmp_path: Path, start: Start
) -> None:
    url = f"file:{tmp_path}/keys"
    registry = Registry(url)
    registry.enrol_certificate("alice", pki.der("good"))
    options = {"mode": "optional_no_ca", "trust": "ca+key", "registry": url, "identity": "registry"}
    port = free_port()
    start(server(pki, port), port, options)
    connection = alice(pki, port).connect()
    assert Browser.ask(connection, "/user").json["user"] == "alice"
    registry.disable(registry.of_user("alice")[0].key)
    answer = until(lambda: Browser.ask(connection, "/user"), lambda answer: answer.status != 200)
    assert answer.status == 403, answer
    assert b"disabled" in answer.body
    assert alice(pki, port).get("/user").status == 403


def test_a_file_that_cannot_be_read_leaves_the_policy_in_force(
    pki: PKI, tmp_path: Path, start: Start
) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"spki:file:{pki.path('old.crt')} erin\n")
    options = {
        "mode": "optional_no_ca",
        "trust": "ca+key",
        "registry": f"file:{keys}",
        "identity": "registry",
    }
    port = free_port()
    server = start(gunicorn(pki, port), port, options)
    assert alice(pki, port).get("/user").status == 403
    keys.write_text("this is no line of a registry\n")
    until(server.log, lambda text: "the policy was not refreshed" in text)
    assert alice(pki, port).get("/").status == 200
    keys.write_text(f"spki:file:{pki.path('good.crt')} alice\n")
    page = until(lambda: alice(pki, port).get("/user"), lambda answer: answer.status == 200)
    assert page.json["user"] == "alice"


def test_websockets_are_decided_about_as_well(pki: PKI, start: Start) -> None:
    port = free_port()
    start(uvicorn(pki, port), port, {})

    def connect(path: str, certificate: Optional[str]) -> Any:
        options: dict[str, object] = {"ca_certs": str(pki.root)}
        if certificate is not None:
            options["certfile"] = str(pki.path(certificate))
        url = f"wss://127.0.0.1:{port}{path}"
        connection = websocket.create_connection(url, sslopt=options, timeout=20)
        try:
            return json.loads(connection.recv())
        finally:
            connection.close()

    assert connect("/user", "good.pem")["user"] == "alice"
    assert connect("/", None)["user"] is None
    for path in ("/user", "/alice"):
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            connect(path, None)
        assert refused.value.status_code == 403


def test_a_websocket_renews_no_handshake(pki: PKI, start: Start) -> None:
    port = free_port()
    start(uvicorn(pki, port), port, {})
    connection = alice(pki, port).connect()
    assert Browser.ask(connection, "/user").json["user"] == "alice"
    time.sleep(2.1)
    # On the very connection, whose handshake is too old for this place.
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(f"ws://127.0.0.1:{port}/recent", socket=connection.sock)
    assert refused.value.status_code == 403
    connection.close()


PREFLIGHT = {"Origin": "https://pages.example", "Access-Control-Request-Method": "PUT"}


@pytest.mark.parametrize(
    ("options", "status", "body"),
    [
        ({"preflight": "refuse"}, 403, b""),
        ({"preflight": "pass"}, 200, b"OPTIONS by None"),
        ({"preflight": "answer", "preflight_origin": "https://pages.example"}, 204, b""),
        ({"preflight": "answer", "preflight_origin": "https://others.example"}, 403, b""),
    ],
)
def test_preflights_go_where_the_policy_says(
    options: dict[str, object], status: int, body: bytes, pki: PKI, start: Start
) -> None:
    port = free_port()
    start(gunicorn(pki, port, "apps.preflight_wsgi:app"), port, options)
    # Browsers send none with a preflight. With one, it counts only where the request is judged like any other.
    clients = [Browser(port, pki.root)]
    if options["preflight"] != "refuse":
        clients.append(alice(pki, port))
    for client in clients:
        answer = client.get("/api", "OPTIONS", PREFLIGHT)
        assert answer.status == status, answer
        assert body in answer.body
    if status == 204:
        assert answer["Access-Control-Allow-Origin"] == "https://pages.example"
        assert answer.body == b""
    # Neither by the method nor by the fields does anybody come in, and no view runs for a preflight.
    assert Browser(port, pki.root).get("/api", "OPTIONS").status == 403
    assert Browser(port, pki.root).get("/api", "GET", PREFLIGHT).status == 403
    assert Browser(port, pki.root).get("/view", "OPTIONS", PREFLIGHT).status in (204, 403)


def test_no_preflight_redeems_a_ticket(pki: PKI, tmp_path: Path, start: Start) -> None:
    key = tmp_path / "session.key"
    key.write_bytes(b"k" * 64)
    options = {
        "mode": "deferred",
        "preflight": "pass",
        "certificate_host": "certificates.example",
        "session_key": str(key),
    }
    port = free_port()
    start(
        python("gunicorn", "--bind", f"127.0.0.1:{port}", "apps.preflight_wsgi:app"), port, options
    )
    client, host = Browser(port), {"Host": "www.example"}
    answer = client.get("/api", headers=host)
    question = parse_qs(urlsplit(answer["Location"]).query)["clientcert_question"][0]
    nonce = {**host, "Cookie": answer["Set-Cookie"].split(";")[0]}
    there = Verifier(
        Config(mode="require", ca=pki.root, identity="subject.cn", session_key=str(key))
    )
    query = urlsplit(there.answer_question(there.verify(pki.chain("good")), question)).query
    # With the cookie as well, which no browser sends with a preflight.
    for headers in (host, nonce):
        for path, status in (("/redeem", 403), ("/view", 403), ("/api", 200), ("/", 200)):
            answer = client.get(f"{path}?{query}", "OPTIONS", {**headers, **PREFLIGHT})
            assert answer.status == status, (path, answer)
            assert status == 403 or answer.body == b"OPTIONS by None"
            assert answer["Set-Cookie"] == ""
    # So it is there still, for once.
    assert client.get(f"/redeem?{query}", headers=nonce).body == b"alice None"
    assert client.get(f"/redeem?{query}", headers=nonce).body == b"None ticket_used"


def test_a_generator_may_refuse_as_well(pki: PKI, start: Start) -> None:
    port = free_port()
    start(gunicorn(pki, port, "apps.preflight_wsgi:lazy"), port, {})
    assert alice(pki, port).get("/view").body == b"GET by alice"
    assert Browser(port, pki.root).get("/").body == b"GET by None"
    answer = Browser(port, pki.root).get("/view", headers={"Accept": "application/json"})
    assert answer.status == 403
    assert b"certificate_required" in answer.body


def test_http_2_is_served_by_gunicorn_as_well(pki: PKI, start: Start) -> None:
    port = free_port()
    command = gunicorn(pki, port)
    start([*command[:-1], "--http-protocols", "h2,h1", command[-1]], port, {})
    options = ["--silent", "--noproxy", "*", "--http2", "--cacert", str(pki.root)]
    out = ["--write-out", "\\n%{http_version} %{http_code}"]
    for name, expected in (("good", "2 200"), (None, "2 403")):
        identity = [] if name is None else ["--cert", str(pki.path(f"{name}.pem"))]
        words = ["curl", *options, *identity, *out, f"https://127.0.0.1:{port}/user"]
        page = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        body, _, line = page.rpartition("\n")
        assert line == expected, page
        assert ("alice" in body) == (name is not None)


@pytest.mark.parametrize("server", [gunicorn, uvicorn])
def test_nobody_is_taken_for_another_one_in_a_crowd(
    server: Callable[[PKI, int], list[object]], pki: PKI, start: Start
) -> None:
    port = free_port()
    start(server(pki, port), port, {})
    people = {"good": "alice", "old": "erin", "chain": "bob", None: None}

    def visit(name: Optional[str]) -> set[tuple[int, Optional[str]]]:
        seen = set()
        for _ in range(3):
            certificate = None if name is None else pki.path(f"{name}.pem")
            connection = Browser(port, pki.root, certificate).connect()
            for _ in range(20):
                page = Browser.ask(connection, "/")
                seen.add((page.status, page.json["user"]))
            connection.close()
        return seen

    with ThreadPoolExecutor(12) as pool:
        crowd = list(people) * 3
        for name, seen in zip(crowd, pool.map(visit, crowd)):
            assert seen == {(200, people[name])}


def aiohttp(pki: PKI, port: int) -> list[object]:
    return python("apps.aiohttp_app", port, pki.path("server.crt"), pki.path("server.key"))


def test_a_response_that_is_raised_logs_in_as_well(pki: PKI, start: Start) -> None:
    port = free_port()
    start(aiohttp(pki, port), port, {})
    marked = {"Cookie": f"{LOGGED_OUT}=1"}
    answer = alice(pki, port).get("/log-in-and-go-on", "POST", marked, body="")
    assert (answer.status, answer["Location"]) == (303, "/")
    assert f"{LOGGED_OUT}=;" in answer["Set-Cookie"]


@pytest.mark.parametrize("server", [gunicorn, uvicorn, aiohttp])
def test_a_log_out_is_read_in_every_cookie_field(
    server: Callable[[PKI, int], list[object]], pki: PKI, start: Start
) -> None:
    port = free_port()
    start(server(pki, port), port, {})
    for cookies in (["a=b", f"{LOGGED_OUT}=1"], [f"{LOGGED_OUT}=1", "a=b"], ["a=b; c=d"]):
        fields = [word for cookie in cookies for word in ("--header", f"Cookie: {cookie}")]
        identity = ["--cert", str(pki.path("good.pem")), "--cacert", str(pki.root)]
        url = f"https://127.0.0.1:{port}/"
        words = ["curl", "--silent", "--noproxy", "*", *identity, *fields, url]
        page = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
        assert page["user"] == ("alice" if len(cookies) == 1 else None), (cookies, page)


def bare_uvicorn(port: int) -> list[object]:
    words = ["--host", "127.0.0.1", "--port", port, "--forwarded-allow-ips", "*"]
    return python("uvicorn", *words, "apps.plain_asgi:app")


def wsgiref(port: int) -> list[object]:
    return python("apps.wsgiref_main", port)


@pytest.mark.parametrize("server", [bare_uvicorn, wsgiref])
def test_a_servers_word_for_the_peer_is_not_taken(
    server: Callable[[int], list[object]], pki: PKI, start: Start
) -> None:
    port = free_port()
    start(server(port), port, {"trusted_proxies": PROXY}, TEST_FORWARDED="rfc9440")
    headers = forged(pki.folder)[0]
    # Whatever it is: who knows which headers a server believes.
    for more in ({}, {"X-Forwarded-For": PROXY}, {"X-Client-IP": PROXY}):
        assert proxied(port, {**headers, **more}).status == 403
        assert Browser(port).get("/user", headers={**headers, **more}).status == 403
    assert proxied(port, {}, "/").json["outcome"] == "NONE"


@pytest.mark.parametrize("server", [bare_uvicorn, wsgiref])
def test_a_servers_word_for_the_peer_is_taken_if_so_configured(
    server: Callable[[int], list[object]], pki: PKI, start: Start
) -> None:
    port = free_port()
    options = {"trusted_proxies": PROXY}
    environment = {"TEST_FORWARDED": "rfc9440", "TEST_TRUST_REMOTE_ADDRESS": "yes"}
    start(server(port), port, options, **environment)
    headers = forged(pki.folder)[0]
    assert proxied(port, headers).json["user"] == "alice"
    assert Browser(port).get("/user", headers=headers).status == 403
    # Not even the proxy is believed about an address that could be its own, however it is written.
    for spoofed in (PROXY, f"::ffff:{PROXY}", f"0:0:0:0:0:FFFF:{PROXY}", "::ffff:7f00:2"):
        more = {"X-Forwarded-For": spoofed}
        assert Browser(port).get("/user", headers={**headers, **more}).status == 403
        more["X-Forwarded-For"] += ", 192.0.2.1"
        assert proxied(port, {**headers, **more}).status == 403


def test_our_protocol_knows_the_peer(pki: PKI, start: Start) -> None:
    port = free_port()
    command = python("uvicorn", "--host", "127.0.0.1", "--port", port, "--forwarded-allow-ips", "*")
    words = ["--http", HTTP, "apps.plain_asgi:app"]
    start([*command, *words], port, {"trusted_proxies": PROXY}, TEST_FORWARDED="rfc9440")
    headers = forged(pki.folder)[0]
    assert Browser(port).get("/user", headers={**headers, "X-Forwarded-For": PROXY}).status == 403
    for value in ("192.0.2.1", PROXY, f"{PROXY}, 192.0.2.1"):
        assert proxied(port, {**headers, "X-Forwarded-For": value}).json["user"] == "alice"


@pytest.mark.parametrize(("trusted", "status"), [("unix", 200), (PROXY, 403)])
@pytest.mark.parametrize("server", ["gunicorn", "uvicorn", "uvicorn-bare"])
def test_a_unix_socket_is_a_peer(
    server: str, trusted: str, status: int, pki: PKI, tmp_path: Path, start: Start
) -> None:
    path = tmp_path / "socket"
    command = {
        "gunicorn": python("gunicorn", "--bind", f"unix:{path}", "apps.plain_wsgi:app"),
        "uvicorn": python("uvicorn", "--uds", path, "--http", HTTP, "apps.plain_asgi:app"),
        "uvicorn-bare": python("uvicorn", "--uds", path, "apps.plain_asgi:app"),
    }[server]
    start(command, path, {"trusted_proxies": trusted}, TEST_FORWARDED="rfc9440")
    certificate = forged(pki.folder)[0]["Client-Cert"]
    options = ["--silent", "--output", "/dev/null", "--write-out", "%{http_code}"]
    words = ["--unix-socket", str(path), "--header", f"Client-Cert: {certificate}"]
    answer = subprocess.run(
        ["curl", *options, *words, "http://localhost/user"], check=True, capture_output=True
    )
    assert int(answer.stdout) == status


@pytest.mark.parametrize("server", [gunicorn, uvicorn])
def test_a_resumed_session_is_judged_anew_and_renews_no_handshake(
    server: Callable[[PKI, int], list[object]], pki: PKI, start: Start
) -> None:
    port = free_port()
    start(server(pki, port), port, {})
    # No tickets are sent; clients of TLS 1.2 resume by the session's number, within a process.
    for name, user in (("good", "alice"), ("chain", "bob")):
        with Resuming(pki, port, name, ssl.TLSVersion.TLSv1_2) as client:
            assert client.get("/user") == (False, 200, user)
            assert client.get("/user") == (True, 200, user)
            assert client.get("/fresh") == (True, 403, None)
    with Resuming(pki, port, "good", ssl.TLSVersion.TLSv1_3) as client:
        for _ in range(2):
            assert client.get("/fresh") == (False, 200, "alice")


def test_a_resumption_by_ticket_knows_no_handshake(pki: PKI, start: Start) -> None:
    port = free_port()
    tls = ["--ssl-certfile", pki.path("server.crt"), "--ssl-keyfile", pki.path("server.key")]
    asks = ["--ssl-cert-reqs", "1", "--ssl-ca-certs", pki.root, "--http", HTTP]
    start(python("uvicorn", "--port", port, *tls, *asks, "apps.plain_asgi:app"), port, {})
    with Resuming(pki, port, "good", ssl.TLSVersion.TLSv1_3) as client:
        assert client.get("/fresh") == (False, 200, "alice")
        assert client.get("/user") == (True, 200, "alice")
        assert client.get("/fresh") == (True, 403, None)
    # Of the chain, the ticket has the first certificate alone.
    with Resuming(pki, port, "chain", ssl.TLSVersion.TLSv1_3) as client:
        assert client.get("/user") == (False, 200, "bob")
        assert client.get("/user") == (True, 403, None)


class Resuming:
    """A client that resumes its last session where the server has it so. It leaves its connections open: servers forget
    the session of one that was not shut down."""

    def __init__(self, pki: PKI, port: int, client: str, version: ssl.TLSVersion) -> None:
        self._context = ssl.create_default_context(cafile=str(pki.root))
        self._context.load_cert_chain(str(pki.path(f"{client}.pem")))
        self._context.maximum_version = version
        self._port = port
        self._session: Optional[ssl.SSLSession] = None
        self._connections = ExitStack()

    def __enter__(self) -> Resuming:
        return self

    def __exit__(self, *error: object) -> None:
        self._connections.close()

    def get(self, path: str) -> tuple[bool, int, Optional[str]]:
        """Whether the session was resumed, the status, and the user."""
        plain = socket.create_connection(("127.0.0.1", self._port), timeout=30)
        connection = self._connections.enter_context(
            self._context.wrap_socket(plain, server_hostname="localhost", session=self._session)
        )
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        response = http.client.HTTPResponse(connection)
        response.begin()
        body = response.read()
        self._session = connection.session
        user = json.loads(body)["user"] if response.status == 200 else None
        return bool(connection.session_reused), response.status, user


def until(ask: Callable[[], T], good: Callable[[T], bool]) -> T:
    """The first answer that is good; the last one where none is in half a minute."""
    for _ in range(300):
        answer = ask()
        if good(answer):
            break
        time.sleep(0.1)
    return answer
