"""Decisions: by class as in the table of docs/requests.md, with their answers, whatever a client wrote."""

from __future__ import annotations

import json
import ssl
from datetime import datetime, timedelta, timezone
from typing import Any, Optional
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import PKI

import clientcert
from clientcert import (
    Action,
    Body,
    Config,
    HTTPVersion,
    Late,
    Outcome,
    Request,
    Requirement,
    Verdict,
    Verifier,
)


def made(pki: PKI, **options: Any) -> Verifier:
    return Verifier(
        Config(**{"mode": "optional", "ca": pki.root, "identity": "subject.CN", **options})
    )


@pytest.fixture(scope="module")
def verifier(pki: PKI) -> Verifier:
    return made(pki)


@pytest.fixture(scope="module")
def alice(verifier: Verifier, pki: PKI) -> Verdict:
    return verifier.verify(pki.chain("good"))


@pytest.fixture(scope="module")
def nobody(verifier: Verifier) -> Verdict:
    return verifier.verify([])


def test_an_allowed_request_goes_on_with_an_identity(verifier: Verifier, alice: Verdict) -> None:
    decision = verifier.decide(alice, Request(method="GET"))
    assert decision.allowed
    assert decision.action is Action.ALLOW
    assert decision.verdict.user == "alice"
    assert decision.identity
    assert decision.session_cacheable
    unanswered = (
        decision.status,
        decision.cause,
        decision.body(),
        decision.http2_error,
        decision.alert(),
    )
    assert unanswered == (None,) * 5
    assert decision.headers == []
    assert not decision.closes
    assert json.loads(decision.audit)["user"] == "alice"
    assert clientcert.decide(verifier, alice, Request()).allowed
    assert repr(decision) == "<Decision ALLOW >"


def test_without_a_word_only_users_are_let_in(
    verifier: Verifier, nobody: Verdict, pki: PKI
) -> None:
    assert Request().requirement is Requirement.USER
    decision = verifier.decide(nobody, Request())
    assert decision.action is Action.FORBID
    assert not decision.allowed
    assert decision.status == 403
    assert decision.cause == "certificate_required"
    nameless = Verifier(Config(mode="optional", ca=pki.root))
    verdict = nameless.verify(pki.chain("good"))
    assert verdict.verified
    assert nameless.decide(verdict, Request()).cause == "user_missing"
    assert nameless.decide(verdict, Request(requirement=Requirement.VERIFIED)).allowed


@pytest.mark.parametrize(
    ("client", "fields", "action", "status", "cause"),
    [
        ("good", {"users": ["alice", "bob"]}, Action.ALLOW, None, None),
        ("good", {"users": ["bob"]}, Action.FORBID, 403, "user_not_allowed"),
        (
            "good",
            {"users": ["bob"], "requirement": Requirement.VERIFIED},
            Action.FORBID,
            403,
            "user_not_allowed",
        ),
        ("good", {"strong": True}, Action.FORBID, 403, "identity_weak"),
        ("good", {"early_data": True}, Action.TOO_EARLY, 425, "early_data"),
        ("good", {"log_out": True}, Action.LOG_OUT, 403, "logged_out"),
        ("good", {"logged_out": True}, Action.FORBID, 403, "logged_out"),
        ("good", {"maximum_age": 60}, Action.REAUTHENTICATE, 403, "handshake_too_old"),
        (
            "good",
            {"identity_before": "somebody else"},
            Action.REAUTHENTICATE,
            403,
            "identity_changed",
        ),
        ("expired", {"requirement": Requirement.NONE}, Action.FORBID, 403, "certificate_expired"),
        (None, {"requirement": Requirement.NONE}, Action.ALLOW, None, None),
        (
            None,
            {"challenges": ['Basic realm="here"']},
            Action.CHALLENGE,
            401,
            "certificate_required",
        ),
        (None, {"other_login_url": "/login"}, Action.FALL_BACK, 302, "certificate_required"),
        (None, {"other_login_challenge": "Basic"}, Action.FALL_BACK, 401, "certificate_required"),
        (None, {"preflight_opened": True}, Action.MISDIRECTED, 421, "preflight_connection"),
        (
            None,
            {"preflight_opened": True, "answered_421": True},
            Action.FORBID,
            403,
            "preflight_connection",
        ),
    ],
)
def test_decisions(
    verifier: Verifier,
    pki: PKI,
    client: Optional[str],
    fields: dict[str, Any],
    action: Action,
    status: Optional[int],
    cause: Optional[str],
) -> None:
    verdict = verifier.verify(pki.chain(client) if client else [])
    decision = verifier.decide(verdict, Request(**fields))
    assert (decision.action, decision.status, decision.cause) == (action, status, cause)
    assert decision.allowed == (action is Action.ALLOW)
    if status == 401:
        assert "WWW-Authenticate" in dict(decision.headers)
    if status == 302:
        assert dict(decision.headers)["Location"] == "/login"


