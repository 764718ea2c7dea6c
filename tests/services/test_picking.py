"""Picking: every piece explained, every order charged for what was picked and no more than was held."""

from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.enums import OperationKind, PickedStatus, Role, SoldBy, SubstitutionStatus
from app.domain.enums import OrderStatus as S
from app.errors import Forbidden
from app.models import (
    AuditEvent,
    Entry,
    Inventory,
    Order,
    OrderItem,
    OutboxEvent,
    Payment,
    PaymentOperation,
    PickEvent,
    StockMovement,
)
from app.schemas.deliveries import FailedAttemptRequest, HandOverRequest
from app.schemas.stock import NewRecount
from app.services.fulfilment import handing_over, moving, shop_canceling
from app.services.orders.finding import StaffOrderNotFound
from app.services.picking import claiming, holding, lines, marking, packing, substituting
from app.services.stock import recounts
from tests import factories
from tests.picking import Picker, bought, captured, items_of, make_picker, order_of, stock_of, substitution_of
from tests.shopping import Shop, Shopper, assert_sound, make_shopper, open_shop


@pytest.fixture
def shop(session: Session) -> Shop:
    """Three products at 10.00, 20 pieces of each."""
    return open_shop(session, stock=20, products=3)


@pytest.fixture
def shopper(client: FlaskClient, session: Session) -> Shopper:
    return make_shopper(session, client)


@pytest.fixture
def picker(session: Session, shop: Shop) -> Picker:
    return make_picker(session, shop)


@pytest.fixture
def manager(session: Session, shop: Shop) -> Picker:
    return make_picker(session, shop, Role.MANAGER)


@pytest.fixture
def order(session: Session, shopper: Shopper, shop: Shop) -> Order:
    """Two, three and one pieces: 60.00 and 30.00 for the delivery."""
    return bought(session, shopper, shop, 2, 3, 1)


def pick_all(session: Session, order: Order, picker: Picker) -> None:
    for item in items_of(session, order):
        picker.mark(item)


def audit_of(session: Session, order: Order, action: str) -> list[AuditEvent]:
    statement = select(AuditEvent).where(AuditEvent.entity_type == "order", AuditEvent.entity_id == order.id)
    return list(session.execute(statement.where(AuditEvent.action == action).order_by(AuditEvent.id)).scalars())


def movements_of(session: Session, product: Any) -> list[tuple[str, int, int]]:
    """(kind, available, reserved) of every movement of a product, the oldest first."""
    columns = (StockMovement.kind, StockMovement.available_change, StockMovement.reserved_change)
    rows = select(*columns).where(StockMovement.product_id == product.id).order_by(StockMovement.id)
    return [tuple(row) for row in session.execute(rows)]


def audit_of_line(session: Session, item: OrderItem, action: str) -> AuditEvent:
    statement = select(AuditEvent).where(AuditEvent.entity_type == "order_item", AuditEvent.entity_id == item.id)
    return session.execute(statement.where(AuditEvent.action == action)).scalar_one()


def operations_of(session: Session, order: Order) -> dict[OperationKind, Decimal]:
    rows = session.execute(
        select(PaymentOperation.kind, PaymentOperation.amount)
        .join(Payment, Payment.id == PaymentOperation.payment_id)
        .where(Payment.order_id == order.id)
    )
    return {row.kind: row.amount for row in rows}


def topics_of(session: Session, order: Order) -> list[str]:
    statement = select(OutboxEvent.topic).where(OutboxEvent.aggregate == f"order:{order.id}").order_by(OutboxEvent.id)
    return list(session.execute(statement).scalars())


def test_a_claimed_order_is_in_progress_and_belongs_to_one_picker(
    session: Session, order: Order, shop: Shop, picker: Picker
) -> None:
    other = make_picker(session, shop)

    picker.claim(order)
    picker.claim(order)

    claimed = order_of(session, order.id)
    assert (claimed.status, claimed.picker_id) == (S.IN_PROGRESS, picker.caller.user_id)
    with pytest.raises(claiming.OrderClaimed) as refused:
        other.claim(order)
    assert refused.value.details["picker_id"] == picker.caller.user_id
    assert len(audit_of(session, order, "CLAIM")) == 1


def test_the_first_mark_claims_and_nobody_else_may_mark(
    session: Session, order: Order, shop: Shop, picker: Picker, manager: Picker
) -> None:
    first, second, _ = items_of(session, order)

    picker.mark(first)

    for other in (make_picker(session, shop), manager):
        with pytest.raises(claiming.OrderClaimed):
            other.mark(second)
        with pytest.raises(claiming.OrderClaimed):
            other.damage(second)
    assert items_of(session, order)[1].picked_status is PickedStatus.PENDING


