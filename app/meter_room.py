"""Counts on a disk that may fill up: room is taken before it is written to.

prometheus_client maps files with holes into memory. Writing to a hole of a full disk ends the process on the spot
(SIGBUS), and so do its successors. Here each file has all its blocks from the start; where they are not to be had, the
process counts in memory alone, for nobody to see, and serves on.
"""

import io
import mmap
import os
import struct

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

FIRST = 1 << 16
"""Bytes of a new file."""

_IN_MEMORY = 1 << 26
"""Bytes, of which only those written to are ever taken."""

_AROUND_A_KEY = 64
"""Bytes, and more than an entry takes beside its key."""

_HEAD = 8


class RoomyCounts(MmapedDict):
    """As the original, but sure of its room, or else in memory."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if read_mode or _has_room(filename):
            super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]
            return
        self._f, self._fname, self._positions = io.BytesIO(), filename, {}
        self._used = _HEAD
        self._live_in_memory(struct.pack("i", self._used))

    def _init_value(self, key: str) -> None:
        if self._used + len(key.encode()) + _AROUND_A_KEY > self._capacity:
            self._grow()
        super()._init_value(key)  # type: ignore[no-untyped-call]

    def _grow(self) -> None:
        try:
            os.posix_fallocate(self._f.fileno(), 0, 2 * self._capacity)
        except OSError:
            self._live_in_memory(self._m[:])

    def _live_in_memory(self, content: bytes) -> None:
        self._m = mmap.mmap(-1, _IN_MEMORY)
        self._m[: len(content)] = content
        self._capacity = _IN_MEMORY


def use() -> None:
    """Have all counts of this process kept in such files; before the first of them. macOS cannot take room ahead."""
    if hasattr(os, "posix_fallocate"):
        values.MmapedDict = RoomyCounts  # type: ignore[attr-defined]


def _has_room(filename: str) -> bool:
    """Make a new file with all its blocks; False, and no file, where there is no room for it."""
    try:
        file = os.open(filename, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return False
    try:
        os.posix_fallocate(file, 0, FIRST)
    except OSError:
        if os.fstat(file).st_size < FIRST:
            os.unlink(filename)
        return False
    finally:
        os.close(file)
    return True
