"""Deciding on substitutes."""

from flask import Blueprint, Response

from app.middleware.answers import answer
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.orders import OrderAnswer
from app.schemas.picking import SubstitutionDecision
from app.services.orders import reading
from app.services.picking import substituting

substitutions = Blueprint("substitutions", __name__)


@substitutions.post("/<int:order_id>/items/<int:item_id>/substitution")
@endpoint(
    body=SubstitutionDecision,
    answers={200: OrderAnswer},
    errors=(reading.OrderNotFound, substituting.SubstitutionNotFound, substituting.SubstitutionClosed),
)
def decide_substitution(order_id: int, item_id: int, body: SubstitutionDecision) -> Response:
    """Accept or refuse the substitute for a line of your order.

    The answer may change until the order is packed. A refused line is not charged; silence counts as a yes.
    """
    substituting.decide(order_id=order_id, item_id=item_id, accept=body.accept, caller=current_caller())
    return answer(reading.detail(order_id=order_id, caller=current_caller()))
