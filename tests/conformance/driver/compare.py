"""Compares what the programs say to the same cases, field by field."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .programs import Json, Program
from .variables import MOMENTARY

MOST_DIFFERENCES = 20

Answers = dict[str, Json]

# What the fixture `ask` is.
Ask = Callable[[Sequence[Json]], Answers]


def ask_all(programs: Sequence[Program], cases: Sequence[Json]) -> Answers:
    """What all programs say to these cases, by the id of the case; fails where two of them differ."""
    ids = [case["id"] for case in cases]
    assert len(set(ids)) == len(ids), "two cases have one id"
    with ThreadPoolExecutor() as pool:
        said = list(pool.map(lambda program: program.ask(cases), programs))
    complaints: list[str] = []
    agreed: Answers = {}
    for index, case_id in enumerate(ids):
        first = agreed[case_id] = comparable(said[0][index])
        written = json.dumps(first, sort_keys=True)
        for program, answers in zip(programs, said, strict=True):
            language = program.language
            wrong = wrong_accessors(answers[index])
            complaints += [f"{case_id}: {language} {text}" for text in wrong]
            other = comparable(answers[index])
            # Equal in Python are 1 and True, too.
            if json.dumps(other, sort_keys=True) != written:
                complaints += [
                    f"{case_id}: {path}: {programs[0].language} says {one!r:.200}, "
                    f"{language} {another!r:.200}"
                    for path, one, another in differences(first, other)
                ]
    shown = "\n".join(complaints[:MOST_DIFFERENCES])
    assert not complaints, f"{len(complaints)} complaints, among them:\n{shown}"
    return agreed


def differences(first: Any, other: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every field in which two answers differ."""
    if isinstance(first, dict) and isinstance(other, dict):
        for name in sorted(first.keys() | other.keys()):
            yield from differences(
                first.get(name, ABSENT), other.get(name, ABSENT), f"{path}.{name}"
            )
    elif isinstance(first, list) and isinstance(other, list) and len(first) == len(other):
        for index, (one, another) in enumerate(zip(first, other, strict=True)):
            yield from differences(one, another, f"{path}[{index}]")
    elif type(first) is not type(other) or first != other:
        yield path, first, other


def wrong_accessors(answer: Any) -> Iterator[str]:
    """Where a typed accessor of a binding does not say what the variable of its name says."""
    if isinstance(answer, list):
        for item in answer:
            yield from wrong_accessors(item)
    if not isinstance(answer, dict):
        return
    for value in answer.values():
        yield from wrong_accessors(value)
    variables = answer.get("variables", {})
    for name, value in answer.get("accessors", {}).items():
        expected = (
            numbered(variables, name) if isinstance(value, list) else text(variables.get(name))
        )
        if not says(value, expected):
            yield f"has an accessor {name} that says {value!r:.200} where the variable is {expected!r:.200}"


def says(value: Any, expected: Any) -> bool:
    if isinstance(value, list):
        # Only the first values of a numbered variable were asked for.
        pairs = zip(value, expected, strict=False)
        return len(value) == len(expected) and all(one == other for one, other in pairs if other)
    # In Go an empty text is none.
    return bool(value == expected or (value == "" and expected is None))


def numbered(variables: Json, name: str) -> list[str | None]:
    """The values of a numbered variable; None for those that were not asked for."""
    count = int(text(variables.get(f"{name}_count")) or 0)
    return [text(variables.get(f"{name}_{index}")) for index in range(count)]


def text(value: str | None) -> str | None:
    """The text of a variable, which stands in an answer as the hexadecimal of its bytes."""
    return None if value is None else bytes.fromhex(value).decode(errors="replace")


def comparable(answer: Any) -> Any:
    """An answer without what depends on the moment of the call or on chance, and without accessors, which are compared
    within an answer."""
    if isinstance(answer, list):
        return [comparable(item) for item in answer]
    if isinstance(answer, str):
        return CHANCE.sub(r"\1*", answer)
    if not isinstance(answer, dict):
        return answer
    if "json" in answer:
        return comparable_verdict(answer)
    cleaned = {name: comparable(value) for name, value in answer.items()}
    if "metrics" in answer:
        # How much memory a CRL takes is a matter of the allocator's rounding.
        cleaned["metrics"] = MEMORY.sub("", answer["metrics"])
    for name in ("list", "audit"):
        if isinstance(answer.get(name), list):
            cleaned[name] = [dateless(record) for record in answer[name]]
    return cleaned


def comparable_verdict(verdict: Json) -> Json:
    whole = json.loads(verdict["json"])
    whole.pop("days_left")
    whole["variables"] = without(whole["variables"], MOMENTARY)
    if whole["registration"]:
        whole["registration"] = dateless(whole["registration"])
    return without(verdict, {"accessors"}) | {"json": whole}


def dateless(record: Json) -> Json:
    """A registration or audit record that says of what is a moment of the run only whether there is one."""
    return {name: bool(value) if name in OF_THE_RUN else value for name, value in record.items()}


def without(record: Json, names: set[str]) -> Json:
    return {name: value for name, value in record.items() if name not in names}


ABSENT = "(absent)"

OF_THE_RUN = {"time", "created", "last_used", "revoked"}

MEMORY = re.compile(r"^clientcert_crl_memory_bytes.*$", re.MULTILINE)

# Questions to another host, tickets and nonces are made with random numbers.
CHANCE = re.compile(r"(clientcert_(?:question|ticket)=|__Host-clientcert=)[\w-]+")
