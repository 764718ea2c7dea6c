"""Where the servers of one run keep their files, and who they run as."""

import os
import pwd
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NOBODY = "nobody"
_LAST_FILES_SECONDS = 10


@contextmanager
def workspace(name: str) -> Iterator[Path]:
    """A folder for the length of a block, which servers of another user may pass through but not list."""
    folder = Path(tempfile.mkdtemp(prefix=f"aisle-{name}-"))
    try:
        folder.chmod(0o711)
        yield folder
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Again while something is still there: a server cut in the middle of its start may write a last file meanwhile."""
    give_up = time.monotonic() + _LAST_FILES_SECONDS
    shutil.rmtree(folder, ignore_errors=True)
    while folder.exists() and time.monotonic() < give_up:
        time.sleep(0.05)
        shutil.rmtree(folder, ignore_errors=True)


def other_user() -> str | None:
    """Who runs a server that refuses to run as root: None keeps the user of this process."""
    return _NOBODY if os.geteuid() == 0 else None


def private_folder(path: Path) -> Path:
    """Make an empty folder that only `other_user` may enter."""
    path.mkdir(mode=0o700)
    hand_over(path)
    return path


def hand_over(path: Path) -> None:
    """Give a file or folder to `other_user`."""
    user = other_user()
    if user:
        owner = pwd.getpwnam(user)
        os.chown(path, owner.pw_uid, owner.pw_gid)
