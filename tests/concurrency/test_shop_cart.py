"""Many hands on one basket for a vendor's shop at once, with real commits."""

from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Cart, CartItem
from tests import factories
from tests.concurrency.racing import at_once
from tests.conftest import Live

CART = "/api/v1/consumer/cart"
ROUNDS = 20
HANDS = 6


def post(live: Live, headers: dict[str, str], action: str, **body: int) -> int:
    return live.client().post(f"{CART}/{action}", json=body, headers=headers).status_code


def quantities(session: Session, user_id: int) -> list[int]:
    session.rollback()
    own = select(CartItem.quantity).join(Cart, Cart.id == CartItem.cart_id).where(Cart.user_id == user_id)
    return list(session.scalars(own))


def test_parallel_adds_make_one_line_and_never_break_the_limit(live: Live) -> None:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        item = factories.make_item(session, factories.make_shop(session))
        for _ in range(ROUNDS):
            consumer = factories.make_consumer(session)
            headers = factories.sign_in(session, consumer)
            add = partial(post, live, headers, "add", item_id=item.id, quantity=3)

            answers = at_once([add] * HANDS)

            assert sorted(answers) == [200] * 3 + [409] * (HANDS - 3)
            assert quantities(session, consumer.id) == [9]


def test_parallel_adds_from_two_shops_fill_the_basket_from_one(live: Live) -> None:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        items = [factories.make_item(session, factories.make_shop(session)) for _ in range(2)]
        for _ in range(ROUNDS):
            consumer = factories.make_consumer(session)
            headers = factories.sign_in(session, consumer)
            adds = [partial(post, live, headers, "add", item_id=item.id) for item in items]

            answers = at_once(adds * 2)

            assert sorted(answers) == [200, 200, 409, 409]
            assert quantities(session, consumer.id) == [2]
