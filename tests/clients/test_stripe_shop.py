"""A whole purchase with Stripe as the provider: our server, localstripe, and its signed webhooks between them."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from app.clients.payments import Status
from app.clients.providers import payment_client
from app.services import invariants
from app.services.payments import sweeper, webhooks
from tests import databases
from tests.clients.localstripe import KEY, LocalStripe
from tests.clients.scripted import Reply, Scripted
from tests.conftest import dispose, make_app
from tests.shopping import Shop, Shopper, make_shopper, open_shop

SECRET = "whsec_of_the_shop_and_localstripe"
GOOD = "4242424242424242"
DECLINED = "4000000000000341"


@dataclass
class StripeShop:
    """An application that pays through Stripe, with one shopper in it."""

    app: Flask
    engine: Engine
    shop: Shop
    shopper: Shopper

    def save(self, provider_token: str) -> TestResponse:
        return self.shopper.post("/me/payment-tokens", json={"provider_token": provider_token})

    def buy(self, card: str) -> TestResponse:
        """Two pieces at 10.00, delivered for 30.00: 50.00 in all."""
        self.shopper.add(self.shop.products[0], 2)
        token = self.save(card).json["data"]["payment_token_id"]
        return self.shopper.confirm(self.shop, payment_token_id=token)

    def one(self, query: str) -> Any:
        with self.engine.connect() as connection:
            return connection.execute(text(query)).one()

    def inside(self, work: Callable[[], Any]) -> Any:
        with self.app.app_context():
            return work()


@contextmanager
def stripe_shop(template: str, provider_url: str, **changes: Any) -> Iterator[StripeShop]:
    settings = {"payment_provider": "stripe", "stripe_secret_key": KEY, "payment_webhook_secrets": (SECRET,), **changes}
    with databases.cloned(template) as url:
        app = make_app(url, stripe_api_base=provider_url, **settings)
        engine = create_engine(url)
        with app.app_context(), Session(engine, expire_on_commit=False) as session:
            shop, shopper = open_shop(session), make_shopper(session, app.test_client())
        yield StripeShop(app, engine, shop, shopper)
        payment_client(app.extensions["settings"]).close()
        engine.dispose()
        dispose(app)


@pytest.fixture
def shop(template: str, stripe: LocalStripe) -> Iterator[StripeShop]:
    with stripe_shop(template, stripe.url) as opened:
        yield opened


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The application on a real port, for webhooks to reach."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


def test_a_confirmed_cart_holds_the_money_at_stripe(shop: StripeShop, stripe: LocalStripe) -> None:
    answer = shop.buy(stripe.card(GOOD))

    payment = shop.one("SELECT * FROM payments")
    intent = stripe.intent(payment.provider_reference)
    assert answer.status_code == 201, answer.json
    assert (intent["status"], intent["amount"]) == ("requires_capture", 5000)
    assert intent["metadata"] == {"reference": payment.reference}
    assert not any(shop.inside(invariants.violations).values())


def test_cancelling_the_order_lets_go_of_the_money(shop: StripeShop, stripe: LocalStripe) -> None:
    order = shop.buy(stripe.card(GOOD)).json["data"]["order_id"]

    answer = shop.shopper.post(f"/orders/{order}/cancel")
    shop.inside(sweeper.sweep)

    intent = stripe.intent(shop.one("SELECT provider_reference FROM payments").provider_reference)
    assert answer.status_code == 200
    assert intent["status"] == "canceled"
    assert not any(shop.inside(invariants.violations).values())


def test_a_declined_card_is_a_402_and_the_stock_is_back(shop: StripeShop, stripe: LocalStripe) -> None:
    answer = shop.buy(stripe.card(DECLINED))

    assert answer.status_code == 402, answer.json
    assert shop.one("SELECT reserved_quantity FROM inventory").reserved_quantity == 0


def test_a_card_number_is_refused_and_an_unknown_card_is_a_400(shop: StripeShop) -> None:
    number = shop.shopper.post("/me/payment-tokens", json={"card_number": GOOD})
    unknown = shop.save("pm_nobodyknowsthis")

    assert (number.status_code, number.json["error"]["code"]) == (403, "CARD_NUMBERS_REFUSED")
    assert (unknown.status_code, unknown.json["error"]["code"]) == (400, "UNKNOWN_PROVIDER_TOKEN")


def test_a_provider_without_an_answer_is_a_503_that_may_be_tried_again(template: str, provider: Scripted) -> None:
    provider.will(Reply(503, {"error": {"type": "api_error"}}))

    with stripe_shop(template, provider.url) as shop:
        answer = shop.save("pm_1")

    assert (answer.status_code, answer.json["error"]["code"]) == (503, "PAYMENT_PROVIDER_SILENT")
    assert answer.headers["Retry-After"] == "5"


def test_a_lost_answer_is_found_again_by_the_sweeper(template: str, provider: Scripted, stripe: LocalStripe) -> None:
    """The hold was made, but its answer was lost: search does not know it yet, the list does."""
    kept = [
        Reply(200, {"id": "pm_1", "card": {"last4": "4242"}}),
        Reply(200, {"id": "cus_1"}),
        Reply(200, {"id": "pm_1"}),
    ]
    provider.will(*kept, Reply(silent=True))
    with stripe_shop(template, provider.url, payment_read_timeout=0.3) as shop:
        answer = shop.buy("pm_1")
        reference = shop.one("SELECT reference FROM payments").reference
        intent = {"id": "pi_1", "status": "requires_capture", "amount": 5000, "currency": "ils"}
        intent |= {"metadata": {"reference": reference}}
        provider.will(Reply(200, {"data": []}), Reply(200, {"data": [intent], "has_more": False}))
        make_due(shop)
        shop.inside(sweeper.sweep)
        status = shop.one("SELECT status FROM orders").status

    assert answer.status_code == 202
    assert status == "CREATED"
    assert [seen.method for seen in provider.seen].count("POST") == 3  # customer, attach, authorize: never again


def make_due(shop: StripeShop) -> None:
    with shop.engine.begin() as connection:
        connection.execute(text("UPDATE payment_operations SET next_at = now(), updated_at = now() - interval '1 h'"))


def test_a_webhook_signed_by_localstripe_is_taken_in_and_acted_on(shop: StripeShop, stripe: LocalStripe) -> None:
    shop.buy(stripe.card(GOOD))
    payment = shop.one("SELECT * FROM payments")
    with served(shop.app) as address:
        stripe.send_webhooks_to(f"{address}/webhooks/payments/stripe", SECRET)
        captured = payment_client(shop.app.extensions["settings"]).capture(
            reference=payment.reference,
            provider_reference=payment.provider_reference,
            amount=Decimal("50.00"),
            idempotency_key=str(uuid.uuid4()),
        )
        told = f"FROM webhook_events WHERE raw LIKE '%intent.succeeded%' AND raw LIKE '%{payment.reference}%'"
        wait_for(lambda: shop.one(f"SELECT count(*) {told}").count)

    shop.inside(webhooks.process_due)

    event = shop.one(f"SELECT * {told}")
    assert captured.status is Status.CAPTURED
    assert (event.provider, event.attempts, event.failed) == ("stripe", 1, False)
    assert event.processed_at is not None
    assert event.note == "applied"


def test_a_webhook_signed_by_localstripe_with_another_secret_is_refused(shop: StripeShop, stripe: LocalStripe) -> None:
    answers: list[int] = []
    shop.app.after_request(lambda response: answers.append(response.status_code) or response)
    with served(shop.app) as address:
        stripe.send_webhooks_to(f"{address}/webhooks/payments/stripe", "another secret")
        shop.buy(stripe.card(DECLINED))
        wait_for(lambda: 400 in answers)

    assert shop.one("SELECT count(*) FROM webhook_events").count == 0


def wait_for(happened: Callable[[], Any]) -> None:
    """Webhooks of localstripe come a second late."""
    for _ in range(100):
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen within ten seconds")
