"""What the older app reads in a failure: `{"detail": text}`, or a list of faults with 400 for what cannot be taken."""

from collections.abc import Mapping
from typing import Any

from app.compat.said import Refusals, Said
from app.compat.smart_cart.bodies import OUR_NAMES

_OLD_NAMES = {ours: old for old, ours in OUR_NAMES.items()}
_INVALID = "VALIDATION_ERROR"


class Refused(Exception):
    """A success of ours that is none to the older app."""

    def __init__(self, status: int, detail: str) -> None:
        self.status, self.detail = status, detail
        super().__init__(detail)


def refusal(error: Mapping[str, Any], of_route: Refusals, sent: Any) -> tuple[int, Any]:
    """Status and `detail` of one of our errors; `sent` is the body or query that caused it."""
    said = of_route.get(error["code"]) or Said()
    faults = error["details"].get("errors") if error["code"] == _INVALID else None
    detail = said.message or [_fault(fault, sent) for fault in faults or ()] or error["message"]
    return said.status or error["status_code"], detail


def _fault(fault: Mapping[str, Any], sent: Any) -> dict[str, Any]:
    """A fault as its first server wrote it: without the part of the request that we name, and with what was sent."""
    place = [_OLD_NAMES.get(part, part) for part in fault["loc"][1:]]
    return {"type": fault["type"], "loc": place, "msg": fault["msg"], "input": _at(place, sent)}


def _at(place: list[Any], sent: Any) -> Any:
    """What stands at a place of a body; of what is missing the object it is missing in."""
    for part in place:
        try:
            sent = sent[part]
        except (KeyError, IndexError, TypeError):
            return sent
    return sent
