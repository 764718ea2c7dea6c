"""The messages a sandbox kept."""

import click

from app.config import settings
from app.services.relay import relay_due
from app.services.sandbox_inbox import inbox


@click.command("sandbox-inbox")
@click.argument("recipient", metavar="ADDRESS_OR_PHONE")
def sandbox_inbox(recipient: str) -> None:
    """Print the mail and text messages kept for somebody, newest last (development and testing only)."""
    if settings().in_production:
        raise click.ClickException("The sandbox inbox does not exist in production.")
    relay_due()  # so that a message asked for a moment ago is there, whether or not a server runs
    messages = inbox(recipient)
    if not messages:
        click.echo(f"Nothing was kept for {recipient}.")
    for message in messages:
        when = message.created_at.astimezone(settings().zone)
        click.echo(f"--- {when:%Y-%m-%d %H:%M:%S}  {message.subject}\n{message.body.rstrip()}\n")


commands: tuple[click.Command, ...] = (sandbox_inbox,)
