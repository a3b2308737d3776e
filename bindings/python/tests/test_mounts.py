"""Rules by path where an application is mounted, and where a client says that it is."""

from __future__ import annotations

import pytest
from conftest import PKI
from servers import PROXY, Browser, Start, free_port, proxied, python
from test_web_servers import HTTP, forged

from clientcert import Config, Verifier, asgi, wsgi
from clientcert.web import PUBLIC, Places, require

BEHIND = {"trusted_proxies": PROXY}
NGINX = {"TEST_FORWARDED": "rfc9440"}


def uvicorn(port: int, app: str, *words: object) -> list[object]:
    return python("uvicorn", "--port", port, "--http", HTTP, *words, app)


def comes_in_by_the_rules(port: int, pki: PKI, root: str) -> None:
    alice = forged(pki.folder)[0]
    assert proxied(port, alice, f"{root}/user").json["user"] == "alice"
    assert proxied(port, {}, f"{root}/user").status == 403
    assert proxied(port, {}, f"{root}/").status == 200


@pytest.mark.parametrize("root", ["", "/api"])
def test_fastapi_has_rules_below_its_root_path(root: str, pki: PKI, start: Start) -> None:
    port = free_port()
    start(uvicorn(port, "apps.mounted:fastapi"), port, BEHIND, **NGINX)
    # Whether the proxy takes the root off or not: FastAPI finds the same page.
    comes_in_by_the_rules(port, pki, root)


def test_starlettes_mount_has_rules_below_it(pki: PKI, start: Start) -> None:
    port = free_port()
    start(uvicorn(port, "apps.mounted:starlette"), port, BEHIND, **NGINX)
    comes_in_by_the_rules(port, pki, "/sub")
    for path in ("/elsewhere/", "/elsewhere/user"):
        answer = proxied(port, forged(pki.folder)[0], path)
        assert (answer.status, b"mounted" in answer.body) == (400, True)


@pytest.mark.parametrize(("mounted_at", "fits"), [("/api", True), ("", False), ("/other", False)])
def test_uvicorns_root_path_is_the_one_that_is_configured(
    mounted_at: str, fits: bool, pki: PKI, start: Start
) -> None:
    port = free_port()
    command = uvicorn(port, "apps.plain_asgi:app", "--root-path", "/api")
    start(command, port, BEHIND, TEST_MOUNTED_AT=mounted_at, **NGINX)
    if fits:
        comes_in_by_the_rules(port, pki, "")
    else:
        for path in ("/", "/user"):
            assert proxied(port, forged(pki.folder)[0], path).status == 400


def test_a_client_of_asgi_does_not_say_where_it_is_mounted(pki: PKI, start: Start) -> None:
    port = free_port()
    start(uvicorn(port, "apps.mounted:daphne"), port, BEHIND, **NGINX)
    comes_in_by_the_rules(port, pki, "")
    for path, root in (
        ("/user/x", "/user"),
        ("/user", "/user"),
        ("/user", "/"),
        ("/user", "/us"),
        ("/x/user", "/x"),
        ("/user", "//"),
    ):
        answer = proxied(port, {"Daphne-Root-Path": root}, path)
        assert answer.status == 400, (path, root)
    # An empty one says what is so.
    assert proxied(port, {"Daphne-Root-Path": ""}, "/user").status == 403


def test_one_rule_is_for_every_mount(pki: PKI, start: Start) -> None:
    port = free_port()
    start(uvicorn(port, "apps.mounted:one_rule"), port, BEHIND, **NGINX)
    for headers in ({}, {"Daphne-Root-Path": "/x"}):
        assert proxied(port, headers, "/x/y").status == 403
        assert proxied(port, {**headers, **forged(pki.folder)[0]}, "/x/y").json["user"] == "alice"


def test_a_client_of_wsgi_does_not_say_where_it_is_mounted(pki: PKI, start: Start) -> None:
    port = free_port()
    start(python("gunicorn", "--bind", f"127.0.0.1:{port}", "apps.plain_wsgi:app"), port, {})
    client = Browser(port)
    assert client.get("/").status == 200
    assert client.get("/user/x").status == 403
    # Gunicorn believes this header of everybody on its machine, also where a proxy there passes it on.
    for root in ("/user", "/us"):
        assert client.get("/user/x", headers={"SCRIPT_NAME": root}).status == 400


def test_gunicorns_script_name_is_the_one_that_is_configured(pki: PKI, start: Start) -> None:
    command = python("gunicorn", "apps.plain_wsgi:app")
    for mounted_at, expected in (("/api", [200, 403]), ("", [400, 400]), ("/ap", [400, 400])):
        port = free_port()
        words = [*command, "--bind", f"127.0.0.1:{port}"]
        start(words, port, {}, SCRIPT_NAME="/api", TEST_MOUNTED_AT=mounted_at)
        client = Browser(port)
        assert [client.get(path).status for path in ("/api/", "/api/user")] == expected
        answer = client.get("/api/user/x", headers={"SCRIPT_NAME": "/api/user"})
        assert answer.status == 400


@pytest.mark.parametrize(
    "make", [wsgi.ClientCertificates, asgi.ClientCertificates], ids=["wsgi", "asgi"]
)
def test_a_mount_point_is_a_path_and_places_are_below_it(make: type, pki: PKI) -> None:
    verifier = Verifier(Config(mode="optional", ca=pki.root))

    def made(mounted_at: str, *places: str) -> None:
        rules: Places = {place: require() for place in places}
        make(None, verifier, mounted_at=mounted_at, places=rules, refresh=None)

    for good in ("", "/api", "/api/v1", "/käse"):
        made(good, "/", "/account", "/apis")
    for bad in ("api", "/", "/api/", "//api", "/api//v1", "/api/../x", "/."):
        with pytest.raises(ValueError, match="mounted"):
            made(bad, "/")
    # It would be taken for what it is not: the place of an application that is not mounted.
    for inside in ("/api", "/api/", "/api/account"):
        with pytest.raises(ValueError, match="below"):
            made("/api", "/", inside)
    make(None, verifier, mounted_at="/api", places=PUBLIC, refresh=None)
