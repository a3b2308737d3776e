"""Builds the programs once, and gives every test a way to ask them all."""

import pytest

from driver.compare import Ask, ask_all
from driver.pki import Pki
from driver.programs import Program, build_all


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> list[Program]:
    return build_all(tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="session")
def ask(programs: list[Program]) -> Ask:
    """Asks all programs, sees to it that they agree, and returns what they say."""
    return lambda cases: ask_all(programs, cases)


@pytest.fixture(scope="session")
def pki() -> Pki:
    return Pki()
