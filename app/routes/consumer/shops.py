"""Vendors' shops and their items, as consumers see them."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.shown_shops import ShopItemQuery, ShopItems, ShopQuery, ShopSearchQuery, ShownShop
from app.services.shops import searching, showing
from app.services.shops.opening import ShopClosed
from app.services.shops.own import ShopNotFound

shops = Blueprint("consumer_shops", __name__)
public = Blueprint("shop_items", __name__)


@shops.get("/shops")
@endpoint(query=ShopQuery, answers={200: Listed[ShownShop]})
def list_shops(query: ShopQuery) -> Response:
    """List the shops of your society, or with `area=city` also those of your city that deliver.

    Who has no society yet sees all shops. Without a limit the first 200.
    """
    return listed(*searching.near(query, current_caller()))


@shops.get("/shops/search")
@endpoint(query=ShopSearchQuery, answers={200: Listed[ShownShop]}, errors=(searching.SearchQueryMissing,))
def search_shops(query: ShopSearchQuery) -> Response:
    """Find open shops near you by their name or type, or by what they offer."""
    return listed(*searching.search(query, current_caller()))


@shops.get("/shop/<int:shop_id>/items")
@public.get("/<int:shop_id>/items")
@endpoint(query=ShopItemQuery, answers={200: ShopItems}, errors=(ShopNotFound, ShopClosed))
def list_shop_items(query: ShopItemQuery, shop_id: int) -> Response:
    """List what a shop offers; at both addresses.

    Any open shop can be looked at. Ordering needs a shop of your society, or one that delivers.
    """
    return answer(showing.items(query, shop_id=shop_id))
