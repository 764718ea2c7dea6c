"""The servers of a run and the shop they serve: PostgreSQL, gunicorn with the shop, gunicorn with the floor."""

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from app import create_app
from app.embedded_postgres import with_driver
from app.extensions import db
from scripts.bench.cluster import cluster, filled_once
from scripts.bench.filling import World, look_around
from scripts.bench.floor_server import FloorServer
from scripts.bench.options import Options
from scripts.bench.traffic import Driver, Job, Load
from scripts.drills.running import say
from scripts.parts.postgres import Postgres
from scripts.parts.web import Web
from scripts.parts.workspace import workspace

PLENTY = "100000000 per minute"
LIMITS = (
    "RATE_LIMIT_DEFAULTS",
    "RATE_LIMIT_CHECKOUT",
    "RATE_LIMIT_CHECKOUT_ADDRESS",
    "RATE_LIMIT_DEVICE",
    "RATE_LIMIT_DEVICES_ADDRESS",
    "RATE_LIMIT_PAIR_USER",
    "RATE_LIMIT_PAIR_ADDRESS",
    "RATE_LIMIT_ROUTES",
    "ORDER_LIMIT_PER_USER",
    "ORDER_LIMIT_PER_IP",
)
"""Budgets that one address with a few hundred shoppers would spend at once. They are counted as in production, and
are only too large to be spent."""


@dataclass
class Stage:
    """What a case works with. All servers run for the whole run."""

    options: Options
    folder: Path
    database: Postgres
    world: World
    app: Flask
    """The same application in this process, its context entered: for what is measured without HTTP."""
    web: Web
    floor: FloorServer
    driver: Driver
    settings: Mapping[str, str]
    """The environment of `web`."""

    def job(
        self,
        port: int,
        scripts: Sequence[Sequence[bytes]],
        *,
        expected: frozenset[int] = frozenset({200}),
        seconds: float | None = None,
    ) -> Load:
        """A closed loop for a round's time (or `seconds`), checked."""
        return self.driver.drive(Job(port, scripts, seconds or self.options.seconds, expected))

    @contextmanager
    def web_with(self, name: str, **settings: str) -> Iterator[Web]:
        """Another gunicorn on the same database, its settings on top of those of `web`."""
        with Web(self.folder / f"{name}.log", {**self.settings, **settings}) as web:
            yield web


def web_settings(url: str, folder: Path, key: str) -> dict[str, str]:
    """The environment of the shop's gunicorn: two workers of eight threads, access log and limits as in production."""
    return {
        "APP_ENV": "development",  # production would demand providers with a contract
        "DATA_DIR": str(folder),
        "DATABASE_URL": with_driver(url),
        "JWT_SECRET_KEY": key,
        "WEB_CONCURRENCY": "2",
        "WEB_THREADS": "8",
        "BACKGROUND": "off",  # events and sweeps are Celery's in production, in processes of its own
        "PUBLIC_BASE_URL": "",
        **dict.fromkeys(LIMITS, PLENTY),
    }


@contextmanager
def open_stage(options: Options) -> Iterator[Stage]:
    """Start everything, fill the shop, and end everything with the block."""
    with workspace("bench") as folder, ExitStack() as servers:
        say("starting PostgreSQL ...")
        database = servers.enter_context(cluster(options.keep or folder))
        settings = web_settings(database.url(), folder, secrets.token_hex(32))
        app = servers.enter_context(in_process(settings))
        filled_once(database, options)
        say("starting the web servers ...")
        web, floor = Web(folder / "web.log", settings), FloorServer(folder / "floor.log", database.url())
        for server in (web, floor):  # side by side
            servers.callback(server.stop)
            server.launch()
        for server in (web, floor):
            server.await_answer()
        yield Stage(
            options=options,
            folder=folder,
            database=database,
            world=look_around(database.url()),
            app=app,
            web=web,
            floor=floor,
            driver=servers.enter_context(Driver()),
            settings=settings,
        )


@contextmanager
def in_process(settings: Mapping[str, str], *, log_level: str = "ERROR") -> Iterator[Flask]:
    """The application in this process with the settings of the server, but without background work."""
    own = {name.lower(): value for name, value in settings.items()}
    own |= {"password_hash_memory_kib": "8", "password_hash_rounds": "1"}  # those of the demo shop's users
    own |= {"background": "off", "log_level": log_level, "redis_url": "", "db_pooler": "none", "database_read_url": ""}
    app = create_app(**own)
    with app.app_context():
        try:
            yield app
        finally:
            for engine in db.engines.values():
                engine.dispose()


def processors() -> int:
    """How many processors this run may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
