"""Branches and their delivery slots."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.branches import Branch, BranchList
from app.schemas.managed_branches import (
    ActiveQuery,
    BranchChange,
    ManagedBranchQuery,
    ManagedSlot,
    ManagedSlotQuery,
    NewBranch,
    NewSlot,
    SlotChange,
    SlotDay,
    SlotDayChange,
)
from app.services import managed_branches, managed_slots, slot_days
from app.services.branches import BranchNotFound

branches = Blueprint("managed_branches", __name__)


@branches.get("/branches")
@endpoint(query=ManagedBranchQuery, answers={200: BranchList})
def list_branches(query: ManagedBranchQuery) -> Response:
    """List all branches, closed ones too."""
    return listed(*managed_branches.list_branches(query), page_key="pagination")


@branches.post("/branches")
@endpoint(body=NewBranch, answers={201: Branch})
def create_branch(body: NewBranch) -> Response:
    """Open a branch."""
    return answer(managed_branches.create(body, current_caller()), status=201)


@branches.patch("/branches/<int:branch_id>")
@endpoint(body=BranchChange, answers={200: Branch}, errors=(managed_branches.DeliverySourceRequired,))
def change_branch(branch_id: int, body: BranchChange) -> Response:
    """Change a branch; what is left out stays."""
    return answer(managed_branches.change(body, current_caller(), branch_id=branch_id))


@branches.patch("/branches/<int:branch_id>/toggle")
@endpoint(query=ActiveQuery, answers={200: Branch}, errors=(managed_branches.DeliverySourceRequired,))
def toggle_branch(branch_id: int, query: ActiveQuery) -> Response:
    """Close a branch or open it again.

    The branch that deliveries come from cannot be closed.
    """
    return answer(managed_branches.switch(current_caller(), branch_id=branch_id, active=query.active))


@branches.get("/delivery-slots")
@endpoint(query=ManagedSlotQuery, answers={200: list[ManagedSlot]})
def list_slots(query: ManagedSlotQuery) -> Response:
    """List all weekly delivery slots, inactive ones too."""
    return answer(managed_slots.list_slots(query))


@branches.post("/delivery-slots")
@endpoint(
    body=NewSlot,
    answers={201: ManagedSlot},
    errors=(BranchNotFound, managed_slots.WindowRefused, managed_slots.SlotExists),
)
def create_slot(body: NewSlot) -> Response:
    """Add a weekly delivery slot to a branch."""
    return answer(managed_slots.create(body, current_caller()), status=201)


@branches.patch("/delivery-slots/<int:slot_id>")
@endpoint(body=SlotChange, answers={200: ManagedSlot}, errors=(managed_slots.WindowRefused, managed_slots.SlotExists))
def change_slot(slot_id: int, body: SlotChange) -> Response:
    """Change a weekly delivery slot; what is left out stays.

    A new capacity also goes to the dates to come. A date takes at least as many orders as it has, and one that was
    given a lower number keeps it where the new one is higher.
    """
    return answer(managed_slots.change(body, current_caller(), slot_id=slot_id))


@branches.patch("/delivery-slots/<int:slot_id>/toggle")
@endpoint(query=ActiveQuery, answers={200: ManagedSlot})
def toggle_slot(slot_id: int, query: ActiveQuery) -> Response:
    """Take a delivery slot out of the week or bring it back; orders booked stay booked."""
    return answer(managed_slots.switch(current_caller(), slot_id=slot_id, active=query.active))


@branches.get("/delivery-slots/<int:slot_id>/dates")
@endpoint(answers={200: list[SlotDay]})
def list_slot_dates(slot_id: int) -> Response:
    """List the coming dates of a delivery slot with the orders booked."""
    return answer(slot_days.list_days(slot_id=slot_id))


@branches.put("/delivery-slots/<int:slot_id>/dates")
@endpoint(body=SlotDayChange, answers={200: SlotDay}, errors=(slot_days.DayRefused,))
def change_slot_date(slot_id: int, body: SlotDayChange) -> Response:
    """Let one date take more or fewer orders; 0 closes it.

    Orders booked stay booked: the capacity answered is never below them.
    """
    return answer(slot_days.set_capacity(body, current_caller(), slot_id=slot_id))
