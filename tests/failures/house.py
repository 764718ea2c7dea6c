"""One shop as production runs it, each of its parts behind something that can make it fail."""

import itertools
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from scripts.drills.shop import Shop, check_invariants, fill, settings_of
from scripts.parts.child import await_that
from scripts.parts.line import Line
from scripts.parts.postgres import Postgres, new_cluster
from scripts.parts.redis import RedisServer
from scripts.parts.web import Web
from scripts.parts.workspace import workspace
from tests.failures.outside import Outside, outside
from tests.redis_server import redis_server

PAYMENT_READ_SECONDS = 3.0
"""Short of production's eight, to wait less."""

WORKERS, THREADS = 2, 8
_REACTION = 20.0
_names = itertools.count(1)


@dataclass
class Answer:
    """An answer, and how many seconds it took."""

    http: httpx.Response
    seconds: float

    @property
    def status(self) -> int:
        return self.http.status_code

    @property
    def data(self) -> Any:
        return self.http.json()["data"]

    @property
    def code(self) -> str:
        """The word of a refusal, once it is sure that the answer has the one form of all refusals; else empty."""
        if self.status < 400:
            return ""
        error = self.http.json()["error"]
        assert set(error) == {"code", "message", "status_code", "details"}, error
        assert error["status_code"] == self.status
        assert self.status != 503 or int(self.http.headers["Retry-After"]) >= 1
        return str(error["code"])


@dataclass
class House:
    """The running parts."""

    web: Web
    shop: Shop
    postgres: Postgres
    redis: RedisServer
    database: Line
    provider: Line
    messages: Line
    outside: Outside
    folder: Path
    settings: dict[str, str]
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.web.url, timeout=40, limits=httpx.Limits(max_connections=None))

    def get(self, path: str, **request: Any) -> Answer:
        return self.ask("GET", path, **request)

    def ask(self, method: str, path: str, **request: Any) -> Answer:
        """Any answer, good or bad; no answer at all raises."""
        began = time.monotonic()
        return Answer(self.client.request(method, path, **request), time.monotonic() - began)

    def browse(self) -> Answer:
        """A page of the catalog, out of the database."""
        return self.get("/api/v1/catalog/products/search", params={"limit": 5})

    def first_success(self, ask: Callable[[], Answer], seconds: float = 30) -> float:
        """How many seconds from now until `ask` is answered well; every answer before it must be a proper refusal."""
        began = time.monotonic()
        while (answer := ask()).status >= 400:
            assert answer.status == 503, answer.http.text
            assert answer.code
            assert time.monotonic() - began < seconds, answer.http.text
            time.sleep(0.05)
        return time.monotonic() - began

    def shopper(self) -> "Shopper":
        return Shopper(self)

    def mend(self) -> None:
        """Undo whatever a test did to a part, and wait until all is well."""
        self.outside.is_broken = False
        for line in (self.database, self.provider, self.messages):
            line.mend()
        for part in (self.postgres, self.redis):
            if not part.is_running():
                part.start()
        self.redis.thaw()
        await_that(self.web.answers, "the shop is well again", _REACTION)

    def check(self) -> None:
        """Raise PromiseBroken where the books do not agree."""
        check_invariants(self.postgres.url(), self.folder)


