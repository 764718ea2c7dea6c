"""Endpoints of integrators, each before its deliveries."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import BigInteger, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from app.models import WebhookEndpoint
from app.models.base import AnyRow

_ENDPOINT = (
    select(WebhookEndpoint)
    .where(WebhookEndpoint.id == bindparam("endpoint_id", type_=BigInteger))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def webhook_endpoint(session: Session, *, endpoint_id: int) -> WebhookEndpoint | None:
    """An endpoint, locked; deliveries may still be put up for it meanwhile."""
    return session.execute(_ENDPOINT, {"endpoint_id": endpoint_id}).scalar_one_or_none()


_DUE_DELIVERY = text("""
    WITH due AS (
        SELECT first.id
        FROM webhook_endpoints AS endpoints CROSS JOIN LATERAL (
            SELECT id, next_at FROM webhook_deliveries
            WHERE endpoint_id = endpoints.id AND state = 'pending' AND next_at <= now()
            ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED
        ) AS first
        WHERE endpoints.is_active AND endpoints.id <> ALL (:avoiding)
        ORDER BY first.next_at LIMIT 1
    )
    UPDATE webhook_deliveries AS deliveries SET attempts = attempts + 1, next_at = now() + CAST(:lease AS interval)
    FROM due, webhook_endpoints AS endpoints
    WHERE deliveries.id = due.id AND endpoints.id = deliveries.endpoint_id
    RETURNING deliveries.id, deliveries.endpoint_id, deliveries.event_id, deliveries.payload, deliveries.attempts,
        endpoints.url, endpoints.secret,
        CASE WHEN endpoints.previous_until > now() THEN endpoints.previous_secret END AS previous_secret
""").bindparams(bindparam("avoiding", type_=ARRAY(BigInteger)))


def lease_delivery(session: Session, *, lease: timedelta, avoiding: Sequence[int]) -> AnyRow | None:
    """Take on the delivery due first at an active endpoint not among `avoiding`, with what sending it needs.

    It is out of everybody's sight for the length of the lease; rows that another one takes on at this moment are
    skipped (one statement).
    """
    return session.execute(_DUE_DELIVERY, {"lease": lease, "avoiding": list(avoiding)}).one_or_none()
