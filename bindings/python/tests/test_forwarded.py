"""Behind a proxy: every dialect is written and read, and nobody who is not trusted is believed."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from conftest import PKI

import clientcert
from clientcert import Config, Dialect, HeaderNames, Outcome, Verifier, forwarded


@pytest.fixture(scope="module")
def verifier(pki: PKI) -> Verifier:
    return Verifier(Config(mode="optional", ca=pki.root, trusted_proxies=["10.0.0.0/8", "unix"]))


def field(pki: PKI, client: str = "good") -> str:
    return f":{base64.b64encode(pki.chain(client)[0]).decode()}:"


@pytest.mark.parametrize(
    "dialect", [dialect for dialect in Dialect if dialect is not Dialect.AZURE]
)
def test_what_is_written_is_read(verifier: Verifier, pki: PKI, dialect: Dialect) -> None:
    verdict = verifier.verify(pki.chain("good"))
    headers = forwarded.write(verdict, dialect)
    assert headers
    again = verifier.verify_forwarded(dialect, "10.1.2.3", headers)
    assert again.verified
    assert again.fingerprint_sha256 == verdict.fingerprint_sha256
    assert verifier.verify_forwarded(dialect.name.lower(), "unix", headers).verified
    as_bytes = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    assert verifier.verify_forwarded(dialect, "::ffff:10.0.0.1", as_bytes).verified
    for peer in ("192.0.2.1", None, "", "10.0.0.1\0", "10.0.0.1%eth0", "nobody"):
        refused = verifier.verify_forwarded(dialect, peer, headers)
        assert refused.reason is not None
        assert refused.reason.name == "untrusted_proxy"
    for name, _ in headers:
        assert forwarded.is_forwarded_header(name) or name == ":proxy-protocol"


def test_the_certificates_above_it_are_forwarded_where_asked(verifier: Verifier, pki: PKI) -> None:
    verdict = verifier.verify(pki.chain("chain"))
    alone = forwarded.write(verdict, "rfc9440")
    whole = forwarded.write(verdict, "rfc9440", chain=True)
    assert [name for name, _ in whole] == ["Client-Cert", "Client-Cert-Chain"]
    assert not verifier.verify_forwarded("rfc9440", "unix", alone).verified
    assert verifier.verify_forwarded("rfc9440", "unix", whole).verified


@pytest.mark.parametrize(
    ("headers", "outcome", "reason"),
    [
        ([], Outcome.NONE, None),
        ([("Client-Cert", "")], Outcome.NONE, None),
        ([("Client-Cert", ":AAAA")], Outcome.FAILED, "forwarded_malformed"),
        ([("client-cert", "GOOD"), ("Client_Cert", "GOOD")], Outcome.FAILED, "forwarded_malformed"),
        ([("Client-Cert", "GOOD\r\n")], Outcome.FAILED, "forwarded_malformed"),
        ([("Client-Cert", "GOOD")], Outcome.SUCCESS, None),
        ({"CLIENT-CERT": "GOOD", "Accept": "é", "X": "\u2603"}, Outcome.SUCCESS, None),
    ],
)
def test_headers(verifier: Verifier, pki: PKI, headers: Any, outcome: Outcome, reason: str) -> None:
    pairs = headers.items() if isinstance(headers, dict) else headers
    filled = [(name, value.replace("GOOD", field(pki))) for name, value in pairs]
    verdict = verifier.verify_forwarded(
        "rfc9440", "unix", dict(filled) if isinstance(headers, dict) else filled
    )
    assert verdict.outcome is outcome
    assert (verdict.reason and verdict.reason.name) == reason


def test_headers_may_have_other_names(verifier: Verifier, pki: PKI) -> None:
    names = HeaderNames(certificate="X-Who", verify="X-Verified")
    verdict = verifier.verify(pki.chain("good"))
    headers = forwarded.write(verdict, "nginx", names=names)
    assert dict(headers).keys() == {"X-Who", "X-Verified"}
    assert verifier.verify_forwarded("nginx", "unix", headers, names=names).verified
    assert verifier.verify_forwarded("nginx", "unix", headers).outcome is Outcome.NONE
    for wrong in (HeaderNames(certificate="a\nb"), HeaderNames(certificate="")):
        with pytest.raises(clientcert.InvalidArgumentError):
            verifier.verify_forwarded("nginx", "unix", headers, names=wrong)


def test_the_word_of_a_proxy_counts_where_it_is_meant(pki: PKI) -> None:
    options: dict[str, Any] = {
        "mode": "optional",
        "ca": pki.path("stranger.crt"),
        "trusted_proxies": "unix",
    }
    trusting = Verifier(Config(**options, forwarded_verification="proxy"))
    headers = forwarded.write(
        Verifier(Config(mode="require", ca=pki.root)).verify(pki.chain("good")), "nginx"
    )
    verdict = trusting.verify_forwarded("nginx", "unix", headers)
    assert verdict.verified
    assert verdict.verified_by == "proxy"
    assert not Verifier(Config(**options)).verify_forwarded("nginx", "unix", headers).verified


def test_nobody_who_was_not_verified_is_forwarded(verifier: Verifier, pki: PKI) -> None:
    expired = verifier.verify(pki.chain("expired"))
    with pytest.raises(clientcert.NotEntitledError):
        forwarded.write(expired, "rfc9440")
    assert forwarded.write(expired, "rfc9440", unverified=True)
    assert len(forwarded.write(verifier.verify(pki.chain("good")), "haproxy", details=True)) > 5


def test_names_that_could_be_taken_for_a_certificate_are_known() -> None:
    names = forwarded.header_names()
    assert {"client-cert", "client_cert", "x-ssl-client-cert"} <= set(names)
    spellings: list[Any] = [
        *names,
        "Client_Cert",
        "X-SSL-Client_Cert",
        b"CLIENT-CERT-CHAIN",
        b"\xff",
        "\0",
    ]
    for name in spellings:
        assert forwarded.is_forwarded_header(name)
    assert not forwarded.is_forwarded_header("Accept")
    assert forwarded.vary("rfc9440") == "Client-Cert"


def test_what_is_no_dialect_is_an_error(verifier: Verifier) -> None:
    with pytest.raises(ValueError, match="no dialect 'x'"):
        verifier.verify_forwarded("x", "unix", [])
    with pytest.raises(ValueError, match="NUL"):
        verifier.verify_forwarded("rfc9440", "unix", [("Client-Cert\0X", "")])
