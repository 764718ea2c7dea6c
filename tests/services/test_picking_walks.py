"""Whatever pickers, customers and managers do to two orders, in whatever sequence, the books stay right.

After each step every invariant holds, each line holds exactly what its mark says, and each shelf has as many pieces as
were counted into it. At the end what is captured is the price of what is in the bag.
"""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select, text

from app.domain.enums import OperationState, PickedStatus, Role, SoldBy
from app.domain.enums import OrderStatus as S
from app.domain.picking import LIVE
from app.errors import DomainError
from app.models import Inventory, Order, OrderItem, Payment, PaymentOperation, Substitution
from app.schemas.inventory import InventoryEdit
from app.schemas.stock import NewRecount
from app.services.checkout import canceling
from app.services.fulfilment import shop_canceling
from app.services.picking import substituting
from app.services.stock import editing, recounts
from tests import factories
from tests.conftest import rolled_back
from tests.picking import make_picker, order_of
from tests.shopping import assert_sound, make_shopper, open_shop

CODES = st.sampled_from([None, "TENTH", "FIVE"])
PIECES = st.integers(1, 3)
PLACES = st.integers(0, 2)
ORDERS = st.integers(0, 1)
NAMEABLE = st.sampled_from([S.IN_PROGRESS, S.MISSING, S.DELAYED, S.CREATED, S.READY])
FOUND_BEYOND_WRITTEN_OFF = text("""
    SELECT count(*) FROM (
        SELECT product_id, sum(reserved_change) AS found FROM stock_movements AS moved
        WHERE kind IN ('missing', 'found') AND id > (
            SELECT COALESCE(max(id), 0) FROM stock_movements WHERE kind = 'recount' AND product_id = moved.product_id)
        GROUP BY product_id
    ) AS shelves WHERE found > 0
""")


