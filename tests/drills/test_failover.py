"""The drill of the dying primary keeps its promise with a synchronous standby, and sees orders kept wrongly."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from scripts.drills import failover
from scripts.drills.books import Kept, faults
from scripts.drills.shop import Shop, application, fill
from scripts.drills.shoppers import Receipt
from scripts.parts.workspace import workspace
from tests.drills.running import run_drill

pytestmark = pytest.mark.alone

RECEIPT = Receipt(key="k-1", order_id=7, order_number="A-7", total=Decimal("12.50"), reference="MOCKPAY-1-7", at=0.0)
KEPT = Kept("A-7", Decimal("12.50"), "CREATED", "MOCKPAY-1-7", 1, Decimal("13.00"), 1, Decimal("13.00"))


def test_a_receipt_that_holds_has_no_fault() -> None:
    assert list(faults(RECEIPT, KEPT, 7)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda kept: None, "is lost"),
        (lambda kept: replace(kept, order_number="A-8"), "is lost"),
        (lambda kept: replace(kept, total=Decimal("12.51")), "kept over 12.51"),
        (lambda kept: replace(kept, status="PENDING_PAYMENT"), "is PENDING_PAYMENT"),
        (lambda kept: replace(kept, status="CANCELED"), "is CANCELED"),
        (lambda kept: replace(kept, payments=2), "2 payments"),
        (lambda kept: replace(kept, charges=0), "0 charges"),
        (lambda kept: replace(kept, reference=None), "None"),
        (lambda kept: replace(kept, held=None), "at the provider None"),
        (lambda kept: replace(kept, held=Decimal("26.00")), "at the provider 26.00"),
        (lambda kept: replace(kept, authorized=Decimal("12.00"), held=Decimal("12.00")), "holds 12.00"),
    ],
)
def test_an_order_kept_otherwise_than_acknowledged_is_a_fault(change: Callable[[Kept], Any], said: str) -> None:
    [found] = faults(RECEIPT, change(KEPT), 7)

    assert said in found


def test_a_key_that_stands_for_another_order_is_a_fault() -> None:
    [found] = faults(RECEIPT, KEPT, 8)

    assert "k-1" in found


@pytest.mark.timeout(400)
def test_two_deaths_of_the_primary_lose_no_acknowledged_order() -> None:
    done = run_drill("failover", "--rounds", "2", "--shoppers", "6", "--seed", "1")

    assert done.returncode == 0, done.stderr
    assert "0 lost, none charged twice" in done.stdout


@pytest.mark.timeout(300)
def test_an_answer_is_not_repeated_before_the_standby_has_what_it_says() -> None:
    """After a crash the primary holds commits that a failover would lose: no repeated answer may vouch for them."""
    with workspace("replay") as folder, failover.pair_in(folder, synchronous=True) as pair:
        shop = fill(pair.primary.url(), folder)
        pair.add_standby()
        assert pair.standby is not None
        with application(pair.primary.url(), folder) as app, ThreadPoolExecutor(1) as elsewhere:
            confirm = confirming(app.test_client(), shop)
            assert confirm().status_code == 201
            pair.standby.kill()

            repeated = elsewhere.submit(confirm)

            with pytest.raises(TimeoutError):
                repeated.result(1.5)
            pair.standby.start()
            assert repeated.result(30).status_code == 200


def confirming(client: FlaskClient, shop: Shop) -> Callable[[], TestResponse]:
    """The confirm of a new customer's cart, always under the same key."""
    form = {"email": "replay@example.com", "password": "groceries-2026", "full_name": "Dana Levi"}
    token = data_of(client.post("/api/v1/auth/register", json=form))["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k-1"}
    line = {"product_id": shop.products[0], "quantity": 1}
    cart = data_of(client.post("/api/v1/cart/items", json=line, headers=headers))
    where = {"fulfillment_type": "PICKUP", "branch_id": shop.branch_id}
    body = {"cart_id": cart["id"], "payment_token_id": 1, **where}
    return lambda: client.post("/api/v1/checkout/confirm", json=body, headers=headers)


def data_of(answer: TestResponse) -> Any:
    assert answer.json is not None
    return answer.json["data"]
