"""Fixtures that start Apache, and look into its log when a test is over."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from apache.server import Apache
from support.backend import Backend
from support.pki import Pki


class Start(Protocol):
    """Starts Apache with virtual hosts; see `Apache`."""

    def __call__(self, hosts: str, **options: object) -> Apache: ...


@pytest.fixture
def apache(pki: Pki, backend: Backend, tmp_path: Path) -> Iterator[Start]:
    yield from starter(pki, backend, tmp_path)


@pytest.fixture(scope="module")
def shared_apache(
    pki: Pki, backend: Backend, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Start]:
    """The same for a server that all tests of a file share."""
    yield from starter(pki, backend, tmp_path_factory.mktemp("apache"))


def starter(pki: Pki, backend: Backend, folder: Path) -> Iterator[Start]:
    started: list[Apache] = []
    if os.geteuid() == 0:
        pki.folder.chmod(0o755)

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
