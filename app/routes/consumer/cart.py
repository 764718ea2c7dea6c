"""The cart of a signed-in user, or of a guest who sends the cart's token."""

from flask import Blueprint, Response, request

from app.errors import AuthRequired
from app.middleware.answers import answer
from app.middleware.guards import current_origin, optional_caller
from app.openapi import Header, endpoint
from app.schemas.carts import (
    AddItemRequest,
    CartAnswer,
    GuestCart,
    MergeCartRequest,
    MergedCart,
    SetItemRequest,
    SetItemsRequest,
)
from app.services.carts import adding, changing, guests, offers, reading, shoppers, writing

cart = Blueprint("cart", __name__)

TOKEN = Header("X-Cart-Token", "The token of a guest's cart; ignored for signed-in users.")
REFUSALS = (
    shoppers.CartNotFound,
    offers.ProductInactive,
    offers.OutOfStockAnywhere,
    offers.OutOfStockDeliveryBranch,
    writing.CartFull,
)


@cart.before_request
def _refuse_nobody() -> None:
    """Whoever is neither signed in nor a guest is told so before the body is looked at. Raises AuthRequired."""
    if request.endpoint != f"{cart.name}.{open_guest_cart.__name__}":
        _shopper()


@cart.get("")
@endpoint(headers=(TOKEN,), answers={200: CartAnswer}, errors=(shoppers.CartNotFound,))
def show() -> Response:
    """Show the cart.

    A signed-in user always has one. Prices are those of the moment each line was last added to; `price_changed`
    marks lines that cost something else today, which is what the checkout will ask for.
    """
    return answer(reading.cart_of(_shopper()))


@cart.post("/items")
@endpoint(body=AddItemRequest, headers=(TOKEN,), answers={201: CartAnswer}, errors=REFUSALS)
def add_item(body: AddItemRequest) -> Response:
    """Add pieces of a product.

    They join the line of the product that is already there; the whole line takes today's price.
    """
    return answer(adding.add_item(_shopper(), body), status=201)


@cart.put("/items")
@endpoint(body=SetItemsRequest, headers=(TOKEN,), answers={200: CartAnswer}, errors=REFUSALS)
def set_items(body: SetItemsRequest) -> Response:
    """Set the quantities of many products at once; 0 removes a line.

    All or nothing: the error has the code of the first faulty line, and `details.lines` lists every one.
    """
    return answer(changing.set_items(_shopper(), body))


@cart.put("/items/<int:item_id>")
@endpoint(body=SetItemRequest, headers=(TOKEN,), answers={200: CartAnswer}, errors=(*REFUSALS[:-1], offers.NoSuchLine))
def set_item(item_id: int, body: SetItemRequest) -> Response:
    """Set the quantity of a line."""
    return answer(changing.set_item(_shopper(), item_id, body))


@cart.delete("/items/<int:item_id>")
@endpoint(headers=(TOKEN,), answers={200: CartAnswer}, errors=(shoppers.CartNotFound, offers.NoSuchLine))
def remove_item(item_id: int) -> Response:
    """Take a line out of the cart."""
    return answer(changing.remove_item(_shopper(), item_id))


@cart.delete("")
@endpoint(headers=(TOKEN,), answers={200: CartAnswer}, errors=(shoppers.CartNotFound,))
def clear() -> Response:
    """Empty the cart; it may be empty already."""
    return answer(changing.clear(_shopper()))


@cart.post("/guest")
@endpoint(answers={201: GuestCart})
def open_guest_cart() -> Response:
    """Open a cart without signing in.

    Send its token as X-Cart-Token, also when signing in or registering: the lines then move into the user's cart.
    """
    return answer(guests.open_cart(), status=201)


@cart.post("/merge")
@endpoint(body=MergeCartRequest, answers={200: MergedCart}, errors=(shoppers.CartNotFound,))
def merge(body: MergeCartRequest) -> Response:
    """Move a guest's cart into the cart of the signed-in user.

    Quantities are added up. What no branch has, or what is too much, is listed in `left_out`. The token is dead
    afterwards.
    """
    caller = optional_caller()
    if caller is None:
        raise AuthRequired
    return answer(guests.merge(caller, body.cart_token))


def _shopper() -> shoppers.Shopper:
    """Whose cart the request is about. Raises AuthRequired."""
    caller = optional_caller()
    return shoppers.shopper(caller, request.headers.get(TOKEN.name), caller.origin if caller else current_origin())
