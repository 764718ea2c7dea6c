"""The basket for one vendor's shop."""

from flask import Blueprint, Response

from app.middleware.answers import answer
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Message
from app.schemas.shop_cart import AddToShopCart, RemoveFromShopCart, ShopCartAnswer, UpdateShopCart
from app.services.carts.writing import CartFull
from app.services.checkout.shop_context import OutOfArea
from app.services.shop_carts import changing, reading, refusals
from app.services.shops.opening import ShopClosed

cart = Blueprint("shop_cart", __name__)


@cart.get("/view")
@endpoint(answers={200: ShopCartAnswer})
def view() -> Response:
    """Show the basket at today's prices."""
    return answer(reading.view(current_caller()))


@cart.post("/add")
@endpoint(
    body=AddToShopCart,
    answers={200: Message},
    errors=(
        refusals.QuantityTooSmall,
        refusals.QuantityTooLarge,
        refusals.ItemNotAvailable,
        refusals.OtherShopInCart,
        refusals.UnitLimit,
        ShopClosed,
        OutOfArea,
        CartFull,
    ),
)
def add(body: AddToShopCart) -> Response:
    """Add units of an item.

    They join the line of the item that is already there. A basket is for one shop at a time.
    """
    return answer(changing.add(body, current_caller()))


@cart.post("/update")
@endpoint(
    body=UpdateShopCart,
    answers={200: Message},
    errors=(refusals.ItemAndQuantityRequired, refusals.QuantityOutOfRange, refusals.ItemNotInCart),
)
def update(body: UpdateShopCart) -> Response:
    """Set the units of a line."""
    return answer(changing.update(body, current_caller()))


@cart.post("/remove")
@endpoint(body=RemoveFromShopCart, answers={200: Message}, errors=(refusals.NothingToRemove,))
def remove(body: RemoveFromShopCart) -> Response:
    """Take a line out of the basket."""
    return answer(changing.remove(body, current_caller()))


@cart.post("/clear")
@endpoint(answers={200: Message})
def clear() -> Response:
    """Empty the basket; it may be empty already."""
    return answer(changing.clear(current_caller()))
