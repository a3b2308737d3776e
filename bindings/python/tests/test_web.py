"""What places require, and what is made of a request, without a server."""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import socket
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Callable

import pytest
from conftest import PKI

from clientcert import Config, HTTPVersion, Requirement, Verifier
from clientcert.web import (
    LOGGED_OUT,
    PUBLIC,
    AmbiguousPath,
    Facts,
    Gate,
    Refused,
    Rule,
    http_version,
    require,
    rule_lookup,
    transport_peer,
    true_peer,
)


@pytest.fixture
def verifier(pki: PKI) -> Verifier:
    return Verifier(Config(mode="optional", ca=pki.root, identity="subject.cn"))


def test_a_rule_begins_with_what_refuses() -> None:
    assert require() == Rule() == require("user")
    assert require().requirement is Requirement.USER
    assert require("VERIFIED").requirement is Requirement.VERIFIED
    assert require(Requirement.NONE) == PUBLIC
    with pytest.raises(ValueError, match="no requirement: 'admin'"):
        require("admin")


def test_users_are_a_list() -> None:
    assert require(users=["alice", "bob"]).users == ("alice", "bob")
    with pytest.raises(TypeError, match="not one text"):
        require(users="alice")


def test_an_empty_list_of_users_is_for_nobody(pki: PKI, verifier: Verifier) -> None:
    client = Gate(verifier, refresh=None).client(Facts("GET", "/"), chain=pki.chain("good"))
    nobody: tuple[Iterable[str], ...] = ([], (), iter([]))
    for users in nobody:
        answer = client.refuse(require(users=users))
        assert answer is not None
        assert answer.status == 403
    assert client.refuse(require(users=["alice"])) is None


@pytest.mark.parametrize(
    ("path", "users"),
    [
        ("/", ()),
        ("/anything", ()),
        ("/admins", ()),
        ("/Admin", ()),
        ("/admin", ("root",)),
        ("/admin/", ("root",)),
        ("/admin/users", ("root",)),
        ("/admin/users/keys", ("alice",)),
        ("/admin/users/keys/1", ("alice",)),
        ("*", ("any user",)),
        ("", ()),
    ],
)
def test_the_longest_prefix_counts(path: str, users: tuple[str, ...]) -> None:
    places = {
        "/": require("none"),
        "/admin": require(users=["root"]),
        "/admin/users/keys/": require(users=["alice"]),
    }
    rule = rule_lookup(places)(path)
    assert rule == (require() if users == ("any user",) else rule)
    assert rule.requirement is (Requirement.USER if users else Requirement.NONE)
    assert rule.users == (() if users == ("any user",) else users)


def test_where_no_prefix_fits_a_user_is_required() -> None:
    assert rule_lookup({"/public": PUBLIC})("/other") == require()
    assert rule_lookup({"/public": PUBLIC})("/public/x") == PUBLIC
    assert rule_lookup({})("/") == require()


@pytest.mark.parametrize(
    "path", ["//admin", "/x//admin", "/./admin", "/x/../admin", "/admin/..", "/admin/.", "//"]
)
def test_a_path_with_two_readings_is_none(path: str) -> None:
    with pytest.raises(AmbiguousPath):
        rule_lookup({"/": PUBLIC, "/admin": require()})(path)
    # One rule for everything has no two readings.
    assert rule_lookup({"/": PUBLIC})(path) == PUBLIC
    assert rule_lookup(PUBLIC)(path) == PUBLIC


def test_places_are_paths_one_rule_or_a_function() -> None:
    with pytest.raises(ValueError, match="begins with a slash"):
        rule_lookup({"admin": PUBLIC})
    assert rule_lookup(None)("/") == PUBLIC
    assert rule_lookup(require("verified"))("/x") == require("verified")
    assert rule_lookup(lambda path: require(users=[path]))("/x").users == ("/x",)


def test_versions_of_http_in_every_spelling() -> None:
    for text, version in {
        "HTTP/1.0": HTTPVersion.HTTP_1_0,
        "HTTP/1.1": HTTPVersion.HTTP_1_1,
        "1.1": HTTPVersion.HTTP_1_1,
        "2": HTTPVersion.HTTP_2,
        "HTTP/2.0": HTTPVersion.HTTP_2,
        "3": HTTPVersion.HTTP_3,
        "": HTTPVersion.UNKNOWN,
        "SPDY": HTTPVersion.UNKNOWN,
    }.items():
        assert http_version(text) is version


