"""What ships, where nobody may write to it, and its commands run by a user without a name or a home."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import yaml

from app.config import PROJECT
from scripts.check_shipping import COMPOSE
from tests.shipping import reachable

NOBODYS_UID = 48_213
COPIED = ("alembic", "app", "scripts", "alembic.ini", "celery_app.py", "gunicorn.conf.py", "wsgi.py")
"""What the Dockerfile copies."""

_AS_SOMEBODY: dict[str, Any] = {"user": NOBODYS_UID, "group": NOBODYS_UID, "extra_groups": []}


@dataclass(frozen=True)
class Shipped:
    """A source tree without a bit of leave to write, and the one folder a process may write to."""

    tree: Path
    data: Path
    python: Path
    found_by: dict[str, str]

    @contextmanager
    def running(self, command: list[str], log: Path, settings: dict[str, str]) -> Iterator["Running"]:
        """A command as the image runs it, as somebody else where we may choose."""
        with log.open("wb") as output:
            process = subprocess.Popen(
                self._found(command),
                cwd=self.tree,
                env=self._environment() | settings,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **(_AS_SOMEBODY if os.getuid() == 0 else {}),
            )
        try:
            yield Running(process, log)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)

    def may_write(self, folder: Path) -> bool:
        """Whether such a process could make a file there."""
        asked = subprocess.run(["test", "-w", str(folder)], check=False, **(_AS_SOMEBODY if os.getuid() == 0 else {}))
        return asked.returncode == 0

    def listing(self) -> dict[str, tuple[int, float]]:
        """Size and time of every file of the tree."""
        return {str(each): (each.stat().st_size, each.stat().st_mtime) for each in sorted(self.tree.rglob("*"))}

    def _found(self, command: list[str]) -> list[str]:
        """The image has python and celery on its PATH."""
        program, *rest = command
        if program == "python":
            return [str(self.python), *rest]
        return [str(self.python), "-m", "celery", *rest] if program == "celery" else command

    def _environment(self) -> dict[str, str]:
        own = {"PATH": os.environ["PATH"], "PYTHON": str(self.python), "PYTHONDONTWRITEBYTECODE": "1"}
        return own | {"HOME": "/nonexistent", "DATA_DIR": str(self.data), "TMPDIR": str(self.data)} | self.found_by


@dataclass(frozen=True)
class Running:
    """A process of a shipped command."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def stop(self, seconds: float) -> tuple[int, float]:
        """Tell it to end; answers its exit code and how long it took."""
        told = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds), time.monotonic() - told

    def printed(self) -> str:
        return self.log.read_text()


@contextmanager
def shipped() -> Iterator[Shipped]:
    """A copy of what the Dockerfile copies, compiled as there."""
    root = Path(mkdtemp(prefix="aisle-shipped-"))
    root.chmod(0o755)
    tree, data = root / "aisle", root / "data"
    for folder in (tree, data):
        folder.mkdir()
    if os.getuid() == 0:
        os.chown(data, NOBODYS_UID, NOBODYS_UID)
    for name in COPIED:
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
        copy(PROJECT / name, tree / name)
    subprocess.run([sys.executable, "-m", "compileall", "-q", "."], cwd=tree, check=True)
    subprocess.run(["chmod", "-R", "a+rX,a-w", str(tree)], check=True)
    try:
        yield Shipped(tree, data, *reachable.interpreter(root / "interpreter"))
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(tree)], check=True)
        shutil.rmtree(root)


def command_of(service: str) -> list[str]:
    """What docker-compose.yml runs as this service."""
    command: list[str] = yaml.safe_load(COMPOSE.read_text())["services"][service]["command"]
    return command


def production(**settings: str) -> dict[str, str]:
    """The settings of production's example, its empty values filled in, and `settings` on top."""
    lines = (PROJECT / ".env.production.example").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    filled = {name: value or _FILLED.get(name, _SECRET) for name, value in example.items()}
    return {"APP_ENV": "production", **filled, **settings}


_SECRET = "5ec2e7ab" * 8
_FILLED = {
    "CORS_ALLOWED_ORIGINS": "https://shop.example.com",
    "FRONTEND_BASE_URL": "https://shop.example.com",
    "PUBLIC_BASE_URL": "https://api.example.com",
    "DELIVERY_SOURCE_BRANCH_ID": "1",
    "SMTP_HOST": "mail.example.com",
    "SMTP_SENDER": "shop@example.com",
    "TWILIO_FROM": "+15005550006",
}
