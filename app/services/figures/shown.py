"""The figures as they are told: kept for ten seconds, and waited for two seconds at most.

When the database hangs, or every connection of the pool is taken, whoever watches must still hear how the process is.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from app.services.figures.catalog import CATALOG, Figure

log = logging.getLogger("aisle.figures")

KEPT_SECONDS = 10.0
PATIENCE_SECONDS = 2.0
OLDEST_SECONDS = 60.0
"""Figures older than this are told no more."""


@dataclass(frozen=True)
class Figures:
    """What is known now; `is_up` says whether it was read just now."""

    rows: tuple[Figure, ...] = ()
    is_up: bool = False

    def by_family(self) -> list[tuple[str, list[Figure]]]:
        """Every figure of the catalog that is known, under all the labels it is always told with."""
        told: dict[str, dict[tuple[str, ...], Figure]] = {}
        for name, known in CATALOG.items() if self.rows else ():
            told[name] = {labels: Figure(name, labels, 0) for labels in known.always}
        for row in self.rows:
            if row.name in told:  # what another version counted, this one may not know
                told[row.name][row.labels] = row
        return [(name, list(rows.values())) for name, rows in told.items() if rows]


@dataclass
class Board:
    """The figures of one application in one process; any number of threads may look at once."""

    read: Callable[[], list[Figure]]
    _rows: tuple[Figure, ...] = ()
    _read_at: float = float("-inf")
    _reader: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self) -> Figures:
        """The newest figures that are to be had soon enough."""
        with self._lock:
            if time.monotonic() - self._read_at >= KEPT_SECONDS and self._reader is None:
                self._reader = threading.Thread(target=self._refresh, name="figures", daemon=True)
                self._reader.start()
            reader = self._reader
        if reader is not None:
            reader.join(PATIENCE_SECONDS)
        age = time.monotonic() - self._read_at
        return Figures(self._rows if age < OLDEST_SECONDS else (), age < KEPT_SECONDS + PATIENCE_SECONDS)

    def _refresh(self) -> None:
        try:
            self._rows = tuple(self.read())
            self._read_at = time.monotonic()
        except Exception as error:  # noqa: BLE001 (whatever it is: the figures are missing and their absence is told)
            log.warning("the figures cannot be read", extra={"error": type(error).__name__})
        finally:
            self._reader = None
