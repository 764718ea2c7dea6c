"""Typed settings, read once from the environment (and `.env`) when the application is created."""

import hashlib
import os
import re
import secrets
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import current_app
from limits import parse_many
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent
SHORTEST_SECRET = 32
_REQUIRED_IN_PRODUCTION = (
    "database_url",
    "redis_url",
    "jwt_secret_key",
    "encryption_keys",
    "device_master_keys",
    "delivery_source_branch_id",
    "brevo_api_key",
    "brevo_sender_email",
    "cors_allowed_origins",
)

CommaList = Annotated[tuple[str, ...], NoDecode]
_MASTER_KEY = re.compile("[0-9a-fA-F]{64}")


class ConfigurationError(Exception):
    """The settings cannot be used; the message names every key at fault."""


class Settings(BaseSettings):
    """Every setting of the application; the environment name is the field name in capitals."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    app_env: Literal["development", "testing", "production"] = "development"
    host: str = "127.0.0.1"
    port: int = Field(default=5000, ge=1, le=65535)
    data_dir: Path = PROJECT / ".data"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    trusted_proxies: int = Field(default=0, ge=0, le=5)

    database_url: str = ""
    db_pool_size: int = Field(default=8, ge=1, le=64)
    redis_url: str = ""
    background_in_process: bool = True

    jwt_secret_key: str = ""
    jwt_previous_secrets: CommaList = ()
    jwt_access_token_expires_minutes: int = Field(default=240, ge=1)
    jwt_refresh_token_expires_days: int = Field(default=30, ge=1)
    password_hash_memory_kib: int = Field(default=19456, ge=8)
    password_hash_rounds: int = Field(default=2, ge=1)
    enable_registration_otp: bool = False
    require_second_factor: bool | None = None
    encryption_keys: CommaList = ()
    device_master_keys: CommaList = ()
    device_legacy_open: bool = False
    spot_check_value: Decimal = Field(default=Decimal("10000"), ge=0, max_digits=12, decimal_places=2)
    spot_check_share: float = Field(default=0.02, ge=0, le=1)
    spot_check_new_shopper_share: float = Field(default=0.1, ge=0, le=1)

    phone_country: str = Field(default="IN", pattern="^[A-Z]{2}$")
    phone_access_token_minutes: int = Field(default=15, ge=1)
    shopper_access_token_minutes: int = Field(default=60, ge=1)

    shop_name: str = "Aisle"
    currency: str = Field(default="ILS", pattern="^[A-Z]{3}$")
    shop_timezone: str = "Asia/Jerusalem"
    delivery_source_branch_id: int | None = None
    delivery_min_total: Decimal = Field(default=Decimal("150"), ge=0, max_digits=12, decimal_places=2)
    delivery_fee_under_min: Decimal = Field(default=Decimal("30"), ge=0, max_digits=12, decimal_places=2)
    delivery_fee_tax_rate: Decimal = Decimal("18")
    default_limit: int = Field(default=50, ge=1, le=200)
    max_limit: int = Field(default=200, ge=1, le=200)
    slot_horizon_days: int = Field(default=14, ge=1, le=60)
    weighed_buffer_percent: int = Field(default=10, ge=0, le=100)
    pay_deadline_minutes: int = Field(default=15, ge=1)
    idempotency_hours: int = Field(default=24, ge=1)

    commission_percent: Decimal = Field(default=Decimal(0), ge=0, le=100, decimal_places=2)
    return_window_days: int = Field(default=7, ge=0, le=365)
    payout_hold_days: int | None = Field(default=None, ge=0, le=365)
    return_allow_negative_vendor: bool = False
    allow_self_wallet_credit: bool | None = None
    vendor_answer_minutes: int = Field(default=120, ge=1)
    require_verified_shops: bool = False

    cors_allowed_origins: CommaList = ("*",)
    public_base_url: str = Field(default="", pattern=r"^(https?://[^/\s]+)?$")
    frontend_base_url: str = "http://localhost:5173"

    rate_limit_enabled: bool = True
    rate_limit_defaults: str = "12000 per minute"
    rate_limit_login: str = "30 per minute"
    rate_limit_otp: str = "10 per minute"
    rate_limit_register: str = "600 per minute"
    rate_limit_checkout: str = "120 per minute"
    rate_limit_checkout_address: str = "6000 per minute"
    rate_limit_assistant: str = "30 per minute"
    rate_limit_device: str = "600 per minute"
    rate_limit_devices_address: str = "60000 per minute"
    rate_limit_device_claim: str = "10 per 15 minutes"
    rate_limit_pair_user: str = "5 per 10 minutes"
    rate_limit_pair_address: str = "20 per 10 minutes"
    rate_limit_routes: str = "300 per minute"
    rate_limit_exact_routes: str = "6 per minute"

    otp_send_limit_per_phone: str = "3 per 15 minutes"
    otp_send_limit_per_ip: str = "5 per 15 minutes"
    otp_send_limit_per_prefix: str = "300 per hour"
    otp_send_limit_total: str = "3000 per hour"
    otp_try_limit_per_phone: str = "20 per hour"
    login_limit_per_ip: str = "10 per 30 minutes"
    order_limit_per_user: str = "60 per hour"
    order_limit_per_ip: str = "600 per hour"
    wallet_limit_per_user: str = "120 per hour"
    file_limit_per_user: str = "60 per hour"

    payment_provider: Literal["sandbox", "stripe"] = "sandbox"
    payment_webhook_secrets: CommaList = ()
    payment_connect_timeout: float = 2.0
    payment_read_timeout: float = 8.0
    sandbox_payment_latency_ms: int = Field(default=0, ge=0, le=10_000)
    stripe_secret_key: str = ""
    stripe_api_base: str = "https://api.stripe.com"

    email_provider: Literal["sandbox", "brevo"] = "sandbox"
    brevo_api_base: str = "https://api.brevo.com"
    brevo_api_key: str = ""
    brevo_sender_email: str = ""
    brevo_reset_token_otp_id: int | None = None
    brevo_register_otp_id: int | None = None
    sms_provider: Literal["sandbox", "twilio"] = "sandbox"
    twilio_api_base: str = "https://api.twilio.com"
    twilio_account_sid: str = ""
    twilio_auth_token: str = ""
    twilio_from: str = ""

    live_streams_per_process: int = Field(default=4, ge=0)
    live_streams_per_user: int = Field(default=2, ge=1)
    live_stream_seconds: float = Field(default=600, gt=0)
    database_direct_url: str = ""

    openai_api_key: str = ""
    openai_base_url: str = "https://api.openai.com/v1"
    openai_model: str = "gpt-4o-mini"
    assistant_seconds: float = Field(default=8.0, gt=0, le=30)

    @field_validator(
        "jwt_previous_secrets",
        "encryption_keys",
        "device_master_keys",
        "cors_allowed_origins",
        "payment_webhook_secrets",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator(
        "rate_limit_defaults",
        "rate_limit_register",
        "rate_limit_login",
        "rate_limit_otp",
        "rate_limit_checkout",
        "rate_limit_checkout_address",
        "rate_limit_assistant",
        "rate_limit_device",
        "rate_limit_devices_address",
        "rate_limit_device_claim",
        "rate_limit_pair_user",
        "rate_limit_pair_address",
        "rate_limit_routes",
        "rate_limit_exact_routes",
        "otp_send_limit_per_phone",
        "otp_send_limit_per_ip",
        "otp_send_limit_per_prefix",
        "otp_send_limit_total",
        "otp_try_limit_per_phone",
        "login_limit_per_ip",
        "order_limit_per_user",
        "order_limit_per_ip",
        "wallet_limit_per_user",
        "file_limit_per_user",
    )
    @classmethod
    def _known_limit(cls, value: str) -> str:
        try:
            parse_many(value)
        except ValueError:
            raise ValueError(f"{value!r} is no rate limit; write it like '100 per minute, 1000 per hour'") from None
        return value

    @field_validator("shop_timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"unknown time zone {value!r}") from error
        return value

    @property
    def in_production(self) -> bool:
        return self.app_env == "production"

    @property
    def second_factor_required(self) -> bool:
        """Whether MANAGER and ADMIN must have a second factor; unless set, in production only."""
        return self.in_production if self.require_second_factor is None else self.require_second_factor

    @property
    def hold_days(self) -> int:
        """Days after a delivery until its money may be paid out; unless set, as long as goods may be returned."""
        return self.return_window_days if self.payout_hold_days is None else self.payout_hold_days

    @property
    def self_credit_allowed(self) -> bool:
        """Whether users may give themselves money, for tries; unless set, everywhere but in production."""
        return not self.in_production if self.allow_self_wallet_credit is None else self.allow_self_wallet_credit

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.shop_timezone)

    def problems(self) -> list[str]:
        """Every key that makes these settings unusable, each with what to do."""
        found = []
        if self.jwt_secret_key and len(self.jwt_secret_key) < SHORTEST_SECRET:
            found.append(f"JWT_SECRET_KEY must have at least {SHORTEST_SECRET} characters")
        if any(len(secret) < SHORTEST_SECRET for secret in self.jwt_previous_secrets):
            found.append(f"JWT_PREVIOUS_SECRETS must each have at least {SHORTEST_SECRET} characters")
        if any(len(key) < SHORTEST_SECRET for key in self.encryption_keys):
            found.append(f"ENCRYPTION_KEYS must each have at least {SHORTEST_SECRET} characters")
        if not all(_MASTER_KEY.fullmatch(key) for key in self.device_master_keys):
            found.append("DEVICE_MASTER_KEYS must each have 64 hexadecimal digits")
        if self.payment_provider == "stripe" and not (self.stripe_secret_key and self.payment_webhook_secrets):
            found.append("STRIPE_SECRET_KEY and PAYMENT_WEBHOOK_SECRETS are required with PAYMENT_PROVIDER=stripe")
        if self.sms_provider == "twilio" and not (
            self.twilio_account_sid and self.twilio_auth_token and self.twilio_from
        ):
            found.append("TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM are required with SMS_PROVIDER=twilio")
        if self.in_production:
            found += self._production_problems()
        return found

    def _production_problems(self) -> list[str]:
        missing = [name.upper() for name in _REQUIRED_IN_PRODUCTION if not getattr(self, name)]
        found = [f"{name} is required in production" for name in missing]
        if "*" in self.cors_allowed_origins:
            found.append("CORS_ALLOWED_ORIGINS must list origins in production, not *")
        if self.payment_provider == "sandbox":
            found.append("PAYMENT_PROVIDER must not be sandbox in production")
        if self.email_provider == "sandbox":
            found.append("EMAIL_PROVIDER must not be sandbox in production")
        if self.sms_provider == "sandbox":
            found.append("SMS_PROVIDER must not be sandbox in production")
        if self.allow_self_wallet_credit:
            found.append("ALLOW_SELF_WALLET_CREDIT must not be true in production")
        if not self.rate_limit_enabled:
            found.append("RATE_LIMIT_ENABLED must not be false in production")
        return found


def load_settings(**overrides: Any) -> Settings:
    """Settings from the environment with `overrides` on top.

    Raises ConfigurationError naming every missing, malformed or unsafe key at once.
    """
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        lines = [f"{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors()]
        raise ConfigurationError("; ".join(lines)) from error
    if problems := settings.problems():
        raise ConfigurationError("; ".join(problems))
    if not settings.jwt_secret_key:
        settings = settings.model_copy(update={"jwt_secret_key": _kept_secret(settings.data_dir)})
    return settings


def settings() -> Settings:
    """The settings of the running application."""
    current: Settings = current_app.extensions["settings"]
    return current


def webhook_secrets(current: Settings) -> tuple[str, ...]:
    """Secrets a payment webhook may be signed with, newest first.

    Outside production an unset list falls back to one derived from the token secret, so that the sandbox works at once.
    """
    if current.payment_webhook_secrets:
        return current.payment_webhook_secrets
    return (hashlib.sha256(f"webhook:{current.jwt_secret_key}".encode()).hexdigest(),)


def encryption_keys(current: Settings) -> tuple[str, ...]:
    """Keys of what is stored encrypted, newest first.

    Outside production an unset list falls back to keys derived from the token secrets.
    """
    secrets_of_tokens = (current.jwt_secret_key, *current.jwt_previous_secrets)
    derived = tuple(hashlib.sha256(f"encryption:{secret}".encode()).hexdigest() for secret in secrets_of_tokens)
    return current.encryption_keys or derived


def device_master_keys(current: Settings) -> tuple[bytes, ...]:
    """The keys that device keys are derived from, oldest first: a device row holds the place of its own in this order.

    The setting lists them newest first. Outside production an unset one falls back to a key derived from the oldest
    token secret.
    """
    if current.device_master_keys:
        return tuple(bytes.fromhex(key) for key in reversed(current.device_master_keys))
    oldest = (current.jwt_secret_key, *current.jwt_previous_secrets)[-1]
    return (hashlib.sha256(f"device-master:{oldest}".encode()).digest(),)


def _kept_secret(data_dir: Path) -> str:
    """A random secret kept in the data folder, so that development tokens outlive a restart."""
    path = data_dir / "jwt-secret"
    data_dir.mkdir(parents=True, exist_ok=True)
    fresh = data_dir / f"jwt-secret.{os.getpid()}.{secrets.token_hex(4)}"
    if not path.exists():
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48))
        try:
            os.link(fresh, path)  # link, not rename: of two starters the first wins
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()
