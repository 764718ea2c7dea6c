"""PaymentClient over the Stripe form API: holds by manual capture, found again by `metadata[reference]`.

What a lost answer means is settled by looking, never by guessing: Stripe repeats the first answer to an idempotency
key, a 500 included, and forgets the key after a day. So capture, void and refund look at the provider's own state
whenever they did not get a plain yes. A saved token is `cus_...:pm_...`, because Stripe charges a card twice only
through the customer it belongs to; a bare `pm_...` works once.
"""

import json
import re
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.clients.payments import CardNumberNotTaken, Event, NewToken, Outcome, ProviderSilent, Status, TokenRefused
from app.clients.stripe_http import Reply, StripeHttp
from app.clients.stripe_objects import Intent, intent_outcome, read_event, refund_outcome
from app.clients.stripe_search import intents_of
from app.config import Settings
from app.domain.enums import PaymentProvider
from app.domain.minor_units import to_minor

_INTENTS = "/v1/payment_intents"
_NOT_PAYABLE = "amount_not_payable"
_UNKNOWN = Outcome(Status.UNKNOWN)
_TOKEN = re.compile(r"pm_[A-Za-z0-9_]{1,100}", re.ASCII)
_BEST_FIRST = (Status.CAPTURED, Status.AUTHORIZED, Status.UNKNOWN, Status.VOIDED, Status.DECLINED)


