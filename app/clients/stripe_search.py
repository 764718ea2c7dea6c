"""Finding payment intents by our reference."""

import time
from datetime import datetime

from app.clients.stripe_http import Reply, StripeHttp
from app.clients.stripe_objects import Intent

_INTENTS = "/v1/payment_intents"
_INDEX_LAG_SECONDS = 15 * 60
_CLOCKS_DIFFER_SECONDS = 10
_MOST_PAGES = 20
_TRIES_OF_A_PAGE = 3
"""Of twenty pages one fails easily where the provider has a bad day, and the walk would begin anew each time."""


def intents_of(http: StripeHttp, reference: str, made: datetime | None) -> list[Intent] | None:
    """Every intent that carries the reference; None when that cannot be told now.

    Stripe's search is fast but up to minutes behind, in what it finds and in the states it shows. So a find is read
    again by its id, and where the search finds nothing the list, which is never behind, is walked: back to when the
    payment was `made`, at most its last 15 minutes, or 20 pages of 100 where the server has no search (localstripe,
    and some countries). A busy shop makes more than 20 pages in 15 minutes, and then absence could never be told.
    """
    search = http.get(f"{_INTENTS}/search", {"query": f"metadata['reference']:'{_quoted(reference)}'", "limit": "10"})
    if search is None or not (search.ok or search.refused):
        return None
    found = [intent["id"] for intent in _data(search) if _carries(intent, reference)]
    if found:
        return _fresh(http, found)
    return _listed(http, reference, {"created[gte]": str(_oldest(made))} if search.ok else {})


def _oldest(made: datetime | None) -> int:
    """The Unix second from which on an intent may be unknown to the search."""
    lag = int(time.time()) - _INDEX_LAG_SECONDS
    return max(lag, int(made.timestamp()) - _CLOCKS_DIFFER_SECONDS) if made else lag


def _fresh(http: StripeHttp, ids: list[str]) -> list[Intent] | None:
    replies = [http.get(f"{_INTENTS}/{intent_id}") for intent_id in ids]
    bodies = [reply.body for reply in replies if reply is not None and reply.ok]
    return bodies if len(bodies) == len(ids) else None


def _listed(http: StripeHttp, reference: str, since: dict[str, str]) -> list[Intent] | None:
    """The intents of a walk through the list; None when it was cut short, as then absence proves nothing."""
    found: list[Intent] = []
    query = {"limit": "100", **since}
    for _ in range(_MOST_PAGES):
        page = _page(http, query)
        if page is None:
            return None
        found += [intent for intent in _data(page) if _carries(intent, reference)]
        if not page.body.get("has_more"):
            return found
        query["starting_after"] = _data(page)[-1]["id"]
    return found or None


def _page(http: StripeHttp, query: dict[str, str]) -> Reply | None:
    """One page of the list; None when it is not to be had."""
    for _ in range(_TRIES_OF_A_PAGE):
        page = http.get(_INTENTS, query)
        if page is not None and page.ok:
            return page
        if page is None or page.refused:
            return None  # nobody waits three times for somebody who is silent
    return None


def _data(page: Reply) -> list[Intent]:
    data = page.body.get("data")
    return data if isinstance(data, list) else []


def _carries(intent: Intent, reference: str) -> bool:
    return (intent.get("metadata") or {}).get("reference") == reference


def _quoted(reference: str) -> str:
    return reference.replace("\\", "\\\\").replace("'", "\\'")
