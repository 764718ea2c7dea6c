"""The fleet of trolleys and their devices, as managers see and change it."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, StringConstraints, model_validator

from app.domain.enums import DeviceStatus, TrolleyState
from app.schemas.envelope import NOT_A_TRUTH, Answer, Instant, Listed, Request, RowId
from app.schemas.pagination import Page
from app.schemas.text import Line

Serial = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._:+-]{1,32}$"), Field(examples=["24:6F:28:AE:52:7C"])]
CartLabel = Annotated[Line, StringConstraints(min_length=1, max_length=40), Field(examples=["A-17"])]
TareGrams = Annotated[int, Field(ge=0, le=200_000), NOT_A_TRUTH]
HeartbeatSeconds = Annotated[int, Field(ge=5, le=3600), NOT_A_TRUTH]


class NewDevice(Request):
    """A trolley with this label is made where the branch has none; `tare_g` is what it weighs empty, in grams."""

    example: ClassVar[Mapping[str, Any]] = {"serial": "24:6F:28:AE:52:7C", "branch_id": 1, "cart_label": "A-17"}

    serial: Serial
    branch_id: RowId
    cart_label: CartLabel
    tare_g: TareGrams = 0


class DeviceChange(Request):
    """What is left out stays. `heartbeat_seconds` is how often it is to report."""

    example: ClassVar[Mapping[str, Any]] = {"status": "suspended"}

    status: DeviceStatus | None = None
    heartbeat_seconds: HeartbeatSeconds | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set or None in (getattr(self, name) for name in self.model_fields_set):
            raise ValueError("name status or heartbeat_seconds, neither of them null")
        return self


class DeviceQuery(Page):
    """`q` is looked for in serials, labels and device ids; `online`: heard of in the last five minutes."""

    branch_id: RowId | None = None
    status: DeviceStatus | None = None
    online: bool | None = None
    q: Annotated[Line, StringConstraints(max_length=64)] | None = None


class ClaimCode(Answer):
    """Shown this once: good for one claim within 15 minutes."""

    device_id: str
    claim_code: str
    expires_at: Instant


class DeviceMade(ClaimCode):
    id: int
    branch_id: int
    trolley: int
    cart_label: str


class BearerToken(Answer):
    """Shown this once; for simple firmware that cannot sign."""

    device_id: str
    token: str


class ManagedDevice(Answer):
    """A device with the last that was heard of it. Battery in percent, `gross_grams` by its scale, places in cm.

    `trolley` is the number on the sticker, `session_id` the open session of a shopper with it.
    """

    id: int
    device_id: str
    serial: str
    branch_id: int
    trolley: int | None
    cart_label: str | None
    trolley_state: TrolleyState | None
    session_id: int | None
    status: DeviceStatus
    online: bool
    is_claimed: bool
    kid: int
    is_rotating: bool
    has_bearer: bool
    firmware: str | None
    hardware: str | None
    battery_percent: int | None
    is_charging: bool | None
    millivolts: int | None
    rssi_dbm: int | None
    uptime_seconds: int | None
    free_heap_bytes: int | None
    gross_grams: int | None
    floor: int | None
    x_cm: int | None
    y_cm: int | None
    located_at: Instant | None
    last_seen_at: Instant | None
    last_boot: int
    last_seq: int
    last_error: str | None
    heartbeat_seconds: int | None
    created_at: Instant


class DeviceList(Listed[ManagedDevice]):
    pass


class BeaconForm(Request):
    """A radio beacon by four hexadecimal digits, where it hangs in centimetres.

    `is_exit`: it marks the way out, where a trolley with unpaid goods must not be.
    """

    beacon_id: Annotated[str, StringConstraints(pattern="^[0-9a-f]{4}$")]
    floor: Annotated[int, Field(ge=-99, le=99), NOT_A_TRUTH] = 0
    x_cm: Annotated[int, Field(ge=0, le=1_000_000), NOT_A_TRUTH]
    y_cm: Annotated[int, Field(ge=0, le=1_000_000), NOT_A_TRUTH]
    is_exit: bool = False


class BeaconsForm(Request):
    """All beacons of a branch; those left out are forgotten."""

    example: ClassVar[Mapping[str, Any]] = {"beacons": [{"beacon_id": "b17f", "floor": 0, "x_cm": 400, "y_cm": 250}]}

    beacons: Annotated[list[BeaconForm], Field(max_length=1000)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({beacon.beacon_id for beacon in self.beacons}) < len(self.beacons):
            raise ValueError("a beacon stands twice")
        return self


class ShownBeacon(Answer):
    beacon_id: str
    floor: int
    x_cm: int
    y_cm: int
    is_exit: bool
