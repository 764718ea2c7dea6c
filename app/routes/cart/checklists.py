"""A shopper's checklist."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.checklists import (
    ChecklistAddition,
    ChecklistLine,
    ChecklistQuantity,
    ChecklistRemoval,
    ClearedChecklist,
)
from app.schemas.envelope import Listed, Message
from app.schemas.pagination import WholePage
from app.services import checklists as lists

checklists = Blueprint("checklists", __name__)


@checklists.get("")
@endpoint(query=WholePage, answers={200: Listed[ChecklistLine]})
def show_checklist(query: WholePage) -> Response:
    """Show your checklist: what you mean to buy, what was added first at the top.

    Products that are not sold at present are left out until they are again.
    """
    return listed(*lists.show(query, current_caller()))


@checklists.post("/add")
@endpoint(
    body=ChecklistAddition,
    answers={200: ChecklistLine},
    errors=(lists.ListedProductNotFound, lists.ChecklistQuantityLimit),
)
def add_to_checklist(body: ChecklistAddition) -> Response:
    """Add pieces of a product to your checklist, on top of those already on it."""
    return answer(lists.add(body, current_caller()))


@checklists.post("/remove")
@endpoint(body=ChecklistRemoval, answers={200: Message}, errors=(lists.NotOnChecklist,))
def remove_from_checklist(body: ChecklistRemoval) -> Response:
    """Take a product off your checklist, however many pieces."""
    lists.remove(current_caller(), product_id=body.product_id)
    return answer(Message(message="The product is off the checklist."))


@checklists.put("/<int:product_id>")
@endpoint(body=ChecklistQuantity, answers={200: ChecklistLine}, errors=(lists.NotOnChecklist,))
def put_quantity(product_id: int, body: ChecklistQuantity) -> Response:
    """Set the number of pieces of a product on your checklist."""
    return answer(lists.put(body, current_caller(), product_id=product_id))


@checklists.delete("")
@endpoint(answers={200: ClearedChecklist})
def clear_checklist() -> Response:
    """Take everything off your checklist."""
    return answer(lists.clear(current_caller()))
