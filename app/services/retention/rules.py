"""What is deleted and after how long: the one table. What is not in it is kept.

Orders, payments, the ledger, stock movements, the audit trail and what devices said are the books of the shop and stay.
Conditions speak of the row as `old_row`; `:before` is the moment from which on everything stays.
"""

from dataclasses import dataclass

from app.config import Settings
from app.services.locks import OldRows


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows that go once they are older than the days of a setting."""

    name: str
    setting: str
    rows: OldRows

    def days(self, settings: Settings) -> int:
        """How many days they are kept."""
        kept: int = getattr(settings, self.setting)
        return kept


_ENDED = "(old_row.revoked_at < :before OR NOT EXISTS (SELECT FROM refresh_tokens WHERE session_id = old_row.id))"
"""A session without any refresh token cannot be gone on with; its last access token ended long ago."""

_NOT_REPLAYED = "NOT EXISTS (SELECT FROM webhook_deliveries AS replay WHERE replay.replay_of = old_row.id)"
"""A replay points at the first delivery, which therefore goes after it."""

_NOBODYS = " AND ".join(
    f"NOT EXISTS (SELECT FROM {table} WHERE {table}.cart_id = old_row.id)"
    for table in ("orders", "cart_sessions", "reservations")
)
"""A cart that became an order, or lay in a trolley, is part of that story."""

_UNTOUCHED = """old_row.guest_token_hash IS NOT NULL AND old_row.status = 'ACTIVE' AND NOT EXISTS (
    SELECT FROM cart_items WHERE cart_items.cart_id = old_row.id AND cart_items.updated_at >= :before)"""
"""Changing a line does not change the cart itself."""

RULES: tuple[Rule, ...] = (
    Rule("refresh-tokens", "keep_tokens_days", OldRows("refresh_tokens", "expires_at")),
    Rule("sessions", "keep_tokens_days", OldRows("auth_sessions", "created_at", _ENDED)),
    Rule("registration-codes", "keep_codes_days", OldRows("registration_codes", "expires_at")),
    Rule("phone-codes", "keep_codes_days", OldRows("phone_codes", "expires_at")),
    Rule("password-resets", "keep_codes_days", OldRows("password_resets", "expires_at")),
    Rule("pair-codes", "keep_codes_days", OldRows("pair_codes", "expires_at")),
    Rule("pending-pairings", "keep_codes_days", OldRows("pending_pairings", "expires_at")),
    Rule("shopper-qrs", "keep_codes_days", OldRows("shopper_qrs", "expires_at")),
    Rule("handoff-codes", "keep_codes_days", OldRows("handoff_codes", "expires_at")),
    Rule("device-claims", "keep_codes_days", OldRows("device_claims", "expires_at")),
    Rule("login-failures", "keep_codes_days", OldRows("login_failures", "last_failed_at")),
    # Counted from the moment an answer is no longer repeated. One still `placed` belongs to an undecided payment.
    Rule("idempotency-keys", "keep_idempotency_days", OldRows("idempotency_keys", "expires_at", "state = 'done'")),
    # What failed for good has no `done_at`: it stays until an admin has settled it. What was sent goes along.
    Rule("outbox", "keep_outbox_days", OldRows("outbox", "done_at")),
    Rule(
        "webhook-deliveries",
        "keep_webhook_deliveries_days",
        OldRows("webhook_deliveries", "created_at", f"state <> 'pending' AND {_NOT_REPLAYED}"),
    ),
    Rule("payment-events", "keep_payment_events_days", OldRows("webhook_events", "processed_at")),
    Rule("live-events", "keep_live_events_days", OldRows("live_events", "created_at")),
    Rule("location-samples", "keep_location_samples_days", OldRows("location_samples", "minute")),
    Rule("notifications", "keep_notifications_days", OldRows("notifications", "created_at")),
    Rule("guest-carts", "keep_guest_carts_days", OldRows("carts", "updated_at", f"{_UNTOUCHED} AND {_NOBODYS}")),
    Rule(
        "abandoned-carts",
        "keep_abandoned_carts_days",
        OldRows("carts", "updated_at", f"old_row.status = 'ABANDONED' AND {_NOBODYS}"),
    ),
    Rule("item-uploads", "keep_item_uploads_days", OldRows("item_uploads", "updated_at", "state = 'done'")),
    Rule("sandbox-messages", "keep_sandbox_messages_days", OldRows("sandbox_messages", "created_at")),
)
