"""Verdicts: the same as the tool's, typed, and never mistaken for a truth value."""

from __future__ import annotations

import json
import pickle
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from conftest import PKI

import clientcert
from clientcert import Config, Outcome, Reason, ReasonCode, Verifier

CLIENTS = [
    "good",
    "chain",
    "chain-cut",
    "expired",
    "future",
    "elsewhere",
    "elsewhere-expired",
    "purpose",
    "self",
    "old",
]
BY_THE_CLOCK = ("days_left", "ssl_client_v_remain", "SSL_CLIENT_V_REMAIN")


@pytest.fixture(scope="module")
def verifier(pki: PKI) -> Verifier:
    return Verifier(Config(mode="optional", ca=pki.root, identity="subject.CN"))


@pytest.mark.parametrize("client", CLIENTS)
def test_a_verdict_is_the_one_of_the_tool(
    verifier: Verifier, pki: PKI, tool: Path, client: str
) -> None:
    presented = pki.path(f"{client}.chain-der")
    presented.write_bytes(b"".join(pki.chain(client)))
    moment = int(datetime.now(timezone.utc).timestamp())
    command: list[Any] = [
        tool,
        "verify",
        "--json",
        "--mode",
        "optional",
        "--ca",
        pki.root,
        "--identity",
        "subject.CN",
    ]
    done = subprocess.run(
        [*command, "--time", str(moment), presented], capture_output=True, text=True
    )
    expected = json.loads(done.stdout)
    verdict = verifier.verify(pki.chain(client), time=moment)
    assert without_days(verdict.as_dict()) == without_days(expected)
    assert verdict.verified == expected["verified"] == (done.returncode == 0)
    assert_attributes(verdict, expected)


def without_days(verdict: dict[str, Any]) -> dict[str, Any]:
    """Both read the clock, one after the other."""
    for name in BY_THE_CLOCK:
        verdict["variables"].pop(name, None)
    return {name: value for name, value in verdict.items() if name != "days_left"}


def assert_attributes(verdict: clientcert.Verdict, expected: dict[str, Any]) -> None:
    assert verdict.outcome.name == expected["outcome"]
    assert verdict.accepted == expected["accepted"]
    assert verdict.mode.name.lower() == expected["mode"]
    for name in (
        "user",
        "user_rule",
        "user_strength",
        "verified_by",
        "subject",
        "issuer",
        "serial",
    ):
        assert getattr(verdict, name) == expected[name], name
    for name, time in (("not_before", verdict.not_before), ("not_after", verdict.not_after)):
        assert time is not None
        assert time.strftime("%Y-%m-%dT%H:%M:%SZ") == expected[name]
    assert verdict.serial_number == int(expected["serial"], 16)
    assert verdict.fingerprint_sha1 == expected["fingerprints"]["sha1"]
    assert verdict.fingerprint_sha256 == expected["fingerprints"]["sha256"]
    assert verdict.spki_sha256 == expected["fingerprints"]["spki_sha256"]
    assert len(verdict.certificates) == expected["certificate_count"]
    assert verdict.policy_identity.hex() == expected["policy_identity"]
    assert [as_json(reason) for reason in verdict.reasons] == [
        {name: reason[name] for name in as_json(verdict.reasons[0])}
        for reason in expected["reasons"]
    ]
    variables = expected["variables"]
    assert {name: verdict.get(name) for name in variables} == variables
    assert set(verdict.variables) - set(BY_THE_CLOCK) == {*variables, *expected["variables_base64"]}


def as_json(reason: Reason) -> dict[str, Any]:
    return {
        "code": reason.code,
        "name": reason.name,
        "text": reason.text,
        "detail": reason.detail,
        "depth": reason.depth,
        "certificate": reason.certificate,
        "tolerated": reason.tolerated,
        "x509_error": reason.x509_error,
        "x509_name": reason.x509_name,
        "alert": {"tls1.2": reason.alert(0x0303), "tls1.3": reason.alert()},
        "nginx_status": reason.nginx_status,
        "iis_substatus": reason.iis_substatus,
    }


def test_a_good_client_is_verified(verifier: Verifier, pki: PKI) -> None:
    verdict = verifier.verify(pki.chain("chain"))
    assert verdict.outcome is Outcome.SUCCESS
    assert verdict.verified
    assert verdict.accepted
    assert verdict.user == "bob"
    assert verdict.reasons == ()
    assert verdict.reason is None
    assert verdict.alert() is None
    assert verdict.x509_error == 0
    assert verdict.nginx_status == 0
    assert verdict.certificates == tuple(pki.chain("chain"))
    assert verdict.valid_until is not None
    assert verdict.valid_until > datetime.now(timezone.utc) + timedelta(days=20)
    assert (verdict.key_algorithm, verdict.key_bits) == ("id-ecPublicKey", 256)
    assert verdict.signature_algorithm == "ecdsa-with-SHA256"
    assert repr(verdict) == "<Verdict SUCCESS user='bob'>"


