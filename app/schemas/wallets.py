"""Wallets of consumers and money of vendors: balances, what moved them, and what may be asked of them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from app.domain.amounts import to_cents
from app.schemas.envelope import Answer, Instant, LenientRequest, Printable, Request, RowId
from app.schemas.moments import OptionalSince, OptionalUntil
from app.schemas.money import Money, Number, PositiveMoney
from app.schemas.pagination import CursorPage

MOST_LOADED = 50_000
"""The largest single load of a wallet (contract of the marketplace, section 13)."""


def said_as(message: str) -> WrapValidator:
    """Say of any fault of a value what the clients of the marketplace know it by."""

    def check(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise PydanticCustomError("invalid_amount", message) from None

    return WrapValidator(check)


_IN_CENTS = AfterValidator(to_cents)
"""1E+3 is 1000.00, wherever it is then written down."""

Amount = Annotated[PositiveMoney, _IN_CENTS, said_as("Invalid amount")]
CreditAmount = Annotated[PositiveMoney, _IN_CENTS, said_as("Invalid credit amount")]
WithdrawalAmount = Annotated[PositiveMoney, _IN_CENTS, said_as("Invalid withdrawal amount")]
LoadAmount = Annotated[
    PositiveMoney,
    Field(
        ge=1,
        le=MOST_LOADED,
        json_schema_extra={
            "anyOf": [
                {"type": "number", "minimum": 1, "maximum": MOST_LOADED, "multipleOf": 0.01},
                {"type": "string", "pattern": r"^(50000(\.00?)?|([1-9]\d{0,3}|[1-4]\d{4})(\.\d{1,2})?)$"},
            ]
        },
    ),
    _IN_CENTS,
    said_as("Invalid amount"),
]

MANUAL_LOAD = "manual-load"
"""The reference of a load that names none: it tells no load from another."""

Reference = Annotated[Printable, StringConstraints(min_length=1, max_length=100)]


class LoadForm(LenientRequest):
    """`reference` is shown in the history; one of your own also makes a repeat of the request harmless.

    Without `payment_token_id` the default means of payment is charged; in the sandbox its shared card serves as well.
    """

    example: ClassVar[Mapping[str, Any]] = {"amount": 500, "reference": "manual-load"}

    amount: LoadAmount
    reference: Reference = MANUAL_LOAD
    payment_token_id: RowId | None = None


class DebitForm(LenientRequest):
    example: ClassVar[Mapping[str, Any]] = {"amount": 20.5}

    amount: Amount
    reference: Reference = "manual-debit"


class RefundForm(LenientRequest):
    example: ClassVar[Mapping[str, Any]] = {"amount": 20.5}

    amount: Amount
    reference: Reference = "manual-refund"


class CreditForm(LenientRequest):
    example: ClassVar[Mapping[str, Any]] = {"amount": 20.5}

    amount: CreditAmount
    reference: Reference = "manual-credit"


class WalletAnswer(Answer):
    balance: Money


class VendorWalletAnswer(Answer):
    """`balance` is `pending` and `available` together; only what is available can be drawn.

    `available`, and with it `balance`, may be below zero where returns were refunded that the shop had drawn already.
    """

    balance: Number
    pending: Money
    available: Number


class ConsumerMove(StrEnum):
    RECHARGE = "recharge"
    DEBIT = "debit"
    REFUND = "refund"


class VendorMove(StrEnum):
    CREDIT = "credit"
    DEBIT = "debit"
    WITHDRAWAL = "withdrawal"


class VendorAccount(StrEnum):
    PENDING = "pending"
    AVAILABLE = "available"


class WalletTransaction(Answer):
    """One change of a balance. `amount` is always positive, `delta` has the sign, `balance_after` is what it left."""

    id: int
    user_phone: str | None
    amount: Money
    type: ConsumerMove
    reference: str
    source: str
    status: Literal["success"] = "success"
    created_at: Instant
    delta: Number
    balance_after: Number
    order_id: int | None


class VendorTransaction(Answer):
    """One change of a vendor's money, in one of the two accounts it is kept in; `balance_after` is that account's.

    What matures moves from the one to the other and changes nothing; it is not listed.
    """

    id: int
    user_phone: str | None
    amount: Money
    type: VendorMove
    reference: str
    status: Literal["success"] = "success"
    created_at: Instant
    delta: Number
    account: VendorAccount
    balance_after: Number
    order_id: int | None


class HistoryQuery(CursorPage):
    """Newest first."""


class TopUpStatus(StrEnum):
    """`pending` is still being decided by the provider, `in_review` by a person."""

    PENDING = "pending"
    PAID = "paid"
    DECLINED = "declined"
    IN_REVIEW = "in_review"


class TopUpAnswer(Answer):
    """A load of a wallet. `failure_code` is the provider's word for why it declined."""

    top_up_id: int
    status: TopUpStatus
    amount: Money
    reference: str
    failure_code: str | None
    created_at: Instant
    balance: Money


class StatementFormat(StrEnum):
    CSV = "csv"
    PDF = "pdf"


class StatementQuery(Request):
    """Without `from` the statement begins with the running month, without `to` it ends now; at most 366 days.

    A bare day in `from` begins at its midnight and in `to` counts to its end, both in SHOP_TIMEZONE.
    """

    since: OptionalSince = Field(default=None, alias="from")
    until: OptionalUntil = Field(default=None, alias="to")
    format: StatementFormat = StatementFormat.CSV


class GoodwillForm(Request):
    """`reason` is what the consumer reads in their history."""

    example: ClassVar[Mapping[str, Any]] = {"amount": 25, "reason": "Sorry for the late delivery"}

    amount: LoadAmount
    reason: Annotated[Printable, StringConstraints(min_length=3, max_length=200)]


class ManagedWallet(Answer):
    """A consumer's wallet as the office sees it, with a page of its history."""

    user_id: int
    phone: str | None
    email: str | None
    full_name: str
    currency: str
    balance: Money
    transactions: list[WalletTransaction]
    next_cursor: str | None
