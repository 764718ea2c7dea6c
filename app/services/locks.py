"""Every row lock of the project, by name.

One global order, so that no two transactions can wait for each other in a circle: idempotency key (try only), cart,
order, payment and operation, inventory by (stock location, product), slot occurrence, ledger account; and among
accounts: password reset, user, session. Accounts come before carts, a guest's cart before a user's.
Never lock an earlier class after a later one; inside a class ascending by id.
Rows that others point at are locked FOR NO KEY UPDATE, so that such others can still be inserted. ORM reads here use
populate_existing: without it an object read earlier in the session would keep its old values after the lock is granted.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.enums import CartStatus, ChannelName
from app.models import (
    AuthSession,
    Cart,
    Inventory,
    Order,
    OutboxEvent,
    Payment,
    RefreshToken,
    RegistrationCode,
    User,
    WebhookEvent,
)

AnyRow = Row[*tuple[Any, ...]]
"""A row whose columns only the statement knows, as of one written as text."""

_LIMITS = "set_config('lock_timeout', '3s', true), set_config('statement_timeout', '5s', true)"
_LIMIT_WAITS = text(f"SELECT {_LIMITS}")
_TRY_KEY = text(f"SELECT {_LIMITS}, pg_try_advisory_xact_lock(hashtextextended(:key, 0)) AS granted")


def limit_waits(session: Session) -> None:
    """Give up on a lock after 3 s and on a statement after 5 s, in this transaction only."""
    session.execute(_LIMIT_WAITS)


def try_key(session: Session, *parts: str) -> bool:
    """Limit waits and try to own a key until the transaction ends; False when another transaction owns it.

    Never waits, and is freed by the server when the process dies: there are no stale key locks.
    """
    return bool(session.execute(_TRY_KEY, {"key": "\x1f".join(parts)}).one().granted)


_ACTIVE_CART = (
    insert(Cart)
    .values(user_id=bindparam("user_id"), channel=bindparam("channel"))
    .on_conflict_do_update(
        index_elements=[Cart.user_id, Cart.channel],
        index_where=text("status = 'ACTIVE'"),
        set_={"updated_at": func.now()},
    )
    .returning(Cart.id)
)


def active_cart(session: Session, *, user_id: int, channel: ChannelName) -> int:
    """The id of the user's one active cart of a channel, made if need be, its row locked (one statement)."""
    return session.execute(_ACTIVE_CART, {"user_id": user_id, "channel": channel}).scalar_one()


_CART = (
    select(Cart.id, Cart.status, Cart.channel)
    .where(Cart.id == bindparam("cart_id"), Cart.user_id == bindparam("user_id"))
    .with_for_update(key_share=True)
)


def cart(session: Session, *, cart_id: int, user_id: int) -> AnyRow | None:
    """(id, status, channel) of the user's own cart, locked; None for a stranger's."""
    return session.execute(_CART, {"cart_id": cart_id, "user_id": user_id}).one_or_none()


_GUEST_CART = (
    select(Cart.id)
    .where(Cart.guest_token_hash == bindparam("token_hash"), Cart.status == CartStatus.ACTIVE)
    .with_for_update(key_share=True)
)


def guest_cart(session: Session, *, token_hash: str) -> int | None:
    """The id of the active guest cart behind a token, locked."""
    return session.execute(_GUEST_CART, {"token_hash": token_hash}).scalar_one_or_none()


_ORDER = select(Order).where(Order.id == bindparam("order_id"), Order.user_id == bindparam("user_id"))
_OWN_ORDER = _ORDER.with_for_update(key_share=True).execution_options(populate_existing=True)


def own_order(session: Session, *, order_id: int, user_id: int) -> Order | None:
    """The user's own order, locked; None for a stranger's."""
    return session.execute(_OWN_ORDER, {"order_id": order_id, "user_id": user_id}).scalar_one_or_none()


