"""Registered keys, and the verbs that change them, in every language."""

import json

from driver.cases import case, listed, reasons, registry, verdicts, verify
from driver.compare import Ask, text
from driver.pki import DAY, TIME, Pki, moment


def test_trust_in_registered_keys(ask: Ask, pki: Pki) -> None:
    lines = {
        "registered": f"{pki.alice.spki} alice laptop",
        "disabled": f"disabled {pki.alice.spki} alice",
        "revoked": f"revoked {pki.alice.spki} alice",
        "expired": f"not-after=2001-01-01 {pki.alice.spki} alice",
        "unknown": f"{pki.bob.spki} bob",
        "own": f"{pki.self_signed.spki} ålice the old phone",
    }
    cases = [
        case(
            f"{trust}/{name}",
            {"trust": trust, "registry": f"memory:{line}"},
            verify(pki.self_signed if name == "own" else pki.alice),
            ca=[pki.root] if trust != "key" else [],
        )
        for trust in ("ca", "key", "ca+key", "ca|key")
        for name, line in lines.items()
    ]
    answers = ask(cases)

    def found(case_id: str) -> tuple[list[str], str | None]:
        (verdict,) = verdicts(answers[case_id])
        return reasons(verdict), text(verdict["variables"].get("user"))

    assert found("key/registered") == ([], "alice")
    assert found("key/disabled") == (["registration_disabled"], None)
    assert found("key/revoked") == (["registration_revoked"], None)
    assert found("key/expired") == (["registration_expired"], None)
    assert found("key/unknown") == (["key_not_registered"], None)
    assert found("key/own") == ([], "ålice")
    assert found("ca/unknown") == ([], None)
    assert found("ca+key/registered") == ([], "alice")
    assert found("ca+key/own")[0] == ["self_signed"]
    assert found("ca|key/own") == ([], "ålice")
    assert found("ca|key/unknown") == ([], None)
    (verdict,) = verdicts(answers["key/own"])
    assert text(verdict["variables"]["registration_label"]) == "the old phone"


def test_a_user_enrols_and_an_administrator_disables(ask: Ask, pki: Pki) -> None:
    answers = ask(
        [
            case(
                "self-service",
                {"trust": "key", "registry": "memory:"},
                verify(pki.self_signed),
                registry("enrol_verdict", user="alice", label="laptop"),
                {"do": "reload"},
                verify(pki.self_signed),
                registry("enrol_verdict", user="alice", label="again"),
                registry("disable", subject=pki.self_signed.spki),
                {"do": "reload"},
                verify(pki.self_signed),
                registry("enable", subject=pki.self_signed.spki),
                registry("rename", subject=pki.self_signed.spki, value="phone"),
                registry("rename_user", subject="alice", value="alicia"),
                registry("used", key=pki.self_signed.spki, time=TIME),
                registry("revoke", subject=pki.self_signed.spki),
                registry("remove", subject=pki.self_signed.spki),
            )
        ]
    )
    steps = answers["self-service"]["answers"]
    outcomes = [reasons(verdict) for verdict in verdicts(answers["self-service"])]
    assert outcomes == [["key_not_registered"], [], ["registration_disabled"]]
    (enrolled,) = steps[1]["list"]
    assert (enrolled["user"], enrolled["label"]) == ("alice", "laptop")
    assert [record["action"] for record in steps[1]["audit"]] == ["enrol_self"]
    assert steps[4]["error"]["name"] == "not_entitled"
    assert [step["error"]["name"] for step in steps[-2:] if "error" in step] == ["key_revoked"]
    (left,) = steps[-1]["list"]
    assert (left["user"], left["label"]) == ("alicia", "phone")


def test_an_administrator_enrols_and_imports(ask: Ask, pki: Pki) -> None:
    alice = pki.alice.der.hex()
    fields = json.dumps({"label": "laptop", "not_after": "2099-01-01T00:00:00Z", "no_manage": True})
    answers = ask(
        [
            case(
                "administrator",
                {"trust": "key", "registry": "memory:"},
                registry("enrol_certificate", user="alice", data=alice, fields=fields),
                registry("enrol_certificate", user="bob", data=alice),
                registry("enrol_certificate", user="bob", data=pki.bob.der.hex(), fields='{"by":"certificate"}'),
                registry("enrol_certificate", user="bob", data=b"garbage".hex()),
                registry("enrol_fingerprint", user="carol", key=pki.expired.spki, fields='{"disabled":true}'),
                registry("import", format="text", data=f"{pki.rsa.spki} frank\n".encode().hex()),
                registry("import", format="text", data=b"nonsense\n".hex()),
                registry("remove", subject=pki.weak.spki),
                {"do": "reload"},
                verify(pki.alice),
            )
        ]
    )  # fmt: skip
    steps = answers["administrator"]["answers"]
    errors = [step.get("error", {}).get("name") for step in steps[:8]]
    assert errors == [
        None,
        "key_taken",
        None,
        "malformed",
        None,
        None,
        "malformed",
        "not_registered",
    ]
    users = sorted(registration["user"] for registration in steps[7]["list"])
    assert users == ["alice", "bob", "carol", "frank"]
    (verdict,) = verdicts(answers["administrator"])
    assert text(verdict["variables"]["user"]) == "alice"


