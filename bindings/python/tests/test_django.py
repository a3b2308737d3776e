"""Whose a request is in Django: the certificate's, the session's, or nobody's."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import PKI
from servers import Browser, Process, free_port, python


@dataclass
class Site:
    """A running site, and its database."""

    alice: Browser
    nobody: Browser
    database: Path

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            return connection.execute(statement).fetchall()


@pytest.fixture(params=["wsgi", "asgi"])
def site(request: pytest.FixtureRequest, pki: PKI, tmp_path: Path) -> Iterator[Site]:
    with running(request.param, pki, tmp_path) as site:
        yield site


@contextmanager
def running(interface: str, pki: PKI, tmp_path: Path, **environment: str) -> Iterator[Site]:
    database = tmp_path / "users.sqlite"
    port = free_port()
    files = [pki.path("server.crt"), pki.path("server.key")]
    words = ["--certfile", files[0], "--keyfile", files[1], "--config", "apps/gunicorn_conf.py"]
    if interface == "wsgi":
        command = python("gunicorn", "--bind", f"127.0.0.1:{port}", *words, "apps.django_app:wsgi")
    else:
        http = "clientcert.uvicorn:HTTPProtocol"
        command = python("apps.uvicorn_main", "apps.django_app:asgi", port, http, *files)
    options = {"mode": "optional", "ca": str(pki.root), "identity": "subject.cn"}
    environment |= {"TEST_OPTIONS": json.dumps(options), "TEST_DATABASE": str(database)}
    server = Process(command, port, tmp_path / "log", environment)
    alice = Browser(port, pki.root, pki.path("good.pem"))
    try:
        yield Site(alice, Browser(port, pki.root), database)
    finally:
        server.stop()


def cookies(values: str) -> str:
    """What a browser sends back of a `Set-Cookie`."""
    return "; ".join(
        part.split(";")[0].strip() for part in values.split(", ") if "=" in part.split(";")[0]
    )


def test_a_user_is_made_once_and_has_no_password(site: Site) -> None:
    for path in ("/user", "/alice", "/user"):
        assert site.alice.get(path).json["django_user"] == "alice"
    users = site.execute("SELECT username, password, is_superuser FROM auth_user")
    assert [(name, root) for name, _, root in users] == [("alice", 0)]
    assert str(users[0][1]).startswith("!")


def test_who_may_not_log_in_is_nobody(site: Site) -> None:
    assert site.alice.get("/").json["django_user"] == "alice"
    site.execute("UPDATE auth_user SET is_active = 0")
    page = site.alice.get("/").json
    assert (page["user"], page["django_user"]) == ("alice", None)


@pytest.mark.parametrize("create", ["yes", "no"])
def test_a_database_that_ignores_case_finds_nobody_of_another_name(
    create: str, pki: PKI, tmp_path: Path
) -> None:
    with running("wsgi", pki, tmp_path, TEST_CREATE_USERS=create) as site:
        assert site.nobody.get("/").json["django_user"] is None
        # As MySQL compares by default, and other databases by a collation.
        [(table,)] = site.execute("SELECT sql FROM sqlite_master WHERE name = 'auth_user'")
        folding = str(table).replace("NOT NULL UNIQUE", "NOT NULL UNIQUE COLLATE NOCASE")
        assert folding != table
        site.execute("DROP TABLE auth_user")
        site.execute(folding)
        site.execute(
            "INSERT INTO auth_user (username, password, first_name, last_name, email, is_superuser,"
            " is_staff, is_active, date_joined) VALUES ('Alice', '!', '', '', '', 1, 1, 1, '2026-01-01')"
        )
        page = site.alice.get("/").json
        assert (page["user"], page["django_user"]) == ("alice", None)
        site.execute("UPDATE auth_user SET username = 'alice'")
        assert site.alice.get("/").json["django_user"] == "alice"


def test_a_session_of_another_log_in_counts_first_and_ends_with_a_log_out(site: Site) -> None:
    session = {"Cookie": cookies(site.alice.get("/session")["Set-Cookie"])}
    page = site.alice.get("/", headers=session).json
    assert (page["user"], page["django_user"], page["sessions"]) == ("alice", "carol", 1)
    assert site.nobody.get("/", headers=session).json["django_user"] == "carol"
    assert site.nobody.get("/user", headers=session).status == 403
    assert site.alice.get("/log-out", headers=session).status == 403
    assert site.execute("SELECT count(*) FROM django_session") == [(0,)]
    assert site.nobody.get("/", headers=session).json["django_user"] is None


def test_no_session_is_begun_for_a_certificate(site: Site) -> None:
    answer = site.alice.get("/user")
    assert "sessionid" not in answer["Set-Cookie"]
    assert site.execute("SELECT count(*) FROM django_session") == [(0,)]
