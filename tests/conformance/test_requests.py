"""What comes of a request, in every language."""

from driver.cases import Presented, case, decide, verdicts, verify
from driver.compare import Ask
from driver.pki import DAY, TIME, Pki
from driver.programs import Json

ALLOW, PREFLIGHT, RENEGOTIATE, POST_HANDSHAKE, USE_HTTP_1_1, ELSEWHERE, FALL_BACK, CHALLENGE = (
    range(8)
)
FORBID, TOO_EARLY, MISDIRECTED, REAUTHENTICATE, LOG_OUT, RESEND, TIMED_OUT, TOO_LARGE = range(8, 16)

NOTHING, CERTIFICATE, VERIFIED, USER = range(4)
TLS_1_2, TLS_1_3 = 0x0303, 0x0304
HTTP_1_1, HTTP_2 = 11, 20
ANSWERED, DECLINED, TIMEOUT = 1, 2, 3

CONNECTION: Json = {
    "method": "GET",
    "tls_version": TLS_1_3,
    "http_version": HTTP_1_1,
    "server_name": "www.example.com",
    "authority": "www.example.com",
    "virtual_host": "www.example.com",
    "target": "/private?a=b",
}
PREFLIGHTED: Json = {
    "method": "OPTIONS",
    "origin": "https://app.example.com",
    "access_control_request_method": "PUT",
    "access_control_request_headers": "content-type, x-token",
}
OPTIONAL = {"mode": "optional", "identity": "subject.cn"}
DEFERRED = {"mode": "deferred", "identity": "subject.cn"}
ANSWERING = OPTIONAL | {"preflight": "answer", "preflight_origin": "https://app.example.com"}


def test_every_action(ask: Ask, pki: Pki) -> None:
    alice: Presented = [pki.alice]
    nobody: Presented = []
    asking = {"offers_post_handshake_auth": True}
    elsewhere = DEFERRED | {"certificate_host": "id.example.com"}
    transport = OPTIONAL | {"challenge": "transport,client_certificate"}
    rows: list[tuple[str, dict[str, str], Presented, Json, int, int, str | None]] = [
        ("open to all", OPTIONAL, nobody, {"requirement": NOTHING}, ALLOW, 0, None),
        ("a user", OPTIONAL, alice, {}, ALLOW, 0, None),
        ("this user", OPTIONAL, alice, {"users": ["bob", "alice"]}, ALLOW, 0, None),
        ("resumed", OPTIONAL, alice, {"resumed": True}, ALLOW, 0, None),
        ("another user", OPTIONAL, alice, {"users": ["bob"]}, FORBID, 403, "user_not_allowed"),
        ("weak", OPTIONAL, alice, {"strong": True}, FORBID, 403, "identity_weak"),
        ("nobody's", {"mode": "optional"}, alice, {}, FORBID, 403, "user_missing"),
        ("verified", {"mode": "optional"}, alice, {"requirement": VERIFIED}, ALLOW, 0, None),
        ("bad", OPTIONAL, [pki.expired], {}, FORBID, 403, "certificate_expired"),
        ("missing", OPTIONAL, nobody, {}, FORBID, 403, "certificate_required"),
        ("challenged", transport, nobody, {}, CHALLENGE, 401, "certificate_required"),
        ("our challenge", OPTIONAL, nobody, {"challenges": ['Basic realm="a"', "Bearer"]},
         CHALLENGE, 401, "certificate_required"),
        ("log-in", OPTIONAL, nobody, {"other_login_url": "/login?to=%2f"}, FALL_BACK, 302, "certificate_required"),
        ("basic", OPTIONAL, nobody, {"other_login_challenge": "Basic"}, FALL_BACK, 401, "certificate_required"),
        ("early", OPTIONAL, alice, {"early_data": True}, TOO_EARLY, 425, "early_data"),
        ("preflight refused", OPTIONAL, nobody, PREFLIGHTED, FORBID, 403, "certificate_required"),
        ("preflight passed", OPTIONAL | {"preflight": "pass"}, nobody, PREFLIGHTED, PREFLIGHT, 0, None),
        ("preflight answered", ANSWERING, nobody, PREFLIGHTED, PREFLIGHT, 204, None),
        ("other origin", ANSWERING, nobody, PREFLIGHTED | {"origin": "null"}, FORBID, 403, "origin_not_allowed"),
        ("misdirected", OPTIONAL | {"authority": "name"}, alice,
         {"authority": "other.example.com", "virtual_host": "other.example.com", "reused": True},
         MISDIRECTED, 421, "misdirected"),
        ("twice", OPTIONAL | {"authority": "name"}, alice,
         {"authority": "other.example.com", "virtual_host": "other.example.com", "reused": True, "answered_421": True},
         FORBID, 403, "misdirected"),
        ("no host", OPTIONAL | {"authority": "name"}, alice, {"authority": "a b"}, FORBID, 400, "authority_malformed"),
        ("after a preflight", OPTIONAL, nobody, {"preflight_opened": True}, MISDIRECTED, 421, "preflight_connection"),
        ("changed", OPTIONAL, alice, {"identity_before": "somebody"}, REAUTHENTICATE, 403, "identity_changed"),
        ("too old", OPTIONAL, alice, {"maximum_age": 60, "handshake_time": TIME - 61},
         REAUTHENTICATE, 403, "handshake_too_old"),
        ("young", OPTIONAL, alice, {"maximum_age": 60, "handshake_time": TIME - 60}, ALLOW, 0, None),
        ("no age", OPTIONAL, alice, {"maximum_age": 60}, REAUTHENTICATE, 403, "handshake_too_old"),
        ("log out", OPTIONAL, alice, {"log_out": True}, LOG_OUT, 403, "logged_out"),
        ("logged out", OPTIONAL, alice, {"logged_out": True}, FORBID, 403, "logged_out"),
        ("renegotiation", DEFERRED, nobody, {"tls_version": TLS_1_2, "secure_renegotiation": True},
         RENEGOTIATE, 0, "certificate_required"),
        ("post-handshake", DEFERRED, nobody, asking, POST_HANDSHAKE, 0, "certificate_required"),
        ("HTTP/2", DEFERRED, nobody, asking | {"http_version": HTTP_2}, USE_HTTP_1_1, 0, "certificate_required"),
        ("large", DEFERRED, nobody, asking | {"body_read": 1 << 20}, TOO_LARGE, 413, "late_body_too_large"),
        ("timeout", DEFERRED, nobody, asking | {"late": TIMEOUT}, TIMED_OUT, 408, "late_timed_out"),
        ("declined", DEFERRED, nobody, asking | {"late": DECLINED}, FORBID, 403, "late_declined"),
        ("cannot be asked", DEFERRED, nobody, {}, FORBID, 403, "late_certificate_impossible"),
        ("elsewhere", elsewhere, nobody, {}, ELSEWHERE, 302, "late_certificate_impossible"),
        ("elsewhere by POST", elsewhere, nobody, {"method": "POST", "nonce": "A" * 22},
         ELSEWHERE, 307, "late_certificate_impossible"),
        ("before it", DEFERRED, alice, {"late": ANSWERED, "arrived_before_certificate": True},
         RESEND, 307, "before_certificate"),
        ("off", {"mode": "off"}, nobody, {}, FORBID, 403, "certificate_not_asked"),
        ("in the handshake", {"mode": "require"}, nobody, {"handshake_open": True},
         FORBID, 403, "certificate_required"),
        ("anybody", {"mode": "require_any"}, [pki.foreign], {"requirement": CERTIFICATE}, ALLOW, 0, None),
        ("anybody is nobody", {"mode": "require_any"}, [pki.foreign], {"requirement": VERIFIED},
         FORBID, 403, "not_verified"),
    ]  # fmt: skip
    answers = ask(
        [
            case(name, options, verify(*chain), decide(**(CONNECTION | request)), ca=[pki.root])
            for name, options, chain, request, *_ in rows
        ]
    )
    seen = set()
    for name, _, _, _, action, status, cause in rows:
        decision = answers[name]["answers"][1]["decision"]
        found = (decision["action"], decision["status"], decision["cause"])
        assert found == (action, status, cause), name
        assert (decision["bodies"] == [None] * 3) == (status == 0), name
        seen.add(action)
    assert seen == set(range(16)), "every action is seen"
    elsewhere_headers = dict(answers["elsewhere"]["answers"][1]["decision"]["headers"])
    assert "clientcert_question=*" in elsewhere_headers["Location"]
    assert answers["in the handshake"]["answers"][1]["decision"]["alerts"] == [40, 116]


