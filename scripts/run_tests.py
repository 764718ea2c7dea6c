"""`python3 run.py test`: style, types, layers and the whole suite; with arguments only pytest with them."""

import subprocess
import sys
from pathlib import Path

from app.config import PROJECT

_BIN = Path(sys.executable).parent
CHECKS: tuple[tuple[str, list[str]], ...] = (
    ("ruff check", ["ruff", "check"]),
    ("ruff format", ["ruff", "format", "--check"]),
    ("mypy", ["mypy"]),
    ("import-linter", ["lint-imports"]),
)
WHOLE_SUITE = (["-n", "2", "--dist", "loadgroup", "-m", "not alone"], ["-m", "alone"])
"""One part after the other. What starts whole servers and kills them would starve beside other tests on two cores."""


def main(arguments: list[str]) -> int:
    """Exit code of the first check that failed, 0 when all passed. Tests come last, whatever failed before."""
    if arguments:
        return _pytest(arguments)
    codes = [_check(name, command) for name, command in CHECKS]
    codes += [_pytest(part) for part in WHOLE_SUITE]
    return next((code for code in codes if code != 0), 0)


def _check(name: str, command: list[str]) -> int:
    """Run one tool; its output is shown only when it finds something."""
    program = str(_BIN / command[0])
    done = subprocess.run(
        [program, *command[1:]], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    print(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'}", flush=True)
    if done.returncode != 0:
        print(done.stdout, flush=True)
    return done.returncode


def _pytest(arguments: list[str]) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=PROJECT, check=False).returncode
