"""What the suites of all servers share: one PKI and one back end for a session."""

import sys
from collections.abc import Iterator

import pytest

sys.dont_write_bytecode = True

from support.backend import Backend
from support.pki import Pki


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def backend() -> Iterator[Backend]:
    with Backend() as running:
        yield running
