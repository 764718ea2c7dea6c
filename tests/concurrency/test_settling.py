"""Two people decide about one order's money or goods at the same moment, with real commits: one of them wins."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.clients.payments import Outcome, Status
from app.clients.sandbox_payments import SandboxPayments
from app.domain.enums import Role
from app.services.payments import sweeper
from tests import databases, factories
from tests.concurrency.racing import at_once
from tests.concurrency.test_checkout import assert_sound, count
from tests.concurrency.test_picking import OPS, ROUNDS, Staff, buy, codes
from tests.conftest import Live
from tests.shopping import Shop, Shopper, make_shopper, open_shop

DESK = "/admin/payments/operations"
CLOSED = {"outcome": "done", "note": "seen at the provider"}


@pytest.fixture
def setting(live: Live) -> tuple[Shop, Shopper, list[Staff]]:
    """A shop of two products, a shopper, and two admins with a client each."""
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        shop = open_shop(session, stock=1000, products=2)
        admins = [factories.make_user(session, role=Role.ADMIN) for _ in range(2)]
        staff = [Staff(user, live.client(), factories.sign_in(session, user)) for user in admins]
        return shop, make_shopper(session, live.client()), staff


def picked(shop: Shop, shopper: Shopper, manager: Staff, **body: Any) -> int:
    """An order in progress whose lines are all picked."""
    order_id, items = buy(shop, shopper)
    assert manager.move(order_id, "IN_PROGRESS").status_code == 200
    for item_id in items:
        assert manager.mark(order_id, item_id, "PICKED").status_code == 200
    return order_id


def cancel(manager: Staff, order_id: int) -> Callable[[], TestResponse]:
    return partial(manager.post, f"{OPS}/{order_id}/cancel", json={"reason": "Closed early"})


def sweep(live: Live) -> None:
    with live.app.app_context():
        sweeper.sweep()


def make_due(live: Live, state: str) -> int:
    """Put the only capture into a state, due now; answers its id."""
    with live.engine.begin() as connection:
        change = text(
            "UPDATE payment_operations SET state = :state, next_at = now() WHERE kind = 'capture' RETURNING id"
        )
        return int(connection.execute(change, {"state": state}).scalar_one())


def test_an_order_cancelled_while_it_is_packed_keeps_no_money_and_no_goods(
    live: Live, setting: tuple[Shop, Shopper, list[Staff]]
) -> None:
    shop, shopper, (packer, canceler) = setting

    for _ in range(ROUNDS):
        order_id = picked(shop, shopper, packer)
        packed, canceled = at_once([partial(packer.move, order_id, "READY"), cancel(canceler, order_id)])

        assert canceled.status_code == 200
        assert packed.status_code in {200, 409}
    sweep(live)
    assert count(live, "SELECT count(*) FROM payments WHERE captured_amount <> refunded_amount") == 0
    assert count(live, "SELECT count(*) FROM payment_operations WHERE state NOT IN ('ok', 'failed')") == 0
    assert count(live, "SELECT count(*) FROM sandbox_payments WHERE captured_amount <> refunded_amount") == 0
    assert count(live, "SELECT sum(available_quantity) FROM inventory") == 2000
    assert_sound(live)


def test_a_packed_order_is_either_on_its_way_or_refunded(
    live: Live, setting: tuple[Shop, Shopper, list[Staff]]
) -> None:
    shop, shopper, (driver, canceler) = setting

    for _ in range(ROUNDS):
        order_id = picked(shop, shopper, driver)
        assert driver.move(order_id, "READY").status_code == 200
        sent, canceled = at_once([partial(driver.move, order_id, "OUT_FOR_DELIVERY"), cancel(canceler, order_id)])

        assert (sent.status_code, canceled.status_code) in {(200, 409), (409, 200)}
    assert_sound(live)


def test_two_managers_who_cancel_one_order_give_back_its_money_and_its_coupon_once(
    live: Live, setting: tuple[Shop, Shopper, list[Staff]]
) -> None:
    shop, shopper, managers = setting
    with live.app.app_context(), Session(live.engine) as session:
        factories.make_coupon(session, code="RACE", value=Decimal("50.00"))

    for number in range(ROUNDS):
        shopper.add(shop.products[0])
        order_id = shopper.confirm(shop, coupon_code="RACE").json["data"]["order_id"]
        calls: list[Callable[[], TestResponse]] = [cancel(manager, order_id) for manager in managers]
        if number % 2:
            calls[1] = partial(shopper.post, f"/orders/{order_id}/cancel")

        assert codes(at_once(calls)) == {200: 1, 409: 1}
    assert count(live, "SELECT used_count FROM coupons") == 0
    assert count(live, "SELECT count(*) FROM payment_operations WHERE kind = 'void' AND state = 'ok'") == ROUNDS
    assert count(live, "SELECT count(*) FROM outbox WHERE topic = 'order.canceled'") == ROUNDS
    assert_sound(live)


def test_a_capture_closed_retried_and_swept_at_once_is_booked_once(
    live: Live, setting: tuple[Shop, Shopper, list[Staff]]
) -> None:
    shop, shopper, (closer, retrier) = setting
    order_id = picked(shop, shopper, closer)
    with pytest.MonkeyPatch.context() as silent:
        silent.setattr(SandboxPayments, "capture", lambda *_args, **_named: Outcome(Status.UNKNOWN))
        assert closer.move(order_id, "READY").status_code == 200
    operation_id = make_due(live, "manual")

    answers = at_once(
        [
            partial(closer.post, f"{DESK}/{operation_id}/close", json=CLOSED),
            partial(retrier.post, f"{DESK}/{operation_id}/retry", json={}),
        ]
    )
    sweep(live)

    assert {answer.status_code for answer in answers} <= {200, 409}
    assert count(live, "SELECT captured_amount FROM payments") == 70
    assert count(live, "SELECT count(*) FROM journals WHERE reference LIKE 'capture:%'") == 1
    assert_sound(live)


def test_a_capture_declined_or_silent_when_packed_is_let_go_of_with_the_order(
    live: Live, setting: tuple[Shop, Shopper, list[Staff]]
) -> None:
    shop, shopper, (packer, canceler) = setting

    for answer in (Outcome(Status.DECLINED, failure_code="expired"), Outcome(Status.UNKNOWN)):
        order_id = picked(shop, shopper, packer)
        with pytest.MonkeyPatch.context() as odd:
            odd.setattr(SandboxPayments, "capture", lambda *_args, result=answer, **_named: result)
            assert packer.move(order_id, "READY").status_code == 200
            assert packer.move(order_id, "OUT_FOR_DELIVERY").json["error"]["code"] == "PAYMENT_NOT_CAPTURED"
        assert cancel(canceler, order_id)().status_code == 200
        with live.engine.begin() as connection:
            connection.execute(text("UPDATE payment_operations SET next_at = now()"))
        sweep(live)

    assert count(live, "SELECT count(*) FROM sandbox_payments WHERE status = 'voided'") == 2
    assert count(live, "SELECT sum(captured_amount) FROM payments") == 0
    assert count(live, "SELECT count(*) FROM payment_operations WHERE state IN ('created', 'sent', 'unknown')") == 0
    assert_sound(live)


def test_damage_recounts_edits_and_cancelling_of_the_same_shelves_never_deadlock(
    live: Live, setting: tuple[Shop, Shopper, list[Staff]]
) -> None:
    shop, shopper, (picker, manager) = setting
    log_before = len(databases.server_log())
    orders = [buy(shop, shopper) for _ in range(ROUNDS)]

    def work_on_lines() -> list[int]:
        done = []
        for order_id, (first, second) in orders:
            done.append(picker.mark(order_id, second, "REPLACED", replacement_product_id=shop.products[0].id))
            done.append(picker.mark(order_id, first, "MISSING"))
            done.append(picker.post(f"{OPS}/{order_id}/items/{second}/report-damage", json={"reason": "Broken"}))
            done.append(picker.mark(order_id, first, "PICKED"))
        return [answer.status_code for answer in done]

    def cancel_all() -> list[int]:
        return [cancel(manager, order_id)().status_code for order_id, _ in reversed(orders)]

    def count_shelves() -> list[int]:
        counter = Staff(manager.user, live.client(), manager.headers)
        answers = []
        for number in range(ROUNDS):
            product = shop.products[number % 2]
            body = {"branch_id": shop.warehouse.id, "product_id": product.id, "counted_quantity": 900}
            answers.append(counter.post("/ops/recounts", json=body))
        return [answer.status_code for answer in answers]

    results = at_once([work_on_lines, cancel_all, count_shelves])

    assert {code for answered in results for code in answered} <= {200, 201, 409}
    assert set(results[1]) == {200}
    assert "deadlock detected" not in databases.server_log()[log_before:]
    assert_sound(live)


def test_damage_whose_commit_was_lost_on_the_way_back_is_not_written_off_twice(
    live: Live, setting: tuple[Shop, Shopper, list[Staff]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, shopper, (picker, _) = setting
    order_id, (item_id, _) = buy(shop, shopper)
    real, lost = Session.commit, []

    def commit(self: Session) -> None:
        real(self)
        if not lost and count(live, "SELECT count(*) FROM pick_events"):
            lost.append(True)
            raise OperationalError("COMMIT", {}, Exception("gone"), connection_invalidated=True)

    monkeypatch.setattr(Session, "commit", commit)
    answer = picker.post(f"{OPS}/{order_id}/items/{item_id}/report-damage", json={"reason": "Broken"})

    assert lost
    assert answer.status_code == 503
    assert count(live, "SELECT sum(quantity) FROM pick_events WHERE action = 'DAMAGE'") == 1
    assert_sound(live)