def test_a_manager_takes_over_and_an_employee_does_not(
    session: Session, order: Order, shop: Shop, picker: Picker, manager: Picker
) -> None:
    picker.claim(order)

    with pytest.raises(Forbidden):
        make_picker(session, shop).claim(order, take_over=True)
    manager.claim(order, take_over=True)

    assert order_of(session, order.id).picker_id == manager.caller.user_id
    with pytest.raises(claiming.OrderClaimed):
        picker.mark(items_of(session, order)[0])


def test_an_order_given_back_can_be_claimed_by_somebody_else(
    session: Session, order: Order, shop: Shop, picker: Picker
) -> None:
    other = make_picker(session, shop)
    picker.claim(order)

    with pytest.raises(claiming.OrderClaimed):
        claiming.give_back(order_id=order.id, caller=other.caller)
    claiming.give_back(order_id=order.id, caller=picker.caller)
    other.claim(order)

    assert order_of(session, order.id).picker_id == other.caller.user_id


def test_an_order_of_another_branch_is_not_found(session: Session, order: Order, shop: Shop) -> None:
    elsewhere = factories.make_location(session)
    stranger = Picker(session, factories.caller_of(session, factories.make_employee(session, elsewhere)))
    item = items_of(session, order)[0]

    with pytest.raises(StaffOrderNotFound):
        stranger.claim(order)
    with pytest.raises(StaffOrderNotFound):
        stranger.mark(item)
    with pytest.raises(StaffOrderNotFound):
        stranger.move(order, S.IN_PROGRESS)
    with pytest.raises(StaffOrderNotFound):
        handing_over.leave(order_id=order.id, caller=stranger.caller)


def test_a_line_of_another_order_is_not_found(session: Session, order: Order, picker: Picker) -> None:
    foreign = factories.make_order(session, factories.make_user(session), stock_location_id=order.stock_location_id)
    item = items_of(session, foreign)[0]
    item.order_id = order.id

    with session.no_autoflush, pytest.raises(lines.OrderItemNotFound):
        picker.mark(item)


def test_missing_pieces_leave_the_stock_at_once_and_the_shelf_is_to_be_counted(
    session: Session, order: Order, shop: Shop, picker: Picker
) -> None:
    item = items_of(session, order)[1]

    picker.mark(item, PickedStatus.MISSING, reason="Shelf empty")

    assert stock_of(session, shop.products[1], shop) == (17, 0)
    marked = items_of(session, order)[1]
    assert (marked.held_quantity, marked.missing_quantity, marked.missing_reason) == (0, 3, "Shelf empty")
    assert session.execute(select(Inventory.needs_recount).where(Inventory.needs_recount)).all() == [(True,)]
    assert_sound()


def test_what_turns_up_again_is_held_again(session: Session, order: Order, shop: Shop, picker: Picker) -> None:
    item = items_of(session, order)[1]

    picker.miss(item)
    picker.undo(item)
    assert stock_of(session, shop.products[1], shop) == (17, 3)
    picker.miss(item)
    picker.mark(item)

    assert stock_of(session, shop.products[1], shop) == (17, 3)
    assert items_of(session, order)[1].picked_status is PickedStatus.PICKED
    assert_sound()


def test_a_line_picked_short_writes_off_the_rest_and_can_be_completed(
    session: Session, order: Order, shop: Shop, picker: Picker
) -> None:
    item = items_of(session, order)[1]

    picker.mark(item, picked_quantity=1)
    assert stock_of(session, shop.products[1], shop) == (17, 1)
    picker.mark(item, picked_quantity=3)

    assert stock_of(session, shop.products[1], shop) == (17, 3)
    assert_sound()


def test_more_than_was_ordered_is_not_picked(session: Session, order: Order, picker: Picker) -> None:
    with pytest.raises(marking.MoreThanOrdered):
        picker.mark(items_of(session, order)[1], picked_quantity=4)

    assert session.execute(select(PickEvent)).all() == []


def test_broken_pieces_leave_the_line_and_picking_takes_others_from_the_shelf(
    session: Session, order: Order, shop: Shop, picker: Picker
) -> None:
    item = items_of(session, order)[1]

    picker.damage(item, 2)
    assert stock_of(session, shop.products[1], shop) == (17, 1)
    picker.mark(item)

    assert stock_of(session, shop.products[1], shop) == (15, 3)
    assert_sound()


def test_damage_followed_by_missing_writes_off_no_piece_twice(
    session: Session, order: Order, shop: Shop, picker: Picker
) -> None:
    item = items_of(session, order)[1]

    picker.damage(item, 1)
    picker.miss(item)

    assert stock_of(session, shop.products[1], shop) == (17, 0)
    assert items_of(session, order)[1].missing_quantity == 2
    assert_sound()


