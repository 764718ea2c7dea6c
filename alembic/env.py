"""How migrations run: one at a time (advisory lock), with a short lock limit so that a busy shop is never blocked."""

from sqlalchemy import create_engine, text

from alembic import context
from app.config import load_settings
from app.embedded_postgres import database_url
from app.models import Base

MIGRATION_LOCK = 4_815_162_342


def run() -> None:
    """Migrate the database named by the configuration, or by the settings where it names none."""
    url = context.config.get_main_option("sqlalchemy.url") or database_url(load_settings())
    engine = create_engine(url)
    with engine.connect() as connection, connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.execute(text("SELECT set_config('lock_timeout', '5s', true)"))
        context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
        context.run_migrations()
    engine.dispose()


run()
