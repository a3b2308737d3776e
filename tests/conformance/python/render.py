"""What the library says, as JSON. Numbers are those of the C header, and -1 stands for none where it does there."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import clientcert
from clientcert import Body, Decision, Dialect, Reason, Verdict, forwarded

Json = dict[str, Any]

TLS_1_2, TLS_1_3 = 0x0303, 0x0304


def error_to_json(error: clientcert.Error) -> Json:
    return {"status": int(error.code), "name": error.name, "message": error.message}


def verdict_to_json(verdict: Verdict, names: Iterable[str], time: int | None) -> Json:
    values = {name: verdict.get_bytes(name, time=time) for name in names}
    return {
        "outcome": int(verdict.outcome),
        "verified": verdict.verified,
        "accepted": verdict.accepted,
        "reasons": [reason_to_json(reason) for reason in verdict.reasons],
        "alerts": [alert(verdict.alert(version), -1) for version in (TLS_1_2, TLS_1_3)],
        "x509_error": verdict.x509_error,
        "nginx_status": verdict.nginx_status,
        "valid_until": valid_until(verdict),
        "policy_identity": verdict.policy_identity.hex(),
        "certificates": [certificate.hex() for certificate in verdict.certificates],
        "questions": [
            {
                "url": question.url,
                "certificate": question.certificate,
                "request": question.request.hex(),
            }
            for question in verdict.ocsp_questions
        ],
        "variables": {name: value.hex() for name, value in values.items() if value is not None},
        "json": verdict.json(),
        "accessors": accessors(verdict),
    }


def valid_until(verdict: Verdict) -> int:
    """Without an end it is None; what `datetime` cannot hold is its first moment."""
    until = verdict.valid_until
    if until is None:
        return 2**63 - 1
    return -(2**63) if until == datetime.min.replace(tzinfo=UTC) else int(until.timestamp())


def reason_to_json(reason: Reason) -> Json:
    return {
        "code": int(reason.code),
        "name": reason.name,
        "depth": -1 if reason.depth is None else reason.depth,
        "certificate": reason.certificate,
        "tolerated": reason.tolerated,
        "detail": reason.detail,
    }


def accessors(verdict: Verdict) -> Json:
    """What the typed attributes say, each by the name of the variable that it is about."""
    san = verdict.san
    primary = verdict.reason
    said: Json = {
        name: getattr(verdict, name)
        for name in (
            "user", "user_rule", "user_strength", "verified_by", "registration_key", "registration_label",
            "pending_fingerprint", "subject", "issuer", "serial", "fingerprint_sha1", "fingerprint_sha256",
            "spki_sha256", "key_algorithm", "signature_algorithm",
        )
    }  # fmt: skip
    # A datetime has no year 0.
    for name in ("not_before", "not_after"):
        if not (verdict.get(name) or "").startswith("0000"):
            said[name] = rfc3339(getattr(verdict, name))
    return said | {
        "mode": verdict.mode.name.lower(),
        "outcome": verdict.outcome.name,
        "reason": primary and primary.name,
        "key_bits": None if verdict.key_bits is None else str(verdict.key_bits),
        "san_email": list(san.emails),
        "san_dns": list(san.dns),
        "san_uri": list(san.uris),
        "san_ip": list(san.ips),
        "san_dirname": list(san.directory_names),
        "san_rid": list(san.registered_ids),
        "san_upn": list(san.upns),
        "san_xmpp": list(san.xmpp),
        "san_smtp_utf8": list(san.smtp_utf8),
    }


def decision_to_json(decision: Decision, names: Iterable[str], time: int | None) -> Json:
    bodies = [decision.body(form) for form in (Body.TEXT, Body.HTML, Body.JSON)]
    return {
        "action": int(decision.action),
        "status": decision.status or 0,
        "headers": [list(header) for header in decision.headers],
        "bodies": [None if body is None else body.decode() for body in bodies],
        "cause": decision.cause,
        "alerts": [alert(decision.alert(version), 0) for version in (TLS_1_2, TLS_1_3)],
        "closes": decision.closes,
        "session_cacheable": decision.session_cacheable,
        "http2_error": decision.http2_error or 0,
        "identity": decision.identity,
        "audit": decision.audit,
        "verdict": verdict_to_json(decision.verdict, names, time),
    }


def headers_to_json(headers: Sequence[tuple[str, str]]) -> list[list[str]]:
    return [[name, value.encode("latin-1").hex()] for name, value in headers]


def policy_to_json(verifier: clientcert.Verifier, host: str) -> Json:
    with verifier.policy() as policy:
        return {
            "mode": int(policy.mode),
            "enforcement": int(policy.enforcement),
            "identity": policy.identity.hex(),
            "session_identity": verifier.policy_id(host).hex(),
            "warnings": list(policy.warnings),
            "ca_names": [name.hex() for name in policy.ca_names],
        }


def crls_to_json(verifier: clientcert.Verifier, time: int | None) -> Json:
    report = verifier.policy().crl_report(time=time)
    # How much memory a CRL takes is a matter of the allocator's rounding.
    names = [field.name for field in fields(clientcert.CRL) if field.name != "memory"]
    crls = [{name: written(getattr(crl, name)) for name in names} for crl in report]
    return {"crls": crls, "metrics": report.metrics}


def records_to_json(records: Iterable[Any]) -> list[Json]:
    """Registrations or audit records, in the form that C has for them."""

    def value(given: Any) -> Any:
        return rfc3339(given) if isinstance(given, datetime) else given

    return [
        {
            field.name: value(getattr(record, field.name))
            for field in fields(record)
            if field.name != "days_left" or record.days_left is not None
        }
        for record in records
    ]


def library_to_json(headers: Iterable[str]) -> Json:
    return {
        "version": clientcert.version(),
        "options": [[one.name, one.type, one.default, one.help] for one in clientcert.options()],
        "reasons": [code_to_json(code) for code in clientcert.reason_codes()],
        "dialects": [
            [int(dialect), dialect.name.lower(), forwarded.vary(dialect)] for dialect in Dialect
        ],
        "forwarded_headers": list(forwarded.header_names()),
        "removed": [forwarded.is_forwarded_header(name) for name in headers],
    }


def code_to_json(number: int) -> list[int | str]:
    code = clientcert.ReasonCode(number)
    reason = Reason(code, code.stable_name, code.text, None, None, Reason.NO_CERTIFICATE, False)
    return [
        number,
        reason.name,
        reason.text,
        reason.x509_name,
        reason.x509_error,
        reason.alert(TLS_1_2),
        reason.alert(TLS_1_3),
        reason.nginx_status,
        reason.iis_substatus,
    ]


def alert(number: int | None, none: int) -> int:
    return none if number is None else number


def written(value: bool | int | str | None) -> str | None:
    if isinstance(value, bool):
        return "1" if value else "0"
    return None if value is None else str(value)


def rfc3339(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
