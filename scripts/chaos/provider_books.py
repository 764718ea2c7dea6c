"""The books of a payment provider that speaks Stripe's API: what it holds, took and gave back. Standard library only.

They are nobody's but the provider's: the shop is judged by them afterwards.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

Form = Mapping[str, str]
Answer = tuple[int, dict[str, Any]]
_REFERENCE = re.compile(r"metadata\['reference'\]:'([^']*)'")
_SEARCH_LAG = 0.5
"""Seconds until a new intent is found by the search, as with Stripe; the list is never behind."""


@dataclass
class Intent:
    """One payment, amounts in minor units; `moves` is all that ever happened to the money, in order."""

    id: str
    reference: str
    amount: int
    currency: str
    status: str
    made: float = field(default_factory=time.time)
    received: int = 0
    refunded: int = 0
    moves: list[tuple[str, int]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """As Stripe shows it."""
        return {
            "id": self.id,
            "object": "payment_intent",
            "status": self.status,
            "amount": self.amount,
            "amount_capturable": self.amount if self.status == "requires_capture" else 0,
            "amount_received": self.received,
            "currency": self.currency,
            "created": int(self.made),
            "metadata": {"reference": self.reference},
        }


class Refused(Exception):
    """The provider looked at the request and said no."""

    def __init__(self, code: str, *, status: int = 400, kind: str = "invalid_request_error") -> None:
        super().__init__(code)
        self.code = code
        self.answer: Answer = (status, {"error": {"type": kind, "code": code}})


class Books:
    """All intents, refunds and answers by idempotency key. One lock: the provider never does two things at once."""

    def __init__(self, journal: Path, tell: Callable[[str, dict[str, Any]], None]) -> None:
        """Every move is written to the journal, and told by `tell(kind, object)` for the webhooks."""
        self.lock = threading.RLock()
        self.intents: dict[str, Intent] = {}
        self.refunds: dict[str, list[dict[str, Any]]] = {}
        self.misused_keys: list[str] = []
        self._by_reference: dict[str, list[Intent]] = {}
        self._listed: list[Intent] = []
        self._places: dict[str, int] = {}
        self._kept: dict[str, tuple[object, Answer | None]] = {}
        self._numbers = count(1)
        self._journal, self._tell = journal, tell

    def begin(self, key: str, request: object) -> Answer | None:
        """Take a key on; the answer it had before, if any. Raises Refused while it is at work, or was another's."""
        with self.lock:
            asked, answer = self._kept.get(key, (None, None))
            if asked is None:
                self._kept[key] = (request, None)
                return None
            if asked != request:
                self.misused_keys.append(f"{key}: {asked} and {request}")
                raise Refused("idempotency_error", kind="idempotency_error")
            if answer is None:
                raise Refused("idempotency_key_in_use", status=409)
            return answer

    def end(self, key: str, request: object, answer: Answer) -> None:
        """Keep the answer of a key."""
        with self.lock:
            self._kept[key] = (request, answer)

    def authorize(self, form: Form, *, decline: bool) -> Answer:
        """Hold an amount on a card, or refuse it."""
        with self.lock:
            number = next(self._numbers)
            status = "requires_payment_method" if decline else "requires_capture"
            reference = form["metadata[reference]"]
            intent = Intent(f"pi_{number}", reference, int(form["amount"]), form["currency"], status)
            self.intents[intent.id] = intent
            self._by_reference.setdefault(reference, []).append(intent)
            self._places[intent.id] = len(self._listed)
            self._listed.append(intent)
            self._move(intent, "declined" if decline else "held", intent.amount)
            if decline:
                self._tell("payment_intent.payment_failed", intent.shown())
                error = {"type": "card_error", "code": "card_declined", "payment_intent": intent.shown()}
                return 402, {"error": error}
            self._tell("payment_intent.amount_capturable_updated", intent.shown())
            return 200, intent.shown()

    def capture(self, intent_id: str, form: Form) -> Answer:
        """Take up to what is held; the rest is let go of."""
        with self.lock:
            intent = self._intent(intent_id)
            amount = int(form["amount_to_capture"])
            if intent.status != "requires_capture" or amount > intent.amount:
                raise Refused("payment_intent_unexpected_state")
            intent.status, intent.received = "succeeded", amount
            self._move(intent, "taken", amount)
            self._tell("payment_intent.succeeded", intent.shown())
            return 200, intent.shown()

    def cancel(self, intent_id: str) -> Answer:
        """Let go of what is held."""
        with self.lock:
            intent = self._intent(intent_id)
            if intent.status not in ("requires_capture", "requires_payment_method"):
                raise Refused("payment_intent_unexpected_state")
            intent.status = "canceled"
            self._move(intent, "let go", intent.amount)
            self._tell("payment_intent.canceled", intent.shown())
            return 200, intent.shown()

    def refund(self, form: Form) -> Answer:
        """Give back some of what was taken."""
        with self.lock:
            intent, amount = self._intent(form["payment_intent"]), int(form["amount"])
            if intent.status != "succeeded" or intent.refunded + amount > intent.received:
                raise Refused("charge_already_refunded")
            intent.refunded += amount
            self._move(intent, "given back", amount)
            refund = {
                "id": f"re_{next(self._numbers)}",
                "status": "succeeded",
                "amount": amount,
                "currency": intent.currency,
                "payment_intent": intent.id,
                "metadata": {name: form[f"metadata[{name}]"] for name in ("reference", "operation")},
            }
            self.refunds.setdefault(intent.id, []).append(refund)
            self._tell("refund.created", refund)
            return 200, refund

    def read(self, intent_id: str) -> Answer:
        with self.lock:
            return 200, self._intent(intent_id).shown()

    def refunds_of(self, intent_id: str) -> Answer:
        with self.lock:
            return 200, {"data": list(self.refunds.get(intent_id, ())), "has_more": False}

    def search(self, query: str) -> Answer:
        """By reference; what was made a moment ago is not in the index yet."""
        asked = _REFERENCE.search(query)
        with self.lock:
            found = self._by_reference.get(asked[1] if asked else "", [])
            known = [intent.shown() for intent in found if intent.made < time.time() - _SEARCH_LAG]
        return 200, {"data": known, "has_more": False}

    def listed(self, query: Form) -> Answer:
        """A page of all intents, newest first."""
        limit, since = int(query.get("limit", "10")), int(query.get("created[gte]", "0"))
        with self.lock:
            after = query.get("starting_after")
            end = self._places[after] if after else len(self._listed)
            page = self._listed[max(0, end - limit) : end][::-1]
            fresh = [intent.shown() for intent in page if int(intent.made) >= since]
            more = len(fresh) == len(page) and end > limit
        return 200, {"data": fresh, "has_more": more}

    def all(self) -> list[dict[str, Any]]:
        """Every intent with all its moves, for whoever audits."""
        with self.lock:
            return [{**intent.shown(), "refunded": intent.refunded, "moves": intent.moves} for intent in self._listed]

    def _intent(self, intent_id: str) -> Intent:
        intent = self.intents.get(intent_id)
        if intent is None:
            raise Refused("resource_missing", status=404)
        return intent

    def _move(self, intent: Intent, what: str, amount: int) -> None:
        intent.moves.append((what, amount))
        line = {"at": round(time.time(), 3), "intent": intent.id, "reference": intent.reference}
        with self._journal.open("a") as journal:
            journal.write(json.dumps({**line, "move": what, "amount": amount}) + "\n")
