"""What kinds of addresses this deployment sends webhooks to."""

from app.clients.webhooks import Policy
from app.config import settings


def policy() -> Policy:
    """https alone in production; private addresses only with WEBHOOK_ALLOW_PRIVATE."""
    current = settings()
    return Policy(plain_http=not current.in_production, private=current.webhook_allow_private)
