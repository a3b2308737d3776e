"""Fixtures that start nginx, and look into its log when a test is over."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from nginx.server import Nginx
from support.backend import Backend
from support.pki import Pki


class Start(Protocol):
    """Starts nginx with the contents of its http block; see `Nginx`."""

    def __call__(self, http: str = "", **options: object) -> Nginx: ...


@pytest.fixture
def nginx(pki: Pki, backend: Backend, tmp_path: Path) -> Iterator[Start]:
    yield from starter(pki, backend, tmp_path)


@pytest.fixture(scope="module")
def shared_nginx(
    pki: Pki, backend: Backend, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Start]:
    """The same for a server that all tests of a file share."""
    yield from starter(pki, backend, tmp_path_factory.mktemp("nginx"))


def starter(pki: Pki, backend: Backend, folder: Path) -> Iterator[Start]:
    started: list[Nginx] = []

    def start(http: str = "", **options: object) -> Nginx:
        own = folder / str(len(started))
        own.mkdir()
        server = Nginx(pki, own, http, BACKEND=backend.port, **options)  # type: ignore[arg-type]
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()
    for server in started:
        assert server.alerts() == []
