"""T1: every local effect of a checkout, in one transaction under row locks. No network call happens in here."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.caller import Caller
from app.domain.channels import IN_STORE
from app.domain.enums import CartStatus, ChannelName, IdempotencyState, PaymentProvider
from app.errors import BadRequest
from app.models import Order
from app.models.base import AnyRow
from app.schemas.checkout import ConfirmRequest
from app.schemas.money import money_number
from app.services import locks, payment_tokens
from app.services.checkout import answers, errors, trolley_placing
from app.services.checkout.answers import Decision
from app.services.checkout.basket import BasketLine, missing_items, price_lines
from app.services.checkout.billing import bill
from app.services.checkout.context import Context
from app.services.checkout.reading import preferred_ids, read_for_confirm
from app.services.checkout.writing import Key, Purchase, write_order
from app.services.payment_tokens import PaymentTokenNotFound
from app.services.trolleys import paying
from app.transaction import after_commit, transaction


@dataclass(frozen=True, slots=True)
class Placed:
    """The order this key stands for. `answer` is its final answer, None while the payment is undecided."""

    order_id: int
    answer: Decision | None = None


def place(form: ConfirmRequest, key: Key, caller: Caller) -> Placed:
    """Make the order, or find the one this key or this cart already made.

    Raises the refusals of `errors` with nothing changed and the key still free, so that the client may correct the
    cart and try again with the same key.
    """
    with transaction() as session:
        if not locks.try_key(session, key.principal, key.route, key.key):
            raise errors.KeyInProgress(retry_after=1)
        context = read_for_confirm(session, form, key, user_id=caller.user_id)
        row = context.row
        if row.request_hash is not None:
            return replayed(session, row, key)
        if row.cart_id is None or row.cart_channel == ChannelName.MARKETPLACE:
            raise errors.CartNotFound
        if row.cart_status == CartStatus.CHECKED_OUT:
            return _bind_to_order_of(session, form.cart_id, key)
        if row.cart_status != CartStatus.ACTIVE:
            raise errors.CartClosed
        purchase = _of_trolley(session, form, context) if row.cart_channel == ChannelName.IN_STORE else None
        return _place_new(session, purchase or _decide(session, form, context), form, key, caller)


def replayed(session: Session, kept: AnyRow, key: Key) -> Placed:
    """What a key that was used before stands for. A step. Raises KeyReused for another request's key."""
    if kept.request_hash != key.request_hash:
        raise errors.KeyReused
    if kept.kept_state == IdempotencyState.DONE:
        locks.await_copies(session)
        return Placed(kept.kept_order_id, answers.replay(kept.kept_status, kept.kept_body))
    return Placed(kept.kept_order_id)


_SOLD = text("""
    SELECT orders.id AS order_id, orders.order_number, orders.status AS order_status, orders.total_amount,
           orders.cancel_reason, payments.reference, operations.failure_code,
           decided.status AS kept_status, decided.body AS kept_body
    FROM orders LEFT JOIN payments ON payments.order_id = orders.id
    LEFT JOIN payment_operations AS operations
        ON operations.payment_id = payments.id AND operations.kind = 'authorize'
    LEFT JOIN LATERAL (
        SELECT status, body FROM idempotency_keys WHERE order_id = orders.id AND state = 'done' LIMIT 1
    ) AS decided ON true
    WHERE orders.cart_id = :cart_id
""")
_BIND = text("""
    INSERT INTO idempotency_keys (principal, route, key, request_hash, state, order_id, status, body, expires_at)
    VALUES (:principal, :route, :key, :request_hash, :state, :order_id, :status, CAST(:body AS jsonb),
            now() + :kept_for)
    ON CONFLICT (principal, route, key) DO UPDATE
    SET request_hash = excluded.request_hash, state = excluded.state, order_id = excluded.order_id,
        status = excluded.status, body = excluded.body, expires_at = excluded.expires_at
""")


