"""The inventory screen over HTTP: what staff see, edits by managers, what orders hold, low stock and movements."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.enums import LocationKind, MovementKind
from app.models import AuditEvent, Inventory, Product, StockChange, StockLocation, StockMovement
from tests.conftest import Statements
from tests.factories import make_employee, make_location, make_product, make_stock, sign_in
from tests.shopping import assert_sound, make_shopper, one, open_shop

INVENTORY = "/api/v1/admin/inventory"
MOVEMENTS = "/api/v1/ops/stock-movements"
LOW = "/api/v1/ops/low-stock"


def ids(answer: Any) -> list[int]:
    return [row["id"] for row in answer.json["data"]["items"]]


def shelf(session: Session, inventory_id: int) -> Inventory:
    return session.execute(
        select(Inventory).where(Inventory.id == inventory_id).execution_options(populate_existing=True)
    ).scalar_one()


def stocked(session: Session, branch: StockLocation, quantity: int = 5, **columns: Any) -> Inventory:
    product = make_product(session, **{key: columns.pop(key) for key in ("name", "sku") if key in columns})
    row = make_stock(session, product, branch, quantity)
    for name, value in columns.items():
        setattr(row, name, value)
    session.commit()
    return row


def test_a_row_carries_what_the_screen_shows(client: FlaskClient, session: Session, as_manager: dict[str, str]) -> None:
    branch = make_location(session, name="Haifa")
    product = make_product(session, stock={branch: 7}, name="Tahini", sku="TAH-1", bin_location="A-03")

    answer = client.get(INVENTORY, headers=as_manager)

    (row,) = answer.json["data"]["items"]
    assert row.pop("updated_at")
    assert row == {
        "id": one(session, Inventory).id,
        "branch_id": branch.id,
        "branch_name": "Haifa",
        "product_id": product.id,
        "product_name": "Tahini",
        "product_sku": "TAH-1",
        "available_quantity": 7,
        "reserved_quantity": 0,
        "reorder_point": 0,
        "needs_recount": False,
        "bin_location": "A-03",
        "limit": 50,
        "offset": 0,
        "total": 1,
    }
    assert answer.json["data"]["pagination"]["total"] == 1


def test_employees_see_the_stock_of_their_branches_only(client: FlaskClient, session: Session) -> None:
    mine, other = make_location(session), make_location(session)
    row, foreign = stocked(session, mine), stocked(session, other)
    headers = sign_in(session, make_employee(session, mine))

    assert ids(client.get(INVENTORY, headers=headers)) == [row.id]
    assert ids(client.get(f"{INVENTORY}?branchId={other.id}", headers=headers)) == []
    assert foreign.id not in ids(client.get(f"{INVENTORY}?productId={foreign.product_id}", headers=headers))


def test_the_stock_of_a_vendors_shop_is_not_the_supermarkets(
    client: FlaskClient, session: Session, as_manager: dict[str, str]
) -> None:
    row = stocked(session, make_location(session, kind=LocationKind.SHOP))

    assert ids(client.get(INVENTORY, headers=as_manager)) == []
    assert client.patch(f"{INVENTORY}/{row.id}", json={"reorder_point": 1}, headers=as_manager).status_code == 404


def test_rows_are_chosen_by_branch_product_text_low_stock_and_recount(
    client: FlaskClient, session: Session, as_manager: dict[str, str], branch: StockLocation
) -> None:
    tea = stocked(session, branch, 2, name="Green 50% Tea", sku="GT-100", reorder_point=3)
    jam = stocked(session, make_location(session), 9, name="Jam", sku="JAM_7", needs_recount=True)

    def found(query: str) -> list[int]:
        return ids(client.get(f"{INVENTORY}?{query}", headers=as_manager))

    assert found(f"branchId={branch.id}") == found(f"branch_id={branch.id}") == [tea.id]
    assert found(f"productId={jam.product_id}") == [jam.id]
    assert found("q=green") == found("q=gt-1") == found("q=0%25") == [tea.id]
    assert found("q=m_7") == [jam.id]
    assert found("q=%25x") == []
    assert found("low_stock=true") == [tea.id]
    assert found("low_stock=false") == found("needsRecount=1") == [jam.id]
    assert found("needs_recount=no") == [tea.id]


def test_an_empty_filter_is_no_filter(client: FlaskClient, session: Session, as_manager: dict[str, str]) -> None:
    make_stock(session, make_product(session), make_location(session), 5)

    answer = client.get(f"{INVENTORY}?branchId=&productId=", headers=as_manager)

    assert len(answer.json["data"]["items"]) == 1


def test_pages_by_offset_and_by_cursor_agree_and_count_all_rows(
    client: FlaskClient, session: Session, as_manager: dict[str, str], branch: StockLocation
) -> None:
    made = [stocked(session, branch).id for _ in range(5)]

    first = client.get(f"{INVENTORY}?limit=2", headers=as_manager)
    cursor = first.json["data"]["pagination"]["next_cursor"]
    by_offset = client.get(f"{INVENTORY}?limit=2&offset=2", headers=as_manager)
    by_cursor = client.get(f"{INVENTORY}?limit=2&cursor={cursor}", headers=as_manager)
    last = client.get(f"{INVENTORY}?limit=2&offset=4", headers=as_manager)

    assert ids(first) == made[:2]
    assert ids(by_offset) == ids(by_cursor) == made[2:4]
    assert ids(last) == made[4:]
    assert {row["total"] for row in by_offset.json["data"]["items"]} == {5}
    assert not last.json["data"]["pagination"]["has_next"]


def test_the_frontend_may_ask_for_ten_thousand_rows_and_bad_numbers_fall_back(
    client: FlaskClient, session: Session, as_manager: dict[str, str], branch: StockLocation
) -> None:
    stocked(session, branch)

    def limit(asked: str) -> int:
        return client.get(f"{INVENTORY}?limit={asked}", headers=as_manager).json["data"]["pagination"]["limit"]

    assert limit("10000") == 10_000
    assert limit("99999") == 10_000
    assert limit("many") == 50
    assert client.get(f"{INVENTORY}?limit=-1", headers=as_manager).status_code == 400
    assert client.get(f"{INVENTORY}?offset=-1", headers=as_manager).status_code == 400


def test_the_screen_costs_the_same_statements_for_one_row_and_for_many(
    client: FlaskClient, session: Session, as_manager: dict[str, str], branch: StockLocation, statements: Statements
) -> None:
    stocked(session, branch)
    client.get(INVENTORY, headers=as_manager)
    statements.clear()
    client.get(INVENTORY, headers=as_manager)
    for_one = len(statements)
    for _ in range(20):
        stocked(session, branch)
    statements.clear()

    client.get(INVENTORY, headers=as_manager)

    assert len(statements) == for_one == 2  # the token's session, the page


def test_a_new_row_is_explained_audited_and_made_once(
    client: FlaskClient, session: Session, as_manager: dict[str, str], branch: StockLocation
) -> None:
    product = make_product(session)
    body = {"product_id": product.id, "branch_id": branch.id, "available_quantity": 8, "reserved_quantity": 2}

    made = client.post(INVENTORY, json={**body, "reorder_point": 3}, headers=as_manager)
    again = client.post(INVENTORY, json=body, headers=as_manager)

    assert made.status_code == 201
    row = made.json["data"]
    assert (row["available_quantity"], row["reserved_quantity"], row["reorder_point"]) == (8, 2, 3)
    assert (again.status_code, again.json["error"]["code"]) == (409, "DUPLICATE_INVENTORY")
    moved = one(session, StockMovement)
    assert (moved.kind, moved.available_change, moved.reserved_change) == (MovementKind.OPENING, 8, 2)
    audited = one(session, AuditEvent)
    assert (audited.entity_type, audited.action, audited.entity_id) == ("inventory", "CREATE", row["id"])
    assert audited.new_value["available_quantity"] == 8
    assert_sound()


def test_a_new_row_needs_a_branch_and_a_product_of_the_supermarket(
    client: FlaskClient, session: Session, as_manager: dict[str, str], branch: StockLocation
) -> None:
    shop = make_location(session, kind=LocationKind.SHOP)
    own, foreign = make_product(session), make_product(session, shop_id=shop.id)

    def status(product: int, place: int) -> int:
        body = {"product_id": product, "branch_id": place, "available_quantity": 1}
        return client.post(INVENTORY, json=body, headers=as_manager).status_code

    assert status(own.id, 999_999) == 404
    assert status(own.id, shop.id) == 404
    assert status(999_999, branch.id) == 404
    assert status(foreign.id, branch.id) == 404
    assert status(own.id, branch.id) == 201


@pytest.mark.parametrize("path", [INVENTORY + "/{}", INVENTORY + "/item-{}"])
def test_an_edit_at_either_address_is_explained_and_audited(
    client: FlaskClient, session: Session, as_manager: dict[str, str], branch: StockLocation, path: str
) -> None:
    row = stocked(session, branch, 5)

    answer = client.patch(
        path.format(row.id),
        json={"available_quantity": 12, "reserved_quantity": 3, "reason": "Found a crate"},
        headers=as_manager,
    )

    assert answer.status_code == 200
    assert (answer.json["data"]["available_quantity"], answer.json["data"]["reserved_quantity"]) == (12, 3)
    change = one(session, StockChange)
    assert (change.available_before, change.available_after, change.reserved_after) == (5, 12, 3)
    assert change.reason == "Found a crate"
    moved = session.scalars(select(StockMovement).where(StockMovement.kind == MovementKind.ADJUST)).one()
    assert (moved.available_change, moved.reserved_change, moved.source_id) == (7, 3, change.id)
    audited = one(session, AuditEvent)
    assert (audited.action, audited.old_value["available_quantity"], audited.new_value["available_quantity"]) == (
        "UPDATE",
        5,
        12,
    )
    assert_sound()


def test_an_edit_of_one_number_keeps_the_others_and_a_reorder_point_moves_nothing(
    client: FlaskClient, session: Session, as_manager: dict[str, str], branch: StockLocation
) -> None:
    row = stocked(session, branch, 5, reorder_point=2)

    client.patch(f"{INVENTORY}/{row.id}", json={"reorder_point": 9}, headers=as_manager)
    only_point = session.scalars(select(StockChange)).all()
    client.patch(f"{INVENTORY}/{row.id}", json={"available_quantity": 4}, headers=as_manager)

    kept = shelf(session, row.id)
    assert only_point == []
    assert (kept.available_quantity, kept.reserved_quantity, kept.reorder_point) == (4, 0, 9)
    assert_sound()


@pytest.mark.parametrize(
    "body",
    [{}, {"reason": "why"}, {"available_quantity": -1}, {"available_quantity": True}, {"reserved_quantity": 2_000_000}],
)
def test_an_edit_without_a_number_or_with_an_impossible_one_is_refused(
    client: FlaskClient, session: Session, as_manager: dict[str, str], branch: StockLocation, body: dict[str, Any]
) -> None:
    row = stocked(session, branch)

    answer = client.patch(f"{INVENTORY}/{row.id}", json=body, headers=as_manager)

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_employees_may_not_edit(client: FlaskClient, session: Session, branch: StockLocation) -> None:
    row = stocked(session, branch)
    headers = sign_in(session, make_employee(session, branch))

    assert client.patch(f"{INVENTORY}/{row.id}", json={"reorder_point": 1}, headers=headers).status_code == 403
    assert client.post(INVENTORY, json={}, headers=headers).status_code == 403
    assert client.post(f"{INVENTORY}/bulk", headers=headers).status_code == 403


def test_reserved_never_goes_below_what_open_orders_hold(
    client: FlaskClient, session: Session, as_manager: dict[str, str]
) -> None:
    shop = open_shop(session, stock=10)
    shopper = make_shopper(session, client)
    shopper.add(shop.products[0], 4)
    assert shopper.confirm(shop).status_code == 201
    row = one(session, Inventory)

    def set_reserved(quantity: int) -> Any:
        return client.patch(f"{INVENTORY}/{row.id}", json={"reserved_quantity": quantity}, headers=as_manager)

    refused, above, exact = set_reserved(3), set_reserved(6), set_reserved(4)

    assert (refused.status_code, refused.json["error"]["code"]) == (409, "RESERVED_BY_ORDERS")
    assert refused.json["error"]["details"] == {"held": 4}
    assert (above.status_code, exact.status_code) == (200, 200)
    assert shelf(session, row.id).reserved_quantity == 4
    assert_sound()


def test_low_stock_lists_what_is_at_or_below_its_reorder_point_most_urgent_first(
    client: FlaskClient, session: Session, branch: StockLocation
) -> None:
    headers = sign_in(session, make_employee(session, branch))
    at_point = stocked(session, branch, 4, reorder_point=4)
    far_below = stocked(session, branch, 1, reorder_point=10)
    stocked(session, branch, 5, reorder_point=4)
    stocked(session, make_location(session), 0, reorder_point=4)
    asleep = stocked(session, branch, 0, reorder_point=4)
    session.execute(update(Product).where(Product.id == asleep.product_id).values(is_active=False))
    session.commit()

    answer = client.get(LOW, headers=headers)
    first = client.get(f"{LOW}?limit=1", headers=headers)
    second = client.get(f"{LOW}?limit=1&cursor={first.json['meta']['next_cursor']}", headers=headers)

    rows = answer.json["data"]
    assert [row["inventory_id"] for row in rows] == [far_below.id, at_point.id]
    assert [row["suggested_quantity"] for row in rows] == [19, 4]
    assert answer.json["meta"]["total"] == 2
    assert [row["inventory_id"] for row in second.json["data"]] == [at_point.id]
    assert not second.json["meta"]["has_next"]


def test_movements_explain_every_piece_back_to_the_first(
    client: FlaskClient, session: Session, as_manager: dict[str, str]
) -> None:
    shop = open_shop(session, stock=10)
    shopper = make_shopper(session, client)
    shopper.add(shop.products[0], 4)
    order_id = shopper.confirm(shop).json["data"]["order_id"]
    row = one(session, Inventory)
    client.patch(f"{INVENTORY}/{row.id}", json={"available_quantity": 9, "reason": "crate"}, headers=as_manager)
    query = f"{MOVEMENTS}?branch_id={shop.warehouse.id}&product_id={shop.products[0].id}"

    whole = client.get(query, headers=as_manager).json["data"]["items"]
    first = client.get(f"{query}&limit=2", headers=as_manager).json["data"]
    rest = client.get(f"{query}&limit=2&cursor={first['next_cursor']}", headers=as_manager).json["data"]

    assert [(m["kind"], m["available_change"], m["available_after"], m["reserved_after"]) for m in whole] == [
        ("adjust", 3, 9, 4),
        ("allocate", -4, 6, 4),
        ("opening", 10, 10, 0),
    ]
    assert (whole[0]["reason"], whole[0]["actor_name"]) == ("crate", "Dana Levi")
    assert whole[1]["order_id"] == order_id
    assert first["items"] + rest["items"] == whole
    assert rest["next_cursor"] is None


def test_employees_name_one_shelf_of_their_branches_to_see_movements(
    client: FlaskClient, session: Session, branch: StockLocation, as_manager: dict[str, str]
) -> None:
    row, foreign = stocked(session, branch), stocked(session, make_location(session))
    headers = sign_in(session, make_employee(session, branch))

    def seen(place: int, product: int) -> int:
        answer = client.get(f"{MOVEMENTS}?branchId={place}&productId={product}", headers=headers)
        return len(answer.json["data"]["items"])

    refused = client.get(f"{MOVEMENTS}?branchId={branch.id}", headers=headers)
    of_all = client.get(MOVEMENTS, headers=as_manager).json["data"]["items"]

    assert (refused.status_code, refused.json["error"]["code"]) == (400, "BRANCH_AND_PRODUCT_NEEDED")
    assert seen(branch.id, row.product_id) == 1
    assert seen(foreign.stock_location_id, foreign.product_id) == 0
    assert [movement["available_after"] for movement in of_all] == [None, None]
