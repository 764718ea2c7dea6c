"""What a trolley's basket costs and who may still pay for it, at the edges: nothing to pay, a till that was faster,
goods withdrawn meanwhile, crumbs, and loads beyond any number."""

from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.devices.wire import MAX_INT
from app.domain.enums import OrderStatus, SoldBy, TrolleyState
from app.models import Order, Payment, Product
from app.services.payments import sweeper
from tests import factories
from tests.factories import make_coupon, make_product
from tests.scanning import start_trip
from tests.shopping import assert_sound
from tests.trolleys import DECLINED_CARD, Walk, fresh, held, lines, shelf, start_walk, weighed


@pytest.fixture
def walk(session: Session, client: FlaskClient) -> Walk:
    return start_walk(session, client)


def test_a_basket_that_a_coupon_pays_for_is_handed_over_without_any_payment(session: Session, walk: Walk) -> None:
    milk = make_product(session, stock={walk.branch: 5})
    walk.put(milk, 2)
    make_coupon(session, code="ALL", value=Decimal("100.00"))

    paid = walk.pay(session, coupon_code="ALL", expected_total=0)

    assert (paid.status_code, paid.json["data"]["total_paid"]) == (201, 0)
    opened = fresh(session, walk.opened)
    order = session.execute(select(Order)).scalar_one()
    assert (opened.state, opened.order_id) == (TrolleyState.PAID, order.id)
    assert (order.status, order.final_total) == (OrderStatus.DELIVERED, Decimal(0))
    assert session.execute(select(Payment)).all() == []
    assert (shelf(session, milk), held(session, milk)) == ((3, 0), [("CONSUMED", 2)])
    assert_sound()


def test_what_a_till_has_taken_over_cannot_be_paid_for_in_the_app(session: Session, walk: Walk) -> None:
    milk = make_product(session, stock={walk.branch: 5})
    walk.put(milk, 2)
    cart_id = walk.cart_id(session)
    code = walk.client.get(f"/api/v1/carts/{cart_id}/handoff", headers=walk.headers).json["data"]["code"]
    till = factories.sign_in(session, factories.make_employee(session, walk.branch))
    assert walk.client.post(f"/api/v1/pos/handoff/{code}", headers=till).status_code == 200

    refused = walk.pay(session)

    assert (refused.status_code, refused.json["error"]["code"]) == (409, "CART_CLOSED")
    assert session.execute(select(Order)).all() == []
    assert shelf(session, milk) == (3, 0)
    assert_sound()


def test_a_product_withdrawn_meanwhile_can_be_taken_out_by_hand_and_be_paid_for(session: Session, walk: Walk) -> None:
    milk = make_product(session, stock={walk.branch: 5}, price=Decimal("10.00"))
    walk.put(milk, 2)
    session.execute(update(Product).where(Product.id == milk.id).values(is_active=False))
    session.commit()

    removed = walk.client.post("/api/v1/cart/item/remove", json={"product_id": milk.id}, headers=walk.headers)
    paid = walk.pay(session)

    assert (removed.status_code, lines(session, walk)) == (200, [(milk.id, 1, None)])
    assert (paid.status_code, paid.json["data"]["total_paid"]) == (201, 10.0)
    assert shelf(session, milk) == (4, 0)
    assert_sound()


def test_a_crumb_costs_its_cent_and_that_cent_is_captured(session: Session, walk: Walk) -> None:
    saffron = weighed(session, walk.branch, price="1.00")
    walk.put(saffron, 1, grams=3)

    paid = walk.pay(session)

    assert (paid.status_code, paid.json["data"]["total_paid"]) == (201, 0.01)
    sweeper.sweep()
    payment = session.execute(select(Payment).execution_options(populate_existing=True)).scalar_one()
    assert (payment.authorized_amount, payment.captured_amount) == (Decimal("0.01"), Decimal("0.01"))
    assert_sound()


def test_loads_beyond_every_number_do_not_stop_a_trolley(session: Session, walk: Walk) -> None:
    """Ten thousand pieces of ten tons, as a slip in the range may have it, weigh more than the wire can tell."""
    tons = make_product(session, stock={walk.branch: 5}, weight_grams=9_999_999)

    walk.put(tons, 10_000)

    assert fresh(session, walk.opened).expected_grams == MAX_INT
    assert lines(session, walk) == [(tons.id, 10_000, None)]
    walk.put(tons, -10_000)
    assert fresh(session, walk.opened).expected_grams == 0
    assert_sound()


def test_pieces_of_what_came_to_be_sold_by_weight_stay_pieces(session: Session, walk: Walk) -> None:
    melon = make_product(session, stock={walk.branch: 5}, price=Decimal("10.00"))
    walk.put(melon, 3)
    by_weight = {"sold_by": SoldBy.WEIGHT, "estimated_weight_grams": 400}
    session.execute(update(Product).where(Product.id == melon.id).values(by_weight))
    session.commit()

    out = walk.client.post("/api/v1/cart/item/remove", json={"product_id": melon.id}, headers=walk.headers)
    refused = walk.pay(session, token=declined_card(walk))

    assert (out.status_code, refused.status_code) == (200, 402)
    assert lines(session, walk) == [(melon.id, 2, None)]
    assert shelf(session, melon) == (3, 2)
    paid = walk.pay(session)
    assert (paid.status_code, paid.json["data"]["total_paid"]) == (201, 8.0)
    order = session.execute(select(Order).where(Order.status == OrderStatus.DELIVERED)).scalar_one()
    assert order.final_total == Decimal("8.00")
    assert_sound()


def declined_card(walk: Walk) -> int:
    answer = walk.client.post("/api/v1/me/payment-tokens", json={"card_number": DECLINED_CARD}, headers=walk.headers)
    return int(answer.json["data"]["payment_token_id"])


def test_an_order_about_to_be_cancelled_is_not_told_as_bought(session: Session, walk: Walk) -> None:
    walk.put(make_product(session, stock={walk.branch: 5}))
    walk.pay(session)
    session.execute(update(Order).values(status=OrderStatus.CANCELLING, delivered_at=None))
    session.commit()

    told = walk.client.get("/api/v1/orders/history", headers=walk.headers)

    assert (told.status_code, told.json["data"]) == (200, [])


def test_all_of_something_weighed_can_be_taken_out_and_weighed_again_in_one_batch(
    session: Session, client: FlaskClient
) -> None:
    trip = start_trip(session, client)
    columns = {"sold_by": SoldBy.WEIGHT, "estimated_weight_grams": 400, "sku": "40110"}
    fruit = make_product(session, stock={trip.walk.branch: 5}, **columns)

    answer = trip.post(trip.event("p", "40110", 500), trip.event("r", "40110", -500), trip.event("p", "40110", 300))

    assert [row[1] for row in answer.json["r"]] == [0, 1, 0]
    assert lines(session, trip.walk) == [(fruit.id, 1, 300)]
    assert shelf(session, fruit) == (4, 1)
    assert_sound()
