"""Routes through a store, as shoppers ask for them."""

import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.models import ChecklistItem, Device, Product, User
from app.schemas.store_routes import RoutePictureQuery
from tests import factories
from tests.conftest import Statements, rolled_back
from tests.floors import GROUND, PLAN, V1, Store, assert_walkable, open_store, walked
from tests.limiting import limiting

ONE_WAY = [
    "E>>>>>>>>.",
    ".##v##v##.",
    "X##v##v##.",
    ".<<<<<<<<.",
    "v##.##.##v",
    "v##.##.##v",
    ".........C",
]
TWO_FLOORS = {
    "cell_cm": 50,
    "floors": {"0": GROUND, "1": ["S....", ".###.", "....."]},
    "stairs": [[[0, 9, 0], [1, 0, 0], 6]],
}
TWO_FLOORS["floors"]["0"] = [GROUND[0][:-1] + "S", *GROUND[1:]]  # type: ignore[index]
SHELVES = [(1, 1), (4, 2), (7, 1), (8, 5), (2, 4), (5, 4)]


@pytest.fixture
def store(session: Session, client: FlaskClient) -> Store:
    return open_store(session, client)


@pytest.fixture
def products(session: Session, store: Store) -> list[Product]:
    """Six products on shelves of the published plan."""
    made = [factories.make_product(session, name=f"Tea {number}") for number in range(6)]
    store.put(*((product, *cell) for product, cell in zip(made, SHELVES, strict=True)))
    store.publish()
    return made


def planned(store: Store, *products: Product, **asked: Any) -> Any:
    answer = store.route(*products, **asked)
    assert answer.status_code == 200, answer.json
    return answer.json["data"]


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def test_a_guest_is_led_past_every_product_to_a_till(store: Store, products: list[Product]) -> None:
    route = planned(store, *products)

    assert sorted(route["order"]) == [product.id for product in products]
    assert [leg["product_id"] for leg in route["legs"]] == [*route["order"], None]
    assert route["legs"][0]["polyline"][0] == [0, 0, 0]
    assert route["legs"][-1]["polyline"][-1] == [0, 9, 6]
    assert (route["layout_version"], route["optimal"]) == (1, True)
    assert route["steps"] == sum(leg["steps"] for leg in route["legs"]) == len(set_of_steps(store, route))
    assert route["distance_m"] == route["lower_bound_m"] == route["steps"] * 0.5
    assert (route["unlocated"], route["unreachable"]) == ([], [])
    assert_walkable(store, route["legs"])


def set_of_steps(store: Store, route: Any) -> list[Any]:
    cells = walked(store, route["legs"])
    return [(one, other) for one, other in pairwise(cells) if one != other]


@pytest.mark.parametrize("plan", [{**PLAN, "floors": {"0": ONE_WAY}}, TWO_FLOORS], ids=["one way", "two floors"])
@pytest.mark.parametrize("is_published_after", [True, False], ids=["distances known", "places moved"])
def test_every_leg_stays_on_cells_one_may_walk_on(
    session: Session, client: FlaskClient, plan: dict[str, Any], is_published_after: bool
) -> None:
    store = open_store(session, client, plan)
    if not is_published_after:
        store.publish()
    made = [factories.make_product(session) for _ in range(6)]
    store.put(*((product, *cell) for product, cell in zip(made, SHELVES, strict=True)))
    if is_published_after:
        store.publish()

    route = planned(store, *made)

    assert sorted(route["order"]) == [product.id for product in made]
    assert_walkable(store, route["legs"])


def test_a_product_upstairs_is_fetched_by_the_stairs(session: Session, client: FlaskClient, product: Product) -> None:
    store = open_store(session, client, TWO_FLOORS)
    place = {"product_id": product.id, "floor": 1, "x": 2, "y": 1}
    store.manager.done("PUT", f"{store.path}/product-locations", json=[place])
    store.publish()

    route = planned(store, product)

    assert {corner[0] for leg in route["legs"] for corner in leg["polyline"]} == {0, 1}
    assert "take the stairs or lift to floor 1" in route["legs"][0]["instruction"]


