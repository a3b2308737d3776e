"""Threads, forks, closing and memory: one verifier serves them all."""

from __future__ import annotations

import fcntl
import gc
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import PKI

import clientcert
from clientcert import Config, Request, Verifier, forwarded


def made(pki: PKI, **options: Any) -> Verifier:
    return Verifier(
        Config(**{"mode": "optional", "ca": pki.root, "identity": "subject.CN", **options})
    )


def in_threads(work: Callable[[int], None], count: int = 8) -> None:
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_threads_share_a_verifier(pki: PKI) -> None:
    verifier = made(pki, cache_size=2)
    clients = {name: pki.chain(name) for name in ("good", "chain", "expired", "old")}
    users = {"good": "alice", "chain": "bob", "expired": None, "old": "erin"}

    def work(number: int) -> None:
        for index in range(100):
            name = list(clients)[(number + index) % len(clients)]
            verdict = verifier.verify(clients[name])
            assert verdict.user == users[name]
            decision = verifier.decide(
                verdict, Request(users=[users[name] or "nobody"], method="GET")
            )
            assert decision.allowed == (users[name] is not None)
            assert decision.verdict.user == users[name]
            if number == 0 and index % 20 == 0:
                verifier.reload()

    in_threads(work)


def test_threads_share_a_verdict(pki: PKI) -> None:
    verdict = made(pki).verify(pki.chain("good"))
    expected = verdict.as_dict()["subject"]

    def work(number: int) -> None:
        for _ in range(100):
            assert verdict.subject == expected
            assert verdict.variables["ssl_client_s_dn"] == "CN=alice,O=Example"
            assert forwarded.write(verdict, "rfc9440")

    in_threads(work)


def test_closing_waits_for_nobody_and_harms_nobody(pki: PKI) -> None:
    chain = pki.chain("good")
    for _ in range(50):
        verifier = made(pki, cache_size=0)
        started = threading.Barrier(5)

        def work(
            number: int, verifier: Verifier = verifier, started: threading.Barrier = started
        ) -> None:
            started.wait()
            if number == 0:
                verifier.close()
                return
            try:
                while True:
                    assert verifier.verify(chain).verified
            except clientcert.ClosedError:
                pass

        in_threads(work, 5)


def test_other_threads_run_while_the_library_waits(tmp_path: Path) -> None:
    """The lock is given back by a thread that needs the GIL for it, while another waits for it in the library."""
    path = tmp_path / "keys"
    path.touch(mode=0o600)
    registry = clientcert.Registry(f"file:{path}?audit=none")
    enrol = threading.Thread(
        target=registry.enrol_fingerprint, args=("alice", "spki:sha256:" + "00" * 32)
    )
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        enrol.start()
        time.sleep(0.2)
        assert enrol.is_alive()
        assert path.read_text() == ""
    enrol.join()
    # Had it kept the GIL, its patience of ten seconds would have come to an end.
    assert [entry.user for entry in registry.all()] == ["alice"]


def child(verifier: Verifier, verdict: clientcert.Verdict, chain: list[bytes]) -> None:
    assert verdict.user == "alice"
    assert verifier.verify(chain).user == "alice"
    assert verifier.decide(verdict, Request()).allowed
    verifier.reload()
    assert verifier.verify(chain).user == "alice"
    verdict.close()
    verifier.close()
    gc.collect()


def test_a_fork_goes_on_with_what_was_made_before(pki: PKI) -> None:
    verifier = made(pki)
    verdict = verifier.verify(pki.chain("good"))
    verifier.decide(verdict, Request())
    forking = multiprocessing.get_context("fork")
    children = [
        forking.Process(target=child, args=(verifier, verdict, pki.chain("good"))) for _ in range(4)
    ]
    for process in children:
        process.start()
    for process in children:
        process.join(60)
    assert [process.exitcode for process in children] == [0] * 4
    assert verifier.verify(pki.chain("good")).user == "alice"
    assert verdict.user == "alice"


def test_a_signal_handler_may_decide_meanwhile(pki: PKI) -> None:
    verifier = made(pki)
    verdict, nobody = verifier.verify(pki.chain("good")), verifier.verify([])
    decided: list[bool] = []

    def on_signal(number: int, frame: Any) -> None:
        decided.append(verifier.decide(nobody, Request(users=["somebody"])).allowed)

    before = signal.signal(signal.SIGALRM, on_signal)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        deadline = time.monotonic() + 30
        while len(decided) < 200 and time.monotonic() < deadline:
            assert verifier.decide(verdict, Request(users=["alice"], method="GET")).allowed
            assert not verifier.decide(nobody, Request(users=["alice"], method="GET")).allowed
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(decided) >= 200
    assert not any(decided)


@pytest.mark.parametrize("what", ["verify", "decide", "fail", "forward", "read"])
def test_nothing_is_kept_of_what_is_over(pki: PKI, what: str) -> None:
    verifier = made(pki)
    chain = pki.chain("good")
    verdict = verifier.verify(chain)
    headers = forwarded.write(verdict, "rfc9440")

    def once() -> None:
        if what == "verify":
            verifier.verify(chain)
        elif what == "decide":
            verifier.decide(verdict, Request(method="GET")).body()
        elif what == "fail":
            with pytest.raises(clientcert.UnknownOptionError):
                Config(nothing="x" * 1000)
        elif what == "forward":
            verifier.verify_forwarded("rfc9440", "unix", headers)
        else:
            verifier.verify(chain).as_dict()

    for _ in range(500):
        once()
    gc.collect()
    before = resident()
    for _ in range(5_000):
        once()
    gc.collect()
    # One that is kept each time would be 5,000 of some hundred bytes or more.
    assert resident() - before < 2_000_000


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
