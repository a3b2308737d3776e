"""Children and threads: every MPM, restarts and deaths under load, many handshakes, and what stays in memory."""

from pathlib import Path

import pytest

from apache.conftest import Start, host, leave
from support.clients import Client, curl
from support.pki import Pki
from support.server import eventually
from support.storm import Storm

SITE = host(
    "PORT",
    "ClientCert On",
    "ClientCertOption mode optional",
    "ClientCertOption ca @PKI@/root.crt",
    "ClientCertOption crl @CRL@",
    'ClientCertOption identity "subject.cn lower"',
    "ClientCertRefresh 1",
    "<Location />",
    "    ClientCertRequire user",
    "</Location>",
)


@pytest.mark.parametrize("mpm", ["prefork", "worker"])
def test_other_mpms(apache: Start, pki: Pki, tmp_path: Path, mpm: str) -> None:
    """What is done in processes and threads; `event` has all the other tests."""
    crl = write_crl(pki, tmp_path)
    server = apache(SITE, mpm=mpm, CRL=crl)
    for tls in ["1.2", "1.3"]:
        for client, status in [("good", 200), (None, 403), ("expired", 403), ("revoked", 200)]:
            assert Client(pki, client, tls=tls).get(server.port).status == status
        visitor = Client(pki, "good", tls=tls)
        with visitor.connect(server.port) as first:
            assert first.request("/").status == 200
            session = leave(first)
        with visitor.connect(server.port, session=session) as again:
            assert again.request("/").status == 200
            assert again.resumed
    if mpm == "worker":
        assert curl(pki, server.port, "/", "good", http="2").http == "2"
    with Storm(2) as storm:
        storm.start(pki, server.port, "good")
        write_crl(pki, tmp_path, "revoked", number=2)
        stranger = Client(pki, "revoked")
        eventually(
            lambda: all(stranger.get(server.port).status == 403 for _ in range(10)), "it is revoked"
        )
        server.graceful()
        eventually(lambda: server.served() > 200, "others were served meanwhile")
        outcome = storm.end()
    assert set(outcome) == {"200"}, outcome


def test_graceful_restarts_under_load(apache: Start, pki: Pki, tmp_path: Path) -> None:
    """New connections always find a child, and old ones end in an answer."""
    server = apache(SITE, CRL=write_crl(pki, tmp_path))
    with Storm(2) as storm:
        storm.start(pki, server.port, "good")
        eventually(lambda: server.served() > 20, "the storm is there")
        for _ in range(4):
            server.graceful()
        outcome = storm.end()
    assert set(outcome) == {"200"}, outcome


def test_a_child_dies_and_the_others_go_on(apache: Start, pki: Pki, tmp_path: Path) -> None:
    server = apache(SITE, CRL=write_crl(pki, tmp_path))
    server.allowed_alerts = ["exit signal Killed"]
    with Storm(2) as storm:
        storm.start(pki, server.port, "good")
        eventually(lambda: server.served() > 20, "the storm is there")
        for _ in range(3):
            before = server.served()
            server.kill_child()
            eventually(lambda before=before: server.served() > before + 50, "the others go on")  # type: ignore[misc]
        outcome = storm.end()
    served = outcome.pop("200")
    # Whoever was at the child that died has lost his connection, and nobody else.
    assert served > 5 * sum(outcome.values()), (served, outcome)
    assert Client(pki, "good").get(server.port).status == 200


def test_a_storm_of_handshakes_leaves_nothing(apache: Start, pki: Pki, tmp_path: Path) -> None:
    server = apache(SITE, CRL=write_crl(pki, tmp_path))
    with Storm(4) as storm:
        assert storm.full_handshakes(pki, server.port, "good", 1000) == {"200": 1000}
        before = server.memory()
        assert storm.full_handshakes(pki, server.port, "good", 1000) == {"200": 1000}
        after = server.memory()
    # A leak of a verdict, a chain or a connection for each handshake is more than that.
    assert after - before < 1000 * 3000, (before, after)


def write_crl(pki: Pki, folder: Path, *revoked: str, number: int = 1) -> Path:
    path = pki.write_crls(folder / "all.crl", *revoked, number=number)
    path.chmod(0o644)
    return path
