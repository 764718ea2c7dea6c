"""Floor plans, shelves and sections of a branch, in cells: x is the column from the left, y the row from above."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, RootModel, model_validator

from app.domain.enums import LayoutStatus
from app.domain.store_map import layout as limits
from app.domain.store_map.layout import Layout, from_document, to_document
from app.domain.store_map.layout_csv import from_csv
from app.schemas.envelope import NOT_A_TRUTH, Answer, Instant, Listed, Request, RowId
from app.schemas.pagination import Page, WholePage
from app.schemas.text import Line

LARGEST_LAYOUT_BODY = 4 * 1024 * 1024
MOST_PLACES, MOST_PLACES_OF_ONE, MOST_SECTIONS = 20_000, 4, 200

Floor = Annotated[int, Field(ge=limits.LOWEST_FLOOR, le=limits.HIGHEST_FLOOR), NOT_A_TRUTH]
CellNumber = Annotated[int, Field(ge=0, lt=limits.LONGEST_SIDE), NOT_A_TRUTH]
ShelfNumber = Annotated[int, Field(ge=0, le=9999), NOT_A_TRUTH]
Point = tuple[Floor, CellNumber, CellNumber]
"""Floor, column, row."""


def _without_nul(row: str) -> str:
    if "\x00" in row:
        raise ValueError("must not contain the NUL character")
    return row


FloorName = Annotated[str, Field(pattern="^(0|-?[1-9][0-9]{0,2})$", examples=["0"])]
FloorRow = Annotated[str, Field(max_length=limits.LONGEST_SIDE), AfterValidator(_without_nul)]
Floors = Annotated[
    dict[FloorName, Annotated[list[FloorRow], Field(max_length=limits.LONGEST_SIDE)]],
    Field(min_length=1, max_length=limits.MOST_FLOORS, json_schema_extra={"additionalProperties": False}),
]
StairForm = tuple[Point, Point, Annotated[int, Field(ge=1, le=limits.DEAREST_STAIR), NOT_A_TRUTH]]


class LayoutForm(Request):
    """A plan: `cell_cm` is the side of a cell, `floors` the rows of each floor by its number.

    Signs: `.` floor to walk on, `#` shelf or wall, `E` entrance, `C` till, `X` closed for now, `S` stairs or lift, and
    the one-way aisles `>`, `v`, `<` and `^`. `stairs` join two `S` of two floors at a cost in steps:
    `[[floor, x, y], [floor, x, y], cost]`.
    """

    example: ClassVar[Mapping[str, Any]] = {
        "cell_cm": 50,
        "floors": {"0": ["E.......", ".######.", ".######.", ".......C"]},
        "stairs": [],
    }

    cell_cm: Annotated[int, Field(ge=limits.SMALLEST_CELL_CM, le=limits.LARGEST_CELL_CM), NOT_A_TRUTH] = (
        limits.DEFAULT_CELL_CM
    )
    floors: Floors
    stairs: Annotated[list[StairForm], Field(max_length=limits.MOST_STAIRS)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _not_too_many_cells(self) -> Self:
        if sum(len(row) for rows in self.floors.values() for row in rows) > limits.MOST_CELLS:
            raise ValueError(f"all floors together may have {limits.MOST_CELLS:,} cells; draw with larger ones")
        return self

    @classmethod
    def from_csv(cls, text: str) -> Self:
        """The form of a plan drawn in a spreadsheet. Raises ValueError."""
        return cls.model_validate(to_document(from_csv(text)))

    def plan(self) -> Layout:
        """The plan as the planner knows it."""
        return from_document(self.model_dump())


class LayoutFault(Answer):
    """What is wrong with a plan and where; a plan with one that does not block may be published."""

    message: str
    floor: int | None = None
    x: int | None = None
    y: int | None = None
    product_id: int | None = None
    blocks: bool


class SavedLayout(Answer):
    """`faults` is everything that stands in the way of publishing, at most 200."""

    branch_id: int
    checksum: str
    faults: list[LayoutFault]


class StoreFloors(Answer):
    cell_cm: int
    floors: dict[str, list[str]]
    stairs: list[StairForm]
    checksum: str


class ManagedLayout(StoreFloors):
    """The draft, or where there is none the published plan.

    `needs_publishing`: there is a draft, or some product has been moved to where no distances are known yet; until then
    routes are right all the same, but take longer to plan.
    """

    branch_id: int
    status: LayoutStatus
    published_version: int | None
    needs_publishing: bool
    faults: list[LayoutFault]


class PublishedLayout(StoreFloors):
    branch_id: int
    version: int
    published_at: Instant


class LayoutPublished(Answer):
    """`faults` are those that do not block."""

    branch_id: int
    version: int
    checksum: str
    published_at: Instant
    faults: list[LayoutFault]


class ProductPlaceForm(Request):
    """A cell on which a product stands, mostly that of a shelf."""

    product_id: RowId
    floor: Floor = 0
    x: CellNumber
    y: CellNumber
    aisle_num: ShelfNumber | None = None
    shelf_num: ShelfNumber | None = None


class ProductPlacesForm(RootModel[Annotated[list[ProductPlaceForm], Field(max_length=MOST_PLACES)]]):
    """All places of a branch; a product may stand in up to four."""

    example: ClassVar[Sequence[Any]] = [{"product_id": 5, "floor": 0, "x": 3, "y": 1, "aisle_num": 1, "shelf_num": 2}]


class ProductPlacesSaved(Answer):
    """`needs_publishing`: distances to some of the places are not known yet; routes take longer to plan until then."""

    places: int
    products: int
    needs_publishing: bool


class ManagedPlace(Answer):
    product_id: int
    product_name: str
    floor: int
    x: int
    y: int
    aisle_num: int | None
    shelf_num: int | None


class ManagedPlaceQuery(Page):
    product_id: RowId | None = None


ManagedPlaceList = Listed[ManagedPlace]


class SectionForm(Request):
    """A named rectangle of cells, corners included."""

    section_name: Annotated[Line, Field(min_length=1, max_length=80)]
    floor_level: Floor = 0
    x1: CellNumber
    y1: CellNumber
    x2: CellNumber
    y2: CellNumber

    @model_validator(mode="after")
    def _corners_in_order(self) -> Self:
        if self.x1 > self.x2 or self.y1 > self.y2:
            raise ValueError("x1, y1 must be the upper left corner and x2, y2 the lower right one")
        return self


class SectionsForm(RootModel[Annotated[list[SectionForm], Field(max_length=MOST_SECTIONS)]]):
    """All sections of a branch, each with a name of its own."""

    example: ClassVar[Sequence[Any]] = [{"section_name": "Dairy", "floor_level": 0, "x1": 1, "y1": 1, "x2": 6, "y2": 2}]

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if len({section.section_name for section in self.root}) < len(self.root):
            raise ValueError("two sections have the same name")
        return self


class StoreSectionAnswer(Answer):
    section_id: int
    section_name: str
    branch_id: int
    x1: int
    y1: int
    x2: int
    y2: int
    floor_level: int


class StoreSectionQuery(WholePage):
    branch_id: RowId | None = None


StoreSectionList = Listed[StoreSectionAnswer]


class TrolleyOnMap(Answer):
    """A trolley of a branch and where it was last heard of; centimetres from the upper left corner of the plan.

    `waits_for_help`: somebody of the staff is asked for.
    """

    trolley: int
    label: str
    state: str
    floor: int | None
    x_cm: int | None
    y_cm: int | None
    located_at: Instant | None
    last_seen_at: Instant | None
    is_online: bool
    battery_percent: int | None
    waits_for_help: bool


TrolleyOnMapList = Listed[TrolleyOnMap]