def test_a_picked_line_that_loses_pieces_has_to_be_picked_again(session: Session, order: Order, picker: Picker) -> None:
    item = items_of(session, order)[1]
    picker.mark(item)

    picker.damage(item, 1)

    assert items_of(session, order)[1].picked_status is PickedStatus.PENDING
    assert_sound()


def test_more_broken_pieces_than_there_are_is_refused(
    session: Session, order: Order, shop: Shop, picker: Picker
) -> None:
    with pytest.raises(holding.OutOfStock):
        picker.damage(items_of(session, order)[1], 18)

    assert stock_of(session, shop.products[1], shop) == (17, 3)


def test_picking_again_what_is_broken_needs_stock(session: Session, client: FlaskClient, shopper: Shopper) -> None:
    shop = open_shop(session, stock=2)
    order = bought(session, shopper, shop, 2)
    picker = make_picker(session, shop)
    item = items_of(session, order)[0]
    picker.damage(item, 1)

    with pytest.raises(holding.OutOfStock) as refused:
        picker.mark(item)

    assert refused.value.details == {
        "product_id": shop.products[0].id,
        "requested_quantity": 1,
        "available_quantity": 0,
    }
    picker.mark(item, picked_quantity=1)
    assert_sound()


@pytest.fixture
def cheap(session: Session, shop: Shop) -> Any:
    return factories.make_product(session, stock={shop.warehouse: 10}, price=Decimal("7.00"), name="Cheap")


@pytest.fixture
def dear(session: Session, shop: Shop) -> Any:
    return factories.make_product(session, stock={shop.warehouse: 10}, price=Decimal("25.00"), name="Dear")


def test_a_substitute_is_reserved_proposed_and_told(
    session: Session, order: Order, shop: Shop, picker: Picker, cheap: Any
) -> None:
    item = items_of(session, order)[1]

    picker.replace(item, cheap)

    substitution = substitution_of(session, item)
    assert (substitution.status, substitution.quantity) == (SubstitutionStatus.PROPOSED, 3)
    assert (substitution.unit_price, substitution.line_total) == (Decimal("7.00"), Decimal("21.00"))
    assert stock_of(session, cheap, shop) == (7, 3)
    assert stock_of(session, shop.products[1], shop) == (17, 0)
    assert "order.substitution_proposed" in topics_of(session, order)
    assert_sound()


def test_a_dearer_substitute_costs_no_more_than_what_it_replaces(
    session: Session, order: Order, picker: Picker, dear: Any
) -> None:
    item = items_of(session, order)[1]

    picker.replace(item, dear)

    assert substitution_of(session, item).line_total == Decimal("30.00")


def test_a_withdrawn_substitute_goes_back_on_the_shelf(
    session: Session, order: Order, shop: Shop, picker: Picker, cheap: Any, dear: Any
) -> None:
    item = items_of(session, order)[1]

    picker.replace(item, cheap)
    picker.replace(item, dear, replacement_quantity=1)
    picker.mark(item)

    assert stock_of(session, cheap, shop) == (10, 0)
    assert stock_of(session, dear, shop) == (10, 0)
    assert stock_of(session, shop.products[1], shop) == (17, 3)
    assert substitution_of(session, item).status is SubstitutionStatus.WITHDRAWN
    assert_sound()


def test_a_substitute_that_is_not_there_is_refused_and_nothing_changes(
    session: Session, order: Order, shop: Shop, picker: Picker, cheap: Any
) -> None:
    item = items_of(session, order)[1]

    with pytest.raises(holding.OutOfStock):
        picker.replace(item, cheap, replacement_quantity=11)

    assert items_of(session, order)[1].picked_status is PickedStatus.PENDING
    assert stock_of(session, shop.products[1], shop) == (17, 3)
    assert_sound()


def test_neither_the_same_nor_an_inactive_nor_a_strange_product_replaces_a_line(
    session: Session, order: Order, shop: Shop, picker: Picker
) -> None:
    item = items_of(session, order)[1]
    inactive = factories.make_product(session, stock={shop.warehouse: 5}, is_active=False)

    with pytest.raises(substituting.SameProduct):
        picker.replace(item, shop.products[1])
    with pytest.raises(substituting.SubstituteNotFound):
        picker.replace(item, inactive)


def test_a_customer_who_wants_the_money_gets_no_substitute(
    session: Session, shopper: Shopper, shop: Shop, picker: Picker, cheap: Any
) -> None:
    wish = {"product_id": shop.products[0].id, "preference": "REFUND"}
    order = bought(session, shopper, shop, 1, substitutions=[wish])

    with pytest.raises(substituting.SubstitutionNotWanted):
        picker.replace(items_of(session, order)[0], cheap)


