"""Offers, search and products as the trolley's app asks for them."""

from flask import Blueprint, Response

from app.middleware.answers import answer, cacheable, listed
from app.middleware.guards import optional_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.pagination import Page
from app.schemas.shopper_products import ShopperProduct, ShopperProductDetail, ShopperSearchQuery
from app.services.trolleys import finding_products

products = Blueprint("trolley_products", __name__)


@products.get("/offers")
@endpoint(query=Page, answers={200: Listed[ShopperProduct]})
def list_offers(query: Page) -> Response:
    """List the products that cost less than before."""
    return cacheable(listed(*finding_products.offers(query, optional_caller())))


@products.get("/search")
@endpoint(query=ShopperSearchQuery, answers={200: Listed[ShopperProduct]})
def search_products(query: ShopperSearchQuery) -> Response:
    """Find products by a part of their name or of a barcode, in order of their names."""
    return cacheable(listed(*finding_products.search(query, optional_caller())))


@products.get("/<int:product_id>")
@endpoint(answers={200: ShopperProductDetail})
def show_product(product_id: int) -> Response:
    """Show a product with the ways to eat it fits and its allergens."""
    return cacheable(answer(finding_products.show(product_id, optional_caller())))
