"""The comparison itself: what differs is seen, and where."""

import copy
from typing import Any

import pytest

from driver.cases import case, verdicts, verify
from driver.compare import Ask, comparable, differences, wrong_accessors
from driver.pki import Pki
from driver.programs import Json, Program

VERDICT: Json = {
    "outcome": 1,
    "verified": True,
    "reasons": [{"code": 41, "detail": None}],
    "variables": {
        "user": b"alice".hex(),
        "san_email_count": b"2".hex(),
        "san_email_0": b"a".hex(),
        "san_email_1": b"b".hex(),
    },
    "json": '{"outcome": "SUCCESS", "days_left": 3, "variables": {"user": "alice"}, "registration": null}',
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("outcome",), 2),
        (("verified",), 1),
        (("reasons", 0, "detail"), ""),
        (("reasons", 0, "code"), 40),
        (("reasons",), []),
        (("variables", "user"), b"Alice".hex()),
        (("variables",), {}),
        (("json",), VERDICT["json"].replace("SUCCESS", "FAILED")),
        (("new",), None),
    ],
)
def test_every_difference_is_seen(path: tuple[Any, ...], value: Any) -> None:
    other = copy.deepcopy(VERDICT)
    place = other
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    found = list(differences(comparable({"verdict": VERDICT}), comparable({"verdict": other})))
    assert found, path
    assert not list(differences(comparable(VERDICT), comparable(copy.deepcopy(VERDICT))))


@pytest.mark.parametrize(
    ("accessors", "right"),
    [
        ({"user": "alice", "san_email": ["a", "b"], "user_rule": None}, True),
        ({"user_rule": ""}, True),
        ({"user": "bob"}, False),
        ({"user": None}, False),
        ({"user": ""}, False),
        ({"user_rule": "registration"}, False),
        ({"san_email": ["b", "a"]}, False),
        ({"san_email": ["a"]}, False),
        ({"san_email": []}, False),
    ],
)
def test_an_accessor_that_says_something_else_is_seen(accessors: Json, right: bool) -> None:
    answer = {"answers": [{"verdict": VERDICT | {"accessors": accessors}}]}
    assert (not list(wrong_accessors(answer))) == right


def test_typed_accessors_have_values(programs: list[Program], ask: Ask, pki: Pki) -> None:
    """What an accessor never says, nothing is compared of."""
    line = f"{pki.alice.spki} alice laptop"
    options = {"trust": "ca+key", "registry": f"memory:{line}", "identity": "registry"}
    cases = [
        case("alice", options, verify(pki.alice), ca=[pki.root]),
        case("pending", {"trust": "key", "registry": "external"}, verify(pki.alice)),
    ]
    ask(cases)
    for program in programs:
        said = [verdicts(answer)[0].get("accessors", {}) for answer in program.ask(cases)]
        assert {name for name in said[0] if not said[0][name]} <= WITHOUT_VALUE, program.language
        assert all(one["pending_fingerprint"] for one in said[1:] if one), program.language
        assert bool(said[0]) == (program.language in ("Go", "Python")), program.language


# Alice has no such names, is not asked for, and nothing is wrong with her.
WITHOUT_VALUE = {"pending_fingerprint", "reason", "san_xmpp", "san_smtp_utf8"}
