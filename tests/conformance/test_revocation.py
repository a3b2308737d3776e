"""CRLs and OCSP responses, in every language."""

import time

from driver.cases import case, reasons, verdicts, verify
from driver.compare import Ask, text
from driver.pki import DAY, TIME, Pki, crl, ocsp_response
from driver.programs import Json

CRLS: Json = {"do": "crls", "time": TIME}


def test_crls(ask: Ask, pki: Pki) -> None:
    fresh = crl(pki.root, [pki.revoked])
    leaf = {"crl_check": "leaf"}
    answers = ask(
        [
            case("good", leaf, verify(pki.alice), CRLS, ca=[pki.root], crl=[fresh]),
            case("revoked", leaf, verify(pki.revoked), CRLS, ca=[pki.root], crl=[fresh]),
            case("missing", leaf, verify(pki.bob, pki.intermediate), ca=[pki.root], crl=[fresh]),
            case(
                "allowed", leaf | {"crl_missing": "allow"}, verify(pki.bob, pki.intermediate),
                ca=[pki.root], crl=[fresh],
            ),
            case(
                "expired", leaf, verify(pki.alice), CRLS,
                ca=[pki.root], crl=[crl(pki.root, [], days=(-10, -3))],
            ),
            case("off", {"crl_check": "off"}, verify(pki.revoked), CRLS, ca=[pki.root], crl=[fresh]),
        ]
    )  # fmt: skip
    found = {name: reasons(verdicts(answers[name])[0]) for name in answers}
    assert found == {
        "good": [],
        "revoked": ["certificate_revoked"],
        "missing": ["crl_missing"],
        "allowed": [],
        "expired": ["crl_expired"],
        "off": [],
    }
    (revoked,) = verdicts(answers["revoked"])
    assert text(revoked["variables"]["revocation_reason"]) == "keyCompromise"
    (reported,) = answers["good"]["answers"][1]["report"]["crls"]
    assert (reported["number"], reported["entries"], reported["age"]) == ("07", "1", str(DAY))
    assert "clientcert_crl_" in answers["good"]["answers"][1]["report"]["metrics"]


def test_ocsp(ask: Ask, pki: Pki) -> None:
    responses = {
        "good": ocsp_response(pki.root, pki.alice, revoked=False),
        "revoked": ocsp_response(pki.root, pki.alice, revoked=True),
        "of_another": ocsp_response(pki.root, pki.revoked, revoked=False),
        "by_another": ocsp_response(pki.other_root, pki.alice, revoked=False),
        "garbage": b"garbage",
        "nobody": b"",
    }
    cases = [
        case(
            name,
            {"ocsp": "leaf"},
            verify(pki.alice),
            # A response says by the clock when it was made, and TIME may be minutes ago, when the programs were built.
            {"do": "ocsp", "certificate": 0, "response": response.hex(), "time": int(time.time())},
            ca=[pki.root],
        )
        for name, response in responses.items()
    ]
    cases.append(case("off", {}, verify(pki.alice), ca=[pki.root]))
    answers = ask(cases)
    for name in responses:
        asking, _ = verdicts(answers[name])
        assert reasons(asking) == ["ocsp_pending"]
        (question,) = asking["questions"]
        assert (question["url"], question["certificate"]) == ("http://ocsp.example.com/", 0)
    found = {name: reasons(verdicts(answers[name])[1]) for name in responses}
    assert found["good"] == []
    assert found["revoked"] == ["certificate_revoked"]
    assert found["of_another"] == ["ocsp_other_certificate"]
    assert found["garbage"] == ["ocsp_malformed"]
    assert found["nobody"] == ["ocsp_missing"]
    assert found["by_another"], "a response by another CA counts"
    assert verdicts(answers["off"])[0]["questions"] == []
