"""A marketplace with something in every state, for the operations that schemathesis tries one after the other."""

import re
from collections import Counter
from decimal import Decimal
from io import BytesIO
from typing import Any

from flask import Flask
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.domain.enums import AccountKind, JournalReason, PayoutState
from app.models import (
    ItemUpload,
    OrderIssue,
    Payout,
    Product,
    Shop,
    ShopHoliday,
    ShopHours,
    StockLocation,
    TopUp,
    User,
    VendorDocument,
)
from app.services import ledger
from app.services.ledger import Move
from app.services.secrets_at_rest import encrypt
from tests.market import Market, fill_wallet, sign_in

SECTIONS = re.compile("^(Marketplace|Vendor|Admin: marketplace)")
FEW, SOME, MANY = 3, 6, 12
"""So many rows are there of a kind, as an operation changes most of what it finds."""

ORDERS = {
    "order_id": FEW,
    "open order": MANY,
    "changed order": SOME,
    "delivered order": MANY,
    "order with a return": MANY,
    "order with an accepted return": SOME,
}

WANTED = {
    "status": "open order",
    "cancel": "open order",
    "confirm-modified": "changed order",
    "rate": "delivered order",
    "issue": "delivered order",
    "return/raise": "delivered order",
    "return/initiate": "delivered order",
    "return/accept": "order with a return",
    "return/reject": "order with a return",
    "return/complete": "order with an accepted return",
    "refund": "delivered order",
    "approve": "requested payout",
    "sent": "approved payout",
    "fail": "approved payout",
    "paid": "sent payout",
}
"""What an operation wants that ends in these words; others take whatever order or payout comes next."""

WANT_A_BASKET = {f"/api/v1/consumer/{way}" for way in ("cart/update", "cart/remove", "order/confirm")}

Rows = dict[str, list[Any]]


def open_market(app: Flask, session: Session, customer: User, vendor: User, admin: User) -> Rows:
    """Trade between the demo customer and the demo vendor; the ids of what came of it, by kind."""
    shop = session.scalars(select(Shop).where(Shop.owner_id == vendor.id)).one()
    people = (sign_in(session, app.test_client(), person) for person in (vendor, customer))
    market = Market(shop, *people)
    fill_wallet(session, customer, "5000.00")
    _give_earnings(session, shop)
    items = session.scalars(select(Product).where(Product.shop_id == shop.id).order_by(Product.id)).all()
    session.execute(update(Product).where(Product.shop_id == shop.id).values(price=Decimal("1.00")))
    session.commit()
    rows: Rows = {"shop_id": [shop.id], "vendor": [vendor.id], "customer": [customer.id]}
    rows["item_id"] = [item.id for item in items]
    rows |= _orders(market, items[0])
    rows |= _payouts(session, shop, vendor, admin)
    for number in range(FEW):
        market.consumer.post("/consumer/wallet/load", {"amount": 10})
        market.vendor.post(
            "/vendor/upload-document", {"document_type": "pan", "file_url": f"https://e.example/{number}"}
        )
    _upload(market)
    for name, column in (
        ("top_up_id", TopUp.id),
        ("document_id", VendorDocument.id),
        ("issue_id", OrderIssue.id),
        ("task_id", ItemUpload.task_id),
    ):
        rows[name] = list(session.scalars(select(column).order_by(column)))
    return rows


def _give_earnings(session: Session, shop: Shop) -> None:
    moves = [Move(AccountKind.ADJUSTMENTS, Decimal(-5000)), Move(AccountKind.VENDOR_AVAILABLE, Decimal(5000), shop.id)]
    ledger.post(session, reference="earned", description="Earned", moves=moves, reason=JournalReason.API)


