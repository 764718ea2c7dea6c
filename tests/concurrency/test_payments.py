"""The races around a payment, with real commits: who answers last, what is cancelled meanwhile, what is swept."""

import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.clients.payments import Outcome, Status
from app.clients.sandbox_payments import SandboxPayments
from app.services import locks
from app.services.payments import outcomes, settlement, sweeper
from app.transaction import transaction
from tests.concurrency.racing import at_once
from tests.concurrency.test_checkout import assert_sound, count, prepare
from tests.conftest import Live
from tests.shopping import Shop, Shopper

ANSWER_IS_LOST = "4000000000000119"
ANSWERS_TWICE = "4000000000000259"
ROUNDS = 20
UNSETTLED = "('created', 'sent', 'unknown', 'manual')"
DISAGREEMENTS = """
    SELECT count(*) FROM orders JOIN payments ON order_id = orders.id JOIN sandbox_payments USING (reference)
    WHERE (orders.status = 'CREATED') <> (sandbox_payments.status = 'authorized')
"""


def run(live: Live, statement: str) -> None:
    with live.engine.begin() as connection:
        connection.execute(text(statement))


def one(live: Live, query: str) -> Any:
    with live.engine.connect() as connection:
        return connection.execute(text(query)).one()


def card(shopper: Shopper, number: str) -> int:
    return int(shopper.post("/me/payment-tokens", json={"card_number": number}).json["data"]["payment_token_id"])


