"""What a case is."""

from collections.abc import Callable
from dataclasses import dataclass

from scripts.bench.figures import Figure
from scripts.bench.stage import Stage


@dataclass(frozen=True)
class Case:
    """A name for `--only`, what it measures in a few words, and how: figures from a stage."""

    name: str
    about: str
    run: Callable[[Stage], list[Figure]]
