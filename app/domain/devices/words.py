"""The numbers and words that SC1 alone has, as the contract fixes them (smart-cart.md, B.4 to B.9)."""

from enum import IntEnum, StrEnum


class EventKind(StrEnum):
    """What a device reports (B.5)."""

    ADD = "a"
    REMOVE = "r"
    WEIGHT = "w"
    PRODUCE = "p"
    HELP = "h"
    FINISH = "f"
    TAMPER = "x"
    DOCKED = "d"


class ResultCode(IntEnum):
    """What became of one event (B.5)."""

    OK = 0
    REMOVED = 1
    UNKNOWN_PRODUCT = 2
    WEIGHT_MISMATCH = 3
    NOT_IN_CART = 4
    NO_SESSION = 5
    LOCKED = 6
    LATE = 7
    CHECK_NEEDED = 8
    ALREADY_KNOWN = 9
    NEEDS_GRAMS = 10
    NOT_SOLD_HERE = 11


class ItemFlag(IntEnum):
    """Bits of `k` on an item card (B.5)."""

    BY_WEIGHT = 1
    AGE_CHECK = 2
    FROZEN = 4
    ALLERGY = 8


class RefusalCode(StrEnum):
    """`e` of an error body (B.4)."""

    BAD = "bad"
    AUTH = "auth"
    SIGNATURE = "sig"
    TIME = "time"
    OFF = "off"
    DEVICE = "dev"
    USED = "used"
    REPLAY = "replay"
    GAP = "gap"
    CLASH = "clash"
    BIG = "big"
    FIRMWARE = "fw"
    SLOW = "slow"
    BUSY = "busy"


HTTP_STATUS: dict[RefusalCode, int] = {
    RefusalCode.BAD: 400,
    RefusalCode.AUTH: 401,
    RefusalCode.SIGNATURE: 401,
    RefusalCode.TIME: 401,
    RefusalCode.OFF: 403,
    RefusalCode.DEVICE: 404,
    RefusalCode.REPLAY: 409,
    RefusalCode.GAP: 409,
    RefusalCode.CLASH: 409,
    RefusalCode.USED: 410,
    RefusalCode.BIG: 413,
    RefusalCode.FIRMWARE: 426,
    RefusalCode.SLOW: 429,
    RefusalCode.BUSY: 503,
}
"""`used` is the one code B.4 does not name: the 410 of a claim code's second use (B.2)."""
