"""The driver's steps, and handing over at the counter."""

from flask import Blueprint, Response

from app.middleware.answers import answer
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.deliveries import DriverRequest, FailedAttemptRequest, HandOverRequest
from app.schemas.picking_queue import StaffOrder
from app.services.fulfilment import handing_over
from app.services.orders import staff_detail
from app.services.orders.finding import StaffOrderNotFound

deliveries = Blueprint("deliveries", __name__)


@deliveries.put("/orders/<int:order_id>/driver")
@endpoint(
    body=DriverRequest,
    answers={200: StaffOrder},
    errors=(StaffOrderNotFound, handing_over.DriverNotFound, handing_over.NotOnItsWay),
)
def assign_driver(order_id: int, body: DriverRequest) -> Response:
    """Assign the driver of a packed delivery.

    Employees assign themselves; managers assign anybody who works at the branch.
    """
    handing_over.assign_driver(order_id=order_id, driver_id=body.driver_id, caller=current_caller())
    return answer(staff_detail.detail(order_id=order_id, caller=current_caller()))


@deliveries.post("/orders/<int:order_id>/out-for-delivery")
@endpoint(
    answers={200: StaffOrder},
    errors=(StaffOrderNotFound, handing_over.NotOnItsWay, handing_over.PaymentNotCaptured),
)
def set_out(order_id: int) -> Response:
    """Set out with a packed delivery, or again after a failed attempt.

    Only its driver or a manager may; without a driver whoever sets out is the driver.
    """
    handing_over.leave(order_id=order_id, caller=current_caller())
    return answer(staff_detail.detail(order_id=order_id, caller=current_caller()))


@deliveries.post("/orders/<int:order_id>/delivered")
@endpoint(
    body=HandOverRequest,
    answers={200: StaffOrder},
    errors=(StaffOrderNotFound, handing_over.NotOnItsWay, handing_over.PaymentNotCaptured),
)
def hand_over(order_id: int, body: HandOverRequest) -> Response:
    """Hand an order over, with the name of who took it or a reference to a photo.

    A delivery at the door by its driver or a manager; a pickup at the counter by anybody of the branch.
    """
    handing_over.deliver(order_id=order_id, form=body, caller=current_caller())
    return answer(staff_detail.detail(order_id=order_id, caller=current_caller()))


@deliveries.post("/orders/<int:order_id>/delivery-failed")
@endpoint(
    body=FailedAttemptRequest,
    answers={200: StaffOrder},
    errors=(StaffOrderNotFound, handing_over.NotOnItsWay),
)
def delivery_failed(order_id: int, body: FailedAttemptRequest) -> Response:
    """Report that nobody took a delivery; the order is DELAYED and may set out again."""
    handing_over.fail(order_id=order_id, form=body, caller=current_caller())
    return answer(staff_detail.detail(order_id=order_id, caller=current_caller()))
