"""A route in words and as a drawing."""

from xml.etree import ElementTree as ET

import pytest

from app.domain.store_map import svg, words
from app.domain.store_map.graph import DOWN, RIGHT, UP
from app.domain.store_map.layout import Layout, ShelfSign, Stair
from app.domain.store_map.planner import Options, load, plan
from app.domain.store_map.stops import Item
from app.domain.store_map.strides import heading, strides
from app.domain.store_map.svg_floors import Section, rectangles
from app.domain.store_map.words import Goal
from scripts.store_generator import MIDDLE, shopping_list, store

TWO_FLOORS = Layout(50, {0: ("E.S.C", "..#.."), 1: ("..S#>",)}, (Stair((0, 2, 0), (1, 2, 0), 12),))
SVG = "{http://www.w3.org/2000/svg}"


def test_the_directions_turn_and_climb() -> None:
    route = plan(load(TWO_FLOORS), (0, 0, 1), [Item(1, ((1, 0, 0),), "Salt"), Item(2, ((0, 2, 1),), "Milk")])

    assert [leg.instruction for leg in route.legs] == [
        "Head up on the map for 0.5 m, turn right and walk 1 m, take the stairs or lift to floor 1, "
        "head left on the map for 1 m; Salt is right here.",
        "Turn around and walk 1 m, take the stairs or lift to floor 0; Milk is beside you.",
        "Head right on the map for 1 m to the till.",
    ]
    assert [leg.steps for leg in route.legs] == [17, 14, 2]


WIDE = [*["....####...."] * 6, "............", "............"]


def told(rows: list[str], *shelves: tuple[int, int], cell_cm: int = 50) -> list[str]:
    """The directions from the lower left corner through products, each in an aisle of its own."""
    layout = Layout(cell_cm, {0: tuple(rows)})
    items = [
        Item(number, ((0, x, y),), f"P{number}", signs={(0, x, y): ShelfSign(number, 7)})
        for number, (x, y) in enumerate(shelves, 1)
    ]
    start = (0, 0, len(rows) - 1)
    return [leg.instruction for leg in plan(load(layout), start, items, Options(end="none")).legs]


def test_a_product_across_the_aisle_is_on_that_side_and_not_straight_ahead() -> None:
    """Three steps to the right lead to the rack; whoever walks up the aisle sees it on the right all the time."""
    assert told(WIDE, (4, 0)) == ["Head up on the map for 3.5 m along aisle 1; P1 is on your right, shelf 7."]


def test_nobody_is_told_to_change_lanes() -> None:
    grid = load(Layout(50, {0: ("......", "......", "......", "......", "......")})).grid
    way = [(0, 1, 4), (0, 1, 2), (0, 4, 2), (0, 4, 0), (0, 5, 0)]

    assert [stride[:2] for stride in strides(grid, 50, way, None, None)] == [(UP, 4), (RIGHT, 1)]
    assert [stride[:2] for stride in strides(grid, 50, way, UP, (0, 6, 0))] == [(UP, 4)]
    assert [stride[:2] for stride in strides(grid, 50, way[1:], DOWN, None)] == [(UP, 2), (RIGHT, 1)]
    assert [stride[:2] for stride in strides(grid, 150, way, None, None)] == [(UP, 2), (RIGHT, 3), (UP, 2), (RIGHT, 1)]


def test_a_product_on_the_other_side_is_across_the_aisle() -> None:
    rows = ["#..#", "#..#", "...."]

    assert told(rows, (0, 0), (3, 0))[1] == "Cross the aisle; P2 is on your right, in aisle 2, shelf 7."


def test_a_way_around_a_rack_is_no_sidestep() -> None:
    """From one aisle into the next: two steps to the side, but a rack ends between them."""
    rows = [".#.#.", ".#.#.", ".....", ".#.#.", ".#.#."]

    assert told(rows, (3, 0)) == [
        "Head up on the map for 1 m, turn right and walk 1 m, turn left into aisle 1 and walk 1 m; "
        "P1 is on your right, shelf 7."
    ]


def test_at_the_narrow_end_of_a_rack_one_is_not_in_its_aisle() -> None:
    rows = [".##.", ".##.", ".##.", ".##.", "...."]

    (text,) = told(rows, (2, 3))
    along = told(rows, (1, 0))

    assert text == "Head right on the map for 1 m; P1 is on your left, at the end of aisle 1, shelf 7."
    assert along == ["Head up on the map for 2 m along aisle 1; P1 is on your right, shelf 7."]


def test_an_aisle_one_is_in_already_is_not_named_again() -> None:
    layout = Layout(50, {0: ("#.", "#.", "#.", "#.")})
    sign = ShelfSign(3, None)
    items = [Item(y, ((0, 0, y),), f"P{y}", signs={(0, 0, y): sign}) for y in (0, 2)]

    route = plan(load(layout), (0, 1, 3), items, Options(end="none"))

    assert [leg.instruction for leg in route.legs] == [
        "Head up on the map for 0.5 m along aisle 3; P2 is on your left.",
        "Go straight on for 1 m; P0 is on your left.",
    ]


def test_long_ways_are_told_in_whole_metres() -> None:
    assert told(["." * 26 + "#"], (26, 0))[0].startswith("Head right on the map for 12 m;")


