"""What stays of an audit value once the person it speaks of is erased: numbers, and words out of closed sets."""

from typing import Any

ERASED = "[erased]"

_WORDS = frozenset(
    {
        "action",
        "amount",
        "currency",
        "fulfillment_type",
        "issue_status",
        "kind",
        "kyc_status",
        "membership_tier",
        "order_number",
        "outcome",
        "payment_method",
        "picked_status",
        "provider",
        "role",
        "state",
        "status",
        "substitution",
        "tier",
        "total_amount",
    }
)
"""Keys whose texts are never a person's own words. A key that is not here loses its text: a new one is safe."""

_PLACES = frozenset({"lat", "lng"})
"""Keys whose numbers say where somebody lives."""


def blanked(value: dict[str, Any] | None) -> dict[str, Any] | None:
    """The object with every text and place blanked that could tell of a person; its keys stay."""
    return value and {key: _blanked(key, inner) for key, inner in value.items()}


def _blanked(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        return blanked(value)
    if isinstance(value, list):
        return value if all(_is_harmless(key, item) for item in value) else ERASED
    return value if _is_harmless(key, value) else ERASED


def _is_harmless(key: str, value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int | float):
        return key not in _PLACES
    return isinstance(value, str) and (key in _WORDS or not value)
