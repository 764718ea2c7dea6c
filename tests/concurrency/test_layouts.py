"""Several managers at the floor plan of one branch at the same moment."""

from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.enums import LayoutStatus
from app.domain.store_map import planner
from app.domain.store_map.layout import from_document
from app.domain.store_map.places import stations
from app.models import ProductPlace, StoreLayout
from tests import factories
from tests.concurrency.racing import at_once
from tests.conftest import Live
from tests.floors import GROUND, PLAN, V1, Store, open_store

ROUNDS = 20


def statuses(session: Session, store: Store) -> list[tuple[int | None, str]]:
    statement = select(StoreLayout.version, StoreLayout.status).order_by(StoreLayout.id)
    return [tuple(row) for row in session.execute(statement.where(StoreLayout.stock_location_id == store.branch.id))]


def test_of_two_who_publish_the_same_draft_one_wins_and_versions_grow_by_one(live: Live) -> None:
    with Session(live.engine, expire_on_commit=False) as session, live.app.app_context():
        store = open_store(session, live.client())
        address, headers = f"{V1}/admin{store.path}/layout/publish", store.manager.headers
        for number in range(ROUNDS):
            store.draw({**PLAN, "cell_cm": 20 + number})

            answers = at_once([partial(live.client().post, address, headers=headers) for _ in range(2)])

            won, lost = sorted(answers, key=lambda answer: answer.status_code)
            assert (won.status_code, won.json["data"]["version"]) == (200, number + 1)
            assert lost.status_code == 409
            assert lost.json["error"]["code"] in {"LAYOUT_CHANGED", "NOTHING_TO_PUBLISH"}

        retired = [(number, LayoutStatus.RETIRED) for number in range(1, ROUNDS)]
        assert statuses(session, store) == [*retired, (ROUNDS, LayoutStatus.PUBLISHED)]


def assert_measured_as_drawn(session: Session, store: Store) -> None:
    """The distances of the published plan are among cells of this very drawing, its doors and tills among them."""
    of_branch = select(StoreLayout).where(StoreLayout.stock_location_id == store.branch.id)
    row = session.execute(of_branch.where(StoreLayout.status == LayoutStatus.PUBLISHED)).scalar_one()
    session.rollback()
    layout = from_document({"cell_cm": row.cell_cm, "floors": row.floors})
    loaded = planner.load(layout, row.distances)
    assert set(stations(loaded.grid, layout, {})) <= set(loaded.table.places)
    assert all(loaded.grid.is_walkable(cell) for cell in loaded.table.places)


def test_what_is_published_is_what_was_measured_whoever_draws_meanwhile(live: Live) -> None:
    with Session(live.engine, expire_on_commit=False) as session, live.app.app_context():
        store = open_store(session, live.client())
        product = factories.make_product(session)
        base, headers = f"{V1}/admin{store.path}", store.manager.headers
        for number in range(ROUNDS):
            store.draw({**PLAN, "cell_cm": 20 + number})
            other = {**PLAN, "floors": {"0": ["." * 10, *GROUND[:-1], "..C......."]}, "cell_cm": 100 + number}
            places = [{"product_id": product.id, "x": number % 9, "y": 3}]

            published, _, _ = at_once(
                [
                    partial(live.client().post, f"{base}/layout/publish", headers=headers),
                    partial(live.client().put, f"{base}/layout", json=other, headers=headers),
                    partial(live.client().put, f"{base}/product-locations", json=places, headers=headers),
                ]
            )

            if published.status_code == 200:
                assert_measured_as_drawn(session, store)
            else:
                assert published.json["error"]["code"] == "LAYOUT_CHANGED"


def test_of_two_who_put_all_places_one_is_there_whole(live: Live) -> None:
    with Session(live.engine, expire_on_commit=False) as session, live.app.app_context():
        store = open_store(session, live.client())
        products = [factories.make_product(session) for _ in range(4)]
        address, headers = f"{V1}/admin{store.path}/product-locations", store.manager.headers
        for number in range(ROUNDS):
            lists = [
                [{"product_id": product.id, "x": x, "y": number % 7} for product in chosen]
                for x, chosen in ((1, products[:3]), (2, products[1:]))
            ]

            answers = at_once([partial(live.client().put, address, json=rows, headers=headers) for rows in lists])

            standing = {tuple(row) for row in session.execute(select(ProductPlace.product_id, ProductPlace.x))}
            session.rollback()
            assert {answer.status_code for answer in answers} == {200}
            assert standing in [{(row["product_id"], row["x"]) for row in rows} for rows in lists]
