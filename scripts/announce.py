"""What a person sees in the terminal once the shop is open."""

import psycopg

from app.config import Settings
from app.services.seed.people import DEMO_USERS

LAST_LINE = "Ctrl-C stops everything."
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}
_DEMO_EMAILS = "SELECT email FROM users WHERE email = ANY(%s)"


def base_url(settings: Settings) -> str:
    """Where a browser on this machine finds the server."""
    host = _EVERYWHERE.get(settings.host, settings.host)
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"http://{host}:{settings.port}"


def ready(settings: Settings, database_url: str, log: object) -> None:
    """Addresses, demo logins and a first request to try."""
    base = base_url(settings)
    lines = [f"{settings.shop_name} is open at {base}", f"Documentation, with every call to try: {base}/docs/", ""]
    if people := _demo_people(database_url):
        lines += ["Demo logins:", *people, ""]
    lines += [
        f"Try: curl -s '{base}/api/v1/catalog/products/search?q=milk&limit=3'",
        f"Log: {log}",
        LAST_LINE,
    ]
    print("\n".join(lines), flush=True)


def stopping() -> None:
    print("\nClosing: requests at hand may finish ...", flush=True)


def _demo_people(database_url: str) -> list[str]:
    """One line for each demo user that is really there: `ROLE  mail  password`."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(_DEMO_EMAILS, [[person.email for person in DEMO_USERS]]).fetchall()
    there = {row[0] for row in rows}
    present = [person for person in DEMO_USERS if person.email in there]
    return [f"{person.role}  {person.email}  {person.password}" for person in present]
