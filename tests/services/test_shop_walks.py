"""Whatever a consumer, a vendor and the office do to wallets, orders, returns and payouts, the books stay right.

After each step every journal sums to zero, no wallet is below zero, every stored balance is the sum of its entries,
each order's money is where its state says, and what the test added up of the answers is what the accounts hold.
"""

from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase
from hypothesis import settings as budget
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import AccountKind, Role
from app.models import Account, Entry, Inventory, Order
from app.services.wallets import maturing
from tests import factories
from tests.conftest import rolled_back
from tests.market import Person, balance, fill_wallet, open_market, sign_in
from tests.shopping import assert_sound

CENT = Decimal("0.01")
AMOUNTS = st.decimals(min_value=CENT, max_value=Decimal("60.00"), places=2)
ORDERS = st.integers(0, 9)
LINES = st.integers(0, 1)
PIECES = st.integers(1, 3)
MODES = st.sampled_from(["cash", "wallet", "wallet", "card"])
REFUSED = frozenset({400, 402, 404, 409})


class Walks(RuleBasedStateMachine):
    """One shop with two items, one consumer, and two admins; the consumer's wallet begins with 50.00."""

    app: Flask

    def __init__(self) -> None:
        super().__init__()
        self.undo = rolled_back(self.app)
        self.session: Session = self.undo.__enter__()
        self.client = self.app.test_client()
        self.market = open_market(self.session, self.client, delivery_fee=Decimal("1.50"))
        self.items = [
            factories.make_item(self.session, self.market.shop, stock=30, price=Decimal(price))
            for price in ("9.99", "3.33")
        ]
        self.office = [self._admin(), self._admin()]
        self.orders: list[int] = []
        self.payouts: list[int] = []
        self.keys = 0

    def teardown(self) -> None:
        self.undo.__exit__()

    def _admin(self) -> Person:
        return sign_in(self.session, self.client, factories.make_user(self.session, role=Role.ADMIN))

    @initialize()
    def set_up(self) -> None:
        fill_wallet(self.session, self.market.consumer.user, "50.00")
        self.in_wallet = Decimal("50.00")
        bank = {"bank_name": "State Bank", "account_number": "12345678901", "ifsc_code": "SBIN0001234"}
        assert self.market.vendor.post("/vendor/payout/setup", bank).status_code == 200

    @rule(amount=AMOUNTS)
    def load(self, amount: Decimal) -> None:
        if self._did(self.market.consumer.post("/consumer/wallet/load", {"amount": str(max(amount, Decimal(1)))})):
            self.in_wallet += max(amount, Decimal(1))

    @rule(amount=AMOUNTS)
    def debit(self, amount: Decimal) -> None:
        if self._did(self.market.consumer.post("/consumer/wallet/debit", {"amount": str(amount)})):
            self.in_wallet -= amount

    @rule(mode=MODES, pieces=PIECES, others=st.integers(0, 2))
    def order(self, mode: str, pieces: int, others: int) -> None:
        consumer = self.market.consumer
        consumer.post("/consumer/cart/clear")
        consumer.post("/consumer/cart/add", {"item_id": self.items[0].id, "quantity": pieces})
        if others:
            consumer.post("/consumer/cart/add", {"item_id": self.items[1].id, "quantity": others})
        made = consumer.post("/consumer/order/confirm", {"payment_mode": mode})
        if self._did(made, 201):
            self.orders.append(made.json["data"]["order_id"])
            if mode == "wallet":
                self.in_wallet -= Decimal(str(made.json["data"]["total"]))

    @rule(mode=MODES, pieces=PIECES)
    def sell(self, mode: str, pieces: int) -> None:
        """An order that goes through at once, so that returns, refunds and payouts have something to work on."""
        before = len(self.orders)
        self.order(mode, pieces, 1)
        if len(self.orders) > before:
            self._vendor(before, "status", {"status": "delivered"})

    @rule(number=ORDERS, line=LINES, quantity=PIECES, restock=st.booleans())
    def take_back(self, number: int, line: int, quantity: int, restock: bool) -> None:
        self.return_goods(number, line, quantity, unasked=True)
        self.complete_return(number, restock)

    @rule(number=ORDERS, status=st.sampled_from(["accepted", "rejected", "delivered", "delivered"]))
    def answer(self, number: int, status: str) -> None:
        before = self._order(number)
        if self._vendor(number, "status", {"status": status}) and status == "rejected" and before:
            self._came_back(before, Decimal(str(before["total_amount"])))

    @rule(number=ORDERS, line=LINES, quantity=st.integers(0, 4))
    def modify(self, number: int, line: int, quantity: int) -> None:
        self._vendor(number, "modify", {"modifications": [{"item_id": self.items[line].id, "quantity": quantity}]})

    @rule(number=ORDERS)
    def agree(self, number: int) -> None:
        before = self._order(number)
        if self._consumer(number, "confirm-modified") and before:
            difference = Decimal(str(before["total_amount"])) - Decimal(str(before["final_amount"]))
            self._came_back(before, difference)

    @rule(number=ORDERS, by_vendor=st.booleans())
    def cancel(self, number: int, by_vendor: bool) -> None:
        before = self._order(number)
        act = self._vendor if by_vendor else self._consumer
        if act(number, "cancel") and before:
            self._came_back(before, Decimal(str(before["total_amount"])))

    @rule(number=ORDERS, line=LINES, quantity=PIECES, unasked=st.booleans())
    def return_goods(self, number: int, line: int, quantity: int, unasked: bool) -> None:
        body = {"reason": "broken", "items": [{"item_id": self.items[line].id, "quantity": quantity}]}
        if unasked:
            self._vendor(number, "return/initiate", body)
        else:
            self._consumer(number, "return/raise", body)

    @rule(number=ORDERS, accepts=st.booleans())
    def decide_return(self, number: int, accepts: bool) -> None:
        self._vendor(number, "return/accept" if accepts else "return/reject")

    @rule(number=ORDERS, restock=st.booleans())
    def complete_return(self, number: int, restock: bool) -> None:
        before = self._order(number)
        made = self._post(self.market.vendor, "vendor", number, "return/complete", {"restock": restock})
        if made is not None and self._did(made) and before:
            self._came_back(before, Decimal(str(made.json["data"]["refund"])))

    @rule(number=ORDERS, amount=AMOUNTS, by_house=st.booleans())
    def refund_by_the_office(self, number: int, amount: Decimal, by_house: bool) -> None:
        before = self._order(number)
        if before is None:
            return
        body = {"amount": str(amount), "reason": "goodwill", "charged_to": "house" if by_house else "vendor"}
        path = f"/admin/orders/{before['order_id']}/refund"
        if self._did(self.office[0].post(path, body, key=self._key())):
            self._came_back(before, amount)

    @rule()
    def let_earnings_mature(self) -> None:
        """Some days later, as the clock of a transaction stands still."""
        held_back = update(Order).where(Order.matures_at.is_not(None))
        self.session.execute(held_back.values(matures_at=func.now()))
        self.session.commit()
        maturing.mature_due()

    @rule(amount=AMOUNTS)
    def withdraw(self, amount: Decimal) -> None:
        if self._did(self.market.vendor.post("/vendor/wallet/withdraw", {"amount": str(amount)}, key=self._key())):
            newest = self.market.vendor.get("/vendor/wallet/payouts").json["data"][0]
            self.payouts.append(newest["id"])

    @precondition(lambda self: self.payouts)
    @rule(number=st.integers(0, 2), step=st.sampled_from(["approve", "sent", "paid", "fail"]))
    def move_payout(self, number: int, step: str) -> None:
        body = {"sent": {"bank_reference": "UTR-1"}, "fail": {"reason": "account closed"}}.get(step)
        payout = self.payouts[number % len(self.payouts)]
        self._did(self.office[1].post(f"/admin/payouts/{payout}/{step}", body))

    @invariant()
    def the_books_agree(self) -> None:
        assert_sound()

    @invariant()
    def all_money_together_is_nothing(self) -> None:
        assert self.session.execute(select(func.coalesce(func.sum(Entry.amount), 0))).scalar_one() == 0

    @invariant()
    def no_account_of_anybody_is_below_zero(self) -> None:
        assert self.session.execute(select(Account.id).where(Account.balance < 0)).all() == []

    @invariant()
    def the_wallet_holds_what_the_answers_said(self) -> None:
        assert balance(self.session, AccountKind.WALLET, self.market.consumer.user.id) == self.in_wallet
        assert self.market.consumer.get("/consumer/wallet").json["data"]["balance"] == float(self.in_wallet)

    @invariant()
    def nothing_is_paid_out_that_was_not_earned(self) -> None:
        earned = self.session.execute(EARNED, {"shop_id": self.market.shop.id}).scalar_one()
        assert earned >= 0

    @invariant()
    def the_house_has_the_commission_of_each_order(self) -> None:
        """In proportion to what its vendor still has of it, but for the cents of many refunds."""
        assert (
            self.session.execute(COMMISSIONS, {"percent": self.app.extensions["settings"].commission_percent}).all()
            == []
        )

    @invariant()
    def every_piece_is_somewhere(self) -> None:
        rows = self.session.execute(select(Inventory).execution_options(populate_existing=True)).scalars()
        assert all(row.available_quantity >= 0 and row.reserved_quantity >= 0 for row in rows)

    def _order(self, number: int) -> dict[str, Any] | None:
        if not self.orders:
            return None
        return self.market.order_of(self.orders[number % len(self.orders)])

    def _came_back(self, order: dict[str, Any], amount: Decimal) -> None:
        if order["payment_mode"] == "wallet":
            self.in_wallet += amount

    def _vendor(self, number: int, act: str, body: Any = None) -> bool:
        made = self._post(self.market.vendor, "vendor", number, act, body)
        return made is not None and self._did(made)

    def _consumer(self, number: int, act: str, body: Any = None) -> bool:
        made = self._post(self.market.consumer, "consumer", number, act, body)
        return made is not None and self._did(made)

    def _post(self, who: Person, side: str, number: int, act: str, body: Any) -> TestResponse | None:
        if not self.orders:
            return None
        return who.post(f"/{side}/orders/{self.orders[number % len(self.orders)]}/{act}", body)

    def _did(self, made: TestResponse, status: int = 200) -> bool:
        """Whether it was done; a refusal with one of our own errors is as good, any other answer is not."""
        assert made.status_code == status or made.status_code in REFUSED, made.json
        return made.status_code == status

    def _key(self) -> str:
        self.keys += 1
        return f"key-{self.keys}"


