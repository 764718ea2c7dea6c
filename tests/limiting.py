"""An application whose limiter is switched on, for tests of the rate limits."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from app.extensions import limiter
from tests import databases
from tests.conftest import dispose, make_app


@contextmanager
def limiting(template: str, **settings: str) -> Iterator[Flask]:
    """The one limiter is shared by all applications of the process: it is switched back in the end."""
    before = limiter.enabled
    with databases.cloned(template) as url:
        application = make_app(url, rate_limit_enabled=True, **settings)
        yield application
        dispose(application)
    limiter.enabled = before
