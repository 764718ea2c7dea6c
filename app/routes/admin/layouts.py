"""Floor plans, shelves and sections of branches."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.pagination import Page
from app.schemas.store_maps import (
    LARGEST_LAYOUT_BODY,
    LayoutForm,
    LayoutPublished,
    ManagedLayout,
    ManagedPlaceList,
    ManagedPlaceQuery,
    ProductPlacesForm,
    ProductPlacesSaved,
    SavedLayout,
    SectionsForm,
    StoreSectionAnswer,
    TrolleyOnMapList,
)
from app.services.branches import BranchNotFound
from app.services.store_maps import drafting, places, publishing, reading, sections, trolleys

layouts = Blueprint("admin_layouts", __name__)

_NO_LAYOUT = (BranchNotFound, reading.LayoutNotFound)


@layouts.put("/<int:branch_id>/layout")
@endpoint(
    body=LayoutForm,
    text_bodies={"text/csv": LayoutForm.from_csv},
    max_bytes=LARGEST_LAYOUT_BODY,
    answers={200: SavedLayout},
    errors=(BranchNotFound,),
)
def put_layout(branch_id: int, body: LayoutForm) -> Response:
    """Save the draft of a floor plan, as JSON or as CSV.

    The answer says what stands in the way of publishing it. CSV: one row of the plan a line, a sign in each cell (an
    empty one is floor to walk on) or the row as one text. Lines may begin with a word: `cell_cm,50`; `floor,1` begins
    that floor; `stairs,0,x,y,1,x,y,cost` joins two cells.
    """
    return answer(drafting.save(body, current_caller(), branch_id=branch_id))


@layouts.get("/<int:branch_id>/layout")
@endpoint(answers={200: ManagedLayout}, errors=_NO_LAYOUT)
def show_draft(branch_id: int) -> Response:
    """Show the draft of a floor plan with what is wrong with it, or where there is none the published one."""
    return answer(reading.show_managed(branch_id))


@layouts.post("/<int:branch_id>/layout/publish")
@endpoint(
    answers={200: LayoutPublished},
    errors=(*_NO_LAYOUT, publishing.LayoutFaulty, publishing.NothingToPublish, publishing.LayoutChanged),
)
def publish_layout(branch_id: int) -> Response:
    """Check the draft, measure all distances in it and publish it as the next version.

    Without a draft the published plan is measured again, if products have moved.
    """
    return answer(publishing.publish(current_caller(), branch_id=branch_id))


@layouts.put("/<int:branch_id>/product-locations")
@endpoint(
    body=ProductPlacesForm,
    max_bytes=LARGEST_LAYOUT_BODY,
    answers={200: ProductPlacesSaved},
    errors=(*_NO_LAYOUT, places.PlacesRefused),
)
def put_product_locations(branch_id: int, body: ProductPlacesForm) -> Response:
    """Replace the places of all products of a branch, in cells of its floor plan.

    What is left out stands nowhere. Routes go by it at once. Publish the plan afterwards, so that they are planned
    fast again.
    """
    return answer(places.replace(body, current_caller(), branch_id=branch_id))


@layouts.get("/<int:branch_id>/product-locations")
@endpoint(query=ManagedPlaceQuery, answers={200: ManagedPlaceList}, errors=(BranchNotFound,))
def list_product_places(branch_id: int, query: ManagedPlaceQuery) -> Response:
    """List where the products of a branch stand."""
    return listed(*places.list_places(query, branch_id=branch_id))


@layouts.put("/<int:branch_id>/sections")
@endpoint(body=SectionsForm, answers={200: list[StoreSectionAnswer]}, errors=(*_NO_LAYOUT, sections.SectionsRefused))
def put_sections(branch_id: int, body: SectionsForm) -> Response:
    """Replace the sections of a branch; one with the same name keeps its id."""
    return answer(sections.replace(body, current_caller(), branch_id=branch_id))


@layouts.get("/<int:branch_id>/sections")
@endpoint(answers={200: list[StoreSectionAnswer]}, errors=(BranchNotFound,))
def list_sections(branch_id: int) -> Response:
    """List the sections of a branch, at most 200."""
    return answer(sections.show_managed(branch_id))


@layouts.get("/<int:branch_id>/trolleys")
@endpoint(query=Page, answers={200: TrolleyOnMapList}, errors=(BranchNotFound,))
def list_trolleys(branch_id: int, query: Page) -> Response:
    """List the trolleys of a branch with where they were last heard of."""
    return listed(*trolleys.list_trolleys(query, branch_id=branch_id))
