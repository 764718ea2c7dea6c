"""THE TABLE: every operation of the first server (smart-cart.md, A.2), with its number there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from app.compat.names import Name, matcher
from app.compat.said import Refusals, Said
from app.compat.smart_cart import bodies, shapes
from app.compat.smart_cart.asking import V1, Ask
from app.compat.smart_cart.bodies import Body, known
from app.compat.smart_cart.shapes import MESSAGE, Shape, bare, flat, listed

Path = Callable[[Mapping[str, str], Ask], str]
"""Finds our address, with a query where it needs one, by the parts of the older one."""


@dataclass(frozen=True)
class Route:
    """One operation. `path` is the older address, `ours` that of ours, if it is another one than this below /api/v1.

    `body`: what is made of the body; one that a device may have signed goes through as it is. `query`: the names it
    may have. `says`: how refusals of this route are said, all of them also under the key `error` with `also_error`.
    `points_shape`: what points instead of products are answered with. `is_open`: no token counts here. `whole`: the
    list is expected to be whole.
    """

    method: str
    path: str
    shape: Shape
    ours: str | Path | None = None
    body: Body | None = None
    query: str = ""
    says: Refusals = field(default_factory=dict)
    statuses: Mapping[int, int] = field(default_factory=dict)
    points_shape: Shape | None = None
    also_error: bool = False
    is_open: bool = False
    whole: bool = False


def place_of(parts: Mapping[str, str], ask: Ask) -> str:
    """The place of the basket in the caller's trolley, where its number is asked for; else that trolley alone."""
    mine = ask("/carts/current")
    if mine is not None and str(mine["trolley"]) == parts["id"].lstrip("0"):
        return f"{V1}/cart/{mine['cart_id']}/location"
    return f"{V1}/carts/trolleys/{parts['id']}"


def sections_of(_parts: Mapping[str, str], ask: Ask) -> str:
    """The sections of the branch the caller is in, and of all branches for who is in none."""
    mine = ask("/carts/current")
    return f"{V1}/misc/store-sections" + (f"?branch_id={mine['branch_id']}" if mine else "")


def picture(parts: Mapping[str, str], _ask: Ask) -> str:
    """Pictures of ours have addresses outside the API."""
    return f"/media/{parts['path']}"


_WRONG_CODE = Said(400, "Invalid OTP or OTP expired.")
_SIGN_IN = {"INVALID_OTP": _WRONG_CODE, "OTP_EXPIRED": _WRONG_CODE}
_SCAN = {"WEIGH_ON_TROLLEY": Said(400)}

ROUTES = (
    Route("POST", "/auth/verify_mobile", MESSAGE, f"{V1}/send-otp", known("mobile_number"), is_open=True),  # 1
    Route(
        "POST",
        "/auth/verify_otp",  # 2
        shapes.token,
        f"{V1}/verify-otp",
        known("mobile_number otp totp_code", as_shopper=True),
        says=_SIGN_IN,
        is_open=True,
    ),
    Route("POST", "/auth/complete_profile", shapes.user, body=bodies.profile),  # 3
    Route("GET", "/misc/foodtypes-categories", flat("foodtypes categories"), is_open=True),  # 4
    Route("GET", "/user/checklist", listed("items", shapes.checklist_item), whole=True),  # 5
    Route("POST", "/user/checklist/add", shapes.checklist_item, body=known("product_id quantity")),  # 6
    Route("POST", "/user/checklist/remove", MESSAGE, body=known("product_id")),  # 7
    Route("GET", "/user/recipes", listed("recipes", shapes.recipe), query="source", whole=True),  # 8
    Route("GET", "/user/recipes/{id}", shapes.recipe_detail),  # 9
    Route("GET", "/products/offers", listed("offers", shapes.product), is_open=True, whole=True),  # 10
    Route("GET", "/products/search", listed("results", shapes.product), query="query", is_open=True, whole=True),  # 11
    Route("GET", "/products/{id}", shapes.product_detail, is_open=True),  # 12
    Route("POST", "/cart/connect", shapes.connection, body=known("cart_id"), statuses={202: 200}),  # 13
    Route("GET", "/cart/view", shapes.cart),  # 14
    Route("GET", "/cart/{id}/location", shapes.place, place_of),  # 15
    Route(
        "GET", "/misc/store-sections", shapes.sections, sections_of, query="branch_id", is_open=True, whole=True
    ),  # 16
    Route("GET", "/cart/product_locations", bare(shapes.product_place), query="product_ids branch_id"),  # 17
    Route(
        "POST",
        "/cart/shortest_path",  # 18
        shapes.way,
        body=bodies.path,
        points_shape=shapes.way_of_points,
        also_error=True,
    ),
    Route("POST", "/orders/checkout", shapes.checked_out),  # 19
    Route("POST", "/cart/esp32/add_item", MESSAGE, says=_SCAN),  # 20
    Route("POST", "/cart/esp32/update_item", MESSAGE),  # 20, as it was later
    Route("POST", "/cart/item/remove", MESSAGE, body=known("product_id")),  # 21
    Route("POST", "/cart/disconnect", MESSAGE),  # 22
    Route("POST", "/cart/item/add", MESSAGE, body=known("product_id")),
    Route("GET", "/orders/history", bare(shapes.order), whole=True),
    Route("GET", "/misc/images/{path}", shapes.as_it_is, picture, is_open=True),
    Route("GET", "/hello", shapes.hello, f"{V1}/health", is_open=True),
)


@dataclass(frozen=True)
class Found:
    """An older address: its route, and the parts of its name."""

    route: Route
    parts: Mapping[str, str]

    def takes(self, method: str) -> bool:
        """Whether a method means something here; OPTIONS only asks what does."""
        return method == self.route.method or method == "OPTIONS" or (method, self.route.method) == ("HEAD", "GET")

    def ours(self, path: str, ask: Ask) -> str:
        """Our address for it, with a query where it needs one; `path` is how it was written."""
        ours = self.route.ours
        if ours is None:
            return V1 + path
        return ours if isinstance(ours, str) else ours(self.parts, ask)


def find(path: str) -> Found | None:
    """What an older address is; None for none. Each has one method."""
    return next((Found(route, match.groupdict()) for route, name in _names() if (match := name(path))), None)


@cache
def _names() -> tuple[tuple[Route, Name], ...]:
    return tuple((route, matcher(route.path)) for route in ROUTES)
