"""An interpreter with our packages that any user may run, wherever the one at hand lies: in root's home, often."""

import os
import shutil
import stat
import sys
import sysconfig
from pathlib import Path

_VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"


def interpreter(folder: Path) -> tuple[Path, dict[str, str]]:
    """A Python of this version, and what its environment needs to find the packages installed beside this one.

    What others may not reach is linked into `folder`, or copied where it lies on another disk.
    """
    packages = Path(sysconfig.get_paths()["purelib"])
    if not _is_open_to_all(packages):
        packages = _copy(packages, folder / "site-packages")
    python, found_by = Path(os.path.realpath(sys.executable)), {"PYTHONPATH": str(packages)}
    if not _is_open_to_all(python):
        python = _copied_python(folder / "python")
        found_by["LD_LIBRARY_PATH"] = str(folder / "python" / "lib")  # where it is linked against a library of its own
    return python, found_by


def _is_open_to_all(path: Path) -> bool:
    """Whether every folder on the way lets anybody pass, and the end lets anybody in."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in (path, *path.parents))


def _copied_python(home: Path) -> Path:
    """The program and its standard library; it finds the one beside the other."""
    base = Path(sys.base_prefix)
    (home / "bin").mkdir(parents=True)
    left_out = ("site-packages", "test", "tests", "idlelib", "config-*")
    _copy(base / "lib" / _VERSION, home / "lib" / _VERSION, *left_out)
    for shared in (base / "lib").glob("libpython*.so*"):
        shutil.copy(shared, home / "lib" / shared.name)
    return Path(shutil.copy(os.path.realpath(sys.executable), home / "bin" / _VERSION))


def _copy(source: Path, target: Path, *left_out: str) -> Path:
    ignored = shutil.ignore_patterns(*left_out)
    return Path(shutil.copytree(source, target, ignore=ignored, symlinks=True, copy_function=_link))


def _link(source: str, target: str) -> None:
    """The same file under a second name: some ten thousand of them are there at once, and nobody writes to them."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
