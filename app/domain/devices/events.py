"""Events of a device: `[s, kind, code, grams, time]`, read with bounds, hashed for the comparison of repeats (B.5)."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from app.domain.devices.wire import MAX_INT, MIN_INT, BadBody, BigBody, decoded, only_keys, whole
from app.domain.devices.words import EventKind

MAX_EVENTS = 16
_FIELDS = 5
_KEYS = frozenset({"ev", "lo"})
_SCANNED = re.compile(r"[0-9]{4,5}|[0-9]{8}|[0-9]{12,14}")
_PLU = re.compile(r"[0-9]{4,5}")
_EMPTY = re.compile("")
_CODE_FORMS = {EventKind.ADD: _SCANNED, EventKind.REMOVE: _SCANNED, EventKind.PRODUCE: _PLU}


@dataclass(frozen=True, slots=True)
class Event:
    """`s` counts the device's events for ever; `time` in Unix seconds, 0 when its clock is not set."""

    s: int
    kind: EventKind
    code: str
    grams: int
    time: int

    @property
    def payload_hash(self) -> str:
        """SHA-256 over the event's canonical JSON: a repeat has the same, another event of the same number has not."""
        canonical = f'[{self.s},"{self.kind}","{self.code}",{self.grams},{self.time}]'
        return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive events, at least one; `lowest` is the oldest number the device still holds, when it lost some."""

    events: tuple[Event, ...]
    lowest: int | None


class Sequel(Enum):
    """How an event's number stands to the last one taken (B.5)."""

    NEXT = "next"
    REPEAT = "repeat"
    GAP = "gap"


def sequel(s: int, last: int) -> Sequel:
    """What a number is after `last`. A repeat with an equal hash is answered again, another clashes."""
    if s <= last:
        return Sequel.REPEAT
    return Sequel.NEXT if s == last + 1 else Sequel.GAP


def hole(batch: Batch, last: int) -> tuple[int, int] | None:
    """The first and last number a device admits to have lost; None when nothing is missing or nothing is admitted.

    Only what lies below its lowest number counts, and only when the batch begins there: otherwise it is a gap.
    """
    if batch.lowest is None or batch.lowest <= last + 1 or batch.events[0].s != batch.lowest:
        return None
    return last + 1, batch.lowest - 1


def parse_batch(body: bytes) -> Batch:
    """The events of `POST /device/ev`. Raises BadBody, or BigBody above 16 events."""
    document = decoded(body)
    only_keys(document, _KEYS)
    rows = document.get("ev")
    if not isinstance(rows, list) or not rows:
        raise BadBody("there are no events")
    if len(rows) > MAX_EVENTS:
        raise BigBody("there are too many events")
    events = tuple(_event(row) for row in rows)
    _check_consecutive(events)
    return Batch(events, whole(document["lo"], least=1) if "lo" in document else None)


def _event(row: object) -> Event:
    if not isinstance(row, list) or len(row) != _FIELDS:
        raise BadBody("an event has five fields")
    s, kind, code, grams, time = row
    if not isinstance(kind, str) or kind not in set(EventKind) or not isinstance(code, str):
        raise BadBody("an event's kind or code is not known")
    known = EventKind(kind)
    if not _CODE_FORMS.get(known, _EMPTY).fullmatch(code):
        raise BadBody("an event's code does not suit its kind")
    return Event(whole(s, least=1), known, code, whole(grams, MIN_INT, MAX_INT), whole(time))


def _check_consecutive(events: Sequence[Event]) -> None:
    if any(later.s != earlier.s + 1 for earlier, later in pairwise(events)):
        raise BadBody("the events are not consecutive")
