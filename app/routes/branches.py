"""Branches and delivery slots."""

from flask import Blueprint, Response

from app.middleware.answers import answer, cacheable, listed
from app.openapi import endpoint
from app.schemas.branches import Branch, BranchList, BranchName, BranchQuery, Slot, SlotQuery
from app.services import branches as branch_service
from app.services import slots

branches = Blueprint("branches", __name__)


@branches.get("/branches")
@endpoint(query=BranchQuery, answers={200: BranchList})
def list_branches(query: BranchQuery) -> Response:
    """List the active branches."""
    return cacheable(listed(*branch_service.list_branches(query), page_key="pagination"))


@branches.get("/branches/delivery-source")
@endpoint(answers={200: BranchName}, errors=(branch_service.DeliverySourceMissing,))
def delivery_source() -> Response:
    """Show the warehouse deliveries come from."""
    return answer(branch_service.show_delivery_source())


@branches.get("/branches/<int:branch_id>")
@endpoint(answers={200: Branch})
def branch(branch_id: int) -> Response:
    """Show an active branch."""
    return answer(branch_service.show(branch_id))


@branches.get("/delivery-slots")
@endpoint(query=SlotQuery, answers={200: list[Slot]})
def list_slots(query: SlotQuery) -> Response:
    """List the active weekly delivery windows with their next open dates."""
    return answer(slots.list_slots(query))
