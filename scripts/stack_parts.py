"""Everything `scripts/stack.py` runs, put together."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from app import create_app
from app.embedded_postgres import with_driver
from app.extensions import db
from app.migrations import migrate
from app.services.seed.shop import seed
from scripts.drills.running import say
from scripts.parts.balancer import Balancer
from scripts.parts.celery import Beat, Worker
from scripts.parts.child import Child, stop_together
from scripts.parts.pgbouncer import PgBouncer
from scripts.parts.postgres import Postgres, new_cluster, standby_of
from scripts.parts.prometheus import Prometheus
from scripts.parts.redis import RedisServer
from scripts.parts.web import Web
from scripts.parts.workspace import workspace
from scripts.ports import free_port

Result = TypeVar("Result")


@dataclass(frozen=True)
class Databases:
    """Where the rows are, and the ways to them."""

    redis: RedisServer
    primary: Postgres
    replica: Postgres
    pooler: PgBouncer


@dataclass(frozen=True)
class Stack:
    """All that runs; `settings` are those every process of the shop has in common."""

    folder: Path
    settings: dict[str, str]
    databases: Databases
    webs: tuple[Web, ...]
    worker: Worker
    beat: Beat
    balancer: Balancer
    prometheus: Prometheus

    def children(self) -> list[Child]:
        """Every server."""
        rows = self.databases
        return [rows.redis, rows.primary, rows.replica, rows.pooler, *self.processes()]

    def processes(self) -> list[Child]:
        """Those that keep no rows."""
        return [*self.webs, self.worker, self.beat, self.prometheus]

    def addresses(self) -> list[tuple[str, str]]:
        """What there is, and where."""
        rows = self.databases
        return [
            ("the shop (balancer)", self.balancer.url),
            *((f"web machine {number}", web.url) for number, web in enumerate(self.webs, start=1)),
            ("Prometheus", self.prometheus.url),
            ("PgBouncer", rows.pooler.url()),
            ("PostgreSQL, primary", rows.primary.url()),
            ("PostgreSQL, replica", rows.replica.url()),
            ("Redis", rows.redis.url),
            ("files and logs", str(self.folder)),
        ]

    def inside(self, work: Callable[[], Result]) -> Result:
        """Do something within the application, on the primary itself, as the commands of operators do."""
        overrides = {name.lower(): value for name, value in self.settings.items()}
        direct = {"database_url": self.databases.primary.url(), "database_read_url": "", "db_pooler": "none"}
        app = create_app(**{**overrides, **direct, "log_level": "ERROR"})
        with app.app_context():
            try:
                return work()
            finally:
                for engine in db.engines.values():
                    engine.dispose()


@contextmanager
def running() -> Iterator[Stack]:
    """Everything, with the demo shop in it, for the length of the block. Raises PartFailed."""
    began = time.monotonic()
    with workspace("stack") as folder, ExitStack() as started:
        say("Redis, PostgreSQL with a replica, PgBouncer ...")
        databases = _databases(folder, started)
        ports = [free_port(), free_port()]
        balancer = Balancer([f"http://127.0.0.1:{port}" for port in ports])
        stack = _assembled(folder, databases, balancer, ports)
        started.callback(stop_together, *stack.processes())
        started.enter_context(balancer)  # ends before the web machines, which would wait for its open connections
        say("two web machines, Celery, Prometheus; the schema, the demo shop ...")
        for process in (*stack.webs, stack.worker, stack.prometheus):
            process.launch()
        migrate(with_driver(databases.primary.url()))  # meanwhile: the web machines are not ready before
        stack.beat.launch()
        stack.inside(seed)
        for process in stack.processes():
            process.await_answer()
        say(f"everything runs after {time.monotonic() - began:.0f} s")
        yield stack


def _databases(folder: Path, started: ExitStack) -> Databases:
    redis = started.enter_context(RedisServer(folder))
    primary = new_cluster(folder / "primary", fsync="off")  # nothing here is to outlive a power cut
    started.callback(primary.stop)
    replica = started.enter_context(standby_of(primary, folder / "replica", "replica"))
    pooler = started.enter_context(PgBouncer(folder, primary, pool_size=16))
    return Databases(redis, primary, replica, pooler)


def _assembled(folder: Path, databases: Databases, balancer: Balancer, ports: list[int]) -> Stack:
    settings = _settings(databases, balancer)
    webs = tuple(
        Web(folder / f"web-{number}.log", _of_machine(settings, folder / f"machine-{number}"), port=port)
        for number, port in enumerate(ports, start=1)
    )
    own = _of_machine(settings, folder / "machine-3")
    worker = Worker(folder / "worker.log", own)
    beat = Beat(folder / "beat.log", own, worker)
    prometheus = Prometheus(folder, ports, settings["METRICS_TOKEN"])
    return Stack(folder, own, databases, webs, worker, beat, balancer, prometheus)


def _settings(databases: Databases, balancer: Balancer) -> dict[str, str]:
    """Secrets are of one run only, as everything here is."""
    return {
        "APP_ENV": "development",
        "DATABASE_URL": databases.pooler.url(),
        "DB_POOLER": "transaction",
        "DATABASE_DIRECT_URL": databases.primary.url(),
        "DATABASE_READ_URL": databases.replica.url(),
        "REDIS_URL": databases.redis.url,
        "BACKGROUND": "celery",
        "TRUSTED_PROXIES": "1",
        "PUBLIC_BASE_URL": balancer.url,
        "CORS_ALLOWED_ORIGINS": balancer.url,
        "JWT_SECRET_KEY": secrets.token_hex(32),
        "ENCRYPTION_KEYS": secrets.token_hex(32),
        "DEVICE_MASTER_KEYS": secrets.token_hex(32),
        "METRICS_TOKEN": secrets.token_hex(32),
        # nobody is picked by chance to be looked at by the staff before they may pay
        "SPOT_CHECK_SHARE": "0",
        "SPOT_CHECK_NEW_SHOPPER_SHARE": "0",
    }


def _of_machine(settings: dict[str, str], folder: Path) -> dict[str, str]:
    """Machines share no disk."""
    folder.mkdir()
    return {**settings, "DATA_DIR": str(folder)}
