"""Programs of npm that some tests and scripts need: on PATH, or installed once at a fixed version below .data."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from app.config import PROJECT

_INSTALL_SECONDS = 180
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
"""Whom this machine trusts. Node brings a list of its own, which knows nothing of a company's proxy."""


class NotThere(Exception):
    """A program that is not on this machine and cannot be installed; the message says what to do."""


@dataclass(frozen=True)
class Packages:
    """Packages with their exact versions, in a folder of their own."""

    folder: Path
    versions: tuple[tuple[str, str], ...]

    @property
    def modules(self) -> Path:
        return self.folder / "node_modules"

    def program(self, name: str) -> Path:
        """Where a program of these packages is, installed if need be. Raises NotThere."""
        if not all(_version_in(self.modules / package) == version for package, version in self.versions):
            self._install()
        return self.modules / ".bin" / name

    def _install(self) -> None:
        npm = shutil.which("npm")
        wanted = [f"{package}@{version}" for package, version in self.versions]
        if npm is None:
            raise NotThere(
                f"there is no npm on this machine, to install {' '.join(wanted)}: apt-get install nodejs npm"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        options = ["--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--loglevel", "error"]
        try:
            done = subprocess.run(
                [npm, "install", "--prefix", str(self.folder), *options, *wanted],
                env=_environment(),
                capture_output=True,
                text=True,
                timeout=_INSTALL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NotThere(
                f"npm did not install {' '.join(wanted)} within {_INSTALL_SECONDS} s: does it reach its registry?"
            ) from None
        if done.returncode != 0:
            raise NotThere(
                f"npm cannot install {' '.join(wanted)}: {(done.stderr.strip() or 'no reason').splitlines()[0]}"
            )


def _environment() -> dict[str, str]:
    trusted = {"NODE_EXTRA_CA_CERTS": str(_AUTHORITIES)} if _AUTHORITIES.exists() else {}
    return {**trusted, **os.environ}


def _version_in(package: Path) -> str:
    """The version of an installed package; empty when it is not there."""
    described = package / "package.json"
    return str(json.loads(described.read_text())["version"]) if described.exists() else ""


NEWMAN = Packages(PROJECT / ".data" / "newman", (("newman", "6.2.2"),))
TYPESCRIPT = Packages(
    PROJECT / ".data" / "clients" / "typescript",
    (("openapi-typescript", "7.10.1"), ("openapi-fetch", "0.17.0"), ("typescript", "5.9.3")),
)


def newman() -> str:
    """Where newman is: on PATH, or below .data. Raises NotThere."""
    return shutil.which("newman") or str(NEWMAN.program("newman"))
