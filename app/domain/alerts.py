"""The words of an alert. Times are told on the wall clock of the shop."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def sentence(kind: str, facts: Mapping[str, Any], *, at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """What an alert of the kind says. `facts` hold what its template names; `at` is when it began to be true."""
    given = {"branch": "", **facts, "at": _clock(at, now, zone), "age": _age(at, now)}
    if "count" in facts:
        given["things"] = _THINGS[kind][facts["count"] > 1].format(facts["count"])
    return _SENTENCES[kind].format(**given)


def ago(at: datetime, now: datetime) -> str:
    """How long ago, in one unit: `just now`, `12 min ago`, `3 h ago`, `2 days ago`."""
    return f"{_age(at, now)} ago" if now - at >= _MINUTE else "just now"


_SENTENCES = {
    "low_stock": "{things} in {branch}: {worst}",
    "recount": "{things} in {branch}",
    "late_order": "Order {order_number} in {branch} is late: it was due {at} and is {status}",
    "stalled_picking": "Order {order_number} in {branch}: {picker} has marked nothing for {age}",
    "assistance": "{customer} asks for help in {branch}: {message}",
    "stock_request": "{things} in {branch} for more than a day",
    "payment": "The {operation} of {currency} {amount} for order {order_number} needs a person ({failure_code})",
    "message": "{things}",
}
_THINGS = {
    "low_stock": ("{} product at or below its reorder point", "{} products at or below their reorder point"),
    "recount": ("{} product to be recounted", "{} products to be recounted"),
    "stock_request": ("{} stock request waits", "{} stock requests wait"),
    "message": ("{} message could not be sent", "{} messages could not be sent"),
}


def _clock(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%d %B, %H:%M}"


def _age(at: datetime, now: datetime) -> str:
    """In whole minutes below two hours, whole hours below two days, then days."""
    passed = max(now - at, timedelta(0))
    if passed < 2 * _HOUR:
        return f"{passed // _MINUTE} min"
    return f"{passed // _HOUR} h" if passed < 2 * _DAY else f"{passed // _DAY} days"
