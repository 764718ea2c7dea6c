"""Trolleys, the web shop, the staff and time at the very same moment: no piece and no cent is lost or counted twice."""

import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import TrolleyState
from app.models import Product, Reservation
from app.schemas.checkout import ConfirmRequest
from app.services import reservations
from app.services.checkout.confirm import ROUTE
from app.services.checkout.placing import place
from app.services.checkout.writing import Key
from app.services.payments import sending
from tests import factories
from tests.conftest import Live
from tests.shopping import assert_sound
from tests.trolleys import DEMO_CARD, Walk, fresh, start_walk


def walk_with(live: Live, *stocks: int) -> tuple[Walk, list[Product]]:
    """A shopper with a trolley in a branch with products, the lower id first."""
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        walk = start_walk(session, live.client())
        return walk, [factories.make_product(session, stock={walk.branch: stock}) for stock in stocks]


def put(live: Live, walk: Walk, product: Product, pieces: int = 1) -> None:
    with live.app.app_context():
        walk.put(product, pieces)


def pay(live: Live, walk: Walk) -> TestResponse:
    with Session(live.engine) as session:
        return walk.pay(session)


def wait_until_somebody_waits(live: Live) -> None:
    """Until a statement of this database waits for a lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(200):
        with live.engine.connect() as connection:
            if connection.execute(waiting).scalar_one():
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits")


def test_a_checkout_locks_stock_in_order_also_of_what_is_not_reserved_any_more(live: Live) -> None:
    """What ran out is locked before what is still reserved: else this and a checkout of the web wait in a circle."""
    walk, (first, second) = walk_with(live, 5, 5)
    put(live, walk, first)
    with live.app.app_context(), Session(live.engine) as session:
        session.execute(update(Reservation).values(expires_at=text("now() - interval '1 minute'")))
        session.commit()
        assert reservations.expire_due() == 1
    put(live, walk, second)
    lock = text("SELECT id FROM inventory WHERE product_id = :product_id FOR NO KEY UPDATE")

    with ThreadPoolExecutor(1) as pool, live.engine.begin() as web:
        web.execute(lock, {"product_id": first.id})
        paid = pool.submit(pay, live, walk)
        wait_until_somebody_waits(live)
        web.execute(text("SET LOCAL lock_timeout = '500ms'"))
        web.execute(lock, {"product_id": second.id})
        web.commit()

    assert paid.result().status_code == 201
    with live.app.app_context():
        assert_sound()


def test_a_payment_that_goes_through_waits_for_what_its_trolley_is_just_doing(live: Live) -> None:
    walk, (milk,) = walk_with(live, 5)
    put(live, walk, milk)
    order_id = placed(live, walk)
    with Session(live.engine) as session:
        before = fresh(session, walk.opened).version

    with ThreadPoolExecutor(1) as pool, live.engine.begin() as device:
        device.execute(text("UPDATE cart_sessions SET version = version + 1"))
        paid = pool.submit(authorized, live, order_id)
        wait_until_somebody_waits(live)
        device.commit()
    paid.result()

    with Session(live.engine) as session:
        opened = fresh(session, walk.opened)
        assert (opened.state, opened.version) == (TrolleyState.PAID, before + 2)


def placed(live: Live, walk: Walk) -> int:
    """The order of the trolley, its payment not asked for yet."""
    with live.app.app_context(), Session(live.engine) as session:
        form = ConfirmRequest(cart_id=walk.cart_id(session), payment_token_id=DEMO_CARD)
        return place(form, Key("user:1", ROUTE, "placed", "0" * 64), factories.caller_of(session, walk.user)).order_id


def authorized(live: Live, order_id: int) -> None:
    with live.app.app_context():
        sending.authorize(order_id)
