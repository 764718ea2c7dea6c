"""Making the first admin."""

import sys

import click
from pydantic import TypeAdapter, ValidationError

from app.schemas.auth import Email
from app.schemas.users import NewAdmin
from app.services.users import administrators


@click.command("create-admin")
@click.argument("email")
@click.option("--name", "full_name", default="Administrator", show_default=True, help="Name of a new admin.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@click.option("--promote", is_flag=True, help="Make an existing user an ADMIN; the password stays.")
def create_admin(email: str, full_name: str, password_stdin: bool, promote: bool) -> None:
    """Make an ADMIN who signs in with EMAIL, or promote the user who does."""
    if promote and password_stdin:
        raise click.UsageError("--promote keeps the password: leave out --password-stdin.")
    try:
        address = TypeAdapter(Email).validate_python(email)
        if promote:
            administrators.promote(email=address)
        else:
            password = _password(from_stdin=password_stdin)
            administrators.create(NewAdmin(email=address, full_name=full_name, password=password))
    except ValidationError as error:
        raise click.ClickException(_in_one_line(error)) from None
    click.echo(f"{address} is an ADMIN.")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def _in_one_line(error: ValidationError) -> str:
    """Every fault with the field it is about; never what was typed, which may be the password."""
    faults = [(str(item["loc"][0]) if item["loc"] else "email", item["msg"]) for item in error.errors()]
    return "; ".join(f"{name} {message.removeprefix('Value error, ')}" for name, message in faults)


commands: tuple[click.Command, ...] = (create_admin,)
