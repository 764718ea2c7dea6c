"""What the assistant may know: the caller's own things, and the shops that serve the caller. One statement each.

Whose facts they are is the caller's to say and nobody else's: no function takes the id of a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import Select

from app.config import settings
from app.domain.assistant import stem
from app.domain.caller import Caller
from app.domain.search_text import normalise, words
from app.domain.shop_order_states import shown
from app.models.base import AnyRow
from app.services.assistant import statements
from app.services.shops.opening import this_moment
from app.services.wallets import balances
from app.transaction import reading

_ANY_PRICE = Decimal("9999999999.99")


@dataclass(frozen=True, slots=True)
class ItemFact:
    name: str
    price: Decimal
    mrp: Decimal | None
    unit: str
    shop: str
    shop_is_open: bool


@dataclass(frozen=True, slots=True)
class LineFact:
    name: str
    quantity: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class CartFact:
    """`total` and `line_count` are of the whole basket, of which `lines` are the first."""

    shop: str
    total: Decimal
    line_count: int
    lines: list[LineFact]


@dataclass(frozen=True, slots=True)
class OrderFact:
    order_id: int
    status: str
    total: Decimal
    shop: str
    placed_at: datetime


@dataclass(frozen=True, slots=True)
class MessageFact:
    order_id: int
    by: str
    text: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class ShopFact:
    """`opens` and `closes` are those of today; without any the shop has no hours today, or none at all."""

    name: str
    is_open: bool
    opens: time | None
    closes: time | None
    delivers: bool
    minimum_order: Decimal


def items(
    caller: Caller, *, wanted: Sequence[str] = (), max_price: Decimal | None = None, only_offers: bool = False
) -> list[ItemFact]:
    """What shops that serve the caller have in stock now, open shops first, then the cheapest.

    Each of the words `wanted` must begin a word of the item; `only_offers`: those below their maker's price.
    """
    values = {
        "user_id": caller.user_id,
        "wanted": _prefixes(wanted),
        "max_price": _ANY_PRICE if max_price is None else max_price,
        **this_moment(),
    }
    rows = _rows(statements.items(bool(values["wanted"]), only_offers, settings().require_verified_shops), values)
    return [ItemFact(*row) for row in rows]


def cart(caller: Caller) -> CartFact | None:
    """The caller's basket for a vendor's shop, at today's prices, without delivery; None where it is empty."""
    rows = _rows(statements.CART, {"user_id": caller.user_id})
    lines = [LineFact(row.name, row.quantity, row.price) for row in rows]
    return CartFact(rows[0].shop, rows[0].total, rows[0].line_count, lines) if rows else None


def orders(caller: Caller, *, order_id: int | None = None) -> list[OrderFact]:
    """The caller's last orders at vendors' shops, newest first, or the one with an id."""
    rows = _rows(statements.ORDERS, {"user_id": caller.user_id, "order_id": order_id})
    return [OrderFact(row.id, shown(row.status), row.total, row.shop, row.created_at) for row in rows]


def messages(caller: Caller) -> list[MessageFact]:
    """The last messages about the caller's orders, newest first."""
    rows = _rows(statements.MESSAGES, {"user_id": caller.user_id})
    return [MessageFact(row.order_id, _sender(row, caller), row.body, row.created_at) for row in rows]


def wallet(caller: Caller) -> Decimal:
    """What is in the caller's wallet; nothing where they never had one."""
    with reading() as connection:
        return balances.in_wallet(connection, user_id=caller.user_id)


def shops(caller: Caller, *, wanted: Sequence[str] = ()) -> list[ShopFact]:
    """Shops that serve the caller, open ones first; each of the words `wanted` must be in the name."""
    values = {"user_id": caller.user_id, "patterns": [f"%{normalise(word)}%" for word in wanted], **this_moment()}
    return [ShopFact(*row) for row in _rows(statements.shops(settings().require_verified_shops), values)]


def _rows(statement: Select[*tuple[Any, ...]], values: dict[str, Any]) -> Sequence[AnyRow]:
    with reading() as connection:
        return connection.execute(statement, values).all()


def _prefixes(wanted: Sequence[str]) -> str:
    """Words as a query for PostgreSQL's text search; only letters and digits of them are left."""
    return " & ".join(f"{stem(word)}:*" for text in wanted for word in words(text))


def _sender(row: AnyRow, caller: Caller) -> str:
    if row.is_automatic:
        return "automatic"
    return "you" if row.sender_user_id == caller.user_id else "the shop"