COMMISSIONS = text("""
    SELECT orders.id, kept, fees, commission FROM orders JOIN (
        SELECT order_id, sum(amount) FILTER (WHERE kind LIKE 'vendor_%') AS kept,
               COALESCE(sum(amount) FILTER (WHERE kind = 'fees'), 0) AS fees
        FROM journals JOIN entries ON entries.journal_id = journals.id JOIN accounts ON accounts.id = account_id
        GROUP BY order_id
    ) AS booked ON booked.order_id = orders.id
    WHERE delivered_at IS NOT NULL AND payment_method <> 'CASH'
      AND (commission <> fees OR kept < 0 OR abs(fees - (kept + fees) * :percent / 100) > 0.05)
""")
EARNED = text("""
    SELECT COALESCE(sum(balance), 0) FROM accounts
    WHERE owner_id = :shop_id AND kind IN ('vendor_pending', 'vendor_available')
""")


@pytest.mark.parametrize(
    "terms",
    [
        {"commission_percent": Decimal("7.50"), "return_window_days": 7},
        {"commission_percent": Decimal("12.34"), "payout_hold_days": 0},
    ],
    ids=["held until returns are over", "paid at once"],
)
def test_no_sequence_of_acts_breaks_the_books(app: Flask, terms: dict[str, Any]) -> None:
    before = app.extensions["settings"]
    app.extensions["settings"] = before.model_copy(update=terms)
    machine = type("WalksHere", (Walks,), {"app": app})
    chosen = budget(
        max_examples=12,
        stateful_step_count=30,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    try:
        run_state_machine_as_test(machine, settings=chosen)
    finally:
        app.extensions["settings"] = before
