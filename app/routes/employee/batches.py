"""Several orders picked in one walk."""

from flask import Blueprint, Response

from app.errors import Forbidden
from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.batches import BatchAnswer, BatchCard, BatchCreated, BatchQuery, BatchRequest
from app.schemas.envelope import Listed
from app.services.orders.finding import StaffOrderNotFound
from app.services.picking import batch_reading
from app.services.picking import batches as service
from app.services.picking.claiming import OrderClaimed

batches = Blueprint("batches", __name__)


@batches.post("/batches")
@endpoint(
    body=BatchRequest,
    answers={201: BatchCreated},
    errors=(
        StaffOrderNotFound,
        service.SeveralBranches,
        service.OrdersNotPickable,
        OrderClaimed,
        service.OrderInBatch,
    ),
)
def create_batch(body: BatchRequest) -> Response:
    """Claim several orders of one branch, to pick them in one walk.

    All of them are claimed or none. CREATED orders are IN_PROGRESS from then on.
    """
    return answer(service.create(body, current_caller()), status=201)


@batches.get("/batches")
@endpoint(query=BatchQuery, answers={200: Listed[BatchCard]})
def list_batches(query: BatchQuery) -> Response:
    """List the batches of your branches: your own open ones first, then the newest."""
    return listed(*batch_reading.page(query, current_caller()))


@batches.get("/batches/<int:batch_id>")
@endpoint(answers={200: BatchAnswer}, errors=(batch_reading.BatchNotFound,))
def batch(batch_id: int) -> Response:
    """Show a batch with its walk: what to fetch from which bin, and into which orders it goes."""
    return answer(batch_reading.detail(batch_id=batch_id, caller=current_caller()))


@batches.post("/batches/<int:batch_id>/done")
@endpoint(answers={200: BatchAnswer}, errors=(batch_reading.BatchNotFound, service.BatchNotFinished, Forbidden))
def close_batch(batch_id: int) -> Response:
    """End a walk on which every line is picked, replaced or marked missing."""
    return answer(service.close(batch_id=batch_id, caller=current_caller()))
