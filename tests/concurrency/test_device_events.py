"""Two workers at once: an event has one effect, no scan waits for another in a circle, and none gets past a payment."""

from collections import Counter
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import BasketMove, CartItem, CartSession, DeviceEvent, Inventory, TrolleyIncident
from tests.concurrency.racing import at_once
from tests.conftest import Live
from tests.devices import Talker
from tests.scanning import Trip, on_the_shelf, start_trip
from tests.shopping import assert_sound

ROUNDS = 20


def trips(live: Live, number: int) -> tuple[list[Trip], list[str]]:
    """Trolleys of one branch, and barcodes of two products there."""
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        made = [start_trip(session, live.client()) for _ in range(number)]
        for trip in made:
            trip.walk.trolley.stock_location_id = trip.walk.opened.stock_location_id = made[0].walk.branch.id
        session.commit()
        return made, [on_the_shelf(session, made[0], stock=10_000)[1] for _ in range(2)]


def sender(live: Live, trip: Trip, *events: list[Any]) -> Any:
    """A request of its own with the next number, for a thread of its own."""
    trip.talker.n += 1
    known = trip.talker
    talker = Talker(live.client(), known.device_id, known.key, boot=known.boot, n=known.n - 1)
    return partial(talker.post, "/ev", {"ev": list(events)})


def test_a_batch_sent_twice_at_once_counts_once(live: Live) -> None:
    (trip,), (milk, bread) = trips(live, 1)
    for _ in range(ROUNDS):
        batch = [trip.event("a", milk, 500), trip.event("a", bread, 500), trip.event("r", bread, -500)]

        answers = at_once([sender(live, trip, *batch) for _ in range(2)])

        bodies = [answer.json for answer in answers if answer.status_code == 200]
        assert bodies, [answer.data for answer in answers]
        assert all(body["r"] == bodies[0]["r"] for body in bodies)
        assert all(answer.json.get("e", "replay") == "replay" for answer in answers)

    with Session(live.engine) as session:
        assert session.scalars(select(CartItem.quantity)).all() == [ROUNDS]
        assert session.scalar(select(func.count()).select_from(DeviceEvent)) == 3 * ROUNDS
        assert session.scalar(select(func.count()).select_from(BasketMove)) == 3 * ROUNDS
        assert session.scalar(select(func.count()).select_from(TrolleyIncident)) == 0
    with live.app.app_context():
        assert_sound()


def test_overlapping_batches_at_once_leave_no_event_out_and_none_twice(live: Live) -> None:
    (trip,), (milk, _) = trips(live, 1)
    for number in range(1, ROUNDS + 1):
        events = [trip.event("a", milk, 500) for _ in range(4)]

        answers = at_once([sender(live, trip, *events[:2]), sender(live, trip, *events[1:])])

        assert {answer.json.get("e", "") for answer in answers} <= {"", "gap", "replay"}
        assert sender(live, trip, *events)().json["q"] == 4 * number


def test_trolleys_that_scan_the_same_goods_in_opposite_order_do_not_wait_in_a_circle(live: Live) -> None:
    made, codes = trips(live, 4)
    for _ in range(ROUNDS):
        calls = []
        for place, trip in enumerate(made):
            order = codes if place % 2 else codes[::-1]
            calls.append(sender(live, trip, *(trip.event("a", code, 500) for code in order * 3)))

        answers = at_once(calls)

        assert Counter(answer.status_code for answer in answers) == {200: len(made)}

    with Session(live.engine) as session:
        assert set(session.scalars(select(CartItem.quantity))) == {3 * ROUNDS}
        reserved = session.scalars(select(Inventory.reserved_quantity)).all()
        assert reserved == [len(made) * 3 * ROUNDS] * 2
    with live.app.app_context():
        assert_sound()


def test_a_scan_during_the_payment_is_paid_for_or_refused(live: Live) -> None:
    paid = []
    for _ in range(ROUNDS):
        (trip,), (milk, bread) = trips(live, 1)
        assert sender(live, trip, trip.event("a", milk, 500))().status_code == 200
        with Session(live.engine) as session:
            cart_id = trip.walk.cart_id(session)
        form = {"cart_id": cart_id, "payment_token_id": 1}
        headers = {**trip.walk.headers, "Idempotency-Key": f"race-{trip.walk.opened.id}"}
        paying = partial(live.client().post, "/api/v1/checkout/confirm", json=form, headers=headers)

        scanned, bought = at_once([sender(live, trip, trip.event("a", bread, 500)), paying])

        assert (scanned.status_code, bought.status_code) == (200, 201), (scanned.data, bought.data)
        code = scanned.json["r"][0][1]
        assert code in (0, 6, 7)
        assert bought.json["data"]["total_paid"] == (20.0 if code == 0 else 10.0)
        paid.append(code)
    with Session(live.engine) as session:
        late = session.scalar(select(func.count()).select_from(TrolleyIncident))
        assert late == Counter(paid)[7]
        assert session.scalar(select(func.count()).select_from(CartSession).where(CartSession.order_id.is_(None))) == 0
    with live.app.app_context():
        assert_sound()
