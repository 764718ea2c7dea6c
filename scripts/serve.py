"""`python3 run.py`: database, migrations, demo data, gunicorn; and all of it stopped again on Ctrl-C."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from app import embedded_postgres
from app.config import PROJECT, ConfigurationError, Settings, load_settings
from app.migrations import migrate
from scripts import announce, ports
from scripts.gunicorn_process import GunicornProcess

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_READY_SECONDS = 60
_LARGEST_LOG = 10 * 1024 * 1024


class StartFailed(Exception):
    """The shop cannot open; the message says why in one line."""


def main(_arguments: list[str]) -> int:
    """Serve until a signal comes; 0 after a wished-for end, 1 after any other."""
    stopping = threading.Event()
    for number in _SIGNALS:
        signal.signal(number, lambda *_: stopping.set())
    try:
        settings = _settings()
        ports.check(settings.host, settings.port)
        with database(settings) as url:
            return _serve(settings, url, stopping)
    except (StartFailed, ConfigurationError, ports.PortRefused) as error:
        print(f"aisle: {error}", file=sys.stderr)
        return 1


def _settings() -> Settings:
    """The settings as every child will see them: a DATA_DIR of the shell counts from the folder the shell is in."""
    if given := os.environ.get("DATA_DIR"):
        os.environ["DATA_DIR"] = str(Path(given).resolve())
    os.chdir(PROJECT)
    settings = load_settings()
    os.environ["DATA_DIR"] = str(settings.data_dir.resolve())
    if not settings.in_production and not settings.public_base_url:
        os.environ["PUBLIC_BASE_URL"] = announce.base_url(settings)
    return settings


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The address of a database that answers: DATABASE_URL, or the embedded server for the length of the block."""
    if settings.database_url:
        url = embedded_postgres.with_driver(settings.database_url)
        _check_reachable(url)
        yield url
        return
    with signals_held_back():
        server = _start_embedded(settings.data_dir / "postgres")
    try:
        yield embedded_postgres.with_driver(server.get_uri(embedded_postgres.DATABASE))
    finally:
        with signals_held_back():
            embedded_postgres.stop(server)


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Keep Ctrl-C, which reaches every process of the terminal, from cutting a start or stop of PostgreSQL in half."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _start_embedded(folder: Path) -> Any:
    try:
        return embedded_postgres.start(folder)
    except (OSError, subprocess.SubprocessError, psycopg.OperationalError) as error:
        hint = f"see {folder / 'log'}" if (folder / "log").exists() else str(error).splitlines()[0]
        raise StartFailed(f"the embedded PostgreSQL in {folder} does not start: {hint}") from None


def _check_reachable(url: str) -> None:
    try:
        psycopg.connect(embedded_postgres.without_driver(url), connect_timeout=5).close()
    except psycopg.Error as error:
        raise StartFailed(f"the database of DATABASE_URL cannot be reached: {str(error).splitlines()[0]}") from None


def _serve(settings: Settings, url: str, stopping: threading.Event) -> int:
    _migrate(url)
    if not settings.in_production:
        _seed(url, stopping)
    log = _server_log(settings.data_dir)
    if stopping.is_set():
        return 0
    with GunicornProcess(url, log) as gunicorn:
        _await_ready(gunicorn, settings, stopping, log)
        if not stopping.is_set():
            announce.ready(settings, embedded_postgres.without_driver(url), log)
        while not stopping.wait(0.2):
            if gunicorn.has_ended():
                raise StartFailed(f"the server stopped by itself; its last words are in {log}")
        announce.stopping()
    return 0


def _migrate(url: str) -> None:
    try:
        migrate(url)
    except Exception as error:  # whatever Alembic meets: a foreign schema, missing rights, a lock held too long
        raise StartFailed(f"the migration failed: {str(error).splitlines()[0]}") from error


def _seed(url: str, stopping: threading.Event) -> None:
    """Fill an empty shop with demo data; a shop with users is left alone."""
    with psycopg.connect(embedded_postgres.without_driver(url)) as connection:
        if connection.execute("SELECT 1 FROM users LIMIT 1").fetchone():
            return
    print("Filling the demo shop (once) ...", flush=True)
    seeding = subprocess.Popen(
        [sys.executable, "-m", "flask", "seed"],
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while seeding.poll() is None and not stopping.wait(0.1):
        pass
    if stopping.is_set():
        seeding.terminate()
    _, errors = seeding.communicate()
    if seeding.returncode != 0 and not stopping.is_set():
        raise StartFailed(f"the demo data cannot be loaded: {_last_line(errors)}")


def _server_log(data_dir: Path) -> Path:
    """The file gunicorn and the application write to; a large one is put aside first."""
    log = data_dir / "logs" / "server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))
    return log


def _await_ready(gunicorn: GunicornProcess, settings: Settings, stopping: threading.Event, log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not stopping.is_set():
        if gunicorn.has_ended():
            raise StartFailed(f"the server did not start: {gunicorn.last_words()} (all of it: {log})")
        if _answers(f"{announce.base_url(settings)}/readyz"):
            return
        if time.monotonic() > deadline:
            raise StartFailed(f"the server is not ready after {_READY_SECONDS} s; see {log}")
        stopping.wait(0.1)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except (OSError, urllib.error.URLError):
        return False


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].removeprefix("Error: ") if lines else "no reason given"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
