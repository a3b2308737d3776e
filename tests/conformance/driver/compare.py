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
        answers = [comparable(answers[index]) for answers in said]
        for program, answer in zip(programs, answers, strict=True):
            complaints += [
                f"{case_id}: {program.language} {wrong}" for wrong in wrong_accessors(answer)
            ]
            complaints += [
                f"{case_id}: {path}: {programs[0].language} says {first!r:.200}, "
                f"{program.language} {other!r:.200}"
                for path, first, other in differences(answers[0], answer)
            ]
        agreed[case_id] = answers[0]
    shown = "\n".join(complaints[:MOST_DIFFERENCES])
    assert not complaints, f"{len(complaints)} complaints, among them:\n{shown}"
    return agreed


def differences(first: Any, other: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every field in which two answers differ. What accessors say is checked within an answer."""
    if isinstance(first, dict) and isinstance(other, dict):
        for name in sorted((first.keys() | other.keys()) - {"accessors"}):
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
        if isinstance(value, list):
            expected: Any = numbered(variables, name)
        else:
            expected = text(variables.get(name))
        if value != expected:
            yield f"has an accessor {name} that says {value!r:.200} where the variable is {expected!r:.200}"


def numbered(variables: Json, name: str) -> list[str | None]:
    """The values of a numbered variable, or of one that is a list joined by commas."""
    count = text(variables.get(f"{name}_count"))
    if count is None:
        joined = text(variables.get(name))
        return list(joined.split(",")) if joined else []
    return [text(variables.get(f"{name}_{index}")) for index in range(int(count))]


def text(value: str | None) -> str | None:
    """The text of a variable, which stands in an answer as the hexadecimal of its bytes."""
    return None if value is None else bytes.fromhex(value).decode(errors="replace")


def comparable(answer: Any) -> Any:
    """An answer without what depends on the moment of the call, or on chance."""
    if isinstance(answer, list):
        return [comparable(item) for item in answer]
    if isinstance(answer, str):
        return CHANCE.sub(r"\1*", answer)
    if not isinstance(answer, dict):
        return answer
    cleaned = {name: comparable(value) for name, value in answer.items()}
    if "json" in cleaned:
        verdict = json.loads(answer["json"])
        verdict.pop("days_left")
        verdict["variables"] = without(verdict["variables"], MOMENTARY)
        cleaned["json"] = verdict
    for name, of_now in (("list", {"created", "last_used", "revoked"}), ("audit", {"time"})):
        if isinstance(answer.get(name), str) and answer[name].startswith("["):
            cleaned[name] = [without(item, of_now) for item in json.loads(answer[name])]
    return cleaned


def without(record: Json, names: set[str]) -> Json:
    return {name: value for name, value in record.items() if name not in names}


ABSENT = "(absent)"

# Questions to another host, tickets and nonces are made with random numbers.
CHANCE = re.compile(r"(clientcert_(?:question|ticket)=|__Host-clientcert=)[\w-]+")
