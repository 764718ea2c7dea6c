"""Where a trolley stands, from the radio beacons it hears: their weighted centroid (smart-cart.md, B.8).

Strong signals weigh more: amplitude falls with distance, so a beacon's weight is 10 ** (dBm / 20).
The map moves the point to a cell one can walk on.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.devices.bodies import MAX_BEACONS, Beacon

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


def _strongest(heard: Sequence[Beacon], places: Mapping[str, Spot]) -> list[Beacon]:
    known = [beacon for beacon in heard if beacon.beacon_id in places]
    return sorted(known, key=lambda beacon: -beacon.dbm)[:MAX_BEACONS]
