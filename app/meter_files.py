"""The counts of all workers of a server as one, and what becomes of those of a worker that ended.

Each worker counts in files of its own. Those of the dead are added up in one, or every restart would leave two more to
read at each look; a lock keeps a look from seeing a worker's counts twice, or not at all, meanwhile.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from app import meters
from app.meter_room import RoomyCounts

_ADDED_UP = ("counter", "histogram")
_DEAD = "dead"


def exposition() -> bytes:
    """The counts of this server in Prometheus' text format, whichever of its workers is asked."""
    if meters.FOLDER is None:
        return generate_latest(meters.REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, meters.FOLDER)
    with _locked(Path(meters.FOLDER), fcntl.LOCK_SH):
        return generate_latest(registry)


def bury(process: int) -> None:
    """Forget what an ended worker had open, and add its counts to those of the dead.

    Called by the master, which waits for nobody: while somebody looks, the worker's files stay for good, and count.
    """
    if meters.FOLDER is None:
        return
    folder = Path(meters.FOLDER)
    mark_process_dead(process, str(folder))
    try:
        with _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            for kind in _ADDED_UP:
                _add_up(folder / f"{kind}_{process}.db", folder / f"{kind}_{_DEAD}.db")
    except BlockingIOError:
        return


def _add_up(ended: Path, total: Path) -> None:
    if not ended.exists():
        return
    kept: MmapedDict = RoomyCounts(str(total))
    try:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(ended)):
            kept.write_value(key, kept.read_value(key)[0] + value, 0.0)
    finally:
        kept.close()
    ended.unlink()


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    """Hold the lock on a folder of counts. Raises BlockingIOError where it is taken and `how` says not to wait."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)
