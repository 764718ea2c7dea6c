"""Published maps in this process's memory, so that a request need not build one; the least used go first."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from app.domain.store_map.planner import StoreMap

MOST_MAPS, MOST_BYTES = 32, 128 * 1024 * 1024

Key = tuple[int, str]
"""Id and checksum of a published layout. What they name never changes, so that nothing kept gets old."""


@dataclass(frozen=True, slots=True)
class _Kept:
    store: StoreMap
    weight: int


class KeptMaps:
    """A bounded store of maps; any thread may use it."""

    def __init__(self, most_maps: int = MOST_MAPS, most_bytes: int = MOST_BYTES) -> None:
        self._most_maps = most_maps
        self._most_bytes = most_bytes
        self._maps: OrderedDict[Key, _Kept] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> StoreMap | None:
        """A map, if it is here."""
        with self._lock:
            if key not in self._maps:
                return None
            self._maps.move_to_end(key)
            return self._maps[key].store

    def keep(self, key: Key, store: StoreMap) -> StoreMap:
        """Keep a map and give it back; others go to make room for it."""
        with self._lock:
            self._maps[key] = _Kept(store, _weight(store))
            self._maps.move_to_end(key)
            while len(self._maps) > 1 and self._is_full():
                self._maps.popitem(last=False)
        return store

    def _is_full(self) -> bool:
        weight = sum(kept.weight for kept in self._maps.values())
        return len(self._maps) > self._most_maps or weight > self._most_bytes


def _weight(store: StoreMap) -> int:
    """About how many bytes a map takes: its table, and a few for each cell."""
    cells = sum(len(row) for rows in store.layout.floors.values() for row in rows)
    return store.table.steps.nbytes + 3 * cells


maps = KeptMaps()
