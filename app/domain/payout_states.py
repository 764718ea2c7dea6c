"""The way of a payout: asked for, approved by another person, sent to the bank, paid; or failed on any step of it."""

from enum import StrEnum

from app.domain.enums import PayoutState as S


class Step(StrEnum):
    APPROVE = "approve"
    SEND = "send"
    PAY = "pay"
    FAIL = "fail"


REACHES = {Step.APPROVE: S.APPROVED, Step.SEND: S.SENT, Step.PAY: S.PAID, Step.FAIL: S.FAILED}

TAKEN_FROM = {
    Step.APPROVE: frozenset({S.REQUESTED}),
    Step.SEND: frozenset({S.APPROVED}),
    Step.PAY: frozenset({S.SENT}),
    Step.FAIL: frozenset({S.REQUESTED, S.APPROVED, S.SENT}),
}
