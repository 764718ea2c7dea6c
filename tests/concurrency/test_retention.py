"""Deleting what is old beside others: two passes at once, and rows that somebody works on."""

from sqlalchemy import text

from app.services.retention import running
from tests.concurrency.racing import at_once
from tests.conftest import Live

MANY = 6000


def fill(live: Live) -> None:
    with live.engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO outbox (topic, aggregate, payload, done_at)
                    SELECT 'x', 'y', '{}', now() - interval '40 days' - interval '1 second' * g
                    FROM generate_series(1, :many) AS g"""),
            {"many": MANY},
        )


def pass_over(live: Live) -> int:
    with live.app.app_context():
        [outcome] = running.run(only=["outbox"])
    assert not outcome.has_failed
    return outcome.rows


def count(live: Live) -> int:
    with live.engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM outbox")).scalar_one())


def test_passes_at_once_share_the_work_and_delete_every_row_once(live: Live) -> None:
    fill(live)

    rows = at_once([lambda: pass_over(live) for _ in range(4)])

    assert sum(rows) == MANY - count(live)
    assert pass_over(live) == MANY - sum(rows)
    assert count(live) == 0


def test_a_row_that_somebody_holds_is_skipped_without_waiting(live: Live) -> None:
    fill(live)

    with live.engine.connect() as holder:
        holder.execute(text("SELECT id FROM outbox ORDER BY id LIMIT 5 FOR UPDATE"))
        first = pass_over(live)
        holder.rollback()

    assert first == MANY - 5
    assert pass_over(live) == 5
