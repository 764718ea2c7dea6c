"""THE TABLE: every blueprint with its prefix, who may enter and its rate limit. Read this first."""

from flask import Flask
from limits import RateLimitItem, parse_many

from app.domain.roles import ADMINS, CONSUMERS, MANAGERS, STAFF, VENDORS
from app.middleware.entry import DEVICE, EXEMPT, FIRST_DEVICE, GUEST, PUBLIC, SIGNED_IN, Entry
from app.routes import (
    admin,
    auth,
    branches,
    cart,
    catalog,
    consumer,
    employee,
    esp32,
    health,
    images,
    live,
    me,
    onboarding,
    phone,
    second_factor,
    sessions,
    store,
    store_maps,
    vendor,
    webhooks,
)

V1 = "/api/v1"

TABLE = (
    # blueprint, prefix, who may enter, section of the documentation, rate limit (a setting) where not the default
    Entry(health.probes, "", PUBLIC, "Service", EXEMPT),
    Entry(health.api, V1, PUBLIC, "Service", EXEMPT),
    Entry(auth.public, f"{V1}/auth", PUBLIC, "Accounts"),
    Entry(auth.account, f"{V1}/auth", SIGNED_IN, "Accounts"),
    Entry(me.me, f"{V1}/me", SIGNED_IN, "Profile"),
    Entry(catalog.catalog, f"{V1}/catalog", PUBLIC, "Catalog"),
    Entry(catalog.reviews, f"{V1}/catalog", SIGNED_IN, "Catalog"),
    Entry(branches.branches, V1, PUBLIC, "Branches and slots"),
    Entry(consumer.cart.cart, f"{V1}/cart", GUEST, "Cart"),
    Entry(consumer.checkout.checkout, f"{V1}/checkout", SIGNED_IN, "Checkout"),
    Entry(consumer.orders.orders, f"{V1}/orders", SIGNED_IN, "Orders"),
    Entry(store.public, f"{V1}/store", PUBLIC, "Store"),
    Entry(store.mine, f"{V1}/store", SIGNED_IN, "Store"),
    Entry(second_factor.second_factor, f"{V1}/auth/second-factor", SIGNED_IN, "Accounts"),
    Entry(sessions.sessions, f"{V1}/me", SIGNED_IN, "Profile"),
    Entry(images.images, "/media", PUBLIC, "Catalog"),
    Entry(consumer.substitutions.substitutions, f"{V1}/orders", SIGNED_IN, "Orders"),
    Entry(consumer.assistance.assistance, f"{V1}/store", SIGNED_IN, "Store"),
    Entry(employee.orders.orders, f"{V1}/ops", STAFF, "Staff: orders"),
    Entry(employee.picking.picking, f"{V1}/ops", STAFF, "Staff: picking"),
    Entry(employee.deliveries.deliveries, f"{V1}/ops", STAFF, "Staff: deliveries"),
    Entry(employee.batches.batches, f"{V1}/ops", STAFF, "Staff: picking"),
    Entry(employee.performance.performance, f"{V1}/ops", STAFF, "Staff: orders"),
    Entry(employee.alerts.alerts, f"{V1}/ops", SIGNED_IN, "Staff: alerts"),
    Entry(employee.alerts.assistance, f"{V1}/ops", STAFF, "Staff: alerts"),
    Entry(employee.stock_requests.stock_requests, f"{V1}/stock-requests", STAFF, "Staff: stock"),
    Entry(employee.stock_requests.ops, f"{V1}/ops", STAFF, "Staff: stock"),
    Entry(employee.stock.inventory, f"{V1}/admin", STAFF, "Staff: stock"),
    Entry(employee.stock.stock, f"{V1}/ops", STAFF, "Staff: stock"),
    Entry(admin.orders.orders, f"{V1}/ops", MANAGERS, "Staff: orders"),
    Entry(admin.orders.service, f"{V1}/ops", ADMINS, "Staff: orders"),
    Entry(admin.catalog.catalog, f"{V1}/admin", MANAGERS, "Admin: catalog"),
    Entry(admin.branches.branches, f"{V1}/admin", MANAGERS, "Admin: branches and slots"),
    Entry(admin.settings.shown, f"{V1}/admin", SIGNED_IN, "Admin: settings"),
    Entry(admin.settings.changed, f"{V1}/admin", MANAGERS, "Admin: settings"),
    Entry(admin.inventory.inventory, f"{V1}/admin", MANAGERS, "Admin: stock"),
    Entry(admin.stock_requests.reviews, f"{V1}/stock-requests/admin", MANAGERS, "Admin: stock"),
    Entry(admin.users.users, f"{V1}/admin", MANAGERS, "Admin: people"),
    Entry(admin.users.staff, f"{V1}/admin", ADMINS, "Admin: people"),
    Entry(admin.coupons.coupons, f"{V1}/admin", MANAGERS, "Admin: promotions"),
    Entry(admin.analytics.revenue, f"{V1}/admin", ADMINS, "Admin: analytics"),
    Entry(admin.analytics.reports, f"{V1}/admin", MANAGERS, "Admin: analytics"),
    Entry(admin.audit.audit, f"{V1}/admin", MANAGERS, "Admin: audit"),
    Entry(admin.payments.payments, f"{V1}/admin", MANAGERS, "Admin: payments"),
    Entry(admin.dashboard.dashboard, "/admin/dashboard", PUBLIC, "Admin: analytics"),
    Entry(phone.public, V1, PUBLIC, "Accounts"),
    Entry(phone.mine, V1, SIGNED_IN, "Accounts"),
    Entry(onboarding.onboarding, V1, SIGNED_IN, "Profile"),
    Entry(live.live, f"{V1}/me", SIGNED_IN, "Live updates"),
    Entry(consumer.profile.profile, f"{V1}/consumer", CONSUMERS, "Marketplace: people"),
    Entry(consumer.shops.shops, f"{V1}/consumer", CONSUMERS, "Marketplace: shops"),
    Entry(consumer.shops.public, f"{V1}/shop", CONSUMERS, "Marketplace: shops"),
    Entry(consumer.shop_cart.cart, f"{V1}/consumer/cart", CONSUMERS, "Marketplace: cart"),
    Entry(consumer.shop_orders.orders, f"{V1}/consumer", CONSUMERS, "Marketplace: orders"),
    Entry(consumer.shop_talk.talk, f"{V1}/consumer", CONSUMERS, "Marketplace: orders"),
    Entry(consumer.wallet.wallet, f"{V1}/consumer/wallet", CONSUMERS, "Marketplace: wallet"),
    Entry(consumer.agent.agent, f"{V1}/agent", CONSUMERS, "Marketplace: assistant"),
    Entry(vendor.profile.profile, f"{V1}/vendor", VENDORS, "Vendor: business"),
    Entry(vendor.shop.shop, f"{V1}/vendor", VENDORS, "Vendor: shop"),
    Entry(vendor.items.items, f"{V1}/vendor/item", VENDORS, "Vendor: items"),
    Entry(vendor.orders.orders, f"{V1}/vendor/orders", VENDORS, "Vendor: orders"),
    Entry(vendor.talk.talk, f"{V1}/vendor/orders", VENDORS, "Vendor: orders"),
    Entry(vendor.wallet.wallet, f"{V1}/vendor", VENDORS, "Vendor: wallet"),
    Entry(admin.shops.shops, f"{V1}/admin/shops", ADMINS, "Admin: marketplace"),
    Entry(admin.vendors.vendors, f"{V1}/admin/vendors", ADMINS, "Admin: marketplace"),
    Entry(admin.payouts.payouts, f"{V1}/admin", ADMINS, "Admin: marketplace"),
    Entry(admin.shop_orders.orders, f"{V1}/admin", ADMINS, "Admin: marketplace"),
    Entry(cart.trolleys.trolleys, f"{V1}/carts", CONSUMERS, "Smart carts: shopper"),
    Entry(cart.trolleys.places, f"{V1}/carts", SIGNED_IN, "Smart carts: shopper"),
    Entry(cart.basket.basket, f"{V1}/cart", CONSUMERS, "Smart carts: shopper"),
    Entry(cart.checkout.orders, f"{V1}/orders", CONSUMERS, "Smart carts: shopper"),
    Entry(cart.profiles.profiles, f"{V1}/auth", SIGNED_IN, "Smart carts: shopper"),
    Entry(cart.checklists.checklists, f"{V1}/user/checklist", CONSUMERS, "Smart carts: lists"),
    Entry(cart.recipes.recipes, f"{V1}/user/recipes", CONSUMERS, "Smart carts: lists"),
    Entry(cart.diets.diets, f"{V1}/user/diet", CONSUMERS, "Smart carts: lists"),
    Entry(cart.diets.public, f"{V1}/misc", PUBLIC, "Smart carts: lists"),
    Entry(cart.products.products, f"{V1}/products", GUEST, "Smart carts: lists"),
    Entry(store_maps.maps, V1, GUEST, "Store maps"),
    Entry(store_maps.sections, f"{V1}/misc", PUBLIC, "Store maps"),
    Entry(store_maps.finding, f"{V1}/cart", CONSUMERS, "Store maps"),
    Entry(employee.trolleys.trolleys, f"{V1}/ops", STAFF, "Staff: trolleys"),
    Entry(employee.trolleys.till, f"{V1}/pos", STAFF, "Staff: trolleys"),
    Entry(admin.devices.devices, f"{V1}/admin", MANAGERS, "Admin: trolleys"),
    Entry(admin.devices.device_keys, f"{V1}/admin", ADMINS, "Admin: trolleys"),
    Entry(admin.firmware.firmware, f"{V1}/admin/firmware", ADMINS, "Admin: trolleys"),
    Entry(admin.layouts.layouts, f"{V1}/admin/branches", MANAGERS, "Admin: store maps"),
    Entry(admin.recipes.recipes, f"{V1}/admin", MANAGERS, "Admin: recipes"),
    Entry(admin.trolley_map.page, "/admin/trolleys", PUBLIC, "Admin: trolleys"),
    Entry(esp32.claims.claims, f"{V1}/device", DEVICE, "Devices", "rate_limit_devices_address"),
    Entry(esp32.events.events, f"{V1}/device", DEVICE, "Devices", "rate_limit_devices_address"),
    Entry(esp32.heartbeats.heartbeats, f"{V1}/device", DEVICE, "Devices", "rate_limit_devices_address"),
    Entry(esp32.items.items, f"{V1}/device", DEVICE, "Devices", "rate_limit_devices_address"),
    Entry(esp32.pairing.pairing, f"{V1}/device", DEVICE, "Devices", "rate_limit_devices_address"),
    Entry(esp32.firmware.firmware, f"{V1}/device/fw", DEVICE, "Devices", "rate_limit_devices_address"),
    Entry(esp32.first_scans.scans, f"{V1}/cart/esp32", FIRST_DEVICE, "Devices", "rate_limit_devices_address"),
    Entry(webhooks.payments, "/webhooks/payments", PUBLIC, "Webhooks"),
)


def register_routes(app: Flask) -> None:
    """Register every line of the table; guards and limits are looked up by blueprint in `app.extensions`."""
    lines: dict[str, Entry] = {}
    limits: dict[str, list[RateLimitItem]] = {}
    for entry in TABLE:
        app.register_blueprint(entry.blueprint, url_prefix=entry.prefix or None)
        lines[entry.blueprint.name] = entry
        if entry.limit != EXEMPT:
            limits[entry.blueprint.name] = parse_many(getattr(app.extensions["settings"], entry.limit))
    app.extensions["table"] = lines
    app.extensions["limits"] = limits
