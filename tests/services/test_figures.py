"""Figures of the business: each says what it means, by an index over open rows; the dear ones are counted once."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, text, update
from sqlalchemy.orm import Session

from app.domain.enums import OperationKind, OperationState, OrderStatus, TrolleyState
from app.models import CountedFigures, Device, OutboxEvent, PaymentOperation
from app.services import invariants
from app.services.figures import counting, queues, reading, shown
from app.services.figures.catalog import CATALOG, ENDED, OPEN, Figure
from app.services.figures.shown import Board
from tests import factories, market
from tests.conftest import Live

NOW = func.now()
"""Of the test's own transaction: a run of all tests takes minutes."""


def figures() -> dict[tuple[str, ...], float]:
    """Every figure by its name and labels."""
    return {(row.name, *row.labels): row.value for row in reading.read()}


def make_operation(session: Session, state: OperationState, *, due: timedelta, seq: int) -> None:
    user, product = factories.make_user(session), factories.make_product(session)
    order = factories.make_order(session, user, product)
    payment_id = session.execute(text("SELECT id FROM payments WHERE order_id = :id"), {"id": order.id}).scalar_one()
    session.add(
        PaymentOperation(
            payment_id=payment_id,
            kind=OperationKind.CAPTURE,
            seq=seq,
            idempotency_key=uuid4(),
            amount=1,
            state=state,
            next_at=NOW + due,
        )
    )
    session.commit()


def test_open_orders_are_told_by_status_and_channel_and_ended_ones_are_counted(session: Session) -> None:
    user, product = factories.make_user(session), factories.make_product(session)
    for status in (OrderStatus.CREATED, OrderStatus.CREATED, OrderStatus.DELIVERED):
        factories.make_order(session, user, product, status=status)
    factories.make_shop_order(session, user, factories.make_shop(session), status=OrderStatus.ACCEPTED)

    counting.count_due()
    told = figures()

    assert told["aisle_orders_open", "CREATED", "DELIVERY_OR_PICKUP"] == 2
    assert told["aisle_orders_open", "ACCEPTED", "MARKETPLACE"] == 1
    assert ("aisle_orders_open", "DELIVERED", "DELIVERY_OR_PICKUP") not in told
    assert told["aisle_orders", "DELIVERED", "DELIVERY_OR_PICKUP"] == 1
    assert told["aisle_orders", "CREATED", "DELIVERY_OR_PICKUP"] == 2


def test_every_status_is_open_or_ended() -> None:
    assert set(OPEN) | set(ENDED) == set(OrderStatus)
    assert set(OPEN) & set(ENDED) == set()


def test_a_payment_is_stuck_when_it_is_overdue_or_waits_for_a_person(session: Session) -> None:
    make_operation(session, OperationState.UNKNOWN, due=timedelta(minutes=-6), seq=2)
    make_operation(session, OperationState.SENT, due=timedelta(minutes=-4), seq=3)
    make_operation(session, OperationState.MANUAL, due=timedelta(0), seq=4)
    make_operation(session, OperationState.FAILED, due=timedelta(hours=-1), seq=5)

    told = figures()

    assert told["aisle_payment_operations_stuck", "overdue"] == 1
    assert told["aisle_payment_operations_stuck", "manual"] == 1
    assert told["aisle_payment_operations_open", "capture", "unknown"] == 1
    assert told["aisle_payment_operations_open", "capture", "sent"] == 1


def test_the_outbox_tells_what_waits_since_when_and_what_was_given_up(session: Session) -> None:
    session.execute(text("DELETE FROM outbox"))
    old = factories.make_event(session, "order.created")
    failed = factories.make_event(session, "order.created")
    done = factories.make_event(session, "order.created")
    session.execute(
        update(OutboxEvent)
        .where(OutboxEvent.id == old.id)
        .values(created_at=NOW - timedelta(hours=2), next_at=NOW - timedelta(minutes=3))
    )
    session.execute(update(OutboxEvent).where(OutboxEvent.id == failed.id).values(failed=True))
    session.execute(update(OutboxEvent).where(OutboxEvent.id == done.id).values(done_at=NOW))
    session.commit()

    told = figures()

    assert (told["aisle_outbox_events", "pending"], told["aisle_outbox_events", "failed"]) == (1, 1)
    assert 7200 <= told["aisle_outbox_oldest_seconds",] < 7300
    assert 180 <= told["aisle_outbox_overdue_seconds",] < 280


def test_trolleys_are_told_by_state_and_whether_they_are_heard_of(session: Session) -> None:
    branch = factories.make_location(session)
    near, far = (factories.make_trolley(session, branch) for _ in range(2))
    factories.make_trolley(session, branch, state=TrolleyState.LOST)
    for trolley, silent in ((near, timedelta(minutes=4)), (far, timedelta(minutes=6))):
        device = factories.make_device(session, trolley)
        session.execute(update(Device).where(Device.id == device.id).values(last_seen_at=NOW - silent))
    factories.make_cart_session(session, near, factories.make_user(session))
    session.commit()

    told = figures()

    assert told["aisle_trolleys", "lost"] == 1
    assert told["aisle_trolleys_online",] == 1
    assert told["aisle_trolley_sessions",] == 1


def test_codes_are_told_by_what_became_of_them_in_the_last_hour(session: Session) -> None:
    rows = [factories.make_event(session, "phone.code") for _ in range(4)]
    changes = [{"done_at": NOW}, {"failed": True}, {}, {"created_at": NOW - timedelta(minutes=61)}]
    for row, change in zip(rows, changes, strict=True):
        if change:
            session.execute(update(OutboxEvent).where(OutboxEvent.id == row.id).values(**change))
    session.commit()

    counting.count_due()
    told = figures()

    assert [told["aisle_codes", "phone.code", state] for state in ("sent", "failed", "pending")] == [1, 1, 1]


