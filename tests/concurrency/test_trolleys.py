"""Shoppers and trolleys at the very same moment: one wins, nothing is lost."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import CartStatus, ChannelName, Role
from app.models import Cart, CartItem, CartSession, Inventory, Order, Trolley
from tests import factories
from tests.concurrency.racing import at_once
from tests.conftest import Live
from tests.devices import Talker, make_talker

V1 = "/api/v1"
ROUNDS = 20


class Place:
    """A branch with trolleys and shoppers, committed for real."""

    def __init__(self, live: Live, trolleys: int, shoppers: int) -> None:
        self.live = live
        with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
            self.branch = factories.make_location(session)
            self.trolleys = [factories.make_trolley(session, self.branch) for _ in range(trolleys)]
            self.talkers = [make_talker(session, live.client(), trolley) for trolley in self.trolleys]
            users = [factories.make_user(session) for _ in range(shoppers)]
            self.headers = [factories.sign_in(session, user) for user in users]
            self.milk = factories.make_product(session, stock={self.branch: 1000})

    def code(self, talker: Talker) -> str:
        return str(talker.post("/pair", {}).json["c"])

    def asking(self, shopper: int, path: str, body: dict[str, Any] | None = None) -> Callable[[], TestResponse]:
        return partial(self.live.client().post, f"{V1}/{path}", json=body, headers=self.headers[shopper])

    def pairing(self, shopper: int, code: str) -> Callable[[], TestResponse]:
        return self.asking(shopper, "carts/pair", {"code": code})

    def leave(self) -> None:
        for shopper in range(len(self.headers)):
            self.asking(shopper, "cart/disconnect")()


def statuses(answers: list[TestResponse]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def open_sessions(live: Live) -> int:
    with Session(live.engine) as session:
        found = session.scalar(select(func.count()).select_from(CartSession).where(CartSession.closed_at.is_(None)))
        return found or 0


def test_of_two_shoppers_with_one_code_one_gets_the_trolley(live: Live) -> None:
    place = Place(live, trolleys=1, shoppers=2)
    for _ in range(ROUNDS):
        code = place.code(place.talkers[0])

        answers = at_once([place.pairing(0, code), place.pairing(1, code)])

        assert statuses(answers) == {200: 1, 409: 1}
        assert open_sessions(live) == 1
        place.leave()


def test_of_two_shoppers_asking_for_one_number_one_is_waited_for(live: Live) -> None:
    place = Place(live, trolleys=ROUNDS, shoppers=2)
    for trolley in place.trolleys:
        body = {"cart_id": trolley.id}

        answers = at_once([place.asking(0, "cart/connect", body), place.asking(1, "cart/connect", body)])

        assert statuses(answers) == {202: 1, 409: 1}


def test_one_shopper_asking_for_two_trolleys_gets_one(live: Live) -> None:
    place = Place(live, trolleys=2, shoppers=1)
    for _ in range(ROUNDS):
        codes = [place.code(talker) for talker in place.talkers]

        answers = at_once([place.pairing(0, code) for code in codes])

        assert statuses(answers) == {200: 1, 409: 1}
        assert open_sessions(live) == 1
        place.leave()
    with Session(live.engine) as session:
        active = (
            select(func.count())
            .select_from(Cart)
            .where(Cart.channel == ChannelName.IN_STORE, Cart.status == CartStatus.ACTIVE)
        )
        assert session.scalar(active) == 0


def test_two_shoppers_changing_to_one_trolley_or_swapping_theirs_do_not_lock_up(live: Live) -> None:
    place = Place(live, trolleys=3, shoppers=2)
    numbers = [trolley.id for trolley in place.trolleys]
    for _ in range(ROUNDS // 2):
        carts = [
            place.pairing(shopper, place.code(place.talkers[shopper]))().json["data"]["cart_id"] for shopper in (0, 1)
        ]
        moves = [place.asking(who, f"carts/{carts[who]}/transfer", {"trolley": numbers[2]}) for who in (0, 1)]
        swaps = [place.asking(who, f"carts/{carts[who]}/transfer", {"trolley": numbers[1 - who]}) for who in (0, 1)]

        answers = at_once(moves)
        swapped = at_once(swaps)

        assert statuses(answers) == {200: 1, 409: 1}
        assert set(statuses(swapped)) <= {200, 409}
        assert open_sessions(live) == 2
        place.leave()


def test_adding_and_leaving_at_once_keeps_the_books(live: Live) -> None:
    place = Place(live, trolleys=1, shoppers=1)
    body = {"product_id": place.milk.id}
    for _ in range(ROUNDS):
        place.pairing(0, place.code(place.talkers[0]))()

        answers = at_once(
            [*(place.asking(0, "cart/item/add", body) for _ in range(3)), place.asking(0, "cart/disconnect")]
        )

        assert answers[-1].status_code == 200
        assert {answer.status_code for answer in answers[:-1]} <= {200, 404, 503}
        with Session(live.engine) as session:
            row = session.scalars(select(Inventory).where(Inventory.product_id == place.milk.id)).one()
            assert (row.available_quantity, row.reserved_quantity) == (1000, 0)
            assert session.scalar(select(func.count()).select_from(CartItem)) == 0
            assert session.scalars(select(Trolley.state)).all() == ["idle"]


def test_pieces_added_at_once_all_count(live: Live) -> None:
    place = Place(live, trolleys=1, shoppers=1)
    place.pairing(0, place.code(place.talkers[0]))()
    body = {"product_id": place.milk.id}
    for number in range(1, ROUNDS // 4 + 1):
        answers = at_once([place.asking(0, "cart/item/add", body) for _ in range(4)])

        assert statuses(answers) == {200: 4}
        with Session(live.engine) as session:
            assert session.scalars(select(CartItem.quantity)).all() == [4 * number]


def test_paying_twice_at_once_sells_once(live: Live) -> None:
    place = Place(live, trolleys=1, shoppers=1)
    for _ in range(ROUNDS // 4):
        place.pairing(0, place.code(place.talkers[0]))()
        place.asking(0, "cart/item/add", {"product_id": place.milk.id})()

        answers = at_once([place.asking(0, "orders/checkout") for _ in range(2)])

        assert {answer.status_code for answer in answers} <= {200, 201}
        assert len({answer.json["data"]["order_id"] for answer in answers}) == 1
        place.leave()


def test_a_trolley_that_two_readers_see_goes_out_once_and_is_paid_for_once(live: Live) -> None:
    place = Place(live, trolleys=1, shoppers=1)
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        manager = factories.sign_in(session, factories.make_user(session, role=Role.MANAGER))
    for number in range(ROUNDS):
        place.pairing(0, place.code(place.talkers[0]))()
        place.asking(0, "cart/item/add", {"product_id": place.milk.id})()
        cart = place.live.client().get(f"{V1}/carts/current", headers=place.headers[0]).json["data"]["cart_id"]
        assert place.asking(0, f"carts/{cart}/review")().status_code == 200
        seen = {"device_id": place.talkers[0].device_id}

        answers = at_once(
            [
                partial(live.client().post, f"{V1}/ops/trolleys/exit", json=seen, headers=manager),
                partial(live.client().post, f"{V1}/ops/trolleys/exit", json=seen, headers=manager),
            ]
        )

        assert statuses(answers) == {200: 1, 409: 1}, [answer.json for answer in answers]
        with Session(live.engine) as session:
            assert session.scalar(select(func.count()).select_from(Order)) == number + 1
        place.leave()
