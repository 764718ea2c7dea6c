"""What checkout asks of a payment provider. Adapters never raise for a provider's answer or silence: they report it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from app.domain.enums import PaymentProvider


class Status(StrEnum):
    """Where the money stands at the provider. UNKNOWN: no answer; NOT_FOUND: it never heard of our reference."""

    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    REFUNDED = "refunded"
    VOIDED = "voided"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A provider's answer. `amount` (two places, `currency`) is what the answer is about; None where it gave none."""

    status: Status
    amount: Decimal | None = None
    currency: str | None = None
    provider_reference: str | None = None
    failure_code: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A verified webhook: `reference` is our payment's, `event_id` the provider's own name for the event."""

    event_id: str
    reference: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class NewToken:
    """A means of payment as the provider keeps it."""

    provider_token: str
    last4: str


class CardNumberNotTaken(Exception):
    """The provider is a real one: card numbers go to it straight from the customer, never through this server."""


class TokenRefused(ValueError):
    """The provider does not know this means of payment, or will not let it be kept. `code` says why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class ProviderSilent(Exception):
    """The provider gave no answer; the same call may be made again."""


class PaymentClient(Protocol):
    """One payment provider. Money in the shop's currency; `idempotency_key` makes a resend harmless."""

    provider: PaymentProvider
    leaves_tombstones: bool
    """Whether `cancel` makes the provider refuse an authorize that arrives later."""

    def authorize(self, *, reference: str, token: str, amount: Decimal, currency: str, idempotency_key: str) -> Outcome:
        """Hold the amount on the card. AUTHORIZED, DECLINED or UNKNOWN."""

    def capture(self, *, reference: str, provider_reference: str, amount: Decimal, idempotency_key: str) -> Outcome:
        """Take up to the held amount and let go of the rest. CAPTURED, DECLINED or UNKNOWN."""

    def void(self, *, reference: str, provider_reference: str, idempotency_key: str) -> Outcome:
        """Let go of a hold. VOIDED, CAPTURED when it is too late, or UNKNOWN."""

    def refund(self, *, reference: str, provider_reference: str, amount: Decimal, idempotency_key: str) -> Outcome:
        """Give back part or all of a captured amount. REFUNDED, DECLINED or UNKNOWN."""

    def find(self, *, reference: str, since: datetime | None = None) -> Outcome:
        """What became of our payment, made at `since`. NOT_FOUND when no authorize ever arrived, UNKNOWN: no answer."""

    def cancel(self, *, reference: str, since: datetime | None = None) -> Outcome:
        """Cancel our payment made at `since`; a later authorize is refused where the provider `leaves_tombstones`.

        VOIDED once the provider acknowledged it (also when it never heard of us), CAPTURED when it is too late,
        UNKNOWN without an answer.
        """

    def create_token(self, *, card_number: str) -> NewToken:
        """Keep a card in a test provider. Raises CardNumberNotTaken at a real one."""

    def read_token(self, provider_token: str) -> NewToken:
        """Keep a means of payment the shopper gave to the provider directly, for payments to come.

        The token to charge later may differ from the given one. Raises TokenRefused or ProviderSilent.
        """

    def read_event(self, raw: bytes) -> Event | None:
        """A stored webhook body as an event; None for kinds that do not concern us. Raises ValueError if malformed."""
