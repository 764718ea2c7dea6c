"""Signing in by phone, ending it, and linking a phone number or an e-mail address to an account."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from app.schemas.auth import Email, FactorCode, NewPassword, Tokens
from app.schemas.envelope import LenientRequest

PhoneNumber = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=5, max_length=40, pattern=r"^[0-9+() .\-]+$"),
    Field(examples=["+91-98765 43210"]),
]
"""Any usual spelling; without a country code it is a number of PHONE_COUNTRY."""

SixDigits = Annotated[str, Field(pattern=r"^[0-9]{6}$", examples=["482193"])]
_TOKEN_LENGTH = 2048


class CodeToPhone(LenientRequest):
    example: ClassVar[Mapping[str, Any]] = {"phone": "9876543210"}

    phone: PhoneNumber


class PhoneProof(CodeToPhone):
    example: ClassVar[Mapping[str, Any]] = {"phone": "9876543210", "otp": "482193"}

    otp: SixDigits


class PhoneSignIn(PhoneProof):
    """`totp_code`: for accounts with a second factor, six digits of the app or a recovery code.

    `as_shopper`: an account whose role is still to be chosen is a customer's from now on, and the access token lives
    SHOPPER_ACCESS_TOKEN_MINUTES, long enough for a walk through a store without renewing it.
    """

    totp_code: FactorCode | None = None
    as_shopper: bool = False


class PhoneTokens(Tokens):
    """`auth_token` is the access token again, for clients that know it by this name."""

    auth_token: str
    basic_onboarding_done: bool


class TokenRefresh(LenientRequest):
    """The refresh token, unless it is sent as bearer."""

    example: ClassVar[Mapping[str, Any]] = {"refresh_token": "the refresh token of a sign-in"}

    refresh_token: str | None = Field(default=None, max_length=_TOKEN_LENGTH)


class SignOut(LenientRequest):
    """With a refresh token, the session it belongs to ends too."""

    example: ClassVar[Mapping[str, Any]] = {"refresh_token": "the refresh token of a sign-in"}

    refresh_token: str | None = Field(default=None, max_length=_TOKEN_LENGTH)


class CodeToEmail(LenientRequest):
    example: ClassVar[Mapping[str, Any]] = {"email": "dana@example.com"}

    email: Email


class EmailProof(CodeToEmail):
    """`password` is what the address will sign in with."""

    example: ClassVar[Mapping[str, Any]] = {"email": "dana@example.com", "code": "482193", "password": "sunny-day-7"}

    code: SixDigits
    password: NewPassword
