"""What older clients read in a success: the fields of their contract, flat beside `status` or under a key of theirs."""

from collections.abc import Callable, Mapping
from typing import Any

from app.compat.fields import Fields

Body = Mapping[str, Any]
Shape = Callable[[Body], dict[str, Any]]
"""Makes what stands beside `status` out of one of our answers, `{"data": ..., "meta"?: ...}`."""


def flat(names: str, **inside: Fields) -> Shape:
    """The fields of the object themselves."""
    fields = Fields(names, **inside)
    return lambda body: dict(fields.of(body["data"]))


def under(key: str, fields: Fields) -> Shape:
    """The object, or the list of them, under a key."""
    return lambda body: {key: fields.of(body["data"])}


def whole(key: str) -> Shape:
    """Everything we know, under a key: for what the contract names without saying what is in it."""
    return lambda body: {key: body["data"]}


def unknown(body: Body) -> dict[str, Any]:
    """An answer the contract does not know: as it is."""
    return dict(body)


def phones(body: Body) -> dict[str, Any]:
    """Users by their phone numbers; who has none signs in by e-mail and is no one's customer here."""
    return {"users": [user["phone"] for user in body["data"] if user["phone"]]}


_ROLES = {"CUSTOMER": "consumer"}


def own_profile(body: Body) -> dict[str, Any]:
    """One's own profile, with the role in the words of the marketplace."""
    known = dict(_OWN_PROFILE.of(body["data"]))
    return {"data": {**known, "role": _ROLES.get(known["role"], known["role"].lower())}}


MESSAGE = flat("message")
REFUND = flat("message refund")
BALANCE = flat("balance")

_OWN_PROFILE = Fields("name phone city society role basic_onboarding_done")
PROFILE = Fields(
    "name phone city society flat_number profile_image_url gender date_of_birth preferred_language",
)

SHOP = Fields(
    "id shop_name shop_type description is_open delivers appointment_only category_tags logo_url featured verified"
    " society city rating rating_count"
)
OWN_SHOP = Fields(
    "id shop_name shop_type society phone description delivers appointment_only is_open logo_url category_tags"
    " verified featured"
)
_ITEM = "id title brand price mrp discount description unit pack_size category tags sku expiry_date image_url"
VENDOR_ITEM = Fields(f"{_ITEM} quantity_in_stock is_available is_active")
SHOP_ITEMS = flat(
    "shop items",
    shop=Fields("id shop_name shop_type description is_open delivers logo_url"),
    items=Fields(_ITEM),
)

CART = flat(
    "cart total_price total_savings",
    cart=Fields(
        "id item_id item_name title name brand image_url available price mrp savings quantity unit pack_size subtotal"
        " shop_id shop_name"
    ),
)
_LINE = Fields("item_id name quantity unit unit_price subtotal")
ORDER = Fields(
    "order_id shop_id shop_name shop_type payment_mode payment_status status total_amount final_amount delivery_notes"
    " created_at item_count items",
    items=_LINE,
)
VENDOR_ORDER = Fields(
    "order_id customer payment_mode payment_status status total_amount final_amount delivery_notes created_at items",
    items=_LINE,
)
TALK = Fields("id order_id sender_phone message timestamp")
RATED = flat("message rating", rating=Fields("order_id rating review created_at"))
ISSUE = Fields("id order_id user_phone issue_type description status created_at updated_at")

TRANSACTION = Fields("id user_phone amount type reference source status created_at")
