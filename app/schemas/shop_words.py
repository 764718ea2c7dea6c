"""The words of the marketplace's clients for states and means of payment: lower case on the wire."""

from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from app.domain.enums import OrderStatus, PaymentMethod
from app.domain.shop_order_states import asked, shown

_STATUSES = [shown(status) for status in OrderStatus if asked(shown(status)) is status]
_MODES = {method.value.lower(): method for method in PaymentMethod}


def _status(value: Any) -> OrderStatus:
    status = value if isinstance(value, OrderStatus) else asked(str(value))
    if status is None:
        raise ValueError(f"must be one of {', '.join(_STATUSES)}")
    return status


def _mode(value: Any) -> PaymentMethod:
    method = value if isinstance(value, PaymentMethod) else _MODES.get(str(value))
    if method is None:
        raise ValueError(f"must be one of {', '.join(_MODES)}")
    return method


ShopOrderStatus = Annotated[
    OrderStatus,
    BeforeValidator(_status),
    PlainSerializer(shown, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "enum": _STATUSES}),
]
"""The state of a vendor's order, such as `awaiting_consumer_confirmation` or `cancelled`."""

PaymentMode = Annotated[
    PaymentMethod,
    BeforeValidator(_mode),
    PlainSerializer(lambda method: method.value.lower(), return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "enum": list(_MODES)}),
]
"""`cash`, `wallet` or `card`."""
