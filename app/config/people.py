"""Signing in, and the keys of what is secret."""

from pydantic import Field

from app.config.types import CommaList, SettingsGroup
from app.domain.enums import Language


class PeopleSettings(SettingsGroup):
    """Of accounts and their tokens."""

    jwt_secret_key: str = ""
    jwt_previous_secrets: CommaList = ()
    jwt_access_token_expires_minutes: int = Field(default=240, ge=1)
    jwt_refresh_token_expires_days: int = Field(default=30, ge=1)
    phone_access_token_minutes: int = Field(default=15, ge=1)
    shopper_access_token_minutes: int = Field(default=60, ge=1)

    password_hash_memory_kib: int = Field(default=19456, ge=8)
    password_hash_rounds: int = Field(default=2, ge=1)
    enable_registration_otp: bool = False
    require_second_factor: bool | None = None
    encryption_keys: CommaList = ()
    default_language: Language = Language.ENGLISH
    phone_country: str = Field(default="IN", pattern="^[A-Z]{2}$")
