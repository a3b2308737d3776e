"""Who a client is, in every mode and language."""

import base64
from pathlib import Path

from driver.cases import Presented, case, policy, reasons, recheck, verdicts, verify
from driver.compare import Answers, Ask, text
from driver.pki import DAY, TIME, Pki, moment

NONE, SUCCESS, FAILED = range(3)
MODES = ("off", "optional", "optional_no_ca", "require", "request_any", "require_any", "deferred")


def test_every_client_in_every_mode(ask: Ask, pki: Pki) -> None:
    clients: dict[str, Presented] = {
        "nobody": [],
        "alice": [pki.alice],
        "alice_with_root": [pki.alice, pki.root],
        "bob": [pki.bob, pki.intermediate],
        "bob_alone": [pki.bob],
        "nameless": [pki.nameless],
        "expired": [pki.expired],
        "not_yet_valid": [pki.not_yet_valid],
        "foreign": [pki.foreign],
        "foreign_expired": [pki.foreign_expired],
        "server": [pki.server],
        "self_signed": [pki.self_signed],
        "weak": [pki.weak],
        "rsa": [pki.rsa],
        "hostile": [pki.hostile],
        "not_utf8": [pki.not_utf8],
        "ca_itself": [pki.root],
    }
    cases = [
        case(
            f"{mode}/{name}",
            options(mode),
            verify(*chain),
            policy("www.example.com"),
            ca=[pki.root],
        )
        for mode in MODES
        for name, chain in clients.items()
    ]
    answers = ask(cases)

    def outcome(case_id: str) -> tuple[int, bool, list[str]]:
        (verdict,) = verdicts(answers[case_id])
        return verdict["outcome"], verdict["accepted"], reasons(verdict)

    assert outcome("optional/nobody") == (NONE, True, [])
    assert outcome("require/nobody") == (NONE, False, ["certificate_required"])
    assert outcome("require/alice") == (SUCCESS, True, [])
    assert outcome("require/bob") == (SUCCESS, True, [])
    assert outcome("require/bob_alone") == (FAILED, False, ["leaf_issuer_unknown"])
    assert outcome("require/expired") == (FAILED, False, ["certificate_expired"])
    assert outcome("require/not_yet_valid") == (FAILED, False, ["certificate_not_yet_valid"])
    assert outcome("require/foreign_expired") == (
        FAILED, False, ["leaf_issuer_unknown", "certificate_expired"],
    )  # fmt: skip
    assert outcome("require/server") == (FAILED, False, ["extended_key_usage"])
    assert outcome("require/self_signed") == (FAILED, False, ["self_signed"])
    assert outcome("require/weak") == (FAILED, False, ["leaf_key_too_weak"])
    assert outcome("require/hostile") == (SUCCESS, True, [])
    assert outcome("optional_no_ca/foreign") == (FAILED, True, ["leaf_issuer_unknown"])
    assert outcome("request_any/alice") == (FAILED, True, ["not_verified"])
    assert outcome("require_any/nobody") == (NONE, False, ["certificate_required"])
    for number, mode in enumerate(MODES):
        assert answers[f"{mode}/alice"]["answers"][1]["policy"]["mode"] == number


