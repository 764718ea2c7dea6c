"""Ids in bodies and queries: which noun each stands for. Found by introspection; one that is not listed fails."""

FIELDS: dict[str, str | None] = {
    "actor_id": None,
    "beacon_id": None,
    "branch_id": "open branch",
    "branch_ids": "any branch",
    "cart_id": "cart",
    "category_id": "category",
    "default_branch_id": "open branch",
    "delivery_slot_id": "slot",
    "device_id": "device",
    "driver_id": "driver",
    "entity_id": None,
    "food_type_id": "food type",
    "food_type_ids": "food type",
    "from_branch_id": "branch at work",
    "item_id": "item in sight",
    "order_id": "shopper's order",
    "order_ids": "order to pick",
    "parent_id": "category",
    "payment_token_id": "card",
    "preferred_product_id": "product",
    "product_id": "product",
    "product_ids": "product",
    "replacement_product_id": "product",
    "request_id": "request for stock",
    "return_id": "return",
    "shop_id": "shop",
    "to_branch_id": "receiving branch",
    "user_foodtype_id": "food type",
}
"""By name; None: no row stands behind it (a filter by number, a radio's own number)."""

AT: dict[tuple[str, str], str | None] = {
    ("POST /cart/connect", "cart_id"): "trolley of any branch",
    ("POST /cart/esp32/add_item", "cart_id"): "device's trolley",
    ("POST /cart/esp32/update_item", "cart_id"): "device's trolley",
    ("POST /cart/item/remove", "product_id"): "product on the shelf",
    ("POST /cart/merge", "cart_token"): "guest cart",
    ("POST /carts/pair", "code"): "pair code",
    ("POST /carts/{cart_id}/transfer", "trolley"): "trolley of any branch",
    ("POST /consumer/cart/update", "item_id"): "item in the cart",
    ("POST /consumer/cart/remove", "item_id"): "item in the cart",
    ("POST /consumer/wallet/load", "payment_token_id"): "card",
    ("POST /ops/trolleys/exit", "token"): "exit token",
    ("POST /ops/trolleys/exit", "device_id"): None,
    ("POST /user/checklist/remove", "product_id"): "listed product",
    ("PATCH /stock-requests/admin/bulk-review", "request_id"): "request for stock",
    ("GET /admin/audit", "request_id"): None,
    ("GET /admin/audit.csv", "request_id"): None,
}
"""Where a name means something else, or where a name that is no id names a row: by (`METHOD path`, name)."""


OF_STAFF = {"branch_id": "branch at work", "product_id": "managed product", "shop_id": "shop"}
"""What the words mean to the staff, who look after what shoppers no longer see."""


def noun_of_field(door: str, field: str) -> str | None:
    """The noun of a field of a route, by its name. Raises KeyError where nobody has said."""
    if (door, field) in AT:
        return AT[door, field]
    is_for_staff = door.partition(" ")[2].startswith(("/ops/", "/admin/", "/stock-requests"))
    return OF_STAFF[field] if is_for_staff and field in OF_STAFF else FIELDS[field]


UNREAD = {
    ("POST /checkout/preview", "delivery_slot_id"): "the slot changes no price",
    ("PUT /cart/items/{item_id}", "product_id"): "the line says what it is; older clients send the product along",
    ("PATCH /admin/delivery-slots/{slot_id}", "branch_id"): "a slot stays at its branch",
    ("PATCH /stock-requests/admin/bulk-review", "request_id"): "each of many has a result of its own",
    ("POST /branches/{branch_id}/route", "product_id"): "what has no place on the map is listed as such",
    ("POST /branches/{branch_id}/route.svg", "product_id"): "what has no place on the map is left out",
    ("POST /cart/shortest_path", "product_id"): "what has no place on the map is listed as such",
}
"""Ids of what is not there that are no fault, and why; the answer is the same for somebody else's all the same."""

WHERE_READ = {
    ("POST /checkout/preview", "branch_id"): {"fulfillment_type": "PICKUP"},
    ("POST /checkout/confirm", "branch_id"): {"fulfillment_type": "PICKUP"},
    ("POST /consumer/order/confirm", "payment_token_id"): {"payment_mode": "card"},
}
"""What else a body has to say for an id in it to count."""

TOLD_APART = {
    ("POST /checkout/confirm", "payment_token_id", "deleted"): "PAYMENT_TOKEN_INACTIVE",
    ("POST /consumer/order/confirm", "payment_token_id", "deleted"): "PAYMENT_TOKEN_INACTIVE",
}
"""One's own that is gone and may be told apart from what never was, by the code for it."""
