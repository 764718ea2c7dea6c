"""The words of the histories, for every reason money moves."""

from decimal import Decimal

import pytest

from app.domain.enums import JournalReason as Reason
from app.domain.wallet_moves import consumer_type, source, vendor_type

IN, OUT = Decimal("1.00"), Decimal("-1.00")


@pytest.mark.parametrize(
    ("reason", "delta", "word"),
    [
        (Reason.TOP_UP, IN, "recharge"),
        (Reason.API, IN, "refund"),
        (Reason.API, OUT, "debit"),
        (Reason.ORDER_CONFIRM, OUT, "debit"),
        (Reason.ORDER_MODIFY, IN, "refund"),
        (Reason.ORDER_MODIFY, OUT, "debit"),
        (Reason.ORDER_CANCEL, IN, "refund"),
        (Reason.VENDOR_CANCEL, IN, "refund"),
        (Reason.RETURN_COMPLETED, IN, "refund"),
        (Reason.ADMIN_REFUND, IN, "refund"),
        (None, IN, "refund"),
        (None, OUT, "debit"),
    ],
)
def test_a_consumer_reads_recharge_debit_or_refund(reason: Reason | None, delta: Decimal, word: str) -> None:
    assert consumer_type(reason, delta) == word


@pytest.mark.parametrize(
    ("reason", "delta", "word"),
    [
        (Reason.PAYOUT, OUT, "withdrawal"),
        (Reason.PAYOUT_FAILED, IN, "credit"),
        (Reason.DELIVERED, IN, "credit"),
        (Reason.RETURN_COMPLETED, OUT, "debit"),
        (Reason.API, OUT, "debit"),
        (Reason.API, IN, "credit"),
        (None, OUT, "debit"),
    ],
)
def test_a_vendor_reads_credit_debit_or_withdrawal(reason: Reason | None, delta: Decimal, word: str) -> None:
    assert vendor_type(reason, delta) == word


def test_a_source_is_the_reason_but_for_loads_which_are_asked_for_by_api() -> None:
    assert source(Reason.TOP_UP) == source(Reason.API) == source(None) == "api"
    others = set(Reason) - {Reason.TOP_UP}
    assert {source(reason) for reason in others} == {reason.value for reason in others}
