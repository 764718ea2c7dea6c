"""Integrators' endpoints as admins make and watch them. The secret is shown when it is made, and never again."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session

from app.clients import webhooks as client
from app.domain.caller import Caller
from app.domain.enums import SwitchedOff
from app.domain.webhooks import SECRET_BYTES, secret_from
from app.models import WebhookEndpoint
from app.schemas.envelope import PageMeta
from app.schemas.pagination import Page
from app.schemas.webhooks import (
    NewWebhookEndpoint,
    WebhookEndpointAnswer,
    WebhookEndpointChange,
    WebhookEndpointSecret,
)
from app.services import audit, changes, locks
from app.services.pages import newest_first
from app.services.secrets_at_rest import encrypt
from app.services.webhooks.errors import WebhookAddressRefused, WebhookNotFound
from app.services.webhooks.policy import policy
from app.transaction import reading, transaction

BOTH_SECRETS_FOR = timedelta(hours=24)

_ENTITY = "webhook_endpoint"
_COLUMNS = tuple(WebhookEndpoint.__table__.c[name] for name in WebhookEndpointAnswer.model_fields)
_ALL = select(*_COLUMNS)
_ONE = _ALL.where(WebhookEndpoint.id == bindparam("endpoint_id", type_=BigInteger))


def page(query: Page) -> tuple[list[WebhookEndpointAnswer], PageMeta]:
    """A page of all endpoints. Raises ValidationFailed for a cursor of another list."""
    rows, meta = newest_first(_ALL, WebhookEndpoint.id, query, {})
    return [WebhookEndpointAnswer.model_validate(row) for row in rows], meta


def show(endpoint_id: int) -> WebhookEndpointAnswer:
    """One endpoint. Raises WebhookNotFound."""
    with reading() as connection:
        row = connection.execute(_ONE, {"endpoint_id": endpoint_id}).one_or_none()
    if row is None:
        raise WebhookNotFound
    return WebhookEndpointAnswer.model_validate(row)


def create(form: NewWebhookEndpoint, caller: Caller) -> WebhookEndpointSecret:
    """Make an active endpoint with a secret of its own. Raises WebhookAddressRefused."""
    _check(form.url)
    secret = _new_secret()
    with transaction() as session:
        endpoint = WebhookEndpoint(**form.model_dump(), secret=encrypt(secret), created_by=caller.user_id)
        session.add(endpoint)
        session.flush()
        _record(session, endpoint, "CREATE", caller, new=_without_path(form.model_dump()))
        session.refresh(endpoint)
        return _with_secret(endpoint, secret)


def change(form: WebhookEndpointChange, caller: Caller, *, endpoint_id: int) -> WebhookEndpointAnswer:
    """Change what the form names; messages on their way go to the new address.

    Raises WebhookNotFound or WebhookAddressRefused.
    """
    if form.url is not None:
        _check(form.url)
    return _edit(form.model_dump(exclude_unset=True), caller, endpoint_id=endpoint_id, action="UPDATE")


def pause(caller: Caller, *, endpoint_id: int) -> WebhookEndpointAnswer:
    """Send nothing for a while. What is on its way waits; of what happens meanwhile the endpoint never hears.

    Raises WebhookNotFound.
    """
    values = {"is_active": False, "disabled_reason": SwitchedOff.PAUSED.value}
    return _edit(values, caller, endpoint_id=endpoint_id, action="PAUSE")


def resume(caller: Caller, *, endpoint_id: int) -> WebhookEndpointAnswer:
    """Send again, whyever the endpoint was switched off; its failures are forgotten. Raises WebhookNotFound."""
    values = {"is_active": True, "disabled_reason": None, "failing_since": None}
    return _edit(values, caller, endpoint_id=endpoint_id, action="RESUME")


def rotate(caller: Caller, *, endpoint_id: int) -> WebhookEndpointSecret:
    """A new secret; for 24 hours messages are signed with the former one as well. Raises WebhookNotFound."""
    secret = _new_secret()
    with transaction() as session:
        endpoint = locked(session, endpoint_id)
        endpoint.previous_secret, endpoint.secret = endpoint.secret, encrypt(secret)
        endpoint.previous_until = datetime.now(UTC) + BOTH_SECRETS_FOR
        session.flush()
        _record(session, endpoint, "ROTATE_SECRET", caller)
        session.refresh(endpoint)
        return _with_secret(endpoint, secret)


def remove(caller: Caller, *, endpoint_id: int) -> None:
    """Delete an endpoint with its deliveries. Raises WebhookNotFound."""
    with transaction() as session:
        endpoint = locked(session, endpoint_id)
        old = {"url": endpoint.url, "topics": endpoint.topics, "description": endpoint.description}
        session.delete(endpoint)
        _record(session, endpoint, "DELETE", caller, old=_without_path(old))


def locked(session: Session, endpoint_id: int) -> WebhookEndpoint:
    """An endpoint, locked. A step. Raises WebhookNotFound."""
    endpoint = locks.webhook_endpoint(session, endpoint_id=endpoint_id)
    if endpoint is None:
        raise WebhookNotFound
    return endpoint


def _edit(values: changes.Values, caller: Caller, *, endpoint_id: int, action: str) -> WebhookEndpointAnswer:
    with transaction() as session:
        endpoint = locked(session, endpoint_id)
        done = changes.apply(endpoint, values)
        told = changes.Change(_without_path(done.old), _without_path(done.new))
        session.flush()
        changes.record(session, told, entity_type=_ENTITY, action=action, entity_id=endpoint_id, by=caller)
        session.refresh(endpoint)
        return WebhookEndpointAnswer.model_validate(_shown(endpoint))


def _check(url: str) -> None:
    """Before any transaction, as a name is looked up. Raises WebhookAddressRefused."""
    try:
        client.check(url, policy())
    except client.AddressRefused as refusal:
        raise WebhookAddressRefused(str(refusal)) from None


def _without_path(values: changes.Values) -> changes.Values:
    """For the audit trail, which managers read: of an address the server only, as some hold a secret behind it."""
    if "url" not in values:
        return values
    url = urlsplit(values["url"])
    return {**values, "url": f"{url.scheme}://{url.hostname}/..."}


def _new_secret() -> str:
    return secret_from(secrets.token_bytes(SECRET_BYTES))


def _record(session: Session, endpoint: WebhookEndpoint, action: str, caller: Caller, **values: Any) -> None:
    audit.record(session, entity_type=_ENTITY, action=action, entity_id=endpoint.id, by=caller, **values)


def _shown(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {name: getattr(endpoint, name) for name in WebhookEndpointAnswer.model_fields}


def _with_secret(endpoint: WebhookEndpoint, secret: str) -> WebhookEndpointSecret:
    return WebhookEndpointSecret(**_shown(endpoint), secret=secret)
