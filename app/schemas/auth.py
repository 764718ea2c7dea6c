"""Registration, sign-in, tokens and passwords."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from app.domain.enums import Language, Role
from app.schemas.envelope import Answer, Instant, Request

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_FACTOR_CODE = r"([0-9]{3} ?[0-9]{3}|[0-9A-Za-z]{5}-?[0-9A-Za-z]{5})"
_PASSWORD_ALPHABET = re.compile(r"[A-Za-z0-9!@#$%^&*()_+=-]+")
_PASSWORD_AND_CODE = re.compile(rf"(.{{8,64}}) ({_FACTOR_CODE.replace('(', '(?:')})", re.DOTALL)
_NAME_SIGNS = frozenset(" -'’־׳״\u200c\u200d")
"""Beside letters: Hebrew maqaf, geresh and gershayim, and the joiners that shape Devanagari and Persian letters."""


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value) or not value.isprintable():
        raise ValueError("must look like name@example.com")
    return value.lower()


def _strong(value: str) -> str:
    if not _PASSWORD_ALPHABET.fullmatch(value):
        raise ValueError("may hold letters, digits and !@#$%^&*()_+=- only")
    if not re.search(r"[A-Za-z]", value) or not re.search(r"\d", value):
        raise ValueError("needs at least one letter and one digit")
    return value


def _phone(value: str) -> str:
    bare = re.sub(r"[\s().-]", "", value)
    if not re.fullmatch(r"\+?\d{8,32}", bare, re.ASCII):
        raise ValueError("must be 8 to 32 digits, with an optional leading +")
    return bare


def _letters(value: str) -> str:
    """Letters of any script with their marks (Hebrew points, Devanagari vowels), spaces, hyphens and apostrophes."""
    if not all(char in _NAME_SIGNS or unicodedata.category(char)[0] in "LM" for char in value):
        raise ValueError("may hold letters, spaces, hyphens and apostrophes only")
    if not any(char.isalpha() for char in value):
        raise ValueError("needs at least one letter")
    return value


Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=6, max_length=100),
    AfterValidator(_email),
    Field(examples=["dana@example.com"]),
]
Password = Annotated[str, StringConstraints(min_length=8, max_length=64), Field(examples=["sunny-day-7"])]
NewPassword = Annotated[Password, AfterValidator(_strong)]
Phone = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=40),
    AfterValidator(_phone),
    Field(examples=["050-123-4567"]),
]
FactorCode = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=rf"^{_FACTOR_CODE}$"),
    AfterValidator(lambda code: code.replace(" ", "")),
    Field(examples=["492039"]),
]
"""Six digits of an authenticator app, which may show them in two groups, or a recovery code."""

PersonName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=2, max_length=128),
    AfterValidator(_letters),
    Field(examples=["Dana Levi"]),
]


class RegisterRequest(Request):
    """`role` is read and ignored: public registration always makes a CUSTOMER.

    `language` is what the user is written to in; without it, what the header Accept-Language likes best.
    """

    example: ClassVar[Mapping[str, Any]] = {
        "email": "dana@example.com",
        "password": "sunny-day-7",
        "full_name": "Dana Levi",
        "phone": "050-123-4567",
    }

    email: Email
    password: NewPassword
    full_name: Annotated[PersonName, StringConstraints(max_length=50)]
    phone: Phone | None = None
    role: str | None = Field(default=None, max_length=32)
    language: Language | None = None


class LoginRequest(Request):
    """`totp_code`: for accounts with a second factor, six digits of the app or a recovery code."""

    example: ClassVar[Mapping[str, Any]] = {"email": "customer@aisle.example", "password": "customer-2026"}

    email: Email
    password: Password
    totp_code: FactorCode | None = None


class ChangePasswordRequest(Request):
    example: ClassVar[Mapping[str, Any]] = {"current_password": "sunny-day-7", "new_password": "rainy-day-8"}

    current_password: Password
    new_password: NewPassword


class ForgotPasswordRequest(Request):
    example: ClassVar[Mapping[str, Any]] = {"email": "dana@example.com"}

    email: Email


class ResetPasswordRequest(Request):
    example: ClassVar[Mapping[str, Any]] = {
        "email": "dana@example.com",
        "token": "the-token-of-the-mail",
        "new_password": "rainy-day-8",
    }

    email: Email
    token: str = Field(min_length=8, max_length=128, pattern=r"^[\x21-\x7e]+$")
    new_password: NewPassword


class SendCodeRequest(Request):
    example: ClassVar[Mapping[str, Any]] = {"email": "dana@example.com"}

    email: Email


class VerifyCodeRequest(Request):
    example: ClassVar[Mapping[str, Any]] = {"email": "dana@example.com", "code": "4821"}

    email: Email
    code: str = Field(pattern=r"^[0-9]{4}$", examples=["4821"])


class TokenForm(BaseModel):
    """The OAuth 2 password grant, as sent by the Authorize button of the documentation page.

    The form has no field for the code of a second factor: it stands after the password, behind a space, which no
    password chosen here can hold.
    """

    model_config = ConfigDict(extra="ignore")

    username: Email
    password: str = Field(min_length=8, max_length=64 + 12, examples=["sunny-day-7", "sunny-day-7 492039"])
    grant_type: Literal["password"] = "password"

    def as_login(self) -> LoginRequest:
        """The same as e-mail, password and code. Raises pydantic.ValidationError for a password that is too long."""
        found = _PASSWORD_AND_CODE.fullmatch(self.password)
        password, code = found.groups() if found else (self.password, None)
        return LoginRequest(email=self.username, password=password, totp_code=code)


class UserSummary(Answer):
    id: int
    email: str | None
    full_name: str
    role: Role


class Tokens(Answer):
    """`expires_at` is when the access token ends, `expires_in` the seconds until then."""

    access_token: str
    refresh_token: str
    expires_at: Instant
    expires_in: int


class AuthAnswer(Tokens):
    user: UserSummary


class OAuthToken(BaseModel):
    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 (a word of the standard)
    expires_in: int


class SentCode(Answer):
    """`code` is present in development and testing only."""

    message: str
    code: str | None = None


class SentReset(Answer):
    """`reset_token` is present in development and testing only."""

    message: str
    reset_token: str | None = None
