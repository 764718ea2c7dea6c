"""For how long a trolley's goods are kept, which shelves are to be counted, and what a basket leaves written down."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.enums import ReservationState, WeightState
from app.models import BasketMove, CartSession, Inventory, Journal, LiveEvent, Order, Product, Reservation
from app.services import reservations
from app.services.trolleys import basket, bench
from app.services.trolleys.basket import NotInCart, TrolleyFull
from app.services.trolleys.restoring import back_in_the_trolley
from app.transaction import transaction
from tests import factories
from tests.factories import make_product
from tests.scanning import on_the_shelf, start_trip
from tests.shopping import assert_sound
from tests.trolleys import DECLINED_CARD, Walk, fresh, held, lines, shelf, start_walk, weighed

PAST, LATER = timedelta(minutes=-1), timedelta(minutes=1)


@pytest.fixture
def walk(session: Session, client: FlaskClient) -> Walk:
    return start_walk(session, client)


def set_expiry(session: Session, product: Product, ahead: timedelta) -> None:
    when = {"expires_at": datetime.now(UTC) + ahead}
    session.execute(update(Reservation).where(Reservation.product_id == product.id).values(when))
    session.commit()


def expiry(session: Session, product: Product) -> timedelta:
    """How long from now a product is kept."""
    kept = select(Reservation.expires_at).where(Reservation.product_id == product.id)
    return session.execute(kept).scalar_one() - datetime.now(UTC)


def is_to_be_counted(session: Session, product: Product) -> bool:
    statement = select(Inventory.needs_recount).where(Inventory.product_id == product.id)
    return bool(session.execute(statement).scalar_one())


def test_a_scan_keeps_the_goods_for_half_an_hour_those_of_the_same_product_too(session: Session, walk: Walk) -> None:
    milk, bread = (make_product(session, stock={walk.branch: 5}) for _ in range(2))
    walk.put(bread)
    walk.put(milk)
    set_expiry(session, milk, PAST)
    set_expiry(session, bread, PAST)

    walk.put(milk)

    for product in (milk, bread):
        assert timedelta(minutes=29) < expiry(session, product) <= timedelta(minutes=30)


def test_only_what_ran_out_is_given_back_of_every_forgotten_trolley(
    session: Session, client: FlaskClient, walk: Walk
) -> None:
    other = start_walk(session, client)
    milk, bread, eggs = (make_product(session, stock={walk.branch: 5}) for _ in range(3))
    cake = make_product(session, stock={other.branch: 5})
    for product in (milk, bread, eggs):
        walk.put(product)
    other.put(cake)
    for product, ahead in ((milk, PAST), (bread, PAST), (eggs, LATER), (cake, PAST)):
        set_expiry(session, product, ahead)

    assert reservations.expire_due() == 3

    states = [held(session, product) for product in (milk, bread, eggs, cake)]
    assert states == [[("EXPIRED", 1)], [("EXPIRED", 1)], [("ACTIVE", 1)], [("EXPIRED", 1)]]
    assert (reservations.expire_due(), reservations.expire_due(most_carts=0)) == (0, 0)
    assert_sound()


def test_goods_taken_out_after_they_ran_out_are_given_back_once(session: Session, walk: Walk) -> None:
    milk = make_product(session, stock={walk.branch: 5})
    walk.put(milk, 3)
    set_expiry(session, milk, PAST)
    reservations.expire_due()
    walk.put(milk, 1)

    walk.put(milk, -3)

    assert (shelf(session, milk), held(session, milk)) == ((5, 0), [("EXPIRED", 3), ("RELEASED", 1)])
    assert lines(session, walk) == [(milk.id, 1, None)]
    assert_sound()


def test_a_shelf_that_held_less_than_was_scanned_is_to_be_counted(session: Session, walk: Walk) -> None:
    milk = make_product(session, stock={walk.branch: 2})

    walk.put(milk, 2)
    enough = is_to_be_counted(session, milk)
    walk.put(milk, 1)

    assert (enough, is_to_be_counted(session, milk)) == (False, True)


def pays_in_the_app(session: Session, walk: Walk) -> int:
    return walk.pay(session).status_code


def pays_at_the_till(session: Session, walk: Walk) -> int:
    path = f"/api/v1/carts/{walk.cart_id(session)}/handoff"
    code = walk.client.get(path, headers=walk.headers).json["data"]["code"]
    till = factories.sign_in(session, factories.make_employee(session, walk.branch))
    return walk.client.post(f"/api/v1/pos/handoff/{code}", headers=till).status_code


@pytest.mark.parametrize(("pay", "status"), [(pays_in_the_app, 201), (pays_at_the_till, 200)])
def test_a_shelf_emptied_by_others_before_the_payment_is_to_be_counted(
    session: Session, walk: Walk, pay: Callable[[Session, Walk], int], status: int
) -> None:
    milk = make_product(session, stock={walk.branch: 2})
    walk.put(milk, 2)
    set_expiry(session, milk, PAST)
    reservations.expire_due()
    other = start_walk(session, walk.client, walk.branch)
    other.put(milk, 1)
    before = is_to_be_counted(session, milk)

    assert pay(session, walk) == status

    assert (before, is_to_be_counted(session, milk)) == (False, True)
    assert shelf(session, milk) == (0, 1)
    assert_sound()


def test_a_basket_tells_what_it_should_weigh_and_when_it_last_changed(session: Session, walk: Walk) -> None:
    milk = make_product(session, stock={walk.branch: 5}, weight_grams=500)
    melon = make_product(session, stock={walk.branch: 5}, estimated_weight_grams=1200)
    walk.put(milk, 2)
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    session.execute(update(CartSession).values(last_event_at=long_ago))
    session.commit()

    walk.put(melon)

    opened = fresh(session, walk.opened)
    assert opened.expected_grams == 2200
    assert opened.last_event_at > long_ago
    assert session.scalars(select(BasketMove.pieces).order_by(BasketMove.id)).all() == [2, 1]


def test_a_trolley_under_suspicion_is_paid_for_but_not_once_it_should_be_right_again(
    session: Session, walk: Walk
) -> None:
    """Whether or not a sweep has seen meanwhile that ten seconds are over."""
    walk.put(make_product(session, stock={walk.branch: 5}))
    long_ago = datetime.now(UTC) - timedelta(seconds=11)
    session.execute(update(CartSession).values(weight_state=WeightState.SUSPECT, weight_since=long_ago))
    session.commit()
    refused = walk.pay(session)
    session.execute(update(CartSession).values(weight_since=datetime.now(UTC)))
    session.commit()

    assert (refused.status_code, refused.json["error"]["code"]) == (409, "WEIGHT_MISMATCH")
    assert refused.json["error"]["details"] == {"weight_state": "mismatch"}
    assert walk.pay(session).status_code == 201


def test_the_total_that_is_expected_has_the_deposits_in_it(session: Session, walk: Walk) -> None:
    walk.put(make_product(session, stock={walk.branch: 5}, price=Decimal("10.00"), deposit=Decimal("0.25")), 2)

    refused = walk.pay(session, expected_total=20)

    assert (refused.status_code, refused.json["error"]["code"]) == (409, "PRICE_CHANGED")
    assert refused.json["error"]["details"]["total"] == 20.5
    assert walk.pay(session, expected_total=20.5).status_code == 201


def news(session: Session) -> list[tuple[str, int]]:
    """(state, version) of all that the shopper's app was told of the trolley."""
    rows = session.scalars(select(LiveEvent).where(LiveEvent.topic == "cart.changed").order_by(LiveEvent.id))
    return [(row.payload["state"], row.payload["version"]) for row in rows]


