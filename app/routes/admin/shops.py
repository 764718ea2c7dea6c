"""Vendors' shops under review: verify, feature, suspend."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.managed_shops import ManagedShop, ManagedShopDetails, ManagedShopQuery, SuspendShop
from app.services.shops import desk, reviewing

shops = Blueprint("admin_shops", __name__)

_NOT_FOUND = (desk.ManagedShopNotFound,)


@shops.get("")
@endpoint(query=ManagedShopQuery, answers={200: Listed[ManagedShop]})
def list_shops(query: ManagedShopQuery) -> Response:
    """List vendors' shops, oldest first."""
    return listed(*desk.page(query))


@shops.get("/<int:shop_id>")
@endpoint(answers={200: ManagedShopDetails}, errors=_NOT_FOUND)
def show_shop(shop_id: int) -> Response:
    """Show a vendor's shop with its hours."""
    return answer(desk.show(shop_id=shop_id))


@shops.post("/<int:shop_id>/verify")
@endpoint(answers={200: ManagedShop}, errors=_NOT_FOUND)
def verify_shop(shop_id: int) -> Response:
    """Mark a shop as verified."""
    return answer(reviewing.verify(current_caller(), shop_id=shop_id, verified=True))


@shops.post("/<int:shop_id>/unverify")
@endpoint(answers={200: ManagedShop}, errors=_NOT_FOUND)
def unverify_shop(shop_id: int) -> Response:
    """Take the mark of a verified shop away. With REQUIRE_VERIFIED_SHOPS it then sells nothing."""
    return answer(reviewing.verify(current_caller(), shop_id=shop_id, verified=False))


@shops.post("/<int:shop_id>/feature")
@endpoint(answers={200: ManagedShop}, errors=_NOT_FOUND)
def feature_shop(shop_id: int) -> Response:
    """Show a shop among the featured ones."""
    return answer(reviewing.feature(current_caller(), shop_id=shop_id, featured=True))


@shops.post("/<int:shop_id>/unfeature")
@endpoint(answers={200: ManagedShop}, errors=_NOT_FOUND)
def unfeature_shop(shop_id: int) -> Response:
    """Show a shop among the featured ones no longer."""
    return answer(reviewing.feature(current_caller(), shop_id=shop_id, featured=False))


@shops.post("/<int:shop_id>/suspend")
@endpoint(body=SuspendShop, answers={200: ManagedShop}, errors=_NOT_FOUND)
def suspend_shop(shop_id: int, body: SuspendShop) -> Response:
    """Let a shop sell nothing more; the orders it has go on."""
    return answer(reviewing.suspend(current_caller(), shop_id=shop_id, reason=body.reason))


@shops.post("/<int:shop_id>/reinstate")
@endpoint(answers={200: ManagedShop}, errors=_NOT_FOUND)
def reinstate_shop(shop_id: int) -> Response:
    """Let a suspended shop sell again."""
    return answer(reviewing.reinstate(current_caller(), shop_id=shop_id))
