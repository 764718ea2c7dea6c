"""From a scan to a paid exit: reservations, the one checkout, and what a declined card leaves in the trolley."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.enums import TrolleyState, WeightState
from app.models import CartSession, Order, Payment, Reservation
from app.services import reservations
from app.services.checkout import releasing
from app.services.payments import sweeper
from app.services.trolleys import sweeping
from app.services.trolleys.basket import NotInCart
from tests.conftest import Statements
from tests.factories import make_product
from tests.shopping import assert_sound
from tests.trolleys import DECLINED_CARD, Walk, fresh, held, lines, shelf, start_walk, weighed


@pytest.fixture
def walk(session: Session, client: FlaskClient) -> Walk:
    return start_walk(session, client)


def test_a_scan_puts_pieces_aside_and_a_removal_gives_them_back(session: Session, walk: Walk) -> None:
    milk = make_product(session, stock={walk.branch: 5})

    walk.put(milk, 2)
    walk.put(milk, 1)
    taken = shelf(session, milk)
    walk.put(milk, -2)

    assert taken == (2, 3)
    assert shelf(session, milk) == (4, 1)
    assert held(session, milk) == [("ACTIVE", 1)]
    walk.put(milk, -1)
    assert (shelf(session, milk), held(session, milk)) == ((5, 0), [("RELEASED", 1)])
    assert_sound()


def test_a_scan_is_never_refused_for_an_empty_shelf(session: Session, walk: Walk) -> None:
    milk = make_product(session, stock={walk.branch: 1})

    walk.put(milk, 3)

    assert shelf(session, milk) == (0, 3)
    assert_sound()


def test_more_than_is_there_cannot_be_taken_out(session: Session, walk: Walk) -> None:
    milk = make_product(session, stock={walk.branch: 5})
    walk.put(milk, 1)

    with pytest.raises(NotInCart):
        walk.put(milk, -2)

    assert shelf(session, milk) == (4, 1)
    assert_sound()


def test_a_paid_trolley_is_delivered_captured_and_out_of_the_stock(session: Session, walk: Walk) -> None:
    milk = make_product(session, stock={walk.branch: 5}, price=Decimal("10.00"))
    fruit = weighed(session, walk.branch)
    walk.put(milk, 2)
    walk.put(fruit, 1, grams=517)

    paid = walk.pay(session, expected_total="26.38")

    assert paid.status_code == 201, paid.json
    assert paid.json["data"]["total_paid"] == 26.38
    sweeper.sweep()
    order = session.execute(select(Order)).scalar_one()
    payment = session.execute(select(Payment).execution_options(populate_existing=True)).scalar_one()
    assert (order.status, order.channel, order.final_total) == ("DELIVERED", "IN_STORE", Decimal("26.38"))
    assert (payment.authorized_amount, payment.captured_amount) == (Decimal("26.38"), Decimal("26.38"))
    assert (shelf(session, milk), shelf(session, fruit)) == ((3, 0), (9, 0))
    assert held(session, milk) == [("CONSUMED", 2)]
    opened = fresh(session, walk.opened)
    assert (opened.state, opened.order_id) == (TrolleyState.PAID, order.id)
    assert_sound()


@pytest.mark.parametrize("asked", [{}, {"fulfillment_type": "PICKUP"}, {"fulfillment_type": "DELIVERY"}])
def test_a_preview_of_a_trolley_says_what_its_checkout_takes(
    session: Session, walk: Walk, asked: dict[str, str]
) -> None:
    milk = make_product(session, stock={walk.branch: 1}, price=Decimal("10.00"))
    fruit = weighed(session, walk.branch)
    walk.put(milk, 2)
    walk.put(fruit, 1, grams=517)

    form = {"cart_id": walk.cart_id(session), **asked}
    seen = walk.client.post("/api/v1/checkout/preview", json=form, headers=walk.headers).json["data"]

    sums = (seen["cart_total"], seen["delivery_fee"], seen["total"], seen["authorization_amount"])
    assert sums == (26.38, None, 26.38, 26.38)
    assert (seen["fulfillment_type"], seen["missing_items"], seen["changed_prices"]) == ("PICKUP", [], [])
    assert walk.pay(session, expected_total=seen["total"]).status_code == 201


def test_a_preview_costs_a_trolley_no_statement_more(session: Session, walk: Walk, statements: Statements) -> None:
    walk.put(make_product(session, stock={walk.branch: 5}))
    form = {"cart_id": walk.cart_id(session)}

    statements.clear()
    walk.client.post("/api/v1/checkout/preview", json=form, headers=walk.headers)

    assert len(statements) == 3  # the sign-in check, the facts, the lines


def test_a_declined_card_leaves_the_goods_in_the_trolley_and_put_aside(session: Session, walk: Walk) -> None:
    milk = make_product(session, stock={walk.branch: 5})
    fruit = weighed(session, walk.branch)
    walk.put(milk, 2)
    walk.put(fruit, 1, grams=517)
    token = walk.client.post(
        "/api/v1/me/payment-tokens", json={"card_number": DECLINED_CARD}, headers=walk.headers
    ).json["data"]["payment_token_id"]

    refused = walk.pay(session, token=token)

    assert refused.status_code == 402, refused.json
    assert fresh(session, walk.opened).state is TrolleyState.REVIEW
    assert lines(session, walk) == [(milk.id, 2, None), (fruit.id, 1, 517)]
    assert (shelf(session, milk), shelf(session, fruit)) == ((3, 2), (9, 1))
    assert_sound()
    assert walk.pay(session).status_code == 201
    assert_sound()


def test_the_sweep_puts_back_what_a_crash_after_a_declined_card_did_not(
    session: Session, walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    milk = make_product(session, stock={walk.branch: 5})
    walk.put(milk, 2)
    token = walk.client.post(
        "/api/v1/me/payment-tokens", json={"card_number": DECLINED_CARD}, headers=walk.headers
    ).json["data"]["payment_token_id"]
    with monkeypatch.context() as crash:
        crash.setattr(releasing, "_restore", lambda order: None)
        walk.pay(session, token=token)
    assert fresh(session, walk.opened).state is TrolleyState.PAYING

    restored = [sweeping.sweep()["trolleys_not_paid"] for _ in range(2)]

    assert restored == [1, 0]
    assert fresh(session, walk.opened).state is TrolleyState.REVIEW
    assert (lines(session, walk), shelf(session, milk)) == ([(milk.id, 2, None)], (3, 2))
    assert_sound()


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"weight_state": WeightState.MISMATCH}, "WEIGHT_MISMATCH"),
        ({"weight_state": WeightState.ASSIST}, "WEIGHT_MISMATCH"),
        ({"needs_check": True}, "STAFF_CHECK_NEEDED"),
        ({"state": TrolleyState.PAID}, "TROLLEY_NOT_PAYABLE"),
        ({"state": TrolleyState.ASSIST}, "TROLLEY_NOT_PAYABLE"),
    ],
)
def test_a_trolley_that_is_not_right_is_not_paid(
    session: Session, walk: Walk, columns: dict[str, object], code: str
) -> None:
    milk = make_product(session, stock={walk.branch: 5})
    walk.put(milk, 1)
    session.execute(update(CartSession).values(**columns))
    session.commit()

    refused = walk.pay(session)

    assert (refused.status_code, refused.json["error"]["code"]) == (409, code)
    assert (shelf(session, milk), held(session, milk)) == ((4, 1), [("ACTIVE", 1)])


def test_what_a_forgotten_trolley_holds_is_for_sale_again_and_paid_for_all_the_same(
    session: Session, walk: Walk
) -> None:
    milk = make_product(session, stock={walk.branch: 2})
    walk.put(milk, 2)
    long_ago = datetime.now(UTC) - timedelta(minutes=1)
    session.execute(update(Reservation).values(expires_at=long_ago))
    session.commit()

    ended = reservations.expire_due()

    assert ended == 1
    assert (shelf(session, milk), held(session, milk)) == ((2, 0), [("EXPIRED", 2)])
    assert_sound()
    assert walk.pay(session).status_code == 201
    assert shelf(session, milk) == (0, 0)
    assert_sound()


def test_each_scan_keeps_everything_in_the_trolley_aside(session: Session, walk: Walk) -> None:
    milk, bread = (make_product(session, stock={walk.branch: 5}) for _ in range(2))
    walk.put(milk)
    session.execute(update(Reservation).values(expires_at=datetime.now(UTC) - timedelta(minutes=1)))
    session.commit()

    walk.put(bread)

    assert reservations.expire_due() == 0
