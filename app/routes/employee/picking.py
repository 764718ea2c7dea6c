"""Picking: claiming an order, marking its lines, moving it on."""

from flask import Blueprint, Response

from app.middleware.answers import answer
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.picking import ClaimRequest, DamageReported, DamageRequest, MarkRequest, StatusRequest
from app.schemas.picking_queue import StaffOrder
from app.services.fulfilment import handing_over, moving
from app.services.orders import staff_detail
from app.services.orders.finding import StaffOrderNotFound
from app.services.picking import claiming, holding, lines, marking, substituting

picking = Blueprint("picking", __name__)


@picking.post("/orders/<int:order_id>/claim")
@endpoint(
    body=ClaimRequest,
    body_optional=True,
    answers={200: StaffOrder},
    errors=(StaffOrderNotFound, claiming.NotPickable, claiming.OrderClaimed),
)
def claim(order_id: int, body: ClaimRequest) -> Response:
    """Claim an order to pick it.

    One person picks an order: the second gets ORDER_CLAIMED. A manager may take it over. A CREATED order is
    IN_PROGRESS from then on.
    """
    claiming.claim(order_id=order_id, take_over=body.take_over, caller=current_caller())
    return answer(staff_detail.detail(order_id=order_id, caller=current_caller()))


@picking.delete("/orders/<int:order_id>/claim")
@endpoint(
    answers={200: StaffOrder},
    errors=(StaffOrderNotFound, claiming.NotPickable, claiming.OrderClaimed),
)
def give_back(order_id: int) -> Response:
    """Let somebody else pick an order; what is marked stays."""
    claiming.give_back(order_id=order_id, caller=current_caller())
    return answer(staff_detail.detail(order_id=order_id, caller=current_caller()))


@picking.patch("/orders/<int:order_id>/items/<int:item_id>/picked-status")
@endpoint(
    body=MarkRequest,
    answers={200: StaffOrder},
    errors=(
        StaffOrderNotFound,
        claiming.NotPickable,
        claiming.OrderClaimed,
        lines.OrderItemNotFound,
        marking.MoreThanOrdered,
        marking.WeightNotPlausible,
        substituting.SubstituteNotFound,
        substituting.SameProduct,
        substituting.SubstitutionNotWanted,
        holding.OutOfStock,
    ),
)
def mark_line(order_id: int, item_id: int, body: MarkRequest) -> Response:
    """Mark a line as picked, missing, replaced or pending again.

    The first mark claims an order that nobody picks. Pieces that are missing leave the stock at once and the shelf is
    to be counted; a substitute is reserved, and never costs more than the line.
    """
    marking.mark(order_id=order_id, item_id=item_id, form=body, caller=current_caller())
    return answer(staff_detail.detail(order_id=order_id, caller=current_caller()))


@picking.post("/orders/<int:order_id>/items/<int:item_id>/report-damage")
@endpoint(
    body=DamageRequest,
    answers={201: DamageReported},
    errors=(
        StaffOrderNotFound,
        claiming.NotPickable,
        claiming.OrderClaimed,
        lines.OrderItemNotFound,
        holding.OutOfStock,
    ),
)
def report_damage(order_id: int, item_id: int, body: DamageRequest) -> Response:
    """Report broken pieces of a line, or of its substitute where it has one; they leave the stock."""
    marking.report_damage(order_id=order_id, item_id=item_id, form=body, caller=current_caller())
    return answer(DamageReported(), status=201)


@picking.patch("/orders/<int:order_id>/status")
@endpoint(
    body=StatusRequest,
    answers={200: StaffOrder},
    errors=(
        StaffOrderNotFound,
        claiming.OrderClaimed,
        moving.InvalidTransition,
        handing_over.PaymentNotCaptured,
    ),
)
def change_status(order_id: int, body: StatusRequest) -> Response:
    """Move an order to its next state.

    READY needs every line picked or replaced, or left out by way of MISSING; it charges what was picked, never more
    than was authorized. OUT_FOR_DELIVERY, DELIVERED, DELAYED and CANCELED are for managers.
    """
    moving.change_status(order_id=order_id, to=body.status, caller=current_caller())
    return answer(staff_detail.detail(order_id=order_id, caller=current_caller()))
