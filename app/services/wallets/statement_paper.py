"""A statement of account as PDF."""

from datetime import datetime
from decimal import Decimal

from reportlab.lib.units import mm

from app.config import settings
from app.services.receipts.paper import INNER_WIDTH, Column, Paper
from app.services.wallets.statement_lines import Statement

_LINE = (
    Column(0, 30 * mm),
    Column(32 * mm, 62 * mm),
    Column(96 * mm, 22 * mm),
    Column(120 * mm, 24 * mm, to_right=True),
    Column(146 * mm, INNER_WIDTH - 146 * mm, to_right=True),
)


def draw(made: Statement) -> bytes:
    """The statement on A4 pages; the same statement gives the same bytes."""
    paper = Paper(f"Statement {made.shop_name} {made.first_day}")
    paper.line(settings().shop_name, size=16, bold=True)
    paper.line(f"Statement of account: {made.shop_name}", size=12, bold=True)
    paper.line(f"From {_moment(made, made.since)} to {_moment(made, made.until)}, {made.zone.key}")
    paper.space()
    paper.head(_LINE, ("Date", "Reference", "Type", "Amount", f"Balance {made.currency}"))
    paper.row(_LINE, ("", "Opening balance", "", "", _amount(made.opening)))
    for line in made.lines:
        cells = (_moment(made, line.at), line.reference, line.kind, _amount(line.amount), _amount(line.balance))
        paper.row(_LINE, cells)
    paper.end_table()
    paper.rule()
    paper.row(_LINE, ("", "Closing balance", "", "", _amount(made.closing)), bold=True)
    return paper.finish()


def _amount(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _moment(made: Statement, moment: datetime) -> str:
    return f"{moment.astimezone(made.zone):%Y-%m-%d %H:%M}"
