"""Routes through a branch, in cells: x is the column from the left, y the row from above."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from app.schemas.envelope import NOT_A_TRUTH, Answer, Request, RowId
from app.schemas.store_maps import CellNumber, Floor, StoreSectionAnswer

MOST_ITEMS, MOST_MS = 200, 5000


class StartCell(Request):
    floor: Floor = 0
    x: CellNumber
    y: CellNumber


class RouteItem(Request):
    product_id: RowId


class RouteForm(Request):
    """Where to begin, what to fetch and how.

    The route begins at `start`, or where the trolley of `cart_id` is, or at the first entrance. `items` are, if left
    out, those of your checklist. `frozen_last`: frozen goods after all others. `quality` exact proves that there is no
    shorter way, within `max_ms`; only for signed-in users. With fast `max_ms` is processor time, at most 500.
    """

    example: ClassVar[Mapping[str, Any]] = {
        "start": {"floor": 0, "x": 0, "y": 0},
        "items": [{"product_id": 5}, {"product_id": 7}],
        "end": "checkout",
    }

    start: StartCell | None = None
    cart_id: RowId | None = None
    items: Annotated[list[RouteItem], Field(max_length=MOST_ITEMS)] | None = None
    end: Literal["checkout", "none"] = "checkout"
    frozen_last: bool = False
    quality: Literal["fast", "exact"] = "fast"
    max_ms: Annotated[int, Field(ge=1, le=MOST_MS), NOT_A_TRUTH] | None = None

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        if self.start is not None and self.cart_id is not None:
            raise ValueError("send start or cart_id, not both")
        return self


def _numbers(value: Any) -> Any:
    """`1,2,3` as numbers; anything else is left to be refused."""
    if not isinstance(value, str):
        return value
    return [int(part) if _is_number(part) else part for part in value.split(",")]


def _is_number(part: str) -> bool:
    return part.strip().isascii() and part.strip().isdigit() and len(part) <= 20


_ID_LIST = "^ *[1-9][0-9]{0,17} *(, *[1-9][0-9]{0,17} *)*$"
ProductIds = Annotated[
    tuple[RowId, ...],
    Field(min_length=1, max_length=MOST_ITEMS),
    BeforeValidator(_numbers),
    WithJsonSchema({"type": "string", "pattern": _ID_LIST, "maxLength": 200, "examples": ["5,7"]}),
]
"""Product ids with commas between them, at most 200."""

_START = "^(-1?[0-9]|-20|1?[0-9]{1,2}|200)(,[0-9]{1,3}){2}$"
"""Floor, column and row within the bounds of `domain.store_map.layout`."""

StartPoint = Annotated[
    tuple[Floor, CellNumber, CellNumber],
    BeforeValidator(_numbers),
    WithJsonSchema({"type": "string", "pattern": _START, "examples": ["0,0,0"]}),
]


class RoutePictureQuery(Request):
    """`start` is `floor,x,y`; without it the route begins at the first entrance. `items` are product ids: `5,7`."""

    start: StartPoint | None = None
    items: ProductIds | None = None
    end: Literal["checkout", "none"] = "checkout"
    frozen_last: bool = False

    def form(self) -> RouteForm:
        """The same as a body of the route."""
        start = None if self.start is None else dict(zip(("floor", "x", "y"), self.start, strict=True))
        items = [{"product_id": product} for product in self.items or ()]
        wanted = {"start": start, "items": items, "end": self.end, "frozen_last": self.frozen_last}
        return RouteForm.model_validate(wanted)


class RouteLeg(Answer):
    """The way to a product, or at last to a till (`product_id` null): its corners as [floor, x, y], and in words."""

    product_id: int | None
    polyline: list[tuple[int, int, int]]
    steps: int
    instruction: str


class PlannedRoute(Answer):
    """Steps are of one cell, stairs count with their cost. No route is shorter than `lower_bound_m`, where it is known.

    `unlocated` are products that stand nowhere in this branch, `unreachable` those that no way leads to now.
    """

    layout_version: int
    steps: int
    distance_m: float
    optimal: bool
    lower_bound_m: float | None
    order: list[int]
    legs: list[RouteLeg]
    unlocated: list[int]
    unreachable: list[int]


class ProductLocationQuery(Request):
    """`branch_id` is, if left out, where your trolley is."""

    product_ids: ProductIds
    branch_id: RowId | None = None


class ProductLocation(Answer):
    product_id: int
    section_id: int | None
    aisle_num: int | None
    shelf_num: int | None
    floor: int
    x_coord: int
    y_coord: int
    section: StoreSectionAnswer | None


class PathDestination(Request):
    """A product, or a cell."""

    product_id: RowId | None = None
    x: CellNumber | None = None
    y: CellNumber | None = None
    floor: Floor = 0

    @model_validator(mode="after")
    def _product_or_cell(self) -> Self:
        is_cell = self.x is not None and self.y is not None
        if (self.product_id is None) is not is_cell or (self.x is None) is not (self.y is None):
            raise ValueError("send product_id, or x and y")
        return self


class PathForm(Request):
    """Where to; from where your trolley is, or from `start_x`, `start_y` on the floor it is on."""

    example: ClassVar[Mapping[str, Any]] = {"destinations": [{"product_id": 5}, {"product_id": 7}]}

    destinations: Annotated[list[PathDestination], Field(min_length=1, max_length=MOST_ITEMS)]
    start_x: CellNumber | None = None
    start_y: CellNumber | None = None

    @model_validator(mode="after")
    def _whole_start(self) -> Self:
        if (self.start_x is None) is not (self.start_y is None):
            raise ValueError("send both start_x and start_y, or none")
        return self


class PathPoint(Answer):
    floor: int
    x: int
    y: int


class PathSegment(Answer):
    """The way to one destination (`product_id` null: a cell); `path_length` in steps, `path` its corners."""

    product_id: int | None
    section_id: int | None
    destination: PathPoint
    path_length: int
    path: list[PathPoint]
    last_instruction: str


class ShortestPath(Answer):
    start: PathPoint
    segments: list[PathSegment]
    layout_version: int
    unlocated: list[int]
    unreachable: list[int]