def test_movements_of_wallets_are_counted_by_reason(session: Session) -> None:
    user = factories.make_consumer(session)
    market.fill_wallet(session, user, "10.00")
    market.fill_wallet(session, user, "5.00")

    counting.count_due()

    assert figures()["aisle_wallet_movements", "api"] == 2


def test_every_rule_of_the_books_is_told_and_a_broken_one_by_its_number(session: Session) -> None:
    product = factories.make_product(session)
    session.execute(
        text("INSERT INTO inventory (product_id, stock_location_id, available_quantity) VALUES (:product, :place, 3)"),
        {"product": product.id, "place": factories.make_location(session).id},
    )
    session.commit()

    counting.count_due()
    told = {labels[0]: value for (name, *labels), value in figures().items() if name == "aisle_invariant_violations"}

    assert set(told) == set(invariants.violations())
    assert told["stock_not_explained_by_movements"] == 1
    assert told["wallets_below_zero"] == 0


def test_every_figure_that_is_read_or_counted_is_in_the_catalog_with_its_labels(session: Session) -> None:
    counting.count_due()

    for row in reading.read():
        assert len(row.labels) == len(CATALOG[row.name].labels), row


def test_counting_waits_its_minute_and_longer_where_it_takes_long(session: Session) -> None:
    assert counting.count_due()
    assert not counting.count_due()

    row = session.execute(text("SELECT next_at - counted_at AS rest, seconds FROM counted_figures")).one()
    assert row.rest == counting.EVERY
    assert 0 < row.seconds < 3


def test_counting_takes_no_more_than_its_share_of_the_time(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((100.0, 130.0))
    monkeypatch.setattr(counting.time, "monotonic", lambda: next(clock))

    counting.count_due()

    row = session.execute(text("SELECT next_at - counted_at AS rest, seconds FROM counted_figures")).one()
    assert (row.rest, row.seconds) == (timedelta(minutes=10), 30)


def test_of_many_processes_one_counts(live: Live) -> None:
    counted: list[bool] = []
    start = threading.Barrier(6)

    def count() -> None:
        start.wait()
        with live.app.app_context():
            counted.append(counting.count_due())

    threads = [threading.Thread(target=count) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(counted) == [False] * 5 + [True]


def test_who_died_while_counting_is_waited_for_no_longer_than_the_lease(session: Session) -> None:
    session.add(CountedFigures(name="all", next_at=NOW - timedelta(seconds=1)))
    session.commit()

    assert counting.count_due()


def test_the_dear_parts_of_a_look_go_by_an_index(session: Session) -> None:
    session.execute(text("SET LOCAL enable_seqscan = off"))

    explain = text(f"EXPLAIN {reading._READ.text}")
    plan = "\n".join(session.execute(explain, reading._READ.compile().params).scalars())

    for index in (
        "ix_orders_status_id",
        "ix_payment_operations_due",
        "ix_payment_operations_stuck",
        "ix_top_ups_due",
        "ix_outbox_due",
        "ix_outbox_failed",
        "ix_webhook_deliveries_due",
        "ix_devices_last_seen_at",
    ):
        assert index in plan
    for table in ("orders", "payment_operations", "top_ups", "outbox", "webhook_deliveries", "reservations"):
        assert f"Seq Scan on {table}\n" not in plan


def one() -> list[Figure]:
    return [Figure("aisle_reservations", (), 1)]


def test_figures_are_kept_for_a_while_and_read_once_for_all_who_look() -> None:
    reads: list[int] = []

    def read() -> list[Figure]:
        reads.append(1)
        return one()

    board = Board(read)

    assert [board.look().is_up for _ in range(5)] == [True] * 5
    assert len(reads) == 1


def test_a_database_that_hangs_is_not_waited_for_and_what_was_known_is_told_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shown, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(shown, "KEPT_SECONDS", 0)
    hang, answers = threading.Event(), [one(), one()]

    def read() -> list[Figure]:
        if len(answers) == 1:
            hang.wait(10)
        return answers.pop()

    board = Board(read)
    first = board.look()
    second = board.look()
    monkeypatch.setattr(shown, "OLDEST_SECONDS", 0)
    third = board.look()
    hang.set()

    assert dict(first.by_family())["aisle_reservations"] == one()
    assert second.rows == first.rows
    assert (third.rows, third.is_up) == ((), False)


def test_what_cannot_be_read_is_not_told() -> None:
    def read() -> list[Figure]:
        raise ConnectionError

    seen = Board(read).look()

    assert (seen.is_up, seen.by_family()) == (False, [])


def test_figures_without_rows_are_told_as_nought_under_the_labels_they_always_have() -> None:
    families = dict(Board(one).look().by_family())

    assert [(row.labels, row.value) for row in families["aisle_outbox_events"]] == [(("pending",), 0), (("failed",), 0)]
    assert "aisle_invariant_violations" not in families
    assert "aisle_queue_depth" not in families


def test_queues_are_looked_at_only_where_celery_works(live: Live) -> None:
    current = live.app.extensions["settings"]

    assert queues.depths(current) == []
    unreachable = current.model_copy(update={"background": "celery", "redis_url": "redis://127.0.0.1:1/0"})
    assert queues.depths(unreachable) == []


def test_a_figure_that_only_another_version_knows_is_passed_over() -> None:
    newer = Figure("aisle_of_tomorrow", (), 1.0)

    families = dict(Board(lambda: [newer, *one()]).look().by_family())

    assert "aisle_of_tomorrow" not in families
    assert families["aisle_reservations"] == one()