@pytest.mark.parametrize(
    ("facing", "side"),
    [(0, "behind you"), (1, "on your right"), (2, "straight ahead"), (3, "on your left"), (None, "beside you")],
)
def test_the_side_of_a_shelf_is_seen_from_where_one_faces(facing: int | None, side: str) -> None:
    told = words.sentence([(0, 5, 5)], [], facing, Goal("Salt", (0, 4, 5)), aisle=None, cell_cm=50)

    assert told == f"Stay where you are; Salt is {side}."


def test_a_way_is_reduced_to_its_corners() -> None:
    way = [(0, 0, 0), (0, 1, 0), (0, 2, 0), (0, 2, 1), (1, 7, 7), (1, 7, 6), (1, 7, 5)]

    assert words.corners(way) == [(0, 0, 0), (0, 2, 0), (0, 2, 1), (1, 7, 7), (1, 7, 5)]
    assert words.corners([(0, 0, 0)]) == [(0, 0, 0)]
    assert heading((0, 2, 0), (0, 5, 0)) == RIGHT
    assert heading((0, 2, 4), (0, 2, 0)) == UP


def test_the_drawing_shows_floors_route_and_numbered_stops() -> None:
    route = plan(load(TWO_FLOORS), (0, 0, 0), [Item(1, ((1, 0, 0),)), Item(2, ((0, 2, 1),)), Item(3, ((0, 2, 1),))])

    drawing = ET.fromstring(svg.draw(TWO_FLOORS, route, {1: "Salt & <pepper>"}))

    words_shown = [element.text for element in drawing.iter(f"{SVG}text")]
    titles = [element.text for element in drawing.iter(f"{SVG}title")]
    assert {"Floor 0", "Floor 1", "1", "2", "3", "2–3", "4", "→", "\u2068Salt & <pepper>\u2069"} <= set(words_shown)
    assert {"Salt & <pepper>", "Product 2, Product 3", "Start", "Till", "Entrance", "Stairs or lift"} <= set(titles)


def test_a_plan_is_drawn_in_few_rectangles() -> None:
    rows = ["##..##", "##..##", "##.X##"]

    assert rectangles(rows) == [(0, 0, 2, 3, "#"), (4, 0, 2, 3, "#"), (3, 2, 1, 1, "X")]


def test_the_drawing_of_a_large_store_is_small() -> None:
    layout = store(MIDDLE)
    items = [Item(number, tuple(shelves)) for number, shelves in enumerate(shopping_list(layout, 12, 1))]

    assert len(svg.draw(layout, plan(load(layout), (0, 0, 149), items))) < 20_000


def badges(drawing: str) -> list[tuple[float, float, float]]:
    """Left edge, top and width of every numbered badge."""
    boxes = [box for box in ET.fromstring(drawing).iter(f"{SVG}rect") if box.attrib.get("rx") == "9"]
    return [(float(box.attrib["x"]), float(box.attrib["y"]), float(box.attrib["width"])) for box in boxes]


def test_no_badge_covers_another_one_however_close_the_shelves_are() -> None:
    layout = Layout(50, {0: ("E" + "." * 38 + "C", "#" * 40, *["." * 40] * 8)})
    items = [Item(number, ((0, number, 1),)) for number in range(1, 31)]

    found = badges(svg.draw(layout, plan(load(layout), (0, 0, 0), items)))

    assert len(found) == 31
    for number, (x, y, width) in enumerate(found):
        for other_x, other_y, other_width in found[:number]:
            assert abs(y - other_y) >= 18 or x + width <= other_x or other_x + other_width <= x


def test_floors_a_route_does_not_touch_are_left_out() -> None:
    route = plan(load(TWO_FLOORS), (0, 0, 0), [])

    assert "Floor 1" not in svg.draw(TWO_FLOORS, route)
    assert "Floor 1" in svg.draw(TWO_FLOORS)


def test_the_list_beside_the_plan_tells_aisles_and_what_was_not_found() -> None:
    layout = Layout(50, {0: ("E..C", "####", "#..#", "####")})
    shelf = (0, 1, 1)
    items = [
        Item(1, (shelf,), signs={shelf: ShelfSign(4, 2)}),
        Item(2, ()),
        Item(3, ((0, 1, 2),)),
    ]

    drawing = svg.draw(layout, plan(load(layout), (0, 0, 0), items), {1: "Milk", 2: "Salt", 3: "Rice"})

    told = [(element.text or "").translate({0x2068: None, 0x2069: None}) for element in ET.fromstring(drawing).iter()]
    assert {"1 product, 1.5 m on foot", "Milk · aisle 4", "Till"} <= set(told)
    assert {"Rice · cannot be reached", "Salt · not on the map"} <= set(told)
    assert {"Shelf", "Entrance"} <= set(told)
    assert "One-way aisle" not in told


def test_names_of_sections_stand_where_there_is_room() -> None:
    layout = Layout(50, {0: ("E.######.C", "..........")})

    drawing = svg.draw(
        layout, None, None, [Section("Dairy & eggs", 0, 2, 0, 7, 0), Section("Spices and sauces", 0, 3, 0, 3, 0)]
    )

    assert "Dairy &amp; eggs" in drawing
    assert "Spices" not in drawing
