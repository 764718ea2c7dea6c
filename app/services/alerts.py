"""What needs attention now, read from the data itself in one statement: nothing is stored, so nothing goes stale."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Boolean, Interval, bindparam, select, text

from app.config import settings
from app.domain.alerts import ago, sentence
from app.domain.caller import Caller
from app.domain.enums import Severity
from app.domain.roles import STAFF
from app.models import Notification
from app.models.base import AnyRow
from app.schemas.alerts import Alert
from app.services import staff
from app.transaction import reading

MOST = 100
LATE_IS_CRITICAL_AFTER = timedelta(hours=1)
PICKING_STALLS_AFTER = timedelta(minutes=30)
HELP_IS_CRITICAL_AFTER = timedelta(minutes=15)
REQUESTS_WAIT_AFTER = timedelta(days=1)

_BAD_NEWS = frozenset({"order.canceled", "order.delayed", "order.delivery_failed", "order.substitution_proposed"})

# Each part is bounded, and reads by an index but for the shelves, whose quantities change with every sale: an index on
# them would make each sale dearer. A delivery is due when its slot begins and, once packed, when it ends; a pickup when
# its window ends, and not at all once it waits for the customer.
_OF_STAFF = text("""
WITH places AS MATERIALIZED (
    SELECT id, name, is_active FROM stock_locations
    WHERE kind <> 'SHOP'
      AND (:employee_id IS NULL OR id IN (SELECT stock_location_id FROM user_branches WHERE user_id = :employee_id))
), shelves AS MATERIALIZED (
    SELECT places.id, places.name, products.name AS product, available_quantity, reorder_point, needs_recount,
           places.is_active AND products.is_active AND available_quantity <= reorder_point AS is_low,
           inventory.product_id, inventory.updated_at
    FROM inventory JOIN places ON places.id = stock_location_id JOIN products ON products.id = product_id
    WHERE available_quantity <= reorder_point OR needs_recount
), low AS (
    SELECT 'low_stock' AS kind, 'low-stock-' || id AS alert_id, 'warning' AS severity, max(updated_at) AS at,
           jsonb_build_object('branch', name, 'count', count(*), 'worst', array_to_string((array_agg(
               product || ' (' || available_quantity || ')'
               ORDER BY available_quantity - reorder_point, product_id))[1:5], ', ')) AS facts
    FROM shelves WHERE is_low GROUP BY id, name
), recounts AS (
    SELECT 'recount', 'recount-' || id, 'info', max(updated_at),
           jsonb_build_object('branch', name, 'count', count(*))
    FROM shelves WHERE needs_recount GROUP BY id, name
), late AS (
    SELECT 'late_order', 'late-order-' || orders.id,
           CASE WHEN due < now() - :late_is_critical_after THEN 'critical' ELSE 'warning' END, due,
           jsonb_build_object('branch', name, 'order_number', order_number, 'status', status)
    FROM orders JOIN places ON places.id = stock_location_id
    CROSS JOIN LATERAL (SELECT CASE
        WHEN fulfillment_type = 'DELIVERY' AND status IN ('CREATED', 'IN_PROGRESS', 'MISSING') THEN slot_start
        ELSE slot_end END) AS slot(due)
    WHERE status IN ('CREATED', 'IN_PROGRESS', 'MISSING', 'READY', 'OUT_FOR_DELIVERY', 'DELAYED')
      AND (fulfillment_type, status) <> ('PICKUP', 'READY') AND due < now()
    ORDER BY due LIMIT 30
), stalled AS (
    SELECT 'stalled_picking', 'stalled-picking-' || orders.id, 'warning', since,
           jsonb_build_object('branch', places.name, 'order_number', order_number, 'picker', users.full_name)
    FROM orders JOIN places ON places.id = stock_location_id JOIN users ON users.id = picker_id
    CROSS JOIN LATERAL (
        SELECT greatest(claimed_at, max(pick_events.created_at)) FROM pick_events WHERE order_id = orders.id
    ) AS last(since)
    WHERE status IN ('CREATED', 'IN_PROGRESS', 'MISSING') AND since < now() - :picking_stalls_after
    ORDER BY since LIMIT 20
), help AS (
    SELECT 'assistance', 'assistance-' || asked.id,
           CASE WHEN asked.created_at < now() - :help_is_critical_after THEN 'critical' ELSE 'warning' END,
           asked.created_at,
           jsonb_build_object('branch', places.name, 'customer', users.full_name, 'message', asked.message)
    FROM assistance_requests AS asked JOIN places ON places.id = stock_location_id JOIN users ON users.id = user_id
    WHERE status = 'OPEN'
    ORDER BY asked.created_at LIMIT 20
), requests AS (
    SELECT 'stock_request', 'stock-request-' || places.id, 'info', min(created_at),
           jsonb_build_object('branch', name, 'count', count(*))
    FROM stock_requests JOIN places ON places.id = stock_location_id
    WHERE status = 'PENDING' AND created_at < now() - :requests_wait_after
    GROUP BY places.id, name
), payments_stuck AS (
    SELECT 'payment', 'payment-' || operations.id, 'critical', operations.updated_at,
           jsonb_build_object('order_number', order_number, 'operation', operations.kind, 'currency', payments.currency,
                              'amount', CAST(amount AS text), 'failure_code', failure_code)
    FROM payment_operations AS operations JOIN payments ON payments.id = payment_id
    JOIN orders ON orders.id = payments.order_id
    WHERE :is_manager AND operations.state = 'manual'
    ORDER BY operations.id LIMIT 20
), messages AS (
    SELECT 'message', 'messages', 'critical', max(created_at), jsonb_build_object('count', count(*))
    FROM outbox WHERE :is_manager AND failed HAVING count(*) > 0
), alerts AS (
    TABLE low UNION ALL TABLE recounts UNION ALL TABLE late UNION ALL TABLE stalled UNION ALL TABLE help
    UNION ALL TABLE requests UNION ALL TABLE payments_stuck UNION ALL TABLE messages
)
SELECT * FROM alerts ORDER BY array_position(ARRAY['critical', 'warning', 'info'], severity), at DESC, alert_id
LIMIT :most
""").bindparams(
    bindparam("employee_id", type_=BigInteger),
    bindparam("is_manager", type_=Boolean),
    bindparam("most", MOST),
    bindparam("late_is_critical_after", LATE_IS_CRITICAL_AFTER, type_=Interval),
    bindparam("picking_stalls_after", PICKING_STALLS_AFTER, type_=Interval),
    bindparam("help_is_critical_after", HELP_IS_CRITICAL_AFTER, type_=Interval),
    bindparam("requests_wait_after", REQUESTS_WAIT_AFTER, type_=Interval),
)
_UNREAD = (
    select(Notification.id, Notification.kind, Notification.body, Notification.created_at)
    .where(Notification.user_id == bindparam("user_id"), Notification.read_at.is_(None))
    .order_by(Notification.id.desc())
    .limit(MOST)
)


def show(caller: Caller) -> list[Alert]:
    """What the caller should look at, at most 100, the most severe and then the newest first (one statement).

    Staff see the state of their branches, managers also what failed behind the scenes; others their own unread
    notifications, newest first.
    """
    if caller.role in STAFF:
        values = {"employee_id": staff.employee_id(caller), "is_manager": caller.is_manager}
        with reading() as connection:
            rows = connection.execute(_OF_STAFF, values).all()
        return [_of_staff(row, datetime.now(UTC)) for row in rows]
    with reading() as connection:
        rows = connection.execute(_UNREAD, {"user_id": caller.user_id}).all()
    return [_unread(row, datetime.now(UTC)) for row in rows]


def _of_staff(row: AnyRow, now: datetime) -> Alert:
    return Alert(
        id=row.alert_id,
        text=sentence(row.kind, row.facts, at=row.at, now=now, zone=settings().zone),
        type=row.kind,
        severity=Severity(row.severity),
        createdAt=row.at,
        time=ago(row.at, now),
    )


def _unread(row: AnyRow, now: datetime) -> Alert:
    return Alert(
        id=f"notification-{row.id}",
        text=row.body,
        type=row.kind,
        severity=Severity.WARNING if row.kind in _BAD_NEWS else Severity.INFO,
        createdAt=row.created_at,
        time=ago(row.created_at, now),
    )
