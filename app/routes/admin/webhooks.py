"""Integrators that are told of events over HTTP."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed, never_stored
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed, Message
from app.schemas.pagination import Page
from app.schemas.webhooks import (
    FailedReplay,
    FailedReplayAnswer,
    NewWebhookEndpoint,
    WebhookDeliveryAnswer,
    WebhookDeliveryDetail,
    WebhookDeliveryQuery,
    WebhookEndpointAnswer,
    WebhookEndpointChange,
    WebhookEndpointSecret,
)
from app.services.webhooks import deliveries, endpoints
from app.services.webhooks.errors import (
    DeliveryPending,
    WebhookAddressRefused,
    WebhookDeliveryNotFound,
    WebhookNotFound,
    WebhookSwitchedOff,
)

webhooks = Blueprint("admin_webhooks", __name__)


@webhooks.get("")
@endpoint(query=Page, answers={200: Listed[WebhookEndpointAnswer]})
def list_webhooks(query: Page) -> Response:
    """List the endpoints, newest first."""
    return listed(*endpoints.page(query))


@webhooks.post("")
@endpoint(body=NewWebhookEndpoint, answers={201: WebhookEndpointSecret}, errors=(WebhookAddressRefused,))
def create_webhook(body: NewWebhookEndpoint) -> Response:
    """Make an endpoint. Its secret is shown this once.

    The address must begin with https:// and lead to the public internet; it is checked again at every message.
    """
    return never_stored(answer(endpoints.create(body, current_caller()), status=201))


@webhooks.get("/<int:endpoint_id>")
@endpoint(answers={200: WebhookEndpointAnswer}, errors=(WebhookNotFound,))
def show_webhook(endpoint_id: int) -> Response:
    """Show an endpoint."""
    return answer(endpoints.show(endpoint_id))


@webhooks.patch("/<int:endpoint_id>")
@endpoint(
    body=WebhookEndpointChange,
    answers={200: WebhookEndpointAnswer},
    errors=(WebhookAddressRefused, WebhookNotFound),
)
def change_webhook(endpoint_id: int, body: WebhookEndpointChange) -> Response:
    """Change what the body names. Messages on their way go to the new address."""
    return answer(endpoints.change(body, current_caller(), endpoint_id=endpoint_id))


@webhooks.delete("/<int:endpoint_id>")
@endpoint(answers={200: Message}, errors=(WebhookNotFound,))
def delete_webhook(endpoint_id: int) -> Response:
    """Delete an endpoint with all its deliveries."""
    endpoints.remove(current_caller(), endpoint_id=endpoint_id)
    return answer(Message(message="The endpoint is deleted."))


@webhooks.post("/<int:endpoint_id>/pause")
@endpoint(answers={200: WebhookEndpointAnswer}, errors=(WebhookNotFound,))
def pause_webhook(endpoint_id: int) -> Response:
    """Send nothing for a while. What is on its way waits; of what happens meanwhile the endpoint never hears."""
    return answer(endpoints.pause(current_caller(), endpoint_id=endpoint_id))


@webhooks.post("/<int:endpoint_id>/resume")
@endpoint(answers={200: WebhookEndpointAnswer}, errors=(WebhookNotFound,))
def resume_webhook(endpoint_id: int) -> Response:
    """Send again, whyever the endpoint was switched off. What waited is sent at once."""
    return answer(endpoints.resume(current_caller(), endpoint_id=endpoint_id))


@webhooks.post("/<int:endpoint_id>/secret")
@endpoint(answers={200: WebhookEndpointSecret}, errors=(WebhookNotFound,))
def rotate_webhook_secret(endpoint_id: int) -> Response:
    """Make a new secret, shown this once. For 24 hours messages are signed with the former one as well."""
    return never_stored(answer(endpoints.rotate(current_caller(), endpoint_id=endpoint_id)))


@webhooks.post("/<int:endpoint_id>/ping")
@endpoint(answers={202: WebhookDeliveryDetail}, errors=(WebhookNotFound, WebhookSwitchedOff))
def ping_webhook(endpoint_id: int) -> Response:
    """Send a `webhook.ping` within seconds; look at the delivery to see how it went."""
    return answer(deliveries.ping(current_caller(), endpoint_id=endpoint_id), status=202)


@webhooks.post("/<int:endpoint_id>/replay")
@endpoint(body=FailedReplay, answers={202: FailedReplayAnswer}, errors=(WebhookNotFound, WebhookSwitchedOff))
def replay_failed_webhooks(endpoint_id: int, body: FailedReplay) -> Response:
    """Send again what failed for good since a time, at most a thousand messages, the oldest first."""
    return answer(deliveries.replay_failed(body, current_caller(), endpoint_id=endpoint_id), status=202)


@webhooks.get("/<int:endpoint_id>/deliveries")
@endpoint(query=WebhookDeliveryQuery, answers={200: Listed[WebhookDeliveryAnswer]}, errors=(WebhookNotFound,))
def list_webhook_deliveries(endpoint_id: int, query: WebhookDeliveryQuery) -> Response:
    """List what was and is to be sent to an endpoint, newest first."""
    return listed(*deliveries.page(query, endpoint_id=endpoint_id))


@webhooks.get("/<int:endpoint_id>/deliveries/<int:delivery_id>")
@endpoint(answers={200: WebhookDeliveryDetail}, errors=(WebhookDeliveryNotFound,))
def show_webhook_delivery(endpoint_id: int, delivery_id: int) -> Response:
    """Show a delivery with its body and how its last try went."""
    return answer(deliveries.show(endpoint_id=endpoint_id, delivery_id=delivery_id))


@webhooks.post("/<int:endpoint_id>/deliveries/<int:delivery_id>/replay")
@endpoint(
    answers={202: WebhookDeliveryDetail},
    errors=(WebhookNotFound, WebhookDeliveryNotFound, WebhookSwitchedOff, DeliveryPending),
)
def replay_webhook_delivery(endpoint_id: int, delivery_id: int) -> Response:
    """Send a message again under the same `webhook-id`."""
    made = deliveries.replay(current_caller(), endpoint_id=endpoint_id, delivery_id=delivery_id)
    return answer(made, status=202)
