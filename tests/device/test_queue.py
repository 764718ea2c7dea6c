"""The queue of events survives a loss of power at any byte."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clients.esp32.lib.queue import BATCH, BLOCK, SLOTS, Files, Queue


class PowerCut(Exception):
    pass


class Flash:
    """Flash in memory whose power fails after `left` more bytes; what was being written stays half written."""

    def __init__(self) -> None:
        self.files = {"state": bytearray(), "events": bytearray()}
        self.left = 10**9

    def read(self, name: str, at: int, size: int) -> bytes:
        return bytes(self.files[name][at : at + size])

    def write(self, name: str, at: int, data: bytes) -> None:
        kept = data[: self.left]
        file = self.files[name]
        file.extend(bytes(max(0, at + len(kept) - len(file))))
        file[at : at + len(kept)] = kept
        self.left -= len(data)
        if self.left < 0:
            raise PowerCut


def started(flash: Any) -> Queue:
    """A queue as after a start of the trolley."""
    queue = Queue(flash)
    queue.boot += 1
    queue.save()
    return queue


def pushed(queue: Queue, count: int) -> list[int]:
    return [queue.push("a", str(4000 + number), number, 7) for number in range(count)]


def cut_everywhere(prepare: Callable[[Flash], Queue], act: Callable[[Queue], None]) -> Iterator[Flash]:
    """The flash as left by a power cut at every byte the act writes."""
    left = 0
    while True:
        flash = Flash()
        queue = prepare(flash)
        flash.left = left
        try:
            act(queue)
        except PowerCut:
            flash.left = 10**9
            yield flash
            left += 1
        else:
            return


def test_events_come_back_after_a_restart() -> None:
    flash = Flash()
    pushed(started(flash), 3)

    queue = started(flash)

    assert queue.batch() == ([[1, "a", "4000", 0, 7], [2, "a", "4001", 1, 7], [3, "a", "4002", 2, 7]], 0)
    assert queue.push("w", "", -5, 0) == 4
    assert queue.boot == 2


def test_an_event_cut_off_at_any_byte_is_there_whole_or_not_at_all() -> None:
    outcomes = set()

    for flash in cut_everywhere(lambda flash: _with(flash, 3), lambda queue: _push(queue, "8901234567890")):
        queue = started(flash)
        events, lowest = queue.batch()
        outcomes.add(len(events))
        assert [event[0] for event in events] == list(range(1, len(events) + 1))
        assert events[3:] in ([], [[4, "a", "8901234567890", 517, 9]])
        assert lowest == 0
        assert queue.push("a", "4011", 1, 1) == len(events) + 1

    assert outcomes == {3}


def test_an_old_slot_overwritten_halfway_costs_nothing_the_server_lacks() -> None:
    def wrapped(flash: Flash) -> Queue:
        queue = _with(flash, SLOTS)
        queue.settle(SLOTS - 2)
        return queue

    for flash in cut_everywhere(wrapped, lambda queue: _push(queue, "4011")):
        queue = started(flash)
        queue.settle(SLOTS - 2)
        assert [event[0] for event in queue.batch()[0]] == [SLOTS - 1, SLOTS]


def test_a_start_cut_off_at_any_byte_never_uses_a_boot_number_twice() -> None:
    for flash in cut_everywhere(started, lambda queue: started(queue.flash) and None):
        assert started(flash).boot == 2


def test_a_key_is_the_old_one_or_the_new_one_whole() -> None:
    def keyed(flash: Flash) -> Queue:
        queue = started(flash)
        queue.id, queue.kid, queue.key = b"c0ffee01", 1, b"\x01" * 32
        queue.save()
        return queue

    def change(queue: Queue) -> None:
        queue.kid, queue.key = 2, b"\x02" * 32
        queue.save()

    for flash in cut_everywhere(keyed, change):
        queue = Queue(flash)
        assert (queue.kid, queue.key) in {(1, b"\x01" * 32), (2, b"\x02" * 32)}


def test_numbers_are_reserved_in_blocks() -> None:
    queue = started(Flash())
    turn = queue.turn

    pushed(queue, BLOCK)
    assert queue.turn == turn + 1
    queue.settle(BLOCK)
    pushed(queue, 1)
    assert queue.turn == turn + 2


def test_a_lost_ring_never_gives_a_number_twice() -> None:
    flash = Flash()
    pushed(started(flash), 5)
    flash.files["events"].clear()

    queue = started(flash)

    assert queue.push("a", "4011", 1, 1) == BLOCK + 1
    queue.settle(5)
    assert queue.batch() == ([[BLOCK + 1, "a", "4011", 1, 1]], BLOCK + 1)


def test_a_broken_record_is_admitted_as_lost() -> None:
    flash = Flash()
    queue = _with(flash, 4)
    flash.files["events"][5] ^= 1

    assert queue.batch() == ([[2, "a", "4001", 1, 7], [3, "a", "4002", 2, 7], [4, "a", "4003", 3, 7]], 2)


def test_a_broken_record_in_the_middle_ends_the_batch() -> None:
    flash = Flash()
    queue = _with(flash, 4)
    flash.files["events"][2 * 36 + 5] ^= 1

    assert [event[0] for event in queue.batch()[0]] == [1, 2]
    queue.settle(2)
    assert queue.batch() == ([[4, "a", "4003", 3, 7]], 4)


def test_a_dropped_event_is_admitted_as_lost() -> None:
    queue = _with(Flash(), 2)

    queue.drop(1)

    assert queue.batch() == ([[2, "a", "4001", 1, 7]], 2)


def test_a_full_ring_takes_no_more_until_the_server_has_some() -> None:
    queue = _with(Flash(), SLOTS)

    assert queue.push("a", "4011", 1, 1) == 0
    queue.settle(1)
    assert queue.push("a", "4011", 1, 1) == SLOTS + 1
    assert len(queue.batch()[0]) == BATCH


def test_a_server_that_knows_more_sets_the_next_number() -> None:
    queue = started(Flash())

    queue.settle(900)

    assert queue.push("a", "4011", 1, 1) == 901
    assert queue.batch()[1] == 0


def test_a_server_restored_from_a_backup_gets_again_what_it_lost() -> None:
    queue = _with(Flash(), 20)
    queue.settle(20)

    queue.settle(12)

    assert [event[0] for event in queue.batch()[0]] == list(range(13, 21))


def test_what_the_server_has_is_known_after_a_restart_from_the_last_event() -> None:
    flash = Flash()
    queue = _with(flash, 5)
    queue.settle(5)
    pushed(queue, 1)

    assert [event[0] for event in started(flash).batch()[0]] == [6]


def test_files_keep_it_on_a_disk(tmp_path: Path) -> None:
    pushed(started(Files(str(tmp_path))), 2)

    queue = started(Files(str(tmp_path)))

    assert len(queue.batch()[0]) == 2
    assert queue.boot == 2


@pytest.mark.parametrize("grams", [-(2**31), 2**31 - 1])
def test_weights_keep_their_sign_and_size(grams: int) -> None:
    queue = started(Flash())

    queue.push("x", "", grams, 2**31 - 1)

    assert queue.batch()[0] == [[1, "x", "", grams, 2**31 - 1]]


def _with(flash: Flash, count: int) -> Queue:
    queue = started(flash)
    pushed(queue, count)
    return queue


def _push(queue: Queue, code: str) -> None:
    queue.push("a", code, 517, 9)
