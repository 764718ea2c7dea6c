"""Stock as staff see it, edit it and upload it."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from app.domain.stock import MOST_PIECES
from app.schemas.envelope import NOT_A_TRUTH, Answer, Instant, PageMeta, Printable, Request, RowId
from app.schemas.pagination import LenientScreen, OptionalId

Pieces = Annotated[int, Field(ge=0, le=MOST_PIECES), NOT_A_TRUTH]
"""A quantity of whole pieces, nought included."""

SearchText = Annotated[Printable, Field(max_length=100)]


class InventoryQuery(LenientScreen):
    """Stock rows of one branch, one product, or whose product's name or SKU contains `q`."""

    branch_id: OptionalId = None
    product_id: OptionalId = None
    q: SearchText | None = None
    low_stock: bool | None = Field(default=None, description="At or below the reorder point (true), or above (false).")
    needs_recount: bool | None = Field(default=None, description="A picker did not find what should be there.")


class InventoryRow(Answer):
    """Pieces of one product at one branch; `reserved_quantity` belongs to open orders or was set aside by hand.

    `limit`, `offset` and `total` repeat the place of the page, as older clients read them.
    """

    id: int
    branch_id: int
    branch_name: str
    product_id: int
    product_name: str
    product_sku: str
    available_quantity: int
    reserved_quantity: int
    reorder_point: int
    needs_recount: bool
    bin_location: str | None
    updated_at: Instant
    limit: int
    offset: int
    total: int | None


class InventoryPage(Answer):
    items: list[InventoryRow]
    pagination: PageMeta


class NewInventory(Request):
    """Stock of a product that a branch did not keep so far."""

    example: ClassVar[Mapping[str, Any]] = {"product_id": 1, "branch_id": 1, "available_quantity": 24}

    product_id: RowId
    branch_id: RowId
    available_quantity: Pieces
    reserved_quantity: Pieces = 0
    reorder_point: Pieces = 0


class InventoryEdit(Request):
    """At least one of the numbers; what is left out stays as it is."""

    example: ClassVar[Mapping[str, Any]] = {"available_quantity": 24}

    available_quantity: Pieces | None = None
    reserved_quantity: Pieces | None = Field(default=None, description="Never below what open orders hold.")
    reorder_point: Pieces | None = None
    reason: Annotated[Printable, Field(min_length=1, max_length=256)] | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.available_quantity is None and self.reserved_quantity is None and self.reorder_point is None:
            raise ValueError("name at least one of available_quantity, reserved_quantity and reorder_point")
        return self


class BulkFault(Answer):
    """A row that was not taken, as it was written (long cells cut off). The header is row 1."""

    row_number: int
    row: dict[str, str]
    error: str


class BulkOutcome(Answer):
    """What became of one row; without ids where they could not be read."""

    row_number: int
    product_id: int | None
    branch_id: int | None
    status: Literal["success", "error"]
    action: Literal["created", "updated", "unchanged"] | None


class BulkReport(Answer):
    """Every row of a bulk file in the order of the file."""

    total: int
    success: int
    errors: int
    error_details: list[BulkFault]
    results: list[BulkOutcome]