def _orders(market: Market, item: Product) -> Rows:
    """Orders of three pieces of one item, in every state that an operation wants."""
    made = {
        kind: [market.order(item, quantity=3, mode="wallet") for _ in range(number)] for kind, number in ORDERS.items()
    }
    fewer = {"modifications": [{"item_id": item.id, "quantity": 2}]}
    for order_id in made["changed order"]:
        market.vendor.post(f"/vendor/orders/{order_id}/modify", fewer)
    back = {"reason": "broken", "items": [{"item_id": item.id, "quantity": 1}]}
    returned = made["order with a return"] + made["order with an accepted return"]
    for order_id in made["delivered order"] + returned:
        market.answer(order_id, "delivered")
    for order_id in returned:
        market.consumer.post(f"/consumer/orders/{order_id}/return/raise", back)
    for order_id in made["order with an accepted return"]:
        market.vendor.post(f"/vendor/orders/{order_id}/return/accept")
    for order_id in returned:
        market.consumer.post(f"/consumer/orders/{order_id}/issue", {"issue_type": "late", "description": "Two hours"})
    return made


def _payouts(session: Session, shop: Shop, vendor: User, admin: User) -> Rows:
    bank = {"bank_name": "Bank", "account_number": encrypt("000123456789"), "last4": "6789", "ifsc_code": "SBIN0001234"}
    asked = {"shop_id": shop.id, "amount": Decimal(1), "currency": "ILS", "request_hash": "x"}
    made: Rows = {}
    for state in (PayoutState.REQUESTED, PayoutState.APPROVED, PayoutState.SENT):
        by = None if state is PayoutState.REQUESTED else admin.id
        payouts = [
            Payout(
                requested_by=vendor.id,
                **asked,
                **bank,
                state=state,
                approved_by=by,
                idempotency_key=f"{state}-{number}",
            )
            for number in range(SOME)
        ]
        session.add_all(payouts)
        session.flush()
        made[f"{state} payout"] = [payout.id for payout in payouts]
    session.commit()
    return {**made, "payout_id": [row for rows in made.values() for row in rows]}


def _upload(market: Market) -> None:
    file = (BytesIO(b"title,price\nPickled Mango,4.50\n"), "items.csv")
    path, headers = "/api/v1/vendor/item/bulk-upload", market.vendor.headers
    answer = market.vendor.client.post(path, data={"file": file}, headers=headers)
    assert answer.status_code == 202, answer.json


def keep_open(session: Session) -> None:
    """Whatever an operation did to the shop: it sells to everybody again."""
    session.execute(update(Shop).values(is_open=True, delivers=True, minimum_order=0))
    session.execute(update(StockLocation).values(is_active=True))
    session.execute(delete(ShopHours))
    session.execute(delete(ShopHoliday))


def fill_basket(app: Flask, rows: Rows, headers: dict[str, str]) -> None:
    """Put an item into the caller's basket, unless it holds as many as it may."""
    line = {"item_id": rows["item_id"][0], "quantity": 1}
    app.test_client().post("/api/v1/consumer/cart/add", json=line, headers=headers)


def ask_for_what_is_there(path: str, places: dict[str, Any], body: Any, rows: Rows, turns: Counter[str]) -> None:
    """Let a request of the marketplace name rows that are there, of the kind its operation wants."""
    for name in places:
        kind = _wanted(path, name, rows)
        places[name] = _next(kind, rows, turns)
    _put_items(body, rows, turns)


def _wanted(path: str, name: str, rows: Rows) -> str:
    if name == "user_id":
        return "customer" if "/wallets/" in path else "vendor"
    if name not in ("order_id", "payout_id"):
        return name
    action = path.partition("{" + name + "}/")[2]
    return WANTED.get(action, name)


def _next(kind: str, rows: Rows, turns: Counter[str]) -> Any:
    turns[kind] += 1
    return rows[kind][turns[kind] % len(rows[kind])]


def _put_items(body: Any, rows: Rows, turns: Counter[str]) -> None:
    """Items in bodies are those of the orders, wherever they stand."""
    if isinstance(body, dict):
        for name, value in body.items():
            if name == "item_id":
                body[name] = rows["item_id"][0]
            elif name == "shop_id":
                body[name] = rows["shop_id"][0]
            else:
                _put_items(value, rows, turns)
    elif isinstance(body, list):
        for value in body:
            _put_items(value, rows, turns)
