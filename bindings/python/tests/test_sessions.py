"""What changes while a host runs: sessions that come back, reloads, CRLs and OCSP answers."""

from __future__ import annotations

import os
import subprocess
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Optional

import pytest
from conftest import PKI
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.x509 import ocsp

import clientcert
from clientcert import Config, Outcome, Verdict, Verifier


def made(pki: PKI, **options: Any) -> Verifier:
    return Verifier(Config(**{"mode": "optional", "ca": pki.root, **options}))


def reason(verdict: Verdict) -> Optional[str]:
    return verdict.reason.name if verdict.reason else None


def test_a_session_comes_back_as_it_is_now(pki: PKI, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(os.urandom(32))
    first, second = made(pki, session_key=key), made(pki, session_key=key)
    verdict = first.verify(pki.chain("chain"))
    at = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(hours=1)
    record = first.export_session(verdict, "intranet", handshake_time=at)
    assert record is not None
    assert first.policy_id("intranet") == second.policy_id("Intranet.") != second.policy_id()
    proof = second.resume_session(record, "intranet")
    assert proof.verdict.verified
    assert proof.verdict.certificates == verdict.certificates
    assert proof.handshake_time == at
    again = second.export_session(proof.verdict, "intranet", handshake_time=proof.handshake_time)
    assert again is not None
    assert first.resume_session(again, "intranet").handshake_time == at
    for other, host in ((record, "elsewhere"), (record[:-1], "intranet"), (b"", "intranet")):
        refused = second.resume_session(other, host)
        assert reason(refused.verdict) == "session_invalid"
    later = datetime.now(timezone.utc) + timedelta(days=2)
    assert (
        reason(second.resume_session(record, "intranet", time=later).verdict) == "session_expired"
    )
    assert first.export_session(first.verify(pki.chain("expired"))) is None
    nobody = first.export_session(first.verify([]))
    assert nobody is not None
    assert first.resume_session(nobody).verdict.outcome is Outcome.NONE


def test_a_long_record_has_room(pki: PKI) -> None:
    verifier = made(pki)
    verdict = verifier.verify([*pki.chain("chain"), *[pki.der("root")] * 20])
    record = verifier.export_session(verdict)
    assert record is not None
    assert verifier.resume_session(record).verdict.verified


def root_key(pki: PKI) -> EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pki.path("root.key").read_bytes(), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    return key


def crl(pki: PKI, *revoked: str) -> bytes:
    """A CRL of the root."""
    issuer = x509.load_der_x509_certificate(pki.der("root"))
    key = root_key(pki)
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(now - timedelta(hours=1))
        .next_update(now + timedelta(days=1))
        .add_extension(x509.CRLNumber(7), critical=False)
    )
    for name in revoked:
        serial = x509.load_der_x509_certificate(pki.der(name)).serial_number
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now)
        builder = builder.add_revoked_certificate(entry.build())
    signed = builder.sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


def test_a_revoked_client_goes_no_further(pki: PKI, tmp_path: Path) -> None:
    file = tmp_path / "clients.crl"
    file.write_bytes(crl(pki))
    verifier = made(pki, crl=file)
    verdict = verifier.verify(pki.chain("good"))
    assert verdict.verified
    record = verifier.export_session(verdict)
    assert record is not None
    file.write_bytes(crl(pki, "good", "old"))
    deadline = time.monotonic() + 30
    while not verifier.refresh():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert reason(verifier.recheck(verdict)) == "certificate_revoked"
    assert reason(verifier.resume_session(record).verdict) == "certificate_revoked"
    assert verifier.decide(verdict, clientcert.Request()).cause == "certificate_revoked"
    assert verdict.verified, "a verdict does not change"

    report = verifier.policy().crl_report()
    (listed,) = report
    assert (listed.issuer, listed.number, listed.entries) == ("CN=Example Root,O=Example", "07", 2)
    assert listed.age is not None
    assert 3600 <= listed.age < 7200
    assert listed.source is not None
    assert listed.source.startswith(str(file))
    assert listed.verified
    assert not listed.delta
    assert "clientcert_crl_" in report.metrics
    with pytest.raises(IndexError):
        report[1]

    file.write_bytes(b"nonsense")
    with pytest.raises(clientcert.Error, match=r"clients\.crl"):
        verifier.reload()
    assert reason(verifier.verify(pki.chain("good"))) == "certificate_revoked"
    file.write_bytes(crl(pki))
    verifier.reload()
    assert verifier.verify(pki.chain("good")).verified


