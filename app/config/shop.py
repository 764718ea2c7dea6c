"""What the shop sells by: money, time, delivery, vendors, trolleys."""

from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from app.config.types import CommaList, SettingsGroup


class ShopSettings(SettingsGroup):
    """Of the supermarket, the marketplace and the trolleys."""

    shop_name: str = "Aisle"
    currency: str = Field(default="ILS", pattern="^[A-Z]{3}$")
    shop_timezone: str = "Asia/Jerusalem"
    default_limit: int = Field(default=50, ge=1, le=200)
    max_limit: int = Field(default=200, ge=1, le=200)

    delivery_source_branch_id: int | None = None
    delivery_min_total: Decimal = Field(default=Decimal("150"), ge=0, max_digits=12, decimal_places=2)
    delivery_fee_under_min: Decimal = Field(default=Decimal("30"), ge=0, max_digits=12, decimal_places=2)
    delivery_fee_tax_rate: Decimal = Decimal("18")
    slot_horizon_days: int = Field(default=14, ge=1, le=60)
    weighed_buffer_percent: int = Field(default=10, ge=0, le=100)
    pay_deadline_minutes: int = Field(default=15, ge=1)
    idempotency_hours: int = Field(default=24, ge=1)

    commission_percent: Decimal = Field(default=Decimal(0), ge=0, le=100, decimal_places=2)
    return_window_days: int = Field(default=7, ge=0, le=365)
    payout_hold_days: int | None = Field(default=None, ge=0, le=365)
    return_allow_negative_vendor: bool = False
    allow_self_wallet_credit: bool | None = None
    vendor_answer_minutes: int = Field(default=120, ge=1)
    require_verified_shops: bool = False

    device_master_keys: CommaList = ()
    device_legacy_open: bool = False
    spot_check_value: Decimal = Field(default=Decimal("10000"), ge=0, max_digits=12, decimal_places=2)
    spot_check_share: float = Field(default=0.02, ge=0, le=1)
    spot_check_new_shopper_share: float = Field(default=0.1, ge=0, le=1)

    @field_validator("shop_timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"unknown time zone {value!r}") from error
        return value

    @property
    def hold_days(self) -> int:
        """Days after a delivery until its money may be paid out; unless set, as long as goods may be returned."""
        return self.return_window_days if self.payout_hold_days is None else self.payout_hold_days

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.shop_timezone)
