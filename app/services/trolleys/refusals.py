"""Why a shopper's wish about a trolley is refused."""

from app.errors import Conflict, DomainError, NotFound


class NoTrolley(NotFound):
    code = "NO_CART"
    message = "You have no trolley. Connect one first."


class TrolleyCartNotFound(NotFound):
    code = "CART_NOT_FOUND"
    message = "You have no trolley with this cart."


class TrolleyNotFound(NotFound):
    code = "TROLLEY_NOT_FOUND"
    message = "There is no trolley with this number."


class TrolleyInUse(Conflict):
    code = "TROLLEY_IN_USE"
    message = "Somebody else has this trolley. Take another one."


class TrolleyUnavailable(Conflict):
    """`details.reason`: `state` (not ready for a shopper), `battery` (too low for a shop) or `device` (not working)."""

    code = "TROLLEY_UNAVAILABLE"
    message = "This trolley cannot be taken now. Take another one."


class SessionOpen(Conflict):
    code = "SESSION_OPEN"
    message = "You have a trolley already. Disconnect it first, or transfer your cart."


class PairCodeUnknown(NotFound):
    code = "PAIR_CODE_UNKNOWN"
    message = "No trolley shows this code. Read it again from the display."


class PairCodeGone(DomainError):
    code = "PAIR_CODE_GONE"
    status = 410
    message = "This code is used or too old. Ask the trolley for a new one."


class CartLocked(Conflict):
    """`details.state` is where the trolley stands."""

    code = "CART_LOCKED"
    message = "The cart cannot be changed in this way now; details.state says where it stands."


class OtherBranch(Conflict):
    code = "OTHER_BRANCH"
    message = "This trolley is in another branch."
