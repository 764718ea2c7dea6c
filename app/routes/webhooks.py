"""Events sent by the payment provider."""

from flask import Blueprint, Response, request

from app.errors import NotFound
from app.middleware.answers import answer
from app.openapi import Header, endpoint
from app.schemas.webhooks import WebhookReceived
from app.services.payments import webhooks

payments = Blueprint("payment_webhooks", __name__)

_SCHEME = "t=<unix seconds>,v1=<hex HMAC-SHA256 over '<t>.<raw body>'>"


@payments.post("/<provider>")
@endpoint(
    raw_body="The provider's event, at most 64 KiB, exactly as it was signed.",
    headers=(
        Header("Stripe-Signature", f"The signature as Stripe sends it: {_SCHEME}."),
        Header("X-Webhook-Signature", "The same, for other providers."),
    ),
    answers={200: WebhookReceived},
    errors=(webhooks.InvalidSignature, webhooks.NotAnEvent, webhooks.WebhookTooLarge, NotFound),
)
def receive_payment_event(provider: str) -> Response:
    """Take in a signed event of the payment provider.

    `provider` is the one this shop uses: `mockpay` or `stripe`. An event sent again is answered the same and kept once.
    """
    signature = request.headers.get("Stripe-Signature") or request.headers.get("X-Webhook-Signature", "")
    webhooks.receive(provider=provider, raw=request.get_data(), signature=signature)
    return answer(WebhookReceived(received=True))
