"""Whatever the database refuses or however it is lost: what passes is a 503 that says when to come again."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from app.extensions import db
from tests.conftest import Live, dispose, make_app

PAGE = "/api/v1/branches"
STATES: dict[str, type[psycopg.Error]] = {
    kind.sqlstate: kind
    for kind in vars(psycopg.errors).values()
    if isinstance(kind, type) and issubclass(kind, psycopg.Error) and isinstance(kind.sqlstate, str)
}
BUSY = {
    "55P03": "a lock that was not granted in time",
    "57014": "a statement that took too long",
    "40P01": "a deadlock",
    "40001": "two transactions that cannot follow each other",
}
PASSING = {
    "08": "the connection",
    "40": "a transaction that was undone",
    "53": "too little memory, disk or connections",
    "55": "an object that is in use",
    "57": "an operator at work",
    "58": "the system below",
}
A_FAULT_ALL_THE_SAME = {"40002"}
"""A constraint that did not hold at the end of a transaction."""
ONLY_A_READER = "25006"


@pytest.fixture(scope="module")
def failing(app: Flask) -> Iterator[FlaskClient]:
    """A client of an application with an address that fails with the SQLSTATE asked for."""
    application = make_app(app.config["SQLALCHEMY_DATABASE_URI"])

    def fail(state: str, is_lost: int) -> None:
        raise DBAPIError.instance(
            "SELECT", None, STATES[state]("as the server said it"), psycopg.Error, connection_invalidated=bool(is_lost)
        )

    application.add_url_rule("/fails/<state>/<int:is_lost>", view_func=fail)
    application.config["PROPAGATE_EXCEPTIONS"] = False
    yield application.test_client()
    dispose(application)


def answers(failing: FlaskClient, states: list[str], *, is_lost: bool = False) -> dict[str, tuple[int, str]]:
    """Status and code by SQLSTATE; a 503 without Retry-After fails here."""
    found = {state: failing.get(f"/fails/{state}/{int(is_lost)}") for state in states}
    for answer in found.values():
        assert answer.status_code != 503 or int(answer.headers["Retry-After"]) >= 1
    return {state: (answer.status_code, answer.json["error"]["code"]) for state, answer in found.items()}


def test_what_others_hold_is_busy(failing: FlaskClient) -> None:
    found = answers(failing, list(BUSY))

    assert found == dict.fromkeys(BUSY, (503, "BUSY"))


def test_whatever_passes_by_itself_is_no_fault_of_the_shop(failing: FlaskClient) -> None:
    passing = [state for state in STATES if state[:2] in PASSING and state not in A_FAULT_ALL_THE_SAME]

    found = answers(failing, [*passing, ONLY_A_READER])

    assert len(passing) > 30
    assert {status for status, _ in found.values()} == {503}
    assert {code for _, code in found.values()} == {"BUSY", "STORAGE_FULL", "SERVICE_UNAVAILABLE"}


def test_a_lost_connection_is_an_outage_whatever_the_server_said_last(failing: FlaskClient) -> None:
    last_words = ["25P03", "25P04", "57P01", "57P05", "XX000"]

    found = answers(failing, last_words, is_lost=True)

    assert found == dict.fromkeys(last_words, (503, "SERVICE_UNAVAILABLE"))


@pytest.mark.parametrize("pool", [None, "read"])
def test_who_gets_no_connection_out_of_the_pool_hears_that_others_are_busy(live: Live, pool: str | None) -> None:
    with live.app.app_context(), ExitStack() as taken:
        engine = db.engines[pool]
        live.app.add_url_rule("/wants-one", view_func=lambda: str(engine.connect().close()))
        for _ in range(engine.pool.size()):  # type: ignore[attr-defined]
            taken.enter_context(engine.connect())
        engine.pool._timeout = 0.1  # type: ignore[attr-defined]

        answer = live.client().get("/wants-one" if pool is None else PAGE)

    assert (answer.status_code, answer.json["error"]["code"]) == (503, "BUSY")
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_connection_that_dies_as_it_is_made_is_an_outage_and_passes(live: Live) -> None:
    def end(connection: Any, _record: Any) -> None:
        with live.engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": connection.info.backend_pid})

    with live.app.app_context():
        reads = db.engines["read"]
        reads.dispose()
        event.listen(reads, "connect", end)
        lost = live.client().get(PAGE)
        event.remove(reads, "connect", end)
        found = live.client().get(PAGE)

    assert (lost.status_code, lost.json["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert found.status_code == 200
