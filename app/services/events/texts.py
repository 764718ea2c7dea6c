"""The words of messages about accounts and help, plain and short."""

from datetime import timedelta

from app.services.messages.text import Text
from app.services.messages.tongue import Tongue


def welcome(say: Tongue, shop: str, name: str) -> Text:
    """After registration."""
    body = say(
        "Hello {name},\n\nyour account at {shop} is ready. Sign in with this address whenever you like.",
        name=name,
        shop=shop,
    )
    return Text(say("Welcome to {shop}", shop=shop), body, say("Your account is ready."), {"name": name})


def registration_code(say: Tongue, shop: str, code: str, lives: timedelta) -> Text:
    """The code stands as a word of its own in every language, so that people and programs find it."""
    body = say(
        "Your code for {shop} is\n\n{code}\n\n"
        "It works once, for {duration}. If you did not ask for it, ignore this message.",
        shop=shop,
        code=code,
        duration=_minutes(say, lives),
    )
    short = say("Your code is {code}", code=code)
    return Text(say("Your code for {shop}", shop=shop), body, short, {"code": code})


def phone_code(say: Tongue, code: str, lives: timedelta, *, signs_in: bool, pairs: bool = False) -> Text:
    """The code stands as a word of its own. Linking says so: who is called and asked for the code should notice."""
    if pairs:
        use = say("{code} connects you to the cart you stand at.", code=code)
    elif signs_in:
        use = say("{code} signs you in.", code=code)
    else:
        use = say("{code} links this number to an account.", code=code)
    warning = say("It works once, for {duration}. Tell nobody.", duration=_minutes(say, lives))
    return Text(say("Your code"), f"{use} {warning}", f"{use} {warning}")


def password_reset(say: Tongue, shop: str, link: str, token: str, lives: timedelta) -> Text:
    """The way back in for somebody who forgot the password."""
    body = say(
        "Somebody, hopefully you, forgot the password of this address at {shop}. Set a new one here:\n\n{link}\n\n"
        "The link works once, for {duration}. If it was not you, ignore this message: nothing has changed.",
        shop=shop,
        link=link,
        duration=_minutes(say, lives),
    )
    short = say("Set a new password: {link}", link=link)
    params = {"link": link, "token": token}
    return Text(say("Set a new password for {shop}", shop=shop), body, short, params, say("Set a new password"))


def staff_invited(say: Tongue, shop: str, link: str, token: str, lives: timedelta) -> Text:
    """The way in for a new member of the staff."""
    body = say(
        "You have a staff account at {shop} now. Set your password here, then sign in with this address:\n\n{link}\n\n"
        "The link works once, for {duration}. After that, ask for a new one by way of a forgotten password.",
        shop=shop,
        link=link,
        duration=say.counted("{count} day", "{count} days", lives.days),
    )
    short = say("Set your password: {link}", link=link)
    params = {"link": link, "token": token}
    return Text(say("Your staff account at {shop}", shop=shop), body, short, params, say("Set your password"))


_QUOTED = 300
"""How much of a customer's own words is repeated to them; with the longest answer it fits into a notification."""


def assistance_resolved(say: Tongue, message: str, resolution: str | None) -> Text:
    """The staff have dealt with a request for help."""
    told = say("The staff have dealt with your request.")
    if resolution:
        answered = say("Their answer: {answer}", answer=resolution)
        told = f"{told} {answered}"
    question = message if len(message) <= _QUOTED else f"{message[:_QUOTED]}…"
    asked = say("You had asked: {question}", question=question)
    return Text(say("Your request for help"), f"{told}\n\n{asked}", told)


def _minutes(say: Tongue, lives: timedelta) -> str:
    return say.counted("{count} minute", "{count} minutes", lives // timedelta(minutes=1))
