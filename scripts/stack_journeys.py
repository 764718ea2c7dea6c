"""What people do in the shop while `scripts/stack.py --check` watches: shoppers, a vendor, trolleys, the mistaken."""

import contextlib
import io
import json
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from app.config import PROJECT
from app.services.seed.people import DEMO_USERS
from scripts.demo import choose_products, fill_cart, order_something
from scripts.demo_market import buy_next_door
from scripts.demo_person import JourneyEnded, Person
from scripts.demo_staff import pick_and_deliver

SIMULATOR = PROJECT / "clients" / "esp32" / "sim.py"
TROLLEYS, SESSIONS, SCANS = 3, 6, 6
SIMULATION_SECONDS = 120
DEMO_CARD = 1
LOST_ON_THE_WAY = "4000 0000 0000 0127"
"""A card of the sandbox whose first request never arrives: the sweeper finds out, as it must with a real provider."""

Journey = Callable[[str, Path], str]
"""Takes the address of the shop and a folder for files; answers how it ended. Raises JourneyEnded."""

_PASSWORDS = {user.email: user.password for user in DEMO_USERS}


def told(journey: Journey, base: str, folder: Path) -> str:
    """Go through a journey in silence; a JourneyEnded brings along the last it said."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            return journey(base, folder)
    except (JourneyEnded, httpx.HTTPError) as error:
        raise JourneyEnded(f"{said.getvalue()[-2000:]}\n{error}") from error


def shoppers(base: str, folder: Path) -> str:
    """An order picked, charged and delivered, one that stays open, and one whose payment got no answer."""
    person = Person(base)
    order = order_something(person)
    pick_and_deliver(base, person, order["id"])
    receipt = person.download("The receipt", f"/api/v1/orders/{order['id']}/receipt", folder / "receipt.pdf")
    order_something(Person(base))
    _buy_without_an_answer(Person(base))
    return f"one order delivered (receipt: {receipt.stat().st_size} bytes), one open, one payment without an answer"


def _buy_without_an_answer(person: Person) -> None:
    """The shop says that it does not know yet whether the money is held."""
    person.register()
    warehouse = person.call("Which warehouse delivers?", "GET", "/api/v1/branches/delivery-source")["id"]
    cart = fill_cart(person, choose_products(person, warehouse))
    card = person.call(
        "A card", "POST", "/api/v1/me/payment-tokens", body={"card_number": LOST_ON_THE_WAY}, expected=201
    )
    slots = person.call("When can it come?", "GET", "/api/v1/delivery-slots", query={"branch_id": warehouse})
    body = {
        "cart_id": cart["id"],
        "fulfillment_type": "DELIVERY",
        "delivery_slot_id": slots[0]["id"],
        "address": "12 Market Street, Haifa",
        "payment_token_id": card["payment_token_id"],
    }
    once = {"Idempotency-Key": secrets.token_hex(8)}
    person.call("Buy", "POST", "/api/v1/checkout/confirm", body=body, headers=once, expected=202)


def vendor(base: str, _folder: Path) -> str:
    """A neighbour's order at the vendor's shop, changed, delivered and partly returned."""
    return buy_next_door(base)


def trolleys(base: str, _folder: Path) -> str:
    """Trolleys with the shipped client over a bad radio; then one shopper pays and leaves, the others shop on."""
    admin = Person(base)
    admin.sign_in("admin@aisle.example", _PASSWORDS["admin@aisle.example"])
    branch = _store(admin)
    people = [Person(base) for _ in range(TROLLEYS)]
    for person in people:
        person.register()
    counts = _simulate(
        f"url={base}/api/v1/device",
        f"shop={base}/api/v1",
        "claims=" + ",".join(_claim_code(admin, branch) for _ in people),
        "tokens=" + ",".join(person.access_token for person in people),
        "items=" + ",".join(_barcodes(admin, branch)),
        f"sessions={SESSIONS}",
        f"events={SCANS}",
        "stay=1",
    )
    _pay(people[0])
    return f"{counts['sessions']} sessions, {counts['events']} scans, {counts['lost']} answers lost; one paid and left"


def _store(admin: Person) -> int:
    branches = admin.call("The branches", "GET", "/api/v1/branches", query={"limit": 50})
    return next(int(branch["id"]) for branch in branches if branch["kind"] == "STORE" and branch["is_active"])


def _claim_code(admin: Person, branch: int) -> str:
    """A new trolley, and the code with which its device gets a key."""
    name = f"S-{secrets.token_hex(3)}"
    form = {"serial": name, "branch_id": branch, "cart_label": name}
    return str(admin.call("A new trolley", "POST", "/api/v1/admin/devices", body=form, expected=201)["claim_code"])


def _barcodes(admin: Person, branch: int) -> list[str]:
    """Of things that are sold by the piece, of which the weight is known and there is enough."""
    query = {"branch_id": branch, "in_stock": "true", "limit": 100}
    found = admin.call("What there is", "GET", "/api/v1/catalog/products/search", query=query)
    fitting = [
        product["gtins"][0]
        for product in found
        if product["sold_by"] == "PIECE"
        and product["weight_grams"]
        and product["gtins"]
        and not product["age_limit"]
        and product["branch_available_quantity"] >= SESSIONS * SCANS
    ]
    if not fitting:
        raise JourneyEnded("the store has nothing for trolleys; run: flask seed")
    return fitting[:8]


def _simulate(*settings: str) -> dict[str, Any]:
    """What the simulator counted; every session must end with the cart the shopper filled."""
    done = subprocess.run(
        [sys.executable, str(SIMULATOR), *settings],
        cwd=SIMULATOR.parent,
        capture_output=True,
        text=True,
        timeout=SIMULATION_SECONDS,
        check=False,
    )
    if done.returncode:
        raise JourneyEnded(f"the trolleys hold something else than their shoppers put in: {done.stdout}{done.stderr}")
    counts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return counts


def _pay(person: Person) -> None:
    cart_id = person.call("What is in the trolley", "GET", "/api/v1/cart/view")["cart_id"]
    body = {"cart_id": cart_id, "payment_token_id": DEMO_CARD}
    once = {"Idempotency-Key": secrets.token_hex(8)}
    person.call("Pay", "POST", "/api/v1/checkout/confirm", body=body, headers=once, expected=201)
    person.call("The way out", "GET", f"/api/v1/carts/{cart_id}/exit-token")


def mistakes(base: str, _folder: Path) -> str:
    """Requests that must be refused, so that there are refusals to count."""
    person = Person(base)
    person.register()
    theirs = {"Authorization": f"Bearer {person.access_token}"}
    for path, headers, expected in (("/cart", {}, 401), ("/admin/audit", theirs, 403), ("/orders/1", theirs, 404)):
        status = httpx.get(f"{base}/api/v1{path}", headers=headers, timeout=30).status_code
        if status != expected:
            raise JourneyEnded(f"GET {path} answered {status} instead of {expected}")
    return "3 requests refused"
