"""A whole shopping trip as "done" means it: the shipped client, the real server, a shopper, the staff and the money."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.domain.enums import Role
from clients.esp32.main import ASSIST, IDLE, PAID, REVIEW, SHOPPING
from tests import factories
from tests.device.fleet import Fleet
from tests.device.shopping import BEAT_MS, App, Device
from tests.floors import PLAN
from tests.scanning import with_barcode
from tests.trolleys import DEMO_CARD

pytestmark = pytest.mark.xdist_group("device")

ITEMS, STOCK, TARE = 30, 50, 8000
SHELVES = [(x, y) for y in (1, 2, 4, 5) for x in (1, 2, 4, 5, 7, 8)] + [(x, y) for y in (0, 3) for x in (2, 5, 8)]


@dataclass
class Good:
    product_id: int
    code: str
    grams: int
    price: Decimal


@dataclass
class Branch:
    """A branch with a floor plan, thirty products on its shelves and one who works there."""

    id: int
    goods: dict[int, Good]
    staff: dict[str, str]


@pytest.fixture
def branch(fleet: Fleet) -> Branch:
    place = factories.make_location(fleet.session)
    goods = [_good(fleet, place, number) for number in range(ITEMS)]
    fleet.managed("PUT", f"/branches/{place.id}/layout", **PLAN)
    rows = [{"product_id": good.product_id, "x": x, "y": y} for good, (x, y) in zip(goods, SHELVES, strict=True)]
    fleet.managed("PUT", f"/branches/{place.id}/product-locations", rows)
    fleet.managed("POST", f"/branches/{place.id}/layout/publish")
    employee = factories.make_employee(fleet.session, place)
    with fleet.app.app_context():
        staff = factories.sign_in(fleet.session, employee)
    return Branch(place.id, {good.product_id: good for good in goods}, staff)


def _good(fleet: Fleet, place: Any, number: int) -> Good:
    grams, price = 150 + 20 * number, Decimal(100 + 25 * number) / 100
    product = factories.make_product(fleet.session, stock={place: STOCK}, weight_grams=grams, price=price)
    return Good(product.id, with_barcode(fleet.session, product), grams, price)


@pytest.fixture
def device(fleet: Fleet, branch: Branch, tmp_path: Path) -> Iterator[Device]:
    """A trolley of the branch that has its key and stands idle."""
    made = fleet.add_device(branch_id=branch.id, tare_g=TARE)
    device = Device(fleet.url, tmp_path, TARE)
    assert device.client.claim(made["claim_code"], "24:6f:28:aa:bb:cc", "esp32s3", "1.0.0") == 201
    device.turn()
    yield device
    device.client.close()


@pytest.fixture
def app(fleet: Fleet) -> Iterator[App]:
    with App(fleet.shop, fleet.signed_in(Role.CUSTOMER)) as app:
        yield app


@dataclass
class Walk:
    """The shopper on the way from shelf to shelf; `waits` are the seconds until the phone knew of a scan."""

    device: Device
    app: App
    branch: Branch
    waits: list[float]

    def fetch(self, leg: Any) -> None:
        """Walk a leg of the route, scan what stands at its end and wait for the phone."""
        self.go(leg)
        good = self.branch.goods[leg["product_id"]]
        known, scanned_at = len(self.app.news), time.monotonic()
        self.device.scan(good.code, good.grams)
        assert eventually(lambda: len(self.app.news) > known)
        self.waits.append(self.app.news[known].at - scanned_at)

    def go(self, leg: Any) -> None:
        """To the end of a leg, where the trolley reports its place in centimetres."""
        floor, x, y = leg["polyline"][-1]
        here = {"x": x * 50 + 25, "y": y * 50 + 25, "fl": floor}
        self.device.place.value = here
        self.device.turn(BEAT_MS)


def eventually(holds: Any) -> bool:
    deadline = time.monotonic() + 10
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.005)
    return bool(holds())


def test_a_shopping_trip_from_the_first_key_to_the_empty_trolley(
    fleet: Fleet, branch: Branch, device: Device, app: App
) -> None:
    # The shopper takes the trolley that shows a code, and asks for the way through the list.
    device.press("start")
    paired = app.ask("POST", "/carts/pair", code=device.display.code)
    cart = paired["cart_id"]
    device.turn(2000)
    assert (device.trolley.state, device.trolley.session) == (SHOPPING, paired["session_id"])
    wanted = [{"product_id": product} for product in branch.goods]
    route = app.ask("POST", f"/branches/{branch.id}/route", start={"floor": 0, "x": 0, "y": 0}, items=wanted)
    *legs, to_the_till = route["legs"]
    assert [leg["product_id"] for leg in legs] == route["order"]
    assert len(legs) == ITEMS
    walk = Walk(device, app, branch, [])

    # Leg by leg: the trolley tells where it is, each scan is on the phone within a second.
    for leg in legs[:12]:
        walk.fetch(leg)
        place = app.ask("GET", f"/carts/{cart}/location")
        assert (place["x_cm"], place["y_cm"]) == (device.place.value["x"], device.place.value["y"])
    assert device.trolley.units == 12

    # The radio fails for three products, then the power does; what was scanned is in the flash and arrives later.
    device.client.port = 1
    device.client.close()
    for leg in legs[12:15]:
        good = branch.goods[leg["product_id"]]
        device.scan(good.code, good.grams)
    assert device.unsent() == 6
    assert len(app.ask("GET", "/cart/view")["items"]) == 12
    device.cut_the_power()
    assert device.trolley.units == 0
    device.turn()
    device.turn()
    assert (device.trolley.units, device.unsent()) == (15, 0)

    # Something goes in that was not scanned: no way to the till before the staff have looked.
    for leg in legs[15:20]:
        walk.fetch(leg)
    device.weigh(700)
    device.weigh(-100)
    assert app.ask("POST", f"/carts/{cart}/review", status=409)["code"] == "WEIGHT_MISMATCH"
    device.press("help")
    device.turn()
    assert device.trolley.state == ASSIST
    with_staff = App(fleet.shop, branch.staff)
    [call] = with_staff.ask("GET", "/ops/assist?status=open")
    assert with_staff.ask("POST", f"/ops/assist/{call['id']}/ack")["ack_at"] is not None
    device.weigh(-600)
    with_staff.ask("POST", f"/ops/assist/{call['id']}/resolve", outcome="removed", note="A jar was not scanned.")
    with_staff.http.close()
    device.turn(BEAT_MS)
    assert device.trolley.state == SHOPPING

    # The rest, the review, the money: the same confirm that pays for a basket of the web shop.
    for leg in legs[20:]:
        walk.fetch(leg)
    walk.go(to_the_till)
    device.press("finish")
    device.turn()
    assert device.trolley.state == REVIEW
    total = sum(good.price for good in branch.goods.values())
    bought = app.ask("POST", "/checkout/confirm", status=201, cart_id=cart, payment_token_id=DEMO_CARD)
    device.turn(BEAT_MS)
    assert (device.trolley.state, device.trolley.units) == (PAID, ITEMS)
    assert app.ask("GET", f"/carts/{cart}/exit-token")["order_id"] == bought["order_id"]

    # Back in the rack: the trolley is idle, the books agree.
    device.scale.value = device.trolley.settled = TARE
    device.press("dock")
    device.turn(BEAT_MS)
    assert (device.trolley.state, device.trolley.session) == (IDLE, 0)
    assert [row.state for row in fleet.rows("SELECT state FROM trolleys WHERE id = %s", paired["trolley"])] == ["idle"]
    assert_sold(fleet, branch, cart, total)
    assert fleet.violations() == {}
    assert len(walk.waits) == ITEMS - 3
    assert max(walk.waits) < 1


def assert_sold(fleet: Fleet, branch: Branch, cart: int, total: Decimal) -> None:
    """One delivered order over one piece of each product, paid for; nothing is held back any more."""
    [order] = fleet.rows("SELECT * FROM orders WHERE cart_id = %s", cart)
    assert (order.status, order.total_amount) == ("DELIVERED", total)
    lines = fleet.rows("SELECT product_id, quantity FROM order_items WHERE order_id = %s", order.id)
    assert {(line.product_id, line.quantity) for line in lines} == {(product, 1) for product in branch.goods}
    stock = fleet.rows("SELECT * FROM inventory WHERE stock_location_id = %s", branch.id)
    assert {(row.available_quantity, row.reserved_quantity) for row in stock} == {(STOCK - 1, 0)}
    held = fleet.rows("SELECT state, quantity FROM reservations WHERE cart_id = %s", cart)
    assert [(row.state, row.quantity) for row in held] == [("CONSUMED", 1)] * ITEMS
    assert eventually(lambda: _captured(fleet, order.id) == total)
    booked = {row.kind: row.amount for row in fleet.rows(_BOOKED, order.id)}
    assert booked.pop("psp_receivable") == -total
    assert set(booked) == {"revenue", "tax_payable"}
    assert sum(booked.values()) == total


_BOOKED = """
    SELECT accounts.kind, sum(amount) AS amount FROM entries
    JOIN journals ON journals.id = journal_id JOIN accounts ON accounts.id = account_id
    WHERE order_id = %s GROUP BY accounts.kind HAVING sum(amount) <> 0 ORDER BY accounts.kind
"""


def _captured(fleet: Fleet, order_id: int) -> Decimal:
    """What the provider was asked to take, which happens right after the answer to the shopper."""
    [payment] = fleet.rows("SELECT captured_amount FROM payments WHERE order_id = %s", order_id)
    captured: Decimal = payment.captured_amount
    return captured
