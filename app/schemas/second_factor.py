"""The second factor of an account: an authenticator app, and recovery codes for the day the phone is lost."""

from collections.abc import Mapping
from typing import Any, ClassVar

from app.schemas.auth import FactorCode, Password
from app.schemas.envelope import Answer, Request


class SecondFactorStatus(Answer):
    """`required`: the role may do nothing else until it is enabled."""

    enabled: bool
    required: bool
    recovery_codes_left: int


class SecondFactorSetup(Answer):
    """Shown once. `qr_svg` is an SVG picture of `otpauth_uri`; `secret` is for typing it in by hand."""

    secret: str
    otpauth_uri: str
    qr_svg: str


class SecondFactorCode(Request):
    example: ClassVar[Mapping[str, Any]] = {"code": "492039"}

    code: FactorCode


class SecondFactorDisabling(Request):
    example: ClassVar[Mapping[str, Any]] = {"password": "sunny-day-7", "code": "492039"}

    password: Password
    code: FactorCode


class RecoveryCodes(Answer):
    """Shown once: each lets its owner in one time without the app."""

    recovery_codes: list[str]