class Walks(RuleBasedStateMachine):
    """A shop of three products, one of them weighed, and two orders of all three."""

    app: Flask

    def __init__(self) -> None:
        super().__init__()
        self.undo = rolled_back(self.app)
        self.session = self.undo.__enter__()
        self.shop = open_shop(self.session, stock=8, products=2)
        self.shop.products.append(self._weighed())
        self.manager = make_picker(self.session, self.shop, Role.MANAGER)
        self.shopper = make_shopper(self.session, self.app.test_client())
        self.customer = factories.caller_of(self.session, self.shopper.user)
        factories.make_coupon(self.session, code="TENTH")
        factories.make_coupon(self.session, code="FIVE", kind="AMOUNT", value=Decimal("5.00"))
        self.orders: list[int] = []

    def teardown(self) -> None:
        self.undo.__exit__()

    def _weighed(self) -> Any:
        columns = {"price": Decimal("12.34"), "sold_by": SoldBy.WEIGHT, "estimated_weight_grams": 450}
        return factories.make_product(self.session, stock={self.shop.warehouse: 8}, deposit=Decimal("0.30"), **columns)

    @initialize(data=st.data())
    def buy_two_orders(self, data: st.DataObject) -> None:
        for _ in range(2):
            for product in self.shop.products:
                self.shopper.add(product, data.draw(PIECES))
            code = data.draw(CODES)
            body: dict[str, Any] = {"coupon_code": code} if code else {}
            if data.draw(st.booleans()):
                body |= {"fulfillment_type": "PICKUP", "branch_id": self.shop.warehouse.id}
            answer = self.shopper.confirm(self.shop, **body)
            assert answer.status_code == 201, answer.json
            self.orders.append(answer.json["data"]["order_id"])

    @rule(number=ORDERS, place=PLACES, quantity=st.none() | PIECES, grams=st.none() | st.integers(1, 1500))
    def pick(self, number: int, place: int, quantity: int | None, grams: int | None) -> None:
        self._mark(number, place, PickedStatus.PICKED, picked_quantity=quantity, weight_grams=grams)

    @rule(number=ORDERS, place=PLACES, status=st.sampled_from([PickedStatus.MISSING, PickedStatus.PENDING]))
    def miss_or_undo(self, number: int, place: int, status: PickedStatus) -> None:
        self._mark(number, place, status)

    @rule(number=ORDERS, place=PLACES, further=st.integers(0, 2), quantity=st.none() | PIECES)
    def replace(self, number: int, place: int, further: int, quantity: int | None) -> None:
        """By one of the other two products, which the order has a line of as well; seldom by itself."""
        by = self.shop.products[(place + further) % 3]
        form = {"replacement_product_id": by.id, "replacement_quantity": quantity}
        self._mark(number, place, PickedStatus.REPLACED, **form)

    @rule(number=ORDERS, place=PLACES, quantity=PIECES)
    def damage(self, number: int, place: int, quantity: int) -> None:
        self._on_line(number, place, lambda item: self.manager.damage(item, quantity))

    @rule(number=ORDERS, place=PLACES, accept=st.booleans())
    def decide(self, number: int, place: int, accept: bool) -> None:
        def answer(item: OrderItem) -> None:
            substituting.decide(order_id=item.order_id, item_id=item.id, accept=accept, caller=self.customer)

        self._on_line(number, place, answer)

    @rule(number=ORDERS, to=NAMEABLE)
    def move(self, number: int, to: S) -> None:
        self._on_order(number, lambda order: self.manager.move(order, to))

    @rule(number=ORDERS, sure=st.integers(0, 2))
    def pick_the_rest_and_pack(self, number: int, sure: int) -> None:
        if sure == 0:
            for place in range(3):
                self._on_line(number, place, self._pick_if_open)
            for to in (S.IN_PROGRESS, S.MISSING, S.READY):
                self.move(number, to)

    @rule(number=ORDERS)
    def hand_over(self, number: int) -> None:
        for to in (S.OUT_FOR_DELIVERY, S.DELIVERED):
            self.move(number, to)

    @rule(number=ORDERS, by_customer=st.booleans(), sure=st.integers(0, 4))
    def cancel(self, number: int, by_customer: bool, sure: int) -> None:
        def end(order: Order) -> None:
            if by_customer:
                canceling.cancel_order(order_id=order.id, caller=self.customer)
            else:
                shop_canceling.cancel_order(order_id=order.id, reason="No more", caller=self.manager.caller)

        if sure == 0:
            self._on_order(number, end)

    @rule(place=PLACES, available=st.integers(0, 8), reserved=st.integers(0, 12))
    def edit_stock(self, place: int, available: int, reserved: int) -> None:
        form = InventoryEdit(available_quantity=available, reserved_quantity=reserved)
        row = self._shelf(place)
        self._allowed(lambda: editing.edit(form, self.manager.caller, inventory_id=row.id))

    @rule(place=PLACES, counted=st.integers(0, 12))
    def recount(self, place: int, counted: int) -> None:
        product_id = self.shop.products[place].id
        form = NewRecount(branch_id=self.shop.warehouse.id, product_id=product_id, counted_quantity=counted)
        recounts.recount(form, self.manager.caller)

    @invariant()
    def the_books_agree(self) -> None:
        assert_sound()

    @invariant()
    def nothing_is_found_that_was_not_lost_since_the_shelf_was_counted(self) -> None:
        assert self.session.execute(FOUND_BEYOND_WRITTEN_OFF).scalar_one() == 0

    @invariant()
    def each_line_holds_what_its_mark_says(self) -> None:
        for number in range(len(self.orders)):
            order, lines = self._lines(number)
            if order.status in (S.DELIVERED, S.CANCELED):
                continue
            for item, substitute in lines:
                assert item.held_quantity + item.missing_quantity <= item.quantity
                assert (substitute is not None) == (item.picked_status is PickedStatus.REPLACED)
                if item.picked_status is not PickedStatus.PENDING:
                    assert item.held_quantity == (item.picked_quantity or 0)
                if substitute is not None:
                    assert substitute.held_quantity == substitute.quantity

    @invariant()
    def what_is_captured_is_what_is_in_the_bag(self) -> None:
        for number in range(len(self.orders)):
            order, lines = self._lines(number)
            if order.ready_at is None:
                continue
            payment = self._all(select(Payment).where(Payment.order_id == order.id))[0]
            worth = sum((_worth(item, substitute) for item, substitute in lines), Decimal("0.00"))
            assert order.final_items_total + order.final_deposit_total == worth
            assert order.final_total == min(
                worth + order.delivery_fee - order.final_discount_total, payment.authorized_amount
            )
            captured = 0 if order.final_total == 0 else order.final_total
            assert payment.captured_amount == captured
            assert payment.refunded_amount == (captured if order.status is S.CANCELED else 0)
            open_operations = select(PaymentOperation).where(PaymentOperation.state != OperationState.OK)
            assert self._all(open_operations) == []

    def _pick_if_open(self, item: OrderItem) -> None:
        if item.picked_status is PickedStatus.PENDING:
            self.manager.mark(item)

    def _mark(self, number: int, place: int, status: PickedStatus, **form: Any) -> None:
        self._on_line(number, place, lambda item: self.manager.mark(item, status, **form))

    def _on_line(self, number: int, place: int, act: Callable[[OrderItem], object]) -> None:
        item = self._lines(number)[1][place][0]
        self._allowed(lambda: act(item))

    def _on_order(self, number: int, act: Callable[[Order], object]) -> None:
        order = order_of(self.session, self.orders[number])
        self._allowed(lambda: act(order))

    def _allowed(self, act: Callable[[], object]) -> None:
        """Do it; a refusal by one of our own errors is as good, any other error is not."""
        with suppress(DomainError):
            act()

    def _lines(self, number: int) -> tuple[Order, list[tuple[OrderItem, Substitution | None]]]:
        order = order_of(self.session, self.orders[number])
        live = (Substitution.order_item_id == OrderItem.id) & Substitution.status.in_(LIVE)
        rows = select(OrderItem, Substitution).outerjoin(Substitution, live)
        found = self.session.execute(rows.where(OrderItem.order_id == order.id).order_by(OrderItem.product_id))
        return order, [(row.OrderItem, row.Substitution) for row in found]

    def _shelf(self, place: int) -> Inventory:
        return self._all(select(Inventory).where(Inventory.product_id == self.shop.products[place].id))[0]

    def _all(self, statement: Any) -> list[Any]:
        return list(self.session.execute(statement.execution_options(populate_existing=True)).scalars())


def _worth(item: OrderItem, substitute: Substitution | None) -> Decimal:
    """What a line costs as it lies in the bag, its deposit included."""
    if substitute is not None:
        own_price = substitute.unit_price * substitute.quantity
        return min(own_price, item.line_total) + substitute.unit_deposit * substitute.quantity
    pieces = item.picked_quantity or 0
    deposit = item.unit_deposit * pieces
    if item.picked_weight_grams is not None and item.price_per_kg is not None:
        return (item.price_per_kg * item.picked_weight_grams / 1000).quantize(
            Decimal("0.01"), "ROUND_HALF_UP"
        ) + deposit
    return item.unit_price * pieces + deposit


def test_no_sequence_of_acts_breaks_the_books(app: Flask) -> None:
    machine = type("WalksHere", (Walks,), {"app": app})
    chosen = settings(
        max_examples=16,
        stateful_step_count=20,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )

    run_state_machine_as_test(machine, settings=chosen)