def test_a_key_signs_for_its_successor(ask: Ask, pki: Pki) -> None:
    answers = ask(
        [
            case(
                "renewal",
                {"trust": "key", "registry": f"memory:{pki.root.spki} alice old"},
                verify(pki.bob),
                registry("renew_signed", data=pki.root.der.hex(), label="new"),
                verify(pki.rsa),
                registry("renew_signed", data=pki.root.der.hex(), label="new"),
            )
        ]
    )
    by_another, by_root = answers["renewal"]["answers"][1::2]
    # The intermediate CA has signed bob's certificate, the registered key that of frank.
    assert by_another["error"]["name"] == "not_entitled"
    assert sorted(one["label"] for one in by_root["list"]) == ["new", "old"]


def test_a_key_is_renewed_beside_another(ask: Ask, pki: Pki) -> None:
    answers = ask(
        [
            case(
                "renewal",
                {"trust": "key", "registry": f"memory:{pki.alice.spki} alice old"},
                verify(pki.alice),
                verify(pki.self_signed),
                registry("renew_beside", label="new"),
                verify(pki.rsa),
                registry("renew_beside", label="newer"),
            )
        ]
    )
    beside_registered, beside_stranger = answers["renewal"]["answers"][2::2]
    assert sorted(one["label"] for one in beside_registered["list"]) == ["new", "old"]
    # The verdict before it was made before its key was registered.
    assert beside_stranger["error"]["name"] == "not_entitled"


def test_lists(ask: Ask, pki: Pki) -> None:
    until = moment(TIME + 10 * DAY + DAY // 2).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = [
        f"{pki.alice.spki} alice laptop",
        f"not-after={until} {pki.bob.spki} bob",
        f"disabled,no-manage {pki.rsa.spki} alice phone",
    ]
    answers = ask(
        [
            case(
                "lists",
                {"trust": "key", "registry": "memory:" + "\n".join(lines)},
                listed("all"),
                listed("user", "alice"),
                listed("user", "nobody"),
                listed("key", pki.bob.spki),
                listed("key", pki.weak.spki),
                listed("expiring", "30"),
                listed("expiring", "5"),
                listed("text"),
            )
        ]
    )
    *lists, text = (step["list"] for step in answers["lists"]["answers"])
    assert [len(one) for one in lists] == [3, 2, 0, 1, 0, 1, 0]
    assert lists[5][0]["days_left"] == 10
    assert sorted(text.splitlines()) == sorted(lines)


def test_a_host_looks_keys_up_itself(ask: Ask, pki: Pki) -> None:
    given = {
        "alice": '{"user":"alice","label":"laptop"}',
        "disabled": '{"user":"alice","disabled":true}',
        "nobody": "null",
    }
    cases = [
        case(
            name,
            {"trust": "key", "registry": "external"},
            verify(pki.alice),
            {"do": "resolve", "answer": answer, "time": TIME},
        )
        for name, answer in given.items()
    ]
    answers = ask(cases)
    for name in given:
        pending, _ = verdicts(answers[name])
        assert reasons(pending) == ["registration_pending"]
        assert text(pending["variables"]["pending_fingerprint"]) == pki.alice.spki
    found = {name: reasons(verdicts(answers[name])[1]) for name in given}
    assert found == {
        "alice": [],
        "disabled": ["registration_disabled"],
        "nobody": ["key_not_registered"],
    }


def test_tokens_that_are_bound_to_a_certificate(ask: Ask, pki: Pki) -> None:
    def confirms(confirmation: str) -> dict[str, str]:
        return {"do": "confirms", "confirmation": confirmation}

    first = ask([case("alice", {}, verify(pki.alice), ca=[pki.root])])
    thumbprint = text(verdicts(first["alice"])[0]["variables"]["x5t#S256"])
    assert thumbprint is not None
    answers = ask(
        [
            case(
                "bound",
                {},
                verify(pki.alice),
                confirms(thumbprint),
                confirms(json.dumps({"x5t#S256": thumbprint})),
                confirms(json.dumps({"x5t#S256": thumbprint, "jkt": "x"})),
                confirms(""),
                verify(pki.bob, pki.intermediate),
                confirms(thumbprint),
                ca=[pki.root],
            )
        ]
    )
    confirmed = [step["confirms"] for step in answers["bound"]["answers"] if "confirms" in step]
    assert confirmed == [True, True, False, False, False]
