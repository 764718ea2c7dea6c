"""Several orders of one branch picked in one walk by one person."""

from collections.abc import Sequence

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import BatchStatus, OrderStatus
from app.errors import Conflict, Forbidden
from app.models import Order, PickBatch, User
from app.schemas.batches import BatchAnswer, BatchCreated, BatchRequest
from app.services import audit, locks
from app.services.orders.finding import StaffOrderNotFound
from app.services.picking import batch_reading
from app.services.picking.claiming import OrderClaimed
from app.transaction import retried, transaction

_BATCHED = frozenset({OrderStatus.CREATED, OrderStatus.IN_PROGRESS})


class SeveralBranches(Conflict):
    """`details.branch_ids` are the branches the orders belong to."""

    code = "BATCH_OF_SEVERAL_BRANCHES"
    message = "One walk leads through one branch: take orders of a single branch."


class OrdersNotPickable(Conflict):
    """`details.orders` are those that stand elsewhere, with their status."""

    code = "INVALID_STATUS"
    message = "Only orders that are CREATED or IN_PROGRESS are picked in a batch: leave the others out."


class OrderInBatch(Conflict):
    """`details.order_ids` are in another open batch of yours."""

    code = "ORDER_IN_BATCH"
    message = "Some of these orders are in a batch of yours that is still open: finish it first."


class BatchNotFinished(Conflict):
    """`details.items_pending` is the number of lines not marked yet."""

    code = "BATCH_NOT_FINISHED"
    message = "Some lines are neither picked nor marked missing: mark them first."


def create(form: BatchRequest, caller: Caller) -> BatchCreated:
    """Claim all the orders for one walk of the caller, or none of them; CREATED ones are IN_PROGRESS from then on.

    Raises StaffOrderNotFound (with the ids not found), SeveralBranches, OrdersNotPickable, OrderClaimed, OrderInBatch.
    """
    batch_id = retried(lambda: _create(form.order_ids, caller))
    made = batch_reading.detail(batch_id=batch_id, caller=caller)
    return BatchCreated.model_construct(**dict(made), payload=form.payload)


def _create(order_ids: Sequence[int], caller: Caller) -> int:
    with transaction() as session:
        locks.limit_waits(session)
        orders = locks.staff_orders(session, order_ids=order_ids, caller=caller)
        _check(session, orders, order_ids, caller)
        batch = PickBatch(stock_location_id=orders[0].stock_location_id, created_by=caller.user_id)
        session.add(batch)
        session.flush()
        _record(session, batch, orders, caller)
        _take(session, batch, orders)
        return batch.id


def _check(session: Session, orders: Sequence[Order], order_ids: Sequence[int], caller: Caller) -> None:
    missing = sorted(set(order_ids) - {order.id for order in orders})
    if missing:
        raise StaffOrderNotFound(details={"order_ids": missing})
    branches = sorted({order.stock_location_id for order in orders})
    if len(branches) > 1:
        raise SeveralBranches(details={"branch_ids": branches})
    elsewhere = [{"order_id": order.id, "status": order.status} for order in orders if order.status not in _BATCHED]
    if elsewhere:
        raise OrdersNotPickable(details={"orders": elsewhere})
    claimed = [order for order in orders if order.picker_id not in (None, caller.user_id)]
    if claimed:
        raise _claimed(session, claimed)
    _check_batches(session, orders, caller)


def _claimed(session: Session, orders: Sequence[Order]) -> OrderClaimed:
    """The refusal that names the picker of each order."""
    pickers = select(User.id, User.full_name).where(User.id.in_({order.picker_id for order in orders}))
    names = {row.id: row.full_name for row in session.execute(pickers)}
    claimed = [
        {
            "order_id": order.id,
            "order_number": order.order_number,
            "picker_id": order.picker_id,
            "picker_name": names.get(order.picker_id),
        }
        for order in orders
    ]
    return OrderClaimed("Somebody else picks some of these orders: leave those out.", details={"orders": claimed})


def _check_batches(session: Session, orders: Sequence[Order], caller: Caller) -> None:
    mine = {order.batch_id: order for order in orders if order.picker_id == caller.user_id and order.batch_id}
    if not mine:
        return
    still_open = select(PickBatch.id).where(
        PickBatch.id.in_(mine), PickBatch.created_by == caller.user_id, PickBatch.status == BatchStatus.OPEN
    )
    found = set(session.scalars(still_open))
    if found:
        raise OrderInBatch(details={"order_ids": [order.id for order in orders if order.batch_id in found]})


def _take(session: Session, batch: PickBatch, orders: Sequence[Order]) -> None:
    picker_id = batch.created_by
    session.execute(
        update(Order)
        .where(Order.id.in_([order.id for order in orders]))
        .values(
            picker_id=picker_id,
            claimed_at=case((Order.picker_id == picker_id, Order.claimed_at), else_=func.now()),
            batch_id=batch.id,
            status=OrderStatus.IN_PROGRESS,
        )
        .execution_options(synchronize_session=False)
    )


def _record(session: Session, batch: PickBatch, orders: Sequence[Order], caller: Caller) -> None:
    """One audit row for the batch, each new claim and each new state, in one statement."""
    order_ids = [order.id for order in orders]
    entries = [audit.Entry("pick_batch", batch.id, "CREATE", None, {"order_ids": order_ids})]
    for order in orders:
        if order.picker_id is None:
            claimed = {"picker_id": caller.user_id}
            entries.append(audit.Entry("order", order.id, "CLAIM", {"picker_id": None}, claimed))
        if order.status is OrderStatus.CREATED:
            old, new = {"status": order.status}, {"status": OrderStatus.IN_PROGRESS}
            entries.append(audit.Entry("order", order.id, "UPDATE_STATUS", old, new))
    audit.record_all(session, entries, by=caller, context={"batch_id": batch.id})


def close(*, batch_id: int, caller: Caller) -> BatchAnswer:
    """End a walk on which every line is marked. Harmless to repeat.

    Raises BatchNotFound, Forbidden for somebody else's batch unless a manager asks, BatchNotFinished.
    """
    batch = batch_reading.detail(batch_id=batch_id, caller=caller)
    if batch.created_by != caller.user_id and not caller.is_manager:
        raise Forbidden("Only the picker of a batch or a manager ends it.")
    with transaction() as session:
        locks.limit_waits(session)
        closed = session.execute(
            update(PickBatch)
            .where(PickBatch.id == batch_id, PickBatch.status == BatchStatus.OPEN, batch_reading.PENDING == 0)
            .values(status=BatchStatus.DONE, done_at=func.now())
            .returning(PickBatch.id)
        ).one_or_none()
        if closed:
            audit.record(
                session,
                entity_type="pick_batch",
                action="UPDATE_STATUS",
                entity_id=batch_id,
                by=caller,
                old={"status": BatchStatus.OPEN},
                new={"status": BatchStatus.DONE},
            )
    batch = batch_reading.detail(batch_id=batch_id, caller=caller)
    if batch.status is BatchStatus.OPEN:
        raise BatchNotFinished(details={"items_pending": batch.items_pending})
    return batch
