"""What a request gets: the library's decision, carried out by nginx."""

import time
from pathlib import Path

import pytest

from nginx.conftest import Start
from nginx.server import Nginx
from support.clients import Answer, Client, curl, s_client
from support.pki import Pki
from support.server import eventually

COMMON = """
    clientcert on;
    clientcert_ca @PKI@/root.crt;
    clientcert_identity "subject.cn lower";
"""

PREFLIGHT = [
    ("Origin", "https://app.example.com"),
    ("Access-Control-Request-Method", "PUT"),
    ("Access-Control-Request-Headers", "content-type"),
]


@pytest.fixture(scope="module")
def server(shared_nginx: Start) -> Nginx:
    return shared_nginx(
        f"""
        server {{
            listen 127.0.0.1:@PORT@ ssl http2;
            {COMMON}
            clientcert_mode optional;
            location / {{ return 200 "in\\n"; }}
            location /user {{ clientcert_require user; return 200 "in\\n"; }}
            location /seen {{ return 200 "$ssl_client_verify\\n"; }}
            location /forwarded {{
                proxy_set_header X-Verify $ssl_client_verify;
                proxy_pass http://127.0.0.1:@BACKEND@;
            }}
            location /team {{ clientcert_require user alice frank; return 200 "in\\n"; }}
            location /strong {{ clientcert_require user strength=strong; return 200 "in\\n"; }}
            location /recent {{ clientcert_require verified max_age=2s; return 200 "in\\n"; }}
            location /login {{ clientcert_require verified; clientcert_login /log-in; return 200 "in\\n"; }}
            location /log-out {{ clientcert_log_out on; }}
            location /backend {{ clientcert_require verified; proxy_pass http://127.0.0.1:@BACKEND@; }}
        }}
        server {{
            listen 127.0.0.1:@PORT_CHALLENGE@ ssl http2;
            {COMMON}
            clientcert_mode optional;
            clientcert_option challenge transport;
            location / {{ clientcert_require verified; return 200 "in\\n"; }}
        }}
        server {{
            listen 127.0.0.1:@PORT_PASS@ ssl http2;
            {COMMON}
            clientcert_mode optional;
            clientcert_option preflight pass;
            clientcert_require verified;
            location / {{ proxy_set_header X-Outcome $clientcert_outcome; proxy_pass http://127.0.0.1:@BACKEND@; }}
        }}
        server {{
            listen 127.0.0.1:@PORT_ANSWER@ ssl http2;
            {COMMON}
            clientcert_mode require;
            clientcert_option preflight answer;
            clientcert_option preflight_origin https://app.example.com;
            location / {{ clientcert_require verified; proxy_pass http://127.0.0.1:@BACKEND@; }}
        }}
        server {{
            listen 127.0.0.1:@PORT_ELSEWHERE@ ssl http2;
            server_name localhost;
            {COMMON}
            clientcert_mode off;
            clientcert_option certificate_host one.test;
            location / {{ clientcert_require verified; return 200 "in\\n"; }}
        }}
        server {{
            listen 127.0.0.1:@PORT_EARLY@ ssl;
            {COMMON}
            clientcert_mode optional;
            ssl_early_data on;
            location / {{ return 200 "in\\n"; }}
            location /user {{ clientcert_require user; return 200 "in\\n"; }}
        }}
        """
    )


def cause(answer: Answer) -> object:
    return answer.json()["cause"]


JSON = [("Accept", "application/json")]


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_who_is_allowed(server: Nginx, pki: Pki, http: str) -> None:
    def seen(path: str, client: str | None) -> object:
        answer = curl(pki, server.port, path, client, http=http, headers=JSON)
        assert answer.status in (200, 403)
        return "in" if answer.status == 200 else cause(answer)

    assert seen("/user", "good") == "in"
    assert seen("/user", "frank") == "in"
    assert seen("/user", None) == "certificate_required"
    assert seen("/team", "good") == "in"
    assert seen("/team", "frank") == "in"
    assert seen("/team", "old") == "user_not_allowed"
    assert seen("/strong", "good") == "identity_weak"


