"""What places require, and what is made of a request, without a server."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterable

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


def test_an_address_that_could_come_out_of_a_header_is_nobodys() -> None:
    assert true_peer("10.0.0.1", ["192.0.2.1", ""]) == "10.0.0.1"
    assert true_peer("10.0.0.1", ["192.0.2.1, 10.0.0.1"]) is None
    assert true_peer("10.0.0.1", ['for="10.0.0.1:4711"']) is None
    assert true_peer("2001:db8::1", ["[2001:db8::1]:1"]) is None
    assert true_peer("", [""]) == ""
    assert true_peer(None, []) is None


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


def test_the_refreshing_thread_ends_with_its_gate(verifier: Verifier) -> None:
    def running() -> int:
        return sum(thread.name == "clientcert-refresh" for thread in threading.enumerate())

    before = running()
    gate = Gate(verifier, refresh=0.01)
    assert running() == before
    for _ in range(3):
        gate.client(Facts("GET", "/"))
    assert running() == before + 1
    del gate
    gc.collect()
    for _ in range(500):
        if running() == before:
            break
        time.sleep(0.01)
    assert running() == before
