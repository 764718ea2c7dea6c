"""One house for all tests of this folder; each leaves it well, with books that agree."""

from collections.abc import Iterator

import pytest

from tests.failures.house import House, running_house


@pytest.fixture(scope="session")
def shared_house() -> Iterator[House]:
    with running_house() as opened:
        yield opened


@pytest.fixture
def house(shared_house: House) -> Iterator[House]:
    yield shared_house
    shared_house.mend()
    shared_house.check()
