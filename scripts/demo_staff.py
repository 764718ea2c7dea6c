"""The staff's half of the demo: an order with one line missing and one replaced is picked, charged and delivered."""

from typing import Any

from app.services.seed.people import DEMO_USERS
from scripts.demo_person import JourneyEnded, Person

_PASSWORDS = {user.email: user.password for user in DEMO_USERS}


def pick_and_deliver(base: str, shopper: Person, order_id: int) -> None:
    """Walk an order through picking, packing and delivery, then look at it as a manager does."""
    employee = _signed_in(base, "employee@aisle.example")
    employee.call("What is to be picked, the most urgent first", "GET", "/api/v1/ops/orders", query={"limit": 2})
    order = employee.call("Take this order", "POST", f"/api/v1/ops/orders/{order_id}/claim", body={})
    replaced = _pick(employee, order)
    shopper.call(
        "The shopper takes the substitute",
        "POST",
        f"/api/v1/orders/{order_id}/items/{replaced}/substitution",
        body={"accept": True},
    )
    _hand_over(employee, order_id)
    shopper.call("What the shopper paid in the end", "GET", f"/api/v1/orders/{order_id}")
    _look_back(_signed_in(base, "manager@aisle.example"), order_id)


def _signed_in(base: str, email: str) -> Person:
    person = Person(base)
    person.sign_in(email, _PASSWORDS[email])
    return person


def _pick(employee: Person, order: dict[str, Any]) -> int:
    """The first line is not there, the second is replaced, the rest is; answers the id of the replaced line."""
    missing, replaced, *there = order["items"]
    _mark(employee, order, missing, "The shelf is empty", picked_status="MISSING", reason="Shelf empty")
    substitute = _substitute(employee, order)
    _mark(employee, order, replaced, "Something else fits", picked_status="REPLACED", replacement_product_id=substitute)
    for item in there:
        _mark(employee, order, item, "Into the bag", picked_status="PICKED")
    return int(replaced["id"])


def _mark(employee: Person, order: dict[str, Any], item: dict[str, Any], what: str, **body: Any) -> None:
    path = f"/api/v1/ops/orders/{order['id']}/items/{item['id']}/picked-status"
    employee.call(f"{what}: {item['name']}", "PATCH", path, body=body)


def _substitute(employee: Person, order: dict[str, Any]) -> int:
    """A product with stock that the order does not hold."""
    ordered = {item["product_id"] for item in order["items"]}
    query = {"branch_id": order["branch"]["id"], "in_stock": "true", "sort": "price_asc", "limit": 20}
    found = employee.call("What else is there?", "GET", "/api/v1/catalog/products/search", query=query)
    fitting = [p["id"] for p in found if p["id"] not in ordered and p["branch_available_quantity"] >= 10]
    if not fitting:
        raise JourneyEnded("the warehouse has nothing to replace a line with; run: flask seed")
    return int(fitting[0])


def _hand_over(employee: Person, order_id: int) -> None:
    order = f"/api/v1/ops/orders/{order_id}"
    employee.call("One line is missing", "PATCH", f"{order}/status", body={"status": "MISSING"})
    employee.call(
        "Leave it out: packed, and charged for what is there", "PATCH", f"{order}/status", body={"status": "READY"}
    )
    employee.call("Set out", "POST", f"{order}/out-for-delivery")
    employee.call("At the door", "POST", f"{order}/delivered", body={"received_by": "Dana Levi"})


def _look_back(manager: Person, order_id: int) -> None:
    manager.call("The sum is in the revenue", "GET", "/api/v1/admin/analytics/reports/revenue", query={"range": "1d"})
    query = {"entity_type": "order", "entity_id": order_id}
    manager.call("And every step is on record", "GET", "/api/v1/admin/audit", query=query)