def test_closed_cells_are_walked_around(store: Store, products: list[Product]) -> None:
    first = planned(store, products[0], end="none")
    store.draw({**PLAN, "floors": {"0": [GROUND[0].replace("E.", "EX"), *GROUND[1:]]}})
    store.publish()

    around = planned(store, products[0], end="none", start={"x": 2, "y": 0})

    assert first["steps"] == 1
    assert (0, 1, 0) not in walked(store, around["legs"])
    assert_walkable(store, around["legs"])


def test_the_nearest_of_several_shelves_is_taken(store: Store, session: Session, product: Product) -> None:
    store.put((product, 8, 5), (product, 1, 1))
    store.publish()

    assert planned(store, product, end="none")["steps"] == 1


def test_what_stands_nowhere_is_named_and_so_is_what_nobody_reaches(
    session: Session, store: Store, products: list[Product]
) -> None:
    homeless = factories.make_product(session)
    gone = factories.make_product(session, is_active=False)
    store.put((products[0], 1, 1), (products[1], 2, 2), (gone, 4, 1))
    store.draw({**PLAN, "floors": {"0": ["E.......C", "##X######", "#...#####"]}})
    store.publish()

    route = planned(store, products[0], products[1], homeless, gone)

    assert (route["unlocated"], route["unreachable"]) == ([homeless.id, gone.id], [products[1].id])
    assert route["order"] == [products[0].id]


def test_frozen_goods_come_last_if_that_is_wished(session: Session, store: Store) -> None:
    ice = factories.make_product(session, is_frozen=True)
    tea = factories.make_product(session)
    store.put((ice, 1, 1), (tea, 5, 1))
    store.publish()

    assert planned(store, ice, tea)["order"] == [ice.id, tea.id]
    assert planned(store, ice, tea, frozen_last=True)["order"] == [tea.id, ice.id]


def test_a_route_may_end_at_the_last_product(store: Store, products: list[Product]) -> None:
    route = planned(store, products[0], end="none")

    assert [leg["product_id"] for leg in route["legs"]] == [products[0].id]


def test_an_empty_list_leads_straight_to_the_till(store: Store, products: list[Product]) -> None:
    assert [leg["product_id"] for leg in planned(store)["legs"]] == [None]


def test_the_same_list_in_any_order_has_the_same_route(store: Store, products: list[Product]) -> None:
    assert planned(store, *products) == planned(store, *reversed(products)) == planned(store, *products, *products)


