"""Statements that go to the driver directly inside a transaction fail as all others do."""

import pytest
from sqlalchemy import column, text
from sqlalchemy.exc import OperationalError

from app.prepared import Step
from app.transaction import retried, transaction
from tests.conftest import Live

OWN_BACKEND = text("SELECT pg_backend_pid()")
ASLEEP = Step(text("SELECT pg_sleep(:seconds)").columns(column("slept")))
ONE = Step(text("SELECT CAST(:number AS integer) AS number").columns(column("number")))


def test_a_lost_connection_is_known_as_such_and_the_next_transaction_has_another(live: Live) -> None:
    def lose_it() -> None:
        with transaction() as session:
            _end(live, session.execute(OWN_BACKEND).scalar_one())
            ONE.within(session, number=1)

    with live.app.app_context():
        with pytest.raises(OperationalError) as lost:
            lose_it()

        with transaction() as session:
            [row] = ONE.within(session, number=2)

    assert lost.value.connection_invalidated
    assert row.number == 2


def test_work_whose_connection_is_lost_in_a_step_is_done_again(live: Live) -> None:
    tries: list[int] = []

    def work() -> int:
        with transaction() as session:
            tries.append(session.execute(OWN_BACKEND).scalar_one())
            if len(tries) == 1:
                _end(live, tries[0])
            [row] = ONE.within(session, number=3)
            return int(row.number)

    with live.app.app_context():
        assert retried(work) == 3
    assert len(tries) == 2


def test_a_statement_that_takes_too_long_has_the_state_of_the_server(live: Live) -> None:
    def sleep_too_long() -> None:
        with transaction() as session:
            session.execute(text("SET LOCAL statement_timeout = '50ms'"))
            ASLEEP.within(session, seconds=5)

    with live.app.app_context(), pytest.raises(OperationalError) as refused:
        sleep_too_long()

    assert getattr(refused.value.orig, "sqlstate", None) == "57014"
    assert not refused.value.connection_invalidated


def _end(live: Live, pid: int) -> None:
    with live.engine.begin() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
