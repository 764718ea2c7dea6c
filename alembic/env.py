"""How migrations run: one process at a time, and so that a busy shop goes on (`app/migration_steps.py`)."""

import time

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, NullPool, create_engine, text

from alembic import context
from app.config import Settings, load_settings
from app.embedded_postgres import database_url, with_driver
from app.migration_steps import limit_waits
from app.models import Base

MIGRATION_LOCK = 4_815_162_342


def run() -> None:
    """Migrate the database named by the configuration, or by the settings where it names none."""
    url = context.config.get_main_option("sqlalchemy.url") or _address(load_settings())
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        _take_turn(connection)
        limit_waits(connection)
        is_fresh = MigrationContext.configure(connection).get_current_revision() is None
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            compare_server_default=True,
            transaction_per_migration=not is_fresh,
            is_fresh=is_fresh,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


def _address(settings: Settings) -> str:
    """Past a pooler, which would lend the session with its lock and its limits to others."""
    return with_driver(settings.database_direct_url) or database_url(settings)


def _take_turn(connection: Connection) -> None:
    """Wait until no other process migrates.

    Asked again and again instead of once with patience: a statement that waits looks like an old transaction, and
    building an index waits for those.
    """
    asked = text("SELECT pg_try_advisory_lock(:key)").bindparams(key=MIGRATION_LOCK)
    while not connection.scalar(asked):
        connection.commit()
        time.sleep(0.2)
    connection.commit()


run()