def test_page_by_accept(server: Nginx, pki: Pki) -> None:
    def page(accept: str) -> Answer:
        answer = curl(pki, server.port, "/user", headers=[("Accept", accept)])
        assert answer.status == 403
        assert answer.header("Cache-Control") == "no-store"
        return answer

    reason = "the client presented no certificate"
    text = page("*/*")
    assert text.header("Content-Type") == "text/plain; charset=utf-8"
    assert reason in text.body.lower() and "<" not in text.body
    html = page("text/html,application/xhtml+xml,*/*;q=0.8")
    assert html.header("Content-Type") == "text/html; charset=utf-8"
    assert reason in html.body.lower() and html.body.startswith("<!doctype html>")
    json = page("application/json")
    assert json.header("Content-Type") == "application/json"
    assert cause(json) == "certificate_required"


def test_head_has_no_page(server: Nginx, pki: Pki) -> None:
    with Client(pki).connect(server.port) as connection:
        answer = connection.request("/user", method="HEAD")
        assert (answer.status, answer.body) == (403, "")
        assert connection.request("/").status == 200, "the connection is still in step"


def test_a_body_that_was_sent_is_not_taken_for_a_request(server: Nginx, pki: Pki) -> None:
    with Client(pki).connect(server.port) as connection:
        smuggled = b"GET /team HTTP/1.1\r\nHost: localhost\r\n\r\n"
        assert connection.request("/user", method="POST", body=smuggled).status == 403
        if connection.open:
            assert connection.request("/").body == "in\n"


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_pages_of_the_administrator(nginx: Start, pki: Pki, http: str) -> None:
    """They come instead of ours; one that is itself protected is no way in, and no loop."""
    server = nginx(
        f"""
        server {{
            listen 127.0.0.1:@PORT@ ssl http2;
            {COMMON}
            clientcert_mode require;
            error_page 403 /sorry;
            error_page 495 496 /none;
            location / {{ clientcert_require user frank; return 200 "in\n"; }}
            location = /sorry {{ return 403 "sorry, $clientcert_user\n"; }}
            location = /none {{ return 400 "nobody: $clientcert_reasons\n"; }}
        }}
        server {{
            listen 127.0.0.1:@PORT_PROTECTED@ ssl http2;
            {COMMON}
            clientcert_mode require;
            error_page 400 403 495 496 /page;
            location / {{ clientcert_require user frank; return 200 "in\n"; }}
        }}
        """
    )
    assert curl(pki, server.port, client="frank", http=http).body == "in\n"
    sorry = curl(pki, server.port, client="good", http=http)
    assert (sorry.status, sorry.body) == (403, "sorry, alice\n")
    nobody = curl(pki, server.port, http=http)
    assert (nobody.status, nobody.body) == (400, "nobody: certificate_required\n")
    expired = curl(pki, server.port, client="expired", http=http)
    assert (expired.status, expired.body) == (400, "nobody: certificate_expired@0\n")
    for client in [None, "good", "expired"]:
        answer = curl(pki, server.port_of("protected"), client=client, http=http)
        assert answer.status in (400, 403) and answer.body != "in\n", client
    assert curl(pki, server.port_of("protected"), client="frank", http=http).body == "in\n"


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_large_bodies_are_refused_in_step(
    server: Nginx, pki: Pki, tmp_path: Path, http: str
) -> None:
    body = tmp_path / "body"
    body.write_bytes(b"x" * 900_000)
    for more in [[], ["--header", "Transfer-Encoding: chunked"], ["--expect100-timeout", "5"]]:
        if http == "2" and "--header" in more:
            continue
        upload = ["--data-binary", f"@{body}", *more]
        answer = curl(pki, server.port, "/user", http=http, more=upload)
        assert answer.status == 403, answer


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_challenge(server: Nginx, pki: Pki, http: str) -> None:
    port = server.port_of("challenge")
    answer = curl(pki, port, http=http, headers=JSON)
    assert answer.status == 401
    assert answer.header("WWW-Authenticate") == 'transport mode="tls-client-certificate"'
    assert cause(answer) == "certificate_required"
    assert curl(pki, port, client="good", http=http).body == "in\n"


