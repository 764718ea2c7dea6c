"""Servers that stand in for outside services, over real sockets."""

from collections.abc import Iterator

import pytest

from tests.clients import localstripe, scripted


@pytest.fixture(scope="session")
def stripe() -> Iterator[localstripe.LocalStripe]:
    """localstripe, running; fails loudly where its environment is missing."""
    with localstripe.running() as server:
        yield server


@pytest.fixture
def provider() -> Iterator[scripted.Scripted]:
    """A provider whose answers the test writes."""
    with scripted.scripted() as server:
        yield server
