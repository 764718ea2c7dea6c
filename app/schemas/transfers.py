"""Goods sent from one branch to another."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Protocol, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from app.domain.enums import TransferStatus
from app.domain.stock import MOST_AT_ONCE
from app.schemas.envelope import NOT_A_TRUTH, Answer, Instant, Printable, Request, RowId
from app.schemas.pagination import Page
from app.schemas.stock_requests import Quantity

MOST_LINES = 200

QuantityOrNone = Annotated[int, Field(ge=0, le=MOST_AT_ONCE), NOT_A_TRUTH]


class _OfProduct(Protocol):
    product_id: int


Line = TypeVar("Line", bound=_OfProduct)


def _each_product_once(lines: Sequence[Line]) -> Sequence[Line]:
    if len({line.product_id for line in lines}) < len(lines):
        raise ValueError("names a product twice")
    return lines


OnceEach = AfterValidator(_each_product_once)


class TransferLineForm(Request):
    product_id: RowId
    quantity: Quantity


class NewTransfer(Request):
    """What one branch shall send to another."""

    example: ClassVar[Mapping[str, Any]] = {
        "from_branch_id": 1,
        "to_branch_id": 2,
        "lines": [{"product_id": 1, "quantity": 12}],
    }

    from_branch_id: RowId
    to_branch_id: RowId
    lines: Annotated[list[TransferLineForm], Field(min_length=1, max_length=MOST_LINES), OnceEach]
    note: Annotated[Printable, Field(min_length=1, max_length=500)] | None = None

    @model_validator(mode="after")
    def _two_places(self) -> Self:
        if self.from_branch_id == self.to_branch_id:
            raise ValueError("from_branch_id and to_branch_id must differ")
        return self


class SentLine(Request):
    product_id: RowId
    quantity: QuantityOrNone


class SendTransfer(Request):
    """What is really sent; without lines everything that was asked for. A line left out is not sent."""

    example: ClassVar[Mapping[str, Any]] = {"lines": [{"product_id": 1, "quantity": 10}]}

    lines: Annotated[list[SentLine], Field(min_length=1, max_length=MOST_LINES), OnceEach] | None = None


class ReceivedLine(Request):
    product_id: RowId
    quantity: QuantityOrNone
    reason: Annotated[Printable, Field(min_length=2, max_length=256)] | None = None


class ReceiveTransfer(Request):
    """What arrived, for every product that was sent; more or fewer pieces than sent need a reason."""

    example: ClassVar[Mapping[str, Any]] = {
        "lines": [{"product_id": 1, "quantity": 9, "reason": "One jar broke on the way"}]
    }

    lines: Annotated[list[ReceivedLine], Field(min_length=1, max_length=MOST_LINES), OnceEach]


class TransferQuery(Page):
    """Transfers of one status, and from or to one branch, where given."""

    status: TransferStatus | None = None
    branch_id: RowId | None = None


class TransferLine(Answer):
    """Pieces asked for, sent and arrived; `difference` is arrived minus sent, null until they arrive."""

    id: int
    product_id: int
    product_name: str
    product_sku: str
    requested_quantity: int
    sent_quantity: int | None
    received_quantity: int | None
    difference: int | None
    difference_reason: str | None


class Transfer(Answer):
    id: int
    from_branch_id: int
    from_branch_name: str
    to_branch_id: int
    to_branch_name: str
    status: TransferStatus
    note: str | None
    requested_by: int
    sent_by: int | None
    received_by: int | None
    created_at: Instant
    sent_at: Instant | None
    received_at: Instant | None
    has_difference: bool
    lines: list[TransferLine]
