"""THE TABLE: every path of the marketplace's contract, read below /api/v1, with what becomes of its answers.

`alias` is the name an older client has for the path; a path that is not here goes through as it is.
"""

from dataclasses import dataclass, field
from functools import cache

from app.compat.fields import Fields
from app.compat.marketplace import shapes
from app.compat.marketplace.refusals import INVALID
from app.compat.marketplace.shapes import BALANCE, MESSAGE, REFUND, Shape, flat, under
from app.compat.names import Name, matcher
from app.compat.said import Refusals, Said

WHOLE = 200
"""Rows of a list that older clients expect to be whole."""


@dataclass(frozen=True)
class Route:
    """One path. `rows`: how many rows to ask for when the client names no number of them.

    `refreshes`: the token is a refresh token, in the body. `finishes_upload`: the answer waits until the items of the
    file are made.
    """

    method: str
    path: str
    shape: Shape
    alias: str | None = None
    refusals: Refusals = field(default_factory=dict)
    rows: int | None = None
    refreshes: bool = False
    finishes_upload: bool = False


SCHEMA = {"HTTP_415": Said(400, INVALID)}
"""On these routes a missing body is a validation error."""

NOT_MINE = {"ORDER_NOT_FOUND": Said(403, "Unauthorized")}
CLOSED = {"SHOP_CLOSED": Said(403)}

_CONSUMER, _VENDOR = "/consumer/orders/{id}", "/vendor/orders/{id}"