def sweep_all(live: Live) -> None:
    """Passes until nothing is due, without waiting for the pauses."""
    with live.app.app_context():
        for _ in range(4):
            run(live, "UPDATE payment_operations SET next_at = now()")
            sweeper.sweep()


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Let something happen after the provider has held the money and before its answer is applied."""
    real = SandboxPayments.authorize

    def authorize(self: SandboxPayments, **asked: Any) -> Outcome:
        outcome = real(self, **asked)
        happens()
        return outcome

    monkeypatch.setattr(SandboxPayments, "authorize", authorize)


def test_a_confirm_is_not_told_paid_when_the_order_was_fenced_before_a_webhook_brought_the_hold(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, [buyer] = prepare(live, 1)
    buyer.add(shop.products[0], 2)

    def fence_then_hear_of_it() -> None:
        order_id, operation_id = one(live, "SELECT orders.id, payment_operations.id FROM orders, payment_operations")
        with transaction() as session:
            sweeper.fence(session, order_id=order_id, reason="user")
        outcomes.apply(operation_id, Outcome(Status.AUTHORIZED, Decimal("50.00"), "ILS", "hook"))

    meanwhile(monkeypatch, fence_then_hear_of_it)
    answer = buyer.confirm(shop)

    assert answer.status_code == 202
    sweep_all(live)
    assert one(live, "SELECT status FROM orders").status == "CANCELED"
    assert_sound(live)


def test_a_confirm_whose_order_was_cancelled_meanwhile_is_told_so(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    shop, [buyer] = prepare(live, 1)
    buyer.add(shop.products[0], 2)
    meanwhile(monkeypatch, lambda: buyer.post(f"/orders/{one(live, 'SELECT id FROM orders').id}/cancel") and None)

    answer = buyer.confirm(shop, key="k")

    assert (answer.status_code, answer.json["error"]["code"]) == (402, "PAYMENT_DECLINED")
    sweep_all(live)
    assert one(live, "SELECT status FROM sandbox_payments").status == "voided"
    assert_sound(live)


def test_an_order_claimed_in_the_moment_of_the_fence_is_not_cancelled_at_a_provider_without_tombstones(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SandboxPayments, "leaves_tombstones", False)
    shop, [buyer] = prepare(live, 1)
    buyer.add(shop.products[0])
    monkeypatch.setattr(SandboxPayments, "authorize", lambda *_, **__: Outcome(Status.UNKNOWN))
    buyer.confirm(shop)
    run(live, "UPDATE payment_operations SET state = 'created', next_at = now()")
    run(live, "UPDATE orders SET pay_deadline = now()")
    real = sweeper.fence

    def claimed_just_before(session: Session, **order: Any) -> bool:
        run(live, "UPDATE payment_operations SET state = 'sent', updated_at = now()")
        return real(session, **order)

    monkeypatch.setattr(sweeper, "fence", claimed_just_before)
    with live.app.app_context():
        sweeper.sweep()

    assert one(live, "SELECT status FROM orders").status == "CANCELLING"
    assert count(live, "SELECT count(*) FROM sandbox_payments") == 0


def test_a_capture_under_way_when_the_order_is_cancelled_is_given_back(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, [buyer] = prepare(live, 1)
    buyer.add(shop.products[0], 2)
    order_id = buyer.confirm(shop).json["data"]["order_id"]
    with live.app.app_context(), monkeypatch.context() as silent:
        with transaction() as session:
            payment = locks.payment_of(session, order_id=order_id)
            assert payment is not None
            operation_id = settlement.request_capture(session, payment, amount=Decimal("40.00"))
        real = SandboxPayments.capture
        silent.setattr(SandboxPayments, "capture", lambda *a, **k: real(*a, **k) and Outcome(Status.UNKNOWN))
        sweeper.settle(operation_id)

    buyer.post(f"/orders/{order_id}/cancel")
    sweep_all(live)

    paid = one(live, "SELECT captured_amount, refunded_amount, refund_pending_amount FROM payments")
    assert tuple(paid) == (Decimal("40.00"), Decimal("40.00"), Decimal("0.00"))
    assert one(live, "SELECT refunded_amount FROM sandbox_payments").refunded_amount == Decimal("40.00")
    assert count(live, "SELECT count(*) FROM payment_operations WHERE state NOT IN ('ok', 'failed')") == 0
    assert_sound(live)


def test_a_hold_let_go_of_before_its_capture_arrives_leaves_nothing_to_look_after(live: Live) -> None:
    shop, [buyer] = prepare(live, 1)
    buyer.add(shop.products[0], 2)
    order_id = buyer.confirm(shop).json["data"]["order_id"]
    with live.app.app_context(), transaction() as session:
        payment = locks.payment_of(session, order_id=order_id)
        assert payment is not None
        settlement.request_capture(session, payment, amount=Decimal("40.00"))

    buyer.post(f"/orders/{order_id}/cancel")
    sweep_all(live)

    assert one(live, "SELECT status FROM sandbox_payments").status == "voided"
    assert count(live, "SELECT count(*) FROM payment_operations WHERE state = 'failed' AND kind = 'capture'") == 1
    assert_sound(live)


def test_a_commit_whose_answer_was_lost_is_looked_up_and_not_made_again(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, [buyer] = prepare(live, 1)
    buyer.add(shop.products[0], 2)
    cart_id = buyer.cart_id()
    real, lost = Session.commit, []

    def commit(self: Session) -> None:
        real(self)
        if not lost and count(live, "SELECT count(*) FROM orders"):
            lost.append(True)
            raise OperationalError("COMMIT", {}, Exception("gone"), connection_invalidated=True)

    monkeypatch.setattr(Session, "commit", commit)
    answer = buyer.confirm(shop, cart_id=cart_id)

    assert lost
    assert answer.status_code == 201
    assert count(live, "SELECT count(*) FROM orders") == 1
    assert count(live, "SELECT reserved_quantity FROM inventory") == 2
    assert_sound(live)


def test_taking_on_a_payment_and_applying_its_answer_give_up_on_a_locked_order_after_three_seconds(live: Live) -> None:
    shop, buyers = prepare(live, 2)
    for buyer in buyers:
        buyer.add(shop.products[0])
    first, second = (buyer.confirm(shop).json["data"]["order_id"] for buyer in buyers)
    run(live, "UPDATE orders SET status = 'PENDING_PAYMENT'")
    run(live, "UPDATE payment_operations SET state = 'created'")
    held = Outcome(Status.AUTHORIZED)
    claim = partial(locks.claim_authorization, patience=timedelta(seconds=20))

    def refused(work: Callable[[], object]) -> str | None:
        with live.app.app_context(), pytest.raises(OperationalError) as gave_up:
            work()
        return getattr(gave_up.value.orig, "sqlstate", None)

    with live.app.app_context():
        claimed = claim(order_id=second)
    assert claimed is not None
    with live.engine.connect() as holder:
        holder.execute(text("SELECT * FROM orders FOR UPDATE"))
        states = at_once(
            [
                partial(refused, lambda: claim(order_id=first)),
                partial(refused, lambda: outcomes.apply_claimed(claimed, held)),
            ]
        )

    assert states == ["55P03", "55P03"]


@pytest.mark.parametrize("sqlstate", ["40P01", "40001"])
def test_a_confirm_chosen_as_the_victim_of_a_deadlock_is_made_again(
    live: Live, monkeypatch: pytest.MonkeyPatch, sqlstate: str
) -> None:
    shop, [buyer] = prepare(live, 1)
    buyer.add(shop.products[0], 2)
    cart_id = buyer.cart_id()
    victim = psycopg.errors.lookup(sqlstate)()
    real, failed = Session.commit, []

    def commit(self: Session) -> None:
        if not failed:
            failed.append(True)
            raise OperationalError("COMMIT", {}, victim)
        real(self)

    monkeypatch.setattr(Session, "commit", commit)
    answer = buyer.confirm(shop, cart_id=cart_id)

    assert failed
    assert answer.status_code == 201
    assert count(live, "SELECT reserved_quantity FROM inventory") == 2
    assert_sound(live)


@pytest.mark.parametrize(
    "due_for",
    [
        pytest.param("SELECT 1", id="an answer to apply"),
        pytest.param("DELETE FROM sandbox_payments", id="a request to send again"),
        pytest.param("UPDATE orders SET pay_deadline = now()", id="a fence to put up"),
    ],
)
def test_an_order_locked_by_a_hung_process_holds_the_sweep_up_for_seconds_only(live: Live, due_for: str) -> None:
    shop, [buyer] = prepare(live, 1)
    buyer.add(shop.products[0])
    buyer.confirm(shop, payment_token_id=card(buyer, ANSWER_IS_LOST))
    run(live, due_for)
    run(live, "UPDATE payment_operations SET next_at = now()")

    with live.engine.begin() as hung, live.app.app_context():
        hung.execute(text("SET LOCAL idle_in_transaction_session_timeout = '15s'"))
        hung.execute(text("SELECT 1 FROM orders FOR UPDATE"))
        began = time.monotonic()
        swept = sweeper.sweep()
        took = time.monotonic() - began

    assert swept["payment_operations"] == 1
    assert took < 10


def test_a_sweep_passes_over_what_another_one_holds(live: Live) -> None:
    shop, buyers = prepare(live, 2)
    for buyer in buyers:
        buyer.add(shop.products[0])
        buyer.confirm(shop, payment_token_id=card(buyer, ANSWER_IS_LOST))
    run(live, "UPDATE payment_operations SET next_at = now()")

    with live.engine.begin() as other, live.app.app_context():
        other.execute(text("SET LOCAL idle_in_transaction_session_timeout = '15s'"))
        held = other.execute(text("SELECT id FROM payment_operations ORDER BY id LIMIT 1 FOR UPDATE")).scalar_one()
        swept = sweeper.sweep()

    assert swept["payment_operations"] == 1
    states = [row.state for row in rows(live, f"SELECT state FROM payment_operations ORDER BY id = {held} DESC")]
    assert states == ["unknown", "ok"]


def test_confirm_cancel_sweep_and_webhooks_at_once_always_end_in_one_decision(live: Live) -> None:
    shop, buyers = prepare(live, ROUNDS, stock=1000)
    codes = set()

    for number, buyer in enumerate(buyers):
        codes |= {answer.status_code for answer in one_round(live, shop, buyer, lost=number % 2 == 0)}
    sweep_all(live)

    assert codes <= {200, 201, 202, 402, 404, 409}
    states = {row.status for row in rows(live, "SELECT status FROM orders")}
    assert states <= {"CREATED", "CANCELED"}
    assert count(live, "SELECT count(*) FROM orders") == ROUNDS
    assert count(live, "SELECT count(*) FROM idempotency_keys WHERE state <> 'done'") == 0
    assert count(live, f"SELECT count(*) FROM payment_operations WHERE state IN {UNSETTLED}") == 0
    assert count(live, DISAGREEMENTS) == 0
    assert_sound(live)


def one_round(live: Live, shop: Shop, buyer: Shopper, *, lost: bool) -> list[TestResponse]:
    """Confirm twice, cancel, hear of it and sweep, all at once."""
    buyer.add(shop.products[0], 2)
    token = card(buyer, ANSWER_IS_LOST if lost else ANSWERS_TWICE)
    confirm = partial(buyer.confirm, shop, key="k", cart_id=buyer.cart_id(), payment_token_id=token)

    def cancel() -> TestResponse:
        for _ in range(200):
            mine = rows(live, f"SELECT id FROM orders WHERE user_id = {buyer.user.id}")
            if mine:
                break
        return buyer.post(f"/orders/{mine[0].id if mine else 0}/cancel")

    def sweep() -> None:
        with live.app.app_context():
            for _ in range(3):
                run(live, "UPDATE payment_operations SET next_at = now() WHERE state IN ('created', 'sent', 'unknown')")
                sweeper.sweep()

    answers = at_once([confirm, confirm, cancel, sweep, sweep])
    return [answer for answer in answers if answer is not None]


def rows(live: Live, query: str) -> list[Any]:
    with live.engine.connect() as connection:
        return list(connection.execute(text(query)).all())
