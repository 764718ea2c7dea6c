"""READY and what the provider makes of it: silence, refusal, an answer after the shop gave up, and coupons."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.clients.payments import Outcome, Status
from app.clients.sandbox_payments import SandboxPayments
from app.config import settings
from app.domain.enums import DiscountKind, OperationKind, OperationState, PickedStatus, Role, SoldBy
from app.domain.enums import OrderStatus as S
from app.models import Order, OrderDiscount, Payment, PaymentOperation
from app.services.checkout import billing
from app.services.fulfilment import handing_over, shop_canceling
from app.services.payments import provider_events, sweeper
from app.services.picking import substituting
from tests import factories
from tests.picking import Picker, bought, captured, items_of, make_picker, order_of
from tests.shopping import Shop, Shopper, assert_sound, make_shopper, one, open_shop


@pytest.fixture
def shop(session: Session) -> Shop:
    return open_shop(session, stock=20, products=2)


@pytest.fixture
def shopper(client: FlaskClient, session: Session) -> Shopper:
    return make_shopper(session, client)


@pytest.fixture
def manager(session: Session, shop: Shop) -> Picker:
    return make_picker(session, shop, Role.MANAGER)


@pytest.fixture
def order(session: Session, shopper: Shopper, shop: Shop, manager: Picker) -> Order:
    """Two and three pieces, all picked: 50.00 and 30.00 for the delivery."""
    made = bought(session, shopper, shop, 2, 3)
    pick_all(session, made, manager)
    return made


def pick_all(session: Session, order: Order, picker: Picker) -> None:
    for item in items_of(session, order):
        picker.mark(item)
    picker.move(order, S.IN_PROGRESS)


@contextmanager
def answer_lost(*, arrives: bool) -> Iterator[None]:
    """The provider is silent when asked for a capture, which it made or not."""
    real = SandboxPayments.capture

    def silent(*args: Any, **named: Any) -> Outcome:
        if arrives:
            real(*args, **named)
        return Outcome(Status.UNKNOWN)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SandboxPayments, "capture", silent)
        yield


def sweep(session: Session) -> None:
    session.execute(update(PaymentOperation).values(next_at=func.now()))
    session.commit()
    sweeper.sweep()


def operations_of(session: Session) -> dict[str, str]:
    rows = session.execute(select(PaymentOperation.kind, PaymentOperation.state).order_by(PaymentOperation.id))
    return {row.kind: row.state for row in rows}


@pytest.mark.parametrize("arrives", [True, False])
def test_what_the_provider_did_not_answer_is_captured_by_the_sweep_and_then_handed_over(
    session: Session, order: Order, manager: Picker, arrives: bool
) -> None:
    with answer_lost(arrives=arrives):
        manager.move(order, S.READY)
    with pytest.raises(handing_over.PaymentNotCaptured):
        manager.move(order, S.OUT_FOR_DELIVERY)

    sweep(session)
    manager.move(order, S.OUT_FOR_DELIVERY, S.DELIVERED)

    assert captured(session, order) == Decimal("80.00")
    assert_sound()


@pytest.mark.parametrize("arrives", [True, False])
def test_an_order_cancelled_while_its_capture_is_unknown_costs_nothing(
    session: Session, order: Order, manager: Picker, arrives: bool
) -> None:
    with answer_lost(arrives=arrives):
        manager.move(order, S.READY)
        shop_canceling.cancel_order(order_id=order.id, reason="Never collected", caller=manager.caller)

    for _ in range(3):
        sweep(session)

    paid = one(session, Payment)
    assert paid.captured_amount == paid.refunded_amount == (Decimal("80.00") if arrives else 0)
    assert set(operations_of(session).values()) <= {OperationState.OK, OperationState.FAILED}
    assert_sound()


def test_a_webhook_that_comes_before_our_answer_books_the_capture_once(
    session: Session, order: Order, manager: Picker, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = SandboxPayments.capture

    def told_first(self: SandboxPayments, **named: Any) -> Outcome:
        outcome = real(self, **named)
        assert provider_events.apply(reference=named["reference"], outcome=outcome)
        return outcome

    monkeypatch.setattr(SandboxPayments, "capture", told_first)
    manager.move(order, S.READY)

    assert captured(session, order) == Decimal("80.00")
    assert_sound()


def test_a_refused_capture_keeps_the_goods_here_until_the_shop_cancels(
    session: Session, order: Order, manager: Picker
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        refusal = Outcome(Status.DECLINED, failure_code="expired")
        patch.setattr(SandboxPayments, "capture", lambda *_args, **_named: refusal)
        manager.move(order, S.READY)
    with pytest.raises(handing_over.PaymentNotCaptured):
        manager.move(order, S.OUT_FOR_DELIVERY)

    shop_canceling.cancel_order(order_id=order.id, reason="Card expired", caller=manager.caller)

    assert operations_of(session)[OperationKind.VOID] == OperationState.OK
    assert operations_of(session)[OperationKind.CAPTURE] == OperationState.MANUAL
    assert_sound()


def test_a_coupon_counts_for_what_was_picked_up_to_its_most(
    session: Session, shopper: Shopper, shop: Shop, manager: Picker
) -> None:
    factories.make_coupon(session, code="HALF", value=Decimal("50.00"), max_discount=Decimal("12.00"))
    order = bought(session, shopper, shop, 2, 3, coupon_code="HALF")
    first, second = items_of(session, order)
    manager.mark(first, picked_quantity=1)
    manager.mark(second, picked_quantity=2)

    manager.move(order, S.IN_PROGRESS, S.READY)

    packed = order_of(session, order.id)
    assert (packed.discount_total, packed.final_discount_total) == (Decimal("12.00"), Decimal("12.00"))
    assert packed.final_total == Decimal("48.00")
    assert one(session, OrderDiscount).final_amount == Decimal("12.00")
    assert sum(item.final_tax_amount for item in items_of(session, order)) == Decimal("2.75")
    assert_sound()


def test_a_fixed_coupon_never_takes_more_than_the_goods_that_were_found(
    session: Session, shopper: Shopper, shop: Shop, manager: Picker
) -> None:
    factories.make_coupon(session, code="TWENTY", kind=DiscountKind.AMOUNT, value=Decimal("20.00"))
    order = bought(session, shopper, shop, 1, 3, coupon_code="TWENTY")
    first, second = items_of(session, order)
    manager.mark(first)
    manager.miss(second)

    manager.move(order, S.IN_PROGRESS, S.MISSING, S.READY)

    packed = order_of(session, order.id)
    assert (packed.final_items_total, packed.final_discount_total) == (Decimal("10.00"), Decimal("10.00"))
    assert captured(session, order) == Decimal("30.00")
    assert_sound()


def test_a_free_order_stays_free_though_it_weighs_more_and_goes_all_the_way(
    session: Session, shopper: Shopper, manager: Picker, shop: Shop
) -> None:
    weighed = {"sold_by": SoldBy.WEIGHT, "estimated_weight_grams": 500}
    shop.products = [factories.make_product(session, stock={shop.warehouse: 9}, **weighed)]
    factories.make_coupon(session, code="GIFT", kind=DiscountKind.AMOUNT, value=Decimal("5.00"))
    place = {"fulfillment_type": "PICKUP", "branch_id": shop.warehouse.id}
    exact = settings().model_copy(update={"weighed_buffer_percent": 0})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(billing, "settings", lambda: exact)
        order = bought(session, shopper, shop, 1, coupon_code="GIFT", **place)
    (item,) = items_of(session, order)
    manager.mark(item, weight_grams=900)

    manager.move(order, S.IN_PROGRESS, S.READY, S.DELIVERED)

    handed_over = order_of(session, order.id)
    assert session.execute(select(func.count()).select_from(Payment)).scalar_one() == 0
    assert (handed_over.final_total, handed_over.final_reduction) == (Decimal("0.00"), Decimal("4.00"))
    assert handed_over.final_tax_total == 0
    assert_sound()


def test_a_hold_for_weighed_goods_that_cost_nothing_is_let_go_of(
    session: Session, shopper: Shopper, manager: Picker, shop: Shop
) -> None:
    weighed = {"sold_by": SoldBy.WEIGHT, "estimated_weight_grams": 500}
    shop.products = [factories.make_product(session, stock={shop.warehouse: 9}, **weighed)]
    factories.make_coupon(session, code="GIFT", kind=DiscountKind.AMOUNT, value=Decimal("5.00"))
    place = {"fulfillment_type": "PICKUP", "branch_id": shop.warehouse.id}
    order = bought(session, shopper, shop, 1, coupon_code="GIFT", **place)
    (item,) = items_of(session, order)
    manager.mark(item, weight_grams=400)

    manager.move(order, S.IN_PROGRESS, S.READY)

    assert operations_of(session) == {OperationKind.AUTHORIZE: "ok", OperationKind.VOID: "ok"}
    assert one(session, Payment).captured_amount == 0
    manager.move(order, S.DELIVERED)
    assert_sound()


def test_broken_pieces_on_the_shelf_leave_a_picked_line_as_it_is(
    session: Session, order: Order, manager: Picker
) -> None:
    item = items_of(session, order)[0]

    manager.damage(item, 5)

    assert items_of(session, order)[0].picked_status is PickedStatus.PICKED
    assert_sound()


def test_a_substitute_costs_its_own_deposit_and_holds_its_own_tax(
    session: Session, shopper: Shopper, shop: Shop, manager: Picker
) -> None:
    bottle = {"price": Decimal("8.00"), "deposit": Decimal("0.30"), "tax_rate": Decimal("0.00")}
    substitute = factories.make_product(session, stock={shop.warehouse: 9}, **bottle)
    order = bought(session, shopper, shop, 2, 1)
    first, second = items_of(session, order)
    manager.replace(first, substitute)
    manager.mark(second)

    manager.move(order, S.IN_PROGRESS, S.READY)

    packed = order_of(session, order.id)
    assert (packed.final_items_total, packed.final_deposit_total) == (Decimal("26.00"), Decimal("0.60"))
    assert [item.final_tax_amount for item in items_of(session, order)] == [Decimal("0.00"), Decimal("1.53")]
    assert captured(session, order) == Decimal("56.60")
    assert_sound()


def test_deposits_are_charged_for_the_bottles_in_the_bag(
    session: Session, shopper: Shopper, shop: Shop, manager: Picker
) -> None:
    shop.products = [factories.make_product(session, stock={shop.warehouse: 9}, deposit=Decimal("0.30"))]
    order = bought(session, shopper, shop, 3)
    (item,) = items_of(session, order)
    manager.mark(item, picked_quantity=2)

    manager.move(order, S.IN_PROGRESS, S.READY)

    assert order_of(session, order.id).final_deposit_total == Decimal("0.60")
    assert captured(session, order) == Decimal("50.60")


def test_after_a_refusal_another_product_may_be_proposed_and_the_refused_one_not(
    session: Session, shopper: Shopper, shop: Shop, manager: Picker
) -> None:
    refused, other = (factories.make_product(session, stock={shop.warehouse: 9}) for _ in range(2))
    order = bought(session, shopper, shop, 1)
    (item,) = items_of(session, order)
    customer = factories.caller_of(session, shopper.user)
    manager.replace(item, refused)
    substituting.decide(order_id=order.id, item_id=item.id, accept=False, caller=customer)

    with pytest.raises(substituting.SubstitutionNotWanted):
        manager.replace(item, refused)
    manager.replace(item, other)

    assert items_of(session, order)[0].picked_status is PickedStatus.REPLACED
    assert_sound()


def test_a_replaced_line_forgets_what_it_weighed(
    session: Session, shopper: Shopper, shop: Shop, manager: Picker
) -> None:
    weighed = {"sold_by": SoldBy.WEIGHT, "estimated_weight_grams": 500}
    substitute = shop.products[0]
    shop.products = [factories.make_product(session, stock={shop.warehouse: 9}, **weighed)]
    order = bought(session, shopper, shop, 1)
    (item,) = items_of(session, order)
    manager.mark(item, weight_grams=400)

    manager.replace(item, substitute)

    replaced = items_of(session, order)[0]
    assert (replaced.picked_quantity, replaced.picked_weight_grams) == (None, None)
