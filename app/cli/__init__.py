"""Commands: `flask <command>`. Failures are one plain line and a non-zero exit, never a stack trace."""

from flask import Flask

from app.cli import catalog, database, messages, operations, people, retention
from app.cli.failures import guarded


def register_commands(app: Flask) -> None:
    """Add the project's commands to the `flask` command line."""
    for module in (database, catalog, operations, messages, people, retention):
        for command in module.commands:
            app.cli.add_command(guarded(command))
