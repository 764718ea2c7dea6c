"""Fixtures of the tests about the whole system."""

import io
import logging
from collections.abc import Iterator

import pytest

from app.middleware.log_format import DiscreetFormatter


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything the application logs, down to the chattiest level, as the access log would write it."""
    stream, logger = io.StringIO(), logging.getLogger("aisle")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(DiscreetFormatter())
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel("DEBUG")
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(level)
