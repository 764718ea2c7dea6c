"""Whatever a shopper, a trolley, the staff, the provider and time do, each piece and each cent is where a small model
of this file has it."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import SoldBy, TrolleyState, WeightState
from app.models import CartItem, CartSession, Order, Payment, PaymentOperation, Product, Reservation, Trolley
from app.services import reservations
from app.services.payments import sweeper
from app.services.trolleys import sweeping
from tests import factories
from tests.conftest import rolled_back
from tests.devices import make_talker
from tests.scanning import assists, with_barcode
from tests.shopping import assert_sound
from tests.trolleys import shelf

V1 = "/api/v1"
MILK, BREAD, FRUIT = range(3)
STOCK = {MILK: 3, BREAD: 2, FRUIT: 2}
GRAMS = {MILK: 500, BREAD: 300}
CARDS = {"good": None, "declined": "4000000000000002", "no answer": "4000000000000119", "lost": "4000000000000127"}
OPEN, WALKING = {"shopping", "assist"}, {"shopping", "review", "assist"}
OK, REMOVED, NOT_IN_CART, NO_SESSION, LOCKED, LATE = 0, 1, 4, 5, 6, 7
PIECES = st.sampled_from([MILK, BREAD])


class Trolleys(RuleBasedStateMachine):
    """A shopper, two trolleys, three products. `lines` are pieces, or grams of the fruit; the rest counts pieces."""

    app: Flask

    def __init__(self) -> None:
        super().__init__()
        self.undo = rolled_back(self.app)
        self.session: Session = self.undo.__enter__()
        self.client = self.app.test_client()
        self.branch = factories.make_location(self.session)
        self.user = factories.make_user(self.session)
        self.headers = factories.sign_in(self.session, self.user)
        self.staff = factories.sign_in(self.session, factories.make_employee(self.session, self.branch))
        self.trolleys = [factories.make_trolley(self.session, self.branch) for _ in range(2)]
        self.talkers = [make_talker(self.session, self.client, trolley) for trolley in self.trolleys]
        self.goods = [
            self._product(MILK, price=Decimal("10.00")),
            self._product(BREAD, price=Decimal("2.50"), deposit=Decimal("0.25")),
            self._product(
                FRUIT, price=Decimal("12.34"), sold_by=SoldBy.WEIGHT, estimated_weight_grams=400, sku="40117"
            ),
        ]
        self.codes = [with_barcode(self.session, product) for product in self.goods[:FRUIT]] + ["40117"]
        self.cards = {name: self._card(number) for name, number in CARDS.items()}
        self.here, self.keys, self.seqs = 0, 0, [0, 0]
        self.last: list[Any] = []
        self.state: str | None = None
        self.lines: dict[int, int] = {}
        self.reserved: Counter[int] = Counter()
        self.available, self.held = dict(STOCK), dict.fromkeys(STOCK, 0)
        self.bought, self.charged = Decimal(0), Decimal(0)

    def teardown(self) -> None:
        self.undo.__exit__()

    def _product(self, place: int, **columns: Any) -> Product:
        stock = {self.branch: STOCK[place]}
        return factories.make_product(self.session, stock=stock, weight_grams=GRAMS.get(place), **columns)

    def _card(self, number: str | None) -> int:
        if number is None:
            return 1
        made = self._post("me/payment-tokens", {"card_number": number})
        return int(made.json["data"]["payment_token_id"])

    # What the model says of the stock

    def _take(self, place: int, pieces: int) -> None:
        self.available[place] = max(self.available[place] - pieces, 0)
        self.held[place] += pieces
        self.reserved[place] += pieces

    def _give(self, place: int, pieces: int) -> None:
        back = min(pieces, self.reserved[place])
        self.available[place] += back
        self.held[place] -= back
        self.reserved[place] -= back

    def _pieces(self) -> dict[int, int]:
        return {place: 1 if place == FRUIT else many for place, many in self.lines.items()}

    def _order(self) -> None:
        """All that lies in the trolley is held by an order from now on."""
        for place, pieces in self._pieces().items():
            self._give(place, pieces)
            self._take(place, pieces)
        self.reserved.clear()

    def _sell(self) -> None:
        for place, pieces in self._pieces().items():
            self.held[place] -= pieces

    def _close(self) -> None:
        for place in list(self.reserved):
            self._give(place, self.reserved[place])
        self.state, self.lines = None, {}

    def _total(self) -> Decimal:
        fruit = (Decimal("12.34") * self.lines.get(FRUIT, 0) / 1000).quantize(Decimal("0.01"), "ROUND_HALF_UP")
        return 10 * self.lines.get(MILK, 0) + Decimal("2.75") * self.lines.get(BREAD, 0) + fruit

    # What happens

    @initialize()
    def start(self) -> None:
        self.begin()

    @precondition(lambda self: self.state is None)
    @rule()
    def begin(self) -> None:
        code = self.talkers[self.here].post("/pair", {}).json["c"]
        assert self._post("carts/pair", {"code": code}).status_code == 200
        self.state, self.lines = "shopping", {}

    @rule(place=PIECES, times=st.integers(1, 4))
    def scan(self, place: int, times: int) -> None:
        codes = self._events(*(("a", self.codes[place], GRAMS[place]) for _ in range(times)))
        assert codes == [self._refusal() or OK] * times
        if self.state in OPEN:
            self._take(place, times)
            self.lines[place] = self.lines.get(place, 0) + times

    @rule(grams=st.integers(1, 1500))
    def weigh_in(self, grams: int) -> None:
        assert self._events(("p", self.codes[FRUIT], grams)) == [self._refusal() or OK]
        if self.state in OPEN:
            if FRUIT not in self.lines:
                self._take(FRUIT, 1)
            self.lines[FRUIT] = self.lines.get(FRUIT, 0) + grams

    @rule(place=PIECES, times=st.integers(1, 2))
    def take_out(self, place: int, times: int) -> None:
        codes = self._events(*(("r", self.codes[place], -GRAMS[place]) for _ in range(times)))
        there = self.lines.get(place, 0)
        assert codes == [self._refusal() or (REMOVED if n < there else NOT_IN_CART) for n in range(times)]
        if self.state in OPEN:
            self._out(place, min(times, there))

    @rule(share=st.sampled_from([Decimal("0.3"), Decimal(1), Decimal("1.01"), Decimal("1.5")]))
    def weigh_out(self, share: Decimal) -> None:
        lying = self.lines.get(FRUIT, 0)
        grams = max(int(lying * share), 1)
        is_all = abs(grams - lying) <= max(15, Decimal("0.03") * lying)
        expected = REMOVED if lying and (is_all or grams <= lying) else NOT_IN_CART
        assert self._events(("r", self.codes[FRUIT], -grams)) == [self._refusal() or expected]
        if self.state in OPEN and expected == REMOVED:
            self._out(FRUIT, lying if is_all else grams)

    def _out(self, place: int, many: int) -> None:
        if not many:
            return
        left = self.lines[place] - many
        if place != FRUIT or not left:
            self._give(place, 1 if place == FRUIT else many)
        self.lines = {**self.lines, place: left} if left else {p: n for p, n in self.lines.items() if p != place}

    @rule()
    def send_again(self) -> None:
        """The answer is lost: the same events once more change nothing."""
        if self.last:
            talker, events, codes = self.last
            answer = talker.post("/ev", {"ev": events})
            assert [row[1] for row in answer.json["r"]] == codes

    @rule(place=PIECES)
    def add_by_hand(self, place: int) -> None:
        added = self._post("cart/item/add", {"product_id": self.goods[place].id})
        assert added.status_code == (200 if self.state in OPEN else 409 if self.state else 404)
        if self.state in OPEN:
            self._take(place, 1)
            self.lines[place] = self.lines.get(place, 0) + 1

    @rule(place=st.sampled_from([MILK, BREAD, FRUIT]))
    def remove_by_hand(self, place: int) -> None:
        removed = self._post("cart/item/remove", {"product_id": self.goods[place].id})
        there = self.lines.get(place, 0)
        assert removed.status_code == (
            200 if self.state in OPEN and there else 409 if self._refusal() in (6, 7) else 404
        )
        if removed.status_code == 200:
            self._out(place, there if place == FRUIT else 1)

    @rule()
    def expire(self) -> None:
        past = func.now() - timedelta(minutes=1)
        self.session.execute(update(Reservation).where(Reservation.state == "ACTIVE").values(expires_at=past))
        self.session.commit()
        reservations.expire_due()
        for place in list(self.reserved):
            self._give(place, self.reserved[place])

    @rule(is_right=st.booleans(), times=st.integers(1, 3))
    def weigh(self, is_right: bool, times: int) -> None:
        lying = sum(many * GRAMS.get(place, 1) for place, many in self.lines.items())
        self._events(*(("w", "", lying if is_right else lying + 2000) for _ in range(times)))
        self._follow_weight()

    @rule()
    def call_for_help(self) -> None:
        self._events(("h", "", 0))
        self._follow_weight()

    @rule()
    def settle(self) -> None:
        for call in assists(self.session):
            if call.resolved_at is None:
                path = f"{V1}/ops/assist/{call.id}/resolve"
                assert self.client.post(path, json={"outcome": "accepted"}, headers=self.staff).status_code == 200
        self._follow_weight()

    def _follow_weight(self) -> None:
        """How much of a wrong weight is too much is not the matter here: only what follows from it is."""
        opened = self._opened()
        if opened is not None and self.state in WALKING:
            calls_staff = opened.weight_state is WeightState.ASSIST
            self.state = "assist" if calls_staff else "shopping" if self.state == "assist" else self.state

    @precondition(lambda self: self.state)
    @rule()
    def review(self) -> None:
        opened = self._opened()
        answer = self._post(f"carts/{opened.cart_id}/review").status_code
        if self.state == "review" and opened.weight_state is not WeightState.MISMATCH:
            assert answer == 200
        elif opened.weight_state is WeightState.MISMATCH or self.state != "shopping":
            assert answer == 409
        elif not self.lines:
            assert answer == 400
        else:
            assert answer == 200
            self.state = "review"

    @precondition(lambda self: self.state)
    @rule()
    def go_on(self) -> None:
        path = f"{V1}/carts/{self._opened().cart_id}/review"
        answer = self.client.delete(path, headers=self.headers).status_code
        assert answer == (200 if self.state in ("review", "shopping") else 409)
        self.state = "shopping" if answer == 200 else self.state

    @precondition(lambda self: self.state)
    @rule()
    def transfer(self) -> None:
        other = self.trolleys[1 - self.here]
        answer = self._post(f"carts/{self._opened().cart_id}/transfer", {"trolley": other.id}).status_code
        assert answer == (200 if self.state in OPEN else 409)
        self.here = 1 - self.here if answer == 200 else self.here

    @precondition(lambda self: self.state)
    @rule(card=st.sampled_from(["good", "good", "declined", "no answer", "lost"]))
    def pay(self, card: str) -> None:
        opened = self._opened()
        answer = self._confirm(opened.cart_id, card)
        if self.state in ("paid", "paying"):
            assert answer.status_code == (200 if self.state == "paid" else 202), answer.json
            return
        if why := self._why_not(opened):
            assert answer.json["error"]["code"] == why, answer.json
            return
        if answer.status_code == 409:  # the staff are to look first, or on a slow day a suspicion has grown old
            is_suspect = opened.weight_state is WeightState.SUSPECT
            due = {"STAFF_CHECK_NEEDED": opened.mismatches > 0, "WEIGHT_MISMATCH": is_suspect}
            assert due[answer.json["error"]["code"]], answer.json
            return
        assert answer.status_code == {"good": 201, "declined": 402}.get(card, 202), answer.json
        self._order()
        self.state = "paying"
        if card == "good":
            assert Decimal(str(answer.json["data"]["total_paid"])) == self._total()
            self._paid()
        elif card == "declined":
            self._not_paid()

    def _why_not(self, opened: CartSession) -> str | None:
        if self.state == "assist":
            return "TROLLEY_NOT_PAYABLE"
        if opened.needs_check:
            return "STAFF_CHECK_NEEDED"
        if opened.weight_state in (WeightState.MISMATCH, WeightState.ASSIST):
            return "WEIGHT_MISMATCH"
        return None if self.lines or opened.mismatches else "CART_EMPTY"

    def _confirm(self, cart_id: int, card: str) -> TestResponse:
        self.keys += 1
        form = {"cart_id": cart_id, "payment_token_id": self.cards[card]}
        return self._post("checkout/confirm", form, **{"Idempotency-Key": f"{self.user.id}-{self.keys}"})

    def _paid(self) -> None:
        self.bought += self._total()
        self._sell()
        self.state = "paid"

    def _not_paid(self) -> None:
        """The order let go of the goods, and the trolley took them again."""
        self.reserved = Counter(self._pieces())
        self.state = "review"

    @precondition(lambda self: self.state == "paying")
    @rule(is_late=st.booleans())
    def decide(self, is_late: bool) -> None:
        """The sweeper finds out; after the deadline it calls the payment off."""
        deadline = func.now() + timedelta(minutes=-1 if is_late else 10)
        self.session.execute(update(Order).where(Order.status == "PENDING_PAYMENT").values(pay_deadline=deadline))
        self.session.execute(update(PaymentOperation).values(next_at=func.now() - timedelta(seconds=1)))
        self.session.commit()
        sweeper.sweep()
        if is_late:
            self._not_paid()
        else:
            self._paid()

    @precondition(lambda self: self.state == "paying")
    @rule()
    def call_off(self) -> None:
        order = self.session.scalars(select(Order).where(Order.status == "PENDING_PAYMENT")).one()
        assert self._post(f"orders/{order.id}/cancel").status_code == 200
        self._not_paid()

    @precondition(lambda self: self.state)
    @rule()
    def pay_at_the_till(self) -> None:
        told = self.client.get(f"{V1}/carts/{self._opened().cart_id}/handoff", headers=self.headers)
        if told.status_code != 200:
            assert told.status_code in (400, 409)
            return
        self.state = "review"
        path = f"{V1}/pos/handoff/{told.json['data']['code']}"
        taken = self.client.post(path, headers=self.staff)
        if taken.status_code == 409:
            assert taken.json["error"]["code"] == "STAFF_CHECK_NEEDED"
            return
        assert Decimal(str(taken.json["data"]["total"])) == self._total()
        self._order()
        self._sell()
        self._close()

    @precondition(lambda self: self.state)
    @rule()
    def leave(self) -> None:
        answer = self._post("cart/disconnect").status_code
        assert answer == (409 if self.state == "paying" else 200)
        if answer == 200:
            self._close()

    @rule()
    def sweep(self) -> None:
        """Nothing has happened for an hour: who walks is taken to have left, who pays or has paid is not."""
        self.session.execute(update(CartSession).values(last_event_at=func.now() - timedelta(hours=1)))
        self.session.commit()
        sweeping.sweep()
        if self.state in WALKING:
            self._close()
        for trolley in self.session.scalars(select(Trolley).where(Trolley.state == TrolleyState.MAINTENANCE)):
            path = f"{V1}/ops/trolleys/{trolley.id}/release"
            assert self.client.post(path, headers=self.staff).status_code in (200, 204)

    # What must be true

    @invariant()
    def the_books_agree(self) -> None:
        assert_sound()

    @invariant()
    def each_piece_is_where_the_model_has_it(self) -> None:
        stock = {place: shelf(self.session, product) for place, product in enumerate(self.goods)}
        assert stock == {place: (self.available[place], self.held[place]) for place in STOCK}

    @invariant()
    def the_session_is_as_the_model_has_it(self) -> None:
        opened = self._opened()
        assert (opened and opened.state.value) == self.state
        if opened is None:
            return
        rows = self.session.scalars(select(CartItem).where(CartItem.cart_id == opened.cart_id))
        places = {product.id: place for place, product in enumerate(self.goods)}
        assert {places[row.product_id]: row.weight_grams or row.quantity for row in rows} == self.lines
        if self.state in OPEN:
            lying = sum(many * GRAMS.get(place, 1) for place, many in self.lines.items())
            assert opened.expected_grams == lying

    @invariant()
    def what_is_delivered_is_what_was_bought(self) -> None:
        delivered = select(func.coalesce(func.sum(Order.final_total), 0)).where(Order.status == "DELIVERED")
        assert self.session.scalar(delivered) == self.bought
        taken = select(func.count()).select_from(Payment).join(Order)
        assert self.session.scalar(taken.where(Order.status != "DELIVERED", Payment.captured_amount > 0)) == 0

    def _opened(self) -> Any:
        statement = select(CartSession).where(CartSession.user_id == self.user.id, CartSession.closed_at.is_(None))
        return self.session.execute(statement.execution_options(populate_existing=True)).scalar_one_or_none()

    def _refusal(self) -> int | None:
        """What a scan is answered with where it cannot change the basket."""
        return {None: NO_SESSION, "review": LOCKED, "paying": LOCKED, "paid": LATE}.get(self.state)

    def _events(self, *events: tuple[str, str, int]) -> list[int]:
        """Send new events in one batch; answers their result codes."""
        first = self.seqs[self.here] + 1
        self.seqs[self.here] += len(events)
        batch = [[first + n, *event, 0] for n, event in enumerate(events)]
        answer = self.talkers[self.here].post("/ev", {"ev": batch})
        assert answer.status_code == 200, answer.data
        codes = [row[1] for row in answer.json["r"]]
        self.last = [self.talkers[self.here], batch, codes]
        return codes

    def _post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        return self.client.post(f"{V1}/{path}", json=body, headers={**self.headers, **headers})


def test_no_sequence_of_happenings_loses_a_piece_or_a_cent(app: Flask) -> None:
    machine = type("TrolleysHere", (Trolleys,), {"app": app})
    chosen = settings(
        max_examples=12,
        stateful_step_count=30,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    run_state_machine_as_test(machine, settings=chosen)
