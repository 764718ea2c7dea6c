"""Coupons."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.coupons import CouponAnswer, CouponChange, CouponDetail, CouponList, CouponQuery, NewCoupon
from app.schemas.managed_branches import ActiveQuery
from app.services import coupons as service

coupons = Blueprint("coupons", __name__)


@coupons.get("/coupons")
@endpoint(query=CouponQuery, answers={200: CouponList})
def list_coupons(query: CouponQuery) -> Response:
    """List coupons, switched-off ones too."""
    return listed(*service.list_coupons(query))


@coupons.post("/coupons")
@endpoint(body=NewCoupon, answers={201: CouponAnswer}, errors=(service.CouponExists,))
def create_coupon(body: NewCoupon) -> Response:
    """Make a coupon, switched on."""
    return answer(service.create(body, current_caller()), status=201)


@coupons.get("/coupons/<int:coupon_id>")
@endpoint(answers={200: CouponDetail}, errors=(service.ManagedCouponNotFound,))
def show_coupon(coupon_id: int) -> Response:
    """Show a coupon with what it was used for."""
    return answer(service.show(coupon_id))


@coupons.patch("/coupons/<int:coupon_id>")
@endpoint(body=CouponChange, answers={200: CouponAnswer}, errors=(service.ManagedCouponNotFound,))
def change_coupon(coupon_id: int, body: CouponChange) -> Response:
    """Change a coupon for orders to come; what is left out stays."""
    return answer(service.change(body, current_caller(), coupon_id=coupon_id))


@coupons.patch("/coupons/<int:coupon_id>/toggle")
@endpoint(query=ActiveQuery, answers={200: CouponAnswer}, errors=(service.ManagedCouponNotFound,))
def toggle_coupon(coupon_id: int, query: ActiveQuery) -> Response:
    """Switch a coupon on or off."""
    return answer(service.switch(current_caller(), coupon_id=coupon_id, active=query.active))
