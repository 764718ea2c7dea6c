"""Counts where files may not grow, by the limit on their size: the calls of the system fail as on a full disk."""

import resource
import subprocess
import sys
from pathlib import Path

from app.config import PROJECT
from app.meter_room import FIRST, RoomyCounts

KEYS = 2_000
"""More than fit into a file's first room."""


def run(code: str, *arguments: str, largest_file: int) -> str:
    """What some Python prints in a process whose files may have at most so many bytes."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=PROJECT,
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    return done.stdout.strip()


COUNT = f"""
import sys
from app.meter_room import RoomyCounts
counts = RoomyCounts(sys.argv[1])
for number in range({KEYS}):
    counts.write_value(f"count number {{number}}", number, 0.0)
print(sum(value for _, value, _ in counts.read_all_values()))
"""
SUM = str(float(sum(range(KEYS))))


def test_a_file_has_all_its_blocks_before_it_is_written_to(tmp_path: Path) -> None:
    counts = RoomyCounts(str(tmp_path / "counts.db"))
    stat = (tmp_path / "counts.db").stat()
    counts.close()

    assert stat.st_size == FIRST
    assert stat.st_blocks * 512 >= FIRST


def test_what_was_counted_is_read_by_others(tmp_path: Path) -> None:
    file = tmp_path / "counts.db"

    printed = run(COUNT, str(file), largest_file=2**30)

    assert printed == SUM
    assert sum(value for _, value, _, _ in RoomyCounts.read_all_values_from_file(str(file))) == float(SUM)


def test_without_room_for_a_file_counts_stay_in_memory_and_leave_none(tmp_path: Path) -> None:
    file = tmp_path / "counts.db"

    printed = run(COUNT, str(file), largest_file=FIRST // 2)

    assert printed == SUM
    assert not file.exists()


def test_a_file_that_cannot_grow_is_given_up_and_nothing_counted_is_lost(tmp_path: Path) -> None:
    printed = run(COUNT, str(tmp_path / "counts.db"), largest_file=FIRST + FIRST // 2)

    assert printed == SUM