def test_a_product_the_customer_named_is_taken_without_asking_and_no_other(
    session: Session, shopper: Shopper, shop: Shop, picker: Picker, cheap: Any, dear: Any
) -> None:
    wish = {"product_id": shop.products[0].id, "preference": "THIS_PRODUCT", "preferred_product_id": cheap.id}
    order = bought(session, shopper, shop, 1, substitutions=[wish])
    item = items_of(session, order)[0]

    with pytest.raises(substituting.SubstitutionNotWanted):
        picker.replace(item, dear)
    picker.replace(item, cheap)

    assert substitution_of(session, item).status is SubstitutionStatus.ACCEPTED
    assert "order.substitution_proposed" not in topics_of(session, order)


def test_the_customer_refuses_and_the_line_is_missing_and_not_charged(
    session: Session, order: Order, shop: Shop, shopper: Shopper, picker: Picker, cheap: Any
) -> None:
    first, second, third = items_of(session, order)
    picker.move(order, S.IN_PROGRESS)
    picker.mark(first)
    picker.mark(third)
    picker.replace(second, cheap)
    path = f"/orders/{order.id}/items/{second.id}/substitution"

    accepted = shopper.post(path, json={"accept": True})
    refused = shopper.post(path, json={"accept": False})
    again = shopper.post(path, json={"accept": True})

    assert [accepted.status_code, refused.status_code, again.status_code] == [200, 200, 404]
    assert items_of(session, order)[1].picked_status is PickedStatus.MISSING
    assert stock_of(session, cheap, shop) == (10, 0)
    with pytest.raises(substituting.SubstitutionNotWanted):
        picker.replace(items_of(session, order)[1], cheap)
    picker.move(order, S.MISSING, S.READY)
    assert captured(session, order) == Decimal("60.00")
    assert_sound()


def test_a_packed_order_takes_no_more_answers_and_silence_was_a_yes(
    session: Session, order: Order, shopper: Shopper, picker: Picker, cheap: Any
) -> None:
    first, second, third = items_of(session, order)
    picker.move(order, S.IN_PROGRESS)
    picker.mark(first)
    picker.mark(third)
    picker.replace(second, cheap)
    picker.move(order, S.READY)

    answer = shopper.post(f"/orders/{order.id}/items/{second.id}/substitution", json={"accept": False})

    assert (answer.status_code, answer.json["error"]["code"]) == (409, "SUBSTITUTION_CLOSED")
    assert substitution_of(session, second).status is SubstitutionStatus.ACCEPTED
    assert captured(session, order) == Decimal("81.00")


def test_a_stranger_decides_nothing(
    session: Session, order: Order, client: FlaskClient, picker: Picker, cheap: Any
) -> None:
    item = items_of(session, order)[1]
    picker.replace(item, cheap)
    stranger = make_shopper(session, client)

    answer = stranger.post(f"/orders/{order.id}/items/{item.id}/substitution", json={"accept": True})

    assert answer.status_code == 404


def test_one_missing_and_one_replaced_line_are_captured_at_the_right_sum_and_delivered(
    session: Session, order: Order, shop: Shop, picker: Picker, manager: Picker, cheap: Any
) -> None:
    first, second, third = items_of(session, order)
    picker.claim(order)
    picker.mark(first)
    picker.replace(second, cheap)
    picker.miss(third)

    with pytest.raises(packing.NotAllPicked):
        picker.move(order, S.READY)
    picker.move(order, S.MISSING, S.READY)
    manager.move(order, S.OUT_FOR_DELIVERY, S.DELIVERED)

    done = order_of(session, order.id)
    assert (done.status, done.final_items_total, done.final_total) == (S.DELIVERED, Decimal("41.00"), Decimal("71.00"))
    assert captured(session, order) == Decimal("71.00")
    assert stock_of(session, shop.products[0], shop) == (18, 0)
    assert stock_of(session, cheap, shop) == (7, 0)
    assert [row.new_value["status"] for row in audit_of(session, order, "UPDATE_STATUS")] == [
        "CREATED",
        "IN_PROGRESS",
        "MISSING",
        "READY",
        "OUT_FOR_DELIVERY",
        "DELIVERED",
    ]
    assert topics_of(session, order)[-3:] == ["order.ready", "order.out_for_delivery", "order.delivered"]
    assert_sound()


