"""What may happen to one trolley at the very same moment: whoever is first, the books agree."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import product
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import AssistReason, CartStatus, OrderStatus, TrolleyState
from app.models import Cart, CartItem, CartSession, Order, Payment, Product, Reservation, StockMovement, TrolleyAssist
from app.services import reservations
from app.services.payments import sweeper
from app.services.trolleys import sweeping
from tests import factories
from tests.concurrency.racing import at_once
from tests.conftest import Live
from tests.devices import Talker
from tests.scanning import Trip, on_the_shelf, start_trip
from tests.shopping import assert_sound
from tests.trolleys import DECLINED_CARD, DEMO_CARD, fresh

V1 = "/api/v1"
STOCK = 3
STATES = (TrolleyState.SHOPPING, TrolleyState.REVIEW)


@dataclass
class Scene:
    """One trolley with two pieces of milk of three, whose time is over, and everybody who has to do with it."""

    live: Live
    trip: Trip
    milk: Product
    bread: Product
    codes: list[str]
    other_trolley: int
    declined: int
    assist: int
    staff: dict[str, str]
    handoff: str
    cart_id: int

    def asks(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        sent = {**self.trip.walk.headers, **headers}
        return self.live.client().open(f"{V1}/{path}", method=method, json=body, headers=sent)

    def event(self, kind: str, code: str, grams: int) -> TestResponse:
        trip = self.trip
        trip.talker.n += 1
        talker = Talker(self.live.client(), trip.talker.device_id, trip.talker.key, n=trip.talker.n - 1)
        return talker.post("/ev", {"ev": [trip.event(kind, code, grams)]})

    def pay(self, token: int, key: str) -> TestResponse:
        form = {"cart_id": self.cart_id, "payment_token_id": token}
        return self.asks("POST", "checkout/confirm", form, **{"Idempotency-Key": f"{key}-{self.cart_id}"})

    def by_staff(self, path: str, body: Any = None) -> TestResponse:
        return self.live.client().post(f"{V1}/{path}", json=body, headers=self.staff)

    def works(self, chore: Callable[[], Any]) -> None:
        with self.live.app.app_context():
            chore()


ACTS: dict[str, Callable[[Scene], TestResponse | None]] = {
    "scan": lambda scene: scene.event("a", scene.codes[1], 500),
    "take out": lambda scene: scene.event("r", scene.codes[0], -500),
    "add by hand": lambda scene: scene.asks("POST", "cart/item/add", {"product_id": scene.milk.id}),
    "remove by hand": lambda scene: scene.asks("POST", "cart/item/remove", {"product_id": scene.milk.id}),
    "review": lambda scene: scene.asks("POST", f"carts/{scene.cart_id}/review"),
    "go on": lambda scene: scene.asks("DELETE", f"carts/{scene.cart_id}/review"),
    "pay": lambda scene: scene.pay(DEMO_CARD, "paid"),
    "pay in vain": lambda scene: scene.pay(scene.declined, "declined"),
    "pay at the till": lambda scene: scene.by_staff(f"pos/handoff/{scene.handoff}"),
    "leave": lambda scene: scene.asks("POST", "cart/disconnect"),
    "transfer": lambda scene: scene.asks("POST", f"carts/{scene.cart_id}/transfer", {"trolley": scene.other_trolley}),
    "settle": lambda scene: scene.by_staff(f"ops/assist/{scene.assist}/resolve", {"outcome": "removed"}),
    "expire": lambda scene: scene.works(reservations.expire_due),
    "sweep trolleys": lambda scene: scene.works(sweeping.sweep),
    "sweep payments": lambda scene: scene.works(sweeper.sweep),
}
PAYMENTS = ("pay", "pay in vain", "pay at the till")


def scene_of(live: Live, state: TrolleyState, number: int) -> Scene:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        trip = start_trip(session, live.client())
        (milk, code), (bread, other_code) = (on_the_shelf(session, trip, stock=STOCK) for _ in range(2))
        trip.walk.put(milk, 2)
        trip.walk.put(bread)
        other = factories.make_trolley(session, trip.walk.branch)
        factories.make_device(session, other)
        staff = factories.sign_in(session, factories.make_employee(session, trip.walk.branch))
        card = {"card_number": DECLINED_CARD}
        declined = live.client().post(f"{V1}/me/payment-tokens", json=card, headers=trip.walk.headers).json["data"]
        cart_id = trip.walk.cart_id(session)
        path = f"{V1}/carts/{cart_id}/handoff"
        handoff = live.client().get(path, headers=trip.walk.headers).json["data"]["code"]
        long_ago = func.now() - timedelta(hours=1)
        session.execute(update(CartSession).where(CartSession.id == trip.walk.opened.id).values(state=state))
        if number % 2:  # forgotten for so long that time takes part
            session.execute(update(CartSession).values(last_event_at=long_ago).where(CartSession.closed_at.is_(None)))
            session.execute(update(Reservation).values(expires_at=long_ago).where(Reservation.cart_id == cart_id))
        assist = TrolleyAssist(
            session_id=trip.walk.opened.id,
            trolley_id=trip.walk.trolley.id,
            stock_location_id=trip.walk.branch.id,
            reason=AssistReason.AGE_CHECK,
        )
        session.add(assist)
        session.commit()
        codes = [code, other_code]
        return Scene(
            live,
            trip,
            milk,
            bread,
            codes,
            other.id,
            int(declined["payment_token_id"]),
            assist.id,
            staff,
            handoff,
            cart_id,
        )


def test_anything_at_once_with_a_payment_leaves_the_books_right(live: Live) -> None:
    for number, names in enumerate(product(PAYMENTS, ACTS)):
        scene = scene_of(live, STATES[number // 2 % 2], number)

        answers = at_once([partial(ACTS[name], scene) for name in names])

        statuses = [answer.status_code for answer in answers if answer is not None]
        assert all(status < 500 or status == 503 for status in statuses), (names, [a and a.data for a in answers])
        scene.works(partial(check, scene, names))
    assert deadlocks(live) == 0


def test_everything_at_once_leaves_the_books_right(live: Live) -> None:
    for number in range(12):
        scene = scene_of(live, STATES[number // 2 % 2], number)

        answers = at_once([partial(act, scene) for act in ACTS.values()])

        statuses = [answer.status_code for answer in answers if answer is not None]
        assert all(status < 500 or status == 503 for status in statuses), [a and a.data for a in answers]
        scene.works(partial(check, scene, tuple(ACTS)))
    assert deadlocks(live) == 0


def deadlocks(live: Live) -> int:
    with live.engine.connect() as connection:
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
        query = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(connection.execute(query).scalar_one())


def check(scene: Scene, names: tuple[str, ...]) -> None:
    """Sound books; and what is sold, reserved and on the shelf of the scene is what its session says."""
    assert_sound()
    with Session(scene.live.engine) as session:
        opened = fresh(session, scene.trip.walk.opened)
        sold = sold_pieces(session, scene)
        orders = session.scalars(select(Order).where(Order.user_id == scene.trip.walk.user.id)).all()
        lines = pieces(session, CartItem.quantity, CartItem.cart_id == opened.cart_id)
        reserved = pieces(session, Reservation.quantity, active(opened))
        told = (names, opened.state, opened.outcome, sold, lines, reserved, [order.status for order in orders])
        delivered = [order for order in orders if order.status is OrderStatus.DELIVERED]
        assert len(delivered) + (opened.outcome == "at_till") <= 1, told
        assert all(order.status in (OrderStatus.DELIVERED, OrderStatus.CANCELED) for order in orders), told
        assert reserved <= lines or opened.state in (TrolleyState.PAID,), told
        assert opened.state is not TrolleyState.PAYING, told
        assert (opened.state is TrolleyState.PAID) == bool(delivered), told
        assert (sold > 0) == (bool(delivered) or opened.outcome == "at_till"), told
        charged = session.scalars(select(Payment).join(Order).where(Order.user_id == scene.trip.walk.user.id)).all()
        assert sum(payment.captured_amount for payment in charged) <= sum(order.total_amount for order in delivered)
        if opened.closed_at is not None:
            status = session.scalars(select(Cart.status).where(Cart.id == opened.cart_id)).one()
            assert status is not CartStatus.ACTIVE, told
            assert reserved == 0, told
            if opened.outcome != "at_till" and not delivered:
                assert lines == 0, told


def active(opened: CartSession) -> Any:
    return (Reservation.cart_id == opened.cart_id) & (Reservation.state == "ACTIVE")


def pieces(session: Session, column: Any, where: Any) -> int:
    return int(session.scalar(select(func.coalesce(func.sum(column), 0)).where(where)) or 0)


def sold_pieces(session: Session, scene: Scene) -> int:
    mine = StockMovement.product_id.in_([scene.milk.id, scene.bread.id]) & (StockMovement.kind == "sell")
    return -pieces(session, StockMovement.available_change + StockMovement.reserved_change, mine)
