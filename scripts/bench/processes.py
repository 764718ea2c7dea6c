"""What the servers' processes use: processor time and memory."""

import re
from collections.abc import Iterable
from pathlib import Path

import psutil

_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def processor_seconds(pid: int) -> float:
    """CPU time of a process and all its descendants so far, those that ended and were waited for included."""
    total = 0.0
    try:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            total += _seconds_of(process)
    except psutil.NoSuchProcess:
        return total
    return total


def _seconds_of(process: psutil.Process) -> float:
    try:
        return float(sum(process.cpu_times()[:4]))
    except psutil.NoSuchProcess:
        return 0.0


def can_tell() -> bool:
    """Whether this system tells how memory is shared; Linux alone does."""
    return Path("/proc/self/smaps_rollup").exists()


def proportional_mib(pids: Iterable[int]) -> float:
    """Memory of processes and their descendants in MiB, each shared page counted once among those who share it."""
    everybody = {child.pid for pid in pids for child in psutil.Process(pid).children(recursive=True)} | set(pids)
    found = [_PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text()) for pid in everybody]
    return sum(int(match[1]) for match in found if match) / 1024
