"""Our typed settings in the words of Flask and its extensions."""

from datetime import timedelta
from re import Pattern
from typing import Any

from app.config import Settings
from app.embedded_postgres import with_driver

API_VERSION = "0.1.0"
_READING = {"isolation_level": "AUTOCOMMIT"}
LARGEST_BODY = 256 * 1024
_NOTICE_A_DEAD_SERVER = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""Options of libpq, in seconds and milliseconds: a server that is gone without a word costs no thread for long."""
IMPATIENT = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5}
"""Seconds a request waits for a Redis that does not answer, before it goes on without."""


def flask_config(settings: Settings, database_url: str) -> dict[str, Any]:
    """The `app.config` of the given settings; `database_url` is the resolved address."""
    pool = _pool(settings, database_url)
    return {
        "API_VERSION": API_VERSION,
        "TESTING": settings.app_env == "testing",
        "MAX_CONTENT_LENGTH": LARGEST_BODY,
        "SQLALCHEMY_DATABASE_URI": database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": pool,
        # Reads go to a second pool without transactions: BEGIN and ROLLBACK would cost as much as a page of products.
        "SQLALCHEMY_BINDS": {"read": {"url": database_url, **pool, **_READING}} | _replica(settings, pool),
        "JWT_SECRET_KEY": settings.jwt_secret_key,
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(minutes=settings.jwt_access_token_expires_minutes),
        "JWT_REFRESH_TOKEN_EXPIRES": timedelta(days=settings.jwt_refresh_token_expires_days),
        "RATELIMIT_ENABLED": settings.rate_limit_enabled,
        "RATELIMIT_STORAGE_URI": f"aisle-{settings.redis_url}" if settings.redis_url else "aisle-memory://",
        "RATELIMIT_STORAGE_OPTIONS": IMPATIENT if settings.redis_url else {},
        "RATELIMIT_KEY_PREFIX": "aisle-fixed-window",
    }


def _pool(settings: Settings, database_url: str) -> dict[str, Any]:
    """What the address itself says of its connections counts before what is usual here."""
    usual = _NOTICE_A_DEAD_SERVER.items()
    connect_args: dict[str, Any] = {name: value for name, value in usual if f"{name}=" not in database_url}
    if settings.db_pooler == "transaction":
        # The next transaction may get another connection of the pooler's, which does not know our prepared statements.
        connect_args["prepare_threshold"] = None
    return {
        "pool_size": settings.db_pool_size,
        "max_overflow": 0,
        "pool_timeout": 10,
        "hide_parameters": True,  # values never reach an error message or a log
        "connect_args": connect_args,
    }


def _replica(settings: Settings, pool: dict[str, Any]) -> dict[str, Any]:
    """The pool for reads that may be a little behind; one that cannot be reached is given up soon."""
    if not settings.database_read_url:
        return {}
    patience = {**pool["connect_args"], "connect_timeout": 2}
    url = with_driver(settings.database_read_url)
    return {"replica": {"url": url, **pool, **_READING, "pool_timeout": 1, "connect_args": patience}}


def cors_options(settings: Settings) -> dict[str | Pattern[str], dict[str, Any]]:
    """Cross-origin rules: bearer tokens only, so no credentials are ever allowed along."""
    rules = {
        "origins": list(settings.cors_allowed_origins),
        "methods": ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        "allow_headers": [
            "Content-Type",
            "Authorization",
            "X-Request-Id",
            "traceparent",
            "Idempotency-Key",
            "X-Cart-Token",
            "If-None-Match",
            "Last-Event-ID",
        ],
        "expose_headers": ["X-Request-Id", "traceparent", "ETag", "Retry-After", "Idempotent-Replayed"],
        "max_age": 600,
    }
    return {r"/api/*": rules}
