"""How the picking goes."""

from flask import Blueprint, Response

from app.middleware.answers import answer
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.performance import PerformanceAnswer
from app.services import performance as service

performance = Blueprint("performance", __name__)


@performance.get("/performance")
@endpoint(answers={200: PerformanceAnswer})
def picking_performance() -> Response:
    """Show how the picking goes at your branches."""
    return answer(service.show(current_caller()))
