"""Making the receipt of an order: what stands on it, and in what order."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from reportlab.lib.units import mm

from app.config import settings
from app.domain.caller import Caller
from app.domain.enums import FulfillmentType, OrderStatus
from app.domain.order_states import UNDECIDED
from app.schemas.orders import OrderAnswer
from app.services.orders import reading
from app.services.receipts.entries import final_entry, is_final, ordered_entry, sums
from app.services.receipts.paper import INNER_WIDTH, Column, Paper

_LINE = (
    Column(0, 98 * mm),
    Column(100 * mm, 18 * mm, to_right=True),
    Column(119 * mm, 26 * mm, to_right=True),
    Column(146 * mm, INNER_WIDTH - 146 * mm, to_right=True),
)
_SUM = (Column(80 * mm, 60 * mm), Column(140 * mm, INNER_WIDTH - 140 * mm, to_right=True))
_TAX = (Column(0, 30 * mm), Column(32 * mm, 34 * mm, to_right=True), Column(68 * mm, 34 * mm, to_right=True))
_SMALL = 8.0


@dataclass(frozen=True, slots=True)
class Receipt:
    """A PDF file and the name to keep it under."""

    file_name: str
    pdf: bytes


def receipt(*, order_id: int, caller: Caller) -> Receipt:
    """The receipt of one of the caller's orders. Raises OrderNotFound."""
    order = reading.detail(order_id=order_id, caller=caller)
    return Receipt(f"receipt-{order.order_number}.pdf", draw(order))


def draw(order: OrderAnswer) -> bytes:
    """The receipt as PDF, A4; the same order gives the same bytes."""
    paper = Paper(f"Receipt {order.order_number}")
    _opening(paper, order)
    _lines(paper, order)
    _sums(paper, order)
    _tax_table(paper, order)
    for note in _payment_notes(order):
        paper.line(note)
    return paper.finish()


def _opening(paper: Paper, order: OrderAnswer) -> None:
    """Whose receipt it is, for whom, and where the goods go."""
    paper.line(settings().shop_name, size=16, bold=True)
    paper.line(f"Receipt for order {order.order_number}", size=12, bold=True)
    paper.line(f"Date: {_moment(order.created_at)}")
    paper.space()
    paper.line(f"Customer: {order.customer_name}")
    if order.customer_phone:  # a line of its own: beside a name written from right to left it would change sides
        paper.line(f"Phone: {order.customer_phone}")
    if order.fulfillment_type is FulfillmentType.PICKUP:
        paper.line(f"Pickup at: {order.branch.name}, {order.branch.address}")
    elif order.address:
        paper.line(f"Delivery to: {order.address}")
    paper.space()


def _lines(paper: Paper, order: OrderAnswer) -> None:
    paper.head(_LINE, ("Item", "Quantity", "Price", f"Total {order.currency}"))
    for line in order.items:
        entry = final_entry(line, order.currency) if is_final(order) else ordered_entry(line, order.currency)
        cells = (entry.name, str(entry.quantity), _amount(entry.unit_price), _amount(entry.total))
        paper.row(_LINE, cells)
        for note in entry.notes:
            paper.row(_LINE[:1], (note,), size=_SMALL)
    for deposit in order.deposits:
        cells = (deposit.name, str(deposit.quantity), _amount(deposit.unit_deposit), _amount(deposit.total))
        paper.row(_LINE, cells)
    paper.end_table()
    paper.rule()


def _sums(paper: Paper, order: OrderAnswer) -> None:
    for label, amount in sums(order):
        paper.row(_SUM, (label, _amount(amount)))
    total = order.total_amount if order.final_total is None else order.final_total
    paper.row(_SUM, ("Total", f"{order.currency} {_amount(total)}"), size=11, bold=True)
    paper.space()


def _tax_table(paper: Paper, order: OrderAnswer) -> None:
    """How much tax is inside the prices, by rate."""
    paper.row(_TAX, ("Tax rate", "Amount with tax", "Tax included"), bold=True)
    for row in order.tax_table:
        paper.row(_TAX, (f"{row.rate.normalize():f}%", _amount(row.gross), _amount(row.tax)))
    paper.space()


def _payment_notes(order: OrderAnswer) -> list[str]:
    """How the money stands: unpaid, held, taken, given back."""
    notes = []
    if order.payment:
        card = f", card ending in {order.payment.last4}" if order.payment.last4 else ""
        notes.append(f"Payment reference: {order.payment.reference}{card}")
    return notes + _status_notes(order)


def _status_notes(order: OrderAnswer) -> list[str]:
    notes = []
    if order.status is OrderStatus.CANCELED and order.canceled_at:
        notes.append(f"This order was cancelled on {_moment(order.canceled_at)}.")
    held = order.payment.authorized_amount if order.payment else Decimal(0)
    taken = order.payment.captured_amount if order.payment else Decimal(0)
    back = order.payment.refunded_amount if order.payment else Decimal(0)
    if back:
        notes.append(f"Refunded: {order.currency} {_amount(back)}")
    if taken:
        notes.append(f"Paid: {order.currency} {_amount(taken)}")
    elif order.status in UNDECIDED or (order.total_amount and not held):
        notes.append("Not paid: this is not a proof of payment.")
    elif order.final_total is not None and order.status is not OrderStatus.CANCELED:
        notes.append(f"Being charged to the card: {order.currency} {_amount(order.final_total)}.")
    elif held and order.status is not OrderStatus.CANCELED:
        amount = f"{order.currency} {_amount(held)}"
        notes.append(f"Held on the card: {amount}. The final amount is charged when the order is packed.")
    return notes


def _amount(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(settings().zone):%Y-%m-%d %H:%M}"
