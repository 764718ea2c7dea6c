"""Counting stock, what is low, and what explains every piece."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from app.domain.enums import MovementKind
from app.schemas.envelope import Answer, Instant, Printable, Request, RowId
from app.schemas.inventory import Pieces
from app.schemas.pagination import CursorPage, Page


class NewRecount(Request):
    """`counted_quantity`: all pieces on the shelf, those of orders that nobody has picked yet included."""

    example: ClassVar[Mapping[str, Any]] = {"branch_id": 1, "product_id": 1, "counted_quantity": 40}

    branch_id: RowId
    product_id: RowId
    counted_quantity: Pieces
    reason: Annotated[Printable, Field(min_length=1, max_length=256)] | None = None


class RecountAnswer(Answer):
    """What a count came to. `difference` = counted - expected; `shortage` is how many pieces open orders now lack.

    `expected_quantity` = what was available, plus `unpicked_quantity` that open orders hold on the shelf, plus what was
    set aside by hand.
    """

    id: int
    inventory_id: int
    branch_id: int
    product_id: int
    counted_quantity: int
    expected_quantity: int
    difference: int
    unpicked_quantity: int
    available_quantity: int
    reserved_quantity: int
    shortage: int
    created_at: Instant


class LowStockQuery(Page):
    """Low stock of one branch, where given."""

    branch_id: RowId | None = None


class LowStock(Answer):
    """`suggested_quantity` fills up to twice the reorder point."""

    inventory_id: int
    branch_id: int
    branch_name: str
    product_id: int
    product_name: str
    product_sku: str
    available_quantity: int
    reserved_quantity: int
    reorder_point: int
    suggested_quantity: int
    needs_recount: bool


class MovementQuery(CursorPage):
    """Employees name a branch and a product; managers may leave out either."""

    branch_id: RowId | None = None
    product_id: RowId | None = None


class Movement(Answer):
    """One change of one stock row, and why: the order, the transfer, the request or the reason behind it.

    The `_after` quantities are known where one product of one branch is asked for.
    """

    id: int
    kind: MovementKind
    branch_id: int
    branch_name: str
    product_id: int
    product_name: str
    product_sku: str
    available_change: int
    reserved_change: int
    available_after: int | None
    reserved_after: int | None
    source_type: str
    source_id: int
    order_id: int | None
    transfer_id: int | None
    stock_request_id: int | None
    reason: str | None
    actor_user_id: int | None
    actor_name: str | None
    created_at: Instant


class MovementPage(Answer):
    items: list[Movement]
    next_cursor: str | None = Field(description="Send it as `cursor` for what was before.")
