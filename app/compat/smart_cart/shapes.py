"""What the older app reads in a success: bare objects and lists, money and kilograms as numbers with a point.

A `cart_id` is the number on the trolley's sticker here, as it was the only one its first server had.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Any

from app.compat.fields import Fields
from app.compat.smart_cart.allergies import number_among, number_of
from app.compat.smart_cart.asking import Ask
from app.compat.smart_cart.refusals import Refused

Shape = Callable[[Any, Ask], Any]
"""Makes the older answer out of what stands under our `data`."""

_PRODUCT = Fields("product_id product_name price discounted_price barcode weight expiry category_id offer_name")
_PAID = "paid"


def flat(names: str) -> Shape:
    """The fields of an object themselves."""
    fields = Fields(names)
    return lambda data, _ask: fields.of(data)


MESSAGE = flat("message")
CHECKED_OUT = flat("order_id user_id total_products total_price discounted_price message")


def listed(key: str, shape: Shape) -> Shape:
    """A list under a key."""
    return lambda data, ask: {key: [shape(each, ask) for each in data]}


def bare(shape: Shape) -> Shape:
    """A list as it is."""
    return lambda data, ask: [shape(each, ask) for each in data]


def product(data: Any, _ask: Ask) -> dict[str, Any]:
    """Products have one bar code and a weight in kilograms."""
    expiry = data["expiry"]
    return {
        **_PRODUCT.of(data),
        "barcode": data["barcode"] or "",
        "weight": _kilograms(data["weight"]),
        "expiry": expiry and _rfc_1123(datetime.combine(date.fromisoformat(expiry), datetime.min.time())),
    }


def product_detail(data: Any, ask: Ask) -> dict[str, Any]:
    allergies = [{"allergy_id": number_of(word), "allergy_name": word} for word in data["allergies"]]
    return {**product(data, ask), "foodtypes": data["foodtypes"], "allergies": allergies}


def token(data: Any, ask: Ask) -> dict[str, Any]:
    """Who signed in is asked with their new token."""
    me = ask("/me", token=data["access_token"])
    if me is None:
        raise Refused(429, "Too many requests at once. Ask for a new code and try again.")
    return {"token": data["access_token"], "user_id": me["id"], "is_profile_complete": bool(me["full_name"])}


def user(data: Any, _ask: Ask) -> dict[str, Any]:
    told = Fields("user_id user_name mobilenum email user_foodtype_id").of(data)
    return {**told, "user_allergy_id": number_among(data["allergies"]), "is_profile_complete": True}


def checklist_item(data: Any, ask: Ask) -> dict[str, Any]:
    """A product stands on a list once: its id tells the lines apart."""
    line = Fields("user_id product_id quantity").of(data)
    return {"checklist_id": data["product_id"], **line, "product": product(data["product"], ask)}


def recipe(data: Any, ask: Ask) -> dict[str, Any]:
    return {**Fields("recipe_id recipe_name product_id").of(data), "product": product(data["product"], ask)}


def recipe_detail(data: Any, ask: Ask) -> dict[str, Any]:
    products = [product(each, ask) for each in data["products"]]
    return {"recipe_id": data["recipe_id"], "recipe_name": data["recipe_name"], "products": products}


def connection(data: Any, _ask: Ask) -> dict[str, Any]:
    return {"cart_id": data["trolley"], "user_id": data["user_id"], "message": data["message"]}


def cart(data: Any, ask: Ask) -> dict[str, Any]:
    """What is paid for is not in the cart any more."""
    lines = [] if data["state"] == _PAID else data["items"]
    return {
        "cart_id": data["trolley"],
        "items": [_cart_item(line, data["trolley"], ask) for line in lines],
        "total_weight": _kilograms(data["total_weight"]) if lines else None,
    }


def _cart_item(line: Any, cart_id: int, ask: Ask) -> dict[str, Any]:
    item = Fields("cart_items_id product_id quantity").of(line)
    return {**item, "cart_id": cart_id, "product": _in_cart(line, ask)}


def _in_cart(line: Any, ask: Ask) -> dict[str, Any]:
    """What is sold by weight is one piece with the price and the weight of the whole line."""
    made = product(line["product"], ask)
    if line["weight_grams"] is None:
        return made
    reduced = line["line_total"] if made["discounted_price"] is not None else None
    return {**made, "price": line["price"], "discounted_price": reduced, "weight": _kilograms(line["weight_grams"])}


def place(data: Any, _ask: Ask) -> dict[str, Any]:
    """Where the caller's trolley is; somebody else's is answered without a place (`table.place_of`)."""
    if "x_coord" not in data:
        raise Refused(403, "This is not your cart.")
    point = Fields("x_coord y_coord section_id").of(data)
    return {"cart_id": data["trolley"], **point, "updated_at": _rfc_1123(datetime.fromisoformat(data["updated_at"]))}


def section(data: Any, _ask: Ask) -> dict[str, Any]:
    corners = {name: float(data[name]) for name in ("x1", "y1", "x2", "y2")}
    return {**Fields("section_id section_name").of(data), **corners, "floor_level": data["floor_level"]}


def sections(data: Any, ask: Ask) -> list[dict[str, Any]]:
    """By name."""
    return sorted((section(each, ask) for each in data), key=lambda each: each["section_name"])


def product_place(data: Any, ask: Ask) -> dict[str, Any]:
    shelf = Fields("product_id section_id aisle_num shelf_num").of(data)
    around = data["section"] and section(data["section"], ask)
    return {**shelf, "x_coord": float(data["x_coord"]), "y_coord": float(data["y_coord"]), "section": around}


def way(data: Any, _ask: Ask) -> dict[str, Any]:
    """The way to products, part by part."""
    return {"start": _point(data["start"]), "segments": [_segment(each) for each in data["segments"]]}


def way_of_points(data: Any, _ask: Ask) -> dict[str, Any]:
    """The way through points in one piece; the last point of each part says what to do there."""
    points = [{**_point(data["start"]), "section_id": None, "instruction": None}]
    for each in data["segments"]:
        inner = [{**_point(point), "section_id": None, "instruction": None} for point in each["path"][1:-1]]
        end = {"section_id": each["section_id"], "instruction": each["last_instruction"]}
        points += [*inner, {**_point(each["destination"]), **end}]
    return {"path": points}


def _segment(data: Any) -> dict[str, Any]:
    return {
        **Fields("product_id section_id").of(data),
        "destination": _point(data["destination"]),
        "path_length": float(data["path_length"]),
        "path": [_point(point) for point in data["path"]],
        "last_instruction": data["last_instruction"],
    }


def _point(data: Any) -> dict[str, float]:
    return {"x": float(data["x"]), "y": float(data["y"])}


def checked_out(data: Any, ask: Ask) -> dict[str, Any]:
    """An order whose payment is still undecided has no totals yet."""
    made: dict[str, Any] = CHECKED_OUT(data, ask)
    return made if "message" in made else {**made, "message": "The payment is on its way. See the order history."}


def order(data: Any, _ask: Ask) -> dict[str, Any]:
    items = [_order_item(line) for line in data["items"]]
    return {**Fields("order_id user_id total_products total_price discounted_price").of(data), "items": items}


def _order_item(line: Any) -> dict[str, Any]:
    """What is not reduced costs its price."""
    paid = line["price"] if line["discounted_price"] is None else line["discounted_price"]
    return {**Fields("product_id quantity price product_name").of(line), "discounted_price": paid}


def hello(_data: Any, _ask: Ask) -> str:
    """A word to who looks whether somebody is there."""
    return "Hello"


def as_it_is(data: Any, _ask: Ask) -> Any:
    return data


def _kilograms(grams: int | None) -> float | None:
    return None if grams is None else grams / 1000


def _rfc_1123(moment: datetime) -> str:
    """`Fri, 01 Jan 2027 00:00:00 GMT`."""
    at = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return format_datetime(at, usegmt=True)
