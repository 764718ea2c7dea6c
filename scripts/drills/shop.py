"""The shop of a drill: the demo shop with more of everything than any load can buy, and the truth about its books."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask

from app import create_app
from app.embedded_postgres import with_driver
from app.extensions import db
from app.migrations import migrate
from app.services import invariants
from app.services.seed.shop import seed
from scripts.drills.running import PromiseBroken

_PLENTY = """
    WITH more AS (
        UPDATE inventory SET available_quantity = available_quantity + 1000000
        RETURNING id, stock_location_id, product_id
    )
    INSERT INTO stock_movements
        (stock_location_id, product_id, kind, available_change, reserved_change, source_type, source_id)
    SELECT stock_location_id, product_id, 'opening', 1000000, 0, 'drill', id FROM more
"""
_BRANCH = "SELECT min(id) FROM stock_locations WHERE kind = 'STORE' AND is_active"
_GOODS = """
    SELECT id FROM products WHERE shop_id IS NULL AND is_active AND age_limit IS NULL AND sold_by = 'PIECE'
    ORDER BY id LIMIT 40
"""


@dataclass(frozen=True)
class Shop:
    """Where shoppers of a drill buy, and what."""

    branch_id: int
    products: tuple[int, ...]


def settings_of(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a web process of a drill: no limits of requests, cheap passwords, secrets of this run only."""
    return {
        "APP_ENV": "development",
        "DATA_DIR": str(folder),
        "JWT_SECRET_KEY": secrets.token_hex(32),
        "RATE_LIMIT_ENABLED": "false",
        "PASSWORD_HASH_MEMORY_KIB": "8",
        "PASSWORD_HASH_ROUNDS": "1",
        "LOG_LEVEL": "WARNING",
        "PUBLIC_BASE_URL": "",
        **more,
    }


@contextmanager
def application(url: str, folder: Path) -> Iterator[Flask]:
    """The application on a database, for what is asked of it without HTTP; its context is entered."""
    app = create_app(
        app_env="development",
        data_dir=folder,
        database_url=url,
        database_read_url="",
        db_pooler="none",
        redis_url="",
        background="off",
        rate_limit_enabled=False,
        jwt_secret_key=secrets.token_hex(32),
        otel_exporter_otlp_endpoint="",
        log_level="ERROR",
        password_hash_memory_kib=8,
        password_hash_rounds=1,
    )
    with app.app_context():
        try:
            yield app
        finally:
            for engine in db.engines.values():
                engine.dispose()


def fill(url: str, folder: Path) -> Shop:
    """Migrate an empty database, set up the demo shop and stock it with a million pieces of everything."""
    migrate(with_driver(url))
    with application(url, folder):
        seed()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_PLENTY)
        branch = _one(connection, _BRANCH)
        products = tuple(row[0] for row in connection.execute(_GOODS))
    return Shop(branch, products)


def check_invariants(url: str, folder: Path) -> None:
    """Raise PromiseBroken with the rules that do not hold, each with its count."""
    with application(url, folder):
        found = broken(invariants.violations())
    if found:
        raise PromiseBroken(f"the books do not agree: {found}")


def broken(violations: Mapping[str, int]) -> str:
    """The rules with a count above 0, in words."""
    return ", ".join(f"{name} {count}" for name, count in violations.items() if count)


def _one(connection: "psycopg.Connection[Any]", query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])
