"""Moving goods between branches: asked for, sent by the source, received by the destination.

The transfer's row is locked first, then the inventory rows in product order: of two people at once one wins, and the
other is told that the transfer went on. Between sending and receiving the pieces belong to no branch.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import TransferStatus
from app.errors import Conflict, DomainError
from app.models import StockTransfer, StockTransferLine
from app.schemas.transfers import NewTransfer, ReceivedLine, ReceiveTransfer, SendTransfer, Transfer
from app.services import audit, locks
from app.services.branches import BranchNotFound
from app.services.staff import employee_id
from app.services.stock import transfer_stock
from app.services.stock.places import StockProductNotFound, known_branches, known_products
from app.services.stock.transfer_reading import TransferNotFound, transfer_of, works_at_either
from app.transaction import transaction


class TransferWentOn(Conflict):
    code = "INVALID_STATUS"
    message = "The transfer is not in that state any more. Load it again to see what was done with it."


class NotInTransfer(DomainError):
    code = "NOT_IN_TRANSFER"
    message = "Name only products of this transfer; details.product_ids lists the others."


class NothingSent(DomainError):
    code = "NOTHING_SENT"
    message = "Send at least one piece, or cancel the transfer."


class LinesNotCounted(DomainError):
    code = "LINES_NOT_COUNTED"
    message = "Say what arrived of every product that was sent; details.product_ids lists those that are left out."


class DifferenceNeedsReason(DomainError):
    code = "DIFFERENCE_NEEDS_REASON"
    message = "Give a reason where more or fewer pieces arrived than were sent; details.product_ids lists the products."


def request(form: NewTransfer, caller: Caller) -> Transfer:
    """Ask for goods, at either of the two branches. Raises BranchNotFound or StockProductNotFound."""
    branches, products = {form.from_branch_id, form.to_branch_id}, {line.product_id for line in form.lines}
    with transaction() as session:
        if known_branches(session, branches) != branches or not works_at_either(session, branches, caller):
            raise BranchNotFound("There is no such branch, or you do not work there.")
        if unknown := products - known_products(session, products):
            raise StockProductNotFound(details={"product_ids": sorted(unknown)})
        row = StockTransfer(
            from_location_id=form.from_branch_id,
            to_location_id=form.to_branch_id,
            note=form.note,
            requested_by=caller.user_id,
        )
        session.add(row)
        session.flush()
        session.add_all(
            StockTransferLine(transfer_id=row.id, product_id=line.product_id, requested_quantity=line.quantity)
            for line in form.lines
        )
        session.flush()
        return _recorded(session, row.id, "CREATE", caller, old=None)


def send(form: SendTransfer, caller: Caller, *, transfer_id: int) -> Transfer:
    """Take the goods out of the source's stock.

    Raises TransferNotFound where the caller does not work at the source, TransferWentOn, NotInTransfer, NothingSent or
    StockShort.
    """
    with transaction() as session:
        row = _locked(session, transfer_id, "source", TransferStatus.REQUESTED, caller)
        lines = _lines(session, transfer_id)
        wanted = {line.product_id: line.requested_quantity for line in lines}
        if form.lines is not None:
            wanted = {line.product_id: line.quantity for line in form.lines}
        _check_known(lines, wanted)
        if not any(wanted.values()):
            raise NothingSent
        for line in lines:
            line.sent_quantity = wanted.get(line.product_id, 0)
        row.status, row.sent_by, row.sent_at = TransferStatus.SENT, caller.user_id, datetime.now(UTC)
        session.flush()
        transfer_stock.take_out(session, row, lines, by=caller)
        return _recorded(session, transfer_id, "SEND", caller, old=TransferStatus.REQUESTED)


def receive(form: ReceiveTransfer, caller: Caller, *, transfer_id: int) -> Transfer:
    """Put what arrived into the destination's stock.

    Raises TransferNotFound where the caller does not work at the destination, TransferWentOn, NotInTransfer,
    LinesNotCounted or DifferenceNeedsReason.
    """
    with transaction() as session:
        row = _locked(session, transfer_id, "destination", TransferStatus.SENT, caller)
        lines = _lines(session, transfer_id)
        counted = {line.product_id: line for line in form.lines}
        _check_known(lines, counted)
        _check_counted(lines, counted)
        for line in lines:
            if found := counted.get(line.product_id):
                line.received_quantity = found.quantity
                line.difference_reason = found.reason if found.quantity != line.sent_quantity else None
        row.status, row.received_by, row.received_at = TransferStatus.RECEIVED, caller.user_id, datetime.now(UTC)
        session.flush()
        transfer_stock.put_in(session, row, lines, by=caller)
        return _recorded(session, transfer_id, "RECEIVE", caller, old=TransferStatus.SENT)


def cancel(caller: Caller, *, transfer_id: int) -> Transfer:
    """Give up a transfer that was not sent yet. Raises TransferNotFound or TransferWentOn."""
    with transaction() as session:
        row = _locked(session, transfer_id, "either", TransferStatus.REQUESTED, caller)
        row.status = TransferStatus.CANCELED
        session.flush()
        return _recorded(session, transfer_id, "CANCEL", caller, old=TransferStatus.REQUESTED)


def _locked(
    session: Session, transfer_id: int, side: locks.TransferSide, expected: TransferStatus, caller: Caller
) -> StockTransfer:
    row = locks.stock_transfer(session, transfer_id=transfer_id, side=side, employee_id=employee_id(caller))
    if row is None:
        raise TransferNotFound
    if row.status is not expected:
        raise TransferWentOn(details={"status": row.status})
    return row


def _lines(session: Session, transfer_id: int) -> Sequence[StockTransferLine]:
    """In product order, as the locks of the inventory want it."""
    lines = select(StockTransferLine).where(StockTransferLine.transfer_id == transfer_id)
    return session.scalars(lines.order_by(StockTransferLine.product_id)).all()


def _check_known(lines: Sequence[StockTransferLine], named: Mapping[int, object]) -> None:
    if strange := named.keys() - {line.product_id for line in lines}:
        raise NotInTransfer(details={"product_ids": sorted(strange)})


def _check_counted(lines: Sequence[StockTransferLine], counted: Mapping[int, ReceivedLine]) -> None:
    if missed := [line.product_id for line in lines if line.sent_quantity and line.product_id not in counted]:
        raise LinesNotCounted(details={"product_ids": missed})
    sent = {line.product_id: line.sent_quantity for line in lines}
    if unexplained := [p for p, line in counted.items() if line.quantity != sent[p] and line.reason is None]:
        raise DifferenceNeedsReason(details={"product_ids": sorted(unexplained)})


def _recorded(
    session: Session, transfer_id: int, action: str, caller: Caller, *, old: TransferStatus | None
) -> Transfer:
    """The transfer as it is now, after writing the step to the audit trail."""
    now = transfer_of(session, transfer_id=transfer_id)
    quantities = {"product_id", "requested_quantity", "sent_quantity", "received_quantity", "difference_reason"}
    audit.record(
        session,
        entity_type="stock_transfer",
        action=action,
        entity_id=transfer_id,
        by=caller,
        old={"status": old} if old else None,
        new=now.model_dump(
            mode="json",
            include={"status": True, "from_branch_id": True, "to_branch_id": True, "lines": {"__all__": quantities}},
        ),
    )
    return now
