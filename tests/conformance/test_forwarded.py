"""What one language writes for the server behind a proxy, read in every other."""

from base64 import b64encode

from driver.cases import case, forward, reasons, verdicts, verify, verify_forwarded
from driver.compare import Ask, ask_all
from driver.pki import Pki
from driver.programs import Program

DIALECTS = range(1, 12)
PROXY = {"mode": "optional", "trusted_proxies": "127.0.0.1"}
RFC9440 = 1
# Unverified clients too, the chain, and details, which are bits.
EVERYTHING = 7


def test_headers_of_one_language_are_read_in_every_other(programs: list[Program], pki: Pki) -> None:
    chains = {"alice": [pki.alice], "bob": [pki.bob, pki.intermediate], "nobody": []}
    writing = [
        case(
            f"{name}/{dialect}/{what}", PROXY, verify(*chain), forward(dialect, what), ca=[pki.root]
        )
        for name, chain in chains.items()
        for dialect in DIALECTS
        for what in (0, EVERYTHING)
    ]
    ask_all(programs, writing)
    cases = []
    for program in programs:
        for answer in program.ask(writing):
            headers = [
                (name, bytes.fromhex(value)) for name, value in answer["answers"][1]["headers"]
            ]
            dialect = int(answer["id"].split("/")[1])
            cases.append(
                case(
                    f"{program.language}/{answer['id']}",
                    PROXY,
                    verify_forwarded(dialect, "127.0.0.1", headers),
                    verify_forwarded(dialect, "192.0.2.1", headers),
                    verify_forwarded(dialect, None, headers),
                    ca=[pki.root],
                )
            )
    answers = ask_all(programs, cases)
    for case_id, answer in answers.items():
        trusted, untrusted, unknown = verdicts(answer)
        if "/alice/" in case_id:
            assert trusted["verified"], case_id
            assert reasons(untrusted) == reasons(unknown) == ["untrusted_proxy"], case_id
            assert trusted["certificates"] == [pki.alice.der.hex()], case_id
        if "/nobody/" in case_id:
            assert trusted["outcome"] == 0, case_id


def test_who_was_not_verified_is_not_forwarded_unless_asked(ask: Ask, pki: Pki) -> None:
    answers = ask(
        [
            case(
                "foreign", PROXY, verify(pki.foreign), forward(RFC9440, 0), forward(RFC9440, 1),
                verify_forwarded(RFC9440, "127.0.0.1"), ca=[pki.root],
            )
        ]
    )  # fmt: skip
    _, refused, forwarded, _ = answers["foreign"]["answers"]
    assert refused["error"]["name"] == "not_entitled"
    assert refused["headers"] == []
    assert [name.lower() for name, _ in forwarded["headers"]] == ["client-cert"]
    assert reasons(verdicts(answers["foreign"])[1]) == ["leaf_issuer_unknown"]


def test_headers_by_other_names(ask: Ask, pki: Pki) -> None:
    names = {"certificate": "X-My-Cert", "verify": "X-My-Verify"}
    answers = ask(
        [
            case(
                f"{dialect}", PROXY, verify(pki.alice), forward(dialect, 0, names),
                verify_forwarded(dialect, "127.0.0.1", names=names), ca=[pki.root],
            )
            for dialect in (3, 4, 7, 9)
        ]
    )  # fmt: skip
    for answer in answers.values():
        written = {name for name, _ in answer["answers"][1]["headers"]}
        assert {"X-My-Cert", "X-My-Verify"} <= written
        assert verdicts(answer)[1]["verified"]


def test_what_a_client_could_send(ask: Ask, pki: Pki) -> None:
    good = b":" + b64encode(pki.alice.der) + b":"
    headers = {
        "none": [],
        "others": [("Host", b"www.example.com"), ("Cookie", b"a=b")],
        "case": [("CLIENT_CERT", good)],
        "twice": [("Client-Cert", good), ("client-cert", good)],
        "empty": [("Client-Cert", b"")],
        "garbage": [("Client-Cert", b"\xff\x00\x01")],
        "no_der": [("Client-Cert", b":AAAA:")],
        "chain_alone": [("Client-Cert-Chain", good)],
        "huge": [("Client-Cert", b":" + b"A" * 1_000_000 + b":")],
        "other_dialect": [("X-SSL-Client-Cert", good)],
    }
    answers = ask(
        [
            case(name, PROXY, verify_forwarded(RFC9440, "127.0.0.1", given), ca=[pki.root])
            for name, given in headers.items()
        ]
    )
    found = {name: reasons(verdicts(answers[name])[0]) for name in headers}
    assert found["none"] == found["others"] == found["case"] == found["other_dialect"] == []
    assert verdicts(answers["case"])[0]["verified"]
    assert found["twice"] == ["forwarded_malformed"]
    assert found["huge"] == ["chain_too_large"]
    assert all(found[name] for name in ("garbage", "no_der", "chain_alone"))
    # A header without a value says nothing: many proxies send one for a client without a certificate.
    assert verdicts(answers["empty"])[0]["outcome"] == 0