ROUTES = (
    # Section 2: login and tokens
    Route("POST", "/send-otp", MESSAGE, refusals=SCHEMA),
    Route(
        "POST",
        "/verify-otp",
        flat("access_token refresh_token expires_in auth_token basic_onboarding_done"),
        refusals=SCHEMA,
    ),
    Route(
        "POST",
        "/auth/refresh",
        flat("access_token refresh_token expires_in"),
        refusals={"AUTH_REQUIRED": Said(message="invalid token")},
        refreshes=True,
    ),
    Route("POST", "/logout", MESSAGE, refusals={"AUTH_REQUIRED": Said(message="Token missing")}),
    # Sections 3 and 4: onboarding and profiles
    Route("POST", "/onboarding/basic", MESSAGE, refusals=SCHEMA),
    Route("POST", "/consumer/onboarding", MESSAGE),
    Route("GET", "/consumer/profile/me", under("data", shapes.PROFILE)),
    Route("POST", "/consumer/profile/edit", MESSAGE),
    Route("GET", "/profile/me", shapes.own_profile),
    # Section 5: shops and items seen by a consumer
    Route("GET", "/consumer/shops", under("shops", shapes.SHOP), rows=WHOLE),
    Route("GET", "/consumer/shops/search", under("shops", shapes.SHOP), rows=WHOLE),
    Route(
        "GET",
        "/consumer/shop/{id}/items",
        shapes.SHOP_ITEMS,
        alias="/shop/{id}/items",
        refusals=CLOSED,
        rows=WHOLE,
    ),
    # Section 6: cart
    Route("POST", "/consumer/cart/add", MESSAGE),
    Route("POST", "/consumer/cart/update", MESSAGE),
    Route("GET", "/consumer/cart/view", shapes.CART),
    Route("POST", "/consumer/cart/remove", MESSAGE),
    Route("POST", "/consumer/cart/clear", MESSAGE),
    # Section 7: consumer orders
    Route("POST", "/consumer/order/confirm", flat("message order_id")),
    Route("GET", "/consumer/order/history", under("orders", shapes.ORDER), rows=WHOLE),
    Route("GET", _CONSUMER, shapes.whole("order"), refusals=NOT_MINE),
    Route("POST", f"{_CONSUMER}/confirm-modified", REFUND, refusals=NOT_MINE),
    Route("POST", f"{_CONSUMER}/cancel", REFUND, refusals=NOT_MINE),
    Route("POST", f"{_CONSUMER}/message", MESSAGE, refusals=NOT_MINE),
    Route("GET", f"{_CONSUMER}/messages", under("messages", shapes.TALK), refusals=NOT_MINE, rows=WHOLE),
    Route(
        "POST",
        f"{_CONSUMER}/rate",
        shapes.RATED,
        refusals={"ORDER_NOT_FOUND": Said(403, "Unauthorized or order not found")},
    ),
    Route("POST", f"{_CONSUMER}/issue", MESSAGE, refusals=NOT_MINE),
    Route("POST", f"{_CONSUMER}/return/raise", MESSAGE, refusals=NOT_MINE),
    # Section 8: vendor profile, documents, payout bank
    Route("POST", "/vendor/profile", MESSAGE, refusals=SCHEMA),
    Route("POST", "/vendor/upload-document", MESSAGE, refusals=SCHEMA),
    Route("POST", "/vendor/payout/setup", MESSAGE, refusals=SCHEMA),
    # Section 9: vendor shop
    Route("POST", "/vendor/shop", flat("message shop_id"), alias="/vendor/create-shop"),
    Route("POST", "/vendor/shop/edit", MESSAGE),
    Route("GET", "/vendor/shop/my", under("data", shapes.OWN_SHOP), alias="/shop/my"),
    Route("POST", "/vendor/shop/hours", MESSAGE),
    Route("GET", "/vendor/shop/hours", flat("weekly_hours")),
    Route("POST", "/vendor/shop/toggle-status", MESSAGE, alias="/vendor/shop/toggle_status"),
    # Section 10: vendor items
    Route("POST", "/vendor/item/add", flat("message item_id"), alias="/item/add", refusals=SCHEMA),
    Route("POST", "/vendor/item/{id}/toggle", MESSAGE, alias="/item/{id}/toggle"),
    Route("POST", "/vendor/item/update/{id}", MESSAGE, alias="/item/update/{id}"),
    Route("GET", "/vendor/item/my", under("data", shapes.VENDOR_ITEM), alias="/item/my", rows=WHOLE),
    Route("POST", "/vendor/item/bulk-upload", MESSAGE, alias="/item/bulk-upload", finishes_upload=True),
    Route("POST", "/vendor/item/bulk-upload", flat("status task_id")),
    Route("GET", "/vendor/item/bulk-upload/{name}", flat("state created failed errors")),
    # Section 11: vendor orders
    Route("GET", "/vendor/orders", under("orders", shapes.VENDOR_ORDER), alias="/order/vendor", rows=WHOLE),
    Route("GET", _VENDOR, shapes.whole("order"), refusals=NOT_MINE),
    Route(
        "POST",
        f"{_VENDOR}/status",
        MESSAGE,
        alias="/order/vendor/status/{id}",
        refusals={"VALIDATION_ERROR": Said(message="Invalid status")},
    ),
    Route("POST", f"{_VENDOR}/modify", flat("message new_total"), refusals=NOT_MINE),
    Route("POST", f"{_VENDOR}/cancel", REFUND),
    Route("POST", f"{_VENDOR}/message", MESSAGE, alias="/order/vendor/message/send/{id}", refusals=NOT_MINE),
    Route(
        "GET",
        f"{_VENDOR}/messages",
        under("messages", shapes.TALK),
        alias="/order/vendor/messages/{id}",
        refusals=NOT_MINE,
        rows=WHOLE,
    ),
    Route("GET", "/vendor/orders/issues", under("issues", shapes.ISSUE), refusals=NOT_MINE, rows=WHOLE),
    Route("POST", f"{_VENDOR}/return/accept", MESSAGE, refusals=NOT_MINE),
    Route("POST", f"{_VENDOR}/return/reject", MESSAGE, refusals=NOT_MINE),
    Route("POST", f"{_VENDOR}/return/complete", MESSAGE, refusals=NOT_MINE),
    Route("POST", f"{_VENDOR}/return/initiate", MESSAGE, refusals=NOT_MINE),
    # Section 13: wallets
    Route("GET", "/consumer/wallet", BALANCE),
    Route("GET", "/consumer/wallet/history", under("transactions", shapes.TRANSACTION), rows=50),
    Route("POST", "/consumer/wallet/load", BALANCE),
    Route("POST", "/consumer/wallet/debit", BALANCE),
    Route("POST", "/consumer/wallet/refund", BALANCE),
    Route("GET", "/vendor/wallet", BALANCE),
    Route("GET", "/vendor/wallet/history", under("transactions", shapes.TRANSACTION), rows=50),
    Route("POST", "/vendor/wallet/credit", BALANCE),
    Route("POST", "/vendor/wallet/debit", BALANCE),
    Route("POST", "/vendor/wallet/withdraw", flat("message bank_account balance")),
    # Sections 14 and 15: assistant and admin
    Route("POST", "/agent/query", flat("answer suggestions")),
    Route("GET", "/admin/users", shapes.phones, rows=50),
    Route("GET", "/admin/shops", under("shops", Fields("id name")), rows=50),
    Route("GET", "/admin/orders", under("orders", Fields("id status")), rows=50),
)


def find(method: str, path: str) -> tuple[Route | None, str]:
    """The route of an old path, if it is one, and our path for it; the path is ours whatever the method."""
    found = [(route, ours.format(**match.groupdict())) for route, name, ours in _names() if (match := name(path))]
    for route, ours in found:
        if route.method == method:
            return route, ours
    return None, found[0][1] if found else path


@cache
def _names() -> tuple[tuple[Route, Name, str], ...]:
    """Every name of every route, the aliases first, with our path for it."""
    aliases = ((route, route.alias) for route in ROUTES if route.alias)
    own = ((route, route.path) for route in ROUTES if not route.finishes_upload)
    return tuple((route, matcher(name), route.path) for route, name in (*aliases, *own))
