"""Floor plans of the demo stores."""

from collections import Counter

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.domain.enums import LayoutStatus
from app.domain.store_map.publishing import faults
from app.models import ProductPlace, StockLocation, StoreLayout, StoreSection
from app.schemas.store_routes import RouteForm
from app.services.seed.assortment import products
from app.services.seed.floors import FACES, PLAN
from app.services.seed.shop import seed
from app.services.store_maps import reading, routing, sections

STORES = ["Garden City", "Harbour", "Market Street"]


def drawn(session: Session) -> list[tuple[str, int | None, str]]:
    statement = select(StockLocation.name, StoreLayout.version, StoreLayout.status).join_from(
        StockLocation, StoreLayout, StoreLayout.stock_location_id == StockLocation.id
    )
    return [tuple(row) for row in session.execute(statement.order_by(StockLocation.name))]


def test_every_demo_store_has_a_plan_on_which_all_products_stand(session: Session) -> None:
    seed()

    standing = Counter(session.execute(select(ProductPlace.stock_location_id)).scalars())
    assert drawn(session) == [(name, 1, LayoutStatus.PUBLISHED) for name in STORES]
    assert list(standing.values()) == [len(products())] * 3


def test_the_plan_has_no_fault_and_every_product_is_in_the_section_of_its_category(session: Session) -> None:
    seed()
    store = session.execute(select(StockLocation.id).where(StockLocation.name == "Harbour")).scalar_one()
    shelves = reading.shelves(session, store)
    named = session.execute(select(StoreSection.name).where(StoreSection.stock_location_id == store)).scalars()

    known = sections.of_branch(session.connection(), store)

    assert faults(PLAN, shelves) == []
    assert set(named) == set(FACES)
    assert all(sections.around(known, cell) for cells in shelves.values() for cell in cells)


def test_a_route_through_the_demo_store_finds_everything(session: Session) -> None:
    seed()
    store = session.execute(select(StockLocation.id).where(StockLocation.name == "Harbour")).scalar_one()
    wanted = list(session.execute(select(ProductPlace.product_id).distinct().limit(12)).scalars())

    route = routing.plan(RouteForm(items=[{"product_id": product} for product in wanted]), None, branch_id=store)

    assert sorted(route.order) == sorted(wanted)
    assert route.optimal


def test_a_second_run_leaves_plans_alone_and_draws_where_there_is_none(session: Session) -> None:
    seed()
    harbour = session.execute(select(StockLocation.id).where(StockLocation.name == "Harbour")).scalar_one()
    session.execute(delete(StoreLayout).where(StoreLayout.stock_location_id == harbour))
    session.execute(delete(ProductPlace))
    session.commit()

    seed()

    standing = select(ProductPlace.stock_location_id, func.count()).group_by(ProductPlace.stock_location_id)
    assert [tuple(row) for row in session.execute(standing)] == [(harbour, len(products()))]
    assert len(drawn(session)) == 3
