"""Sessions that one language exported, resumed in every other."""

from driver.cases import case, export_session, reasons, resume_session, verdicts, verify
from driver.compare import Ask, ask_all
from driver.pki import DAY, TIME, Pki
from driver.programs import Program

KEY = "hex:" + "5a" * 32
HOST = "www.example.com"


def test_a_record_of_one_language_counts_in_every_other(programs: list[Program], pki: Pki) -> None:
    options = {"mode": "optional", "session_key": KEY}
    clients = {"alice": [pki.alice], "bob": [pki.bob, pki.intermediate], "nobody": []}
    exporting = [
        case(name, options, verify(*chain), export_session(HOST), ca=[pki.root])
        for name, chain in clients.items()
    ]
    cases = []
    for program in programs:
        for answer in program.ask(exporting):
            record = answer["answers"][1]["record"]
            assert record, f"{program.language} exports nothing for {answer['id']}"
            cases.append(
                case(
                    f"{program.language}/{answer['id']}",
                    options,
                    resume_session(HOST, record, TIME + 60),
                    resume_session("WWW.EXAMPLE.COM.", record, TIME + 60),
                    resume_session("other.example.com", record, TIME + 60),
                    resume_session(HOST, record, TIME + 2 * DAY),
                    resume_session(HOST, record[:-2], TIME + 60),
                    resume_session(HOST, flip(record), TIME + 60),
                    resume_session(HOST, "", TIME + 60),
                    ca=[pki.root],
                )
            )
    answers = ask_all(programs, cases)
    assert len(answers) == len(programs) * len(clients)
    for case_id, answer in answers.items():
        outcomes = [verdict["outcome"] for verdict in verdicts(answer)]
        good = 0 if case_id.endswith("/nobody") else 1
        assert outcomes == [good, good, 2, 2, 2, 2, 2], case_id
        refused = [reasons(verdict) for verdict in verdicts(answer)[2:]]
        assert refused == [
            ["session_invalid"], ["session_expired"], *[["session_invalid"]] * 3
        ], case_id  # fmt: skip
        times = [step["handshake_time"] for step in answer["answers"]]
        assert times == [TIME, TIME, 0, TIME, 0, 0, 0], case_id


def test_a_session_of_another_policy_or_key_is_foreign(ask: Ask, pki: Pki) -> None:
    options = {"session_key": KEY}
    given = ask([case("alice", options, verify(pki.alice), export_session(HOST), ca=[pki.root])])
    record = given["alice"]["answers"][1]["record"]
    step = resume_session(HOST, record)
    answers = ask(
        [
            case("same", options, step, ca=[pki.root]),
            case("other_key", {"session_key": "hex:" + "a5" * 32}, step, ca=[pki.root]),
            case("other_policy", options | {"eku": "any"}, step, ca=[pki.root]),
            case("other_ca", options, step, ca=[pki.root, pki.other_root]),
        ]
    )
    found = {name: reasons(verdicts(answers[name])[0]) for name in answers}
    assert found == {
        "same": [],
        "other_key": ["session_invalid"],
        "other_policy": ["session_invalid"],
        "other_ca": ["session_invalid"],
    }


def test_who_is_not_accepted_has_no_record(ask: Ask, pki: Pki) -> None:
    answers = ask(
        [
            case(
                "foreign",
                {"session_key": KEY},
                verify(pki.foreign),
                export_session(HOST),
                ca=[pki.root],
            )
        ]
    )
    assert answers["foreign"]["answers"][1]["record"] is None


def flip(record: str) -> str:
    """The record with one bit in the middle changed."""
    changed = bytearray.fromhex(record)
    changed[len(changed) // 2] ^= 1
    return changed.hex()