def test_money_earned_is_booked_when_the_goods_are_handed_over(
    session: Session, order: Order, picker: Picker, manager: Picker
) -> None:
    picker.claim(order)
    pick_all(session, order, picker)
    picker.move(order, S.READY)
    manager.move(order, S.OUT_FOR_DELIVERY, S.DELIVERED)

    done = order_of(session, order.id)
    sums: dict[str, Decimal] = {}
    for account, amount in session.execute(select(Entry.account_id, Entry.amount)):
        sums[account] = sums.get(account, Decimal(0)) + amount
    assert sorted(sums.values()) == sorted(
        [-done.final_total, Decimal("0.00"), done.final_total - done.final_tax_total, done.final_tax_total]
    )


@pytest.mark.parametrize(
    ("grams", "charged", "reduction"),
    [(800, "50.00", "0.00"), (1000, "55.00", "0.00"), (1100, "57.50", "0.00"), (1300, "57.50", "5.00")],
    ids=["below", "as estimated", "equal to the authorization", "above"],
)
def test_weighed_goods_are_charged_by_weight_but_never_above_the_authorization(
    session: Session, shopper: Shopper, grams: int, charged: str, reduction: str
) -> None:
    """Two pieces of 500 g at 25.00 a kilogram: 25.00 and 30.00 delivery, and a hold with 10 % on the weighed part."""
    shop = open_shop(
        session, stock=5, price=Decimal("25.00"), sold_by=SoldBy.WEIGHT, estimated_weight_grams=500, unit="kg"
    )
    order = bought(session, shopper, shop, 2)
    picker = make_picker(session, shop)
    picker.claim(order)
    picker.mark(items_of(session, order)[0], weight_grams=grams)

    picker.move(order, S.READY)

    ready = order_of(session, order.id)
    assert (ready.final_total, ready.final_reduction) == (Decimal(charged), Decimal(reduction))
    assert captured(session, order) == Decimal(charged)
    assert operations_of(session, order)[OperationKind.CAPTURE] == Decimal(charged)
    assert_sound()


def test_weighed_goods_nobody_weighed_are_charged_as_estimated(session: Session, shopper: Shopper) -> None:
    shop = open_shop(session, price=Decimal("25.00"), sold_by=SoldBy.WEIGHT, estimated_weight_grams=500)
    order = bought(session, shopper, shop, 2)
    picker = make_picker(session, shop)
    picker.claim(order)
    pick_all(session, order, picker)

    picker.move(order, S.READY)

    assert captured(session, order) == Decimal("55.00")


@pytest.mark.parametrize("grams", [3001, 100_000])
def test_a_weight_beyond_all_likelihood_is_a_slip_of_the_hand(session: Session, shopper: Shopper, grams: int) -> None:
    shop = open_shop(session, price=Decimal("25.00"), sold_by=SoldBy.WEIGHT, estimated_weight_grams=500)
    order = bought(session, shopper, shop, 2)

    with pytest.raises(marking.WeightNotPlausible):
        make_picker(session, shop).mark(items_of(session, order)[0], weight_grams=grams)


def test_goods_sold_by_the_piece_are_not_weighed(session: Session, order: Order, picker: Picker) -> None:
    with pytest.raises(marking.WeightNotPlausible):
        picker.mark(items_of(session, order)[0], weight_grams=500)


def test_an_order_with_a_line_to_pick_is_not_ready(session: Session, order: Order, picker: Picker) -> None:
    picker.claim(order)
    picker.mark(items_of(session, order)[0])

    with pytest.raises(packing.NotAllPicked) as refused:
        picker.move(order, S.READY)

    assert refused.value.details == {"pending": 2, "missing": 0}
    assert order_of(session, order.id).final_total is None


def test_an_order_without_any_goods_is_cancelled_and_never_ready(
    session: Session, order: Order, shop: Shop, picker: Picker, manager: Picker
) -> None:
    picker.claim(order)
    for item in items_of(session, order):
        picker.miss(item)
    picker.move(order, S.MISSING)

    with pytest.raises(packing.NotAllPicked):
        picker.move(order, S.READY)
    with pytest.raises(Forbidden):
        picker.move(order, S.CANCELED)
    manager.move(order, S.CANCELED)

    assert OperationKind.VOID in operations_of(session, order)
    assert order_of(session, order.id).cancel_reason == "store"
    assert stock_of(session, shop.products[0], shop) == (18, 0)
    assert_sound()


