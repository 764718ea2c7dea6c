"""What the example of the document cannot be: forms, files, and what devices and providers say."""

from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any

from tests.doors.world import World
from tests.pictures import picture

if TYPE_CHECKING:
    from tests.doors.bodies import Request


def _sign_in(_world: World, request: "Request") -> None:
    request.form = lambda: {"grant_type": "password", "username": "nobody@example.com", "password": "no-password-7"}


def _picture(_world: World, request: "Request") -> None:
    request.form = lambda: {"file": (BytesIO(picture()), "milk.png")}


def _items(_world: World, request: "Request") -> None:
    request.form = lambda: {"file": (BytesIO(b"title,price\nPickled Mango,4.50\n"), "items.csv")}


def _firmware(_world: World, request: "Request") -> None:
    request.form = lambda: {"file": (BytesIO(b"image"), "image.bin")}


def _said(body: Any) -> Callable[[World, "Request"], None]:
    def say(_world: World, request: "Request") -> None:
        request.body = body

    return say


def _without(*names: str) -> Callable[[World, "Request"], None]:
    def leave_out(_world: World, request: "Request") -> None:
        for name in names:
            request.body.pop(name, None)

    return leave_out


SPECIAL: dict[str, Callable[[World, "Request"], None]] = {
    "POST /auth/token": _sign_in,
    "POST /admin/products/{product_id}/images": _picture,
    "POST /vendor/item/bulk-upload": _items,
    "POST /admin/firmware": _firmware,
    "PATCH /admin/users/{user_id}/toggle": lambda _world, request: request.query.update(active="false"),
    "POST /device/hb": _said({"fw": "1.4.2", "b": 87}),
    "POST /device/pair": _said({}),
    "POST /device/ev": _said({"ev": []}),
    "POST /device/claim": _said({"code": "00000000", "sn": "24:6F", "hw": "esp32s3", "fw": "1.4.2"}),
}
"""By `METHOD path`: what makes the request right."""
