"""Many clients at once, each a process: full handshakes or resumed ones, and what came of them."""

import multiprocessing
import threading
import time
from collections import Counter
from concurrent.futures import Future, ProcessPoolExecutor
from types import TracebackType
from typing import Self

from support.clients import Client
from support.pki import Pki


class Storm:
    """Clients that go on until they are told to stop, or until each has done its share."""

    def __init__(self, processes: int = 4) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(processes, mp_context=self._context)
        self._manager = self._context.Manager()
        self._stop = self._manager.Event()
        self._connected = self._manager.Semaphore(0)
        self._processes = processes
        self._clients: list[Future[Counter[str]]] = []

    def full_handshakes(self, pki: Pki, port: int, client: str, count: int) -> Counter[str]:
        """`count` connections with a full handshake and one request each; how many ended in which way."""
        share = count // self._processes
        versions = ["1.3", "1.2"] * self._processes
        futures = [
            self._pool.submit(_connect, pki, port, client, versions[i], share)
            for i in range(self._processes)
        ]
        return sum((future.result() for future in futures), Counter())

    def start(self, pki: Pki, port: int, client: str) -> None:
        """Lets clients connect again and again until `end`; returns when each has been there once."""
        self._clients += [
            self._pool.submit(_connect_until, pki, port, client, self._stop, self._connected)
            for _ in range(self._processes)
        ]
        for _ in range(self._processes):
            assert self._connected.acquire(timeout=60), "a client never connected"

    def end(self) -> Counter[str]:
        self._stop.set()
        outcome = sum((client.result() for client in self._clients), Counter[str]())
        self._clients.clear()
        self._stop.clear()
        return outcome

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._pool.shutdown()
        self._manager.shutdown()


def _connect(pki: Pki, port: int, client: str, tls: str, count: int) -> Counter[str]:
    visitor = Client(pki, client, tls=tls)
    return Counter(_outcome(visitor, port) for _ in range(count))


def _connect_until(
    pki: Pki, port: int, client: str, stop: threading.Event, connected: threading.Semaphore
) -> Counter[str]:
    visitor = Client(pki, client)
    outcomes = Counter([_outcome(visitor, port)])
    connected.release()
    while not stop.is_set():
        outcomes[_outcome(visitor, port)] += 1
        time.sleep(0.005)
    return outcomes


def _outcome(visitor: Client, port: int) -> str:
    answer = visitor.get(port)
    return str(answer.status) if answer.status else answer.error
