"""Where the tests find the library and a PKI. CLIENTCERT_STAGE names the folder that `make stage` installed into."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Union

import pytest

if TYPE_CHECKING:
    from servers import Process, Start

PYTHON = Path(__file__).resolve().parents[1]
ROOT = PYTHON.parents[1]
STAGE = Path(os.environ.get("CLIENTCERT_STAGE", ROOT / "target" / "stage"))

# Before the first import of the package, here and in every process that a test starts.
os.environ["CLIENTCERT_LIBRARY"] = str(STAGE / "lib" / "libclientcert.so.1")
sys.path.insert(0, str(PYTHON / "src"))


class PKI:
    """The CAs and clients of the demo, as `scripts/pki` makes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "root.crt"

    def path(self, name: str) -> Path:
        """A file of the PKI."""
        return self.folder / name

    def chain(self, client: str) -> list[bytes]:
        """What a client presents: DER, its own certificate first."""
        import ssl

        blocks = re.findall(
            "-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?",
            self.path(f"{client}.pem").read_text(),
            re.DOTALL,
        )
        return [ssl.PEM_cert_to_DER_cert(block) for block in blocks]

    def der(self, certificate: str) -> bytes:
        """One certificate in DER."""
        import ssl

        return ssl.PEM_cert_to_DER_cert(self.path(f"{certificate}.crt").read_text())


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> PKI:
    folder = tmp_path_factory.mktemp("pki")
    subprocess.run([ROOT / "scripts" / "pki", folder], check=True, capture_output=True)
    return PKI(folder)


@pytest.fixture(scope="session")
def tool() -> Path:
    return STAGE / "bin" / "clientcert"


@pytest.fixture
def start(pki: PKI, tmp_path: Path) -> Iterator[Start]:
    """Starts servers with options, and ends them with the test."""
    from servers import Process

    running: list[Process] = []

    def start(
        command: list[object],
        where: Union[int, Path],
        options: dict[str, object],
        **environment: str,
    ) -> Process:
        options = {"mode": "optional", "ca": str(pki.root), "identity": "subject.cn", **options}
        environment = {"TEST_OPTIONS": json.dumps(options), **environment}
        running.append(Process(command, where, tmp_path / f"{len(running)}.log", environment))
        return running[-1]

    yield start
    for server in running:
        server.stop()
