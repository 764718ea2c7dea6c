"""The whole server as a process: it opens, it answers, and nothing outlives it."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app.config import PROJECT
from scripts.parts.child import bare_environment
from tests.system.shop_process import ShopProcess, still_alive

pytestmark = pytest.mark.alone


@dataclass(frozen=True)
class FirstStart:
    """A shop opened for the first time, as long as nobody closed it, and what was seen of that."""

    shop: ShopProcess
    printed: list[str]
    tried: httpx.Response


@pytest.fixture(scope="module")
def first_start() -> Iterator[FirstStart]:
    """In a short folder, as the path of a Unix socket is limited to 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="aisle-", dir="/tmp"))
    folder.chmod(0o755)
    with ShopProcess(folder) as shop:
        lines = shop.printed().splitlines()
        curl = next(line for line in lines if line.startswith("Try: curl"))
        tried = httpx.get(curl.split("'")[1], timeout=10)
        yield FirstStart(shop, lines, tried)
    shutil.rmtree(folder)


@pytest.fixture
def open_shop(first_start: FirstStart) -> ShopProcess:
    """The same for every test that only needs one, as a start takes ten seconds."""
    if first_start.shop.process.poll() is not None:
        first_start.shop.start()
    return first_start.shop


before_it_is_closed = pytest.mark.timeout(240)
"""As long as any test may take; but what has a mark comes before what has none (tests/conftest.py)."""


@pytest.fixture
def data_dir(first_start: FirstStart) -> Path:
    """The folder of a shop that was opened before, and is closed."""
    first_start.shop.stop()
    return first_start.shop.data_dir


def run_module(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=PROJECT,
        env=bare_environment(**settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_first_start_prints_the_addresses_a_login_for_each_role_and_a_request_that_works(
    first_start: FirstStart,
) -> None:
    printed = first_start.printed

    assert any("/docs/" in line for line in printed)
    for role in ("CUSTOMER", "VENDOR", "EMPLOYEE", "MANAGER", "ADMIN"):
        assert any(line.startswith(f"{role} ") and "@" in line for line in printed), role
    assert first_start.tried.status_code == 200
    assert first_start.tried.json()["data"]


@before_it_is_closed
def test_flask_commands_share_the_database_of_the_running_shop_and_leave_it_running(open_shop: ShopProcess) -> None:
    command = run_module("flask", "migrate", DATA_DIR=str(open_shop.data_dir))
    after = open_shop.get("/readyz")

    assert (command.returncode, command.stdout) == (0, "The schema is up to date.\n")
    assert after.status_code == 200


@before_it_is_closed
def test_the_demo_walks_from_registration_to_the_delivered_order_and_its_receipt(
    open_shop: ShopProcess, tmp_path: Path
) -> None:
    demo = subprocess.run(
        [sys.executable, "-c", "from scripts.demo import main; raise SystemExit(main([]))"],
        cwd=tmp_path,
        env=bare_environment(PORT=str(open_shop.port), PYTHONPATH=str(PROJECT)),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (demo.returncode, demo.stderr) == (0, ""), demo.stdout[-2000:]
    assert f"Using the server at {open_shop.base}" in demo.stdout
    (receipt,) = tmp_path.glob("receipt-*.pdf")
    assert "at the vendor's is delivered, a piece came back" in demo.stdout
    assert "is paid, picked and delivered" in demo.stdout.splitlines()[-1]
    assert demo.stdout.endswith(f"{receipt.name}\n")
    assert receipt.read_bytes().startswith(b"%PDF")


@before_it_is_closed
def test_an_answer_to_an_unread_body_never_costs_the_client_its_next_request(open_shop: ShopProcess) -> None:
    """Sent on a connection the server is about to close without a word, the next request would go unanswered."""
    with httpx.Client(base_url=open_shop.base, timeout=10) as client:
        codes = [
            (client.post("/api/v1/nowhere", content=b" " * length).status_code, client.get("/livez").status_code)
            for length in (1_000, 100_000, 2_000_000)
            for _ in range(5)
        ]

    assert codes == [(404, 200)] * 15


def test_a_second_start_takes_seconds_and_ctrl_c_leaves_nothing_behind(data_dir: Path) -> None:
    with ShopProcess(data_dir) as shop:
        alive, ready = shop.get("/livez"), shop.get("/readyz")
        everybody = [*shop.web_processes(), shop.postgres()]
        shop.ctrl_c()
        pressed = time.monotonic()
        exit_code = shop.process.wait(30)
        seconds_to_close = time.monotonic() - pressed

    assert shop.seconds_to_open < 20
    assert (alive.status_code, ready.status_code) == (200, 200)
    assert len(everybody) >= 4
    assert exit_code == 0
    assert seconds_to_close < 15
    assert still_alive(everybody, seconds=0) == []
    assert "Traceback" not in shop.printed()


def test_kill_9_takes_gunicorn_along_and_the_next_stop_stops_the_database_too(data_dir: Path) -> None:
    with ShopProcess(data_dir) as killed:
        web, postgres = killed.web_processes(), killed.postgres()
        killed.kill_dead()
    left = still_alive(web, seconds=15)

    with ShopProcess(data_dir) as next_one:
        same = next_one.postgres() == postgres

    assert len(web) >= 3
    assert left == []
    assert same
    assert still_alive([postgres], seconds=0) == []


UNREACHABLE = "postgresql://nobody@127.0.0.1:1/none"


@pytest.mark.parametrize("command", [("scripts.serve",), ("flask", "migrate")])
def test_an_unreachable_database_is_one_line_and_a_failure(command: tuple[str, ...], tmp_path: Path) -> None:
    done = run_module(*command, DATABASE_URL=UNREACHABLE, DATA_DIR=str(tmp_path), PORT="5999")

    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", [("scripts.serve",), ("flask", "migrate"), ("gunicorn", "wsgi:app")])
def test_production_without_its_settings_names_every_missing_key_in_one_line(command: tuple[str, ...]) -> None:
    done = run_module(*command, APP_ENV="production")

    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1
    for key in ("DATABASE_URL", "REDIS_URL", "JWT_SECRET_KEY", "CORS_ALLOWED_ORIGINS", "PAYMENT_PROVIDER"):
        assert key in done.stderr