def test_what_a_verdict_tells_of_a_certificate(ask: Ask, pki: Pki) -> None:
    answers = ask([case("alice", {}, verify(pki.alice), ca=[pki.root])])
    (verdict,) = verdicts(answers["alice"])

    def variable(name: str) -> str | None:
        return text(verdict["variables"].get(name))

    assert variable("subject") == "CN=alice,O=Example"
    assert variable("issuer") == "CN=Root,O=Example"
    assert variable("not_after") == moment(TIME + 100 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert variable("days_left") == "100"
    assert variable("san_email_count") == "2"
    assert variable("san_email_1") == "alice@example.org"
    assert variable("san_email") is None
    assert variable("san_ip_1") == "2001:db8::1"
    assert variable("san_upn_0") == "alice@example.net"
    assert variable("san_dirname_0") == "CN=ålice"
    assert variable("ssl_client_verify") == "SUCCESS"
    assert variable("SSL_CLIENT_S_DN_CN") == "alice"
    assert variable("ssl_c_s_dn(CN)") == "alice"
    assert variable("no_such_variable") is None
    assert bytes.fromhex(verdict["variables"]["ssl_c_der"]) == pki.alice.der
    assert verdict["certificates"] == [pki.alice.der.hex()]
    assert verdict["json"]["subject"] == "CN=alice,O=Example"


def test_what_a_client_writes_into_its_name_comes_out_whole(ask: Ask, pki: Pki) -> None:
    answers = ask(
        [
            case("hostile", {}, verify(pki.hostile), ca=[pki.root]),
            case("not_utf8", {}, verify(pki.not_utf8), ca=[pki.root]),
        ]
    )
    (hostile,) = verdicts(answers["hostile"])
    own = text(hostile["variables"]["subject"])
    assert own is not None
    assert "\0" not in own
    assert "\n" not in own
    assert "\u202e" not in own
    # Apache's and HAProxy's forms escape nothing, and a NUL does not end them.
    assert b"admin\0.example.com\r\nX-User: root" in bytes.fromhex(
        hostile["variables"]["ssl_c_s_dn"]
    )
    (not_utf8,) = verdicts(answers["not_utf8"])
    assert not_utf8["outcome"] == FAILED
    assert b"\xff\xfe\x80" in bytes.fromhex(not_utf8["variables"]["ssl_c_s_dn(CN)"])


def test_what_is_no_chain(ask: Ask, pki: Pki) -> None:
    alice = pki.alice.der
    garbage: dict[str, Presented] = {
        "text": [b"not a certificate"],
        "zeros": [bytes(100)],
        "sequence": [b"\x30\x03\x02\x01\x01"],
        "cut": [alice[:-1]],
        "cut_head": [alice[1:]],
        "trailing": [alice + b"\0"],
        "garbage_behind": [alice, b"\xff" * 10],
        "huge": [pki.bob] + [pki.intermediate] * 200,
        "long": [b"\x30\x84\x7f\xff\xff\xff" + bytes(70_000)],
        "many": [pki.alice] * 129,
        "twice": [pki.alice, pki.alice],
        "pem": [pem(alice)],
        "broken_pem": [pem(alice)[:-30]],
        "no_pem": [b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"],
    }
    cases = [
        case(name, {}, verify(*chain), recheck(), ca=[pki.root]) for name, chain in garbage.items()
    ]
    answers = ask(cases)
    first = {name: reasons(verdicts(answers[name])[0]) for name in garbage}
    assert first["text"] == ["chain_malformed"]
    assert first["huge"] == first["many"] == first["long"] == ["chain_too_large"]
    assert first["twice"] == first["pem"] == []
    assert all(first[name] for name in garbage.keys() - {"twice", "pem"})


def test_tolerated_reasons(ask: Ask, pki: Pki) -> None:
    options = {"mode": "optional_no_ca", "tolerate": "certificate_expired,self_signed"}
    clients = {
        "expired": pki.expired,
        "foreign": pki.foreign,
        "foreign_expired": pki.foreign_expired,
        "self_signed": pki.self_signed,
    }
    answers = ask(
        [case(name, options, verify(one), ca=[pki.root]) for name, one in clients.items()]
    )

    def tolerated(name: str) -> tuple[bool, list[bool]]:
        (verdict,) = verdicts(answers[name])
        assert not verdict["verified"]
        return verdict["accepted"], [reason["tolerated"] for reason in verdict["reasons"]]

    assert tolerated("expired") == (True, [True])
    assert tolerated("foreign") == (False, [False])
    assert tolerated("foreign_expired") == (False, [False, True])
    assert tolerated("self_signed") == (True, [True])


def test_users_by_identity_rules(ask: Ask, pki: Pki) -> None:
    rules = {
        "cn": ["subject.cn lower"],
        "upn": ["san.upn strip=@example.net"],
        "ambiguous": ["san.email"],
        "spiffe": ["spiffe trust_domain=example.com"],
        "second": ["san.xmpp", r'san.email match="^([^@]+)@example\.org$" user="org-\1" filter'],
        "none": ["san.xmpp"],
        "strong": ["subject.cn"],
    }
    cases = []
    for name, identity in rules.items():
        options: dict[str, str | list[str]] = {"identity": identity}
        if name == "strong":
            options["identity_strength"] = "strong"
        cases.append(case(name, options, verify(pki.alice), ca=[pki.root]))
    answers = ask(cases)
    users = {name: user(answers, name) for name in rules}
    assert users["cn"] == ("alice", [])
    assert users["upn"] == ("alice", [])
    assert users["ambiguous"] == (None, ["ambiguous_identity"])
    assert users["second"] == ("org-alice", [])
    assert users["none"] == (None, ["identity_unknown"])
    assert users["strong"] == (None, ["identity_weak"])


def test_a_verdict_is_looked_at_again(ask: Ask, pki: Pki) -> None:
    answers = ask(
        [
            case(
                "alice", {}, verify(pki.alice), recheck(TIME + DAY), recheck(TIME + 101 * DAY),
                {"do": "reload"}, recheck(TIME), ca=[pki.root],
            )
        ]
    )  # fmt: skip
    good, still, expired, again = verdicts(answers["alice"])
    assert good["verified"]
    assert still["verified"]
    assert reasons(expired) == ["certificate_expired"]
    # What is no longer SUCCESS never becomes it again.
    assert not again["verified"]


def test_what_a_verifier_remembers(ask: Ask, pki: Pki) -> None:
    statistics = {"do": "statistics"}
    answers = ask(
        [
            case(
                "memory", {}, statistics, verify(pki.alice), verify(pki.alice), verify(pki.bob),
                statistics, {"do": "refresh"}, statistics, {"do": "reload"}, statistics, ca=[pki.root],
            ),
            case("none", {"cache_size": "0"}, verify(pki.alice), verify(pki.alice), statistics, ca=[pki.root]),
        ]
    )  # fmt: skip
    numbers = [step["statistics"] for step in answers["memory"]["answers"] if "statistics" in step]
    hits, misses, entries = numbers[1][:3]
    assert numbers[0][:5] == [0] * 5
    assert (hits, misses) == (1, 2)
    assert entries >= 1
    assert answers["memory"]["answers"][5] == {"changed": False}
    assert answers["none"]["answers"][2]["statistics"][0] == 0


def test_options_out_of_a_file(ask: Ask, pki: Pki, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(pem(pki.root.der))
    good = tmp_path / "good.toml"
    good.write_text('mode = "optional"\nca = "ca.pem"\nidentity = ["subject.cn"]\ndepth = 3\n')
    unknown = tmp_path / "unknown.toml"
    unknown.write_text('mode = "optional"\nmoed = "require"\n')
    broken = tmp_path / "broken.toml"
    broken.write_text("mode = \n")
    answers = ask(
        [
            case("good", {}, verify(pki.alice), policy(), file=str(good), dump=True),
            case("more", {"mode": "require"}, verify(), policy(), file=str(good)),
            case("unknown", {}, file=str(unknown)),
            case("broken", {}, file=str(broken)),
            case("missing", {}, file=str(tmp_path / "missing.toml")),
        ]
    )
    assert user(answers, "good") == ("alice", [])
    assert answers["more"]["answers"][1]["policy"]["mode"] == MODES.index("require")
    names = {name: answers[name]["error"]["name"] for name in ("unknown", "broken", "missing")}
    assert names == {"unknown": "unknown_option", "broken": "malformed", "missing": "io"}
    assert "unknown.toml:2" in answers["unknown"]["error"]["message"]


def test_options_that_cannot_be_say_why(ask: Ask, pki: Pki) -> None:
    alice = pki.alice.der
    cases = [
        case("unknown", {"moed": "require"}),
        case("value", {"mode": "perhaps"}),
        case("contradiction", {"mode": "require"}),
        case("file", {"ca": "/no/such/file.pem"}),
        case("malformed", {}, blobs=[("ca", b"garbage")]),
        case("no_certificate", {}, blobs=[("ca", b"-----BEGIN CRL-----\n-----END CRL-----\n")]),
        case("no_blob", {}, blobs=[("mode", alice)]),
        case("no_crl", {}, ca=[pki.root], crl=[b""]),
        case("foreign_crl", {"crl_check": "leaf"}, ca=[pki.root], crl=[alice]),
        case("alias", {"ssl_verify_client": "on"}, verify(pki.alice), ca=[pki.root], dump=True),
    ]
    answers = ask(cases)
    names = {name: answer["error"]["name"] for name, answer in answers.items() if "error" in answer}
    assert names == names | {
        "unknown": "unknown_option",
        "value": "invalid_value",
        "contradiction": "invalid_config",
        "file": "io",
        "no_blob": "invalid_value",
    }
    assert names.keys() == answers.keys() - {"alias"}
    assert "mode" in answers["unknown"]["error"]["message"]
    assert 'mode = "require"' in answers["alias"]["dump"]


def options(mode: str) -> dict[str, str]:
    return {"mode": mode} | (
        {"tolerate": "leaf_issuer_unknown"} if mode == "optional_no_ca" else {}
    )


def user(answers: Answers, name: str) -> tuple[str | None, list[str]]:
    (verdict,) = verdicts(answers[name])
    return text(verdict["variables"].get("user")), reasons(verdict)


def pem(der: bytes) -> bytes:
    return (
        b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"
    )
