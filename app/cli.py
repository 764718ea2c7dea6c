"""Commands: `flask --app wsgi <command>`. Failures are one plain line and a non-zero exit."""

import click
from flask import Flask

from app.extensions import db
from app.migrations import migrate


def register_commands(app: Flask) -> None:
    """Add the project's commands to the `flask` command line."""
    app.cli.add_command(migrate_command)


@click.command("migrate")
def migrate_command() -> None:
    """Bring the database schema up to date."""
    migrate(db.engine.url.render_as_string(hide_password=False))
    click.echo("The schema is up to date.")
