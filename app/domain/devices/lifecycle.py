"""The life of a trolley: what may happen in which state, and when silence means it is lost (smart-cart.md, B.9)."""

from enum import StrEnum

from app.domain.enums import TrolleyState
from app.domain.enums import TrolleyState as S

STALE_S = 5 * 60
LOST_S = 30 * 60
SUSPEND_LOST_S = 24 * 3600
ABANDONED_S = 45 * 60
EMPTY_MARGIN_G = 30
EMPTY_S = 60
BATTERY_TO_PAIR = 20
BATTERY_TO_MOVE = 8


class CartMove(StrEnum):
    """What happens to a trolley. RETURN is a dock or an empty basket; LEAVE is a shopper who disconnects."""

    PAIR = "pair"
    REVIEW = "review"
    CANCEL_REVIEW = "cancel_review"
    PAY = "pay"
    PAYMENT_FAILED = "payment_failed"
    PAID = "paid"
    RETURN = "return"
    LEAVE = "leave"
    TRANSFER = "transfer"
    ABANDON = "abandon"
    CALL_STAFF = "call_staff"
    STAFF_DONE = "staff_done"
    LOSE = "lose"
    FOUND = "found"
    TAKE_OUT = "take_out"
    RELEASE = "release"


_FROM_ANY = {CartMove.LOSE: S.LOST, CartMove.TAKE_OUT: S.MAINTENANCE}

CART_MOVES: dict[S, dict[CartMove, S]] = {
    S.IDLE: {**_FROM_ANY, CartMove.PAIR: S.SHOPPING},
    S.SHOPPING: {
        **_FROM_ANY,
        CartMove.REVIEW: S.REVIEW,
        CartMove.CALL_STAFF: S.ASSIST,
        CartMove.RETURN: S.IDLE,
        CartMove.LEAVE: S.IDLE,
        CartMove.TRANSFER: S.IDLE,
        CartMove.ABANDON: S.MAINTENANCE,
    },
    S.REVIEW: {
        **_FROM_ANY,
        CartMove.CANCEL_REVIEW: S.SHOPPING,
        CartMove.PAY: S.PAYING,
        CartMove.CALL_STAFF: S.ASSIST,
        CartMove.LEAVE: S.IDLE,
        CartMove.ABANDON: S.MAINTENANCE,
    },
    S.PAYING: {**_FROM_ANY, CartMove.PAID: S.PAID, CartMove.PAYMENT_FAILED: S.REVIEW},
    S.PAID: {**_FROM_ANY, CartMove.RETURN: S.IDLE},
    S.ASSIST: {
        **_FROM_ANY,
        CartMove.STAFF_DONE: S.SHOPPING,
        CartMove.LEAVE: S.IDLE,
        CartMove.TRANSFER: S.IDLE,
        CartMove.ABANDON: S.MAINTENANCE,
    },
    S.LOST: {CartMove.FOUND: S.MAINTENANCE, CartMove.TAKE_OUT: S.MAINTENANCE},
    S.MAINTENANCE: {CartMove.LOSE: S.LOST, CartMove.RELEASE: S.IDLE},
}
"""An abandoned trolley has goods in it, so it goes to maintenance: staff put them back and release it.
STAFF_DONE always leads back to shopping: what was settled may have changed the cart that was under review."""

IN_SESSION = frozenset({S.SHOPPING, S.REVIEW, S.PAYING, S.PAID, S.ASSIST})
CART_OPEN = frozenset({S.SHOPPING, S.ASSIST})
"""States in which scans change the cart; in the other states of a session they are answered LOCKED."""


class Presence(StrEnum):
    FRESH = "fresh"
    STALE = "stale"
    LOST = "lost"


def after(move: CartMove, now: TrolleyState) -> TrolleyState | None:
    """Where a move leads from a state; None when it may not happen there."""
    return CART_MOVES[now].get(move)


def presence(silent_s: int, state: TrolleyState) -> Presence:
    """What seconds of silence mean. Outside a session a trolley sleeps unasked: only one with a shopper gets lost."""
    if state not in IN_SESSION or silent_s < STALE_S:
        return Presence.FRESH
    return Presence.STALE if silent_s < LOST_S else Presence.LOST


def is_abandoned(state: TrolleyState, quiet_s: int, gross_g: int, tare_g: int) -> bool:
    """Whether a shopper left goods behind: no event for 45 minutes and more than the tare on the scale.

    One who is paying or has paid is not held to have left.
    """
    waiting = state in {S.SHOPPING, S.REVIEW, S.ASSIST}
    return waiting and quiet_s >= ABANDONED_S and gross_g > tare_g


def is_emptied(gross_g: int, tare_g: int, light_s: int) -> bool:
    """Whether a basket has been as good as empty long enough; `light_s` is how long the scale has said so."""
    return gross_g <= tare_g + EMPTY_MARGIN_G and light_s >= EMPTY_S


def may_pair(state: TrolleyState, battery: int | None) -> bool:
    """Whether a shopper may take the trolley: idle, and its battery (percent, None if never told) lasts a shop."""
    return state is S.IDLE and (battery is None or battery >= BATTERY_TO_PAIR)


def should_move(battery: int, state: TrolleyState) -> bool:
    """Whether a shopper is to be told to change trolleys because of its battery (percent)."""
    return state in IN_SESSION and battery < BATTERY_TO_MOVE
