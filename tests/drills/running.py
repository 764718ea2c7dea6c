"""A drill as somebody at a terminal runs it."""

import subprocess
import sys

from app.config import PROJECT


def run_drill(name: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """The ended drill, with all it printed."""
    command = [sys.executable, "-m", f"scripts.drills.{name}", *options]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
