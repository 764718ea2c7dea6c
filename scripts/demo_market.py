"""The marketplace's part of the demo: a neighbour's order, changed on the way, and a part of it taken back."""

from typing import Any

from app.services.seed.people import DEMO_USERS
from scripts.demo_person import JourneyEnded, Person

_PASSWORDS = {user.email: user.password for user in DEMO_USERS}
_LOADED = 100


def buy_next_door(base: str) -> str:
    """Follow an order at a vendor's shop from basket to partial return, a line for each call; answers how it ended."""
    print("\nThe marketplace: a neighbour buys at a vendor's shop")
    consumer, vendor = _signed_in(base, "customer@aisle.example"), _signed_in(base, "vendor@aisle.example")
    first, second = _goods(consumer, vendor)
    order_id = _order(consumer, first, second)
    orders = {side: f"/api/v1/{side}/orders/{order_id}" for side in ("consumer", "vendor")}
    fewer = {"modifications": [{"item_id": first, "quantity": 2}]}
    vendor.call("Only two of the first are left", "POST", f"{orders['vendor']}/modify", body=fewer)
    consumer.call("Two will do", "POST", f"{orders['consumer']}/confirm-modified")
    vendor.call("Delivered", "POST", f"{orders['vendor']}/status", body={"status": "delivered"})
    back = {"reason": "The bag was open", "items": [{"item_id": first, "quantity": 1}]}
    consumer.call("One goes back", "POST", f"{orders['consumer']}/return/raise", body=back)
    vendor.call("The vendor takes it", "POST", f"{orders['vendor']}/return/accept")
    vendor.call("And gives the money back", "POST", f"{orders['vendor']}/return/complete", body={"restock": False})
    consumer.call("Five stars", "POST", f"{orders['consumer']}/rate", body={"rating": 5, "review": "Quick"})
    left = consumer.call("What is left in the wallet", "GET", "/api/v1/consumer/wallet")["balance"]
    earned = vendor.call("What the vendor has earned", "GET", "/api/v1/vendor/wallet")["balance"]
    return f"Order {order_id} at the vendor's is delivered, a piece came back. Wallet: {left}, vendor: {earned}"


def _signed_in(base: str, email: str) -> Person:
    person = Person(base, in_brief=True)
    person.sign_in(email, _PASSWORDS[email])
    return person


def _goods(consumer: Person, vendor: Person) -> list[int]:
    """Two items of the demo vendor's shop of which there is enough."""
    stocked = vendor.call("What the vendor has", "GET", "/api/v1/vendor/item/my", query={"limit": 50})
    enough = {item["id"] for item in stocked if item["quantity_in_stock"] >= 10}
    shop_id = vendor.call("The vendor's shop", "GET", "/api/v1/vendor/shop/my")["id"]
    shown = consumer.call("What neighbours see", "GET", f"/api/v1/consumer/shop/{shop_id}/items", query={"limit": 50})
    chosen = [item["id"] for item in shown["items"] if item["id"] in enough]
    if len(chosen) < 2:
        raise JourneyEnded("the vendor's shop has fewer than two items; run: flask seed")
    return chosen[:2]


def _order(consumer: Person, first: int, second: int) -> int:
    """Fill the basket, load the wallet and pay with it."""
    consumer.call("Start with an empty basket", "POST", "/api/v1/consumer/cart/clear")
    for item_id, quantity in ((first, 3), (second, 1)):
        line: dict[str, Any] = {"item_id": item_id, "quantity": quantity}
        consumer.call("Into the basket", "POST", "/api/v1/consumer/cart/add", body=line)
    consumer.call("Load the wallet", "POST", "/api/v1/consumer/wallet/load", body={"amount": _LOADED})
    body = {"payment_mode": "wallet"}
    return int(consumer.call("Order", "POST", "/api/v1/consumer/order/confirm", body=body, expected=201)["order_id"])
