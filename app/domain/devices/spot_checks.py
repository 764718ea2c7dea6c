"""Whether staff look into a trolley before it is paid, and why (smart-cart.md, B.6).

Every reason that applies is told, so that staff know what to look at. The random share is drawn from a
seed, so that asking twice does not draw twice.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class CheckReason(StrEnum):
    BASKET_VALUE = "basket_value"
    PRODUCT_CLASS = "product_class"
    MISMATCHES = "mismatches"
    HISTORY = "history"
    NEW_SHOPPER = "new_shopper"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class CheckPolicy:
    """When to look: `high_value` in minor units; shares between 0 and 1. Trusted: so many clean checks in a row."""

    high_value: int = 1_000_000
    mismatches: int = 2
    random_share: float = 0.02
    new_shopper_share: float = 0.10
    trusted_share: float = 0.005
    trusted_after: int = 5


@dataclass(frozen=True, slots=True)
class Basket:
    """What is about to be paid: `total` in minor units, `guarded`: a class that is checked is in it (age, pharmacy)."""

    total: int
    guarded: bool
    mismatches: int


@dataclass(frozen=True, slots=True)
class History:
    """The shopper's past: sessions paid, checks passed since the last failed one, whether the last check failed."""

    sessions: int
    clean_checks: int
    last_failed: bool


def check_reasons(basket: Basket, history: History, policy: CheckPolicy, seed: str) -> tuple[CheckReason, ...]:
    """Why the trolley is to be looked into; empty when it may go. `seed` names the session and its review."""
    share, reason = _share(history, policy)
    found = {
        CheckReason.BASKET_VALUE: basket.total >= policy.high_value,
        CheckReason.PRODUCT_CLASS: basket.guarded,
        CheckReason.MISMATCHES: basket.mismatches >= policy.mismatches,
        CheckReason.HISTORY: history.last_failed,
        reason: drawn(seed) < share,
    }
    return tuple(why for why, applies in found.items() if applies)


def drawn(seed: str) -> float:
    """A number from 0 up to 1 that hangs on the seed alone."""
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:6]) / 2**48


def _share(history: History, policy: CheckPolicy) -> tuple[float, CheckReason]:
    if history.sessions == 0:
        return policy.new_shopper_share, CheckReason.NEW_SHOPPER
    trusted = history.clean_checks >= policy.trusted_after and not history.last_failed
    return policy.trusted_share if trusted else policy.random_share, CheckReason.RANDOM