_PAYMENT = (
    select(Payment)
    .where(Payment.order_id == bindparam("order_id"))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def payment_of(session: Session, *, order_id: int) -> Payment | None:
    """The payment of an order whose row is already locked, locked too."""
    return session.execute(_PAYMENT, {"order_id": order_id}).scalar_one_or_none()


_OPERATION_COLUMNS = """
    orders.id AS order_id, orders.order_number, orders.user_id, orders.status AS order_status, orders.total_amount,
    orders.stock_location_id, orders.cancel_reason, orders.pay_deadline <= now() AS is_late,
    payments.id AS payment_id, payments.reference, payments.provider, payments.provider_reference, payments.currency,
    payments.authorized_amount, payments.captured_amount,
    operations.id AS operation_id, operations.kind, operations.state, operations.amount, operations.idempotency_key,
    operations.attempts, operations.failure_code
"""
_OPERATION_TABLES = """
    orders JOIN payments ON payments.order_id = orders.id
    JOIN payment_operations AS operations ON operations.payment_id = payments.id
"""
_OPERATION = text(
    f"SELECT {_OPERATION_COLUMNS} FROM {_OPERATION_TABLES} WHERE operations.id = :operation_id"
    " FOR NO KEY UPDATE OF orders, payments, operations"
)


def operation(session: Session, *, operation_id: int) -> AnyRow | None:
    """One payment operation with its payment and order, all three locked in that order (one statement)."""
    return session.execute(_OPERATION, {"operation_id": operation_id}).one_or_none()


_CLAIM = text(f"""
    WITH claimed AS (
        SELECT {_OPERATION_COLUMNS}, tokens.provider_token
        FROM {_OPERATION_TABLES} LEFT JOIN payment_tokens AS tokens ON tokens.id = payments.payment_token_id
        WHERE orders.id = :order_id AND orders.status = 'PENDING_PAYMENT' AND orders.pay_deadline > now()
          AND operations.kind = 'authorize'
          AND (operations.state IN ('created', 'unknown')
               OR operations.state = 'sent' AND operations.updated_at < now() - CAST(:patience AS interval))
        FOR NO KEY UPDATE OF orders, payments, operations
    )
    UPDATE payment_operations SET state = 'sent', attempts = payment_operations.attempts + 1, updated_at = now()
    FROM claimed WHERE payment_operations.id = claimed.operation_id
    RETURNING claimed.*
""")


def claim_authorization(session: Session, *, order_id: int, patience: timedelta) -> AnyRow | None:
    """Take on the payment of an order: lock it, check that it may still be paid, mark the operation sent.

    None when there is nothing to send: already decided, being cancelled, past its deadline, or sent by somebody else
    less than `patience` ago (one statement).
    """
    return session.execute(_CLAIM, {"order_id": order_id, "patience": patience}).one_or_none()


_STOCK_OF_ORDER = text("""
    SELECT inventory.product_id FROM inventory
    JOIN order_items ON order_items.product_id = inventory.product_id AND order_items.order_id = :order_id
    WHERE inventory.stock_location_id = :stock_location_id
    ORDER BY inventory.product_id
    FOR NO KEY UPDATE OF inventory
""")


def stock_of_order(session: Session, *, order_id: int, stock_location_id: int) -> None:
    """Lock the inventory rows of an order's products in product order."""
    session.execute(_STOCK_OF_ORDER, {"order_id": order_id, "stock_location_id": stock_location_id})


_INVENTORY = (
    select(Inventory)
    .where(
        Inventory.stock_location_id == bindparam("stock_location_id"),
        Inventory.product_id.in_(bindparam("product_ids", expanding=True)),
    )
    .order_by(Inventory.product_id)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def inventory(session: Session, *, stock_location_id: int, product_ids: Sequence[int]) -> Sequence[Inventory]:
    """The inventory rows of some products at one location, locked in product order."""
    values = {"stock_location_id": stock_location_id, "product_ids": list(product_ids)}
    return session.execute(_INVENTORY, values).scalars().all()


_CHECKOUT_LINES = text("""
WITH lines AS MATERIALIZED (
    SELECT product_id, quantity, unit_price AS shown_price FROM cart_items WHERE cart_id = :cart_id
), stock AS MATERIALIZED (
    SELECT product_id, available_quantity FROM inventory
    WHERE stock_location_id = :stock_location_id AND product_id IN (SELECT product_id FROM lines)
    ORDER BY product_id
    FOR NO KEY UPDATE
)
SELECT lines.product_id, lines.quantity, lines.shown_price, COALESCE(stock.available_quantity, 0) AS available,
       products.name, products.sku, products.unit, products.image_urls[1] AS image_url, products.price,
       products.sold_by, products.estimated_weight_grams, products.age_limit, products.deposit, products.tax_rate,
       products.is_active AND categories.is_active AS sellable
FROM lines
JOIN products ON products.id = lines.product_id
JOIN categories ON categories.id = products.category_id
LEFT JOIN stock ON stock.product_id = lines.product_id
ORDER BY lines.product_id
""")


def checkout_lines(session: Session, *, cart_id: int, stock_location_id: int) -> Sequence[AnyRow]:
    """The lines of a locked cart at today's prices, with their inventory rows locked in product order (one statement).

    `available` is read under the lock; a product without a row at the location has 0.
    """
    values = {"cart_id": cart_id, "stock_location_id": stock_location_id}
    return session.execute(_CHECKOUT_LINES, values).all()


_VOCABULARY = text("SELECT pg_advisory_xact_lock(hashtextextended('search vocabulary', 0))")


def vocabulary(session: Session) -> None:
    """Let one transaction at a time change the search vocabulary; taken after every row lock."""
    session.execute(_VOCABULARY)


_IMPORT = text("SELECT pg_advisory_xact_lock(hashtextextended('catalog import', 0))")


def catalog_import(session: Session) -> None:
    """Let one transaction at a time write a batch of imported products; taken before every row lock."""
    session.execute(_IMPORT)


_REFRESH_TOKEN = (
    select(
        RefreshToken.session_id,
        RefreshToken.expires_at,
        RefreshToken.used_at,
        AuthSession.user_id,
        AuthSession.revoked_at,
        User.role,
        User.is_active,
    )
    .join(AuthSession, AuthSession.id == RefreshToken.session_id)
    .join(User, User.id == AuthSession.user_id)
    .where(RefreshToken.jti == bindparam("jti"))
    .with_for_update(key_share=True, of=[RefreshToken, AuthSession])
)


def refresh_token(session: Session, *, jti: UUID) -> AnyRow | None:
    """A refresh token with its session and user, token and session locked."""
    return session.execute(_REFRESH_TOKEN, {"jti": jti}).one_or_none()


def user(session: Session, *, user_id: int) -> User | None:
    """A user's row, locked."""
    statement = select(User).where(User.id == user_id).with_for_update(key_share=True)
    return session.execute(statement.execution_options(populate_existing=True)).scalar_one_or_none()


def registration_code(session: Session, *, email: str) -> RegistrationCode | None:
    """The live registration code of an address, locked."""
    statement = select(RegistrationCode).where(RegistrationCode.email == email).with_for_update()
    return session.execute(statement.execution_options(populate_existing=True)).scalar_one_or_none()


_DUE_OPERATION = text("""
    WITH due AS (
        SELECT id FROM payment_operations
        WHERE state IN ('created', 'sent', 'unknown') AND next_at <= now()
        ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    UPDATE payment_operations
    SET attempts = attempts + 1,
        next_at = now() + (CAST(:pauses AS interval[]))[least(attempts + 1, cardinality(CAST(:pauses AS interval[])))]
    FROM due WHERE payment_operations.id = due.id
    RETURNING payment_operations.id
""")


def lease_operation(session: Session, *, pauses: Sequence[timedelta]) -> int | None:
    """Take on the payment operation due first, pushing its next try back by the pause of its attempt.

    Rows that another sweeper holds are skipped, so any number of sweepers may run (one statement).
    """
    return session.execute(_DUE_OPERATION, {"pauses": list(pauses)}).scalar_one_or_none()


def due_outbox(session: Session, *, batch: int) -> Sequence[OutboxEvent]:
    """Outbox events due for relay, oldest first; events another relay works on are skipped."""
    statement = (
        select(OutboxEvent)
        .where(OutboxEvent.done_at.is_(None), ~OutboxEvent.failed, OutboxEvent.next_at <= func.now())
        .order_by(OutboxEvent.id)
        .limit(batch)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return session.execute(statement).scalars().all()


def due_webhooks(session: Session, *, batch: int) -> Sequence[WebhookEvent]:
    """Stored webhook events not yet processed; events another worker holds are skipped."""
    statement = (
        select(WebhookEvent)
        .where(WebhookEvent.processed_at.is_(None), ~WebhookEvent.failed, WebhookEvent.next_at <= func.now())
        .order_by(WebhookEvent.id)
        .limit(batch)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return session.execute(statement).scalars().all()
