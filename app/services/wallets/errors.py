"""Why a wallet is left as it is."""

from app.errors import Forbidden


class SelfCreditClosed(Forbidden):
    """Users cannot give themselves money in production (ALLOW_SELF_WALLET_CREDIT)."""

    code = "SELF_CREDIT_CLOSED"
    message = "Forbidden"
