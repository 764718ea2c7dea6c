"""A shopper's checklist."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from app.domain.carts import LARGEST_QUANTITY
from app.schemas.envelope import NOT_A_TRUTH, Answer, Request, RowId
from app.schemas.shopper_products import ShopperProduct

Pieces = Annotated[int, Field(ge=1, le=LARGEST_QUANTITY), NOT_A_TRUTH]


class ChecklistAddition(Request):
    example: ClassVar[Mapping[str, Any]] = {"product_id": 5, "quantity": 2}

    product_id: RowId
    quantity: Pieces


class ChecklistRemoval(Request):
    example: ClassVar[Mapping[str, Any]] = {"product_id": 5}

    product_id: RowId


class ChecklistQuantity(Request):
    example: ClassVar[Mapping[str, Any]] = {"quantity": 3}

    quantity: Pieces


class ChecklistLine(Answer):
    user_id: int
    product_id: int
    quantity: int
    product: ShopperProduct


class ClearedChecklist(Answer):
    """How many products were on the list."""

    removed: int
