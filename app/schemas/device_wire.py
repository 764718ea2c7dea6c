"""What devices are answered on the wire of SC1, for the documentation and tests; made by `domain.devices.answers`."""

from typing import Annotated

from pydantic import Field, RootModel

from app.schemas.envelope import Answer

Int32 = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
UnixTime = Annotated[Int32, Field(examples=[1795252282])]
Notice = Annotated[list[int | str], Field(min_length=1, max_length=3)]


class DeviceError(Answer):
    """Any refusal: `e` says why, `a`, `b` and `n` where to go on, `r` how many seconds to wait."""

    v: int
    t: UnixTime
    e: str = Field(examples=["sig"])
    a: Int32 | None = None
    b: Int32 | None = None
    n: Int32 | None = None
    r: Int32 | None = None


class DeviceStanding(Answer):
    """`a` last event taken, `z` session (0: nobody paired), `st` state, `q` units, `w` expected grams, `n` notices.

    `p` is the total in minor units.
    """

    v: int
    t: UnixTime
    a: Int32
    z: Int32
    st: Annotated[int, Field(ge=0, le=7)]
    q: Int32
    w: Int32
    p: Int32
    n: Annotated[list[Notice], Field(max_length=2)]


EventResult = Annotated[list[Int32], Field(min_length=4, max_length=4)]


class EventsTaken(DeviceStanding):
    """And `r`: number of the event, result code, quantity now, unit price in minor units."""

    r: Annotated[list[EventResult], Field(max_length=16)]


class DeviceKey(Answer):
    """The one answer with a key: `id` of the device, key number `k`, 64 hexadecimal digits of `key`."""

    v: int
    id: str
    k: Int32
    key: str
    t: UnixTime


class PairingCode(Answer):
    """`c` for the display, good for `x` seconds, `u` for a QR code."""

    v: int
    c: str
    x: Int32
    u: str


class PairingAnswer(RootModel[PairingCode | DeviceStanding]):
    """A code, or how the trolley stands once a token or a phone number was taken."""


class ItemOnDisplay(Answer):
    """Code, name, price `p` before any offer and `o` with it in minor units, `w` grams.

    `k` adds up: 1 by weight, 2 age check, 4 frozen, 8 the shopper is allergic to it.
    """

    v: int
    c: str
    n: str
    p: Int32
    o: Int32
    w: Int32
    k: Annotated[int, Field(ge=0, le=15)]


class FirmwareOnWire(Answer):
    """Version, size in bytes, SHA-256 in hexadecimal and the maker's signature."""

    v: int
    ver: str
    n: Int32
    sha: str
    sig: str
