"""Why something about an integrator's endpoint cannot be done."""

from app.errors import BadRequest, Conflict, NotFound


class WebhookNotFound(NotFound):
    code = "WEBHOOK_NOT_FOUND"
    message = "There is no such endpoint."


class WebhookDeliveryNotFound(NotFound):
    code = "WEBHOOK_DELIVERY_NOT_FOUND"
    message = "There is no such delivery at this endpoint."


class WebhookAddressRefused(BadRequest):
    code = "WEBHOOK_ADDRESS_REFUSED"
    message = "Messages cannot be sent to this address."


class WebhookSwitchedOff(Conflict):
    code = "WEBHOOK_SWITCHED_OFF"
    message = "The endpoint is switched off. Resume it first: POST /api/v1/admin/webhooks/{id}/resume."


class DeliveryPending(Conflict):
    code = "WEBHOOK_DELIVERY_PENDING"
    message = "This message is still on its way. Wait until it is sent or has failed."