def test_what_a_client_could_write(ask: Ask, pki: Pki) -> None:
    texts = {
        "nul": "a\0b",
        "line end": "a\r\nX-User: root",
        "beyond ASCII": "/\u00e9\u202e\U0001f600",
        "long": "/" + "x" * 100_000,
        "quotes": '"\\<script>',
    }
    fields = (
        "method", "origin", "access_control_request_method", "access_control_request_headers", "server_name",
        "authority", "virtual_host", "target", "identity_before", "nonce",
    )  # fmt: skip
    options = ANSWERING | {
        "authority": "name",
        "mode": "deferred",
        "certificate_host": "id.example.com",
    }
    decisions = [
        decide(**(CONNECTION | extra | {field: value}))
        for value in texts.values()
        for field in fields
        for extra in ({}, PREFLIGHTED)
    ]
    decisions += [decide(**(CONNECTION | {"users": [value]})) for value in texts.values()]
    answers = ask(
        [
            case("nobody", options, verify(), *decisions, ca=[pki.root]),
            case("alice", options, verify(pki.alice), *decisions, ca=[pki.root]),
        ]
    )
    for answer in answers.values():
        for step in answer["answers"][1:]:
            for name, value in step["decision"]["headers"]:
                assert name.isascii()
                assert not set(value) & {"\r", "\n", "\0"}, name


def test_who_forgets_a_field_lets_nobody_in(ask: Ask, pki: Pki) -> None:
    answers = ask([case("nothing said", OPTIONAL, verify(), decide(), ca=[pki.root])])
    assert answers["nothing said"]["answers"][1]["decision"]["action"] == FORBID


def test_a_connection_that_lasts(ask: Ask, pki: Pki) -> None:
    first = ask([case("first", OPTIONAL, verify(pki.alice), decide(**CONNECTION), ca=[pki.root])])
    decision = first["first"]["answers"][1]["decision"]
    before = CONNECTION | {"identity_before": decision["identity"], "reused": True}
    answers = ask(
        [
            case(
                "later", OPTIONAL, verify(pki.alice), decide(**before), decide(TIME + 101 * DAY, **before),
                ca=[pki.root],
            ),
            case("another", OPTIONAL, verify(pki.bob, pki.intermediate), decide(**before), ca=[pki.root]),
        ]
    )  # fmt: skip
    _, still, expired = answers["later"]["answers"]
    assert (still["decision"]["action"], still["decision"]["session_cacheable"]) == (ALLOW, True)
    assert (expired["decision"]["action"], expired["decision"]["closes"]) == (REAUTHENTICATE, True)
    assert not expired["decision"]["verdict"]["verified"]
    assert answers["another"]["answers"][1]["decision"]["cause"] == "identity_changed"
    assert verdicts(answers["another"])[0]["verified"]
