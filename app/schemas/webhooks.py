"""What webhooks answer."""

from app.schemas.envelope import Answer


class WebhookReceived(Answer):
    """The event is kept; it is acted on within seconds."""

    received: bool