class StripePayments:
    """One Stripe account. Amounts travel in minor units; no card number ever reaches this process."""

    provider = PaymentProvider.STRIPE

    leaves_tombstones = False

    def __init__(self, settings: Settings) -> None:
        self._currency = settings.currency
        self._http = StripeHttp(settings)

    def authorize(self, *, reference: str, token: str, amount: Decimal, currency: str, idempotency_key: str) -> Outcome:
        """Hold the amount. A card that asks for its owner's confirmation is declined: nobody is there to give it."""
        units = _units(amount, currency)
        if units is None:
            return Outcome(Status.DECLINED, amount, currency, failure_code=_NOT_PAYABLE)
        customer, _, method = token.rpartition(":")
        form = {
            "amount": units,
            "currency": currency.lower(),
            "payment_method": method,
            "payment_method_types[]": "card",
            "capture_method": "manual",
            "confirm": "true",
            "metadata[reference]": reference,
        }
        if customer:
            form["customer"] = customer
        reply = self._http.post(_INTENTS, form, key=idempotency_key)
        if reply is not None and reply.ok:
            return self._settled(reply.body)
        if reply is not None and reply.refused:
            failed = reply.error.get("payment_intent") or {}
            return Outcome(Status.DECLINED, amount, currency, failed.get("id"), reply.code)
        return _UNKNOWN

    def capture(self, *, reference: str, provider_reference: str, amount: Decimal, idempotency_key: str) -> Outcome:
        """Take up to the held amount; Stripe lets go of the rest by itself."""
        units = _units(amount, self._currency)
        if units is None:
            return self._declined(amount, provider_reference, _NOT_PAYABLE)
        path = f"{_INTENTS}/{provider_reference}/capture"
        reply = self._http.post(path, {"amount_to_capture": units}, key=idempotency_key)
        if reply is None:
            return _UNKNOWN
        if reply.ok:
            outcome = intent_outcome(reply.body)
            return replace(outcome, amount=outcome.amount or amount)
        now = self._look(provider_reference)
        if now.status is Status.CAPTURED:
            return now
        return self._declined(amount, provider_reference, reply.code) if reply.refused else _UNKNOWN

    def void(self, *, reference: str, provider_reference: str, idempotency_key: str) -> Outcome:
        """Let go of a hold; CAPTURED when the money was taken before."""
        return self._cancel_one(provider_reference, idempotency_key)

    def refund(self, *, reference: str, provider_reference: str, amount: Decimal, idempotency_key: str) -> Outcome:
        """Give back part or all. The key is written on the refund, so that none is made twice even after a day."""
        units = _units(amount, self._currency)
        if units is None:
            return self._declined(amount, provider_reference, _NOT_PAYABLE)
        before = self._http.get("/v1/refunds", {"payment_intent": provider_reference, "limit": "100"})
        if before is None or not (before.ok or before.refused):
            return _UNKNOWN
        for refund in before.body.get("data", []):
            if (refund.get("metadata") or {}).get("operation") == idempotency_key:
                return refund_outcome(refund)
        form = {
            "payment_intent": provider_reference,
            "amount": units,
            "metadata[reference]": reference,
            "metadata[operation]": idempotency_key,
        }
        reply = self._http.post("/v1/refunds", form, key=idempotency_key)
        if reply is not None and reply.ok:
            return refund_outcome(reply.body)
        if reply is not None and reply.refused:
            return self._declined(amount, provider_reference, reply.code)
        return _UNKNOWN

    def find(self, *, reference: str, since: datetime | None = None) -> Outcome:
        """What became of our payment; of several intents under one reference the one that moved money counts."""
        intents = intents_of(self._http, reference, since)
        if intents is None:
            return _UNKNOWN
        if not intents:
            return Outcome(Status.NOT_FOUND)
        return _best([self._settled(intent) for intent in intents])

    def cancel(self, *, reference: str, since: datetime | None = None) -> Outcome:
        """Cancel every intent under our reference; VOIDED when there is none.

        Stripe has no tombstone: the caller must be sure that no authorize is still on its way.
        """
        intents = intents_of(self._http, reference, since)
        if intents is None:
            return _UNKNOWN
        outcomes = [self._cancel_one(str(intent["id"]), f"cancel-{intent['id']}") for intent in intents]
        return _best(outcomes) if outcomes else Outcome(Status.VOIDED)

    def create_token(self, *, card_number: str) -> NewToken:
        """Never: the shopper's browser gives the card to Stripe, and us the `pm_...` it got for it."""
        raise CardNumberNotTaken

    def read_token(self, provider_token: str) -> NewToken:
        """Attach a card to a new customer of its own, and answer the pair as the token to charge.

        Raises TokenRefused for a card that is unknown, no card, declined, or kept by somebody already; ProviderSilent.
        """
        if not _TOKEN.fullmatch(provider_token):
            raise TokenRefused("invalid_token")
        method = _accepted(self._http.get(f"/v1/payment_methods/{provider_token}"))
        last4 = str((method.get("card") or {}).get("last4", ""))
        if method.get("customer") or not re.fullmatch(r"[0-9]{4}", last4):
            raise TokenRefused("not_a_new_card")
        name = str(method["id"])
        customer = _accepted(self._http.post("/v1/customers", {"metadata[card]": name}, key=f"customer-{name}"))
        form = {"customer": str(customer["id"])}
        _accepted(self._http.post(f"/v1/payment_methods/{name}/attach", form, key=f"attach-{name}"))
        return NewToken(provider_token=f"{customer['id']}:{name}", last4=last4)

    def read_event(self, raw: bytes) -> Event | None:
        """A Stripe event about one of our payments. Raises ValueError if malformed."""
        return read_event(json.loads(raw, parse_float=Decimal))

    def close(self) -> None:
        """Let go of the kept connections, at an orderly end."""
        self._http.close()

    def _declined(self, amount: Decimal, intent_id: str, code: str) -> Outcome:
        return Outcome(Status.DECLINED, amount, self._currency, intent_id, code)

    def _settled(self, intent: Intent) -> Outcome:
        """The outcome of an intent. One that waits for the card's owner is cancelled: it must never hold money."""
        outcome = intent_outcome(intent)
        if intent.get("status") == "requires_action":
            self._cancel_one(str(intent["id"]), f"cancel-{intent['id']}")
        return outcome

    def _cancel_one(self, intent_id: str, key: str) -> Outcome:
        reply = self._http.post(f"{_INTENTS}/{intent_id}/cancel", {}, key=key)
        if reply is None:
            return _UNKNOWN
        outcome = intent_outcome(reply.body) if reply.ok else self._look(intent_id)
        return outcome if outcome.status in (Status.VOIDED, Status.CAPTURED) else _UNKNOWN

    def _look(self, intent_id: str) -> Outcome:
        reply = self._http.get(f"{_INTENTS}/{intent_id}")
        return intent_outcome(reply.body) if reply is not None and reply.ok else _UNKNOWN


def _units(amount: Decimal, currency: str) -> str | None:
    """The amount as Stripe counts it; None for a fraction the currency does not have."""
    try:
        return str(to_minor(amount, currency))
    except ValueError:
        return None


def _best(outcomes: list[Outcome]) -> Outcome:
    return min(outcomes, key=lambda outcome: _BEST_FIRST.index(outcome.status))


def _accepted(reply: Reply | None) -> dict[str, Any]:
    if reply is None or not (reply.ok or reply.refused):
        raise ProviderSilent
    if not reply.ok:
        raise TokenRefused(reply.code)
    return reply.body
