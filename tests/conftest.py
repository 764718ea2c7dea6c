"""Fixtures. `client` works in a transaction that is rolled back; `live` commits for real on its own database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session

from app import create_app
from app.extensions import db, limiter
from tests import databases

CHEAP = {
    "app_env": "testing",
    "jwt_secret_key": "a secret of the tests, long enough to be taken",
    "password_hash_memory_kib": 8,
    "password_hash_rounds": 1,
    "rate_limit_enabled": False,
    "log_level": "ERROR",
    "background": "off",
    "live_stream_seconds": 0.3,
    "spot_check_share": 0.0,
    "spot_check_new_shopper_share": 0.0,
}


def make_app(url: str, **overrides: Any) -> Flask:
    """An application on the given database, cheap where tests need no strength."""
    return create_app(**{**CHEAP, "database_url": url, **overrides})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that may take long go first: at the end one process would wait for another's."""
    items.sort(key=_patience, reverse=True)


def _patience(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark else 0


@pytest.fixture(autouse=True)
def limiter_as_before() -> Iterator[None]:
    """All applications of the process share one limiter: who switches it on switches it off, or other tests fail."""
    before = limiter.enabled
    yield
    assert before or not limiter.enabled


@pytest.fixture(scope="session")
def template() -> str:
    return databases.template()


@pytest.fixture(scope="session")
def app(template: str) -> Iterator[Flask]:
    """One application for all tests that are rolled back."""
    with databases.cloned(template) as url:
        application = make_app(url)
        yield application
        dispose(application)


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session on an outer transaction that is rolled back after the test.

    Whatever the application commits meanwhile is a savepoint of it; its reads use the same connection and see it all.
    """
    with rolled_back(app) as opened:
        yield opened


class rolled_back:  # noqa: N801 (reads as a statement)
    """Bind the application's sessions and reads to one connection, and undo everything at the end."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def __enter__(self) -> Session:
        self.context = self.app.app_context()
        self.context.push()
        self.engines = dict(db.engines)
        self.connection = self.engines[None].connect()
        self.outer = self.connection.begin()
        db.engines[None] = self.connection  # type: ignore[assignment]
        self.app.extensions["read_bind"] = self.connection
        db.session.remove()
        db.session.configure(join_transaction_mode="create_savepoint")
        self.opened = Session(self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        return self.opened

    def __exit__(self, *_: object) -> None:
        self.opened.close()
        db.session.remove()
        db.session.configure(join_transaction_mode="conditional_savepoint")
        self.outer.rollback()
        self.connection.close()
        db.engines.update(self.engines)
        self.app.extensions["read_bind"] = self.engines["read"]
        self.context.pop()


@pytest.fixture
def client(app: Flask, session: Session) -> FlaskClient:
    """An HTTP client whose effects are rolled back."""
    return app.test_client()


@dataclass
class Live:
    """An application on a database of its own, where commits are real and threads may race."""

    app: Flask
    url: str
    engine: Engine

    def client(self) -> FlaskClient:
        """A client of its own for each thread."""
        return self.app.test_client()


@contextmanager
def living(template: str) -> Iterator[Live]:
    """A live application for the length of a block."""
    with databases.cloned(template) as url:
        application = make_app(url)
        engine = create_engine(url)
        yield Live(application, url, engine)
        engine.dispose()
        dispose(application)


@pytest.fixture
def live(template: str) -> Iterator[Live]:
    with living(template) as made:
        yield made


def dispose(application: Flask) -> None:
    """Close every pooled connection of an application."""
    with application.app_context():
        for engine in db.engines.values():
            engine.dispose()


class Statements(list[str]):
    """The SQL statements sent while a block ran; BEGIN, COMMIT and savepoints are not statements here."""


@pytest.fixture
def statements(app: Flask, session: Session) -> Iterator[Statements]:
    """Counts what the application sends: clear it, act, then look at its length."""
    seen = Statements()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.lstrip().upper().startswith(("SAVEPOINT", "RELEASE", "ROLLBACK TO")):
            seen.append(statement)

    bind = session.get_bind()
    event.listen(bind, "before_cursor_execute", note)
    yield seen
    event.remove(bind, "before_cursor_execute", note)
