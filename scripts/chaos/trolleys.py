"""Trolleys: a device that signs what it scans and repeats it until it is answered, and a shopper who pays on it."""

import json
import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx

from app.domain.devices.signing import Request, SignedHeader, shown_header, signature
from app.domain.devices.words import ResultCode
from app.services.seed.people import DEMO_USERS
from scripts.chaos.people import API, Answer, Person
from scripts.chaos.record import Bought, Record, Wrong
from scripts.chaos.stage import Scanned, Stage

_ADMIN = next(user for user in DEMO_USERS if user.role == "ADMIN")
_UNDECIDED_SECONDS = 600.0
_TAKEN = {ResultCode.OK, ResultCode.REMOVED}
_MOST_PAYMENTS = 3
_DEVICE = {200, 404, 409}


class Device(Person):
    """What is screwed to a trolley: a key, a counter of requests, a counter of events."""

    def __init__(self, base: str, record: Record, name: str, claim_code: str) -> None:
        super().__init__(base, record, name)
        self._key: bytes | None = None
        form = {"code": claim_code, "sn": name, "hw": "sim", "fw": "1.0.0"}
        made = self._post("/claim", form, {201}).body
        self._id, self._kid, self._key = made["id"], made["k"], bytes.fromhex(made["key"])
        self._requests = self._events = 0

    def code(self) -> str:
        """What the display shows for somebody to type."""
        return str(self._post("/pair", {}, {200}).body["c"])

    def tell(self, events: list[tuple[str, str, int]]) -> list[ResultCode]:
        """Report (kind, code, grams) in order, again until it is answered; answers what became of each."""
        rows = []
        for event in events:
            self._events += 1
            rows.append([self._events, *event, int(time.time())])
        answer = self._post("/ev", {"ev": rows}, {200})
        return [ResultCode(row[1]) for row in answer.body["r"]]

    def _post(self, path: str, document: object, expected: set[int]) -> Answer:
        body = json.dumps(document, separators=(",", ":")).encode()
        while True:
            answer = self.ask("POST", f"/device{path}", content=body, expected=expected | {409})
            if answer.status in expected:
                return answer
            if answer.body["e"] != "replay":
                raise Wrong(f"the device's {path} answered {answer.body}")
            self._requests = max(self._requests, answer.body["n"])

    def _sent(self, method: str, path: str, request: dict[str, Any]) -> httpx.Response | None:
        """Each time under a new number, and so a new signature."""
        if self._key is None:
            return super()._sent(method, path, request)
        self._requests += 1
        unsigned = SignedHeader(self._id, self._kid, int(time.time()), 1, self._requests, "0" * 64)
        sig = signature(self._key, Request(method, API + path, request["content"]), unsigned)
        signed = shown_header(SignedHeader(self._id, self._kid, unsigned.ts, 1, self._requests, sig))
        return super()._sent(method, path, {**request, "headers": {"Authorization": signed}})


@dataclass
class Basket:
    """What the shopper put into the trolley, by product."""

    pieces: dict[int, int] = field(default_factory=dict)
    grams: int = 0

    def put(self, goods: Scanned, pieces: int) -> None:
        self.pieces[goods.product_id] = self.pieces.get(goods.product_id, 0) + pieces
        self.grams += pieces * goods.grams
        if not self.pieces[goods.product_id]:
            del self.pieces[goods.product_id]


