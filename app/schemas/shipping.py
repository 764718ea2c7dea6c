"""How goods reach the customer, and how they come back."""

from app.schemas.envelope import Answer


class ShippingPolicy(Answer):
    """`key` is delivery, pickup or returns."""

    key: str
    title: str
    body: str


class ShippingInfo(Answer):
    policies: list[ShippingPolicy]
