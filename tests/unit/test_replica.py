"""What one process knows about its replica, as its threads share it."""

from collections import deque

from sqlalchemy import create_engine

from app.replica import Replica

NOWHERE = "postgresql+psycopg://127.0.0.1:1/shop"
NO_REDIS = "redis://127.0.0.1:1/0"


class Emptied(deque[tuple[float, int]]):
    """Looks as if it held something, and another thread takes that away before it is read."""

    def __len__(self) -> int:
        return 1


def a_replica() -> Replica:
    return Replica(create_engine(NOWHERE), create_engine(NOWHERE), NO_REDIS, clock=lambda: 100.0)


def test_it_is_as_far_behind_as_the_oldest_write_it_has_not_replayed() -> None:
    replica = a_replica()
    replica._not_yet_there.extend([(97.5, 10), (99.0, 20)])

    assert replica.seconds_behind() == 2.5


def test_a_replica_that_catches_up_while_a_request_looks_is_not_behind() -> None:
    replica = a_replica()
    replica._not_yet_there = Emptied()

    assert replica.seconds_behind() == 0.0