class TrolleyShopper(Person):
    """A shopper with a trolley: pairs, scans, takes out again, pays on the spot or leaves."""

    def __init__(self, base: str, record: Record, stage: Stage, name: str, claim_code: str) -> None:
        super().__init__(base, record, name)
        self._stage = stage
        self.register()
        self._card = self.save_card()
        self._device = Device(base, record, f"{name}-device", claim_code)

    def turn(self) -> None:
        """One walk through the shop."""
        self._pair()
        basket = self._walk()
        cart_id = self._compare(basket)
        if basket.pieces and self.chance.random() > 0.1:
            self._pay(cart_id, basket)
        else:
            self._leave()
        self._device.tell([("w", "", 0), ("d", "", 0)])  # unloaded and docked: the next shopper may have it

    def close(self) -> None:
        super().close()
        self._device.close()

    def _pair(self) -> None:
        for _ in range(20):
            form = {"code": self._device.code()}
            if self.ask("POST", "/carts/pair", json=form, expected={200, 404, 409, 410}).status == 200:
                return
            time.sleep(0.5)
        raise Wrong("a free trolley cannot be paired")

    def _walk(self) -> Basket:
        """Scan, and after each scan let the scale have its say."""
        basket = Basket()
        for _ in range(self.chance.randint(1, 4)):
            goods = self.chance.choice(self._stage.scanned)
            takes_out = goods.product_id in basket.pieces and self.chance.random() < 0.5
            step = -1 if takes_out else 1
            basket.put(goods, step)
            scan = ("r" if takes_out else "a", goods.code, step * goods.grams)
            told = self._device.tell([scan, ("w", "", basket.grams)])
            if told[0] not in _TAKEN:
                raise Wrong(f"a scan of {goods.code} was answered {told}")
        return basket

    def _compare(self, basket: Basket) -> int:
        """The app shows what was put in; answers the cart's id."""
        shown = self.ask("GET", "/cart/view").data
        lines = {line["product_id"]: line["quantity"] for line in shown["items"]}
        if lines != basket.pieces:
            raise Wrong(f"the trolley holds {basket.pieces}, the app shows {lines}")
        self.record.count("trolley baskets compared")
        return int(shown["cart_id"])

    def _pay(self, cart_id: int, basket: Basket) -> None:
        """Until a card is taken; after some refusals the goods go back onto the shelf."""
        for _ in range(_MOST_PAYMENTS):
            key = self.new_key()
            answer = self._decided({"cart_id": cart_id, "payment_token_id": self._card}, key)
            if answer.status in (200, 201):
                self._acknowledge(answer.data, key, cart_id, basket)
                return
            self.record.declined.add(answer.body["error"]["details"]["order_id"])
            self.record.count("declined")
            cart_id = self._restored(cart_id)
        self._leave()

    def _decided(self, form: dict[str, Any], key: str) -> Answer:
        give_up = time.monotonic() + _UNDECIDED_SECONDS
        while time.monotonic() < give_up:
            headers = {"Idempotency-Key": key}
            answer = self.ask("POST", "/checkout/confirm", json=form, headers=headers, expected={200, 201, 202, 402})
            if answer.status != 202:
                return answer
            self.record.count("answered: not decided yet")
            time.sleep(self.chance.uniform(0.1, 1.0))
        raise Wrong(f"a trolley's confirm under {key} stayed undecided for {_UNDECIDED_SECONDS:.0f} s")

    def _restored(self, sold: int) -> int:
        """The cart in which the goods lie again after a refused card."""
        give_up = time.monotonic() + _UNDECIDED_SECONDS
        while time.monotonic() < give_up:
            shown = self.ask("GET", "/cart/view").data
            if shown["cart_id"] != sold:
                return int(shown["cart_id"])
            time.sleep(0.3)
        raise Wrong(f"cart {sold} was not paid for, and its goods did not come back into the trolley")

    def _acknowledge(self, data: dict[str, Any], key: str, cart_id: int, basket: Basket) -> None:
        bought = Bought(
            key=key,
            cart_id=cart_id,
            order_id=data["order_id"],
            order_number=data["order_number"],
            total=Decimal(str(data["total_paid"])),
            place=self._stage.branch,
            paid_by="CARD",
            lines=basket.pieces,
        )
        self.record.acknowledge(bought)
        self.record.count("trolleys paid")

    def _leave(self) -> None:
        self.ask("POST", "/cart/disconnect", expected={200, 404})
        self.record.count("trolleys left")


def claim_codes(base: str, record: Record, stage: Stage, names: list[str]) -> list[str]:
    """A new trolley for each name; answers the codes with which their devices get their keys."""
    admin = Person(base, record, "admin")
    admin.sign_in(_ADMIN.email, _ADMIN.password)
    made = []
    for name in names:
        form = {"serial": name[-32:], "branch_id": stage.branch, "cart_label": name[-32:]}
        made.append(str(admin.ask("POST", "/admin/devices", json=form, expected={201}).data["claim_code"]))
    admin.close()
    return made
