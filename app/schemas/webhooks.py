"""Payment webhooks that come in, and integrators' endpoints for the webhooks that go out."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema, model_validator

from app.domain.enums import DeliveryState, SwitchedOff
from app.domain.webhooks import EVENTS, PATTERNS, PING
from app.schemas.envelope import Answer, Instant, Printable, Request
from app.schemas.pagination import NONE_IF_BLANK, Page
from app.schemas.text import Line


class WebhookReceived(Answer):
    """The event is kept; it is acted on within seconds."""

    received: bool


def _known_pattern(value: str) -> str:
    if value not in PATTERNS:
        raise ValueError("must be an event of GET /api/v1/webhooks/events, a family such as order.*, or *")
    return value


def _each_once(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


Pattern = Annotated[str, AfterValidator(_known_pattern), WithJsonSchema({"type": "string", "enum": list(PATTERNS)})]
Patterns = Annotated[list[Pattern], Field(min_length=1, max_length=len(PATTERNS)), AfterValidator(_each_once)]
Topic = Annotated[str, Field(max_length=64, pattern=r"^[a-z_.]*$", examples=["order.confirmed"])]
HookAddress = Annotated[
    Printable, StringConstraints(min_length=8, max_length=2000), Field(examples=["https://erp.example.com/hooks/aisle"])
]
HookText = Annotated[Line, StringConstraints(max_length=200)]


class NewWebhookEndpoint(Request):
    """`topics`: events, families such as `order.*`, or `*` for everything there is and will be."""

    example: ClassVar[Mapping[str, Any]] = {
        "url": "https://erp.example.com/hooks/aisle",
        "topics": ["order.*", "payout.paid"],
        "description": "ERP of the head office",
    }

    url: HookAddress
    topics: Patterns
    description: HookText = ""


class WebhookEndpointChange(Request):
    """What is left out stays."""

    example: ClassVar[Mapping[str, Any]] = {"topics": ["order.*"]}

    url: HookAddress | None = None
    topics: Patterns | None = None
    description: HookText | None = None

    @model_validator(mode="after")
    def _nothing_is_taken_away(self) -> Self:
        if any(getattr(self, name) is None for name in self.model_fields_set):
            raise ValueError("leave a field out rather than send null")
        return self


class WebhookEndpointAnswer(Answer):
    """`failing_since` is the first failure after the last success. After three days of failures alone an endpoint is
    switched off: `disabled_reason` says so, as it does for one that was paused or said 410 Gone."""

    id: int
    url: str
    description: str
    topics: list[str]
    is_active: bool
    disabled_reason: SwitchedOff | None
    failing_since: Instant | None
    previous_until: Instant | None = Field(description="Until when messages are signed with the former secret as well.")
    created_at: Instant
    updated_at: Instant


class WebhookEndpointSecret(WebhookEndpointAnswer):
    """With the secret that messages are signed with. It is shown this once."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class WebhookDeliveryQuery(Page):
    """Newest first; without `state` and `topic` all of them."""

    state: Annotated[DeliveryState | None, NONE_IF_BLANK] = None
    topic: Annotated[Topic | None, NONE_IF_BLANK] = None


class WebhookDeliveryAnswer(Answer):
    """A message to one endpoint. `event_id` is the `webhook-id` it is sent with; a replay has that of its original.

    `answer_status` and `last_error` are of the last try, `next_at` is when the next one is due.
    """

    id: int
    endpoint_id: int
    event_id: str
    topic: str
    state: DeliveryState
    replay_of: int | None
    attempts: int
    answer_status: int | None
    last_error: str | None
    created_at: Instant
    next_at: Instant | None
    sent_at: Instant | None


class WebhookDeliveryDetail(WebhookDeliveryAnswer):
    """With the body as it is sent."""

    payload: dict[str, Any]


class FailedReplay(Request):
    """What failed for good since a time is sent again, unless it got through meanwhile."""

    example: ClassVar[Mapping[str, Any]] = {"since": "2026-11-20T00:00:00+02:00"}

    since: Instant


class FailedReplayAnswer(Answer):
    """`has_more`: the most that is replayed at once was reached; ask again for the rest."""

    replayed: int
    has_more: bool


class WebhookEventType(Answer):
    """One event and the JSON Schema (2020-12) of its `data`."""

    type: str = Field(examples=["order.confirmed"])
    description: str
    data_schema: dict[str, Any]


class WebhookCatalog(Answer):
    """`message_schema` is the JSON Schema of the whole body; `patterns` are all values of an endpoint's `topics`."""

    api_version: str
    message_schema: dict[str, Any]
    patterns: list[str]
    events: list[WebhookEventType]


DESCRIBED: Mapping[str, str] = {**EVENTS, PING: "An admin tries the line; sent on demand alone."}
"""Every event that may arrive, in the order of the documentation."""
