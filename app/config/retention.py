"""How long is kept what nobody needs for ever."""

from pydantic import Field

from app.config.types import SettingsGroup


class RetentionSettings(SettingsGroup):
    """In days; what is older is deleted by `flask retention` and the daily chore."""

    keep_tokens_days: int = Field(default=30, ge=1)
    keep_codes_days: int = Field(default=7, ge=1)
    keep_idempotency_days: int = Field(default=30, ge=4)
    keep_outbox_days: int = Field(default=30, ge=1)
    keep_webhook_deliveries_days: int = Field(default=30, ge=1)
    keep_live_events_days: int = Field(default=7, ge=1)
    keep_location_samples_days: int = Field(default=7, ge=1)
    keep_notifications_days: int = Field(default=365, ge=1)
    keep_guest_carts_days: int = Field(default=30, ge=1)
    keep_abandoned_carts_days: int = Field(default=30, ge=1)
    keep_payment_events_days: int = Field(default=90, ge=30)
    keep_item_uploads_days: int = Field(default=30, ge=1)
    keep_sandbox_messages_days: int = Field(default=30, ge=1)
