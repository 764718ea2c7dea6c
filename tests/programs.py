"""Programs from outside Python that some tests need."""

import os
import shutil

import pytest

_SYSTEM = os.pathsep.join(("/usr/local/sbin", "/usr/sbin", "/sbin"))
"""Where Debian puts servers; not everybody's PATH has these."""


def program(name: str, package: str) -> str:
    """Where a program is, which Debian has in `package`.

    Without it the test fails where CI is set, as in `.ci/run`, which installs it; elsewhere it is left out, and the
    summary of the run says so.
    """
    found = shutil.which(name) or shutil.which(name, path=_SYSTEM)
    if found:
        return found
    missing = f"NOT TESTED: there is no {name} on this machine. Install it: apt-get install {package}"
    if os.environ.get("CI"):
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)
