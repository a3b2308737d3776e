"""The identity of a client that another host asked: every pair of languages understands each other."""

import re
from urllib.parse import parse_qs, urlsplit

from driver.cases import case, decide, reasons, verdicts, verify
from driver.compare import ask_all
from driver.pki import Pki
from driver.programs import Json, Program

KEY = "hex:" + "5a" * 32
HERE = {"mode": "off", "session_key": KEY, "certificate_host": "id.example.com"}
# The host that is handed the client; it cannot ask by itself.
ACCEPTING = {"mode": "optional", "session_key": KEY}
REQUEST: Json = {
    "method": "GET",
    "authority": "www.example.com",
    "virtual_host": "www.example.com",
    "target": "/private",
}


def test_one_host_asks_another_answers_and_the_first_redeems(
    programs: list[Program], pki: Pki
) -> None:
    questions: dict[str, tuple[str, str]] = {}
    for program in programs:
        (asked,) = program.ask([case("asks", HERE, verify(time=None), decide(None, **REQUEST))])
        headers = dict(asked["answers"][1]["decision"]["headers"])
        (cookie,) = re.findall("^__Host-clientcert=([^;]+);", headers["Set-Cookie"])
        questions[program.language] = parameter(headers["Location"], "question"), cookie
    for answering in programs:
        cases = []
        for asking, (question, nonce) in questions.items():
            (answered,) = answering.ask(
                [case("answers", ACCEPTING, verify(pki.alice), ticket(question), ca=[pki.root])]
            )
            location = answered["answers"][1]["location"]
            assert location.startswith("https://www.example.com/private?")
            good = {
                "ticket": parameter(location, "ticket"),
                "host": "www.example.com",
                "nonce": nonce,
            }
            steps = [
                redeem(**good | {"nonce": "A" * 22}),
                redeem(**good | {"host": "evil.example.com"}),
                redeem(**good | {"ticket": good["ticket"][:-4]}),
                redeem(**good),
                redeem(**good),
            ]
            name = f"{asking} asks, {answering.language} answers"
            cases.append(case(name, ACCEPTING, *steps, ca=[pki.root]))
        for case_id, answer in ask_all(programs, cases).items():
            found = [reasons(verdict) for verdict in verdicts(answer)]
            invalid = ["ticket_invalid"]
            assert found == [invalid, invalid, invalid, [], ["ticket_used"]], case_id
            assert verdicts(answer)[3]["certificates"] == [pki.alice.der.hex()]


def test_only_a_verified_client_is_vouched_for(programs: list[Program], pki: Pki) -> None:
    (asked,) = programs[0].ask([case("asks", HERE, verify(time=None), decide(None, **REQUEST))])
    headers = dict(asked["answers"][1]["decision"]["headers"])
    question = parameter(headers["Location"], "question")
    answers = ask_all(
        programs,
        [
            case("foreign", ACCEPTING, verify(pki.foreign), ticket(question), ca=[pki.root]),
            case("invented", ACCEPTING, verify(pki.alice), ticket("invented"), ca=[pki.root]),
            case(
                "other key", ACCEPTING | {"session_key": "hex:" + "a5" * 32}, verify(pki.alice),
                ticket(question), ca=[pki.root],
            ),
        ],
    )  # fmt: skip
    found = {name: answers[name]["answers"][1]["error"]["name"] for name in answers}
    assert found == {
        "foreign": "not_entitled",
        "invented": "invalid_argument",
        "other key": "invalid_argument",
    }


def parameter(location: str, name: str) -> str:
    return parse_qs(urlsplit(location).query)[f"clientcert_{name}"][0]


def ticket(question: str) -> Json:
    return {"do": "ticket", "question": question}


def redeem(**arguments: str) -> Json:
    return {"do": "redeem_ticket", **arguments}