def test_another_log_in(server: Nginx, pki: Pki) -> None:
    answer = curl(pki, server.port, "/login")
    assert answer.status == 302
    assert answer.header("Location") == "/log-in"
    assert curl(pki, server.port, "/login", "good").body == "in\n"


@pytest.mark.parametrize("path", ["/", "/a%20b?x=1&y=%2F"])
def test_the_host_that_asks(server: Nginx, pki: Pki, path: str) -> None:
    answer = curl(pki, server.port_of("elsewhere"), path, host="localhost")
    assert answer.status == 302, answer
    location = answer.header("Location") or ""
    assert location.startswith("https://one.test/") and "clientcert_question=" in location
    assert (answer.header("Set-Cookie") or "").startswith("__Host-clientcert=")


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_a_recent_handshake(server: Nginx, pki: Pki, http: str) -> None:
    client = Client(pki, "good")
    with client.connect(server.port) if http == "1.1" else client.connect_h2(server.port) as alice:
        assert alice.request("/recent").status == 200
        time.sleep(3.1)
        assert alice.request("/").status == 200
        late = alice.request("/recent", headers=[("accept", "application/json")])
        assert late.status == 403
        assert cause(late) == "handshake_too_old"
        assert not alice.open if http == "1.1" else alice.wait_for_end()  # type: ignore[union-attr]


def test_a_resumption_renews_no_handshake(server: Nginx, pki: Pki) -> None:
    client = Client(pki, "good")
    with client.connect(server.port) as first:
        assert first.request("/recent").status == 200
        session = first.session
    time.sleep(3.1)
    with client.connect(server.port, session=session) as second:
        assert second.resumed
        assert second.request("/recent").status == 403


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_log_out(server: Nginx, pki: Pki, http: str) -> None:
    client = Client(pki, "good")

    def connect() -> object:
        return client.connect(server.port) if http == "1.1" else client.connect_h2(server.port)

    with connect() as alice:  # type: ignore[attr-defined]
        assert alice.request("/user").status == 200
        out = alice.request("/log-out")
        assert out.status in (302, 401, 403)
        assert out.header("Clear-Site-Data") == '"cache", "storage"'
        cookie = next(value.split(";")[0] for value in out.all("Set-Cookie"))
        assert alice.wait_for_end() if http == "2" else not alice.open
    with connect() as alice:  # type: ignore[attr-defined]
        refused = alice.request(
            "/user", headers=[("cookie", f"a=b; {cookie}"), ("accept", "application/json")]
        )
        assert refused.status == 403
        assert cause(refused) == "logged_out"
        assert alice.request("/user").status == 200, "who has no cookie did not log out"


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_who_logged_out_is_no_success(server: Nginx, pki: Pki, http: str) -> None:
    """nginx's own variable says so, too: `if` and back ends go by it."""
    client = Client(pki, "good")
    out = [("cookie", "__Host-logged-out=1")]
    with client.connect(server.port) if http == "1.1" else client.connect_h2(server.port) as alice:
        assert alice.request("/seen").body == "SUCCESS\n"
        assert alice.request("/seen", headers=out).body.startswith("FAILED:")
        assert alice.request("/seen").body == "SUCCESS\n"
    for headers in ([], out):
        assert Client(pki).get(server.port, "/seen", headers=headers).body == "NONE\n"


