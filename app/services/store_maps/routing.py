"""The route through a shopping list. Planning takes a processor, up to seconds: no connection is held meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from app.domain.caller import Caller
from app.domain.store_map import planner, svg
from app.domain.store_map.layout import ENTRANCE, Cell, Layout
from app.domain.store_map.planner import Options, Route, StartOutside
from app.domain.store_map.stops import Item
from app.domain.store_map.svg_floors import Section
from app.errors import AuthRequired, DomainError
from app.schemas.store_routes import PlannedRoute, RouteForm
from app.services.store_maps import goods, sections, standing
from app.services.store_maps.reading import Published, published
from app.services.store_maps.standing import NoTrolleyHere, Standing
from app.transaction import reading

MOST_FAST_MS = 500
"""Processor time for the order of a long list; with quality exact the time is that of the proof, up to 5 s."""


class StartOutsideStore(DomainError):
    code = "START_OUTSIDE_STORE"
    message = "The start is not in this branch: send a cell of its floor plan that one can walk on."


class SignInForThis(AuthRequired):
    message = "Sign in to plan by your checklist or your trolley, or with quality exact. Guests send start and items."


@dataclass(frozen=True, slots=True)
class _Planned:
    published: Published
    items: Sequence[Item]
    route: Route


_OF_ROUTE = [field.name for field in fields(Route)]


def plan(form: RouteForm, caller: Caller | None, *, branch_id: int) -> PlannedRoute:
    """The route through a list in a branch.

    Raises BranchNotFound, LayoutNotFound, NoTrolleyHere, LocationUnknown, StartOutsideStore, SignInForThis.
    """
    found = _plan(form, caller, branch_id)
    values = {name: getattr(found.route, name) for name in _OF_ROUTE}
    return PlannedRoute.model_validate({**values, "layout_version": found.published.version})


def draw(form: RouteForm, caller: Caller | None, *, branch_id: int) -> str:
    """The same route over the floor plan, as SVG. Raises as `plan`."""
    found = _plan(form, caller, branch_id)
    names = {item.product_id: item.name for item in found.items}
    with reading() as connection:
        known = sections.of_branch(connection, branch_id)
    rooms = [Section(room.section_name, room.floor_level, room.x1, room.y1, room.x2, room.y2) for room in known]
    return svg.draw(found.published.store.layout, found.route, names, rooms)


def along(store: planner.StoreMap, start: Cell, items: Sequence[Item], options: Options) -> Route:
    """The planner's route. Raises StartOutsideStore."""
    try:
        return planner.plan(store, start, items, options)
    except StartOutside:
        raise StartOutsideStore from None


def _plan(form: RouteForm, caller: Caller | None, branch_id: int) -> _Planned:
    needs_caller = form.items is None or form.cart_id is not None or form.quality == "exact"
    if caller is None and needs_caller:
        raise SignInForThis
    found = published(branch_id)
    items, trolley = _list_and_trolley(form, caller, branch_id)
    start = _start(form, trolley, found.store.layout)
    return _Planned(found, items, along(found.store, start, items, _options(form)))


def _list_and_trolley(form: RouteForm, caller: Caller | None, branch_id: int) -> tuple[list[Item], Standing | None]:
    trolley = None
    with reading() as connection:
        if caller is not None and form.cart_id is not None:
            trolley = standing.of_caller(connection, caller, cart_id=form.cart_id)
            if trolley.branch_id != branch_id:
                raise NoTrolleyHere
        if form.items is not None:
            wanted = [item.product_id for item in form.items]
        else:
            wanted = goods.on_checklist(connection, caller) if caller else []
        return goods.items(connection, wanted, branch_id=branch_id), trolley


def _start(form: RouteForm, trolley: Standing | None, layout: Layout) -> Cell:
    if form.start is not None:
        return form.start.floor, form.start.x, form.start.y
    if trolley is not None:
        return trolley.cell(layout.cell_cm)
    return layout.cells(ENTRANCE)[0]


def _options(form: RouteForm) -> Options:
    is_fast = form.quality == "fast" and form.max_ms is not None
    max_ms = min(form.max_ms or MOST_FAST_MS, MOST_FAST_MS) if is_fast else form.max_ms
    return Options(form.end, form.frozen_last, form.quality, max_ms)
