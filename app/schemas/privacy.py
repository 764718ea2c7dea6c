"""Being forgotten: the proof it takes, and what is answered."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from app.schemas.auth import FactorCode, Password
from app.schemas.envelope import Answer, Instant, Request
from app.schemas.phone import SixDigits

Why = Literal["leaving", "privacy", "duplicate", "other"]
"""One of a few words, as free text could tell of the person again."""


class AskForErasure(Request):
    """`password`, or for an account without one a `code` of POST /api/v1/send-otp. With a second factor `totp_code`."""

    example: ClassVar[Mapping[str, Any]] = {"password": "sunny-day-7", "reason": "leaving"}

    password: Password | None = None
    code: SixDigits | None = None
    totp_code: FactorCode | None = None
    reason: Why | None = None


class ErasureByAdmin(Request):
    example: ClassVar[Mapping[str, Any]] = {"reason": "privacy"}

    reason: Why | None = None


class ErasedAccount(Answer):
    user_id: int
    erased_at: Instant