LATE = {
    "http_version": HTTPVersion.HTTP_1_1,
    "tls_version": "TLSv1.3",
    "offers_post_handshake_auth": True,
}


@pytest.mark.parametrize(
    ("fields", "action"),
    [
        (LATE, Action.ASK_POST_HANDSHAKE),
        ({**LATE, "tls_version": ssl.TLSVersion.TLSv1_3}, Action.ASK_POST_HANDSHAKE),
        ({**LATE, "tls_version": 0x0304}, Action.ASK_POST_HANDSHAKE),
        ({**LATE, "tls_version": "SSLv3"}, Action.FORBID),
        ({**LATE, "http_version": HTTPVersion.HTTP_2}, Action.USE_HTTP_1_1),
        ({**LATE, "tls_version": "TLSv1.2", "secure_renegotiation": True}, Action.ASK_RENEGOTIATE),
        ({**LATE, "body_read": 1_000_000}, Action.TOO_LARGE),
        ({**LATE, "late": Late.TIMED_OUT}, Action.TIMED_OUT),
        ({**LATE, "late": Late.DECLINED}, Action.FORBID),
        ({}, Action.FORBID),
    ],
)
def test_late_certificates(pki: PKI, fields: dict[str, Any], action: Action) -> None:
    verifier = made(pki, mode="deferred")
    decision = verifier.decide(verifier.verify([]), Request(**fields))
    assert decision.action is action
    assert decision.http2_error == (0xD if action is Action.USE_HTTP_1_1 else None)


