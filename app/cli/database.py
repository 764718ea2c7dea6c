"""The database schema."""

import click

from app.config import settings
from app.embedded_postgres import with_driver
from app.extensions import db
from app.migrations import migrate


@click.command("migrate")
def migrate_command() -> None:
    """Bring the database schema up to date."""
    from alembic.util import CommandError  # noqa: PLC0415 (loaded only where it runs: app.migrations)

    try:
        migrate(with_driver(settings().database_direct_url) or db.engine.url.render_as_string(hide_password=False))
    except CommandError as error:
        raise click.ClickException(str(error)) from None
    click.echo("The schema is up to date.")


commands: tuple[click.Command, ...] = (migrate_command,)