def test_each_request_of_a_connection_has_a_result_of_its_own(server: Nginx, pki: Pki) -> None:
    """OpenSSL has one for all of them, and a back end may be asked only when the body is there."""
    out = [("cookie", "__Host-logged-out=1")]

    def forwarded(answer: Answer) -> str:
        return str({name.lower(): value for name, value in answer.json()["headers"]}["x-verify"])

    with Client(pki, "good").connect_h2(server.port) as alice:
        for own, others, expected in [(out, [], "FAILED"), ([], out, "SUCCESS")]:
            stream = alice.begin("/forwarded", headers=own)
            assert alice.request("/seen", headers=others).status == 200
            assert forwarded(alice.finish(stream, b"body")).partition(":")[0] == expected


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_preflight_refused(server: Nginx, pki: Pki, http: str) -> None:
    answer = preflight(pki, server.port, "/backend", http)
    assert answer.status == 403


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_preflight_passed_on(server: Nginx, pki: Pki, http: str) -> None:
    port = server.port_of("pass")
    answer = preflight(pki, port, "/x", http)
    assert answer.status == 200
    headers = {name.lower(): value for name, value in answer.json()["headers"]}
    assert headers["x-outcome"] == "NONE"
    assert curl(pki, port, "/x", http=http, more=["--request", "OPTIONS"]).status == 403
    assert curl(pki, port, "/x", "good", http=http).status == 200


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_preflight_answered(server: Nginx, pki: Pki, http: str) -> None:
    """Also where nobody may be without a certificate: a browser sends none with a preflight."""
    port = server.port_of("answer")
    answer = preflight(pki, port, "/x", http)
    assert answer.status == 204
    assert answer.header("Access-Control-Allow-Origin") == "https://app.example.com"
    assert answer.header("Access-Control-Allow-Credentials") == "true"
    assert answer.header("Access-Control-Allow-Methods") == "PUT"
    evil = preflight(pki, port, "/x", http, origin="https://evil.example")
    assert evil.status == 403
    assert evil.header("Access-Control-Allow-Origin") is None
    assert curl(pki, port, "/x", http=http).status == 400
    assert curl(pki, port, "/x", "good", http=http).status == 200


def test_a_request_on_the_connection_of_a_preflight(server: Nginx, pki: Pki) -> None:
    with Client(pki).connect_h2(server.port_of("pass")) as connection:
        first = connection.request("/x", method="OPTIONS", headers=lower(PREFLIGHT))
        assert first.status == 200
        assert connection.request("/x", method="PUT", body=b"{}").status == 421
        assert connection.wait_for_end()


def test_early_data(server: Nginx, pki: Pki, tmp_path: Path) -> None:
    """What comes before the handshake ends could be somebody else's, sent again."""
    port = server.port_of("early")
    session = tmp_path / "session"
    early = tmp_path / "early"

    def send_early(path: str) -> int:
        first = s_client(pki, port, "/", "good", session_out=session)
        assert first.answer.status == 200
        early.write_text(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        again = s_client(
            pki, port, "/", "good", session_in=session, more=["-early_data", str(early)]
        )
        assert "Early data was accepted" in again.output
        return again.answer.status

    for path in ["/user", "/"]:
        # Where nginx comes to read it only after the handshake, it is a request like others.
        eventually(lambda path=path: send_early(path) == 425, f"{path} is too early")  # type: ignore[misc]


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_early_data_of_a_proxy(server: Nginx, pki: Pki, http: str) -> None:
    """RFC 8470 section 5.1: several headers, and any other value, are a 1."""
    port = server.port_of("early")
    for values in [["1"], ["0"], ["x"], ["0", "0"]]:
        headers = [("Early-Data", value) for value in values]
        assert curl(pki, port, "/user", "good", http=http, headers=headers).status == 425
        assert curl(pki, port, "/", "good", http=http, headers=headers).status == 200
    assert curl(pki, port, "/user", "good", http=http).status == 200


def preflight(
    pki: Pki, port: int, path: str, http: str, origin: str = "https://app.example.com"
) -> Answer:
    headers = [("Origin", origin), *PREFLIGHT[1:]]
    return curl(pki, port, path, http=http, headers=headers, more=["--request", "OPTIONS"])


def lower(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in headers]
