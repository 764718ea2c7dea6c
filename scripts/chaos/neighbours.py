"""The marketplace: neighbours who buy at a vendor's shop by wallet or card, and the vendor who answers them."""

import time
from decimal import Decimal
from typing import Any

from app.services.seed.people import DEMO_USERS
from scripts.chaos.people import Answer, Person
from scripts.chaos.record import Bought, Record, Wrong
from scripts.chaos.stage import Stage

_FIRST_LOAD, _LOAD = 2000, 300
_LOW = 150
_UNDECIDED_SECONDS = 600.0
_ENDED = {"rejected", "cancelled"}
_SOLD_OUT = {"INSUFFICIENT_STOCK", "CART_EMPTY", "ITEM_NOT_AVAILABLE"}
VENDOR = next(user for user in DEMO_USERS if user.role == "VENDOR")
PLACE = {"name": "Dana Levi", "city": "Tel Aviv", "society": "Herzl Gardens", "role": "consumer"}


class Neighbour(Person):
    """A customer of the vendor; what is in the wallet follows from what they loaded, bought and got back."""

    def __init__(self, base: str, record: Record, stage: Stage, name: str) -> None:
        super().__init__(base, record, name)
        self._stage = stage
        self.register()
        self.ask("POST", "/onboarding/basic", json=PLACE)
        self._card = self.save_card()
        self._load(_FIRST_LOAD)

    def turn(self) -> None:
        """One basket at the vendor's, to an answer that decides."""
        if self.balance() < _LOW:
            self._load(_LOAD)
        lines = self._fill()
        if not lines:
            self.record.count("refused: sold out")
            return
        mode = "wallet" if self.chance.random() < 0.6 else "card"
        form: dict[str, Any] = {"payment_mode": mode}
        if mode == "card":
            form["payment_token_id"] = self._card
        key = self.new_key()
        self._note(self._decided(form, key), key, mode, lines)

    def balance(self) -> Decimal:
        """What the shop says is in the wallet."""
        return Decimal(str(self.ask("GET", "/consumer/wallet").data["balance"]))

    def _fill(self) -> dict[int, int]:
        """What the shop says lies in the basket."""
        self.ask("POST", "/consumer/cart/clear")
        hot = self.chance.random() < 0.25
        first = [self.chance.choice(self._stage.hot_items)] if hot else []
        for item in first + self.chance.sample(self._stage.items, self.chance.randint(1, 2)):
            line = {"item_id": item, "quantity": self.chance.randint(1, 2)}
            self.ask("POST", "/consumer/cart/add", json=line, expected={200, 400, 404, 409})
        shown = self.ask("GET", "/consumer/cart/view").data["cart"]
        return {line["item_id"]: line["quantity"] for line in shown}

    def _load(self, amount: int) -> None:
        """Pay into the wallet, and wait for the end of it."""
        key = self.new_key()
        form = {"amount": amount, "payment_token_id": self._card}
        headers = {"Idempotency-Key": key}
        answer = self.ask("POST", "/consumer/wallet/load", json=form, headers=headers, expected={200, 202, 402})
        give_up = time.monotonic() + _UNDECIDED_SECONDS
        while answer.status == 202 and answer.data["status"] == "pending" and time.monotonic() < give_up:
            time.sleep(0.5)
            shown = self.ask("GET", f"/consumer/wallet/load/{answer.data['top_up_id']}")
            if shown.data["status"] != "pending":
                answer = shown
        if answer.status == 200 and answer.data["status"] == "paid":
            self.record.loads[key] = (self.name, Decimal(amount))
            self.record.count("wallets loaded")
        elif answer.status == 202:
            raise Wrong(f"a load of a wallet under {key} stayed undecided for {_UNDECIDED_SECONDS:.0f} s")

    def _decided(self, form: dict[str, Any], key: str) -> Answer:
        give_up = time.monotonic() + _UNDECIDED_SECONDS
        while time.monotonic() < give_up:
            headers = {"Idempotency-Key": key}
            expected = {200, 201, 202, 400, 402, 409}
            answer = self.ask("POST", "/consumer/order/confirm", json=form, headers=headers, expected=expected)
            if answer.status != 202:
                return answer
            self.record.count("answered: not decided yet")
            time.sleep(self.chance.uniform(0.1, 1.0))
        raise Wrong(f"a basket under {key} stayed undecided for {_UNDECIDED_SECONDS:.0f} s")

    def _note(self, answer: Answer, key: str, mode: str, lines: dict[int, int]) -> None:
        if answer.status in (200, 201):
            self._acknowledge(answer.data, key, mode, lines)
        elif answer.code == "INSUFFICIENT_FUNDS":
            self.record.count("refused: too little in the wallet")
            self._load(_LOAD)
        elif answer.status == 402:
            self.record.declined.add(answer.body["error"]["details"]["order_id"])
            self.record.count("declined")
        elif answer.code in _SOLD_OUT:
            self.record.count("refused: sold out")
        else:
            raise Wrong(f"a basket's confirm answered {answer.status} {answer.body}")

    def _acknowledge(self, data: dict[str, Any], key: str, mode: str, lines: dict[int, int]) -> None:
        bought = Bought(
            key=key,
            cart_id=None,
            order_id=data["order_id"],
            order_number=data["order_number"],
            total=Decimal(str(data["total"])),
            place=self._stage.shop,
            paid_by=mode.upper(),
            lines=lines,
            buyer=self.name,
        )
        self.record.acknowledge(bought)
        self.record.count("orders at the vendor's")


class Vendor(Person):
    """The vendor accepts, delivers and now and then rejects."""

    def __init__(self, base: str, record: Record, name: str) -> None:
        super().__init__(base, record, name)
        self.sign_in(VENDOR.email, VENDOR.password)

    def turn(self) -> None:
        """Answer the orders that wait."""
        waiting = self.ask("GET", "/vendor/orders", params={"status": "pending", "limit": 10}).data
        for order in waiting:
            self._answer(order["order_id"])
        time.sleep(0.2 if waiting else 0.5)

    def _answer(self, order_id: int) -> None:
        word = "rejected" if self.chance.random() < 0.1 else "accepted"
        self._move(order_id, word)
        if word == "accepted" and self.chance.random() < 0.8:
            self._move(order_id, "delivered")

    def _move(self, order_id: int, word: str) -> None:
        """Do it once; a repeat that is refused has been done, or the consumer was faster."""
        path = f"/vendor/orders/{order_id}"
        answer = self.ask("POST", f"{path}/status", json={"status": word}, expected={200, 400, 409})
        status = word if answer.status == 200 else self.ask("GET", path).data["status"]
        if status in _ENDED:
            self.record.cancelled.add(order_id)
        self.record.count(f"vendor: {status}")
