"""What the command is told."""

import argparse
from dataclasses import dataclass
from pathlib import Path

GROWTH = "growth"
"""The name of the larger shop among the cases."""


@dataclass(frozen=True)
class Options:
    """Sizes of the shop and of the measurement; what to write; what to leave out."""

    products: int = 100_000
    orders: int = 1_000_000
    catalog: Path | None = None
    keep: Path | None = None
    rounds: int = 5
    seconds: float = 3.0
    """Of one round of one side under load."""
    connections: int = 8
    only: tuple[str, ...] = ()
    growth: bool = False
    growth_products: int = 1_000_000
    growth_orders: int = 10_000_000
    json: Path | None = None
    chart: Path | None = None
    strict: bool = False

    @property
    def grows(self) -> bool:
        """Whether the larger shop is to be measured too."""
        return self.growth or GROWTH in self.only

    @property
    def is_short(self) -> bool:
        """A run that shows that everything works, not how fast it is."""
        return self.seconds < 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.bench",
        description="Measure every endpoint beside its floor, on a PostgreSQL and a gunicorn of the benchmark's own.",
    )
    plain = Options()
    add = parser.add_argument
    add("--products", type=int, default=plain.products, metavar="N", help="products made up (%(default)s)")
    add("--catalog", type=Path, metavar="FILE", help="import a catalog file instead (docs/import-catalog.md)")
    add("--orders", type=int, default=plain.orders, metavar="N", help="orders of the past (%(default)s)")
    add("--keep", type=Path, metavar="FOLDER", help="keep the filled database there, or use the one that is there")
    add("--rounds", type=int, default=plain.rounds, help="rounds of floor and ours in turn (%(default)s)")
    add("--seconds", type=float, default=plain.seconds, help="load of one side in one round (%(default)s)")
    add("--connections", type=int, default=plain.connections, help="of the load generator (%(default)s)")
    add("--only", type=_names, default=(), metavar="CASE,...", help="these cases alone; --list names them")
    add("--list", action="store_true", help="name the cases and end")
    add("--growth", action="store_true", help="measure again in a larger shop, and what it costs there")
    add("--growth-products", type=int, default=plain.growth_products, metavar="N", help="its products (%(default)s)")
    add("--growth-orders", type=int, default=plain.growth_orders, metavar="N", help="its orders (%(default)s)")
    add("--json", type=Path, metavar="FILE", help="write all figures")
    add("--chart", type=Path, metavar="FILE", help="draw the figures that have a target (SVG)")
    add("--strict", action="store_true", help="exit with 1 when a target is missed; they hold for two cores")
    return parser


def parsed(arguments: list[str]) -> Options | None:
    """The options of a command line; None where only the names of the cases are wanted."""
    values = vars(_parser().parse_args(arguments))
    return None if values.pop("list") else Options(**values)


def _names(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(",") if word.strip())
