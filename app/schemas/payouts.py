"""Vendors' money on its way to their banks."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from app.domain.enums import PayoutState
from app.schemas.envelope import Answer, Instant, LenientRequest, Printable, Request, RowId
from app.schemas.money import Money, Number
from app.schemas.pagination import NONE_IF_BLANK, OptionalId, Page
from app.schemas.wallets import WithdrawalAmount


class WithdrawForm(LenientRequest):
    example: ClassVar[Mapping[str, Any]] = {"amount": 250}

    amount: WithdrawalAmount


class WithdrawAnswer(Answer):
    """`bank_account` is masked to its last four characters; the balances are those after the withdrawal."""

    message: str
    payout_id: int
    status: PayoutState
    bank_account: str
    balance: Number
    pending: Money
    available: Number


class PayoutAnswer(Answer):
    """`failed` money is back in the vendor's balance; `failure_reason` says why it did not go out."""

    id: int
    amount: Money
    currency: str
    status: PayoutState
    bank_name: str
    bank_account: str
    bank_reference: str | None
    failure_reason: str | None
    created_at: Instant
    updated_at: Instant
    ended_at: Instant | None


class ManagedPayout(PayoutAnswer):
    """A payout as the office sees it. Whoever asked for it cannot approve it."""

    shop_id: int
    shop_name: str
    requested_by: int
    approved_by: int | None


class PayoutDetail(ManagedPayout):
    """With the whole account number, for the transfer at the bank: each look at it stands in the audit trail."""

    account_number: str
    ifsc_code: str


class ManagedPayoutQuery(Page):
    """Newest first; without `state` those of every state."""

    state: Annotated[PayoutState | None, NONE_IF_BLANK] = None
    shop_id: OptionalId = None


class PayoutOrder(Request):
    """A payout on behalf of a vendor."""

    example: ClassVar[Mapping[str, Any]] = {"shop_id": 1, "amount": 250}

    shop_id: RowId
    amount: WithdrawalAmount


class SentForm(Request):
    """`bank_reference` is what the bank calls the transfer."""

    example: ClassVar[Mapping[str, Any]] = {"bank_reference": "NEFT-2026-11-21-0042"}

    bank_reference: Annotated[Printable, StringConstraints(min_length=1, max_length=100)]


class FailForm(Request):
    """`reason` is shown to the vendor."""

    example: ClassVar[Mapping[str, Any]] = {"reason": "The bank refused the account number."}

    reason: Annotated[Printable, StringConstraints(min_length=3, max_length=255), Field(examples=["Account closed"])]
