"""Shoppers who buy over HTTP, one checkout after the other, and keep the answers they got as their own evidence."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self

import httpx

from scripts.drills.running import PromiseBroken
from scripts.drills.shop import Shop

_DEMO_CARD = 1
_PAUSE = 0.05
_PATIENCE = 120.0
_AGAIN = {202, 502, 503, 504}
"""Answers that say: not decided, ask again with the same key."""
_IN_PROGRESS = "IDEMPOTENCY_IN_PROGRESS"


@dataclass(frozen=True)
class Receipt:
    """What the shop has acknowledged to somebody: from here on it must be true for ever."""

    key: str
    order_id: int
    order_number: str
    total: Decimal
    reference: str
    at: float
    """Seconds of the monotonic clock."""


@dataclass
class Journal:
    """What all shoppers together have seen; never taken from the database."""

    receipts: list[Receipt] = field(default_factory=list)
    unanswered: Counter[str] = field(default_factory=Counter)
    """Requests that got no answer, by reason, and answers that said to ask again, by status."""
    faults: list[str] = field(default_factory=list)
    """Answers nobody should get, and requests without an answer where none may be lost."""
    seconds: list[float] = field(default_factory=list)
    """How long each answered request took."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def first_after(self, moment: float) -> float | None:
        """Seconds from a moment to the first receipt after it."""
        with self.lock:
            later = [receipt.at for receipt in self.receipts if receipt.at > moment]
        return min(later) - moment if later else None

    def check(self) -> None:
        """Raise PromiseBroken with the first fault."""
        if self.faults:
            raise PromiseBroken(f"{len(self.faults)} requests failed, the first: {self.faults[0]}")


class Shopper:
    """One customer with a connection of their own.

    A patient one repeats what was not answered, a confirm with its key, as a client has to when a server dies; to an
    impatient one each request without a proper answer is a fault.
    """

    def __init__(self, base: str, shop: Shop, journal: Journal, *, name: str, patient: bool = True) -> None:
        self._base, self._shop, self._journal, self._name, self._patient = base, shop, journal, name, patient
        self._chance = random.Random(name)
        self._http = httpx.Client(base_url=base, timeout=httpx.Timeout(30, connect=5))
        self._count = 0
        try:
            self._register()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._http.close()

    def renew(self) -> None:
        """Go on over a fresh connection."""
        headers = self._http.headers
        self._http.close()
        self._http = httpx.Client(base_url=self._base, timeout=httpx.Timeout(30, connect=5), headers=headers)

    def browse(self) -> None:
        """Look at the shelves and into the cart."""
        self._send("GET", "/api/v1/catalog/products/search", params={"limit": 5})
        self._send("GET", "/api/v1/cart")

    def buy(self) -> Receipt:
        """Fill the cart and buy it. Raises PromiseBroken where the shop gives no answer for two minutes."""
        line = {"product_id": self._chance.choice(self._shop.products), "quantity": self._chance.randint(1, 3)}
        cart = self._send("POST", "/api/v1/cart/items", json=line, expected=201)
        self._count += 1
        key = f"{self._name}-{self._count}"
        body = {
            "cart_id": cart["id"],
            "fulfillment_type": "PICKUP",
            "branch_id": self._shop.branch_id,
            "payment_token_id": _DEMO_CARD,
        }
        headers = {"Idempotency-Key": key}
        data = self._send("POST", "/api/v1/checkout/confirm", json=body, headers=headers, expected=201)
        total = Decimal(str(data["total_paid"]))
        receipt = Receipt(
            key, data["order_id"], data["order_number"], total, data["payment_reference"], time.monotonic()
        )
        with self._journal.lock:
            self._journal.receipts.append(receipt)
        return receipt

    def _register(self) -> None:
        form = {"email": f"{self._name}@example.com", "password": "groceries-2026", "full_name": "Dana Levi"}
        token = self._send("POST", "/api/v1/auth/register", json=form, expected=201)["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def _send(self, method: str, path: str, *, expected: int = 200, **request: Any) -> Any:
        """The data of the answer; asks again and again where the shopper is patient."""
        give_up = time.monotonic() + _PATIENCE
        while (asked := time.monotonic()) < give_up:
            answer = self._asked(method, path, request)
            if answer is not None and answer.status_code in (expected, 200):
                self._journal.seconds.append(time.monotonic() - asked)
                return answer.json()["data"]
            if answer is not None and not self._says_again(answer):
                self._fault(f"{method} {path} answered {answer.status_code}: {answer.text[:200]}")
            time.sleep(_PAUSE)
        raise PromiseBroken(f"{method} {path} got no answer for {_PATIENCE:.0f} s")

    def _asked(self, method: str, path: str, request: dict[str, Any]) -> httpx.Response | None:
        try:
            return self._http.request(method, path, **request)
        except httpx.TransportError as error:
            reason = type(error).__name__
            self._journal.unanswered[reason] += 1
            if not self._patient:
                self._fault(f"{method} {path} got no answer: {reason} {error}")
            return None

    def _says_again(self, answer: httpx.Response) -> bool:
        again = answer.status_code in _AGAIN or _IN_PROGRESS in answer.text
        self._journal.unanswered[str(answer.status_code)] += again
        return again and (self._patient or answer.status_code == 202)

    def _fault(self, what: str) -> None:
        self._journal.faults.append(what)
        raise PromiseBroken(what)


class Crowd:
    """Shoppers at work in threads of their own for the length of a block."""

    def __init__(
        self,
        base: str,
        shop: Shop,
        size: int,
        *,
        seed: int,
        patient: bool = True,
        fresh: float = 0,
        thinking: float = 0,
    ) -> None:
        """`fresh` is the share of checkouts before which a shopper connects anew and looks around.

        Every other shopper thinks for up to `thinking` seconds before a checkout, on an idle connection.
        """
        self.journal = Journal()
        self._fresh, self._thinking = fresh, thinking
        self._chance = random.Random(seed)
        self._go, self._over = threading.Event(), threading.Event()
        self._at_work = [threading.Lock() for _ in range(size)]
        names = [f"drill-{seed}-{number}" for number in range(size)]
        self._shoppers = [Shopper(base, shop, self.journal, name=name, patient=patient) for name in names]
        self._threads = [
            threading.Thread(target=self._work, args=(number, *pair), daemon=True)
            for number, pair in enumerate(zip(self._shoppers, self._at_work, strict=True))
        ]

    def __enter__(self) -> Self:
        self._go.set()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._go.set()
        for thread in self._threads:
            thread.join(timeout=5)
        for shopper in self._shoppers:
            shopper.close()

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Every shopper has had the answer to the last request, and sends none, for the length of the block."""
        self._go.clear()
        with ExitStack() as held:
            for lock in self._at_work:
                held.enter_context(lock)
            yield
        self._go.set()

    def _work(self, number: int, shopper: Shopper, at_work: threading.Lock) -> None:
        thinks = self._thinking if number % 2 else 0
        while not self._over.wait(self._chance.uniform(0, thinks)):
            self._go.wait()
            with at_work:
                if self._go.is_set() and not self._over.is_set():
                    self._buy(shopper)

    def _buy(self, shopper: Shopper) -> None:
        try:
            if self._chance.random() < self._fresh:
                shopper.renew()
                shopper.browse()
            shopper.buy()
        except PromiseBroken as error:
            if str(error) not in self.journal.faults:
                self.journal.faults.append(str(error))
        except Exception as error:  # noqa: BLE001 (a thread that ends in silence would look like a kept promise)
            self.journal.faults.append(f"{type(error).__name__}: {error}")
