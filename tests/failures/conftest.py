"""One house for all tests of this folder; each leaves it well, with books that agree."""

from collections.abc import Iterator

import pytest

from tests.failures.house import House, beside, running_house


@pytest.fixture(scope="session")
def shared_house() -> Iterator[House]:
    with running_house() as opened:
        yield opened


@pytest.fixture
def house(shared_house: House) -> Iterator[House]:
    yield shared_house
    shared_house.mend()
    shared_house.check()


@pytest.fixture(scope="session")
def alone(shared_house: House) -> Iterator[House]:
    """The same house behind one web process that does nothing in the background; for tests that take `house` too.

    Requests to two processes may miss the one that a test is about, and work in the background finds dead connections
    before they do.
    """
    with beside(shared_house, shared_house.folder / "alone.log") as opened:
        yield opened
