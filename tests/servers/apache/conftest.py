"""Fixtures that start Apache, and look into its log when a test is over."""

import shutil
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from apache.server import Apache
from support.backend import Backend
from support.clients import Connection
from support.pki import Pki


class Start(Protocol):
    """Starts Apache with virtual hosts; see `Apache`."""

    def __call__(self, hosts: str, **options: object) -> Apache: ...


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """Apache's children have another user than root, who starts it: they must be able to read what is here."""
    folder = Path(tempfile.mkdtemp(prefix="apache-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def pki(open_folder: Path) -> Pki:
    folder = open_folder / "pki"
    folder.mkdir()
    return Pki(folder)


@pytest.fixture
def tmp_path(open_folder: Path) -> Path:
    folder = Path(tempfile.mkdtemp(dir=open_folder))
    folder.chmod(0o755)
    return folder


@pytest.fixture
def apache(pki: Pki, backend: Backend, tmp_path: Path) -> Iterator[Start]:
    yield from starter(pki, backend, tmp_path)


@pytest.fixture(scope="module")
def shared_apache(pki: Pki, backend: Backend, open_folder: Path) -> Iterator[Start]:
    """The same for a server that all tests of a file share."""
    folder = Path(tempfile.mkdtemp(dir=open_folder))
    folder.chmod(0o755)
    yield from starter(pki, backend, folder)


def starter(pki: Pki, backend: Backend, folder: Path) -> Iterator[Start]:
    started: list[Apache] = []

    def start(hosts: str, **options: object) -> Apache:
        own = folder / str(len(started))
        own.mkdir()
        server = Apache(pki, own, hosts, BACKEND=backend.port, **options)  # type: ignore[arg-type]
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()
    for server in started:
        assert server.alerts() == []


def host(port: str, *directives: str, name: str = "localhost") -> str:
    """A virtual host with TLS."""
    lines = "\n".join(f"    {line}" for line in directives)
    return f"""
<VirtualHost 127.0.0.1:@{port}@>
    ServerName {name}
    Protocols h2 http/1.1
    SSLEngine on
{lines}
</VirtualHost>
"""


def leave(connection: Connection) -> ssl.SSLSession:
    """Ends a connection as TLS has it, and keeps its session: OpenSSL forgets one that ends without a word."""
    session = connection.session
    connection.tls.unwrap()
    return session