def test_a_policy_is_a_snapshot(pki: PKI, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_bytes(pki.root.read_bytes())
    verifier = made(pki, ca=ca)
    before = verifier.policy()
    ca.write_bytes(pki.root.read_bytes() + pki.path("stranger.crt").read_bytes())
    verifier.reload()
    after = verifier.policy()
    verifier.close()
    assert (len(before.ca_names), len(after.ca_names)) == (1, 2)
    assert before.identity != after.identity
    assert len(before.identity) == 32
    assert before.warnings == ()
    assert before.enforcement is clientcert.Enforcement.REQUEST
    names = [
        x509.load_der_x509_certificate(pki.der(ca)).subject.public_bytes()
        for ca in ("root", "stranger")
    ]
    assert sorted(after.ca_names) == sorted(names)


@pytest.fixture(scope="module")
def certificate_with_responder(pki: PKI, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("ocsp")
    extensions = folder / "extensions"
    extensions.write_text(
        "authorityInfoAccess = OCSP;URI:http://ocsp.example/\nextendedKeyUsage = clientAuth\n"
    )
    key, request, certificate = folder / "key", folder / "csr", folder / "crt"
    commands = [
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=asks "
        f"-keyout {key} -out {request}",
        f"x509 -req -in {request} -CA {pki.root} -CAkey {pki.path('root.key')} -days 3 -set_serial 4711 "
        f"-extfile {extensions} -out {certificate} -outform DER",
    ]
    for command in commands:
        subprocess.run(["openssl", *command.split()], check=True, capture_output=True)
    return certificate.read_bytes()


@pytest.mark.parametrize(
    ("status", "expected"),
    [(ocsp.OCSPCertStatus.GOOD, None), (ocsp.OCSPCertStatus.REVOKED, "certificate_revoked")],
)
def test_ocsp_is_asked_by_the_host(
    pki: PKI,
    certificate_with_responder: bytes,
    status: ocsp.OCSPCertStatus,
    expected: Optional[str],
) -> None:
    verifier = made(pki, ocsp="leaf")
    verdict = verifier.verify([certificate_with_responder])
    assert reason(verdict) == "ocsp_pending"
    (question,) = verdict.ocsp_questions
    assert question.url == "http://ocsp.example/"
    assert question.certificate == 0
    assert ocsp.load_der_ocsp_request(question.request).serial_number == 4711
    assert reason(verifier.ocsp_response(verdict, 0, b"")) == "ocsp_missing"
    assert reason(verifier.ocsp_response(verdict, 0, b"nonsense")) == "ocsp_malformed"
    answered = verifier.ocsp_response(verdict, 0, response(pki, certificate_with_responder, status))
    assert reason(answered) == expected
    assert answered.verified == (expected is None)
    assert answered.get("ocsp_status") == status.name.lower()
    assert verifier.verify([certificate_with_responder]).verified == (expected is None)


def response(pki: PKI, certificate: bytes, status: ocsp.OCSPCertStatus) -> bytes:
    issuer = x509.load_der_x509_certificate(pki.der("root"))
    key = root_key(pki)
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=x509.load_der_x509_certificate(certificate),
        issuer=issuer,
        algorithm=hashes.SHA1(),
        cert_status=status,
        this_update=now - timedelta(minutes=5),
        next_update=now + timedelta(hours=1),
        revocation_time=now - timedelta(days=1) if revoked else None,
        revocation_reason=None,
    )
    signed = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, issuer).sign(
        key, hashes.SHA256()
    )
    return signed.public_bytes(serialization.Encoding.DER)


def test_tokens_are_bound_to_certificates(pki: PKI) -> None:
    verifier = made(pki)
    verdict = verifier.verify(pki.chain("good"))
    thumbprint = verdict.get("x5t#S256")
    assert thumbprint is not None
    confirmations: list[Any] = [
        thumbprint,
        {"x5t#S256": thumbprint},
        f'{{"x5t#S256":"{thumbprint}"}}'.encode(),
    ]
    for confirmation in confirmations:
        assert verdict.confirms(confirmation)
        assert not verifier.verify(pki.chain("old")).confirms(confirmation)
        assert not verifier.verify(pki.chain("expired")).confirms(confirmation)
    for confirmation in ("", b"", {}, {"x5t#S256": thumbprint, "jkt": "x"}, "\0", b"\xff"):
        assert not verdict.confirms(confirmation)
