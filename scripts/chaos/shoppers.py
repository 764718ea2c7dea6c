"""Shoppers of the supermarket: they fill a cart, look at the sum, confirm, double-click, change their minds."""

import threading
import time
from decimal import Decimal
from typing import Any

from scripts.chaos.people import Answer, Person
from scripts.chaos.record import Bought, Record, Wrong
from scripts.chaos.stage import Stage

_UNDECIDED = {"PENDING_PAYMENT", "CANCELLING"}
_REFUSED = {"INSUFFICIENT_STOCK", "SLOT_FULL", "CART_EMPTY", "OUT_OF_STOCK_ANYWHERE", "OUT_OF_STOCK_DELIVERY_BRANCH"}
_SETTLE_SECONDS = 600.0

Lines = dict[int, int]


class Shopper(Person):
    """One customer, one checkout a turn."""

    def __init__(self, base: str, record: Record, stage: Stage, name: str) -> None:
        super().__init__(base, record, name)
        self._stage = stage
        self.register()
        self._card = self.save_card()

    def turn(self) -> None:
        """A whole checkout, to an answer that decides."""
        if self._happens(0.1):
            self.ask("DELETE", "/cart")
        filled = self._fill()
        if filled is None:
            self.record.count("refused: sold out")
            return
        cart_id, lines = filled
        form = self._form(cart_id)
        if self._happens(0.25):
            form |= self._expected(form)
        self._confirm(form, lines)

    def _fill(self) -> tuple[int, Lines] | None:
        """The cart's id and what the shop says lies in it; None where nothing could be had."""
        cart: Any = None
        for product in self._wanted():
            line = {"product_id": product, "quantity": self.chance.randint(1, 3)}
            added = self.ask("POST", "/cart/items", json=line, expected={201, 409})
            cart = added.data if added.status == 201 else cart
        return (cart["id"], {line["product_id"]: line["quantity"] for line in cart["items"]}) if cart else None

    def _wanted(self) -> list[int]:
        hot = self._happens(0.25)
        wide = self.chance.sample(self._stage.products, self.chance.choice((1, 1, 2)))
        return [self.chance.choice(self._stage.hot), *wide[:1]] if hot else wide

    def _form(self, cart_id: int) -> dict[str, Any]:
        form: dict[str, Any] = {"cart_id": cart_id, "payment_token_id": self._card}
        if self._happens(0.15):
            slot = self.chance.choice(self._stage.slots)
            return {**form, "fulfillment_type": "DELIVERY", "delivery_slot_id": slot, "address": "12 Herzl Street"}
        return {**form, "fulfillment_type": "PICKUP", "branch_id": self._stage.branch}

    def _expected(self, form: dict[str, Any]) -> dict[str, Any]:
        asked = {name: form[name] for name in form if name not in ("payment_token_id", "address")}
        shown = self.ask("POST", "/checkout/preview", json=asked)
        return {"expected_total": shown.data["total"]}

    def _confirm(self, form: dict[str, Any], lines: Lines) -> None:
        key = self.new_key()
        second: list[Answer] = []
        twin = threading.Thread(target=self._click_again, args=(form, key, second)) if self._happens(0.1) else None
        if twin:
            twin.start()
        answer = self._decided(form, key)
        if twin:
            twin.join()
        for told in [answer, *second]:
            self._note(told, form, key, lines)
        if answer.status in (200, 201):
            self._after(form, answer)

    def _click_again(self, form: dict[str, Any], key: str, heard: list[Answer]) -> None:
        """The same request at the same moment, over another connection."""
        other = Person(self.base, self.record, f"{self.name}-twin")
        other.http.headers["Authorization"] = self.http.headers["Authorization"]
        try:
            heard.append(self._decided(form, key, by=other))
        except Wrong as wrong:
            self.record.blame(str(wrong))
        finally:
            other.close()
        self.record.count("double clicks")

    def _decided(self, form: dict[str, Any], key: str, by: Person | None = None) -> Answer:
        """The answer that decides a confirm; 202 is asked again under the same key, or the order is cancelled."""
        give_up, is_cancelled = time.monotonic() + _SETTLE_SECONDS, False
        while time.monotonic() < give_up:
            headers = {"Idempotency-Key": key}
            expected = {200, 201, 202, 400, 402, 409}
            answer = (by or self).ask("POST", "/checkout/confirm", json=form, headers=headers, expected=expected)
            if answer.status != 202:
                if is_cancelled and answer.status in (200, 201):  # paid just before, and a key repeats what it said
                    self._await_end(answer.data["order_id"])
                return answer
            self.record.count("answered: not decided yet")
            if by is None and self._happens(0.2):
                self.ask("POST", f"/orders/{answer.data['order_id']}/cancel", expected={200, 409})
                is_cancelled = True
            time.sleep(self.chance.uniform(0.1, 1.0))
        raise Wrong(f"a confirm under {key} stayed undecided for {_SETTLE_SECONDS:.0f} s")

    def _note(self, answer: Answer, form: dict[str, Any], key: str, lines: Lines) -> None:
        if answer.status in (200, 201):
            self.record.acknowledge(self._bought(answer, form, key, lines))
        elif answer.status == 402:
            self.record.declined.add(answer.body["error"]["details"]["order_id"])
            self.record.count("declined")
        elif answer.code in _REFUSED:
            self.record.count("refused: sold out")
            self._take_out(answer)
        else:
            raise Wrong(f"a confirm answered {answer.status} {answer.body}")

    def _take_out(self, answer: Answer) -> None:
        """What is not there is not wanted any more."""
        missing = answer.body["error"]["details"].get("missing", [])
        if missing:
            items = [{"product_id": item["product_id"], "quantity": 0} for item in missing]
            self.ask("PUT", "/cart/items", json={"items": items}, expected={200, 409})

    def _after(self, form: dict[str, Any], answer: Answer) -> None:
        """Some buy the same cart again under a new key, which must be the same order; some cancel."""
        order_id = int(answer.data["order_id"])
        if self._happens(0.05):
            again = self._decided(form, self.new_key())
            if again.status not in (200, 201) or again.data["order_id"] != order_id:
                raise Wrong(f"cart {form['cart_id']} is order {order_id}, and under another key {again.body}")
        if self._happens(0.1):
            self._cancel(order_id)

    def _cancel(self, order_id: int) -> None:
        self.ask("POST", f"/orders/{order_id}/cancel", expected={200, 409})
        self._await_end(order_id)

    def _await_end(self, order_id: int) -> None:
        """Wait until it is certain whether an order was cancelled, and keep it if so."""
        status, give_up = self._status(order_id), time.monotonic() + _SETTLE_SECONDS
        while status in _UNDECIDED and time.monotonic() < give_up:
            time.sleep(0.5)
            status = self._status(order_id)
        if status in _UNDECIDED:
            raise Wrong(f"order {order_id} stayed {status} for {_SETTLE_SECONDS:.0f} s")
        if status == "CANCELED":
            self.record.cancelled.add(order_id)
            self.record.count("cancelled by shoppers")

    def _status(self, order_id: int) -> str:
        return str(self.ask("GET", f"/orders/{order_id}").data["status"])

    def _happens(self, share: float) -> bool:
        return self.chance.random() < share

    def _bought(self, answer: Answer, form: dict[str, Any], key: str, lines: Lines) -> Bought:
        data, is_pickup = answer.data, form["fulfillment_type"] == "PICKUP"
        return Bought(
            key=key,
            cart_id=form["cart_id"],
            order_id=data["order_id"],
            order_number=data["order_number"],
            total=Decimal(str(data["total_paid"])),
            place=self._stage.branch if is_pickup else self._stage.warehouse,
            paid_by="CARD",
            lines=lines,
        )
