"""What day it is in the shop."""

from datetime import UTC, date, datetime

from app.config import settings


def today(now: datetime | None = None) -> date:
    """The date of an instant, by default of the present one, in the shop's time zone."""
    return (now or datetime.now(UTC)).astimezone(settings().zone).date()
