"""Where a trolley stands, from the radio beacons it hears: their weighted centroid (smart-cart.md, B.8).

Strong signals weigh more: amplitude falls with distance, so a beacon's weight is 10 ** (dBm / 20).
The map moves the point to a cell one can walk on.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.devices.bodies import MAX_BEACONS, Beacon
from app.domain.store_map.layout import WALKABLE

_DBM_PER_AMPLITUDE = 20


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a branch, in centimetres."""

    floor: int
    x_cm: int
    y_cm: int


def centroid(heard: Sequence[Beacon], places: Mapping[str, Spot]) -> Spot | None:
    """The place between the beacons heard, on the floor heard loudest; None when none of them is on the map."""
    weighed = [
        (10 ** (beacon.dbm / _DBM_PER_AMPLITUDE), places[beacon.beacon_id]) for beacon in _strongest(heard, places)
    ]
    if not weighed:
        return None
    loudness: dict[int, float] = defaultdict(float)
    for weight, spot in weighed:
        loudness[spot.floor] += weight
    floor = max(loudness, key=lambda number: loudness[number])
    here = [(weight, spot) for weight, spot in weighed if spot.floor == floor]
    x = sum(weight * spot.x_cm for weight, spot in here) / loudness[floor]
    y = sum(weight * spot.y_cm for weight, spot in here) / loudness[floor]
    return Spot(floor, round(x), round(y))


def snapped(spot: Spot, rows: Sequence[str], cell_cm: int) -> Spot:
    """The middle of the nearest walkable cell of a floor drawn as `rows`, looked for within 64 cells.

    A spot in a walkable cell stays where it is, and so does one far from any.
    """
    column, line = spot.x_cm // cell_cm, spot.y_cm // cell_cm
    if _walkable(rows, column, line, 0):
        return spot
    reach = next((reach for reach in _REACHES if _walkable(rows, column, line, reach)), None)
    if reach is None:
        return spot
    whole_circle = _walkable(rows, column, line, reach * 3 // 2 + 1)  # a corner of the square is farther than its side
    x, y = min((_middle(cell, cell_cm) for cell in whole_circle), key=lambda place: _square(place, spot))
    return Spot(spot.floor, x, y)


_REACHES = (1, 2, 4, 8, 16, 32, 64)


def _walkable(rows: Sequence[str], column: int, line: int, reach: int) -> list[tuple[int, int]]:
    """The walkable cells in the square around a cell."""
    return [
        (x, y)
        for y in range(max(0, line - reach), min(len(rows), line + reach + 1))
        for x in range(max(0, column - reach), min(len(rows[y]), column + reach + 1))
        if rows[y][x] in WALKABLE
    ]


def _middle(cell: tuple[int, int], cell_cm: int) -> tuple[int, int]:
    return cell[0] * cell_cm + cell_cm // 2, cell[1] * cell_cm + cell_cm // 2


def _square(place: tuple[int, int], spot: Spot) -> int:
    """The distance squared."""
    return (place[0] - spot.x_cm) ** 2 + (place[1] - spot.y_cm) ** 2


def _strongest(heard: Sequence[Beacon], places: Mapping[str, Spot]) -> list[Beacon]:
    known = [beacon for beacon in heard if beacon.beacon_id in places]
    return sorted(known, key=lambda beacon: -beacon.dbm)[:MAX_BEACONS]
