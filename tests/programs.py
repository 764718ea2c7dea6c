"""Programs from outside Python that some tests need."""

import os
import shutil
from typing import NoReturn

import pytest

_SYSTEM = os.pathsep.join(("/usr/local/sbin", "/usr/sbin", "/sbin"))
"""Where Debian puts servers; not everybody's PATH has these."""


def program(name: str, package: str) -> str:
    """Where a program is, which Debian has in `package`; without it see `missing`."""
    found = shutil.which(name) or shutil.which(name, path=_SYSTEM)
    if not found:
        missing(f"there is no {name} on this machine. Install it: apt-get install {package}")
    return found


def missing(why: str) -> NoReturn:
    """End a test whose program is not there.

    It fails where CI is set, as in `.ci/run`, which installs it; elsewhere it is left out, and the summary of the run
    says so.
    """
    told = f"NOT TESTED: {why}"
    if os.environ.get("CI"):
        pytest.fail(told, pytrace=False)
    pytest.skip(told)
