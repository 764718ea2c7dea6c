"""What an erasure deletes and blanks, table by table, in the order of the locks (docs/privacy.md says why).

Repeating the steps is harmless.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Text, TextClause, bindparam, text
from sqlalchemy.orm import Session

from app.domain.redaction import ERASED
from app.services.outbox import LONGEST_AGGREGATE

ERASED_NAME = "Erased user"

_ORDERS = "(SELECT id FROM orders WHERE user_id = :user_id)"
_WALKS = "(SELECT id FROM cart_sessions WHERE user_id = :user_id)"
_OWN_SHOP = "(SELECT id FROM shops WHERE owner_id = :user_id)"
_CODES = "('registration.code', 'phone.code', 'password.reset', 'staff.invited', 'user.registered')"

_ANONYMOUS = text("""
    UPDATE users
    SET full_name = :name, email = NULL, phone = NULL, phone_verified_at = NULL, password_hash = NULL,
        city = NULL, society = NULL, onboarded_at = NULL, role_pending = false, is_active = false,
        membership_tier = 'FREE', default_branch_id = NULL, totp_secret = NULL, totp_enabled_at = NULL,
        totp_last_step = NULL, language = DEFAULT, erased_at = COALESCE(erased_at, now()), updated_at = now()
    WHERE id = :user_id
""")

_GONE = (
    "recovery_codes",
    "password_resets",
    "auth_sessions",
    "user_branches",
    "addresses",
    "wishlist_items",
    "checklist_items",
    "shopper_diets",
    "consumer_profiles",
    "message_preferences",
    "pending_pairings",
    "shopper_qrs",
    "vendor_documents",
    "vendor_profiles",
    "payout_banks",
    "notifications",
    "live_events",
)
"""Tables whose rows of the person go; refresh tokens go with their sessions."""

_TYPES: dict[str, Any] = {"user_id": BigInteger, "erased": Text, "contacts": ARRAY(Text)}


def _typed(statement: str) -> TextClause:
    """With the types of its parameters said, as PostgreSQL guesses a different one at each place."""
    named = (bindparam(name, type_=kind) for name, kind in _TYPES.items() if f":{name}" in statement)
    return text(statement).bindparams(*named)


_STEPS = tuple(
    _typed(statement)
    for statement in (
        *(f"DELETE FROM {table} WHERE user_id = :user_id" for table in _GONE),
        """DELETE FROM carts WHERE user_id = :user_id AND status = 'ACTIVE'
           AND NOT EXISTS (SELECT FROM orders WHERE cart_id = carts.id)
           AND NOT EXISTS (SELECT FROM cart_sessions WHERE cart_id = carts.id)
           AND NOT EXISTS (SELECT FROM reservations WHERE cart_id = carts.id)""",
        """UPDATE payment_tokens SET provider_token = :erased, last4 = '0000', is_default = false, is_active = false
           WHERE user_id = :user_id""",
        "DELETE FROM assistance_requests WHERE user_id = :user_id AND status = 'OPEN'",
        """UPDATE assistance_requests SET message = :erased, resolution = CASE WHEN resolution > '' THEN :erased END
           WHERE user_id = :user_id""",
        f"""UPDATE reviews SET title = NULL, body = NULL WHERE user_id = :user_id
              AND product_id IN (SELECT product_id FROM order_items WHERE order_id IN {_ORDERS})""",
        """UPDATE orders SET address = NULL, notes = NULL
           WHERE user_id = :user_id AND (address IS NOT NULL OR notes IS NOT NULL)""",
        f"UPDATE order_items SET missing_reason = :erased WHERE order_id IN {_ORDERS} AND missing_reason IS NOT NULL",
        f"""UPDATE delivery_attempts SET received_by = NULL, photo_reference = NULL,
                   reason = CASE WHEN reason IS NOT NULL THEN :erased END
            WHERE order_id IN {_ORDERS}""",
        f"UPDATE order_messages SET body = :erased WHERE order_id IN {_ORDERS}",
        f"""UPDATE order_issues SET issue_type = :erased, description = '',
                   resolution = CASE WHEN resolution IS NOT NULL THEN :erased END
            WHERE order_id IN {_ORDERS}""",
        f"""UPDATE order_returns SET reason = :erased, photo_urls = '{{}}',
                   decision_note = CASE WHEN decision_note IS NOT NULL THEN :erased END
            WHERE order_id IN {_ORDERS}""",
        f"UPDATE order_ratings SET review = '' WHERE order_id IN {_ORDERS}",
        "UPDATE top_ups SET note = :erased WHERE user_id = :user_id",
        "UPDATE cart_sessions SET snapshot = NULL WHERE user_id = :user_id AND snapshot IS NOT NULL",
        f"UPDATE trolley_assists SET note = NULL WHERE note IS NOT NULL AND session_id IN {_WALKS}",
        """UPDATE location_samples SET session_id = NULL FROM cart_sessions AS walk
           WHERE walk.user_id = :user_id AND location_samples.session_id = walk.id
             AND minute BETWEEN walk.opened_at - interval '1 minute' AND COALESCE(walk.closed_at, now())""",
        f"UPDATE item_uploads SET file_name = :erased, rows = '[]', errors = '[]' WHERE shop_id IN {_OWN_SHOP}",
        "UPDATE shops SET phone = NULL, description = '', logo_url = NULL WHERE owner_id = :user_id",
        f"UPDATE stock_locations SET address = '' WHERE id IN {_OWN_SHOP} AND address <> ''",
        f"UPDATE shop_holidays SET reason = NULL WHERE shop_id IN {_OWN_SHOP} AND reason IS NOT NULL",
        """UPDATE outbox SET payload = payload || jsonb_build_object('reason', :erased)
            WHERE topic = 'order.delivery_failed'
              AND aggregate IN (SELECT 'order:' || id FROM orders WHERE user_id = :user_id)""",
        """DELETE FROM live_events USING orders JOIN shops ON shops.id = orders.stock_location_id
            WHERE orders.user_id = :user_id AND live_events.user_id = shops.owner_id
              AND topic = 'order.message' AND payload ->> 'order_id' = CAST(orders.id AS text)""",
    )
)

_OF_CONTACTS = tuple(
    _typed(statement)
    for statement in (
        "DELETE FROM registration_codes WHERE email = ANY(:contacts)",
        "DELETE FROM phone_codes WHERE phone = ANY(:contacts)",
        "DELETE FROM sandbox_messages WHERE recipient = ANY(:contacts)",
        f"""DELETE FROM outbox WHERE topic IN {_CODES} AND aggregate IN (
                SELECT 'user:' || CAST(:user_id AS text) UNION ALL
                SELECT left(kind || contact, {LONGEST_AGGREGATE})
                FROM unnest(ARRAY['email:', 'phone:']) AS kind, unnest(:contacts) AS contact)""",
    )
)


def make_anonymous(session: Session, *, user_id: int) -> None:
    """Turn a locked user into nobody: who they were and how they signed in is gone. A step, before all others."""
    session.execute(_ANONYMOUS, {"user_id": user_id, "name": ERASED_NAME})


def forget_contacts(session: Session, *, user_id: int, contacts: Collection[str]) -> None:
    """Delete codes and messages under way to the addresses and numbers a user has or had. A step."""
    for statement in _OF_CONTACTS:
        session.execute(statement, {"user_id": user_id, "contacts": list(contacts)})


def scrub(session: Session, *, user_id: int) -> None:
    """Delete or blank what else is kept of a user, but for what is append-only. A step."""
    for statement in _STEPS:
        session.execute(statement, {"user_id": user_id, "erased": ERASED})
