"""The basket in a trolley, and leaving it."""

from flask import Blueprint, Response

from app.errors import Busy
from app.middleware.answers import answer, cacheable
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.trolleys import (
    CartView,
    ChangedLine,
    ConnectedTrolley,
    ConnectForm,
    LeftTrolley,
    PendingTrolley,
    TrolleyCart,
    TrolleyPlace,
    TrolleyProductForm,
)
from app.services.trolleys import changing, leaving, locating, pairing, reading, refusals
from app.services.trolleys.basket import NotInCart, TrolleyFull
from app.services.trolleys.goods import ProductNotSold

basket = Blueprint("trolley_basket", __name__)


@basket.post("/connect")
@endpoint(
    body=ConnectForm,
    answers={200: ConnectedTrolley, 202: PendingTrolley},
    errors=(
        refusals.TrolleyNotFound,
        refusals.TrolleyInUse,
        refusals.TrolleyUnavailable,
        refusals.SessionOpen,
        Busy,
    ),
)
def connect_trolley(body: ConnectForm) -> Response:
    """Ask for the trolley with a number on its sticker, and press its button within 30 seconds.

    202: it is yours once the button is pressed. 200: you have it already.
    """
    asked = pairing.connect(body, current_caller())
    return answer(asked, status=202 if isinstance(asked, PendingTrolley) else 200)


@basket.get("/view")
@endpoint(query=CartView, answers={200: TrolleyCart}, errors=(refusals.NoTrolley,))
def view_trolley(query: CartView) -> Response:
    """Show your trolley and what is in it, at today's prices.

    With `after`, the version you have, or the ETag of the last answer as If-None-Match, the answer is a 304 as long as
    nothing changed.
    """
    if query.after is not None and reading.is_unchanged(current_caller(), version=query.after):
        return Response(status=304)
    return cacheable(answer(reading.view(current_caller())))


@basket.get("/<int:cart_id>/location")
@endpoint(
    answers={200: TrolleyPlace},
    errors=(refusals.TrolleyCartNotFound, locating.PlaceUnknown),
)
def locate_trolley(cart_id: int) -> Response:
    """Show where your trolley is."""
    return answer(locating.place(current_caller(), cart_id=cart_id))


@basket.post("/item/add")
@endpoint(
    body=TrolleyProductForm,
    answers={200: ChangedLine},
    errors=(
        refusals.NoTrolley,
        ProductNotSold,
        refusals.CartLocked,
        changing.WeighOnTrolley,
        TrolleyFull,
        Busy,
    ),
)
def add_to_trolley(body: TrolleyProductForm) -> Response:
    """Put one piece of a product into your trolley; what is sold by weight is scanned on the trolley."""
    return answer(changing.add(current_caller(), product_id=body.product_id))


@basket.post("/item/remove")
@endpoint(
    body=TrolleyProductForm,
    answers={200: ChangedLine},
    errors=(refusals.NoTrolley, ProductNotSold, NotInCart, refusals.CartLocked, Busy),
)
def remove_from_trolley(body: TrolleyProductForm) -> Response:
    """Take one piece of a product out of your trolley; of what is sold by weight all of it."""
    return answer(changing.remove(current_caller(), product_id=body.product_id))


@basket.post("/disconnect")
@endpoint(answers={200: LeftTrolley}, errors=(refusals.NoTrolley, refusals.CartLocked, Busy))
def disconnect_trolley() -> Response:
    """Leave your trolley; what is in it is not bought."""
    return answer(leaving.disconnect(current_caller()))
