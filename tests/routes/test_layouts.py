"""Drawing, checking and publishing the floor plan of a branch."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.enums import LayoutStatus
from app.models import Product, StockLocation, StoreLayout
from app.schemas.store_maps import LARGEST_LAYOUT_BODY
from tests import factories
from tests.conftest import Statements
from tests.floors import GROUND, PLAN, V1, Store, open_store
from tests.managing import assert_for_managers_only, audited


@pytest.fixture
def store(session: Session, client: FlaskClient) -> Store:
    return open_store(session, client)


def versions(session: Session, store: Store) -> list[tuple[int | None, str, bool]]:
    """(version, status, has distances) of every layout of the branch, oldest first."""
    statement = select(StoreLayout.version, StoreLayout.status, StoreLayout.distances.is_not(None))
    rows = session.execute(statement.where(StoreLayout.stock_location_id == store.branch.id).order_by(StoreLayout.id))
    return [tuple(row) for row in rows]


def test_a_draft_is_for_managers_until_it_is_published(store: Store) -> None:
    hidden = store.client.get(f"{V1}{store.path}/layout")
    published = store.publish()
    shown = store.client.get(f"{V1}{store.path}/layout")

    assert (hidden.status_code, hidden.json["error"]["code"]) == (404, "LAYOUT_NOT_FOUND")
    assert published["version"] == 1
    assert published["faults"] == []
    assert {name: shown.json["data"][name] for name in PLAN} == PLAN
    assert (shown.json["data"]["version"], shown.json["data"]["checksum"]) == (1, published["checksum"])


def test_a_browser_that_has_the_plan_is_not_sent_it_again(store: Store) -> None:
    store.publish()
    first = store.client.get(f"{V1}{store.path}/layout")

    again = store.client.get(f"{V1}{store.path}/layout", headers={"If-None-Match": first.headers["ETag"]})

    assert again.status_code == 304


def test_each_publication_is_the_next_version_and_the_one_before_retires(session: Session, store: Store) -> None:
    store.publish()
    store.draw({**PLAN, "cell_cm": 40})
    second = store.publish()

    assert second["version"] == 2
    assert versions(session, store) == [(1, LayoutStatus.RETIRED, False), (2, LayoutStatus.PUBLISHED, True)]


def test_shoppers_keep_the_old_plan_while_the_new_one_is_drawn(store: Store) -> None:
    store.publish()
    store.draw({**PLAN, "cell_cm": 40})

    shown = store.client.get(f"{V1}{store.path}/layout").json["data"]
    managed = store.manager.get(f"{store.path}/layout")["data"]

    assert shown["cell_cm"] == 50
    assert (managed["cell_cm"], managed["status"], managed["published_version"]) == (40, "draft", 1)
    assert managed["needs_publishing"] is True


def test_a_draft_drawn_again_replaces_the_draft(session: Session, store: Store) -> None:
    store.draw({**PLAN, "cell_cm": 40})

    assert store.manager.get(f"{store.path}/layout")["data"]["cell_cm"] == 40
    assert versions(session, store) == [(None, LayoutStatus.DRAFT, False)]


def test_publishing_twice_changes_nothing_the_second_time(store: Store) -> None:
    store.publish()

    assert store.manager.refused("POST", f"{store.path}/layout/publish") == (409, "NOTHING_TO_PUBLISH")
    assert store.manager.get(f"{store.path}/layout")["data"]["needs_publishing"] is False


def test_products_that_moved_are_a_reason_to_publish_the_same_plan_again(
    session: Session, store: Store, product: Product
) -> None:
    store.publish()
    moved = store.put((product, 1, 1))

    again = store.publish()

    assert moved == {"places": 1, "products": 1, "needs_publishing": True}
    assert again["version"] == 2
    assert versions(session, store) == [(1, LayoutStatus.RETIRED, False), (2, LayoutStatus.PUBLISHED, True)]
    assert store.manager.get(f"{store.path}/layout")["data"]["needs_publishing"] is False


def test_every_fault_is_told_at_once_with_its_place(store: Store) -> None:
    product = 10**9
    rows = ["E.#..", "?.#.C", "..#S."]

    saved = store.draw({**PLAN, "floors": {"0": rows, "1": ["...", ".."]}})
    refused = store.manager.call("POST", f"{store.path}/layout/publish")

    told = refused.json["error"]["details"]["faults"]
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "LAYOUT_FAULTY")
    assert told == saved["faults"]
    assert [(fault["floor"], fault["x"], fault["y"]) for fault in told] == [(1, 0, 1), (0, 0, 1)]
    assert all(fault["blocks"] for fault in told)
    assert product not in {fault["product_id"] for fault in told}


def test_a_product_no_way_leads_to_blocks_publishing_and_is_named(store: Store, product: Product) -> None:
    store.draw({**PLAN, "floors": {"0": ["E..C", "####", "#..#", "####"]}})
    store.put((product, 1, 2))

    refused = store.manager.call("POST", f"{store.path}/layout/publish")

    assert refused.status_code == 409
    (fault,) = refused.json["error"]["details"]["faults"]
    assert (fault["product_id"], fault["floor"], fault["x"], fault["y"]) == (product.id, 0, 1, 2)


def test_what_only_closed_cells_cut_off_is_told_but_published(store: Store, product: Product) -> None:
    store.draw({**PLAN, "floors": {"0": ["E..C", "##X#", "#..#", "####"]}})
    store.put((product, 1, 2))

    published = store.publish()

    assert [(fault["product_id"], fault["blocks"]) for fault in published["faults"]] == [(product.id, False)]


CSV = "cell_cm;40\n" + "\n".join(GROUND) + "\nfloor;1\nS;.;\n.;#;.\n"


def test_a_plan_from_a_spreadsheet_is_read_like_one_in_json(store: Store) -> None:
    answer = store.manager.call("PUT", f"{store.path}/layout", data=CSV, content_type="text/csv")

    drawn = store.manager.get(f"{store.path}/layout")["data"]
    assert answer.status_code == 200, answer.json
    assert (drawn["cell_cm"], drawn["floors"]) == (40, {"0": GROUND, "1": ["S..", ".#."]})


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("cell_cm,forty\n..\n", []),
        (b"\xff\xfe..", []),
        ("cell_cm,5\n..\n", ["body", "cell_cm"]),
        ("", []),
        ("floor,9999\nE.C", ["body", "floors", "9999", "[key]"]),
        ("." * 1001, ["body", "floors", "0", 0]),
        ("..\n" * 1001, ["body", "floors", "0"]),
        ("..\nE\x00C", ["body", "floors", "0", 1]),
    ],
)
def test_a_spreadsheet_that_is_no_plan_is_refused(store: Store, body: str | bytes, place: list[Any]) -> None:
    answer = store.manager.call("PUT", f"{store.path}/layout", data=body, content_type="text/csv")

    error = answer.json["error"]
    assert (answer.status_code, error["code"]) == (400, "BAD_REQUEST")
    assert [fault["loc"] for fault in error["details"].get("errors", [])] == ([place] if place else [])


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "The file is empty: draw at least one row."),
        ("E,.,C\n#,..,#\n", "Line 2, column 2: a cell has one sign, not '..'."),
        ('E,.,C\n#,",#\n', "Line 2: the row is not CSV; perhaps a quote is opened and not closed."),
        (b"E,.,C\r\n#,\xe9,#\r\n", "The body is not UTF-8, as its line 2 shows. Save the file as UTF-8."),
        ("E.C".encode("utf-16"), "The body is not UTF-8, as its line 1 shows. Save the file as UTF-8."),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_its_line(store: Store, body: str | bytes, says: str) -> None:
    answer = store.manager.call("PUT", f"{store.path}/layout", data=body, content_type="text/csv")

    assert answer.status_code == 400
    assert answer.json["error"]["message"].endswith(says)


@pytest.mark.parametrize("body", ["\ufeffE,.,C\r\n#,#,#\r\n", '"E";"";"C"\n"#";"#";"#"\n', "E\t\t\tC\n"])
def test_files_of_spreadsheets_are_read_whatever_their_marks_and_separators(store: Store, body: str) -> None:
    answer = store.manager.call("PUT", f"{store.path}/layout", data=body.encode(), content_type="text/csv")

    assert answer.status_code == 200, answer.json
    assert store.manager.get(f"{store.path}/layout")["data"]["floors"]["0"][0] in ("E.C", "E..C")


@pytest.mark.parametrize(
    "change",
    [
        {"cell_cm": 9},
        {"cell_cm": True},
        {"floors": {}},
        {"floors": {"ground": ["E.C"]}},
        {"floors": {"0": "E.C"}},
        {"floors": {"0": ["E\x00C"]}},
        {"floors": {str(floor): ["."] for floor in range(11)}},
        {"floors": {"0": ["." * 1000] * 1000, "1": ["."]}},
        {"stairs": [[[0, 1, 0], [1, 1, 0]]]},
        {"stairs": [[[0, 1, 0], [1, 1, 0], 0]]},
        {"doors": []},
    ],
)
def test_a_plan_beyond_the_bounds_is_refused_at_the_door(store: Store, change: dict[str, Any]) -> None:
    assert store.manager.refused("PUT", f"{store.path}/layout", json={**PLAN, **change}) == (400, "VALIDATION_ERROR")


def test_the_largest_plan_is_taken_and_a_larger_body_is_not(store: Store) -> None:
    largest = {**PLAN, "floors": {"0": ["E" + "." * 998 + "C", *["." * 1000] * 249]}}

    assert store.draw(largest)["faults"] == []
    too_long = {"data": b"." * (LARGEST_LAYOUT_BODY + 1), "content_type": "text/csv"}
    assert store.manager.refused("PUT", f"{store.path}/layout", **too_long) == (413, "HTTP_413")


def test_other_kinds_of_body_are_refused(store: Store) -> None:
    sent = {"data": "E.C", "content_type": "text/plain"}

    assert store.manager.refused("PUT", f"{store.path}/layout", **sent) == (415, "HTTP_415")


def test_drawing_and_publishing_are_audited(session: Session, store: Store) -> None:
    published = store.publish()

    checksum = published["checksum"]
    assert audited(session, "store_layout") == [
        ("DRAW", None, {"branch_id": store.branch.id, "checksum": checksum}),
        ("PUBLISH", None, {"branch_id": store.branch.id, "version": 1, "checksum": checksum}),
    ]


def test_plans_of_other_places_are_not_there(session: Session, store: Store) -> None:
    shop = factories.make_shop(session)
    bare = factories.make_location(session)

    calls = {
        ("PUT", "layout"): {"json": PLAN},
        ("GET", "layout"): {},
        ("POST", "layout/publish"): {},
        ("PUT", "product-locations"): {"json": []},
        ("GET", "product-locations"): {},
        ("PUT", "sections"): {"json": []},
        ("GET", "sections"): {},
        ("GET", "trolleys"): {},
    }
    for place in (shop.id, 10**9):
        for (method, path), sent in calls.items():
            assert store.manager.refused(method, f"/branches/{place}/{path}", **sent) == (404, "NOT_FOUND"), path
    assert store.manager.refused("GET", f"/branches/{bare.id}/layout") == (404, "LAYOUT_NOT_FOUND")
    assert store.manager.refused("POST", f"/branches/{bare.id}/layout/publish") == (404, "LAYOUT_NOT_FOUND")


def test_a_closed_branch_shows_no_plan_but_is_still_drawn(session: Session, store: Store) -> None:
    store.publish()
    store.branch.is_active = False
    session.commit()

    assert store.client.get(f"{V1}{store.path}/layout").status_code == 404
    assert store.route().status_code == 404
    assert store.manager.get(f"{store.path}/layout")["data"]["published_version"] == 1


def test_only_managers_draw(client: FlaskClient, session: Session, branch: StockLocation) -> None:
    paths = [("PUT", "layout"), ("GET", "layout"), ("POST", "layout/publish"), ("PUT", "product-locations")]
    paths += [("GET", "product-locations"), ("PUT", "sections"), ("GET", "sections"), ("GET", "trolleys")]

    assert_for_managers_only(session, client, *((method, f"/branches/{branch.id}/{path}") for method, path in paths))


def test_showing_a_plan_takes_one_statement(store: Store, statements: Statements) -> None:
    store.publish()
    statements.clear()

    store.client.get(f"{V1}{store.path}/layout")

    assert len(statements) == 1
