"""What the older app sends, in our words: the fields its contract knows and no others, under our names."""

from collections.abc import Callable, Mapping
from math import floor, isfinite
from typing import Any

from app.compat.smart_cart.allergies import word_of
from app.compat.smart_cart.asking import Ask

Sent = Mapping[str, Any]
Body = Callable[[Sent, Ask], dict[str, Any]]
"""Makes our body out of an older one."""

OUR_NAMES = {"mobile_number": "phone"}
"""Fields that have another name with us."""


def known(names: str, **fixed: Any) -> Body:
    """Some fields, and others that every such request has."""
    return lambda sent, _ask: {OUR_NAMES.get(name, name): sent[name] for name in names.split() if name in sent} | fixed


def profile(sent: Sent, ask: Ask) -> dict[str, Any]:
    """A person has at most one allergy, by its number."""
    told = known("user_name email user_foodtype_id")(sent, ask)
    number = sent.get("user_allergy_id")
    if number is None:
        return told
    return told | {"allergies": [word_of(number, (ask("/misc/allergens") or {"allergens": ()})["allergens"])]}


def path(sent: Sent, ask: Ask) -> dict[str, Any]:
    """Points of the older map are those of its app's screen, in parts of our cells."""
    told = {name: _cell(value) for name, value in known("start_x start_y destinations")(sent, ask).items()}
    if isinstance(places := told.get("destinations"), list):
        told["destinations"] = [_place(place) for place in places]
    return told


def asks_for_points(sent: Any) -> bool:
    """Whether a way is asked for as the app did at first, through points and not to products."""
    places = sent.get("destinations") if isinstance(sent, Mapping) else None
    return isinstance(places, list) and any(isinstance(place, Mapping) and "x" in place for place in places)


def _place(place: Any) -> Any:
    if not isinstance(place, Mapping):
        return place
    return {name: _cell(value) for name, value in place.items() if name in {"product_id", "x", "y"}}


def _cell(value: Any) -> Any:
    return floor(value) if isinstance(value, float) and isfinite(value) else value