def test_an_order_is_missing_only_because_of_a_line(session: Session, order: Order, picker: Picker) -> None:
    picker.claim(order)

    with pytest.raises(moving.NothingMissing):
        picker.move(order, S.MISSING)


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ([], S.READY),
        ([], S.DELIVERED),
        ([], S.CANCELED),
        ([S.IN_PROGRESS], S.CREATED),
        ([S.IN_PROGRESS], S.OUT_FOR_DELIVERY),
        ([S.IN_PROGRESS], S.CANCELED),
        ([S.IN_PROGRESS, S.READY], S.IN_PROGRESS),
        ([S.IN_PROGRESS, S.READY], S.DELIVERED),
        ([S.IN_PROGRESS, S.READY, S.OUT_FOR_DELIVERY], S.READY),
        ([S.IN_PROGRESS, S.READY, S.OUT_FOR_DELIVERY, S.DELIVERED], S.DELAYED),
        ([S.DELAYED], S.IN_PROGRESS),
        ([S.IN_PROGRESS, S.DELAYED], S.CREATED),
        ([S.IN_PROGRESS, S.READY, S.DELAYED], S.OUT_FOR_DELIVERY),
    ],
)
def test_a_move_the_table_does_not_know_is_refused(
    session: Session, order: Order, manager: Picker, path: list[S], to: S
) -> None:
    pick_all(session, order, manager)
    manager.move(order, *path)

    with pytest.raises(moving.InvalidTransition) as refused:
        manager.move(order, to)

    assert refused.value.details["to"] == to
    assert to not in refused.value.details["allowed"]


@pytest.mark.parametrize("to", [S.OUT_FOR_DELIVERY, S.DELAYED])
def test_an_employee_sends_nothing_out_and_delays_nothing(
    session: Session, order: Order, picker: Picker, to: S
) -> None:
    picker.claim(order)
    pick_all(session, order, picker)
    picker.move(order, S.READY)

    with pytest.raises(Forbidden):
        picker.move(order, to)


def test_a_delay_leads_back_to_where_it_came_from_and_captures_nothing_twice(
    session: Session, order: Order, manager: Picker
) -> None:
    pick_all(session, order, manager)

    manager.move(order, S.DELAYED, S.CREATED, S.IN_PROGRESS, S.DELAYED, S.IN_PROGRESS, S.READY, S.DELAYED, S.READY)

    assert order_of(session, order.id).delayed_from is None
    assert captured(session, order) == Decimal("90.00")
    assert_sound()


def test_lines_are_marked_only_while_the_order_is_picked(session: Session, order: Order, manager: Picker) -> None:
    pick_all(session, order, manager)
    manager.move(order, S.IN_PROGRESS, S.READY)
    item = items_of(session, order)[0]

    with pytest.raises(claiming.NotPickable):
        manager.miss(item)
    with pytest.raises(claiming.NotPickable):
        manager.damage(item)


def test_a_pickup_is_handed_over_at_the_counter_by_anybody_of_the_branch(
    session: Session, shopper: Shopper, shop: Shop, picker: Picker
) -> None:
    order = bought(session, shopper, shop, 1, fulfillment_type="PICKUP", branch_id=shop.warehouse.id)
    picker.claim(order)
    pick_all(session, order, picker)
    picker.move(order, S.READY)

    with pytest.raises(handing_over.NotOnItsWay):
        handing_over.leave(order_id=order.id, caller=picker.caller)
    handing_over.deliver(order_id=order.id, form=HandOverRequest(received_by="Noa"), caller=picker.caller)

    assert order_of(session, order.id).status is S.DELIVERED
    assert_sound()


def test_only_the_assigned_driver_or_a_manager_drives(
    session: Session, order: Order, shop: Shop, picker: Picker, manager: Picker
) -> None:
    driver, other = make_picker(session, shop), make_picker(session, shop)
    pick_all(session, order, manager)
    manager.move(order, S.IN_PROGRESS, S.READY)
    handing_over.assign_driver(order_id=order.id, driver_id=driver.caller.user_id, caller=manager.caller)

    with pytest.raises(Forbidden):
        handing_over.leave(order_id=order.id, caller=other.caller)
    with pytest.raises(Forbidden):
        handing_over.assign_driver(order_id=order.id, driver_id=driver.caller.user_id, caller=other.caller)
    handing_over.leave(order_id=order.id, caller=driver.caller)
    with pytest.raises(Forbidden):
        handing_over.deliver(order_id=order.id, form=HandOverRequest(received_by="Noa"), caller=other.caller)
    handing_over.deliver(order_id=order.id, form=HandOverRequest(photo_reference="p-1"), caller=driver.caller)

    assert order_of(session, order.id).status is S.DELIVERED


def test_a_driver_works_at_the_branch(session: Session, order: Order, manager: Picker) -> None:
    elsewhere = factories.make_employee(session, factories.make_location(session))
    customer = factories.make_user(session)
    pick_all(session, order, manager)
    manager.move(order, S.IN_PROGRESS, S.READY)

    for stranger in (elsewhere.id, customer.id, 10**9):
        with pytest.raises(handing_over.DriverNotFound):
            handing_over.assign_driver(order_id=order.id, driver_id=stranger, caller=manager.caller)