def _bind_to_order_of(session: Session, cart_id: int, key: Key) -> Placed:
    """The cart was sold under another key: this key now stands for the same order, and nothing is sold twice.

    The keys of an old order are forgotten; then the order itself says what the answer was. Raises CartClosed for the
    basket of a trolley that was sold at a till, outside of this system.
    """
    sold = session.execute(_SOLD, {"cart_id": cart_id}).one_or_none()
    if sold is None:
        raise errors.CartClosed
    kept = Decision(sold.kept_status, sold.kept_body) if sold.kept_status else answers.of_order(sold)
    values = {
        "order_id": sold.order_id,
        "state": IdempotencyState.DONE if kept else IdempotencyState.PLACED,
        "status": kept.status if kept else None,
        "body": orjson.dumps(kept.body).decode() if kept else None,
        "kept_for": timedelta(hours=settings().idempotency_hours),
    }
    session.execute(_BIND, {**values, **asdict(key)})
    return Placed(sold.order_id, answers.replay(kept.status, kept.body) if kept else None)


def _of_trolley(session: Session, form: ConfirmRequest, context: Context) -> Purchase:
    check_token(context.row)
    return trolley_placing.decide(session, form.cart_id, context)


def _place_new(session: Session, purchase: Purchase, form: ConfirmRequest, key: Key, caller: Caller) -> Placed:
    written = write_order(session, purchase=purchase, key=key, caller=caller)
    if written.answer is not None and purchase.context.policy is IN_STORE:
        paying.goods_in_hand(session, session.get_one(Order, written.order_id))
    if form.save_as_default:
        # After the commit, as this locks the user's row, which comes before the cart in the order of locks.
        after_commit(session, lambda: payment_tokens.prefer(caller, payment_token_id=form.payment_token_id))
    return Placed(written.order_id, written.answer)


def _decide(session: Session, form: ConfirmRequest, context: Context) -> Purchase:
    """Check everything and price the basket from the locked rows; raises the refusals.

    The context was read before the cart was locked: what it says of the slot and the coupon is a first look, which
    spares the locks of the lines where the slot is full. `write_order` decides.
    """
    branch_id = context.branch_id()
    booking = context.booking(datetime.now(UTC))
    lines = price_lines(locks.checkout_lines(session, cart_id=form.cart_id, stock_location_id=branch_id))
    if not lines:
        raise errors.CartEmpty
    if missing := missing_items(lines):
        raise errors.InsufficientStock(details={"missing": [item.model_dump() for item in missing]})
    check_token(context.row)
    _check_wishes(form, context, lines)
    priced = bill(context, lines)
    total = priced.totals.total
    if form.expected_total is not None and form.expected_total != total:
        raise errors.PriceChanged(details={"total": money_number(total)})
    return Purchase(form.cart_id, form, context, lines, priced, booking, _address(form, context))


def check_token(row: AnyRow) -> None:
    """Raises PaymentTokenNotFound, PaymentTokenInactive or UnsupportedProvider."""
    if row.token_id is None:
        raise PaymentTokenNotFound
    if not row.token_is_active:
        raise errors.PaymentTokenInactive
    sandbox = settings().payment_provider == "sandbox"
    if row.token_provider != (PaymentProvider.MOCKPAY if sandbox else PaymentProvider.STRIPE):
        raise errors.UnsupportedProvider


def _check_wishes(form: ConfirmRequest, context: Context, lines: Sequence[BasketLine]) -> None:
    """Wishes are for lines of the cart and name what is sold. Raises BadRequest or PreferredProductNotFound."""
    strays = {wish.product_id for wish in form.substitutions} - {line.row.product_id for line in lines}
    if strays:
        raise BadRequest(
            "substitutions names a product that is not in the cart.", details={"product_ids": sorted(strays)}
        )
    if unknown := set(preferred_ids(form)) - set(context.row.preferred_ids):
        raise errors.PreferredProductNotFound(details={"product_ids": sorted(unknown)})


def _address(form: ConfirmRequest, context: Context) -> str | None:
    """Where to deliver: as sent, else the default address; a shop may also take the order and ask the customer."""
    return None if context.is_pickup else form.address or context.row.default_address