def test_an_expired_client_is_not(verifier: Verifier, pki: PKI) -> None:
    verdict = verifier.verify(pki.chain("expired"))
    assert verdict.outcome is Outcome.FAILED
    assert not verdict.verified
    assert not verdict.accepted
    assert verdict.user is None
    reason = verdict.reason
    assert reason is not None
    assert reason.code is ReasonCode.CERTIFICATE_EXPIRED
    assert reason.name == "certificate_expired"
    assert verdict.alert() == 45
    assert verdict.nginx_status == 495
    assert verdict.x509_error == 10
    assert repr(verdict) == "<Verdict FAILED certificate_expired@0>"


def test_no_certificate_is_no_error_and_no_identity(verifier: Verifier) -> None:
    nothings: list[Any] = [[], (), b"", bytearray()]
    for nothing in nothings:
        verdict = verifier.verify(nothing)
        assert verdict.outcome is Outcome.NONE
        assert not verdict.verified
        assert verdict.accepted
        assert verdict.subject is None
        assert verdict.not_after is None
        assert verdict.serial_number is None
        assert verdict.valid_until is None
        assert verdict.certificates == ()


def test_a_chain_may_be_in_one(verifier: Verifier, pki: PKI) -> None:
    chain = pki.chain("chain")
    wholes: list[Any] = [
        b"".join(chain),
        bytearray(b"".join(chain)),
        memoryview(b"".join(chain)),
        tuple(chain),
    ]
    for whole in wholes:
        assert verifier.verify(whole).verified


@pytest.mark.parametrize("chain", [None, "text", ["text"], [None], 5, [5]])
def test_what_is_no_chain_is_an_error(verifier: Verifier, chain: Any) -> None:
    with pytest.raises(TypeError):
        verifier.verify(chain)


def test_no_certificate_moves_up_to_the_first_place(verifier: Verifier, pki: PKI) -> None:
    with pytest.raises(ValueError, match="empty certificate"):
        verifier.verify([b"", *pki.chain("good")])
    with pytest.raises(ValueError, match="empty certificate"):
        verifier.verify([b""])


def test_neither_verdicts_nor_decisions_have_a_truth_value(verifier: Verifier, pki: PKI) -> None:
    verdict = verifier.verify(pki.chain("good"))
    with pytest.raises(TypeError, match=r"ask \.verified"):
        bool(verdict)
    with pytest.raises(TypeError, match=r"ask \.allowed"):
        bool(verifier.decide(verdict, clientcert.Request()))


def test_the_moment_may_be_given(verifier: Verifier, pki: PKI) -> None:
    future = pki.chain("future")
    later = datetime.now(timezone.utc) + timedelta(days=15)
    assert not verifier.verify(future).verified
    assert verifier.verify(future, time=later).verified
    assert verifier.verify(future, time=int(later.timestamp())).verified
    elsewhere = later.astimezone(timezone(timedelta(hours=-7)))
    assert verifier.verify(future, time=elsewhere).verified
    with pytest.raises(ValueError, match="time zone"):
        verifier.verify(future, time=datetime.now())
    verdict = verifier.verify(pki.chain("good"))
    assert verdict.get("days_left", time=later) != verdict.get("days_left")


def test_variables_are_found_by_every_name(verifier: Verifier, pki: PKI) -> None:
    verdict = verifier.verify(pki.chain("good"))
    assert verdict.variables["ssl_client_s_dn"] == "CN=alice,O=Example"
    assert verdict.get("ssl_c_s_dn(CN,1)") == "alice"
    assert verdict.get_bytes("ssl_c_der") == pki.der("good")
    assert verdict.get("nothing") is None
    assert verdict.get("nothing", "else") == "else"
    assert "ssl_client_verify" in verdict.variables
    assert len(verdict.variables) > 40
    with pytest.raises(KeyError):
        verdict.variables["nothing"]


def test_alternative_names_are_read_whole(tmp_path: Path) -> None:
    names = "email:a@example.com,email:b@example.com,DNS:a.example,URI:spiffe://example/a,IP:192.0.2.1,IP:2001:db8::1"
    pem = tmp_path / "names.pem"
    make = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
    ]
    subprocess.run(
        [
            *make,
            "-keyout",
            "/dev/null",
            "-out",
            pem,
            "-subj",
            "/CN=names",
            "-addext",
            f"subjectAltName={names}",
        ],
        check=True,
        capture_output=True,
    )
    with Verifier(Config(mode="request_any")) as verifier:
        san = verifier.verify(pem.read_bytes()).san
    assert san.emails == ("a@example.com", "b@example.com")
    assert san.dns == ("a.example",)
    assert san.uris == ("spiffe://example/a",)
    assert san.ips == ("192.0.2.1", "2001:db8::1")
    assert san.upns == san.directory_names == san.xmpp == ()