def test_a_failed_attempt_delays_the_order_and_it_sets_out_again(
    session: Session, order: Order, shop: Shop, manager: Picker
) -> None:
    driver = make_picker(session, shop)
    pick_all(session, order, manager)
    manager.move(order, S.IN_PROGRESS, S.READY)
    handing_over.leave(order_id=order.id, caller=driver.caller)

    handing_over.fail(order_id=order.id, form=FailedAttemptRequest(reason="Nobody home"), caller=driver.caller)
    assert order_of(session, order.id).status is S.DELAYED
    handing_over.leave(order_id=order.id, caller=driver.caller)
    handing_over.deliver(order_id=order.id, form=HandOverRequest(received_by="Noa"), caller=driver.caller)

    assert order_of(session, order.id).status is S.DELIVERED
    assert "order.delivery_failed" in topics_of(session, order)
    assert_sound()


@pytest.mark.parametrize("path", [[], [S.IN_PROGRESS], [S.DELAYED]])
def test_the_shop_cancels_before_packing_and_lets_go_of_the_hold(
    session: Session, order: Order, shop: Shop, manager: Picker, path: list[S]
) -> None:
    manager.move(order, *path)

    shop_canceling.cancel_order(order_id=order.id, reason="Power cut", caller=manager.caller)

    assert OperationKind.VOID in operations_of(session, order)
    assert stock_of(session, shop.products[0], shop) == (20, 0)
    assert audit_of(session, order, "CANCEL")[0].new_value["note"] == "Power cut"
    assert_sound()


def test_the_shop_cancels_a_packed_order_and_refunds_it(
    session: Session, order: Order, shop: Shop, manager: Picker, cheap: Any
) -> None:
    first, second, third = items_of(session, order)
    manager.mark(first)
    manager.mark(second)
    manager.replace(third, cheap)
    manager.move(order, S.IN_PROGRESS, S.READY)

    shop_canceling.cancel_order(order_id=order.id, reason="Never collected", caller=manager.caller)

    assert operations_of(session, order)[OperationKind.REFUND] == Decimal("87.00")
    assert stock_of(session, cheap, shop) == (10, 0)
    assert stock_of(session, shop.products[0], shop) == (20, 0)
    assert_sound()


def test_an_order_on_its_way_is_not_cancelled(session: Session, order: Order, manager: Picker) -> None:
    pick_all(session, order, manager)
    manager.move(order, S.IN_PROGRESS, S.READY, S.OUT_FOR_DELIVERY)

    with pytest.raises(shop_canceling.NotCancellableByShop):
        shop_canceling.cancel_order(order_id=order.id, reason="Too late", caller=manager.caller)


def test_goods_stay_while_the_payment_is_not_captured(session: Session, order: Order, manager: Picker) -> None:
    pick_all(session, order, manager)
    manager.move(order, S.IN_PROGRESS, S.READY)
    session.execute(select(Payment)).scalar_one().captured_amount = Decimal("0.00")
    session.commit()

    with pytest.raises(handing_over.PaymentNotCaptured):
        manager.move(order, S.OUT_FOR_DELIVERY)


def test_what_turns_up_after_the_shelf_was_counted_is_not_in_the_stock_twice(
    session: Session, order: Order, shop: Shop, picker: Picker, manager: Picker
) -> None:
    item, product = items_of(session, order)[1], shop.products[1]
    picker.miss(item)
    recounts.recount(
        NewRecount(branch_id=shop.warehouse.id, product_id=product.id, counted_quantity=20), manager.caller
    )

    picker.undo(item)

    assert stock_of(session, product, shop) == (17, 3)
    assert items_of(session, order)[1].missing_quantity == 0
    assert_sound()


def test_what_was_written_off_after_the_count_turns_up_and_the_rest_comes_from_the_shelf(
    session: Session, order: Order, shop: Shop, picker: Picker, manager: Picker
) -> None:
    item, product = items_of(session, order)[1], shop.products[1]
    picker.mark(item, picked_quantity=2)
    recounts.recount(
        NewRecount(branch_id=shop.warehouse.id, product_id=product.id, counted_quantity=18), manager.caller
    )
    picker.miss(item)

    picker.mark(item)

    assert stock_of(session, product, shop) == (17, 3)
    assert_sound()


