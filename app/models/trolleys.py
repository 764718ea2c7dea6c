"""Smart carts: trolleys, the devices on them, sessions with shoppers and what happens in them."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.enums import (
    AssistOutcome,
    AssistReason,
    DeviceStatus,
    IncidentKind,
    ReservationState,
    SessionOutcome,
    TrolleyState,
    WeightState,
)
from app.models.base import Base, Created, Id, Instant, Money, Timestamped
from app.models.enums import stored

_OPEN = text("closed_at IS NULL")


class Trolley(Timestamped, Base):
    """A physical cart of a branch; its id is the number on its sticker. Empty it weighs `tare_grams`."""

    __tablename__ = "trolleys"
    __table_args__ = (
        UniqueConstraint("stock_location_id", "label"),
        CheckConstraint("tare_grams >= 0", name="tare_not_negative"),
        CheckConstraint("scale_step_grams > 0", name="scale_step_positive"),
    )

    id: Mapped[Id]
    stock_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))
    label: Mapped[str] = mapped_column(String(40))
    state: Mapped[TrolleyState] = mapped_column(stored(TrolleyState, "state"), server_default=TrolleyState.IDLE.value)
    tare_grams: Mapped[int] = mapped_column(server_default=text("0"))
    scale_step_grams: Mapped[int] = mapped_column(server_default=text("5"))


class Device(Timestamped, Base):
    """The computer on a trolley, and the last that was heard of it.

    Its key is not stored but derived: from the master of number `master_index` for the key number `base_kid`, then once
    for each nonce in `rotations`. `kid` is the number in use; one nonce more than that asks for another is a rotation
    under way. Requests must carry a greater (`last_boot`, `last_n`) each time, events a greater `last_seq`;
    `last_signed_at` is the newest request's own time, by the device's clock.
    """

    __tablename__ = "devices"
    __table_args__ = (
        CheckConstraint("device_id ~ '^[0-9a-f]{8}$'", name="device_id_hex"),
        CheckConstraint("battery_percent BETWEEN 0 AND 100", name="battery_percent_range"),
        CheckConstraint("base_kid >= 0 AND kid >= base_kid", name="kid_order"),
        CheckConstraint("last_seq >= 0 AND last_boot >= 0 AND last_n >= 0", name="counters_not_negative"),
        Index("ix_devices_place", "stock_location_id", "id"),
        Index("ix_devices_last_seen_at", "last_seen_at", postgresql_where=text("status = 'active'")),
    )

    id: Mapped[Id]
    device_id: Mapped[str] = mapped_column(String(8), unique=True)
    serial: Mapped[str] = mapped_column(String(64), unique=True)
    stock_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))
    trolley_id: Mapped[int | None] = mapped_column(ForeignKey("trolleys.id", ondelete="SET NULL"), unique=True)
    status: Mapped[DeviceStatus] = mapped_column(
        stored(DeviceStatus, "status"), server_default=DeviceStatus.ACTIVE.value
    )
    master_index: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    base_kid: Mapped[int] = mapped_column(server_default=text("0"))
    kid: Mapped[int] = mapped_column(server_default=text("0"))
    rotations: Mapped[list[str]] = mapped_column(ARRAY(String(32)), server_default=text("'{}'"))
    rotation_until: Mapped[Instant | None]
    bearer_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    claimed_at: Mapped[Instant | None]
    last_boot: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    last_n: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    last_signed_at: Mapped[Instant | None]
    last_seq: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    firmware: Mapped[str | None] = mapped_column(String(32))
    hardware: Mapped[str | None] = mapped_column(String(32))
    battery_percent: Mapped[int | None] = mapped_column(SmallInteger)
    millivolts: Mapped[int | None]
    is_charging: Mapped[bool | None] = mapped_column(Boolean)
    rssi_dbm: Mapped[int | None] = mapped_column(SmallInteger)
    uptime_seconds: Mapped[int | None] = mapped_column(BigInteger)
    free_heap_bytes: Mapped[int | None] = mapped_column(BigInteger)
    gross_grams: Mapped[int | None]
    floor: Mapped[int | None] = mapped_column(SmallInteger)
    x_cm: Mapped[int | None]
    y_cm: Mapped[int | None]
    located_at: Mapped[Instant | None]
    last_seen_at: Mapped[Instant | None]
    last_error: Mapped[str | None] = mapped_column(String(80))
    heartbeat_seconds: Mapped[int | None]
    notices: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))


class DeviceClaim(Base):
    """The one live code by which a device gets its key; kept as a keyed hash, good once."""

    __tablename__ = "device_claims"

    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]


class CartSession(Timestamped, Base):
    """A shopper and a trolley, from pairing to paid or left; its basket is the cart of channel IN_STORE.

    `snapshot` is what the basket was when the review began, `exited_at` when it went through the gate, paid. Weights in
    grams: what the lines should weigh, what the scale said last, and what it said without them.
    """

    __tablename__ = "cart_sessions"
    __table_args__ = (
        Index("uq_cart_sessions_trolley", "trolley_id", unique=True, postgresql_where=_OPEN),
        Index("uq_cart_sessions_user", "user_id", unique=True, postgresql_where=_OPEN),
        Index("uq_cart_sessions_cart", "cart_id", unique=True, postgresql_where=_OPEN),
        Index("ix_cart_sessions_user_id_id", "user_id", text("id DESC")),
        Index("ix_cart_sessions_cart_id", "cart_id"),
        CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="closed_has_outcome"),
        CheckConstraint("mismatches >= 0", name="mismatches_not_negative"),
    )

    id: Mapped[Id]
    trolley_id: Mapped[int] = mapped_column(ForeignKey("trolleys.id", ondelete="RESTRICT"))
    cart_id: Mapped[int] = mapped_column(ForeignKey("carts.id", ondelete="RESTRICT"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    stock_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))
    state: Mapped[TrolleyState] = mapped_column(
        stored(TrolleyState, "state"), server_default=TrolleyState.SHOPPING.value
    )
    opened_at: Mapped[Created]
    closed_at: Mapped[Instant | None]
    outcome: Mapped[SessionOutcome | None] = mapped_column(stored(SessionOutcome, "outcome"))
    version: Mapped[int] = mapped_column(server_default=text("0"))
    snapshot: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    last_event_at: Mapped[Created]
    weight_state: Mapped[WeightState] = mapped_column(
        stored(WeightState, "weight_state"), server_default=WeightState.OK.value
    )
    weight_since: Mapped[Instant | None]
    mismatches: Mapped[int] = mapped_column(server_default=text("0"))
    failed_samples: Mapped[int] = mapped_column(server_default=text("0"))
    expected_grams: Mapped[int] = mapped_column(server_default=text("0"))
    gross_grams: Mapped[int | None]
    baseline_grams: Mapped[int] = mapped_column(server_default=text("0"))
    needs_check: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    exit_token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    exited_at: Mapped[Instant | None]
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"), unique=True)


class Reservation(Timestamped, Base):
    """Pieces a trolley took from the shelf: out of `available`, in `reserved`, until checkout or until they expire."""

    __tablename__ = "reservations"
    __table_args__ = (
        Index("uq_reservations_line", "cart_id", "product_id", unique=True, postgresql_where=text("state = 'ACTIVE'")),
        Index("ix_reservations_expiring", "expires_at", postgresql_where=text("state = 'ACTIVE'")),
        Index("ix_reservations_product_id", "product_id", postgresql_where=text("state = 'ACTIVE'")),
        Index("ix_reservations_cart_id", "cart_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )

    id: Mapped[Id]
    cart_id: Mapped[int] = mapped_column(ForeignKey("carts.id", ondelete="RESTRICT"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="RESTRICT"))
    stock_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))
    quantity: Mapped[int]
    expires_at: Mapped[Instant]
    state: Mapped[ReservationState] = mapped_column(
        stored(ReservationState, "state"), server_default=ReservationState.ACTIVE.value
    )


class DeviceEvent(Base):
    """One event of a device, answered for good; its UNIQUE number makes sending it again harmless. Append-only."""

    __tablename__ = "device_events"
    __table_args__ = (
        UniqueConstraint("device_id", "seq"),
        Index("ix_device_events_session_id", "session_id", "id"),
        CheckConstraint("seq > 0", name="seq_positive"),
    )

    id: Mapped[Id]
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id", ondelete="RESTRICT"))
    seq: Mapped[int] = mapped_column(BigInteger)
    payload_hash: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(1))
    code: Mapped[str] = mapped_column(String(14))
    grams: Mapped[int]
    happened_at: Mapped[Instant | None]
    session_id: Mapped[int | None] = mapped_column(ForeignKey("cart_sessions.id", ondelete="RESTRICT"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id", ondelete="RESTRICT"))
    result: Mapped[int] = mapped_column(SmallInteger)
    quantity_now: Mapped[int]
    unit_price: Mapped[Money]
    created_at: Mapped[Created]


class BasketMove(Base):
    """Pieces that went into a trolley or out of it; the source of the stock movements they cause. Append-only."""

    __tablename__ = "basket_moves"
    __table_args__ = (
        Index("ix_basket_moves_session_id", "session_id", "id"),
        CheckConstraint("pieces <> 0 OR grams <> 0", name="moves_something"),
    )

    id: Mapped[Id]
    session_id: Mapped[int] = mapped_column(ForeignKey("cart_sessions.id", ondelete="RESTRICT"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="RESTRICT"))
    pieces: Mapped[int]
    grams: Mapped[int] = mapped_column(server_default=text("0"))
    device_event_id: Mapped[int | None] = mapped_column(ForeignKey("device_events.id", ondelete="RESTRICT"))
    actor_user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[Created]


class TrolleyIncident(Base):
    """Something that should not happen, for the staff and the owner of the fleet to look at."""

    __tablename__ = "trolley_incidents"
    __table_args__ = (
        Index("ix_trolley_incidents_open", "stock_location_id", "id", postgresql_where=text("resolved_at IS NULL")),
    )

    id: Mapped[Id]
    kind: Mapped[IncidentKind] = mapped_column(stored(IncidentKind, "kind"))
    stock_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))
    device_id: Mapped[int | None] = mapped_column(ForeignKey("devices.id", ondelete="RESTRICT"))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("cart_sessions.id", ondelete="RESTRICT"))
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    created_at: Mapped[Created]
    resolved_at: Mapped[Instant | None]
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class TrolleyAssist(Base):
    """A trolley that needs somebody of the staff; at most one open for each session and reason."""

    __tablename__ = "trolley_assists"
    __table_args__ = (
        Index(
            "uq_trolley_assists_open",
            "session_id",
            "reason",
            unique=True,
            postgresql_where=text("resolved_at IS NULL"),
        ),
        Index("ix_trolley_assists_open", "stock_location_id", "id", postgresql_where=text("resolved_at IS NULL")),
        CheckConstraint("(resolved_at IS NULL) = (outcome IS NULL)", name="resolved_has_outcome"),
    )

    id: Mapped[Id]
    session_id: Mapped[int | None] = mapped_column(ForeignKey("cart_sessions.id", ondelete="RESTRICT"))
    trolley_id: Mapped[int] = mapped_column(ForeignKey("trolleys.id", ondelete="RESTRICT"))
    stock_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))
    reason: Mapped[AssistReason] = mapped_column(stored(AssistReason, "reason"))
    floor: Mapped[int | None] = mapped_column(SmallInteger)
    x_cm: Mapped[int | None]
    y_cm: Mapped[int | None]
    expected_grams: Mapped[int | None]
    gross_grams: Mapped[int | None]
    opened_at: Mapped[Created]
    ack_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    ack_at: Mapped[Instant | None]
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    resolved_at: Mapped[Instant | None]
    outcome: Mapped[AssistOutcome | None] = mapped_column(stored(AssistOutcome, "outcome"))
    note: Mapped[str | None] = mapped_column(String(400))


class PairCode(Base):
    """A code on a trolley's display that its shopper types or scans; kept as a keyed hash, one open for each device."""

    __tablename__ = "pair_codes"
    __table_args__ = (Index("uq_pair_codes_open", "device_id", unique=True, postgresql_where=text("used_at IS NULL")),)

    id: Mapped[Id]
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"))
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]
    used_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class PendingPairing(Base):
    """A shopper who typed a trolley's sticker number and must still press its button."""

    __tablename__ = "pending_pairings"

    trolley_id: Mapped[int] = mapped_column(ForeignKey("trolleys.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[Instant]


class ShopperQr(Base):
    """A short-lived token that a trolley's scanner reads off the shopper's phone; kept as a keyed hash, good once."""

    __tablename__ = "shopper_qrs"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]


class HandoffCode(Base):
    """A code by which a till takes over a basket; kept as a keyed hash, good once."""

    __tablename__ = "handoff_codes"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("cart_sessions.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]
    used_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class Firmware(Base):
    """A version for a kind of hardware, offered to `rollout_percent` of the fleet; below a minimum it is a must."""

    __tablename__ = "firmwares"
    __table_args__ = (
        UniqueConstraint("hardware", "version"),
        CheckConstraint("rollout_percent BETWEEN 0 AND 100", name="rollout_percent_range"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_hex"),
    )

    id: Mapped[Id]
    hardware: Mapped[str] = mapped_column(String(32))
    version: Mapped[str] = mapped_column(String(32))
    sha256: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(String(200))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    rollout_percent: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    is_minimum: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    halted_at: Mapped[Instant | None]
    created_at: Mapped[Created]


class BeaconPlace(Base):
    """Where a radio beacon hangs in a branch; trolleys know it by four hex digits. One may mark the way out."""

    __tablename__ = "beacon_places"
    __table_args__ = (CheckConstraint("beacon_id ~ '^[0-9a-f]{4}$'", name="beacon_id_hex"),)

    stock_location_id: Mapped[int] = mapped_column(
        ForeignKey("stock_locations.id", ondelete="CASCADE"), primary_key=True
    )
    beacon_id: Mapped[str] = mapped_column(String(4), primary_key=True)
    floor: Mapped[int] = mapped_column(SmallInteger)
    x_cm: Mapped[int]
    y_cm: Mapped[int]
    is_exit: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))


class LocationSample(Base):
    """Where a device was, one row a minute, kept for a week."""

    __tablename__ = "location_samples"
    __table_args__ = (Index("ix_location_samples_minute", "minute"),)

    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True)
    minute: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    session_id: Mapped[int | None] = mapped_column(ForeignKey("cart_sessions.id", ondelete="SET NULL"))
    floor: Mapped[int] = mapped_column(SmallInteger)
    x_cm: Mapped[int]
    y_cm: Mapped[int]


class ProductWeight(Base):
    """What accepted scans say a product really weighs (Welford's running mean and sum of squared deviations)."""

    __tablename__ = "product_weights"
    __table_args__ = (CheckConstraint("samples > 0", name="samples_positive"),)

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), primary_key=True)
    samples: Mapped[int]
    mean_grams: Mapped[float]
    squares: Mapped[float]
