"""Making the first admin, and forgetting people."""

import sys

import click
from pydantic import TypeAdapter, ValidationError

from app.schemas.auth import Email
from app.schemas.users import NewAdmin
from app.services.privacy import erasing
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


@click.command("erase-user")
@click.argument("user_id", type=click.IntRange(min=1))
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
def erase_user(user_id: int, is_sure: bool) -> None:
    """Forget the user with the id USER_ID on their request, for good; orders stay without name and address."""
    if not is_sure:
        click.confirm(f"Erase user {user_id}? Nothing brings them back", abort=True)
    erased = erasing.erase_by_operator(user_id=user_id)
    click.echo(f"User {erased.user_id} was erased at {erased.erased_at:%Y-%m-%d %H:%M:%S %Z}.")


commands: tuple[click.Command, ...] = (create_admin, erase_user)
