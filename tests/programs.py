"""Programs from outside Python that some tests need."""

import os
from typing import NoReturn

import pytest

from scripts.parts.child import PartFailed, find_program


def program(name: str, package: str) -> str:
    """Where a program is, which Debian has in `package`; without it see `missing`."""
    try:
        return find_program(name, package)
    except PartFailed as error:
        missing(str(error))


def missing(why: str) -> NoReturn:
    """End a test whose program is not there.

    It fails where CI is set, as in `.ci/run`, which installs it; elsewhere it is left out, and the summary of the run
    says so.
    """
    told = f"NOT TESTED: {why}"
    if os.environ.get("CI"):
        pytest.fail(told, pytrace=False)
    pytest.skip(told)
