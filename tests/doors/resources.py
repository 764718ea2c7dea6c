"""Which noun stands behind each part of an address and each id in a body or query: read this first, and add here.

A key of ADDRESSES is how an address goes on after /api/v1, with the parameter as the last one in it; the longest that
fits counts. One that begins with a method is for that method alone. Ids in bodies and queries are in `fields`.
"""

from tests.doors.nouns import office, public, shoppers, staff, trading  # noqa: F401 (each registers its nouns)

ADDRESSES = {
    "/admin/analytics/reports/{name}": "report",
    "/admin/branches/{branch_id}": "branch",
    "/admin/categories/{category_id}": "category",
    "/admin/coupons/{coupon_id}": "coupon",
    "/admin/delivery-slots/{slot_id}": "slot",
    "/admin/devices/{device_id}": "device",
    "/admin/disputes/{issue_id}": "dispute",
    "/admin/firmware/{firmware_id}": "firmware",
    "/admin/food-types/{food_type_id}": "food type",
    "/admin/inventory/{inventory_id}": "inventory",
    "/admin/inventory/item-{inventory_id}": "inventory",
    "/admin/orders/{order_id}": "payable order",
    "/admin/outbox/{event_id}": "event",
    "/admin/payments/operations/{operation_id}": "payment operation",
    "/admin/payments/{order_id}": "paid order",
    "/admin/payouts/{payout_id}": "payout",
    "/admin/products/{product_id}": "managed product",
    "/admin/products/{product_id}/images/{digest}": "picture of a product",
    "/admin/products/{product_id}/sale": "product on sale",
    "/admin/recipes/{recipe_id}": "recipe",
    "/admin/shops/{shop_id}": "shop",
    "/admin/users/{user_id}": "customer",
    "/admin/vendors/documents/{document_id}": "document",
    "/admin/vendors/{user_id}": "vendor",
    "/admin/wallets/{user_id}": "wallet",
    "/admin/webhooks/{endpoint_id}": "webhook",
    "/admin/webhooks/{endpoint_id}/deliveries/{delivery_id}": "webhook message",
    "/branches/{branch_id}": "open branch",
    "/branches/{branch_id}/": "mapped branch",
    "/cart/items/{item_id}": "cart line",
    "/cart/{cart_id}": "walk",
    "/carts/trolleys/{trolley}": "trolley of any branch",
    "/carts/{cart_id}": "walk",
    "/carts/{cart_id}/location": "walk in sight",
    "/catalog/categories/{category_id}": "open category",
    "/catalog/products/by-gtin/{gtin}": "bar code",
    "/catalog/products/{product_id}": "product",
    "DELETE /catalog/products/{product_id}/reviews": "reviewed product",
    "PUT /catalog/products/{product_id}/reviews": "reviewed product",
    "/consumer/orders/{order_id}": "order at a shop",
    "/consumer/orders/{order_id}/issue": "delivered order at a shop",
    "/consumer/orders/{order_id}/rate": "delivered order at a shop",
    "/consumer/orders/{order_id}/return/": "delivered order at a shop",
    "/consumer/shop/{shop_id}": "shop in sight",
    "/consumer/wallet/load/{top_up_id}": "top-up",
    "/device/fw/{version}": "firmware version",
    "/device/item/{code}": "bar code for devices",
    "/me/addresses/{address_id}": "address",
    "/me/payment-tokens/{payment_token_id}": "card",
    "/me/sessions/{session_id}": "session",
    "/media/thumbnails/{digest}": "picture",
    "/media/{digest}": "picture",
    "/ops/assist/{assist_id}": "assist",
    "/ops/assistance/{request_id}": "call for help",
    "/ops/batches/{batch_id}": "batch",
    "/ops/incidents/{incident_id}": "incident",
    "/ops/orders/{order_id}": "order to pick",
    "/ops/orders/{order_id}/delivered": "order on its way",
    "/ops/orders/{order_id}/delivery-failed": "order on its way",
    "/ops/orders/{order_id}/driver": "packed order",
    "/ops/orders/{order_id}/items/{item_id}": "line to pick",
    "/ops/orders/{order_id}/out-for-delivery": "packed order",
    "/ops/transfers/{transfer_id}": "transfer",
    "/ops/transfers/{transfer_id}/receive": "arriving transfer",
    "/ops/trolleys/{trolley_id}": "trolley",
    "/orders/{order_id}": "shopper's order",
    "/orders/{order_id}/items/": "order with a substitute",
    "/orders/{order_id}/items/{item_id}": "line with a substitute",
    "/pos/handoff/{code}": "till code",
    "/products/{product_id}": "product",
    "/shop/{shop_id}": "shop in sight",
    "/stock-requests/admin/{request_id}": "request for stock",
    "/store/notifications/{notification_id}": "notification",
    "/store/wishlist/{product_id}": "wished product",
    "/user/checklist/{product_id}": "listed product",
    "/user/recipes/{recipe_id}": "shopper's recipe",
    "/vendor/item/bulk-upload/{task_id}": "upload",
    "/vendor/item/update/{item_id}": "item",
    "/vendor/item/{item_id}": "item",
    "/vendor/orders/issues/{issue_id}": "issue",
    "/vendor/orders/{order_id}": "order of a shop",
    "/vendor/orders/{order_id}/return/": "returned order of a shop",
    "/webhooks/payments/{provider}": "payment provider",
}

EMPTY = {
    "GET /catalog/categories/{category_id}/products": "a list without rows",
    "GET /catalog/products/{product_id}/reviews": "a list without rows",
    "DELETE /store/wishlist/{product_id}": "removing what is not there",
    "DELETE /admin/products/{product_id}/images/{digest}": "removing what is not there",
}
"""Routes that answer of what is not there with an empty success in place of a 404, and why."""


def noun_of(door: str, parameter: str) -> str | None:
    """The noun of a parameter of a route (`METHOD path`); None where the table has none."""
    place = "{" + parameter + "}"
    path = door.partition(" ")[2]
    fitting = [
        start for start in ADDRESSES if _last(start) == place and (door if " " in start else path).startswith(start)
    ]
    return ADDRESSES[max(fitting, key=len)] if fitting else None


def _last(start: str) -> str:
    """The last parameter of the beginning of an address."""
    return start[start.rindex("{") : start.rindex("}") + 1]