def test_a_payment_is_told_to_the_app_and_in_the_books(session: Session, walk: Walk) -> None:
    walk.put(make_product(session, stock={walk.branch: 5}))
    before = fresh(session, walk.opened).version

    walk.pay(session)

    assert news(session) == [("paid", before + 2)]
    order = session.scalars(select(Order)).one()
    booked = session.scalars(select(Journal.reference).where(Journal.order_id == order.id)).all()
    assert booked == [f"delivered:{order.id}"]


def test_a_declined_payment_is_told_to_the_app_and_put_back_once(session: Session, walk: Walk) -> None:
    milk = make_product(session, stock={walk.branch: 5})
    walk.put(milk, 2)
    before = fresh(session, walk.opened).version
    card: Any = walk.client.post(
        "/api/v1/me/payment-tokens", json={"card_number": DECLINED_CARD}, headers=walk.headers
    ).json

    walk.pay(session, token=card["data"]["payment_token_id"])
    order = session.scalars(select(Order)).one()
    back_in_the_trolley(order_id=order.id, user_id=walk.user.id)

    assert news(session) == [("review", before + 2)]
    assert (lines(session, walk), shelf(session, milk)) == ([(milk.id, 2, None)], (3, 2))
    assert_sound()


def test_ended_reservations_of_a_cart_are_not_ended_again(session: Session, walk: Walk) -> None:
    milk = make_product(session, stock={walk.branch: 5})
    walk.put(milk, 2)
    cart_id = walk.cart_id(session)

    with transaction() as opened:
        ended = [reservations.end(opened, cart_id=cart_id, state=ReservationState.RELEASED) for _ in range(2)]

    assert ended == [1, 0]
    assert shelf(session, milk) == (5, 0)


def test_a_trolley_holds_so_many_products_by_hand_and_by_scan(
    session: Session, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    trip = start_trip(session, client)
    (one, _), (two, _), (three, code) = (on_the_shelf(session, trip) for _ in range(3))
    for module in (basket, bench):
        monkeypatch.setattr(module, "MOST_LINES", 2)
    trip.walk.put(one)
    trip.walk.put(two)

    with pytest.raises(TrolleyFull):
        trip.walk.put(three)
    locked = trip.code("a", code, 500)
    trip.walk.put(two)

    assert locked == 6
    assert lines(session, trip.walk) == [(one.id, 1, None), (two.id, 2, None)]
    assert (shelf(session, three), held(session, three)) == ((50, 0), [])


def test_more_grams_than_lie_there_cannot_be_taken_out(session: Session, walk: Walk) -> None:
    fruit = weighed(session, walk.branch)
    walk.put(fruit, 1, grams=500)

    with pytest.raises(NotInCart):
        walk.put(fruit, -1, grams=-501)

    assert (lines(session, walk), shelf(session, fruit)) == ([(fruit.id, 1, 500)], (9, 1))
