"""A real OCSP responder for the root CA: `openssl ocsp`."""

import subprocess
import time
from pathlib import Path
from typing import Self

from support.pki import DAY, NOW, Pki
from support.project import HOST, free_port, program


class Responder:
    """Answers for the root's certificates of some clients: those named in `revoked` are, others are unknown."""

    def __init__(self, pki: Pki, folder: Path, good: list[str], revoked: list[str]) -> None:
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}/"
        moment = "%y%m%d%H%M%SZ"
        lines = [
            "\t".join(
                [
                    "R" if name in revoked else "V",
                    (NOW + 30 * DAY).strftime(moment),
                    (NOW - DAY).strftime(moment) if name in revoked else "",
                    f"{pki.certificate(name).serial_number:X}".zfill(2),
                    "unknown",
                    f"/CN={name}",
                ]
            )
            for name in [*good, *revoked]
        ]
        index = folder / "index.txt"
        index.write_text("\n".join(lines) + "\n")
        self._log = folder / "responder.log"
        argv = [program("openssl"), "ocsp", "-index", str(index), "-port", str(self.port)]
        argv += ["-CA", str(pki.root), "-rsigner", str(pki.root), "-rkey", f"{pki.folder}/root.key"]
        with open(self._log, "wb") as output:
            self._process = subprocess.Popen(
                [*argv, "-nmin", "5"], stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )

    def __enter__(self) -> Self:
        # It takes one connection at a time, and a connection without a question for an error: its log says when.
        end = time.monotonic() + 20
        while "waiting" not in self._log.read_text().lower():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < end, "the responder never listened"
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
