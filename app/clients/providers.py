"""Which payment provider this deployment uses."""

from functools import lru_cache

from app.clients.payments import PaymentClient
from app.clients.sandbox_payments import SandboxPayments
from app.config import Settings


@lru_cache(maxsize=8)
def payment_client(settings: Settings) -> PaymentClient:
    """The one client of these settings; it keeps its connections open between calls."""
    if settings.payment_provider == "stripe":
        from app.clients.stripe_payments import StripePayments  # noqa: PLC0415 (loaded only where it is used)

        return StripePayments(settings)
    return SandboxPayments(settings)
