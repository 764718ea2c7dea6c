"""Floor plans of branches and routes through them."""

from flask import Blueprint, Response

from app.middleware import limits
from app.middleware.answers import answer, cacheable, listed
from app.middleware.guards import current_caller, optional_caller
from app.openapi import File, endpoint
from app.schemas.store_maps import PublishedLayout, StoreSectionList, StoreSectionQuery
from app.schemas.store_routes import (
    PathForm,
    PlannedRoute,
    ProductLocation,
    ProductLocationQuery,
    RouteForm,
    RoutePictureQuery,
    ShortestPath,
)
from app.services.branches import BranchNotFound
from app.services.store_maps import finding as paths
from app.services.store_maps import reading, routing, standing
from app.services.store_maps import sections as rooms

maps = Blueprint("store_maps", __name__)
sections = Blueprint("store_sections", __name__)
finding = Blueprint("finding_products", __name__)

_PLANNING = (
    BranchNotFound,
    reading.LayoutNotFound,
    standing.NoTrolleyHere,
    standing.LocationUnknown,
    routing.StartOutsideStore,
    routing.SignInForThis,
)


@maps.get("/branches/<int:branch_id>/layout")
@endpoint(answers={200: PublishedLayout}, errors=(BranchNotFound, reading.LayoutNotFound))
def show_layout(branch_id: int) -> Response:
    """Show the published floor plan of a branch."""
    return cacheable(answer(reading.show(branch_id)))


@maps.post("/branches/<int:branch_id>/route")
@endpoint(body=RouteForm, answers={200: PlannedRoute}, errors=_PLANNING)
@limits.store_routes
def plan_route(branch_id: int, body: RouteForm) -> Response:
    """Plan the way through a shopping list: the shortest up to 13 stops, beyond that nearly always within 1 %.

    The same list has the same answer. Guests send `items`.
    """
    if body.quality == "exact":
        limits.count_exact_route()
    return answer(routing.plan(body, optional_caller(), branch_id=branch_id))


@maps.post("/branches/<int:branch_id>/route.svg")
@endpoint(body=RouteForm, answers={200: File("image/svg+xml", "The route over the floor plan.")}, errors=_PLANNING)
@limits.store_routes
def draw_route(branch_id: int, body: RouteForm) -> Response:
    """Draw the way through a shopping list over the floor plan."""
    if body.quality == "exact":
        limits.count_exact_route()
    drawing = routing.draw(body, optional_caller(), branch_id=branch_id)
    return Response(drawing, mimetype="image/svg+xml")


@maps.get("/branches/<int:branch_id>/route.svg")
@endpoint(
    query=RoutePictureQuery, answers={200: File("image/svg+xml", "The route over the floor plan.")}, errors=_PLANNING
)
@limits.store_routes
def show_route(branch_id: int, query: RoutePictureQuery) -> Response:
    """Look at the way through a few products, for instance in a browser."""
    drawing = routing.draw(query.form(), optional_caller(), branch_id=branch_id)
    return Response(drawing, mimetype="image/svg+xml")


@sections.get("/store-sections")
@endpoint(query=StoreSectionQuery, answers={200: StoreSectionList})
def list_store_sections(query: StoreSectionQuery) -> Response:
    """List the sections of a branch, or of all branches; corners in cells of the floor plan."""
    return cacheable(listed(*rooms.list_sections(query)))


@finding.get("/product_locations")
@endpoint(query=ProductLocationQuery, answers={200: list[ProductLocation]}, errors=(standing.NoTrolleyHere,))
def list_product_locations(query: ProductLocationQuery) -> Response:
    """List the shelves of products in the branch of your trolley; those that stand nowhere are left out."""
    return answer(paths.locations(query, current_caller()))


@finding.post("/shortest_path")
@endpoint(
    body=PathForm,
    answers={200: ShortestPath},
    errors=(
        reading.LayoutNotFound,
        standing.NoTrolleyHere,
        standing.LocationUnknown,
        routing.StartOutsideStore,
    ),
)
@limits.store_routes
def plan_shortest_path(body: PathForm) -> Response:
    """Plan the way from your trolley through some products or cells; it does not lead on to a till."""
    return answer(paths.shortest_path(body, current_caller()))
