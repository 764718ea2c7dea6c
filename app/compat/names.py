"""Paths of older contracts as patterns: `{id}` is a number, `{name}` a part of the path, `{path}` all of its rest."""

import re
from collections.abc import Callable

Name = Callable[[str], re.Match[str] | None]
_PARTS = {"{id}": "(?P<id>[0-9]+)", "{name}": "(?P<name>[^/]+)", "{path}": "(?P<path>.+)"}


def matcher(name: str) -> Name:
    """What tells whether a path is the one of a name."""
    pattern = re.escape(name)
    for part, stands_for in _PARTS.items():
        pattern = pattern.replace(re.escape(part), stands_for)
    return re.compile(pattern).fullmatch
