"""What stands on a statement of account."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Line:
    """One move; `balance` is what it left."""

    at: datetime
    reference: str
    kind: str
    order_id: int | None
    amount: Decimal
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Statement:
    """The moves of a shop from `since` on and before `until`."""

    shop_name: str
    currency: str
    since: datetime
    until: datetime
    zone: ZoneInfo
    opening: Decimal
    lines: list[Line]

    @property
    def closing(self) -> Decimal:
        return self.lines[-1].balance if self.lines else self.opening

    @property
    def first_day(self) -> date:
        return self.since.astimezone(self.zone).date()

    @property
    def last_day(self) -> date:
        """The last day of which a moment is inside."""
        return (self.until - timedelta(microseconds=1)).astimezone(self.zone).date()

    def local(self, moment: datetime) -> str:
        """A moment on the shop's clock, with its offset."""
        return moment.astimezone(self.zone).isoformat(timespec="seconds")