def test_a_list_of_many_stops_is_planned_the_same_each_time(session: Session, client: FlaskClient) -> None:
    rows = ["E" + "." * 39, *[".##" * 13 + "."] * 6, "." * 40, *[".##" * 13 + "."] * 6, "." * 39 + "C"]
    store = open_store(session, client, {**PLAN, "floors": {"0": rows}})
    made = [factories.make_product(session) for _ in range(26)]
    cells = [(3 * (number % 13) + 1 + number % 2, 3 + 7 * (number // 13)) for number in range(26)]
    store.put(*((product, *cell) for product, cell in zip(made, cells, strict=True)))
    store.publish()
    shopper = factories.sign_in(session, factories.make_user(session))

    fast, again = planned(store, *made), planned(store, *reversed(made))
    exact = planned(store, *made, quality="exact", headers=shopper)

    assert fast == again
    assert (fast["optimal"], fast["lower_bound_m"]) == (False, None)
    assert exact["optimal"] is True
    assert exact["lower_bound_m"] == exact["distance_m"] <= fast["distance_m"] <= 1.02 * exact["distance_m"]
    assert_walkable(store, fast["legs"])
    assert_walkable(store, exact["legs"])


def test_a_start_beside_the_aisle_is_moved_into_it_and_one_outside_is_refused(
    store: Store, products: list[Product]
) -> None:
    inside_a_shelf = planned(store, products[0], start={"x": 1, "y": 1})
    outside = store.route(products[0], start={"x": 900, "y": 900})

    assert inside_a_shelf["legs"][0]["polyline"][0][1:] in ([1, 0], [0, 1])
    assert refusal(outside) == (400, "START_OUTSIDE_STORE")


@pytest.mark.parametrize(
    "body",
    [
        {"items": [{"product_id": 0}]},
        {"items": [{"product_id": number} for number in range(1, 202)]},
        {"items": [], "max_ms": 5001},
        {"items": [], "max_ms": 0},
        {"items": [], "end": "exit"},
        {"items": [], "start": {"x": 1000, "y": 0}},
        {"items": [], "start": {"x": 1, "y": 0}, "cart_id": 1},
        {"items": [], "speed": 3},
    ],
)
def test_a_route_beyond_the_bounds_is_refused(store: Store, body: dict[str, Any]) -> None:
    store.publish()

    assert refusal(store.route(**body)) == (400, "VALIDATION_ERROR")


def test_what_needs_a_person_is_refused_to_guests(store: Store, products: list[Product]) -> None:
    answers = [store.route(**body) for body in ({"items": None}, {"cart_id": 1}, {"quality": "exact"})]

    assert [refusal(answer) for answer in answers] == [(401, "AUTH_REQUIRED")] * 3


def test_without_items_the_checklist_is_fetched(
    session: Session, store: Store, products: list[Product], user: User, headers: dict[str, str]
) -> None:
    session.add_all(ChecklistItem(user_id=user.id, product_id=product.id, quantity=1) for product in products[:2])
    session.commit()

    route = planned(store, items=None, headers=headers)

    assert sorted(route["order"]) == [product.id for product in products[:2]]


@pytest.fixture
def trolley(session: Session, store: Store, user: User) -> dict[str, Any]:
    """A shopper's trolley, 4.2 m to the right of the corner and 1.6 m below it."""
    made = factories.make_trolley(session, store.branch)
    opened = factories.make_cart_session(session, made, user)
    device = factories.make_device(session, made, floor=0, x_cm=420, y_cm=160)
    return {"cart_id": opened.cart_id, "device_id": device.id}


def test_a_route_begins_where_the_trolley_is(
    store: Store, products: list[Product], trolley: dict[str, Any], headers: dict[str, str]
) -> None:
    route = planned(store, products[0], cart_id=trolley["cart_id"], headers=headers)

    assert route["legs"][0]["polyline"][0] == [0, 8, 3]


def test_somebody_elses_trolley_and_one_in_another_branch_are_not_there(
    session: Session, store: Store, products: list[Product], trolley: dict[str, Any], headers: dict[str, str]
) -> None:
    stranger = factories.sign_in(session, factories.make_user(session))
    elsewhere = open_store(session, store.client)
    elsewhere.publish()

    strange = store.route(products[0], cart_id=trolley["cart_id"], headers=stranger)
    wrong = elsewhere.route(products[0], cart_id=trolley["cart_id"], headers=headers)

    assert refusal(strange) == refusal(wrong) == (404, "NO_CART")


def test_a_trolley_that_has_not_said_where_it_is_cannot_be_a_start(
    session: Session, store: Store, products: list[Product], trolley: dict[str, Any], headers: dict[str, str]
) -> None:
    session.execute(update(Device).values(x_cm=None))
    session.commit()

    assert refusal(store.route(cart_id=trolley["cart_id"], headers=headers)) == (404, "LOCATION_UNKNOWN")
    path = {"destinations": [{"product_id": products[0].id}]}
    answer = store.client.post(f"{V1}/cart/shortest_path", json=path, headers=headers)
    assert refusal(answer) == (404, "LOCATION_UNKNOWN")


def test_a_branch_without_a_plan_has_no_routes(session: Session, store: Store, client: FlaskClient) -> None:
    nowhere = f"{V1}/branches/{10**9}/route"

    assert refusal(store.route()) == (404, "LAYOUT_NOT_FOUND")
    assert refusal(client.post(nowhere, json={"items": []})) == (404, "NOT_FOUND")


def test_a_shop_of_a_vendor_is_no_branch(session: Session, client: FlaskClient) -> None:
    shop = factories.make_shop(session)

    assert refusal(client.post(f"{V1}/branches/{shop.id}/route", json={"items": []})) == (404, "NOT_FOUND")


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_planning_takes_two_statements_however_long_the_list(
    store: Store, products: list[Product], statements: Statements, headers: dict[str, str], is_signed_in: bool
) -> None:
    sent = headers if is_signed_in else None
    planned(store, headers=sent)
    counts = []
    for chosen in (products[:1], products):
        statements.clear()
        planned(store, *chosen, headers=sent)
        counts.append(len(statements))

    assert counts == [2 + is_signed_in] * 2


def test_the_picture_is_well_formed_and_shows_the_route(session: Session, store: Store) -> None:
    tea = factories.make_product(session, name="Tea & <Honey>")
    store.put((tea, 1, 1))
    store.publish()
    address = f"{V1}{store.path}/route.svg"

    looked_at = store.client.get(f"{address}?start=0,9,3&items={tea.id}")
    sent = store.client.post(address, json={"start": {"x": 9, "y": 3}, "items": [{"product_id": tea.id}]})

    assert looked_at.status_code == 200
    assert looked_at.content_type.startswith("image/svg+xml")
    assert looked_at.data == sent.data
    root = ElementTree.fromstring(looked_at.data)
    assert len(root.findall(".//{http://www.w3.org/2000/svg}polyline")) == 2
    assert "Tea & <Honey>" in [title.text for title in root.iter("{http://www.w3.org/2000/svg}title")]


@pytest.mark.parametrize("query", ["start=1,2", "start=a,b,c", "items=1,x", "items=0", "items=,", "start=0,-1,0"])
def test_a_picture_of_nothing_is_refused(store: Store, query: str) -> None:
    store.publish()

    answer = store.client.get(f"{V1}{store.path}/route.svg?{query}")

    assert refusal(answer) == (400, "VALIDATION_ERROR")


def test_locations_of_products_come_in_the_words_of_the_first_app(
    store: Store, products: list[Product], trolley: dict[str, Any], headers: dict[str, str]
) -> None:
    whole = {"section_name": "Drinks", "floor_level": 0, "x1": 0, "y1": 0, "x2": 9, "y2": 6}
    tea = {"section_name": "Tea", "floor_level": 0, "x1": 1, "y1": 1, "x2": 2, "y2": 2}
    store.manager.done("PUT", f"{store.path}/sections", json=[whole, tea])
    ids = f"{products[0].id},{products[3].id},{10**9}"

    answer = store.client.get(f"{V1}/cart/product_locations?product_ids={ids}", headers=headers)

    first, second = answer.json["data"]
    assert (first["product_id"], first["x_coord"], first["y_coord"]) == (products[0].id, 1, 1)
    assert (first["section"]["section_name"], second["section"]["section_name"]) == ("Tea", "Drinks")
    assert first["section_id"] == first["section"]["section_id"]


def test_locations_need_a_trolley_or_a_branch(store: Store, products: list[Product], headers: dict[str, str]) -> None:
    address = f"{V1}/cart/product_locations?product_ids={products[0].id}"

    assert refusal(store.client.get(address, headers=headers)) == (404, "NO_CART")
    named = store.client.get(f"{address}&branch_id={store.branch.id}", headers=headers)
    assert [row["section"] for row in named.json["data"]] == [None]


def test_the_shortest_path_leads_from_the_trolley_through_products_and_cells(
    store: Store, products: list[Product], trolley: dict[str, Any], headers: dict[str, str]
) -> None:
    wanted = [{"product_id": products[0].id}, {"x": 9, "y": 3}, {"product_id": 10**9}]

    answer = store.client.post(f"{V1}/cart/shortest_path", json={"destinations": wanted}, headers=headers)

    found = answer.json["data"]
    assert found["start"] == {"floor": 0, "x": 8, "y": 3}
    assert [segment["product_id"] for segment in found["segments"]] == [None, products[0].id]
    assert found["segments"][0]["destination"] == {"floor": 0, "x": 9, "y": 3}
    assert found["segments"][0]["path_length"] == 1
    assert found["segments"][1]["last_instruction"].endswith(".")
    assert found["unlocated"] == [10**9]


def test_the_shortest_path_may_begin_at_a_place_that_is_sent(
    store: Store, products: list[Product], trolley: dict[str, Any], headers: dict[str, str]
) -> None:
    body = {"start_x": 0, "start_y": 0, "destinations": [{"x": 3, "y": 0}]}

    answer = store.client.post(f"{V1}/cart/shortest_path", json=body, headers=headers)

    assert answer.json["data"]["segments"][0]["path"] == [{"floor": 0, "x": 0, "y": 0}, {"floor": 0, "x": 3, "y": 0}]


@pytest.mark.parametrize(
    "body",
    [
        {"destinations": []},
        {"destinations": [{}]},
        {"destinations": [{"x": 1}]},
        {"destinations": [{"product_id": 1, "x": 1, "y": 1}]},
        {"destinations": [{"x": 1, "y": 1}], "start_x": 1},
    ],
)
def test_a_path_to_nowhere_is_refused(store: Store, headers: dict[str, str], body: dict[str, Any]) -> None:
    answer = store.client.post(f"{V1}/cart/shortest_path", json=body, headers=headers)

    assert refusal(answer) == (400, "VALIDATION_ERROR")


def test_proofs_have_a_budget_of_their_own(template: str) -> None:
    with limiting(template, rate_limit_exact_routes="1 per minute") as limited, rolled_back(limited) as session:
        store = open_store(session, limited.test_client())
        store.publish()
        headers = factories.sign_in(session, factories.make_user(session))
        exact = [store.route(quality="exact", headers=headers).status_code for _ in range(2)]
        fast = store.route(headers=headers).status_code

    assert (exact, fast) == ([200, 429], 200)


def test_managers_see_the_trolleys_of_a_branch_and_no_others(
    session: Session, store: Store, trolley: dict[str, Any]
) -> None:
    factories.make_trolley(session, factories.make_location(session))
    idle = factories.make_trolley(session, store.branch, label="Idle one")

    shown = store.manager.get(f"{store.path}/trolleys")["data"]

    assert [(row["state"], row["x_cm"], row["y_cm"]) for row in shown] == [("shopping", 420, 160), ("idle", None, None)]
    assert (shown[1]["trolley"], shown[1]["label"], shown[1]["is_online"]) == (idle.id, "Idle one", False)


@pytest.mark.parametrize(
    ("start", "is_told"),
    [
        ("-20,0,0", True),
        ("-9,0,0", True),
        ("99,10,10", True),
        ("200,999,999", True),
        ("-21,0,0", False),
        ("201,0,0", False),
        ("0,1000,0", False),
    ],
)
def test_a_start_is_read_as_the_document_tells(
    session: Session, client: FlaskClient, start: str, is_told: bool
) -> None:
    store = open_store(session, client)
    documented = RoutePictureQuery.model_json_schema()["properties"]["start"]["anyOf"][0]["pattern"]

    answer = store.client.get(f"{V1}{store.path}/route.svg", query_string={"start": start})

    assert bool(re.match(documented, start)) is is_told
    assert (answer.json["error"]["code"] != "VALIDATION_ERROR") is is_told
