"""Why a payout is not made, or not moved on."""

from app.errors import Conflict, Forbidden, NotFound


class NoPayoutBank(Conflict):
    """The vendor names a bank first: POST /api/v1/vendor/payout/setup."""

    code = "NO_PAYOUT_BANK"
    message = "No payout bank setup found"


class PayoutNotFound(NotFound):
    code = "PAYOUT_NOT_FOUND"
    message = "There is no such payout."


class PayoutNotThere(Conflict):
    """`details.state` is the payout's, `details.allowed_from` the states the step can be taken from."""

    code = "INVALID_STATUS"
    message = "The payout is not in a state for this; details.state says which it has."


class NeedsAnotherAdmin(Forbidden):
    code = "PAYOUT_NEEDS_ANOTHER_ADMIN"
    message = "You asked for this payout yourself. Another admin has to approve it."
