"""How goods reach the customer, and how they come back, told with the numbers that apply now."""

from sqlalchemy import select

from app.config import settings
from app.models import GlobalSettings
from app.schemas.shipping import ShippingInfo, ShippingPolicy
from app.transaction import reading

_NUMBERS = select(GlobalSettings.delivery_min, GlobalSettings.delivery_fee, GlobalSettings.slots)


def info() -> ShippingInfo:
    """The shop's policies on delivery, pickup and returns."""
    with reading() as connection:
        delivery_min, delivery_fee, hours = connection.execute(_NUMBERS).one()
    money = settings().currency
    delivery = (
        f"We deliver between {hours} in two-hour windows. Delivery costs {delivery_fee} {money} "
        f"and is free for baskets of {delivery_min} {money} or more."
    )
    pickup = "Collect your order at a branch free of charge, within two hours of ordering."
    returns = (
        "Cancel free of charge until we start to pick your order. If something is missing or damaged, "
        "we give back what you paid for it."
    )
    policies = [("delivery", "Delivery", delivery), ("pickup", "Pickup", pickup), ("returns", "Returns", returns)]
    return ShippingInfo(policies=[ShippingPolicy(key=key, title=title, body=body) for key, title, body in policies])
