"""A product as a trolley's display shows it."""

from flask import Blueprint, Response

from app.middleware.device_answers import device_answer, signed_request
from app.openapi import endpoint
from app.schemas.device_wire import ItemOnDisplay
from app.services.devices import items as service

items = Blueprint("device_items", __name__)


@items.get("/item/<code>")
@endpoint(bare=True, answers={200: ItemOnDisplay})
def show_item(code: str) -> Response:
    """Show name, price and weight of what a scanned code means in the trolley's branch."""
    return device_answer(service.show(signed_request(), code=code))
