"""A server process that a test started: its folder, its log, its workers, their memory."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from support.project import HOST, environment


def eventually(condition: Callable[[], object], what: str, seconds: float = 20) -> None:
    """Waits until a condition holds; how long it takes is never the point of a test."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"it never came to be that {what}"
        time.sleep(0.02)


@dataclass
class Facts:
    """A line of the access log, facts.log; `-` is what servers write for nothing."""

    status: str
    outcome: str
    reasons: str
    user: str


class Server:
    """A server that stays in the foreground. It listens, when it is ready, on what `values` name `PORT` and so on."""

    #: What ends it.
    stop_signal = signal.SIGTERM

    def __init__(
        self,
        argv: list[str],
        folder: Path,
        values: Mapping[str, object],
        log: Path,
        variables: Mapping[str, str] = {},
    ) -> None:
        self.folder = folder
        self.values = dict(values)
        self.ports = [int(str(value)) for name, value in values.items() if name.startswith("PORT")]
        self.port = self.ports[0]
        self._log = log
        with open(folder / "output.log", "wb") as output:
            self.process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment(**variables),
                start_new_session=True,
            )
        try:
            self.wait_ready()
        except BaseException:
            self.stop()
            raise

    def wait_ready(self, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        for port in self.ports:
            while not _listens(port):
                assert self.process.poll() is None, f"the server did not start: {self.output()}"
                assert time.monotonic() < end, f"the server never listened: {self.output()}"
                time.sleep(0.02)

    def port_of(self, name: str) -> int:
        """The port that stands in the configuration as `@PORT_NAME@`."""
        return int(str(self.values[f"PORT_{name}".upper()]))

    def facts(self, path: str) -> Facts:
        """What the access log has of the one request to a path, once it is there."""
        found: list[str] = []

        def logged() -> list[str]:
            file = self.folder / "facts.log"
            lines = file.read_text(errors="replace").splitlines() if file.exists() else []
            found[:] = [line for line in lines if line.split(" ", 1)[0] == path]
            return found

        eventually(logged, f"{path} is in the log")
        assert len(found) == 1, found
        return Facts(*found[0].split(" ")[1:])

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self) -> None:
        """Ends the server, and what it left behind."""
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise AssertionError(f"the server did not stop: {self.output()}") from None

    def output(self) -> str:
        return (self.folder / "output.log").read_text(errors="replace") + self.log()

    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def workers(self) -> list[int]:
        """The children of the process, and theirs (a launcher such as valgrind or a shell may stand between)."""
        found: list[int] = []
        waiting = [self.process.pid]
        while waiting:
            parent = waiting.pop()
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
                found += map(int, children)
                waiting += map(int, children)
        return sorted(found)

    def memory(self) -> int:
        """What the server's processes have for themselves, in bytes."""
        return sum(map(_private_memory, [self.process.pid, *self.workers()]))


def _listens(port: int) -> bool:
    with socket.socket() as attempt:
        attempt.settimeout(1)
        return attempt.connect_ex((HOST, port)) == 0


def _private_memory(pid: int) -> int:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
    return 0
