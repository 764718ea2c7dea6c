"""The words of messages about integrators' endpoints."""

from app.domain.enums import SwitchedOff
from app.services.messages.text import Text
from app.services.messages.tongue import Tongue


def disabled(say: Tongue, number: str, host: str, reason: SwitchedOff) -> Text:
    """An endpoint gets nothing any more, and what to do about it."""
    if reason is SwitchedOff.GONE:
        why = say("Webhook {number} to {host} is switched off: it answered that it is gone.", number=number, host=host)
    else:
        why = say(
            "Webhook {number} to {host} is switched off: it has only failed for three days.", number=number, host=host
        )
    help_ = say("Repair it, resume it, and replay what failed.")
    return Text(say("A webhook is switched off"), f"{why}\n\n{help_}", why)
