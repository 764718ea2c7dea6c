"""Every row lock of the project, by name.

One global order, so that no two transactions can wait for each other in a circle: idempotency key (try only), device
of a trolley, cart, order, payment and operation, top-up, stock request, stock transfer, inventory by (stock location,
product), slot occurrence, coupon, shop, payout, ledger account, a user's feed of news; and among accounts: code of a
phone or an address, password reset, user, session. Accounts come before carts, a guest's cart before a user's. What
managers edit (category tree, product, branch, delivery slot, recipe, firmware, settings) is locked alone, a slot before
its occurrences, a product before the vocabulary. A vendor's file of items comes before the shop's range, that before
its items, and these before their inventory. An integrator's endpoint comes before its deliveries.
Never lock an earlier class after a later one; inside a class ascending by id.
Rows that others point at are locked FOR NO KEY UPDATE, so that such others can still be inserted. ORM reads here use
populate_existing: without it an object read earlier in the session would keep its old values after the lock is granted.
"""

from app.services.locks.accounts import phone_code, refresh_token, registration_code, user, user_of_phone, users
from app.services.locks.carts import (
    active_cart,
    active_carts,
    checkout_lines,
    guest_cart,
    shop_checkout_lines,
    trolley_checkout_lines,
)
from app.services.locks.coupons import coupon
from app.services.locks.keys import await_copies, catalog_import, limit_waits, try_key, vocabulary
from app.services.locks.ledger import FEED, balances, live_feed
from app.services.locks.managed import (
    branch,
    category_tree,
    delivery_slot,
    food_type,
    global_settings,
    occurrences_from,
    recipe,
    slot_day,
)
from app.services.locks.old_rows import Deleted, OldRows, count_old, delete_old
from app.services.locks.orders import (
    consumer_order,
    maturing_order,
    own_order,
    shop_order,
    staff_order,
    staff_orders,
    unanswered_order,
    unanswered_orders,
    vendor_order,
)
from app.services.locks.payments import claim_authorization, lease_operation, operation, payment_of
from app.services.locks.products import outdated_prices, product
from app.services.locks.shop_items import item_upload, shop_item, shop_items_by_sku, shop_range
from app.services.locks.shops import shop, shop_of
from app.services.locks.stock import inventory, inventory_row, shelf, shelves, stock_of_order
from app.services.locks.stock_moves import TransferSide, stock_request, stock_transfer
from app.services.locks.trolleys import (
    cart_with_expired_reservations,
    device,
    devices_on,
    firmware,
    open_session,
    reservations,
    sender,
    session_of_sold_cart,
    session_of_trolley,
    session_with_scale,
    stock_of_basket,
    stock_of_reservations,
)
from app.services.locks.wallets import lease_top_up, payout, top_up
from app.services.locks.webhooks import lease_delivery, webhook_endpoint
from app.services.locks.work import due_outbox, due_webhooks, offer_outbox, outbox_event

__all__ = [
    "FEED",
    "Deleted",
    "OldRows",
    "TransferSide",
    "active_cart",
    "active_carts",
    "await_copies",
    "balances",
    "branch",
    "cart_with_expired_reservations",
    "catalog_import",
    "category_tree",
    "checkout_lines",
    "claim_authorization",
    "consumer_order",
    "count_old",
    "coupon",
    "delete_old",
    "delivery_slot",
    "device",
    "devices_on",
    "due_outbox",
    "due_webhooks",
    "firmware",
    "food_type",
    "global_settings",
    "guest_cart",
    "inventory",
    "inventory_row",
    "item_upload",
    "lease_delivery",
    "lease_operation",
    "lease_top_up",
    "limit_waits",
    "live_feed",
    "maturing_order",
    "occurrences_from",
    "offer_outbox",
    "open_session",
    "operation",
    "outbox_event",
    "outdated_prices",
    "own_order",
    "payment_of",
    "payout",
    "phone_code",
    "product",
    "recipe",
    "refresh_token",
    "registration_code",
    "reservations",
    "sender",
    "session_of_sold_cart",
    "session_of_trolley",
    "session_with_scale",
    "shelf",
    "shelves",
    "shop",
    "shop_checkout_lines",
    "shop_item",
    "shop_items_by_sku",
    "shop_of",
    "shop_order",
    "shop_range",
    "slot_day",
    "staff_order",
    "staff_orders",
    "stock_of_basket",
    "stock_of_order",
    "stock_of_reservations",
    "stock_request",
    "stock_transfer",
    "top_up",
    "trolley_checkout_lines",
    "try_key",
    "unanswered_order",
    "unanswered_orders",
    "user",
    "user_of_phone",
    "users",
    "vendor_order",
    "vocabulary",
    "webhook_endpoint",
]
