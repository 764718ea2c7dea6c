"""The words of every message, plain and short."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Text:
    """A message as mail (`subject`, `body`) and as text message (`short`); `params` fill a provider's template."""

    subject: str
    body: str
    short: str
    params: Mapping[str, str] = field(default_factory=dict)


def welcome(shop: str, name: str) -> Text:
    """After registration."""
    body = f"Hello {name},\n\nyour account at {shop} is ready. Sign in with this address whenever you like.\n\n{shop}\n"
    return Text(f"Welcome to {shop}", body, "Your account is ready.", {"name": name})


def registration_code(shop: str, code: str) -> Text:
    """The code stands as a word of its own, so that people and programs find it."""
    body = (
        f"Your code for {shop} is\n\n{code}\n\n"
        "It works once, for ten minutes. If you did not ask for it, ignore this message.\n"
    )
    return Text(f"Your code for {shop}", body, f"Your code is {code}", {"code": code})


def phone_code(code: str, *, signs_in: bool, pairs: bool = False) -> Text:
    """The code stands as a word of its own. Linking says so: who is called and asked for the code should notice."""
    use = "signs you in" if signs_in else "links this number to an account"
    if pairs:
        use = "connects you to the cart you stand at"
    short = f"{code} {use}. It works once, for ten minutes. Tell nobody."
    return Text("Your code", short, short)


def password_reset(shop: str, link: str, token: str) -> Text:
    """The way back in for somebody who forgot the password."""
    body = (
        f"Somebody, hopefully you, forgot the password of this address at {shop}. Set a new one here:\n\n{link}\n\n"
        "The link works once, for thirty minutes. If it was not you, ignore this message: nothing has changed.\n"
    )
    params = {"link": link, "token": token}
    return Text(f"Set a new password for {shop}", body, f"Set a new password: {link}", params)


def staff_invited(shop: str, link: str, token: str) -> Text:
    """The way in for a new member of the staff."""
    body = (
        f"You have a staff account at {shop} now. Set your password here, then sign in with this address:\n\n{link}\n\n"
        "The link works once, for three days. After that, ask for a new one by way of a forgotten password.\n"
    )
    params = {"link": link, "token": token}
    return Text(f"Your staff account at {shop}", body, f"Set your password: {link}", params)


_QUOTED = 300
"""How much of a customer's own words is repeated to them; with the longest answer it fits into a notification."""


def assistance_resolved(message: str, resolution: str | None) -> Text:
    """The staff have dealt with a request for help."""
    answer = f" Their answer: {resolution}" if resolution else ""
    asked = message if len(message) <= _QUOTED else f"{message[:_QUOTED]}…"
    body = f"The staff have dealt with your request.{answer}\n\nYou had asked: {asked}"
    return Text("Your request for help", body, f"The staff have dealt with your request.{answer}")
