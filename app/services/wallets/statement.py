"""A vendor's statement of account: what there was, every move of a period, what there is.

Pending and available money stand on it as one balance, so that what matures, which moves between them, does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import DateTime, bindparam, func, select
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.amounts import NOTHING
from app.domain.caller import Caller
from app.domain.csv_text import csv_lines
from app.domain.enums import AccountKind, JournalReason
from app.domain.wallet_moves import vendor_type
from app.errors import BadRequest, ValidationFailed
from app.models import Account, Entry, Journal, StockLocation
from app.models.base import AnyRow
from app.schemas.wallets import StatementFormat, StatementQuery
from app.services.shops.own import own_shop
from app.services.wallets.statement_lines import Line, Statement
from app.transaction import transaction

LONGEST = timedelta(days=367)
"""A leap year, and the hour that a change of the clocks may add."""

MOST_MOVES = 5_000

_MEDIA_TYPES = {StatementFormat.CSV: "text/csv", StatementFormat.PDF: "application/pdf"}
_COLUMNS = ("date", "reference", "type", "order_id", "amount", "balance")


class StatementTooLong(BadRequest):
    """`details.most` is how many moves one statement holds."""

    code = "STATEMENT_TOO_LONG"
    message = "There are too many moves in this period for one statement. Ask for a shorter one."


@dataclass(frozen=True, slots=True)
class StatementFile:
    """A file and the name to keep it under."""

    name: str
    media_type: str
    content: bytes


_ACCOUNTS = (
    select(Account.id)
    .where(
        Account.kind.in_((AccountKind.VENDOR_PENDING, AccountKind.VENDOR_AVAILABLE)),
        Account.owner_id == bindparam("shop_id"),
        Account.currency == bindparam("currency"),
    )
    .scalar_subquery()
)
_SINCE = bindparam("since", type_=DateTime(timezone=True))
_UNTIL = bindparam("until", type_=DateTime(timezone=True))
_OPENING = (
    select(func.coalesce(func.sum(Entry.amount), NOTHING))
    .join(Journal, Journal.id == Entry.journal_id)
    .where(Entry.account_id.in_(_ACCOUNTS), Journal.created_at < _SINCE)
)
_MOVES = (
    select(Journal.created_at, Journal.description, Journal.reason, Journal.order_id, Entry.amount)
    .join(Journal, Journal.id == Entry.journal_id)
    .where(
        Entry.account_id.in_(_ACCOUNTS),
        Journal.created_at >= _SINCE,
        Journal.created_at < _UNTIL,
        Journal.reason.is_distinct_from(JournalReason.MATURED),
    )
    .order_by(Journal.created_at, Entry.id)
    .limit(MOST_MOVES + 1)
)
_NAME = select(StockLocation.name).where(StockLocation.id == bindparam("shop_id"))


def statement(query: StatementQuery, caller: Caller) -> StatementFile:
    """The statement of the caller's shop as a file.

    Raises ShopNotFound, ValidationFailed for an impossible period or StatementTooLong.
    """
    since, until = _period(query)
    with transaction() as session:
        made = _read(session, own_shop(session, caller), since, until)
    as_file = _paper if query.format is StatementFormat.PDF else _csv
    days = f"{made.first_day:%Y-%m-%d}-{made.last_day:%Y-%m-%d}"
    return StatementFile(f"statement-{days}.{query.format}", _MEDIA_TYPES[query.format], as_file(made))


def _paper(made: Statement) -> bytes:
    from app.services.wallets import statement_paper  # noqa: PLC0415 (loads reportlab)

    return statement_paper.draw(made)


def _period(query: StatementQuery) -> tuple[datetime, datetime]:
    """From the first moment on to the one before which it ends. Raises ValidationFailed."""
    now = datetime.now(UTC)
    until = query.until or now
    month = datetime.combine(until.astimezone(settings().zone).date().replace(day=1), time(), settings().zone)
    since = query.since or month
    if not timedelta(0) < until - since <= LONGEST:
        fault = {"loc": ["query", "from"], "msg": "must be before `to`, by at most 366 days", "type": "value_error"}
        raise ValidationFailed(details={"errors": [fault]})
    return since, until


def _read(session: Session, shop_id: int, since: datetime, until: datetime) -> Statement:
    place = {"shop_id": shop_id, "currency": settings().currency}
    opening: Decimal = session.execute(_OPENING, {**place, "since": since}).scalar_one()
    rows = session.execute(_MOVES, {**place, "since": since, "until": until}).all()
    if len(rows) > MOST_MOVES:
        raise StatementTooLong(details={"most": MOST_MOVES})
    name: str = session.execute(_NAME, {"shop_id": shop_id}).scalar_one()
    return Statement(name, settings().currency, since, until, settings().zone, opening, _lines(rows, opening))


def _lines(rows: Sequence[AnyRow], opening: Decimal) -> list[Line]:
    balance, lines = opening, []
    for row in rows:
        balance += row.amount
        kind = vendor_type(row.reason, row.amount)
        lines.append(Line(row.created_at, row.description, kind, row.order_id, row.amount, balance))
    return lines


def _csv(made: Statement) -> bytes:
    rows: list[tuple[object, ...]] = [_COLUMNS]
    rows.append((made.local(made.since), "Opening balance", None, None, None, made.opening))
    for line in made.lines:
        moment = made.local(line.at)
        rows.append((moment, line.reference, line.kind, line.order_id, line.amount, line.balance))
    rows.append((made.local(made.until), "Closing balance", None, None, None, made.closing))
    return csv_lines(rows).encode()
