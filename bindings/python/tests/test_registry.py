"""Registries: the verbs, and what they refuse."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from conftest import PKI

import clientcert
from clientcert import Config, Registry, Verifier


@pytest.fixture(params=["file", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    path = tmp_path / "keys"
    if request.param == "file":
        path.touch(mode=0o600)
        path.write_text(f"spki:sha256:{'ff' * 32} somebody\n")
    return f"{request.param}:{path}"


def made(pki: PKI, url: str, **options: Any) -> Verifier:
    return Verifier(
        Config(**{"mode": "optional_no_ca", "trust": "key", "registry": url, **options})
    )


def test_a_user_registers_his_key_and_is_known_from_then_on(pki: PKI, url: str) -> None:
    verifier = made(pki, url)
    verdict = verifier.verify(pki.chain("self"))
    assert not verdict.verified
    registry = Registry(url)
    registry.act_as("alice")
    before = datetime.now(timezone.utc) - timedelta(seconds=2)
    registry.enrol(verdict, "alice", "laptop")
    (record,) = registry.audit
    assert (record.actor, record.action, record.user, record.label) == (
        "alice",
        "enrol_self",
        "alice",
        "laptop",
    )
    verifier.reload()
    again = verifier.verify(pki.chain("self"))
    assert again.verified
    assert (again.user, again.user_rule, again.registration_label) == (
        "alice",
        "registration",
        "laptop",
    )
    key = again.registration_key
    assert key == f"spki:sha256:{again.spki_sha256}"
    found = registry.find(key)
    assert found is not None
    assert (found.user, found.key, found.label, found.disabled, found.revoked) == (
        "alice",
        key,
        "laptop",
        False,
        None,
    )
    assert found.created is not None
    assert found.created > before
    with pytest.raises(clientcert.KeyTakenError) as taken:
        registry.enrol(verdict, "mallory")
    assert "alice" not in str(taken.value)
    assert registry.audit == ()
    with pytest.raises(clientcert.NotEntitledError):
        registry.enrol(verifier.verify(pki.chain("expired")), "carol")


def test_an_administrator_changes_what_is_registered(pki: PKI, url: str) -> None:
    registry = Registry(url)
    end = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=3)
    registry.enrol_certificate("alice", pki.der("good"), label="card", not_after=end)
    registry.enrol_fingerprint("bob", "spki:sha256:" + "ab" * 32, no_manage=True)
    registry.enrol_certificate("carol", pki.path("old.crt").read_bytes(), by="certificate")
    alice, bob, carol = (registry.of_user(user)[0] for user in ("alice", "bob", "carol"))
    assert alice.not_after == end
    assert bob.no_manage
    assert carol.key.startswith("cert:sha256:")
    assert {entry.user for entry in registry.all()} >= {"alice", "bob", "carol"}
    (soon,) = registry.expiring(7)
    assert (soon.user, soon.days_left) in (("alice", 2), ("alice", 3))
    registry.rename(alice.key, "smart card")
    registry.rename_user("alice", "alicia")
    assert registry.of_user("alice") == []
    assert registry.of_user("alicia")[0].label == "smart card"
    registry.disable(alice.key)
    verifier = made(pki, url, ca=pki.root)
    reason = verifier.verify(pki.chain("good")).reason
    assert reason is not None
    assert reason.name == "registration_disabled"
    registry.enable(alice.key)
    registry.used(alice.key)
    used = registry.find(alice.key)
    assert used is not None
    assert used.last_used is not None
    registry.remove(carol.key)
    assert registry.find(carol.key) is None
    registry.revoke(alice.key)
    with pytest.raises(clientcert.KeyRevokedError):
        registry.enable(alice.key)
    with pytest.raises(clientcert.NotRegisteredError):
        registry.disable(carol.key)
    with pytest.raises(clientcert.InvalidArgumentError):
        registry.find("spki:md5:00")
    assert f"{bob.key} bob" in registry.text()


def test_many_keys_come_at_once_or_not_at_all(url: str) -> None:
    registry = Registry(url)
    registry.import_text(f"spki:sha256:{'01' * 32} alice\nspki:sha256:{'02' * 32} bob laptop\n")
    with pytest.raises(clientcert.RegistryError):
        registry.import_text(f"spki:sha256:{'03' * 32} carol\nspki:sha256:{'01' * 32} carol\n")
    assert [entry.user for entry in registry.all()][-2:] == ["alice", "bob"]
    assert registry.of_user("carol") == []
    digest = "A" * 43
    registry.import_jwks(
        json.dumps({"keys": [{"kty": "EC", "kid": "k", "x5t#S256": digest}]}), "client"
    )
    assert registry.of_user("client")[0].label == "k"
    with pytest.raises(clientcert.MalformedError):
        registry.import_jwks("{", "client")


def test_a_key_is_renewed_beside_another(pki: PKI, url: str) -> None:
    registry = Registry(url)
    registry.enrol_certificate("alice", pki.der("self"), label="old")
    verifier = made(pki, url, ca=pki.root, trust="key")
    old, new = verifier.verify(pki.chain("self")), verifier.verify(pki.chain("good"))
    registry.renew_beside(new, old)
    assert [entry.label for entry in registry.of_user("alice")] == ["old", "old"]
    with pytest.raises(clientcert.Error):
        registry.renew_signed(new, pki.der("root"))


def test_the_verifier_lends_its_registry(pki: PKI, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.touch(mode=0o600)
    verifier = made(pki, f"file:{path}?audit=none", trust="ca", ca=pki.root)
    registry = verifier.registry()
    assert registry is not None
    verifier.close()
    registry.enrol_certificate("alice", pki.der("good"))
    assert "alice" in path.read_text()
    assert Verifier(Config(mode="require", ca=pki.root)).registry() is None


def test_the_host_may_be_the_registry(pki: PKI) -> None:
    verifier = Verifier(Config(mode="optional_no_ca", trust="key", registry="external"))
    pending = verifier.verify(pki.chain("self"))
    assert not pending.verified
    assert pending.pending_fingerprint == f"spki:sha256:{pending.spki_sha256}"
    same: list[Any] = [{"user": "alice", "label": "x"}, '{"user": "alice"}', b'{"user": "alice"}']
    for found in same:
        assert verifier.resolve(pending, found).user == "alice"
    answers: list[tuple[Any, str]] = [
        (None, "key_not_registered"),
        ({"user": "alice", "disabled": True}, "registration_disabled"),
        ({"user": "alice", "revoked": datetime.now(timezone.utc)}, "registration_revoked"),
        (
            {"user": "alice", "not_after": datetime(2020, 1, 1, tzinfo=timezone.utc)},
            "registration_expired",
        ),
        ({"user": "alice", "revoked": True}, "registry_unavailable"),
        ({}, "registry_unavailable"),
        (b"", "registry_unavailable"),
        ("nonsense", "registry_unavailable"),
    ]
    for answer, name in answers:
        reason = verifier.resolve(pending, answer).reason
        assert reason is not None
        assert reason.name == name


def test_threads_take_turns(url: str) -> None:
    registry = Registry(url)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for index in range(5):
                registry.enrol_fingerprint("alice", f"spki:sha256:{number * 100 + index:064x}")
                assert registry.all()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(registry.of_user("alice")) == 20


def test_what_is_no_registry_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(clientcert.InvalidValueError):
        Registry("nonsense")
    with pytest.raises(clientcert.FileError):
        Registry(f"file:{tmp_path}/nowhere/keys").all()
    registry = Registry(f"sqlite:{tmp_path}/keys")
    registry.close()
    with pytest.raises(clientcert.ClosedError):
        registry.all()
    with pytest.raises(ValueError, match="time zone"):
        Registry(f"sqlite:{tmp_path}/keys").enrol_fingerprint(
            "a", "spki:sha256:" + "00" * 32, not_after=datetime(2030, 1, 1)
        )
