"""How cases and their steps are written: the protocol, see README.md."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .pki import TIME, Certified
from .programs import Json
from .variables import names

Presented = Sequence[Certified | bytes]

VARIABLES = names(numbers=3)


def case(
    case_id: str,
    options: Mapping[str, str | Sequence[str]],
    *steps: Json,
    ca: Iterable[Certified] = (),
    crl: Iterable[bytes] = (),
    blobs: Iterable[tuple[str, bytes]] = (),
    dump: bool = False,
    file: str | None = None,
) -> Json:
    """A verifier, and what is asked of it one after another."""
    # Hundreds of verifiers are made, and each forgets a slot after another when it ends: a few slots do.
    pairs = [
        [option, value]
        for option, values in ({"cache_size": "16"} | dict(options)).items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    given = [*blobs, *(("ca", one.der) for one in ca), *(("crl", one) for one in crl)]
    return {
        "id": case_id,
        "options": pairs,
        "bytes": [[option, data.hex()] for option, data in given],
        "variables": VARIABLES,
        "steps": list(steps),
        "dump": dump,
    } | ({"file": file} if file else {})


def der(one: Certified | bytes) -> bytes:
    return one if isinstance(one, bytes) else one.der


def verify(*chain: Certified | bytes, time: int | None = TIME) -> Json:
    return {"do": "verify", "chain": [der(one).hex() for one in chain], "time": time}


def decide(time: int | None = TIME, **request: Any) -> Json:
    return {"do": "decide", "request": request, "time": time}


def forward(dialect: int, what: int, names: Mapping[str, str] = {}) -> Json:
    return {"do": "forward", "dialect": dialect, "what": what, "names": dict(names)}


def verify_forwarded(
    dialect: int,
    peer: str | None,
    headers: Sequence[tuple[str, bytes]] | None = None,
    names: Mapping[str, str] = {},
) -> Json:
    """Without headers it reads those that were forwarded last."""
    step: Json = {"do": "verify_forwarded", "dialect": dialect, "names": dict(names), "time": TIME}
    if peer is not None:
        step["peer"] = peer
    if headers is not None:
        step["headers"] = [[header, value.hex()] for header, value in headers]
    return step


def recheck(time: int = TIME) -> Json:
    return {"do": "recheck", "time": time}


def export_session(host: str, handshake_time: int = TIME) -> Json:
    return {"do": "export_session", "host": host, "handshake_time": handshake_time}


def resume_session(host: str, record: str, time: int = TIME) -> Json:
    return {"do": "resume_session", "host": host, "record": record, "time": time}


def registry(verb: str, **arguments: str | int) -> Json:
    return {"do": "registry", "verb": verb, "actor": "administrator", **arguments}


def listed(what: str, value: str | None = None) -> Json:
    return {"do": "list", "what": what} | ({} if value is None else {"value": value})


def policy(host: str = "") -> Json:
    return {"do": "policy", "host": host}


def verdicts(answer: Json) -> list[Json]:
    """The verdicts of a case's steps, in their order."""
    assert "answers" in answer, answer
    return [step["verdict"] for step in answer["answers"] if "verdict" in step]


def reasons(verdict: Json) -> list[str]:
    return [reason["name"] for reason in verdict["reasons"]]
