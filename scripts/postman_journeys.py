"""The journeys of the Postman collection, told against the demo shop; each step keeps what the next ones need."""

from collections.abc import Mapping
from dataclasses import dataclass, field

V1 = "/api/v1"


@dataclass(frozen=True)
class Step:
    """A request, the status it must answer, and lines of JavaScript with its `data` at hand."""

    name: str
    method: str
    path: str
    body: str | None = None
    status: int = 200
    then: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    is_open: bool = False


def _keep(name: str, value: str) -> str:
    return f"pm.collectionVariables.set('{name}', {value});"


def _sign_in(role: str) -> Step:
    body = f'{{"email": "{{{{{role}_email}}}}", "password": "{{{{{role}_password}}}}"}}'
    keep = (_keep("token", "data.access_token"),)
    return Step(f"Sign in as {role}", "POST", f"{V1}/auth/login", body, then=keep, is_open=True)


_CHOOSE = (
    "const good = data.filter(each => each.branch_available_quantity >= 10 && !each.age_limit);",
    "pm.test('there is something to buy', () => pm.expect(good).to.not.be.empty);",
    _keep("product_id", "good[0].id"),
)
_WANTED = (
    '"cart_id": {{cart_id}}, "fulfillment_type": "DELIVERY", "delivery_slot_id": {{slot_id}}, '
    '"address": "12 Market Street, Haifa"'
)
_SHOPPER = (
    _sign_in("customer"),
    Step("Which warehouse delivers?", "GET", f"{V1}/branches/delivery-source", then=(_keep("branch_id", "data.id"),)),
    Step("Browse the categories", "GET", f"{V1}/catalog/categories"),
    Step(
        "What is there?",
        "GET",
        f"{V1}/catalog/products/search",
        query={"branch_id": "{{branch_id}}", "in_stock": "true", "limit": "50"},
        then=_CHOOSE,
    ),
    Step("Look at it", "GET", f"{V1}/catalog/products/{{{{product_id}}}}"),
    Step("Start with an empty cart", "DELETE", f"{V1}/cart"),
    Step(
        "Put it in the cart",
        "PUT",
        f"{V1}/cart/items",
        '{"items": [{"product_id": {{product_id}}, "quantity": 2}]}',
        then=(_keep("cart_id", "data.id"),),
    ),
    Step(
        "When can it come?",
        "GET",
        f"{V1}/delivery-slots",
        query={"branch_id": "{{branch_id}}"},
        then=(_keep("slot_id", "data[0].id"),),
    ),
    Step(
        "What will it cost?",
        "POST",
        f"{V1}/checkout/preview",
        f"{{{_WANTED}}}",
        then=(_keep("total", "data.total"), _keep("purchase", "pm.variables.replaceIn('{{$guid}}')")),
    ),
    Step(
        "Buy",
        "POST",
        f"{V1}/checkout/confirm",
        f'{{{_WANTED}, "payment_token_id": 1, "expected_total": {{{{total}}}}}}',
        status=201,
        headers={"Idempotency-Key": "{{purchase}}"},
        then=(_keep("order_id", "data.order_id"),),
    ),
    Step(
        "The same again, as after a lost answer: one order, one charge",
        "POST",
        f"{V1}/checkout/confirm",
        f'{{{_WANTED}, "payment_token_id": 1, "expected_total": {{{{total}}}}}}',
        headers={"Idempotency-Key": "{{purchase}}"},
        then=(
            "pm.test('it is the first answer', () => "
            "pm.expect(String(data.order_id)).to.eql(String(pm.collectionVariables.get('order_id'))));",
        ),
    ),
    Step(
        "Look at the order",
        "GET",
        f"{V1}/orders/{{{{order_id}}}}",
        then=(_keep("order_item_id", "data.items[0].id"),),
    ),
)
_ORDER = f"{V1}/ops/orders/{{{{order_id}}}}"
_STAFF = (
    _sign_in("employee"),
    Step("What is to be picked?", "GET", f"{V1}/ops/orders", query={"limit": "5"}),
    Step("Take the order", "POST", f"{_ORDER}/claim", "{}"),
    Step(
        "Into the bag",
        "PATCH",
        f"{_ORDER}/items/{{{{order_item_id}}}}/picked-status",
        '{"picked_status": "PICKED"}',
    ),
    Step("Packed and charged", "PATCH", f"{_ORDER}/status", '{"status": "READY"}'),
    Step("Set out", "POST", f"{_ORDER}/out-for-delivery"),
    Step("At the door", "POST", f"{_ORDER}/delivered", '{"received_by": "Noa Levi"}'),
    _sign_in("manager"),
    Step("The revenue", "GET", f"{V1}/admin/analytics/reports/revenue", query={"range": "1d"}),
    Step(
        "Every step is on record",
        "GET",
        f"{V1}/admin/audit",
        query={"entity_type": "order", "entity_id": "{{order_id}}"},
        then=("pm.test('several are', () => pm.expect(data.length).to.be.above(2));",),
    ),
)
_SALE = "/orders/{{shop_order_id}}"
_VENDOR = (
    _sign_in("vendor"),
    Step("The vendor's shop", "GET", f"{V1}/vendor/shop/my", then=(_keep("shop_id", "data.id"),)),
    Step(
        "What the vendor has",
        "GET",
        f"{V1}/vendor/item/my",
        query={"limit": "50"},
        then=(
            "const enough = data.filter(each => each.quantity_in_stock >= 10).map(each => each.id);",
            _keep("stocked", "JSON.stringify(enough)"),
        ),
    ),
    _sign_in("customer"),
    Step(
        "What neighbours see",
        "GET",
        f"{V1}/consumer/shop/{{{{shop_id}}}}/items",
        query={"limit": "50"},
        then=(
            "const stocked = JSON.parse(pm.collectionVariables.get('stocked'));",
            "const chosen = data.items.find(each => stocked.includes(each.id));",
            "pm.test('there is something to buy', () => pm.expect(chosen).to.be.an('object'));",
            _keep("shop_item_id", "chosen.id"),
        ),
    ),
    Step("Start with an empty basket", "POST", f"{V1}/consumer/cart/clear"),
    Step("Into the basket", "POST", f"{V1}/consumer/cart/add", '{"item_id": {{shop_item_id}}, "quantity": 3}'),
    Step("Load the wallet", "POST", f"{V1}/consumer/wallet/load", '{"amount": 100}'),
    Step(
        "Order",
        "POST",
        f"{V1}/consumer/order/confirm",
        '{"payment_mode": "wallet"}',
        status=201,
        then=(_keep("shop_order_id", "data.order_id"),),
    ),
    _sign_in("vendor"),
    Step(
        "Only two are left",
        "POST",
        f"{V1}/vendor{_SALE}/modify",
        '{"modifications": [{"item_id": {{shop_item_id}}, "quantity": 2}]}',
    ),
    _sign_in("customer"),
    Step("Two will do", "POST", f"{V1}/consumer{_SALE}/confirm-modified"),
    _sign_in("vendor"),
    Step("Delivered", "POST", f"{V1}/vendor{_SALE}/status", '{"status": "delivered"}'),
    Step("What the vendor has earned", "GET", f"{V1}/vendor/wallet"),
    _sign_in("customer"),
    Step("Five stars", "POST", f"{V1}/consumer{_SALE}/rate", '{"rating": 5, "review": "Quick"}'),
    _sign_in("admin"),
    Step("The office looks at the sale", "GET", f"{V1}/admin{_SALE}"),
)

JOURNEYS: dict[str, tuple[Step, ...]] = {
    "A shopper buys": _SHOPPER,
    "The staff deliver": _STAFF,
    "A vendor sells": _VENDOR,
}
"""The name of each journey and its steps; the staff's goes on with the shopper's order."""
