"""The table of the security standard is true: every test and file that it names is there."""

import re
from functools import cache

import pytest

from app.config import PROJECT

PAGE = (PROJECT / "docs" / "security.md").read_text()
TABLE = PAGE.partition("## OWASP ASVS 5.0")[2]
SHOWN = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", TABLE)
LINES = [line for line in TABLE.splitlines() if line.startswith("| V")]


@cache
def source(path: str) -> str:
    return (PROJECT / path).read_text()


@pytest.mark.parametrize(("path", "name"), sorted(set(SHOWN)))
def test_a_test_that_is_named_is_there(path: str, name: str) -> None:
    assert (PROJECT / path).is_file()
    assert not name or re.search(rf"def {name}\(", source(path))


def test_every_path_of_the_page_is_there() -> None:
    named = re.findall(r"`((?:app|docs|scripts|tests)/[\w/.]+)`", PAGE)
    linked = [link for link in re.findall(r"\]\(([\w./]+)(?:#[\w-]+)?\)", PAGE) if "://" not in link]

    assert [path for path in named if not (PROJECT / path).exists()] == []
    assert [link for link in linked if not (PROJECT / "docs" / link).exists()] == []


def test_every_line_names_a_requirement_and_every_met_one_a_test() -> None:
    met = TABLE.partition("**Not met:**")[0]
    met_lines = [line for line in met.splitlines() if line.startswith("| V")]

    assert len(met_lines) > 80
    assert [line for line in met_lines if not re.match(r"\| V\d+\.\d+\.\d+ .+ \| .+ \| `tests/.+` \|$", line)] == []
    assert [line for line in LINES if not re.match(r"\| V\d+", line)] == []
