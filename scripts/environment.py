"""The virtual environments: made beside run.py, filled from the pinned requirements. Standard library only."""

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
LOCALSTRIPE_VENV = PROJECT / ".venv-localstripe"
CONSTRAINTS = PROJECT / "constraints.txt"
SERVER = PROJECT / "requirements.txt"
EMBEDDED = PROJECT / "requirements-embedded.txt"
DEVELOPMENT = PROJECT / "requirements-dev.txt"
LOCALSTRIPE = PROJECT / "requirements-localstripe.txt"

_NO_NETWORK = ("Failed to establish a new connection", "Temporary failure in name resolution", "ConnectTimeoutError")
_COMMANDS = {
    "serve": "scripts.serve",
    "test": "scripts.run_tests",
    "demo": "scripts.demo",
    "bench": "scripts.bench.__main__",
    "chaos": "scripts.chaos.__main__",
    "doors": "scripts.doors",
}


class SetupFailed(Exception):
    """The environment cannot be made; the message says why in one line."""


@dataclass(frozen=True)
class Installation:
    """What goes into an environment: the file given to pip, and every file whose change means installing again."""

    venv: Path
    file: Path
    decided_by: tuple[Path, ...]
    what: str
    includes: tuple["Installation", ...] = ()

    @property
    def stamp(self) -> Path:
        return self.venv / f"installed-{self.file.stem}"

    def state(self) -> str:
        """What the stamp holds: the interpreter behind the environment, and a hash of the deciding files."""
        digest = hashlib.sha256()
        for path in self.decided_by:
            digest.update(path.read_bytes())
        return f"{python_of(self.venv).resolve()}\n{digest.hexdigest()}\n"

    def is_done(self) -> bool:
        return python_of(self.venv).exists() and self.stamp.exists() and self.stamp.read_text() == self.state()


ON_SERVER = Installation(VENV, EMBEDDED, (EMBEDDED, SERVER, CONSTRAINTS), "the requirements")
FOR_TESTS = Installation(
    VENV, DEVELOPMENT, (DEVELOPMENT, EMBEDDED, SERVER, CONSTRAINTS), "the development requirements", (ON_SERVER,)
)
FOR_PAYMENT_TESTS = Installation(
    LOCALSTRIPE_VENV, LOCALSTRIPE, (LOCALSTRIPE,), "localstripe, the payment server of the tests,"
)


def prepare(*, development: bool) -> None:
    """Make the environments that are missing and install what changed. Raises SetupFailed."""
    for installation in (FOR_TESTS, FOR_PAYMENT_TESTS) if development else (ON_SERVER,):
        fill(installation)


def run_inside(script: str, command: str, arguments: list[str]) -> int:
    """Run a command in the environment: at once when already inside, else in this process's place."""
    if Path(sys.prefix).resolve() != VENV.resolve():
        python = str(python_of(VENV))
        sys.stdout.flush()
        os.execv(python, [python, str(Path(script).resolve()), command, *arguments])
    return int(import_module(_COMMANDS[command]).main(arguments))


def fill(wanted: Installation) -> None:
    """Install into the environment unless its stamp says that exactly this was installed. Raises SetupFailed."""
    if wanted.is_done():
        return
    with _one_at_a_time():
        if wanted.is_done():
            return
        _make(wanted.venv)
        # Gone before the first change: an install that breaks off must never look finished.
        for old in wanted.venv.glob("installed-*"):
            old.unlink()
        started = time.monotonic()
        print(f"Installing {wanted.what} into {wanted.venv.name} (once; a minute or so) ...", flush=True)
        _install(wanted.venv, wanted.file)
        for done in (wanted, *wanted.includes):
            done.stamp.write_text(done.state())
        print(f"Installed in {time.monotonic() - started:.0f} s.", flush=True)


def python_of(venv: Path) -> Path:
    return venv / "bin" / "python"


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two starts at once take turns. The lock is on run.py itself, which is always there, and dies with its holder."""
    with (PROJECT / "run.py").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another start is preparing the environment; waiting for it ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(venv: Path) -> None:
    """Make the environment, or again when its interpreter is gone, replaced by another version, or lacks pip."""
    if _is_whole(venv):
        return
    try:
        import_module("ensurepip")
        import_module("venv")
    except ImportError:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SetupFailed(
            f"this Python has no venv module; on Debian or Ubuntu: sudo apt install python{version}-venv"
        ) from None
    base = getattr(sys, "_base_executable", sys.executable)  # never the environment that is about to be cleared
    made = subprocess.run([base, "-m", "venv", "--clear", str(venv)], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise SetupFailed(f"cannot make {venv}: {_last_line(made.stdout + made.stderr)}")


def _is_whole(venv: Path) -> bool:
    if not python_of(venv).exists():
        return False
    asked = subprocess.run([str(python_of(venv)), "-m", "pip", "--version"], capture_output=True, check=False)
    return asked.returncode == 0


def _install(venv: Path, file: Path) -> None:
    pip = [str(python_of(venv)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    done = subprocess.run([*pip, "-r", str(file)], capture_output=True, text=True, check=False, cwd=PROJECT)
    if done.returncode == 0:
        return
    log = venv / "install.log"
    log.write_text(done.stdout + done.stderr)
    if any(words in done.stderr for words in _NO_NETWORK):
        raise SetupFailed("cannot install the requirements: the package index does not answer; is the network up?")
    raise SetupFailed(f"cannot install the requirements: {_last_line(done.stderr)} (all of it: {log})")


def _last_line(text: str) -> str:
    """The last line that says what went wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["no reason given"])[-1].removeprefix("ERROR: ")
