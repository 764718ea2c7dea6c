"""Two ratings of one order, and many of one shop, at once, with real commits."""

from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.enums import OrderStatus
from app.models import OrderRating, Shop
from tests import factories
from tests.concurrency.racing import at_once
from tests.conftest import Live

ROUNDS = 20
HANDS = 4


def rate(live: Live, headers: dict[str, str], order_id: int, stars: int) -> int:
    form = {"rating": stars}
    answer = live.client().post(f"/api/v1/consumer/orders/{order_id}/rate", json=form, headers=headers)
    return answer.status_code


def sums(session: Session, shop_id: int) -> tuple[int, int]:
    session.rollback()
    row = session.execute(select(Shop.rating_sum, Shop.rating_count).where(Shop.id == shop_id)).one()
    return row.rating_sum, row.rating_count


def test_parallel_ratings_of_one_order_leave_one(live: Live) -> None:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        shop, consumer = factories.make_shop(session), factories.make_consumer(session)
        item = factories.make_item(session, shop)
        headers = factories.sign_in(session, consumer)
        for number in range(1, ROUNDS + 1):
            order = factories.make_shop_order(session, consumer, shop, item, status=OrderStatus.DELIVERED)

            answers = at_once([partial(rate, live, headers, order.id, 4)] * HANDS)

            assert sorted(answers) == [200] + [409] * (HANDS - 1)
            assert sums(session, shop.id) == (4 * number, number)
        assert session.scalar(select(func.count(OrderRating.order_id))) == ROUNDS


def test_parallel_ratings_of_one_shop_all_count(live: Live) -> None:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        shop = factories.make_shop(session)
        item = factories.make_item(session, shop)
        consumers = [factories.make_consumer(session) for _ in range(HANDS)]
        headers = [factories.sign_in(session, consumer) for consumer in consumers]
        for number in range(1, ROUNDS + 1):
            orders = [
                factories.make_shop_order(session, consumer, shop, item, status=OrderStatus.DELIVERED)
                for consumer in consumers
            ]
            calls = [
                partial(rate, live, own, order.id, stars)
                for stars, (own, order) in enumerate(zip(headers, orders, strict=True), start=1)
            ]

            answers = at_once(calls)

            assert answers == [200] * HANDS
            assert sums(session, shop.id) == (number * sum(range(1, HANDS + 1)), number * HANDS)