def test_hostile_bytes_are_a_verdict(verifier: Verifier, pki: PKI) -> None:
    good = pki.der("good")
    for chain in ([b"\x30"], [b"\0" * 100], [good[:-1]], [good, b"\x30\x80"], [b"\x30" * 200_000]):
        verdict = verifier.verify(chain)
        assert verdict.outcome is Outcome.FAILED
        assert not verdict.verified
        assert verdict.reasons
        assert verdict.as_dict()["verified"] is False


def test_what_is_closed_says_so(pki: PKI) -> None:
    with Verifier(Config(mode="require", ca=pki.root)) as verifier:
        verdict = verifier.verify(pki.chain("good"))
    assert verdict.verified
    with pytest.raises(clientcert.ClosedError, match="Verifier is closed"):
        verifier.verify(pki.chain("good"))
    verdict.close()
    for read in (
        lambda: verdict.verified,
        lambda: verdict.user,
        verdict.json,
        lambda: verdict.reasons,
    ):
        with pytest.raises(clientcert.ClosedError, match="Verdict is closed"):
            read()
    with pytest.raises(AttributeError):
        verdict.no_such_thing  # noqa: B018


def test_a_verdict_is_not_pickled(verifier: Verifier) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(verifier.verify([]))


def test_the_reasons_are_those_of_the_header() -> None:
    from clientcert import _raw

    header = _raw.ffi.typeof("clientcert_reason").relements
    known = {name[len("CLIENTCERT_REASON_") :]: number for name, number in header.items()}
    assert known == {code.name: code.value for code in ReasonCode}
    assert set(clientcert.reason_codes()) == set(known.values())
    for code in ReasonCode:
        assert code.stable_name == code.name.lower()
        assert code.text
    assert Reason(9999, "x", "y", None, None, -1, False).x509_error == 1


@pytest.mark.parametrize(
    ("enumeration", "prefix", "name"),
    [
        (clientcert.Outcome, "CLIENTCERT_", "clientcert_outcome"),
        (clientcert.Mode, "CLIENTCERT_MODE_", "clientcert_mode"),
        (clientcert.Enforcement, "CLIENTCERT_ENFORCEMENT_", "clientcert_enforcement"),
        (clientcert.Action, "CLIENTCERT_ACTION_", "clientcert_action"),
        (clientcert.Body, "CLIENTCERT_BODY_", "clientcert_body"),
        (clientcert.Dialect, "CLIENTCERT_DIALECT_", "clientcert_dialect"),
        (clientcert.Requirement, "CLIENTCERT_REQUIREMENT_", "clientcert_requirement"),
        (clientcert.HTTPVersion, "CLIENTCERT_", "clientcert_http"),
        (clientcert.Late, "CLIENTCERT_LATE_", "clientcert_late"),
    ],
)
def test_enumerations_are_those_of_the_header(enumeration: Any, prefix: str, name: str) -> None:
    from clientcert import _raw

    header = _raw.ffi.typeof(name).relements
    written = {key[len(prefix) :]: number for key, number in header.items()}
    if enumeration is clientcert.HTTPVersion:
        written["UNKNOWN"] = written.pop("HTTP_UNKNOWN")
    assert written == {member.name: member.value for member in enumeration}


def test_numbers_that_are_not_known_refuse() -> None:
    assert clientcert.Outcome(77) is clientcert.Outcome.FAILED
    assert clientcert.Action(77) is clientcert.Action.FORBID
    assert clientcert.Mode(77) is clientcert.Mode.REQUIRE
    assert clientcert.Enforcement(77) is clientcert.Enforcement.HANDSHAKE


def test_remembered_verdicts_are_counted(pki: PKI) -> None:
    verifier = Verifier(Config(mode="require", ca=pki.root, cache_size=100))
    for _ in range(3):
        verifier.verify(pki.chain("good"))
    counted = verifier.statistics
    assert (counted.misses, counted.hits, counted.entries, counted.capacity) == (1, 2, 1, 100)


def test_every_symbol_is_reachable_in_the_raw_layer() -> None:
    from conftest import ROOT

    from clientcert import _raw

    symbols = (ROOT / "tests" / "symbols.txt").read_text().split()
    assert len(symbols) > 100
    for symbol in symbols:
        assert callable(getattr(_raw.lib, symbol))


def test_a_library_that_is_not_there_is_an_import_error() -> None:
    import os
    import sys

    from conftest import PYTHON

    def import_with(library: str) -> str:
        environment = {
            **os.environ,
            "CLIENTCERT_LIBRARY": library,
            "PYTHONPATH": str(PYTHON / "src"),
        }
        code = "try:\n import clientcert\nexcept ImportError as error: print(type(error).__name__, error)"
        command = [sys.executable, "-c", code]
        return subprocess.run(command, env=environment, capture_output=True, text=True).stdout

    assert "LibraryError" in import_with("/nowhere.so")
    assert "is not the library clientcert" in import_with("libm.so.6")
