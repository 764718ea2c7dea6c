"""Databases of the tests: one embedded server, one migrated template, cheap clones of it."""

import hashlib
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fasteners
import psycopg
from psycopg import sql

from app.config import PROJECT
from app.embedded_postgres import create_database, start, with_driver
from app.migrations import migrate

FOLDER = Path(os.environ.get("DATA_DIR", PROJECT / ".data")) / "test-postgres"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")

_numbers = itertools.count(1)


def server() -> Any:
    """The running test server; joined or started."""
    return start(FOLDER)


def server_log() -> str:
    """Everything the test server has logged so far."""
    return (FOLDER / "log").read_text(errors="replace")


def template() -> str:
    """The name of the migrated, empty database; built once for each state of the migrations."""
    made_of = [*sorted((PROJECT / "alembic" / "versions").glob("*.py")), PROJECT / "app" / "migration_steps.py"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in made_of)).hexdigest()[:12]
    name = f"template_{digest}"
    running = server()
    with fasteners.InterProcessLock(FOLDER.parent / "test-template.lock"):
        if not _exists(running, name):
            building = f"{name}_building"
            _drop(running, building)
            create_database(running.get_uri("postgres"), building)
            migrate(with_driver(running.get_uri(building)))
            _admin(running, "ALTER DATABASE {} RENAME TO {}", building, name)
            # Tests need the order of commits, not their survival of a power cut.
            for setting in ("synchronous_commit", "fsync", "full_page_writes"):
                _admin(running, f"ALTER SYSTEM SET {setting} = off")
            _admin(running, "SELECT pg_reload_conf()")
    return name


def clone(source: str) -> str:
    """The address of a fresh copy of a database."""
    running = server()
    name = f"test_{WORKER}_{os.getpid()}_{next(_numbers)}"
    _drop(running, name)
    create_database(running.get_uri("postgres"), name, template=source)
    return with_driver(running.get_uri(name))


def drop(url: str) -> None:
    """Remove a clone, whoever is still connected."""
    _drop(server(), url.partition("?")[0].rpartition("/")[2])


@contextmanager
def cloned(source: str) -> Iterator[str]:
    """A clone for the length of a block."""
    url = clone(source)
    try:
        yield url
    finally:
        drop(url)


def _exists(running: Any, name: str) -> bool:
    with psycopg.connect(running.get_uri("postgres"), autocommit=True) as connection:
        return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _drop(running: Any, name: str) -> None:
    _admin(running, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _admin(running: Any, statement: str, *names: str) -> None:
    with psycopg.connect(running.get_uri("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))  # type: ignore[arg-type]
