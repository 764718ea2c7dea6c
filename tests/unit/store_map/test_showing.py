"""A route in words and as a drawing."""

from xml.etree import ElementTree as ET

import pytest

from app.domain.store_map import svg, words
from app.domain.store_map.graph import RIGHT, UP
from app.domain.store_map.layout import Layout, Stair
from app.domain.store_map.planner import load, plan
from app.domain.store_map.stops import Item
from scripts.store_generator import MIDDLE, shopping_list, store

TWO_FLOORS = Layout(50, {0: ("E.S.C", "..#.."), 1: ("..S#>",)}, (Stair((0, 2, 0), (1, 2, 0), 12),))
SVG = "{http://www.w3.org/2000/svg}"


def test_the_directions_turn_and_climb() -> None:
    route = plan(load(TWO_FLOORS), (0, 0, 1), [Item(1, ((1, 0, 0),), "Salt"), Item(2, ((0, 2, 1),), "Milk")])

    assert [leg.instruction for leg in route.legs] == [
        "Head up on the map for 0.5 m, turn right and walk 1 m, take the stairs or lift to floor 1, "
        "head left on the map for 1 m; Salt is right here.",
        "Turn around and walk 1 m, take the stairs or lift to floor 0; Milk is beside you.",
        "Head right on the map for 1 m; the till is here.",
    ]
    assert [leg.steps for leg in route.legs] == [17, 14, 2]


@pytest.mark.parametrize(
    ("facing", "side"),
    [(0, "behind you"), (1, "on your right"), (2, "ahead of you"), (3, "on your left"), (None, "beside you")],
)
def test_the_side_of_a_shelf_is_seen_from_where_one_faces(facing: int | None, side: str) -> None:
    assert words.whereabouts((0, 5, 5), (0, 4, 5), facing) == side


def test_a_way_is_reduced_to_its_corners() -> None:
    way = [(0, 0, 0), (0, 1, 0), (0, 2, 0), (0, 2, 1), (1, 7, 7), (1, 7, 6), (1, 7, 5)]

    assert words.corners(way) == [(0, 0, 0), (0, 2, 0), (0, 2, 1), (1, 7, 7), (1, 7, 5)]
    assert words.corners([(0, 0, 0)]) == [(0, 0, 0)]
    assert words.heading((0, 2, 0), (0, 5, 0)) == RIGHT
    assert words.heading((0, 2, 4), (0, 2, 0)) == UP


def test_the_drawing_shows_floors_route_and_numbered_stops() -> None:
    route = plan(load(TWO_FLOORS), (0, 0, 0), [Item(1, ((1, 0, 0),)), Item(2, ((0, 2, 1),)), Item(3, ((0, 2, 1),))])

    drawing = ET.fromstring(svg.draw(TWO_FLOORS, route.legs, {1: "Salt & <pepper>"}))

    words_shown = [element.text for element in drawing.iter(f"{SVG}text")]
    titles = [element.text for element in drawing.iter(f"{SVG}title")]
    assert {"Floor 0", "Floor 1", "1", "2-3", "4", "→"} <= set(words_shown)
    assert {"Salt & <pepper>", "Product 2, Product 3", "Start", "Till", "Entrance", "Stairs or lift"} <= set(titles)
    points = [point for line in drawing.iter(f"{SVG}polyline") for point in line.attrib["points"].split()]
    assert "2.5,4.5" in points


def test_a_plan_is_drawn_in_few_rectangles() -> None:
    rows = ["##..##", "##..##", "##.X##"]

    assert svg.rectangles(rows) == [(0, 0, 2, 3, "#"), (4, 0, 2, 3, "#"), (3, 2, 1, 1, "X")]


def test_the_drawing_of_a_large_store_is_small() -> None:
    layout = store(MIDDLE)
    items = [Item(number, tuple(shelves)) for number, shelves in enumerate(shopping_list(layout, 12, 1))]

    assert len(svg.draw(layout, plan(load(layout), (0, 0, 149), items).legs)) < 20_000