def test_what_was_counted_and_sold_to_others_cannot_be_found(
    session: Session, order: Order, shop: Shop, picker: Picker, manager: Picker
) -> None:
    item, product = items_of(session, order)[1], shop.products[1]
    picker.miss(item)
    recounts.recount(NewRecount(branch_id=shop.warehouse.id, product_id=product.id, counted_quantity=2), manager.caller)

    with pytest.raises(holding.OutOfStock):
        picker.undo(item)
    picker.mark(item, picked_quantity=2)

    assert stock_of(session, product, shop) == (0, 2)
    assert_sound()


def test_a_broken_substitute_leaves_the_stock_and_the_line_is_picked_again(
    session: Session, order: Order, shop: Shop, picker: Picker, cheap: Any
) -> None:
    item = items_of(session, order)[0]
    picker.replace(item, cheap)

    picker.damage(item)

    assert stock_of(session, cheap, shop) == (9, 0)
    assert stock_of(session, shop.products[0], shop) == (18, 0)
    assert items_of(session, order)[0].picked_status is PickedStatus.PENDING
    assert substitution_of(session, item).status is SubstitutionStatus.WITHDRAWN
    noted = audit_of_line(session, item, "REPORT_DAMAGE")
    assert noted.context["product_id"] == cheap.id
    assert (noted.old_value["picked_status"], noted.old_value["held_quantity"]) == ("REPLACED", 2)
    assert (noted.new_value["picked_status"], noted.new_value["held_quantity"]) == ("PENDING", 0)
    assert_sound()


def test_the_audit_of_a_mark_names_the_substitute_before_and_after(
    session: Session, order: Order, shop: Shop, picker: Picker, cheap: Any
) -> None:
    item = items_of(session, order)[0]

    picker.replace(item, cheap)
    picker.mark(item, PickedStatus.PICKED)

    rows = select(AuditEvent).where(AuditEvent.action == "UPDATE_PICK_STATUS").order_by(AuditEvent.id)
    replaced, picked = session.execute(rows).scalars()
    assert "replacement_product_id" not in replaced.old_value
    assert replaced.new_value["replacement_product_id"] == cheap.id
    assert picked.old_value["replacement_product_id"] == cheap.id
    assert "replacement_product_id" not in picked.new_value


def test_substitutes_broken_on_the_shelf_leave_those_in_the_bag_alone(
    session: Session, order: Order, shop: Shop, picker: Picker, cheap: Any
) -> None:
    item = items_of(session, order)[0]
    picker.replace(item, cheap)

    picker.damage(item, 3)

    assert stock_of(session, cheap, shop) == (5, 2)
    assert items_of(session, order)[0].picked_status is PickedStatus.REPLACED
    assert_sound()


def test_some_of_the_missing_pieces_turn_up_and_the_others_stay_written_off(
    session: Session, order: Order, shop: Shop, picker: Picker
) -> None:
    item = items_of(session, order)[1]
    picker.miss(item)

    picker.mark(item, picked_quantity=2)

    found = items_of(session, order)[1]
    assert (found.held_quantity, found.missing_quantity) == (2, 1)
    assert stock_of(session, shop.products[1], shop) == (17, 2)
    assert [kind for kind, *_ in movements_of(session, shop.products[1])] == ["opening", "allocate", "missing", "found"]


def test_every_piece_a_line_holds_may_break(session: Session, order: Order, shop: Shop, picker: Picker) -> None:
    item = items_of(session, order)[1]

    picker.damage(item, 3)

    assert items_of(session, order)[1].held_quantity == 0
    assert stock_of(session, shop.products[1], shop) == (17, 0)


def test_the_last_piece_on_the_shelf_may_break_or_be_picked(
    session: Session, client: FlaskClient, shopper: Shopper
) -> None:
    shop = open_shop(session, stock=3)
    order = bought(session, shopper, shop, 1)
    picker = make_picker(session, shop)
    (item,) = items_of(session, order)

    picker.damage(item)
    picker.mark(item)
    picker.damage(item)
    picker.damage(item)
    assert stock_of(session, shop.products[0], shop) == (0, 0)
    with pytest.raises(holding.OutOfStock):
        picker.damage(item)

    assert_sound()


def test_a_piece_is_found_once_though_it_was_lost_before_and_after_the_count(
    session: Session, order: Order, shop: Shop, picker: Picker, manager: Picker
) -> None:
    item, product = items_of(session, order)[1], shop.products[1]
    picker.miss(item)
    recounts.recount(
        NewRecount(branch_id=shop.warehouse.id, product_id=product.id, counted_quantity=20), manager.caller
    )

    for pieces in (2, 1, 2, 3):
        picker.mark(item, picked_quantity=pieces)

    assert stock_of(session, product, shop) == (17, 3)
    assert [kind for kind, *_ in movements_of(session, product)].count("found") == 1
    assert_sound()