@pytest.mark.parametrize(
    ("peer", "forwarding"),
    [
        ("10.0.0.1", "192.0.2.1, 10.0.0.1"),
        ("10.0.0.1", 'for="10.0.0.1:4711"'),
        ("10.0.0.1", "10.0.0.1:4711"),
        ("10.0.0.1", "for=192.0.2.1;by=10.0.0.1"),
        ("10.0.0.1", "::FFFF:10.0.0.1"),
        ("10.0.0.1", 'for="[0:0:0:0:0:ffff:a00:1]:4711"'),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8::1", "[2001:db8::1]:1"),
        ("2001:db8::1", "2001:DB8:0::0001"),
        ("2001:db8::1", "2001:db8:0:0:0:0:0:1, 192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_an_address_that_could_come_out_of_a_header_is_nobodys(peer: str, forwarding: str) -> None:
    assert true_peer(peer, ["", forwarding]) is None
    assert true_peer(peer, ["192.0.2.1", "for=unknown", "110.0.0.1", "10.0.0.12", ""]) == peer


def test_what_is_no_address_is_no_peer() -> None:
    for peer in (None, "", "unix", "localhost", "10.0.0.1:80", "010.0.0.1", "[::1]"):
        assert true_peer(peer, []) is None


class Transport(asyncio.BaseTransport):
    """A transport that knows its socket, and its peer as long as there was one."""

    def __init__(self, connection: socket.socket) -> None:
        try:
            peer = connection.getpeername()
        except OSError:
            peer = None
        super().__init__({"socket": connection, "peername": peer})


def test_a_peer_that_went_away_is_no_unix_socket() -> None:
    with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as unix:
        assert transport_peer(Transport(tcp)) is None
        assert transport_peer(Transport(unix)) == "unix"
        with socket.create_server(("127.0.0.1", 0)) as listener:
            tcp.connect(listener.getsockname())
            assert transport_peer(Transport(tcp)) == "127.0.0.1"
    assert transport_peer(asyncio.BaseTransport()) is None


def test_a_client_is_nobody_until_a_decision_lets_it_in(pki: PKI, verifier: Verifier) -> None:
    client = Gate(verifier, refresh=None).client(Facts("GET", "/"), chain=pki.chain("good"))
    assert (client.identity, client.user, client.verified) == (None, None, False)
    assert client.verdict.user == "alice"
    client.insist(require("user"))
    assert (client.user, client.verified) == ("alice", True)
    with pytest.raises(Refused) as refused:
        client.insist(require(users=["bob"]))
    assert refused.value.answer.status == 403
    assert (client.identity, client.user, client.verified) == (None, None, False)


def test_a_log_out_is_a_cookie_among_others(pki: PKI, verifier: Verifier) -> None:
    for cookie in (f"{LOGGED_OUT}=1", f"a=b; {LOGGED_OUT}=", f"a; {LOGGED_OUT}=0 ;b=c"):
        facts = Facts("GET", "/", cookie=cookie)
        client = Gate(verifier, refresh=None).client(facts, chain=pki.chain("good"))
        assert client.logged_out
        assert client.refuse(PUBLIC) is None
        assert client.user is None
        assert client.refuse(require("user")) is not None
    for cookie in (f"x{LOGGED_OUT}=1", f"a={LOGGED_OUT}", ""):
        client = Gate(verifier, refresh=None).client(Facts("GET", "/", cookie=cookie))
        assert not client.logged_out


def test_only_a_post_logs_in_again(pki: PKI, verifier: Verifier) -> None:
    for method, user in (("GET", None), ("POST", "alice"), ("PUT", None)):
        facts = Facts(method, "/", cookie=f"{LOGGED_OUT}=1")
        client = Gate(verifier, refresh=None).client(facts, chain=pki.chain("good"))
        client.insist(require("none", logs_in=True))
        assert client.user == user
        assert bool(client.response_headers) == (user is not None)


def test_what_a_client_writes_raises_nothing_and_lets_nobody_in(
    pki: PKI, verifier: Verifier
) -> None:
    for odd in ("\udcff", "\0", "\r\nSet-Cookie: a=b", "x" * 100_000):
        facts = Facts(
            method=odd,
            target=odd,
            authority=odd,
            origin=odd,
            access_control_request_method=odd,
            access_control_request_headers=odd,
            accept=odd,
            cookie=odd,
        )
        client = Gate(verifier, refresh=None).client(facts)
        answer = client.refuse(require("user"))
        assert answer is not None
        assert answer.status in (400, 403)
        assert all(c not in value for _, value in answer.headers for c in "\r\n\0")


def test_headers_of_a_dialects_other_names_are_hidden_as_well(verifier: Verifier) -> None:
    from clientcert import HeaderNames

    gate = Gate(
        verifier, forwarded="nginx", names=HeaderNames(certificate="X-My-Cert"), refresh=None
    )
    for name in ("X-My-Cert", "x_my_cert", "Client-Cert", "X_SSL_CLIENT_CERT", "SSL_CLIENT_CERT"):
        assert gate.hides(name)
    for name in ("Host", "Cookie", "X-Forwarded-For", "X-My-Certificate"):
        assert not gate.hides(name)
    with pytest.raises((KeyError, ValueError)):
        Gate(verifier, forwarded="none such")


def refreshing() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "clientcert-refresh"]


def until(good: Callable[[], bool]) -> bool:
    """Whether it becomes so, in ten seconds."""
    for _ in range(1000):
        gc.collect()
        if good():
            return True
        time.sleep(0.01)
    return False


def test_the_refreshing_thread_ends_with_its_gate(verifier: Verifier) -> None:
    assert until(lambda: not refreshing())
    gate = Gate(verifier, refresh=0.01)
    assert not refreshing()
    for _ in range(3):
        gate.client(Facts("GET", "/"))
    assert len(refreshing()) == 1
    del gate
    assert until(lambda: not refreshing())


def test_threads_that_come_first_at_once_begin_one_refreshing_thread(verifier: Verifier) -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(20):
            assert until(lambda: not refreshing())
            gate = Gate(verifier, refresh=0.01)
            together = threading.Barrier(8)

            def come(gate: Gate = gate, together: threading.Barrier = together) -> None:
                together.wait()
                gate.client(Facts("GET", "/"))

            threads = [threading.Thread(target=come) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(refreshing()) == 1
            # Closures hold it as well.
            del gate, come, threads, thread
    finally:
        sys.setswitchinterval(before)


def test_a_refresh_that_fails_in_any_way_is_said_and_tried_again(
    pki: PKI, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(Verifier):
        """A verifier whose refresh fails as the library never does."""

        turns = 0

        def refresh(self) -> bool:
            self.turns += 1
            raise MemoryError(f"nothing is left, {self.turns // 10}")

    failing = Failing(Config(mode="optional", ca=pki.root))
    gate = Gate(failing, refresh=0.001)
    gate.client(Facts("GET", "/"))
    assert until(lambda: failing.turns > 25)
    said = [record.getMessage() for record in caplog.records]
    for turn in ("0", "1", "2"):
        # Once each, however often.
        assert sum(f"nothing is left, {turn}" in line for line in said) == 1
    assert len(refreshing()) == 1
    assert gate.client(Facts("GET", "/"), chain=pki.chain("good")).verdict.verified


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_refreshing_thread_begins_again_where_it_ended(pki: PKI, tmp_path: Path) -> None:
    class Ending(logging.Handler):
        """A handler that ends the thread of whoever logs."""

        def emit(self, record: logging.LogRecord) -> None:
            raise SystemExit

    ca = tmp_path / "ca.crt"
    ca.write_bytes(pki.root.read_bytes())
    gate = Gate(Verifier(Config(mode="optional", ca=ca)), refresh=0.01)
    handler = Ending()
    logging.getLogger("clientcert").addHandler(handler)
    try:
        gate.client(Facts("GET", "/"))
        ca.write_text("no certificate\n")
        assert until(lambda: not refreshing())
    finally:
        logging.getLogger("clientcert").removeHandler(handler)
    gate.client(Facts("GET", "/"))
    assert len(refreshing()) == 1


def test_where_no_thread_can_be_begun_requests_refresh(
    pki: PKI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    ca = tmp_path / "ca.crt"
    ca.write_bytes(pki.root.read_bytes())
    gate = Gate(Verifier(Config(mode="optional", ca=ca)), refresh=0.01)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", full)
        assert gate.client(Facts("GET", "/"), chain=pki.chain("good")).verdict.verified
        # Another CA, which did not issue it.
        ca.write_bytes(pki.path("server.crt").read_bytes())
        assert until(
            lambda: not gate.client(Facts("GET", "/"), chain=pki.chain("good")).verdict.verified
        )
        assert not refreshing()
    gate.client(Facts("GET", "/"))
    assert len(refreshing()) == 1


def test_every_fork_has_a_refreshing_thread_of_its_own(verifier: Verifier) -> None:
    gate = Gate(verifier, refresh=0.01)
    gate.client(Facts("GET", "/"))
    stop = threading.Event()

    def begin_others() -> None:
        while not stop.is_set():
            Gate(verifier, refresh=0.01).client(Facts("GET", "/"))

    def child() -> None:
        assert not refreshing()
        gate.client(Facts("GET", "/"))
        assert len(refreshing()) == 1

    # Forks come at any moment of another thread's.
    beginning = threading.Thread(target=begin_others)
    beginning.start()
    children = [multiprocessing.get_context("fork").Process(target=child) for _ in range(20)]
    for process in children:
        process.start()
    stop.set()
    beginning.join()
    for process in children:
        process.join(60)
    assert [process.exitcode for process in children] == [0] * len(children)