def test_an_age_and_a_time_are_moments_of_python(verifier: Verifier, alice: Verdict) -> None:
    now = datetime.now(timezone.utc)
    recent = Request(maximum_age=timedelta(minutes=5), handshake_time=now - timedelta(minutes=1))
    assert verifier.decide(alice, recent).allowed
    old = Request(maximum_age=timedelta(minutes=5), handshake_time=int(now.timestamp()) - 301)
    assert verifier.decide(alice, old).cause == "handshake_too_old"
    with pytest.raises(ValueError, match="below zero"):
        verifier.decide(alice, Request(maximum_age=-1))


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"requirement": 99}, clientcert.InvalidArgumentError),
        ({"requirement": None}, TypeError),
        ({"late": 77}, clientcert.InvalidArgumentError),
        ({"other_login_challenge": "Basic\r\nX: y"}, clientcert.InvalidArgumentError),
        ({"challenges": ["a\nb"]}, clientcert.InvalidArgumentError),
        ({"challenges": "Basic"}, TypeError),
        ({"users": "alice"}, TypeError),
        ({"body_read": -1}, clientcert.InvalidArgumentError),
    ],
)
def test_what_the_host_says_wrong_is_an_error(
    verifier: Verifier, alice: Verdict, fields: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        verifier.decide(alice, Request(**fields))
    # Nothing of it is left for the next one.
    assert verifier.decide(alice, Request()).allowed


@pytest.mark.parametrize(
    "field", ["method", "origin", "authority", "target", "server_name", "nonce"]
)
def test_what_a_client_writes_is_no_error_and_lets_nobody_in(
    verifier: Verifier, alice: Verdict, field: str
) -> None:
    fields: dict[str, Any] = {field: b"\xff\xfe".decode("utf-8", "surrogateescape")}
    decision = verifier.decide(alice, Request(**fields))
    assert (decision.action, decision.cause) == (Action.FORBID, "internal_error")
    assert verifier.decide(alice, Request()).allowed
    for text in ("\0", "a\r\nX: y", "é", "x" * 100_000):
        fields[field] = text
        answer = verifier.decide(alice, Request(**fields))
        assert "\n" not in "".join(name + value for name, value in answer.headers)
        json.loads(answer.audit)


def test_a_page_comes_in_every_form(verifier: Verifier, nobody: Verdict) -> None:
    decision = verifier.decide(nobody, Request())
    page = decision.body(Body.HTML)
    assert page is not None
    assert page.startswith(b"<!doctype html>")
    assert json.loads(decision.body(Body.JSON) or b"")["cause"] == "certificate_required"
    assert decision.body() == decision.body(Body.TEXT)
    assert ("Cache-Control", "no-store") in decision.headers


@pytest.mark.parametrize(
    ("accept", "body"),
    [
        (None, Body.TEXT),
        ("", Body.TEXT),
        ("*/*", Body.TEXT),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Body.HTML),
        ("application/json", Body.JSON),
        ("application/json, text/html;q=0.5", Body.JSON),
        ("text/*;q=0.3, application/*", Body.JSON),
        ("text/html;q=0, */*", Body.TEXT),
        ("text/plain;q=0, text/html;q=x, application/json;q=0.1", Body.JSON),
        ("image/png", Body.TEXT),
        (";;;q=,,,/", Body.TEXT),
    ],
)
def test_the_form_is_the_one_that_the_client_prefers(accept: Optional[str], body: Body) -> None:
    assert Body.preferred(accept) is body
    assert "/" in body.content_type


def test_an_identity_comes_from_another_host_by_a_ticket(pki: PKI, tmp_path: Any) -> None:
    key = tmp_path / "session.key"
    key.write_bytes(b"k" * 64)
    here = made(pki, mode="deferred", certificate_host="certificates.example", session_key=key)
    there = made(pki, mode="require", session_key=key)
    request = Request(
        method="GET",
        authority="www.example",
        virtual_host="www.example",
        target="/account?page=2",
    )
    decision = here.decide(here.verify([]), request)
    assert decision.action is Action.ASK_ELSEWHERE
    headers = dict(decision.headers)
    question = parse_qs(urlsplit(headers["Location"]).query)["clientcert_question"][0]
    nonce = headers["Set-Cookie"].split(";")[0].split("=", 1)[1]
    location = there.answer_question(there.verify(pki.chain("good")), question)
    back = urlsplit(location)
    assert (back.scheme, back.netloc, back.path) == ("https", "www.example", "/account")
    ticket = parse_qs(back.query)["clientcert_ticket"][0]

    assert reason_of(here.redeem_ticket(ticket, "other.example", nonce)) == "ticket_invalid"
    assert reason_of(here.redeem_ticket(ticket, "www.example", None)) == "ticket_invalid"
    assert reason_of(here.redeem_ticket(ticket + "\0", "www.example", nonce)) == "ticket_invalid"
    proof = here.redeem_ticket(ticket, "www.example", nonce)
    assert proof.verdict.user == "alice"
    assert proof.handshake_time is not None
    assert abs(proof.handshake_time - datetime.now(timezone.utc)) < timedelta(minutes=1)
    assert reason_of(here.redeem_ticket(ticket, "www.example", nonce)) == "ticket_used"
    with pytest.raises(clientcert.NotEntitledError):
        there.answer_question(there.verify([]), question)
    with pytest.raises(clientcert.InvalidArgumentError):
        there.answer_question(there.verify(pki.chain("good")), "\0nonsense")


def reason_of(proof: clientcert.Proof) -> str:
    assert proof.handshake_time is None
    assert proof.verdict.outcome is Outcome.FAILED
    assert proof.verdict.reason is not None
    return proof.verdict.reason.name
