"""Workers: reload and death under load, many handshakes, and what stays in memory."""

import os
import signal

import pytest

from nginx.conftest import Start
from support.clients import Client
from support.pki import Pki
from support.server import eventually
from support.storm import Storm

SITE = """
    server {
        listen 127.0.0.1:@PORT@ ssl http2;
        clientcert on;
        clientcert_mode optional;
        clientcert_ca @PKI@/root.crt;
        clientcert_identity "subject.cn lower";
        clientcert_refresh @REFRESH@;
        location / { clientcert_require user; return 200 "$clientcert_user\\n"; }
    }
"""


# Small files are read in the event loop, or by a thread where one is wanted.
REFRESH = ["1s", "1s thread"]


@pytest.mark.parametrize("refresh", REFRESH)
def test_reloads_under_load(nginx: Start, pki: Pki, refresh: str) -> None:
    """New connections always find a worker, and old ones end in an answer."""
    server = nginx(SITE, workers=2, REFRESH=refresh)
    with Storm(2) as storm:
        storm.start(pki, server.port, "good")
        for _ in range(4):
            server.reload()
        outcome = storm.end()
    assert set(outcome) == {"200"}, outcome


@pytest.mark.parametrize("refresh", REFRESH)
def test_a_worker_dies_and_the_others_go_on(nginx: Start, pki: Pki, refresh: str) -> None:
    server = nginx(SITE, workers=3, REFRESH=refresh)
    server.allowed_alerts = ["exited on signal 9"]
    with Storm(2) as storm:
        storm.start(pki, server.port, "good")
        for _ in range(3):
            before = server.workers()
            os.kill(before[0], signal.SIGKILL)
            eventually(
                lambda before=before: (
                    len(server.workers()) == 3  # type: ignore[misc]
                    and before[0] not in server.workers()
                ),
                "there is a new worker",
            )
        outcome = storm.end()
    assert outcome.pop("200") > 0
    # Whoever was at the worker that died has lost his connection, and nobody else: at most each client each time.
    assert sum(outcome.values()) <= 2 * 3, outcome
    assert Client(pki, "good").get(server.port).body == "alice\n"


def test_a_storm_of_handshakes_leaves_nothing(nginx: Start, pki: Pki) -> None:
    server = nginx(SITE, workers=2, REFRESH="1s")
    with Storm(4) as storm:
        storm.full_handshakes(pki, server.port, "good", 400)
        outcome = storm.full_handshakes(pki, server.port, "good", 1000)
        assert outcome == {"200": 1000}
        before = server.memory()
        outcome = storm.full_handshakes(pki, server.port, "good", 1000)
        assert outcome == {"200": 1000}
        # What a handshake leaves where it leaves anything is a session, a chain or a verdict: kilobytes.
        eventually(lambda: server.memory() - before < 1000 * 1000, "no memory is left behind")