class Shopper:
    """A signed-in customer with a card and a basket, who buys one piece."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.email = f"shopper-{next(_names)}@example.com"
        self.headers: dict[str, str] = {}
        form = {"email": self.email, "password": "groceries-2026", "full_name": "Dana Levi"}
        token = self.ask("POST", "/auth/register", json=form).data["access_token"]
        self.headers = {"Authorization": f"Bearer {token}"}
        card = self.ask("POST", "/me/payment-tokens", json={"provider_token": f"pm_{secrets.token_hex(8)}"})
        self.card_id = card.data["payment_token_id"]
        self.key = f"key-{self.email}"
        self.cart_id = self.fill().data["id"]

    def ask(self, method: str, path: str, **request: Any) -> Answer:
        headers = {**self.headers, **request.pop("headers", {})}
        return self.house.ask(method, f"/api/v1{path}", headers=headers, **request)

    def fill(self) -> Answer:
        """Put a piece into the basket."""
        line = {"product_id": self.house.shop.products[0], "quantity": 1}
        return self.ask("POST", "/cart/items", json=line)

    def confirm(self) -> Answer:
        """Buy; always under the same key."""
        form = {
            "cart_id": self.cart_id,
            "fulfillment_type": "PICKUP",
            "branch_id": self.house.shop.branch_id,
            "payment_token_id": self.card_id,
        }
        return self.ask("POST", "/checkout/confirm", json=form, headers={"Idempotency-Key": self.key})

    def bought(self, seconds: float = 45) -> Any:
        """Repeat the confirm until it is answered for good, and return that answer's data."""
        give_up = time.monotonic() + seconds
        while (answer := self.confirm()).status in (202, 409, 503):
            assert answer.status != 409 or answer.code == "IDEMPOTENCY_IN_PROGRESS", answer.http.text
            assert time.monotonic() < give_up, answer.http.text
            time.sleep(0.2)
        assert answer.status in (200, 201), answer.http.text
        return answer.data

    def order_status(self, order_id: int) -> str:
        return str(self.ask("GET", f"/orders/{order_id}").data["status"])

    def orders(self) -> list[Any]:
        return list(self.ask("GET", "/orders").data)


@contextmanager
def beside(house: House, log: Path, **others: str) -> Iterator[House]:
    """The same house behind another web server, of one process and without work in the background.

    `others` are settings on top.
    """
    with Web(log, {**house.settings, "WEB_CONCURRENCY": "1", "BACKGROUND": "off", **others}) as web:
        other = replace(house, web=web)
        with other.client:
            yield other


def at_once(*calls: Callable[[], Answer]) -> list[Future[Answer]]:
    """Begin all of them side by side, each in a thread of its own."""
    pool = ThreadPoolExecutor(len(calls))
    begun = [pool.submit(call) for call in calls]
    pool.shutdown(wait=False)
    return begun


@contextmanager
def running_house() -> Iterator[House]:
    """Start everything; it ends with the block."""
    with workspace("failures") as folder, outside() as books, redis_server(folder) as redis:
        postgres = new_cluster(folder / "cluster", fsync="off", wal_level="replica")
        try:
            shop = fill(postgres.url(), folder)
            with Line(postgres.port) as database, Line(books.port) as provider, Line(books.port) as messages:
                settings = _settings(folder, postgres, redis, database, provider, messages)
                with Web(folder / "web.log", settings) as web:
                    house = House(web, shop, postgres, redis, database, provider, messages, books, folder, settings)
                    yield house
                    house.client.close()
        finally:
            postgres.stop()


def _settings(
    folder: Path, postgres: Postgres, redis: RedisServer, database: Line, provider: Line, messages: Line
) -> dict[str, str]:
    return settings_of(
        folder,
        DATABASE_URL=postgres.url().replace(f":{postgres.port}/", f":{database.port}/"),
        REDIS_URL=redis.url,
        RATE_LIMIT_ENABLED="true",
        TRUSTED_PROXIES="1",
        WEB_CONCURRENCY=str(WORKERS),
        WEB_THREADS=str(THREADS),
        PAYMENT_PROVIDER="stripe",
        PAYMENT_READ_TIMEOUT=str(PAYMENT_READ_SECONDS),
        PAYMENT_WEBHOOK_SECRETS=secrets.token_hex(16),
        STRIPE_SECRET_KEY="sk_test_of_the_shop",
        STRIPE_API_BASE=f"http://127.0.0.1:{provider.port}",
        EMAIL_PROVIDER="brevo",
        BREVO_API_BASE=f"http://127.0.0.1:{messages.port}",
        BREVO_API_KEY="key-of-the-shop",
        BREVO_SENDER_EMAIL="shop@example.com",
        SMS_PROVIDER="twilio",
        TWILIO_API_BASE=f"http://127.0.0.1:{messages.port}",
        TWILIO_ACCOUNT_SID="AC1",
        TWILIO_AUTH_TOKEN="token-of-the-shop",
        TWILIO_FROM="+15550100",
    )
