"""scripts/gunicorn.sh as the image runs it: a user without a name or a home, a source tree nobody may write to."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import httpx
import pytest

from app.config import PROJECT
from scripts.ports import free_port
from tests import databases
from tests.redis_server import RedisServer
from tests.shipping import reachable
from tests.shipping.doorway import over_tcp

NOBODYS_UID = 48_213
SHIPPED = ("alembic", "app", "scripts", "alembic.ini", "celery_app.py", "gunicorn.conf.py", "wsgi.py")
STOP_SECONDS = 10.0


@pytest.fixture
def tree() -> Iterator[Path]:
    """What the Dockerfile copies, without a bit of leave to write."""
    root = Path(mkdtemp(prefix="aisle-shipped-"))
    root.chmod(0o755)
    folder = root / "aisle"
    folder.mkdir()
    for name in SHIPPED:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    subprocess.run(["chmod", "-R", "a+rX,a-w", str(folder)], check=True)
    yield folder
    subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)
    shutil.rmtree(root)


@pytest.fixture
def data(tree: Path) -> Path:
    """The one folder the process may write to, beside /tmp."""
    folder = tree.parent / "data"
    folder.mkdir()
    if os.getuid() == 0:
        os.chown(folder, NOBODYS_UID, NOBODYS_UID)
    return folder


def run(tree: Path, **settings: str) -> "subprocess.Popen[str]":
    """The entry point, as somebody else where we may choose, from some other folder."""
    python, found_by = reachable.interpreter(tree.parent / "interpreter")
    environment = {"PATH": os.environ["PATH"], "PYTHON": str(python), "HOME": "/nonexistent", **found_by}
    as_somebody = {"user": NOBODYS_UID, "group": NOBODYS_UID, "extra_groups": []} if os.getuid() == 0 else {}
    return subprocess.Popen(
        [str(tree / "scripts" / "gunicorn.sh")],
        cwd="/",
        env=environment | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        **as_somebody,  # type: ignore[arg-type]
    )


def await_ready(base: str, process: "subprocess.Popen[str]") -> None:
    give_up = time.monotonic() + 120
    while True:
        try:
            if httpx.get(f"{base}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
        if process.poll() is not None or time.monotonic() > give_up:
            process.kill()
            pytest.fail(process.communicate()[0])


def listing(folder: Path) -> dict[str, tuple[int, float]]:
    return {str(each): (each.stat().st_size, each.stat().st_mtime) for each in sorted(folder.rglob("*"))}


@pytest.mark.timeout(300)
def test_the_entry_point_serves_from_a_tree_it_cannot_write_to_and_stops_when_told(
    tree: Path, data: Path, tmp_path: Path
) -> None:
    databases.server()
    empty = databases.clone("template0")
    before, port = listing(tree), free_port()
    base = f"http://127.0.0.1:{port}"
    try:
        with RedisServer(tmp_path) as redis, over_tcp(empty) as address:
            process = run(
                tree,
                DATABASE_URL=address,
                REDIS_URL=redis.url,
                DATA_DIR=str(data),
                PORT=str(port),
                RUN_MIGRATIONS="1",
                APP_ENV="development",
                TMPDIR=str(data),
            )
            await_ready(base, process)
            assert httpx.get(f"{base}/health").json() == {"status": "ok"}
            form = {"email": "somebody@example.com", "password": "groceries-17", "full_name": "Dana Levi"}
            registered = httpx.post(f"{base}/api/v1/auth/register", json=form, timeout=30)
            assert registered.status_code == 201, registered.text
            token = {"Authorization": f"Bearer {registered.json()['data']['access_token']}"}
            cart = httpx.get(f"{base}/api/v1/cart", headers=token, timeout=30)
            assert (cart.status_code, cart.json()["data"]["items"]) == (200, [])
            limits = redis.client().keys("*fixed-window*")

            told = time.monotonic()
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=30)
            took = time.monotonic() - told

        assert process.returncode == 0, said
        assert took < STOP_SECONDS
        assert limits
        assert listing(tree) == before
        assert "Traceback" not in said
    finally:
        databases.drop(empty)


def test_the_entry_point_refuses_settings_that_cannot_be_used_before_it_does_anything(tree: Path, data: Path) -> None:
    process = run(tree, APP_ENV="production", DATA_DIR=str(data), RUN_MIGRATIONS="1")

    said, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert len(said.splitlines()) == 1
    assert said.startswith("aisle: ")
    assert "DATABASE_URL is required in production" in said
    assert "JWT_SECRET_KEY is required in production" in said


def test_the_entry_point_refuses_an_unclear_wish_for_migrations(tree: Path, data: Path) -> None:
    process = run(tree, DATA_DIR=str(data), RUN_MIGRATIONS="perhaps")

    said, _ = process.communicate(timeout=60)

    assert (process.returncode, said) == (1, "aisle: RUN_MIGRATIONS must be 1 or 0, not perhaps\n")
