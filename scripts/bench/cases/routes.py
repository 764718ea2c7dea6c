"""Routes through a store: CPU time of the order of 30 stops, and its gap to the proved optimum.

By itself it measures more: `python -m scripts.bench.cases.routes` compares, in two stores and for 12, 30 and 60 stops,
the list as typed, the aisles one after the other up and down (S-shape), the nearest product in a straight line (the
rule of the smart cart this project grew from), and what the planner does. CPU time is that of the order alone.
"""

import random
import statistics
import time
from collections.abc import Callable

from app.domain.store_map import exact, tour
from app.domain.store_map.layout import Cell
from app.domain.store_map.problem import START, Problem
from scripts.bench.cases.case import Case
from scripts.bench.figures import Figure
from scripts.bench.stage import Stage
from scripts.store_generator import MIDDLE, SMALL, Shape
from scripts.store_instances import Instance, instance

INSTANCES = 12
STOPS = 30
PROOF_SECONDS = 20
METHODS = ("list order", "S-shape", "straight line", "Aisle")


def in_list_order(problem: Problem, _cells: list[Cell]) -> list[int]:
    """As somebody would type it: at random, the same each time."""
    return random.Random(1).sample([places[0] for places in problem.stops], len(problem.stops))


def in_s_shape(problem: Problem, cells: list[Cell]) -> list[int]:
    """Column by column, up one and down the next."""
    columns = sorted({cells[place][1] for place in in_list_order(problem, cells)})

    def key(place: int) -> tuple[int, int]:
        _, x, y = cells[place]
        return x, -y if columns.index(x) % 2 == 0 else y

    return sorted(in_list_order(problem, cells), key=key)


def in_a_straight_line(problem: Problem, cells: list[Cell]) -> list[int]:
    """Always the product nearest as the crow flies."""
    left, order, here = set(in_list_order(problem, cells)), [], START
    while left:
        _, x, y = cells[here]
        here = min(left, key=lambda place: ((cells[place][1] - x) ** 2 + (cells[place][2] - y) ** 2, place))
        left.remove(here)
        order.append(here)
    return order


def planned(problem: Problem, _cells: list[Cell]) -> list[int]:
    """The product's own order."""
    return tour.shortest(problem)[0]


def measure(
    instances: list[Instance], best: list[int], order: Callable[[Problem, list[Cell]], list[int]]
) -> tuple[float, float, float]:
    """Mean and worst gap in per cent, and the median CPU time in milliseconds."""
    gaps, taken = [], []
    for made, shortest in zip(instances, best, strict=True):
        start = time.process_time()
        length = made.problem.length(order(made.problem, made.cells))
        taken.append((time.process_time() - start) * 1000)
        gaps.append((length / shortest - 1) * 100)
    return statistics.mean(gaps), max(gaps), statistics.median(taken)


def report(name: str, shape: Shape, stops: int) -> None:
    """Print the rows of one size."""
    instances, best, seconds = [], [], []
    for seed in range(INSTANCES):
        made = instance(shape, stops, seed)
        start = time.perf_counter()
        proof = exact.prove(made.problem, tour.shortest(made.problem)[0], PROOF_SECONDS)
        seconds.append(time.perf_counter() - start)
        if proof.is_optimal:
            instances.append(made)
            best.append(proof.bound)
    within = sum(second <= 5 for second in seconds)
    print(f"\n{name}, {stops} stops: proved {len(best)} of {INSTANCES}, {within} within 5 s,", end=" ")
    print(f"median {statistics.median(seconds):.2f} s, longest {max(seconds):.2f} s")
    for label, order in zip(METHODS, (in_list_order, in_s_shape, in_a_straight_line, planned), strict=True):
        mean, worst, taken = measure(instances, best, order)
        print(f"  {label:14} gap mean {mean:7.2f} %  worst {worst:7.2f} %  CPU {taken:7.2f} ms")


def thirty_stops(stage: Stage) -> list[Figure]:
    """Lists of 30 products in a store of 200 by 150 cells; only those with a proof count for the gap."""
    count = 3 if stage.options.is_short else INSTANCES
    made = [instance(MIDDLE, STOPS, seed) for seed in range(count)]
    proofs = [exact.prove(one.problem, tour.shortest(one.problem)[0], PROOF_SECONDS) for one in made]
    proved = [(one, proof.bound) for one, proof in zip(made, proofs, strict=True) if proof.is_optimal]
    mean, worst, taken = measure([one for one, _ in proved], [bound for _, bound in proved], planned)
    gaps = {"mean gap %": mean, "worst gap %": worst, "proved": float(len(proved))}
    return [Figure("routes", f"route of {STOPS} stops, CPU of its order", taken, "ms", more=gaps)]


CASES = (Case("routes", "order of a route of 30 stops, and its gap to the optimum", thirty_stops),)


def main() -> None:
    """All sizes; a few minutes."""
    for name, shape in (("60x40", SMALL), ("200x150", MIDDLE)):
        for stops in (12, 30, 60):
            report(name, shape, stops)


if __name__ == "__main__":
    main()
