"""`python3 run.py demo`: an order's whole way over HTTP, from the shelf to the door, every request and answer printed;
then one at a neighbour's shop, in a line for each request.

Uses the server at HOST and PORT when one is running there, else starts one on a free port and stops it at the end.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from app.config import PROJECT, ConfigurationError, load_settings
from scripts import announce, ports
from scripts.demo_market import buy_next_door
from scripts.demo_person import JourneyEnded, Person
from scripts.demo_staff import pick_and_deliver

_START_SECONDS = 120


def main(_arguments: list[str]) -> int:
    """Walk through; 0 when the order is delivered and its receipt lies in the working folder."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # names may be Hebrew or Hindi
    try:
        with server() as base:
            shopper = Person(base)
            order = order_something(shopper)
            pick_and_deliver(base, shopper, order["id"])
            receipt = download_receipt(shopper, order)
            next_door = buy_next_door(base)
    except (JourneyEnded, ConfigurationError, httpx.HTTPError) as error:
        print(f"aisle: the demo ended early: {error}", file=sys.stderr)
        return 1
    print(f"\n{next_door}")
    print(f"Order {order['order_number']} is paid, picked and delivered. Receipt: {receipt}")
    return 0


def order_something(shopper: Person) -> dict[str, Any]:
    """From registration to a paid order; answers it as its owner sees it."""
    shopper.register()
    source = shopper.call("Which warehouse delivers?", "GET", "/api/v1/branches/delivery-source")
    cart = fill_cart(shopper, choose_products(shopper, source["id"]))
    order = buy(shopper, cart["id"], source["id"])
    shown: dict[str, Any] = shopper.call("Look at the order", "GET", f"/api/v1/orders/{order['order_id']}")
    return shown


def download_receipt(shopper: Person, order: dict[str, Any]) -> str:
    """Save the receipt of what was delivered; answers its file name."""
    file = Path(f"receipt-{order['order_number']}.pdf")
    return shopper.download("Download the receipt", f"/api/v1/orders/{order['id']}/receipt", file).name


def choose_products(shopper: Person, warehouse: int) -> list[dict[str, Any]]:
    """Browse as people do, then take five things of which the delivery warehouse has enough."""
    categories = shopper.call("Browse the categories", "GET", "/api/v1/catalog/categories")
    shopper.call("Open one", "GET", f"/api/v1/catalog/categories/{categories[0]['id']}/products", query={"limit": 3})
    here = {"branch_id": warehouse, "in_stock": "true"}
    milk = shopper.call("Search", "GET", "/api/v1/catalog/products/search", query={**here, "q": "milk", "limit": 5})
    rest = shopper.call("What else is there?", "GET", "/api/v1/catalog/products/search", query={**here, "limit": 50})
    enough = {p["id"]: p for p in milk + rest if p["branch_available_quantity"] >= 10 and not p["age_limit"]}
    if len(enough) < 5:
        raise JourneyEnded("the warehouse holds fewer than five products; run: flask seed")
    chosen = list(enough.values())[:5]
    shopper.call("Look at one product", "GET", f"/api/v1/catalog/products/{chosen[0]['id']}")
    return chosen


def fill_cart(shopper: Person, products: list[dict[str, Any]]) -> dict[str, Any]:
    """Two lines one by one, three more in a single call."""
    shopper.call("Start with an empty cart", "DELETE", "/api/v1/cart")
    for product in products[:2]:
        body = {"product_id": product["id"], "quantity": 1}
        shopper.call("Put it in the cart", "POST", "/api/v1/cart/items", body=body, expected=201)
    lines = [{"product_id": product["id"], "quantity": 2} for product in products[2:]]
    cart: dict[str, Any] = shopper.call("Three more at once", "PUT", "/api/v1/cart/items", body={"items": lines})
    return cart


def buy(shopper: Person, cart_id: int, warehouse: int) -> dict[str, Any]:
    """Preview, confirm with the shared demo card, and confirm again: one order, one charge."""
    slots = shopper.call("When can it come?", "GET", "/api/v1/delivery-slots", query={"branch_id": warehouse})
    if not slots:
        raise JourneyEnded("the warehouse has no delivery slots; run: flask seed")
    wanted = {"cart_id": cart_id, "fulfillment_type": "DELIVERY", "delivery_slot_id": slots[0]["id"]}
    wanted["address"] = "12 Market Street, Haifa"
    preview = shopper.call("What will it cost?", "POST", "/api/v1/checkout/preview", body=wanted)
    body = {**wanted, "payment_token_id": 1, "expected_total": preview["total"]}
    once = {"Idempotency-Key": f"demo-{cart_id}-{time.time_ns()}"}
    order: dict[str, Any] = shopper.call(
        "Buy", "POST", "/api/v1/checkout/confirm", body=body, headers=once, expected=201
    )
    again = shopper.call(
        "The same request again, as after a lost answer", "POST", "/api/v1/checkout/confirm", body=body, headers=once
    )
    if again != order:
        raise JourneyEnded("the replay answered something else than the first confirm")
    return order


@contextmanager
def server() -> Iterator[str]:
    """The address of a running server."""
    base = announce.base_url(load_settings())
    if _answers(base):
        print(f"Using the server at {base}")
        yield base
        return
    port = ports.free_port()
    base = f"http://127.0.0.1:{port}"
    print(f"No server at HOST and PORT: starting one at {base}", flush=True)
    with subprocess.Popen(
        [sys.executable, "-m", "scripts.serve"],
        cwd=PROJECT,
        env={**os.environ, **_data_dir(), "HOST": "127.0.0.1", "PORT": str(port)},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            _await(base, process)
            yield base
        finally:
            process.send_signal(signal.SIGTERM)


def _data_dir() -> dict[str, str]:
    """The server runs in the project's folder: a DATA_DIR of this shell must not change its meaning on the way."""
    given = os.environ.get("DATA_DIR")
    return {"DATA_DIR": str(Path(given).resolve())} if given else {}


def _await(base: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(base):
        if process.poll() is not None:
            raise JourneyEnded("the server did not start; its reason stands above")
        if time.monotonic() > deadline:
            raise JourneyEnded(f"the server is not ready after {_START_SECONDS} s")
        time.sleep(0.2)


def _answers(base: str) -> bool:
    """Is it this shop that answers, and is it ready?"""
    try:
        return bool(httpx.get(f"{base}/readyz", timeout=2).json() == {"status": "ok"})
    except (httpx.HTTPError, ValueError):
        return False
