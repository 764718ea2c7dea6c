"""Settings that cannot be used, or not together."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.config import Settings

SHORTEST_SECRET = 32
_MASTER_KEY = re.compile("[0-9a-fA-F]{64}")

Fault = tuple[Callable[["Settings"], object], str]
"""What is wrong with settings, and what to do about it."""

_EVERYWHERE: tuple[Fault, ...] = (
    (
        lambda s: s.jwt_secret_key and len(s.jwt_secret_key) < SHORTEST_SECRET,
        f"JWT_SECRET_KEY must have at least {SHORTEST_SECRET} characters",
    ),
    (
        lambda s: any(len(secret) < SHORTEST_SECRET for secret in s.jwt_previous_secrets),
        f"JWT_PREVIOUS_SECRETS must each have at least {SHORTEST_SECRET} characters",
    ),
    (
        lambda s: any(len(key) < SHORTEST_SECRET for key in s.encryption_keys),
        f"ENCRYPTION_KEYS must each have at least {SHORTEST_SECRET} characters",
    ),
    (
        lambda s: not all(_MASTER_KEY.fullmatch(key) for key in s.device_master_keys),
        "DEVICE_MASTER_KEYS must each have 64 hexadecimal digits",
    ),
    (
        lambda s: s.payment_provider == "stripe" and not (s.stripe_secret_key and s.payment_webhook_secrets),
        "STRIPE_SECRET_KEY and PAYMENT_WEBHOOK_SECRETS are required with PAYMENT_PROVIDER=stripe",
    ),
    (
        lambda s: s.email_provider == "brevo" and not (s.brevo_api_key and s.brevo_sender_email),
        "BREVO_API_KEY and BREVO_SENDER_EMAIL are required with EMAIL_PROVIDER=brevo",
    ),
    (
        lambda s: s.email_provider == "smtp" and not (s.smtp_host and s.smtp_sender),
        "SMTP_HOST and SMTP_SENDER are required with EMAIL_PROVIDER=smtp",
    ),
    (
        lambda s: s.sms_provider == "twilio" and not (s.twilio_account_sid and s.twilio_auth_token and s.twilio_from),
        "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM are required with SMS_PROVIDER=twilio",
    ),
    (lambda s: s.background == "celery" and not s.redis_url, "REDIS_URL is required with BACKGROUND=celery"),
    (
        lambda s: s.database_read_url and not s.redis_url,
        "REDIS_URL is required with DATABASE_READ_URL: it knows who has just written",
    ),
    (
        lambda s: s.db_pooler == "transaction" and s.database_url and not s.database_direct_url,
        "DATABASE_DIRECT_URL is required with DB_POOLER=transaction: a pooler of transactions passes no notices on",
    ),
)
_REQUIRED_IN_PRODUCTION = (
    "database_url",
    "redis_url",
    "jwt_secret_key",
    "encryption_keys",
    "device_master_keys",
    "delivery_source_branch_id",
    "cors_allowed_origins",
)
_IN_PRODUCTION: tuple[Fault, ...] = (
    (lambda s: "*" in s.cors_allowed_origins, "CORS_ALLOWED_ORIGINS must list origins in production, not *"),
    (lambda s: s.payment_provider == "sandbox", "PAYMENT_PROVIDER must not be sandbox in production"),
    (lambda s: s.email_provider == "sandbox", "EMAIL_PROVIDER must not be sandbox in production"),
    (lambda s: s.sms_provider == "sandbox", "SMS_PROVIDER must not be sandbox in production"),
    (lambda s: s.allow_self_wallet_credit, "ALLOW_SELF_WALLET_CREDIT must not be true in production"),
    (lambda s: s.webhook_allow_private, "WEBHOOK_ALLOW_PRIVATE must not be true in production"),
    (lambda s: not s.rate_limit_enabled, "RATE_LIMIT_ENABLED must not be false in production"),
)


def problems(current: "Settings") -> list[str]:
    """Every key that makes these settings unusable, each with what to do."""
    found = [what for is_wrong, what in _EVERYWHERE if is_wrong(current)]
    if not current.in_production:
        return found
    missing = [name.upper() for name in _REQUIRED_IN_PRODUCTION if not getattr(current, name)]
    found += [f"{name} is required in production" for name in missing]
    return found + [what for is_wrong, what in _IN_PRODUCTION if is_wrong(current)]
